//! SCP, the protocol that `scp -O` and routers speak: what `scp -t` and `scp -f` say to each other over a channel.
//!
//! There is no document of it; this is what OpenSSH's scp.c does, which is what all others were made to fit. One end is
//! the [`Source`], which has files, the other the [`Sink`], which wants them. Of a server `-f` is a source and `-t` a
//! sink; of a client it is the other way round, with the same two machines.
//!
//! - [`exec`] the command that starts the far end, read as a shell would and never run
//! - [`pattern`] names with `*`, `?` and `[…]`, as a shell would expand them
//! - [`record`] the lines · [`sink`], [`source`] the machines

pub mod exec;
pub mod pattern;
pub mod record;
pub mod sink;
pub mod source;
#[cfg(test)]
mod tests;

pub use exec::{BadExec, Exec, Way};
pub use pattern::{Glyph, Pattern};
pub use record::{BadRecord, LONGEST_LINE, Record, Times, is_name};
pub use sink::{Sink, SinkEvent, SinkFault};
pub use source::{Source, SourceEvent, SourceFault};

use alloc::vec::Vec;

/// A message as it goes over the wire: `0x01 scp: TEXT\n`. What would end the line, or do something to a terminal, is
/// left out.
pub fn complaint(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 7);
    out.extend_from_slice(b"\x01scp: ");
    out.extend(printable(text.as_bytes()));
    out.push(b'\n');
    out
}

/// The octets that do nothing to a terminal.
pub(crate) fn printable(text: &[u8]) -> impl Iterator<Item = u8> {
    text.iter().copied().filter(|b| !b.is_ascii_control())
}
