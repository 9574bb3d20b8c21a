//! `ping`

use super::{Unread, between};
use alloc::format;
use alloc::string::String;
use core::net::Ipv4Addr;

/// What stands before the marks; `sizes` are octets, the least and the greatest.
pub fn header(target: Ipv4Addr, count: u32, sizes: (u32, u32), timeout_secs: u32) -> String {
    let size = match sizes {
        (least, greatest) if least == greatest => format!("{least}"),
        (least, greatest) => format!("[{least}..{greatest}]"),
    };
    format!(
        "Type escape sequence to abort.\nSending {count}, {size}-byte ICMP Echos to {target}, timeout is {timeout_secs} seconds:\n"
    )
}

/// Behind it, where a source was told.
pub fn sent_from(source: Ipv4Addr) -> String {
    format!("Packet sent with a source address of {source} \n")
}

/// Likewise, where nobody may take a packet apart.
pub const WHOLE: &str = "Packet sent with the DF bit set\n";

/// What the extended commands ask besides the source, with what Enter means; none of it changes an answer here but the second.
pub const EXTENDED: [&str; 5] = [
    "Type of service [0]: ",
    "Set DF bit in IP header? [no]: ",
    "Validate reply data? [no]: ",
    "Data pattern [0xABCD]: ",
    "Loose, Strict, Record, Timestamp, Verbose[none]: ",
];

/// Of a source that this device has not, or that is down.
pub const BAD_SOURCE: &str = "% Invalid source address- IP address not on any of our up interfaces\n";

/// The last line: `Success rate is 80 percent (4/5), round-trip min/avg/max = 1/1/4 ms`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// Answers.
    pub received: u32,
    /// Questions.
    pub sent: u32,
    /// Least, mean and greatest, in ms; `None` without answers.
    pub times: Option<(u32, u32, u32)>,
}

impl Rate {
    /// As the device prints it, from the line end behind the marks on.
    pub fn render(&self) -> String {
        let percent = u64::from(self.received) * 100 / u64::from(self.sent.max(1));
        let mut out = format!("\nSuccess rate is {percent} percent ({}/{})", self.received, self.sent);
        if let Some((min, avg, max)) = self.times {
            out.push_str(&format!(", round-trip min/avg/max = {min}/{avg}/{max} ms"));
        }
        out.push('\n');
        out
    }

    /// Finds it in what the device printed.
    pub fn parse(text: &str) -> Result<Rate, Unread> {
        let line = text.lines().find(|l| l.trim_start().starts_with("Success rate is"));
        let bad = || Unread::new("'Success rate is N percent (R/S)…'", line.unwrap_or(""));
        rate(line.ok_or_else(bad)?).ok_or_else(bad)
    }
}

fn rate(line: &str) -> Option<Rate> {
    let (received, sent) = between(line, "(", ")")?.split_once('/')?;
    let times = match between(line, "min/avg/max = ", " ms") {
        None => None,
        Some(times) => {
            let mut numbers = times.split('/').map(|n| n.parse().ok());
            Some((numbers.next()??, numbers.next()??, numbers.next()??))
        }
    };
    Some(Rate { received: received.parse().ok()?, sent: sent.parse().ok()?, times })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ping_to_a_neighbour() {
        let rate = Rate { received: 4, sent: 5, times: Some((1, 1, 4)) };
        let text = header(Ipv4Addr::new(10, 0, 0, 1), 5, (100, 100), 2) + ".!!!!" + &rate.render();
        assert_eq!(
            text,
            "Type escape sequence to abort.
Sending 5, 100-byte ICMP Echos to 10.0.0.1, timeout is 2 seconds:
.!!!!
Success rate is 80 percent (4/5), round-trip min/avg/max = 1/1/4 ms
"
        );
        assert_eq!(Rate::parse(&text), Ok(rate));
    }

    #[test]
    fn nobody_answers() {
        let rate = Rate { received: 0, sent: 5, times: None };
        assert_eq!(rate.render(), "\nSuccess rate is 0 percent (0/5)\n");
        assert_eq!(Rate::parse(&rate.render()), Ok(rate));
    }
}
