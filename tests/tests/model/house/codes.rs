//! What the model's refusals are in each protocol.

use reference::{Scope, Why};

/// FTP's code for a command that is refused (docs/protocols/ftp.md).
pub(super) fn refused(why: &Why) -> u16 {
    match why {
        Why::OtherFileSystem => 553,
        Why::OverQuota(_) => 552,
        Why::TooMany(..) | Why::Busy => 450,
        Why::Unsupported => 504,
        Why::BeyondEnd(..) => 554,
        Why::Absent
        | Why::Exists
        | Why::Denied
        | Why::DeniedBy(_)
        | Why::IsDirectory
        | Why::NotDirectory
        | Why::NotEmpty => 550,
        Why::Banned(_) | Why::Stranger | Why::Login | Why::Unprotected | Why::Other(_) => 0,
    }
}

/// TFTP's code (RFC 1350, appendix).
pub(super) fn error(why: &Why) -> u16 {
    match why {
        Why::Absent => 1,
        Why::Denied | Why::DeniedBy(_) | Why::IsDirectory | Why::NotDirectory | Why::NotEmpty => 2,
        Why::OverQuota(_) => 3,
        Why::Exists => 6,
        Why::OtherFileSystem | Why::Stranger | Why::Login | Why::Unprotected => 2,
        Why::TooMany(..) | Why::Busy | Why::Unsupported | Why::BeyondEnd(..) | Why::Banned(_) => 0,
        Why::Other(_) => 99,
    }
}

/// HTTP's status (docs/protocols/http.md).
pub(super) fn status(why: &Why) -> u16 {
    match why {
        Why::Absent | Why::NotDirectory | Why::IsDirectory => 404,
        Why::Denied | Why::DeniedBy(_) | Why::Unprotected | Why::Banned(_) | Why::Stranger => 403,
        Why::Login => 401,
        Why::TooMany(_, Scope::All, _) | Why::Busy => 503,
        Why::TooMany(..) => 429,
        Why::Exists | Why::NotEmpty | Why::OtherFileSystem => 403,
        Why::OverQuota(_) | Why::Unsupported | Why::BeyondEnd(..) | Why::Other(_) => 0,
    }
}
