//! Memory that all transfers of a loop share: a transfer has no buffer of its own.

use super::chunks::Chunks;
use super::timers::Clock;
use transport::udp::{GivingWay, Haste, Inbox};

/// The longest datagram there is.
const DATAGRAM: usize = 65_536;

pub(super) struct Scratch {
    pub(super) clock: Clock,
    /// One datagram.
    pub(super) datagram: Vec<u8>,
    /// A run of blocks on its way out, or text in conversion.
    pub(super) run: Vec<u8>,
    /// Headers of such a run.
    pub(super) headers: Vec<[u8; 4]>,
    /// Datagrams of an upload.
    pub(super) inbox: Inbox,
    /// Whether others want the processor is no transfer's own matter.
    pub(super) giving_way: GivingWay,
    /// Whether answers are there as soon as a block of a small file is sent: where a peer shares our processor, the
    /// kernel lets it go first. Small files come and go, so that is no transfer's own matter either.
    pub(super) at_once: Haste,
    /// What was read ahead.
    pub(super) chunks: Chunks,
}

impl Scratch {
    pub(super) fn new(clock: Clock) -> Scratch {
        Scratch {
            clock,
            datagram: vec![0; DATAGRAM],
            run: Vec::new(),
            headers: Vec::new(),
            inbox: Inbox::new(),
            giving_way: GivingWay::default(),
            at_once: Haste::up_to(1),
            chunks: Chunks::default(),
        }
    }
}
