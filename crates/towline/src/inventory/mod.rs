//! Inventories: which devices there are, how each is reached, and where its passwords are.
//!
//! What this does *not* do: it asks no device, and it runs no program but one that an inventory names for a password. A text comes
//! in; devices come out, and what is wrong with it, each with its place.
//!
//! - `device` a device, and what else is told of a file; `own` the keys of our own inventories, whatever they are written in
//! - `yaml`, `csv` texts as the values that TOML has; `ansible` its inventories in INI and YAML; `kind` which of them a file is
//! - `credential` where a password is, `unsealing` the passwords themselves, each fetched once
//! - `limit` which of the devices are meant; `files` what is read of this host, and who else may read it
//! - `hidden` faults whose pictures show no password

mod ansible;
mod credential;
mod csv;
mod device;
mod files;
mod hidden;
mod kind;
mod limit;
pub mod own;
#[cfg(test)]
mod tests;
mod unsealing;
mod yaml;

pub use credential::Credential;
pub(crate) use device::Device;
pub(crate) use files::read;
pub(crate) use limit::Limit;
pub use own::document;
pub(crate) use unsealing::{AtTerminal, Passwords};
