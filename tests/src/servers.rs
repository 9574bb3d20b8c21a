//! Other people's servers, started on a directory and a port of their own.

use crate::battery::Server;
use crate::peers::{Peer, is_root};
use crate::poll::{PATIENCE, until};
use crate::ports::{Port, tcp_answers, udp_is_taken};
use crate::process::Process;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// The directory, for the words of a command line.
fn word(dir: &Path) -> &str {
    dir.to_str().expect("temporary directories are UTF-8")
}

fn tftp(
    name: &'static str,
    program: &str,
    root: TempDir,
    arguments: impl Fn(&Port, &str) -> Vec<String>,
) -> Option<Server> {
    let peer = Peer::find(name, program)?;
    // Both drop their rights at the start.
    if !is_root(name) {
        return None;
    }
    let (config, port) = (crate::scratch(), Port::take());
    let process = Process::start(peer.command().args(arguments(&port, word(root.path()))));
    let up = until(PATIENCE, || udp_is_taken(port.number).then_some(()));
    assert!(up.is_some(), "{name} does not listen: {:?}", process.said());
    let (served, url) = (root.path().into(), format!("tftp://{}/", port.address()));
    Some(Server { name, url, served, root, process, rest: (config, port) })
}

/// tftpd-hpa on `root`, creating files too. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn tftpd_hpa(root: TempDir) -> Option<Server> {
    let dir = root.path().to_owned();
    tftpd_hpa_on(root, &dir)
}

/// tftpd-hpa on the directory of another server; `root` stays empty. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn tftpd_hpa_on(root: TempDir, dir: &Path) -> Option<Server> {
    tftp("tftpd-hpa", "in.tftpd", root, |port, _| {
        let at = port.address().to_string();
        ["-L", "-4", "-a", &at, "-s", "-c", "-p", "-u", "nobody", word(dir)].map(String::from).into()
    })
}

/// atftpd on `root`. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn atftpd(root: TempDir) -> Option<Server> {
    tftp("atftpd", "atftpd", root, |port, dir| {
        let (number, here) = (port.number.to_string(), "127.0.0.1");
        let head = ["--daemon", "--no-fork", "--port", &number, "--bind-address", here, "--logfile", "-"];
        head.iter().chain(&["--user", "nobody.nogroup", dir]).map(|w| (*w).to_owned()).collect()
    })
}

fn ftp(
    name: &'static str,
    user: &str,
    command: &mut Command,
    root: TempDir,
    config: TempDir,
    port: Port,
) -> Server {
    let process = Process::start(command);
    let up = until(PATIENCE, || tcp_answers(port.number).then_some(()));
    assert!(up.is_some(), "{name} does not listen: {:?}", process.said());
    let (served, url) = (root.path().into(), format!("ftp://{user}{}/", port.address()));
    Server { name, url, served, root, process, rest: (config, port) }
}

/// Anonymous, as `daemon` (whose home exists), without its sandbox (it wants namespaces that containers
/// lack). It does not serve a root that anonymous may write: `pub` in it is what may be written.
///
/// `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn vsftpd(root: TempDir) -> Option<Server> {
    let peer = Peer::find("vsftpd", "vsftpd")?;
    if !is_root("vsftpd") {
        return None;
    }
    let (config, port) = (crate::scratch(), Port::take());
    let (empty, writable) = (config.path().join("empty"), root.path().join("pub"));
    std::fs::create_dir(&empty).expect("a directory");
    std::fs::create_dir(&writable).expect("a directory");
    std::fs::set_permissions(&writable, Permissions::from_mode(0o777)).expect("own directory");
    std::fs::set_permissions(root.path(), Permissions::from_mode(0o755)).expect("own directory");
    let text = format!(
        "listen=YES\nlisten_ipv6=NO\nbackground=NO\nlisten_address=127.0.0.1\nlisten_port={}\n\
         anonymous_enable=YES\nlocal_enable=NO\nno_anon_password=YES\nwrite_enable=YES\n\
         anon_upload_enable=YES\nanon_other_write_enable=YES\nanon_umask=022\nanon_world_readable_only=NO\n\
         anon_root={}\nftp_username=daemon\nsecure_chroot_dir={}\nseccomp_sandbox=NO\nisolate=NO\nisolate_network=NO\n",
        port.number,
        root.path().display(),
        empty.display()
    );
    let file = config.path().join("vsftpd.conf");
    std::fs::write(&file, text).expect("a file");
    let mut server = ftp("vsftpd", "", peer.command().arg(&file), root, config, port);
    server.url.push_str("pub/");
    server.served = writable;
    Some(server)
}

/// pyftpdlib on `root`, with a user whose password needs an escape. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn pyftpdlib(root: TempDir) -> Option<Server> {
    // Python is there without the library too; its script shows that the library is.
    Peer::find("pyftpdlib", "ftpbench")?;
    let peer = Peer::find("pyftpdlib", "python3")?;
    let (config, port) = (crate::scratch(), Port::take());
    let mut c = peer.command();
    c.args(["-m", "pyftpdlib", "-i", "127.0.0.1", "-p", &port.number.to_string(), "-w", "-d"])
        .arg(root.path());
    c.args(["-u", "alice", "-P", "wonder:land"]);
    Some(ftp("pyftpdlib", "alice:wonder%3Aland@", &mut c, root, config, port))
}
