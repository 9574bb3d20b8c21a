//! `show logging`

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

/// What was logged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Logging {
    /// Octets of the buffer.
    pub size: u32,
    /// What is in it, each as on the console.
    pub messages: Vec<String>,
}

impl Logging {
    /// As the device prints it.
    pub fn render(&self) -> String {
        let count = self.messages.len();
        let to = |where_: &str, count| {
            format!(
                "    {where_:<16} level debugging, {count} messages logged, xml disabled,\n                     filtering disabled\n"
            )
        };
        let mut out = format!(
            "{HEAD}{}{}{}    Exception Logging: size (4096 bytes)\n    Count and timestamp logging messages: disabled\n    \
             Persistent logging: disabled\n\nNo active filter modules.\n\n    \
             Trap logging: level informational, {count} message lines logged\n        \
             Logging Source-Interface:       VRF Name:\n\n{BUFFER}{} bytes):\n\n",
            to("Console logging:", count),
            to("Monitor logging:", 0),
            to("Buffer logging:", count),
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
        let messages = rest.lines().skip(1).filter(|l| !l.trim().is_empty()).map(str::to_owned);
        Ok(Logging { size, messages: messages.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_logged_is_read_back() {
        for number in [0, 1, 3] {
            let messages =
                (0..number).map(|n| format!("*Nov 27 12:00:0{n}.000: %SYS-5-CONFIG_I: Configured"));
            let logging = Logging { size: 8_192, messages: messages.collect() };
            assert_eq!(Logging::parse(&logging.render()), Ok(logging));
        }
        assert!(Logging::parse("Syslog logging: enabled").is_err());
    }
}
