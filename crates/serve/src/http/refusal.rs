use gate::{Refusal, Scope};
use http_proto::status::Status;

/// The one place where a refusal becomes a status (RFC 9110 §15.5, §15.6).
pub(super) fn told(why: &Refusal) -> (Status, String) {
    let status = match why {
        Refusal::Absent | Refusal::NotRegular | Refusal::NotDirectory | Refusal::IsDirectory => {
            Status::NotFound
        }
        Refusal::Denied
        | Refusal::DeniedBy(_)
        | Refusal::ByRule(_)
        | Refusal::Stranger
        | Refusal::Banned { .. }
        | Refusal::Unprotected
        | Refusal::Handshake(_)
        | Refusal::NothingInCommon(_)
        | Refusal::Also(_)
        | Refusal::Exists
        | Refusal::NotEmpty
        | Refusal::OtherFileSystem => Status::Forbidden,
        Refusal::BadName(_) => Status::BadRequest,
        Refusal::Ambiguous(_) => Status::NotFound,
        Refusal::Login => Status::Unauthorized,
        Refusal::TooMany(limit) => match limit.scope {
            Scope::All | Scope::Tftp => Status::ServiceUnavailable,
            // RFC 6585 §4: it is this client that is too many.
            Scope::Network(_) | Scope::Address | Scope::User => Status::TooManyRequests,
        },
        Refusal::Exhausted(_) | Refusal::Busy | Refusal::Counting => Status::ServiceUnavailable,
        Refusal::NoSpace | Refusal::OverQuota(_) => Status::InsufficientStorage,
        Refusal::Unsupported(_) => Status::NotImplemented,
        Refusal::BeyondEnd { .. } => Status::RangeNotSatisfiable,
        Refusal::Io(_) => Status::InternalServerError,
    };
    let text = match why {
        // What the operating system says stays with the owner (audit).
        Refusal::Io(_) => String::from("storage error"),
        told => told.to_string(),
    };
    (status, text)
}
