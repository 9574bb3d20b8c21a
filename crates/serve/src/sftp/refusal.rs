use crate::sentence::sentence;
use gate::Refusal;
use gate::store::StoreError;
use sftp_proto::Status;
use sftp_proto::server::Answer;
use std::io;

/// The one place where a refusal becomes a status (draft §7). Names that cannot be there are told apart as OpenSSH's
/// server does, by whose codes clients decide.
pub(super) fn status(why: &Refusal) -> Status {
    match why {
        Refusal::Absent | Refusal::NotDirectory => Status::NoSuchFile,
        Refusal::Denied
        | Refusal::DeniedBy(_)
        | Refusal::ByRule(_)
        | Refusal::Login
        | Refusal::Unprotected
        | Refusal::Handshake(_)
        | Refusal::NothingInCommon(_)
        | Refusal::Also(_)
        | Refusal::Stranger
        | Refusal::Banned { .. } => Status::PermissionDenied,
        Refusal::BadName(_) => Status::BadMessage,
        Refusal::Unsupported(_) => Status::OpUnsupported,
        Refusal::Exists
        | Refusal::IsDirectory
        | Refusal::NotEmpty
        | Refusal::NotRegular
        | Refusal::Ambiguous(_)
        | Refusal::NoSpace
        | Refusal::OverQuota(_)
        | Refusal::Counting
        | Refusal::TooMany(_)
        | Refusal::Exhausted(_)
        | Refusal::BeyondEnd { .. }
        | Refusal::OtherFileSystem
        | Refusal::Busy
        | Refusal::Io(_) => Status::Failure,
    }
}

/// The same with its words.
pub(super) fn refused(why: &Refusal) -> Answer {
    let text = match why {
        // What the operating system says stays with the owner (audit).
        Refusal::Io(_) => String::from("Storage error."),
        told => sentence(&told.to_string()),
    };
    Answer::Refused(status(why), text)
}

/// What the disk said of a read or write.
pub(super) fn of_disk(e: io::Error) -> Refusal {
    Refusal::from(StoreError::from(e))
}
