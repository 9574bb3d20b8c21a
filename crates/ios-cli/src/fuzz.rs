//! Entry points for the fuzzer; each must neither panic nor break what it asserts.

use crate::editor::{Editor, Event, Input, MAX_LINE};
use crate::graph::{Graph, Offer, Outcome, Row, Scope};
use crate::modes::Modes;
use alloc::string::String;
use alloc::vec::Vec;

const ROWS: &[Row<u8>] = &[
    Row::new("show version", &["a", "b"], Modes::EXEC, 1, 0).piped(),
    Row::new("show <fs:fs>", &["a", "{}"], Modes::EXEC, 1, 1).piped(),
    Row::new("copy [/erase] <src:url> <dst:url>", &["a", "b", "{}", "{}"], Modes::EXEC, 15, 2),
    Row::new("dir [/all] [<file:file>]", &["a", "b", "c"], Modes::EXEC, 1, 3).piped(),
    Row::new("terminal {length|width} <n:0-512>", &["a", "b", "c", "d"], Modes::EXEC, 1, 4),
    Row::new("[no] hostname <name:word>", &["a", "b"], Modes::CONFIG, 15, 5),
    Row::new("[no] boot system <file:line>", &["a", "b", "c"], Modes::CONFIG, 15, 6),
    Row::new("config-register <value:hex>", &["a", "b"], Modes::CONFIG, 15, 7),
    Row::new("interface <if:interface>", &["a", "b"], Modes::CONFIG, 15, 8),
    Row::new("[no] ip address <ip:addr> <mask:addr>", &["a", "b", "c", "d"], Modes::INTERFACE, 15, 9),
];

/// Reads `data` as a script of `tclsh`: what is whole stays so with another line behind it.
pub fn tcl(data: &[u8]) {
    use crate::tcl::{Parsed, parse};
    let script = String::from_utf8_lossy(data);
    if let Parsed::Commands(commands) = parse(&script) {
        let Parsed::Commands(more) = parse(&alloc::format!("{script}\nputs x")) else {
            // A backslash at the end takes the line's end.
            assert!(script.ends_with('\\'), "whole scripts stay whole: {script:?}");
            return;
        };
        assert!(more.len() >= commands.len(), "no command is lost: {script:?}");
    }
}

const OFFERS: &[Offer<'static>] = &[
    Offer { name: "flash0:", doc: "flash0:", local: true },
    Offer { name: "tftp:", doc: "tftp:", local: false },
    Offer { name: "running-config", doc: "running", local: false },
];

/// Types `data` at a console: the editor echoes, the graph reads, helps and completes. The screen never
/// needs more than the line holds, the caret never stands behind the line, and what Tab writes out means
/// what was typed.
pub fn ios_line(data: &[u8]) {
    let Some((&first, keys)) = data.split_first() else { return };
    let mode = [Modes::EXEC, Modes::CONFIG, Modes::INTERFACE][usize::from(first % 3)];
    let scope = Scope { mode, privilege: 15, offers: OFFERS };
    let graph = Graph::new(&[ROWS]);
    let mut editor = Editor::new(usize::from(first));
    let inputs = [Input::Command, Input::Answer, Input::Password, Input::Key];
    let mut turn = 0;
    editor.read(Input::Command, "R1#");
    for piece in keys.chunks(7) {
        editor.handle_bytes(piece);
        while let Some(event) = editor.poll_event() {
            match event {
                Event::Line(line) | Event::CtrlZ(line) => {
                    assert!(line.len() <= MAX_LINE, "a line has at most {MAX_LINE} octets");
                    read(&graph, &scope, &line);
                }
                Event::Help(line) => {
                    let help = graph.help(&scope, &line);
                    assert!(help.0.ends_with('\n'), "help ends its last line");
                    editor.redisplay();
                }
                Event::Tab(line) => {
                    let done = graph.complete_word(&scope, &line);
                    editor.complete(done.as_deref());
                }
                Event::Key(_) | Event::Interrupt(_) => {}
            }
            if !editor.is_reading() {
                turn += 1;
                editor.read(inputs[turn % inputs.len()], "R1#");
            }
        }
        let echo: Vec<u8> = editor.poll_transmit().unwrap_or_default();
        let printable = |b: &u8| matches!(*b, 0x07 | 0x08 | b'\r' | b'\n' | b' '..=0x7e);
        assert!(echo.iter().all(printable), "only printable octets are echoed");
    }
}

fn read(graph: &Graph<u8>, scope: &Scope<'_>, line: &str) {
    let outcome = graph.read(scope, line);
    if let Outcome::Invalid { column, .. } = outcome {
        assert!(column < line.len(), "the caret stands under the line");
    }
    let complaint: Option<String> = outcome.complaint(line, 3);
    assert_eq!(
        complaint.is_none(),
        matches!(outcome, Outcome::Empty | Outcome::Match(_)),
        "every outcome but these two is said"
    );
}

/// Reads `data` as the output of every command: what is read prints to something that reads the same.
pub fn ios_text(data: &[u8]) {
    use crate::text::{
        bootvar, clock, copy, dir, file_systems, files, flash, interfaces, lldp_detail, neighbours, ping,
        privilege, route_summary, version,
    };
    let Ok(text) = core::str::from_utf8(data) else { return };
    macro_rules! again {
        ($read:expr, $print:expr) => {
            if let Ok(value) = $read(text) {
                let printed: String = $print(&value);
                assert_eq!($read(&printed), Ok(value), "printed as\n{printed}");
            }
        };
    }
    again!(dir::Listing::parse, dir::Listing::render);
    again!(flash::Flash::parse, flash::Flash::render);
    again!(file_systems::parse, |v: &Vec<_>| file_systems::render(v));
    again!(bootvar::BootVar::parse, bootvar::BootVar::render);
    again!(clock::Clock::parse, clock::Clock::render);
    again!(interfaces::parse, |v: &Vec<_>| interfaces::render(v));
    again!(ping::Rate::parse, ping::Rate::render);
    again!(privilege::parse, |v: &u8| privilege::render(*v));
    again!(neighbours::parse_cdp, |v: &Vec<_>| neighbours::render_cdp(v));
    again!(neighbours::parse_lldp, |v: &Vec<_>| neighbours::render_lldp(v));
    again!(lldp_detail::parse, |v: &Vec<_>| lldp_detail::render(v));
    again!(route_summary::RouteSummary::parse, route_summary::RouteSummary::render);
    again!(files::Digest::parse, files::Digest::render);
    // What stands in the middle of a version is free text: reading what was printed must work.
    if let Ok(v) = version::Version::parse(text) {
        let _ = version::Version::parse(&v.render());
    }
    if let Ok(ended) = copy::parse(text) {
        let printed = match &ended {
            copy::Ended::Copied(c) => c.render(),
            copy::Ended::Failed(f) => f.render(),
        };
        assert!(copy::parse(&printed).is_ok(), "printed as\n{printed}");
    }
    if let Some(name) = crate::image_name::ImageName::parse(text) {
        assert!(!name.id().is_empty() && !alloc::format!("{name}").is_empty(), "a name has an id");
    }
}
