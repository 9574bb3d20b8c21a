//! One option on both sides of a connection (RFC 1143 §7).
//!
//! A request is answered only when it changes something, and what we asked for and got is not answered:
//! two ends that follow this never echo each other's requests for ever. We never turn an option off that
//! is on, so the states WANTNO of the RFC do not appear, and no request has to be queued.

/// What to say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    Will,
    Wont,
    Do,
    Dont,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    No,
    /// We have asked.
    WantYes,
    Yes,
}

/// An option's state: our side (WILL) and the peer's (DO).
#[derive(Clone, Debug)]
pub(crate) struct Negotiation {
    pub(crate) number: u8,
    us: Side,
    them: Side,
}

impl Negotiation {
    pub(crate) fn new(number: u8) -> Negotiation {
        Negotiation { number, us: Side::No, them: Side::No }
    }

    /// Whether we use it.
    pub(crate) fn ours(&self) -> bool {
        self.us == Side::Yes
    }

    /// Whether the peer uses it.
    pub(crate) fn theirs(&self) -> bool {
        self.them == Side::Yes
    }

    /// We want it on.
    pub(crate) fn ask(&mut self, ours: bool) -> Option<Action> {
        let side = if ours { &mut self.us } else { &mut self.them };
        if *side != Side::No {
            return None;
        }
        *side = Side::WantYes;
        Some(if ours { Action::Will } else { Action::Do })
    }

    /// DO or DONT (`ours`), WILL or WONT; `agree`: whether we let it be on.
    pub(crate) fn receive(&mut self, ours: bool, on: bool, agree: bool) -> Option<Action> {
        let (side, yes, no) = if ours {
            (&mut self.us, Action::Will, Action::Wont)
        } else {
            (&mut self.them, Action::Do, Action::Dont)
        };
        match (*side, on) {
            (Side::No, true) if agree => {
                *side = Side::Yes;
                Some(yes)
            }
            (Side::No, true) => Some(no),
            (Side::Yes, false) => {
                *side = Side::No;
                Some(no)
            }
            // The answer to our request: it is not answered.
            (Side::WantYes, true) => {
                *side = Side::Yes;
                None
            }
            (Side::WantYes, false) => {
                *side = Side::No;
                None
            }
            (Side::Yes, true) | (Side::No, false) => None,
        }
    }
}
