//! What the door says, in the model's words.

use crate::{Counted, Refusal, Scope};
use reference::{By, Net, Upload, Why};
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since the beginning of a run.
pub(super) fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap().as_secs() - reference::BEGAN
}

pub(super) fn net(net: &crate::Net) -> Net {
    Net { address: net.address(), bits: net.prefix() }
}

pub(super) fn why(refusal: Refusal) -> Why {
    match refusal {
        Refusal::Absent => Why::Absent,
        Refusal::Exists => Why::Exists,
        Refusal::Denied => Why::Denied,
        Refusal::DeniedBy(place) => Why::DeniedBy(place.line),
        Refusal::IsDirectory => Why::IsDirectory,
        Refusal::NotDirectory => Why::NotDirectory,
        Refusal::NotEmpty => Why::NotEmpty,
        Refusal::OverQuota(what) => Why::OverQuota(what),
        Refusal::TooMany(limit) => {
            let counted = match limit.counted {
                Counted::Sessions => reference::Counted::Sessions,
                Counted::HalfOpen => reference::Counted::HalfOpen,
                Counted::Transfers => reference::Counted::Transfers,
            };
            let scope = match limit.scope {
                Scope::All => reference::Scope::All,
                Scope::Network(n) => reference::Scope::Network(net(&n)),
                Scope::Address => reference::Scope::Address,
                Scope::User => reference::Scope::User,
                Scope::Tftp => return Why::Other(limit.to_string()),
            };
            Why::TooMany(counted, scope, limit.most)
        }
        Refusal::Banned { until } => Why::Banned(until.map(seconds)),
        Refusal::Stranger => Why::Stranger,
        Refusal::Login => Why::Login,
        Refusal::Unprotected => Why::Unprotected,
        Refusal::Unsupported(_) => Why::Unsupported,
        Refusal::BeyondEnd { offset, len } => Why::BeyondEnd(offset, len),
        Refusal::OtherFileSystem => Why::OtherFileSystem,
        Refusal::Busy => Why::Busy,
        other @ (Refusal::NotRegular
        | Refusal::BadName(_)
        | Refusal::Ambiguous(_)
        | Refusal::ByRule(_)
        | Refusal::NoSpace
        | Refusal::Counting
        | Refusal::Also(_)
        | Refusal::Exhausted(_)
        | Refusal::NothingInCommon(_)
        | Refusal::Handshake(_)
        | Refusal::Io(_)) => Why::Other(format!("{other:?}")),
    }
}

pub(super) fn by(why: crate::Why) -> By {
    match why {
        crate::Why::ReadOnly => By::ReadOnly,
        crate::Why::Hidden => By::Hidden,
        crate::Why::DropBox => By::DropBox,
        crate::Why::Rule(place) => By::Rule(place.line),
        crate::Why::Upload(upload) => By::Upload(match upload {
            crate::Upload::Create => Upload::Create,
            crate::Upload::Overwrite => Upload::Overwrite,
            crate::Upload::Version => Upload::Version,
            crate::Upload::Deny => Upload::Deny,
            crate::Upload::DropBox => Upload::DropBox,
        }),
        crate::Why::Grant(_) => By::Grant,
        crate::Why::NotGranted(_) => By::NotGranted,
        crate::Why::Everybody => By::Everybody,
        crate::Why::User => By::User,
        crate::Why::NoUser => By::NoUser,
    }
}
