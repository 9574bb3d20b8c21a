//! `Terminal::stdio` in a process of its own: this program starts itself with a pseudo-terminal, or a pipe,
//! as its standard input and looks at what becomes of it.

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use transport::terminal::{Event, Terminal};

fn main() {
    if let Some(role) = std::env::var_os("TERMINAL_CHILD") {
        return child(role == "panic");
    }
    type Case = (&'static str, fn());
    let cases: [Case; 4] = [
        ("ctrl_c_is_an_octet_and_the_terminal_comes_back", ctrl_c_is_an_octet_and_the_terminal_comes_back),
        ("a_panic_gives_the_terminal_back_before_it_is_reported", a_panic_gives_the_terminal_back),
        ("a_script_in_a_pipe_is_read_to_its_end", a_script_in_a_pipe_is_read_to_its_end),
        ("a_file_is_read_to_its_end", a_file_is_read_to_its_end),
    ];
    for (name, case) in cases {
        case();
        println!("test {name} ... ok");
    }
    // As libtest says it: `cargo xtask test` counts these lines.
    println!("\ntest result: ok. {} passed; 0 failed; 0 ignored", cases.len());
}

/// Prints what it reads in hexadecimal, until `q` or the end.
fn child(panics: bool) {
    let mut terminal = Terminal::stdio().expect("standard input");
    let mut writer = terminal.writer();
    writer.write_all(b"ready;").expect("standard output");
    loop {
        match terminal.read(Some(Duration::from_secs(60)), None).expect("readable") {
            Some(Event::Bytes(bytes)) => {
                for byte in &bytes {
                    write!(writer, "{byte:02x}").expect("standard output");
                }
                if bytes.contains(&b'q') {
                    assert!(!panics, "asked for");
                    break;
                }
            }
            Some(Event::Hangup) => {
                writer.write_all(b";end").expect("standard output");
                break;
            }
            Some(Event::Resize { .. } | Event::Break) => {}
            None => panic!("nothing for a minute"),
        }
    }
}

fn start(role: &str, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.env("TERMINAL_CHILD", role).env("RUST_BACKTRACE", "0");
    command.stdin(stdin).stdout(stdout).stderr(stderr).spawn().expect("a child")
}

/// A terminal as a shell leaves it, and its other end.
fn cooked() -> (OwnedFd, OwnedFd) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pty");
    grantpt(&master).expect("granted");
    unlockpt(&master).expect("unlocked");
    let path = ptsname(&master, Vec::new()).expect("a name");
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let slave = rustix::fs::open(OsStr::from_bytes(path.as_bytes()), flags, Mode::empty()).expect("a slave");
    assert!(is_cooked(&slave));
    (master, slave)
}

fn is_cooked(slave: impl AsFd) -> bool {
    let modes = tcgetattr(slave).expect("a terminal").local_modes;
    let all = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
    assert!(modes.contains(all) || !modes.intersects(all), "half raw: {modes:?}");
    modes.contains(all)
}

fn until(master: &OwnedFd, end: &str) -> String {
    let mut seen = String::new();
    let mut buf = [0; 256];
    while !seen.contains(end) {
        let n = rustix::io::read(master, &mut buf).expect("output of the child");
        seen.push_str(std::str::from_utf8(&buf[..n]).expect("ASCII"));
    }
    seen
}

fn on_a_terminal(role: &str) -> (String, ExitStatus) {
    let (master, slave) = cooked();
    let end = |fd: &OwnedFd| Stdio::from(fd.try_clone().expect("a descriptor"));
    let mut child = start(role, end(&slave), end(&slave), end(&slave));
    assert_eq!(until(&master, "ready;"), "ready;");
    assert!(!is_cooked(&slave), "raw while it runs");
    rustix::io::write(&master, b"\x03").expect("typed");
    assert_eq!(until(&master, "03"), "03", "no signal, no echo");
    rustix::io::write(&master, b"q").expect("typed");
    // The slave is open here too, so no end of file would come: the last words are waited for.
    let rest = until(&master, if role == "panic" { "backtrace\r\n" } else { "71" });
    let status = child.wait().expect("it ends");
    assert!(is_cooked(&slave), "as it was");
    (rest, status)
}

fn ctrl_c_is_an_octet_and_the_terminal_comes_back() {
    let (rest, status) = on_a_terminal("plain");
    assert_eq!(rest, "71");
    assert!(status.success(), "{status}");
}

fn a_panic_gives_the_terminal_back() {
    let (rest, status) = on_a_terminal("panic");
    assert!(!status.success(), "{status}");
    // A cooked terminal makes CR LF of the report's line ends.
    assert!(rest.contains("asked for\r\n"), "{rest:?}");
}

fn a_script_in_a_pipe_is_read_to_its_end() {
    let mut child = start("plain", Stdio::piped(), Stdio::piped(), Stdio::inherit());
    child.stdin.take().expect("a pipe").write_all(b"show\n").expect("written");
    let mut out = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut out).expect("output");
    assert_eq!(out, "ready;73686f770a;end");
    assert!(child.wait().expect("it ends").success());
}

fn a_file_is_read_to_its_end() {
    let null = std::fs::File::open("/dev/null").expect("/dev/null");
    let child = start("plain", null.into(), Stdio::piped(), Stdio::inherit());
    let out = child.wait_with_output().expect("it ends");
    assert_eq!(out.stdout, b"ready;;end");
    assert!(out.status.success());
}
