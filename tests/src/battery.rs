//! One peer, one operation, many sizes: what all the interoperation suites do.

use crate::content::{Content, Kind};
use crate::matrix;
use crate::namespace::Namespace;
use crate::peers::Peer;
use crate::poll::until;
use crate::process::{Ended, Process};
use crate::towline::Serve;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The longest that one file may take on a loaded machine.
const ONE_FILE: Duration = Duration::from_secs(90);

/// The user of the suites that log in, and the password.
pub const USER: (&str, &str) = ("bob", "a secret: 12 34");

/// What one run of a client shall do.
#[derive(Clone, Debug)]
pub struct Job {
    /// The server.
    pub server: SocketAddr,
    /// The file's name on the server, without directories.
    pub remote: String,
    /// The file here.
    pub local: PathBuf,
    /// A directory of this test's own: home, working directory.
    pub home: PathBuf,
}

impl Job {
    /// `tftp://127.0.0.1:PORT/NAME`.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}/{}", self.server, self.remote)
    }

    /// The server's address as a word of a command line.
    pub fn host(&self) -> String {
        self.server.ip().to_string()
    }

    /// The port as a word of a command line.
    pub fn port(&self) -> String {
        self.server.port().to_string()
    }

    /// The local path as a word of a command line.
    pub fn local(&self) -> &str {
        self.local.to_str().expect("temporary directories are UTF-8")
    }
}

/// A foreign client with one way of using it.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// As in the matrix.
    pub name: &'static str,
    /// The program to find.
    pub program: &'static str,
    /// As in the matrix: `tftp get`, `ftp put active`.
    pub operation: &'static str,
    /// The arguments.
    pub arguments: fn(&Job) -> Vec<String>,
}

impl Client {
    fn run(&self, peer: &Peer, job: &Job, inside: Option<&Namespace>) -> Ended {
        let mut c = peer.command();
        c.args((self.arguments)(job)).current_dir(&job.home).env("HOME", &job.home);
        if let Some(space) = inside {
            c = space.enter(&c);
        }
        Process::start(&mut c).wait(ONE_FILE)
    }

    fn address(&self, serve: &Serve) -> SocketAddr {
        if self.operation.starts_with("tftp") { serve.tftp } else { serve.ftp }
    }

    /// Fetches files of these sizes from `towline serve`.
    ///
    /// # Panics
    /// When one of them is not identical.
    pub fn gets(&self, sizes: &[u64]) {
        self.gets_of(Kind::Octets, sizes);
    }

    /// The same with files of this kind.
    ///
    /// # Panics
    /// When one of them is not identical.
    pub fn gets_of(&self, kind: Kind, sizes: &[u64]) {
        let root = crate::scratch();
        self.gets_from(root.path(), || Serve::start(root.path(), &[]), None, kind, sizes);
    }

    /// Fetches files of these sizes over `http` or `https`.
    ///
    /// # Panics
    /// When one of them is not identical.
    pub fn gets_over(&self, scheme: &str, sizes: &[u64]) {
        let root = crate::scratch();
        let flag = format!("--{scheme}");
        let serve = || {
            let mut serve = Serve::start(root.path(), &[&flag, "0"]);
            // What is asked for is what is asked at.
            serve.ftp = serve.listening(scheme);
            serve
        };
        self.gets_from(root.path(), serve, None, Kind::Octets, sizes);
    }

    /// Goes on with files of these sizes over `http` or `https`, of which the first half is there.
    ///
    /// # Panics
    /// When one of them is not identical, or came whole.
    pub fn resumes_over(&self, scheme: &str, sizes: &[u64]) {
        let Some(peer) = Peer::find(self.name, self.program) else { return };
        let (root, home) = (crate::scratch(), crate::scratch());
        let mut serve = Serve::start(root.path(), &[&format!("--{scheme}"), "0"]);
        let server = serve.listening(scheme);
        for &len in sizes {
            let content = Content::random_of(Kind::Octets, len);
            let remote = format!("image-{len}.bin");
            content.write(&root.path().join(&remote)).expect("room for a file");
            let local = home.path().join(&remote);
            let whole = std::fs::read(root.path().join(&remote)).expect("it was written");
            std::fs::write(&local, &whole[..whole.len() / 2]).expect("room for half a file");
            let job = Job { server, remote, local, home: home.path().into() };
            let ended = self.run(&peer, &job, None);
            assert_eq!(ended.code(), 0, "{} {} of {len} octets: {ended:?}", self.name, self.operation);
            let told = until(ONE_FILE, || {
                let path = format!("/{}", job.remote);
                serve.events().into_iter().find(|e| e["event"] == "ended" && e["path"] == path.as_str())
            });
            let octets = told.expect("the end of the transfer is told")["octets"].as_u64();
            assert_eq!(octets, Some(len - len / 2), "{} {}: the second half", self.name, self.operation);
            matrix::compared(self.name, self.operation, content, &job.local);
        }
    }

    /// Fetches files of these sizes from a server on ::1.
    ///
    /// # Panics
    /// When one of them is not identical.
    pub fn gets_over_ipv6(&self, sizes: &[u64]) {
        let root = crate::scratch();
        let serve = || Serve::start_on(Ipv6Addr::LOCALHOST.into(), root.path(), &[]);
        self.gets_from(root.path(), serve, None, Kind::Octets, sizes);
    }

    /// Fetches files of these sizes from the port that no command line need name: 69, inside.
    ///
    /// # Panics
    /// When one of them is not identical.
    pub fn gets_inside(&self, inside: &Namespace, sizes: &[u64]) {
        let root = crate::scratch();
        let serve = || {
            let mut c = crate::towline::command();
            c.arg("serve").arg(root.path()).args(["--bind", "127.0.0.1", "--tftp", "69", "--json"]);
            Serve::start_command(&mut inside.enter(&c))
        };
        self.gets_from(root.path(), serve, Some(inside), Kind::Octets, sizes);
    }

    fn gets_from(
        &self,
        root: &Path,
        serve: impl FnOnce() -> Serve,
        inside: Option<&Namespace>,
        kind: Kind,
        sizes: &[u64],
    ) {
        let Some(peer) = Peer::find(self.name, self.program) else { return };
        let (home, serve) = (crate::scratch(), serve());
        for &len in sizes {
            let content = Content::random_of(kind, len);
            let remote = format!("image-{len}.bin");
            content.write(&root.join(&remote)).expect("room for a file");
            let local = home.path().join(&remote);
            let job = Job { server: self.address(&serve), remote, local, home: home.path().into() };
            let ended = self.run(&peer, &job, inside);
            assert_eq!(ended.code(), 0, "{} {} of {len} octets: {ended:?}", self.name, self.operation);
            matrix::compared(self.name, self.operation, content, &job.local);
        }
    }

    /// Uploads files of these sizes to `towline serve --write`; over FTP as [`USER`].
    ///
    /// # Panics
    /// When one of them is not identical.
    pub fn puts(&self, sizes: &[u64]) {
        self.puts_on(Ipv4Addr::LOCALHOST.into(), Kind::Octets, sizes);
    }

    /// The same to this address of our own with files of this kind.
    ///
    /// # Panics
    /// When one of them is not identical.
    pub fn puts_on(&self, address: IpAddr, kind: Kind, sizes: &[u64]) {
        let Some(peer) = Peer::find(self.name, self.program) else { return };
        let (root, home) = (crate::scratch(), crate::scratch());
        let serve = Serve::start_on(address, root.path(), &["--write", "--user", &user_flag(home.path())]);
        for &len in sizes {
            let content = Content::random_of(kind, len);
            let remote = format!("upload-{len}.bin");
            let local = home.path().join(&remote);
            content.write(&local).expect("room for a file");
            let job = Job { server: self.address(&serve), remote, local, home: home.path().into() };
            let ended = self.run(&peer, &job, None);
            assert_eq!(ended.code(), 0, "{} {} of {len} octets: {ended:?}", self.name, self.operation);
            let arrived = root.path().join(&job.remote);
            matrix::compared(self.name, self.operation, content, &arrived);
        }
    }
}

/// `bob:@FILE` with the password in a file under `home`.
///
/// # Panics
/// When the file cannot be written.
pub fn user_flag(home: &Path) -> String {
    let file = home.join("password");
    std::fs::write(&file, format!("{}\n", USER.1)).expect("room for a password");
    format!("{}:@{}", USER.0, file.display())
}

/// A running server of somebody else, with its directory.
#[derive(Debug)]
pub struct Server {
    /// As in the matrix.
    pub name: &'static str,
    /// `tftp://127.0.0.1:PORT/` or `ftp://USER:PASSWORD@127.0.0.1:PORT/`.
    pub url: String,
    /// What the URL names here.
    pub served: PathBuf,
    /// Where that lies; removed in the end.
    pub root: tempfile::TempDir,
    /// The process.
    pub process: Process,
    /// Its configuration, if any, and the port it holds.
    pub rest: (tempfile::TempDir, crate::ports::Port),
    /// The network it is in, if not ours.
    pub inside: Option<Namespace>,
}

impl Server {
    /// Fetches files of these sizes with `towline copy`.
    ///
    /// # Panics
    /// When one of them is not identical.
    pub fn gets(&self, operation: &str, flags: &[&str], sizes: &[u64]) {
        self.gets_of(operation, flags, Kind::Octets, sizes);
    }

    /// The same with files of this kind; lines travel as netascii.
    ///
    /// # Panics
    /// When one of them is not identical.
    pub fn gets_of(&self, operation: &str, flags: &[&str], kind: Kind, sizes: &[u64]) {
        let home = crate::scratch();
        for &len in sizes {
            let content = Content::random_of(kind, len);
            let remote = format!("image-{len}.bin");
            content.write(&self.served.join(&remote)).expect("room for a file");
            let local = home.path().join(&remote);
            let url = format!("{}{remote}{}", self.url, mode(kind));
            self.copy(flags, &url, local.to_str().expect("UTF-8"), home.path());
            matrix::compared(self.name, operation, content, &local);
        }
    }

    /// Uploads files of these sizes with `towline copy`.
    ///
    /// # Panics
    /// When one of them is not identical.
    pub fn puts(&self, operation: &str, flags: &[&str], sizes: &[u64]) {
        self.puts_of(operation, flags, Kind::Octets, sizes);
    }

    /// The same with files of this kind; lines travel as netascii.
    ///
    /// # Panics
    /// When one of them is not identical.
    pub fn puts_of(&self, operation: &str, flags: &[&str], kind: Kind, sizes: &[u64]) {
        let home = crate::scratch();
        for &len in sizes {
            let content = Content::random_of(kind, len);
            let remote = format!("upload-{len}-{}.bin", operation.replace(' ', "-"));
            let local = home.path().join(&remote);
            content.write(&local).expect("room for a file");
            let url = format!("{}{remote}{}", self.url, mode(kind));
            self.copy(flags, local.to_str().expect("UTF-8"), &url, home.path());
            let arrived = self.served.join(&remote);
            // Some say that it is done before the last octets are in the file: vsftpd and pyftpdlib with 226,
            // Python's and Perl's TFTP servers with the last ACK.
            until(Duration::from_secs(5), || {
                std::fs::metadata(&arrived).is_ok_and(|m| m.len() == len).then_some(())
            });
            matrix::compared(self.name, operation, content, &arrived);
        }
    }

    fn copy(&self, flags: &[&str], from: &str, to: &str, home: &Path) {
        let mut c: Command = crate::towline::command();
        c.args(["copy", "--quiet"]).args(flags).args([from, to]).current_dir(home);
        if let Some(space) = &self.inside {
            c = space.enter(&c);
        }
        let ended = Process::start(&mut c).wait(ONE_FILE);
        assert_eq!(ended.code(), 0, "towline copy {flags:?} {from} {to}: {ended:?}");
    }
}

fn mode(kind: Kind) -> &'static str {
    match kind {
        Kind::Octets => "",
        Kind::Lines | Kind::LinesWithCr => ";mode=netascii",
    }
}
