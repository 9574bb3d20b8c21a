//! `show clock`

use super::Unread;
use super::load::Cpu;
use super::stamp::date;
use ::clock::civil::Civil;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

/// The clock: `*18:57:38.347 UTC Mon Oct 19 2015`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clock {
    /// Whether the time can be believed.
    pub trust: Trust,
    /// Date and time in the device's zone.
    pub civil: Civil,
    /// 0 to 999.
    pub millis: u16,
    /// `UTC`
    pub zone: String,
}

/// The mark before the time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trust {
    /// Nothing: set and in step.
    Authoritative,
    /// `.`: set, but no longer in step with its source.
    OutOfStep,
    /// `*`: never set.
    NotSet,
}

/// Where a clock has its time from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// Nowhere: it runs from where it began.
    None,
    /// `clock set`
    User,
    /// A time server.
    Ntp,
}

impl Source {
    fn text(self) -> &'static str {
        match self {
            Source::None => "No time source",
            Source::User => "Time source is user configuration",
            Source::Ntp => "Time source is NTP",
        }
    }
}

impl Clock {
    /// As the device prints it.
    pub fn render(&self) -> String {
        let mark = match self.trust {
            Trust::Authoritative => "",
            Trust::OutOfStep => ".",
            Trust::NotSet => "*",
        };
        let c = &self.civil;
        format!(
            "{mark}{:02}:{:02}:{:02}.{:03} {} {} {} {} {}\n",
            c.hour,
            c.minute,
            c.second,
            self.millis,
            self.zone,
            c.day_name(),
            c.month_name(),
            c.day,
            c.year
        )
    }

    /// `show clock detail`
    pub fn detail(&self, source: Source) -> String {
        format!("{}{}\n", self.render(), source.text())
    }

    /// What is logged when `clock set` takes it from `before`.
    pub fn updated(&self, before: &Clock, by: &str) -> String {
        let (was, is) = (before.moment(), self.moment());
        format!(
            "%SYS-6-CLOCKUPDATE: System clock has been updated from {was} to {is}, configured from console by {by}."
        )
    }

    /// `10:00:00 UTC Fri Nov 27 2026`
    fn moment(&self) -> String {
        let c = &self.civil;
        let (day, month) = (c.day_name(), c.month_name());
        format!(
            "{:02}:{:02}:{:02} {} {day} {month} {} {}",
            c.hour, c.minute, c.second, self.zone, c.day, c.year
        )
    }

    /// What `terminal exec prompt timestamp` puts before an output, with its blank line.
    pub fn preamble(&self, load: Cpu, source: Source) -> String {
        let source = source.text();
        format!(
            "Load for five secs: {}%/{}%; one minute: {}%; five minutes: {}%\n{source}, {}\n",
            load.five_seconds,
            load.interrupts,
            load.minute,
            load.five_minutes,
            self.render()
        )
    }

    /// Reads the last line that is a clock: with `terminal exec prompt timestamp` others stand before it.
    pub fn parse(text: &str) -> Result<Clock, Unread> {
        let line = text.lines().map(str::trim).rev().find(|l| !l.is_empty()).unwrap_or("");
        clock(line).ok_or_else(|| Unread::new("'hh:mm:ss.mmm ZONE Day Mon D YYYY'", line))
    }
}

fn clock(line: &str) -> Option<Clock> {
    let (trust, rest) = match line.split_at_checked(1)? {
        (".", rest) => (Trust::OutOfStep, rest),
        ("*", rest) => (Trust::NotSet, rest),
        _ => (Trust::Authoritative, line),
    };
    let mut words = rest.split_ascii_whitespace();
    let (time, millis) = words.next()?.split_once('.')?;
    let zone = words.next()?.to_owned();
    let _day = words.next()?;
    let (month, day, year) = (words.next()?, words.next()?, words.next()?);
    let millis = millis.parse().ok().filter(|m| *m < 1000)?;
    Some(Clock { trust, civil: date(month, day, year, time)?, millis, zone })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_clocks_are_read_and_printed_alike() {
        let lost = include_str!("../../tests/data/show_clock_lost.txt");
        let clock = Clock::parse(lost).expect("a clock");
        assert_eq!((clock.trust, clock.render().as_str()), (Trust::OutOfStep, lost));
        let load = include_str!("../../tests/data/show_clock_load.txt");
        let clock = Clock::parse(load).expect("a clock");
        assert_eq!(clock.render(), "18:56:04.554 EST Mon Oct 17 2016\n");
        let busy = Cpu { five_seconds: 1, interrupts: 0, minute: 2, five_minutes: 3 };
        let ours = clock.preamble(busy, Source::Ntp) + &clock.render();
        assert_eq!(ours.trim(), load.split_once('\n').expect("the command").1.trim());
    }

    #[test]
    fn a_clock_that_was_set_says_by_whom() {
        let clock = |text| Clock::parse(text).expect("a clock");
        let before = clock("*10:54:48.123 UTC Fri Nov 27 2026");
        let after = clock("10:00:00.000 UTC Sat Nov 28 2026");
        assert_eq!(before.detail(Source::None), "*10:54:48.123 UTC Fri Nov 27 2026\nNo time source\n");
        assert_eq!(
            after.detail(Source::User),
            "10:00:00.000 UTC Sat Nov 28 2026\nTime source is user configuration\n"
        );
        assert_eq!(
            after.updated(&before, "console"),
            "%SYS-6-CLOCKUPDATE: System clock has been updated from 10:54:48 UTC Fri Nov 27 2026 to \
             10:00:00 UTC Sat Nov 28 2026, configured from console by console."
        );
    }

    #[test]
    fn what_is_no_time_is_said() {
        assert!(Clock::parse("25:00:00.000 UTC Mon Oct 19 2015").is_err());
        assert!(Clock::parse("").is_err());
        assert!(Clock::parse("é").is_err());
    }
}
