//! A cable: two ends, whether it carries, and who was heard over it.
//!
//! What it is follows from the devices at its ends; it is looked at again whenever one of them becomes another thing, and
//! tells both. Locks are taken in this order: the cable's, then that of a device. Nobody who holds a device's takes one here.

use super::heard::{Pace, Protocol, Voice};
use super::line::{Line, messages};
use crate::Device;
use crate::profile::Port;
use ios_cli::text::neighbours::Cdp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

/// One of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    This,
    Other,
}

impl End {
    const BOTH: [End; 2] = [End::This, End::Other];

    fn far(self) -> End {
        match self {
            End::This => End::Other,
            End::Other => End::This,
        }
    }
}

/// What is at an end.
pub(super) enum Plugged {
    Device {
        device: Weak<Device>,
        port: Port,
    },
    StandIn(Box<StandIn>),
    /// Nobody: it hangs loose.
    Nobody,
}

/// Somebody of whom only is known what it says of itself. It is always there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StandIn {
    /// What it says; whose `port` and `holdtime` are, follows from where it is plugged in and when it is heard.
    pub says: Cdp,
    /// Whether it says that over CDP.
    pub cdp: bool,
    /// Whether it says it over LLDP.
    pub lldp: bool,
}

/// What a port is by itself, whatever is at the other end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Own {
    pub(crate) line: Line,
    /// How it speaks, where it does, by protocol.
    pub(crate) tells: [Option<Pace>; 2],
    /// Whether it listens, by protocol.
    pub(crate) hears: [bool; 2],
}

impl Own {
    pub(crate) const OFF: Own = Own { line: Line::Off, tells: [None; 2], hears: [false; 2] };
}

/// A cable.
pub(crate) struct Cable {
    ends: [Plugged; 2],
    // Guards what the ends were when they were looked at last; held while they are.
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    lines: [Line; 2],
    /// By who hears, and over what.
    heard: [[Voice; 2]; 2],
}

impl Cable {
    pub(super) fn between(this: Plugged, other: Plugged) -> Cable {
        Cable { ends: [this, other], seen: Mutex::default() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is plugged in at that end.
    pub(super) fn port(&self, end: End) -> Option<&Port> {
        match &self.ends[end as usize] {
            Plugged::Device { port, .. } => Some(port),
            Plugged::StandIn(_) | Plugged::Nobody => None,
        }
    }

    /// What the line at that end is.
    pub(super) fn line(&self, end: End) -> Line {
        self.seen().lines[end as usize]
    }

    /// Looks at both ends again, and tells them what has become of their lines. `last` is what that end said before it was
    /// switched off.
    pub(super) fn settle(&self, now: Instant, last: Option<(End, &Cdp)>) {
        let mut seen = self.seen();
        let own = End::BOTH.map(|end| self.ends[end as usize].own());
        let before = seen.lines;
        let is_up = own.iter().all(|own| own.line == Line::Up);
        for end in End::BOTH {
            let (here, there) = (own[end as usize], own[end.far() as usize]);
            seen.lines[end as usize] = match here.line {
                Line::Up if !is_up => Line::Down,
                line => line,
            };
            for protocol in Protocol::ALL {
                let voice = &mut seen.heard[end as usize][protocol as usize];
                if !here.hears[protocol as usize] {
                    // What is not listened for is forgotten; so is everything by who is switched off.
                    *voice = Voice::Never;
                    continue;
                }
                let pace = there.tells[protocol as usize].filter(|_| is_up);
                voice.settle(pace, now, || match last {
                    Some((of, cdp)) if of == end.far() => Some(Box::new(cdp.clone())),
                    Some(_) | None => self.says(end.far()).map(Box::new),
                });
            }
        }
        let after = seen.lines;
        let changed = End::BOTH.map(|end| before[end as usize] != after[end as usize]);
        for end in End::BOTH {
            if let (Plugged::Device { device, port }, true) =
                (&self.ends[end as usize], changed[end as usize])
                && let Some(device) = device.upgrade()
            {
                messages(port, before[end as usize], after[end as usize]).for_each(|text| device.log(&text));
            }
        }
        drop(seen);
        for end in End::BOTH {
            if let (Plugged::Device { device, .. }, true) = (&self.ends[end as usize], changed[end as usize])
                && let Some(device) = device.upgrade()
            {
                device.rewire();
            }
        }
    }

    /// Who is heard at that end, with the seconds until it is forgotten.
    pub(super) fn heard(&self, end: End, protocol: Protocol, now: Instant) -> Option<Cdp> {
        let seen = self.seen();
        let voice = &seen.heard[end as usize][protocol as usize];
        let left = voice.left(now)?;
        let said = match voice {
            Voice::Silent { said, .. } => said.as_deref().cloned(),
            Voice::Never | Voice::Since { .. } => self.says(end.far()),
        };
        let port = self.port(end).map(ToString::to_string).unwrap_or_default();
        said.map(|said| Cdp { port, holdtime: left, ..said })
    }

    /// The device of ours that is plugged in at the other end.
    pub(super) fn far(&self, end: End) -> Option<Arc<Device>> {
        match &self.ends[end.far() as usize] {
            Plugged::Device { device, .. } => device.upgrade(),
            Plugged::StandIn(_) | Plugged::Nobody => None,
        }
    }

    /// What that end says of itself now.
    fn says(&self, end: End) -> Option<Cdp> {
        match &self.ends[end as usize] {
            Plugged::Device { device, port } => device.upgrade()?.says(port),
            Plugged::StandIn(who) => Some(who.says.clone()),
            Plugged::Nobody => None,
        }
    }
}

impl Plugged {
    fn own(&self) -> Own {
        match self {
            Plugged::Device { device, port } => device.upgrade().map_or(Own::OFF, |device| device.own(port)),
            // Nobody asks it what it heard.
            Plugged::Nobody => Own::OFF,
            Plugged::StandIn(who) => {
                let tells = [(who.cdp, Protocol::Cdp), (who.lldp, Protocol::Lldp)];
                let tells = tells.map(|(does, protocol)| does.then(|| protocol.pace()));
                Own { line: Line::Up, tells, hears: [false; 2] }
            }
        }
    }
}
