//! The `archive` block.

use super::{Complaint, Config};

/// What the `archive` block of a configuration says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Archive {
    /// `path`: where archived configurations go, and how their names begin.
    pub path: String,
    /// `maximum`: how many are kept.
    pub maximum: u8,
    /// `write-memory`: `write memory` archives one, too.
    pub write_memory: bool,
}

/// Words that begin a line of the block, and whether a value follows.
const OWN: &[(&str, bool)] =
    &[("path", true), ("maximum", true), ("time-period", true), ("write-memory", false)];
/// The same in the mode inside it, `log config`.
const LOG: &[&str] = &["logging", "notify", "hidekeys", "record"];

impl Config {
    /// What is archived where; `None`: archiving is not enabled.
    pub fn archive(&self) -> Option<Archive> {
        let block = self.blocks.iter().find(|b| b.head == "archive")?;
        let value = |word: &str| block.body.iter().find_map(|l| l.strip_prefix(word)?.strip_prefix(' '));
        Some(Archive {
            path: value("path")?.to_owned(),
            maximum: value("maximum").and_then(|n| n.parse().ok()).unwrap_or(10),
            write_memory: block.body.iter().any(|l| l == "write-memory"),
        })
    }
}

/// Takes a line of the block; `None`: it is none of it.
pub(super) fn line(body: &mut Vec<String>, no: bool, words: &[&str]) -> Result<Option<()>, Complaint> {
    let Some((first, rest)) = words.split_first() else { return Ok(None) };
    if LOG.contains(first) {
        // One deeper: they belong to `log config`.
        let text = format!(" {}", words.join(" "));
        body.retain(|l| *l != text);
        if !no {
            body.push(text);
        }
        return Ok(Some(()));
    }
    let mut fit = OWN.iter().filter(|(word, _)| word.starts_with(first));
    let (Some((word, has_value)), None) = (fit.next(), fit.next()) else { return Ok(None) };
    let begins = |l: &String| l.split(' ').next() == Some(word);
    if no {
        body.retain(|l| !begins(l));
        return Ok(Some(()));
    }
    let text = match (has_value, rest) {
        (true, []) => return Err(Complaint::Incomplete),
        (true, [value]) => format!("{word} {value}"),
        (false, []) => (*word).to_owned(),
        (true | false, _) => return Err(Complaint::Invalid),
    };
    let within = |range: std::ops::RangeInclusive<u32>| {
        rest.first().and_then(|n| n.parse().ok()).is_some_and(|n| range.contains(&n))
    };
    if (*word == "maximum" && !within(1..=14)) || (*word == "time-period" && !within(1..=525_600)) {
        return Err(Complaint::Invalid);
    }
    body.retain(|l| !begins(l));
    body.push(text);
    Ok(Some(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::C2911;

    fn of(body: &str) -> Config {
        let mut config = Config::new(&C2911);
        let refused = config.merge(&C2911, &format!("archive\n{body}end\n"));
        assert!(refused.is_empty(), "{refused:?}");
        config
    }

    #[test]
    fn the_block_is_read_abbreviated_and_its_last_values_count() {
        let config =
            of(" path flash:a\n max 5\n path flash:b\n write\n log config\n  logging enable\n  hidekeys\n");
        let archive = Archive { path: "flash:b".into(), maximum: 5, write_memory: true };
        assert_eq!(config.archive(), Some(archive));
        let text = config.render("15.1");
        let block = "archive\n maximum 5\n path flash:b\n write-memory\n log config\n  logging enable\n  hidekeys\n!\n";
        assert!(text.contains(block), "{text}");
        assert_eq!(of(" path flash:a\n no path\n").archive(), None);
        assert_eq!(Config::new(&C2911).archive(), None);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let mut config = Config::new(&C2911);
        for body in [" path", " maximum 15", " maximum x", " write-memory now", " time-period 0"] {
            let refused = config.merge(&C2911, &format!("archive\n{body}\nend\n"));
            assert_eq!(refused.len(), 1, "{body}");
        }
    }
}
