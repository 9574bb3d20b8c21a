//! What must hold for any octets. The fuzz targets call these, and the corpora are replayed as a test.

use crate::Keys;

/// A file of authorized keys: a line that is taken shows a key that is whole, and no message shows one.
pub fn authorized_keys(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let keys = match Keys::parse(&text) {
        Ok(keys) => keys,
        Err(bad) => {
            let line = text.lines().nth(bad.line - 1).expect("the line that is told is there");
            let said = bad.to_string();
            // No message shows so many characters of a word. An octet that is no text has become one of three octets.
            let is_key = |word: &&str| word.starts_with("AAAA") && word.chars().count() > 64;
            let longest = line.split_whitespace().filter(is_key);
            longest.for_each(|key| assert!(!said.contains(key), "a key in a message"));
            return;
        }
    };
    assert!(keys.len() <= text.lines().count());
    for key in keys.iter() {
        assert_eq!(key.fingerprint().len(), "SHA256:".len() + 43);
        assert!(!key.comment().contains('\n'));
    }
}
