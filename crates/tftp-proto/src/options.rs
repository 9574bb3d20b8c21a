use crate::Rollover;
use crate::packet::{Mode, OptionList};
use alloc::vec::Vec;
use clock::Duration;
use core::fmt;

/// The block size when nothing was agreed (RFC 1350 §2).
pub const DEFAULT_BLKSIZE: u16 = 512;
/// The smallest block size (RFC 2348).
pub const MIN_BLKSIZE: u16 = 8;
/// The greatest block size (RFC 2348).
pub const MAX_BLKSIZE: u16 = 65_464;

/// Options of a request, or the accepted ones of an OACK: each with its name as it was sent.
///
/// A list in the order sent, each option once. What is unknown or has a value that its RFC does not
/// allow is not in it: a server omits it from the OACK (RFC 2347).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Offer(Vec<(Vec<u8>, Known)>);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Known {
    /// RFC 2348
    Blksize(u16),
    /// RFC 2349, seconds
    Timeout(u8),
    /// Not in an RFC (tftp-hpa, rs-tftpd): microseconds
    Utimeout(u32),
    /// RFC 2349
    Tsize(u64),
    /// RFC 7440
    Windowsize(u16),
    /// Not in an RFC (tftp-hpa, FreeBSD)
    Rollover(Rollover),
}

/// What both ends go by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Octets of every block but the last.
    pub blksize: u16,
    /// Blocks between two acknowledgements.
    pub windowsize: u16,
    /// The wait before a repeat that the client asked for.
    pub timeout: Option<Duration>,
    /// Octets of the whole file, if told.
    pub tsize: Option<u64>,
    /// What follows block 65535.
    pub rollover: Rollover,
}

impl Default for Terms {
    fn default() -> Self {
        Terms {
            blksize: DEFAULT_BLKSIZE,
            windowsize: 1,
            timeout: None,
            tsize: None,
            rollover: Rollover::Zero,
        }
    }
}

/// What a server agrees to at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Octets of a block.
    pub blksize: u16,
    /// Blocks of a window.
    pub windowsize: u16,
    /// Octets of a window; one block is always agreed to.
    pub window_octets: u32,
}

impl Default for Limits {
    /// What RFC 7440 allows, up to 4 MiB: the client knows its receive buffer, and what it or the path cannot
    /// take after all is paced. 4 MiB are 40 ms of a line of 100 MB/s.
    fn default() -> Self {
        Limits { blksize: MAX_BLKSIZE, windowsize: u16::MAX, window_octets: 4 << 20 }
    }
}

/// What a server can say about a file's size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    /// We send this many octets.
    Ours(u64),
    /// The client sends; its own word is echoed.
    Theirs,
    /// Nobody knows before the end (netascii).
    Unknown,
}

/// The result of [`Offer::agree`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agreed {
    /// What both ends go by.
    pub terms: Terms,
    /// The options for the OACK; empty: no OACK is sent (RFC 2347).
    pub accepted: Offer,
}

impl Offer {
    /// No option: a request as of RFC 1350.
    pub fn none() -> Offer {
        Offer::default()
    }

    /// Asks for a block size.
    pub fn blksize(self, n: u16) -> Offer {
        self.with(b"blksize", Known::Blksize(n.clamp(MIN_BLKSIZE, MAX_BLKSIZE)))
    }

    /// Asks for a time-out, seconds; 0 asks for nothing.
    pub fn timeout(self, seconds: u8) -> Offer {
        if seconds == 0 { self } else { self.with(b"timeout", Known::Timeout(seconds)) }
    }

    /// Asks for the size (RRQ: `0`), or tells it (WRQ).
    pub fn tsize(self, octets: u64) -> Offer {
        self.with(b"tsize", Known::Tsize(octets))
    }

    /// Asks for a window; 0 asks for nothing.
    pub fn windowsize(self, blocks: u16) -> Offer {
        if blocks == 0 { self } else { self.with(b"windowsize", Known::Windowsize(blocks)) }
    }

    fn with(mut self, name: &[u8], known: Known) -> Offer {
        self.0.retain(|(n, _)| n != name);
        self.0.push((name.to_vec(), known));
        self
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many options it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Every option asked for, with what `terms` make of it: its name in lower case, what was asked, what
    /// was agreed. `None`: the OACK leaves it out. Times are in the option's unit.
    pub fn negotiated(&self, terms: &Terms) -> impl Iterator<Item = (&'static str, u64, Option<u64>)> {
        let timeout = terms.timeout;
        let terms = *terms;
        self.0.iter().map(move |(_, known)| match *known {
            Known::Blksize(n) => ("blksize", u64::from(n), Some(u64::from(terms.blksize))),
            Known::Timeout(s) => ("timeout", u64::from(s), timeout.map(|t| t.as_secs())),
            Known::Utimeout(us) => {
                ("utimeout", u64::from(us), timeout.map(|t| u64::try_from(t.as_micros()).unwrap_or(u64::MAX)))
            }
            Known::Tsize(n) => ("tsize", n, terms.tsize),
            Known::Windowsize(n) => ("windowsize", u64::from(n), Some(u64::from(terms.windowsize))),
            Known::Rollover(asked) => {
                let number = |r| match r {
                    Rollover::Zero => 0,
                    Rollover::One => 1,
                };
                ("rollover", number(asked), Some(number(terms.rollover)))
            }
        })
    }

    /// The size that a WRQ tells; 0 is taken for "not known", which some clients send.
    pub fn announced(&self) -> Option<u64> {
        self.0.iter().find_map(|(_, k)| match k {
            Known::Tsize(n) => Some(*n).filter(|n| *n > 0),
            Known::Blksize(_)
            | Known::Timeout(_)
            | Known::Utimeout(_)
            | Known::Windowsize(_)
            | Known::Rollover(_) => None,
        })
    }

    /// Reads the options of a request: known ones with lawful values, the first of each name.
    pub fn read(options: &OptionList<'_>) -> Offer {
        let mut out = Offer::default();
        for (name, value) in options.iter() {
            if out.0.iter().any(|(n, _)| n.eq_ignore_ascii_case(name)) {
                continue;
            }
            if let Some(known) = Known::read(name, value, Above::Clamp) {
                out.0.push((name.to_vec(), known));
            }
        }
        out
    }

    /// The server's side: what we agree to, and what the OACK says.
    pub fn agree(&self, limits: &Limits, mode: Mode, size: Size) -> Agreed {
        let mut terms = Terms::default();
        let mut accepted = Offer::default();
        // The window is cut by octets, so the block size comes first whatever the order in the request.
        for (_, known) in &self.0 {
            if let Known::Blksize(n) = known {
                terms.blksize = (*n).min(limits.blksize).max(MIN_BLKSIZE);
            }
        }
        for (name, known) in &self.0 {
            let answer = match *known {
                Known::Blksize(_) => Known::Blksize(terms.blksize),
                Known::Timeout(s) => {
                    terms.timeout = Some(Duration::from_secs(u64::from(s)));
                    *known
                }
                Known::Utimeout(us) => {
                    terms.timeout = Some(Duration::from_micros(u64::from(us)));
                    *known
                }
                Known::Tsize(said) => match (size, mode) {
                    // Nobody knows the size of converted text beforehand.
                    (_, Mode::Netascii) | (Size::Unknown, Mode::Octet) => continue,
                    // curl takes `tsize 0` of an empty file for an error (exit 71).
                    (Size::Ours(0), Mode::Octet) => continue,
                    (Size::Ours(n), Mode::Octet) => {
                        terms.tsize = Some(n);
                        Known::Tsize(n)
                    }
                    (Size::Theirs, Mode::Octet) => {
                        terms.tsize = Some(said).filter(|n| *n > 0);
                        *known
                    }
                },
                Known::Windowsize(n) => {
                    let fit = (limits.window_octets / u32::from(terms.blksize)).clamp(1, 65_535) as u16;
                    terms.windowsize = n.min(limits.windowsize).min(fit).max(1);
                    Known::Windowsize(terms.windowsize)
                }
                Known::Rollover(r) => {
                    terms.rollover = r;
                    *known
                }
            };
            accepted.0.push((name.clone(), answer));
        }
        Agreed { terms, accepted }
    }

    /// The client's side: what the server's OACK makes of our offer.
    pub fn accept(&self, oack: &OptionList<'_>) -> Result<Terms, BadOack> {
        let mut terms = Terms::default();
        let mut seen: Vec<&[u8]> = Vec::new();
        for (name, value) in oack.iter() {
            let asked = self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
            let Some((asked_name, asked)) = asked else { return Err(BadOack::NotAsked) };
            if seen.contains(&asked_name.as_slice()) {
                return Err(BadOack::Twice);
            }
            seen.push(asked_name);
            let found = Known::read(name, value, Above::Refuse).ok_or(BadOack::BadValue)?;
            match (*asked, found) {
                (Known::Blksize(most), Known::Blksize(n)) if n <= most => terms.blksize = n,
                (Known::Windowsize(most), Known::Windowsize(n)) if n <= most => terms.windowsize = n,
                (Known::Timeout(said), Known::Timeout(n)) if n == said => {
                    terms.timeout = Some(Duration::from_secs(u64::from(n)));
                }
                (Known::Utimeout(said), Known::Utimeout(n)) if n == said => {
                    terms.timeout = Some(Duration::from_micros(u64::from(n)));
                }
                (Known::Rollover(said), Known::Rollover(r)) if r == said => terms.rollover = r,
                (Known::Tsize(said), Known::Tsize(n)) if said == 0 || said == n => terms.tsize = Some(n),
                // Ours was the size of an upload. What another server makes of it binds nobody, and tftpy and
                // partftpy answer 0 (docs/protocols/tftp.md).
                (Known::Tsize(_), Known::Tsize(_)) => {}
                _ => return Err(BadOack::BadValue),
            }
        }
        Ok(terms)
    }

    /// Appends the pairs as they are on the wire.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        use alloc::string::ToString;
        for (name, known) in &self.0 {
            out.extend_from_slice(name);
            out.push(0);
            let value = match known {
                Known::Blksize(n) | Known::Windowsize(n) => n.to_string(),
                Known::Timeout(n) => n.to_string(),
                Known::Utimeout(n) => n.to_string(),
                Known::Tsize(n) => n.to_string(),
                Known::Rollover(Rollover::Zero) => "0".to_string(),
                Known::Rollover(Rollover::One) => "1".to_string(),
            };
            out.extend_from_slice(value.as_bytes());
            out.push(0);
        }
    }
}

/// What a value above the RFC's range becomes.
#[derive(Clone, Copy)]
enum Above {
    /// A server's choice: the greatest it can have meant.
    Clamp,
    /// In an OACK: wrong.
    Refuse,
}

impl Known {
    fn read(name: &[u8], value: &[u8], above: Above) -> Option<Known> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        let n = decimal(value)?;
        if is("blksize") {
            let n = match above {
                Above::Clamp => n.min(u64::from(MAX_BLKSIZE)),
                Above::Refuse => n,
            };
            in_range(n, u64::from(MIN_BLKSIZE), u64::from(MAX_BLKSIZE)).map(|n| Known::Blksize(n as u16))
        } else if is("timeout") {
            in_range(n, 1, 255).map(|n| Known::Timeout(n as u8))
        } else if is("utimeout") {
            // 10 ms to 255 s, as the peers that have it.
            in_range(n, 10_000, 255_000_000).map(|n| Known::Utimeout(n as u32))
        } else if is("tsize") {
            Some(Known::Tsize(n))
        } else if is("windowsize") {
            in_range(n, 1, 65_535).map(|n| Known::Windowsize(n as u16))
        } else if is("rollover") {
            match n {
                0 => Some(Known::Rollover(Rollover::Zero)),
                1 => Some(Known::Rollover(Rollover::One)),
                _ => None,
            }
        } else {
            None
        }
    }
}

fn in_range(n: u64, least: u64, most: u64) -> Option<u64> {
    (least..=most).contains(&n).then_some(n)
}

/// A decimal number, digits only; `None` for anything else and beyond 2^64.
fn decimal(octets: &[u8]) -> Option<u64> {
    if octets.is_empty() {
        return None;
    }
    octets.iter().try_fold(0u64, |n, &b| {
        let digit = b.is_ascii_digit().then(|| u64::from(b - b'0'))?;
        n.checked_mul(10)?.checked_add(digit)
    })
}

/// How an OACK does not fit the request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadOack {
    /// An option that was not asked for.
    NotAsked,
    /// A value outside what was asked or what the RFC allows.
    BadValue,
    /// The same option twice.
    Twice,
}

impl fmt::Display for BadOack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BadOack::NotAsked => "the OACK has an option that was not asked for",
            BadOack::BadValue => "the OACK has a value that was not asked for",
            BadOack::Twice => "the OACK has an option twice",
        })
    }
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
