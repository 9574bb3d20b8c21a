//! `towline device` that cannot begin.

use super::{text, towline};

#[test]
fn a_taken_telnet_port_leaves_a_new_device_with_its_image() {
    let state = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let failed = towline(&["device", "--fast", "--state", text(state.path()), "--telnet", &address]);
    assert_eq!(failed.status.code(), Some(7), "{failed:?}");
    assert!(String::from_utf8(failed.stderr).unwrap().contains(&address));
    let images = std::fs::read_dir(state.path().join("flash")).unwrap().count();
    assert_eq!(images, 1, "the next start must not find a device without an image");
}

#[test]
fn a_file_where_a_directory_has_to_be_is_named() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(state.path().join("flash"), b"x").unwrap();
    let failed = towline(&["device", "--state", text(state.path())]);
    assert_eq!(failed.status.code(), Some(7), "{failed:?}");
    let said = String::from_utf8(failed.stderr).unwrap();
    let path = state.path().join("flash");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(said.contains(text(&path)) && said.contains("a file stands where"), "{said}");
}

#[test]
fn what_is_wrong_with_a_device_is_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let table = dir.path().join("table");
    std::fs::write(&table, "10.0.0.1 is a server\n").unwrap();
    let state = dir.path().join("state");
    for (args, code, words) in [
        (&["--profile", "c9999"][..], 2, "known are: c2911"),
        (&["--wire", text(&table)], 2, "line 1"),
        (&["--wire", "/nowhere/table"], 5, "/nowhere/table"),
        (&["--telnet", "192.0.2.1:23"], 7, "--telnet 192.0.2.1:23"),
        (&["--telnet", "here"], 2, "--telnet"),
    ] {
        let output = towline(&[&["device", "--state", text(&state)], args].concat());
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(line.contains(words), "{line}");
    }
}
