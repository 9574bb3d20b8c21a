//! `--trace=FILE.pcapng` as Wireshark's own readers see it.

use e2e::peers::Peer;
use e2e::process::run;
use e2e::towline::{Serve, command};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

/// Blocks of 512 octets, the last one of 100.
const OCTETS: usize = 20 * 512 + 100;

/// What is read of every packet: tshark takes half a second to start, so each capture is read once.
const FIELDS: &[&str] = &[
    "frame.len",
    "frame.cap_len",
    "frame.comment",
    "udp.length",
    "tftp.opcode",
    "tftp.block",
    "tftp.option.name",
    "tftp.option.value",
    "tcp.stream",
    "tcp.len",
    "ftp.request.command",
    "ftp.request.arg",
    "ftp.response.code",
    "ip.checksum.status",
    "udp.checksum.status",
    "tcp.checksum.status",
    "_ws.malformed",
    "_ws.expert.severity",
    "_ws.expert.message",
];

/// A warning of tshark's experts; errors are above it, notes and chats below.
const WARNING: u32 = 0x0060_0000;

/// A packet: the fields that it has.
type Frame = BTreeMap<&'static str, String>;

/// The packets of a capture, with the ports of a server that are not the well-known ones. Fails on anything
/// that tshark finds wrong: malformed packets, bad checksums, warnings of its experts.
fn read(tshark: &Peer, file: &Path, tftp: SocketAddr, ftp: SocketAddr) -> Vec<Frame> {
    let mut c = tshark.command();
    c.arg("-n").arg("-r").arg(file).args(["-T", "fields"]);
    for checked in ["ip.check_checksum", "udp.check_checksum", "tcp.check_checksum"] {
        c.args(["-o", &format!("{checked}:TRUE")]);
    }
    c.args(["-d", &format!("udp.port=={},tftp", tftp.port())]);
    c.args(["-d", &format!("tcp.port=={},ftp", ftp.port())]);
    c.args(FIELDS.iter().flat_map(|f| ["-e", f]));
    let ended = run(&mut c);
    assert_eq!(ended.code(), 0, "{}: {}", file.display(), ended.err);
    let frames: Vec<Frame> = ended
        .out
        .lines()
        .map(|line| {
            let fields = FIELDS.iter().copied().zip(line.split('\t').map(str::to_owned));
            fields.filter(|(_, value)| !value.is_empty()).collect()
        })
        .collect();
    for frame in &frames {
        let bad = |f: &str| frame.get(f).is_some_and(|status| status == "0");
        let severity = frame.get("_ws.expert.severity").map_or("", String::as_str);
        let warned = severity.split(',').filter_map(|s| s.parse::<u32>().ok()).any(|s| s >= WARNING);
        let wrong = frame.contains_key("_ws.malformed")
            || ["ip.checksum.status", "udp.checksum.status", "tcp.checksum.status"].into_iter().any(bad)
            || warned;
        assert!(!wrong, "{}: {frame:#?}", file.display());
    }
    let text = std::fs::read(file).expect("the capture");
    assert!(!text.windows(6).any(|w| w == b"S3cret"), "{}: a password", file.display());
    frames
}

/// One field, of the packets that have it.
fn field<'a>(frames: &'a [Frame], name: &str) -> Vec<&'a str> {
    frames.iter().filter_map(|f| f.get(name)).map(String::as_str).collect()
}

#[test]
fn tshark_reads_the_captures_of_both_ends_and_finds_nothing_wrong() {
    let Some(tshark) = Peer::find("tshark", "tshark") else { return };
    let Some(capinfos) = Peer::find("tshark", "capinfos") else { return };
    let (root, out) = (e2e::scratch(), e2e::scratch());
    let content: Vec<u8> = (0..OCTETS).map(|i| (i * 7 % 251) as u8).collect();
    std::fs::write(root.path().join("a.bin"), &content).expect("a file");
    std::fs::write(out.path().join("pw"), "S3cret\n").expect("a file");
    let at = |name: &str| out.path().join(name);
    let path = |name: &str| at(name).display().to_string();
    let user = format!("bob:@{}", path("pw"));
    let trace = format!("--trace={}", path("server.pcapng"));
    let serve = Serve::start(root.path(), &["--write", "--user", &user, &trace]);

    let copy = |trace: &str, flags: &[&str], from: &str, to: &str| {
        let ended =
            run(command().args(["copy", "--quiet", "--trace", &path(trace)]).args(flags).args([from, to]));
        assert_eq!(ended.code(), 0, "{from} -> {to}: {}", ended.err);
    };
    let (tftp, ftp) = (format!("tftp://{}", serve.tftp), format!("ftp://bob:S3cret@{}", serve.ftp));
    let few = ["--blksize", "512", "--windowsize", "4"];
    copy("get.pcapng", &few, &format!("{tftp}/a.bin"), &path("a"));
    copy("large.pcapng", &["--blksize", "8192"], &path("a"), &format!("{tftp}/b.bin"));
    copy("passive.pcapng", &[], &format!("{ftp}/a.bin"), &path("c"));
    copy("active.pcapng", &["--active"], &path("c"), &format!("{ftp}/d.bin"));
    serve.process.signal(Signal::INT);
    let ended = serve.process.wait(e2e::poll::PATIENCE);
    assert_eq!(ended.code(), 0, "{}", ended.err);
    for (name, what) in [(at("a"), "get"), (at("c"), "passive"), (root.path().join("d.bin"), "active")] {
        assert!(std::fs::read(&name).expect("the copy") == content, "{what}: identical octets");
    }

    let names = ["get.pcapng", "large.pcapng", "passive.pcapng", "active.pcapng", "server.pcapng"];
    let [get, large, passive, active, server] =
        names.map(|name| read(&tshark, &at(name), serve.tftp, serve.ftp));
    let ended = run(capinfos.command().args(["-M", "-o"]).args(names.map(at)));
    assert_eq!(ended.code(), 0, "{}", ended.err);
    let ordered = ended.out.lines().filter(|l| l.starts_with("Strict time order") && l.ends_with("True"));
    assert_eq!(ordered.count(), names.len(), "{}", ended.out);

    // TFTP: the request, its answer, the blocks and acknowledgements, with the options' names.
    let opcodes = field(&get, "tftp.opcode");
    assert_eq!(opcodes[..3], ["1", "6", "4"], "RRQ, OACK, ACK 0");
    assert!(opcodes.iter().filter(|o| **o == "3").count() >= 21, "21 blocks: {opcodes:?}");
    let (names, values) = (&get[1]["tftp.option.name"], &get[1]["tftp.option.value"]);
    assert!(names.contains("tsize") && names.contains("windowsize"), "{names}");
    assert!(values.contains(&OCTETS.to_string()), "{values}");
    assert!(get[0]["frame.comment"].contains("Decode As"), "{:?}", get[0]);
    // What the tap does not show is not captured, and its length is told.
    let is_data = |f: &&Frame| f.get("tftp.opcode").is_some_and(|o| o == "3");
    let block = large.iter().find(is_data).expect("DATA");
    let lens = ["frame.len", "frame.cap_len", "udp.length"].map(|f| block[f].as_str());
    assert_eq!(lens, ["8224", "540", "8204"], "20 + 8 + 4 + 8192 octets, of the datagram 512 captured");

    // FTP: commands and replies, the data connection, no password.
    for (frames, verb) in [(&passive, "RETR"), (&active, "STOR")] {
        let commands = field(frames, "ftp.request.command");
        assert!(commands.first() == Some(&"USER") && commands.contains(&verb), "{commands:?}");
        let replies = field(frames, "ftp.response.code");
        assert!(["220", "230", "150", "226"].iter().all(|r| replies.contains(r)), "{replies:?}");
        let pass = frames.iter().find(|f| f.get("ftp.request.command").is_some_and(|c| c == "PASS"));
        let pass = pass.expect("PASS");
        assert_eq!(
            (pass["ftp.request.arg"].as_str(), pass["frame.comment"].as_str()),
            ("****", "the password is masked")
        );
        let data = frames.iter().filter(|f| f.get("tcp.stream").is_some_and(|s| s == "1"));
        let octets: usize = data.map(|f| f["tcp.len"].parse::<usize>().expect("a number")).sum();
        assert_eq!(octets, OCTETS, "{verb}: the data connection's segments add up to the file");
    }

    // The server saw the same; data segments are cut by each end as it reads and writes.
    for what in ["tftp.opcode", "ftp.request.command", "ftp.response.code"] {
        let mut here = field(&server, what);
        let mut there: Vec<&str> = [&get, &large, &passive, &active].map(|f| field(f, what)).concat();
        here.sort_unstable();
        there.sort_unstable();
        // A busy machine may lose or repeat a datagram on loopback; not one control line.
        if what == "tftp.opcode" {
            assert!(here.len().abs_diff(there.len()) * 4 < here.len(), "{} and {}", here.len(), there.len());
        } else {
            assert_eq!(here, there, "{what}");
        }
    }
}
