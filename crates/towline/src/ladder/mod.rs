//! Ladders: what went over the wire, who sent it and from which port to which.
//!
//! A [`Recorder`] is a [`transport::tap::Tap`] that keeps what it sees as a list of [`Seen`]; [`Facts`]
//! states things about such a list that a test can assert; [`draw`] makes two columns of it, the client
//! on the left, in at most [`WIDTH`] characters. [`Trace`] draws while it happens, [`Capture`] writes a file for
//! Wireshark, [`Picture`] an SVG, and a [`Place`] is what `--trace` says about where.
//!
//! The drawing looks at nothing but the list, so that a ladder of a live run, of a test and of a trace
//! are made by the same code.

mod capture;
mod draw;
mod facts;
mod http;
mod negotiation;
mod packet;
mod picture;
mod place;
mod record;
mod row;
mod trace;

pub use capture::Capture;
pub use draw::{Pencil, WIDTH, draw};
pub use facts::{Arrow, DataConnection, Facts, Phase, Phases};
pub use packet::Packet;
pub use picture::{Picture, picture};
pub use place::Place;
pub(crate) use place::{Traces, Tracing, joined};
pub use record::{Fact, Recorder, Seen};
pub use row::{Drawn, Kind, Row, Rows};
pub use trace::Trace;

pub(crate) use http::announced;

use std::time::Duration;

/// One of the two ends of a ladder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Who asked: drawn on the left.
    Client,
    /// Who was asked: drawn on the right.
    Server,
}

impl End {
    /// The other one.
    pub fn other(self) -> End {
        match self {
            End::Client => End::Server,
            End::Server => End::Client,
        }
    }
}

/// Makes a peer's octets safe for a terminal: what is not printable becomes `\xNN`.
pub fn printable(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() {
                let mut utf8 = [0; 4];
                out.extend(c.encode_utf8(&mut utf8).bytes().map(|b| format!("\\x{b:02x}")));
            } else {
                out.push(c);
            }
        }
        out.extend(chunk.invalid().iter().map(|b| format!("\\x{b:02x}")));
    }
    out
}

/// `0`, `312us`, `4.1ms`, `1.204s`.
fn span(d: Duration) -> String {
    match d.as_micros() {
        0 => String::from("0"),
        us @ 1..1_000 => format!("{us}us"),
        us @ 1_000..1_000_000 => format!("{:.1}ms", us as f64 / 1e3),
        us => format!("{:.3}s", us as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests;
