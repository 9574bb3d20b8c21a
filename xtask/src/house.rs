use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().expect("xtask lies in the root").to_path_buf()
}

/// Where cargo builds: `CARGO_TARGET_DIR` or `target`.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Whether a skip counts as a failure.
pub(crate) fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|v| !v.is_empty() && v != "0" && v != "false")
}

/// The cargo that started us, in the root.
///
/// What `cargo run` tells this program about its own package is kept from it: build scripts (ring's) watch
/// `CARGO_MANIFEST_DIR`, and half the workspace would be built again whenever somebody calls cargo by hand.
pub(crate) fn cargo() -> Command {
    let mut c = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    c.current_dir(root()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_MANIFEST_") || name.starts_with("CARGO_PKG_") {
            c.env_remove(name);
        }
    }
    c
}

/// Runs to the end; a failure names the command.
pub(crate) fn must(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs to the end and gives its standard output; standard error goes to ours.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let out = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !out.status.success() {
        bail!("{} ended with {}", shown(command), out.status);
    }
    String::from_utf8(out.stdout)
        .with_context(|| format!("{} printed something else than UTF-8", shown(command)))
}

/// A command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let mut text = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program())
        .to_string_lossy()
        .into_owned();
    for a in command.get_args() {
        text.push(' ');
        text.push_str(&a.to_string_lossy());
    }
    text
}

/// What `cargo metadata` says, as far as the chores need it.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
}

/// One package of the graph.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
}

/// One line of a package's dependencies.
#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Absent: normal. Else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

/// One thing that cargo builds of a package.
#[derive(Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
}

impl Metadata {
    /// Reads it for this workspace; `deps` includes everything it depends on, on this platform.
    pub(crate) fn read(deps: bool) -> Result<Metadata> {
        let mut c = cargo();
        c.args(["metadata", "--format-version", "1"]);
        if deps {
            c.args(["--filter-platform", "x86_64-unknown-linux-gnu"]);
        } else {
            c.arg("--no-deps");
        }
        serde_json::from_str(&output(&mut c)?).context("cargo metadata is not what it was")
    }

    /// Our own packages.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|p| self.workspace_members.contains(&p.id))
    }
}
