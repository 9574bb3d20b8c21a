//! End-to-end helpers: what the suites in `tests/tests` stand on.
//!
//! Does not test anything itself. Files: `battery` (one peer, many sizes) · `cable` (two hosts) · `content` (seeded octets and their
//! digests) · `curl` (and its exit codes) · `far` (a long way to a server) · `kill` (of oneself, at a point) · `large` (files, and how they are compared) · `load` (and what it costs a server) · `matrix` (rows of what was compared) · `memory` (of processes and
//! the kernel) · `namespace` (networks of their own) · `noise` (random octets) · `ours` (our own clients) · `peers` (other people's programs) ·
//! `ports` · `process` (children that die with their owner) · `service` (ours, with clients in steps) · `servers`, `ssh_servers` and `tftp_servers` (other people's,
//! started) · `sources` (what tests are called) · `ssh_clients` (other people's, of SFTP) · `systemd` (a process 1 of its own) · `copied_root` (a root to install into) · `towline` (our program) · `wire` (a TFTP client that hides nothing) · `poll` (the only waiting).

pub mod at_home;
mod base64;
pub mod battery;
pub mod cable;
pub mod certificates;
pub mod content;
pub mod copied_root;
pub mod curl;
pub mod disk;
pub mod far;
pub mod ftplib;
pub mod kill;
pub mod large;
pub mod load;
pub mod matrix;
pub mod memory;
pub mod namespace;
pub mod noise;
pub mod ours;
pub mod peers;
pub mod poll;
pub mod ports;
pub mod process;
pub mod servers;
pub mod service;
pub mod sources;
pub mod ssh_clients;
pub mod ssh_servers;
pub mod stdio;
pub mod systemd;
pub mod terminal;
pub mod tftp_servers;
pub mod towline;
pub mod web_servers;
pub mod wire;

pub use base64::basic;

use std::path::PathBuf;

/// The repository's root.
pub fn root() -> PathBuf {
    let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().expect("tests lies in the root").to_path_buf()
}

/// The target directory: of the test binary that runs, so that `CARGO_TARGET_DIR` needs no guessing.
pub fn target() -> PathBuf {
    profile().parent().expect("the profile's directory has a parent").to_path_buf()
}

/// `target/debug` or `target/release`, whichever this test was built into.
pub(crate) fn profile() -> PathBuf {
    let exe = std::env::current_exe().expect("the test binary has a path");
    let deps = exe.parent().expect("a file has a directory");
    // target/debug/deps/NAME-HASH, or target/debug/NAME for an example.
    let dir = if deps.ends_with("deps") { deps.parent().expect("deps has a parent") } else { deps };
    dir.to_path_buf()
}

/// Whether a skip counts as a failure.
pub fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|v| !v.is_empty() && v != "0" && v != "false")
}

/// Whether `cargo xtask soak` runs this: what takes too long for every commit runs too.
pub fn is_soak() -> bool {
    std::env::var_os("E2E_SOAK").is_some()
}

/// A temporary directory that anybody may enter and write: the servers of others drop their rights.
///
/// # Panics
/// When there is no room for one.
pub fn scratch() -> tempfile::TempDir {
    scratch_in(&std::env::temp_dir())
}

/// The same in memory where the machine has a file system there: for large files of holes, which a loaded
/// disk takes minutes to forget.
///
/// # Panics
/// When there is no room for one.
pub fn scratch_in_memory() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let roomy = rustix::fs::statvfs(memory).is_ok_and(|s| s.f_bavail * s.f_frsize > 1 << 30);
    if roomy { scratch_in(memory) } else { scratch() }
}

fn scratch_in(parent: &std::path::Path) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let dir =
        tempfile::Builder::new().prefix("towline-e2e-").tempdir_in(parent).expect("a temporary directory");
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).expect("own directory");
    dir
}
