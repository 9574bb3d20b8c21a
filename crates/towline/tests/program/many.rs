//! `towline copy` of many files: braces, lists with digests, a few at a time, what became of each.

use super::running::Running;
use super::{names, text, towline};
use std::net::SocketAddr;
use std::path::Path;

const SERVE: [&str; 6] = ["--bind", "127.0.0.1", "--tftp", "0", "--ftp", "0"];

/// Files a, b and c, each of a few blocks and its own octets.
fn house(write: bool) -> (tempfile::TempDir, Running, SocketAddr) {
    let root = tempfile::tempdir().unwrap();
    for (n, name) in ["a", "b", "c"].into_iter().enumerate() {
        std::fs::write(root.path().join(name), vec![n as u8 + 1; 70_000 + n]).unwrap();
    }
    let flags: &[&str] = if write { &["--write"] } else { &[] };
    let server = Running::serve(&[&[text(root.path())], flags, &SERVE[..]].concat(), 2);
    let tftp = server.address("tftp");
    (root, server, tftp)
}

fn same(a: &Path, b: &Path) -> bool {
    std::fs::read(a).unwrap() == std::fs::read(b).unwrap()
}

#[test]
fn some_of_many_fail_and_the_others_are_there() {
    let (root, _server, tftp) = house(false);
    let out = tempfile::tempdir().unwrap();
    let url = format!("tftp://{tftp}/{{a,none,b,c}}");
    let copied = towline(&["copy", "--json", "--parallel", "2", &url, text(out.path())]);
    assert_eq!(copied.status.code(), Some(8), "{copied:?}");
    assert_eq!(names(out.path()), ["a", "b", "c"]);
    for name in ["a", "b", "c"] {
        assert!(same(&root.path().join(name), &out.path().join(name)), "{name}");
    }
    let said = String::from_utf8(copied.stderr).unwrap();
    assert!(said.contains("3 of 4 files copied: 210,003 octets"), "{said}");
    let last = said.lines().last().unwrap();
    assert!(
        last.starts_with("towline: 1 of 4 files: not copied: tftp://") && last.contains("/none: no such"),
        "{last}"
    );
    let told: Vec<serde_json::Value> =
        String::from_utf8(copied.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let of = |event: &str| told.iter().filter(|e| e["event"] == event).collect::<Vec<_>>();
    assert_eq!((of("begun").len(), of("copied").len()), (4, 3));
    assert_eq!((&of("failed")[0]["transfer"], &of("failed")[0]["exit"]), (&2.into(), &5.into()));
    assert_eq!(
        (&of("failed")[1]["transfer"], &of("failed")[1]["exit"]),
        (&serde_json::Value::Null, &8.into())
    );
    let summary = of("summary")[0];
    assert_eq!(
        (&summary["files"], &summary["copied"], &summary["failed"]),
        (&4.into(), &3.into(), &1.into())
    );
}

#[test]
fn all_that_fail_in_one_way_have_its_exit_code() {
    let (_root, _server, tftp) = house(false);
    let out = tempfile::tempdir().unwrap();
    let url = format!("tftp://{tftp}/{{x,y}}");
    let copied = towline(&["copy", "--quiet", &url, text(out.path())]);
    assert_eq!(copied.status.code(), Some(5), "{copied:?}");
    assert_eq!(names(out.path()), [""; 0]);
}

#[test]
fn several_sources_go_into_a_directory_of_a_server() {
    let (root, _server, tftp) = house(true);
    let from = tempfile::tempdir().unwrap();
    let at = |name: &str| from.path().join(name);
    std::fs::write(at("x"), "x of here").unwrap();
    std::fs::write(at("y z"), vec![7; 100_000]).unwrap();
    let url = format!("tftp://{tftp}/");
    let copied = towline(&["copy", "--quiet", text(&at("x")), text(&at("y z")), &url]);
    assert_eq!((copied.status.code(), copied.stderr.len()), (Some(0), 0), "{copied:?}");
    assert!(same(&at("x"), &root.path().join("x")) && same(&at("y z"), &root.path().join("y z")));
}

#[test]
fn each_file_of_a_list_is_verified() {
    let (root, _server, tftp) = house(false);
    std::fs::write(root.path().join("with space"), b"abc").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (list, out) = (dir.path().join("SUMS"), dir.path().join("out"));
    std::fs::create_dir(&out).unwrap();
    let md5 = "900150983cd24fb0d6963f7d28e17f72";
    std::fs::write(&list, format!("# two\n{md5}  with space\nMD5 (a) = {md5}\n")).unwrap();
    let base = format!("tftp://{tftp}/");
    let copied = towline(&["copy", "--list", text(&list), &base, text(&out)]);
    assert_eq!(copied.status.code(), Some(8), "{copied:?}");
    assert_eq!(names(&out), ["with space"], "nothing that is not verified lies under its name");
    let said = String::from_utf8(copied.stderr).unwrap();
    assert!(said.contains(&format!("/a: expected md5:{md5}, found md5:")), "{said}");
    // URLs say themselves where they are.
    std::fs::write(&list, format!("tftp://{tftp}/with%20space md5:{md5}\n{base}b\n")).unwrap();
    assert_eq!(towline(&["copy", "-q", "--list", text(&list), text(&out)]).status.code(), Some(0));
    assert_eq!(names(&out), ["b", "with space"]);
}

#[test]
fn what_is_wrong_with_many_is_said_before_anything_is_copied() {
    let (_root, _server, tftp) = house(false);
    let dir = tempfile::tempdir().unwrap();
    let (list, out) = (dir.path().join("SUMS"), dir.path().join("out"));
    std::fs::create_dir(&out).unwrap();
    std::fs::write(&list, format!("tftp://{tftp}/a\nnonsense\n")).unwrap();
    let (a, b, base) = (format!("tftp://{tftp}/a"), format!("tftp://{tftp}/d/a"), format!("tftp://{tftp}/"));
    let names_only = dir.path().join("names");
    std::fs::write(&names_only, "900150983cd24fb0d6963f7d28e17f72  a\n").unwrap();
    let md5 = "md5:900150983cd24fb0d6963f7d28e17f72";
    for (args, words) in [
        (&["--list", text(&list), text(&out)][..], "SUMS:2: neither"),
        (&["--list", text(&names_only), text(&out)], "names:1: a: is a name without a server"),
        (&["--list", text(&names_only), &a, text(&out)], "end it with '/'"),
        (&["--list", text(&list), &base, &base, text(&out)], "one path too many"),
        (&[&a, &b, text(&out)], "and so would"),
        (&[&a, &base, text(&out)], "names a directory"),
        (&[&a, "-", text(&out)], "stdin is one file"),
        (&["--expect", md5, &a, &b, text(&out)], "with --list"),
        (&[&a, &b, text(&list)], "is no directory"),
        (&[&a, &b, "-"], "is no directory"),
        (&["tftp://h/{1..99999}", text(&out)], "too many files"),
    ] {
        let said = towline(&[&["copy"], args].concat());
        let line = String::from_utf8(said.stderr).unwrap();
        assert_eq!(said.status.code(), Some(2), "{args:?}: {line}");
        assert!(line.contains(words) && line.lines().count() == 1, "{args:?}: {line}");
    }
    assert_eq!(names(&out), [""; 0]);
}
