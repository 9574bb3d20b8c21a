//! Time as a value.
//!
//! Nothing here reads a clock: an [`Instant`] is handed in by whoever may look at one (a driver, a
//! test, the simulated network). Machines compare and add; they never ask.
//!
//! - [`Instant`]: nanoseconds since an arbitrary start, chosen by the driver.
//! - [`TimerTable`]: one deadline for each kind of timer a machine has.
//! - [`civil`]: Unix seconds to calendar fields and back, UTC, for listings and `show clock`.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]

pub mod civil;
mod instant;
mod timer;

pub use core::time::Duration;
pub use instant::Instant;
pub use timer::TimerTable;
