use crate::device::Device;
use crate::faults::Midway;
use crate::session::Tty;
use client::{Ask, Question};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use transport::Cancel;
use transport::tap::{Dir, Sense, Sight, Tap, What};

/// What the session shows while a transfer runs.
#[derive(Clone, Debug)]
pub(crate) enum Sign {
    /// The file begins to come or go.
    Begun,
    /// The same with the line of SCP that says so.
    Record(String),
    /// The server wants a password, and the transfer waits for it; `None`: it gets none.
    Password(Sender<Option<String>>),
    /// The first octets are there: whether an image for this device begins so.
    Judged(bool),
    /// Ten packets went well.
    Ten,
    /// A packet that was not the next one.
    OutOfOrder,
    /// A wait without an answer.
    TimedOut,
}

/// Octets of a data connection of FTP, or of a file over SCP or HTTP, that count as ten packets.
const FTP_TEN: u64 = 4_096;
/// The opcode of TFTP DATA, and of ACK.
const DATA: u16 = 3;
const ACK: u16 = 4;

/// Turns sights into signs, and hands each sight on to the device's own tap.
pub(crate) struct Progress {
    signs: std::sync::Mutex<Sender<Sign>>,
    packets: AtomicU64,
    shown: AtomicU64,
    next: Option<Arc<dyn Tap>>,
    /// Whose copy it is, and who may be told of it.
    device: Arc<Device>,
    /// What goes wrong in the middle, on request.
    wrong: Option<Wrong>,
}

/// Something goes wrong in the middle of a copy.
pub(crate) struct Wrong {
    device: Arc<Device>,
    /// Cuts the line off.
    cut: Arc<AtomicBool>,
    /// Ends the transfer there and then.
    cancel: Cancel,
    /// Octets of the whole file; 0: not known yet.
    size: AtomicU64,
    moved: AtomicU64,
}

impl Wrong {
    /// `None`: nothing will. `size` is 0 where the other end will tell.
    pub(crate) fn of(tty: &Tty, size: u64, cancel: &Cancel) -> Option<Wrong> {
        let (device, cut) = (tty.device.clone(), tty.cut());
        let (size, moved) = (AtomicU64::new(size), AtomicU64::new(0));
        device.faults.waits_for_copy().then(|| Wrong { device, cut, cancel: cancel.clone(), size, moved })
    }

    fn see(&self, what: &What<'_>) {
        let moved = match what {
            What::Size(size) => return self.size.store(*size, Ordering::Relaxed),
            // C0644 SIZE NAME
            What::Record([b'C', line @ ..]) => {
                let size = line.split(|b| *b == b' ').nth(1).map(String::from_utf8_lossy);
                let size = size.and_then(|size| size.parse().ok()).unwrap_or(0);
                return self.size.store(size, Ordering::Relaxed);
            }
            What::Datagram { head: [0, 3, ..], len, sense: Sense::First } => {
                let payload = len.saturating_sub(4) as u64;
                self.moved.fetch_add(payload, Ordering::Relaxed) + payload
            }
            What::Data { total, .. } => *total,
            _ => return,
        };
        let size = self.size.load(Ordering::Relaxed);
        match self.device.faults.midway(moved, size) {
            Some(Midway::Drop) => self.cut.store(true, Ordering::SeqCst),
            Some(Midway::Reload) => self.device.restart("reload in the middle of a copy, on request"),
            None => return,
        }
        self.cancel.cancel();
    }
}

impl Progress {
    pub(crate) fn new(signs: Sender<Sign>, device: &Arc<Device>, wrong: Option<Wrong>) -> Arc<Progress> {
        let (packets, shown) = (AtomicU64::new(0), AtomicU64::new(0));
        let (next, device) = (device.config.tap.clone(), device.clone());
        Arc::new(Progress { signs: std::sync::Mutex::new(signs), packets, shown, next, device, wrong })
    }

    fn tell(&self, sign: Sign) {
        // Nobody listens any more when the session left.
        let _ = self.signs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).send(sign);
    }

    fn packet(&self) {
        let n = self.packets.fetch_add(1, Ordering::Relaxed) + 1;
        if n == 1 {
            self.tell(Sign::Begun);
        }
        if n.is_multiple_of(10) {
            self.tell(Sign::Ten);
        }
    }
}

impl Tap for Progress {
    fn see(&self, sight: &Sight<'_>) {
        match &sight.what {
            What::Datagram { head, sense, .. } if sight.dir == Dir::Received => {
                let opcode = match head {
                    [a, b, ..] => u16::from_be_bytes([*a, *b]),
                    _ => 0,
                };
                let moves = opcode == DATA || opcode == ACK;
                match sense {
                    Sense::First if moves => self.packet(),
                    Sense::Gap | Sense::Duplicate | Sense::Stale if opcode == DATA => {
                        self.tell(Sign::OutOfOrder)
                    }
                    Sense::First
                    | Sense::Again(_)
                    | Sense::Duplicate
                    | Sense::Stale
                    | Sense::Gap
                    | Sense::Stray => {}
                }
            }
            What::TimedOut => self.tell(Sign::TimedOut),
            // The server agrees to send or take the file (RFC 959 §4.2: 125, 150).
            What::Control(line)
                if sight.dir == Dir::Received && (line.starts_with(b"150") || line.starts_with(b"125")) =>
            {
                self.tell(Sign::Begun);
            }
            // The file comes, or may go.
            What::Head(head)
                if sight.dir == Dir::Received
                    && (head.starts_with(b"HTTP/1.1 2") || head.starts_with(b"HTTP/1.1 100")) =>
            {
                self.tell(Sign::Begun);
            }
            What::Record(line) => self.tell(Sign::Record(String::from_utf8_lossy(line).into_owned())),
            What::Data { total, .. } => {
                let due = total / FTP_TEN;
                let before = self.shown.swap(due, Ordering::Relaxed);
                for _ in before..due {
                    self.tell(Sign::Ten);
                }
            }
            _ => {}
        }
        if let Some(wrong) = &self.wrong {
            wrong.see(&sight.what);
        }
        self.device.tell_of(sight);
        if let Some(next) = &self.next {
            next.see(sight);
        }
    }
}

/// Whoever sits at the line, asked from the transfer's thread.
pub(crate) struct AtTheLine(pub(crate) Sender<Sign>);

impl Ask for AtTheLine {
    fn ask(&self, question: Question<'_>) -> Option<String> {
        match question {
            Question::Password { .. } => {
                let (answer, answered) = channel();
                // A session that left answers nothing any more.
                self.0.send(Sign::Password(answer)).ok()?;
                answered.recv().ok()?
            }
            // The device has no keys, and only the password is asked for on it.
            Question::Passphrase { .. } | Question::Older { .. } | Question::Other { .. } => None,
        }
    }
}
