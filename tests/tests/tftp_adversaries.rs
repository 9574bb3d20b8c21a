//! Peers that mean harm, or that are only unlucky, against a running `towline serve`.

use e2e::content::Content;
use e2e::poll::{PATIENCE, until};
use e2e::ports::udp_waits;
use e2e::process::run;
use e2e::towline::{Serve, command};
use e2e::wire::{Answer, Client, request};
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use rustix::process::Signal;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

/// Octets that one network (/24) and all together may get without showing that they are there, at once and
/// for each second: `crates/serve/src/tftp/budget.rs`.
const NETWORK: (u64, u64) = (1 << 20, 65_536);
const ALL: (u64, u64) = (8 << 20, 1 << 20);

/// Forged requests: each source asks for each of 24 files once and never answers. Gives what all of them got, and
/// how long it took.
fn flood(serve: &Serve, sources: impl Iterator<Item = Ipv4Addr>) -> (u64, Duration) {
    let begin = Instant::now();
    let (mut open, mut sent, mut got) = (Vec::new(), 0_u64, 0);
    let mut buffer = [0; 2_048];
    let mut take = |open: &[UdpSocket]| {
        let mut octets = 0;
        for socket in open {
            while let Ok(n) = socket.recv(&mut buffer) {
                octets += n as u64;
            }
        }
        octets
    };
    for at in sources {
        let socket = UdpSocket::bind((at, 0)).expect("all of 127.0.0.0/8 is ours");
        socket.set_nonblocking(true).expect("a flag");
        for n in 0..24 {
            socket.send_to(&request(1, &format!("f{n}"), &[]), serve.tftp).expect("loopback takes it");
            sent += 1;
        }
        open.push(socket);
        if open.len().is_multiple_of(8) {
            // All of them reach the server: it is its choice which it answers.
            let read = until(PATIENCE, || (!udp_waits(serve.tftp.port())).then_some(()));
            assert!(read.is_some(), "the server reads no more");
        }
        if open.len().is_multiple_of(64) {
            got += take(&open[open.len() - 64..]);
        }
    }
    // Answers that the disk held up, and the repeats of some seconds.
    let mut last = Instant::now();
    until(Duration::from_secs(4), || {
        let more = take(&open);
        got += more;
        if more > 0 {
            last = Instant::now();
        }
        (last.elapsed() > Duration::from_millis(1_500)).then_some(())
    });
    println!(
        "soak: {sent} forged requests of {} sources got {got} octets in {:?}",
        open.len(),
        begin.elapsed()
    );
    (got, begin.elapsed())
}

fn served_files() -> tempfile::TempDir {
    let root = e2e::scratch();
    for n in 0..24 {
        Content::random(4_000).write(&root.path().join(format!("f{n}"))).expect("room for a file");
    }
    root
}

fn bounded(what: &str, got: u64, took: Duration, (at_once, each_second): (u64, u64)) {
    let most = at_once + (took.as_secs_f64() * each_second as f64) as u64;
    assert!(got <= most, "{what} got {got} octets in {took:?}, at most {most}");
}

#[test]
fn rule_35_a_network_whose_addresses_are_forged_gets_a_mebibyte_and_others_are_served() {
    let (root, home) = (served_files(), e2e::scratch());
    let serve = Serve::start(root.path(), &[]);
    // 255 addresses x 24 x 516 octets are 3 MiB.
    let (got, took) = flood(&serve, (1..=255).map(|n| Ipv4Addr::new(127, 77, 7, n)));
    bounded("one network", got, took, NETWORK);
    assert!(got > NETWORK.0 / 8, "{got} octets: the flood did not come near the bound");
    let url = format!("tftp://{}/f3", serve.tftp);
    let ended = run(command().args(["copy", "--quiet", &url]).arg(home.path().join("f3")));
    assert_eq!(ended.code(), 0, "who is there is served: {ended:?}");
}

#[test]
fn rule_35_forged_addresses_everywhere_get_eight_mebibytes_together() {
    let root = served_files();
    let serve = Serve::start(root.path(), &[]);
    // 1,200 networks x 24 x 516 octets are 14 MiB; that many only in a soak.
    let networks = if e2e::is_soak() { 1_200 } else { 100 };
    let (got, took) = flood(
        &serve,
        (0..networks).map(|n: u16| {
            let [a, b] = n.to_be_bytes();
            Ipv4Addr::new(127, 100 + a, b, 9)
        }),
    );
    bounded("all networks", got, took, ALL);
}

fn error_of(client: &mut Client) -> (u16, String) {
    match client.hear() {
        Answer::Error(code, text) => (code, text),
        other => panic!("not an ERROR: {other:?}"),
    }
}

#[test]
fn rule_10_nothing_outside_and_nothing_but_files_is_served_or_written() {
    let (root, outside) = (e2e::scratch(), e2e::scratch());
    let path = root.path();
    std::fs::write(outside.path().join("secret"), "not yours").expect("a file");
    std::fs::write(path.join("f"), "yours").expect("a file");
    std::fs::create_dir(path.join("dir")).expect("a directory");
    symlink(outside.path().join("secret"), path.join("link")).expect("a link");
    symlink(outside.path(), path.join("way-out")).expect("a link");
    symlink("..", path.join("dir/up")).expect("a link");
    symlink("../f", path.join("dir/inside")).expect("a link");
    symlink("/proc/self/environ", path.join("environ")).expect("a link");
    symlink("loop", path.join("loop")).expect("a link");
    mknodat(CWD, path.join("fifo"), FileType::Fifo, Mode::from_raw_mode(0o666), 0).expect("a FIFO");
    let null =
        mknodat(CWD, path.join("null"), FileType::CharacterDevice, Mode::from_raw_mode(0o666), makedev(1, 3));
    let mut names: Vec<String> = [
        "link",
        "way-out/secret",
        "way-out/new",
        "environ",
        "loop",
        "fifo",
        "dir",
        "..",
        "../secret",
        "dir/../../x",
        "/../etc/passwd",
        "C:\\boot.ini",
        "\\..\\..\\etc\\passwd",
        "dir/up/../..",
        ".",
        "/",
        "dir/",
        "%2e%2e/x",
        "/etc/passwd",
        "/proc/self/mem",
        "/dev/null",
    ]
    .map(String::from)
    .to_vec();
    // Without root's rights there is no device here to be refused.
    names.extend(null.is_ok().then(|| String::from("null")));
    names.push(format!("{}/secret", outside.path().display()));
    names.push("n".repeat(300));
    names.push("d/".repeat(200) + "f");
    let before = listing(path);
    let serve = Serve::start(path, &["--write"]);
    let host = path.to_str().expect("UTF-8");
    for (n, name) in (0_u32..).zip(&names) {
        for opcode in [1, 2] {
            // From networks of their own: refusals are counted too.
            let mut client = Client::at(IpAddr::V4(Ipv4Addr::new(127, 3, n as u8, opcode)), serve.tftp);
            client.ask(opcode, name, &[]);
            let (code, text) = error_of(&mut client);
            assert!(matches!(code, 0..=2), "{opcode} {name}: {code} {text}");
            assert!(!text.contains(host) && !text.contains("towline-e2e"), "{name}: {text}");
        }
    }
    assert_eq!(listing(path), before, "refused uploads leave nothing");
    assert_eq!(std::fs::read_dir(outside.path()).expect("a directory").count(), 1);
    // A link that stays inside is followed; the server has not been held up by the FIFO.
    assert_eq!(Client::new(serve.tftp).get("dir/inside", &[]), b"yours");
}

fn listing(dir: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let mut dirs = vec![dir.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(&dir).expect("our directory") {
            let entry = entry.expect("an entry");
            if entry.file_type().expect("a type").is_dir() {
                dirs.push(entry.path());
            }
            all.push(entry.path().display().to_string());
        }
    }
    all.sort();
    all
}

/// Begins an upload over `old` and stops in the middle.
fn half(serve: &Serve) -> Client {
    let mut client = Client::new(serve.tftp);
    client.ask(2, "old", &[("tsize", "5000")]);
    assert!(matches!(client.hear(), Answer::Oack(_)));
    for block in 1..=4_u8 {
        client.say(&[&[0, 3, 0, block], &[0xAB; 512][..]].concat());
        assert_eq!(client.hear(), Answer::Ack(block.into()));
    }
    client
}

#[test]
fn rule_36_an_upload_that_breaks_in_the_middle_leaves_the_old_file_alone() {
    type Break = fn(Client, &Serve);
    let breaks: [(&str, Break); 4] = [
        ("the client says so", |client, _| client.say(b"\0\x05\0\0no more\0")),
        // Its port is closed: the server's next ACK finds nobody (ICMP).
        ("the client ends", |client, _| {
            client.say(&[&[0, 3, 0, 5], &[0xAB; 512][..]].concat());
            drop(client);
        }),
        ("a block is too long", |client, _| client.say(&[&[0, 3, 0, 5], &[0xAB; 600][..]].concat())),
        ("the server is killed", |client, serve| {
            serve.process.signal(Signal::KILL);
            drop(client);
        }),
    ];
    for (what, cause) in breaks {
        let root = e2e::scratch();
        std::fs::write(root.path().join("old"), "the old file").expect("a file");
        let serve = Serve::start(root.path(), &["--write"]);
        let client = half(&serve);
        assert_eq!(
            std::fs::read(root.path().join("old")).expect("the file"),
            b"the old file",
            "{what}: during it"
        );
        cause(client, &serve);
        if what != "the server is killed" {
            let ended = || serve.events().iter().any(|e| e["event"] == "ended" && e["outcome"] != "complete");
            assert!(until(PATIENCE, || ended().then_some(())).is_some(), "{what}: {:?}", serve.events());
        }
        drop(serve);
        assert_eq!(std::fs::read(root.path().join("old")).expect("the file"), b"the old file", "{what}");
        // What a killed server could not remove is hidden, and gone when the next one starts.
        let again = Serve::start(root.path(), &["--write"]);
        let alone = || (listing(root.path()).len() == 1).then_some(());
        assert!(until(PATIENCE, alone).is_some(), "{what}: {:?}", listing(root.path()));
        assert_eq!(Client::new(again.tftp).get("old", &[]), b"the old file", "{what}");
    }
}

/// IOS repeats its WRQ after 4 s. When the first answer was slow, a server that takes the repeat for a new
/// upload tells it that the file exists: its own.
#[test]
fn rule_07_a_wrq_repeated_while_the_first_answer_is_slow_is_the_same_upload() {
    let root = e2e::scratch();
    let serve = Serve::start(root.path(), &["--write", "--upload", "/=create"]);
    let mut client = Client::new(serve.tftp);
    // The server is stopped as a loaded machine or disk stops it; meanwhile the device asks three times.
    serve.process.signal(Signal::STOP);
    for _ in 0..3 {
        client.ask(2, "r1-confg", &[]);
    }
    serve.process.signal(Signal::CONT);
    assert_eq!(client.hear(), Answer::Ack(0));
    upload_to_the_end(&mut client, root.path());
    one_upload(&serve);
}

#[test]
fn rule_07_a_wrq_repeated_after_four_seconds_is_the_same_upload() {
    let root = e2e::scratch();
    let serve = Serve::start(root.path(), &["--write", "--upload", "/=create"]);
    let mut client = Client::new(serve.tftp);
    client.ask(2, "r1-confg", &[]);
    assert_eq!(client.hear(), Answer::Ack(0));
    let tid = client.tid;
    // The answers are lost on their way for four seconds.
    assert!(until(Duration::from_secs(4), || None::<()>).is_none());
    client.socket.set_nonblocking(true).expect("a flag");
    while client.socket.recv(&mut [0; 600]).is_ok() {}
    client.socket.set_nonblocking(false).expect("a flag");
    client.ask(2, "r1-confg", &[]);
    assert_eq!(client.hear(), Answer::Ack(0));
    assert_eq!(client.tid, tid, "the same transfer answers");
    upload_to_the_end(&mut client, root.path());
    one_upload(&serve);
}

/// The log tells one upload, complete.
fn one_upload(serve: &Serve) {
    let count = |what| serve.events().iter().filter(|e| e["event"] == what).count();
    let over = until(PATIENCE, || (count("ended") > 0).then_some(()));
    assert!(over.is_some() && count("started") == 1 && count("refused") == 0, "{:?}", serve.events());
}

/// Two blocks; answers to the repeated request may come in between.
fn upload_to_the_end(client: &mut Client, root: &Path) {
    let content = Content::random(700);
    let mut octets = Vec::new();
    content.reader().read_to_end(&mut octets).expect("a generator does not fail");
    for (block, piece) in [(1, &octets[..512]), (2, &octets[512..])] {
        client.say(&[&[0, 3, 0, block], piece].concat());
        loop {
            match client.hear() {
                Answer::Ack(n) if n == u16::from(block) => break,
                Answer::Ack(0) => {}
                other => panic!("block {block}: {other:?}"),
            }
        }
    }
    assert!(std::fs::read(root.join("r1-confg")).expect("the upload") == octets);
}
