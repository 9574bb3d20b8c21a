//! `towline device` as a person sits at it: the program on a terminal.

use e2e::at_home;
use e2e::poll::PATIENCE;
use e2e::terminal::Terminal;
use rustix::fs::OFlags;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Stdio;

/// Somebody at the device whose state is there.
fn sits_at(state: &Path, arguments: &[&str]) -> Terminal {
    at_home::typed(state, &[&["device", "--state", "."], arguments].concat())
}

#[test]
fn keys_go_to_the_device_and_the_menu_is_ours() {
    let state = e2e::scratch();
    let mut person = sits_at(state.path(), &["--fast"]);
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
    let locked = at_home::run(state.path(), &["device", "--state", "."]);
    assert_eq!(locked.code(), 7, "{locked:?}");
    assert!(locked.err.contains("another device uses this state"), "{locked:?}");
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
fn break_from_the_menu_stops_the_boot_in_rommon() {
    let state = e2e::scratch();
    // With the waits of a real device: there is time to press Break.
    let mut person = sits_at(state.path(), &[]);
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
    let state = e2e::scratch();
    let mut child = e2e::towline::command()
        .args(["device", "--pty", "--fast", "--state", "."])
        .current_dir(&state)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let path = said.strip_prefix("The console is ").and_then(|s| s.split(':').next()).expect(&said);
    let mut flags = File::options();
    let terminal =
        flags.read(true).write(true).custom_flags(OFlags::NOCTTY.bits() as i32).open(path).unwrap();
    let mut person = Terminal::of(child, terminal);
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
    let state = e2e::scratch();
    let mut person = sits_at(state.path(), &["--fast", "--telnet", "127.0.0.1:0"]);
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
