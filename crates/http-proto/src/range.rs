//! Ranges of the content (RFC 9110 §14), joined and bounded.

use alloc::vec::Vec;

/// Ranges in one field; who asks for more gets the whole content (RFC 9110 §14.2 lets a server ignore the
/// field). Apache's CVE-2011-3192 was a field of 1,300 overlapping ones.
pub const MOST: usize = 32;
/// Ranges with a smaller gap between are sent as one: a part's own head is about so long (RFC 9110 §15.3.7.2).
const GAP: u64 = 128;

/// Octets `from` to `from + len`, `len` at least 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    /// The first octet.
    pub from: u64,
    /// How many.
    pub len: u64,
}

/// What a `Range` field means for content of a known length.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ranges {
    /// Nothing: another unit, malformed, or too many. The whole content is sent.
    Ignored,
    /// No octet of any range is there.
    Unsatisfiable,
    /// In order, apart from each other; at least one.
    Runs(Vec<Run>),
}

/// Reads the value of `Range` for content of `len` octets.
pub fn parse(value: &[u8], len: u64) -> Ranges {
    let Ok(text) = core::str::from_utf8(value) else { return Ranges::Ignored };
    let Some((unit, set)) = text.split_once('=') else { return Ranges::Ignored };
    // RFC 9110 §14.1: range units are case-insensitive; an unknown one is ignored.
    if !unit.eq_ignore_ascii_case("bytes") {
        return Ranges::Ignored;
    }
    let mut runs: Vec<Run> = Vec::new();
    let mut specs = 0;
    for spec in set.split(',').map(|s| s.trim_matches([' ', '\t'])).filter(|s| !s.is_empty()) {
        specs += 1;
        if specs > MOST {
            return Ranges::Ignored;
        }
        match one(spec, len) {
            None => return Ranges::Ignored,
            Some(None) => {}
            Some(Some(run)) => runs.push(run),
        }
    }
    if specs == 0 {
        return Ranges::Ignored;
    }
    if runs.is_empty() {
        return Ranges::Unsatisfiable;
    }
    Ranges::Runs(join(runs))
}

/// `None`: malformed; `Some(None)`: no octet of it is there.
fn one(spec: &str, len: u64) -> Option<Option<Run>> {
    let (first, last) = spec.split_once('-')?;
    if first.is_empty() {
        // The last so many octets.
        let suffix = number(last)?;
        let take = suffix.min(len);
        return Some((take > 0).then(|| Run { from: len - take, len: take }));
    }
    let from = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    if last < from {
        return None;
    }
    if from >= len {
        return Some(None);
    }
    Some(Some(Run { from, len: last.min(len - 1) - from + 1 }))
}

fn number(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // More digits than u64 has are beyond any content.
    Some(digits.parse().unwrap_or(u64::MAX))
}

fn join(mut runs: Vec<Run>) -> Vec<Run> {
    runs.sort_unstable_by_key(|r| r.from);
    let mut joined: Vec<Run> = Vec::with_capacity(runs.len());
    for run in runs {
        match joined.last_mut() {
            Some(last) if run.from <= last.from + last.len + GAP => {
                let end = (run.from + run.len).max(last.from + last.len);
                last.len = end - last.from;
            }
            Some(_) | None => joined.push(run),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec;

    fn runs(value: &str, len: u64) -> Vec<(u64, u64)> {
        match parse(value.as_bytes(), len) {
            Ranges::Runs(runs) => runs.iter().map(|r| (r.from, r.len)).collect(),
            other @ (Ranges::Ignored | Ranges::Unsatisfiable) => panic!("{value}: {other:?}"),
        }
    }

    #[test]
    fn rfc9110_14_1_2_first_last_and_suffix() {
        assert_eq!(runs("bytes=0-499", 10_000), [(0, 500)]);
        assert_eq!(runs("bytes=9500-", 10_000), [(9_500, 500)]);
        assert_eq!(runs("bytes=-500", 10_000), [(9_500, 500)]);
        assert_eq!(runs("bytes=-99999", 10_000), [(0, 10_000)]);
        assert_eq!(runs("BYTES=0-99999999999999999999999", 10), [(0, 10)]);
        assert_eq!(runs("bytes=9999-9999", 10_000), [(9_999, 1)]);
    }

    #[test]
    fn rfc9110_14_2_what_is_malformed_or_another_unit_is_ignored() {
        for value in [
            "bytes",
            "bytes=",
            "bytes=,",
            "lines=1-2",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=1",
            "bytes=-",
            "bytes=--1",
        ] {
            assert_eq!(parse(value.as_bytes(), 10_000), Ranges::Ignored, "{value}");
        }
    }

    #[test]
    fn rfc9110_15_5_17_a_range_behind_the_end_is_unsatisfiable() {
        assert_eq!(parse(b"bytes=10000-", 10_000), Ranges::Unsatisfiable);
        assert_eq!(parse(b"bytes=-0", 10_000), Ranges::Unsatisfiable);
        assert_eq!(parse(b"bytes=0-0", 0), Ranges::Unsatisfiable);
        assert_eq!(runs("bytes=10000-, 5-5", 10_000), [(5, 1)]);
    }

    #[test]
    fn rfc9110_15_3_7_2_overlapping_and_near_ranges_are_one() {
        assert_eq!(runs("bytes=500-700,601-999", 10_000), [(500, 500)]);
        assert_eq!(runs("bytes=0-0,-1", 10_000), [(0, 1), (9_999, 1)]);
        assert_eq!(runs("bytes=9000-9099, 0-99, 100-199", 10_000), [(0, 200), (9_000, 100)]);
    }

    #[test]
    fn rfc9110_14_2_more_ranges_than_the_bound_are_ignored() {
        let many = |n: usize| {
            let mut value = String::from("bytes=");
            for i in 0..n {
                value.push_str(&alloc::format!("{}-{},", i * 1_000, i * 1_000));
            }
            value
        };
        assert_eq!(runs(&many(MOST), 1 << 20).len(), MOST);
        assert_eq!(parse(many(MOST + 1).as_bytes(), 1 << 20), Ranges::Ignored);
        assert_eq!(vec![Run { from: 0, len: 1 }], join(vec![Run { from: 0, len: 1 }]));
    }
}
