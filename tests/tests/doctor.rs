//! `towline doctor` against real servers, and across real firewalls and MTUs in networks of its own.
//!
//! What needs no network is tested beside the code (`crates/towline/src/doctor/tests.rs`).

use e2e::cable::{Cable, done, inside, ip};
use e2e::peers::Peer;
use e2e::poll::{PATIENCE, until};
use e2e::process::{Ended, Process, run};
use e2e::tftp_servers::{Place, atftpd, dnsmasq, net_tftpd, partftpy, py3tftp, tftpd_hpa, tftpy};
use e2e::towline::{Serve, command};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Octets of the file that is read: 137 blocks of 1,468.
const OCTETS: usize = 200_000;

fn directory() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let dir = e2e::scratch();
    let file = dir.path().join("image.bin");
    std::fs::write(&file, vec![7; OCTETS]).expect("written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("own file");
    dir
}

fn doctor(url: &str) -> Command {
    patient("1", url)
}

fn patient(seconds: &str, url: &str) -> Command {
    let mut c = command();
    c.args(["doctor", "--json", "--patience", seconds, url]);
    c
}

/// Names of the findings, and the event at the end; every line is one that docs/events.md describes.
#[track_caller]
fn findings(ended: &Ended) -> (Vec<String>, Value) {
    let mut names = Vec::new();
    let mut examined = Value::Null;
    for line in ended.out.lines() {
        let event: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(towline::events::faults(&event), Vec::<String>::new(), "{line}");
        match event["event"].as_str() {
            Some("finding") => names.push(event["finding"].as_str().expect("a name").to_owned()),
            Some("examined") => examined = event,
            _ => {}
        }
    }
    (names, examined)
}

/// Without what depends on the machine that runs the tests.
#[track_caller]
fn of_the_server(ended: &Ended) -> Vec<String> {
    let of_the_host = ["firewall", "firewall-unseen", "reverse-path-filter"];
    findings(ended).0.into_iter().filter(|n| !of_the_host.contains(&n.as_str())).collect()
}

#[test]
fn nothing_is_wrong_with_towline_serve() {
    let dir = directory();
    let server = Serve::start(dir.path(), &[]);
    let ended = run(&mut doctor(&format!("tftp://{}/image.bin", server.tftp)));
    assert_eq!((ended.code(), of_the_server(&ended)), (0, vec![]), "{ended:?}");
    let examined = findings(&ended).1;
    assert_eq!(examined["octets"], OCTETS, "{examined}");
    assert!(examined["largest"].as_u64() >= Some(1_468), "{examined}");
    assert!(examined["window"].as_f64() > Some(0.0) && examined["lock_step"].as_f64() > Some(0.0));
    assert!(ended.err.contains("nothing wrong ("), "people's text goes to stderr: {}", ended.err);
    // No transfer of the server hangs about: each was ended by the client.
    let ends = until(PATIENCE, || {
        let events = server.events();
        let of = |event: &str| events.iter().filter(|e| e["event"] == event).count();
        (of("ended") == of("started")).then(|| of("ended"))
    });
    assert!(ends.is_some_and(|n| n >= 10), "{:?}", server.events());
}

#[test]
fn a_wrong_name_and_a_closed_port_have_their_exit_codes() {
    let dir = directory();
    let server = Serve::start(dir.path(), &[]);
    let ended = run(&mut doctor(&format!("tftp://{}/Image.BIN", server.tftp)));
    assert_eq!((ended.code(), of_the_server(&ended)), (5, vec!["wrong-case".to_owned()]), "{ended:?}");
    assert!(ended.err.contains("'image.bin'"), "{}", ended.err);
    let at = server.tftp;
    drop(server);
    let ended = run(&mut doctor(&format!("tftp://{at}/image.bin")));
    let both = vec!["nothing-listens".to_owned(), "port-closed".to_owned()];
    assert_eq!((ended.code(), of_the_server(&ended)), (3, both), "{ended:?}");
}

#[test]
fn wrong_command_lines_are_told() {
    for (arguments, part) in [
        (&["doctor"][..], "URL"),
        (&["doctor", "gopher://h/x"], "unknown scheme"),
        (&["doctor", "http://h/x"], "nothing examines a server of HTTP"),
        (&["doctor", "tftp://h/"], "names no file"),
        (&["doctor", "--server", ".", "tftp://h/x"], "cannot be used with"),
        (&["doctor", "--port", "6969", "tftp://h/x"], "'--port <PORT>' cannot be used with"),
    ] {
        let ended = run(command().args(arguments));
        assert_eq!((ended.code(), ended.err.contains(part)), (2, true), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn other_peoples_servers_are_judged_by_what_they_are_known_for() {
    let known: [(_, i32, &[&str], &str); 7] = [
        // 5.2 knows no windowsize; 0.8 moves a block for each repeated ACK.
        (tftpd_hpa(directory(), Place::Ipv4), 0, &["options-ignored"], "windowsize ignored"),
        (atftpd(directory(), Place::Ipv4), 0, &["sorcerers-apprentice"], "windowsize 4"),
        (dnsmasq(directory(), true), 0, &["options-ignored"], "timeout ignored, windowsize ignored"),
        // Both answer with a blksize that nobody asked for.
        (tftpy(directory()), 1, &["illegal-oack"], "tsize unlawful"),
        (partftpy(directory(), Place::Ipv4), 1, &["illegal-oack"], "tsize unlawful"),
        // `timeout 3.0`
        (py3tftp(directory()), 1, &["illegal-oack"], "timeout unlawful"),
        (net_tftpd(directory()), 1, &["options-silent", "sorcerers-apprentice"], "windowsize silence"),
    ];
    for (server, code, expected, option) in known {
        let Some(server) = server else { continue };
        let c = doctor(&format!("{}image.bin", server.url));
        let ended = match &server.inside {
            Some(space) => run(&mut space.enter(&c)),
            None => run(&mut { c }),
        };
        assert_eq!(
            (ended.code(), of_the_server(&ended)),
            (code, owned(expected)),
            "{}: {ended:?}",
            server.name
        );
        let options = findings(&ended).1["options"].clone();
        assert!(options.as_str().is_some_and(|o| o.contains(option)), "{}: {options}", server.name);
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

/// The two hosts, packet filters for them, and a directory to serve.
struct Net {
    cable: Cable,
    nft: Peer,
    dir: tempfile::TempDir,
}

impl Net {
    /// `None`: it cannot be had here, and the test returns.
    fn new() -> Option<Net> {
        let nft = Peer::find("nftables", "nft")?;
        Some(Net { cable: Cable::new("nftables")?, nft, dir: directory() })
    }

    /// Gives one side these rules and no others.
    #[track_caller]
    fn filter(&self, side: &Process, rules: &str) {
        let file = self.dir.path().join("rules");
        // nft wants the end of a line behind each block.
        let words: Vec<&str> = rules.split_whitespace().collect();
        let rules = words.join(" ").replace("; }", ";\n}\n");
        std::fs::write(&file, format!("flush ruleset\n{rules}\n")).expect("written");
        done(&mut inside(side, self.nft.command().arg("-f").arg(&file)));
    }

    fn serve(&self) -> Serve {
        let mut c = command();
        c.arg("serve").arg(self.dir.path());
        c.args(["--bind", "10.9.0.1", "--tftp", "69", "--ftp", "21", "--json"]);
        Serve::start_command(&mut inside(&self.cable.server, &c))
    }

    fn examined(&self) -> (i32, Vec<String>, Ended) {
        let ended = run(&mut inside(&self.cable.client, &doctor("tftp://10.9.0.1/image.bin")));
        let (names, _) = findings(&ended);
        (ended.code(), names, ended)
    }

    #[track_caller]
    fn finds(&self, code: i32, names: &[&str], words: &str) {
        let (exit, found, ended) = self.examined();
        assert_eq!((exit, found), (code, owned(names)), "{ended:?}");
        assert!(ended.err.contains(words), "'{words}' is missing: {}", ended.err);
    }
}

#[test]
fn a_client_s_firewall_is_told_and_the_remedy_helps() {
    let Some(net) = Net::new() else { return };
    let _server = net.serve();
    net.finds(0, &[], "nothing wrong (");
    let stateful = "chain in { type filter hook input priority 0; policy drop; \
                    icmp type { echo-reply, destination-unreachable } accept; \
                    ct state established,related accept; }";
    net.filter(&net.cable.client, &format!("table inet t {{ {stateful} }}"));
    net.finds(3, &["port-filtered", "firewall"], "drops what comes in and is not named");
    let helper = "ct helper tftp { type \"tftp\" protocol udp; } \
                  chain out { type filter hook output priority 0; udp dport 69 ct helper set \"tftp\"; }";
    net.filter(&net.cable.client, &format!("table ip t {{ {helper} {stateful} }}"));
    net.finds(0, &[], "nothing wrong (");
}

#[test]
fn a_server_s_firewall_is_told_by_what_still_gets_through() {
    let Some(net) = Net::new() else { return };
    let _server = net.serve();
    let input = |rules: &str| {
        format!(
            "table inet t {{ chain in {{ type filter hook input priority -300; policy drop; {rules} }} }}"
        )
    };
    net.filter(&net.cable.server, &input(""));
    net.finds(3, &["no-answer"], "nothing at all comes back from 10.9.0.1");
    net.filter(&net.cable.server, &input("icmp type echo-request accept; udp dport 33434 accept;"));
    net.finds(3, &["port-filtered"], "10.9.0.1 is up");
    net.filter(&net.cable.server, &input("udp dport 69 accept;"));
    net.finds(3, &["data-port-filtered"], "although it was acknowledged each time");
    let reject = "table ip t { chain in { type filter hook input priority 0; \
                  udp dport 69 reject with icmp type admin-prohibited; } }";
    net.filter(&net.cable.server, reject);
    net.finds(3, &["unreachable"], "a firewall between that rejects UDP port 69");
    net.filter(&net.cable.server, "");
    net.finds(0, &[], "nothing wrong (");
}

#[test]
fn a_host_that_is_not_there_is_unreachable() {
    let Some(net) = Net::new() else { return };
    let ended = run(&mut inside(&net.cable.client, &patient("8", "tftp://10.9.0.77/x")));
    assert_eq!((ended.code(), findings(&ended).0), (3, vec!["unreachable".to_owned()]), "{ended:?}");
    let ended = run(&mut inside(&net.cable.client, &doctor("tftp://192.0.2.1/x")));
    assert_eq!(
        (ended.code(), findings(&ended).0),
        (3, vec!["unreachable".to_owned()]),
        "no route: {ended:?}"
    );
}

#[test]
fn a_path_that_swallows_large_packets_is_told() {
    let Some(net) = Net::new() else { return };
    let Some(hpa) = Peer::find("tftpd-hpa", "in.tftpd") else { return };
    // A server that does not look at the MTU.
    let mut c = hpa.command();
    c.args(["-L", "-4", "-a", "10.9.0.1:69", "-s", "-u", "nobody"]).arg(net.dir.path());
    let _server = Process::start(&mut inside(&net.cable.server, &c));
    let up = until(PATIENCE, || {
        let table = std::fs::read_to_string(format!("/proc/{}/net/udp", net.cable.server.id())).ok()?;
        table.contains("0100090A:0045").then_some(())
    });
    assert!(up.is_some(), "in.tftpd does not listen");
    net.finds(0, &["options-ignored"], "blocks of up to 65,464 octets arrive");
    // Fragments are dropped on the way.
    let fragments = "table ip t { chain in { type filter hook prerouting priority -450; \
                     ip frag-off & 0x3fff != 0 drop; } }";
    net.filter(&net.cable.client, fragments);
    net.finds(1, &["fragments-lost", "options-ignored"], "blocks of 1468 octets arrive and blocks of 4096");
    net.filter(&net.cable.client, "");
    // The last link is narrower than the server knows, and says nothing.
    ip(&net.cable.client, &["link", "set", "cable", "mtu", "1300"]);
    net.finds(
        1,
        &["mtu-black-hole", "options-ignored"],
        "blocks of 1228 octets arrive and blocks of 1348 do not",
    );
}

#[test]
fn this_host_is_looked_at_as_a_server() {
    let Some(net) = Net::new() else { return };
    let doctor = |rest: &[&str]| {
        let mut c = command();
        c.args(["doctor", "--json", "--server"]).args(rest);
        run(&mut inside(&net.cable.server, &c))
    };
    let ended = doctor(&[]);
    assert_eq!((ended.code(), findings(&ended).0), (3, vec!["nothing-listens".to_owned()]), "{ended:?}");
    let server = net.serve();
    let ended = doctor(&[net.dir.path().to_str().expect("UTF-8")]);
    assert_eq!((ended.code(), findings(&ended).0), (0, vec![]), "{ended:?}");
    let owner = format!("10.9.0.1:69 is served by towline ({})", server.process.id());
    assert!(ended.err.contains(&owner), "{}", ended.err);
    // Two ways in, one of them strict; rules; a file that only its owner reads.
    let second = ["link", "add", "name", "second", "type", "veth", "peer", "name", "other"];
    ip(&net.cable.server, &second);
    ip(&net.cable.server, &["addr", "add", "10.8.0.1/24", "dev", "second"]);
    ip(&net.cable.server, &["link", "set", "second", "up"]);
    let strict = "echo 1 > /proc/sys/net/ipv4/conf/second/rp_filter";
    done(&mut inside(&net.cable.server, Command::new("sh").args(["-c", strict])));
    net.filter(
        &net.cable.server,
        "table ip t { chain in { type filter hook input priority 0; udp dport 69 accept; } }",
    );
    closed(&net.dir.path().join("image.bin"));
    let ended = doctor(&[net.dir.path().to_str().expect("UTF-8")]);
    let notes = ["firewall", "reverse-path-filter", "unreadable-files"].map(String::from).to_vec();
    assert_eq!((ended.code(), findings(&ended).0), (0, notes), "{ended:?}");
    for words in ["nftables has 1 rules in 1 chains", "conf.second.rp_filter=2", "'image.bin'"] {
        assert!(ended.err.contains(words), "'{words}' is missing: {}", ended.err);
    }
}

fn closed(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).expect("own file");
}
