use gate::Refusal;
use tftp_proto::ErrorCode;

/// The one match from the door's answers to ERROR codes and texts; no host path in any.
pub(super) fn error(refusal: &Refusal) -> (ErrorCode, String) {
    let code = match refusal {
        Refusal::Absent => ErrorCode::FileNotFound,
        Refusal::Exists => ErrorCode::FileExists,
        Refusal::Denied
        | Refusal::DeniedBy(_)
        | Refusal::IsDirectory
        | Refusal::NotDirectory
        | Refusal::NotEmpty
        | Refusal::NotRegular
        | Refusal::BadName(_)
        | Refusal::Ambiguous(_)
        | Refusal::ByRule(_)
        | Refusal::OtherFileSystem
        | Refusal::Stranger
        | Refusal::Login
        | Refusal::Also(_)
        | Refusal::Unprotected
        | Refusal::Handshake(_)
        | Refusal::NothingInCommon(_) => ErrorCode::AccessViolation,
        Refusal::NoSpace | Refusal::OverQuota(_) => ErrorCode::DiskFull,
        Refusal::TooMany(_)
        | Refusal::Exhausted(_)
        | Refusal::Banned { .. }
        | Refusal::Unsupported(_)
        | Refusal::BeyondEnd { .. }
        | Refusal::Busy
        | Refusal::Counting
        | Refusal::Io(_) => ErrorCode::Undefined,
    };
    let text = match refusal {
        // What the operating system says stays with the owner (audit).
        Refusal::Io(_) => String::from("storage error"),
        told => told.to_string(),
    };
    (code, text)
}
