//! Other people's SFTP and SCP servers over SSH, each on a port and with keys of its own.

use crate::battery::{Server, USER};
use crate::peers::{Peer, is_root};
use crate::poll::{PATIENCE, until};
use crate::ports::{Port, tcp_answers};
use crate::process::{Process, with_variables_of};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use transport::ssh::PrivateKey;

/// A server, and how it is reached.
#[derive(Debug)]
pub struct Reached {
    /// The server; its URL has no password.
    pub server: Server,
    /// What lets in: `-i FILE --host-key SHA256:...`.
    pub flags: Vec<String>,
    /// The line of known_hosts about it.
    pub known: String,
    /// The key that lets in.
    pub key: PathBuf,
}

impl Reached {
    /// The same over SCP.
    pub fn over_scp(mut self) -> Reached {
        self.server.url = self.server.url.replace("sftp://", "scp://");
        self
    }

    /// As words of a command line.
    pub fn flags(&self) -> Vec<&str> {
        self.flags.iter().map(String::as_str).collect()
    }
}

/// A host's and a user's key: their files, and the host's public one.
struct Keys {
    dir: TempDir,
    host: PrivateKey,
}

impl Keys {
    fn make() -> Keys {
        let dir = crate::scratch();
        let [host, user] = [(); 2].map(|()| PrivateKey::ed25519().expect("there is randomness"));
        for (name, key) in [("host", &host), ("user", &user)] {
            let file = dir.path().join(name);
            std::fs::write(&file, key.text().expect("it has a form")).expect("room for a key");
            std::fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("our own file");
        }
        std::fs::write(dir.path().join("authorized"), user.public().text()).expect("room for a key");
        Keys { dir, host }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

fn reached(
    name: &'static str,
    user: &str,
    command: &mut Command,
    root: TempDir,
    keys: Keys,
    port: Port,
    path: &str,
) -> Reached {
    let process = Process::start(command);
    let up = until(PATIENCE, || tcp_answers(port.number).then_some(()));
    assert!(up.is_some(), "{name} does not listen: {:?}", process.said());
    let url = format!("sftp://{user}@{}{path}", port.address());
    let key = keys.file("user");
    let host = keys.host.public();
    let flags =
        ["-i", &key.display().to_string(), "--host-key", host.fingerprint()].map(str::to_owned).into();
    let known = format!("[{}]:{} {}\n", port.address().ip(), port.number, host.text());
    let (served, rest) = (root.path().into(), (keys.dir, port));
    Reached { server: Server { name, url, served, root, process, rest, inside: None }, flags, known, key }
}

/// OpenSSH's sshd, which lets root in with a key, with its own SFTP server. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn openssh(root: TempDir) -> Option<Reached> {
    sshd(root, "", None)
}

/// The same with more lines of its configuration, which come first and so count.
///
/// # Panics
/// When it does not come up.
pub fn openssh_with(root: TempDir, lines: &str) -> Option<Reached> {
    sshd(root, lines, None)
}

/// The same, which knows only what is old; it runs while the directory with its RSA key is there.
///
/// # Panics
/// When it does not come up.
pub fn openssh_legacy() -> Option<(Reached, TempDir)> {
    let keys = crate::scratch();
    let rsa = keys.path().join("rsa");
    let mut c = Peer::find("openssh", "ssh-keygen")?.command();
    c.args(["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f"]).arg(&rsa);
    assert_eq!(crate::process::run(&mut c).code(), 0);
    let mut reached = openssh_with(crate::scratch(), &format!("HostKey {}\n{LEGACY}", rsa.display()))?;
    let text = std::fs::read_to_string(rsa.with_extension("pub")).expect("ssh-keygen wrote it");
    let key = transport::ssh::Key::read(&text).expect("a key");
    *reached.flags.last_mut().expect("the pin is last") = key.fingerprint().to_owned();
    let (place, _) = reached.known.split_once(' ').expect("a place and a key");
    reached.known = format!("{place} {}\n", key.text());
    Some((reached, keys))
}

const LEGACY: &str = "KexAlgorithms diffie-hellman-group1-sha1,diffie-hellman-group14-sha1\n\
                      HostKeyAlgorithms ssh-rsa\nCiphers 3des-cbc,aes128-cbc\nMACs hmac-sha1";

/// The same, which lets root in with the password of [`USER`] too: in its own view of /etc/shadow.
///
/// # Panics
/// When it does not come up.
pub fn openssh_with_password(root: TempDir) -> Option<Reached> {
    sshd(root, "PermitRootLogin yes", Some(SHADOW))
}

/// Root with the password of [`USER`].
const SHADOW: &str = "root:$6$towline$0hH9cHSmYE9U944ciUExBWLRqUzDd88zuINrulcJlPcxUWCDrfzIrEgYW.Qo3g.o8En.vGYakqn/PT2knPkNI/:19000:0:99999:7:::\n";

fn sshd(root: TempDir, lines: &str, shadow: Option<&str>) -> Option<Reached> {
    let peer = Peer::find("openssh", "sshd")?;
    if !is_root("openssh") {
        return None;
    }
    let (keys, port) = (Keys::make(), Port::take());
    // What a client over SCP has it run, wherever that is here.
    let path = |dir: &std::path::Path| format!("PATH={}:/usr/bin:/bin", dir.display());
    let scp = Peer::find("openssh-client", "scp")?;
    let mut set = vec![path(scp.path().parent().expect("it is in a directory"))];
    let command = scp.command();
    let library =
        command.get_envs().find(|(name, _)| *name == "LD_LIBRARY_PATH").and_then(|(_, value)| value);
    set.extend(library.map(|value| format!("LD_LIBRARY_PATH={}", value.display())));
    // Where it gives up its privileges; the package's service makes it.
    std::fs::create_dir_all("/run/sshd").expect("root may");
    let text = format!(
        "{lines}\nPort {}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
         PidFile none\nMaxStartups 1000\nSubsystem sftp internal-sftp\nSetEnv {}\n",
        port.number,
        keys.file("host").display(),
        keys.file("authorized").display(),
        set.join(" ")
    );
    let config = keys.file("sshd_config");
    std::fs::write(&config, text).expect("room for a file");
    let mut c = sshd_at(&peer, keys.dir.path(), shadow);
    c.arg("-D").arg("-e").arg("-f").arg(&config);
    let path = format!("{}/", root.path().display());
    Some(reached("openssh", "root", &mut c, root, keys, port, &path))
}

/// sshd with the user that it needs, and with this /etc/shadow where there is one: in namespaces of its own, of files in `dir`.
///
/// # Panics
/// No room for the files.
pub fn sshd_at(peer: &Peer, dir: &Path, shadow: Option<&str>) -> Command {
    let mut c = peer.command();
    // What it is to find in /etc, in namespaces of its own.
    let passwd = std::fs::read_to_string("/etc/passwd").expect("everybody may");
    let without_its_user = !passwd.lines().any(|line| line.starts_with("sshd:"));
    // The user that it gives its privileges up for; the package's installation makes it, unpacking does not.
    let passwd = without_its_user
        .then(|| format!("{}\nsshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n", passwd.trim_end()));
    let etc = [("passwd", passwd), ("shadow", shadow.map(str::to_owned))];
    let mounted = etc.into_iter().filter_map(|(name, text)| Some((name, text?)));
    let mounts: String = mounted
        .map(|(name, text)| {
            let file = dir.join(name);
            std::fs::write(&file, text).expect("room for a file");
            format!("mount --bind '{}' /etc/{name} && ", file.display())
        })
        .collect();
    if !mounts.is_empty() {
        c = Command::new("unshare");
        c.args(["--mount", "--propagation", "private", "sh", "-c", &format!(r#"{mounts}exec "$0" "$@""#)]);
        c.arg(peer.path());
        with_variables_of(&mut c, &peer.command());
    }
    c
}

/// asyncssh, which serves its root to [`USER`] with the password or the key. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn asyncssh(root: TempDir) -> Option<Reached> {
    python("asyncssh", ASYNCSSH, root)
}

/// paramiko's server, an example of its kind, which answers one request after the other. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn paramiko(root: TempDir) -> Option<Reached> {
    python("paramiko", PARAMIKO, root)
}

fn python(name: &'static str, script: &str, root: TempDir) -> Option<Reached> {
    let peer = Peer::python(name)?;
    let (keys, port) = (Keys::make(), Port::take());
    let mut c = peer.command();
    c.args(["-c", script]).arg(root.path()).arg(port.number.to_string());
    c.arg(keys.file("host")).arg(keys.file("authorized")).args([USER.0, USER.1]);
    Some(reached(name, USER.0, &mut c, root, keys, port, "/"))
}

const ASYNCSSH: &str = r#"
import asyncio, asyncssh, sys
root, port, host, authorized, user, password = sys.argv[1:]
class Door(asyncssh.SSHServer):
    def begin_auth(self, name): return True
    def password_auth_supported(self): return True
    def validate_password(self, name, word): return (name, word) == (user, password)
async def main():
    serve = lambda channel: asyncssh.SFTPServer(channel, chroot=root)
    await asyncssh.listen('127.0.0.1', int(port), server_factory=Door, server_host_keys=[host],
                          authorized_client_keys=authorized, sftp_factory=serve, allow_scp=True)
    await asyncio.Event().wait()
asyncio.run(main())
"#;

const PARAMIKO: &str = r#"
import os, paramiko, socket, sys, threading
from paramiko import SFTPAttributes, SFTPHandle, SFTPServer, SFTPServerInterface
root, port, host, authorized, user, password = sys.argv[1:]
known = open(authorized).read().split()[1]
class Door(paramiko.ServerInterface):
    def check_auth_password(self, name, word):
        return paramiko.AUTH_SUCCESSFUL if (name, word) == (user, password) else paramiko.AUTH_FAILED
    def check_auth_publickey(self, name, key):
        return paramiko.AUTH_SUCCESSFUL if (name, key.get_base64()) == (user, known) else paramiko.AUTH_FAILED
    def get_allowed_auths(self, name): return 'publickey,password'
    def check_channel_request(self, kind, number): return paramiko.OPEN_SUCCEEDED
def tried(work):
    try: return work()
    except OSError as e: return SFTPServer.convert_errno(e.errno)
class File(SFTPHandle):
    def stat(self): return tried(lambda: SFTPAttributes.from_stat(os.fstat(self.readfile.fileno())))
    def chattr(self, attr): return paramiko.SFTP_OK
class Tree(SFTPServerInterface):
    def at(self, path): return root + self.canonicalize(path)
    def list_folder(self, path):
        def names():
            out = []
            for name in os.listdir(self.at(path)):
                out.append(SFTPAttributes.from_stat(os.lstat(self.at(path) + '/' + name), name))
            return out
        return tried(names)
    def stat(self, path): return tried(lambda: SFTPAttributes.from_stat(os.stat(self.at(path))))
    def lstat(self, path): return tried(lambda: SFTPAttributes.from_stat(os.lstat(self.at(path))))
    def open(self, path, flags, attr):
        def opened():
            fd = os.open(self.at(path), flags, 0o644)
            mode = 'r+b' if flags & os.O_RDWR else 'wb' if flags & os.O_WRONLY else 'rb'
            file, handle = os.fdopen(fd, mode), File(flags)
            handle.readfile = handle.writefile = file
            return handle
        return tried(opened)
    def remove(self, path): return tried(lambda: os.remove(self.at(path)) or paramiko.SFTP_OK)
    def rename(self, old, new): return tried(lambda: os.rename(self.at(old), self.at(new)) or paramiko.SFTP_OK)
    def mkdir(self, path, attr): return tried(lambda: os.mkdir(self.at(path)) or paramiko.SFTP_OK)
    def rmdir(self, path): return tried(lambda: os.rmdir(self.at(path)) or paramiko.SFTP_OK)
    def chattr(self, path, attr): return paramiko.SFTP_OK
listener = socket.create_server(('127.0.0.1', int(port)))
key = paramiko.Ed25519Key.from_private_key_file(host)
def serve(stream):
    try:
        transport = paramiko.Transport(stream)
        transport.add_server_key(key)
        transport.set_subsystem_handler('sftp', SFTPServer, Tree)
        transport.start_server(server=Door())
    except Exception as e: print(e, file=sys.stderr)
while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"#;
