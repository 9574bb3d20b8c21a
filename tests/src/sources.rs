//! The project's sources, for tests of documents that name tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Shows the text of each source below a directory.
///
/// # Panics
/// When one cannot be read.
pub fn each(dir: &Path, see: &mut dyn FnMut(&str)) {
    for entry in fs::read_dir(dir).expect("the directory is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            each(&path, see);
        } else if path.extension().is_some_and(|e| e == "rs") {
            see(&fs::read_to_string(&path).expect("a source"));
        }
    }
}

/// The names in a text that begin with `prefix` and have a part behind it, where `before` stands right before them.
pub fn names(text: &str, before: &str, prefix: &str) -> BTreeSet<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    text.match_indices(&format!("{before}{prefix}"))
        .map(|(at, _)| name(&text[at + before.len()..]))
        // `fn rfc850(` reads a date; a rule's test has a section.
        .filter(|n: &String| n.contains('_'))
        .collect()
}
