//! `kill -9` of a server in the middle of an upload over TFTP, FTP and SFTP, and of a TFTP client: the old file
//! or the new one is there, whole, and the other end is never told a success that is not there.

use client::{HostKeys, Options, Remote, Scheme};
use e2e::content::{Content, print_of};
use e2e::ours;
use e2e::poll::PATIENCE;
use e2e::process::Process;
use gate::audit::What;
use gate::{Gate, Outcome, Policy};
use rustix::process::Signal;
use serve::tftp::{TftpConfig, TftpServer};
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use store::Blob;
use store::local::{Local, LocalOptions};

const LEN: u64 = 200_017;

/// The points, and whether the new file is there after a kill at it. The last one is after the rename
/// and before the reply.
const POINTS: &[(&str, bool)] = &[
    ("temporary-made", false),
    ("middle", false),
    ("last-octet", false),
    ("before-sync", false),
    ("after-sync", false),
    ("named", false),
    ("renamed", true),
];

#[test]
fn a_server_killed_at_each_named_point_over_tftp() {
    for &(point, is_new) in POINTS {
        server_killed(Scheme::Tftp, point, is_new);
    }
}

#[test]
fn a_server_killed_at_each_named_point_over_ftp() {
    for &(point, is_new) in POINTS {
        server_killed(Scheme::Ftp, point, is_new);
    }
}

#[test]
fn a_server_killed_at_each_named_point_over_sftp() {
    for &(point, is_new) in POINTS {
        server_killed(Scheme::Sftp, point, is_new);
    }
}

#[test]
fn a_server_killed_at_random_offsets() {
    for n in 0..24 {
        let scheme = [Scheme::Tftp, Scheme::Ftp, Scheme::Sftp][n % 3];
        let offset = random_offset();
        println!("{scheme}: the server is killed at offset {offset}");
        server_killed(scheme, &offset.to_string(), false);
    }
}

fn random_offset() -> u64 {
    let mut random = [0; 8];
    getrandom::fill(&mut random).expect("random octets");
    u64::from_ne_bytes(random) % LEN + 1
}

fn server_killed(scheme: Scheme, point: &str, is_new: bool) {
    let case = format!("{scheme}, server killed at {point}");
    let dir = e2e::scratch();
    let file = dir.path().join("image.bin");
    let (old, new) = (Content::random(100_003), Content::random(LEN));
    old.write(&file).expect("the old file");
    let mut server = serve(dir.path(), point);
    let told = put(new, scheme, &mut server);
    // TFTP's sender may have its last window out and say so; it never says more.
    let claims = matches!(&told, Ok(done) if done.outcome == client::Outcome::Complete);
    assert!(!claims, "{case}: the client was told {told:?}");
    assert!(scheme == Scheme::Tftp || told.is_err(), "{case}: there is a reply or none, found {told:?}");
    let ended = server.wait(PATIENCE);
    assert_eq!(ended.status.signal(), Some(Signal::KILL.as_raw()), "{case}: {ended:?}");
    let found = print_of(&mut File::open(&file).expect("the file")).expect("readable");
    assert_eq!(found, if is_new { new.print() } else { old.print() }, "{case}");

    // A new server finds nothing in its way, and nobody sees what was left.
    let mut server = serve(dir.path(), "none");
    let again = Content::random(LEN + 7);
    put(again, scheme, &mut server).unwrap_or_else(|e| panic!("{case}, then again: {e}"));
    let found = print_of(&mut File::open(&file).expect("the file")).expect("readable");
    assert_eq!(found, again.print(), "{case}, then again");
    let left: Vec<_> = std::fs::read_dir(dir.path())
        .expect("the directory")
        .map(|e| e.expect("an entry").file_name().into_string().expect("ASCII"))
        .filter(|n| n != ".towline" && n != "image.bin")
        .collect();
    assert!(left.is_empty(), "{case}: {left:?}");
}

#[test]
fn a_tftp_client_killed_at_random_offsets_changes_nothing() {
    let dir = e2e::scratch();
    let file = dir.path().join("image.bin");
    let old = Content::random(100_003);
    old.write(&file).expect("the old file");
    let options = LocalOptions { write: true, ..LocalOptions::default() };
    let store = Arc::new(Local::open(dir.path(), options).expect("the directory"));
    let (gate, events) = Gate::new(store, Policy { write: true, ..Policy::default() });
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let config = TftpConfig { no_progress: Duration::from_millis(300), ..TftpConfig::default() };
    let server = TftpServer::start(gate, vec![socket], config, None).expect("a server");
    for _ in 0..20 {
        // The tap sees a window after it was sent: with the last one out (16 blocks of 1,428 octets, and
        // one before it), the server rightly has the whole file.
        let offset = random_offset().min(LEN - 2 * 16 * 1_428);
        println!("the client is killed at offset {offset}");
        let status = Command::new(env!("CARGO_BIN_EXE_crasher"))
            .args(["put", &server.addresses()[0].to_string(), "7", &LEN.to_string(), &offset.to_string()])
            .status()
            .expect("the client starts");
        assert_eq!(status.signal(), Some(Signal::KILL.as_raw()));
        let end = loop {
            match events.recv_timeout(PATIENCE).expect("the transfer ends").what {
                What::Ended { end, .. } => break end,
                _ => continue,
            }
        };
        assert!(matches!(end.outcome, Outcome::TimedOut | Outcome::Aborted), "{end:?}");
        let found = print_of(&mut File::open(&file).expect("the file")).expect("readable");
        assert_eq!(found, old.print(), "killed at {offset}");
        let names = std::fs::read_dir(dir.path()).expect("the directory").count();
        assert_eq!(names, 1, "TFTP keeps no partials");
    }
}

fn serve(dir: &std::path::Path, point: &str) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crasher"));
    command.arg("serve").arg(dir).args([&LEN.to_string(), point]);
    Process::start_with(&mut command, Stdio::piped())
}

/// What it printed behind this word.
fn told(server: &mut Process, key: &str) -> String {
    let key = format!("{key} ");
    server.wait_for(&key, |said| said.out.iter().find_map(|line| line.strip_prefix(&key).map(str::to_owned)))
}

fn put(content: Content, scheme: Scheme, at: &mut Process) -> Result<client::Done, client::ClientError> {
    let octets = content.octets();
    let login = |text: &str| (scheme != Scheme::Tftp).then(|| text.to_owned());
    let server = told(at, &scheme.to_string()).parse().expect("host:port");
    let (user, password) = (login("alice"), login("hunter2"));
    let remote = Remote { user, password, ..ours::remote(scheme, server, "image.bin") };
    let mut options = Options::default();
    options.ssh.host_keys = HostKeys::Pinned(told(at, "key"));
    // The dead server's port answers at once on loopback; this is for the rest.
    options.tftp.no_progress = Duration::from_secs(2);
    client::put(&Blob::Memory(octets.into()), &remote, &options)
}
