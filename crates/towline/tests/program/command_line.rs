//! The program as it is started: usage, bad input, exit codes.

use super::{names, towline};
use std::path::Path;

/// Runs it and gives its exit code and the one line on stderr.
fn fault(args: &[&str]) -> (i32, String) {
    let output = towline(args);
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(text.lines().count(), 1, "{args:?}: one line: {text}");
    assert!(text.starts_with("towline: "), "{args:?}: {text}");
    assert!(output.stdout.is_empty(), "{args:?}: nothing on stdout");
    (output.status.code().expect("an exit code"), text.trim_end().to_string())
}

#[test]
fn every_help_begins_with_examples() {
    for command in [
        "",
        "serve",
        "copy",
        "device",
        "image",
        "image make",
        "image show",
        "relay",
        "completions",
        "man",
        "config",
        "config check",
        "config show",
        "config init",
        "config schema",
    ] {
        let args: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let output = towline(&args);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert!(text.starts_with("Example"), "{command}: {text}");
        assert!(!text.contains('\x1b'), "{command}: colours without a terminal");
    }
}

#[test]
fn a_wrong_command_line_is_one_line_and_exit_2() {
    for (args, words) in [
        (&["serve", "--frob"][..], "unexpected argument '--frob'"),
        (&["copy", "only-one"], "<DST>"),
        (&["serve", "--tftp", "ninety"], "give a port from 0 to 65535, or off"),
        (&["serve", "--passive-ports", "9-1"], "50000-50100"),
        (&["serve", "--bind", "here"], "'here' for '--bind <IP>'"),
        (&["serve", "--user", ":x"], "NAME:@FILE"),
        (&["copy", "--blksize", "7", "a", "b"], "7 is not in 8..=65464"),
        (&["copy", "--active", "--passive", "a", "b"], "cannot be used with"),
        (&["copy", "--expect", "md5:12", "a", "b"], "32 hexadecimal digits"),
        (&["copy", "--trace=a.gif", "a", "b"], "the name of a trace ends in .pcapng"),
        (&["relay", "--to", "h", "--loss", "5"], "5% is five of a hundred, 0.05 too"),
        (&["relay", "--to", "127.0.0.1:0"], "port from 1 to 65535"),
        (&["relay", "--to", "127.0.0.1", "--rate", "9 furlongs"], "10Mbit"),
        (&["completions", "tcsh"], "possible values: bash, zsh, fish"),
        (&["image", "make", "--version", "fifteen"], "write it as 15.5(3)M4a"),
        (&["image", "make", "--profile", "c9999", "--version", "15.5(3)M4a"], "known are: c2911"),
        (&["image", "make", "--version", "15.5(3)M4a", "--size", "1", "/tmp/never"], "too small"),
    ] {
        let (code, line) = fault(args);
        assert_eq!(code, 2, "{args:?}: {line}");
        assert!(line.contains(words), "{args:?}: {line}");
    }
}

#[test]
fn completions_and_manual_pages_come_out() {
    for shell in ["bash", "zsh", "fish"] {
        let output = towline(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8(output.stdout).unwrap().contains("passive-ports"), "{shell}");
    }
    let dir = tempfile::tempdir().unwrap();
    let there = dir.path().join("man1");
    assert_eq!(towline(&["man", there.to_str().unwrap()]).status.code(), Some(0));
    let page = std::fs::read_to_string(there.join("towline-serve.1")).unwrap();
    assert!(page.contains("socket") || page.contains("TFTP"), "{page}");
    assert!(there.join("towline-copy.1").exists() && there.join("towline-image-make.1").exists());
}

#[test]
fn an_image_is_made_and_shown_and_damage_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let out = format!("{}/", dir.path().display());
    let made =
        towline(&["image", "make", "--profile", "c2911", "--version", "15.5(3)M4a", "--size", "64K", &out]);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let file = dir.path().join("c2900-universalk9-mz.SPA.155-3.M4a.bin");
    assert_eq!(file.metadata().unwrap().len(), 65_536);
    let shown = String::from_utf8(towline(&["image", "show", file.to_str().unwrap()]).stdout).unwrap();
    assert!(shown.contains("C2900-UNIVERSALK9-M") && shown.contains("15.5(3)M4a"), "{shown}");

    let mut octets = std::fs::read(&file).unwrap();
    octets[40_000] ^= 1;
    std::fs::write(&file, octets).unwrap();
    let (code, line) = fault(&["image", "show", file.to_str().unwrap()]);
    assert_eq!(code, 6, "{line}");
    assert!(line.contains("embedded MD5"), "{line}");
    let (code, line) = fault(&["image", "show", "/nowhere/x.bin"]);
    assert_eq!((code, line.contains("/nowhere/x.bin: no such file")), (5, true), "{line}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn serve_refuses_what_it_cannot_or_should_not_serve() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.bin");
    std::fs::write(&file, b"x").unwrap();
    let home = std::env::var("HOME").unwrap_or_else(|_| String::from("/"));
    let free = ["--bind", "127.0.0.1", "--tftp", "0", "--ftp", "0"];
    for (root, more, code, words) in [
        ("/nowhere/at/all", &[][..], 5, "/nowhere/at/all: no such file or directory"),
        ("/", &[], 2, "--yes-serve-this"),
        (home.as_str(), &[], 2, "--yes-serve-this"),
        ("/dev/null", &[], 7, "neither a directory nor a file"),
        (file.to_str().unwrap(), &["--write"], 2, "serve its directory"),
        (dir.path().to_str().unwrap(), &["--user", "bob:@/nowhere/pw"], 5, "/nowhere/pw"),
        (dir.path().to_str().unwrap(), &["--user", "bob:@a", "--user", "bob:@b"], 2, "is there twice"),
    ] {
        let args: Vec<&str> = ["serve", root].into_iter().chain(free).chain(more.iter().copied()).collect();
        let (found, line) = fault(&args);
        assert_eq!(found, code, "{args:?}: {line}");
        assert!(line.contains(words), "{args:?}: {line}");
    }
    let off = ["serve", dir.path().to_str().unwrap(), "--tftp", "off", "--ftp", "off"];
    assert_eq!(fault(&off).0, 2);
    let not_ours = ["serve", dir.path().to_str().unwrap(), "--bind", "192.0.2.1"];
    let (code, line) = fault(&not_ours);
    assert_eq!((code, line.contains("tftp 192.0.2.1:69: cannot listen")), (7, true), "{line}");
}

#[test]
fn an_explicit_port_that_is_taken_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = udp.local_addr().unwrap().port().to_string();
    let root = dir.path().to_str().unwrap();
    let (code, line) = fault(&["serve", root, "--bind", "127.0.0.1", "--tftp", &port, "--ftp", "off"]);
    assert_eq!(code, 7, "{line}");
    assert!(
        line.contains(&format!("tftp 127.0.0.1:{port}: cannot listen")) && line.contains("--tftp"),
        "{line}"
    );
}

#[test]
fn copy_says_what_is_wrong_with_its_ends() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_string();
    std::fs::write(at("a"), b"abc").unwrap();
    let closed = {
        let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        udp.local_addr().unwrap().port()
    };
    let tftp = format!("tftp://127.0.0.1:{closed}/x");
    let ftp = format!("ftp://127.0.0.1:{closed}/x");
    for (from, to, code, words) in [
        (at("nothing"), at("b"), 5, "no such file"),
        (at("a"), at("a"), 2, "the source itself"),
        (at("a"), at("none/b"), 7, "none/b: no such file or directory"),
        (String::from("gopher://h/x"), at("b"), 2, "gopher"),
        (String::from("tftp:///x"), at("b"), 2, "tftp:///x"),
        (String::from("tftp://127.0.0.1/"), at("b"), 2, "names a directory"),
        (String::from("ftp://127.0.0.1/d/"), at("b"), 2, "names a directory"),
        (tftp, at("b"), 3, "does not listen"),
        (ftp, at("b"), 3, "does not listen"),
        (String::from("tftp://no-such-host.invalid/x"), at("b"), 3, "no-such-host.invalid"),
    ] {
        let (found, line) = fault(&["copy", &from, &to]);
        assert_eq!(found, code, "{from} {to}: {line}");
        assert!(line.contains(words), "{from} {to}: {line}");
    }
    assert_eq!(names(dir.path()), ["a"], "a failed copy leaves nothing");
}

#[test]
fn local_copies_land_whole_and_are_verified() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_string();
    std::fs::write(at("a"), b"abc").unwrap();
    std::fs::create_dir(at("d")).unwrap();
    let good = "md5:900150983cd24fb0d6963f7d28e17f72";
    assert_eq!(towline(&["copy", "--expect", good, &at("a"), &at("d")]).status.code(), Some(0));
    assert_eq!(std::fs::read(at("d/a")).unwrap(), b"abc");
    let bad = "md5:00000000000000000000000000000000";
    let (code, line) = fault(&["copy", "--expect", bad, &at("a"), &at("b")]);
    assert_eq!((code, line.contains(&format!("expected {bad}, found {good}"))), (6, true), "{line}");
    assert_eq!(names(dir.path()), ["a", "d"]);
    let piped = towline(&["copy", "--quiet", &at("a"), "-"]);
    assert_eq!((piped.stdout.as_slice(), piped.stderr.as_slice()), (&b"abc"[..], &b""[..]));
    let sink = towline(&["copy", &at("a"), "/dev/null"]);
    assert_eq!(sink.status.code(), Some(0));
    use std::os::unix::fs::FileTypeExt as _;
    assert!(Path::new("/dev/null").metadata().unwrap().file_type().is_char_device(), "still a device");
}
