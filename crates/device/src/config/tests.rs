use super::*;
use crate::profile::C2911;

fn port(name: &str) -> Port {
    C2911.interface(name).expect(name).clone()
}

/// What a C2911 has with these lines, all of which it takes.
pub(super) fn merged(text: &str) -> Config {
    let mut config = Config::new(&C2911);
    let refused = config.merge(&C2911, text);
    assert!(refused.is_empty(), "{refused:?}");
    config
}

#[test]
fn a_rendering_merges_into_the_same_configuration() {
    let text = "hostname R1\nboot system flash0:a.bin\nboot system flash b.bin\nenable secret 5 $1$abcd$x\n\
        username jeremy privilege 15 secret 5 $1$abcd$y\nusername bob password 0 hello world\nip ftp username jeremy\n\
        ip ftp password ccna\nip ftp passive\nip tftp blocksize 8192\nip ssh time-out 60\n\
        ip ssh authentication-retries 2\nip ssh version 2\nfile prompt quiet\nno ip domain lookup\n\
        ip route 0.0.0.0 0.0.0.0 10.0.0.1\nsnmp-server community public RO\n\
        interface GigabitEthernet0/0\n description to the server\n ip address 10.0.0.2 255.255.255.0\n no shutdown\n\
        interface g0/1\n ip nat inside\nrouter ospf 1\n network 10.0.0.0 0.0.0.255 area 0\n\
        line con 0\n password line secret\n login\n logging synchronous\n exec-timeout 0 0\nline vty 0 4\n login local\n";
    let config = merged(text);
    let rendered = config.render("15.5");
    assert_eq!(Config::at_boot(&C2911, &rendered), config, "{rendered}");
    for line in [
        "boot-start-marker\nboot system flash0:a.bin\nboot system flash b.bin\nboot-end-marker\n",
        "interface GigabitEthernet0/0\n description to the server\n ip address 10.0.0.2 255.255.255.0\n duplex auto\n speed auto\n!\n",
        "username bob password hello world\n",
        "router ospf 1\n network 10.0.0.0 0.0.0.255 area 0\n!\n",
        "line con 0\n password line secret\n login\n logging synchronous\n exec-timeout 0 0\n",
    ] {
        assert!(rendered.contains(line), "{line} not in\n{rendered}");
    }
    assert!(rendered.ends_with("!\nend\n"));
}

#[test]
fn where_messages_are_logged_is_shown_only_where_it_is_otherwise_than_by_itself() {
    for (lines, shown) in [
        ("logging console 4\nlogging monitor alerts\n", "logging console warnings\nlogging monitor alerts\n"),
        ("logging console 4\nlogging console\n", ""),
        ("logging console 4\nno logging console\n", "no logging console\n"),
        ("no logging monitor\ndefault logging monitor\nlogging console 7\n", ""),
        ("logging host 10.0.0.1\nlogging buffered 8192\n", "logging host 10.0.0.1\nlogging buffered 8192\n"),
        ("no logging on\n", "no logging on\n"),
        ("no logging on\nlogging on\n", ""),
        ("logging console guaranteed\n", "logging console guaranteed\n"),
    ] {
        let config = merged(lines);
        let text = config.render("15.1");
        let found: String =
            text.lines().filter(|line| line.contains("logging")).map(|line| format!("{line}\n")).collect();
        assert_eq!(found, shown, "{lines}");
        assert_eq!(merged(&text), config, "{lines}");
    }
}

#[test]
fn a_merge_leaves_what_it_does_not_name() {
    let mut config = merged("hostname R1\nip ftp username jeremy\n");
    config.merge(&C2911, "hostname R2\nend\nhostname R3\n");
    assert_eq!(config.hostname, "R2");
    assert_eq!(config.ftp_username.as_deref(), Some("jeremy"));
}

#[test]
fn at_boot_interfaces_come_up_unless_shut_down() {
    let startup =
        "interface GigabitEthernet0/0\n ip address 10.0.0.2 255.255.255.0\ninterface g0/1\n shutdown\n";
    let config = Config::at_boot(&C2911, startup);
    let down = |c: &Config, name| c.interfaces.iter().find(|i| i.name == name).expect("there").shutdown;
    assert!(!down(&config, "GigabitEthernet0/0"));
    assert!(down(&config, "GigabitEthernet0/1"));
    // A merge into a device whose interfaces are down does not bring them up.
    let mut running = Config::new(&C2911);
    running.merge(&C2911, startup);
    assert!(down(&running, "GigabitEthernet0/0"));
}

#[test]
fn a_second_boot_line_is_appended() {
    let mut config = merged("boot system flash:old.bin\nboot system flash new.bin\n");
    let files: Vec<_> = config.boot.iter().map(|l| l.source()).collect();
    assert_eq!(files, [BootSource::Flash(Some("old.bin")), BootSource::Flash(Some("new.bin"))]);
    config.merge(&C2911, "boot system flash new.bin\nno boot system flash0:/old.bin\n");
    assert_eq!(config.boot, [BootLine("flash new.bin".into())]);
    config.merge(&C2911, "no boot system\n");
    assert!(config.boot.is_empty());
}

#[test]
fn addresses_are_checked() {
    let mut c = merged("interface g0/0\n ip address 10.0.0.2 255.255.255.0\n");
    let mut at = |line| c.apply(&C2911, Section::Interface(port("g0/1")), line);
    assert_eq!(
        at("ip address 10.0.1.1 255.0.255.0"),
        Err(Complaint::BadMask { mask: 0xff00_ff00, address: "10.0.1.1".parse().expect("address") })
    );
    assert_eq!(
        at("ip address 10.0.0.9 255.255.255.128").map(drop),
        Err(Complaint::Overlaps {
            network: "10.0.0.0".parse().expect("address"),
            other: C2911.interface("g0/0").expect("a port").clone()
        })
    );
    assert_eq!(at("ip address 10.0.1.1"), Err(Complaint::Incomplete));
    assert_eq!(
        at("ip address 10.0.1.0 255.255.255.0").map(drop).map_err(|e| e.to_string()),
        Err("Bad mask 0xFFFFFF00 for address 10.0.1.0".into())
    );
    assert_eq!(at("ip address ten 255.255.255.0"), Err(Complaint::Invalid));
    assert!(at("ip address 10.0.1.1 255.255.255.0").is_ok());
    assert!(at("no ip address").is_ok());
    assert_eq!(c.interfaces[2].address, None);
}

#[test]
fn a_secret_is_kept_hashed_and_wins() {
    let c = merged("enable secret ccna\nenable password other\n");
    let enable = c.enable.as_ref().expect("set");
    assert!(enable.matches("ccna") && !enable.matches("other"));
    assert!(!c.render("15.5").contains("ccna"));
    assert!(!format!("{c:?}").contains("$1$"));
}

#[test]
fn a_line_of_one_section_ends_another() {
    let c =
        merged("interface g0/0\n ip address 10.0.0.2 255.255.255.0\nhostname R7\nline con 0\n login local\n");
    assert_eq!(c.hostname, "R7");
    assert_eq!(c.line("con 0").expect("there").login, Login::Local);
    assert_eq!(c.line("vty 3").expect("there").name, "vty 0 4");
    assert!(c.line("vty 5").is_none());
    // On the console nobody indents: a global command inside a section is global.
    let mut c = c;
    let applied = c.apply(&C2911, Section::Interface(port("g0/0")), "hostname R8").expect("taken");
    assert_eq!((applied.section, c.hostname.as_str()), (Section::Global, "R8"));
}

#[test]
fn a_banner_of_several_lines_loses_its_line_ends_once() {
    let read = |text: &str| {
        let mut config = Config::before_boot(&C2911, "");
        crate::commands::merge(&C2911, &mut config, text);
        config.render("15.1")
    };
    let written = read("banner motd ^C\r\r\nkeep\rout\r\r\r\n  now\r\n^C\r\nhostname R7\r\n");
    assert!(written.contains("banner motd ^C\nkeep\rout\n  now\n^C\n"), "{written:?}");
    assert!(written.contains("hostname R7\n"), "{written:?}");
    assert_eq!(read(&written), written);
}

/// Real configurations have both behind one another; nothing but the words behind the first tells them apart.
#[test]
fn what_begins_alike_belongs_to_an_interface_or_to_the_device_by_what_follows() {
    for (of_interface, global) in [
        ("ip nat inside", "ip nat inside source list 1 interface GigabitEthernet0/1 overload"),
        ("ip nat outside", "ip nat pool P 10.9.0.1 10.9.0.9 netmask 255.255.255.0"),
        ("ip vrf forwarding A", "ip vrf A"),
        ("ip nbar protocol-discovery", "ip nbar port-map http tcp 80 8080"),
        ("ipv6 address 2001:DB8::1/64", "ipv6 unicast-routing"),
        ("ipv6 enable", "ipv6 route ::/0 2001:DB8::2"),
        ("ipv6 ospf 1 area 0", "ipv6 router ospf 1"),
        ("ipv6 traffic-filter A in", "ipv6 access-list A"),
        ("arp timeout 300", "arp 10.0.0.9 0011.2233.4455 ARPA"),
        ("crypto map M", "crypto map M 10 ipsec-isakmp"),
        ("vrf forwarding A", "vrf definition A"),
        ("spanning-tree portfast", "spanning-tree mode rapid-pvst"),
        ("lldp med-tlv-select power-management", "lldp timer 10"),
        ("logging event link-status", "logging host 10.0.0.1"),
        ("ip dhcp snooping trust", "ip dhcp snooping vlan 10"),
        ("ip arp inspection trust", "ip arp inspection vlan 10"),
        ("ip pim sparse-mode", "ip pim rp-address 10.0.0.1"),
        ("ip igmp version 3", "ip igmp snooping querier"),
        ("mls qos trust dscp", "mls qos"),
        ("udld port aggressive", "udld enable"),
        ("dot1x pae authenticator", "dot1x system-auth-control"),
        ("power inline never", "power redundancy-mode redundant"),
    ] {
        let text = format!("interface GigabitEthernet0/0\n {of_interface}\n mtu 1400\n{global}\n");
        let mut config = Config::before_boot(&C2911, "");
        let merged = crate::commands::merge(&C2911, &mut config, &text);
        assert_eq!(merged.refused, Vec::<String>::new(), "{text}");
        let written = config.render("15.1");
        let interface = written.split("interface GigabitEthernet0/0\n").nth(1).expect("it is there");
        let block = interface.split('!').next().expect("its lines");
        assert!(block.contains(&format!(" {of_interface}\n")) && block.contains(" mtu 1400\n"), "{written}");
        assert!(written.contains(&format!("\n{global}\n")), "{written}");
        let mut again = Config::before_boot(&C2911, "");
        crate::commands::merge(&C2911, &mut again, &written);
        assert_eq!(again.render("15.1"), written);
    }
}

#[test]
fn where_lines_of_a_block_are_indented_one_that_is_not_is_none_of_them() {
    let written = |text: &str| {
        let mut config = Config::before_boot(&C2911, "");
        assert_eq!(crate::commands::merge(&C2911, &mut config, text).refused, Vec::<String>::new(), "{text}");
        config.render("15.1")
    };
    let text = written("route-map M permit 10\n match ip address 10\naccess-list 10 permit any\n");
    assert!(text.contains("\nroute-map M permit 10\n match ip address 10\n!\n"), "{text}");
    assert!(text.contains("\naccess-list 10 permit any\n"), "{text}");
    // What somebody pastes is not indented, and an interface's all the same.
    let text = written("interface g0/0\nmtu 1400\nip nat inside\nip nat inside source list 1 pool P\n");
    assert!(text.contains(" mtu 1400\n ip nat inside\n!"), "{text}");
    assert!(text.contains("\nip nat inside source list 1 pool P\n"), "{text}");
    // Each block for itself.
    let text = written("interface g0/1\n mtu 1400\nline con 0\nlocation here\nlogin\n");
    assert!(
        text.contains("\nline con 0\n location here\n login\n")
            || text.contains("line con 0\n login\n location here\n"),
        "{text}"
    );
}

#[test]
fn what_holds_of_itself_is_shown_where_it_was_denied_only() {
    let mut c = Config::new(&C2911);
    let mut shown = |line: &str| {
        c.apply(&C2911, Section::Global, line).expect("taken");
        let text = c.render("15.5");
        text.lines().filter(|l| l.ends_with("cdp run")).map(str::to_owned).collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    assert_eq!(shown("cdp run"), none);
    assert_eq!(shown("no cdp run"), ["no cdp run"]);
    assert_eq!(shown("no cdp run"), ["no cdp run"]);
    assert_eq!(shown("cdp run"), none);
}

#[test]
fn the_register_is_hexadecimal_or_decimal() {
    let mut c = Config::new(&C2911);
    let mut to = |line| c.apply(&C2911, Section::Global, line).map(|a| a.register);
    assert_eq!(to("config-register 0x2142"), Ok(Some(0x2142)));
    assert_eq!(to("config-register 8450"), Ok(Some(0x2102)));
    assert_eq!(to("config-register 0x12345"), Err(Complaint::Invalid));
    assert_eq!(to("no config-register"), Ok(Some(0x2102)));
}

#[test]
fn nonsense_is_refused_and_hosts_are_named_well() {
    let mut c = Config::new(&C2911);
    for (line, why) in [
        ("frobnicate", Complaint::Invalid),
        ("hostname 1R", Complaint::Hostname),
        ("hostname R 1", Complaint::Invalid),
        ("hostname", Complaint::Incomplete),
        ("interface g9/9", Complaint::Invalid),
        ("ip tftp blocksize 511", Complaint::Invalid),
        ("ip tftp blocksize 8193", Complaint::Invalid),
        ("ip ssh time-out 121", Complaint::Invalid),
        ("ip ssh authentication-retries 6", Complaint::Invalid),
        ("ip ssh time-out", Complaint::Incomplete),
        ("boot system", Complaint::Incomplete),
        ("no", Complaint::Incomplete),
    ] {
        assert_eq!(c.apply(&C2911, Section::Global, line).map(drop), Err(why), "{line}");
    }
    assert_eq!(c, Config::new(&C2911));
}

/// Lines put together at random from the words of the grammar and some that are none.
#[test]
fn whatever_is_merged_renders_into_the_same_configuration() {
    const WORDS: &[&str] = &[
        "no",
        "default",
        "hostname",
        "R1",
        "enable",
        "secret",
        "password",
        "5",
        "7",
        "0",
        "$1$abcd$x",
        "username",
        "bob",
        "privilege",
        "15",
        "16",
        "boot",
        "system",
        "flash",
        "flash:a.bin",
        "b.bin",
        "config-register",
        "0x2142",
        "ip",
        "ftp",
        "tftp",
        "passive",
        "blocksize",
        "1468",
        "domain",
        "lookup",
        "file",
        "prompt",
        "quiet",
        "interface",
        "g0/0",
        "GigabitEthernet0/1",
        "address",
        "10.0.0.1",
        "10.1.0.1",
        "255.255.255.0",
        "shutdown",
        "description",
        "line",
        "con",
        "vty",
        "0",
        "4",
        "login",
        "local",
        "level",
        "router",
        "ospf",
        "1",
        "network",
        "banner",
        "motd",
        "#hello#",
        "^C",
        "end",
        "!",
        "snmp-server",
        "duplex",
        "auto",
        "full",
        "speed",
        "100",
        "exec-timeout",
        "ntp",
        "\u{e9}",
        "logging",
        "console",
        "monitor",
        "warnings",
        "synchronous",
        "route",
        "service",
        "version",
        "alert",
        "cdp",
        "timer",
        "holdtime",
        "access-list",
        "Loopback0",
        "lo7",
        "GigabitEthernet0/0.10",
        "g0/0.5",
        "g0/1.5",
        "range",
        "g0/0-1",
        "l0,g0/2",
        "default",
        "encapsulation",
        "dot1Q",
        "10",
        "",
    ];
    let mut seed = 0x1234_5678_9abc_def0_u64;
    let mut draw = |n: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % n as u64).expect("small")
    };
    for round in 0..3_000 {
        let mut text = String::new();
        for _ in 0..draw(30) {
            let words: Vec<&str> = (0..=draw(7)).map(|_| WORDS[draw(WORDS.len())]).collect();
            text.push_str([" ", ""][draw(2)]);
            text.push_str(&words.join(" "));
            text.push('\n');
        }
        let mut config = Config::new(&C2911);
        config.merge(&C2911, &text);
        // What was taken away is seen until a restart.
        config.interfaces.retain(|i| !i.deleted);
        let rendered = config.render("15.5");
        let again = Config::at_boot(&C2911, &rendered);
        assert_eq!(again, config, "round {round}:\n{text}\nrendered:\n{rendered}");
    }
}

#[test]
fn a_line_whose_block_somebody_has_taken_away_is_refused() {
    let switch = crate::Profile::named("c2960x").expect("a profile");
    let mut config = Config::new(&switch);
    let at = config.apply(&switch, Section::Global, "interface Vlan10").expect("made").section;
    let kept = config.apply(&switch, Section::Global, "router rip").expect("kept").section;
    config.apply(&switch, Section::Global, "no interface Vlan10").expect("gone");
    config.apply(&switch, Section::Global, "no router rip").expect("gone");
    assert_eq!(config.apply(&switch, at, "description x"), Err(Complaint::Invalid));
    assert_eq!(config.apply(&switch, kept, "version 2").map(|a| a.section), Ok(Section::Global));
    for line in ["no interface Vlan1", "interface Vlan4095", "interface Vlan0", "interface Loopback"] {
        assert_eq!(config.apply(&switch, Section::Global, line), Err(Complaint::Invalid), "{line}");
    }
}

/// The interfaces of a rendering, in its order.
fn names(config: &Config) -> Vec<String> {
    let text = config.render("15.5");
    text.lines().filter_map(|line| line.strip_prefix("interface ")).map(str::to_owned).collect()
}

fn said(config: &mut Config, profile: &Profile, line: &str) -> Option<String> {
    config.apply(profile, Section::Global, line).expect(line).notice
}

#[test]
fn interfaces_are_made_and_stand_where_ios_writes_them() {
    let mut config = merged(
        "interface Loopback10\n ip address 10.10.10.10 255.255.255.255\ninterface lo2\n\
         interface g0/0.20\n encapsulation dot1Q 20\n ip address 10.20.0.1 255.255.255.0\n\
         interface GigabitEthernet0/0.3\n description first\n encapsulation dot1q 3 native\n\
         interface gi0/1.007\n",
    );
    assert_eq!(
        names(&config),
        [
            "Loopback2",
            "Loopback10",
            "Embedded-Service-Engine0/0",
            "GigabitEthernet0/0",
            "GigabitEthernet0/0.3",
            "GigabitEthernet0/0.20",
            "GigabitEthernet0/1",
            "GigabitEthernet0/1.7",
            "GigabitEthernet0/2",
        ]
    );
    let text = config.render("15.5");
    for block in [
        "interface Loopback2\n no ip address\n!\n",
        "interface GigabitEthernet0/0.3\n description first\n encapsulation dot1Q 3 native\n no ip address\n!\n",
        "interface GigabitEthernet0/0.20\n encapsulation dot1Q 20\n ip address 10.20.0.1 255.255.255.0\n!\n",
    ] {
        assert!(text.contains(block), "{block} not in\n{text}");
    }
    assert_eq!(Config::at_boot(&C2911, &text), config, "{text}");
    // A loopback goes as if it had never been, a subinterface is seen until the next restart.
    assert_eq!(said(&mut config, &C2911, "no interface Loopback2"), None);
    assert_eq!(said(&mut config, &C2911, "no interface Loopback99"), None);
    let notice = said(&mut config, &C2911, "no interface GigabitEthernet0/0.20").expect("a notice");
    assert!(notice.starts_with("% Not all config may be removed and may reappear"), "{notice}");
    assert!(!names(&config).iter().any(|name| name == "Loopback2" || name.ends_with(".20")));
    let seen = config.in_tables();
    assert!(seen.iter().any(|i| i.name.ends_with(".20") && i.deleted));
    assert_eq!(seen.last().map(|i| &*i.name), Some("Loopback10"), "tables have loopbacks last");
    let sub = C2911.interface("g0/0").map(|port| Port::sub(port, 20)).expect("a port");
    assert_eq!(config.interface(&sub), None);
    let section = Section::Interface(sub.clone());
    assert_eq!(config.apply(&C2911, section, "description gone").map(drop), Err(Complaint::Invalid));
    said(&mut config, &C2911, "interface g0/0.20");
    assert_eq!(config.interface(&sub).map(|i| (i.dot1q, i.address)), Some((None, None)), "as new");
}

#[test]
fn what_is_no_interface_is_refused_and_makes_none() {
    let switch = Profile::named("c2960x").expect("a profile");
    for (profile, lines) in [
        (
            &*C2911,
            &[
                "interface Loopback",
                "interface Loopback2147483648",
                "interface Loopback0.1",
                "interface GigabitEthernet0/7.1",
                "interface GigabitEthernet0/0.",
                "interface GigabitEthernet0/0.4294967296",
                "interface GigabitEthernet0/0.1.2",
                "interface Embedded-Service-Engine0/0.1",
                "interface Vlan1",
                "interface range g0/0 - 7",
                "interface range g0/2 - 1",
                "interface range g0/0 - ",
                "interface range ,",
                "interface range loopback 0",
                "interface range g0/0 - l1",
                "default interface Loopback0",
                "default interface range g0/0 , lo0",
            ][..],
        ),
        (
            &switch,
            &[
                "interface GigabitEthernet1/0/1.10",
                "interface range vlan 1 - 2",
                "interface range g1/0/27 - 29",
            ],
        ),
    ] {
        let mut config = Config::new(profile);
        for line in lines {
            let got = config.apply(profile, Section::Global, line).map(drop);
            assert_eq!(got, Err(Complaint::Invalid), "{line}");
        }
        assert_eq!(config, Config::new(profile));
    }
    let mut config = Config::new(&C2911);
    let got = config.apply(&C2911, Section::Global, "no interface GigabitEthernet0/0").map(drop);
    assert_eq!(got, Err(Complaint::Physical));
    assert_eq!(
        config.apply(&C2911, Section::Global, "interface range").map(drop),
        Err(Complaint::Incomplete)
    );
}

#[test]
fn a_subinterface_has_an_address_only_with_a_vlan_of_its_own() {
    let mut config = merged("interface g0/0.10\n");
    let sub = |n| Section::Interface(Port::sub(C2911.interface("g0/0").expect("a port"), n));
    let mut at = |n, line: &str| config.apply(&C2911, sub(n), line).map(drop);
    assert_eq!(at(10, "ip address 10.0.10.1 255.255.255.0"), Err(Complaint::NoEncapsulation));
    assert_eq!(at(10, "encapsulation dot1Q"), Err(Complaint::Incomplete));
    assert_eq!(at(10, "encapsulation dot1Q 4095"), Err(Complaint::Invalid));
    assert_eq!(at(10, "speed 100"), Err(Complaint::Invalid));
    assert_eq!(at(10, "encapsulation dot1Q 10"), Ok(()));
    assert_eq!(at(10, "ip address 10.0.10.1 255.255.255.0"), Ok(()));
    said(&mut config, &C2911, "interface g0/0.20");
    let mut at = |n, line: &str| config.apply(&C2911, sub(n), line).map(drop);
    let other = Port::sub(C2911.interface("g0/0").expect("a port"), 10);
    assert_eq!(at(20, "encapsulation dot1Q 10"), Err(Complaint::SameVlan { vlan: 10, other }));
    assert_eq!(at(10, "no encapsulation dot1Q 10"), Ok(()));
    assert_eq!(at(20, "encapsulation dot1Q 10"), Ok(()));
    assert!(config.interfaces.iter().all(|i| i.address.is_none()), "it goes with the VLAN");
    let main = Section::Interface(port("g0/0"));
    assert_eq!(
        config.apply(&C2911, main, "encapsulation dot1Q 10").map(drop),
        Err(Complaint::Invalid),
        "only subinterfaces"
    );
}

#[test]
fn a_line_of_a_range_is_of_each_and_default_takes_everything_back() {
    let switch = Profile::named("c2960x").expect("a profile");
    for (range, ports) in [
        ("g1/0/1 - 3 , g1/0/7", &["1/0/1", "1/0/2", "1/0/3", "1/0/7"][..]),
        ("GigabitEthernet1/0/1-2,gi1/0/2", &["1/0/1", "1/0/2"]),
        ("gi 1/0/9 - gi 1/0/10", &["1/0/9", "1/0/10"]),
        ("g1/0/28", &["1/0/28"]),
    ] {
        let mut config = Config::new(&switch);
        let line = format!("interface range {range}");
        let section = config.apply(&switch, Section::Global, &line).expect(range).section;
        let Section::Range(found) = &section else { panic!("{section:?}") };
        let found: Vec<&str> = found.iter().map(|port| port.parts().1).collect();
        assert_eq!(found, ports);
        for line in ["description uplinks", "switchport mode trunk", "shutdown"] {
            config.apply(&switch, section.clone(), line).expect(line);
        }
        let of_range = |i: &&Interface| i.description.as_deref() == Some("uplinks") && i.shutdown;
        let those: Vec<&Interface> = config.interfaces.iter().filter(of_range).collect();
        assert_eq!(those.iter().map(|i| i.name.parts().1).collect::<Vec<_>>(), ports);
        assert!(those.iter().all(|i| i.kept == ["switchport mode trunk"]));
        let notice = said(&mut config, &switch, &format!("default {line}", line = line)).expect("said");
        let lines: Vec<String> = ports
            .iter()
            .map(|port| format!("Interface GigabitEthernet{port} set to default configuration"))
            .collect();
        assert_eq!(notice.lines().collect::<Vec<_>>(), lines);
        assert_eq!(config, Config::new(&switch));
    }
    // What commands made is not taken away.
    let mut config = merged("interface lo0\n ip address 10.0.0.1 255.255.255.255\n shutdown\n");
    said(&mut config, &C2911, "default interface Loopback0").expect("said");
    assert!(config.render("15.5").contains("interface Loopback0\n no ip address\n!\n"));
    // Of an address that several are to have the first has it.
    let section = config.apply(&C2911, Section::Global, "interface range g0/0 - 2").expect("a range").section;
    let got = config.apply(&C2911, section, "ip address 10.1.0.1 255.255.255.0").map(drop);
    assert!(matches!(got, Err(Complaint::Overlaps { other, .. }) if *other == *"GigabitEthernet0/0"));
    assert_eq!(config.interfaces.iter().filter(|i| i.address.is_some()).count(), 1);
    for line in ["interface range lo0", "no interface range lo0"] {
        config.apply(&C2911, Section::Global, line).expect(line);
    }
    assert!(!config.render("15.5").contains("Loopback"));
}
