//! What the owner lets a transfer do: its rate, and its end.

use super::scratch::Scratch;
use super::timers::Clock;
use super::transfer::{Next, Running};
use std::time::Duration;
use tftp_proto::{ErrorCode, Transfer};

/// A rate that lets go on so soon lets go on at once: what is too early now is waited for next time.
const SOON: Duration = Duration::from_micros(500);

impl Running {
    /// Lets the machine send, or have the peer send, what the rate leaves at this moment.
    pub(super) fn keep_rate(&mut self, clock: Clock) {
        let Some(meter) = &mut self.meter else { return };
        let blksize = u64::from(self.machine.terms().blksize);
        let wants = match &self.machine {
            Transfer::Send(sender) if sender.has_blocks() => blksize,
            // An ACK is leave for a window.
            Transfer::Receive(receiver) if receiver.has_leave() => {
                blksize * u64::from(self.machine.terms().windowsize)
            }
            Transfer::Send(_) | Transfer::Receive(_) => return,
        };
        let now = clock.now();
        let wait = meter.wait(clock.wall(now), wants);
        match &mut self.machine {
            Transfer::Send(sender) if wait < SOON => {
                sender.allow(u16::try_from(meter.credit() / blksize).unwrap_or(u16::MAX));
            }
            Transfer::Receive(_) if wait < SOON => {}
            Transfer::Send(sender) => sender.hold(now + wait),
            Transfer::Receive(receiver) => receiver.hold(now + wait),
        }
    }

    pub(super) fn moved(&mut self, octets: usize) {
        if let Some(meter) = &mut self.meter {
            meter.moved(octets as u64);
        }
    }

    /// The owner ends it: the peer hears so, unless it has never been heard itself.
    pub(super) fn kick(&mut self, scratch: &mut Scratch) -> Next {
        self.signs.kicked = true;
        if !self.machine.is_proved() {
            return Next::Over;
        }
        self.machine.abort(ErrorCode::Undefined, "kicked by the operator");
        self.drive(scratch)
    }
}
