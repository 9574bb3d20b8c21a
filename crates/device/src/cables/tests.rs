use super::*;
use crate::{C2911, DeviceConfig, Profile, Stock, image};
use ios_cli::text::neighbours::{parse_cdp, render_cdp};
use store::VPath;
use store::memory::Shelf;

const R1: &str = "hostname R1\nip domain name example.net\ninterface g0/1\n ip address 10.0.0.1 255.255.255.0\n no shutdown\nend\n";
const R2: &str = "hostname R2\ninterface g0/2\n ip address 10.0.0.2 255.255.255.0\n no shutdown\nend\n";

/// A device that has saved that, and is switched off.
fn device(profile: &Arc<Profile>, startup: &str) -> Arc<Device> {
    let shelf = Shelf::new(&std::env::temp_dir());
    let recipe = image::Recipe { profile, version: &profile.image.first, size: image::MIN_SIZE, seed: 7 };
    let mut octets = Vec::new();
    image::make(&recipe, &mut octets).expect("made");
    let content = shelf.take(&mut &octets[..]).expect("on the shelf");
    let config = DeviceConfig { pace: 0.0, profile: profile.clone(), ..DeviceConfig::new("") };
    let flash = vec![(VPath::parse(b"/old.bin").expect("a name"), content)];
    Device::in_memory(config, &shelf, Stock { flash, startup: Some(startup.into()), ..Stock::default() })
}

fn port(device: &Device, name: &str) -> Port {
    device.profile().interface(name).expect(name).clone()
}

/// R1's g0/1 and R2's g0/2, both running.
fn two() -> [Arc<Device>; 2] {
    let [r1, r2] = [R1, R2].map(|startup| device(&C2911, startup));
    connect((&r1, &port(&r1, "g0/1")), (&r2, &port(&r2, "g0/2")));
    r1.power_on();
    r2.power_on();
    [r1, r2]
}

fn line(device: &Device, name: &str) -> Line {
    device.line(&port(device, name))
}

fn set(device: &Device, lines: &str) {
    let profile = device.profile().clone();
    let done = device.reconfigure("test", |config| config.merge(&profile, lines));
    assert_eq!(done, Some(Vec::new()), "{lines}");
}

/// What the log says since, without the time.
fn said(device: &Device, seen: &mut u64) -> Vec<String> {
    let texts = device.messages.since(seen).into_iter();
    texts.map(|text| text.text.split_once(": ").expect("a time").1.to_owned()).collect()
}

fn names(device: &Device, protocol: Protocol) -> Vec<String> {
    device.neighbours(protocol).into_iter().map(|cdp| cdp.name).collect()
}

#[test]
fn a_line_goes_down_with_the_other_end_and_the_log_says_so() {
    let [r1, r2] = two();
    assert_eq!((line(&r1, "g0/1"), line(&r2, "g0/2")), (Line::Up, Line::Up));
    assert_eq!(line(&r1, "g0/0"), Line::Shut, "nobody named it");
    let up_and_down = |way: &str| {
        [
            format!("%LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to {way}"),
            format!(
                "%LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEthernet0/1, changed state to {way}"
            ),
        ]
    };
    let mut seen = r1.messages.end();
    let reaches = || r1.links().is_some_and(|links| links.via([10, 0, 0, 2].into()).is_some());
    assert!(reaches());
    r2.restart("reload");
    assert_eq!(line(&r1, "g0/1"), Line::Down);
    let [link, protocol] = up_and_down("down");
    assert_eq!(said(&r1, &mut seen), [protocol, link]);
    assert!(!reaches(), "there is no way through a line that is down");
    r2.power_on();
    assert_eq!((line(&r1, "g0/1"), said(&r1, &mut seen)), (Line::Up, up_and_down("up").to_vec()));
    assert!(reaches());
    // As if the other one were switched off.
    set(&r2, "interface g0/2\n shutdown\n");
    assert_eq!((line(&r1, "g0/1"), line(&r2, "g0/2")), (Line::Down, Line::Shut));
    said(&r1, &mut seen);
    // Of its own port it says what happened there.
    set(&r1, "interface g0/1\n shutdown\n");
    let shut = "%LINK-5-CHANGED: Interface GigabitEthernet0/1, changed state to administratively down";
    assert_eq!(said(&r1, &mut seen), [shut], "its protocol was down before");
    set(&r1, "interface g0/1\n no shutdown\n");
    assert_eq!(said(&r1, &mut seen), up_and_down("down")[..1]);
    set(&r2, "interface g0/2\n no shutdown\n");
    assert_eq!(said(&r1, &mut seen), up_and_down("up"));
}

#[test]
fn ports_without_a_cable_are_up_as_soon_as_they_are_not_shut_down() {
    let r1 = device(&C2911, R1);
    r1.power_on();
    assert_eq!(line(&r1, "g0/1"), Line::Up);
    let mut seen = r1.messages.end();
    set(&r1, "interface g0/1\n shutdown\n");
    set(&r1, "interface g0/1\n no shutdown\n");
    let said = said(&r1, &mut seen);
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said[0].starts_with("%LINK-5-CHANGED") && said[1].ends_with("state to down"), "{said:?}");
    assert!(said[2].starts_with("%LINK-3-UPDOWN") && said[3].ends_with("state to up"), "{said:?}");
}

#[test]
fn neighbours_tell_who_they_are_and_are_remembered() {
    let [r1, r2] = two();
    let heard = r1.neighbours(Protocol::Cdp);
    let [cdp] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((cdp.name.as_str(), cdp.platform.as_str()), ("R2", "Cisco CISCO2911/K9"));
    assert_eq!((cdp.port.as_str(), cdp.theirs.as_str()), ("GigabitEthernet0/1", "GigabitEthernet0/2"));
    assert_eq!((cdp.addresses.as_slice(), cdp.holdtime), (&["IP address: 10.0.0.2".to_owned()][..], 180));
    assert!(cdp.rest[1].contains("(C2900-UNIVERSALK9-M), Version 15.1(4)M4, RELEASE"), "{cdp:?}");
    assert_eq!(parse_cdp(&render_cdp(&heard)).as_ref(), Ok(&heard), "as it is read");
    assert_eq!(names(&r2, Protocol::Cdp), ["R1.example.net"]);
    assert!(names(&r1, Protocol::Lldp).is_empty(), "LLDP runs where somebody says so");
    // Who was switched off is remembered as it was, by who was not.
    set(&r2, "hostname R22\n");
    r2.restart("reload");
    assert_eq!(names(&r1, Protocol::Cdp), ["R22"]);
    assert!(names(&r2, Protocol::Cdp).is_empty(), "it runs nothing that would know");
    r2.power_on();
    assert_eq!(names(&r2, Protocol::Cdp), ["R1.example.net"], "at once: a line that comes up is spoken on");
    assert_eq!(names(&r1, Protocol::Cdp), ["R2"], "it had not saved its name");
}

#[test]
fn who_does_not_speak_is_not_heard() {
    let [r1, r2] = two();
    // A port that does not speak does not listen either.
    set(&r1, "interface g0/1\n no cdp enable\n");
    assert!(names(&r1, Protocol::Cdp).is_empty());
    assert_eq!(names(&r2, Protocol::Cdp), ["R1.example.net"], "for a while");
    set(&r2, "no cdp run\n");
    set(&r2, "cdp run\n");
    assert!(names(&r2, Protocol::Cdp).is_empty(), "it had forgotten, and hears nothing new");
    set(&r1, "interface g0/1\n cdp enable\n");
    assert_eq!(
        (names(&r1, Protocol::Cdp), names(&r2, Protocol::Cdp)),
        (vec!["R2".into()], vec!["R1.example.net".into()])
    );
    assert!(!r1.configuration().contains("cdp"), "{}", r1.configuration());
    // Both have to run LLDP, and each way can be closed.
    set(&r1, "lldp run\n");
    assert!(names(&r1, Protocol::Lldp).is_empty() && names(&r2, Protocol::Lldp).is_empty());
    set(&r2, "lldp run\ninterface g0/2\n no lldp receive\n");
    assert_eq!(names(&r1, Protocol::Lldp), ["R2"]);
    assert!(names(&r2, Protocol::Lldp).is_empty());
    set(&r2, "interface g0/2\n lldp receive\n");
    assert_eq!(names(&r2, Protocol::Lldp), ["R1.example.net"]);
    let heard = r2.heard_from(Protocol::Lldp);
    assert!(matches!(&heard[..], [(_, Some(far))] if Arc::ptr_eq(far, &r1)));
}

#[test]
fn how_long_one_is_remembered_is_said_by_who_speaks() {
    let [r1, r2] = two();
    let holdtime = |device: &Device| device.neighbours(Protocol::Cdp)[0].holdtime;
    set(&r2, "cdp timer 5\ncdp holdtime 20\n");
    assert!((16..=20).contains(&holdtime(&r1)), "{}", holdtime(&r1));
    assert!((121..=180).contains(&holdtime(&r2)), "the other way it is as it was");
    assert!(r2.configuration().contains("\ncdp timer 5\ncdp holdtime 20\n"), "{}", r2.configuration());
    set(&r2, "no cdp timer\nno cdp holdtime\n");
    assert!((121..=180).contains(&holdtime(&r1)));
    // What it is by itself is not written.
    set(&r2, "cdp timer 60\ncdp holdtime 180\n");
    assert!(!r2.configuration().contains("cdp"), "{}", r2.configuration());
    // LLDP has a pace of its own.
    set(&r2, "cdp holdtime 10\nlldp run\n");
    set(&r1, "lldp run\n");
    assert!((91..=120).contains(&r1.neighbours(Protocol::Lldp)[0].holdtime));
}

#[test]
fn a_switch_is_told_by_its_vlan_and_an_old_router_knows_no_lldp() {
    let [c2960x, c3640] = ["c2960x", "c3640"].map(|name| Profile::named(name).expect("a profile"));
    let switch = device(
        &c2960x,
        "hostname SW\nlldp run\ninterface Vlan10\n ip address 10.9.0.1 255.255.255.0\n\
         interface g1/0/3\n switchport access vlan 10\nend\n",
    );
    let old = device(&c3640, "hostname OLD\nlldp run\ninterface f0/0\n no shutdown\nend\n");
    connect((&switch, &port(&switch, "g1/0/3")), (&old, &port(&old, "f0/0")));
    old.power_on();
    switch.power_on();
    let heard = old.neighbours(Protocol::Cdp);
    assert_eq!(heard[0].addresses, ["IP address: 10.9.0.1"]);
    assert!(heard[0].rest.contains(&"Native VLAN: 10".to_owned()), "{heard:?}");
    assert_eq!(heard[0].platform, "cisco WS-C2960X-24PS-L");
    let heard = switch.neighbours(Protocol::Cdp);
    assert_eq!((heard[0].platform.as_str(), heard[0].capabilities.as_str()), ("Cisco 3640", "Router"));
    assert!(heard[0].rest[1].starts_with("Cisco Internetwork Operating System"), "{heard:?}");
    assert!(switch.neighbours(Protocol::Lldp).is_empty() && old.neighbours(Protocol::Lldp).is_empty());
}

#[test]
fn a_link_goes_down_on_request_and_comes_back() {
    let [r1, r2] = two();
    let mut seen = r2.messages.end();
    r1.set_fault("link-down g0/1".parse().expect("a fault"));
    assert_eq!((line(&r1, "g0/1"), line(&r2, "g0/2")), (Line::Down, Line::Down));
    assert_eq!(r1.faults()[0].to_string(), "link-down GigabitEthernet0/1", "as the device calls it");
    assert_eq!(said(&r2, &mut seen).len(), 2, "the other end hears of it too");
    assert!(!r1.take_back("link-down g0/2") && r1.take_back("link-down gi 0/1"));
    assert_eq!((line(&r1, "g0/1"), line(&r2, "g0/2")), (Line::Up, Line::Up));
    // Of a port without a cable too, and of all.
    set(&r1, "interface g0/0\n no shutdown\n");
    let mut seen = r1.messages.end();
    r1.set_fault("link-down all".parse().expect("a fault"));
    assert_eq!((line(&r1, "g0/0"), line(&r1, "g0/1")), (Line::Down, Line::Down));
    assert_eq!(said(&r1, &mut seen).len(), 4);
    assert!(r1.take_back("link-down") && line(&r1, "g0/0") == Line::Up);
    // One that does not come back with a restart is there until then.
    r2.set_fault("no-link-after-boot g0/2".parse().expect("a fault"));
    assert_eq!(line(&r2, "g0/2"), Line::Up);
    r2.restart("reload");
    r2.power_on();
    assert_eq!((line(&r1, "g0/1"), line(&r2, "g0/2")), (Line::Down, Line::Down));
    assert!(names(&r2, Protocol::Cdp).is_empty(), "whom it knew it has forgotten");
    r2.clear_faults();
    assert_eq!(names(&r2, Protocol::Cdp), ["R1.example.net"]);
    // It begins with a command as any other.
    r1.set_fault("when show clock: link-down all".parse().expect("a fault"));
    assert_eq!((r1.fate_of("show version"), line(&r1, "g0/1")), (None, Line::Up));
    assert_eq!((r1.fate_of("show clock"), line(&r1, "g0/1")), (None, Line::Down));
}

#[test]
fn a_stand_in_is_always_there() {
    let r1 = device(&C2911, R1);
    let says = Cdp { name: "SW9".into(), theirs: "Gi1/0/1".into(), ..Cdp::default() };
    r1.stand_in(&port(&r1, "g0/1"), StandIn { says, cdp: true, lldp: false });
    r1.power_on();
    set(&r1, "lldp run\n");
    assert_eq!((line(&r1, "g0/1"), names(&r1, Protocol::Cdp)), (Line::Up, vec!["SW9".to_owned()]));
    assert!(names(&r1, Protocol::Lldp).is_empty(), "that it does not speak");
    r1.set_fault("no-link-after-boot all".parse().expect("a fault"));
    r1.restart("reload");
    r1.power_on();
    assert!(names(&r1, Protocol::Cdp).is_empty());
}

#[test]
fn a_port_with_a_loose_cable_is_down() {
    let r1 = device(&C2911, R1);
    r1.leave_loose(&port(&r1, "g0/1"));
    r1.power_on();
    assert_eq!(line(&r1, "g0/1"), Line::Down);
    set(&r1, "interface g0/1\n shutdown\n");
    assert_eq!(line(&r1, "g0/1"), Line::Shut);
}

/// What a thousand of them cost is some hundred octets each, with nobody at work on them.
#[test]
fn a_cable_is_small() {
    let each = size_of::<Cable>() + 2 * size_of::<(Arc<Cable>, End)>();
    assert!(each <= 320, "{each} octets");
}

/// Two threads restart the ends of one cable, again and again, while a third looks: nobody waits for anybody for ever.
#[test]
fn both_ends_may_restart_at_once() {
    let [r1, r2] = two();
    std::thread::scope(|scope| {
        for device in [&r1, &r2] {
            scope.spawn(move || {
                for _ in 0..200 {
                    device.restart("reload");
                    device.power_on();
                }
            });
        }
        scope.spawn(|| (0..200).for_each(|_| drop((names(&r1, Protocol::Cdp), line(&r2, "g0/2")))));
    });
    assert_eq!((line(&r1, "g0/1"), line(&r2, "g0/2")), (Line::Up, Line::Up));
    assert_eq!((names(&r1, Protocol::Cdp).len(), names(&r2, Protocol::Cdp).len()), (1, 1));
}
