//! Every command that there is, tried and listed: what the table of rows comes to.

use super::graph::graph;
use super::table::Id;
use crate::Profile;
use crate::ifs::offers;
use ios_cli::graph::{Straight, Word};
use ios_cli::{Graph, Match, Modes, Outcome, Scope};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The list for people.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/device-commands.md");

/// So many straight ways at most, in all models together: more is a row that should be two.
const MOST: usize = 700;

/// Modes, as the page heads them.
const MODES: &[(Modes, &str)] = &[
    (Modes::EXEC, "EXEC"),
    (Modes::CONFIG, "Configuration"),
    (Modes::INTERFACE, "Interface"),
    (Modes::LINE, "Line"),
    (Modes::ARCHIVE, "Archive"),
];

/// Something that is taken for a value.
fn sample(profile: &Profile, name: &str, sign: &str) -> String {
    let flash = profile.flash.prefix();
    match (sign, name) {
        ("A.B.C.D", _) => "10.0.0.1".into(),
        ("<0x0-0xFFFF>", _) => "0x2102".into(),
        ("IFNAME", _) => profile.interfaces[0].to_string(),
        ("hh:mm:ss", _) => "10:00:00".into(),
        ("MONTH", _) => "Nov".into(),
        ("LINE", _) => "zzz of it".into(),
        ("WORD", "fs") => flash.into(),
        ("WORD", "file" | "to" | "source" | "destination") => format!("{flash}zzz"),
        ("WORD", _) => "zzz".into(),
        (range, _) => range.trim_start_matches('<').split('-').next().unwrap_or("1").into(),
    }
}

/// The command typed with its keywords as `short` makes them.
fn typed(profile: &Profile, way: &Straight<Id>, short: impl Fn(usize, &'static str) -> String) -> String {
    let word = |(n, word): (usize, &Word)| match word {
        Word::Keyword(keyword) => short(n, keyword),
        Word::Value { name, sign } => sample(profile, name, sign),
    };
    let no = way.no.then(|| "no".to_owned());
    no.into_iter().chain(way.words.iter().enumerate().map(word)).collect::<Vec<_>>().join(" ")
}

fn read(profile: &Profile, graph: &Graph<Id>, mode: Modes, line: &str) -> Option<Match<Id>> {
    let offers = offers(profile);
    match graph.read(&Scope { mode, privilege: 15, offers: &offers }, line) {
        Outcome::Match(found) => Some(found),
        Outcome::Empty | Outcome::Ambiguous | Outcome::Incomplete | Outcome::Invalid { .. } => None,
    }
}

fn modes(way: &Straight<Id>) -> impl Iterator<Item = Modes> {
    let all = way.modes;
    MODES.iter().map(|(mode, _)| *mode).filter(move |mode| all.contains(*mode))
}

#[test]
fn every_command_is_reached_written_out_and_as_short_as_it_goes() {
    for (profile, _) in Profile::all() {
        let graph = graph(profile);
        for way in graph.straight() {
            for mode in modes(&way) {
                let whole = typed(profile, &way, |_, keyword| keyword.to_owned());
                let found = read(profile, graph, mode, &whole);
                let found = found.unwrap_or_else(|| panic!("{}: {whole}: not reached", profile.name));
                assert_eq!((found.id, found.no), (way.id, way.no), "{}: {whole}", profile.name);
                // Each keyword alone is cut as far as the line still means the same.
                for (at, word) in way.words.iter().enumerate() {
                    let Word::Keyword(keyword) = word else { continue };
                    let cut = |octets: usize| {
                        typed(
                            profile,
                            &way,
                            |n, k| if n == at { k[..octets].to_owned() } else { k.to_owned() },
                        )
                    };
                    let same = |line: &str| read(profile, graph, mode, line).as_ref() == Some(&found);
                    let least = (1..=keyword.len()).find(|n| keyword.is_char_boundary(*n) && same(&cut(*n)));
                    let least = least
                        .unwrap_or_else(|| panic!("{}: {whole}: {keyword} is ambiguous whole", profile.name));
                    // From there on every letter more means the same.
                    for octets in least..=keyword.len() {
                        assert!(same(&cut(octets)), "{}: '{}' is not {whole}", profile.name, cut(octets));
                    }
                }
            }
        }
    }
}

#[test]
fn the_page_lists_every_command() {
    let names: Vec<String> = Profile::all().map(|(p, _)| p.name.to_string()).collect();
    // By mode and words: the privilege and the models.
    let mut ways: BTreeMap<(usize, String), (u8, Vec<&str>)> = BTreeMap::new();
    for ((profile, _), name) in Profile::all().zip(&names) {
        for way in graph(profile).straight() {
            for mode in modes(&way) {
                let at = MODES.iter().position(|(m, _)| *m == mode).expect("one of them");
                let pipe = if way.piped { " [| …]" } else { "" };
                let entry = ways.entry((at, format!("{way}{pipe}"))).or_insert((way.privilege, Vec::new()));
                if entry.1.last() != Some(&name.as_str()) {
                    entry.1.push(name);
                }
            }
        }
    }
    assert!(ways.len() <= MOST, "{} straight ways", ways.len());
    let mut page = String::from(
        "# Every command of the device\n\nMade from the tables of rows in `crates/device/src/commands/`: each straight way through a row, the least privilege that \
         it needs, and the\nmodels that have it where not all do. A test types each of them on each model, written out and abbreviated.\n",
    );
    for (at, (_, head)) in MODES.iter().enumerate() {
        let _ = writeln!(page, "\n## {head}\n\n```");
        for ((_, line), (privilege, models)) in ways.iter().filter(|((mode, _), _)| *mode == at) {
            let own = if models.len() == names.len() {
                String::new()
            } else {
                format!("   ({})", models.join(" "))
            };
            let _ = writeln!(page, "{privilege:>2}  {line}{own}");
        }
        page.push_str("```\n");
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, &page).expect("written");
    }
    let there = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        there == page,
        "it is old: UPDATE_DOCS=1 cargo test -p device --lib the_page_lists_every_command"
    );
}
