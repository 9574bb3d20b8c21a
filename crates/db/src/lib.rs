//! What has to be known later, in embedded SQLite databases: the history of what happened on a server (one writer, any
//! number of readers), and the [`journal`] of what is done to devices.
//!
//! What this does *not* do: it knows no protocol and no event, only [`Row`]s with a time and a text; the history has no
//! queue and no thread of its own, and tries nothing again: its owner does.
//!
//! - `row` what is kept; `schema` the tables, a version at a time; `writer` adds rows, a batch in one transaction,
//!   and forgets old ones; `reader` looks, also while a writer writes; `fault` what can go wrong, by what helps.
//!
//! The order of the rows is the order of their numbers, and never that of their times: a clock may be set back.
#![deny(unsafe_code)]

mod fault;
pub mod journal;
mod reader;
mod row;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

pub use fault::Fault;
pub use reader::{Kept, Query, Reader};
pub use row::Row;
pub use writer::{Opened, Writer};
