//! System messages and how severe they are; `show logging`.

use super::{Unread, between};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

const HEAD: &str = "Syslog logging: enabled (0 messages dropped, 0 messages rate-limited, 0 flushes, 0 overruns, xml disabled, filtering disabled)

No Active Message Discriminator.



No Inactive Message Discriminator.


";
const BUFFER: &str = "Log Buffer (";

/// The level of what has none of its own: what `debug` tells.
pub const DEBUGGING: u8 = 7;

/// Names of the levels, 0 to 7: the lower, the more severe.
pub const LEVELS: [&str; 8] = [
    "emergencies",
    "alerts",
    "critical",
    "errors",
    "warnings",
    "notifications",
    "informational",
    "debugging",
];

/// The level that a word names: `warnings`, `4`.
pub fn level(word: &str) -> Option<u8> {
    let named = LEVELS.iter().position(|name| *name == word).and_then(|at| u8::try_from(at).ok());
    named.or_else(|| word.parse().ok().filter(|level| *level <= DEBUGGING))
}

/// How severe a message is: 5 of `*Nov 27 12:00:00.000: %SYS-5-CONFIG_I: …`.
pub fn severity(message: &str) -> u8 {
    let named = || {
        let (_, mnemonic) = message.split_once('%')?;
        let (mnemonic, _) = mnemonic.split_once(": ")?;
        // The facility may have a hyphen, and what is behind the level none.
        let level = mnemonic.rsplit('-').nth(1)?.parse().ok()?;
        (level <= DEBUGGING && !mnemonic.contains(' ')).then_some(level)
    };
    named().unwrap_or(DEBUGGING)
}

/// What was logged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Logging {
    /// What the console shows: up to this level; `None`: nothing.
    pub console: Option<u8>,
    /// What lines show after `terminal monitor`.
    pub monitor: Option<u8>,
    /// Octets of the buffer.
    pub size: u32,
    /// What is in it, each as on the console.
    pub messages: Vec<String>,
}

impl Logging {
    /// As the device prints it.
    pub fn render(&self) -> String {
        let count = self.messages.len();
        let up_to = |most| self.messages.iter().filter(|message| severity(message) <= most).count();
        let to = |where_: &str, level: Option<u8>, count| match level {
            None => format!("    {where_:<16} disabled\n"),
            Some(level) => format!(
                "    {where_:<16} level {}, {count} messages logged, xml disabled,\n                     filtering disabled\n",
                LEVELS[usize::from(level.min(DEBUGGING))]
            ),
        };
        let mut out = format!(
            "{HEAD}{}{}{}    Exception Logging: size (4096 bytes)\n    Count and timestamp logging messages: disabled\n    \
             Persistent logging: disabled\n\nNo active filter modules.\n\n    \
             Trap logging: level informational, {count} message lines logged\n        \
             Logging Source-Interface:       VRF Name:\n\n{BUFFER}{} bytes):\n\n",
            to("Console logging:", self.console, self.console.map_or(0, up_to)),
            to("Monitor logging:", self.monitor, 0),
            to("Buffer logging:", Some(DEBUGGING), count),
            self.size
        );
        for message in &self.messages {
            out.push_str(message);
            out.push('\n');
        }
        out
    }

    /// Reads it.
    pub fn parse(text: &str) -> Result<Logging, Unread> {
        let (_, rest) = text.split_once(BUFFER).ok_or_else(|| Unread::new("'Log Buffer (N bytes):'", ""))?;
        let head = format!("{BUFFER}{rest}");
        let size = between(&head, BUFFER, " bytes)").and_then(|n| n.parse().ok());
        let size = size.ok_or_else(|| Unread::new("the buffer's size", rest))?;
        let of = |where_: &str| {
            let line = text.lines().find_map(|line| line.trim_start().strip_prefix(where_));
            let line = line.ok_or_else(|| Unread::new("'Console logging:' and 'Monitor logging:'", text))?;
            match between(line, "level ", ",") {
                None if line.trim() == "disabled" => Ok(None),
                None => Err(Unread::new("'disabled' or a level", line)),
                Some(word) => level(word).map(Some).ok_or_else(|| Unread::new("a level's name", word)),
            }
        };
        let (console, monitor) = (of("Console logging:")?, of("Monitor logging:")?);
        let messages = rest.lines().skip(1).filter(|l| !l.trim().is_empty()).map(str::to_owned);
        Ok(Logging { console, monitor, size, messages: messages.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_logged_is_read_back() {
        for (number, console, monitor) in [(0, Some(7), Some(7)), (1, None, Some(0)), (3, Some(4), None)] {
            let messages =
                (0..number).map(|n| format!("*Nov 27 12:00:0{n}.000: %SYS-{}-CONFIG_I: Configured", n + 3));
            let logging = Logging { console, monitor, size: 8_192, messages: messages.collect() };
            assert_eq!(Logging::parse(&logging.render()), Ok(logging));
        }
        let two = ["%LINK-3-UPDOWN: up", "%SYS-5-CONFIG_I: done", "TFTP: told"];
        let messages = two.map(|text| format!("*Nov 27 12:00:00.000: {text}")).to_vec();
        let text = Logging { console: Some(4), monitor: None, size: 4_096, messages }.render();
        assert!(
            text.contains("    Console logging: level warnings, 1 messages logged, xml disabled,\n"),
            "{text}"
        );
        assert!(text.contains("\n    Monitor logging: disabled\n"), "{text}");
        assert!(Logging::parse("Syslog logging: enabled").is_err());
    }

    #[test]
    fn a_message_says_how_severe_it_is() {
        for (message, is) in [
            ("*Nov 27 12:00:00.000: %SYS-5-CONFIG_I: Configured from console by console", 5),
            ("Nov 27 12:00:00.000: %LINK-3-UPDOWN: Interface Vlan1, changed state to up", 3),
            (
                "*Nov 27 12:00:00.000: %INSTALL-5-INSTALL_START_INFO: Switch 1 R0/0: install_engine: Started",
                5,
            ),
            ("%CRYPTO-ENGINE-0-BURNT: gone", 0),
            ("*Nov 27 12:00:00.000: TFTP: Timed out", 7),
            ("*Nov 27 12:00:00.000: 100 % - 5 - of it: done", 7),
            ("%SYS-9-ODD: out of bounds", 7),
            ("", 7),
        ] {
            assert_eq!(severity(message), is, "{message}");
        }
        assert_eq!([level("alerts"), level("4"), level("8"), level("warn")], [Some(1), Some(4), None, None]);
    }
}
