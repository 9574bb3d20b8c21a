//! What is known of old versions, whatever backend keeps them.

use clock::civil::Civil;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When a version was written over, UTC: its name among the versions of a path. Ordered by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Stamp {
    /// Seconds since 1970.
    secs: i64,
    micros: u32,
    /// Which of that microsecond, from 0.
    nth: u32,
}

impl Stamp {
    /// The n-th of a moment, from 0.
    pub(crate) fn new(at: SystemTime, nth: u32) -> Stamp {
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        Stamp { secs: i64::try_from(since.as_secs()).unwrap_or(0), micros: since.subsec_micros(), nth }
    }

    /// The time.
    pub fn time(self) -> SystemTime {
        let secs = u64::try_from(self.secs).unwrap_or(0);
        UNIX_EPOCH + Duration::from_secs(secs) + Duration::from_micros(u64::from(self.micros))
    }
}

impl Stamp {
    /// What versions of one path are ordered by, the oldest first: those of a time that is still to come were made
    /// before the clock was set back, and are older than what it says since.
    pub(crate) fn age(self, now: SystemTime) -> (bool, Stamp) {
        (self.time() <= now, self)
    }
}

/// `20261123T192342.123456Z`, for the second of one microsecond `…Z-1`.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let c = Civil::from_unix(self.secs);
        write!(f, "{:04}{:02}{:02}T", c.year, c.month, c.day)?;
        write!(f, "{:02}{:02}{:02}.{:06}Z", c.hour, c.minute, c.second, self.micros)?;
        if self.nth > 0 { write!(f, "-{}", self.nth) } else { Ok(()) }
    }
}

/// Text that is no stamp.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not the time of a version: write it as it is listed, 20261123T192342.123456Z")]
pub struct BadStamp;

impl FromStr for Stamp {
    type Err = BadStamp;

    fn from_str(text: &str) -> Result<Stamp, BadStamp> {
        let (time, nth) = match text.split_once('-') {
            None => (text, 0),
            Some((time, nth)) => (time, nth.parse().map_err(|_| BadStamp)?),
        };
        let model = b"00000000T000000.000000Z";
        let fits = |(b, m): (u8, &u8)| if *m == b'0' { b.is_ascii_digit() } else { b == *m };
        if time.len() != model.len() || !time.bytes().zip(model).all(fits) {
            return Err(BadStamp);
        }
        let number = |from: usize, to: usize| time[from..to].parse::<u32>().map_err(|_| BadStamp);
        let small = |from, to| number(from, to).and_then(|n| u8::try_from(n).map_err(|_| BadStamp));
        let civil = Civil {
            year: number(0, 4)?.into(),
            month: small(4, 6)?,
            day: small(6, 8)?,
            hour: small(9, 11)?,
            minute: small(11, 13)?,
            second: small(13, 15)?,
        };
        if civil.month == 0 || civil.month > 12 {
            return Err(BadStamp);
        }
        let stamp = Stamp { secs: civil.to_unix(), micros: number(16, 22)?, nth };
        // The 31st of February, or a number with a leading zero: no name of ours.
        if stamp.to_string() == text { Ok(stamp) } else { Err(BadStamp) }
    }
}

/// A version that is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Version {
    /// Its name.
    pub stamp: Stamp,
    /// Octets.
    pub len: u64,
    /// When its content was last changed, before it was written over.
    pub modified: SystemTime,
}

/// How many versions of each file are kept, and how long. The newest `count` stay, but none that is older than
/// `age`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Keep {
    /// At most so many of one file; `None`: all.
    pub count: Option<usize>,
    /// At most so long; `None`: for ever.
    pub age: Option<Duration>,
}

impl Keep {
    /// Whether nothing ever goes.
    pub(crate) fn is_everything(&self) -> bool {
        *self == Keep::default()
    }

    /// Which of one file's versions go now.
    pub(crate) fn too_many(&self, mut stamps: Vec<Stamp>, now: SystemTime) -> Vec<Stamp> {
        stamps.sort_by_key(|stamp| stamp.age(now));
        let more = stamps.len().saturating_sub(self.count.unwrap_or(usize::MAX));
        let is_old = |stamp: &Stamp| {
            self.age.is_some_and(|age| now.duration_since(stamp.time()).is_ok_and(|is| is > age))
        };
        stamps.into_iter().enumerate().filter(|(n, s)| *n < more || is_old(s)).map(|(_, s)| s).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(text: &str) -> Stamp {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn stamps_are_read_as_they_are_written_and_order_by_time() {
        let order = [
            "20261123T192342.123456Z",
            "20261123T192342.123456Z-1",
            "20261123T192342.123456Z-2",
            "20261123T192342.123456Z-10",
            "20261123T192342.123457Z",
            "20261123T192343.000000Z",
            "20270101T000000.000000Z",
        ];
        for text in order {
            assert_eq!(stamp(text).to_string(), text);
        }
        assert!(order.windows(2).all(|w| stamp(w[0]) < stamp(w[1])));
        assert_eq!(Stamp::new(stamp(order[0]).time(), 2), stamp(order[2]));
        for bad in [
            "",
            "20261123T192342Z",
            "20261123T192342.123456Z-",
            "20261123T192342.123456Z-0",
            "20261123T192342.123456Z-01",
            "20261123T192342.123456Z-+1",
            "20260231T192342.123456Z",
            "20261323T192342.123456Z",
            "20261123T252342.123456Z",
            "2026112\u{fc}T19234.123456Z",
        ] {
            assert_eq!(bad.parse::<Stamp>(), Err(BadStamp), "{bad}");
        }
    }

    #[test]
    fn the_newest_stay_but_none_that_is_too_old() {
        let all =
            ["20260101T000000.000000Z", "20260201T000000.000000Z", "20260301T000000.000000Z"].map(stamp);
        let now = stamp("20260302T000000.000000Z").time();
        let gone = |count, age: Option<u64>| {
            let keep = Keep { count, age: age.map(|days| Duration::from_secs(days * 86_400)) };
            keep.too_many(vec![all[1], all[2], all[0]], now)
        };
        assert_eq!(gone(None, None), []);
        assert_eq!(gone(Some(2), None), [all[0]]);
        assert_eq!(gone(Some(0), None), all);
        assert_eq!(gone(Some(9), Some(30)), [all[0]]);
        assert_eq!(gone(Some(1), Some(30)), [all[0], all[1]]);
        assert_eq!(gone(None, Some(0)), all);
        // A clock that went back makes nothing old.
        let keep = Keep { count: None, age: Some(Duration::ZERO) };
        assert_eq!(keep.too_many(all.to_vec(), UNIX_EPOCH), []);
        // And what is kept since is no older than what was kept before.
        let keep = Keep { count: Some(1), age: None };
        let back = stamp("20260101T000000.000001Z").time();
        assert_eq!(keep.too_many(all.to_vec(), back), [all[1], all[2]]);
    }
}
