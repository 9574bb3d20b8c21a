//! What people get wrong: the exit code, and one line on stderr that names the thing and the way out.

use e2e::battery::{USER, user_flag};
use e2e::peers::is_root;
use e2e::ports::Port;
use e2e::process::{Ended, Process, run};
use e2e::towline::{Serve, command, program};
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;

fn towline(arguments: &[&str]) -> Ended {
    run(command().args(arguments))
}

/// One line, which begins with the program and holds all of `parts`; nothing on standard output.
#[track_caller]
fn fails(ended: &Ended, code: i32, parts: &[&str]) {
    assert_eq!(ended.code(), code, "{ended:?}");
    assert_eq!(ended.err.trim_end().lines().count(), 1, "one line on stderr: {ended:?}");
    assert!(ended.err.starts_with("towline: "), "{ended:?}");
    for part in parts {
        assert!(ended.err.contains(part), "{part:?} is missing: {ended:?}");
    }
    assert_eq!(ended.out, "", "{ended:?}");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary directories are UTF-8")
}

#[test]
fn a_missing_directory() {
    let dir = e2e::scratch();
    let missing = dir.path().join("imagse");
    fails(&towline(&["serve", text(&missing)]), 5, &[text(&missing), "no such file or directory", ";"]);
}

#[test]
fn the_root_is_not_served_by_accident() {
    fails(&towline(&["serve", "/"]), 2, &["/", "--yes-serve-this"]);
    let home = e2e::scratch();
    let ended = run(command().arg("serve").arg(home.path()).env("HOME", home.path()));
    fails(&ended, 2, &[text(home.path()), "--yes-serve-this"]);
}

#[test]
fn a_port_that_is_taken() {
    let dir = e2e::scratch();
    let port = Port::take();
    let _held = UdpSocket::bind(port.address()).expect("the port is ours");
    let number = port.number.to_string();
    let ended =
        towline(&["serve", text(dir.path()), "--bind", "127.0.0.1", "--tftp", &number, "--ftp", "off"]);
    fails(&ended, 7, &[&port.address().to_string(), "--tftp", ";"]);
}

#[test]
fn wrong_command_lines() {
    for (line, parts) in [
        (&["serve", "--blocksize", "7"][..], &["--blocksize"][..]),
        (&["sevre"], &["sevre"]),
        (&["copy", "only-one"], &["DST"]),
        (&["copy", "gopher://10.0.0.1/f", "f"], &["gopher"]),
        (&["copy", "tftp://", "f"], &["tftp://"]),
        (&["copy", "ftp://127.0.0.1:99999/f", "f"], &["99999"]),
        (&["serve", "--tftp", "70000"], &["70000"]),
        (&["serve", "--passive-ports", "9-3"], &["9-3"]),
    ] {
        fails(&towline(line), 2, parts);
    }
}

#[test]
fn nobody_listens_there() {
    let home = e2e::scratch();
    let local = home.path().join("f");
    for scheme in ["tftp", "ftp"] {
        let port = Port::take();
        let url = format!("{scheme}://{}/f", port.address());
        fails(&towline(&["copy", &url, text(&local)]), 3, &[&port.address().to_string(), ";"]);
        assert!(!local.exists(), "nothing is left under the name");
    }
}

#[test]
fn the_file_is_not_there() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let serve = Serve::start(root.path(), &[]);
    let local = home.path().join("f");
    for url in [format!("tftp://{}/abesnt", serve.tftp), format!("ftp://{}/abesnt", serve.ftp)] {
        let ended = towline(&["copy", "--quiet", &url, text(&local)]);
        fails(&ended, 5, &["abesnt", ";"]);
        assert!(!ended.err.contains(text(root.path())), "a host path leaks: {ended:?}");
        assert_eq!(std::fs::read_dir(home.path()).expect("own directory").count(), 0, "nothing is left");
    }
}

#[test]
fn rights_and_passwords() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let local = home.path().join("f");
    std::fs::write(&local, "octets").expect("a file");
    let reads = Serve::start(root.path(), &[]);
    for url in [format!("tftp://{}/f", reads.tftp), format!("ftp://{}/f", reads.ftp)] {
        fails(&towline(&["copy", "--quiet", text(&local), &url]), 4, &["/f", "--write"]);
    }
    let users = Serve::start(root.path(), &["--user", &user_flag(home.path())]);
    let url = format!("ftp://{}:wrong@{}/f", USER.0, users.ftp);
    let ended = towline(&["copy", "--quiet", &url, "-"]);
    fails(&ended, 4, &["login", ";"]);
    assert!(!ended.err.contains("wrong@"), "the password is shown: {ended:?}");
}

#[test]
fn octets_that_were_not_expected() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    std::fs::write(root.path().join("f"), "octets").expect("a file");
    let serve = Serve::start(root.path(), &[]);
    let local = home.path().join("f");
    let expect = format!("sha512:{}", "00".repeat(64));
    let ended =
        towline(&["copy", "--quiet", "--expect", &expect, &format!("tftp://{}/f", serve.tftp), text(&local)]);
    fails(&ended, 6, &["sha512"]);
    assert!(!local.exists(), "nothing is left under the name");
}

#[test]
fn local_files_that_cannot_be_used() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    std::fs::write(root.path().join("f"), "octets").expect("a file");
    let serve = Serve::start(root.path(), &["--write"]);
    let url = format!("tftp://{}/f", serve.tftp);
    let missing = home.path().join("missing");
    fails(&towline(&["copy", "--quiet", text(&missing), &url]), 5, &[text(&missing), ";"]);
    let nowhere = home.path().join("no/such/directory/f");
    let ended = towline(&["copy", "--quiet", &url, text(&nowhere)]);
    assert!([5, 7].contains(&ended.code()), "{ended:?}");
    fails(&ended, ended.code(), &["no/such/directory"]);
}

/// A file system of 64 KiB in a mount namespace of the command's own; `$0` is its directory.
fn cramped(dir: &Path, script: &str) -> Command {
    let mut c = Command::new("unshare");
    let mount = "mount -t tmpfs -o size=64k,mode=777 none \"$0\" && ";
    c.args(["--mount", "--propagation", "private", "sh", "-c", &format!("{mount}{script}")]).arg(dir);
    c.env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8");
    c
}

#[test]
fn no_space_here() {
    if !is_root("mount") {
        return;
    }
    let (root, small) = (e2e::scratch(), e2e::scratch());
    std::fs::write(root.path().join("big"), vec![7; 1 << 20]).expect("a file");
    let serve = Serve::start(root.path(), &[]);
    for url in [format!("tftp://{}/big", serve.tftp), format!("ftp://{}/big", serve.ftp)] {
        let mut c = cramped(small.path(), "exec \"$1\" copy --quiet \"$2\" \"$0/big\"");
        let ended = run(c.arg(program()).arg(&url));
        fails(&ended, 7, &["no space", ";"]);
    }
}

#[test]
fn no_space_there() {
    if !is_root("mount") {
        return;
    }
    let (small, home) = (e2e::scratch(), e2e::scratch());
    let local = home.path().join("big");
    std::fs::write(&local, vec![7; 1 << 20]).expect("a file");
    let mut c = cramped(
        small.path(),
        "exec \"$1\" serve \"$0\" --bind 127.0.0.1 --tftp 0 --ftp 0 --json --write --user \"$2\"",
    );
    let serve = Serve::start_command(c.arg(program()).arg(user_flag(home.path())));
    let ftp = format!("ftp://{}:a%20secret%3A%2012%2034@{}/big", USER.0, serve.ftp);
    for url in [format!("tftp://{}/big", serve.tftp), ftp] {
        let ended = towline(&["copy", "--quiet", text(&local), &url]);
        fails(&ended, 4, &["space", ";"]);
        assert!(!ended.err.contains(text(small.path())), "a host path leaks: {ended:?}");
    }
}

#[test]
fn interrupting_ends_with_130_and_leaves_nothing_under_the_name() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    // Sparse: it must only take long enough to be interrupted.
    let file = std::fs::File::create(root.path().join("big")).expect("a file");
    file.set_len(64 << 30).expect("a sparse file");
    let serve = Serve::start(root.path(), &[]);
    let local = home.path().join("big");
    let copy = Process::start(
        command()
            .args(["copy", "--quiet", "--blksize", "512"])
            .args([&format!("tftp://{}/big", serve.tftp), text(&local)]),
    );
    let mut serve = serve;
    serve.process.wait_for("the transfer's begin", |s| {
        s.out.iter().any(|l| l.contains("\"event\":\"started\"")).then_some(())
    });
    let name = copy.id();
    copy.signal(rustix::process::Signal::INT);
    let ended = copy.wait(e2e::poll::PATIENCE);
    assert_eq!(ended.code(), 130, "process {name}: {ended:?}");
    assert!(!local.exists(), "nothing is left under the name");
    drop(serve);
}
