use crate::sentence::sentence;
use ftp_proto::reply::Code;
use ftp_proto::server::Answer;
use gate::Refusal;

/// The one place where a refusal becomes a reply (RFC 959 §4.2.1).
pub(super) fn reply(why: &Refusal) -> (Code, String) {
    let code = match why {
        Refusal::Absent
        | Refusal::Exists
        | Refusal::Denied
        | Refusal::DeniedBy(_)
        | Refusal::IsDirectory
        | Refusal::NotDirectory
        | Refusal::NotEmpty
        | Refusal::NotRegular
        | Refusal::ByRule(_) => 550,
        Refusal::BadName(_) | Refusal::Ambiguous(_) | Refusal::OtherFileSystem => 553,
        Refusal::NoSpace => 452,
        Refusal::OverQuota(_) => 552,
        // RFC 959 §4.2.2: the control connection ends.
        Refusal::TooMany(_) | Refusal::Exhausted(_) | Refusal::Banned { .. } => 421,
        Refusal::Login
        | Refusal::Also(_)
        | Refusal::Unprotected
        | Refusal::NothingInCommon(_)
        | Refusal::Handshake(_)
        | Refusal::Stranger => 530,
        Refusal::Unsupported(_) => 504,
        Refusal::BeyondEnd { .. } => 554,
        Refusal::Busy | Refusal::Counting => 450,
        Refusal::Io(_) => 451,
    };
    (Code(code), sentence(&why.to_string()))
}

/// The same as an answer to a question about a file; a limit on transfers ends no session.
pub(super) fn refused(why: &Refusal) -> Answer {
    let (code, text) = reply(why);
    let code = if matches!(why, Refusal::TooMany(_) | Refusal::Exhausted(_)) { Code(450) } else { code };
    Answer::Refused(code, text)
}
