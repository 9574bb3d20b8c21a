//! The IOS command line: grammar, line editor, pager, dialogs, texts.
//!
//! It runs nothing and knows no device: commands are rows of a table that the caller owns, and what a
//! command does is the caller's. It opens no terminal: bytes go in, bytes and events come out. Texts
//! use `\n` between lines; whoever writes to a terminal turns it into CR LF ([`pager`] does).
//!
//! - [`graph`]: the command table: abbreviation, `?`, Tab, caret and ambiguity errors.
//! - [`modes`]: the modes as a bitset, their prompts and the headers of their help.
//! - [`editor`]: the line editor: keys, echo, history, type-ahead, `$` scrolling, passwords.
//! - [`pager`]: ` --More-- ` and the output modifiers; [`regex`] is what they match with.
//! - [`dialog`]: the three kinds of question IOS asks.
//! - [`text`]: what the commands print and how it is read back, side by side.
//! - [`config_diff`]: two configurations, compared in their modes.
//! - [`tcl`]: the part of Tcl that `tclsh` knows.
//! - [`image_name`]: what the name of an image says.
//! - [`xmodem`]: XMODEM and YMODEM, the receiving end.
//! - [`fuzz`]: entry points for the fuzzer.
//!
//! There is no RFC for any of this: the sources are transcripts of real devices (`tests/data`, with
//! their origin and licence) and the public configuration guides.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]
#![cfg_attr(test, allow(clippy::wildcard_enum_match_arm))]
extern crate alloc;

pub mod config_diff;
pub mod dialog;
pub mod editor;
pub mod fuzz;
pub mod graph;
pub mod image_name;
pub mod modes;
pub mod pager;
pub mod regex;
pub mod tcl;
pub mod text;
pub mod xmodem;

pub use graph::{Arg, Graph, Match, Offer, Outcome, Row, Scope};
pub use modes::Modes;
