//! Gives up, for good, what a server does not need: files elsewhere, programs, sockets of other kinds,
//! root's rights.
//!
//! It knows no protocol and no configuration: a [`Plan`] says what stays, [`Plan::enter`] does it once and
//! before the first thread (Landlock and raw identities hold for a thread and those that it starts), and
//! [`Held`] says what the kernel enforces since, and what it does not.
//!
//! Landlock is the boundary for files and for TCP; the system call filter is the one for programs, kinds of
//! sockets and the rest of the kernel. Neither replaces `openat2(RESOLVE_BENEATH)` in the store.
//!
//! - `plan`: what stays, and the order in which the rest goes.
//! - `identity`: users, groups, capabilities.
//! - `files`: Landlock.
//! - `calls`: the table of system calls; `filter`: the table as a program for the kernel.
//! - `held`: what is enforced, for people.
#![deny(unsafe_code)]

mod calls;
mod files;
mod filter;
mod held;
mod identity;
mod plan;

pub use held::{Calls, Files, Held};
pub use identity::Become;
pub use plan::{Demand, Fault, Plan, Tcp};
