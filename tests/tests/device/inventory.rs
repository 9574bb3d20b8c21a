//! `-i INVENTORY`: devices of a file, several at once, with passwords that it refers to.

use crate::models::Model;
use crate::ssh::lines;
use crate::surveyed::{running, value_of};
use device::{Rack, TelnetLines, Through};
use e2e::process::{Ended, Process};
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
