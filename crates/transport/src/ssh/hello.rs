//! How a side begins: its name, and its offer (RFC 4253 §4.2 and §7.1), before anything is encrypted.

use super::kexinit::Offer;

/// Octets of lines before a name, and of a name: a line has 255 at most.
const LINES: usize = 8_192;
/// The longest packet (RFC 4253 §6.1).
const PACKET: usize = 35_000;
/// Packets before the offer: what says nothing may come at any time.
const PACKETS: usize = 8;

/// What one side said before anything was encrypted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hello {
    /// Its name, `SSH-2.0-…`, as it came; 255 octets at most.
    pub ident: Vec<u8>,
    /// What it offers; `None`: that was not to be understood, or did not come.
    pub offer: Option<Offer>,
}

/// Reads a beginning, in whatever pieces it comes; keeps 43,192 octets at most, and none when it has read.
#[derive(Debug, Default)]
pub(super) struct Ear {
    octets: Vec<u8>,
    /// Where the first packet begins.
    packets: Option<usize>,
    hello: Option<Hello>,
    is_over: bool,
}

impl Ear {
    /// Takes what came; whether there is nothing more to be heard.
    pub(super) fn hear(&mut self, octets: &[u8]) -> bool {
        if self.is_over {
            return true;
        }
        let room = (LINES + PACKET).saturating_sub(self.octets.len());
        self.octets.extend_from_slice(&octets[..octets.len().min(room)]);
        self.is_over = self.read().is_none_or(|more| !more) || octets.len() >= room;
        if self.is_over {
            self.octets = Vec::new();
        }
        self.is_over
    }

    /// What was heard; `None`: not even a name.
    pub(super) fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// Whether more is to come; `None`: this is no beginning of SSH.
    fn read(&mut self) -> Option<bool> {
        let at = match self.packets {
            Some(at) => at,
            None => {
                let Some((ident, at)) = name(&self.octets)? else { return Some(true) };
                self.hello = Some(Hello { ident, offer: None });
                *self.packets.insert(at)
            }
        };
        let mut rest = &self.octets[at..];
        for _ in 0..PACKETS {
            let Some((len, after)) = rest.split_first_chunk::<4>() else { return Some(true) };
            let len = u32::from_be_bytes(*len) as usize;
            if !(2..=PACKET).contains(&len) {
                return None;
            }
            let Some((packet, after)) = after.split_at_checked(len) else { return Some(true) };
            let payload = packet.get(1..len.checked_sub(usize::from(packet[0]))?)?;
            if let (Some(offer), Some(hello)) = (Offer::read(payload), &mut self.hello) {
                hello.offer = Some(offer);
                return Some(false);
            }
            rest = after;
        }
        None
    }
}

/// The name and where it ends, `None` inside: it is not whole yet. A server may say something before; outside `None`:
/// none comes.
fn name(octets: &[u8]) -> Option<Option<(Vec<u8>, usize)>> {
    let mut at = 0;
    while let Some(len) = octets[at..].iter().position(|b| *b == b'\n') {
        let line = &octets[at..at + len];
        at += len + 1;
        if line.starts_with(b"SSH-") {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            return (line.len() <= 255).then(|| Some((line.to_vec(), at)));
        }
    }
    (octets.len() < LINES).then_some(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssh::kexinit::made::packet;

    const NAME: &[u8] = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";

    #[test]
    fn a_beginning_is_the_same_in_one_piece_and_in_many() {
        let offer = [b"\x14cookie and so on" as &[u8], &[0; 48], &[0; 5]].concat();
        let whole = [b"Hello!\r\n" as &[u8], NAME, &packet(b"\x02\0\0\0\0"), &packet(&offer)].concat();
        let mut at_once = Ear::default();
        assert!(at_once.hear(&[&whole[..], b"more"].concat()));
        let mut by_octets = Ear::default();
        let over = whole.iter().position(|b| by_octets.hear(&[*b]));
        assert_eq!(over, Some(whole.len() - 1));
        let hello = Hello { ident: NAME[..NAME.len() - 2].to_vec(), offer: Some(Offer::default()) };
        for ear in [at_once, by_octets] {
            assert_eq!(ear.hello(), Some(&hello));
            assert_eq!(ear.octets.capacity(), 0, "nothing is kept");
        }
    }

    #[test]
    fn what_is_no_beginning_is_heard_no_further() {
        let mut ear = Ear::default();
        assert!(!ear.hear(b"220 ftp.example.com ready\r\n"));
        assert!(ear.hear(&[b'x'; LINES]));
        assert_eq!(ear.hello(), None);
        // A packet that is too long, and one whose padding is longer than itself.
        for bad in [[0, 1, 0, 0, 0, 0], [0, 0, 0, 2, 9, 20]] {
            let mut ear = Ear::default();
            assert!(!ear.hear(NAME));
            assert!(ear.hear(&bad));
            assert_eq!(ear.hello().unwrap().offer, None);
        }
        // Somebody who says nothing, for ever.
        let mut ear = Ear::default();
        ear.hear(NAME);
        let said = (1..).find(|_| ear.hear(&packet(b"\x02\0\0\0\0"))).unwrap();
        assert_eq!(said, PACKETS);
    }
}
