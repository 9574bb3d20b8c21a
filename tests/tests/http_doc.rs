//! `docs/protocols/http.md` names every test of a rule, and every test that it names is there.

use e2e::sources::{each, names};
use std::collections::BTreeSet;
use std::fs;

#[test]
fn the_table_of_rules_and_the_tests_name_each_other() {
    let root = e2e::root();
    let mut there = BTreeSet::new();
    each(&root.join("crates/http-proto/src"), &mut |text| there.extend(names(text, "fn ", "rfc")));
    let doc = fs::read_to_string(root.join("docs/protocols/http.md")).expect("the document");
    let told = names(&doc, "`", "rfc");
    let untold: Vec<_> = there.difference(&told).collect();
    let gone: Vec<_> = told.difference(&there).collect();
    assert!(
        untold.is_empty() && gone.is_empty(),
        "not in docs/protocols/http.md: {untold:?}; there and no test: {gone:?}"
    );
    assert!(there.len() > 50, "the tests are found: {}", there.len());
}
