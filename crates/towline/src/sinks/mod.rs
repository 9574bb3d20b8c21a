//! Where audit events go besides the screen: each place takes them in its own time, and none holds up a transfer.
//!
//! - `present`: who is here now.

mod present;

pub use present::Present;
