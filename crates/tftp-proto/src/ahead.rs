/// Sending ahead of a peer that only does lock-step: an opt-in, because such a peer never promised anything.
///
/// Most lock-step receivers take a block that waits in their socket's buffer as if it had just been sent, so
/// that two blocks in flight halve the time of a copy over a long path. Some do not, and the first sign of
/// it (an ACK other than the one awaited, a time-out) ends it for the rest of the transfer. Whether it held
/// is a figure, [`AheadFigure`], that the driver may remember by client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SendAhead {
    /// The most blocks in flight; it begins with two. Below two it is off.
    pub most: u16,
}

impl Default for SendAhead {
    /// Four: what Tftpd64 and dhcpserver.de's server have sent to such peers for years.
    fn default() -> Self {
        SendAhead { most: 4 }
    }
}

/// How sending ahead went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AheadFigure {
    /// It was not tried: off, a window was agreed, or the file is too short.
    #[default]
    Unused,
    /// Blocks were sent ahead and each was acknowledged in its turn.
    Held,
    /// The peer showed an oddity; the rest went in lock-step.
    FellBack,
}

/// How far ahead a sender is.
#[derive(Clone, Debug)]
pub(crate) enum Ahead {
    /// As the terms say.
    Off,
    /// So many blocks may be in flight; so many ACKs came in their turn since that last changed.
    On { flight: u16, most: u16, clean: u16 },
    /// Lock-step, for good.
    Fell,
}

/// ACKs in their turn before one more block goes into flight.
const GROWTH: u16 = 32;

impl Ahead {
    /// Only where lock-step was agreed.
    pub(crate) fn new(wish: Option<SendAhead>, windowsize: u16) -> Ahead {
        match wish {
            // One: nothing goes ahead to a peer that has not shown that it exists.
            Some(SendAhead { most }) if most > 1 && windowsize == 1 => {
                Ahead::On { flight: 1, most, clean: 0 }
            }
            Some(_) | None => Ahead::Off,
        }
    }

    /// The ACK that was awaited came; gives how many blocks may be in flight from now on.
    pub(crate) fn in_turn(&mut self) -> u16 {
        match self {
            Ahead::Off | Ahead::Fell => 1,
            Ahead::On { flight, most, clean } => {
                *clean += 1;
                if *flight == 1 || (*clean >= GROWTH && *flight < *most) {
                    (*flight, *clean) = (*flight + 1, 0);
                }
                *flight
            }
        }
    }

    /// Something else happened: an oddity, if blocks were in flight ahead. Gives whether it changes anything.
    pub(crate) fn odd(&mut self) -> bool {
        let was = matches!(self, Ahead::On { flight, .. } if *flight > 1);
        if was {
            *self = Ahead::Fell;
        }
        was
    }

    pub(crate) fn figure(&self) -> AheadFigure {
        match self {
            Ahead::On { flight, .. } if *flight > 1 => AheadFigure::Held,
            Ahead::On { .. } | Ahead::Off => AheadFigure::Unused,
            Ahead::Fell => AheadFigure::FellBack,
        }
    }
}
