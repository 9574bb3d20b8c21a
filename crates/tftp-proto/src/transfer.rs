use crate::{ErrorCode, Event, Figures, Received, Receiver, Sender, Terms, Transmit};
use clock::Instant;

/// Either end of the data, for a driver that does not care which. The methods are those of [`Sender`] and
/// [`Receiver`], and so is the order of calls.
#[derive(Clone, Debug)]
pub enum Transfer {
    /// We have the file.
    Send(Sender),
    /// We get it.
    Receive(Receiver),
}

/// Calls the same method of whichever machine it is.
macro_rules! either {
    ($self:expr, $m:ident => $call:expr) => {
        match $self {
            Transfer::Send($m) => $call,
            Transfer::Receive($m) => $call,
        }
    };
}

impl Transfer {
    /// Takes one datagram from the peer.
    pub fn handle_datagram(&mut self, now: Instant, octets: &[u8]) -> Received {
        either!(self, m => m.handle_datagram(now, octets))
    }

    /// Lets time pass; `true` if a wait ended without an answer.
    pub fn handle_timeout(&mut self, now: Instant) -> bool {
        either!(self, m => m.handle_timeout(now))
    }

    /// The peer repeated its request.
    pub fn resend_first(&mut self, now: Instant) {
        either!(self, m => m.resend_first(now));
    }

    /// Gives up and tells the peer why.
    pub fn abort(&mut self, code: ErrorCode, text: &str) {
        either!(self, m => m.abort(code, text));
    }

    /// The peer's port is closed.
    pub fn peer_left(&mut self) {
        either!(self, m => m.peer_left());
    }

    /// The request and its first answer took this long; `None`: it went out twice.
    pub(crate) fn learn(&mut self, now: Instant, rtt: Option<clock::Duration>) {
        either!(self, m => m.learn(now, rtt));
    }

    /// What to send next.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        either!(self, m => m.poll_transmit())
    }

    /// The next fact for the owner.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        either!(self, m => m.poll_event())
    }

    /// When to call `handle_timeout`.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        either!(self, m => m.poll_timeout())
    }

    /// What was agreed.
    pub fn terms(&self) -> &Terms {
        either!(self, m => m.terms())
    }

    /// Whether the peer has answered our first packet.
    pub fn is_proved(&self) -> bool {
        either!(self, m => m.is_proved())
    }

    /// What was counted so far.
    pub fn figures(&self) -> Figures {
        either!(self, m => m.figures())
    }

    /// Packets that were sent more than once.
    pub fn repeats(&self) -> u64 {
        self.figures().repeats
    }
}
