//! Times as people write them.

use crate::config::parse_time;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use std::time::{Duration, SystemTime};

/// `2h` ago, a date, date and time of here, or with an offset or `Z`.
pub(super) fn when(text: &str) -> Result<SystemTime, String> {
    if let Some(ago) = parse_time(text) {
        return SystemTime::now().checked_sub(ago).ok_or_else(|| String::from("that is before all times"));
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(system(at));
    }
    let civil = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(DateTime::from));
    let local = civil.ok().and_then(|civil| civil.to_zoned_datetime(TimeZone::system()).ok());
    local.map(|zoned| system(zoned.timestamp())).ok_or_else(|| {
        String::from(
            "give 15m, 2h or 3d for so long ago, a date (2026-11-26), or date and time (2026-11-26T09:30)",
        )
    })
}

fn system(at: jiff::Timestamp) -> SystemTime {
    let ms = u64::try_from(at.as_millisecond()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_millis(ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn times_are_ago_or_given() {
        let then = when("2h").unwrap();
        let ago = SystemTime::now().duration_since(then).unwrap();
        assert!(ago >= Duration::from_secs(7_200) && ago < Duration::from_secs(7_260), "{ago:?}");
        let at = UNIX_EPOCH + Duration::from_secs(1_795_685_400);
        assert_eq!(when("2026-11-26T09:30:00Z"), Ok(at));
        assert_eq!(when("2026-11-26T10:30:00+01:00"), Ok(at));
        assert!(when("2026-11-26").is_ok() && when("2026-11-26T09:30").is_ok());
        for wrong in ["", "yesterday", "2026-13-01", "-2h", "9:30"] {
            assert!(when(wrong).is_err(), "{wrong}");
        }
    }
}
