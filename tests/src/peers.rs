//! Other people's programs: unpacked by `cargo xtask peers` into `target/peers`, else from the PATH.

use crate::poll::PATIENCE;
use crate::process::Process;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program of somebody else that is there.
#[derive(Clone, Debug)]
pub struct Peer {
    /// As in the matrix.
    pub name: &'static str,
    path: PathBuf,
    libraries: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Skips {
    #[serde(default)]
    skip: Vec<Skip>,
}

#[derive(Deserialize)]
struct Skip {
    peer: String,
    reason: String,
}

impl Peer {
    /// Finds `program` of the peer `name`. `None`: it may be missing here, and the test returns.
    ///
    /// # Panics
    /// Under `CI=true`, when it is missing and `tests/skips.toml` has no reason for that.
    pub fn find(name: &'static str, program: &str) -> Option<Peer> {
        let unpacked = crate::target().join("peers/root");
        for dir in ["usr/bin", "usr/sbin", "bin", "sbin"] {
            let path = unpacked.join(dir).join(program);
            if path.is_file() {
                return Some(Peer { name, path, libraries: Some(unpacked) });
            }
        }
        let own = ["peers/venv/bin", "peers/cargo/bin"].map(|dir| crate::target().join(dir));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let sbin = [PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")];
        for dir in own.into_iter().chain(std::env::split_paths(&path)).chain(sbin) {
            let path = dir.join(program);
            if path.is_file() {
                return Some(Peer { name, path, libraries: None });
            }
        }
        missing(name, program);
        None
    }

    /// Perl, for the peer `name` that is its module `file`: `Net/TFTP.pm`. `None` and panics: as above.
    pub fn perl(name: &'static str, file: &str) -> Option<Peer> {
        let perl = Peer::find(name, "perl")?;
        let there = crate::target().join("peers/root/usr/share/perl5").join(file).is_file();
        if !there {
            missing(name, file);
        }
        there.then_some(perl)
    }

    /// Python, for the peer `name` that is its module. `None` and panics: as above.
    pub fn python(name: &'static str) -> Option<Peer> {
        let python = Peer::find(name, "python3")?;
        let mut c = python.command();
        // It is there without the module too.
        let there = Process::start(c.args(["-c", &format!("import {name}")])).wait(PATIENCE).code() == 0;
        if !there {
            missing(name, name);
        }
        there.then_some(python)
    }

    /// Python of the pretended devices, for the peer `name` that is its module. `None` and panics: as above.
    pub fn double(name: &'static str) -> Option<Peer> {
        let path = crate::target().join("peers/doubles/bin/python3");
        let peer = Peer { name, path, libraries: None };
        let find = format!("import importlib.util as u, sys; sys.exit(u.find_spec('{name}') is None)");
        let there = peer.path.is_file()
            && Process::start(peer.command().args(["-c", &find])).wait(PATIENCE).code() == 0;
        if !there {
            missing(name, name);
        }
        there.then_some(peer)
    }

    /// Node.js, for the peer `name` that is a module of it. `None` and panics: as above.
    pub fn node(name: &'static str) -> Option<Peer> {
        let node = Peer::find(name, "node")?;
        let there = crate::target().join("peers/node/node_modules").join(name).is_dir();
        if !there {
            missing(name, name);
        }
        there.then_some(node)
    }

    /// The library `file` of the peer `name`, to be loaded into another program. `None` and panics: as above.
    pub fn library(name: &'static str, file: &str) -> Option<PathBuf> {
        let path = crate::target().join("peers/root/usr/lib/x86_64-linux-gnu").join(file);
        if !path.is_file() {
            missing(name, file);
            return None;
        }
        Some(path)
    }

    /// What the peer `name` has at `path` where it is unpacked. `None` and panics: as above.
    pub fn part(name: &'static str, path: &str) -> Option<PathBuf> {
        let part = crate::target().join("peers/root").join(path);
        if !part.exists() {
            missing(name, path);
            return None;
        }
        Some(part)
    }

    /// A command that runs it.
    pub fn command(&self) -> Command {
        let mut c = Command::new(&self.path);
        c.env("PERL5LIB", crate::target().join("peers/root/usr/share/perl5"));
        c.env("NODE_PATH", crate::target().join("peers/node/node_modules"));
        if let Some(root) = &self.libraries {
            let lib = "usr/lib/x86_64-linux-gnu";
            let dirs = [lib, "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/blas"].map(|d| root.join(d));
            if let Ok(joined) = std::env::join_paths(dirs) {
                c.env("LD_LIBRARY_PATH", joined);
            }
        }
        c
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether this test process may do what only root may; a server that needs it is skipped like a missing one.
pub fn is_root(name: &'static str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        missing(name, "root");
    }
    root
}

fn missing(name: &str, what: &str) {
    let path = crate::root().join("tests/skips.toml");
    let text = std::fs::read_to_string(&path).expect("tests/skips.toml");
    let skips: Skips = toml::from_str(&text).expect("tests/skips.toml is a table of skips");
    match skips.skip.iter().find(|s| s.peer == name) {
        Some(skip) => println!("skipped: {name}: {what} is missing ({})", skip.reason),
        None if crate::is_ci() => panic!("{name}: {what} is missing; cargo xtask peers installs it"),
        None => println!("skipped: {name}: {what} is missing; cargo xtask peers installs it"),
    }
}
