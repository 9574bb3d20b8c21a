//! `show archive`, `show archive config rollback timer`, `configure replace`.

use super::{Unread, between};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// `show archive` where no `path` is configured.
pub const NOT_ENABLED: &str = " Archive feature not enabled\n";
/// A rollback on an error where no `path` is configured.
pub const TURN_ON: &str = "%Please turn config archive on\n";
/// A rollback at a time where no `path` is configured.
pub const TURN_ON_FIRST: &str = "%Turn config archive on before using Rollback Confirmed Change\n";
/// Nothing to confirm, to revert or to show.
pub const NOTHING_PENDING: &str = "%No Rollback Confirmed Change pending\n";
/// The question of `configure replace`.
pub const REPLACE: &str = "This will apply all necessary additions and deletions\n\
                           to replace the current running configuration with the\n\
                           contents of the specified configuration file, which is\n\
                           assumed to be a complete configuration, not a partial\n\
                           configuration. Enter Y if you are sure you want to proceed. ?";
/// The question of `no username`; `[confirm]` follows.
pub const REMOVE_USER: &str =
    "This operation will remove all username related configurations with same name.Do you want to continue? ";
/// What has no lines of a configuration.
pub const NOT_A_CONFIG: &str = "%The input file is not a valid config file.\n";
/// Behind commands that failed, where the old configuration is to come back then.
pub const RESTORED: &str = "The original configuration has been successfully restored.\n";

/// The last lines of `configure replace`.
pub fn replaced(passes: u8) -> String {
    format!("\nTotal number of passes: {passes}\nRollback Done\n\n")
}

/// The same with commands that failed.
pub fn failed(lines: &[String]) -> String {
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    format!(
        "\nRollback aborted after 5 passes\nThe following commands are failed to apply to the IOS image.\n\
         ********\n{lines}********\n\n"
    )
}

/// What stands before a change that is to be confirmed.
pub fn backing_up(file: &str) -> String {
    format!("Rollback Confirmed Change: Backing up current running config to {file}\n\n")
}

/// A change that nobody has confirmed goes back.
pub fn rolling_to(file: &str) -> String {
    format!("Rollback Confirmed Change: rolling to:{file}\n")
}

/// `show archive`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Archive {
    /// How many are kept.
    pub maximum: u8,
    /// Those there are, the oldest first.
    pub saved: Vec<String>,
    /// The next one's name, but for its time.
    pub next: String,
}

impl Archive {
    /// As the device prints it.
    pub fn render(&self) -> String {
        let mut out = format!(
            "The maximum archive configurations allowed is {}.\n\
             There are currently {} archive configurations saved.\n\
             The next archive file will be named {}\n Archive #  Name\n",
            self.maximum,
            self.saved.len(),
            self.next
        );
        for n in 0..usize::from(self.maximum) {
            let name = self.saved.get(n).map_or("", String::as_str);
            let last = if n + 1 == self.saved.len() { " <- Most Recent" } else { "" };
            out.push_str(&format!("   {:<8} {name}{last}\n", n + 1));
        }
        out
    }

    /// Reads it.
    pub fn parse(text: &str) -> Result<Archive, Unread> {
        let line = |head: &'static str| {
            text.lines().find_map(|l| l.trim().strip_prefix(head)).ok_or_else(|| Unread::new(head, ""))
        };
        let maximum = line("The maximum archive configurations allowed is ")?;
        let maximum = maximum.trim_end_matches('.').parse().map_err(|_| Unread::new("a number", maximum))?;
        let next = line("The next archive file will be named ")?.to_owned();
        let rows = text.lines().skip_while(|l| !l.trim().starts_with("Archive #")).skip(1);
        let saved = rows.filter_map(|l| {
            let (_, name) = l.trim().split_once(' ')?;
            Some(name.trim().trim_end_matches(" <- Most Recent").to_owned())
        });
        Ok(Archive { maximum, saved: saved.filter(|name| !name.is_empty()).collect(), next })
    }
}

/// `show archive config rollback timer`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RollbackTimer {
    /// `22:50:48 UTC Sat Feb 21 2009`
    pub configured: String,
    /// Minutes from then.
    pub minutes: u64,
    /// Who.
    pub user: String,
}

impl RollbackTimer {
    /// As the device prints it.
    pub fn render(&self) -> String {
        format!(
            "Time configured(or reconfigured): {}\nTimer type: absolute timer\nTimer value: {} min\nUser: {}\n",
            self.configured, self.minutes, self.user
        )
    }

    /// Reads it; `None`: nothing is pending.
    pub fn parse(text: &str) -> Result<Option<RollbackTimer>, Unread> {
        if text.contains(NOTHING_PENDING.trim_end()) {
            return Ok(None);
        }
        let line = |head: &'static str, end: &str| {
            text.lines()
                .find_map(|l| between(&format!("{l}\n"), head, end).map(str::to_owned))
                .ok_or_else(|| Unread::new(head, text))
        };
        let minutes = line("Timer value: ", " min")?;
        Ok(Some(RollbackTimer {
            configured: line("Time configured(or reconfigured): ", "\n")?,
            minutes: minutes.parse().map_err(|_| Unread::new("a number", &minutes))?,
            user: line("User: ", "\n")?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_read_back() {
        let name = |n: u8| format!("flash:arch-Nov-27-12-20-30.123-{n}");
        for number in [0, 1, 3] {
            let saved = (0..number).map(name).collect();
            let archive = Archive { maximum: 3, saved, next: "flash:arch-<timestamp>-3".into() };
            assert_eq!(Archive::parse(&archive.render()), Ok(archive));
        }
        assert!(Archive::parse(NOT_ENABLED).is_err());
    }

    #[test]
    fn the_archive_of_a_real_device() {
        let text = include_str!("../../tests/data/show_archive.txt");
        let archive = Archive::parse(text).expect("an archive");
        assert_eq!((archive.maximum, archive.saved.len()), (10, 1));
        assert!(archive.saved[0].ends_with("-Sep-27-15-04-18.414-PDT-0"), "{archive:?}");
        // Its file has lost the indentation.
        let plain = |text: &str| -> Vec<String> {
            text.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
        };
        let (ours, theirs) = (archive.render(), plain(text));
        assert_eq!(plain(&ours)[..5], theirs[..5]);
    }

    #[test]
    fn a_timer_is_read_back() {
        let timer = RollbackTimer {
            configured: "22:50:48 UTC Sat Feb 21 2009".into(),
            minutes: 2,
            user: "console".into(),
        };
        assert_eq!(RollbackTimer::parse(&timer.render()), Ok(Some(timer)));
        assert_eq!(RollbackTimer::parse(NOTHING_PENDING), Ok(None));
        assert!(RollbackTimer::parse("User: x\n").is_err());
    }
}
