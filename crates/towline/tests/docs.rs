//! The documents that are made from tables are the ones in docs/.
//! `UPDATE_DOCS=1 cargo test -p towline --test docs` writes them anew.

use std::path::PathBuf;

fn check(name: &str, made: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().expect("docs")).unwrap();
        std::fs::write(&path, made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == made, "docs/{name} is old: run UPDATE_DOCS=1 cargo test -p towline --test docs");
}

#[test]
fn events_are_documented() {
    check("events.md", &towline::events::document());
    check("events.schema.json", &towline::events::schema());
}

#[test]
fn metrics_are_documented() {
    check("metrics.md", &towline::metrics::document());
}

#[test]
fn exit_codes_are_documented() {
    check("exit-codes.md", &towline::exit::document());
}

/// The table is behind the words that people write.
#[test]
fn findings_of_the_doctor_are_documented() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/doctor.md");
    let there = std::fs::read_to_string(path).unwrap();
    let (words, _) = there.split_once("| finding |").unwrap_or((&there, ""));
    check("doctor.md", &format!("{words}{}", towline::doctor::document()));
}

/// The tables are behind the words that people write.
#[test]
fn settings_are_documented() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let there = std::fs::read_to_string(path).unwrap();
    let words = there.split_once(KEYS).map_or(there.as_str(), |(words, _)| words);
    check("configuration.md", &format!("{words}{KEYS}{}", towline::config::document()));
    check("configuration.schema.json", &towline::config::schema());
}

/// The tables are behind the words that people write.
#[test]
fn topologies_are_documented() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/topologies.md");
    let there = std::fs::read_to_string(path).unwrap();
    let words = there.split_once(KEYS).map_or(there.as_str(), |(words, _)| words);
    check("topologies.md", &format!("{words}{KEYS}{}", towline::lab::topology::file::document()));
}

/// The tables are behind the words that people write.
#[test]
fn inventories_are_documented() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/inventory.md");
    let there = std::fs::read_to_string(path).unwrap();
    let words = there.split_once(KEYS).map_or(there.as_str(), |(words, _)| words);
    check("inventory.md", &format!("{words}{KEYS}{}", towline::inventory::document()));
}

/// What the tables of settings begin after.
const KEYS: &str = "## Every key\n\n";

#[test]
fn every_verdict_is_explained() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/tftp-server.md");
    let page = std::fs::read_to_string(path).unwrap();
    for word in gate::Verdict::WORDS {
        assert!(page.contains(&format!("\n| `{word}` |")), "docs/tftp-server.md has no row for {word}");
    }
}
