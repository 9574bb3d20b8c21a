//! What goes wrong on request goes wrong as asked, shows as a device shows it, and can be taken back.

use crate::bench::{Bench, NEW, NEW_VERSION, OLD, Person, R1, SIZE, image};
use crate::lab::Lab;
use device::{Attendant, Mode};
use std::time::{Duration, Instant};

fn set(p: &Person, fault: &str) {
    p.device.set_fault(fault.parse().expect(fault));
}

/// Copies to flash with a complete URL; everything up to the next prompt.
fn copy(p: &mut Person, scheme: &str, name: &str) -> String {
    p.keys(&format!("copy {scheme}://10.0.0.1/{name} flash:\r"));
    p.until("]? ");
    p.keys("\r");
    p.until("R1#")
}

/// R1 with an image on the server.
fn lab() -> (Lab, Vec<u8>) {
    let (lab, octets) = (Lab::new(), image(NEW_VERSION, SIZE));
    lab.serve(NEW, octets.clone());
    (lab, octets)
}

#[test]
fn slow_flash_takes_its_time_and_loses_nothing() {
    let (lab, octets) = lab();
    let mut p = lab.bench.enabled();
    set(&p, "slow-flash 100K");
    let start = Instant::now();
    assert!(copy(&mut p, "tftp", NEW).contains("[OK - 65700 bytes]"));
    assert!(start.elapsed() >= Duration::from_millis(640), "65,700 octets at 100 KiB/s");
    assert_eq!(std::fs::read(lab.bench.flash(NEW)).expect("there"), octets);
}

#[test]
fn full_flash_is_told_before_and_refuses_what_does_not_fit() {
    let (lab, _) = lab();
    let mut p = lab.bench.enabled();
    set(&p, "full-flash 40K");
    assert!(p.run("dir flash:").contains("(40960 bytes free)"));
    let said = copy(&mut p, "tftp", NEW);
    assert!(said.contains("(Not enough space on device)"), "{said}");
    assert!(!lab.bench.flash(NEW).exists());
    p.device.clear_faults();
    assert!(copy(&mut p, "tftp", NEW).contains("[OK - 65700 bytes]"));
}

#[test]
fn bad_sectors_make_an_image_that_verifies_wrong() {
    let (lab, octets) = lab();
    let mut p = lab.bench.enabled();
    set(&p, "bad-sectors");
    assert!(copy(&mut p, "tftp", NEW).contains("[OK - 65700 bytes]"), "the copy itself notices nothing");
    let there = std::fs::read(lab.bench.flash(NEW)).expect("there");
    assert_eq!(there.iter().zip(&octets).filter(|(a, b)| a != b).count(), 1);
    let md5 = p.run(&format!("verify /md5 flash:{NEW}"));
    let sound = device::image::md5(&store::Blob::Memory(octets.into())).expect("in memory");
    assert!(!md5.contains(&sound), "{md5}");
    // The next file is as it came.
    p.run(&format!("delete /force flash:{NEW}"));
    copy(&mut p, "tftp", NEW);
    assert!(p.run(&format!("verify /md5 flash:{NEW}")).contains(&sound));
}

#[test]
fn lost_acknowledgements_are_repeated_until_the_file_is_whole() {
    let (lab, octets) = lab();
    let mut p = lab.bench.enabled();
    set(&p, "loss 20 10.0.0.1");
    let said = copy(&mut p, "tftp", NEW);
    assert!(said.contains("[OK - 65700 bytes]"), "{said}");
    // The server sends again what was not acknowledged: that is out of order.
    assert!(said.contains('O') || said.contains('.'), "{said}");
    assert_eq!(std::fs::read(lab.bench.flash(NEW)).expect("there"), octets);
}

#[test]
fn a_line_is_dropped_in_the_middle_of_a_copy_over_each_protocol() {
    for scheme in ["tftp", "ftp"] {
        let (lab, octets) = lab();
        lab.bench.startup(&format!("username bob privilege 15 secret x\nline vty 0 4\n login local\n{R1}"));
        let device = lab.bench.device();
        device.power_on();
        let mut p = Person::at_vty(device.clone());
        p.until("Username: ");
        p.keys("bob\r");
        p.until("Password: ");
        p.keys("x\r");
        p.until("R1#");
        set(&p, "drop-session 50%");
        set(&p, "slow-flash 200K");
        p.keys(&format!("copy {scheme}://10.0.0.1/{NEW} flash:\r"));
        p.until("]? ");
        p.keys("\r");
        p.until("!");
        let screen = p.screen();
        p.over();
        assert!(!screen.contains("[OK"), "{scheme}: {screen}");
        assert!(!lab.bench.flash(NEW).exists(), "{scheme}: nothing is left in flash");
        // It happens once: the next one is whole.
        let mut p = Person::at(device);
        p.until("get started!");
        p.keys("\r");
        p.until("R1#");
        assert!(copy(&mut p, scheme, NEW).contains("[OK"), "{scheme}");
        assert_eq!(std::fs::read(lab.bench.flash(NEW)).expect("there"), octets);
    }
}

#[test]
fn a_reload_in_the_middle_of_a_copy_leaves_nothing_of_the_file_and_the_old_image_boots() {
    let (lab, _) = lab();
    let mut p = lab.bench.enabled();
    let _attendant = Attendant::start(std::slice::from_ref(&p.device)).expect("a thread");
    set(&p, "reload-in-copy 30");
    set(&p, "slow-flash 200K");
    p.keys(&format!("copy tftp://10.0.0.1/{NEW} flash:\r"));
    p.until("]? ");
    p.keys("\r");
    p.started();
    assert!(p.run("show version").contains("System returned to ROM by reload in the middle of a copy"));
    assert!(!lab.bench.flash(NEW).exists() && lab.bench.flash(OLD).exists());
}

#[test]
fn noise_comes_while_somebody_types_and_on_lines_that_watch() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.keys("show");
    p.until("show");
    set(&p, "noise 5ms");
    for _ in 0..3 {
        p.until("\r\n*");
        p.until("%");
    }
    p.keys("\u{15}");
    p.device.clear_faults();
    bench.startup(&format!("line vty 0 4\n no login\n{R1}"));
    // A vty shows messages from terminal monitor on, and no longer after terminal no monitor.
    p.run("configure terminal");
    for line in ["line vty 0 4", "no login", "privilege level 15", "end"] {
        p.run(line);
    }
    let mut v = Person::at_vty(p.device.clone());
    v.until("R1#");
    set(&p, "noise 5ms");
    p.until("%");
    assert!(!v.run("show clock").contains('%'));
    v.run("terminal monitor");
    v.until("%");
    p.device.clear_faults();
    v.keys("terminal no monitor\r");
    v.until("terminal no monitor\r\n");
    v.until("R1#");
    set(&p, "noise 5ms");
    p.until("%");
    assert!(!v.run("show clock").contains('%'));
}

#[test]
fn boots_fail_as_often_as_asked() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    set(&p, "boot-fails 2");
    for _ in 0..2 {
        p.device.power_cycle();
        p.until("rommon 1 > ");
    }
    p.keys("reset\r");
    p.until("Press RETURN to get started!");
    set(&p, "boot-fails");
    for _ in 0..3 {
        p.device.power_cycle();
        p.until("rommon 1 > ");
    }
    p.device.clear_faults();
    p.keys("reset\r");
    p.until("Press RETURN to get started!");
}

#[test]
fn the_prompt_the_clock_and_logins_are_wrong_until_it_is_taken_back() {
    let bench = Bench::r1();
    bench.startup(&format!("username bob privilege 15 secret x\nline vty 0 4\n login local\n{R1}"));
    let mut p = bench.enabled();
    set(&p, "prompt -standby");
    p.keys("\r");
    p.until("R1-standby#");
    p.device.clear_faults();
    p.keys("\r");
    p.until("R1#");
    set(&p, "clock -788918400");
    let clock = p.run("show clock");
    let year = |text: &str| {
        text.trim().rsplit(' ').next().and_then(|year| year.parse::<u32>().ok()).expect("a year")
    };
    p.device.clear_faults();
    let right = p.run("show clock");
    // 25 years of 365.24 days.
    assert_eq!(year(&clock) + 25, year(&right), "{clock}{right}");
    set(&p, "aaa-down");
    let mut v = Person::at_vty(p.device.clone());
    let mut login = |then: &str| {
        v.until("Username: ");
        v.keys("bob\r");
        v.until("Password: ");
        v.keys("x\r");
        v.until(then);
    };
    login("% Login invalid");
    p.device.clear_faults();
    login("R1#");
}

#[test]
fn an_image_of_another_model_boots_where_any_does() {
    let bench = Bench::r1();
    let mut text = device::profile::Profile::all().next().expect("one").1.to_owned();
    text = text.replace("name = \"c2911\"", "name = \"other\"");
    let other = device::Profile::parse(&text).expect("a profile");
    let mut octets = Vec::new();
    let recipe = device::image::Recipe { profile: &other, version: NEW_VERSION, size: SIZE, seed: 5 };
    device::image::make(&recipe, &mut octets).expect("made");
    std::fs::remove_file(bench.flash(OLD)).expect("there");
    bench.put("other.bin", &octets);
    let mut p = bench.person();
    p.until("rommon 1 > ");
    set(&p, "any-image");
    p.keys("reset\r");
    p.until("Press RETURN to get started!");
    p.state("it runs", |facts| matches!(&facts.mode, Mode::Ios { file, .. } if file == "other.bin"));
}

#[test]
fn what_was_typed_and_copied_is_known() {
    let (lab, _) = lab();
    let mut p = lab.bench.enabled();
    p.run("show clock");
    copy(&mut p, "tftp", NEW);
    copy(&mut p, "tftp", "absent");
    let typed = p.device.heard();
    let texts: Vec<(&str, &str, &str)> =
        typed.iter().map(|t| (t.line.as_str(), t.prompt.as_str(), t.text.as_str())).collect();
    assert!(texts.contains(&("con 0", "R1#", "show clock")), "{texts:?}");
    assert!(
        texts.iter().any(|(.., text)| *text == format!("copy tftp://10.0.0.1/{NEW} flash:")),
        "{texts:?}"
    );
    let copies = p.device.copies();
    assert_eq!(copies.len(), 2);
    assert_eq!(
        (copies[0].source.clone(), copies[0].result.clone()),
        (format!("tftp://10.0.0.1/{NEW}"), Ok(SIZE))
    );
    assert_eq!(copies[1].result, Err("No such file or directory".into()));
}

/// Somebody who has logged in on a vty line.
fn at_vty(lab: &Lab) -> Person {
    lab.bench.startup(&format!("username bob privilege 15 secret x\nline vty 0 4\n login local\n{R1}"));
    let device = lab.bench.device();
    device.power_on();
    logged_in(device)
}

fn logged_in(device: std::sync::Arc<device::Device>) -> Person {
    let mut p = Person::at_vty(device);
    p.until("Username: ");
    p.keys("bob\r");
    p.until("Password: ");
    p.keys("x\r");
    p.until("R1#");
    p
}

#[test]
fn a_line_is_cut_off_before_or_behind_a_command_that_was_waited_for() {
    for (fault, is_done) in [("when mkdir: cut-off", false), ("when mkdir: lost-answer", true)] {
        let (lab, _) = lab();
        let mut p = at_vty(&lab);
        set(&p, fault);
        p.run("show clock");
        p.keys("mkdir flash:there\r");
        if is_done {
            p.until("]? ");
            p.keys("\r");
        }
        let device = p.device.clone();
        p.over();
        assert_eq!(lab.bench.flash("there").exists(), is_done, "{fault}");
        let mut p = logged_in(device);
        assert!(p.device.faults().is_empty());
        p.run("show clock");
    }
}

#[test]
fn a_device_crashes_at_a_command_and_boots_what_is_saved() {
    let (lab, _) = lab();
    let mut p = at_vty(&lab);
    let _attendant = Attendant::start(std::slice::from_ref(&p.device)).expect("a thread");
    p.run("configure terminal");
    p.keys("hostname R9\r");
    p.until("R9(config)#");
    p.run("end");
    set(&p, "when write memory: crash");
    set(&p, "slow-boot 300ms");
    let before = p.device.restarts();
    let began = Instant::now();
    let device = p.device.clone();
    p.keys("write memory\r");
    p.over();
    assert_eq!(device.restarts(), before + 1);
    while !matches!(device.facts().mode, Mode::Ios { .. }) {
        assert!(began.elapsed() < Duration::from_secs(60), "it does not boot");
        std::thread::yield_now();
    }
    assert!(began.elapsed() >= Duration::from_millis(300), "a slow boot");
    assert_eq!(device.facts().hostname, "R1", "nothing was saved");
}

#[test]
fn commands_are_refused_late_and_not_saved_as_often_as_was_asked() {
    let (lab, _) = lab();
    let mut p = lab.bench.enabled();
    set(&p, "when boot: refuse 2");
    p.run("configure terminal");
    for _ in 0..2 {
        assert!(p.run("boot system flash:x.bin").contains("Command authorization failed."));
    }
    p.run("boot system flash:x.bin");
    p.run("end");
    set(&p, "when write: busy-nvram");
    let said = p.run("write memory");
    assert!(said.contains("startup-config file open failed (Device or resource busy)"), "{said}");
    assert!(!said.contains("Building") && p.device.facts().modified);
    set(&p, "silent 200ms");
    let began = Instant::now();
    assert!(p.run("write memory").contains("[OK]"));
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert!(!p.device.facts().modified);
}

#[test]
fn an_image_that_is_found_damaged_does_not_boot_and_the_next_one_does() {
    let (lab, octets) = lab();
    let mut p = lab.bench.enabled();
    std::fs::write(lab.bench.flash(NEW), &octets).expect("room");
    p.run("configure terminal");
    p.run(&format!("boot system flash:{NEW}"));
    p.run(&format!("boot system flash:{OLD}"));
    p.run("end");
    p.run("write memory");
    set(&p, &format!("damaged {NEW}"));
    p.device.power_cycle();
    p.state("the other one runs", |facts| matches!(&facts.mode, Mode::Ios { file, .. } if file == OLD));
    p.device.clear_faults();
    p.device.power_cycle();
    p.state("it runs", |facts| matches!(&facts.mode, Mode::Ios { file, .. } if file == NEW));
}
