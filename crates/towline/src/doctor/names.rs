//! Other spellings of a name that is not there.

/// What is different in a spelling.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Change {
    /// What does not belong to the name is cut off its end.
    Junk,
    /// Upper and lower case.
    Case,
    /// The directories before it.
    Path,
}

/// One spelling.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Variant {
    pub(super) name: Vec<u8>,
    pub(super) change: Change,
}

/// Spellings to try, the likeliest first; none is `name` itself, none comes twice, ten at most.
pub(super) fn variants(name: &[u8]) -> Vec<Variant> {
    let mut all: Vec<Variant> = Vec::new();
    let mut add = |candidate: Vec<u8>, change| {
        if !candidate.is_empty() && candidate != name && !all.iter().any(|v| v.name == candidate) {
            all.push(Variant { name: candidate, change });
        }
    };
    let trimmed = trimmed(name);
    add(trimmed.to_vec(), Change::Junk);
    let (dir, last) = split(trimmed);
    let with_last = |last: Vec<u8>| [dir, &last].concat();
    add(trimmed.to_ascii_lowercase(), Change::Case);
    add(with_last(last.to_ascii_lowercase()), Change::Case);
    add(trimmed.to_ascii_uppercase(), Change::Case);
    add(with_last(last.to_ascii_uppercase()), Change::Case);
    let mut capital = last.to_ascii_lowercase();
    if let Some(first) = capital.first_mut() {
        first.make_ascii_uppercase();
    }
    add(with_last(capital), Change::Case);
    // Microsoft's boot managers write `\Boot\BCD`.
    add(trimmed.iter().map(|b| if *b == b'\\' { b'/' } else { *b }).collect(), Change::Path);
    add(trimmed.strip_prefix(b"/").unwrap_or(trimmed).to_vec(), Change::Path);
    add(last.to_vec(), Change::Path);
    // Where hpa's server runs without --secure.
    add([b"/tftpboot/", trimmed.strip_prefix(b"/").unwrap_or(trimmed)].concat(), Change::Path);
    all
}

/// The name without spaces, control characters, NULs and 0xff at its end.
pub(super) fn trimmed(name: &[u8]) -> &[u8] {
    let end = name.iter().rposition(|b| *b > b' ' && *b != 0x7f && *b != 0xff).map_or(0, |at| at + 1);
    &name[..end]
}

/// The directories with their slash, and the last component.
fn split(name: &[u8]) -> (&[u8], &[u8]) {
    let at = name.iter().rposition(|b| matches!(b, b'/' | b'\\')).map_or(0, |at| at + 1);
    name.split_at(at)
}

/// For people.
pub(super) fn shown(name: &[u8]) -> String {
    crate::ladder::printable(name)
}

/// What stands at a name's end, in words.
pub(super) fn junk(octets: &[u8]) -> String {
    let words: Vec<String> = octets
        .iter()
        .map(|b| match b {
            b' ' => String::from("a space"),
            b'\t' => String::from("a tab"),
            b'\r' => String::from("CR"),
            b'\n' => String::from("LF"),
            0 => String::from("NUL"),
            b => format!("0x{b:02x}"),
        })
        .take(4)
        .collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_spellings_come_first_and_each_once() {
        let names = |name: &[u8]| -> Vec<String> { variants(name).iter().map(|v| shown(&v.name)).collect() };
        assert_eq!(
            names(b"Boot/R1-Confg"),
            [
                "boot/r1-confg",
                "Boot/r1-confg",
                "BOOT/R1-CONFG",
                "Boot/R1-CONFG",
                "Boot/R1-confg",
                "R1-Confg",
                "/tftpboot/Boot/R1-Confg"
            ]
        );
        assert_eq!(names(b"1\xff"), ["1", "/tftpboot/1"]);
        assert_eq!(variants(b"pxelinux.0 \r\0")[0].name, b"pxelinux.0");
        assert!(names(b"\\Boot\\BCD").contains(&String::from("/Boot/BCD")));
        assert!(variants(b" \xff").iter().all(|v| v.name != b"" && v.name != b" \xff"));
    }

    #[test]
    fn junk_is_named() {
        assert_eq!(junk(b"\r\0\xff \x01"), "CR, NUL, 0xff, a space");
    }
}
