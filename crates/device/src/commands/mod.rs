//! The commands: their rows, and one file for each family.
//!
//! To add one: a row in [`table`], an [`Id`], an arm in [`Exec::run`] that calls the family's file.

mod configure;
mod copy;
mod exec;
mod files;
mod show;
mod system;
pub(crate) mod table;

pub(crate) use copy::fetch_failure;
pub(crate) use exec::{Exec, run_session};
pub(crate) use table::Id;
