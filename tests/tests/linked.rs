//! Devices of a lab that are connected: they see each other, and lose each other.

use e2e::process::{Ended, Process};
use e2e::towline::command;
use serde_json::Value;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

struct Lab {
    _dir: tempfile::TempDir,
    control: PathBuf,
    _process: Process,
    telnet: u16,
}

impl Lab {
    fn start(text: &str) -> Lab {
        let dir = e2e::scratch();
        let control = dir.path().join("control");
        let file = write(dir.path(), &format!("control = \"{}\"\n{text}", control.display()));
        let mut process = Process::start(command().arg("lab").arg(file));
        let telnet = process.wait_for("the line of Telnet", |said| {
            let line = said.err.iter().find_map(|line| line.strip_prefix("Telnet: telnet "))?;
            line.rsplit(' ').next()?.parse().ok()
        });
        Lab { _dir: dir, control, _process: process, telnet }
    }

    fn ctl(&self, words: &[&str]) -> Ended {
        let mut c = command();
        c.args(["device", "ctl", "--json", "--control"]).arg(&self.control).args(words);
        Process::start(&mut c).wait(PATIENCE)
    }

    /// What a device answers to each of these, typed by who has logged in.
    fn type_at(&self, address: &str, name: &str, commands: &[&str]) -> Vec<String> {
        let end = Instant::now() + PATIENCE;
        let ip: IpAddr = address.parse().expect("an address");
        let mut heard = String::new();
        let stream = loop {
            let mut stream = TcpStream::connect((ip, self.telnet)).expect("it listens");
            stream.set_read_timeout(Some(Duration::from_millis(50))).expect("set");
            heard.clear();
            if until(&mut stream, &mut heard, "Username: ", Duration::from_secs(5)).is_some() {
                break stream;
            }
            assert!(Instant::now() < end, "{address} does not answer: {heard}");
        };
        let mut stream = stream;
        let mut answers = Vec::new();
        let prompt = format!("{name}#");
        for (line, ends) in [("admin", "Password: "), ("admin", &*prompt), ("terminal length 0", &*prompt)] {
            stream.write_all(format!("{line}\r\n").as_bytes()).expect("sent");
            until(&mut stream, &mut heard, ends, PATIENCE)
                .unwrap_or_else(|| panic!("'{ends}' did not come: {heard}"));
        }
        for line in commands {
            stream.write_all(format!("{line}\r\n").as_bytes()).expect("sent");
            let answer = until(&mut stream, &mut heard, &prompt, PATIENCE);
            answers
                .push(answer.unwrap_or_else(|| panic!("no prompt behind {line}: {heard}")).replace('\r', ""));
        }
        answers
    }

    /// Types it until it says that.
    fn says(&self, address: &str, name: &str, typed: &str, wanted: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let said = self.type_at(address, name, &[typed]).remove(0);
            if said.contains(wanted) {
                return;
            }
            assert!(Instant::now() < end, "'{wanted}' is not in what {name} says to '{typed}':\n{said}");
        }
    }
}

fn write(dir: &Path, text: &str) -> PathBuf {
    let file = dir.join("lab.toml");
    std::fs::write(&file, format!("telnet = 0\nssh = \"off\"\nboot = \"none\"\n{text}")).expect("written");
    file
}

/// What comes up to `text`; none: not within that time.
fn until(stream: &mut TcpStream, heard: &mut String, text: &str, within: Duration) -> Option<String> {
    let end = Instant::now() + within;
    let mut buf = [0; 4_096];
    loop {
        if let Some(at) = heard.find(text) {
            let rest = heard.split_off(at + text.len());
            return Some(std::mem::replace(heard, rest));
        }
        if Instant::now() > end {
            return None;
        }
        match stream.read(&mut buf) {
            Ok(0) => return None,
            Ok(n) => heard.extend(buf[..n].iter().filter(|b| b.is_ascii()).map(|b| *b as char)),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return None,
        }
    }
}

const TWO: &str = "[[device]]\nname = \"R1\"\naddress = \"127.106.0.1\"\n\
    [[device]]\nname = \"SW\"\ncount = 2\nprofile = \"c2960x\"\naddress = \"127.106.0.2\"\n\
    [[link]]\nends = [\"R1 g0/1\", \"SW2 gi 1/0/7\"]\n";

const ROW: &str = "SW2              Gig 0/1           ";

#[test]
fn devices_of_a_link_see_each_other_and_lose_each_other() {
    let lab = Lab::start(TWO);
    lab.says("127.106.0.1", "R1", "show cdp neighbors", ROW);
    let said = lab.type_at(
        "127.106.0.1",
        "R1",
        &["show cdp neighbors", "show cdp neighbors detail", "show ip interface brief"],
    );
    let row = said[0].lines().find(|line| line.starts_with("SW2 ")).expect("a row");
    assert!(row.contains("              S I   WS-C2960X Gig 1/0/7"), "{row}");
    assert!(said[0].contains("\nTotal cdp entries displayed : 1\n"), "{}", said[0]);
    for line in [
        "Device ID: SW2\n",
        "Platform: cisco WS-C2960X-24PS-L,  Capabilities: Switch IGMP\n",
        "Interface: GigabitEthernet0/1,  Port ID (outgoing port): GigabitEthernet1/0/7\n",
        "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(2)E7, RELEASE SOFTWARE (fc3)\n",
    ] {
        assert!(said[1].contains(line), "{line}: {}", said[1]);
    }
    let brief =
        |said: &str| said.lines().find(|line| line.starts_with("GigabitEthernet0/1 ")).map(str::to_owned);
    let is = |said: &str, ends: &str| brief(said).is_some_and(|line| line.trim_end().ends_with(ends));
    assert!(is(&said[2], "up                    up"), "{}", said[2]);
    // The other switch of the row has no cable, and nobody there.
    let alone = lab.type_at("127.106.0.2", "SW1", &["show cdp neighbors", "show interfaces status"]);
    assert!(alone[0].contains("displayed : 0\n") && !alone[1].contains("notconnect"), "{alone:?}");

    // Its carrier goes, on both sides, and comes back.
    assert_eq!(lab.ctl(&["SW2", "fault", "link-down", "g1/0/7"]).code(), 0);
    let said = lab.type_at(
        "127.106.0.1",
        "R1",
        &["show ip interface brief", "show interfaces g0/1", "show logging"],
    );
    assert!(is(&said[0], "down                  down"), "{}", said[0]);
    assert!(said[1].contains("GigabitEthernet0/1 is down, line protocol is down"), "{}", said[1]);
    let down = "%LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEthernet0/1, changed state to down";
    assert!(said[2].contains(down), "{}", said[2]);
    let said = lab.type_at("127.106.0.3", "SW2", &["show interfaces status"]).remove(0);
    assert_eq!(said.lines().filter(|line| line.contains(" notconnect ")).count(), 1, "{said}");
    let gone = lab.ctl(&["SW2", "clear-faults", "link-down", "g1/0/7"]);
    assert_eq!(gone.code(), 0, "{gone:?}");
    let said = lab.type_at("127.106.0.1", "R1", &["show ip interface brief"]).remove(0);
    assert!(is(&said, "up                    up"), "{said}");
    let none = lab.ctl(&["SW2", "clear-faults", "noise"]);
    assert!(none.code() == 5 && none.err.contains("nothing of that is wrong"), "{none:?}");

    // Who restarts forgets, and hears the other as soon as it is back, unless its link stays away.
    for (fault, neighbours) in [(None, 1), (Some("no-link-after-boot"), 0)] {
        if let Some(fault) = fault {
            assert_eq!(lab.ctl(&["R1", "fault", fault, "GigabitEthernet", "0/1"]).code(), 0);
        }
        assert_eq!(lab.ctl(&["R1", "power-cycle"]).code(), 0);
        lab.says("127.106.0.1", "R1", "show cdp neighbors", &format!("displayed : {neighbours}\n"));
    }
    let faults = lab.ctl(&["R1", "faults"]);
    let fault: Value = serde_json::from_str(faults.out.trim()).expect("one");
    assert_eq!(fault["fault"], "link-down GigabitEthernet0/1");
}

#[test]
fn what_is_no_link_is_told_with_its_line() {
    let dir = e2e::scratch();
    let devices = TWO.split_once("[[link]]").expect("links").0;
    let with = |links: &str| format!("{devices}{links}");
    for (text, says) in [
        (with("[[link]]\nends = [\"R1 g0/1\"]\n"), "a link has two ends: expected 2, found 1"),
        (
            with("[[link]]\nends = [\"R1 g0/1\", \"SW g1/0/1\"]\n"),
            "there is no device called SW: expected one of R1, SW1, SW2",
        ),
        (
            with("[[link]]\nends = [\"R1 g0/9\", \"SW1 g1/0/1\"]\n"),
            "R1: a c2911 has no interface 'g0/9': expected one of Embedded-Service-Engine0/0, GigabitEthernet0/0",
        ),
        (with("[[link]]\nends = [\"R1 g0/1\", \"SW1 vlan1\"]\n"), "Vlan1 of SW1 takes no cable"),
        (with("[[link]]\nends = [\"R1 g0/1\", \"R1 g0/2\"]\n"), "both ends are R1: expected two devices"),
        (
            with("[[link]]\nends = [\"R1 g0/1\", \"SW1\"]\n"),
            "it names no interface; give a device and its interface",
        ),
        (
            with(
                "[[link]]\nends = [\"R1 g0/1\", \"SW1 g1/0/1\"]\n[[link]]\nends = [\"SW1 g1/0/2\", \"R1 GigabitEthernet0/1\"]\n",
            ),
            "GigabitEthernet0/1 of R1 has a cable already: ",
        ),
        (
            devices.replacen("\n[[device]]", "\nfaults = [\"link-down f9\"]\n[[device]]", 1),
            "a c2911 has no interface 'f9'",
        ),
    ] {
        let file = write(dir.path(), &text);
        let ended = Process::start(command().arg("lab").arg(&file).args(["--", "true"])).wait(PATIENCE);
        assert_eq!(ended.code(), 2, "{text}\n{}", ended.err);
        assert!(ended.err.contains(says) && ended.err.contains("lab.toml:"), "{text}\n{}", ended.err);
    }
    // And by who sets a fault while it runs.
    let lab = Lab::start(TWO);
    let ended = lab.ctl(&["all", "fault", "link-down", "g0/1"]);
    assert!(ended.code() == 2 && ended.err.contains("a c2960x has no interface 'g0/1'"), "{ended:?}");
    assert!(lab.ctl(&["R1", "faults"]).out.is_empty(), "nowhere");
}

#[test]
fn a_router_with_ios_12_has_its_own_table() {
    let devices = TWO.split_once("[[link]]").expect("links").0.replace("127.106.0", "127.106.1");
    let old = "[[device]]\nname = \"OLD\"\nprofile = \"c3640\"\naddress = \"127.106.1.9\"\n";
    let lab = Lab::start(&format!("{devices}{old}[[link]]\nends = [\"OLD f1/0\", \"R1 g0/2\"]\n"));
    lab.says("127.106.1.9", "OLD", "show cdp neighbors", "R1               Fas 1/0           ");
    let said = lab.type_at(
        "127.106.1.9",
        "OLD",
        &["show cdp neighbors", "show cdp neighbors detail", "show lldp neighbors"],
    );
    assert!(said[0].contains("r - Repeater\n\nDevice ID ") && !said[0].contains("Total"), "{}", said[0]);
    assert!(said[1].contains("Platform: Cisco CISCO2911/K9,") && !said[1].contains("Total"), "{}", said[1]);
    assert!(said[2].contains("% Invalid input"), "{}", said[2]);
    let said = lab.type_at("127.106.1.1", "R1", &["show cdp neighbors detail"]).remove(0);
    for line in [
        "Platform: Cisco 3640,  Capabilities: Router\n",
        "\nIOS (tm) 3600 Software (C3640-IK9S-M), Version 12.2(23a), ",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!said.contains("Image text-base"), "{said}");
}
