//! pyATS with unicon and Genie against the device: 793 MB of them, so `cargo xtask soak tools` only.

use crate::bench::{Bench, NEW_VERSION, OLD, OLD_VERSION, R1, SIZE, image};
use crate::models::Model;
use crate::tools::{self, PASSWORD};
use e2e::process::Process;
use std::process::Command;
use std::time::{Duration, Instant};
use transport::ssh::Ios;

/// Connects as a testbed says, over SSH; it prints one JSON object.
const OVER_SSH: &str = r#"
import json, sys
from genie.testbed import load
port, password, kind = sys.argv[1:4]
ssh = "ssh -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -p %s bob@127.0.0.1" % port
testbed = load({"devices": {"R1": {
    "os": kind, "type": "router",
    "credentials": {"default": {"username": "bob", "password": password}, "enable": {"password": password}},
    "connections": {"defaults": {"class": "unicon.Unicon"}, "cli": {"command": ssh}}}}})
device = testbed.devices["R1"]
device.connect(log_stdout=False, learn_hostname=True)
got = {"parsed": {}, "failed": {}}
for command in sys.argv[4:]:
    try:
        got["parsed"][command] = device.parse(command)
    except Exception as error:
        got["failed"][command] = "%s: %s" % (type(error).__name__, error)
device.configure(["ip domain name lab.example"])
got["configured"] = device.execute("show running-config | include domain name")
got["saved"] = device.copy(source="running-config", dest="startup-config")
device.disconnect()
print(json.dumps(got, default=str))
"#;

/// At the console of a device of its own: a reload with all its questions, and an image that ROMMON boots.
const AT_THE_CONSOLE: &str = r#"
import json, sys
from unicon import Connection
console, image = sys.argv[1], sys.argv[2]
device = Connection(hostname="R1", start=[console], os="ios", log_stdout=False, learn_hostname=True,
                    credentials={"default": {"username": "", "password": ""}})
device.connect()
got = {"before": device.execute("show version")}
device.configure(["no boot system", "boot system flash0:" + image])
device.execute("write memory")
device.reload(timeout=120)
got["after"] = device.execute("show version")
device.disconnect()
print(json.dumps(got))
"#;

/// Its interpreter. `None`: this is no soak.
fn python() -> Option<Command> {
    if !e2e::is_soak() {
        println!("skipped: pyATS: cargo xtask soak tools runs it");
        return None;
    }
    let path = e2e::target().join("peers/pyats/bin/python3");
    assert!(path.is_file(), "{} is missing: cargo xtask soak tools installs it", path.display());
    Some(Command::new(path))
}

/// Runs a script; what it printed.
fn ran(mut python: Command, script: &str, arguments: &[&str]) -> serde_json::Value {
    let home = e2e::scratch();
    python.args(["-c", script]).args(arguments).env("HOME", home.path()).current_dir(home.path());
    let ended = Process::start(&mut python).wait(Duration::from_secs(300));
    assert_eq!(ended.code(), 0, "{ended:?}");
    let json = ended.out.lines().rfind(|line| line.starts_with('{')).unwrap_or_else(|| panic!("{ended:?}"));
    serde_json::from_str(json).unwrap_or_else(|e| panic!("{e}: {json}"))
}

/// What each model shows that Genie has a parser for.
const PARSED: &[(&str, &str, &[&str])] = &[
    (
        "c2911",
        "ios",
        &[
            "show version",
            "dir",
            "show ip interface brief",
            "show inventory",
            "show interfaces",
            "show clock",
        ],
    ),
    (
        "isr4331",
        "iosxe",
        &[
            "show version",
            "dir",
            "show ip interface brief",
            "show platform",
            "show redundancy",
            "show bootvar",
        ],
    ),
    (
        "c9300",
        "iosxe",
        &[
            "show version",
            "dir",
            "show boot",
            "show install summary",
            "show license summary",
            "show software authenticity running",
            "show inventory",
        ],
    ),
];

#[test]
fn genie_parses_what_is_shown_and_unicon_configures_and_saves() {
    for (name, os, commands) in PARSED {
        let Some(python) = python() else { return };
        // A switch tells of its packages.
        let model = if *name == "c9300" { Model::installed(name) } else { Model::of(name) };
        tools::let_bob_in(&model);
        let device = model.lab.bench.device();
        device.power_on();
        let lines = crate::ssh::lines(&device, Ios::Xe17);
        let port = lines.address().port().to_string();
        let began = Instant::now();
        let got = ran(python, OVER_SSH, &[&[&port, PASSWORD, os][..], commands].concat());
        assert_eq!(got["failed"], serde_json::json!({}), "{name}: {got}");
        assert!(got["configured"].to_string().contains("ip domain name lab.example"), "{name}: {got}");
        assert!(model.lab.bench.saved().contains("ip domain name lab.example"), "{name}");
        println!("soak: {name}: {} screens parsed by Genie in {:.0?}", commands.len(), began.elapsed());
    }
}

#[test]
fn unicon_reloads_a_router_at_its_console() {
    let Some(python) = python() else { return };
    let bench = Bench::bare();
    bench.put(OLD, &image(OLD_VERSION, SIZE));
    bench.put("new.bin", &image(NEW_VERSION, SIZE));
    bench.startup(R1);
    let state = bench.dir.path().display().to_string();
    let console = format!("{} device --state {state} --boot none", e2e::towline::program().display());
    let began = Instant::now();
    let got = ran(python, AT_THE_CONSOLE, &[&console, "new.bin"]);
    assert!(got["before"].to_string().contains(OLD_VERSION), "{got}");
    assert!(got["after"].to_string().contains(NEW_VERSION), "{got}");
    println!("soak: unicon reloaded a router at its console in {:.0?}", began.elapsed());
}
