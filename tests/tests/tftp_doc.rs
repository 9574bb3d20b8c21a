//! `docs/protocols/tftp.md` names every test of a rule, and every test that it names is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn names(text: &str, before: &str) -> BTreeSet<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    text.match_indices(before).map(|(at, _)| name(&text[at + before.len() - "rule_".len()..])).collect()
}

fn sources(dir: &Path, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(dir).expect("the directory is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.extend(names(&fs::read_to_string(&path).expect("a source"), "fn rule_"));
        }
    }
}

#[test]
fn the_table_of_rules_and_the_tests_name_each_other() {
    let root = e2e::root();
    let mut there = BTreeSet::new();
    for dir in ["crates/tftp-proto/src", "crates/transport/src/udp", "crates/serve/src/tftp"] {
        sources(&root.join(dir), &mut there);
    }
    for drivers in ["inprocess", "ladder", "adversaries"].map(|t| format!("tests/tests/tftp_{t}.rs")) {
        let text = fs::read_to_string(root.join(drivers)).expect("the drivers' tests");
        there.extend(names(&text, "fn rule_"));
    }
    let doc = fs::read_to_string(root.join("docs/protocols/tftp.md")).expect("the document");
    let told = names(&doc, "`rule_");
    let untold: Vec<_> = there.difference(&told).collect();
    let gone: Vec<_> = told.difference(&there).collect();
    assert!(
        untold.is_empty() && gone.is_empty(),
        "not in docs/protocols/tftp.md: {untold:?}; there and no test: {gone:?}"
    );
    for rule in (1..=32).map(|n| format!("rule_{n:02}_")) {
        assert!(there.iter().any(|t| t.starts_with(&rule)), "no test for {rule}");
    }
}
