//! `towline facts` against devices of each model: what it says is what the device is.

use crate::models::Model;
use crate::ssh::lines;
use device::{Device, Rack, TelnetLines, Through};
use e2e::process::{Ended, Process};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use transport::ssh::Ios;

const PATIENCE: Duration = Duration::from_secs(60);

/// Runs `towline facts --json` with these words, with nothing of the user's.
fn facts(home: &std::path::Path, enable: Option<&str>, words: &[&str]) -> Ended {
    let mut c = e2e::towline::command();
    c.args(["facts", "--json", "--host-key", "accept-new", "--ssh-profile", "legacy-ios"]).args(words);
    c.env("HOME", home)
        .env_remove("XDG_STATE_HOME")
        .env_remove("SSH_AUTH_SOCK")
        .env_remove("TOWLINE_PASSWORD");
    match enable {
        Some(password) => c.env("TOWLINE_ENABLE", password),
        None => c.env_remove("TOWLINE_ENABLE"),
    };
    Process::start(&mut c).wait(PATIENCE)
}

/// A device of a model with users; a person at its console boots it.
pub(crate) fn running(model: &Model) -> (crate::bench::Person, Arc<Device>) {
    let users = "username bob privilege 15 secret s3cret\nusername eve privilege 1 secret s3cret\nenable secret b1gger\n\
                 line vty 0 15\n login local\n";
    let saved = model.lab.bench.saved();
    model.lab.bench.startup(&saved.replace("end\n", &format!("{users}end\n")));
    let mut p = model.lab.bench.enabled();
    // As it would write it itself.
    p.run("write memory");
    let device = p.device.clone();
    (p, device)
}

fn value<'a>(said: &'a str, field: &str) -> &'a str {
    value_of(said, "facts", field)
}

/// What a field of the one event of that kind is.
pub(crate) fn value_of<'a>(said: &'a str, event: &str, field: &str) -> &'a str {
    let line = said
        .lines()
        .find(|l| l.contains(&format!("\"event\":\"{event}\"")))
        .unwrap_or_else(|| panic!("{said}"));
    let rest = line.split(&format!("\"{field}\":")).nth(1).unwrap_or_else(|| panic!("no {field}: {line}"));
    let end = match rest.as_bytes()[0] {
        b'"' => rest[1..].find('"').map(|n| n + 2),
        b'[' => rest.find(']').map(|n| n + 1),
        b'{' => rest.find('}').map(|n| n + 1),
        _ => rest.find([',', '}']),
    };
    rest[..end.expect("an end")].trim_matches('"')
}

#[test]
fn each_model_says_what_it_is_over_ssh_and_over_telnet() {
    for model in Model::all() {
        let (_person, device) = running(&model);
        let home = e2e::scratch();
        let name = &model.profile.name;
        let ssh = lines(&device, Ios::V15_2);
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let telnet = TelnetLines::start(Rack::one(device.clone(), Ios::V15_2), listener, Through::Vty)
            .expect("a thread");
        let over_ssh = format!("bob:s3cret@{}", ssh.address());
        let over_telnet = format!("telnet://eve:s3cret@{}", telnet.address());
        for (place, enable) in [(&over_ssh, None), (&over_telnet, Some("b1gger"))] {
            let ended = facts(home.path(), enable, &[place]);
            assert_eq!(ended.code(), 0, "{name} {place}: {ended:?}");
            let said = &ended.out;
            let truth = device.facts();
            let of_profile = [
                ("model", &*model.profile.version.model),
                ("serial", &*model.profile.serial),
                ("hostname", "R1"),
            ];
            for (field, right) in of_profile {
                assert_eq!(value(said, field), right, "{name}: {field}: {said}");
            }
            assert!(value(said, "image").ends_with(&model.old), "{name}: {said}");
            let version = ios_cli::text::xe::unpadded(value(said, "version"));
            assert_eq!(version, model.old_version, "{name}: {said}");
            assert_eq!(value(said, "free"), truth.free.to_string(), "{name}: {said}");
            assert!(
                value(said, "files").contains(&format!("\"{}\":{}", model.old, crate::bench::SIZE)),
                "{name}: {said}"
            );
            assert_eq!(value(said, "unsaved"), "no", "{name}: {said}");
            assert_eq!((value(said, "boot"), value(said, "manual_boot")), ("[]", "no"), "{name}: {said}");
            assert!(!said.contains("\"reload\":") && !ended.err.contains("s3cret"), "{name}: {ended:?}");
        }
    }
}

#[test]
fn what_changes_on_the_device_changes_in_the_facts() {
    for model in Model::all() {
        let (mut p, device) = running(&model);
        let home = e2e::scratch();
        let name = &model.profile.name;
        let ssh = lines(&device, Ios::V15_2);
        let place = format!("bob:s3cret@{}", ssh.address());
        // Messages between the lines of the answers.
        device.set_fault("noise 20ms".parse().expect("a fault"));
        p.run("conf t");
        p.run(&format!("boot system flash:{}", model.old));
        p.run("end");
        let ended = facts(home.path(), None, &[&place]);
        assert_eq!((ended.code(), value(&ended.out, "unsaved")), (0, "yes"), "{name}: {ended:?}");
        device.clear_faults();
        p.run("write memory");
        p.answer("reload in 60", "[confirm]");
        p.keys("\r");
        p.until("R1#");
        let ended = facts(home.path(), None, &[&place]);
        assert_eq!((ended.code(), value(&ended.out, "unsaved")), (0, "no"), "{name}: {ended:?}");
        assert!(value(&ended.out, "boot").contains(&model.old), "{name}: {ended:?}");
        assert!(value(&ended.out, "reload").starts_with("Reload scheduled"), "{name}: {ended:?}");
    }
}

#[test]
fn who_is_not_let_in_and_what_is_not_there() {
    let model = Model::all().next().expect("a model");
    let (_person, device) = running(&model);
    let home = e2e::scratch();
    let ssh = lines(&device, Ios::V15_2);
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let telnet = TelnetLines::start(Rack::one(device, Ios::V15_2), listener, Through::Vty).expect("a thread");
    let (ssh, telnet) = (ssh.address(), telnet.address());
    for (place, enable, exit, says) in [
        (format!("bob:wrong@{ssh}"), None, 4, "login refused"),
        (format!("telnet://bob:wrong@{telnet}"), None, 4, "it lets nobody in with what was given"),
        (format!("telnet://eve:s3cret@{telnet}"), Some("wrong"), 4, "it lets nobody in with what was given"),
        (
            format!("telnet://eve:s3cret@{telnet}"),
            None,
            4,
            "it asks for an enable password, and none was given",
        ),
        (format!("telnet://eve@{telnet}"), None, 4, "it asks for a password, and none was given"),
        ("telnet://127.0.0.1:1".to_owned(), None, 3, "does not listen"),
    ] {
        let ended = facts(home.path(), enable, &[&place]);
        assert!(ended.code() == exit && ended.err.contains(says), "{place}: {ended:?}");
        assert!(!ended.err.contains("wrong") && !ended.err.contains("s3cret"), "{ended:?}");
    }
    // One of two.
    let good = format!("bob:s3cret@{ssh}");
    let ended = facts(home.path(), None, &[&good, "telnet://127.0.0.1:1"]);
    assert_eq!(ended.code(), 8, "{ended:?}");
    assert_eq!(value(&ended.out, "hostname"), "R1");
}

#[test]
fn install_mode_is_told_from_bundle_mode() {
    for (model, mode, image) in
        [(Model::installed("c9300"), "install", "packages.conf"), (Model::of("c9300"), "bundle", ".SPA.bin")]
    {
        let (_person, device) = running(&model);
        let home = e2e::scratch();
        let ssh = lines(&device, Ios::Xe17);
        let ended = facts(home.path(), None, &[&format!("bob:s3cret@{}", ssh.address())]);
        assert_eq!((ended.code(), value(&ended.out, "mode")), (0, mode), "{ended:?}");
        assert!(value(&ended.out, "image").ends_with(image), "{ended:?}");
    }
}

#[test]
fn a_console_that_interrupts_is_understood() {
    for synchronous in ["", " logging synchronous\n"] {
        let model = Model::all().next().expect("a model");
        let (p, device) = running(&model);
        let timeout = " exec-timeout 0 0\n";
        let startup = model.lab.bench.saved().replacen(timeout, &format!("{timeout}{synchronous}"), 1);
        drop(p.leave());
        model.lab.bench.startup(&startup);
        device.power_cycle();
        device.power_on();
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let console = TelnetLines::start(Rack::one(device.clone(), Ios::V15_2), listener, Through::Console)
            .expect("a thread");
        device.set_fault("noise 50ms".parse().expect("a fault"));
        let home = e2e::scratch();
        let ended = facts(home.path(), None, &[&format!("telnet://bob:s3cret@{}", console.address())]);
        assert_eq!(ended.code(), 0, "{synchronous:?}: {ended:?}");
        assert_eq!(value(&ended.out, "hostname"), "R1");
        let version = ios_cli::text::xe::unpadded(value(&ended.out, "version"));
        assert_eq!(
            (version.as_str(), value(&ended.out, "unsaved")),
            (model.old_version, "no"),
            "{synchronous:?}: {ended:?}"
        );
        assert_eq!(value(&ended.out, "free"), device.facts().free.to_string());
    }
}
