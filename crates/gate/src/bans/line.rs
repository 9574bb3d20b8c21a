//! What happened as a line of the journal: `ban NET UNTIL BY REASON`, `lift NET` or `kick NET BY`.

use super::Ban;
use crate::Net;
use crate::audit::By;
use std::time::{Duration, UNIX_EPOCH};

/// What happened.
pub(super) enum Line {
    /// A ban was set.
    Set(Ban),
    /// One was lifted.
    Lifted(Net),
    /// Sessions from there were ended.
    Kicked(Net, By),
}

impl Line {
    pub(super) fn write(&self) -> String {
        match self {
            Line::Set(Ban { net, until, by, reason }) => {
                let until = until.map_or_else(|| String::from("forever"), |at| super::unix(at).to_string());
                let by = word(by);
                // One line, and not without end: the reason is a person's.
                let words: Vec<&str> = reason.split_whitespace().collect();
                let reason: String = words.join(" ").chars().take(500).collect();
                format!("ban {net} {until} {by} {reason}")
            }
            Line::Lifted(net) => format!("lift {net}"),
            Line::Kicked(net, by) => format!("kick {net} {}", word(by)),
        }
    }

    pub(super) fn read(text: &str) -> Option<Line> {
        let (verb, rest) = text.split_once(' ')?;
        match verb {
            "ban" => {
                let mut words = rest.splitn(4, ' ');
                let net = words.next()?.parse().ok()?;
                let until = match words.next()? {
                    "forever" => None,
                    seconds => Some(UNIX_EPOCH.checked_add(Duration::from_secs(seconds.parse().ok()?))?),
                };
                let by = by(words.next()?)?;
                Some(Line::Set(Ban { net, until, by, reason: words.next().unwrap_or("").to_owned() }))
            }
            "lift" => Some(Line::Lifted(rest.parse().ok()?)),
            "kick" => {
                let (net, word) = rest.split_once(' ')?;
                Some(Line::Kicked(net.parse().ok()?, by(word)?))
            }
            _ => None,
        }
    }
}

fn word(by: &By) -> String {
    match by {
        By::Itself => String::from("itself"),
        By::Operator(None) => String::from("operator"),
        By::Operator(Some(uid)) => format!("uid={uid}"),
    }
}

fn by(word: &str) -> Option<By> {
    match word {
        "itself" => Some(By::Itself),
        "operator" => Some(By::Operator(None)),
        uid => Some(By::Operator(Some(uid.strip_prefix("uid=")?.parse().ok()?))),
    }
}
