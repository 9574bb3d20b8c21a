//! What the machine wants sent, on its way: heads and short bodies, runs of a file, all at the rate that holds.

use super::super::refusal::told;
use super::Connection;
use bytes::Bytes;
use gate::Refusal;
use http_proto::server::Transmit;
use std::io;
use std::time::{Duration, Instant};
use transport::pump::{Bite, Outgoing, PumpError};

/// What is being sent.
pub(super) enum Flying {
    Nothing,
    Octets(Bytes, bool),
    Run(Giving),
    /// So many octets are with TLS, and the socket has not taken all: the machine is told when it has.
    Tail(u64),
}

/// A run of the content, and what belongs before it.
pub(super) enum Giving {
    /// In one piece.
    Small {
        octets: Bytes,
        /// So many of them are no content.
        head: usize,
    },
    /// From the file, when `before` is sent.
    Large {
        before: Bytes,
        run: Box<Outgoing>,
        /// Octets of it that are not sent.
        left: u64,
    },
}

/// Content that goes out in one piece with its head: two copies of it cost less than a call of sendfile.
const SMALL: u64 = 16 << 10;

impl Connection {
    pub(super) fn take(&mut self, transmit: Transmit) {
        self.flying = match transmit {
            Transmit::Octets { octets, more } => Flying::Octets(octets, more),
            Transmit::Run { before, from, len } => match self.giving(before, from, len) {
                Ok(giving) => Flying::Run(giving),
                Err(e) => {
                    self.unreadable(e);
                    Flying::Nothing
                }
            },
        };
    }

    fn giving(&mut self, before: Bytes, from: u64, left: u64) -> io::Result<Giving> {
        let Some((reading, _)) = &self.reading else {
            debug_assert!(false, "a run of content that was not begun");
            return Err(io::ErrorKind::NotFound.into());
        };
        let (blob, head) = (reading.blob(), before.len());
        if left > SMALL || self.meter.is_some() {
            return Ok(Giving::Large {
                before,
                run: Box::new(Outgoing::new(blob.clone(), from, None).up_to(from + left)),
                left,
            });
        }
        let mut whole = Vec::from(before);
        whole.resize(head + usize::try_from(left).expect("it is small"), 0);
        let (mut at, mut rest) = (from, &mut whole[head..]);
        while !rest.is_empty() {
            match blob.read_at(at, rest)? {
                // The file became shorter.
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => {
                    at += n as u64;
                    rest = &mut rest[n..];
                }
            }
        }
        Ok(Giving::Small { octets: whole.into(), head })
    }

    /// The content cannot be read on.
    fn unreadable(&mut self, e: io::Error) {
        let why = Refusal::from(gate::store::StoreError::from(e));
        self.why = Some(told(&why).1);
        self.machine.handle_failed();
    }

    /// Whether something moved.
    pub(super) fn send(&mut self) -> bool {
        let now = self.now();
        // Content is metered, and the text of a listing; heads and what else is short are not.
        let metered = match &self.flying {
            Flying::Run(Giving::Large { before, .. }) => before.is_empty(),
            Flying::Octets(..) => self.listing.is_some(),
            Flying::Run(Giving::Small { .. }) | Flying::Nothing | Flying::Tail(_) => false,
        };
        if metered && self.is_held() {
            return false;
        }
        let mut meter = self.meter.as_mut().filter(|_| metered);
        let most = meter.as_ref().map(|meter| meter.credit());
        match &mut self.flying {
            Flying::Nothing => false,
            Flying::Tail(n) => match self.wire.flush() {
                Ok(true) => {
                    let n = *n;
                    self.flying = Flying::Nothing;
                    self.machine.handle_sent(now, n);
                    true
                }
                Ok(false) => false,
                Err(_) => {
                    self.lost();
                    true
                }
            },
            Flying::Octets(octets, more) => match self.wire.write(up_to(octets, most), *more) {
                Ok(n) => {
                    if let Some(meter) = &mut meter {
                        meter.moved(n as u64);
                    }
                    let (sent, over) = (octets.split_to(n), octets.is_empty());
                    self.wrote(&sent, 0, over)
                }
                Err(e) => self.unwritten(e),
            },
            Flying::Run(Giving::Small { octets, head }) => match self.wire.write(octets, false) {
                Ok(n) => {
                    let content = n - n.min(*head);
                    *head -= n - content;
                    let (sent, over) = (octets.split_to(n), octets.is_empty());
                    self.wrote(&sent, content, over)
                }
                Err(e) => self.unwritten(e),
            },
            Flying::Run(Giving::Large { before, .. }) if !before.is_empty() => {
                match self.wire.write(before, true) {
                    Ok(n) => {
                        let sent = before.split_to(n);
                        self.wrote(&sent, 0, false)
                    }
                    Err(e) => self.unwritten(e),
                }
            }
            Flying::Run(Giving::Large { run, left, .. }) => {
                if let Some(most) = most {
                    run.at_most(most);
                }
                match self.wire.send(run) {
                    Ok(Bite::Moved(n)) => {
                        if let Some(meter) = &mut meter {
                            meter.moved(n as u64);
                        }
                        *left = left.saturating_sub(n as u64);
                        let over = *left == 0;
                        self.count(n);
                        self.turn += n as u64;
                        if let Some(sights) = &mut self.sights {
                            sights.moved(n);
                        }
                        self.sent(n as u64, over);
                        true
                    }
                    Ok(Bite::Over) => {
                        self.flying = Flying::Nothing;
                        true
                    }
                    Ok(Bite::Blocked) => false,
                    Err(PumpError::Socket(_)) => {
                        self.lost();
                        true
                    }
                    Err(PumpError::File(e) | PumpError::Content(e)) => {
                        self.unreadable(e);
                        true
                    }
                }
            }
        }
    }

    /// The socket, or TLS, has these, of which so many are content: something moved.
    fn wrote(&mut self, octets: &[u8], content: usize, over: bool) -> bool {
        self.count(content);
        if let Some(sights) = &mut self.sights {
            sights.said(octets);
        }
        self.sent(octets.len() as u64, over);
        true
    }

    /// Whether something has changed because nothing could be written.
    fn unwritten(&mut self, e: io::Error) -> bool {
        let lost = e.kind() != io::ErrorKind::WouldBlock;
        if lost {
            self.lost();
        }
        lost
    }

    /// So much content moved.
    fn count(&self, octets: usize) {
        if octets > 0
            && let Some((reading, _)) = &self.reading
        {
            reading.begun();
            reading.progress().add(octets as u64);
        }
    }

    /// Whether the rate lets nothing move now.
    fn is_held(&mut self) -> bool {
        let Some(meter) = &mut self.meter else { return false };
        let now = Instant::now();
        let wait = meter.wait(now, 0);
        // The timer counts in milliseconds; what is less is caught up with at once.
        self.hold = (wait >= Duration::from_millis(1)).then(|| now + wait);
        self.hold.is_some()
    }

    /// Tells the machine what was sent; the last octets of a transmit only when TLS holds none of them back.
    fn sent(&mut self, n: u64, over: bool) {
        let now = self.now();
        if !over {
            return self.machine.handle_sent(now, n);
        }
        self.flying = Flying::Nothing;
        match self.wire.flush() {
            Ok(true) => self.machine.handle_sent(now, n),
            Ok(false) => self.flying = Flying::Tail(n),
            Err(_) => self.lost(),
        }
    }
}

/// As much as the rate lets move now.
fn up_to(octets: &[u8], most: Option<u64>) -> &[u8] {
    let most = most.map_or(usize::MAX, |most| usize::try_from(most.max(1)).unwrap_or(usize::MAX));
    &octets[..octets.len().min(most)]
}
