//! Users that live outside the configuration, and how a user of either becomes one of the gate's.
//!
//! What this does *not* do: it lets nobody in; the gate asks it.
//!
//! - `made` makes the gate's user of what a file says; `file` reads and writes one user's file; `directory` is the
//!   [`gate::Directory`] of such files; `command` is the [`gate::Oracle`] of `identity.command`.

mod command;
mod directory;
mod file;
mod made;

pub use command::Command;
pub use directory::UsersDir;
pub(crate) use directory::is_writable_by_others;
pub use file::BadFile;
pub(crate) use file::new_text;
pub(crate) use made::{keys_file, made, with_facts};
