//! SFTP version 3 as values: packets both ways, attributes, extensions; sessions of both ends as machines.
//!
//! What this crate does *not* do: it has no channel, no clock and no file. It does not look into names: they are
//! octets, whatever they mean.
//!
//! | file | what |
//! |---|---|
//! | `frame` | packets out of a stream of octets, bounded in length |
//! | `request` | what a client sends: [`Request`], [`Ask`] |
//! | `reply` | what a server sends: [`Reply`], [`Answer`], [`Entry`] |
//! | `attrs` | facts of a file: [`Attrs`] |
//! | `status` | codes of [`Status`] |
//! | `extension` | requests beyond version 3, a row for each: [`Extended`] |
//! | `figures` | what extensions answer with: file systems, limits, names of users, digests |
//! | [`server`] | the machine of a server's session: requests that wait, questions, answers |
//! | [`client`] | the machine of a client: many verbs at once over one channel |
//! | [`scp`] | what `scp -O` and routers speak: the command, the lines, both ends as machines |
//! | `wire` | numbers and strings of RFC 4251 §5 |
//! | `fuzz` | bodies of the fuzz targets |
//!
//! draft-ietf-secsh-filexfer-02 (SFTP version 3), OpenSSH's PROTOCOL §4 (its extensions, and `SYMLINK` with its two
//! paths the other way round), draft-ietf-secsh-filexfer-extensions-00 (check-file, space-available),
//! draft-ietf-secsh-filexfer-13 §5.4 (vendor-id).
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]
extern crate alloc;

mod attrs;
pub mod client;
mod extension;
mod figures;
mod frame;
pub mod fuzz;
mod reply;
mod request;
pub mod scp;
pub mod server;
mod status;
mod wire;

pub use attrs::{Attrs, Owner, Times};
pub use extension::{Check, EXTENSIONS, Extended, Extension, VendorId};
pub use figures::{Checked, FileSystem, Limits, Named, Space};
pub use frame::{Frames, LONGEST_PACKET, TooLong};
pub use reply::{Answer, Entry, Reply, data_head};
pub use request::{Ask, BadRequest, OpenFlags, Request, write_head};
pub use status::Status;
pub use wire::Malformed;

/// The version that is spoken, whatever higher one the peer names.
pub const VERSION: u32 = 3;
/// The longest handle, octets (draft §6.3).
pub const LONGEST_HANDLE: usize = 256;
