//! `docs/protocols/sftp.md` names every test of a statement, and every test that it names is there.

use e2e::sources::{each, names};
use std::collections::BTreeSet;
use std::fs;

#[test]
fn the_table_of_rules_and_the_tests_name_each_other() {
    let root = e2e::root();
    let mut there = BTreeSet::new();
    for dir in ["crates/sftp-proto/src/server", "crates/serve/src/sftp", "tests/tests/sftp_in_process"] {
        each(&root.join(dir), &mut |text| there.extend(names(text, "fn ", "")));
    }
    for file in ["sftp_stdio", "sftp_large", "sftp_resumed", "sftp_more_clients"] {
        let text = fs::read_to_string(root.join(format!("tests/tests/{file}.rs"))).expect("tests of clients");
        there.extend(names(&text, "fn ", ""));
    }
    let doc = fs::read_to_string(root.join("docs/protocols/sftp.md")).expect("the document");
    let rules = doc.split("## Extensions").next().expect("the rules come first");
    let told: BTreeSet<_> =
        names(rules, "`", "").into_iter().filter(|n| n.matches('_').count() > 2).collect();
    let is_statement = |name: &&String| {
        name.strip_prefix('s').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let untold: Vec<_> = there.iter().filter(is_statement).filter(|name| !told.contains(*name)).collect();
    let gone: Vec<_> = told.difference(&there).collect();
    assert!(
        untold.is_empty() && gone.is_empty(),
        "not in docs/protocols/sftp.md: {untold:?}; there and no test: {gone:?}"
    );
    assert!(told.len() > 35, "the tests are found: {}", told.len());
}
