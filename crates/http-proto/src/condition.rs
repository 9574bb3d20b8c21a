//! Preconditions, in their order (RFC 9110 §13.2.2).

use crate::date;
use crate::tag::{self, Comparison, Tag, Tags};
use alloc::vec::Vec;

/// The fields as they came.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Conditions {
    /// `If-Match`.
    pub if_match: Option<Vec<u8>>,
    /// `If-Unmodified-Since`.
    pub if_unmodified_since: Option<Vec<u8>>,
    /// `If-None-Match`.
    pub if_none_match: Option<Vec<u8>>,
    /// `If-Modified-Since`.
    pub if_modified_since: Option<Vec<u8>>,
    /// `If-Range`.
    pub if_range: Option<Vec<u8>>,
}

/// What the content is compared with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Validators {
    /// Its tag.
    pub tag: Tag,
    /// Its last modification, seconds since 1970.
    pub modified: i64,
    /// Now.
    pub now: i64,
}

/// What a request with conditions gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Judged {
    /// The content; whether a `Range` counts.
    Give {
        /// No `If-Range`, or one that holds.
        ranges: bool,
    },
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

impl Conditions {
    /// Judges them. A date that is none is ignored (§13.1.3, §13.1.4), a list of tags that is none holds
    /// nothing.
    pub fn judge(&self, it: &Validators) -> Judged {
        let holds = |list: &[u8], how| Tags::parse(list).is_some_and(|tags| tags.hold(Some(&it.tag), how));
        let since = |value: &Option<Vec<u8>>| value.as_ref().and_then(|v| date::parse(v, it.now));
        if let Some(list) = &self.if_match {
            if !holds(list, Comparison::Strong) {
                return Judged::Failed;
            }
        } else if since(&self.if_unmodified_since).is_some_and(|at| it.modified > at) {
            return Judged::Failed;
        }
        if let Some(list) = &self.if_none_match {
            if holds(list, Comparison::Weak) {
                return Judged::NotModified;
            }
        } else if since(&self.if_modified_since).is_some_and(|at| it.modified <= at) {
            return Judged::NotModified;
        }
        let ranges = match &self.if_range {
            None => true,
            Some(value) if tag::is_tag(value) => tag::is_exactly(value, &it.tag),
            // §13.1.5: exactly the date, and one that is strong: a second before now at least (§8.8.2.2).
            Some(value) => {
                date::parse(value, it.now).is_some_and(|at| at == it.modified && it.modified < it.now)
            }
        };
        Judged::Give { ranges }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IT: Validators = Validators { tag: Tag([7; 16]), modified: 784_111_777, now: 784_200_000 };
    const GIVE: Judged = Judged::Give { ranges: true };

    fn some(text: &str) -> Option<Vec<u8>> {
        Some(text.as_bytes().to_vec())
    }

    fn at(seconds: i64) -> Option<Vec<u8>> {
        some(&date::write(IT.modified + seconds))
    }

    #[test]
    fn rfc9110_13_1_2_a_tag_that_matches_is_304() {
        let none_match =
            |value: Option<Vec<u8>>| Conditions { if_none_match: value, ..Conditions::default() };
        assert_eq!(none_match(some(&IT.tag.text())).judge(&IT), Judged::NotModified);
        assert_eq!(none_match(some("*")).judge(&IT), Judged::NotModified);
        assert_eq!(none_match(some("\"other\"")).judge(&IT), GIVE);
        assert_eq!(none_match(some("rubbish")).judge(&IT), GIVE);
    }

    #[test]
    fn rfc9110_13_1_3_a_date_counts_only_without_a_tag() {
        let older = |tag, seconds| Conditions {
            if_none_match: tag,
            if_modified_since: at(seconds),
            ..Conditions::default()
        };
        assert_eq!(older(None, 0).judge(&IT), Judged::NotModified);
        assert_eq!(older(None, -1).judge(&IT), GIVE);
        assert_eq!(older(some("\"other\""), 0).judge(&IT), GIVE);
        let rubbish = Conditions { if_modified_since: some("yesterday"), ..Conditions::default() };
        assert_eq!(rubbish.judge(&IT), GIVE);
    }

    #[test]
    fn rfc9110_13_1_1_and_4_a_content_that_changed_is_412() {
        let matches = |value| Conditions { if_match: value, ..Conditions::default() };
        assert_eq!(matches(some("\"other\"")).judge(&IT), Judged::Failed);
        assert_eq!(matches(some(&IT.tag.text())).judge(&IT), GIVE);
        let unmodified = |seconds| Conditions { if_unmodified_since: at(seconds), ..Conditions::default() };
        assert_eq!(unmodified(-1).judge(&IT), Judged::Failed);
        assert_eq!(unmodified(0).judge(&IT), GIVE);
    }

    #[test]
    fn rfc9110_13_1_5_if_range_wants_the_same_content() {
        let ranges = |value: Option<Vec<u8>>, it: &Validators| {
            Conditions { if_range: value, ..Conditions::default() }.judge(it) == GIVE
        };
        assert!(ranges(None, &IT) && ranges(some(&IT.tag.text()), &IT) && ranges(at(0), &IT));
        assert!(!ranges(some("\"other\""), &IT) && !ranges(at(1), &IT) && !ranges(at(-1), &IT));
        let mut weak = String::from("W/");
        weak.push_str(&IT.tag.text());
        assert!(!ranges(some(&weak), &IT));
        // Modified this very second: it may be modified again in it.
        assert!(!ranges(at(0), &Validators { now: IT.modified, ..IT }));
    }

    #[test]
    fn rfc9110_13_2_2_if_match_is_judged_before_if_none_match() {
        let both = Conditions {
            if_match: some("\"other\""),
            if_none_match: some(&IT.tag.text()),
            ..Conditions::default()
        };
        assert_eq!(both.judge(&IT), Judged::Failed);
    }

    use alloc::string::String;
}
