//! Patterns of names: `*`, `?` and `[a-z]`, as clients type them for LIST and NLST.
//!
//! One name at a time, without recursion: at most as many steps as the pattern has octets times the name's.

/// Whether there is anything in a name that makes it a pattern.
pub fn is_pattern(name: &[u8]) -> bool {
    name.iter().any(|b| b"*?[".contains(b))
}

/// Whether the name is one of the pattern's.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Behind the last star: where the pattern goes on, and how much of the name the star has.
    let mut star = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            star = Some((p, n));
            continue;
        }
        match one(&pattern[p..], name[n]) {
            Some(len) => (p, n) = (p + len, n + 1),
            None => match &mut star {
                Some((behind, from)) => {
                    *from += 1;
                    (p, n) = (*behind, *from);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&b| b == b'*')
}

/// How many octets of the pattern stand for this octet, if they do.
fn one(pattern: &[u8], octet: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'[', rest @ ..] => match class(rest, octet) {
            Some((len, true)) => Some(1 + len),
            Some((_, false)) => None,
            // A bracket that nothing closes is one.
            None => (octet == b'[').then_some(1),
        },
        [first, ..] => (*first == octet).then_some(1),
        [] => None,
    }
}

/// Behind an opening bracket: how long the class is, its closing bracket too, and whether the octet is of it.
fn class(rest: &[u8], octet: u8) -> Option<(usize, bool)> {
    let negated = matches!(rest.first(), Some(b'!' | b'^'));
    let from = usize::from(negated);
    // The first may be a closing bracket.
    let len = rest.get(from + 1..)?.iter().position(|&b| b == b']')? + 1;
    let mut members = &rest[from..from + len];
    let mut is_in = false;
    while let [first, more @ ..] = members {
        members = match more {
            [b'-', last, behind @ ..] => {
                is_in |= (*first..=*last).contains(&octet);
                behind
            }
            _ => {
                is_in |= *first == octet;
                more
            }
        };
    }
    Some((from + len + 1, is_in != negated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_a_shell() {
        for (pattern, yes, no) in [
            ("*.bin", &["a.bin", ".bin", "x.bin.bin"][..], &["bin", "a.bin ", "a.BIN"][..]),
            ("c*k9*-mz*.bin", &["c2960-lanbasek9-mz.150.bin"], &["c2960-mz.bin"]),
            ("?", &["a"], &["", "ab"]),
            ("[a-c]x", &["ax", "cx"], &["dx", "x"]),
            ("[!a-c]*", &["d", "de"], &["a", ""]),
            ("[]x]", &["]", "x"], &["[", "y"]),
            ("a[", &["a["], &["a"]),
            ("**", &["", "a"], &[]),
            ("a*b*c", &["abc", "aXbYc", "abcbc"], &["ab", "acb"]),
        ] {
            for name in yes {
                assert!(matches(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
            }
            for name in no {
                assert!(!matches(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
            }
        }
    }

    #[test]
    fn a_pattern_of_many_stars_is_no_bomb() {
        let pattern = b"*a".repeat(120);
        assert!(!matches(&[pattern.as_slice(), b"b"].concat(), &[b'a'; 255]));
    }
}
