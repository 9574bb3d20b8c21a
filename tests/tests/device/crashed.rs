//! `test crash`: what the console says, what is kept in flash, and what ROMMON and the next IOS know of it.

use crate::bench::{Bench, Person, R1};
use crate::models::Model;
use crate::tools;
use device::{Attendant, Mode};
use ios_cli::text::version::Version;

/// At the menu, with crashes enabled.
fn at_menu(p: &mut Person) {
    p.answer("test crash", "\r\n? ");
    assert!(p.screen().contains(" 6  (crash router) Software forced crash\n"), "{}", p.screen());
    p.answer("C", "\r\n? ");
}

fn crashinfo(p: &Person) -> Vec<String> {
    let names = p.device.facts().flash.into_iter().map(|f| f.name);
    names.filter(|name| name.starts_with("crashinfo_")).collect()
}

#[test]
fn a_crash_restarts_the_router_and_is_told_of_by_the_next_ios() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    at_menu(&mut p);
    p.keys("1\r");
    let said = p.until("System Bootstrap");
    for part in [
        "Writing crashinfo to flash0:crashinfo_",
        "*** System received a Bus Error exception ***\nsignal= 0xa, code= 0x8, context= 0x",
        "\nPC = 0x60368518, Cause = 0x",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    p.started();
    let text = p.run("show version");
    let said = Version::parse(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(said.returned_by, "bus error at PC 0x60368518, address 0xD0D0D0D");
    let [file] = &crashinfo(&p)[..] else { panic!("{:?}", p.device.facts().flash) };
    let kept = p.run(&format!("more flash:{file}"));
    assert!(
        kept.contains("Cisco IOS Software, C2900 Software") && kept.contains("Kernel Level Stack Trace:"),
        "{kept}"
    );
    assert!(kept.contains("System was restarted by bus error at PC 0x60368518"), "{kept}");
    // It was there until the next image.
    let i = p.answer("test crash", "\r\n? ");
    assert!(i.contains("WARNING: Command selections marked with '(crash router)' will crash"), "{i}");
    p.run_menu("i", "Kernel Level Context:");
    p.answer("q", "R1#");
}

#[test]
fn rommon_knows_of_what_crashed_until_an_image_is_launched() {
    let bench = Bench::r1();
    bench.startup(&R1.replace("hostname R1\n", "hostname R1\nenable secret cisco\n"));
    let mut p = bench.enabled();
    p.run("configure terminal");
    p.run("config-register 0x2100");
    p.run("end");
    at_menu(&mut p);
    // Nothing is written where nobody wants it.
    p.answer("d", "\r\n? ");
    p.answer("6", "\r\n? ");
    assert!(matches!(p.device.facts().mode, Mode::Ios { .. }), "it was enabled before, not right before");
    p.answer("C", "\r\n? ");
    p.keys("6\r");
    p.until("*** System received a Software forced crash ***\r\nsignal= 0x17, code= 0x24, context= ");
    p.until("rommon 1 > ");
    assert_eq!(crashinfo(&p), [""; 0]);
    let stack = p.answer("stack", "rommon 2 > ");
    assert!(
        stack.contains("Kernel Level Stack Trace:\nInitial SP = 0x642190b8, Initial PC = 0x6012f818, RA = "),
        "{stack}"
    );
    let context = p.answer("context", "rommon 3 > ");
    assert!(context.contains("Kernel Level Context:\n") && context.contains("6012f818"), "{context}");
    let frame = p.answer("frame 1", "rommon 4 > ");
    assert!(
        frame.contains("Stack Frame 1, SP = 0x642190b8, Size = 32 bytes\n[0x642190b8 : sp + 0x000] = "),
        "{frame}"
    );
    let back = p.answer("sysret", "rommon 5 > ");
    assert!(
        back.contains("System Return Info:\ncount: 2,  reason: ") && back.contains("pc:0x6012f818, "),
        "{back}"
    );
    assert!(p.answer("cont", "rommon 6 > ").contains("*** System received a Software forced crash ***"));
    assert!(p.answer("frame 99", "rommon 7 > ").contains("no frame 99"));
    // The register still says ROMMON: a break could come too late for a boot that takes no time.
    p.keys("reset\r");
    p.until("System Bootstrap");
    p.until("rommon 1 > ");
    // Somebody has reset it since.
    for (n, line) in ["context", "stack", "frame", "break", "cont"].iter().enumerate() {
        let said = p.answer(line, &format!("rommon {} > ", n + 2));
        assert_eq!(said, format!("{line}: kernel context state is invalid, can not proceed.\n"));
    }
    assert!(p.answer("sysret", "rommon 7 > ").contains("reason: reset\npc:0x0, "), "{}", p.screen());
}

#[test]
fn over_the_network_it_is_the_same_and_a_switch_comes_back() {
    let model = Model::of("c2960x");
    tools::let_bob_in(&model);
    let device = model.lab.bench.device();
    let _attendant = Attendant::start(std::slice::from_ref(&device)).expect("a thread");
    device.power_on();
    let mut p = Person::at_vty(device.clone());
    p.answer("bob", "Password: ");
    p.keys(&format!("{}\r", tools::PASSWORD));
    p.until("R1#");
    at_menu(&mut p);
    p.answer("R", "Address [0]: ");
    p.keys("0xBEEF\r");
    p.until("*** System received a Bus Error exception ***");
    p.over();
    let mut p = Person::at(device);
    p.keys("\r");
    p.until("R1#");
    p.run("terminal length 0");
    let text = p.run("show version");
    assert!(
        text.contains("System returned to ROM by bus error at PC 0x60368518, address 0xBEEF\n"),
        "{text}"
    );
    assert_eq!(crashinfo(&p).len(), 1);
    // IOS-XE has another way to go wrong.
    let model = Model::of("isr4331");
    assert!(model.lab.bench.enabled().run("test crash").contains("% Invalid input"));
}

impl Person {
    /// Chooses from the menu, sees `text`, and the menu again.
    fn run_menu(&mut self, key: &str, text: &str) {
        let said = self.answer(key, "\r\n? ");
        assert!(said.contains(text), "{text} is not in\n{said}");
    }
}
