//! `cargo xtask`: the project's own chores. What each one does is a row of [`CHORES`].
//!
//! Does not build releases and does not publish. Files: `chores` (fmt, clippy, docs) · `dist` (packages) · `files` (house
//! rules about files) · `groups` (seconds per group) · `house` (paths, cargo, metadata) · `layers`
//! (import matrix) · `licences` · `matrix` (what the foreign peers compared) · `peers` (installs them) ·
//! `pool` (test binaries side by side) · `soak` · `test`.

mod chores;
mod dist;
mod files;
mod groups;
mod house;
mod layers;
mod licences;
mod matrix;
mod peers;
mod pool;
mod soak;
mod test;

use anyhow::{Result, bail};
use std::process::ExitCode;

/// One subcommand.
struct Chore {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<()>,
}

const CHORES: &[Chore] = &[
    Chore {
        name: "test",
        arguments: "[GROUP]…",
        about: "installs the peers, runs all tests by groups, checks the matrix of what was compared",
        run: test::run,
    },
    Chore {
        name: "peers",
        arguments: "",
        about: "only installs other people's clients and servers, into target/peers",
        run: peers::run,
    },
    Chore {
        name: "lint",
        arguments: "",
        about: "formatting, clippy with warnings as errors",
        run: chores::lint,
    },
    Chore {
        name: "docs",
        arguments: "",
        about: "rustdoc of every crate with warnings as errors",
        run: chores::docs,
    },
    Chore {
        name: "layers",
        arguments: "",
        about: "who may import whom (the table in ARCHITECTURE.md)",
        run: layers::run,
    },
    Chore {
        name: "licences",
        arguments: "",
        about: "licences, duplicates and bans of all dependencies, by deny.toml",
        run: licences::run,
    },
    Chore {
        name: "files",
        arguments: "",
        about: "house rules about files: length, unsafe, leftovers, sleeping tests",
        run: files::run,
    },
    Chore {
        name: "matrix",
        arguments: "",
        about: "checks target/matrix against tests/matrix.toml and prints it",
        run: matrix::run,
    },
    Chore {
        name: "dist",
        arguments: "[--program FILE]",
        about: "a .deb, a tarball and a Containerfile in target/dist, of a release build or of FILE",
        run: dist::run,
    },
    Chore {
        name: "soak",
        arguments: "[GROUP]…",
        about: "what takes longer; writes docs/soak.md",
        run: soak::run,
    },
];

fn usage() -> String {
    let mut text = String::from("usage: cargo xtask CHORE\n\n");
    for c in CHORES {
        let head = format!("{} {}", c.name, c.arguments);
        text.push_str(&format!("  {head:<18} {}\n", c.about));
    }
    text
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((name, rest)) = arguments.split_first() else {
        bail!("no chore named\n\n{}", usage());
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        print!("{}", usage());
        return Ok(());
    }
    match CHORES.iter().find(|c| c.name == name) {
        Some(chore) => (chore.run)(rest),
        None => bail!("unknown chore '{name}'\n\n{}", usage()),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("xtask: {e:#}");
            ExitCode::FAILURE
        }
    }
}
