//! HTTP/1.1 for a server that only gives files, as a pure machine (RFC 9110, 9112).
//!
//! What this crate does *not* do: it owns no socket, file, clock or thread, resolves no path, checks no
//! password and judges nobody's rights. It takes no content: GET and HEAD are all that there is. It speaks no
//! HTTP/2, compresses nothing and negotiates nothing but the form of a directory (HTML or JSON).
//! Octets, answers and the time go in; octets, runs of the content, questions and the next deadline come out.
//!
//! | file | its one idea |
//! |---|---|
//! | [`head`] | where a request's head ends, and its lines, strictly (RFC 9112 §2 to §6) |
//! | [`target`] | a request target as the octets of a path (RFC 9112 §3.2, RFC 3986) |
//! | [`request`] | what a head means to us, or which status it earns |
//! | [`login`] | `Authorization: Basic` (RFC 7617) |
//! | [`date`] | the three forms of a date (RFC 9110 §5.6.7) |
//! | [`tag`] | entity tags (RFC 9110 §8.8.3) |
//! | [`condition`] | preconditions in their order (RFC 9110 §13.2.2) |
//! | [`range`] | ranges, joined and bounded (RFC 9110 §14) |
//! | [`status`] | the table of the statuses that we send |
//! | [`media`] | the table of content types |
//! | [`listing`] | a directory as HTML or JSON, entry by entry |
//! | [`server`] | a connection as one machine |
//! | [`fuzz`] | what must hold for any octets |
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]
extern crate alloc;

pub mod condition;
pub mod date;
pub mod fuzz;
pub mod head;
pub mod listing;
pub mod login;
pub mod media;
pub mod range;
pub mod request;
pub mod server;
pub mod status;
pub mod tag;
pub mod target;
