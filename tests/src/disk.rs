//! A disk of its own: a small file system in memory, in a mount namespace, that a test fills, remounts and takes
//! away without anybody else noticing.

use crate::process::{Process, run};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A tmpfs in a user and mount namespace. Dropped: gone, once its processes are.
#[derive(Debug)]
pub struct Disk {
    /// Holds it; ends when its input does.
    holder: Process,
    /// Where it is mounted, inside.
    at: PathBuf,
    _dir: tempfile::TempDir,
}

impl Disk {
    /// Makes one of `size`, as tmpfs takes it: `1m`.
    ///
    /// # Panics
    /// When the kernel lets nobody have one.
    pub fn new(size: &str) -> Disk {
        let dir = crate::scratch();
        let at = dir.path().join("disk");
        std::fs::create_dir(&at).expect("room for a directory");
        let mut c = Command::new("unshare");
        // `cat` keeps the process, and so the namespace, until we let go of its input.
        let script = r#"mount -t tmpfs -o "size=$1,mode=777" tmpfs "$2" && echo up && exec cat"#;
        c.args(["--user", "--map-root-user", "--mount", "--", "sh", "-c", script, "sh", size]).arg(&at);
        let mut holder = Process::start_with(&mut c, Stdio::piped());
        holder.wait_for("the file system", |said| said.out.iter().any(|line| line == "up").then_some(()));
        Disk { holder, at, _dir: dir }
    }

    /// Where it is, for a process inside.
    pub fn inside(&self) -> &Path {
        &self.at
    }

    /// The same directory, for us outside.
    pub fn outside(&self) -> PathBuf {
        let from_root = self.at.strip_prefix("/").expect("a scratch directory has an absolute path");
        PathBuf::from(format!("/proc/{}/root", self.holder.id())).join(from_root)
    }

    /// The same command, run inside.
    pub fn enter(&self, command: &Command) -> Command {
        let mut c = Command::new("nsenter");
        c.args(["--user", "--mount", "--preserve-credentials"]);
        c.arg(format!("--target={}", self.holder.id()));
        crate::namespace::inside(c, command)
    }

    /// Runs a program of the system inside, with the file system's directory as its last argument.
    ///
    /// # Panics
    /// When it fails.
    pub fn run(&self, program: &str, arguments: &[&str]) {
        let mut c = Command::new(program);
        c.args(arguments).arg(&self.at).current_dir("/");
        let ended = run(&mut self.enter(&c));
        assert_eq!(ended.code(), 0, "{program} {arguments:?}: {}", ended.err);
    }

    /// Octets that are free.
    ///
    /// # Panics
    /// When it is gone.
    pub fn free(&self) -> u64 {
        let fs = rustix::fs::statvfs(self.outside()).expect("the file system is there");
        fs.f_bavail * fs.f_frsize
    }
}

#[cfg(test)]
mod tests {
    use super::Disk;

    #[test]
    fn it_is_small_and_nobody_elses() {
        let disk = Disk::new("64k");
        std::fs::write(disk.outside().join("f"), [1; 40_000]).expect("it fits");
        assert!(std::fs::write(disk.outside().join("g"), [1; 40_000]).is_err());
        assert!(!disk.inside().join("f").exists(), "nothing of it is outside");
        disk.run("mount", &["-o", "remount,ro"]);
        assert!(std::fs::write(disk.outside().join("h"), "x").is_err());
    }
}
