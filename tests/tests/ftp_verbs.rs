//! `towline rm`, `mv`, `mkdir`, `rmdir` and `stat` over FTP, against other people's servers and ours.

use e2e::at_home::towline;
use e2e::battery::{USER, user_flag};
use e2e::process::{Ended, Process};
use e2e::servers::{pyftpdlib, vsftpd};
use e2e::towline::Serve;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The longest that one command may take on a loaded machine.
const ONE: Duration = Duration::from_secs(90);

fn does_what_it_says(url: &str, served: &Path) {
    let home = e2e::scratch();
    let verb = |verb: &str, arguments: &[&str]| -> Ended {
        Process::start(&mut towline(home.path(), &[&[verb], arguments].concat())).wait(ONE)
    };
    let good = |ended: Ended| {
        assert_eq!(ended.code(), 0, "{ended:?}");
        ended
    };
    let url = |name: &str| format!("{url}{name}");
    good(verb("mkdir", &[&url("d"), &url("e")]));
    assert!(served.join("d").is_dir() && served.join("e").is_dir());
    assert_ne!(verb("mkdir", &[&url("d")]).code(), 0, "it is there");
    good(verb("mkdir", &["-p", &url("d/x/y"), &url("d")]));
    assert!(served.join("d/x/y").is_dir());
    fs::write(home.path().join("f"), "12345").unwrap();
    fs::write(home.path().join("g"), "1").unwrap();
    good(verb("copy", &["-q", "f", "g", &url("d/")]));
    let facts = good(verb("stat", &[&url("d/f"), &url("d")]));
    assert!(facts.out.contains("f: file, 5 octets, modified "), "{facts:?}");
    assert!(facts.out.contains("d: directory"), "{facts:?}");
    assert_eq!(verb("stat", &[&url("absent")]).code(), 5);
    good(verb("mv", &[&url("d/f"), &url("d/new name")]));
    assert_eq!(fs::read(served.join("d/new name")).unwrap(), b"12345");
    assert_eq!(verb("mv", &["-n", &url("d/g"), &url("d/new name")]).code(), 4, "it is there");
    assert_eq!(fs::read(served.join("d/new name")).unwrap(), b"12345");
    good(verb("rm", &[&url("d/new name"), &url("d/g")]));
    assert_eq!(verb("rm", &[&url("d/g")]).code(), 5);
    assert_ne!(verb("rmdir", &[&url("d")]).code(), 0, "something is in it");
    good(verb("rmdir", &[&url("d/x/y"), &url("d/x"), &url("d"), &url("e")]));
    assert!(fs::read_dir(served).unwrap().next().is_none());
}

#[test]
fn the_verbs_do_on_vsftpd_what_they_say() {
    if let Some(server) = vsftpd(e2e::scratch()) {
        does_what_it_says(&server.url, &server.served);
    }
}

#[test]
fn the_verbs_do_on_pyftpdlib_what_they_say() {
    if let Some(server) = pyftpdlib(e2e::scratch()) {
        does_what_it_says(&server.url, &server.served);
    }
}

#[test]
fn the_verbs_do_on_our_server_what_they_say() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let serve = Serve::start(root.path(), &["--write", "--user", &user_flag(home.path())]);
    let password = USER.1.replace(' ', "%20").replace(':', "%3A");
    does_what_it_says(&format!("ftp://{}:{password}@{}/", USER.0, serve.ftp), root.path());
}
