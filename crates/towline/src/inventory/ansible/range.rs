//! `r[01:10]`: hosts in a row, and the port behind a name.

use super::MOST;

/// The names that a pattern stands for, and its port.
pub(super) fn hosts(pattern: &str) -> Result<(Vec<String>, Option<u16>), String> {
    let (pattern, port) = port(pattern)?;
    let mut names = vec![String::new()];
    let mut rest = pattern;
    while let Some((head, inside, tail)) = rest.split_once('[').and_then(|(head, rest)| {
        let (inside, tail) = rest.split_once(']')?;
        Some((head, inside, tail))
    }) {
        let row = row(inside)?;
        if names.len().saturating_mul(row.len()) > MOST {
            return Err(format!("'{pattern}' are more than {MOST} hosts"));
        }
        names =
            names.iter().flat_map(|name| row.iter().map(move |item| format!("{name}{head}{item}"))).collect();
        rest = tail;
    }
    if rest.contains(['[', ']']) {
        return Err(format!("'{pattern}' has a bracket without its other one"));
    }
    names.iter_mut().for_each(|name| name.push_str(rest));
    if names.iter().any(String::is_empty) {
        return Err(String::from("the name of a host is empty"));
    }
    Ok((names, port))
}

/// `NAME:22`, `[2001:db8::1]:22`; another colon is a part of an address of IPv6.
fn port(pattern: &str) -> Result<(&str, Option<u16>), String> {
    let bracketed = pattern.strip_prefix('[').and_then(|rest| rest.rsplit_once("]:"));
    let (name, digits) = match bracketed {
        Some((name, digits)) if name.contains("::") || name.matches(':').count() > 2 => (name, digits),
        _ => match outer_colons(pattern).as_slice() {
            [at] => (&pattern[..*at], &pattern[at + 1..]),
            _ => return Ok((pattern, None)),
        },
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Ok((pattern, None));
    }
    let port = digits.parse().ok().filter(|port| *port > 0);
    port.map(|port| (name, Some(port))).ok_or_else(|| format!("'{digits}' is no port: 1 to 65535"))
}

/// Colons that are in no brackets.
fn outer_colons(pattern: &str) -> Vec<usize> {
    let mut depth = 0_usize;
    let colons = pattern.bytes().enumerate().filter(|(_, octet)| {
        match octet {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *octet == b':' && depth == 0
    });
    colons.map(|(at, _)| at).collect()
}

/// `01:10`, `a:f`, `1:9:2`: with a leading zero both ends have the same width, and so have all between.
fn row(inside: &str) -> Result<Vec<String>, String> {
    let wrong = |why: &str| Err(format!("'[{inside}]' is no range: {why}"));
    let parts: Vec<&str> = inside.split(':').collect();
    let (first, last, step) = match parts.as_slice() {
        [first, last] => (*first, *last, 1),
        [first, last, step] => match step.parse::<usize>() {
            Ok(step @ 1..) => (*first, *last, step),
            _ => return wrong("its step is a number from 1"),
        },
        _ => return wrong("write [FIRST:LAST] or [FIRST:LAST:STEP]"),
    };
    let first = if first.is_empty() { "0" } else { first };
    if let (Some(from), Some(to)) = (letter(first), letter(last)) {
        let letters = (from..=to).step_by(step).map(|n| char::from(LETTERS[n]).to_string());
        return if from <= to { Ok(letters.collect()) } else { wrong("it ends before it begins") };
    }
    let (Ok(from), Ok(to)) = (first.parse::<u64>(), last.parse::<u64>()) else {
        return wrong("its ends are two numbers or two letters");
    };
    let width = if first.len() > 1 && first.starts_with('0') { first.len() } else { 0 };
    if width > 0 && width != last.len() {
        return wrong("with a leading zero both ends have the same length");
    }
    if from > to {
        return wrong("it ends before it begins");
    }
    if (to - from) / step as u64 >= MOST as u64 {
        return wrong(&format!("it is more than {MOST} hosts"));
    }
    Ok((from..=to).step_by(step).map(|n| format!("{n:0width$}")).collect())
}

const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Which letter it is.
fn letter(text: &str) -> Option<usize> {
    match text.as_bytes() {
        [octet] => LETTERS.iter().position(|letter| letter == octet),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_written_out() {
        for (pattern, names, port) in [
            ("r1", "r1", None),
            ("r[01:03].example.net", "r01.example.net r02.example.net r03.example.net", None),
            ("r[8:10]", "r8 r9 r10", None),
            ("r[1:9:4]:2222", "r1 r5 r9", Some(2222)),
            ("[a:b][1:2]x", "a1x a2x b1x b2x", None),
            ("r[:1]", "r0 r1", None),
            ("r1:22", "r1", Some(22)),
            ("2001:db8::1", "2001:db8::1", None),
            ("[2001:db8::1]:22", "2001:db8::1", Some(22)),
        ] {
            let right: Vec<String> = names.split(' ').map(str::to_owned).collect();
            assert_eq!(hosts(pattern), Ok((right, port)), "{pattern}");
        }
        for wrong in [
            "r[1",
            "r]",
            "r[3:1]",
            "r[01:100]",
            "r[1:2:0]",
            "r[1]",
            "r[a:1]",
            "r[1:]",
            "r[0:999999999]",
            "r[1:400][1:400]",
            "r1:0",
            "r1:70000",
            "",
        ] {
            assert!(hosts(wrong).is_err(), "{wrong}: {:?}", hosts(wrong));
        }
    }
}
