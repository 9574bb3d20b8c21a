//! A Catalyst 9300: packages.conf and what it names, its boot loader, and the ways back.

use crate::bench::{Bench, Person};
use crate::models::{Model, fetch, reload, runs, save};
use device::install::PACKAGES;
use ios_cli::text::boot_variables::BootVariables;
use ios_cli::text::catalyst::parse_stack;
use ios_cli::text::version::{Layout, Version};

/// A file of the image that the model comes with.
fn package(name: &str) -> String {
    format!("cat9k-{name}.17.06.01.SPA.pkg")
}

/// From power-on to the boot loader's prompt; what stood there.
fn stopped(bench: &Bench) -> (Person, String) {
    let mut p = bench.person();
    let console = p.until("switch: ");
    (p, console)
}

/// Somebody has sent a break before the console came up: at the boot loader's prompt.
fn interrupted(bench: &Bench) -> Person {
    let device = bench.device();
    device.send_break();
    let mut p = Person::at(device);
    p.until("switch: ");
    p
}

/// Whether it runs packages.
fn mode(p: &mut Person) -> (String, bool) {
    let text = p.run("show version");
    let said = Version::parse(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let Layout::XeSwitch(switch) = said.layout else { panic!("{text}") };
    (said.image_file, switch.members[0].install)
}

#[test]
fn a_c9300_says_what_it_is() {
    let model = Model::installed("c9300");
    let mut p = model.lab.bench.enabled();
    let text = p.run("show version");
    assert!(
        text.starts_with(
            "Cisco IOS XE Software, Version 17.06.01\nCisco IOS Software [Bengaluru], Catalyst L3 Switch \
             Software (CAT9K_IOSXE), Version 17.6.1, RELEASE SOFTWARE (fc2)\n"
        ),
        "{text}"
    );
    let said = Version::parse(&text).expect("a version");
    assert_eq!(Version::parse(&said.render()).as_ref(), Ok(&said));
    assert_eq!((said.image_file.as_str(), said.register), ("flash:packages.conf", 0x102));
    for line in [
        "1 Virtual Ethernet interface",
        "28 Gigabit Ethernet interfaces",
        "8 Ten Gigabit Ethernet interfaces",
        "2 TwentyFive Gigabit Ethernet interfaces",
        "2 Forty Gigabit Ethernet interfaces",
    ] {
        assert!(said.inventory.iter().any(|l| l == line), "{line}: {:?}", said.inventory);
    }
    let Layout::XeSwitch(switch) = &said.layout else { panic!("not a Catalyst's layout") };
    let member = &switch.members[0];
    assert_eq!((member.ports, member.version.as_str(), member.install), (41, "17.06.01", true));
    let row = |name| switch.board.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(row("Base Ethernet MAC Address"), Some("00:b6:70:ff:06:5e"));
    assert_eq!(row("System Serial Number"), Some("FCW2223G0B9"));
    let (mac, members) = parse_stack(&p.answer("show switch", "R1#")).expect("a stack");
    assert_eq!((mac.as_str(), members[0].role.as_str()), ("00b6.70ff.065e", "Active"));
    let parts = p.run("show inventory");
    for part in ["NAME: \"c93xx Stack\", DESCR: \"c93xx Stack\"", "NAME: \"Switch 1\", DESCR: \"C9300-24P\""]
    {
        assert!(parts.contains(part), "{parts}");
    }
    assert!(p.run("dir bootflash:").starts_with("Directory of flash:/\n"));
    let systems = p.run("show file systems");
    assert!(systems.contains("flash: bootflash:") && systems.contains("crashinfo:"), "{systems}");
    let conf = p.run("more flash:packages.conf");
    for line in
        ["#! /usr/binos/bin/packages_conf.sh\n", "\nsha1sum: ", "rp_boot cat9k-rpboot.17.06.01.SPA.pkg\n"]
    {
        assert!(conf.contains(line), "{conf}");
    }
    assert!(p.run("show bootvar").contains("% Invalid input"));
}

#[test]
fn show_boot_tells_this_boot_from_the_next_one() {
    let model = Model::installed("c9300");
    let mut p = model.lab.bench.enabled();
    let boot = |p: &mut Person| BootVariables::parse(&p.run("show boot")).expect("variables");
    let first = boot(&mut p);
    assert_eq!((first.member.as_str(), first.current, first.next), ("Switch 1", None, None));
    p.run("configure terminal");
    p.run("boot system flash:packages.conf");
    p.run("end");
    let told = boot(&mut p);
    assert_eq!((told.current, told.next.as_deref()), (None, Some("flash:packages.conf;")));
    save(&mut p);
    reload(&mut p);
    let told = boot(&mut p);
    assert_eq!(told.current, told.next);
    assert_eq!(p.run("show running-config | include boot system"), "boot system flash:packages.conf\n");
}

#[test]
fn a_package_that_is_deleted_costs_the_next_boot_and_an_image_is_the_way_back() {
    let model = Model::installed("c9300");
    let mut p = model.lab.bench.enabled();
    assert!(fetch(&mut p, &model).contains("bytes copied in"));
    // It runs from memory: nothing happens yet.
    p.run(&format!("delete /force flash:{}", package("srdriver")));
    assert_eq!(mode(&mut p), ("flash:packages.conf".into(), true));
    drop(p.leave());
    let (mut p, console) = stopped(&model.lab.bench);
    for part in [
        "boot: attempting to boot from [flash:packages.conf]\nboot: reading file packages.conf\n",
        &format!("boot: failed to load flash:/user/{}\n", package("srdriver")),
        "ERROR: failed to boot from flash:packages.conf (Not Found)",
        "BOOT variable not found or exhausted",
    ] {
        assert!(console.contains(part), "{part} is not in\n{console}");
    }
    assert!(p.answer("dir flash:", "switch: ").contains(&model.new));
    assert!(p.answer("boot flash:packages.conf", "switch: ").contains("(Not Found)"));
    assert!(p.answer(&format!("boot flash:{}", package("rpbase")), "switch: ").contains("(Load Error)"));
    p.keys(&format!("boot flash:{}\r", model.new));
    p.started();
    assert_eq!(mode(&mut p), (format!("flash:{}", model.new), false));
    runs(&mut p, model.new_version, &model.new);
}

#[test]
fn packages_that_are_not_what_they_should_be_do_not_boot() {
    let model = Model::installed("c9300");
    let bench = &model.lab.bench;
    let (conf, base) = (bench.flash(PACKAGES), bench.flash(&package("rpbase")));
    let (text, octets) = (std::fs::read(&conf).expect("there"), std::fs::read(&base).expect("there"));
    // One octet of the largest package.
    let mut damaged = octets.clone();
    let at = usize::from(getrandom_u16()) % damaged.len();
    damaged[at] ^= 1;
    std::fs::write(&base, &damaged).expect("written");
    let (_, console) = stopped(bench);
    let why = ["(Security Violation)", "(Load Error)"];
    assert!(
        why.iter().any(|why| console.contains(why)) && console.contains(&package("rpbase")),
        "octet {at}: {console}"
    );
    std::fs::write(&base, &octets).expect("written");
    // A file that names packages is not changed by hand.
    let changed = String::from_utf8_lossy(&text).replace("rp_daemons", "rp_demons");
    std::fs::write(&conf, changed).expect("written");
    let (_, console) = stopped(bench);
    assert!(console.contains("ERROR: failed to boot from flash:packages.conf (Load Error)"), "{console}");
    std::fs::write(&conf, &text).expect("written");
    let mut p = bench.enabled();
    assert_eq!(mode(&mut p), ("flash:packages.conf".into(), true));
}

#[test]
fn a_lost_password_is_passed_by_with_a_variable_of_the_boot_loader() {
    let model = Model::installed("c9300");
    model.lab.bench.startup("hostname R1\nenable secret lost\nline con 0\n exec-timeout 0 0\nend\n");
    let mut p = interrupted(&model.lab.bench);
    p.answer("set SWITCH_IGNORE_STARTUP_CFG 1", "switch: ");
    p.keys("boot\r");
    p.until("initial configuration dialog? [yes/no]: ");
    p.keys("no\r");
    p.until("terminate autoinstall? [yes]: ");
    p.keys("\r");
    p.until("Press RETURN");
    p.keys("\r");
    p.until("Switch>");
    p.answer("enable", "Switch#");
    // The configuration is still there, and obeyed again as soon as the variable is gone.
    p.keys("copy startup-config running-config\r\r");
    p.until("R1#");
    p.run("configure terminal");
    p.run("no enable secret");
    p.run("end");
    save(&mut p);
    drop(p.leave());
    let mut p = interrupted(&model.lab.bench);
    p.answer("unset SWITCH_IGNORE_STARTUP_CFG", "switch: ");
    p.keys("boot\r");
    p.until("Press RETURN");
    p.keys("\r");
    p.until("R1>");
    p.answer("enable", "R1#");
}

fn getrandom_u16() -> u16 {
    let octets = device::image::random_seed().to_be_bytes();
    u16::from_be_bytes([octets[0], octets[1]])
}

/// What netmiko takes it for, and what NAPALM says of it. It prints one JSON object.
const TOOLS: &str = r#"
import json, sys
import napalm
from netmiko import ConnectHandler, SSHDetect, ssh_autodetect
port, password = int(sys.argv[1]), sys.argv[2]
at = dict(host="127.0.0.1", port=port, username="bob", password=password)
got = {}
# It goes through all the kinds that it knows, two minutes long: here only those told apart by what "show version" says.
ssh_autodetect.SSH_MAPPER_BASE = [m for m in ssh_autodetect.SSH_MAPPER_BASE if m[1].get("cmd") == "show version"]
guess = SSHDetect(device_type="autodetect", **at)
got["kind"] = guess.autodetect()
guess.connection.disconnect()
with ConnectHandler(device_type="cisco_xe", **at) as c:
    # As upgrades over such a library go: one line, and the session ends with the restart.
    got["added"] = c.send_command("install add file flash:" + sys.argv[3], read_timeout=60)
    got["summary"] = c.send_command("show install summary")
    got["question"] = c.send_command("install activate", expect_string=r"\[y/n\]", read_timeout=60)
    c.write_channel("n\n")
    got["declined"] = c.read_until_prompt(read_timeout=60)
device = napalm.get_network_driver("ios")("127.0.0.1", "bob", password, optional_args={"port": port})
device.open()
got["facts"] = device.get_facts()
device.close()
print(json.dumps(got))
"#;

#[test]
fn netmiko_and_napalm_know_a_c9300_and_install_on_it() {
    use e2e::peers::Peer;
    let Some(napalm) = Peer::python("napalm") else { return };
    let model = Model::installed("c9300");
    let bench = &model.lab.bench;
    let password = e2e::battery::USER.1;
    bench.put(&model.new, &crate::bench::image_for(&model.profile, model.new_version, crate::bench::SIZE));
    bench.startup(&format!(
        "hostname R1\nusername bob privilege 15 secret {password}\nip domain name lab.example\nline vty 0 15\n login local\nend\n"
    ));
    let device = bench.device();
    device.power_on();
    let lines = crate::ssh::lines(&device, transport::ssh::Ios::Xe17);
    let mut python = napalm.command();
    python.args(["-c", TOOLS, &lines.address().port().to_string(), password, &model.new]);
    let ran = python.stdin(std::process::Stdio::null()).output().expect("python starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let got: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    assert_eq!(got["kind"], "cisco_xe", "{got}");
    let facts = &got["facts"];
    for (name, value) in [
        ("fqdn", "R1.lab.example"),
        ("model", "C9300-24P"),
        ("serial_number", "FCW2223G0B9"),
        ("vendor", "Cisco"),
        ("hostname", "R1"),
    ] {
        assert_eq!(facts[name], value, "{facts}");
    }
    let version = facts["os_version"].as_str().expect("text");
    assert!(version.contains("Version 17.6.1, RELEASE SOFTWARE"), "{version}");
    let said = |name: &str| got[name].as_str().expect("text").to_owned();
    assert!(said("added").contains("SUCCESS: install_add /flash/cat9k_iosxe.17.09.04.SPA.bin "), "{got}");
    assert!(said("summary").contains("IMG   I    17.09.04.0."), "{got}");
    assert!(said("question").contains("This operation may require a reload of the system."), "{got}");
    assert!(said("declined").contains("FAILED: install_activate "), "{got}");
}
