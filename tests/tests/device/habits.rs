//! What somebody who has typed on such devices for years expects without thinking.

use crate::bench::{Bench, NEW, NEW_VERSION, OLD, SIZE, image};
use crate::lab::Lab;

#[test]
fn one_interface_of_the_running_configuration() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    let text = p.run("sh run int g0/0");
    let block = "!\ninterface GigabitEthernet0/0\n ip address 10.0.0.2 255.255.255.0\n duplex auto\n speed auto\nend\n\n";
    assert_eq!(
        text,
        format!("Building configuration...\n\nCurrent configuration : {} bytes\n{block}", block.len())
    );
    assert_eq!(p.run("sh run int g0/0 | i address"), " ip address 10.0.0.2 255.255.255.0\n");
    p.run("conf t");
    assert!(
        p.run("do sh run int g0/1").contains("interface GigabitEthernet0/1\n no ip address\n shutdown\n")
    );
}

#[test]
fn blocks_have_prompts_of_their_own_and_take_no_nonsense() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("conf t");
    for (head, prompt) in [
        ("router rip", "R1(config-router)#"),
        ("ip access-list extended WEB", "R1(config-ext-nacl)#"),
        ("route-map A permit 10", "R1(config-route-map)#"),
    ] {
        p.answer(head, prompt);
    }
    // `version 2` is RIP's, not the configuration's: the block goes on.
    p.answer("router rip", "R1(config-router)#");
    p.answer("version 2", "R1(config-router)#");
    p.answer("network 10.0.0.0", "R1(config-router)#");
    let text = p.answer("int g0/9", "R1(config-router)#");
    assert!(text.contains("^\n% Invalid input detected at '^' marker."), "{text}");
    p.run("end");
    let text = p.run("show running-config | section router rip");
    assert_eq!(text, "router rip\n version 2\n network 10.0.0.0\n");
}

#[test]
fn pwd_ends_with_a_slash_in_a_directory() {
    let bench = Bench::r1();
    std::fs::create_dir(bench.dir.path().join("flash/OUTPUT")).expect("made");
    let mut p = bench.enabled();
    assert_eq!(p.run("pwd"), "flash0:/\n");
    p.run("cd OUTPUT");
    assert_eq!(p.run("pwd"), "flash0:/OUTPUT/\n");
}

#[test]
fn help_is_there_in_every_mode() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    assert!(p.run("help").contains("'show ?'"));
    p.run("conf t");
    assert!(p.run("help").contains("'show ?'"));
}

#[test]
fn a_missing_source_is_said_before_the_overwrite_question() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.keys(&format!("copy flash:nosuch flash:{OLD}\r"));
    p.until("]? ");
    let text = p.answer("", "R1#");
    assert_eq!(text, "\n%Error opening flash:nosuch (No such file or directory)\n");
    assert_eq!(std::fs::metadata(bench.flash(OLD)).expect("still there").len(), SIZE);
}

#[test]
fn ping_asks_when_it_is_told_nothing_and_takes_its_words_on_the_line() {
    let mut bench = Bench::r1();
    bench.table = Some(device::wire::Table::parse("10.0.0.1:69 = 127.0.0.1:6969\n").expect("a table"));
    bench.patience = 0.01;
    let mut p = bench.enabled();
    p.keys("ping\r");
    for (question, answer) in [
        ("Protocol [ip]: ", "\r"),
        ("Target IP address: ", "10.0.0.1\r"),
        ("Repeat count [5]: ", "72\r"),
        ("Datagram size [100]: ", "1500\r"),
        ("Timeout in seconds [2]: ", "\r"),
        ("Extended commands [n]: ", "\r"),
        ("Sweep range of sizes [n]: ", "\r"),
    ] {
        p.until(question);
        p.keys(answer);
    }
    let text = p.until("R1#");
    assert!(text.contains("Sending 72, 1500-byte ICMP Echos to 10.0.0.1, timeout is 2 seconds:\n"), "{text}");
    // 70 marks in a row.
    assert!(
        text.contains(&format!("\n.{}\n!!\nSuccess rate is 98 percent (71/72)", "!".repeat(69))),
        "{text}"
    );
    let text = p.run("ping 10.0.0.1 repeat 3 size 36 timeout 1");
    assert!(
        text.contains("Sending 3, 36-byte ICMP Echos to 10.0.0.1, timeout is 1 seconds:\n!!!\n"),
        "{text}"
    );
    assert!(p.run("ping 10.0.0.1 repeat 0").contains("% Invalid input"));
}

#[test]
fn an_escaped_ping_counts_what_was_sent() {
    let mut bench = Bench::r1();
    bench.table = Some(device::wire::Table::default());
    bench.patience = 0.05;
    let mut p = bench.enabled();
    p.keys("ping 10.0.0.9 repeat 100000\r");
    p.until("\r\n..");
    p.keys("\u{1e}");
    let text = p.until("R1#");
    let sent = text.split("(0/").nth(1).and_then(|t| t.split(')').next()).expect("a rate");
    let dots = 2 + text.split("Success").next().expect("marks").matches('.').count();
    assert_eq!(sent.parse(), Ok(dots), "{text}");
}

/// Without a wire table the network is asked; where the system forbids it, this host alone is known.
#[test]
fn ping_without_a_table_asks_the_network() {
    let mut bench = Bench::r1();
    bench.startup("hostname R1\ninterface GigabitEthernet0/0\n ip address 127.1.0.2 255.0.0.0\nline con 0\n privilege level 15\nend\n");
    bench.patience = 0.1;
    let mut p = bench.enabled();
    let text = p.run("ping 127.0.0.5");
    assert!(text.contains(":\n.!!!!\nSuccess rate is 80 percent (4/5)"), "{text}");
    assert!(p.run("ping 127.0.0.5").contains(":\n!!!!!\n"));
    p.run("conf t");
    p.run("int g0/0");
    p.run("shutdown");
    assert!(p.run("do ping 127.0.0.5").contains(":\n.....\n"));
}

#[test]
fn a_reload_may_be_scheduled_and_called_off() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    assert_eq!(p.run("reload cancel"), "%No reload is scheduled.\n");
    assert_eq!(p.run("show reload"), "No reload is scheduled.\n");
    p.keys("reload in 1:05 night work\r");
    p.until("Reload scheduled for ");
    let text = p.until("Proceed with reload? [confirm]");
    assert!(text.contains("(in 1 hour and 5 minutes)"), "{text}");
    assert!(text.contains("Reload reason: night work\n"), "{text}");
    p.keys("\r");
    p.until("R1#");
    let text = p.run("show reload");
    assert!(text.contains("Reload scheduled for ") && text.contains("Reload reason: night work"), "{text}");
    p.keys("reload cancel\r");
    p.until("*** --- SHUTDOWN ABORTED ---");
    p.until("R1#");
    assert_eq!(p.run("show reload"), "No reload is scheduled.\n");
    assert!(p.run("reload in 0:99x").contains("% Invalid input"));
    p.keys("reload at 23:59 31 Dec new year\r");
    let said = p.until_one_of(&["[confirm]", "R1#"]);
    // From the 7th of December on it is less than 24 days away.
    if said.ends_with("[confirm]") {
        assert!(
            said.contains("Reload scheduled for 23:59:00 UTC ") && said.contains("Reload reason: new year"),
            "{said}"
        );
        p.keys("\r");
        p.until("R1#");
        p.run("reload cancel");
    } else {
        assert!(said.contains("%Date is too far in the future."), "{said}");
    }
    assert!(p.run("reload at 25:00").contains("% Invalid input"));
}

#[test]
fn a_scheduled_reload_happens() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.keys("reload in 0\r");
    p.until("Proceed with reload? [confirm]");
    p.keys("\r");
    p.until("*** --- SHUTDOWN NOW ---");
    p.until("System Bootstrap");
    p.started();
    assert_eq!(p.run("show reload"), "No reload is scheduled.\n");
}

#[test]
fn rename_moves_a_file_and_never_over_another() {
    let bench = Bench::r1();
    bench.put("b.txt", b"b");
    bench.put("a.txt", b"a");
    let mut p = bench.enabled();
    p.keys("rename flash:a.txt flash:c.txt\r");
    p.until("Destination filename [c.txt]? ");
    p.keys("\r");
    assert_eq!(p.until("R1#"), "\nR1#");
    assert_eq!(std::fs::read(bench.flash("c.txt")).expect("moved"), b"a");
    p.keys("rename c.txt b.txt\r");
    p.until("Destination filename [b.txt]? ");
    p.keys("\r");
    let text = p.until("R1#");
    assert!(text.contains("%Error renaming flash0:c.txt (File exists)\n"), "{text}");
    assert_eq!(std::fs::read(bench.flash("b.txt")).expect("kept"), b"b");
    p.keys("rename nosuch x\r");
    p.until("Destination filename [x]? ");
    p.keys("\r");
    assert!(p.until("R1#").contains("%Error renaming flash0:nosuch (No such file or directory)\n"));
}

#[test]
fn slash_at_more_goes_on_at_the_line_that_matches() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("terminal length 5");
    p.keys("show version\r");
    p.until(" --More-- ");
    p.keys("/Processor board\r");
    p.until("filtering...\r\nProcessor board ID FTX152400KS");
    p.until(" --More-- ");
    p.keys("q");
    p.until("R1#");
}

#[test]
fn plus_and_minus_at_more_leave_the_lines_that_match_or_the_others() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("terminal length 5");
    for (key, there, gone) in
        [('+', "interface GigabitEthernet0/1\r\n", "duplex"), ('-', "ip address", "interface")]
    {
        p.keys("show running-config\r");
        p.until(" --More-- ");
        p.keys(&format!("{key}interface\r"));
        let first = p.until_one_of(&[" --More-- ", "R1#"]);
        assert!(first.contains(&format!("{key}interface\nfiltering...\n")), "{first}");
        let mut shown = String::new();
        while !p.screen().ends_with("R1#") {
            p.keys(" ");
            shown += &p.until_one_of(&[" --More-- ", "R1#"]);
        }
        let all = first.replace(&format!("{key}interface\n"), "") + &shown;
        assert!(all.contains(&there.replace('\r', "")) && !all.contains(gone), "{key}: {all}");
    }
}

#[test]
fn options_come_in_any_order() {
    let bench = Bench::r1();
    std::fs::create_dir(bench.dir.path().join("flash/old")).expect("made");
    bench.put("old/a.txt", b"a");
    let mut p = bench.enabled();
    assert!(p.run("dir /recursive /all").contains("a.txt"));
    assert_eq!(p.run("delete /recursive /force flash:old"), "");
    assert!(!bench.flash("old").exists());
    let text = p.run("ping 10.0.0.2 timeout 1 df-bit repeat 2 source g0/0");
    assert!(text.contains("Sending 2, 100-byte ICMP Echos to 10.0.0.2, timeout is 1 seconds"), "{text}");
    assert!(text.contains("Packet sent with a source address of 10.0.0.2"), "{text}");
    assert!(p.run("ping 10.0.0.2 source 10.9.9.9").contains("Invalid source address"), "nobody's address");
}

#[test]
fn output_goes_to_a_server_and_a_server_s_file_to_the_screen() {
    let lab = Lab::new();
    lab.serve("notes.txt", b"remember\r\nthe milk\n".to_vec());
    let mut p = lab.bench.enabled();
    assert!(p.run("show version | redirect tftp://10.0.0.1/version.txt").ends_with("!\n"));
    let sent = |name: &str| String::from_utf8(lab.files.content(name).expect("sent").to_vec()).expect("text");
    assert!(sent("version.txt").contains("Cisco IOS Software, C2900 Software"));
    let text = p.run("show privilege | tee ftp://jeremy:ccna@10.0.0.1/level.txt");
    assert!(
        text.contains("Writing level.txt !") && text.ends_with("Current privilege level is 15\n"),
        "{text}"
    );
    assert_eq!(sent("level.txt"), "Current privilege level is 15\n");
    let refused = p.run("show clock | append tftp://10.0.0.1/version.txt");
    assert!(refused.contains("(Operation not supported)"), "a server cannot append: {refused}");
    assert_eq!(p.run("show clock | redirect null:"), "");
    assert_eq!(p.run("more tftp://10.0.0.1/notes.txt"), "remember\nthe milk\n");
    let absent = p.run("more tftp://10.0.0.1/nosuch");
    assert_eq!(absent, "%Error opening tftp://10.0.0.1/nosuch (No such file or directory)\n");
}

#[test]
fn a_file_is_shown_as_text_or_octet_for_octet() {
    let bench = Bench::r1();
    bench.put("a.bin", b"\x7fELF");
    bench.put("host.txt", &[0xc8, 0x85, 0x93, 0x93, 0x96]);
    let mut p = bench.enabled();
    assert_eq!(p.run("more /ascii nvram:startup-config"), crate::bench::R1);
    assert_eq!(p.run("more /binary flash:a.bin"), "00000000:  7F454C46                               .ELF\n");
    assert_eq!(p.run("more /ebcdic host.txt"), "Hello\n");
}

#[test]
fn the_running_configuration_is_shown_in_other_ways() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    let whole = p.run("show running-config");
    for way in ["brief", "full", "view full"] {
        assert_eq!(p.run(&format!("show running-config {way}")), whole, "{way}");
    }
    let numbered = p.run("show running-config linenum | include hostname");
    let at = whole.lines().skip(3).position(|l| l == "hostname R1").expect("there") + 1;
    assert_eq!(numbered.trim(), format!("{at} : hostname R1"));
}

#[test]
fn a_copy_may_name_a_routing_table_that_is_there() {
    let lab = Lab::new();
    lab.serve("a.txt", b"a".to_vec());
    let mut p = lab.bench.enabled();
    p.run("conf t");
    p.run("file prompt quiet");
    p.run("end");
    assert_eq!(p.run("copy tftp://10.0.0.1/a.txt flash:a.txt vrf LAB"), "% VRF LAB does not exist\n");
    p.run("conf t");
    p.answer("vrf definition LAB", "#");
    p.answer("end", "R1#");
    let text = p.run("copy tftp://10.0.0.1/a.txt flash:a.txt vrf LAB");
    assert!(text.contains("1 bytes copied in"), "{text}");
}

/// With `aaa new-model` lines ask for users, whatever `login` says there.
#[test]
fn logins_come_from_lists_with_aaa() {
    let bench = Bench::r1();
    bench.startup(&format!(
        "aaa new-model\naaa authentication login default local\naaa authentication login NONE none\n\
         username bob privilege 15 password ccna\nline vty 0 4\n password line\n login\n{}",
        crate::bench::R1.replace("line con 0\n", "line con 0\n login authentication NONE\n")
    ));
    let mut p = bench.enabled();
    assert!(p.run("show running-config | section line con").contains(" login authentication NONE\n"));
    let mut vty = crate::bench::Person::at_vty(p.device.clone());
    vty.until("Username: ");
    vty.keys("bob\r");
    vty.until("Password: ");
    vty.keys("line\r");
    vty.until("% Authentication failed\r\n");
    vty.until("Username: ");
    vty.keys("bob\r");
    vty.until("Password: ");
    vty.keys("ccna\r");
    vty.until("R1#");
}

/// The copies of two lines, whose files together do not fit.
#[test]
fn two_copies_at_once_do_not_take_the_same_space() {
    let lab = Lab::new();
    lab.serve(NEW, image(NEW_VERSION, 6 << 20));
    // All but 8 MiB of flash is taken: a sparse file does.
    let full = std::fs::File::create(lab.bench.flash("full.bin")).expect("made");
    full.set_len(256_487_424 - (8 << 20) - (128 << 10)).expect("sparse");
    lab.bench.startup(&format!("line vty 0 4\n privilege level 15\n no login\n{}", crate::bench::R1));
    let mut console = lab.bench.enabled();
    let mut vty = crate::bench::Person::at_vty(console.device.clone());
    vty.until("R1#");
    for (p, name) in [(&mut console, "a.bin"), (&mut vty, "b.bin")] {
        p.keys(&format!("copy tftp://10.0.0.1/{NEW} flash:{name}\r"));
        p.until("]? ");
    }
    console.keys("\r");
    vty.keys("\r");
    let texts = [console.until("R1#"), vty.until("R1#")];
    let whole = texts.iter().filter(|t| t.contains("[OK - 6291456 bytes]")).count();
    let short = texts.iter().filter(|t| t.contains("(Not enough space on device)")).count();
    assert!(whole <= 1 && whole + short == 2, "{texts:?}");
    let there = ["a.bin", "b.bin"].iter().filter(|n| lab.bench.flash(n).exists()).count();
    assert_eq!(there, whole, "{texts:?}");
}
