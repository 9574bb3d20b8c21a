//! What is asked question by question: the setup dialog, and ping's.

use crate::bench::{Bench, OLD, OLD_VERSION, Person, SIZE, image};
use crate::lab::Lab;
use crate::models::Model;

const ENTER: &str = "Would you like to enter the initial configuration dialog? [yes/no]: ";
const BASIC: &str = "Would you like to enter basic management setup? [yes/no]: ";
const SELECTION: &str = "Enter your selection [2]: ";

/// Answers, and goes on a page at a time up to what comes then; gives what came between.
fn paged(p: &mut Person, answer: &str, then: &str) -> String {
    p.keys(&format!("{answer}\r"));
    let mut text = String::new();
    loop {
        text += &p.until_one_of(&[" --More-- ", then]);
        match text.strip_suffix(" --More-- ") {
            Some(so_far) => text = so_far.to_owned(),
            None => return text,
        }
        p.keys(" ");
        // What wipes it out.
        p.until("        \u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}");
    }
}

/// A 2911 without a configuration, at the first question.
fn unconfigured() -> (Bench, Person) {
    let bench = Bench::bare();
    bench.put(OLD, &image(OLD_VERSION, SIZE));
    let mut p = bench.person();
    p.until(ENTER);
    (bench, p)
}

/// Answers the questions before the interfaces.
fn global(p: &mut Person, host: &str) {
    p.answer("yes", "Configuring global parameters:\r\n\r\n  Enter host name [Router]: ");
    p.answer(host, "  Enter enable secret: ");
    p.keys("\r");
    p.until("% No defaulting allowed\r\n  Enter enable secret: ");
    p.answer("cisco", "  Enter enable password: ");
    p.answer(
        "cisco",
        "% Please choose a password that is different from the enable secret\r\n  Enter enable password: ",
    );
    p.answer("other", "  Enter virtual terminal password: ");
    p.answer("ccna", "  Configure SNMP Network Management? [yes]: ");
}

#[test]
fn basic_management_setup_ends_in_a_saved_configuration() {
    let (bench, mut p) = unconfigured();
    let greeting = p.answer("yes", BASIC);
    assert!(greeting.contains("Use ctrl-c to abort configuration dialog at any prompt.\n"), "{greeting}");
    global(&mut p, "R1");
    let summary = p.answer("no", "management network from the above interface summary: ");
    assert!(
        summary.contains("Current interface summary\n\nInterface ") && summary.contains("GigabitEthernet0/2"),
        "{summary}"
    );
    p.answer("Serial0/0", "% Invalid interface name\r\n");
    p.until("interface summary: ");
    p.answer(
        "GigabitEthernet0/1",
        "Configuring interface GigabitEthernet0/1:\r\n  Configure IP on this interface? [yes]: ",
    );
    p.answer("", "    IP address for this interface: ");
    p.answer("1203210321", "% Bad Internet address.\r\n");
    p.until("    IP address for this interface: ");
    p.answer("10.0.0.2", "    Subnet mask for this interface [255.0.0.0] : ");
    p.answer("255.255.255.255", "% Bad subnet mask.\r\n");
    p.until("    IP address for this interface: ");
    p.answer("10.0.0.2", "    Subnet mask for this interface [255.0.0.0] : ");
    let script = paged(&mut p, "255.255.255.0", SELECTION);
    for part in [
        "    Class A network is 10.0.0.0, 24 subnet bits; mask is /24\n",
        "\nThe following configuration command script was created:\n\nhostname R1\nenable secret 5 $1$",
        "\nenable password other\nline vty 0 4\npassword ccna\nno snmp-server\n!\n!\n",
        "\ninterface GigabitEthernet0/0\nshutdown\nno ip address\n!\ninterface GigabitEthernet0/1\nno shutdown\nip address 10.0.0.2 255.255.255.0\n!\n",
        "[2] Save this configuration to nvram and exit.\n",
    ] {
        assert!(script.contains(part), "{part} is not in\n{script}");
    }
    p.keys("\r");
    let saved = p.until("Press RETURN to get started!");
    assert!(
        saved.contains("Building configuration...\n[OK]\nUse the enabled mode 'configure' command"),
        "{saved}"
    );
    assert!(!saved.contains("Invalid input"), "{saved}");
    p.keys("\r");
    p.until("R1>");
    p.answer("enable", "Password: ");
    p.keys("cisco\r");
    p.until("R1#");
    assert!(
        p.run("show ip interface brief | include 10.0.0.2")
            .contains("GigabitEthernet0/1         10.0.0.2        YES"),
        "{}",
        p.screen()
    );
    assert!(
        bench.saved().contains("\nhostname R1\n") && bench.saved().contains(" password ccna\n"),
        "{}",
        bench.saved()
    );
    // It comes up so by itself.
    drop(p.leave());
    let mut p = bench.person();
    let console = p.until("Press RETURN to get started!");
    assert!(!console.contains("System Configuration Dialog"), "{console}");
}

#[test]
fn setup_may_be_gone_through_again_left_and_aborted() {
    let (bench, mut p) = unconfigured();
    p.answer("yes", BASIC);
    // Each interface is asked for, behind the summary of all.
    p.answer("no", "First, would you like to see the current interface summary? [yes]: ");
    p.answer("no", "  Enter host name [Router]: ");
    p.answer("R7", "  Enter enable secret: ");
    p.answer("cisco", "  Enter enable password: ");
    p.answer("other", "  Enter virtual terminal password: ");
    p.answer("ccna", "  Configure SNMP Network Management? [yes]: ");
    p.answer("yes", "    Community string [public]: ");
    p.answer("", "Do you want to configure Embedded-Service-Engine0/0  interface? [no]: ");
    p.answer("", "Do you want to configure GigabitEthernet0/0  interface? [no]: ");
    p.answer("yes", "  Configure IP on this interface? [yes]: ");
    p.answer("yes", "    IP address for this interface: ");
    p.answer("192.168.0.2", "    Subnet mask for this interface [255.255.255.0] : ");
    p.answer("", "Do you want to configure GigabitEthernet0/1  interface? [no]: ");
    p.answer("", "Do you want to configure GigabitEthernet0/2  interface? [no]: ");
    let script = paged(&mut p, "", SELECTION);
    assert!(script.contains("snmp-server community public\n"), "{script}");
    assert!(
        script.contains("interface GigabitEthernet0/0\nno shutdown\nip address 192.168.0.2 255.255.255.0\n"),
        "{script}"
    );
    p.answer("7", "% Please answer 0, 1 or 2.\r\n");
    p.until(SELECTION);
    p.answer("1", BASIC);
    p.keys("\u{3}");
    p.until("Configuration aborted, no changes made.\r\n");
    p.until("Press RETURN to get started!");
    p.keys("\r");
    p.until("Router>");
    assert_eq!(bench.saved(), "", "nothing is saved");
    // The command asks the same, and 0 leaves it.
    p.answer("enable", "Router#");
    p.answer("setup", "Continue with configuration dialog? [yes/no]: ");
    p.answer("yes", BASIC);
    global(&mut p, "R8");
    p.answer("no", "interface summary: ");
    p.answer("g0/0", "  Configure IP on this interface? [yes]: ");
    paged(&mut p, "no", SELECTION);
    p.answer("0", "Router#");
    assert_eq!(bench.saved(), "");
    p.answer("setup", "[yes/no]: ");
    p.answer("no", "Router#");
}

#[test]
fn a_switch_is_set_up_by_its_vlan() {
    let model = Model::of("c2960x");
    std::fs::remove_file(model.lab.bench.flash("config.text")).expect("there");
    let mut p = model.lab.bench.person();
    p.until(ENTER);
    p.answer("yes", BASIC);
    p.answer("yes", "  Enter host name [Switch]: ");
    p.answer("S1", "  Enter enable secret: ");
    p.answer("cisco", "  Enter enable password: ");
    p.answer("other", "  Enter virtual terminal password: ");
    p.answer("ccna", "  Configure SNMP Network Management? [no]: ");
    // The table of its ports is more than a page.
    paged(&mut p, "", "interface summary: ");
    p.answer("GigabitEthernet1/0/1", "% Invalid interface name\r\n");
    p.until("interface summary: ");
    p.answer("vlan1", "  Configure IP on this interface? [yes]: ");
    p.answer("", "    IP address for this interface: ");
    p.answer("10.0.0.3", "]");
    paged(&mut p, "255.255.255.0", SELECTION);
    p.keys("2\r");
    p.until("Press RETURN to get started!");
    let saved = model.lab.bench.saved();
    assert!(saved.contains("interface Vlan1\n ip address 10.0.0.3 255.255.255.0\n"), "{saved}");
    assert!(saved.contains("line vty 0 15\n") && saved.contains("hostname S1\n"), "{saved}");
}

#[test]
fn ping_heeds_what_its_questions_are_answered() {
    let lab = Lab::new();
    let mut p = lab.bench.enabled();
    p.run("ping 10.0.0.1");
    let ask = |p: &mut Person, answers: &[&str], then: &str| {
        p.answer("ping", "Protocol [ip]: ");
        for (n, answer) in answers.iter().enumerate() {
            let next = if n + 1 == answers.len() { then } else { ": " };
            p.keys(&format!("{answer}\r"));
            p.until("\r\n");
            if n + 1 < answers.len() {
                p.until(next);
            }
        }
        p.until(then)
    };
    // Three of each size from 100 to 120 by 10, from the interface's own address.
    let answers = ["", "10.0.0.1", "3", "", "1", "y", "g0/0", "", "y", "", "", "", "y", "100", "120", "10"];
    let said = ask(&mut p, &answers, "R1#");
    for part in [
        "Sending 9, [100..120]-byte ICMP Echos to 10.0.0.1, timeout is 1 seconds:\nPacket sent with a source address of 10.0.0.2 \nPacket sent with the DF bit set\n!!!!!!!!!\n",
        "Success rate is 100 percent (9/9)",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    let said = ask(&mut p, &["", "10.0.0.1", "2", "1500", "", "", ""], "R1#");
    assert!(
        said.contains("Sending 2, 1500-byte ICMP Echos to 10.0.0.1, timeout is 2 seconds:\n!!\n"),
        "{said}"
    );
    let said = ask(&mut p, &["", "10.0.0.1", "", "", "", "y", "10.9.9.9"], "R1#");
    assert!(said.contains("% Invalid source address"), "{said}");
}
