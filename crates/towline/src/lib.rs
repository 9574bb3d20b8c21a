//! The command line of towline, as a library so that tests and the lab can use its parts.
//!
//! It wires the rooms together and holds no protocol of its own.
//!
//! - [`commands`]: one file for each subcommand.
//! - [`config`]: the configuration file, variables and options as one typed value; `service` runs it.
//! - [`exit`]: exit codes and the one line of a failure.
//! - [`events`]: what `--json` prints.
//! - [`ladder`]: records what is seen on the wire, states facts about it and draws it.
//! - [`inventory`]: which devices there are, how each is reached, and where its passwords are.
//! - [`landing`]: local files that are there whole or not at all.
//! - [`monitor`]: what needs privilege, as a fixed list of questions.
//! - [`relay`]: a UDP relay that loses, doubles and delays on purpose.
//! - [`watch`]: counts how far transfers are.
//! - [`doctor`]: says why TFTP does not work, and what to set.
//! - [`recipe`]: lines to type elsewhere.
//! - [`rehearse`]: twins of real devices, on which an upgrade is tried.
//! - [`control`]: how an operator's commands reach a running server.
//! - [`sinks`]: where audit events go besides the screen.
//! - [`upgrade`](mod@upgrade): what is kept of upgrades, and how it is told.
//! - [`digest`], [`figures`]: digests of files, numbers for people.
#![deny(unsafe_code)]

pub mod commands;
pub mod config;
pub mod control;
pub(crate) mod difference;
pub mod digest;
pub mod doctor;
pub mod events;
pub mod exit;
pub mod figures;
mod interrupt;
pub mod inventory;
pub mod lab;
pub mod ladder;
pub mod landing;
pub mod metrics;
pub mod monitor;
mod outflow;
mod progress;
pub mod recipe;
pub mod rehearse;
pub mod relay;
mod remembered;
mod service;
mod shell;
pub mod sinks;
pub mod upgrade;
pub mod users;
pub mod watch;
