//! Other people's clients of SFTP and SCP: each stores files with `towline serve --sftp` and fetches them again.

use crate::battery::{Job, USER, user_flag};
use crate::content::Content;
use crate::matrix;
use crate::peers::Peer;
use crate::process::{Ended, Process};
use crate::towline::Serve;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use transport::ssh::PrivateKey;

/// The longest that one file may take on a loaded machine.
const ONE_FILE: Duration = Duration::from_secs(90);

/// A foreign client with one way of using it.
#[derive(Clone, Copy, Debug)]
pub struct SshClient {
    /// As in the matrix.
    pub name: &'static str,
    /// The program to find.
    pub program: &'static str,
    /// As in the matrix, behind `put` and `get`: `sftp`, `scp`.
    pub protocol: &'static str,
    /// The arguments, and what is typed.
    pub arguments: fn(&Job, Way) -> Typed,
}

/// Which way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// To the server.
    Put,
    /// From it.
    Get,
}

/// What a client is started with.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// Its arguments.
    pub arguments: Vec<String>,
    /// A file `script` beside it, for those who read one.
    pub script: String,
}

impl SshClient {
    /// Stores files of these sizes and fetches them again.
    ///
    /// # Panics
    /// When one of them is not identical.
    pub fn both_ways(&self, sizes: &[u64]) {
        let Some(peer) = Peer::find(self.name, self.program) else { return };
        let (root, home) = (crate::scratch(), crate::scratch());
        let mut serve = start(root.path(), home.path());
        let server = serve.listening("sftp");
        for &len in sizes {
            let content = Content::random(len);
            let remote = format!("image {len}.bin");
            let mut job = Job { server, remote, local: home.path().join("sent"), home: home.path().into() };
            content.write(&job.local).expect("room for a file");
            self.run(&peer, &job, Way::Put, len);
            let arrived = root.path().join(&job.remote);
            matrix::compared(self.name, &format!("{} put", self.protocol), content, &arrived);
            job.local = home.path().join("fetched");
            // What is not fetched is not there.
            let _ = std::fs::remove_file(&job.local);
            self.run(&peer, &job, Way::Get, len);
            matrix::compared(self.name, &format!("{} get", self.protocol), content, &job.local);
        }
    }

    fn run(&self, peer: &Peer, job: &Job, way: Way, len: u64) {
        let typed = (self.arguments)(job, way);
        let ended = run(peer, &typed, &job.home);
        assert_eq!(ended.code(), 0, "{} {} {way:?} of {len} octets: {ended:?}", self.name, self.protocol);
    }
}

/// `towline serve --write --sftp` with [`USER`].
///
/// # Panics
/// When it does not come up.
pub fn start(root: &Path, home: &Path) -> Serve {
    let keys = host_keys();
    let keys = keys.to_str().expect("UTF-8");
    let user = user_flag(home);
    Serve::start(root, &["--write", "--user", &user, "--sftp", "0", "--host-keys", keys])
}

/// Runs a client to its end, with what OpenSSH asks for a password.
///
/// # Panics
/// When it does not end.
pub fn run(peer: &Peer, typed: &Typed, home: &Path) -> Ended {
    started(peer, typed, home).wait(ONE_FILE)
}

/// Starts a client, with what OpenSSH asks for a password.
///
/// # Panics
/// When it does not start.
pub fn started(peer: &Peer, typed: &Typed, home: &Path) -> Process {
    let ask = home.join("askpass");
    std::fs::write(&ask, format!("#!/bin/sh\necho '{}'\n", USER.1)).expect("room for a script");
    std::fs::set_permissions(&ask, PermissionsExt::from_mode(0o755)).expect("it is ours");
    std::fs::write(home.join("script"), &typed.script).expect("room for a script");
    let mut c = peer.command();
    c.args(&typed.arguments).current_dir(home).env("HOME", home);
    c.env("SSH_ASKPASS", &ask).env("SSH_ASKPASS_REQUIRE", "force").env_remove("SSH_AUTH_SOCK");
    Process::start(&mut c)
}

/// Where the host keys of all tests lie: to make an RSA key takes a second each time. The first that looks makes them.
pub fn host_keys() -> PathBuf {
    crate::target().join("host-keys")
}

/// The fingerprint of the host's Ed25519 key.
///
/// # Panics
/// When no server was started with [`host_keys`].
pub fn fingerprint() -> String {
    let text = std::fs::read_to_string(host_keys().join("ssh_host_ed25519_key")).expect("a server made it");
    PrivateKey::read(&text, None).expect("a server made it").public().fingerprint().to_owned()
}

/// Options of OpenSSH's programs: nobody's configuration, a password, a host that is not known before.
pub fn openssh(home: &Path) -> Vec<String> {
    let known = format!("UserKnownHostsFile={}", home.join("known_hosts").display());
    let options = [
        "BatchMode=no",
        "StrictHostKeyChecking=accept-new",
        "PreferredAuthentications=password",
        "IdentitiesOnly=yes",
        "LogLevel=ERROR",
        &known,
    ];
    let mut words = vec![String::from("-F"), String::from("/dev/null")];
    words.extend(options.iter().flat_map(|option| [String::from("-o"), (*option).to_owned()]));
    words
}
