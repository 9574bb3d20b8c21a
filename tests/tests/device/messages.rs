//! System messages and banners as they come to lines: when they happen, whatever stands there.

use crate::bench::{Bench, Person, R1};
use std::sync::Arc;

/// R1 with `more` for its console, and lines that anybody may have.
fn r1(more: &str) -> Bench {
    let bench = Bench::r1();
    let console = format!("line vty 0 4\n no login\n privilege level 15\nline con 0\n{more}");
    bench.startup(&R1.replace("line con 0\n", &console));
    bench
}

/// Somebody on another line.
fn at_vty(p: &Person) -> Person {
    let mut v = Person::at_vty(Arc::clone(&p.device));
    v.until("R1#");
    v
}

/// Has something logged, at a level.
fn log(v: &mut Person, level: u8, text: &str) {
    assert_eq!(v.run(&format!("send log {level} {text}")), "");
}

#[test]
fn a_message_interrupts_what_is_typed_which_goes_on_behind_it() {
    let bench = r1("");
    let mut p = bench.enabled();
    let mut v = at_vty(&p);
    p.keys("sh");
    p.until("sh");
    log(&mut v, 5, "hello");
    let seen = p.until("hello");
    assert!(seen.starts_with("\n*") && seen.contains(": %SYS-5-USERLOG_NOTICE: "), "{seen}");
    log(&mut v, 4, "again");
    let seen = p.until("again");
    assert!(seen.starts_with("\n*") && seen.lines().count() == 2, "each on its own line: {seen}");
    p.keys("ow privilege\r");
    assert_eq!(p.until("R1#"), "ow privilege\nCurrent privilege level is 15\nR1#");
    // What a command logs comes when its prompt stands there.
    p.run("configure terminal");
    p.keys("end\r");
    assert_eq!(p.until("R1#"), "end\nR1#");
    let seen = p.until("by console");
    assert!(seen.starts_with("\n*") && seen.ends_with("%SYS-5-CONFIG_I: Configured from console by console"));
    p.keys("\r");
    assert_eq!(p.until("R1#"), "\nR1#");
}

#[test]
fn with_logging_synchronous_prompt_and_line_are_shown_again() {
    let bench = r1(" logging synchronous\n");
    let mut p = bench.enabled();
    let mut v = at_vty(&p);
    p.keys("show pri");
    p.until("show pri");
    // The cursor stands in the midst of the line.
    p.octets(&[0x02, 0x02]);
    p.until("\x08\x08");
    log(&mut v, 5, "hello");
    let seen = p.until("hello\r\n");
    assert!(seen.starts_with("\n*"), "{seen}");
    assert_eq!(p.until("\x08\x08"), "R1#show pri\x08\x08");
    p.octets(&[0x05]);
    p.keys("v\r");
    assert_eq!(p.until("R1#"), "riv\nCurrent privilege level is 15\nR1#");
    // A question is one too.
    p.keys("delete nothing\r");
    p.until("[nothing]? ");
    log(&mut v, 5, "once more");
    p.until("once more\r\n");
    assert_eq!(p.until("? "), "Delete filename [nothing]? ");
    p.keys("\u{3}");
    p.until("R1#");
}

#[test]
fn messages_wait_for_the_prompt_where_they_are_to_and_else_come_at_more() {
    let mut seen = Vec::new();
    for more in [" logging synchronous\n", ""] {
        let bench = r1(more);
        let mut p = bench.enabled();
        let mut v = at_vty(&p);
        p.run("terminal length 5");
        p.keys("show version\r");
        p.until(" --More-- ");
        log(&mut v, 5, "hello");
        if more.is_empty() {
            p.until("hello\r\n");
        }
        // Whoever writes to a line is not kept waiting.
        v.answer("send console 0", "CTRL/C:");
        v.keys("a word\u{1a}");
        v.until("[confirm]");
        v.keys("y");
        p.until("a word\r\n");
        p.until(" --More-- ");
        p.keys("q");
        seen.push(p.until("R1#"));
        if !more.is_empty() {
            let behind = p.until("hello\r\n");
            assert!(behind.starts_with("\n*"), "{behind}");
            p.until("R1#");
        }
    }
    assert_eq!(seen[0], seen[1], "nothing of it came with the output");
}

#[test]
fn lines_show_messages_up_to_their_level() {
    let bench = r1(" logging synchronous\n");
    let mut p = bench.enabled();
    let mut v = at_vty(&p);
    v.run("configure terminal");
    v.run("logging console 4");
    v.run("logging monitor critical");
    v.run("end");
    let lines = v.run("show running-config | include logging (con|mon)");
    assert_eq!(lines, "logging console warnings\nlogging monitor critical\n");
    let shown = v.run("show logging | include Console|Monitor");
    assert!(shown.starts_with("    Console logging: level warnings, "), "{shown}");
    assert!(shown.contains("\n    Monitor logging: level critical, "), "{shown}");
    v.run("terminal monitor");
    log(&mut v, 5, "to nobody");
    log(&mut v, 4, "to the console");
    log(&mut v, 2, "to both");
    assert!(!p.until("to the console\r\n").contains("to nobody"));
    p.until("to both\r\n");
    let seen = v.until("to both");
    assert!(!seen.contains("to nobody") && !seen.contains("to the console"), "{seen}");
    v.run("configure terminal");
    v.run("no logging console");
    v.run("no logging monitor");
    v.run("end");
    assert_eq!(
        v.run("show running-config | include logging (con|mon)"),
        "no logging console\nno logging monitor\n"
    );
    assert_eq!(
        v.run("show logging | include Console|Monitor"),
        "    Console logging: disabled\n    Monitor logging: disabled\n"
    );
    log(&mut v, 0, "unseen");
    // What was logged meanwhile does not come later either.
    v.run("configure terminal");
    v.run("logging console");
    v.run("default logging monitor");
    v.run("end");
    assert_eq!(v.run("show running-config | include logging (con|mon)"), "");
    log(&mut v, 7, "seen again");
    assert!(!p.until("seen again\r\n").contains("unseen"));
    assert!(!v.until("seen again").contains("unseen"));
    assert_eq!(p.run("terminal monitor"), "% Console already monitors\n");
}

#[test]
fn a_scheduled_reload_is_announced_on_every_line() {
    let bench = r1("");
    let mut p = bench.enabled();
    let mut v = at_vty(&p);
    p.keys("show");
    p.until("show");
    v.answer("reload in 5", "[confirm]");
    v.keys("\r");
    v.until("R1#");
    let said = "\n\n***\n*** --- SHUTDOWN in 0:05:00 ---\n***\n\nR1#";
    assert_eq!(v.until("\nR1#"), format!("\n{said}"));
    assert_eq!(p.until("\nR1#show"), format!("\n{said}show"));
    v.keys("reload cancel\r");
    let said = said.replace("in 0:05:00", "ABORTED");
    assert_eq!(v.until("\nR1#"), format!("reload cancel\n{said}"));
    assert_eq!(p.until("\nR1#show"), format!("\n{said}show"));
    p.keys("\u{15}");
    // The others are told before they end.
    let mut w = at_vty(&p);
    v.answer("reload in 0", "[confirm]");
    v.keys("\r");
    for line in [&mut v, &mut w, &mut p] {
        line.until("*** --- SHUTDOWN NOW ---\r\n***\r\n");
    }
    v.over();
    w.over();
    p.until("Press RETURN");
}
