use crate::error::printable;
use crate::{ClientError, Phase, WireCode};
use ftp_proto::client::{Failure, Phase as At};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// A step that failed.
pub(super) struct Broke {
    pub(super) error: ClientError,
    /// Whether nothing was done, so that the same may be begun again in another session.
    pub(super) again: bool,
}

impl From<ClientError> for Broke {
    fn from(error: ClientError) -> Broke {
        Broke { error, again: false }
    }
}

/// Whether the server went, or said that it goes, before it did anything.
pub(super) fn is_untouched(failure: &Failure) -> bool {
    match failure {
        Failure::Refused { code, phase, .. } => code.0 == 421 && *phase != At::Transfer,
        Failure::Closed(phase) => *phase == At::Prepare,
        Failure::BadReply(_)
        | Failure::TimedOut(_)
        | Failure::NoData(_)
        | Failure::Truncated { .. }
        | Failure::Impossible(_) => false,
    }
}

/// Whether a command that went ahead may never have been heard.
pub(super) fn is_unheard(failure: &Failure) -> bool {
    matches!(failure, Failure::TimedOut(at) | Failure::Closed(at) if *at != At::Transfer)
}

/// The machine's failure as the caller's error. `absent`: whether a 550 says that something is not there; `octets`: moved
/// so far.
pub(super) fn error(
    failure: Failure,
    peer: SocketAddr,
    absent: bool,
    octets: u64,
    patience: Duration,
) -> ClientError {
    match failure {
        Failure::Refused { phase, code, text } => {
            let text = printable(&text);
            let text = format!("{} {text}", code.0);
            let code = WireCode::Ftp(code.0);
            match (phase, code, absent) {
                (_, WireCode::Ftp(452 | 552), _) => ClientError::NoSpace { code, text },
                (_, WireCode::Ftp(421), _) => ClientError::Server { code, text },
                // 430 is Unix servers' own "invalid user name or password".
                (At::Login, WireCode::Ftp(332 | 430 | 530 | 532), _) => ClientError::Login { code, text },
                // RFC 959 has one code for absent and for denied; of a download the first is likelier.
                (At::Request, WireCode::Ftp(550), true) => ClientError::Absent { code, text },
                (At::Request, WireCode::Ftp(530 | 532 | 550 | 553), _) => ClientError::Denied { code, text },
                _ => ClientError::Server { code, text },
            }
        }
        Failure::BadReply(why) => {
            ClientError::Protocol { peer, what: format!("expected an FTP reply: {why:?}") }
        }
        Failure::Closed(at) => ClientError::Network(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            format!("{peer} closed the control connection {}", words(at)),
        )),
        Failure::TimedOut(at) => ClientError::TimedOut {
            peer,
            phase: if at == At::Transfer { Phase::After(octets) } else { Phase::BeforeAnswer },
            seconds: patience.as_secs(),
        },
        Failure::NoData(text) => ClientError::NoData { text },
        Failure::Truncated { expected, found } => ClientError::Truncated { expected, found },
        Failure::Impossible(what) => ClientError::Local(io::Error::new(io::ErrorKind::InvalidInput, what)),
    }
}

fn words(at: At) -> &'static str {
    match at {
        At::Greeting => "before its greeting",
        At::Security => "instead of beginning TLS",
        At::Login => "during the login",
        At::Prepare => "before the transfer",
        At::Request => "instead of beginning the transfer",
        At::Transfer => "before it confirmed the transfer",
    }
}
