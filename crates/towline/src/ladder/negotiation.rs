//! What a ladder says beside the packets: how the options were agreed, and which blocks are missing.

use super::Packet;
use crate::figures::grouped;
use std::collections::BTreeSet;
use tftp_proto::Offer;
use tftp_proto::packet;
use transport::tap::Sense;

/// Follows the options of one transfer from the request to the answer (RFC 2347).
#[derive(Debug, Default)]
pub(super) struct Asked(Vec<(String, String)>);

impl Asked {
    /// What there is to say of `packet`, a line each.
    pub(super) fn hear(&mut self, packet: &Packet) -> Vec<String> {
        match packet {
            Packet::Request { options, .. } => {
                self.0.clone_from(options);
                Vec::new()
            }
            // What is answered is told once: a repeated OACK has nothing new.
            Packet::OptionAck { options } => answered(std::mem::take(&mut self.0), options),
            Packet::Data { .. } | Packet::Ack { .. } if !self.0.is_empty() => {
                let names: Vec<String> = self.0.drain(..).map(|(name, _)| name).collect();
                vec![format!("left out, all of them: {}", names.join(", "))]
            }
            Packet::Data { .. } | Packet::Ack { .. } | Packet::Error { .. } | Packet::Other { .. } => {
                Vec::new()
            }
        }
    }
}

fn answered(asked: Vec<(String, String)>, agreed: &[(String, String)]) -> Vec<String> {
    if asked.is_empty() {
        return Vec::new();
    }
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let mut said = Vec::new();
    for (name, value) in &asked {
        said.push(match agreed.iter().find(|(n, _)| same(n, name)) {
            Some((_, size)) if same(name, "tsize") && value == "0" => {
                format!("tsize: the file has {size} octets")
            }
            Some((_, got)) if got == value => format!("{name}: asked {value} -> agreed"),
            Some((_, got)) => format!("{name}: asked {value} -> agreed {got}"),
            None => format!("{name}: asked {value} -> left out: {}", why_left_out(name, value)),
        });
    }
    let unasked = agreed.iter().filter(|(n, _)| !asked.iter().any(|(a, _)| same(a, n)));
    said.extend(unasked.map(|(name, value)| format!("{name}={value}: nobody asked for it")));
    said
}

/// Only the server knows for sure; two reasons can be read from the request.
fn why_left_out(name: &str, value: &str) -> &'static str {
    // Small, usual and large: what is an option with any of them is an option.
    if understood(name, value) {
        "the server's choice"
    } else if ["1", "8", "512", "100000"].iter().any(|v| understood(name, v)) {
        "no value for it"
    } else {
        "no option that we know"
    }
}

/// Whether our own server would read it as an option.
fn understood(name: &str, value: &str) -> bool {
    let octets = [b"\0\x06", name.as_bytes(), b"\0", value.as_bytes(), b"\0"].concat();
    matches!(packet::Packet::parse(&octets), Ok(packet::Packet::Oack(list)) if !Offer::read(&list).is_empty())
}

/// Early blocks that are remembered of one transfer: more than a window of any device. A peer that sends
/// further ahead is shown, and its holes are not named.
const EARLY: usize = 4_096;

/// Follows the blocks that come, and says which are missing when a later one is there.
#[derive(Debug)]
pub(super) struct Holes {
    /// The next block, counted on beyond 65535.
    next: u64,
    /// Those that are there already beyond it.
    early: BTreeSet<u64>,
}

impl Default for Holes {
    fn default() -> Self {
        Holes { next: 1, early: BTreeSet::new() }
    }
}

impl Holes {
    /// What there is to say of a received `packet`.
    pub(super) fn hear(&mut self, packet: &Packet, sense: Sense) -> Option<String> {
        let Packet::Data { block, .. } = packet else { return None };
        let ahead = block.wrapping_sub(self.next as u16);
        match sense {
            Sense::First if ahead == 0 => {
                self.next += 1;
                while self.early.remove(&self.next) {
                    self.next += 1;
                }
                None
            }
            Sense::First => {
                // The receiver counts in another way (block 0 or 1 after 65535, early ones discarded).
                *self = Holes { next: u64::from(*block) + 1, early: BTreeSet::new() };
                None
            }
            Sense::Gap if ahead < 0x8000 && self.early.len() < EARLY => {
                let here = self.next + u64::from(ahead);
                let from = self.early.range(..here).next_back().map_or(self.next, |last| last + 1);
                let new = self.early.insert(here) && from < here;
                let name = |n: u64| grouped(n & 0xffff);
                match here - from {
                    _ if !new => None,
                    1 => Some(format!("block {} is missing: lost, or late", name(from))),
                    _ => Some(format!(
                        "blocks {} to {} are missing: lost, or late",
                        name(from),
                        name(here - 1)
                    )),
                }
            }
            Sense::Gap | Sense::Again(_) | Sense::Duplicate | Sense::Stale | Sense::Stray => None,
        }
    }
}

impl Holes {
    /// What there is to say of an ACK that is sent: with a hole open it asks for the missing block.
    pub(super) fn answer(&self, packet: &Packet) -> Option<String> {
        let Packet::Ack { block } = packet else { return None };
        let asks = !self.early.is_empty() && u64::from(block.wrapping_add(1)) == self.next & 0xffff;
        asks.then(|| format!("asks for block {} again", grouped(self.next & 0xffff)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(options: &[(&str, &str)]) -> Vec<(String, String)> {
        options.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect()
    }

    fn request(options: &[(&str, &str)]) -> Packet {
        Packet::Request { write: false, name: "x".into(), mode: "octet", options: list(options) }
    }

    #[test]
    fn every_option_has_its_answer_and_what_is_left_out_its_reason() {
        let mut asked = Asked::default();
        let options = [
            ("BLKSIZE", "65464"),
            ("tsize", "0"),
            ("windowsize", "8"),
            ("timeout", "900"),
            ("saveFiles", "1"),
            ("timeout", "3"),
        ];
        assert_eq!(asked.hear(&request(&options)), Vec::<String>::new());
        let oack = Packet::OptionAck {
            options: list(&[("blksize", "1468"), ("tsize", "7"), ("windowsize", "8"), ("x", "y")]),
        };
        assert_eq!(
            asked.hear(&oack),
            [
                "BLKSIZE: asked 65464 -> agreed 1468",
                "tsize: the file has 7 octets",
                "windowsize: asked 8 -> agreed",
                "timeout: asked 900 -> left out: no value for it",
                "saveFiles: asked 1 -> left out: no option that we know",
                "timeout: asked 3 -> left out: the server's choice",
                "x=y: nobody asked for it",
            ]
        );
        assert_eq!(asked.hear(&oack), Vec::<String>::new(), "a repeated OACK is no news");
        asked.hear(&request(&[("blksize", "1468"), ("tsize", "0")]));
        let data = Packet::Data { block: 1, len: 512 };
        assert_eq!(asked.hear(&data), ["left out, all of them: blksize, tsize"]);
        assert_eq!(asked.hear(&data), Vec::<String>::new());
    }

    #[test]
    fn missing_blocks_are_named_once_also_across_the_rollover() {
        let mut holes = Holes::default();
        let mut hear =
            |block, sense| holes.hear(&Packet::Data { block, len: 512 }, sense).unwrap_or_default();
        assert_eq!(hear(1, Sense::First), "");
        assert_eq!(hear(3, Sense::Gap), "block 2 is missing: lost, or late");
        assert_eq!(hear(4, Sense::Gap), "");
        assert_eq!(hear(8, Sense::Gap), "blocks 5 to 7 are missing: lost, or late");
        let said = holes.answer(&Packet::Ack { block: 1 });
        assert_eq!(said.as_deref(), Some("asks for block 2 again"));
        let mut hear =
            |block, sense| holes.hear(&Packet::Data { block, len: 512 }, sense).unwrap_or_default();
        assert_eq!(hear(2, Sense::First), "", "5 is the next one now");
        assert_eq!(hear(5, Sense::First), "");
        assert_eq!(hear(65_535, Sense::First), "");
        assert_eq!(hear(1, Sense::Gap), "block 0 is missing: lost, or late");
        assert_eq!(hear(0, Sense::First), "");
        assert_eq!(hear(2, Sense::First), "");
        assert_eq!(hear(3, Sense::Duplicate), "");
    }
}
