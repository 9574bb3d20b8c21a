//! curl as a client, and what its end means.

use crate::process::{Ended, run};
use std::process::Command;

/// No such file (curl(1), TFTP's error 1).
pub const ABSENT: i32 = 68;
/// Access violation (error 2); of an FTP server: STOR, RETR or LIST was refused.
pub const DENIED: i32 = 69;
/// No space (error 3).
pub const FULL: i32 = 70;
/// The file exists (error 6).
pub const EXISTS: i32 = 73;

/// Runs it with these arguments, for 20 s at most.
///
/// # Panics
/// When it is not there.
pub fn curl(arguments: &[&str]) -> Ended {
    run(Command::new("curl").args(["-sS", "--max-time", "20"]).args(arguments))
}
