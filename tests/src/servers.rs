//! Other people's FTP servers, started on a directory and a port of their own. TFTP's: `tftp_servers`.

use crate::battery::Server;
use crate::certificates::certificate;
use crate::peers::{Peer, is_root};
use crate::poll::{PATIENCE, until};
use crate::ports::{Port, tcp_answers};
use crate::process::Process;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
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
    started(name, &format!("ftp://{user}"), command, root, config, port)
}

/// A server that listens by now; `before` is what its URL has before the address.
pub(crate) fn started(
    name: &'static str,
    before: &str,
    command: &mut Command,
    root: TempDir,
    config: TempDir,
    port: Port,
) -> Server {
    let process = Process::start(command);
    let up = until(PATIENCE, || tcp_answers(port.number).then_some(()));
    assert!(up.is_some(), "{name} does not listen: {:?}", process.said());
    let (served, url) = (root.path().into(), format!("{before}{}/", port.address()));
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
    vsftpd_with(root, crate::scratch(), "")
}

/// The same, and it lets one in at a time only (421).
///
/// # Panics
/// When it does not come up.
pub fn vsftpd_for_one(root: TempDir) -> Option<Server> {
    vsftpd_with(root, crate::scratch(), "max_per_ip=1\n")
}

/// The same under TLS only; data connections have to go on from the control connection's session, and uploads to end with
/// close_notify. With the SHA-256 of its certificate.
///
/// # Panics
/// When it does not come up.
pub fn vsftpd_under_tls(root: TempDir) -> Option<(Server, String)> {
    vsftpd_tls(root, "force_anon_logins_ssl=YES\nforce_anon_data_ssl=YES\n")
}

/// The same for who wants TLS.
///
/// # Panics
/// When it does not come up.
pub fn vsftpd_offering_tls(root: TempDir) -> Option<Server> {
    vsftpd_tls(root, "force_anon_logins_ssl=NO\nforce_anon_data_ssl=NO\n").map(|(server, _)| server)
}

fn vsftpd_tls(root: TempDir, more: &str) -> Option<(Server, String)> {
    let config = crate::scratch();
    let (pem, fingerprint) = self_signed(&config)?;
    let text = format!(
        "ssl_enable=YES\nallow_anon_ssl=YES\nssl_tlsv1=YES\nrequire_ssl_reuse=YES\nstrict_ssl_read_eof=YES\n\
         rsa_cert_file={}\n{more}",
        pem.display()
    );
    Some((vsftpd_with(root, config, &text)?, fingerprint))
}

/// A certificate with its key in one file that only its owner reads, and its SHA-256.
pub(crate) fn self_signed(config: &TempDir) -> Option<(PathBuf, String)> {
    let openssl = Peer::find("openssl", "openssl")?;
    let pem = config.path().join("self.pem");
    let mut c = openssl.command();
    c.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=peer", "-keyout"]);
    let made = Process::start(c.arg(&pem).arg("-out").arg(config.path().join("cert.pem"))).wait(PATIENCE);
    assert_eq!(made.code(), 0, "{made:?}");
    let certificate = std::fs::read_to_string(config.path().join("cert.pem")).expect("openssl wrote it");
    let key = std::fs::read_to_string(&pem).expect("openssl wrote it");
    std::fs::write(&pem, key + &certificate).expect("room");
    std::fs::set_permissions(&pem, Permissions::from_mode(0o600)).expect("own file");
    let mut c = openssl.command();
    c.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(&pem);
    let said = Process::start(&mut c).wait(PATIENCE).out;
    let fingerprint = said.trim().rsplit_once('=').expect("a fingerprint").1.to_owned();
    Some((pem, fingerprint))
}

/// The directory is that of `daemon`, as whom a server serves it.
fn give_to_daemon(root: &TempDir) {
    std::os::unix::fs::chown(root.path(), Some(1), Some(1)).expect("root may");
    std::fs::set_permissions(root.path(), Permissions::from_mode(0o755)).expect("root may");
}

fn vsftpd_with(root: TempDir, config: TempDir, more: &str) -> Option<Server> {
    let peer = Peer::find("vsftpd", "vsftpd")?;
    if !is_root("vsftpd") {
        return None;
    }
    let port = Port::take();
    let (empty, writable) = (config.path().join("empty"), root.path().join("pub"));
    std::fs::create_dir(&empty).expect("a directory");
    std::fs::create_dir(&writable).expect("a directory");
    std::fs::set_permissions(&writable, Permissions::from_mode(0o777)).expect("own directory");
    std::fs::set_permissions(root.path(), Permissions::from_mode(0o755)).expect("own directory");
    let text = format!(
        "listen=YES\nlisten_ipv6=NO\nbackground=NO\nlisten_address=127.0.0.1\nlisten_port={}\n\
         anonymous_enable=YES\nlocal_enable=NO\nno_anon_password=YES\nwrite_enable=YES\n\
         anon_upload_enable=YES\nanon_mkdir_write_enable=YES\nanon_other_write_enable=YES\nanon_umask=022\nanon_world_readable_only=NO\n\
         anon_root={}\nftp_username=daemon\nsecure_chroot_dir={}\nseccomp_sandbox=NO\nisolate=NO\nisolate_network=NO\n{more}",
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

/// The same for who wants TLS, or `required` of everybody.
///
/// # Panics
/// When it does not come up.
pub fn pyftpdlib_with_tls(root: TempDir, required: bool) -> Option<Server> {
    const SCRIPT: &str = "
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import TLS_FTPHandler as handler
from pyftpdlib.servers import FTPServer
port, root, handler.certfile, required = sys.argv[1:5]
handler.authorizer = DummyAuthorizer()
handler.authorizer.add_user('alice', 'wonder:land', root, perm='elradfmwMT')
handler.tls_control_required = handler.tls_data_required = required == 'true'
FTPServer(('127.0.0.1', int(port)), handler).serve_forever()
";
    Peer::find("pyftpdlib", "ftpbench")?;
    let peer = Peer::find("pyftpdlib", "python3")?;
    let (config, port) = (crate::scratch(), Port::take());
    let (pem, _) = self_signed(&config)?;
    let mut c = peer.command();
    c.args(["-c", SCRIPT, &port.number.to_string()]).arg(root.path()).arg(pem).arg(required.to_string());
    Some(ftp("pyftpdlib", "alice:wonder%3Aland@", &mut c, root, config, port))
}

/// ProFTPD with a user of its own, as `daemon`, and with its modules for digests. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn proftpd(root: TempDir) -> Option<Server> {
    proftpd_with(root, crate::scratch(), "")
}

/// The same for who wants TLS, with data connections from and to any host. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn proftpd_for_others(root: TempDir) -> Option<Server> {
    let config = crate::scratch();
    certificate(config.path(), "proftpd", None);
    let d = config.path().display();
    let more = format!(
        "AllowForeignAddress on\nLoadModule mod_tls.c\nTLSEngine on\nTLSRequired off\n\
         TLSECCertificateFile {d}/proftpd.pem\nTLSECCertificateKeyFile {d}/proftpd.key\n\
         TLSOptions NoSessionReuseRequired\nTLSLog {d}/tls.log\n"
    );
    proftpd_with(root, config, &more)
}

/// The same under TLS only; data connections have to go on from the control connection's session, for which it gives
/// tickets with the control connection only. With the SHA-256 of its certificate.
///
/// # Panics
/// When it does not come up.
pub fn proftpd_under_tls(root: TempDir) -> Option<(Server, String)> {
    proftpd_tls(root, "TLSRequired on\n")
}

/// The same for who wants TLS, which may end on the control connection (CCC).
///
/// # Panics
/// When it does not come up.
pub fn proftpd_offering_tls(root: TempDir) -> Option<Server> {
    proftpd_tls(root, "TLSRequired off\n").map(|(server, _)| server)
}

fn proftpd_tls(root: TempDir, more: &str) -> Option<(Server, String)> {
    Peer::part("proftpd", "usr/lib/proftpd/mod_tls.so")?;
    let config = crate::scratch();
    let (pem, fingerprint) = self_signed(&config)?;
    let text = format!(
        "LoadModule mod_tls.c\nTLSEngine on\nTLSRSACertificateFile {0}\nTLSRSACertificateKeyFile {0}\n{more}",
        pem.display()
    );
    Some((proftpd_with(root, config, &text)?, fingerprint))
}

/// The line of a user, whose password costs no time.
fn user_line(root: &TempDir) -> Option<String> {
    let openssl = Peer::find("openssl", "openssl")?;
    let hash = Process::start(openssl.command().args(["passwd", "-1", "wonderland"])).wait(PATIENCE);
    assert_eq!(hash.code(), 0, "{hash:?}");
    Some(format!("alice:{}:1:1::{}", hash.out.trim(), root.path().display()))
}

fn proftpd_with(root: TempDir, config: TempDir, more: &str) -> Option<Server> {
    let peer = Peer::find("proftpd", "proftpd")?;
    let modules = Peer::part("proftpd", "usr/lib/proftpd")?;
    if !is_root("proftpd") {
        return None;
    }
    give_to_daemon(&root);
    let port = Port::take();
    let users = config.path().join("users");
    std::fs::write(&users, user_line(&root)? + ":/bin/sh\n").expect("a file");
    // It refuses one that others can read or replace.
    for (path, mode) in [(users.as_path(), 0o600), (config.path(), 0o700)] {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("own file");
    }
    let at = |name: &str| config.path().join(name).display().to_string();
    let text = format!(
        "ModulePath {}\nLoadModule mod_digest.c\nLoadModule mod_site_misc.c\n\
         ServerName peer\nServerType standalone\nDefaultServer on\nDefaultAddress 127.0.0.1\nUseIPv6 off\nPort {}\n\
         SocketBindTight on\nUser nobody\nGroup nogroup\nAuthPAM off\nAuthOrder mod_auth_file.c\nAuthUserFile {}\n\
         DefaultRoot ~\nAllowOverwrite on\nAllowStoreRestart on\nUseReverseDNS off\nWtmpLog off\nTransferLog none\n\
         SystemLog none\nScoreboardFile {}\nPidFile {}\nDelayEngine off\nRequireValidShell off\n{more}",
        modules.display(),
        port.number,
        users.display(),
        at("scoreboard"),
        at("pid")
    );
    std::fs::write(at("proftpd.conf"), text).expect("a file");
    let mut c = peer.command();
    c.args(["-n", "-q", "-c", &at("proftpd.conf")]);
    Some(ftp("proftpd", "alice:wonderland@", &mut c, root, config, port))
}

/// Pure-FTPd with a user of its own, as `daemon`. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn pureftpd(root: TempDir) -> Option<Server> {
    pureftpd_with(root, crate::scratch(), &[])
}

/// The same under TLS only. With the SHA-256 of its certificate.
///
/// # Panics
/// When it does not come up.
pub fn pureftpd_under_tls(root: TempDir) -> Option<(Server, String)> {
    // 3: data connections too.
    pureftpd_tls(root, "3")
}

/// The same for who wants TLS.
///
/// # Panics
/// When it does not come up.
pub fn pureftpd_offering_tls(root: TempDir) -> Option<Server> {
    pureftpd_tls(root, "1").map(|(server, _)| server)
}

fn pureftpd_tls(root: TempDir, level: &str) -> Option<(Server, String)> {
    let config = crate::scratch();
    let (pem, fingerprint) = self_signed(&config)?;
    let pem = pem.display().to_string();
    Some((pureftpd_with(root, config, &["-Y", level, "-2", &pem])?, fingerprint))
}

fn pureftpd_with(root: TempDir, config: TempDir, more: &[&str]) -> Option<Server> {
    let peer = Peer::find("pure-ftpd", "pure-ftpd")?;
    let users = Peer::find("pure-ftpd", "pure-pw")?;
    if !is_root("pure-ftpd") {
        return None;
    }
    give_to_daemon(&root);
    let port = Port::take();
    let at = |name: &str| config.path().join(name).display().to_string();
    // What it makes of a password itself takes it 2.5 s at each login.
    std::fs::write(at("users"), user_line(&root)? + "/./::::::::::::\n").expect("a file");
    let made = Process::start(users.command().args(["mkdb", &at("pdb"), "-f", &at("users")])).wait(PATIENCE);
    assert_eq!(made.code(), 0, "{made:?}");
    let mut c = peer.command();
    c.args(["-S", &format!("127.0.0.1,{}", port.number), "-l", &format!("puredb:{}", at("pdb"))]);
    c.args(["-E", "-H", "-A", "-u", "1", "-g", &at("pid")]).args(more);
    Some(ftp("pure-ftpd", "alice:wonderland@", &mut c, root, config, port))
}
