use ::clock::civil::{Civil, MONTHS};
use core::fmt;

/// A file's time as listings print it: `Oct 17 2018 18:57:10 +00:00`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// In the device's zone.
    pub civil: Civil,
    /// The zone, minutes east of UTC.
    pub zone: i16,
}

impl Stamp {
    /// A time in UTC, Unix seconds.
    pub fn from_unix(secs: i64) -> Stamp {
        Stamp { civil: Civil::from_unix(secs), zone: 0 }
    }

    /// From the five words of a listing.
    pub(super) fn parse(words: [&str; 5]) -> Option<Stamp> {
        let [month, day, year, time, zone] = words;
        let civil = date(month, day, year, time)?;
        let (sign, rest) = match zone.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        };
        let (hours, minutes) = rest.split_once(':')?;
        let (hours, minutes) = (hours.parse::<u8>().ok()?, minutes.parse::<u8>().ok()?);
        (hours < 24 && minutes < 60)
            .then(|| Stamp { civil, zone: sign * (i16::from(hours) * 60 + i16::from(minutes)) })
    }

    /// The day, `Mar 2 2015`.
    pub(super) fn day(&self) -> alloc::string::String {
        alloc::format!("{} {} {}", self.civil.month_name(), self.civil.day, self.civil.year)
    }

    /// The time of day with the zone, `18:57:10 +00:00`.
    pub(super) fn time(&self) -> Time<'_> {
        Time(self)
    }
}

/// `Oct`, `17`, `2018`, `18:57:10`
pub(super) fn date(month: &str, day: &str, year: &str, time: &str) -> Option<Civil> {
    let month = MONTHS.iter().position(|m| *m == month)?;
    let mut parts = time.split(':').map(|p| p.parse::<u8>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let civil = Civil {
        year: i64::from(year.parse::<u16>().ok()?),
        month: u8::try_from(month).ok()? + 1,
        day: day.parse().ok()?,
        hour,
        minute,
        second,
    };
    // 31 Feb and 25:61 are no times.
    (parts.next().is_none() && Civil::from_unix(civil.to_unix()) == civil).then_some(civil)
}

/// See [`Stamp::time`].
pub(super) struct Time<'a>(&'a Stamp);

impl fmt::Display for Time<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { hour, minute, second, .. } = self.0.civil;
        let sign = if self.0.zone < 0 { '-' } else { '+' };
        let zone = self.0.zone.unsigned_abs();
        write!(f, "{hour:02}:{minute:02}:{second:02} {sign}{:02}:{:02}", zone / 60, zone % 60)
    }
}
