//! Other people's FTP servers, started on a directory and a port of their own. TFTP's: `tftp_servers`.

use crate::battery::Server;
use crate::peers::{Peer, is_root};
use crate::poll::{PATIENCE, until};
use crate::ports::{Port, tcp_answers};
use crate::process::Process;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use tempfile::TempDir;

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
    Server { name, url, served, root, process, rest: (config, port), inside: None }
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
         anon_upload_enable=YES\nanon_mkdir_write_enable=YES\nanon_other_write_enable=YES\nanon_umask=022\nanon_world_readable_only=NO\n\
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
