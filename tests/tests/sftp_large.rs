//! A file over SFTP across key exchanges, octet for octet, with the same memory as for a small one.
//!
//! Here it is 64 MiB, and OpenSSH's side wants new keys every 8 MiB. With `E2E_SOAK` it is 5 GiB and nobody is
//! told to: OpenSSH keeps the keys of aes128-gcm for 64 GiB, so that each exchange that it notes is one of ours.

use e2e::battery::USER;
use e2e::large::{LARGE, arrived, marked, streamed};
use e2e::memory::peak;
use e2e::peers::Peer;
use e2e::process::{Ended, Process, with_variables_of};
use e2e::ssh_clients::{self, Typed, openssh};
use e2e::ssh_servers::openssh_with;
use e2e::towline::command;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const MIB: u64 = 1 << 20;
const SMALL: u64 = 16 * MIB;
/// What a server may have more after a large file than after a small one: a peer's window is 8 MiB, which may all
/// wait while keys are exchanged, and be on its way to the file besides. One that keeps what it carries has 48 MiB.
const SLACK: u64 = 16 * MIB;
/// The longest that one file may take on a loaded machine.
const ONE: Duration = Duration::from_secs(600);

fn large() -> u64 {
    if e2e::is_soak() { LARGE } else { 64 * MIB + 4_321 }
}

/// After how many octets OpenSSH wants new keys: a line of its configuration.
fn limit() -> &'static str {
    if e2e::is_soak() { "RekeyLimit default none" } else { "RekeyLimit 8M" }
}

/// How many key exchanges there must have been for a file of this length: half of what is due, for what is under
/// way while keys are exchanged counts for neither of them.
fn due(len: u64) -> usize {
    let each = if e2e::is_soak() { 1 << 30 } else { 8 * MIB };
    usize::try_from(len / each / 2).expect("a few")
}

/// OpenSSH's sftp with one line of a script; what it said, and how many key exchanges there were.
fn sftp(programs: &[Peer; 2], port: u16, home: &Path, script: String) -> Ended {
    let [sftp, ssh] = programs;
    // The first word about an option counts.
    let mut arguments: Vec<String> = ["-o", "LogLevel=DEBUG1", "-o"].map(str::to_owned).into();
    arguments.push(limit().replacen(' ', "=", 1));
    arguments.extend(openssh(home));
    let ssh = ssh.path().display().to_string();
    let (port, user) = (port.to_string(), format!("{}@127.0.0.1", USER.0));
    let rest = ["-c", "aes128-gcm@openssh.com", "-S", &ssh, "-P", &port, "-b", "script", &user];
    arguments.extend(rest.map(str::to_owned));
    ssh_clients::started(sftp, &Typed { arguments, script }, home).wait(ONE)
}

/// Asserts that a file of this length crossed as many key exchanges as it must, and says how long it took.
fn crossed<'a>(what: &str, len: u64, begin: Instant, lines: impl Iterator<Item = &'a str>) {
    let seen = lines.filter(|l| l.contains("rekeying out")).count();
    let took = begin.elapsed().as_secs_f64();
    println!("soak: {what}: {len} octets in {took:.1} s, across {seen} key exchanges");
    assert!(seen >= due(len), "{what}: {seen} key exchanges in {len} octets, at least {} are due", due(len));
}

#[test]
fn a_file_crosses_key_exchanges_with_the_stock_client_and_costs_no_memory() {
    let (Some(program), Some(ssh)) = (Peer::find("openssh", "sftp"), Peer::find("openssh", "ssh")) else {
        return;
    };
    let programs = [program, ssh];
    let (sources, root, home) = (e2e::scratch_in_memory(), e2e::scratch(), e2e::scratch());
    let mut serve = ssh_clients::start(root.path(), home.path());
    let port = serve.listening("sftp").port();
    let (original, up, down) =
        (sources.path().join("original"), root.path().join("up"), home.path().join("down"));
    let mut peaks = Vec::new();
    for len in [SMALL, large()] {
        marked(&original, len);
        for (way, script) in [
            ("put", format!("put {} up\n", original.display())),
            ("get", format!("get up {}\n", down.display())),
        ] {
            let begin = Instant::now();
            let ended = sftp(&programs, port, home.path(), script);
            assert_eq!(ended.code(), 0, "{ended:?}");
            crossed(&format!("openssh: sftp {way}"), len, begin, ended.err.lines());
        }
        assert_eq!(arrived("openssh", "sftp get large", &down, &original), len);
        assert_eq!(arrived("openssh", "sftp put large", &up, &original), len);
        peaks.push(serve.processes().into_iter().map(peak).sum::<u64>());
    }
    let kib: Vec<u64> = peaks.iter().map(|p| p / 1024).collect();
    println!("soak: server's peak memory, KiB, after {SMALL}, {} octets: {kib:?}", large());
    assert!(peaks[1] - peaks[0] < SLACK, "peak memory grows with the file: {peaks:?}");
}

#[test]
fn a_file_crosses_key_exchanges_between_our_client_and_the_stock_server() {
    let lines = format!("LogLevel DEBUG1\n{}\n", limit());
    let Some(sshd) = openssh_with(e2e::scratch(), &lines) else { return };
    let (sources, len) = (e2e::scratch_in_memory(), large());
    let original = sources.path().join("original");
    marked(&original, len);
    let url = format!("{}up", sshd.server.url);
    let mut copy = command();
    copy.args(["copy", "--quiet"]).args(sshd.flags());
    let said = || sshd.server.process.said().err;
    let begin = Instant::now();
    let ended = Process::start(again(&copy).arg(&original).arg(&url)).wait(ONE);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let before = said().len();
    crossed("towline: sftp put", len, begin, said()[..before].iter().map(String::as_str));
    let begin = Instant::now();
    assert_eq!(streamed("openssh", "our sftp get large", again(&copy).args([&url, "-"]), &original), len);
    crossed("towline: sftp get", len, begin, said()[before..].iter().map(String::as_str));
    let up = sshd.server.served.join("up");
    assert_eq!(arrived("openssh", "our sftp put large", &up, &original), len);
}

/// Both want new keys at the same octet.
#[test]
fn a_file_goes_between_our_client_and_our_server() {
    let (sources, root, home) = (e2e::scratch_in_memory(), e2e::scratch(), e2e::scratch());
    let (original, len) = (sources.path().join("original"), large());
    marked(&original, len);
    let mut serve = ssh_clients::start(root.path(), home.path());
    let url = format!("sftp://{}@{}/up", USER.0, serve.listening("sftp"));
    let mut copy = command();
    copy.args(["copy", "--quiet", "--host-key", "accept-new"]).env("TOWLINE_PASSWORD", USER.1);
    copy.env("HOME", home.path()).env("XDG_STATE_HOME", home.path());
    let begin = Instant::now();
    let ended = Process::start(again(&copy).arg(&original).arg(&url)).wait(ONE);
    assert_eq!(ended.code(), 0, "{ended:?}");
    println!("soak: towline: sftp put: {len} octets in {:.1} s", begin.elapsed().as_secs_f64());
    assert_eq!(streamed("towline", "sftp get large", again(&copy).args([&url, "-"]), &original), len);
    assert_eq!(arrived("towline", "sftp put large", &root.path().join("up"), &original), len);
}

/// The same command once more, for what is to be added to it.
fn again(command: &Command) -> Command {
    let mut c = Command::new(command.get_program());
    c.args(command.get_args());
    with_variables_of(&mut c, command);
    c
}
