use super::verbs::{Append, End, Identify, IsToStop, LetGo, Mine};
use super::work::Thread;
use super::{Fault, Kind};
use std::sync::Arc;

/// What a claim takes though somebody may mind. The default takes nothing from anybody.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Take {
    /// From whoever is at work on the device.
    pub by_force: bool,
    /// A device that has ended in this run: it is at work again.
    pub ended: bool,
}

/// The right to write about a device, until somebody claims it after this.
///
/// Dropped it leaves the device as it is: claimed by a process that lives, until that ends.
#[derive(Clone)]
pub struct Claim {
    pub(super) thread: Arc<Thread>,
    pub(super) mine: Mine,
}

impl Claim {
    /// Which claim on this device it is: 1 is the first.
    pub fn generation(&self) -> i64 {
        self.mine.generation
    }

    /// Who the device is, when it has said so.
    ///
    /// Refused while somebody else has a device of that serial number and lives, whatever that one is called.
    pub fn identify(&self, hostname: &str, serial: Option<&str>) -> Result<(), Fault> {
        let (hostname, serial) = (hostname.to_owned(), serial.map(str::to_owned));
        self.thread.ask(Identify { mine: self.mine, hostname, serial })
    }

    /// Adds an entry; gives its place, from 1 on. It is on the disk when this returns.
    ///
    /// Whatever the fault, nothing may be done to the device after it: with [`Fault::Fenced`] another one does.
    pub fn append(&self, kind: Kind, step: Option<&str>, text: &str) -> Result<i64, Fault> {
        let (step, text) = (step.map(str::to_owned), text.to_owned());
        self.thread.ask(Append { mine: self.mine, kind, step, text })
    }

    /// The device is through: adds the last entry, and what people look for. Nobody holds it from now on.
    pub fn end(self, outcome: &str, why: &str, text: &str) -> Result<(), Fault> {
        let (outcome, why, text) = (outcome.to_owned(), why.to_owned(), text.to_owned());
        self.thread.ask(End { mine: self.mine, outcome, why, text })
    }

    /// Stops before the device is through: nobody holds it from now on, and another may go on at once.
    pub fn let_go(self) -> Result<(), Fault> {
        self.thread.ask(LetGo { mine: self.mine })
    }

    /// Whether somebody asked this run to stop.
    pub fn is_to_stop(&self) -> Result<bool, Fault> {
        self.thread.ask(IsToStop { device: self.mine.device })
    }
}
