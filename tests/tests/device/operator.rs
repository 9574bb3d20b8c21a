//! What an operator does beside files and configurations.

use crate::bench::{Bench, OLD, Person};
use device::Fault;
use std::sync::Arc;

#[test]
fn a_clock_that_is_set_goes_on_from_there() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    assert!(p.run("show clock detail").contains("\nNo time source\n"));
    // A clock that is wrong on request is right when it is set.
    p.device.set_fault(Fault::Clock(-86_400));
    assert_eq!(p.run("clock set 10:59:58 27 nov 2026"), "");
    let log = p.until("by console.");
    assert!(log.starts_with("\nNov 27 10:59:58.0"), "{log}");
    assert!(log.contains("%SYS-6-CLOCKUPDATE: System clock has been updated from "), "{log}");
    assert!(log.contains(" to 10:59:58 UTC Fri Nov 27 2026, configured from console by console."), "{log}");
    let shown = p.run("show clock");
    assert!(shown.starts_with("10:59:5") || shown.starts_with("11:00:"), "{shown}");
    assert!(shown.ends_with(" UTC Fri Nov 27 2026\n"), "{shown}");
    assert!(p.run("show clock detail").ends_with("\nTime source is user configuration\n"));
    // Either order, months abbreviated or whole; messages have no star any more.
    assert_eq!(p.run("clock set 1:2:3 february 28 2030"), "");
    let log = p.until("by console.");
    assert!(log.starts_with("\nFeb 28 01:02:03.0"), "{log}");
    p.keys("reload at 2:00\r");
    let asked = p.until("[confirm]");
    assert!(asked.contains("Reload scheduled for 02:00:0"), "{asked}");
    assert!(asked.contains(" UTC Thu Feb 28 2030 (in 5"), "{asked}");
    p.keys("n");
    p.until("R1#");
    assert_eq!(p.run("clock set 1:2:3 30 february 2030"), "% Invalid day of month\n\n");
    for bad in ["clock set 24:00:00 1 Jan 2030", "clock set 1:2 1 Jan 2030", "clock set 1:2:3 1 Jan 1980"] {
        assert!(p.run(bad).contains("^\n% Invalid input detected at '^' marker."), "{bad}");
    }
    assert!(p.run("clock set 1:2:3 1 ju 2030").contains("% Ambiguous command"));
}

#[test]
fn what_is_sent_is_seen_on_the_lines_it_is_for() {
    let bench = Bench::r1();
    bench.startup(&format!("line vty 0 4\n no login\n privilege level 15\n{}", crate::bench::R1));
    let mut p = bench.enabled();
    let mut v = Person::at_vty(Arc::clone(&p.device));
    v.until("R1#");
    p.answer("send *", "Enter message, end with CTRL/Z; abort with CTRL/C:");
    p.keys("reload at noon\rsave your work\u{1a}");
    p.until("Send message? [confirm]");
    p.keys("\r");
    let seen = v.until("save your work\r\n");
    assert!(
        seen.ends_with(
            "\n\n***\n***\n*** Message from tty0 to all terminals:\n***\nreload at noon\nsave your work\n"
        ),
        "{seen}"
    );
    p.until("save your work\r\n");
    p.until("R1#");
    // To the console alone, and given up.
    v.answer("send console 0", "CTRL/C:");
    v.keys("to you\u{1a}");
    v.until("[confirm]");
    v.keys("y");
    let seen = p.until("to you\r\n");
    assert!(seen.contains("*** Message from tty388 to tty0:\n"), "{seen}");
    v.until("R1#");
    v.answer("send vty 4", "CTRL/C:");
    v.keys("nobody\u{3}");
    v.until("R1#");
    assert!(!v.screen().contains("Message from tty388 to"), "the console's only: {}", v.screen());
    assert_eq!(v.run("send log 3 it burns"), "");
    let log = v.run("show logging | include USERLOG");
    assert!(log.contains("%SYS-3-USERLOG_ERR: Message from tty388(user id: ): it burns"), "{log}");
    assert_eq!(v.run("send log hello all"), "");
    let log = v.run("show logging | include SYS-7");
    assert!(log.contains("Message from tty388(user id: ): hello all"), "{log}");
}

#[test]
fn a_file_says_what_it_is() {
    let bench = Bench::r1();
    let foreign = device::Profile::all().find(|(p, _)| *p.name == *"c2960x").expect("there").0.clone();
    bench.put("other.bin", &crate::bench::image_for(&foreign, "15.2(2)E7", 65_700));
    bench.put("notes.txt", b"hello\n");
    bench.put("junk", &[0, 1, 2, 255]);
    let mut p = bench.enabled();
    let text = p.run(&format!("show file information flash:{OLD}"));
    assert_eq!(
        text,
        format!(
            "flash:{OLD}:\n  type is image (elf) []\n  file size is 65700 bytes, run size is 65700 bytes\n  \
             Runnable image, entry point 0x80008000, run from ram\n"
        )
    );
    let text = p.run("show file information flash:other.bin");
    assert!(text.contains("type is image (mzip) []\n") && text.ends_with("  Foreign image\n"), "{text}");
    assert_eq!(p.run("sh file info notes.txt"), "notes.txt:\n  type is ascii text\n");
    assert_eq!(p.run("sh file info nvram:startup-config"), "nvram:startup-config:\n  type is ascii text\n");
    assert_eq!(p.run("sh file info flash:junk"), "flash:junk:\n  type is unknown\n");
    assert_eq!(p.run("sh file info flash:none"), "%Error opening flash:none (No such file or directory)\n");
}

#[test]
fn tech_support_is_everything_on_pages_and_without_passwords() {
    let bench = Bench::r1();
    bench.startup(&format!("enable secret ccna\nusername bob secret tops\n{}", crate::bench::R1));
    let mut p = bench.enabled();
    let text = p.run("show tech-support");
    for section in ["show version", "show running-config", "show interfaces", "show flash:", "show logging"] {
        assert!(
            text.contains(&format!("\n------------------ {section} ------------------\n\n")),
            "{section}"
        );
    }
    assert!(text.contains("Cisco IOS Software") && text.contains(OLD), "{text}");
    assert!(text.contains("\nusername bob secret") && text.contains("<removed>\n"), "{text}");
    assert!(!text.contains("show vlan"), "a router has none");
    let whole = p.run("show tech-support password | include username");
    assert!(!whole.contains("<removed>"), "{whole}");
    p.run("terminal length 24");
    p.keys("show tech-support\r");
    p.until(" --More-- ");
    p.keys("q");
    p.until("R1#");
}

#[test]
fn debugging_tells_of_what_happens_until_it_is_turned_off() {
    let mut bench = Bench::r1();
    bench.table = Some(device::wire::Table::parse("10.0.0.1:69 = 127.0.0.1:6969\n").expect("a table"));
    bench.patience = 0.02;
    let mut p = bench.enabled();
    assert_eq!(p.run("show debugging"), "\n");
    assert_eq!(p.run("debug ip icmp"), "ICMP packet debugging is on\n");
    assert_eq!(p.run("debug tftp events"), "TFTP Event debugging is on\n");
    p.run("ping 10.0.0.1");
    // All that is told is there when it is shown.
    p.run("show logging");
    let told = "ICMP: echo reply rcvd, src 10.0.0.1, dst 10.0.0.2, topology BASE, dscp 0 topoid 0\n";
    let count = |text: &str| text.matches(told).count();
    assert_eq!(count(&p.run("show logging")), 4, "the first one is lost");
    let before = p.screen();
    assert_eq!(before.matches("0 topoid 0").count(), 3 * 4, "on the console, and twice in the log: {before}");
    // Nobody is at that port: what is asked is told nevertheless.
    let text = p.run("copy tftp://10.0.0.1/x null:");
    assert!(text.contains(": TFTP: Sending read request (retry 0), socket_id 0x6"), "{text}");
    assert_eq!(
        p.run("show debugging"),
        "TFTP:\n  TFTP Event debugging is on\nGeneric IP:\n  ICMP packet debugging is on\n\n"
    );
    assert_eq!(p.run("no debug ip icmp"), "ICMP packet debugging is off\n");
    p.run("ping 10.0.0.1");
    assert_eq!(count(&p.run("show logging")), 4);
    assert_eq!(p.run("undebug all"), "All possible debugging has been turned off\n");
    p.keys("debug all\r");
    p.until("Continue? (yes/[no]): ");
    p.keys("\r");
    p.until("R1#");
    assert_eq!(p.run("show debugging"), "\n");
    p.keys("debug all\r");
    p.until("Continue? (yes/[no]): ");
    p.keys("yes\r");
    p.until("All possible debugging has been turned on");
    p.until("R1#");
    assert_eq!(p.run("no debug all"), "All possible debugging has been turned off\n");
}
