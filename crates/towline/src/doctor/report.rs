//! A report for people, line by line.

use super::{Facts, Found, Report, Target, milliseconds};
use crate::exit::{Exit, Failure};
use crate::figures::{grouped, octets, took};
use std::time::Duration;

/// Files for which a time is told where the file's own length is not known.
const EXAMPLE: u64 = 100 << 20;

impl Report {
    /// What was measured and found, as lines.
    pub fn lines(&self, target: &Target, elapsed: Duration) -> Vec<String> {
        let mut lines = facts(&self.facts, target);
        lines.extend(findings(&self.found));
        let wrong = self.found.iter().filter(|f| f.exit() != Exit::Done).count();
        let verdict = if wrong == 0 { "nothing wrong" } else { "something is wrong" };
        lines.push(format!("{verdict} ({} requests, {})", self.requests, took(elapsed)));
        lines
    }

    /// The gravest finding as the command's failure; nothing where nothing is wrong.
    pub fn failure(&self, url: &str) -> Option<Failure> {
        failure(&self.found, url)
    }
}

/// The gravest finding as the command's failure.
pub(crate) fn failure(found: &[Found], thing: &str) -> Option<Failure> {
    let first = found.iter().find(|f| f.exit() != Exit::Done)?;
    Some(Failure::new(first.exit(), thing, &first.words, "what to set is said with the finding"))
}

/// Two lines for each finding.
pub(crate) fn findings(found: &[Found]) -> Vec<String> {
    found
        .iter()
        .flat_map(|f| {
            let head = if f.exit() == Exit::Done { "note " } else { "WRONG" };
            [format!("{head} {}: {}", f.id.row().name, f.words), format!("      {}", f.remedy)]
        })
        .collect()
}

fn facts(facts: &Facts, target: &Target) -> Vec<String> {
    let mut lines = Vec::new();
    if facts.answers {
        // Of a request that went out twice nobody knows which was answered.
        let after = facts.answered.map(|d| format!(" after {}", milliseconds(d))).unwrap_or_default();
        let size = facts.octets.map(|n| format!("; the file has {} octets", grouped(n))).unwrap_or_default();
        lines.push(format!("{} answers{after}{size}", target.server));
    }
    if !facts.options.is_empty() {
        let each: Vec<_> = facts.options.iter().map(|(option, word)| format!("{option} {word}")).collect();
        lines.push(format!("options, each by itself: {}", each.join(", ")));
    }
    match facts.largest {
        Some(largest) => lines.push(format!("blocks of up to {} octets arrive", grouped(largest.into()))),
        None if !facts.speeds.is_empty() && facts.octets.is_some_and(|n| n < 1_024) => {
            lines.push(String::from("the file is too short to try larger blocks than 512 octets"));
        }
        None => {}
    }
    // The contrary is a finding.
    if facts.apprentice == Some(false) {
        lines.push(String::from("repeated ACKs bring no block again"));
    }
    for speed in &facts.speeds {
        let rate = speed.rate.max(1.0);
        let whole = facts.octets.unwrap_or(EXAMPLE);
        let what = if facts.octets.is_some() { "the file" } else { "100 MiB" };
        lines.push(format!(
            "window {}, blocks of {}: {}/s, {what} in {}",
            speed.window,
            speed.blksize,
            octets(rate as u64),
            took(Duration::from_secs_f64(whole as f64 / rate)),
        ));
    }
    if let Some(rtt) = facts.round_trip {
        let (lost, of) = facts.packets.unwrap_or_default();
        lines.push(format!("round trip {}; {lost} of {of} packets lost", milliseconds(rtt)));
    }
    lines
}
