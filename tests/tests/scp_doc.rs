//! `docs/protocols/scp.md` has a test for each rule, and every test of SCP has its rule.

use e2e::sources::{each, names};
use std::collections::BTreeSet;
use std::fs;

/// A test that is about a rule has more words than one that moves files.
fn is_rule(name: &str) -> bool {
    name.matches('_').count() > 2
}

#[test]
fn each_rule_has_its_tests_and_each_test_its_rule() {
    let root = e2e::root();
    let (mut there, mut all) = (BTreeSet::new(), BTreeSet::new());
    for dir in ["crates/sftp-proto/src/scp", "crates/serve/src/scp", "crates/client/src/scp"] {
        each(&root.join(dir), &mut |text| there.extend(names(text, "#[test]\nfn ", "")));
    }
    for file in ["scp_stdio", "scp_client"] {
        let text = fs::read_to_string(root.join(format!("tests/tests/{file}.rs"))).expect("its tests");
        there.extend(names(&text, "#[test]\nfn ", ""));
    }
    there.retain(|name| is_rule(name));
    // What SCP shares with others is tested there.
    each(&root.join("crates/gate/src"), &mut |text| all.extend(names(text, "#[test]\nfn ", "")));
    let trees = fs::read_to_string(root.join("tests/tests/sftp_mirror.rs")).expect("the tests of mirrors");
    all.extend(names(&trees, "#[test]\nfn ", ""));
    all.extend(there.clone());
    let doc = fs::read_to_string(root.join("docs/protocols/scp.md")).expect("the document");
    let rules: Vec<&str> = ["| O |", "| X |", "| V |", "| \u{2013} |"]
        .iter()
        .flat_map(|kind| doc.lines().filter(move |line| line.starts_with(kind)))
        .collect();
    assert!(rules.len() > 25, "the rules are found: {}", rules.len());
    let mut told = BTreeSet::new();
    for rule in rules {
        // The last column.
        let cells = rule.trim_end().trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let tests: BTreeSet<String> =
            names(cells, "`", "").into_iter().filter(|name| is_rule(name)).collect();
        assert!(!tests.is_empty(), "a rule without a test: {rule}");
        told.extend(tests);
    }
    let untold: Vec<_> = there.difference(&told).collect();
    let gone: Vec<_> = told.difference(&all).collect();
    assert!(
        untold.is_empty() && gone.is_empty(),
        "not in docs/protocols/scp.md: {untold:?}; there and no test: {gone:?}"
    );
}
