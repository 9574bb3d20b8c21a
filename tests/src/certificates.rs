//! Certificates for tests, made by openssl.

use crate::peers::Peer;
use crate::process::{Ended, Process};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// openssl, with these words.
///
/// # Panics
/// When it is not there.
pub fn openssl(words: &[&str]) -> Ended {
    let peer = Peer::find("openssl", "openssl").expect("openssl is there");
    Process::start(peer.command().args(words)).wait(Duration::from_secs(60))
}

/// `NAME.pem` and `NAME.key` in `dir`, for `name`; signed by `by.pem` there, or by itself.
///
/// # Panics
/// When openssl does not make them.
pub fn certificate(dir: &Path, name: &str, by: Option<&str>) {
    let path = |name: &str, ending: &str| dir.join(format!("{name}.{ending}")).display().to_string();
    let (pem, key) = (path(name, "pem"), path(name, "key"));
    let (subject, also) = (format!("/O=Lab/CN={name}"), format!("subjectAltName=DNS:{name}"));
    let mut words = vec!["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    words.extend(["-days", "2", "-subj", &subject, "-keyout", &key, "-out", &pem, "-addext", &also]);
    let signer = by.map(|by| (path(by, "pem"), path(by, "key")));
    if let Some((ca, ca_key)) = &signer {
        words.extend(["-CA", ca, "-CAkey", ca_key, "-addext", "basicConstraints=CA:FALSE"]);
    }
    let made = openssl(&words);
    assert_eq!(made.code(), 0, "{made:?}");
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).expect("it was made");
}

/// What a server of FTP shows after AUTH TLS to who asks for this name: the subject of its certificate.
///
/// # Panics
/// When it shows none.
pub fn subject_shown(dir: &Path, server: &str, name: &str) -> String {
    let said = openssl(&["s_client", "-starttls", "ftp", "-connect", server, "-servername", name]).out;
    let file = dir.join("shown.pem");
    std::fs::write(&file, &said).expect("room");
    let file = file.display().to_string();
    let subject = openssl(&["x509", "-noout", "-subject", "-in", &file]);
    assert_eq!(subject.code(), 0, "{said} {subject:?}");
    subject.out.trim().to_owned()
}
