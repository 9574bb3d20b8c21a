//! A device without a saved configuration looks for one over TFTP, and one with `service config` does too.

use crate::bench::{Person, R1};
use crate::lab::Lab;
use device::{Attendant, Facts};

/// A device without a configuration, to which a DHCP server gives this.
fn lab(lease: &'static str) -> Lab {
    let mut lab = Lab::new();
    std::fs::remove_file(lab.bench.dir.path().join("nvram/startup-config")).expect("there");
    lab.bench.lease = Some(lease);
    lab.bench.patience = 0.02;
    lab
}

/// From power-on to the dialog that comes again.
fn looked(lab: &Lab) -> (Person, String) {
    let mut p = lab.bench.person();
    p.until("--- System Configuration Dialog ---");
    p.until("Would you like to enter the initial configuration dialog? [yes/no]: ");
    let text = p.until("Would you like to enter the initial configuration dialog? [yes/no]: ");
    (p, text)
}

fn g0(facts: &Facts) -> (bool, bool) {
    let port = facts.interfaces.iter().find(|i| i.name == "GigabitEthernet0/0").expect("there");
    (port.address.is_some(), port.up)
}

const HOST: &[u8] = b"hostname R7\nip domain name lab.example\nend\n";

#[test]
fn the_network_says_who_it_is_and_its_own_configuration_follows() {
    let lab = lab("10.0.0.2/24,10.0.0.1");
    lab.serve("network-confg", b"ip host R6 10.0.0.6\nip host R7 10.0.0.2\n".to_vec());
    lab.serve("R7-confg", HOST.to_vec());
    let (mut p, text) = looked(&lab);
    let mut rest = text.as_str();
    for part in [
        "\nLoading network-confg from 10.0.0.1 (via GigabitEthernet0/0): !\n[OK - 40 bytes]\n",
        "\nLoading R7-confg from 10.0.0.1 (via GigabitEthernet0/0): !\n[OK - 43 bytes]\n",
    ] {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part:?} is not there or late: {text}"));
        rest = &rest[at + part.len()..];
    }
    // Nothing is left to terminate.
    p.keys("no\r");
    assert!(!p.until("Press RETURN to get started!").contains("autoinstall"), "{}", p.screen());
    p.keys("\r");
    p.until("R7>");
    let facts = p.device.facts();
    assert_eq!((facts.hostname.as_str(), g0(&facts)), ("R7", (true, true)));
    assert!(!facts.has_startup && facts.modified, "nobody has saved it");
}

#[test]
fn what_does_not_come_is_said_and_the_dialog_goes_on() {
    let lab = lab("10.0.0.2/24,10.0.0.1");
    let (mut p, text) = looked(&lab);
    for name in ["network-confg", "cisconet.cfg", "router-confg", "ciscortr.cfg"] {
        for server in ["10.0.0.1", "255.255.255.255"] {
            let line = format!("%Error opening tftp://{server}/{name} (No such file or directory)\n");
            assert!(text.contains(&line), "{line}: {text}");
        }
    }
    p.keys("no\r");
    p.until("Would you like to terminate autoinstall? [yes]: ");
    p.keys("\r");
    p.until("Press RETURN to get started!");
    p.state("no address is left", |facts| g0(facts) == (false, false));
    // Enough has been asked.
    assert_eq!(p.device.facts().hostname, "Router");
}

#[test]
fn without_a_server_everybody_is_asked_and_without_a_name_any_router_s_counts() {
    let lab = lab("10.0.0.2/24");
    lab.serve("cisconet.cfg", b"snmp-server community public RO\n".to_vec());
    lab.serve("ciscortr.cfg", HOST.to_vec());
    let (p, text) = looked(&lab);
    for part in [
        "%Error opening tftp://255.255.255.255/network-confg (No such file or directory)\n",
        "Loading cisconet.cfg from 10.0.0.1 (via GigabitEthernet0/0): !",
        "%Error opening tftp://255.255.255.255/router-confg (No such file or directory)\n",
        "Loading ciscortr.cfg from 10.0.0.1 (via GigabitEthernet0/0): !",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(p.device.facts().hostname, "R7");
}

#[test]
fn a_file_that_is_named_is_all_that_is_asked_for_also_with_nobody_at_the_console() {
    let lab = lab("10.0.0.2/24,10.0.0.1,r7.cfg");
    lab.serve("r7.cfg", HOST.to_vec());
    let device = lab.bench.device();
    let _attendant = Attendant::start(std::slice::from_ref(&device)).expect("a thread");
    device.power_on();
    assert_eq!(device.facts().hostname, "R7");
    device.power_cycle();
    let p = Person::at_vty(device);
    p.state("it has looked again", |facts| facts.hostname == "R7");
    assert_eq!(g0(&p.device.facts()), (true, true));
}

#[test]
fn service_config_looks_beside_the_saved_one_and_no_lease_is_no_question() {
    let mut lab = Lab::new();
    lab.bench.patience = 0.02;
    lab.bench.startup(&format!("service config\n{R1}"));
    lab.serve("R1.cfg", b"ip domain name lab.example\n".to_vec());
    let mut p = lab.bench.person();
    let console = p.until("Press RETURN to get started!");
    for part in [
        "%Error opening tftp://255.255.255.255/network-confg (No such file or directory)\n",
        "%Error opening tftp://255.255.255.255/cisconet.cfg (No such file or directory)\n",
        "%Error opening tftp://255.255.255.255/R1-confg (No such file or directory)\n",
        "Loading R1.cfg from 10.0.0.1 (via GigabitEthernet0/0): !\n[OK - 27 bytes]\n",
    ] {
        assert!(console.contains(part), "{part}: {console}");
    }
    assert!(p.device.configuration().contains("ip domain name lab.example\n"));
    // Without both nobody is asked.
    let lab = Lab::new();
    let mut p = lab.bench.person();
    assert!(!p.until("Press RETURN to get started!").contains("confg"), "{}", p.screen());
}
