//! The emulated IOS device: of some model, with flash, NVRAM, a console and vty lines.
//!
//! It has no protocol of its own: `copy` and `tftpdnld` move octets with the client crate, over real
//! sockets that the [`wire`] table puts behind lab addresses. It needs no vendor's software: it boots
//! synthetic images ([`image`]).
//!
//! - [`Device`], [`DeviceConfig`]: open, console, vty; [`Facts`] for checkers.
//! - [`image`]: synthetic images. [`boot`]: which of them boots. [`monitor`]: register and variables.
//! - [`config`]: the configuration as a value; `archive`: archived, replaced, put back.
//!   [`ifs`]: file systems by prefix. [`wire`]: the network.
//! - [`Rack`], [`TelnetLines`], [`SshLines`]: who is put through to which device; [`HostKeys`]: who it is then.
//! - `own_clock`: its time; `debugging`: what it tells of; `messages`: the log, and what lines send each other.
//! - [`connect`]: cables between devices, and who is at their other end; [`StandIn`]: somebody who is no device of ours.
//! - [`Fault`]: misbehaviour on request.
//! - [`Underway`]: a device that has run for a while: what a twin of a real one begins as.
//! - [`Attendant`]: boots and reloads that nobody watches.
//! - `ssh`: the vty lines over SSH; `scp`: `ip scp server enable`.
//! - [`TftpFiles`]: what `tftp-server` serves.
//! - `session`: lines, login, booting. `rommon`, `switch_loader`: the boot loaders' prompts. `commands`: the EXEC, one
//!   file for each family.
#![deny(unsafe_code)]

mod archive;
mod attendant;
mod autoinstall;
pub mod boot;
mod cables;
mod commands;
pub mod config;
mod debugging;
mod device;
mod facts;
mod faults;
pub mod fuzz;
mod heard;
mod host_key;
pub mod ifs;
pub mod image;
pub mod install;
mod keys;
mod made_of;
mod messages;
mod modem;
pub mod monitor;
mod netboot;
mod nvram;
mod own_clock;
pub mod profile;
mod rack;
mod rommon;
mod scp;
mod session;
mod ssh;
mod started;
mod switch_loader;
mod texts;
mod tftp;
mod underway;
pub mod wire;

pub use attendant::Attendant;
pub use autoinstall::{BadLease, Lease};
pub use cables::{StandIn, connect};
pub use config::Config;
pub use device::{Device, LastCopy, LineId, OpenError};
pub use facts::{Facts, FlashFile, InterfaceFacts, Mode, Ran};
pub use faults::{BadFault, FAULTS, Fault, NoSuchPort, Which};
pub use heard::Typed;
pub use host_key::HostKeys;
pub use made_of::{DeviceConfig, Guest, Stock};
pub use profile::{BadProfile, C2911, Profile};
pub use rack::{Rack, TelnetLines, Through};
pub use session::{Heard, Leave, Port, Refused, TerminalPort};
pub use ssh::SshLines;
pub use tftp::TftpFiles;
pub use underway::{Underway, written};
