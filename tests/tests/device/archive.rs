//! The configuration as a whole: archived, compared, replaced and put back, by hand and by NAPALM.

use crate::bench::{Bench, R1};
use e2e::peers::Peer;

const QUESTION: &str = "configuration. Enter Y if you are sure you want to proceed. ? [no]: ";

#[test]
fn a_configuration_is_archived_compared_and_replaced() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    assert_eq!(p.run("show archive"), " Archive feature not enabled\n");
    assert_eq!(p.run("archive config"), " Archive feature not enabled\n");
    p.run("write memory");
    p.answer("configure terminal", "R1(config)#");
    p.answer("archive", "R1(config-archive)#");
    assert!(p.answer("maximum 15", "R1(config-archive)#").contains("% Invalid input"));
    p.answer("path flash:arch", "R1(config-archive)#");
    p.answer("maximum 3", "R1(config-archive)#");
    p.answer("write-memory", "R1(config-archive)#");
    p.answer("interface g0/1", "R1(config-if)#");
    p.answer("description new", "R1(config-if)#");
    p.run("end");
    assert_eq!(
        p.run("show archive config differences"),
        "!Contextual Config Diffs:\ninterface GigabitEthernet0/1\n +description new\n\
         +archive\n +path flash:arch\n +maximum 3\n +write-memory\n"
    );
    p.run("archive config");
    p.run("write memory");
    let shown = p.run("show archive");
    assert!(shown.starts_with("The maximum archive configurations allowed is 3.\n"), "{shown}");
    assert!(shown.contains("\nThere are currently 2 archive configurations saved.\n"), "{shown}");
    assert!(shown.contains("-1 <- Most Recent\n   3        \n"), "{shown}");
    assert!(p.run("show archive config differences").ends_with("!No changes were found\n"));
    // What only one of both has goes or comes, and it is said how.
    std::fs::write(bench.flash("other"), "hostname R1\nusername eve secret 5 $1$abcd$e\nend\n")
        .expect("room");
    assert_eq!(
        p.run("show archive config incremental-diffs flash:other"),
        "!List of Commands:\nusername eve secret 5 $1$abcd$e\nend\n"
    );
    assert_eq!(p.answer("configure replace flash:other", QUESTION).lines().count(), 4);
    p.keys("\r");
    p.until("R1#");
    assert!(p.run("show running-config").contains("\n description new\n"));
    p.answer("configure replace flash:other", QUESTION);
    p.keys("Y\r");
    assert!(p.until("R1#").contains("\nTotal number of passes: 1\nRollback Done\n"));
    let now = p.run("show running-config");
    assert!(
        !now.contains("description new") && !now.contains("\narchive\n") && now.contains("\nusername eve "),
        "{now}"
    );
    assert!(p.run("configure replace flash:other force").contains("\nTotal number of passes: 0\n"));
    // A user goes only where that is confirmed.
    p.answer("configure terminal", "R1(config)#");
    for (key, stays) in [("n", true), ("\r", false)] {
        p.answer("no username eve", "with same name.Do you want to continue? [confirm]");
        p.keys(key);
        p.until("R1(config)#");
        let users = p.answer("do show running-config | include username eve", "R1(config)#");
        assert_eq!(!users.is_empty(), stays, "{users}");
    }
}

#[test]
fn what_is_refused_can_bring_the_old_configuration_back() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    std::fs::write(bench.flash("bad"), "hostname R9\nfrobnicate\nend\n").expect("room");
    std::fs::write(bench.flash("none"), [0; 100]).expect("room");
    let off = "%Please turn config archive on\n";
    assert_eq!(p.run("configure replace flash:bad force revert trigger error"), off);
    let off = "%Turn config archive on before using Rollback Confirmed Change\n";
    assert_eq!(p.run("configure replace flash:bad force revert timer 5"), off);
    assert_eq!(p.run("configure terminal revert timer 5"), off);
    assert_eq!(p.run("configure replace flash:none force"), "%The input file is not a valid config file.\n");
    assert!(p.run("configure replace flash:gone force").contains("%Error opening flash:gone (No such file"));
    for command in ["configure confirm", "configure revert now", "show archive config rollback timer"] {
        assert_eq!(p.run(command), "%No Rollback Confirmed Change pending\n", "{command}");
    }
    for line in ["configure terminal", "archive", "path flash:a"] {
        p.keys(&format!("{line}\r"));
    }
    p.until("R1(config-archive)#path flash:a");
    p.until("R1(config-archive)#");
    p.run("end");
    let text = p.run("configure replace flash:bad force revert trigger error timer 5");
    assert!(
        text.starts_with("Rollback Confirmed Change: Backing up current running config to flash:a-"),
        "{text}"
    );
    assert!(text.contains("\n********\nfrobnicate\n********\n"), "{text}");
    assert!(text.contains("\nThe original configuration has been successfully restored.\n"), "{text}");
    p.run("configure terminal revert timer 7");
    p.answer("hostname R9", "R9(config)#");
    p.run("end");
    let timer = p.run("show archive config rollback timer");
    assert!(timer.starts_with("Time configured(or reconfigured): "), "{timer}");
    assert!(timer.ends_with("\nTimer type: absolute timer\nTimer value: 7 min\nUser: console\n"), "{timer}");
    p.run("configure revert timer 9");
    assert!(p.run("show archive config rollback timer").contains("Timer value: 9 min\n"));
    assert!(p.run("configure revert now").contains("\nRollback Done\n"));
    assert!(p.run("show running-config").contains("\nhostname R1\n"));
}

/// All that NAPALM's `ios` does with configurations. It prints what it got, one JSON object.
const NAPALM: &str = r#"
import json, sys
import napalm
port, name, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
device = napalm.get_network_driver("ios")("127.0.0.1", name, password, optional_args={"port": port})
device.open()
got = {"facts": device.get_facts()}
config = device.get_config()
got["interfaces"] = device.get_interfaces()
got["config"], whole = config, config["running"]
def host():
    return device.get_facts()["hostname"]
def after(step):
    got[step] = [device.compare_config(), host(), device.has_pending_commit()]
device.load_merge_candidate(config="interface GigabitEthernet0/1\n description merged\nend\n")
got["merge"] = device.compare_config()
device.commit_config()
after("merged")
device.rollback()
after("rolled back")
other = whole.replace("hostname R1", "hostname R2")
other = "\n".join(line for line in other.splitlines() if not line.startswith("username old"))
device.load_replace_candidate(config=other)
got["replace"] = device.compare_config()
device.commit_config()
after("replaced")
device.rollback()
after("rolled back again")
device.load_replace_candidate(config=other)
device.discard_config()
after("discarded")
device.load_merge_candidate(config="hostname R3\nend\n")
device.commit_config(revert_in=120)
after("to be confirmed")
got["pending"] = device._get_pending_commits()
device.rollback()
after("reverted")
device.load_replace_candidate(config=other)
device.commit_config(revert_in=60)
device.confirm_commit()
after("confirmed")
device.load_replace_candidate(config=other.replace("\nend", "\nfrobnicate\nend"))
try:
    device.commit_config()
    got["refused"] = None
except napalm.base.exceptions.ReplaceConfigException as e:
    got["refused"] = str(e)
after("not replaced")
made = "interface Loopback0\n ip address 10.255.0.1 255.255.255.255\ninterface GigabitEthernet0/0.10\n encapsulation dot1Q 10\nend\n"
device.load_merge_candidate(config=made)
device.commit_config()
got["made"] = device.get_interfaces()
device.load_replace_candidate(config=other)
device.commit_config()
got["gone"] = device.get_interfaces()
device.close()
print(json.dumps(got))
"#;

#[test]
fn napalm_merges_replaces_compares_confirms_and_rolls_back() {
    let Some(napalm) = Peer::python("napalm") else { return };
    let bench = Bench::r1();
    let password = e2e::battery::USER.1;
    bench.startup(&format!(
        "username bob privilege 15 secret {password}\nusername old secret {password}\nip scp server enable\n\
         ip domain name lab.example\narchive\n path flash:archived\n{R1}"
    ));
    let device = bench.device();
    device.power_on();
    let lines = crate::ssh::lines(&device, transport::ssh::Ios::Xe17);
    let mut python = napalm.command();
    python.args(["-c", NAPALM, &lines.address().port().to_string(), "bob", password]);
    let ran = python.stdin(std::process::Stdio::null()).output().expect("python starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let got: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    let facts = &got["facts"];
    assert_eq!(
        (&facts["fqdn"], &facts["model"]),
        (&"R1.lab.example".into(), &"CISCO2911/K9".into()),
        "{facts}"
    );
    let interfaces =
        ["Embedded-Service-Engine0/0", "GigabitEthernet0/0", "GigabitEthernet0/1", "GigabitEthernet0/2"];
    assert_eq!(facts["interface_list"], serde_json::json!(interfaces), "{facts}");
    let port = &got["interfaces"]["GigabitEthernet0/0"];
    assert_eq!(
        (&port["is_up"], &port["speed"], &port["mtu"]),
        (&true.into(), &1000.0.into(), &1500.into()),
        "{port}"
    );
    assert!(got["config"]["startup"].as_str().expect("text").contains("hostname R1\n"), "{got}");
    assert_eq!(got["merge"], "+interface GigabitEthernet0/1\n+ description merged");
    let replace = got["replace"].as_str().expect("text");
    assert!(replace.starts_with("+hostname R2\n-hostname R1\n-username old secret 5 "), "{replace}");
    // What compare says of the candidate that is loaded, the name, and whether something waits to be confirmed.
    for (step, host, pending) in [
        ("merged", "R1", false),
        ("rolled back", "R1", false),
        ("replaced", "R2", false),
        ("rolled back again", "R1", false),
        ("discarded", "R1", false),
        ("to be confirmed", "R3", true),
        ("reverted", "R1", false),
        ("confirmed", "R2", false),
        ("not replaced", "R2", false),
    ] {
        assert_eq!((&got[step][1], &got[step][2]), (&host.into(), &pending.into()), "{step}: {got}");
    }
    let loopback = &got["made"]["Loopback0"];
    assert_eq!(
        (&loopback["is_up"], &loopback["speed"], &loopback["mtu"]),
        (&true.into(), &8000.0.into(), &1514.into()),
        "{got}"
    );
    assert_eq!(got["made"]["GigabitEthernet0/0.10"]["is_enabled"], true, "{got}");
    assert!(got["gone"].get("Loopback0").is_none(), "{got}");
    for done in ["merged", "replaced", "discarded", "to be confirmed", "confirmed"] {
        assert_eq!(got[done][0], "", "{done}: {got}");
    }
    assert_eq!(got["rolled back"][0], got["merge"]);
    assert_eq!(got["rolled back again"][0], got["replace"]);
    assert_eq!(
        (&got["pending"]["user"], &got["pending"]["timer"]),
        (&"bob".into(), &"2 min".into()),
        "{got}"
    );
    let refused = got["refused"].as_str().expect("it was refused");
    assert!(refused.contains("\nfrobnicate\n") && refused.contains("successfully restored"), "{refused}");
    assert!(bench.saved().contains("\nhostname R2\n"));
}
