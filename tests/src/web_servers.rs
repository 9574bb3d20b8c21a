//! Other people's HTTP servers, started on a directory and a port of their own.

use crate::battery::Server;
use crate::peers::Peer;
use crate::poll::PATIENCE;
use crate::ports::Port;
use crate::process::Process;
use crate::servers::{self_signed, started};
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

/// What `bob` is let in with by [`nginx`], and its digest as `openssl passwd -apr1` makes it.
pub const BOB: (&str, &str) = ("bob", "wonder:land");
/// The same in a URL.
pub const BOB_IN_URL: &str = "bob:wonder%3Aland@";

/// nginx, which takes files too; below `/bob/` from bob only, below `/closed/` from nobody. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn nginx(root: TempDir) -> Option<Server> {
    let peer = Peer::find("nginx", "nginx")?;
    with(&peer, root, crate::scratch(), "http", "")
}

/// The same under TLS, with the SHA-256 of its certificate.
///
/// # Panics
/// When it does not come up.
pub fn nginx_under_tls(root: TempDir) -> Option<(Server, String)> {
    let peer = Peer::find("nginx", "nginx")?;
    let config = crate::scratch();
    let (pem, fingerprint) = self_signed(&config)?;
    let pem = pem.display();
    let more = format!("ssl_certificate {pem}; ssl_certificate_key {pem};");
    Some((with(&peer, root, config, "https", &more)?, fingerprint))
}

fn with(peer: &Peer, root: TempDir, config: TempDir, scheme: &str, more: &str) -> Option<Server> {
    let port = Port::take();
    let openssl = Peer::find("openssl", "openssl")?;
    let mut c = openssl.command();
    c.args(["passwd", "-apr1", BOB.1]);
    let digest = Process::start(&mut c).wait(PATIENCE).out;
    std::fs::write(config.path().join("users"), format!("{}:{}\n", BOB.0, digest.trim())).expect("room");
    let (c, r) = (config.path().display(), root.path().display());
    let ssl = if scheme == "https" { " ssl" } else { "" };
    let text = format!(
        "daemon off; master_process off; pid {c}/pid; error_log stderr;\n\
         events {{ worker_connections 64; }}\n\
         http {{ access_log {c}/access.log; client_body_temp_path {c}/body; proxy_temp_path {c}/proxy;\n\
         fastcgi_temp_path {c}/fastcgi; uwsgi_temp_path {c}/uwsgi; scgi_temp_path {c}/scgi;\n\
         client_max_body_size 40m;\n\
         server {{ listen {}{ssl}; root {r}; {more}\n\
         location / {{ dav_methods PUT; create_full_put_path off; }}\n\
         location /old/ {{ return 302 /new.bin; }}\n\
         location /closed/ {{ deny all; }}\n\
         location /bob/ {{ auth_basic here; auth_basic_user_file {c}/users; dav_methods PUT; }} }} }}\n",
        port.address()
    );
    let file = config.path().join("nginx.conf");
    std::fs::write(&file, text).expect("room");
    std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o755)).expect("own directory");
    for name in ["bob", "closed"] {
        std::fs::create_dir(root.path().join(name)).expect("a directory");
    }
    let mut c = peer.command();
    c.arg("-c").arg(&file).arg("-p").arg(config.path()).args(["-e", "stderr"]);
    Some(started("nginx", &format!("{scheme}://"), &mut c, root, config, port))
}

/// Python's own, which speaks HTTP/1.0 and has no ranges. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn python(root: TempDir) -> Option<Server> {
    let peer = Peer::find("http.server", "python3")?;
    let (config, port) = (crate::scratch(), Port::take());
    let mut c = peer.command();
    c.args(["-m", "http.server", "--bind", "127.0.0.1", &port.number.to_string()]).current_dir(root.path());
    Some(started("http.server", "http://", &mut c, root, config, port))
}
