//! What a port is, and what the log says when it becomes another thing.

use ios_cli::text::interfaces::Status;

/// A port, with its line protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Line {
    /// No IOS runs that would know.
    #[default]
    Off,
    /// `shutdown`
    Shut,
    /// A subinterface that is no more.
    Deleted,
    /// It has no carrier.
    Down,
    /// It has one.
    Up,
}

impl Line {
    /// As tables show it.
    pub(crate) fn status(self) -> Status {
        match self {
            Line::Shut => Status::AdminDown,
            Line::Deleted => Status::Deleted,
            Line::Off | Line::Down => Status::Down,
            Line::Up => Status::Up,
        }
    }
}

/// A message for the log.
#[derive(Clone, Copy)]
enum Said {
    /// `%LINK-5-CHANGED`
    Shut,
    /// `%LINK-3-UPDOWN`
    Link(bool),
    /// `%LINEPROTO-5-UPDOWN`
    Protocol(bool),
}

/// From what to what, and what is said then. What begins with IOS itself, or ends with it, nobody tells of.
const SAID: &[(Line, Line, &[Said])] = &[
    (Line::Up, Line::Shut, &[Said::Shut, Said::Protocol(false)]),
    (Line::Down, Line::Shut, &[Said::Shut]),
    (Line::Up, Line::Down, &[Said::Protocol(false), Said::Link(false)]),
    (Line::Shut, Line::Down, &[Said::Link(false)]),
    (Line::Shut, Line::Up, &[Said::Link(true), Said::Protocol(true)]),
    (Line::Down, Line::Up, &[Said::Link(true), Said::Protocol(true)]),
];

/// What the log says of a loopback that is made, or taken away.
pub(crate) fn of_loopback(port: &str, is_there: bool) -> impl Iterator<Item = String> {
    let said: &[Said] = if is_there { &[Said::Protocol(true)] } else { &[Said::Shut, Said::Protocol(false)] };
    said.iter().map(move |said| said.text(port))
}

/// What the log says of it.
pub(crate) fn messages(port: &str, was: Line, is: Line) -> impl Iterator<Item = String> {
    let said = SAID.iter().find(|(from, to, _)| (*from, *to) == (was, is));
    said.into_iter().flat_map(|(.., said)| *said).map(move |said| said.text(port))
}

impl Said {
    fn text(self, port: &str) -> String {
        let way = |up| if up { "up" } else { "down" };
        match self {
            Said::Shut => {
                format!("%LINK-5-CHANGED: Interface {port}, changed state to administratively down")
            }
            Said::Link(up) => format!("%LINK-3-UPDOWN: Interface {port}, changed state to {}", way(up)),
            Said::Protocol(up) => {
                format!(
                    "%LINEPROTO-5-UPDOWN: Line protocol on Interface {port}, changed state to {}",
                    way(up)
                )
            }
        }
    }
}
