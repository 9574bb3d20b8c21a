//! `reload in`, `reload at`, `reload cancel`, `show reload`.

use super::exec::Exec;
use super::table::Id;
use crate::Device;
use crate::device::Scheduled;
use crate::messages::{Post, To};
use crate::session::Leave;
use crate::texts::moment;
use clock::civil::Civil;
use ios_cli::Match;
use ios_cli::text::boot;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Three weeks and three days are what the device takes.
const LONGEST_MINUTES: u64 = 34_560;

impl Exec<'_> {
    pub(super) fn reload_in(&mut self, found: &Match<Id>, line: &str) -> Result<(), Leave> {
        let delay = found.text("delay").unwrap_or_default();
        let Some(minutes) = minutes(delay) else {
            return self.no_time(line, delay);
        };
        let reason = found.text("reason").unwrap_or("Reload Command");
        self.reload_later(Duration::from_secs(minutes * 60), reason)
    }

    pub(super) fn reload_at(&mut self, found: &Match<Id>, line: &str) -> Result<(), Leave> {
        let time = found.text("time").unwrap_or_default();
        let now = self.tty.device.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_secs()).unwrap_or(0);
        let (day, reason) = day_of(found.text("reason").unwrap_or_default());
        let Some(left) = next(now, time, day) else { return self.no_time(line, time) };
        if left > Duration::from_secs(LONGEST_MINUTES * 60) {
            return self.tty.print("%Date is too far in the future.\n");
        }
        self.reload_later(left, if reason.is_empty() { "Reload Command" } else { reason })
    }

    /// What stands where a time has to be is none.
    fn no_time(&mut self, line: &str, what: &str) -> Result<(), Leave> {
        let column = self.prompt().len() + line.find(what).unwrap_or(0);
        let mark = format!("{:>width$}", '^', width = column + 1);
        self.tty.print(&format!("{mark}\n% Invalid input detected at '^' marker.\n\n"))
    }

    fn reload_later(&mut self, left: Duration, reason: &str) -> Result<(), Leave> {
        if !self.may_reload()? {
            return Ok(());
        }
        let (by, reason) = (self.who(), reason.to_owned());
        let scheduled = Scheduled { at: SystemTime::now() + left, reason, by, warned: None };
        self.tty.print(&shown(&self.tty.device, &scheduled))?;
        if self.tty.confirm(boot::PROCEED)? {
            self.tty.device.schedule(Some(scheduled));
        }
        Ok(())
    }

    pub(super) fn reload_cancel(&mut self) -> Result<(), Leave> {
        match self.tty.device.schedule(None) {
            Some(_) => {
                let text = boot::shutdown("ABORTED");
                self.tty.print(&text)?;
                self.tty.device.posts.push(Post { to: To::AllBut(self.tty.line), text });
                Ok(())
            }
            None => self.tty.print("%No reload is scheduled.\n"),
        }
    }

    pub(super) fn show_reload(&self) -> String {
        let scheduled = self.tty.device.state().scheduled.clone();
        match &scheduled {
            Some(scheduled) => shown(&self.tty.device, scheduled),
            None => "No reload is scheduled.\n".into(),
        }
    }
}

/// A day and a month before a reason: `5 Dec night work`, `Dec 5`; then what is left of the text.
fn day_of(text: &str) -> (Option<(u8, u8)>, &str) {
    let mut words = text.splitn(3, ' ');
    let (Some(first), Some(second)) = (words.next(), words.next()) else { return (None, text) };
    let rest = words.next().unwrap_or_default();
    let month = |word: &str| {
        let short = word.get(..3).filter(|_| word.len() >= 3)?.to_ascii_lowercase();
        MONTHS.iter().position(|name| *name == short).and_then(|at| u8::try_from(at + 1).ok())
    };
    let day = |word: &str| word.parse::<u8>().ok().filter(|day| (1..=31).contains(day));
    match ((day(first), month(second)), (month(first), day(second))) {
        ((Some(day), Some(month)), _) | (_, (Some(month), Some(day))) => (Some((month, day)), rest),
        _ => (None, text),
    }
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// How long it is from `now` (seconds since 1970) to the next such time of day, of that month and day where one is named.
fn next(now: i64, time: &str, day: Option<(u8, u8)>) -> Option<Duration> {
    let (hour, minute) = time.split_once(':')?;
    let (hour, minute): (u8, u8) = (hour.parse().ok()?, minute.parse().ok()?);
    if hour > 23 || minute > 59 {
        return None;
    }
    let today = Civil::from_unix(now);
    let at = |year, month, day| Civil { year, month, day, hour, minute, second: 0 }.to_unix();
    let then = match day {
        None => match at(today.year, today.month, today.day) {
            then if then > now => then,
            passed => passed + 86_400,
        },
        Some((month, day)) => match at(today.year, month, day) {
            then if then > now => then,
            _ => at(today.year + 1, month, day),
        },
    };
    u64::try_from(then - now).ok().map(Duration::from_secs)
}

/// `90` or `1:30`.
fn minutes(text: &str) -> Option<u64> {
    let all = match text.split_once(':') {
        None => text.parse().ok()?,
        Some((hours, minutes)) => {
            let (hours, minutes): (u64, u64) = (hours.parse().ok()?, minutes.parse().ok()?);
            hours.checked_mul(60)?.checked_add(minutes)?
        }
    };
    (all <= LONGEST_MINUTES).then_some(all)
}

/// When, by whom and why.
fn shown(device: &Device, scheduled: &Scheduled) -> String {
    let left = scheduled.at.duration_since(SystemTime::now()).unwrap_or_default();
    let minutes = left.as_secs().div_ceil(60);
    let plural = |n: u64, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let span = match (minutes / 60, minutes % 60) {
        (0, m) => plural(m, "minute"),
        (h, m) => format!("{} and {}", plural(h, "hour"), plural(m, "minute")),
    };
    format!(
        "Reload scheduled for {} (in {span}) by {}\nReload reason: {}\n",
        moment(device.by_its_clock(scheduled.at)),
        scheduled.by,
        scheduled.reason
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_the_next_one_and_a_date_the_next_such_day() {
        // 2026-11-27 12:00:30
        let now = Civil { year: 2026, month: 11, day: 27, hour: 12, minute: 0, second: 30 }.to_unix();
        let left = |time, day| next(now, time, day).map(|left| left.as_secs());
        assert_eq!(left("12:01", None), Some(30));
        assert_eq!(left("23:30", None), Some(11 * 3_600 + 30 * 60 - 30));
        assert_eq!(left("12:00", None), Some(86_400 - 30), "it has passed: tomorrow");
        assert_eq!(left("12:01", Some((11, 28))), Some(86_400 + 30));
        assert_eq!(left("12:01", Some((11, 26))), Some(364 * 86_400 + 30), "next year");
        for time in ["", "12", "24:00", "12:60", "1:2:3", "noon"] {
            assert_eq!(left(time, None), None, "{time}");
        }
    }

    #[test]
    fn a_date_may_stand_before_the_reason_either_way_round() {
        for (text, day, reason) in [
            ("5 Dec night work", Some((12, 5)), "night work"),
            ("December 5", Some((12, 5)), ""),
            ("night work", None, "night work"),
            ("5 times", None, "5 times"),
            ("32 Dec", None, "32 Dec"),
            ("", None, ""),
        ] {
            assert_eq!(day_of(text), (day, reason), "{text}");
        }
    }
}
