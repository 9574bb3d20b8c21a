//! Whole inventories: what is read, what is refused, and that nothing of a password is shown.

use super::device::Inventory;
use super::files::parse;
use crate::config::Source;
use std::fmt::Write as _;
use std::sync::Arc;

/// What a text says that nobody else can read; of what is wrong with it the pictures.
pub(super) fn read(name: &str, text: &str) -> Result<Inventory, String> {
    of(name, text, true)
}

fn of(name: &str, text: &str, is_private: bool) -> Result<Inventory, String> {
    let source = Arc::new(Source { path: name.into(), text: text.to_owned() });
    parse(&source, is_private, &[]).map_err(|faults| faults.iter().map(|fault| fault.picture()).collect())
}

/// A line for each device, and the remarks.
pub(super) fn lines(inventory: &Inventory) -> String {
    let mut out = String::new();
    for device in &inventory.devices {
        let _ = write!(out, "{} {device}", device.name);
        for (what, held) in [("password", &device.password), ("enable", &device.enable)] {
            if let Some(held) = held {
                let _ = write!(out, " {what} {held:?}");
            }
        }
        for jump in &device.via {
            let _ = write!(out, " via {jump}");
        }
        if let Some(profile) = device.profile {
            let _ = write!(out, " {profile}");
        }
        for key in &device.keys {
            let _ = write!(out, " key {}", key.display());
        }
        if let Some(serial) = &device.serial {
            let _ = write!(out, " serial {serial}");
        }
        let _ = writeln!(out, " [{}]", device.tags.join(" "));
    }
    for remark in inventory.remarks() {
        let _ = writeln!(out, "{remark}");
    }
    out
}

const RIGHT: &str = "\
r1 ssh://bob@10.0.0.1:2222 password env NETPW enable prompt enable via jo@jump via last:22 legacy-ios key keys/id serial FTX1 [lab core]
r2 telnet://eve@r2 password prompt TACACS enable file ena [lab acc]
r3 ssh://bob@2001:db8::3 password command pass enable file ena [lab]
r4 ssh://bob@r4 password agent enable file ena [lab]
";

const TOML: &str = r#"
[defaults]
user = "bob"
password = { env = "NETPW" }
enable = { file = "ena" }
tags = "lab"

[[device]]
name = "r1"
address = "10.0.0.1"
port = 2222
via = ["jo@jump", "last:22"]
ssh-profile = "legacy-ios"
identity = "keys/id"
serial = "FTX1"
enable = { prompt = "enable" }
tags = ["core"]

[[device]]
name = "r2"
over = "telnet"
user = "eve"
password = { prompt = "TACACS" }
tags = "acc"

[[device]]
name = "r3"
address = "2001:db8::3"
password = { command = ["pass", "show", "r3"] }

[[device]]
name = "r4"
password = { agent = true }
"#;

const YAML: &str = "\
# the same
defaults:
  user: bob
  password: {env: NETPW}
  enable: {file: ena}
  tags: lab
device:
- name: r1
  address: 10.0.0.1
  port: 2222
  via: [jo@jump, 'last:22']
  ssh-profile: legacy-ios
  identity: keys/id
  serial: FTX1
  enable: {prompt: enable}
  tags: [core]
- {name: r2, over: telnet, user: eve, tags: acc, serial: ~, password: {prompt: TACACS}}
- name: r3
  address: 2001:db8::3
  password:
    command: [pass, show, r3]
- name: r4
  password: {agent: true}
";

const CSV: &str = "\u{feff}name;Address;port;over;user;password.env;password.prompt;password.command;enable.prompt;enable.file;via;SSH_Profile;identity;serial;tags\r
r1;10.0.0.1;2222;;bob;NETPW;;;enable;;jo@jump last:22;legacy-ios;keys/id;FTX1;lab core\r
r2;;;telnet;eve;;TACACS;;;ena;;;;;\"lab;acc\"\r
\r
r3;2001:db8::3;;ssh;bob;;;pass show r3;;ena;;;;;lab\r
";

#[test]
fn toml_yaml_and_csv_say_the_same() {
    for (name, text) in [("i.toml", TOML), ("i.yml", YAML), ("hosts", TOML), ("hosts", YAML)] {
        let inventory = read(name, text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(lines(&inventory), RIGHT, "{name}");
    }
    let inventory = read("i.csv", CSV).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(lines(&inventory), RIGHT.split("r4").next().expect("three lines"));
    // As a spreadsheet has them, one column of passwords.
    let text = "name,password,tags\nr1,\" a,\"\"b \",x\nr2,,\n";
    let inventory = read("i.csv", text).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(lines(&inventory), "r1 ssh://r1 password in the file [x]\nr2 ssh://r2 []\n");
    let held = inventory.devices[0].password.clone();
    assert_eq!(held, Some(super::Credential::Written(" a,\"b ".to_owned())));
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_the_way_out() {
    for (name, text, says) in [
        (
            "i.toml",
            "[[device]]\nname = 'r1'\nadress = 'x'\n",
            "i.toml:3:1: unknown key 'adress' in [[device]]; did you mean 'address'?",
        ),
        (
            "i.toml",
            "[[device]]\nname = 'r1'\ntls = 1\n",
            "i.toml:3:1: unknown key 'tls' in [[device]]; known are: name, address",
        ),
        ("i.toml", "[[device]]\naddress = 'r1'\n", "i.toml:1:1: [[device]] has no 'name'; add name = "),
        (
            "i.toml",
            "[[devices]]\nname = 'r1'\n",
            "i.toml:1:3: unknown key 'devices' in the file; did you mean 'device'?",
        ),
        (
            "i.toml",
            "[[device]]\nname = 'r1'\nport = 0\n",
            "i.toml:3:8: 'port' cannot be the number 0; give a whole number from 1 to 65535",
        ),
        ("i.toml", "[[device]]\nname = 'r1'\nover = 'shh'\n", "did you mean \"ssh\"?"),
        (
            "i.toml",
            "[[device]]\nname = 'r1'\n[[device]]\nname = 'r1'\n",
            "i.toml:4:8: 'r1' is the name of two devices, the other at i.toml:2; call one of them otherwise",
        ),
        ("i.toml", "[[device]]\nname = 'a b'\n", "i.toml:2:8: a device's name is empty, or has a blank"),
        (
            "i.toml",
            "[[device]]\nname = 'r1'\nvia = 'bob@'\n",
            "i.toml:3:7: 'via' cannot be the text \"bob@\": write [USER@]HOST[:PORT]",
        ),
        (
            "i.toml",
            "[[device]]\nname = 'r1'\nssh-profile = 'old'\n",
            "a profile is modern, compat or legacy-ios",
        ),
        (
            "i.toml",
            "[[device]]\nname = 'r1'\npassword = { evn = 'X' }\n",
            "i.toml:3:14: unknown key 'evn' where a password is; did you mean 'env'?",
        ),
        (
            "i.toml",
            "[[device]]\nname = 'r1'\npassword = { env = 'X', file = 'Y' }\n",
            "'password' has 2 keys and needs one",
        ),
        (
            "i.toml",
            "[[device]]\nname = 'r1'\nover = 'telnet'\npassword = { agent = true }\n",
            "i.toml:4:12: 'r1' cannot show a key there",
        ),
        ("i.toml", "[[device]\nname = 'r1'\n", "i.toml:1:"),
        (
            "i.yml",
            "device:\n- name: r1\n  prot: 22\n",
            "i.yml:3:3: unknown key 'prot' in [[device]]; did you mean 'port'?",
        ),
        (
            "i.yml",
            "device:\n- name: 9300\n",
            "i.yml:2:9: 'name' cannot be the number 9300; give a text in quotes",
        ),
        ("i.yml", "device:\n- name: r1\n\tport: 22\n", "i.yml:2:9: is not YAML"),
        ("i.csv", "name,adress\nr1,x\n", "i.csv:1:6: unknown column 'adress'; did you mean 'address'?"),
        (
            "i.csv",
            "name,port\nr1,x\n",
            "i.csv:2:4: 'port' cannot be the text \"x\"; give a whole number from 1 to 65535",
        ),
        ("i.csv", "name,port\nr1,22,23\n", "i.csv:2:7: this row has 3 cells, the first one 2"),
        ("i.csv", "name,port,port\nr1,22,23\n", "i.csv:1:11: the column 'port' is there twice"),
        ("i.csv", "address\nr1\n", "[[device]] has no 'name'"),
        ("i.csv", "", "is empty"),
        ("i.csv", "name\n\"r1", "a quote without its second one"),
        ("i.csv", "name\n\"r1\"x\n", "something stands behind a cell in quotes"),
        ("hosts", "#!/bin/sh\necho\n", "is a program, not an inventory"),
    ] {
        let told = read(name, text).err().unwrap_or_else(|| panic!("nothing is wrong with {text:?}"));
        assert!(told.contains(says), "{text:?}: {told}");
    }
}

#[test]
fn a_password_in_a_file_that_others_read_is_refused() {
    let toml = "[defaults]\npassword = 'S3cret'\n[[device]]\nname = 'r1'\n[[device]]\nname = 'r2'\nenable = 'S3cret'\n";
    let yaml = "device:\n- name: r1\n  enable: S3cret\n- {name: r2, password: S3cret}\n";
    let csv = "name,password\nr1,S3cret\nr2,S3cret\n";
    for (name, text, says) in [
        (
            "i.toml",
            toml,
            "i.toml:2:12: 'password' is the password itself, and 2 more, and others can read this file; chmod 600 it",
        ),
        ("i.yml", yaml, "i.yml:3:11: 'enable' is the password itself, and 1 more, and others"),
        ("i.csv", csv, "i.csv:2:4: 'password' is the password itself, and 1 more, and others"),
    ] {
        assert!(read(name, text).is_ok(), "{text}");
        let told = of(name, text, false).expect_err("others can read it");
        assert!(told.contains(says) && !told.contains("S3cret"), "{told}");
    }
}

#[test]
fn nothing_shows_a_password() {
    // Each is wrong in its own way, on the line of a password or beside it.
    for (name, text) in [
        ("i.toml", "[[device]]\nname = 'r1'\npassword = 'S3cret'\nenable = 'S3cret'\nport = 'x'\n"),
        ("i.toml", "[[device]]\nname = 'r1'\npasword = 'S3cret'\n"),
        ("i.toml", "[[device]]\nname = 'r1'\nenable = 'S3cret' x\n"),
        ("i.toml", "[[device]]\nname = 'r1'\npassword = ['S3cret']\n"),
        ("i.toml", "device = [{ name = 'r1', enable = 'S3cret', prot = 1 }]\n"),
        ("i.yml", "device:\n- {name: r1, password: S3cret, prot: 1}\n"),
        ("i.yml", "device:\n- {name: r1, pasword: S3cret}\n"),
        ("i.yml", "device:\n- name: r1\n  password: 'S3cret\n  prot: 1\n"),
        ("i.yml", "device:\n- name: r1\n  enable: [S3cret\n"),
        ("i.yml", "device:\n- name: r1\n  password: {S3cret: x}: y\n"),
        ("i.yml", "device:\n- name: r1\n  password: |\n    S3cret\n \tx\n"),
        ("i.csv", "name,password,port\nr1,S3cret,x\n"),
        ("i.csv", "name,password\nr1,S3,S3cret\n"),
        ("i.csv", "name,password\nr1,\"S3cret\n"),
        ("i.csv", "name,enable,port\nr1,S3cret,x\n"),
    ] {
        let told = read(name, text).err().unwrap_or_else(|| panic!("nothing is wrong with {text:?}"));
        assert!(!told.contains("S3cret"), "{text:?}: {told}");
    }
    let inventory = read("i.toml", "[[device]]\nname = 'r1'\npassword = 'S3cret'\n").expect("a device");
    assert!(!format!("{inventory:?}").contains("S3cret"));
}

/// Texts that are nearly inventories: nothing panics, and a place is always in the text.
#[test]
fn random_texts_are_read_or_refused() {
    let seed: u64 = std::env::var("TOWLINE_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0x1d3a_5eed);
    println!("TOWLINE_SEED={seed}");
    let mut rng = link::Rng::new(seed);
    let pieces = [
        "[[device]]\n",
        "[defaults]\n",
        "name",
        "password",
        " = ",
        "\"r1\"",
        "'",
        "\"",
        "\n",
        "\r\n",
        "{",
        "}",
        "[",
        "]",
        ",",
        ";",
        "\t",
        "- ",
        ": ",
        "&a",
        "*a",
        "<<: ",
        "|",
        ">",
        "---\n",
        "#",
        "device:\n",
        "  ",
        "22",
        "null",
        "ä",
        "\u{feff}",
        "\0",
        "!vault ",
        "env",
        "over",
        "ssh",
        "all:\n",
        "hosts:\n",
        "children:\n",
        "r[01:10]",
        "[g:vars]\n",
        "[g]\n",
        "ansible_host=",
        "{{ x }}",
        "\\",
    ];
    let names = ["i.toml", "i.yml", "i.csv", "i.ini", "hosts"];
    for (nth, whole) in [TOML, YAML, CSV].into_iter().cycle().take(6_000).enumerate() {
        let mut text = match nth % 4 {
            0 => String::new(),
            _ => whole.to_owned(),
        };
        for _ in 0..rng.next_u64() % 8 {
            let piece = pieces[rng.next_u64() as usize % pieces.len()];
            let mut at = rng.next_u64() as usize % (text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            if rng.next_u64().is_multiple_of(3) {
                text.truncate(at);
            }
            text.insert_str(at.min(text.len()), piece);
        }
        let name = names[rng.next_u64() as usize % names.len()];
        match read(name, &text) {
            Ok(inventory) => drop(lines(&inventory)),
            Err(told) => assert!(told.starts_with(&format!("{name}:")), "{text:?}: {told}"),
        }
    }
}
