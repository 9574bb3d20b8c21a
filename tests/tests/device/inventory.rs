//! `-i INVENTORY`: devices of a file, several at once, with passwords that it refers to.

use crate::models::Model;
use crate::ssh::lines;
use crate::surveyed::{running, value_of};
use device::{Rack, TelnetLines, Through};
use e2e::peers::Peer;
use e2e::ports::Port;
use e2e::process::{Ended, Process};
use reference::Dice;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;
use transport::ssh::Ios;

/// Runs towline with these words in a directory, with nothing of the user's but a password for devices.
fn towline(home: &Path, words: &[&str]) -> Ended {
    let mut c = e2e::towline::command();
    c.args(words).current_dir(home).env("HOME", home).env("NETPW", "s3cret");
    for name in ["XDG_STATE_HOME", "SSH_AUTH_SOCK", "TOWLINE_PASSWORD", "TOWLINE_ENABLE"] {
        c.env_remove(name);
    }
    Process::start(&mut c).wait(Duration::from_secs(60))
}

fn facts(home: &Path, words: &[&str]) -> Ended {
    let all = ["facts", "--json", "--host-key", "accept-new"];
    towline(home, &[&all, words].concat())
}

/// A router over SSH and over Telnet.
struct Router {
    _model: Model,
    _person: crate::bench::Person,
    _ssh: device::SshLines,
    _telnet: TelnetLines,
    ssh: SocketAddr,
    telnet: SocketAddr,
    serial: String,
}

fn router() -> Router {
    let model = Model::of("c2911");
    let (person, device) = running(&model);
    let over_ssh = lines(&device, Ios::V12_4);
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let telnet = TelnetLines::start(Rack::one(device, Ios::V15_2), listener, Through::Vty).expect("a thread");
    let (ssh, telnet_at) = (over_ssh.address(), telnet.address());
    let serial = model.profile.serial.to_string();
    Router { _model: model, _person: person, _ssh: over_ssh, _telnet: telnet, ssh, telnet: telnet_at, serial }
}

/// Three names of it: over SSH with old algorithms, over Telnet with `enable`, and with another device's serial number.
fn file(home: &Path, router: &Router) {
    let Router { ssh, telnet, serial, .. } = router;
    std::fs::write(home.join("ena"), "b1gger\n").expect("written");
    std::fs::set_permissions(home.join("ena"), std::fs::Permissions::from_mode(0o600)).expect("ours");
    let text = format!(
        "[defaults]\nuser = 'bob'\npassword = {{ env = 'NETPW' }}\nssh-profile = 'legacy-ios'\ntags = 'all'\n\
         [[device]]\nname = 'core1'\naddress = '{}'\nport = {}\nserial = '{serial}'\ntags = 'core'\n\
         [[device]]\nname = 'acc1'\naddress = '{}'\nport = {}\nover = 'telnet'\nuser = 'eve'\nenable = {{ file = 'ena' }}\n\
         password = {{ command = ['/bin/sh', '-c', 'echo s3cret; echo more'] }}\n\
         [[device]]\nname = 'other'\naddress = '{}'\nport = {}\nserial = 'FTX0000X000'\n",
        ssh.ip(),
        ssh.port(),
        telnet.ip(),
        telnet.port(),
        ssh.ip(),
        ssh.port(),
    );
    std::fs::write(home.join("devices.toml"), text).expect("written");
}

/// The names of devices of which facts were told.
fn names(said: &str) -> Vec<String> {
    let lines = said.lines().filter(|line| line.contains("\"event\":\"facts\""));
    let mut names: Vec<String> = lines.map(|line| value_of(line, "facts", "device").to_owned()).collect();
    names.sort();
    names
}

#[test]
fn devices_of_a_file_are_asked_as_it_says() {
    let (router, home) = (router(), e2e::scratch());
    file(home.path(), &router);
    let at = home.path();
    for (words, right, exit) in [
        (&["-i", "devices.toml", "--limit", "core*,acc1"][..], &["acc1", "core1"][..], 0),
        (&["-i", "devices.toml", "--limit", "!other", "--parallel", "1"], &["acc1", "core1"], 0),
        (&["--inventory", "devices.toml", "core1"], &["core1"], 0),
        // One that answers is another one than was meant.
        (&["-i", "devices.toml"], &["acc1", "core1"], 8),
        (&["-i", "devices.toml", "--limit", "core2"], &[], 2),
    ] {
        let ended = facts(at, words);
        assert_eq!(
            (ended.code(), names(&ended.out)),
            (exit, right.iter().map(|s| (*s).to_owned()).collect()),
            "{words:?}: {ended:?}"
        );
        let all = format!("{}{}", ended.out, ended.err);
        assert!(!all.contains("s3cret") && !all.contains("b1gger"), "{words:?}: {all}");
        match exit {
            8 => assert!(
                ended.err.contains("other: is another device: expected serial number FTX0000X000, found"),
                "{ended:?}"
            ),
            2 => assert!(
                ended.err.contains("'core2' is no device and no tag; did you mean 'core'?"),
                "{ended:?}"
            ),
            _ => {}
        }
    }
}

#[test]
fn a_backup_of_a_file_has_every_device_and_what_is_missing_is_said_before_anybody_is_asked() {
    let (router, home) = (router(), e2e::scratch());
    file(home.path(), &router);
    let at = home.path();
    let words =
        ["backup", "--host-key", "accept-new", "-i", "devices.toml", "--limit", "core", "--to", "kept"];
    let ended = towline(at, &words);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(ended.out.contains("core1: kept/R1.cfg is the first of it"), "{ended:?}");
    // A password that cannot be had: nobody is asked, not even the others.
    for (text, says) in [
        (
            "[[device]]\nname = 'r1'\n[[device]]\nname = 'r2'\npassword = { prompt = 'TACACS' }\n",
            "r2: nobody is there to ask for 'TACACS'",
        ),
        (
            "[[device]]\nname = 'r1'\npassword = { env = 'NO_SUCH_VARIABLE' }\n",
            "r1: the variable NO_SUCH_VARIABLE is not set",
        ),
        (
            "[[device]]\nname = 'r1'\npassword = 's3cret'\n",
            "wrong.toml:3:12: 'password' is the password itself, and others can read this file",
        ),
        (
            "[[device]]\nname = 'r1'\nprot = 22\n",
            "wrong.toml:3:1: unknown key 'prot' in [[device]]; did you mean 'port'?",
        ),
    ] {
        std::fs::write(at.join("wrong.toml"), text).expect("written");
        let ended = facts(at, &["-i", "wrong.toml"]);
        assert_eq!((ended.code(), ended.out.contains("\"facts\"")), (2, false), "{text}: {ended:?}");
        assert!(ended.err.contains(says) && !ended.err.contains("s3cret"), "{text}: {ended:?}");
    }
    let ended = facts(at, &["-i", "no.toml"]);
    assert_eq!(ended.code(), 5, "{ended:?}");
    let ended = towline(at, &["inventory", "devices.toml", "--limit", "core", "--json"]);
    assert_eq!(value_of(&ended.out, "inventoried", "password"), "env NETPW", "{ended:?}");
}

/// Writes a file that nobody else can read.
fn private(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("in a directory")).expect("made");
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("ours");
}

/// A line for each device: where it is, who logs in, whether a password is there, which groups it is in.
type Said = BTreeMap<String, String>;

/// What Ansible makes of an inventory. Of several names of one thing the last one holds, as its plugins have it.
fn of_ansible(python: &Peer, home: &Path, file: &str) -> Said {
    let mut c = python.command();
    c.args(["-m", "ansible", "inventory", "-i", file, "--list"]).current_dir(home).env("HOME", home);
    c.env_remove("ANSIBLE_CONFIG").env("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", "1");
    let ended = Process::start(&mut c).wait(Duration::from_secs(60));
    assert_eq!(ended.code(), 0, "{file}: {ended:?}");
    let all: Value = serde_json::from_str(&ended.out).expect("JSON");
    let list = |group: &Value, key: &str| -> Vec<String> {
        let items = group[key].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item.as_str().expect("a name").to_owned()).collect()
    };
    let mut tags: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in all.as_object().expect("groups").keys() {
        if ["all", "ungrouped", "_meta"].contains(&name.as_str()) {
            continue;
        }
        let (mut open, mut seen) = (vec![name.clone()], BTreeSet::new());
        while let Some(group) = open.pop() {
            for host in list(&all[&group], "hosts") {
                tags.entry(host).or_default().insert(name.clone());
            }
            open.extend(
                list(&all[&group], "children").into_iter().filter(|child| seen.insert(child.clone())),
            );
        }
    }
    let hosts = all["all"]["children"].as_array().map_or(0, Vec::len);
    assert!(hosts > 0, "{file}: {ended:?}");
    // Hosts without variables have no entry among those of all.
    let mut names: BTreeSet<String> = tags.keys().cloned().collect();
    names.extend(all["_meta"]["hostvars"].as_object().expect("hosts").keys().cloned());
    names.extend(list(&all["ungrouped"], "hosts"));
    let said = names.into_iter().map(|name| {
        let variables = &all["_meta"]["hostvars"][&name];
        let of = |names: &[&str]| {
            let mut values = names.iter().map(|name| &variables[name]).filter(|value| !value.is_null());
            values.next_back().map(|value| value.as_str().map_or(value.to_string(), str::to_owned))
        };
        let (host, user) =
            (of(&["ansible_host", "ansible_ssh_host"]), of(&["ansible_user", "ansible_ssh_user"]));
        let port = of(&["ansible_port", "ansible_ssh_port"]);
        let password = of(&["ansible_password", "ansible_ssh_pass", "ansible_ssh_password"]).is_some();
        let groups: Vec<String> = tags.get(&name).into_iter().flatten().cloned().collect();
        let line =
            format!("{} {port:?} {user:?} {password} {}", host.unwrap_or(name.clone()), groups.join(","));
        (name, line)
    });
    said.collect()
}

/// What we make of it.
fn of_ours(home: &Path, file: &str) -> Said {
    let ended = towline(home, &["inventory", file, "--json"]);
    assert_eq!(ended.code(), 0, "{file}: {ended:?}");
    let said = ended.out.lines().map(|line| {
        let event: Value = serde_json::from_str(line).expect("JSON");
        let of = |key: &str| event[key].as_str().map(str::to_owned);
        let port = event["port"].as_u64().map(|port| port.to_string());
        let mut groups: Vec<String> = event["tags"]
            .as_array()
            .expect("tags")
            .iter()
            .map(|tag| tag.as_str().expect("a text").to_owned())
            .collect();
        groups.sort();
        let (host, user, password) = (of("host").expect("a host"), of("user"), event["password"].is_string());
        (of("device").expect("a name"), format!("{host} {port:?} {user:?} {password} {}", groups.join(",")))
    });
    said.collect()
}

/// An inventory with groups in groups, hosts in several, rows of hosts and variables everywhere.
fn random(dice: &mut Dice) -> String {
    let mut text = String::from("# drawn\nlone1 ansible_user=\"a b\" # jo\n");
    let variable = |dice: &mut Dice| {
        let n = dice.below(9);
        match dice.below(9) {
            0 => format!("ansible_user=u{n}"),
            1 => format!("ansible_user='u {n}'"),
            2 => format!("ansible_ssh_user=s{n}"),
            3 => format!("ansible_port={}", 2_000 + n),
            4 => format!("ansible_host=10.0.0.{n}"),
            5 => format!("ansible_ssh_host=\"10.1.0.{n}\""),
            6 => format!("ansible_password=\"p{n}\""),
            7 => format!("ansible_ssh_pass=q{n}"),
            _ => format!("other{n}='x=\"y\" z'"),
        }
    };
    for group in 0..8 {
        text.push_str(&format!("[g{group}]\n"));
        for _ in 0..dice.below(4) {
            let (name, last) = (dice.below(20), dice.below(3));
            text.push_str(&match dice.below(4) {
                0 => format!("h[{:02}:{:02}].net", name, name + last),
                1 => format!("h{name}:{}", 3_000 + last),
                2 => format!("k[{name}:{}][a:c]", name + last),
                _ => format!("h{name}"),
            });
            for _ in 0..dice.below(3) {
                text.push_str(&format!(" {}", variable(dice)));
            }
            text.push_str(if dice.below(3) == 0 { "  # x\n" } else { "\n" });
        }
        if dice.below(2) == 0 {
            text.push_str(&format!("[g{group}:vars]\n{}\n", variable(dice).replace('\'', "\"")));
            if dice.below(3) == 0 {
                text.push_str(&format!("ansible_group_priority={}\n", dice.below(5)));
            }
        }
        // Up only: no group is in itself.
        if group > 0 && dice.below(2) == 0 {
            text.push_str(&format!("[g{group}:children]\ng{}\n", dice.below(group)));
        }
    }
    text.push_str(&format!("[all:vars]\n{}\n", variable(dice).replace('\'', "\"")));
    text
}

#[test]
fn ansible_reads_the_same_devices_out_of_the_same_files() {
    let Some(python) = Peer::python("ansible") else { return };
    let home = e2e::scratch();
    let at = home.path();
    let yaml = "all:\n  vars: {ansible_user: bob}\n  hosts:\n    lone: {ansible_host: 10.0.0.9, ansible_port: 22}\n  children:\n    north:\n\
                \x20     hosts:\n        'n[01:12:3]': {ansible_ssh_pass: x}\n        n05:\n      vars: {ansible_user: eve}\n    site:\n      children:\n        north:\n\
                \x20         vars: {ansible_port: 2222}\n        south: {hosts: {s1: , n05: {ansible_user: jo}}}\n";
    private(&at.join("y/hosts.yml"), yaml);
    private(&at.join("y/group_vars/all.yml"), "ansible_user: everybody\nansible_port: 4\n");
    private(&at.join("y/group_vars/south/a.yml"), "ansible_user: south\n");
    private(&at.join("y/group_vars/south/b.yaml"), "ansible_user: souther\n");
    private(&at.join("y/host_vars/lone"), "ansible_host: 10.0.0.8\n");
    private(&at.join("y/host_vars/n04.yml"), "---\nansible_user: four\n");
    let seed = Dice::seed(12);
    let mut dice = Dice::new(seed);
    let mut files = vec![String::from("y/hosts.yml")];
    for n in 0..4 {
        let file = format!("i{n}/hosts");
        private(&at.join(&file), &random(&mut dice));
        files.push(file);
    }
    for file in files {
        let (theirs, ours) = (of_ansible(&python, at, &file), of_ours(at, &file));
        let text = std::fs::read_to_string(at.join(&file)).expect("there");
        assert!(theirs.len() > 5, "{text}");
        assert_eq!(ours, theirs, "{file} (TOWLINE_SEED={seed}):\n{text}");
    }
}

#[test]
fn two_hundred_devices_are_asked_fifty_at_a_time() {
    let home = e2e::scratch();
    let held = Port::take();
    let port = held.number;
    let lab = format!(
        "telnet = {port}\nssh = 'off'\nboot = 'none'\n[[device]]\nname = 'R'\ncount = 200\naddress = '127.4.0.1'\n"
    );
    std::fs::write(home.path().join("lab.toml"), lab).expect("written");
    let toml = format!(
        "[defaults]\nport = {port}\nover = 'telnet'\nuser = 'admin'\npassword = {{ env = 'NETPW' }}\n"
    );
    let each: String =
        (1..=200).map(|n| format!("[[device]]\nname = 'r{n}'\naddress = '127.4.0.{n}'\n")).collect();
    std::fs::write(home.path().join("devices.toml"), toml + &each).expect("written");
    let mut c = e2e::towline::command();
    c.args(["lab", "lab.toml", "--"]).arg(e2e::towline::program()).args([
        "facts",
        "-i",
        "devices.toml",
        "--parallel",
        "50",
        "--json",
    ]);
    c.current_dir(home.path()).env("HOME", home.path()).env("NETPW", "admin").env_remove("XDG_STATE_HOME");
    let ended = Process::start(&mut c).wait(Duration::from_secs(120));
    assert_eq!(ended.code(), 0, "{}", ended.err);
    let mut right: Vec<String> = (1..=200).map(|n| format!("r{n}")).collect();
    right.sort();
    assert_eq!(names(&ended.out), right);
    // Each answer is the device's that was asked.
    for line in ended.out.lines().filter(|line| line.contains("\"event\":\"facts\"")) {
        assert_eq!(value_of(line, "facts", "hostname").to_lowercase(), value_of(line, "facts", "device"));
    }
}
