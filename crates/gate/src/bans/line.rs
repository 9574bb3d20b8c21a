//! A ban as a line of the journal: `ban NET UNTIL BY REASON` or `lift NET`.

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
}

impl Line {
    pub(super) fn write(&self) -> String {
        match self {
            Line::Set(Ban { net, until, by, reason }) => {
                let until = until.map_or_else(|| String::from("forever"), |at| super::unix(at).to_string());
                let by = match by {
                    By::Itself => String::from("itself"),
                    By::Operator(None) => String::from("operator"),
                    By::Operator(Some(uid)) => format!("uid={uid}"),
                };
                // One line, and not without end: the reason is a person's.
                let words: Vec<&str> = reason.split_whitespace().collect();
                let reason: String = words.join(" ").chars().take(500).collect();
                format!("ban {net} {until} {by} {reason}")
            }
            Line::Lifted(net) => format!("lift {net}"),
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
                let by = match words.next()? {
                    "itself" => By::Itself,
                    "operator" => By::Operator(None),
                    uid => By::Operator(Some(uid.strip_prefix("uid=")?.parse().ok()?)),
                };
                Some(Line::Set(Ban { net, until, by, reason: words.next().unwrap_or("").to_owned() }))
            }
            "lift" => Some(Line::Lifted(rest.parse().ok()?)),
            _ => None,
        }
    }
}
