//! `copy xmodem:` and `copy ymodem:`: a file comes over the console.
//!
//! A router warns, asks and says what it will do; a Catalyst only says when to begin. Not confirmed on a device: what a router
//! says of a sum instead of a CRC, with image validation, and of YMODEM.

use alloc::format;
use alloc::string::String;

/// What is spoken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Modem {
    /// XMODEM.
    X,
    /// YMODEM.
    Y,
}

impl Modem {
    fn name(self) -> &'static str {
        match self {
            Modem::X => "Xmodem",
            Modem::Y => "Ymodem",
        }
    }
}

/// Before all questions of a router.
pub const WARNING: &str = "\
\t\t\t**** WARNING ****
x/ymodem is a slow transfer protocol limited to the current speed
settings of the auxiliary/console ports. The use of the auxilary
port for this download is strongly recommended.
During the course of the download no exec input/output will be
available.
\t\t\t---- ******* ----


";

/// `[confirm]` follows.
pub const PROCEED: &str = "Proceed? ";

/// `[confirm]` follows; not asked of YMODEM, which knows nothing else.
pub const USE_CRC: &str = "Use crc block checksumming? ";

/// A line; Enter is 10.
pub const RETRIES: &str = "Max Retry Count [10]: ";

/// `[confirm]` follows.
pub const VALIDATE: &str = "Perform image validation checks? ";

/// `[confirm]` follows.
pub const CONTINUE: &str = "Continue? ";

/// The sending program may be started; what asks for the first block stands behind it.
pub const READY: &str = "Ready to receive file...........";

/// What will be done.
pub fn summary(modem: Modem, crc: bool, validation: bool) -> String {
    let sum = if crc { "crc" } else { "simple" };
    let validation = if validation { "image" } else { "NO image" };
    format!("{} download using {sum} checksumming with {validation} validation\n", modem.name())
}

/// A Catalyst's word that the sending program may be started.
pub fn begin(modem: Modem) -> &'static str {
    match modem {
        Modem::X => "Begin the Xmodem or Xmodem-1K transfer now...\n",
        Modem::Y => "Begin the Ymodem transfer now...\n",
    }
}

/// Behind a file that should have been an image for this device. Not confirmed on a device.
pub const NO_IMAGE: &str = "%Image validation failed: not a valid image for this system\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_router_says_what_it_will_do() {
        assert_eq!(
            summary(Modem::X, true, false),
            "Xmodem download using crc checksumming with NO image validation\n"
        );
        assert_eq!(
            summary(Modem::Y, true, true),
            "Ymodem download using crc checksumming with image validation\n"
        );
    }
}
