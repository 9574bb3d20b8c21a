use crate::bench::Bench;

#[test]
fn the_commands_of_the_lesson_end_up_in_the_configuration() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("conf t");
    for line in [
        "ip ftp username jeremy",
        "ip ftp password ccna",
        "ip ftp passive",
        "ip tftp blocksize 8192",
        "file prompt quiet",
        "username bob secret x",
        "enable secret y",
        "interface g0/1",
        "ip address 10.1.1.1 255.255.255.0",
        "no shut",
        "line con 0",
        "exec-timeout 5 0",
        "logging synchronous",
        "ip domain name example.test",
    ] {
        let text = p.run(line);
        assert!(!text.contains("% "), "{line}: {text}");
    }
    p.run("end");
    p.run("terminal length 0");
    let text = p.run("show running-config");
    for line in [
        "ip ftp username jeremy\n",
        "ip ftp password ccna\n",
        "ip ftp passive\n",
        "ip tftp blocksize 8192\n",
        "file prompt quiet\n",
        "username bob secret 5 $1$",
        "enable secret 5 $1$",
        "interface GigabitEthernet0/1\n ip address 10.1.1.1 255.255.255.0\n duplex auto\n speed auto\n!",
        " exec-timeout 5 0\n logging synchronous\n",
        "ip domain name example.test\n",
    ] {
        assert!(text.contains(line), "{line} not in\n{text}");
    }
    assert!(text.contains("Building configuration...\n\nCurrent configuration : "), "{text}");
    assert!(text.contains("boot-start-marker\nboot-end-marker\n"));
}

#[test]
fn typing_errors_in_configuration_mode_are_caret_errors() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("conf t");
    for line in ["ip ftp usrname x", "hostnam R2 x", "interface g9/9", "ip adress 1.1.1.1 255.0.0.0", "zzz"] {
        let text = p.run(line);
        assert!(
            text.contains("% Invalid input detected at '^' marker.") || text.contains("% "),
            "{line}: {text}"
        );
    }
    assert_eq!(p.device.facts().hostname, "R1");
    let text = p.run("ip route 0.0.0.0 0.0.0.0 10.0.0.1");
    assert!(!text.contains('%'), "{text}");
    let text = p.run("snmp-server community public RO");
    assert!(!text.contains('%'), "kept: {text}");
}

#[test]
fn erase_startup_config_and_no_configuration_ask_setup() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.keys("erase startup-config\r");
    p.until("Erasing the nvram filesystem will remove all configuration files! Continue? [confirm]");
    p.keys("\r");
    let text = p.until("R1#");
    assert!(text.contains("[OK]\nErase of nvram: complete\n"), "{text}");
    assert!(bench.saved().is_empty());
    assert!(p.run("show startup-config").contains("startup-config is not present"));
    p.keys("reload\r");
    p.until("Save? [yes/no]: ");
    p.keys("no\r");
    p.until("[confirm]");
    p.keys("\r");
    p.until("--- System Configuration Dialog ---");
}

#[test]
fn the_console_is_told_of_configuration() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("conf t");
    p.keys("end\r");
    p.until("R1#");
    p.until("%SYS-5-CONFIG_I: Configured from console by console");
}

#[test]
fn another_version_asks_before_it_overwrites_nvram() {
    let bench = Bench::r1();
    bench.startup(&format!("version 15.5\n{}", crate::bench::R1));
    let mut p = bench.enabled();
    p.keys("write\r");
    let text = p.until("Overwrite the previous NVRAM configuration?[confirm]");
    assert!(text.contains("by a different version of the system image."), "{text}");
    p.keys("\r");
    p.until("[OK]");
    assert!(bench.saved().contains("version 15.1\n"));
}

#[test]
fn a_banner_of_several_lines_is_shown_before_the_login() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("conf t");
    p.keys("banner motd #\r");
    p.until("Enter TEXT message.  End with the character '#'.");
    p.keys("Keep out\rof here\r#\r");
    p.until("R1(config)#");
    p.run("end");
    p.run("wr");
    p.keys("exit\r");
    p.until("Press RETURN to get started.");
    p.keys("\r");
    p.until("Keep out\r\nof here");
    p.until("R1#");
    drop(p.leave());
    let mut p = bench.person();
    p.until("Press RETURN");
    p.keys("\r");
    p.until("Keep out\r\nof here");
}

#[test]
fn a_kept_line_may_be_typed_twice_and_denied() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("conf t");
    for _ in 0..2 {
        assert_eq!(p.run("ntp server 10.0.0.1"), "");
    }
    let shown = p.run("do show running-config | count ntp");
    assert!(shown.contains("= 1\n"), "{shown}");
    p.run("no ntp server 10.0.0.1");
    assert!(p.run("do show running-config | count ntp").contains("= 0\n"));
    // A block of a protocol that is not here: its lines are kept with it.
    p.keys("router ospf 1\r");
    p.until("#");
    p.keys("network 10.0.0.0 0.0.0.255 area 0\r");
    p.keys("end\r");
    p.until("R1#");
    let shown = p.run("show running-config | section router");
    assert!(shown.contains("router ospf 1\n network 10.0.0.0 0.0.0.255 area 0\n"), "{shown}");
}

#[test]
fn an_interface_that_is_not_there_is_a_caret_error() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("conf t");
    let text = p.run("interface GigabitEthernet9/9");
    //                   R1(config)#interface G
    assert!(text.starts_with("                     ^\n% Invalid input"), "{text}");
    let text = p.run("ip address 10.0.0.1 255.255.255.0");
    assert!(text.contains("% Invalid input"), "not of this mode: {text}");
    p.run("interface g0/1");
    assert!(
        p.run("ip address 10.0.0.9 255.255.255.0").contains("% 10.0.0.0 overlaps with GigabitEthernet0/0")
    );
    assert!(p.run("ip address 10.1.0.9 255.0.255.0").contains("% Bad mask 0xFF00FF00 for address 10.1.0.9"));
}

#[test]
fn user_exec_may_look_and_not_touch() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.answer("disable", "R1>");
    for line in ["show version", "show flash:", "show clock", "show ip interface brief", "show bootvar"] {
        p.keys("terminal length 0\r");
        p.until("R1>");
        let text = p.answer(line, "R1>");
        assert!(!text.contains('%') || text.contains("Using"), "{line}: {text}");
    }
    assert!(p.answer("dir", "R1>").contains("Translating \"dir\""));
    assert!(p.answer("show privilege", "R1>").contains("Current privilege level is 1\n"));
    assert!(p.answer("configure terminal", "R1>").contains("% Invalid input"));
}

#[test]
fn banner_login_is_for_those_who_have_to_log_in() {
    let bench = Bench::r1();
    bench.startup(&format!("line vty 0 4\n password ccna\n login\n{}", crate::bench::R1));
    let mut p = bench.enabled();
    p.run("configure terminal");
    p.run("banner motd #Of the day#");
    assert_eq!(p.run("banner login #Only staff#"), "");
    p.run("end");
    p.run("write");
    drop(p.leave());
    // It is saved, and the console, where nobody is asked, shows the other alone.
    let mut p = bench.person();
    p.until("Press RETURN to get started!");
    p.keys("\r");
    let text = p.until("R1#");
    assert!(text.contains("Of the day") && !text.contains("Only staff"), "{text}");
    let mut v = crate::bench::Person::at_vty(std::sync::Arc::clone(&p.device));
    assert!(
        v.until("Password: ")
            .ends_with("\nOf the day\n\nOnly staff\n\n\nUser Access Verification\n\nPassword: ")
    );
    p.run("configure terminal");
    p.run("no banner login");
    p.run("end");
    assert!(!p.run("show running-config | include banner").contains("login"));
}

#[test]
fn banner_exec_is_for_those_who_are_in() {
    let bench = Bench::r1();
    bench.startup(&format!("line vty 0 4\n password ccna\n login\n{}", crate::bench::R1));
    let mut p = bench.enabled();
    p.run("configure terminal");
    p.run("banner motd #Of the day#");
    p.keys("banner exec #\r");
    p.until("Enter TEXT message.  End with the character '#'.");
    p.keys("Welcome\rback\r#\r");
    p.until("R1(config)#");
    p.run("end");
    p.run("write");
    drop(p.leave());
    // It is saved with its lines, and stands behind the other.
    assert!(bench.saved().contains("banner exec ^C\nWelcome\nback\n^C\nbanner motd ^COf the day^C\n"));
    let mut p = bench.person();
    p.until("Press RETURN to get started!");
    p.keys("\r");
    let text = p.until("R1#");
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} in {text}"));
    assert!(at("Of the day") < at("Welcome"), "{text}");
    let mut v = crate::bench::Person::at_vty(std::sync::Arc::clone(&p.device));
    assert!(!v.until("Password: ").contains("Welcome"));
    v.keys("ccna\r");
    let text = v.until("R1");
    assert!(text.contains("Welcome") && text.contains("back"), "{text}");
    p.run("configure terminal");
    p.run("no banner exec");
    p.run("end");
    assert!(!p.run("show running-config | include banner").contains("exec"));
}
