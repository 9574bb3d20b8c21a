//! `towline device` on a pseudo-terminal, as a person sits at it.

use super::person::Person;
use super::running::PATIENCE;
use super::{text, towline};
use rustix::fs::OFlags;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Command, Stdio};

#[test]
fn keys_go_to_the_device_and_the_menu_is_ours() {
    let state = tempfile::tempdir().unwrap();
    let state = text(state.path()).to_string();
    let mut person = Person::sits_at(&["device", "--fast", "--state", &state]);
    person.until("Ctrl-] opens the menu");
    person.until("initial configuration dialog? [yes/no]:");
    // Ctrl-C is the device's: it ends the dialog, not us.
    person.types("\x03");
    person.until("terminate autoinstall? [yes]:");
    person.types("\r");
    person.until("Press RETURN");
    person.types("\r");
    person.until(">");
    person.types("show version\r");
    let version = person.until("--More--");
    assert!(version.contains("Version 15.1(4)M4"), "a new device has an image: {version}");
    person.types("q");
    person.until(">");
    let locked = towline(&["device", "--state", &state]);
    assert_eq!(locked.status.code(), Some(7), "{locked:?}");
    assert!(String::from_utf8(locked.stderr).unwrap().contains("another device uses this state"));
    person.types("\x1d");
    person.until("[q] quit");
    person.types("p");
    person.until("System Bootstrap");
    person.types("\x1d");
    person.until("[q] quit");
    person.types("q");
    assert_eq!(person.exit(), Some(0));
}

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
fn break_from_the_menu_stops_the_boot_in_rommon() {
    let state = tempfile::tempdir().unwrap();
    // With the waits of a real device: there is time to press Break.
    let mut person = Person::sits_at(&["device", "--state", text(state.path())]);
    person.until("System Bootstrap");
    person.types("\x1d");
    person.until("[q] quit");
    person.types("b");
    person.until("rommon 1 >");
    person.types("\x1dq");
    assert_eq!(person.exit(), Some(0));
}

#[test]
fn the_console_may_be_on_a_pty_of_its_own() {
    let state = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_towline"))
        .args(["device", "--pty", "--fast", "--state", text(state.path())])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let path = said.strip_prefix("The console is ").and_then(|s| s.split(':').next()).expect(&said);
    let mut flags = std::fs::File::options();
    let terminal =
        flags.read(true).write(true).custom_flags(OFlags::NOCTTY.bits() as i32).open(path).unwrap();
    let mut person = Person::of(child, terminal);
    person.until("[yes/no]:");
    person.types("no\r");
    person.until("terminate autoinstall? [yes]:");
    person.types("\r");
    person.until("Press RETURN");
    person.types("\r");
    person.until(">");
    person.types("show privilege\r");
    person.until("Current privilege level is 1");
}

#[test]
fn telnet_reaches_a_line() {
    let state = tempfile::tempdir().unwrap();
    let mut person =
        Person::sits_at(&["device", "--fast", "--state", text(state.path()), "--telnet", "127.0.0.1:0"]);
    let port = {
        person.until("telnet 127.0.0.1 ");
        let port = person.until("\n");
        port.trim().parse::<u16>().expect("a port")
    };
    person.until("[yes/no]:");
    person.types("no\r");
    person.until("terminate autoinstall? [yes]:");
    person.types("\r");
    person.until("Press RETURN");
    person.types("\r");
    person.until(">");
    let mut line = TcpStream::connect(("127.0.0.1", port)).unwrap();
    line.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut seen = Vec::new();
    // A line without a password lets nobody in, as on the device.
    let _ = line.read_to_end(&mut seen);
    assert!(String::from_utf8_lossy(&seen).contains("Password required, but none set"), "{seen:?}");
    person.types("\x1dq");
    assert_eq!(person.exit(), Some(0));
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
