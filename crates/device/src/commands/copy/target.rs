//! Where a file that comes goes, and what is asked before its first octet does.

use super::progress::Sign;
use crate::commands::flash::Erase;
use crate::ifs::Bounded;
use crate::image;
use crate::profile::Magic;
use std::io;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Instant;
use store::Sink;

/// A file that is collected in memory: a configuration, or nothing at all for `null:`.
#[derive(Default)]
pub(in crate::commands) struct Collected {
    pub(in crate::commands) octets: Vec<u8>,
    /// Octets that are kept; more is a full device.
    pub(in crate::commands) limit: usize,
    /// Only counts: `null:`.
    pub(in crate::commands) discard: bool,
}

impl Sink for Collected {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        if self.discard {
            return Ok(());
        }
        let from = usize::try_from(offset).map_err(|_| io::ErrorKind::StorageFull)?;
        let end =
            from.checked_add(octets.len()).filter(|e| *e <= self.limit).ok_or(io::ErrorKind::StorageFull)?;
        if self.octets.len() < end {
            self.octets.resize(end, 0);
        }
        self.octets[from..end].copy_from_slice(octets);
        Ok(())
    }
}

/// Where a file goes.
pub(super) enum Target {
    Flash(Bounded),
    Memory(Collected),
}

impl Target {
    pub(super) fn sink(&mut self) -> &mut dyn Sink {
        match self {
            Target::Flash(upload) => upload,
            Target::Memory(collected) => collected,
        }
    }
}

/// Flash of which something may have to be asked first: the first octet waits for what is said at the line.
pub(super) struct Waiting<'a> {
    pub(super) into: &'a mut dyn Sink,
    /// Where it is said; `None`: it has been, or nobody is asked.
    pub(super) asked: Option<(Sender<Sign>, Receiver<()>)>,
    /// Somebody is asked about images of others than devices with this.
    pub(super) own: Option<Magic>,
    /// Since when octets may come.
    pub(super) since: Instant,
}

impl Sink for Waiting<'_> {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        if let Some((signs, answer)) = self.asked.take() {
            let sign = match self.own {
                None => Sign::Begun,
                Some(own) => Sign::Judged(!image::is_foreign(octets, own)),
            };
            let _ = signs.send(sign);
            drop(signs);
            answer.recv().map_err(|_| io::ErrorKind::Interrupted)?;
            self.since = Instant::now();
        }
        self.into.write_at(offset, octets)
    }
}

/// What is asked at the line before the first octet is taken.
pub(super) enum About {
    /// Whether flash, which is called so, is erased first.
    Erase(Erase, &'static str),
    /// Whether it comes although this device cannot run it.
    Foreign,
}

/// Asks at the line, and lets the transfer go on.
pub(super) struct Asking {
    pub(super) about: About,
    pub(super) go_on: Sender<()>,
}
