//! What people get wrong who never had such a device: each is true on every model, a new one by itself.

use crate::bench::Person;
use crate::models::{self, Model};
use device::Profile;
use device::profile::View;

/// What is true, and what is done to see it.
type Truth = (&'static str, fn(&Model, &mut Person));

const TRUTHS: &[Truth] = &[
    (
        "boot system does not look whether the file is there, and nothing changes until a reload",
        boot_line_unseen,
    ),
    ("a second boot line is appended on routers and replaces the first on switches", second_boot_line),
    ("the running image may be deleted", running_image_deleted),
    ("unsaved changes are asked about, and no loses them", unsaved_is_lost),
    ("[confirm] takes one key, [yes/no] a line", one_key_or_a_line),
    ("the host is remembered, and an empty one is an error", host_remembered),
    ("the overwrite warning comes before Accessing, the erase question behind it", warning_before_accessing),
    ("colons may be left out, but not behind dir", colons),
    ("write is no command of configuration mode, do write is", write_in_configuration),
    ("a copy says by which interface, how many octets and how fast", copy_figures),
    ("what boots is shown by one command, which show boot means too", show_boot),
    ("register 0x2142 passes the saved configuration by until it is set back", register_2142),
    ("the first ping to a neighbour loses one", first_ping),
    ("an unanswered read prints no dots, a write five", unanswered),
    ("a question mark cannot be typed into a password", question_mark),
];

#[test]
fn what_newcomers_get_wrong_is_so_on_every_model() {
    let only = std::env::var("TRUTH").ok();
    let mut told = 0;
    for (profile, _) in Profile::all() {
        for (truth, see) in TRUTHS.iter().filter(|(t, _)| only.as_ref().is_none_or(|o| t.contains(o))) {
            let model = Model::of(&profile.name);
            let mut p = model.lab.bench.enabled();
            let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| see(&model, &mut p)));
            assert!(seen.is_ok(), "{}: {truth}; the screen:\n{}", profile.name, p.screen());
            told += 1;
        }
    }
    assert!(only.is_some() || told == TRUTHS.len() * Profile::all().count());
}

fn configure(p: &mut Person, lines: &[String]) {
    p.run("configure terminal");
    for line in lines {
        assert_eq!(p.run(line), "", "{line}");
    }
    p.run("end");
}

/// The version that it runs.
fn version(p: &mut Person) -> String {
    p.run("terminal length 0");
    let text = p.run("show version");
    ios_cli::text::version::Version::parse(&text).unwrap_or_else(|e| panic!("{e}: {text}")).version
}

fn boot_line_unseen(model: &Model, p: &mut Person) {
    configure(p, &["boot system flash:nosuch.bin".into()]);
    assert_eq!(version(p), model.old_version);
    assert!(p.run("show running-config | include boot system").contains("nosuch.bin"));
}

fn second_boot_line(model: &Model, p: &mut Person) {
    configure(p, &["boot system flash:a.bin".into(), "boot system flash:b.bin".into()]);
    let shown = p.run("show running-config | include boot system");
    let expected: &[&str] = match model.profile.boot.view {
        View::Bootvar => &["a.bin", "b.bin"],
        View::PathList | View::Variables => &["b.bin"],
    };
    let lines: Vec<&str> = shown.lines().filter_map(|l| l.rsplit_once("flash:")).map(|(_, f)| f).collect();
    assert_eq!(lines, expected, "{shown}");
}

fn running_image_deleted(model: &Model, p: &mut Person) {
    p.run(&format!("delete /force flash:{}", model.old));
    assert!(p.run(&format!("dir flash:{}", model.old)).contains("(No such file or directory)"));
    assert_eq!(version(p), model.old_version);
}

fn unsaved_is_lost(_: &Model, p: &mut Person) {
    configure(p, &["ip ftp username jeremy".into()]);
    p.answer("reload", "System configuration has been modified. Save? [yes/no]: ");
    p.answer("no", "Proceed with reload? [confirm]");
    p.keys("\r");
    p.until("Press RETURN to get started!");
    p.keys("\r");
    p.until("R1#");
    assert_eq!(p.run("show running-config | include ftp username"), "");
}

fn one_key_or_a_line(model: &Model, p: &mut Person) {
    for (key, stays) in [("n", true), ("\u{1b}", true), ("y", false)] {
        p.keys(&format!("delete flash:{}\r\r", model.old));
        p.until("[confirm]");
        p.keys(key);
        p.until("R1#");
        let gone = p.run(&format!("dir flash:{}", model.old)).contains("(No such file or directory)");
        assert_eq!(!gone, stays, "{key:?}");
    }
    configure(p, &["ip ftp username jeremy".into()]);
    p.answer("reload", "Save? [yes/no]: ");
    // What is neither is asked again.
    p.answer("perhaps", "Save? [yes/no]: ");
    p.answer("yes", "Proceed with reload? [confirm]");
    p.keys("n");
    p.until("R1#");
    assert!(model.lab.bench.saved().contains("ip ftp username jeremy"));
}

fn host_remembered(model: &Model, p: &mut Person) {
    p.answer("copy tftp: flash:", "Address or name of remote host []? ");
    let text = p.answer("", "R1#");
    assert!(text.contains("?Host name or address not specified\n%Error parsing filename (Bad address)\n"));
    models::fetch(p, model);
    p.answer("copy tftp: flash:", "Address or name of remote host [10.0.0.1]? ");
    p.keys("\u{3}");
    p.until("R1#");
}

fn warning_before_accessing(model: &Model, p: &mut Person) {
    model.lab.serve("old.txt", b"new".to_vec());
    p.run("show running-config | redirect flash:old.txt");
    p.keys("copy tftp://10.0.0.1/old.txt flash:\r\r");
    let text = p.until("Do you want to over write? [confirm]");
    assert!(
        text.contains("%Warning:There is a file already existing with this name")
            && !text.contains("Accessing")
    );
    p.keys("\r");
    let erases = model.profile.flash.class.rules().asks_before_copy;
    let text = p.until_one_of(&["Erase flash: before copying? [confirm]", "bytes copied in"]);
    assert!(text.contains("Accessing tftp://10.0.0.1/old.txt..."));
    assert_eq!(text.contains("Erase flash:"), erases);
    if erases {
        p.keys("n");
        p.until("bytes copied in");
    }
    p.until("R1#");
}

fn colons(model: &Model, p: &mut Person) {
    for line in ["copy tftp flash", "copy running-config tftp"] {
        p.answer(line, "Address or name of remote host []? ");
        p.keys("\u{3}");
        p.until("R1#");
    }
    p.run("terminal length 0");
    assert!(p.run("show flash").contains(&model.old));
    let text = p.run("dir flash");
    assert!(text.contains("/flash (No such file or directory)"), "{text}");
}

fn write_in_configuration(model: &Model, p: &mut Person) {
    p.run("configure terminal");
    p.run("ip ftp username jeremy");
    assert!(p.run("write").starts_with("           ^\n% Invalid input detected at '^' marker.\n"));
    p.run("do write");
    assert!(model.lab.bench.saved().contains("ip ftp username jeremy"));
}

fn copy_figures(model: &Model, p: &mut Person) {
    p.run("terminal width 0");
    let text = model.lab.as_if_in_time(&models::fetch(p, model));
    let (new, size) = (&model.new, crate::bench::SIZE);
    assert!(text.contains(&format!("Loading {new} from 10.0.0.1 (via ")), "{text}");
    assert!(text.contains("): !!!!!!!!!!!!\n"), "one mark for ten of 129 packets: {text}");
    assert!(text.contains(&format!("[OK - {size} bytes]\n")), "{text}");
    let line = text.lines().find(|l| l.contains(" bytes copied in ")).expect("its last line");
    let mut numbers = line.split(|c: char| !c.is_ascii_digit() && c != '.').filter(|n| !n.is_empty());
    let mut number = || numbers.next().expect("a number").to_owned();
    let (octets, seconds, rate) = (number(), number(), number());
    let millis: u64 = seconds.replace('.', "").parse().expect("to the millisecond");
    assert_eq!(octets, size.to_string());
    assert_eq!(rate.parse(), Ok((size * 1_000 + millis / 2) / millis.max(1)), "{line}");
}

fn show_boot(model: &Model, p: &mut Person) {
    configure(p, &[format!("boot system flash:{}", model.old)]);
    models::save(p);
    let text = p.run("show boot");
    assert!(text.contains(&model.old), "{text}");
    assert_eq!(p.run("show bootvar").contains("% Invalid input"), !model.profile.is_router());
}

fn register_2142(model: &Model, p: &mut Person) {
    // What it writes itself says nothing of interfaces that are up.
    models::save(p);
    p.run("configure terminal");
    let text = p.run("config-register 0x2142");
    // A switch has no register to obey: another way leads back there.
    assert_eq!(text.contains("% Invalid input"), !model.profile.is_router(), "{text}");
    p.run("end");
    if !model.profile.is_router() {
        return;
    }
    assert!(p.run("show version | include register").contains("(will be 0x2142 at next reload)"));
    for _ in 0..2 {
        p.keys("reload\r");
        if p.until_one_of(&["[yes/no]: ", "[confirm]"]).ends_with("[yes/no]: ") {
            p.answer("no", "[confirm]");
        }
        p.keys("\r");
        p.until("initial configuration dialog? [yes/no]: ");
        p.answer("no", "terminate autoinstall? [yes]: ");
        p.keys("\r");
        p.until("Press RETURN to get started!");
        p.keys("\r");
        p.until("Router>");
        p.answer("enable", "Router#");
    }
    p.run("configure terminal");
    p.run("config-register 0x2102");
    p.run("end");
    p.run("terminal length 0");
    p.answer("copy startup-config running-config", "]? ");
    p.keys("\r");
    p.until("R1#");
    let brief = p.run("show ip interface brief");
    let port = brief.lines().find(|l| l.contains("10.0.0.2")).expect("it has its address again");
    assert!(port.contains("administratively down"), "{brief}");
}

fn first_ping(_: &Model, p: &mut Person) {
    assert!(p.run("ping 10.0.0.1 timeout 0").contains("\n.!!!!\nSuccess rate is 80 percent (4/5)"));
    assert!(p.run("ping 10.0.0.1 timeout 0").contains("\n!!!!!\nSuccess rate is 100 percent (5/5)"));
}

fn unanswered(model: &Model, _: &mut Person) {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").expect("bound");
    let real = silent.local_addr().expect("bound");
    let other = Model::of(&model.profile.name);
    let mut bench = other.lab.bench;
    bench.table = Some(device::wire::Table::default().with("10.0.0.1:69".parse().expect("address"), real));
    bench.patience = 0.02;
    let mut p = bench.enabled();
    p.keys("copy tftp://10.0.0.1/a.bin null:\r");
    let text = p.until("R1#");
    assert!(text.contains("a.bin...\n%Error opening tftp://10.0.0.1/a.bin (Timed out)\n"), "{text}");
    p.keys("copy running-config tftp://10.0.0.1/a.cfg\r\r");
    let text = p.until("R1#");
    assert!(text.contains("\n.....\n%Error opening tftp://10.0.0.1/a.cfg (Timed out)\n"), "{text}");
}

fn question_mark(_: &Model, p: &mut Person) {
    p.run("configure terminal");
    p.keys("enable secret a?");
    p.until("R1(config)#enable secret a");
    p.keys("b\r");
    p.until("R1(config)#");
    p.run("end");
    p.answer("disable", "R1>");
    p.answer("enable", "Password: ");
    p.keys("ab\r");
    p.until("R1#");
}
