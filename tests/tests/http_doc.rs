//! `docs/protocols/http.md` names every test of a rule, and every test that it names is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn names(text: &str, before: &str) -> BTreeSet<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    text.match_indices(before)
        .map(|(at, _)| name(&text[at + before.len() - "rfc".len()..]))
        // `fn rfc850(` reads a date; a rule's test has a section.
        .filter(|n: &String| n.contains('_'))
        .collect()
}

fn sources(dir: &Path, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(dir).expect("the directory is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.extend(names(&fs::read_to_string(&path).expect("a source"), "fn rfc"));
        }
    }
}

#[test]
fn the_table_of_rules_and_the_tests_name_each_other() {
    let root = e2e::root();
    let mut there = BTreeSet::new();
    sources(&root.join("crates/http-proto/src"), &mut there);
    let doc = fs::read_to_string(root.join("docs/protocols/http.md")).expect("the document");
    let told = names(&doc, "`rfc");
    let untold: Vec<_> = there.difference(&told).collect();
    let gone: Vec<_> = told.difference(&there).collect();
    assert!(
        untold.is_empty() && gone.is_empty(),
        "not in docs/protocols/http.md: {untold:?}; there and no test: {gone:?}"
    );
    assert!(there.len() > 50, "the tests are found: {}", there.len());
}
