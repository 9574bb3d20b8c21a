//! `towline relay` as a process, between `towline serve` and `towline copy`.

use super::running::{PATIENCE, Running};
use super::{text, towline};
use std::io::{BufRead, BufReader, Read};
use std::net::UdpSocket;
use std::process::{Command, Stdio};

const CONTENT: usize = 120_000;

fn content() -> Vec<u8> {
    (0..CONTENT).map(|i| (i * 7 % 251) as u8).collect()
}

fn server(root: &tempfile::TempDir) -> (Running, String) {
    std::fs::write(root.path().join("a.bin"), content()).unwrap();
    let server =
        Running::serve(&[text(root.path()), "--bind", "127.0.0.1", "--tftp", "0", "--ftp", "off"], 1);
    let address = server.address("tftp").to_string();
    (server, address)
}

/// A relay to `to` with these flags, and where it listens.
fn relay(to: &str, flags: &[&str]) -> (Running, String) {
    let args = [&["relay", "--json", "--to", to, "--listen", "127.0.0.1:0"], flags].concat();
    let mut relay = Running::start(&args);
    let first = relay.next();
    assert_eq!((&first["event"], &first["to"]), (&"relaying".into(), &to.into()));
    let address = first["address"].as_str().expect("text").to_owned();
    (relay, address)
}

#[test]
fn a_copy_through_a_bad_line_is_whole_and_the_relay_tells_what_it_did() {
    let (root, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (_server, address) = server(&root);
    let odds = ["--loss", "5%", "--dup", "0.03", "--reorder", "3%", "--seed", "4"];
    let (mut relay, through) = relay(&address, &odds);
    let got = out.path().join("a.bin");
    let url = format!("tftp://{through}/a.bin");
    let traces = ["t.txt", "t.svg", "t.pcapng"].map(|name| out.path().join(name));
    let flags = traces.each_ref().map(|path| format!("--trace={}", text(path)));
    let copied = towline(
        &[
            &["copy", "--quiet", "--blksize", "512", "--windowsize", "4", &url, text(&got)][..],
            &flags.each_ref().map(String::as_str),
        ]
        .concat(),
    );
    assert_eq!(copied.status.code(), Some(0), "seed 4: {copied:?}");
    assert!(std::fs::read(&got).unwrap() == content(), "seed 4: identical octets");

    // What the line did is marked in every kind of trace.
    for (trace, mark) in traces.iter().zip([&b"  dup\n"[..], b"class=\"dup\"", b"duplicate"]) {
        let octets = std::fs::read(trace).unwrap();
        assert!(octets.windows(mark.len()).any(|w| w == mark), "seed 4: no mark in {}", trace.display());
    }

    let client = relay.until("client");
    let port = relay.until("port");
    assert_eq!(client["peer"], port["peer"]);
    assert_ne!(port["server"].as_str(), Some(address.as_str()), "the server's TID");
    assert_ne!(port["shown_as"].as_str(), Some(through.as_str()), "the client sees a TID too");
    relay.interrupt();
    let [up, down] = [relay.until("relayed"), relay.until("relayed")];
    let struck = |way: &str, fates: &[&str]| {
        let of = |e: &&serde_json::Value| e["event"] == "struck" && e["way"] == way;
        let fate = |e: &&serde_json::Value| fates.contains(&e["fate"].as_str().expect("text"));
        relay.seen.iter().filter(of).filter(fate).count()
    };
    for (way, counts) in [("up", &up), ("down", &down)] {
        assert_eq!(counts["way"], way);
        let both = "duplicated-and-reordered";
        for (field, fates) in [
            ("lost", &["lost"][..]),
            ("duplicated", &["duplicated", both]),
            ("reordered", &["reordered", both]),
        ] {
            assert_eq!(counts[field], struck(way, fates), "{way} {field}: {counts}");
        }
    }
    // 235 blocks: 12 of them are lost by the odds.
    assert!(down["lost"].as_u64() > Some(2) && down["duplicated"].as_u64() > Some(0), "{down}");
    assert!(down["datagrams"].as_u64() > Some(235) && up["datagrams"].as_u64() > Some(58), "{up} {down}");
    let packet =
        relay.seen.iter().find(|e| e["event"] == "struck" && e["way"] == "down").expect("one")["packet"]
            .clone();
    assert!(packet.as_str().is_some_and(|p| p.starts_with("DATA ") || p.starts_with("OACK")), "{packet}");
    let (status, said) = relay.end();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("5 % lost, 3 % doubled, 3 % held back, delay 2 ms; seed 4."), "{said}");
}

#[test]
fn nothing_passes_where_everything_is_lost() {
    let (root, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (_server, address) = server(&root);
    let (mut relay, through) = relay(&address, &["--loss", "100%"]);
    let url = format!("tftp://{through}/a.bin");
    let failed = towline(&["copy", "--quiet", "--patience", "1", &url, text(out.path())]);
    assert_eq!(failed.status.code(), Some(3), "{failed:?}");
    relay.interrupt();
    let [up, down] = [relay.until("relayed"), relay.until("relayed")];
    assert!(up["lost"].as_u64() > Some(0) && up["lost"] == up["datagrams"], "{up}");
    assert_eq!(down["datagrams"], 0, "{down}");
    assert_eq!(relay.end().0.code(), Some(0));
}

#[test]
fn people_see_where_it_listens_and_in_the_end_a_table() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = server.local_addr().unwrap().to_string();
    let mut child = Command::new(env!("CARGO_BIN_EXE_towline"))
        .args(["relay", "--to", &to, "--listen", "127.0.0.1:0", "--rate", "80Kbit"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    assert!(first.contains(&format!("-> {to}: 10,000 octets a second; seed ")), "{first}");
    let address = first.split(' ').nth(1).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.send_to(b"hello", address).unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut buffer = [0; 16];
    assert_eq!(server.recv_from(&mut buffer).unwrap().0, 5);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let rows: Vec<Vec<&str>> = rest.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["datagrams", "octets", "lost", "dropped", "duplicated", "reordered"]);
    assert_eq!(rows[1], ["to", "server", "1", "5", "0", "0", "0", "0"]);
    assert_eq!(rows[2], ["to", "client", "0", "0", "0", "0", "0", "0"]);
}
