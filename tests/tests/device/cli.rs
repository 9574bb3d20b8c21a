use crate::bench::{Bench, OLD, Person, R1};

#[test]
fn item_4_confirm_takes_one_key_and_yes_no_a_line() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    for (key, gone) in [("n", false), ("\u{1b}", false), (" ", false), ("y", true)] {
        p.keys(&format!("delete {OLD}\r\r"));
        p.until("[confirm]");
        p.keys(key);
        p.until("R1#");
        assert_eq!(p.device.facts().flash.is_empty(), gone, "{key:?}");
    }
}

#[test]
fn item_4_an_empty_host_is_an_error() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.keys("copy tftp: flash:\r");
    p.until("Address or name of remote host []? ");
    p.keys("\r");
    let text = p.until("R1#");
    assert!(
        text.contains("?Host name or address not specified\n%Error parsing filename (Bad address)\n"),
        "{text}"
    );
}

#[test]
fn item_6_colons_may_be_left_out_but_not_behind_dir() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.keys("copy running-config tftp\r");
    p.until("Address or name of remote host []? ");
    p.keys("\u{3}");
    p.until("R1#");
    p.keys("copy tftp flash\r");
    p.until("Address or name of remote host []? ");
    p.keys("\u{3}");
    p.until("R1#");
    assert!(p.run("show flash").contains(OLD));
    assert!(p.run("sh flash0:").contains(OLD));
    assert!(p.run("dir flash:").contains(OLD));
    let text = p.run("dir flash");
    assert!(text.contains("%Error opening flash0:/flash (No such file or directory)"), "{text}");
}

#[test]
fn item_6_write_in_configuration_mode_is_a_caret_error_and_do_write_works() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("configure terminal");
    let text = p.run("write");
    //            R1(config)#write
    let caret = "           ^\n% Invalid input detected at '^' marker.\n\n";
    assert!(text.starts_with(caret), "{text}");
    let text = p.run("do write");
    assert!(text.contains("Building configuration...\n[OK]\n"), "{text}");
    assert!(bench.saved().contains("hostname R1"));
}

#[test]
fn item_11_the_first_ping_to_a_neighbour_loses_one() {
    let mut bench = Bench::r1();
    bench.table = Some(device::wire::Table::parse("10.0.0.1:69 = 127.0.0.1:6969\n").expect("a table"));
    bench.patience = 0.02;
    let mut p = bench.enabled();
    let text = p.run("ping 10.0.0.1");
    assert!(
        text.contains("Sending 5, 100-byte ICMP Echos to 10.0.0.1, timeout is 2 seconds:\n.!!!!\n"),
        "{text}"
    );
    assert!(text.contains("Success rate is 80 percent (4/5), round-trip min/avg/max = "), "{text}");
    assert!(p.run("ping 10.0.0.1").contains("\n!!!!!\nSuccess rate is 100 percent (5/5)"));
    assert!(p.run("ping 10.0.0.9").contains("\n.....\nSuccess rate is 0 percent (0/5)\n"));
    p.run("conf t");
    p.run("interface g0/0");
    p.run("shutdown");
    assert!(p.run("do ping 10.0.0.1").contains("\n.....\n"));
}

#[test]
fn item_13_a_question_mark_cannot_be_typed_into_a_password() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("conf t");
    p.keys("enable secret a?");
    let help = p.until("R1(config)#enable secret a");
    assert!(!help.is_empty());
    p.keys("b\r");
    p.until("R1(config)#");
    p.run("end");
    p.answer("disable", "R1>");
    p.keys("enable\r");
    p.until("Password: ");
    p.keys("ab\r");
    p.until("R1#");
    let screen = p.screen();
    assert!(!screen.rsplit("Password: ").next().expect("there").starts_with("ab"), "no echo");
}

#[test]
fn three_bad_secrets_end_in_user_mode() {
    let bench = Bench::r1();
    bench.startup("hostname R1\nenable secret ccna\n");
    let mut p = bench.person();
    p.started();
    p.keys("enable\rx\ry\rz\r");
    p.until("% Bad secrets");
    p.until("R1>");
    let text = p.answer("show running-config", "R1>");
    assert!(text.contains("% Invalid input detected at '^' marker."), "{text}");
}

#[test]
fn abbreviation_ambiguity_help_and_unknown_words() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    assert!(p.run("sh ver").contains("Cisco IOS Software"));
    assert_eq!(p.run("show"), "% Type \"show ?\" for a list of subcommands\n");
    assert_eq!(p.run("show ip"), "% Incomplete command.\n\n");
    assert_eq!(p.run("d"), "% Ambiguous command:  \"d\"\n");
    let text = p.run("frobnicate");
    assert!(text.contains("Translating \"frobnicate\"...domain server (255.255.255.255)\n"), "{text}");
    p.keys("show cl?");
    let text = p.until("R1#show cl");
    assert!(text.contains("clock"), "{text}");
    p.keys("\u{15}");
    p.run("terminal length 0");
    p.run("terminal width 132");
}

#[test]
fn paging_asks_at_24_lines_and_length_0_never_does() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("terminal length 24");
    p.keys("show running-config\r");
    p.until(" --More-- ");
    p.keys("q");
    p.until("R1#");
    p.run("terminal length 0");
    let text = p.run("show running-config");
    assert!(text.contains("hostname R1") && !text.contains("More"), "{text}");
}

#[test]
fn harmless_keys_at_a_prompt_and_type_ahead() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.keys("\u{1e}\u{3}\u{15}\u{1a}\r");
    p.until("R1#");
    // One write answers its own question.
    p.keys("copy  running-config startup-config\r\r");
    p.until("Destination filename [startup-config]? ");
    p.until("[OK]");
    p.until("R1#");
}

#[test]
fn exit_leaves_an_idle_console_and_return_logs_in_again() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.keys("exit\r");
    let text = p.until("Press RETURN to get started.");
    assert!(text.contains("R1 con0 is now available"), "{text}");
    p.keys("\r");
    p.until("R1#");
}

#[test]
fn vty_lines_want_a_password_or_a_user() {
    let bench = Bench::r1();
    let p = bench.enabled();
    let device = std::sync::Arc::clone(&p.device);
    let mut v = Person::at_vty(std::sync::Arc::clone(&device));
    v.until("Password required, but none set");
    drop(v);
    drop(p);

    let bench = Bench::r1();
    bench.startup(&format!(
        "username jeremy privilege 15 secret ccna\nline vty 0 4\n login local\n{}",
        R1.replace("end\n", "")
    ));
    let mut p = bench.enabled();
    let mut v = Person::at_vty(std::sync::Arc::clone(&p.device));
    v.until("User Access Verification");
    v.until("Username: ");
    v.keys("jeremy\r");
    v.until("Password: ");
    v.keys("wrong\r");
    v.until("% Login invalid");
    v.until("Username: ");
    v.keys("jeremy\rccna\r");
    v.until("R1#");
    v.run("conf t");
    v.run("end");
    p.until("%SYS-5-CONFIG_I: Configured from console by jeremy on vty0");
    assert!(p.run("show users").contains("vty 0"));
    // A reload from the console ends the line.
    p.keys("reload\r");
    if p.until_one_of(&["[yes/no]: ", "[confirm]"]).ends_with("[yes/no]: ") {
        p.keys("no\r");
        p.until("[confirm]");
    }
    p.keys("\r");
    p.until("Press RETURN");
    v.leave();
}

#[test]
fn what_is_typed_behind_help_ends_the_line_that_is_shown_again() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.keys("show clock ?\r");
    let text = p.until("UTC");
    assert_eq!(text.matches("R1#").count(), 1, "{text}");
    p.until("R1#");
}

#[test]
fn interfaces_that_the_startup_config_does_not_name_stay_down() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    let text = p.run("show ip interface brief");
    let row = |name: &str| text.lines().find(|l| l.starts_with(name)).expect("there").to_owned();
    assert!(row("GigabitEthernet0/0").contains("NVRAM  up                    up"), "{text}");
    assert!(row("GigabitEthernet0/1").contains("administratively down down"), "{text}");
}

/// A vty line over a real Telnet connection.
#[test]
fn a_telnet_connection_is_a_line() {
    use std::io::{Read, Write};
    let bench = Bench::r1();
    bench.startup(&format!("line vty 0 4\n password ccna\n login\n{R1}"));
    let device = bench.device();
    device.power_on();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let mut client = std::net::TcpStream::connect(listener.local_addr().expect("bound")).expect("connected");
    let (stream, _) = listener.accept().expect("accepted");
    let terminal = transport::Terminal::telnet(stream).expect("a terminal");
    let line = std::thread::spawn(move || device.vty(Box::new(device::TerminalPort::from(terminal))));
    client.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("set");
    let mut seen = String::new();
    let mut until = |client: &mut std::net::TcpStream, text: &str| {
        let mut buf = [0; 4_096];
        while !seen.contains(text) {
            let n = client.read(&mut buf).expect("octets");
            assert!(n > 0, "closed; {seen}");
            seen.push_str(&String::from_utf8_lossy(&buf[..n]));
        }
        std::mem::take(&mut seen)
    };
    until(&mut client, "Password: ");
    client.write_all(b"ccna\r\0").expect("sent");
    until(&mut client, "R1>");
    client.write_all(b"show privilege\r\n").expect("sent");
    until(&mut client, "Current privilege level is 1\r\n");
    client.write_all(b"logout\r\n").expect("sent");
    line.join().expect("no panic").expect("a line");
}

#[test]
fn exec_timeout_ends_an_idle_session() {
    let bench = Bench::r1();
    bench.startup(&R1.replace("exec-timeout 0 0", "exec-timeout 0 1"));
    let mut p = bench.enabled();
    p.until("R1 con0 is now available");
    p.keys("\r");
    p.until("R1#");
    p.keys("delete x\r");
    p.until("Delete filename [x]? ");
    p.until("R1 con0 is now available");
}
