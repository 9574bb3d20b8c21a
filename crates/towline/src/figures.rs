//! Numbers as people read them.

use std::time::Duration;

/// `33,591,768`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `512 B`, `32.0 MiB`: three digits or so, binary units.
pub fn octets(n: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if n < 1_024 {
        return format!("{n} B");
    }
    let mut value = n as f64;
    let mut unit = "";
    for u in UNITS {
        if value < 1_024.0 {
            break;
        }
        value /= 1_024.0;
        unit = u;
    }
    format!("{value:.1} {unit}")
}

/// `1.4 MiB/s`; nothing to divide by (less than a microsecond) gives `-`.
pub fn rate(n: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    if seconds < 0.000_001 {
        return String::from("-");
    }
    format!("{}/s", octets((n as f64 / seconds) as u64))
}

/// `0:07`, `12:34`, `1:02:03`.
pub fn clock(d: Duration) -> String {
    let s = d.as_secs();
    match s / 3_600 {
        0 => format!("{}:{:02}", s / 60, s % 60),
        h => format!("{h}:{:02}:{:02}", s / 60 % 60, s % 60),
    }
}

/// `0.3 s`, `1:02`: how long something took.
pub fn took(d: Duration) -> String {
    if d < Duration::from_secs(60) { format!("{:.1} s", d.as_secs_f64()) } else { clock(d) }
}

/// `0.31 ms`, `12.3 ms`, `1.20 s`: a round trip, three digits or so.
pub fn millis(d: Duration) -> String {
    let ms = d.as_secs_f64() * 1_000.0;
    match ms {
        ..1.0 => format!("{ms:.2} ms"),
        ..100.0 => format!("{ms:.1} ms"),
        ..1_000.0 => format!("{ms:.0} ms"),
        _ => format!("{:.2} s", ms / 1_000.0),
    }
}

/// The time left at the mean rate so far.
pub fn eta(done: u64, total: u64, elapsed: Duration) -> Option<Duration> {
    if done == 0 || total < done {
        return None;
    }
    let left = (total - done) as f64 * elapsed.as_secs_f64() / done as f64;
    Some(Duration::from_secs_f64(left.min(1e9)))
}

/// Whole percent, never 100 before the end.
pub fn percent(done: u64, total: u64) -> u64 {
    if total == 0 {
        return 100;
    }
    let percent = u128::from(done) * 100 / u128::from(total);
    u64::try_from(percent.min(100)).expect("at most 100")
}

/// Parses `64K`, `30M`, `1G` (binary) or a plain number of octets.
pub fn parse_octets(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = &text[digits.len()..];
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        _ => return Err(format!("'{unit}' is no unit; use K, M or G")),
    };
    let n: u64 =
        digits.replace(['_', ','], "").parse().map_err(|_| String::from("not a number of octets"))?;
    n.checked_mul(factor).ok_or_else(|| String::from("too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_these() {
        assert_eq!(grouped(33_591_768), "33,591,768");
        assert_eq!(grouped(999), "999");
        assert_eq!(octets(1_023), "1023 B");
        assert_eq!(octets(33_591_768), "32.0 MiB");
        assert_eq!(clock(Duration::from_secs(3_723)), "1:02:03");
        assert_eq!(rate(10, Duration::ZERO), "-");
        let round_trips = [310, 12_340, 123_400, 1_200_000].map(|us| millis(Duration::from_micros(us)));
        assert_eq!(round_trips, ["0.31 ms", "12.3 ms", "123 ms", "1.20 s"]);
        assert_eq!(percent(65_608 * 512, 33_591_768), 99);
        assert_eq!(percent(0, 0), 100);
        assert_eq!(eta(1, 3, Duration::from_secs(5)), Some(Duration::from_secs(10)));
    }

    #[test]
    fn sizes_parse() {
        assert_eq!(parse_octets("30M"), Ok(31_457_280));
        assert_eq!(parse_octets("33_591_768"), Ok(33_591_768));
        assert!(parse_octets("12 parsecs").is_err());
        assert!(parse_octets("99999999999999G").is_err());
        assert!(parse_octets("").is_err());
    }
}
