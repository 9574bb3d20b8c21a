//! What the owner lets a transfer do: its rate, and its end.

use super::scratch::Scratch;
use super::timers::Clock;
use super::transfer::{Next, Running};
use std::time::Duration;
use tftp_proto::{ErrorCode, Limits, Transfer};

/// A rate that lets go on so soon lets go on at once: what is too early now is waited for next time.
const SOON: Duration = Duration::from_micros(500);

/// What one ACK may ask for where an upload keeps a rate, in parts of a second: a client waits for its next one for
/// so long, and one that waits longer than it is used to sends the whole window again.
const WINDOW: u64 = 10;

/// Lets a window be so small that it comes within a tenth of a second at `share` octets a second.
pub(super) fn narrow(limits: &mut Limits, share: u64) {
    let octets = share / WINDOW;
    let block = u16::try_from(octets).unwrap_or(u16::MAX).max(tftp_proto::DEFAULT_BLKSIZE);
    limits.blksize = limits.blksize.min(block);
    let blocks = octets / u64::from(limits.blksize);
    limits.windowsize = limits.windowsize.min(u16::try_from(blocks).unwrap_or(u16::MAX).max(1));
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_an_upload_comes_within_a_tenth_of_a_second_where_that_can_be() {
        for (share, blksize, windowsize) in [
            (655, 512, 1),
            (20_000, 2_000, 1),
            (1_000_000, 65_464, 1),
            (10_000_000, 65_464, 15),
            (1_250_000_000, 65_464, 1_909),
        ] {
            let mut limits = Limits { blksize: 65_464, windowsize: 65_535, ..Limits::default() };
            narrow(&mut limits, share);
            assert_eq!((limits.blksize, limits.windowsize), (blksize, windowsize), "{share}");
        }
        let mut limits = Limits { blksize: 1_428, windowsize: 4, ..Limits::default() };
        narrow(&mut limits, 100_000);
        assert_eq!((limits.blksize, limits.windowsize), (1_428, 4), "what is less already stays");
    }
}
