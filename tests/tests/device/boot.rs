use crate::bench::{Bench, NEW, NEW_VERSION, OLD, OLD_VERSION, R1, SIZE, image};
use device::Mode;

/// The version that runs; nothing in ROMMON.
fn version(mode: &Mode) -> Option<&str> {
    match mode {
        Mode::Ios { version, .. } => Some(version),
        Mode::Off | Mode::Rommon => None,
    }
}

/// Reloads without saving and waits for the next start.
fn reload(p: &mut crate::bench::Person) {
    p.keys("reload\r");
    if p.until_one_of(&["Save? [yes/no]: ", "Proceed with reload? [confirm]"]).ends_with("[yes/no]: ") {
        p.keys("no\r");
        p.until("Proceed with reload? [confirm]");
    }
    p.keys("\r");
}

#[test]
fn item_1_boot_system_does_not_check_and_the_version_changes_at_reload() {
    let bench = Bench::r1();
    bench.put(NEW, &image(NEW_VERSION, SIZE));
    let mut p = bench.enabled();
    assert!(p.run("show version").contains("Version 15.1(4)M4, RELEASE SOFTWARE"));
    p.run("configure terminal");
    assert_eq!(p.run("boot system flash no-such-file.bin"), "", "the prompt just returns");
    p.run("no boot system");
    p.run(&format!("boot system flash:{NEW}"));
    p.run("end");
    assert!(p.run("write").contains("Building configuration...\n[OK]\n"));
    assert!(p.run("show version").contains("Version 15.1(4)M4, RELEASE SOFTWARE"), "old until the reload");
    reload(&mut p);
    p.started();
    let shown = p.run("show version");
    assert!(shown.contains("Version 15.5(3)M4a, RELEASE SOFTWARE"), "{shown}");
    assert!(shown.contains(&format!("System image file is \"flash0:{NEW}\"")), "{shown}");
    assert_eq!(version(&p.device.facts().mode), Some(NEW_VERSION));
}

#[test]
fn item_2_a_second_boot_line_is_appended_and_the_old_one_wins() {
    let bench = Bench::r1();
    bench.put(NEW, &image(NEW_VERSION, SIZE));
    bench.startup(&format!("boot system flash0:{OLD}\n{R1}"));
    let mut p = bench.enabled();
    p.run("conf t");
    p.run(&format!("boot system flash0:{NEW}"));
    p.run("end");
    p.run("write memory");
    let lines = p.device.facts().startup_boot;
    assert_eq!(lines, [format!("flash0:{OLD}"), format!("flash0:{NEW}")]);
    reload(&mut p);
    p.started();
    assert_eq!(version(&p.device.facts().mode), Some(OLD_VERSION));
}

#[test]
fn item_2_a_misspelt_line_falls_through_to_the_first_image() {
    let bench = Bench::r1();
    bench.put("sigdef.xml", b"<xml/>");
    bench.startup(&format!("boot system flash0:c2900-universalk9-mz.SPA.155-3.M4.bin\n{R1}"));
    let mut p = bench.person();
    let text = p.until("Press RETURN");
    assert!(text.contains("boot: cannot open \"flash0:c2900-universalk9-mz.SPA.155-3.M4.bin\""), "{text}");
    p.state("the old image runs", |f| version(&f.mode) == Some(OLD_VERSION));
}

#[test]
fn item_2_rommon_only_when_no_image_boots() {
    let bench = Bench::bare();
    bench.put("notes.txt", b"no image");
    let mut p = bench.person();
    let text = p.until("rommon 1 > ");
    assert!(
        text.contains("boot: cannot determine first executable file name on device \"flash0:\""),
        "{text}"
    );
    assert_eq!(p.device.facts().mode, Mode::Rommon);
    assert!(p.answer("dir flash0:", "rommon 2 > ").contains("notes.txt"));
    assert!(p.answer("boot flash0:notes.txt", "rommon 3 > ").contains("bad file magic number"));
    bench.put(OLD, &image(OLD_VERSION, SIZE));
    p.keys("boot\r");
    p.until("Would you like to enter the initial configuration dialog? [yes/no]: ");
}

#[test]
fn a_damaged_image_does_not_boot() {
    let bench = Bench::r1();
    let mut octets = image(NEW_VERSION, SIZE);
    octets[40_000] ^= 1;
    bench.put(NEW, &octets);
    bench.startup(&format!("boot system flash:{NEW}\n{R1}"));
    let mut p = bench.person();
    let text = p.until("Press RETURN");
    assert!(text.contains("Error : compressed image checksum is incorrect 0x"), "{text}");
    assert!(text.contains(&format!("boot: cannot load \"flash0:{NEW}\"")), "{text}");
    p.state("the old image runs", |f| version(&f.mode) == Some(OLD_VERSION));
}

#[test]
fn item_3_the_running_image_may_be_deleted_and_no_loses_the_boot_line() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("conf t");
    p.run("boot system flash:other.bin");
    p.run("end");
    p.keys(&format!("delete flash:{OLD}\r"));
    p.until(&format!("Delete filename [{OLD}]? "));
    p.keys("\r");
    p.until(&format!("Delete flash:/{OLD}? [confirm]"));
    p.keys("\r");
    p.until("R1#");
    assert!(p.device.facts().flash.is_empty());
    assert!(p.run("show version").contains("15.1(4)M4"), "it runs from RAM");
    p.keys("reload\r");
    p.until("System configuration has been modified. Save? [yes/no]: ");
    p.keys("maybe\r");
    p.until("% Please answer 'yes' or 'no'.\r\n");
    p.until("[yes/no]: ");
    p.keys("no\r");
    p.until("Proceed with reload? [confirm]");
    p.keys("n");
    p.until("R1#");
    assert_eq!(p.device.facts().running_boot, ["flash:other.bin"]);
    p.keys("reload\r");
    p.until("[yes/no]: ");
    p.keys("n\r");
    p.until("[confirm]");
    p.keys("y");
    p.until("rommon 1 > ");
    assert!(p.device.facts().startup_boot.is_empty(), "the boot line is lost");
}

#[test]
fn item_8_all_three_spellings_name_one_file() {
    for spelling in ["flash ", "flash:", "flash0:"] {
        let bench = Bench::r1();
        bench.put(NEW, &image(NEW_VERSION, SIZE));
        let mut p = bench.enabled();
        p.run("conf t");
        assert_eq!(p.run(&format!("boot system {spelling}{NEW}")), "");
        p.run("end");
        let shown = p.run("show running-config | section boot");
        let marked = format!("boot-start-marker\nboot system {spelling}{NEW}\nboot-end-marker\n");
        assert!(shown.contains(&marked), "{shown}");
        p.run("wr");
        let boot = p.run("show boot");
        let variable =
            if spelling == "flash " { format!("flash0:{NEW},1") } else { format!("{spelling}{NEW},12") };
        assert!(boot.contains(&format!("BOOT variable = {variable};\n")), "{boot}");
        assert!(boot.contains("Configuration register is 0x2102"), "{boot}");
        reload(&mut p);
        p.started();
        assert_eq!(version(&p.device.facts().mode), Some(NEW_VERSION), "{spelling}");
    }
}

#[test]
fn item_10_0x2142_stays_asks_setup_and_leaves_interfaces_down() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("conf t");
    p.run("config-register 0x2142");
    p.run("end");
    let shown = p.run("show version");
    assert!(shown.contains("Configuration register is 0x2102 (will be 0x2142 at next reload)"), "{shown}");
    for _ in 0..2 {
        reload(&mut p);
        p.until("Would you like to enter the initial configuration dialog? [yes/no]: ");
        p.keys("no\r");
        p.until("Would you like to terminate autoinstall? [yes]: ");
        p.keys("\r");
        p.until("Press RETURN");
        p.keys("\r");
        p.until("Router>");
        p.answer("enable", "Router#");
        p.run("terminal length 0");
    }
    p.keys("copy startup-config running-config\r");
    p.until("Destination filename [running-config]? ");
    p.keys("\r");
    p.until(" bytes copied in ");
    p.until("R1#");
    let facts = p.device.facts();
    assert_eq!(facts.hostname, "R1");
    let g0 = facts.interfaces.iter().find(|i| i.name == "GigabitEthernet0/0").expect("there");
    assert!(g0.address.is_some());
    let brief = p.run("show ip interface brief");
    // R1's file says `no shutdown` only because it was typed by hand; what the device saves does not.
    assert!(brief.contains("GigabitEthernet0/0"), "{brief}");
    assert_eq!(facts.register, 0x2142);
}

#[test]
fn item_10_a_saved_configuration_does_not_bring_interfaces_up() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("wr");
    assert!(!bench.saved().contains("no shutdown"), "{}", bench.saved());
    p.run("conf t");
    p.run("config-register 0x2142");
    p.run("end");
    reload(&mut p);
    p.until("[yes/no]: ");
    p.keys("no\r");
    p.until("[yes]: ");
    p.keys("\r");
    p.until("Press RETURN");
    p.keys("\r");
    p.until("Router>");
    p.answer("enable", "Router#");
    p.keys("copy startup-config running-config\r\r");
    p.until("R1#");
    let brief = p.run("show ip interface brief");
    let row = brief.lines().find(|l| l.starts_with("GigabitEthernet0/0")).expect("there");
    assert!(row.contains("10.0.0.2") && row.contains("administratively down"), "{row}");
}

#[test]
fn a_break_during_boot_stops_in_rommon_and_reset_boots_again() {
    let bench = Bench::r1();
    let device = bench.device();
    device.send_break();
    let mut p = crate::bench::Person::at(device);
    p.until("rommon 1 > ");
    p.answer("confreg 0x2142", "rommon 2 > ");
    p.answer("set A=1", "rommon 3 > ");
    p.answer("IP_ADDRESS=10.0.0.2", "rommon 4 > ");
    let set = p.answer("set", "rommon 5 > ");
    assert!(set.contains("IP_ADDRESS=10.0.0.2\n"), "{set}");
    assert!(p.answer("frob", "rommon 6 > ").contains("monitor: command \"frob\" not found"));
    p.keys("reset\r");
    p.until("System Bootstrap, Version");
    p.until("initial configuration dialog? [yes/no]: ");
    assert_eq!(p.device.facts().register, 0x2142);
}

#[test]
fn a_power_cycle_ends_what_runs_and_keeps_what_is_saved() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("conf t");
    p.answer("hostname Lost", "Lost(config)#");
    p.device.power_cycle();
    p.started();
    assert_eq!(p.device.facts().hostname, "R1");
    assert!(p.run("show version").contains("System returned to ROM by power-on"));
}

#[test]
fn state_survives_a_restart_and_its_directory_is_locked() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("conf t");
    p.run("config-register 0x2101");
    p.run("ip ftp username jeremy");
    p.run("end");
    p.run("wr");
    let second = device::Device::open(device::DeviceConfig::new(bench.dir.path()));
    let error = second.map(drop).expect_err("locked");
    assert!(matches!(error, device::OpenError::Locked(_)), "{error}");
    drop(p.leave());
    let again = bench.device();
    again.power_on();
    let facts = again.facts();
    assert_eq!((facts.register, facts.ftp_username.as_deref()), (0x2101, Some("jeremy")));
    assert!(bench.saved().contains("ip ftp username jeremy"), "a file the owner can read");
}

#[test]
fn a_break_key_while_the_image_is_loaded_stops_in_rommon() {
    let bench = Bench::r1();
    let mut config = device::DeviceConfig::new(bench.dir.path());
    // Slow enough that the loading is seen.
    config.pace = 1.0;
    let mut p = crate::bench::Person::at(device::Device::open(config).expect("opened"));
    p.until("Self decompressing the image : #");
    p.break_key();
    let text = p.until("rommon 1 > ");
    assert!(!text.contains("[OK]"), "{text}");
    assert_eq!(p.device.facts().mode, Mode::Rommon);
}

#[test]
fn rommon_asks_about_its_register_and_remembers_what_was_typed() {
    let bench = Bench::r1();
    let device = bench.device();
    device.send_break();
    let mut p = crate::bench::Person::at(device);
    p.until("rommon 1 > ");
    p.answer("confreg", "do you wish to change the configuration? y/n  [n]:  ");
    p.answer("y", "enable  \"diagnostic mode\"? y/n  [n]:  ");
    for question in
        ["use net in IP", "load rom after", "use all zero", "break/abort", "ignore system config info"]
    {
        p.keys("\r");
        p.until(question);
        p.until("[n]:  ");
    }
    p.answer("y", "change console baud rate? y/n  [n]:  ");
    p.keys("\r");
    p.until("change the boot characteristics? y/n  [n]:  ");
    p.keys("\r");
    let summary = p.until("do you wish to change the configuration? y/n  [n]:  ");
    assert!(summary.contains("0x2142") && summary.contains("\nignore system config info\n"), "{summary}");
    assert!(summary.contains("or default to: cisco2-C2900\n"), "{summary}");
    p.keys("\r");
    p.until("You must reset or power cycle for new config to take effect");
    p.until("rommon 2 > ");
    assert_eq!(p.device.facts().register, 0x2142);
    // No changes nothing.
    p.answer("confreg", "[n]:  ");
    p.keys("\r");
    assert!(!p.until("rommon 3 > ").contains("You must reset"), "{}", p.screen());
    assert!(p.answer("showmon", "rommon 4 > ").contains("System Bootstrap, Version 15.0(1r)M15"));
    assert!(p.answer("repeat sh", "rommon 5 > ").starts_with("showmon\nReadOnly ROMMON version is:\n"));
    let typed = p.answer("history", "rommon 6 > ");
    assert_eq!(typed, "1    confreg\n2    confreg\n3    showmon\n4    showmon\n5    history\n");
    assert!(p.answer("repeat 9", "rommon 7 > ").contains("no such command"));
}

#[test]
fn rommon_knows_its_board_and_other_words_for_its_commands() {
    let bench = Bench::bare();
    let mut p = bench.person();
    p.until("rommon 1 > ");
    assert_eq!(
        p.answer("meminfo", "rommon 2 > "),
        "\nMain memory size: 512 MB.\nAvailable main memory starts at 0xa0015000, size 524204KB\n\
         IO (packet) memory size: 6 percent of main memory.\nNVRAM size: 255KB\n"
    );
    let cookie = p.answer("cookie", "rommon 3 > ");
    assert!(cookie.starts_with("cookie:\n01 01 00 17 95 c0 ff ee "), "{cookie}");
    assert!(p.answer("ls flash:", "rommon 4 > ").contains("Directory of flash"));
    assert_eq!(p.answer("alias where=\"set\"", "rommon 5 > "), "");
    assert!(p.answer("where", "rommon 6 > ").contains("PS1=rommon ! > "));
    assert!(p.answer("alias", "rommon 7 > ").contains("\nls=dir\n"));
    // History has what was done; repeating goes by that.
    assert!(p.answer("h", "rommon 8 > ").contains("set"));
    assert_eq!(p.answer("unalias where", "rommon 9 > "), "");
    assert!(p.answer("where", "rommon 10 > ").contains("command \"where\" not found"));
}
