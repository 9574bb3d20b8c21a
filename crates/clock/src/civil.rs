//! Unix seconds and calendar fields, UTC, proleptic Gregorian, no leap seconds.
//!
//! The day arithmetic counts from 1 March, so that the leap day is the last of its year.

/// A date and time of day in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Civil {
    /// Year, e.g. 2026.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
}

/// English month names as listings and IOS print them.
pub const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// English day names, Monday first.
pub const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl Civil {
    /// The calendar fields of `secs` seconds since 1970-01-01T00:00:00Z.
    pub fn from_unix(secs: i64) -> Civil {
        let days = secs.div_euclid(86_400);
        let rest = secs.rem_euclid(86_400);
        // Days since 0000-03-01; an era is 400 years, 146,097 days.
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + i64::from(month <= 2);
        let field = |n: i64| u8::try_from(n).expect("calendar fields are below 60");
        Civil {
            year,
            month: field(month),
            day: field(doy - (153 * mp + 2) / 5 + 1),
            hour: field(rest / 3_600),
            minute: field(rest / 60 % 60),
            second: field(rest % 60),
        }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn to_unix(self) -> i64 {
        let (m, d) = (i64::from(self.month), i64::from(self.day));
        let y = self.year - i64::from(m <= 2);
        let era = y.div_euclid(400);
        let yoe = y.rem_euclid(400);
        let mp = if m > 2 { m - 3 } else { m + 9 };
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + (153 * mp + 2) / 5 + d - 1;
        let days = era * 146_097 + doe - 719_468;
        days * 86_400 + i64::from(self.hour) * 3_600 + i64::from(self.minute) * 60 + i64::from(self.second)
    }

    /// `Jan` … `Dec`.
    pub fn month_name(self) -> &'static str {
        MONTHS[usize::from(self.month.clamp(1, 12)) - 1]
    }

    /// `Mon` … `Sun`.
    pub fn day_name(self) -> &'static str {
        let days = self.to_unix().div_euclid(86_400);
        // 1970-01-01 was a Thursday.
        DAYS[usize::try_from((days + 3).rem_euclid(7)).expect("0..7")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        let c = Civil::from_unix(0);
        assert_eq!((c.year, c.month, c.day, c.day_name()), (1970, 1, 1, "Thu"));
        let c = Civil::from_unix(1_709_210_096);
        assert_eq!((c.year, c.month, c.day, c.hour, c.minute, c.second), (2024, 2, 29, 12, 34, 56));
        assert_eq!(c.day_name(), "Thu");
    }

    #[test]
    fn every_day_of_eight_centuries_round_trips() {
        for day in -150_000..150_000 {
            let secs = day * 86_400 + 43_210;
            assert_eq!(Civil::from_unix(secs).to_unix(), secs);
        }
    }
}
