//! docs/device.md, "By priority": every line of that table is typed on every model.

use crate::bench::{Bench, Person};
use crate::models::Model;
use device::Profile;
use std::fmt::Write as _;

const PAGE: &str = include_str!("../../../docs/device.md");

/// What a device says to a line that it does not know.
const COMPLAINTS: &[&str] = &["% Invalid", "% Incomplete", "% Ambiguous", "% Unrecognized", "% Unknown"];

/// One line of the table's cells.
struct Typed {
    mode: String,
    line: String,
    /// Names of models; `any` is all.
    not_on: Vec<String>,
}

impl Typed {
    fn is_on(&self, model: &str) -> bool {
        !self.not_on.iter().any(|name| name == model || name == "any")
    }
}

fn table() -> Vec<Typed> {
    let section = PAGE.split_once("\n## By priority\n").expect("the section").1;
    let section = section.split("\n## ").next().expect("its text");
    let rows = section.lines().filter(|line| line.starts_with("| 0 |") || line.starts_with("| 1 |"));
    let mut all = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [_, mode, typed, not_on] = cells[..] else { panic!("four cells: {row}") };
        let mode = mode.trim_matches('`').to_owned();
        let not_on: Vec<String> = not_on.split_whitespace().map(str::to_owned).collect();
        for name in not_on.iter().filter(|name| *name != "any") {
            assert!(Profile::named(name).is_some(), "{name} is no model: {row}");
        }
        let lines = typed.split('`').skip(1).step_by(2);
        all.extend(lines.map(|line| Typed {
            mode: mode.clone(),
            line: line.to_owned(),
            not_on: not_on.clone(),
        }));
    }
    assert!(all.len() > 150, "{} lines: the table was not read", all.len());
    all
}

/// Whether EXEC says that the line may end there.
fn may_end(p: &mut Person, line: &str) -> bool {
    p.keys(&format!("{line} ?"));
    let help = p.until(&format!("R1#{line} "));
    p.keys("\u{15}\r");
    p.until("\nR1#");
    help.lines().any(|row| row.trim() == "<cr>")
}

/// Whether a line that was run was known.
fn is_known(said: &str) -> bool {
    !COMPLAINTS.iter().any(|complaint| said.contains(complaint))
}

fn configured(p: &mut Person, head: Option<&str>, line: &str) -> bool {
    p.answer("configure terminal", "R1(config)#");
    if let Some(head) = head {
        p.answer(head, ")#");
    }
    let said = p.answer(line, "#");
    if p.screen().ends_with(")#") {
        p.answer("end", "R1#");
    }
    is_known(&said)
}

#[test]
fn every_line_of_the_table_is_there_on_the_models_that_it_names() {
    let table = table();
    let mut wrong = String::new();
    for model in Model::all() {
        let name = model.profile.name.to_string();
        let vlan = model.profile.interfaces.iter().find(|p| p.starts_with("Vlan"));
        let interface = format!("interface {}", vlan.unwrap_or(&model.profile.boot.port));
        let mut p = model.lab.bench.enabled();
        p.run("terminal width 0");
        for typed in &table {
            let known = match typed.mode.as_str() {
                "EXEC" => {
                    let there = may_end(&mut p, &typed.line);
                    let shows = ["show ", "dir", "pwd"].iter().any(|head| typed.line.starts_with(head));
                    if there && shows {
                        let said = p.run(&typed.line);
                        assert!(is_known(&said) && !said.is_empty(), "{name}: {}: {said}", typed.line);
                    }
                    there
                }
                "configuration" => configured(&mut p, None, &typed.line),
                "interface" => configured(&mut p, Some(&interface), &typed.line),
                "line" => configured(&mut p, Some("line vty 0 4"), &typed.line),
                _ => continue,
            };
            if known != typed.is_on(&name) {
                let _ = writeln!(wrong, "{name}, {}: {} is {known}", typed.mode, typed.line);
            }
        }
    }
    assert!(wrong.is_empty(), "the table says otherwise:\n{wrong}");
}

#[test]
fn every_line_of_a_boot_loader_is_there_on_the_models_that_have_it() {
    let table = table();
    let mut wrong = String::new();
    for (profile, _) in Profile::all() {
        let bench = Bench { profile: profile.clone(), ..Bench::bare() };
        let mut p = bench.person();
        let mode = match p.until_one_of(&["rommon 1 > ", "switch: "]).ends_with("switch: ") {
            true => "switch:",
            false => "ROMMON",
        };
        let lines = table.iter().filter(|typed| typed.mode == mode);
        for (n, typed) in lines.enumerate() {
            let prompt = if mode == "ROMMON" { format!("rommon {} > ", n + 2) } else { "switch: ".into() };
            let said = p.answer(&typed.line, &prompt);
            let known = !["not found", "not supported", "Unknown cmd"].iter().any(|no| said.contains(no));
            if known != typed.is_on(&profile.name) {
                let _ = writeln!(wrong, "{}, {mode}: {} is {known}: {said}", profile.name, typed.line);
            }
        }
    }
    assert!(wrong.is_empty(), "the table says otherwise:\n{wrong}");
}
