//! The program with a configuration file.

use super::running::Running;
use super::{text, towline};
use std::path::Path;
use std::process::{Command, Output};

/// A configuration for tests: on loopback, free ports.
fn configuration(dir: &Path, more: &str) -> String {
    std::fs::create_dir_all(dir.join("srv")).unwrap();
    std::fs::write(dir.join("srv/a.txt"), "hello\n").unwrap();
    let file = dir.join("towline.toml");
    let ports = "[tftp]\nport = 0\n[ftp]\nport = 0\n";
    let text = format!("[server]\nroot = \"srv\"\nbind = [\"127.0.0.1\"]\n{ports}{more}");
    std::fs::write(&file, text).unwrap();
    file.to_str().expect("UTF-8").to_owned()
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[test]
fn a_file_serves_and_the_first_line_names_what_was_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = configuration(dir.path(), "");
    let mut server = Running::start(&["serve", "--json", "--config", &file, "--write"]);
    let first = server.next();
    assert_eq!(first["event"], "configured", "{first}");
    assert_eq!(first["text"], format!("Configuration: {file}, --write."));
    let mut ports = (0..2).map(|_| server.next()).map(|event| event["address"].as_str().unwrap().to_owned());
    let (tftp, ftp) = (ports.next().unwrap(), ports.next().unwrap());
    drop(ports);
    for url in [format!("tftp://{tftp}/a.txt"), format!("ftp://{ftp}/a.txt")] {
        let got = towline(&["copy", "--quiet", &url, "-"]);
        assert_eq!(got.stdout, b"hello\n", "{url}: {got:?}");
    }
    let up = towline(&["copy", "--quiet", &file, &format!("tftp://{tftp}/up.toml")]);
    assert_eq!(up.status.code(), Some(0), "{up:?}");
    drop(server);
}

#[test]
fn users_log_in_by_what_their_references_lead_to() {
    let dir = tempfile::tempdir().unwrap();
    let pw = dir.path().join("pw");
    std::fs::write(&pw, "by-file\n").unwrap();
    std::fs::set_permissions(&pw, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let user = |name: &str, password: &str| format!("[[user]]\nname = \"{name}\"\npassword = {password}\n");
    let users = [
        user("filed", "{ file = \"pw\" }"),
        user("ran", "{ cmd = [\"/bin/sh\", \"-c\", \"printf by-%s cmd\"] }"),
    ];
    let file = configuration(dir.path(), &users.concat());
    let shown = towline(&["config", "show", "--origin", &file]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("{ file = ") && !shown.contains("by-file") && !shown.contains("by-cmd"),
        "{shown}"
    );
    let mut server = Running::start(&["serve", "--json", "--config", &file, "--tftp", "off"]);
    let ftp = loop {
        let event = server.next();
        if event["event"] == "listening" {
            break event["address"].as_str().unwrap().to_owned();
        }
    };
    for (name, password, code) in [("filed", "by-file", 0), ("ran", "by-cmd", 0), ("ran", "by-file", 4)] {
        let got = towline(&["copy", "--quiet", &format!("ftp://{name}:{password}@{ftp}/a.txt"), "-"]);
        assert_eq!(got.status.code(), Some(code), "{name}: {got:?}");
    }
    drop(server);
}

#[test]
fn a_bad_file_is_told_with_pictures_and_exit_2_before_anything_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let file = configuration(dir.path(), "[limits]\nsesions = 4\n");
    for args in [&["config", "check", &file][..], &["serve", "--config", &file]] {
        let output = towline(args);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let (here, picture) =
            (format!("towline: {file}:9:1: unknown key 'sesions'"), "  9 | sesions = 4\n    | ^^^^^^^\n");
        assert!(told(&output).contains(&here) && told(&output).starts_with(picture), "{}", told(&output));
        assert!(output.stdout.is_empty());
    }
    let two = configuration(dir.path(), "[limits]\nsesions = 4\nidle-timeout = 5\n");
    let output = towline(&["config", "check", &two]);
    // The last line alone is what a service manager shows.
    let last = format!(
        "towline: the configuration: has 2 faults, the first {two}:9:1: unknown key 'sesions' in [limits]; correct \
         them and try again\n"
    );
    assert!(told(&output).ends_with(&last), "{}", told(&output));
    assert!(told(&output).contains(":9:1: ") && told(&output).contains(":10:16: "), "{}", told(&output));
    for (name, words) in [("/nowhere/t.toml", "no such file"), (text(dir.path()), "is no configuration file")]
    {
        let output = towline(&["config", "check", name]);
        assert_eq!((output.status.code(), told(&output).contains(words)), (Some(2), true), "{output:?}");
    }
}

#[test]
fn init_writes_a_file_that_passes_and_never_over_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("towline.toml");
    let (file, root) = (text(&file), text(dir.path()));
    let written = towline(&["config", "init", "--root", root, file]);
    assert_eq!(written.status.code(), Some(0), "{written:?}");
    let printed = towline(&["config", "init", "--root", root]);
    assert_eq!(std::fs::read(file).unwrap(), printed.stdout);
    let check = towline(&["config", "check", file]);
    assert_eq!(check.stdout, format!("{file}: nothing is wrong with it\n").as_bytes(), "{check:?}");
    std::fs::write(file, "mine").unwrap();
    let over = towline(&["config", "init", file]);
    assert_eq!((over.status.code(), told(&over).contains("exists already")), (Some(7), true), "{over:?}");
    assert_eq!(std::fs::read(file).unwrap(), b"mine");
}

#[test]
fn show_says_where_values_come_from() {
    let dir = tempfile::tempdir().unwrap();
    let file = configuration(dir.path(), "");
    let mut command = Command::new(env!("CARGO_BIN_EXE_towline"));
    command.args(["config", "show", "--origin", &file, "--", "--write", "--ftp", "off"]);
    let output = command.env("TOWLINE_TFTP__PORT", "6969").output().expect("starts");
    let shown = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Vec<&str>> = shown.lines().map(|line| line.split_whitespace().collect()).collect();
    let bind = format!("{file}:3");
    for line in [
        &["write", "=", "true", "#", "--write"][..],
        &["port", "=", "6969", "#", "TOWLINE_TFTP__PORT"],
        &["port", "=", "\"off\"", "#", "--ftp"],
        &["bind", "=", "[\"127.0.0.1\"]", "#", &bind],
        &["digests", "=", "true", "#", "default"],
    ] {
        assert!(lines.iter().any(|l| l == line), "{line:?} in\n{shown}");
    }
    let wrong = towline(&["config", "show", &file, "--", "--frob"]);
    assert_eq!((wrong.status.code(), told(&wrong).contains("'--frob'")), (Some(2), true), "{wrong:?}");
}
