//! The three forms of a date (RFC 9110 §5.6.7). We write the first and read all.

use alloc::string::String;
use clock::civil::{Civil, DAYS, MONTHS};

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn write(unix: i64) -> String {
    // Four digits is all the form has.
    let c = Civil::from_unix(unix.clamp(YEAR_0, YEAR_9999));
    let mut out = String::with_capacity("Sun, 06 Nov 1994 08:49:37 GMT".len());
    // Each response has two; the formatter takes four times as long.
    let two = |before: &str, n: u32, out: &mut String| {
        out.push_str(before);
        for digit in [n / 10 % 10, n % 10] {
            out.push(char::from_digit(digit, 10).expect("a digit"));
        }
    };
    out.push_str(c.day_name());
    two(", ", u32::from(c.day), &mut out);
    out.push(' ');
    out.push_str(c.month_name());
    let year = u32::try_from(c.year).expect("four digits, as clamped");
    two(" ", year / 100, &mut out);
    two("", year % 100, &mut out);
    two(" ", u32::from(c.hour), &mut out);
    two(":", u32::from(c.minute), &mut out);
    two(":", u32::from(c.second), &mut out);
    out.push_str(" GMT");
    out
}

const YEAR_0: i64 = -62_167_219_200;
const YEAR_9999: i64 = 253_402_300_799;

/// Seconds since 1970 of a date in any of the three forms; `now` tells which century two digits mean.
pub fn parse(text: &[u8], now: i64) -> Option<i64> {
    let text = core::str::from_utf8(text).ok()?;
    imf(text).or_else(|| rfc850(text, now)).or_else(|| asctime(text))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn imf(text: &str) -> Option<i64> {
    let (day, rest) = text.split_once(", ")?;
    DAYS.contains(&day).then_some(())?;
    let mut words = rest.split(' ');
    let d = number(words.next()?, 2)?;
    let month = month(words.next()?)?;
    let year = number(words.next()?, 4)?;
    let time = time(words.next()?)?;
    (words.next() == Some("GMT") && words.next().is_none()).then_some(())?;
    unix(i64::from(year), month, d, time)
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
fn rfc850(text: &str, now: i64) -> Option<i64> {
    let (day, rest) = text.split_once(", ")?;
    (day.ends_with("day") && DAYS.iter().any(|d| day.starts_with(d))).then_some(())?;
    let mut words = rest.split(' ');
    let mut date = words.next()?.split('-');
    let d = number(date.next()?, 2)?;
    let month = month(date.next()?)?;
    let two = i64::from(number(date.next()?, 2)?);
    date.next().is_none().then_some(())?;
    let time = time(words.next()?)?;
    (words.next() == Some("GMT") && words.next().is_none()).then_some(())?;
    // "a timestamp that appears to be more than 50 years in the future" is of the century before.
    let this = Civil::from_unix(now).year;
    let year = this - this.rem_euclid(100) + two;
    let year = if year > this + 50 { year - 100 } else { year };
    unix(year, month, d, time)
}

/// `Sun Nov  6 08:49:37 1994`
fn asctime(text: &str) -> Option<i64> {
    let (day, rest) = text.split_once(' ')?;
    DAYS.contains(&day).then_some(())?;
    let (name, rest) = rest.split_once(' ')?;
    let month = month(name)?;
    let (d, rest) = rest.split_at_checked(2)?;
    let d = match d.strip_prefix(' ') {
        Some(one) => number(one, 1)?,
        None => number(d, 2)?,
    };
    let (clock, year) = rest.strip_prefix(' ')?.split_once(' ')?;
    unix(i64::from(number(year, 4)?), month, d, time(clock)?)
}

fn number(text: &str, digits: usize) -> Option<u16> {
    (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

fn month(name: &str) -> Option<u8> {
    MONTHS.iter().position(|m| *m == name).and_then(|n| u8::try_from(n + 1).ok())
}

fn time(text: &str) -> Option<(u16, u16, u16)> {
    let mut parts = text.split(':');
    let time = (number(parts.next()?, 2)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    // 60 is a leap second.
    (parts.next().is_none() && time.0 < 24 && time.1 < 60 && time.2 <= 60).then_some(time)
}

fn unix(year: i64, month: u8, day: u16, (h, m, s): (u16, u16, u16)) -> Option<i64> {
    let small = |n: u16| u8::try_from(n).ok();
    let civil = Civil {
        year,
        month,
        day: small(day).filter(|d| (1..=31).contains(d))?,
        hour: small(h)?,
        minute: small(m)?,
        second: small(s)?,
    };
    let unix = civil.to_unix();
    // 31 February is no day.
    (Civil::from_unix(unix).month == month || s == 60).then_some(unix)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000;

    #[test]
    fn rfc9110_5_6_7_the_three_forms_are_one_moment() {
        for text in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(parse(text.as_bytes(), NOW), Some(784_111_777), "{text}");
        }
        assert_eq!(write(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn rfc9110_5_6_7_two_digits_are_at_most_50_years_ahead() {
        let year = |text: &str| Civil::from_unix(parse(text.as_bytes(), NOW).unwrap()).year;
        assert_eq!(year("Sunday, 06-Nov-94 08:49:37 GMT"), 1994);
        assert_eq!(year("Sunday, 06-Nov-30 08:49:37 GMT"), 2030);
    }

    #[test]
    fn rfc9110_5_6_7_what_is_no_date_is_none() {
        for text in [
            "",
            "0",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun Nov 66 08:49:37 1994x",
            "Sun Nov \u{e9}",
        ] {
            assert_eq!(parse(text.as_bytes(), NOW), None, "{text}");
        }
    }

    #[test]
    fn every_date_that_is_written_reads_back() {
        for n in -2_000..4_000 {
            let unix = n * 12_345_678;
            if (YEAR_0..=YEAR_9999).contains(&unix) {
                assert_eq!(parse(write(unix).as_bytes(), NOW), Some(unix), "{}", write(unix));
            }
        }
    }
}
