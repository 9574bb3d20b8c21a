//! Files by virtual path.
//!
//! What this crate does *not* do: it grants nothing (that is `gate`), speaks no protocol, and never
//! shows a host path to a peer.
//!
//! - [`VPath`]: a path inside the tree, parsed once, jailed by construction.
//! - [`Store`]: a backend. [`Blob`] is what reading hands out, [`Upload`] what writing hands out;
//!   both say what they *are* (a file descriptor, memory), so that a pump can choose sendfile,
//!   splice or buffers.
//! - An upload is seen whole or not at all: nothing appears under the final name before
//!   [`Upload::commit`]; the old file stays until then.
//! - [`locator`]: a parsed URL or path.
//! - [`local`]: a directory of this machine. [`memory`]: a strict, deterministic backend.
//! - [`journal`]: a durable file of lines, for what must be known after a crash.
//! - [`mounts`]: a tree made of several backends. [`quota`]: one that holds no more than so much.
//! - [`conformance`]: what every backend must pass.
#![deny(unsafe_code)]

mod amount;
mod blob;
pub mod conformance;
mod error;
mod facts;
pub mod journal;
pub mod local;
pub mod locator;
pub mod memory;
pub mod mounts;
pub mod quota;
mod traits;
mod versions;
mod vpath;

pub use amount::{Amount, Suspended, Tally};
pub use blob::{Blob, Identity};
pub use error::{Result, StoreError, no_descriptors};
pub use facts::{Attributes, Entry, Facts, Kind};
pub use traits::{
    BATCH, Capabilities, Cursor, Files, Mode, Published, SORTED, Sink, Space, Store, Target, Upload,
};
pub use versions::{BadStamp, Keep, Stamp, Version};
pub use vpath::{BadPath, MAX_COMPONENT, MAX_PATH, RESERVED, VPath};
