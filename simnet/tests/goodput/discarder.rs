//! A client like those of boot loaders: it keeps no block that comes before its turn.

use clock::{Duration, Instant};
use simnet::Node;

/// Asks for a file with a window; written from RFC 7440 and without the machines.
pub(crate) struct Discarder {
    request: Vec<u8>,
    window: u64,
    next: u64,
    /// Everything up to this block was acknowledged.
    acked: u64,
    /// The last block of the window, and of the one before.
    due: u64,
    former_due: u64,
    /// The number before this one; a lower one begins a window.
    before: u16,
    /// Whether this window was answered: each is, once.
    told: bool,
    last: bool,
    out: Vec<Vec<u8>>,
    retry_at: Instant,
    received: Vec<u8>,
}

/// As U-Boot has it.
const RETRY: Duration = Duration::from_secs(5);

impl Discarder {
    pub(crate) fn new(blksize: u16, window: u16) -> Discarder {
        let request = format!("\0\x01f\0octet\0blksize\0{blksize}\0windowsize\0{window}\0").into_bytes();
        Discarder {
            out: vec![request.clone()],
            request,
            window: u64::from(window),
            next: 1,
            acked: 0,
            due: 0,
            former_due: 0,
            before: 0,
            told: false,
            last: false,
            retry_at: Instant::ZERO + RETRY,
            received: Vec::new(),
        }
    }

    /// The file, once it is whole.
    pub(crate) fn received(&self) -> Option<&[u8]> {
        self.last.then_some(&self.received)
    }

    fn acknowledge(&mut self) {
        if self.acked < self.next - 1 {
            self.former_due = self.due;
        }
        self.acked = self.next - 1;
        self.due = self.acked + self.window;
        let [a, b] = (self.next as u16).wrapping_sub(1).to_be_bytes();
        self.out.push(vec![0, 4, a, b]);
    }
}

impl Node for Discarder {
    fn handle(&mut self, now: Instant, datagram: &[u8]) {
        match datagram {
            [0, 6, ..] => self.acknowledge(),
            [0, 3, a, b, payload @ ..] => {
                let number = u16::from_be_bytes([*a, *b]);
                let (next, acked) = (self.next as u16, self.acked as u16);
                let ahead = |of: u16| (1..0x8000).contains(&number.wrapping_sub(of));
                if number == acked.wrapping_add(1) {
                    self.told = false;
                }
                if !ahead(self.before) {
                    self.told = false;
                    if !ahead(acked) {
                        // From before our last ACK: that was lost.
                        self.due = self.former_due;
                    }
                }
                self.before = number;
                if number == self.next as u16 && !self.last {
                    self.retry_at = now + RETRY;
                    self.received.extend_from_slice(payload);
                    self.last = payload.len() < 8;
                    self.next += 1;
                    if self.last || self.next > self.due {
                        self.acknowledge();
                    }
                } else if !self.told && (self.next > self.due || ahead(next)) {
                    // The window again, whose ACK was lost; or a gap.
                    self.told = true;
                    self.acknowledge();
                }
            }
            _ => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if now >= self.retry_at {
            self.retry_at = now + RETRY;
            if self.next == 1 {
                self.out.push(self.request.clone());
            } else {
                self.acknowledge();
            }
        }
    }

    fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        (!self.out.is_empty()).then(|| self.out.remove(0))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        (!self.last).then_some(self.retry_at)
    }

    fn is_over(&self) -> bool {
        self.last
    }
}
