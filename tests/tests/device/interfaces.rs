//! Interfaces that commands make, several at once, and the way back to their defaults.

use crate::bench::{Bench, Person};
use crate::models::{Model, save};
use ios_cli::text::interfaces::{self, Status};
use ios_cli::text::ports::{self, Encapsulation};

fn row(p: &mut Person, name: &str) -> Option<(Status, bool)> {
    let brief = interfaces::parse(&p.run("show ip interface brief")).expect("a table");
    brief.into_iter().find(|row| row.name == name).map(|row| (row.status, row.protocol))
}

fn names(p: &mut Person) -> Vec<String> {
    let brief = interfaces::parse(&p.run("show ip interface brief")).expect("a table");
    brief.into_iter().map(|row| row.name).collect()
}

fn invalid(said: &str) -> bool {
    said.contains("^\n% Invalid input detected at '^' marker.\n")
}

#[test]
fn a_loopback_is_there_as_soon_as_it_is_named() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("configure terminal");
    p.answer("interface loopback 0", "R1(config-if)#");
    p.until("%LINEPROTO-5-UPDOWN: Line protocol on Interface Loopback0, changed state to up");
    p.answer("ip address 10.255.0.1 255.255.255.255", "R1(config-if)#");
    p.answer("description router id", "R1(config-if)#");
    p.run("end");
    assert_eq!(row(&mut p, "Loopback0"), Some((Status::Up, true)));
    assert_eq!(names(&mut p).last().map(String::as_str), Some("Loopback0"));
    let shown = p.run("show interfaces loopback 0");
    assert!(
        shown.starts_with(
            "Loopback0 is up, line protocol is up \n  Hardware is Loopback\n  Description: router id\n  \
             Internet address is 10.255.0.1/32\n  MTU 1514 bytes, BW 8000000 Kbit/sec, DLY 5000 usec, \n     \
             reliability 255/255, txload 1/255, rxload 1/255\n  Encapsulation LOOPBACK, loopback not set\n"
        ),
        "{shown}"
    );
    assert!(p.run("show interfaces description").contains("Lo0                            up"));
    let routes = p.run("show ip route");
    assert!(routes.contains("10.255.0.1/32 is directly connected, Loopback0"), "{routes}");
    assert!(!routes.lines().any(|l| l.starts_with('L') && l.contains("Loopback0")), "{routes}");
    assert!(p.run("ping 10.255.0.1").contains("!!!!!"));
    // No cable hangs on it.
    p.device.set_fault("link-down all".parse().expect("a fault"));
    assert_eq!(row(&mut p, "Loopback0"), Some((Status::Up, true)));
    p.device.clear_faults();
    let config = p.run("show running-config");
    let at = |text: &str| config.find(text).unwrap_or_else(|| panic!("{text}: {config}"));
    assert!(at("interface Loopback0\n description router id\n ip address 10.255.0.1") < at("interface Emb"));
    save(&mut p);
    drop(p.leave());
    let mut p = bench.enabled();
    assert_eq!(row(&mut p, "Loopback0"), Some((Status::Up, true)), "it is there again");
    p.run("configure terminal");
    p.answer("interface loopback0", "R1(config-if)#");
    p.answer("shutdown", "R1(config-if)#");
    p.until("%LINK-5-CHANGED: Interface Loopback0, changed state to administratively down");
    p.answer("no shutdown", "R1(config-if)#");
    p.until("%LINEPROTO-5-UPDOWN: Line protocol on Interface Loopback0, changed state to up");
    p.answer("no interface loopback0", "R1(config)#");
    p.until("%LINEPROTO-5-UPDOWN: Line protocol on Interface Loopback0, changed state to down");
    p.run("end");
    assert_eq!(row(&mut p, "Loopback0"), None);
    assert!(!p.run("show running-config").contains("Loopback"));
    p.run("configure terminal");
    assert_eq!(
        p.answer("no interface GigabitEthernet0/0", "R1(config)#"),
        "% Removal of physical interfaces is not permitted\n"
    );
    for line in ["interface GigabitEthernet0/9", "interface loopback", "interface tunnel"] {
        let said = p.answer(line, "R1(config)#");
        assert!(invalid(&said) || said.contains("% Incomplete command."), "{line}: {said}");
    }
}

#[test]
fn subinterfaces_of_a_router_carry_vlans_and_leave_a_trace() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("configure terminal");
    p.answer("interface GigabitEthernet0/0.10", "R1(config-subif)#");
    assert_eq!(
        p.answer("ip address 10.10.0.1 255.255.255.0", "R1(config-subif)#"),
        "
% Configuring IP routing on a LAN subinterface is only allowed if that
subinterface is already configured as part of an IEEE 802.10, IEEE 802.1Q,
or ISL vLAN.

"
    );
    assert_eq!(p.answer("encapsulation dot1q", "R1(config-subif)#"), "% Incomplete command.\n\n");
    p.answer("encap dot1q 10", "R1(config-subif)#");
    p.answer("ip address 10.10.0.1 255.255.255.0", "R1(config-subif)#");
    p.answer("interface g0/0.20", "R1(config-subif)#");
    assert_eq!(
        p.answer("encapsulation dot1Q 10", "R1(config-subif)#"),
        "
%Configuration of multiple subinterfaces of the same main
interface with the same VID (10) is not permitted.
This VID is already configured on GigabitEthernet0/0.10.

"
    );
    p.answer("encapsulation dot1Q 20 native", "R1(config-subif)#");
    p.run("end");
    assert_eq!(names(&mut p)[1..4], ["GigabitEthernet0/0", "GigabitEthernet0/0.10", "GigabitEthernet0/0.20"]);
    assert_eq!(row(&mut p, "GigabitEthernet0/0.10"), Some((Status::Up, true)));
    let shown = ports::parse(&p.run("show interfaces")).expect("interfaces");
    let of = |name: &str| shown.iter().find(|port| port.name == name).expect(name);
    let (main, sub) = (of("GigabitEthernet0/0"), of("GigabitEthernet0/0.10"));
    assert_eq!((main.encapsulation, sub.encapsulation), (Encapsulation::Trunk, Encapsulation::Dot1q(10)));
    assert_eq!(main.mac, sub.mac);
    assert!(p.run("show interfaces g0/0.10").contains("  Encapsulation 802.1Q Virtual LAN, Vlan ID  10.\n"));
    assert!(p.run("show ip route").contains("10.10.0.0/24 is directly connected, GigabitEthernet0/0.10"));
    let config = p.run("show running-config interface g0/0.20");
    assert!(
        config
            .contains("interface GigabitEthernet0/0.20\n encapsulation dot1Q 20 native\n no ip address\nend"),
        "{config}"
    );
    // It is what its port is.
    p.run("configure terminal");
    p.answer("interface g0/0", "R1(config-if)#");
    p.answer("shutdown", "R1(config-if)#");
    p.run("end");
    assert_eq!(row(&mut p, "GigabitEthernet0/0.10"), Some((Status::AdminDown, false)));
    assert!(!p.run("show ip route").contains("GigabitEthernet0/0.10"));
    p.run("configure terminal");
    p.answer("interface g0/0", "R1(config-if)#");
    p.answer("no shutdown", "R1(config-if)#");
    let said = p.answer("no interface g0/0.10", "R1(config)#");
    assert_eq!(
        said,
        "% Not all config may be removed and may reappear after reactivating the sub-interface\n"
    );
    p.run("end");
    assert_eq!(row(&mut p, "GigabitEthernet0/0.10"), Some((Status::Deleted, false)));
    assert!(p.run("show interfaces").contains("GigabitEthernet0/0.10 is deleted, line protocol is down \n"));
    assert!(!p.run("show running-config").contains("GigabitEthernet0/0.10"));
    save(&mut p);
    drop(p.leave());
    let mut p = bench.enabled();
    assert_eq!(row(&mut p, "GigabitEthernet0/0.10"), None, "a restart forgets it");
    assert_eq!(row(&mut p, "GigabitEthernet0/0.20"), Some((Status::Up, true)));
}

#[test]
fn a_range_of_ports_is_configured_at_once_and_set_to_its_defaults() {
    let model = Model::of("c2960x");
    let mut p = model.lab.bench.enabled();
    p.run("terminal width 0");
    p.run("configure terminal");
    p.answer("interface range Gi1/0/1 - 4 , Gi1/0/7", "R1(config-if-range)#");
    p.answer("switchport access vlan 10", "R1(config-if-range)#");
    p.answer("descr desks", "R1(config-if-range)#");
    assert!(invalid(&p.answer("ip address 10.1.0.1 255.255.255.0", "R1(config-if-range)#")));
    assert!(invalid(&p.answer("frobnicate", "R1(config-if-range)#")));
    p.answer("interface range g1/0/1-2", "R1(config-if-range)#");
    p.answer("shutdown", "R1(config-if-range)#");
    p.answer("exit", "R1(config)#");
    // The caret stands under what is not there.
    let line = "interface range g1/0/1 - 99";
    let said = p.answer(line, "R1(config)#");
    assert!(
        said.starts_with(&format!("{:>w$}\n% Invalid", '^', w = "R1(config)#".len() + line.len() - 1)),
        "{said}"
    );
    assert!(invalid(&p.answer("interface range vlan 1 - 5", "R1(config)#")));
    assert_eq!(p.answer("interface range", "R1(config)#"), "% Incomplete command.\n\n");
    p.run("end");
    let status = p.run("show interfaces status");
    let desks: Vec<&str> = status.lines().filter(|l| l.contains("desks")).collect();
    let ports: Vec<&str> = desks.iter().filter_map(|l| l.split(' ').next()).collect();
    assert_eq!(ports, ["Gi1/0/1", "Gi1/0/2", "Gi1/0/3", "Gi1/0/4", "Gi1/0/7"], "{status}");
    assert_eq!(desks.iter().filter(|l| l.contains("disabled")).count(), 2, "{status}");
    p.run("configure terminal");
    assert_eq!(
        p.answer("default interface g1/0/7", "R1(config)#"),
        "Interface GigabitEthernet1/0/7 set to default configuration\n"
    );
    assert_eq!(
        p.answer("default interface range g1/0/1 - 2", "R1(config)#"),
        "Interface GigabitEthernet1/0/1 set to default configuration\n\
         Interface GigabitEthernet1/0/2 set to default configuration\n"
    );
    p.run("end");
    for port in ["g1/0/1", "g1/0/7"] {
        let block = p.run(&format!("show running-config interface {port}"));
        assert!(block.contains("!\ninterface GigabitEthernet") && !block.contains("switchport"), "{block}");
    }
    // An interface that a command made stays.
    p.run("configure terminal");
    p.answer("interface vlan 20", "R1(config-if)#");
    p.answer("ip address 10.20.0.1 255.255.255.0", "R1(config-if)#");
    p.answer("default interface vlan 20", "R1(config)#");
    assert!(invalid(&p.answer("default interface vlan 30", "R1(config)#")));
    p.run("end");
    assert_eq!(names(&mut p)[..2], ["Vlan1", "Vlan20"]);
    assert!(p.run("show running-config interface vlan 20").contains("interface Vlan20\n no ip address\nend"));
}

#[test]
fn cdp_says_how_often_it_speaks() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    let shown = |p: &mut Person, every: u32, hold: u32| {
        assert_eq!(p.run("show cdp"), ios_cli::text::neighbours::render_own_cdp(every, hold));
    };
    shown(&mut p, 60, 180);
    for line in ["configure terminal", "cdp timer 30", "cdp holdtime 90"] {
        assert!(!p.run(line).contains('%'), "{line}");
    }
    for line in ["cdp timer 4", "cdp timer 255", "cdp holdtime 9", "cdp holdtime 256", "cdp advertise"] {
        assert!(invalid(&p.run(line)), "{line}");
    }
    assert_eq!(p.run("cdp timer"), "% Incomplete command.\n\n");
    p.run("end");
    shown(&mut p, 30, 90);
    assert_eq!(p.run("show running-config | include ^cdp"), "cdp timer 30\ncdp holdtime 90\n");
    save(&mut p);
    drop(p.leave());
    let mut p = bench.enabled();
    shown(&mut p, 30, 90);
    for line in ["configure terminal", "no cdp timer", "no cdp holdtime 90", "end"] {
        p.run(line);
    }
    shown(&mut p, 60, 180);
    for line in ["configure terminal", "no cdp run", "end"] {
        p.run(line);
    }
    assert_eq!(p.run("show cdp"), "% CDP is not enabled\n");
}

#[test]
fn what_one_line_takes_away_another_no_longer_configures() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    for line in ["configure terminal", "line vty 0 4", "privilege level 15", "no login", "end"] {
        p.run(line);
    }
    let mut far = Person::at_vty(p.device.clone());
    far.until("R1#");
    for line in ["configure terminal", "interface Loopback1", "interface Loopback2"] {
        far.run(line);
    }
    for line in ["configure terminal", "no interface Loopback1", "end"] {
        p.run(line);
    }
    // The one that it is in, and no other that has moved up.
    assert_eq!(far.answer("description second", "R1(config-if)#"), "");
    for line in ["configure terminal", "no interface Loopback2", "end"] {
        p.run(line);
    }
    assert!(invalid(&far.run("description third")));
    assert!(!p.run("show running-config").contains("third"));
}
