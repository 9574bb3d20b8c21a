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
        assert!(!text.contains('%'), "{line}: {text}");
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
        "interface GigabitEthernet0/1\n ip address 10.1.1.1 255.255.255.0\n!",
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
    p.until("%SYS-5-CONFIG_I: Configured from console by console");
    p.until("R1#");
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
