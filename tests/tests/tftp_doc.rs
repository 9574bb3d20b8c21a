//! `docs/protocols/tftp.md` names every test of a rule, and every test that it names is there.

use e2e::sources::{each, names};
use std::collections::BTreeSet;
use std::fs;

#[test]
fn the_table_of_rules_and_the_tests_name_each_other() {
    let root = e2e::root();
    let mut there = BTreeSet::new();
    for dir in
        ["crates/tftp-proto/src", "crates/transport/src/udp", "crates/serve/src/tftp", "crates/store/src"]
    {
        each(&root.join(dir), &mut |text| there.extend(names(text, "fn ", "rule_")));
    }
    for drivers in ["inprocess", "ladder", "adversaries"].map(|t| format!("tests/tests/tftp_{t}.rs")) {
        let text = fs::read_to_string(root.join(drivers)).expect("the drivers' tests");
        there.extend(names(&text, "fn ", "rule_"));
    }
    let doc = fs::read_to_string(root.join("docs/protocols/tftp.md")).expect("the document");
    let told = names(&doc, "`", "rule_");
    let untold: Vec<_> = there.difference(&told).collect();
    let gone: Vec<_> = told.difference(&there).collect();
    assert!(
        untold.is_empty() && gone.is_empty(),
        "not in docs/protocols/tftp.md: {untold:?}; there and no test: {gone:?}"
    );
    for rule in (1..=37).map(|n| format!("rule_{n:02}_")) {
        assert!(there.iter().any(|t| t.starts_with(&rule)), "no test for {rule}");
    }
}

#[test]
fn each_feature_of_others_is_ours_with_its_test_or_said_to_be_missing() {
    let root = e2e::root();
    let mut there = String::new();
    for dir in ["crates", "simnet", "tests"] {
        each(&root.join(dir), &mut |text| {
            there.extend(text.lines().filter(|l| l.contains("fn ")).flat_map(|l| [l, "\n"]));
        });
    }
    let doc = fs::read_to_string(root.join("docs/protocols/tftp.md")).expect("the document");
    let (_, section) = doc.split_once("## What other servers have").expect("its section");
    let section = section.split("\n## ").next().expect("a section has a text");
    let rows: Vec<Vec<&str>> =
        section.lines().filter(|l| l.starts_with("| ")).skip(1).map(|l| l.split(" | ").collect()).collect();
    assert!(rows.len() >= 28, "a row for each feature: {}", rows.len());
    for row in rows {
        let [feature, _, ours, tests] = row[..] else { panic!("four columns: {row:?}") };
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert_eq!(named.is_empty(), ours.starts_with("missing"), "{feature}: a test, or what is missing");
        for test in named {
            assert!(there.contains(&format!("fn {test}()")), "{feature}: no test {test}");
        }
    }
}
