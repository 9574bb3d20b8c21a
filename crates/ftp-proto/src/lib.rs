//! FTP as pure machines (RFC 959, 1123 §4.1, 2389, 2428, 3659; 2577 for what is refused).
//!
//! What this crate does *not* do: it owns no socket, file, clock or thread, resolves no path, and
//! judges nobody's rights. Octets, answers and the time go in; octets, questions and the next deadline
//! come out. File names are octets here; whoever drives a machine resolves them against its own tree.
//!
//! | file | its one idea |
//! |---|---|
//! | [`command`] | the table of verbs; parser, HELP, FEAT and the docs page come from it |
//! | [`mod@line`] | control lines out of octets: CRLF, bare LF, Telnet, the length limit |
//! | [`reply`] | replies written and read (RFC 959 §4.2) |
//! | [`addr`] | the addresses inside PORT, 227, EPRT and 229 |
//! | [`ascii`] | TYPE A as two converting streams |
//! | [`form`] | TYPE, STRU and MODE together as two converting streams |
//! | [`list`] | LIST, NLST, MLSx: written and read |
//! | [`proxy`] | what a proxy says of whom it stands for |
//! | [`server`] | the server's control connection as one machine |
//! | [`client`] | a client's session, one job after the other, as one machine |
//! | [`fuzz`] | what must hold for any octets |
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]
extern crate alloc;

pub mod addr;
pub mod ascii;
pub mod client;
pub mod command;
pub mod form;
pub mod fuzz;
pub mod line;
pub mod list;
pub mod proxy;
pub mod reply;
pub mod server;
