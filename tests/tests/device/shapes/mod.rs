//! What real devices were seen to print, as screens to compare with: the same command in the same state has the same
//! shape here. Names are this lab's; numbers, times and marks are left open.
//!
//! A screen is text in which `«typed»` is typed with Return behind it and `‹keys›` without; a password, which is not shown,
//! is `‹secret↵›`. Where this device says something else the real text still stands in the screen, and
//! `differences.toml` has the two texts and the reason. An entry there that makes no difference any more fails.

mod pattern;

use crate::bench::{Bench, Person, SIZE, image_for};
use crate::lab::Lab;
use crate::models;
use device::Profile;
use pattern::{Fit, Parting, Pattern};
use serde::Deserialize;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::UdpSocket;
use std::time::Duration;

/// The screens, a file for each family of commands.
const FILES: &[(&str, &str)] = &[
    ("cli", include_str!("cli.toml")),
    ("copy", include_str!("copy.toml")),
    ("files", include_str!("files.toml")),
    ("show", include_str!("show.toml")),
    ("system", include_str!("system.toml")),
];
const DIFFERENCES: &str = include_str!("differences.toml");
/// The list for people.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/device-shapes.md");

/// What is left open on a screen, by name.
const KINDS: &[&str] = &["n", "secs", "marks", "hex", "word", "date", "rest", "lines"];

/// How long a screen may take to say what is expected.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shapes {
    shape: Vec<Shape>,
}

/// A screen of a real device.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    name: String,
    /// What was seen to print this.
    seen: String,
    /// The model that is to do the same.
    #[serde(default = "c2911")]
    profile: String,
    #[serde(default)]
    line: Seat,
    /// More lines of the saved configuration.
    #[serde(default)]
    config: String,
    /// Files of flash, by their octets.
    #[serde(default)]
    flash: BTreeMap<String, u64>,
    /// Directories of flash.
    #[serde(default)]
    directories: Vec<String>,
    /// Octets of flash that are free.
    free: Option<u64>,
    /// Files of the server 10.0.0.1.
    #[serde(default)]
    served: BTreeMap<String, Served>,
    /// The host is there and says nothing.
    #[serde(default)]
    silent: bool,
    screen: String,
}

fn c2911() -> String {
    "c2911".into()
}

/// Where one sits.
#[derive(Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Seat {
    #[default]
    Vty,
    Console,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Served {
    Octets(usize),
    Text(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Differences {
    difference: Vec<Difference>,
    untested: Vec<Untested>,
}

/// What this device says in the place of what was seen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    shape: String,
    theirs: String,
    ours: String,
    reason: String,
}

/// A screen of a command that is not there, or that something else tests.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Untested {
    what: String,
    /// A line that a model has to refuse: `c2911: show romvar`. Once it is there it wants a screen.
    refused: Option<String>,
    /// The test that has it.
    test: Option<String>,
    reason: String,
}

/// A part of a screen.
#[derive(Debug)]
enum Step {
    Says(String),
    Types(String),
}

/// Cuts a screen at what is typed.
fn steps(screen: &str) -> Vec<Step> {
    let (mut steps, mut says) = (Vec::new(), String::new());
    let mut rest = screen;
    while let Some(at) = rest.find(['«', '‹']) {
        says.push_str(&rest[..at]);
        let line = rest[at..].starts_with('«');
        let (open, close) = if line { ('«', '»') } else { ('‹', '›') };
        let typed = &rest[at + open.len_utf8()..];
        let end = typed.find(close).unwrap_or_else(|| panic!("{close} is missing behind {typed}"));
        rest = &typed[end + close.len_utf8()..];
        let typed = &typed[..end];
        if !says.is_empty() {
            steps.push(Step::Says(trimmed(&std::mem::take(&mut says))));
        }
        if line {
            steps.push(Step::Types(format!("{typed}\r")));
            // Its echo.
            says.push_str(typed);
        } else {
            steps.push(Step::Types(typed.replace('↵', "\r").replace("{esc}", "\u{1b}")));
        }
    }
    says.push_str(rest);
    if !says.is_empty() {
        steps.push(Step::Says(trimmed(&says)));
    }
    steps
}

/// Lines without the blanks at their ends.
fn trimmed(text: &str) -> String {
    let mut lines: Vec<&str> = text.split('\n').collect();
    let last = lines.pop().unwrap_or_default();
    let mut out: String = lines.iter().map(|l| format!("{}\n", l.trim_end())).collect();
    out.push_str(last);
    out
}

impl Shape {
    fn lab(&self) -> Lab {
        let profile = Profile::named(&self.profile).unwrap_or_else(|| panic!("{}: no profile", self.name));
        let bench = Bench { profile: profile.clone(), ..Bench::bare() };
        let version = &profile.image.first;
        let name = device::image::file_name(&profile, version).expect("a version");
        bench.put(&name, &image_for(&profile, version, SIZE));
        for directory in &self.directories {
            std::fs::create_dir_all(bench.flash(directory)).expect("made");
        }
        for (name, octets) in &self.flash {
            bench.put(name, &vec![b'x'; usize::try_from(*octets).expect("few")]);
        }
        // As if all were of one moment: 'dir' sorts by it, in seconds, and one may end here.
        let moment = std::time::SystemTime::now();
        for entry in std::fs::read_dir(bench.flash("")).expect("flash") {
            let entry = std::fs::File::open(entry.expect("an entry").path()).expect("there");
            entry.set_modified(moment).expect("set");
        }
        if let Some(free) = self.free {
            let taken: u64 = std::iter::once(&SIZE)
                .chain(self.flash.values())
                .map(|n| n.next_multiple_of(profile.flash.cluster.get()))
                .sum();
            let filler = std::fs::File::create(bench.flash("filler")).expect("made");
            filler.set_len(profile.flash.total.get() - taken - free).expect("sparse");
        }
        let startup = models::startup(&profile);
        bench.startup(&startup.replace(
            "line con 0",
            &format!("{}line vty 0 4\n privilege level 15\n no login\nline con 0", self.config),
        ));
        let mut lab = Lab::around(bench, None);
        for (name, served) in &self.served {
            lab.serve(
                name,
                match served {
                    Served::Octets(n) => vec![7; *n],
                    Served::Text(text) => text.clone().into_bytes(),
                },
            );
        }
        if self.silent {
            lab.bench.patience = 0.02;
        }
        lab
    }

    /// Plays it, with what is listed in the place of what was seen; gives all that was said.
    fn play(&self, differences: &[&Difference]) -> Result<String, String> {
        let mut lab = self.lab();
        // Kept until the end: a closed port would be told.
        let silent = UdpSocket::bind("127.0.0.1:0").expect("bound");
        if self.silent {
            let real = silent.local_addr().expect("bound");
            lab.bench.table =
                Some(device::wire::Table::default().with("10.0.0.1:69".parse().expect("address"), real));
        }
        let device = lab.bench.device();
        let mut person = match self.line {
            Seat::Console => {
                let mut p = Person::at(device);
                p.until("Press RETURN to get started!");
                p.keys("\r");
                p
            }
            Seat::Vty => {
                device.power_on();
                Person::at_vty(device)
            }
        };
        let expected = with(&self.screen, differences);
        let mut said = String::new();
        for step in steps(&expected) {
            match step {
                Step::Types(keys) => person.keys(&keys),
                Step::Says(text) => {
                    let pattern = Pattern::new(&text);
                    let parting = RefCell::new(Parting::default());
                    let fits = |screen: &str| match pattern.fits(screen) {
                        Fit::Whole(n) => Some(Ok(n)),
                        Fit::Part(at) => {
                            parting.replace(at);
                            None
                        }
                        Fit::Never(at) => {
                            parting.replace(at);
                            Some(Err(()))
                        }
                    };
                    match person.says(PATIENCE, fits) {
                        Ok(found) => said.push_str(&found),
                        Err(found) => return Err(diff(&parting.into_inner(), &found)),
                    }
                }
            }
        }
        Ok(said)
    }
}

/// The screen with what is listed in the place of what was seen.
fn with(screen: &str, differences: &[&Difference]) -> String {
    let mut screen = screen.to_owned();
    for d in differences {
        assert_eq!(
            screen.matches(&d.theirs).count(),
            1,
            "{}: not once in its screen:\n{}",
            d.shape,
            d.theirs
        );
        screen = screen.replacen(&d.theirs, &d.ours, 1);
    }
    screen
}

/// The lines before the place where a screen leaves what was seen, and both from there on.
fn diff(parting: &Parting, found: &str) -> String {
    let start = found[..parting.at].rfind('\n').map_or(0, |at| at + 1);
    let mut out = String::from("expected (-) and found (+):\n");
    let before: Vec<&str> = found[..start].lines().rev().take(3).collect();
    for line in before.iter().rev() {
        let _ = writeln!(out, "  {line}");
    }
    for line in format!("{}{}", &found[start..parting.at], parting.expected).lines().take(12) {
        let _ = writeln!(out, "- {line}");
    }
    for line in found[start..].lines().take(12) {
        let _ = writeln!(out, "+ {line}");
    }
    out
}

fn shapes() -> Vec<Shape> {
    let read = |(file, text): &(&str, &str)| {
        toml::from_str::<Shapes>(text).unwrap_or_else(|e| panic!("{file}.toml: {e}")).shape
    };
    FILES.iter().flat_map(read).collect()
}

fn differences() -> Differences {
    toml::from_str(DIFFERENCES).unwrap_or_else(|e| panic!("differences.toml: {e}"))
}

/// Plays what begins with a family's name; all of it is shown before the test fails.
fn family(file: &str) {
    let text = FILES.iter().find(|(name, _)| *name == file).expect("a file").1;
    let shapes = toml::from_str::<Shapes>(text).unwrap_or_else(|e| panic!("{file}.toml: {e}")).shape;
    let listed = differences().difference;
    let only = std::env::var("SHAPE").ok();
    let mut failed = String::new();
    for shape in shapes.iter().filter(|s| only.as_ref().is_none_or(|only| s.name.contains(only))) {
        let own: Vec<&Difference> = listed.iter().filter(|d| d.shape == shape.name).collect();
        match shape.play(&own) {
            Err(diff) => drop(writeln!(failed, "{} (seen on {}): {diff}", shape.name, shape.seen)),
            Ok(said) => {
                for (n, d) in own.iter().enumerate() {
                    let others: Vec<&Difference> =
                        own.iter().enumerate().filter(|(m, _)| *m != n).map(|(_, d)| *d).collect();
                    let real: String = steps(&with(&shape.screen, &others))
                        .iter()
                        .filter_map(|s| match s {
                            Step::Says(text) => Some(text.clone()),
                            Step::Types(_) => None,
                        })
                        .collect();
                    if Pattern::new(&real).is(&said) {
                        let _ = writeln!(failed, "{}: no difference any more: {}", shape.name, d.theirs);
                    }
                }
            }
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn the_shapes_of_the_line_hold() {
    family("cli");
}

#[test]
fn the_shapes_of_copies_hold() {
    family("copy");
}

#[test]
fn the_shapes_of_files_hold() {
    family("files");
}

#[test]
fn the_shapes_of_shows_hold() {
    family("show");
}

#[test]
fn the_shapes_of_the_system_hold() {
    family("system");
}

#[test]
fn what_no_screen_tests_is_refused_or_tested_elsewhere() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sources = String::new();
    let mut left = vec![root.join("tests/tests"), root.join("crates")];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).expect("ours").flatten() {
            let path = entry.path();
            match path.extension() {
                _ if path.is_dir() => left.push(path),
                Some(end) if end == "rs" => sources.push_str(&std::fs::read_to_string(path).expect("text")),
                _ => {}
            }
        }
    }
    let mut seats: BTreeMap<String, (Bench, Person)> = BTreeMap::new();
    for entry in differences().untested {
        assert!(entry.refused.is_some() != entry.test.is_some(), "{}: refused or a test", entry.what);
        if let Some(test) = &entry.test {
            let there = [format!("fn {test}("), format!("fn {test}<")].iter().any(|f| sources.contains(f));
            assert!(there, "{}: there is no test {test}", entry.what);
        }
        let Some((profile, line)) = entry.refused.as_ref().and_then(|r| r.split_once(": ")) else { continue };
        let (_, person) = seats.entry(profile.to_owned()).or_insert_with(|| {
            let profile = Profile::named(profile).unwrap_or_else(|| panic!("{}: no profile", entry.what));
            let bench = Bench { profile: profile.clone(), ..Bench::bare() };
            let version = &profile.image.first;
            let name = device::image::file_name(&profile, version).expect("a version");
            bench.put(&name, &image_for(&profile, version, SIZE));
            bench.startup(&models::startup(&profile));
            let person = bench.enabled();
            (bench, person)
        });
        let said = person.run(line);
        assert!(said.contains("% Invalid input"), "{}: it is there and wants a screen:\n{said}", entry.what);
    }
}

/// A cell of a table: lines as they stand, without what would end it.
fn cell(text: &str) -> String {
    let open = |line: &str| {
        KINDS
            .iter()
            .fold(line.to_owned(), |line, kind| line.replace(&format!("{{{kind}}}"), "…"))
            .replace('|', "\\|")
    };
    let lines: Vec<String> = text.lines().filter(|l| !l.trim().is_empty()).map(open).collect();
    match lines.as_slice() {
        [] => "nothing".into(),
        [first, .., last] if lines.len() > 3 => format!("`{}` … `{}`", first.trim(), last.trim()),
        lines => lines.iter().map(|l| format!("`{}`", l.trim())).collect::<Vec<_>>().join(" "),
    }
}

#[test]
fn the_page_shows_what_differs() {
    let mut page = String::from(
        "# What the device says otherwise\n\nScreens of real devices are in `tests/tests/device/shapes/`; what this device says \
         in the same state is compared with\nthem line by line, names, numbers and times aside. This list is made from \
         `differences.toml` there, which the test holds:\n\n| screen | seen on | there | here | why |\n|---|---|---|---|---|\n",
    );
    let (shapes, listed) = (shapes(), differences());
    for d in &listed.difference {
        let shape = shapes.iter().find(|s| s.name == d.shape);
        let shape = shape.unwrap_or_else(|| panic!("{}: there is no such screen", d.shape));
        let (theirs, ours) = (cell(&d.theirs), cell(&d.ours));
        let _ = writeln!(page, "| {} | {} | {theirs} | {ours} | {} |", d.shape, shape.seen, d.reason);
    }
    page.push_str("\n## Without a screen\n\n| what was seen | where it is held | why |\n|---|---|---|\n");
    for entry in &listed.untested {
        let held = match (&entry.test, &entry.refused) {
            (Some(test), _) => format!("the test `{test}`"),
            (None, refused) => format!("refused: `{}`", refused.as_deref().unwrap_or_default()),
        };
        let _ = writeln!(page, "| {} | {held} | {} |", entry.what, entry.reason);
    }
    let _ = writeln!(page, "\n{} screens are compared.", shapes.len());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, &page).expect("written");
    }
    let there = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        there == page,
        "it is old: UPDATE_DOCS=1 cargo test -p e2e --test device the_page_shows_what_differs"
    );
}
