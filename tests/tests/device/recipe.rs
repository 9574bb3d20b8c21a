//! The runbook of `towline recipe upgrade`, typed at R1's console while `towline serve` has the image.

use crate::bench::{Bench, NEW, NEW_VERSION, OLD, OLD_VERSION, Person, SIZE, image};
use device::Mode;
use device::wire::Table;
use e2e::process::run;
use e2e::towline::{Serve, command};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;

/// A directory with the new image, served as 10.0.0.1; R1 with the old one.
struct Scene {
    dir: tempfile::TempDir,
    bench: Bench,
    _server: Serve,
}

impl Scene {
    fn new() -> Scene {
        let dir = e2e::scratch();
        std::fs::write(dir.path().join(NEW), image(NEW_VERSION, SIZE)).expect("written");
        let server = Serve::start(dir.path(), &[]);
        let mut bench = Bench::r1();
        let at = |port: u16| SocketAddr::from(([10, 0, 0, 1], port));
        let table = Table { bind: Some("127.0.0.2".parse().expect("ip")), ..Table::default() };
        bench.table = Some(table.with(at(69), server.tftp).with(at(21), server.ftp));
        Scene { dir, bench, _server: server }
    }

    fn image(&self) -> std::path::PathBuf {
        self.dir.path().join(NEW)
    }
}

fn recipe(image: &Path, rest: &[&str]) -> String {
    let ended = run(command().args(["recipe", "upgrade", "--server", "10.0.0.1"]).args(rest).arg(image));
    assert_eq!((ended.code(), ended.err.as_str()), (0, ""), "{ended:?}");
    ended.out
}

/// What the device shows when it waits for a line.
const WAITS: &[&str] =
    &["R1#", "R1(config)#", "]? ", "[confirm]", "[yes/no]: ", "Press RETURN to get started!"];

/// Types one line and gives what it brought, up to where the device waits for the next.
fn enter(p: &mut Person, line: &str) -> String {
    p.keys(&format!("{line}\r"));
    // Lines that are longer than the terminal is wide scroll, so their echo is not the line; its end is.
    p.until("\r\n");
    let mut shown = p.until_one_of(WAITS);
    if shown.ends_with("Press RETURN to get started!") {
        p.keys("\r");
        shown.push_str(&p.until_one_of(&["R1#", "R1>"]));
    }
    shown
}

/// Types every line as it stands, comments too, each when the device waits for one. Gives what each brought.
fn typed(p: &mut Person, runbook: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for line in runbook.lines() {
        let shown = enter(p, line);
        let question = ["]? ", "[yes/no]: ", "[confirm]"].iter().any(|q| shown.ends_with(q));
        let next_is_enter = runbook.lines().nth(all.len() + 1) == Some("");
        assert_eq!(question, next_is_enter, "after '{line}' the device shows:\n{shown}\n{}", p.screen());
        assert!(!shown.contains("\n% "), "'{line}':\n{shown}");
        all.push((line.to_owned(), shown));
    }
    all
}

/// What a line brought that begins so.
fn brought<'a>(all: &'a [(String, String)], line: &str) -> &'a str {
    all.iter().rev().find(|(l, _)| l.starts_with(line)).map_or("", |(_, shown)| shown)
}

fn version(p: &Person) -> Option<String> {
    match p.device.facts().mode {
        Mode::Ios { version, .. } => Some(version),
        Mode::Off | Mode::Rommon => None,
    }
}

#[test]
fn the_printed_runbook_is_typed_and_the_new_image_runs() {
    for protocol in ["tftp", "ftp"] {
        let scene = Scene::new();
        // A boot line of before, in which the classic failed upgrade has its cause.
        scene.bench.startup(&format!("boot system flash0:{OLD}\n{}", crate::bench::R1));
        let runbook = recipe(&scene.image(), &["--old", OLD, "--protocol", protocol]);
        let mut p = scene.bench.enabled();
        let all = typed(&mut p, &runbook);
        assert!(brought(&all, "verify /md5").contains(&format!("\nVerified (flash:{NEW}) = ")), "{all:#?}");
        let lines = format!("boot system flash:{NEW}\nboot system flash:{OLD}\n");
        assert!(brought(&all, "show running-config").contains(&lines), "{all:#?}");
        assert!(
            brought(&all, "show bootvar").contains(&format!("BOOT variable = flash:{NEW},12;flash:{OLD},12"))
        );
        let shown = brought(&all, "show version");
        assert!(shown.contains(&format!("System image file is \"flash0:{NEW}\"")), "{shown}");
        assert_eq!(version(&p).as_deref(), Some(NEW_VERSION), "{protocol}");
        let room = runbook.lines().find_map(|l| l.split_once("must be ")?.1.split(' ').next());
        assert_eq!(room, Some("69632"), "65,700 octets in clusters of 4,096");
    }
}

#[test]
fn a_wrong_digest_stops_at_the_step_verify() {
    // The digest that was printed is of another file than the one that is served.
    let scene = Scene::new();
    let good = e2e::scratch();
    std::fs::write(good.path().join(NEW), image(NEW_VERSION, SIZE)).expect("written");
    let runbook = recipe(&good.path().join(NEW), &["--old", OLD]);
    let (before, after) = runbook.split_once("\n! 5.").expect("step 5");
    let mut p = scene.bench.enabled();
    let all = typed(&mut p, before);
    let shown = brought(&all, "verify /md5");
    assert!(shown.contains(&format!("%Error verifying flash:{NEW}\nComputed signature  = ")), "{shown}");
    assert!(!shown.contains("Verified ("), "{shown}");
    // The runbook says what to do then, and nothing has changed what boots.
    let words = before.replace("\n!    ", " ");
    assert!(words.contains("After '%Error verifying' the file is damaged"), "{words}");
    assert!(after.contains("boot system flash:"), "{after}");
    assert_eq!(version(&p).as_deref(), Some(OLD_VERSION));
    assert!(p.device.facts().startup_boot.is_empty());
}

#[test]
fn the_events_are_the_typed_lines() {
    let scene = Scene::new();
    let text = recipe(&scene.image(), &["--old", OLD]);
    let json = recipe(&scene.image(), &["--old", OLD, "--json"]);
    let events: Vec<Value> = json.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    for event in &events {
        assert_eq!(towline::events::faults(event), Vec::<String>::new());
    }
    let lines: Vec<&str> = events.iter().filter_map(|e| e["line"].as_str()).collect();
    let typed: Vec<&str> = text.lines().filter(|l| !l.starts_with('!')).collect();
    assert_eq!(lines, typed);
    // A typist by the events: each answer meets its question.
    let mut p = scene.bench.enabled();
    for event in &events {
        if let Some(question) = event["question"].as_str() {
            assert!(p.screen().lines().last().is_some_and(|l| l.contains(question)), "{question}");
        }
        enter(&mut p, event["line"].as_str().expect("a line"));
    }
    assert_eq!(version(&p).as_deref(), Some(NEW_VERSION));
}

#[test]
fn a_catalyst_s_runbook_sets_its_list_and_looks_at_it() {
    let model = crate::models::Model::of("c2960x");
    let dir = e2e::scratch();
    let image = dir.path().join(&model.new);
    std::fs::write(&image, crate::bench::image_for(&model.profile, model.new_version, SIZE))
        .expect("written");
    let runbook = recipe(&image, &["--profile", "c2960x", "--old", &model.old]);
    let list = format!("\nboot system flash:/{};flash:/{}\n", model.new, model.old);
    for line in [list.as_str(), "\nshow boot\n"] {
        assert!(runbook.contains(line), "{line}: {runbook}");
    }
    for word in ["bootvar", "0x2102", "no boot system"] {
        assert!(!runbook.contains(word), "{word}: {runbook}");
    }
}

#[test]
fn an_image_that_is_none_for_the_device_is_refused() {
    let dir = e2e::scratch();
    let spaced = dir.path().join("new image.bin");
    std::fs::write(&spaced, "x").expect("written");
    let ended = run(command().args(["recipe", "upgrade", "--server", "10.0.0.1"]).arg(&spaced));
    assert_eq!((ended.code(), ended.err.contains("cannot be typed")), (2, true), "{ended:?}");
    let absent = dir.path().join("absent.bin");
    let ended = run(command().args(["recipe", "upgrade", "--server", "10.0.0.1"]).arg(&absent));
    assert_eq!(ended.code(), 5, "{ended:?}");
    let line = ["recipe", "upgrade", "--server", "10.0.0.1", "--profile", "c3900"];
    let ended = run(command().args(line).arg(&absent));
    assert_eq!((ended.code(), ended.err.contains("c2911")), (2, true), "{ended:?}");
}

#[test]
fn a_pool_s_options_for_dhcp_are_taken_by_ios() {
    let ended =
        run(command().args(["recipe", "dhcp", "--server", "10.0.0.1", "--file", "a.bin", "--for", "ios"]));
    assert_eq!(ended.code(), 0, "{ended:?}");
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("configure terminal");
    for line in ended.out.lines() {
        let shown = p.answer(line, "R1(dhcp-config)#");
        assert!(!shown.contains('%'), "'{line}': {shown}");
    }
    p.run("end");
    assert_eq!(p.run("show running-config | section ip dhcp pool"), ended.out);
}
