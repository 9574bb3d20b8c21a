//! What reads a device's texts or types at it: ntc-templates, RANCID's clogin, telnet under expect.

use crate::bench::{Bench, R1};
use crate::models::Model;
use crate::ssh::lines;
use device::Device;
use e2e::peers::Peer;
use e2e::process::{Ended, Process};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use transport::ssh::Ios;

/// clogin takes none with a blank.
pub(crate) const PASSWORD: &str = "ccna12";

/// A running R1 where bob has privilege 15 and eve has to enable.
fn r1() -> (Bench, Arc<Device>) {
    let bench = Bench::r1();
    bench.startup(&format!(
        "version 15.1\nenable secret cisco\nusername bob privilege 15 secret {PASSWORD}\nusername eve secret {PASSWORD}\n\
         archive\n path flash:arch\nline vty 0 4\n login local\n{R1}"
    ));
    let device = bench.device();
    device.power_on();
    (bench, device)
}

/// Every command that has a template: what is shown, and how many rows come of it. It prints one JSON object.
const PARSED: &str = r#"
import json, sys
from netmiko import ConnectHandler
from ntc_templates.parse import parse_output
at = dict(host="127.0.0.1", port=int(sys.argv[1]), username="bob", password=sys.argv[2])
got = {}
with ConnectHandler(device_type="cisco_ios", **at) as c:
    for command in sys.argv[3:]:
        got[command] = parse_output(platform="cisco_ios", command=command, data=c.send_command(command))
print(json.dumps(got))
"#;

/// A command, and what is read of it.
type Parsed<'a> = (&'a str, &'a [&'a str]);

/// Left out: `show users`, whose template wants a blank behind the star that a device has not where the line's number has
/// three digits (below is a model that has fewer); `show bootvar`, whose template knows the Catalyst's layout only; `show
/// running-config interface`, whose template knows no `duplex` and no `end`; `show redundancy`, whose template knows only
/// `Peer (slot: unavailable)`. Of all others there is no template.
const COMMANDS: &[Parsed] = &[
    ("show version", &["\"hostname\":\"R1\"", "\"version\":\"15.1(4)M4\"", "\"config_register\":\"0x2102\""]),
    ("show inventory", &["\"pid\":\"CISCO2911/K9\"", "\"sn\":\"FTX152400KS\""]),
    ("show clock", &["\"timezone\":\"UTC\""]),
    ("show ip interface brief", &["\"interface\":\"GigabitEthernet0/0\"", "\"ip_address\":\"10.0.0.2\""]),
    (
        "show interfaces",
        &[
            "\"ip_address\":\"10.0.0.2\"",
            "\"hardware_type\":\"CN Gigabit Ethernet\"",
            "\"mac_address\":\"0017.95c0.ffef\"",
        ],
    ),
    ("show interfaces description", &["\"port\":\"Gi0/1\"", "\"status\":\"admin down\""]),
    ("show file systems", &["\"prefixes\":\"nvram:\"", "\"size\":\"262136\""]),
    ("dir", &["\"name\":\"c2900-universalk9-mz.SPA.151-4.M4.bin\"", "\"total_size\":\"256487424\""]),
    ("dir flash:", &["\"permissions\":\"-rw-\""]),
    ("show archive", &["\"filenames\":[\"flash:arch-"]),
    ("show logging", &["\"mnemonic\":\"CONFIG_I\"", "\"facility\":\"SYS\""]),
    ("show processes cpu", &["\"process_name\":\"Exec\"", "\"cpu_usage_5_min\":\"0\""]),
    ("ping 10.0.0.9", &["\"sent_qty\":\"5\""]),
    ("show license", &["\"feature\":\"ipbasek9\"", "\"license_type\":\"Permanent\""]),
    (
        "show ip route",
        &["\"network\":\"10.0.0.0\"", "\"nexthop_if\":\"GigabitEthernet0/0\"", "\"protocol\":\"L\""],
    ),
    ("show cdp neighbors", &["[]"]),
    ("show ip route summary", &["\"route_source\":\"connected\"", "\"subnets\":\"2\""]),
];

/// What other models show, as above.
const MODELS: &[(&str, &[Parsed])] = &[
    (
        "c2960x",
        &[
            ("show version", &["\"version\":\"15.2(2)E7\"", "\"hardware\":[\"WS-C2960X-24PS-L\"]"]),
            ("show users", &["\"line\":\"*  1 vty 0\"", "\"user\":\"bob\""]),
            ("show boot", &["\"config_file\":\"flash:/config.text\"", "\"manual_boot\":\"no\""]),
            ("show vlan", &["\"vlan_name\":\"default\""]),
            (
                "show interfaces status",
                &["\"port\":\"Gi1/0/1\"", "\"vlan_id\":\"1\"", "\"status\":\"connected\""],
            ),
            ("dir", &["\"name\":\"config.text\""]),
        ],
    ),
    (
        "isr4331",
        &[
            ("show version", &["\"version\":\"16.6.5\"", "\"hostname\":\"R1\""]),
            ("show users", &["\"line\":\"*  2 vty 0\"", "\"user\":\"bob\""]),
            ("show inventory", &["\"pid\":\"PWR-4330-AC\"", "\"name\":\"module F0\""]),
            ("dir", &["\"name\":\"isr4300-universalk9.16.06.05.SPA.bin\""]),
            ("show license", &["\"feature\":\"appxk9\""]),
        ],
    ),
    (
        "c3640",
        &[
            ("show version", &["\"version\":\"12.2(23a)\""]),
            ("show ip interface brief", &["\"ip_address\":\"10.0.0.2\""]),
            ("dir", &["\"total_size\":\"33030144\""]),
        ],
    ),
    (
        "c9300",
        &[
            ("show users", &["\"line\":\"*  2 vty 0\""]),
            ("show interfaces status", &["\"port\":\"Gi1/0/1\""]),
            ("show inventory", &["\"name\":\"Switch 1\""]),
        ],
    ),
];

/// Has ntc-templates read what a device shows over SSH.
fn parsed(python: &Peer, device: &Arc<Device>, commands: &[Parsed]) {
    let lines = lines(device, Ios::Xe17);
    let mut python = python.command();
    python.args(["-c", PARSED, &lines.address().port().to_string(), PASSWORD]);
    python.args(commands.iter().map(|(command, _)| command)).stdin(std::process::Stdio::null());
    let ran = python.output().expect("python starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let got: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    for (command, fields) in commands {
        let rows = got[command].to_string();
        for field in *fields {
            assert!(rows.contains(field), "{command}: {field} in {rows}");
        }
    }
}

/// Lets bob in over the network.
pub(crate) fn let_bob_in(model: &Model) {
    let lines =
        format!("username bob privilege 15 secret {PASSWORD}\nline vty 0 4\n login local\nline con 0");
    model.lab.bench.startup(&model.lab.bench.saved().replace("line con 0", &lines));
}

#[test]
fn ntc_templates_parse_what_other_models_show() {
    let Some(python) = Peer::python("ntc_templates") else { return };
    for (name, commands) in MODELS {
        let model = Model::of(name);
        let_bob_in(&model);
        let mut p = model.lab.bench.enabled();
        // What a switch boots is a line of show boot that its template wants filled.
        p.run("configure terminal");
        p.run(&format!("boot system flash:{}", model.old));
        p.run("end");
        parsed(&python, &p.device, commands);
    }
}

/// A router and a switch with a cable between them, each with a name too long for the table.
#[test]
fn ntc_templates_parse_who_is_around() {
    let Some(python) = Peer::python("ntc_templates") else { return };
    let bench = Bench::r1();
    let shown = "ip domain name branch.example.net\nlldp run\nline vty 0 4\n login local\n";
    let bob = format!("username bob privilege 15 secret {PASSWORD}\n{shown}");
    bench.startup(&format!("{bob}interface g0/1\n no shutdown\n{R1}"));
    let router = bench.device();
    let switch = Model::of("c2960x");
    let saved = switch.lab.bench.saved().replace("line con 0", &format!("{bob}line con 0"));
    switch.lab.bench.startup(&saved);
    let switch = switch.lab.bench.device();
    let port = |device: &Device, name: &str| device.profile().interface(name).expect(name).clone();
    device::connect((&router, &port(&router, "g0/1")), (&switch, &port(&switch, "g1/0/24")));
    router.power_on();
    switch.power_on();
    for (device, name, local, theirs, platform, brief, letter, chassis) in [
        (
            &switch,
            "R1.branch.example.net",
            "Gig 1/0/24",
            "Gig 0/1",
            "Cisco CISCO2911/K9",
            "CISCO2911",
            "R",
            "0017.95c0.ffee",
        ),
        (
            &router,
            "R1.branch.example.net",
            "Gig 0/1",
            "Gig 1/0/24",
            "cisco WS-C2960X-24PS-L",
            "WS-C2960X",
            "B",
            "cc44.33ff.9900",
        ),
    ] {
        let row = |words: &[(&str, &str)]| -> Vec<String> {
            words.iter().map(|(field, text)| format!("\"{field}\":\"{text}\"")).collect()
        };
        let long = |port: &str| port.replace("Gig ", "GigabitEthernet");
        let short = |port: &str| port.replace("Gig ", "Gi");
        let expected = [
            (
                "show cdp neighbors",
                row(&[
                    ("neighbor_name", name),
                    ("local_interface", local),
                    ("neighbor_interface", theirs),
                    ("platform", brief),
                ]),
            ),
            (
                "show cdp neighbors detail",
                row(&[
                    ("neighbor_name", name),
                    ("local_interface", &long(local)),
                    ("neighbor_interface", &long(theirs)),
                    ("platform", platform),
                ]),
            ),
            (
                "show lldp neighbors",
                row(&[
                    ("neighbor_name", &name[..20]),
                    ("local_interface", &short(local)),
                    ("neighbor_interface", &short(theirs)),
                    ("capabilities", letter),
                ]),
            ),
            (
                "show lldp neighbors detail",
                row(&[
                    ("neighbor_name", name),
                    ("local_interface", &short(local)),
                    ("neighbor_port_id", &short(theirs)),
                    ("neighbor_interface", &long(theirs)),
                    ("capabilities", letter),
                    ("chassis_id", chassis),
                ]),
            ),
        ];
        let fields: Vec<Vec<&str>> =
            expected.iter().map(|(_, fields)| fields.iter().map(String::as_str).collect()).collect();
        let wanted: Vec<Parsed> = expected
            .iter()
            .zip(&fields)
            .map(|((command, _), fields)| (*command, fields.as_slice()))
            .collect();
        parsed(&python, device, &wanted);
    }
}

#[test]
fn ntc_templates_parse_what_is_shown() {
    let Some(python) = Peer::python("ntc_templates") else { return };
    let (_bench, device) = r1();
    let mut p = crate::bench::Person::at(Arc::clone(&device));
    p.keys("\r");
    p.until("R1#");
    p.run("configure terminal");
    p.run("end");
    p.run("archive config");
    parsed(&python, &device, COMMANDS);
}

#[test]
fn what_any_tool_asks_first_is_answered() {
    let (_bench, device) = r1();
    let mut p = crate::bench::Person::at(device);
    p.keys("\r");
    p.until("R1#");
    p.run("terminal length 0");
    for (command, begins) in [
        (
            "show inventory raw",
            "NAME: \"CISCO2911/K9\", DESCR: \"CISCO2911/K9 chassis, Hw Serial#: FTX152400KS, ",
        ),
        ("show logging", "Syslog logging: enabled (0 messages dropped, "),
        (
            "show processes cpu | include CPU utilization",
            "CPU utilization for five seconds: 0%/0%; one minute: 0%;",
        ),
        (
            "show memory statistics",
            "                Head    Total(b)     Used(b)     Free(b)   Lowest(b)  Largest(b)\nProcessor  ",
        ),
        (
            "show interfaces g0/0",
            "GigabitEthernet0/0 is up, line protocol is up \n  Hardware is CN Gigabit Ethernet, address is 0017.95c0.ffef ",
        ),
        ("show sessions", "% No connections open\n"),
        ("show cdp neighbors", "Capability Codes: R - Router, T - Trans Bridge, B - Source Route Bridge\n"),
        (
            "show ip route | begin Gateway",
            "Gateway of last resort is not set\n\n      10.0.0.0/8 is variably subnetted, 2 subnets, 2 masks\nC        10.0.0.0/24 is directly connected, GigabitEthernet0/0\n",
        ),
        ("show hosts", "Default domain is not set\nName/address lookup uses domain service\n"),
    ] {
        let text = p.run(command);
        assert!(text.starts_with(begins), "{command}: {text}");
    }
}

/// A line over Telnet on a free port, for as many as come one after the other.
pub(crate) fn telnet(device: &Arc<Device>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = listener.local_addr().expect("bound").port();
    let device = Arc::clone(device);
    // It ends with the test's process: nobody comes any more then.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok(terminal) = transport::Terminal::telnet(stream) else { continue };
            let _refused = device.vty(Box::new(device::TerminalPort::from(terminal)));
        }
    });
    port
}

/// expect with a script of somebody's, that finds its library where the peers are unpacked. `None`: skipped.
fn expect(script: &Path, arguments: &[&str], home: &Path) -> Option<Ended> {
    let peer = Peer::find("expect", "expect")?;
    let bin = home.join("bin");
    std::fs::create_dir_all(&bin).expect("room");
    let telnet = Peer::find("inetutils-telnet", "inetutils-telnet")?;
    let ssh = Peer::find("openssh", "ssh")?;
    let options =
        "-F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";
    for (name, line) in [
        ("telnet", format!("exec '{}' \"$@\"", telnet.path().display())),
        ("tossh", format!("exec '{}' {options} \"$@\"", ssh.path().display())),
    ] {
        let path = bin.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{line}\n")).expect("room");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("ours");
    }
    let mut c: Command = peer.command();
    let paths = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    if let Some(library) = Peer::part("expect", "usr/share/tcltk/tcl8.6") {
        c.env("TCL_LIBRARY", library);
    }
    c.arg("--").arg(script).args(arguments).current_dir(home).env("HOME", home).env("PATH", paths);
    Some(Process::start(&mut c).wait(Duration::from_secs(120)))
}

#[test]
fn clogin_logs_in_enables_and_collects_over_telnet_and_ssh() {
    let Some(clogin) = Peer::find("rancid", "clogin") else { return };
    let (_bench, device) = r1();
    let (telnet, ssh) = (telnet(&device), lines(&device, Ios::Xe17));
    for (method, user, enabled) in
        [(format!("telnet:{telnet}"), "eve", 0), (format!("ssh:{}", ssh.address().port()), "bob", 1)]
    {
        let home = e2e::scratch();
        let file = home.path().join(".cloginrc");
        let text = format!(
            "add method * {{{method}}}\nadd user * {user}\nadd password * {{{PASSWORD}}} {{cisco}}\n\
             add autoenable * {{{enabled}}}\nadd cyphertype * {{aes128-ctr}}\nadd sshcmd * {{tossh}}\n"
        );
        std::fs::write(&file, text).expect("room");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("ours");
        let commands =
            "show version;show privilege;show vtp status;dir /all nvram:;show inventory raw;write term";
        let arguments = ["-t", "60", "-c", commands, "127.0.0.1"];
        let Some(ended) = expect(clogin.path(), &arguments, home.path()) else { return };
        assert_eq!(ended.code(), 0, "{method}: {ended:?}");
        for text in [
            "Cisco IOS Software, C2900 Software",
            "Current privilege level is 15",
            "% Invalid input detected at '^' marker.",
            "Directory of nvram:/",
            "NAME: \"CISCO2911/K9\"",
            "\r\nend\r\n",
        ] {
            assert!(ended.out.contains(text), "{method}: {text} in {ended:?}");
        }
    }
}

/// What people write for expect: each step waits for what the device asks.
const SCRIPT: &str = r#"
set timeout 60
spawn telnet 127.0.0.1 [lindex $argv 0]
expect "Username: " { send "eve\r" } timeout { exit 2 }
expect "Password: " { send "[lindex $argv 1]\r" } timeout { exit 3 }
expect "R1>" { send "enable\r" } timeout { exit 4 }
expect "Password: " { send "cisco\r" } timeout { exit 5 }
expect "R1#" { send "show ver?" } timeout { exit 6 }
expect -re "version\[^#\]*R1#show ver$" { send "\r" } timeout { exit 7 }
expect " --More-- " { send " " } timeout { exit 8 }
expect " --More-- " { send "q" } timeout { exit 9 }
expect "R1#" { send "copy running-config startup-config\r\r" } timeout { exit 10 }
expect "\[OK\]" {} timeout { exit 11 }
expect "R1#" { send "exit\r" } timeout { exit 12 }
expect eof { exit 0 } timeout { exit 13 }
"#;

#[test]
fn telnet_under_expect_sees_what_a_person_would() {
    let (bench, device) = r1();
    let port = telnet(&device).to_string();
    let home = e2e::scratch();
    let script = home.path().join("script");
    std::fs::write(&script, SCRIPT).expect("room");
    let Some(ended) = expect(&script, &[&port, PASSWORD], home.path()) else { return };
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(bench.saved().contains("! NVRAM config last updated at "), "{}", bench.saved());
}
