//! Texts that a directory puts in the place of `show` commands: what a device is to say that the emulated
//! one cannot know, or says otherwise.
//!
//! A file answers the command it is named after: the line's words, lower case, joined by `_`, with `_` for
//! whatever is no letter, digit, `.` or `-`, and `.txt` behind. `show inventory raw` is `show_inventory_raw.txt`,
//! `show interfaces g0/1` `show_interfaces_g0_1.txt`. Of a command the device has, keywords are spelled out
//! and values come last, so that `sh ver` finds `show_version.txt`. Where there is no file the device answers
//! itself, and a command that needs a higher privilege is refused all the same.

use super::exec::Exec;
use super::table::Id;
use ios_cli::pager::Filter;
use ios_cli::{Arg, Match};
use std::path::Path;

/// No more of a file is shown.
const MOST: usize = 1 << 20;

impl Exec<'_> {
    /// The text in the place of a command that the device has.
    pub(super) fn overlaid(&self, found: &Match<Id>) -> Option<String> {
        let dir = self.tty.device.config.overlay.as_deref()?;
        let values = found.args.iter().map(|(_, value)| match value {
            Arg::Text(text) => text.clone(),
            Arg::Number(n) => n.to_string(),
            Arg::Addr(a) => a.to_string(),
            Arg::Interface(i) => i.to_string(),
        });
        let words: Vec<String> = found.words.iter().map(|w| (*w).to_owned()).chain(values).collect();
        read(dir, &words)
    }

    /// The text in the place of a command that the device does not have, with what is to be filtered out.
    pub(super) fn overlaid_line(&self, line: &str) -> Option<(String, Option<Filter>)> {
        let dir = self.tty.device.config.overlay.as_deref()?;
        let (command, filter) = match line.split_once('|') {
            Some((command, filter)) => (command, Some(Filter::parse(filter).ok()?)),
            None => (line, None),
        };
        let mut words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        if self.mode.is_config() {
            words = words.strip_prefix(&["do".to_owned()])?.to_vec();
        }
        Some((read(dir, &words)?, filter))
    }
}

/// The file that answers these words, if they are a `show` command and there is one.
fn read(dir: &Path, words: &[String]) -> Option<String> {
    let mut octets = std::fs::read(dir.join(name(words)?)).ok()?;
    octets.truncate(MOST);
    let mut text = String::from_utf8_lossy(&octets).replace("\r\n", "\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Some(text)
}

fn name(words: &[String]) -> Option<String> {
    let (show, rest) = words.split_first()?;
    let show = show.to_ascii_lowercase();
    if show.len() < 2 || !"show".starts_with(&show) || rest.is_empty() {
        return None;
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '_' };
    let rest: String = rest.join("_").to_ascii_lowercase().chars().map(plain).collect();
    Some(format!("show_{rest}.txt"))
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_file_is_named_by_the_line() {
        let of = |line: &str| name(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(of("show inventory raw").as_deref(), Some("show_inventory_raw.txt"));
        assert_eq!(of("SH ip route 10.0.0.0").as_deref(), Some("show_ip_route_10.0.0.0.txt"));
        assert_eq!(of("show interfaces g0/1").as_deref(), Some("show_interfaces_g0_1.txt"));
        // Nothing leads out of the directory.
        assert_eq!(of("show ../../etc/passwd").as_deref(), Some("show_.._.._etc_passwd.txt"));
        for line in ["show", "s x", "shox x", "ping 10.0.0.1", ""] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
