//! `towline ls`, `cat`, `rm`, `mv`, `mkdir`, `rmdir`, `stat` and `hash` over FTP, against other people's servers and ours.

use e2e::at_home::towline;
use e2e::battery::{USER, user_flag};
use e2e::process::{Ended, Process, Said};
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
    let listed = good(verb("ls", &[&url("d/")]));
    assert_eq!(listed.out, "f\ng\nx/\n", "{listed:?}");
    let long = good(verb("ls", &["-l", &url("d/f")]));
    assert!(
        long.out.trim_start().starts_with("5  20") && long.out.ends_with("  f\n"),
        "a file is itself: {long:?}"
    );
    assert_eq!(good(verb("ls", &[&url("d/x/y")])).out, "");
    assert_eq!(verb("ls", &[&url("absent/")]).code(), 5);
    assert_eq!(good(verb("cat", &[&url("d/f"), &url("d/g")])).out, "123451\n");
    let sum = good(verb("hash", &["-a", "md5", &url("d/f")]));
    assert_eq!(sum.out, "827ccb0eea8a706c4c34a16891f84e7b  f\n");
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

/// One control connection for all that is of one server; the server makes the digests.
#[test]
fn several_files_are_one_login() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let mut serve = Serve::start(root.path(), &[]);
    fs::write(root.path().join("a"), "1").unwrap();
    fs::write(root.path().join("b"), "2").unwrap();
    let urls = ["a", "b"].map(|name| format!("ftp://{}/{name}", serve.ftp));
    let ended = Process::start(&mut towline(home.path(), &["hash", "--json", &urls[0], &urls[1]])).wait(ONE);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(ended.out.matches("\"by\":\"server\"").count(), 2, "{ended:?}");
    let logins = |said: &Said| said.out.iter().filter(|line| line.contains("\"event\":\"login\"")).count();
    serve.process.wait_for("a login", |said| (logins(said) > 0).then_some(()));
    assert_eq!(logins(&serve.process.said()), 1, "{:?}", serve.process.said());
}

#[test]
fn the_verbs_do_on_our_server_what_they_say() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let serve = Serve::start(root.path(), &["--write", "--user", &user_flag(home.path())]);
    let password = USER.1.replace(' ', "%20").replace(':', "%3A");
    does_what_it_says(&format!("ftp://{}:{password}@{}/", USER.0, serve.ftp), root.path());
}
