//! Runs and devices for people at a terminal.

use super::story::{Came, Change, Moment, Standing, Story, What};
use crate::figures::{clock, took};
use db::journal::{DeviceKept, RunKept, State};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// How many devices of a run are where.
pub fn totals(devices: &[DeviceKept]) -> BTreeMap<String, u64> {
    let mut totals = BTreeMap::new();
    for device in devices {
        let word = match &device.state {
            State::Waiting => "waiting",
            State::Claimed(_) => "at-work",
            State::Left => "left",
            State::Ended { outcome, .. } => outcome,
        };
        *totals.entry(word.to_owned()).or_default() += 1;
    }
    totals
}

/// `3 upgraded, 1 held, 2 waiting`.
pub fn counted(totals: &BTreeMap<String, u64>) -> String {
    match totals.is_empty() {
        true => String::from("no devices"),
        false => totals.iter().map(|(word, n)| format!("{n} {word}")).collect::<Vec<_>>().join(", "),
    }
}

/// A run on a line: `7  2026-11-27 18:02:11  new.bin  3 upgraded, 1 held`.
pub fn run(run: &RunKept, totals: &BTreeMap<String, u64>) -> String {
    format!("{:>4}  {}  {}  {}\n", run.id, time(run.at), run.run.image, counted(totals))
}

/// What a run is about, for the head of what is told of it.
pub fn head(run: &RunKept, totals: &BTreeMap<String, u64>) -> String {
    let mut out = format!("run {} of {}: {}\n", run.id, time(run.at), counted(totals));
    let _ = writeln!(out, "{}, MD5 {}", run.run.image, run.run.md5);
    if let Some(at) = run.stop {
        let _ = writeln!(out, "asked to stop at {}", time(at));
    }
    out
}

/// Where a device is, on a line; `now` is milliseconds since 1970.
pub fn standing(story: &Story, run: i64, now: i64) -> String {
    let at = story.step().map(|(step, _)| step).unwrap_or("the beginning");
    let what = match &story.standing {
        Standing::Waiting => String::from("waiting"),
        Standing::AtWork { by } => {
            let since = story.step().map(|(_, since)| since).or(story.times.map(|(first, _)| first));
            let since = since.map_or(0, |since| now.saturating_sub(since));
            let since = Duration::from_millis(u64::try_from(since).unwrap_or_default());
            format!("at work   {at}, for {}; {by}", clock(since))
        }
        Standing::Left => format!("left      at {at}; 'towline upgrade resume {run}' goes on"),
        Standing::Ended { outcome, why } => {
            let from_to = match (&story.before, &story.after) {
                (Some(before), Some(after)) if before.version != after.version => {
                    format!("{} to {}, ", before.version, after.version)
                }
                (Some(_) | None, _) => String::new(),
            };
            let why = if why.is_empty() { String::new() } else { format!("; {why}") };
            format!("{outcome:<9} {from_to}{}{why}", took(story.took()))
        }
    };
    plain(&format!("{}: {what}", name(story))) + "\n"
}

/// What devices said, as our terminal may see it.
fn plain(text: &str) -> String {
    crate::ladder::printable(text.as_bytes())
}

/// All of a device.
pub fn story(story: &Story, run: i64, now: i64) -> String {
    let mut out = format!("\n{}", standing(story, run, now));
    if let Some(serial) = &story.serial {
        let _ = writeln!(out, "  serial number {}", plain(serial));
    }
    for (when, ran) in [("before", &story.before), ("after", &story.after)] {
        if let Some(ran) = ran {
            let _ = writeln!(out, "  {when:<6} {} from {}", plain(&ran.version), plain(&ran.image));
            let _ = writeln!(out, "         boots {}", plain(&boots(&ran.boot)));
        }
    }
    for watched in story.watched() {
        let _ = writeln!(out, "  has    {}", plain(&watched.line()));
    }
    if let Some(md5) = &story.md5 {
        let _ = writeln!(out, "  the device made the MD5 {md5}");
    }
    for moment in &story.moments {
        let _ = writeln!(out, "  {}  {}", time(moment.at), plain(&line(moment)));
    }
    match &story.configuration {
        None => {}
        Some(change) if change.lines.is_empty() => out.push_str("  the configuration is as it was\n"),
        Some(change) => {
            let lines = change.lines.trim_end();
            let _ = writeln!(out, "  the configuration: {}\n{lines}", counts(change));
        }
    }
    for strange in &story.strange {
        let _ = writeln!(out, "  not understood: {}", plain(strange));
    }
    out
}

/// `R1 (admin@10.0.0.2)`.
pub fn name(story: &Story) -> String {
    match story.hostname.is_empty() {
        true => story.device.clone(),
        false => format!("{} ({})", story.hostname, story.device),
    }
}

/// `1 line came, 2 went`.
pub fn counts(change: &Change) -> String {
    let lines = if change.added == 1 { "line" } else { "lines" };
    format!("{} {lines} came, {} went", change.added, change.removed)
}

/// What a device boots, on a line.
pub fn boots(images: &[String]) -> String {
    if images.is_empty() { String::from("what it finds") } else { images.join(", then ") }
}

/// What is at a time, on a line.
pub fn line(moment: &Moment) -> String {
    match &moment.what {
        What::Deed { step, what, took: time, came } => {
            let time = time.map_or_else(|| String::from("-"), took);
            let came = match came {
                Came::Done => String::new(),
                Came::Failed(why) => format!(": FAILED: {why}"),
                Came::UnderWay => String::from(": under way"),
                Came::Unknown => String::from(": nobody knows what came of it"),
            };
            format!("{step:<10} {time:>8}  {what}{came}")
        }
        What::TurnedBack(why) => format!("put back from here on: {why}"),
        What::Resumed => String::from("gone on with from here"),
        What::Note(text) => text.clone(),
    }
}

/// As clocks here show it.
pub fn time(at: i64) -> String {
    match jiff::Timestamp::from_millisecond(at) {
        Ok(at) => {
            at.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
        }
        Err(_) => at.to_string(),
    }
}
