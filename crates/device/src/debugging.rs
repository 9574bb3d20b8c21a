//! `debug`: what the device tells of what happens to it, while it is on.

use crate::Device;
use std::sync::atomic::{AtomicU8, Ordering};
use transport::tap::{Dir, Sense, Sight, What};

/// What may be told of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Topic {
    TftpEvents,
    TftpPackets,
    Ftp,
    Icmp,
}

/// A topic, the head it is listed under, and its name.
type Listed = (Topic, &'static str, &'static str);

/// All of them, those under one head side by side.
pub(crate) const TOPICS: &[Listed] = &[
    (Topic::TftpEvents, "TFTP", "TFTP Event"),
    (Topic::TftpPackets, "TFTP", "TFTP Packet"),
    (Topic::Ftp, "FTP", "FTP transactions"),
    (Topic::Icmp, "Generic IP", "ICMP packet"),
];

impl Topic {
    fn bit(self) -> u8 {
        let at = TOPICS.iter().position(|(topic, ..)| *topic == self).expect("the table has every topic");
        1 << at
    }

    /// `ICMP packet debugging is on`
    pub(crate) fn said(self, on: bool) -> String {
        let (.., name) = TOPICS.iter().find(|(topic, ..)| *topic == self).expect("the table has every topic");
        format!("{name} debugging is {}\n", if on { "on" } else { "off" })
    }
}

/// Which topics are on: of the device, whoever said so.
#[derive(Debug, Default)]
pub(crate) struct Debugging(AtomicU8);

impl Debugging {
    pub(crate) fn set(&self, topic: Topic, on: bool) {
        match on {
            true => self.0.fetch_or(topic.bit(), Ordering::SeqCst),
            false => self.0.fetch_and(!topic.bit(), Ordering::SeqCst),
        };
    }

    pub(crate) fn set_all(&self, on: bool) {
        let all = TOPICS.iter().fold(0, |bits, (topic, ..)| bits | topic.bit());
        self.0.store(if on { all } else { 0 }, Ordering::SeqCst);
    }

    pub(crate) fn tells(&self, topic: Topic) -> bool {
        self.0.load(Ordering::SeqCst) & topic.bit() != 0
    }

    /// `show debugging`
    pub(crate) fn shown(&self) -> String {
        let mut out = String::new();
        let mut under = "";
        for (topic, head, _) in TOPICS.iter().filter(|(topic, ..)| self.tells(*topic)) {
            if *head != under {
                out.push_str(&format!("{head}:\n"));
                under = head;
            }
            out.push_str(&format!("  {}", topic.said(true)));
        }
        if out.is_empty() { "\n".into() } else { out + "\n" }
    }
}

impl Device {
    /// Tells of something that a copy saw.
    pub(crate) fn tell_of(&self, sight: &Sight<'_>) {
        let debugging = &self.debugging;
        let text = match &sight.what {
            What::Datagram { head, sense, .. } => match tftp(head, *sense, sight.dir, sight.flow) {
                Some((topic, text)) if debugging.tells(topic) => text,
                Some(_) | None => return,
            },
            What::TimedOut if debugging.tells(Topic::TftpEvents) => "TFTP: Timed out".into(),
            // The driver has masked passwords.
            What::Control(line) if debugging.tells(Topic::Ftp) => {
                let line = String::from_utf8_lossy(line);
                match sight.dir {
                    Dir::Sent => format!("FTP: ---> {line}"),
                    Dir::Received | Dir::Here => format!("FTP: {line}"),
                }
            }
            _ => return,
        };
        self.log(&text);
    }
}

/// A datagram in words (RFC 1350 §5), and the topic that it belongs to.
fn tftp(head: &[u8], sense: Sense, dir: Dir, flow: u64) -> Option<(Topic, String)> {
    let [a, b, c, d, ..] = *head else { return None };
    let number = u16::from_be_bytes([c, d]);
    let retry = match sense {
        Sense::Again(times) => times,
        Sense::First | Sense::Duplicate | Sense::Stale | Sense::Gap | Sense::Stray => 0,
    };
    let (topic, what) = match (u16::from_be_bytes([a, b]), dir) {
        (1, _) => (Topic::TftpEvents, format!("Sending read request (retry {retry})")),
        (2, _) => (Topic::TftpEvents, format!("Sending write request (retry {retry})")),
        (3, Dir::Sent) => (Topic::TftpPackets, format!("Sending block {number} (retry {retry})")),
        (3, _) => (Topic::TftpPackets, format!("Received Data block {number}")),
        (4, Dir::Sent) => (Topic::TftpPackets, format!("Sending ACK for block {number}")),
        (4, _) => (Topic::TftpPackets, format!("Received ACK for block {number}")),
        (5, Dir::Received) => (Topic::TftpEvents, format!("Received ERROR {number}")),
        _ => return None,
    };
    Some((topic, format!("TFTP: {what}, socket_id 0x{:08X}", 0x6000_0000 + (flow & 0xfff_ffff))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_are_told_in_words() {
        let said = |head: &[u8], sense, dir| tftp(head, sense, dir, 7);
        let is = |topic, text: &str| Some((topic, format!("TFTP: {text}, socket_id 0x60000007")));
        for (head, sense, dir, expected) in [
            (
                b"\0\x01x\0".as_slice(),
                Sense::Again(2),
                Dir::Sent,
                is(Topic::TftpEvents, "Sending read request (retry 2)"),
            ),
            (b"\0\x02xy", Sense::First, Dir::Sent, is(Topic::TftpEvents, "Sending write request (retry 0)")),
            (
                b"\0\x03\x01\0data",
                Sense::First,
                Dir::Received,
                is(Topic::TftpPackets, "Received Data block 256"),
            ),
            (
                b"\0\x03\0\x01",
                Sense::Again(1),
                Dir::Sent,
                is(Topic::TftpPackets, "Sending block 1 (retry 1)"),
            ),
            (
                b"\0\x04\0\x01",
                Sense::First,
                Dir::Received,
                is(Topic::TftpPackets, "Received ACK for block 1"),
            ),
            (b"\0\x04\0\x01", Sense::First, Dir::Sent, is(Topic::TftpPackets, "Sending ACK for block 1")),
            (b"\0\x05\0\x01no", Sense::First, Dir::Received, is(Topic::TftpEvents, "Received ERROR 1")),
            (b"\0\x03\0", Sense::First, Dir::Received, None),
            (b"\x07\x03\0\0", Sense::First, Dir::Received, None),
        ] {
            assert_eq!(said(head, sense, dir), expected, "{head:?}");
        }
    }

    #[test]
    fn what_is_on_is_listed_under_its_head() {
        let debugging = Debugging::default();
        assert_eq!(debugging.shown(), "\n");
        debugging.set(Topic::Icmp, true);
        debugging.set(Topic::TftpPackets, true);
        debugging.set(Topic::TftpEvents, true);
        assert_eq!(
            debugging.shown(),
            "TFTP:\n  TFTP Event debugging is on\n  TFTP Packet debugging is on\n\
             Generic IP:\n  ICMP packet debugging is on\n\n"
        );
        debugging.set(Topic::TftpEvents, false);
        assert!(!debugging.tells(Topic::TftpEvents) && debugging.tells(Topic::TftpPackets));
        debugging.set_all(true);
        assert!(TOPICS.iter().all(|(topic, ..)| debugging.tells(*topic)));
        debugging.set_all(false);
        assert_eq!(debugging.shown(), "\n");
    }
}
