//! What the machine says as [`ClientError`]s.

use crate::error::printable;
use crate::{ClientError, WireCode};
use sftp_proto::Status;
use sftp_proto::client::{Failure, Fault, Step};
use std::io;
use std::net::SocketAddr;

/// A job's failure as the caller's error.
pub(super) fn failure(failure: Failure, peer: SocketAddr) -> ClientError {
    match failure {
        Failure::Refused { step, status, message } => refused(step, status, &message),
        Failure::Unsupported(extension) => {
            let text = format!("it does not know {extension}");
            ClientError::Server { code: WireCode::Sftp(Status::OpUnsupported.code()), text }
        }
        Failure::Truncated { expected, found } => ClientError::Truncated { expected, found },
        Failure::Unreadable(why) => ClientError::Protocol { peer, what: why.to_string() },
        Failure::Aborted => ClientError::Cancelled,
    }
}

/// Version 3 has few codes; what is wrong is often only in the words.
fn refused(step: Step, status: Status, message: &[u8]) -> ClientError {
    let code = WireCode::Sftp(status.code());
    let said = printable(message);
    let text = if said.is_empty() { words(status).to_owned() } else { said };
    match status {
        Status::NoSuchFile => ClientError::Absent { code, text },
        Status::PermissionDenied => ClientError::Denied { code, text },
        Status::NoConnection | Status::ConnectionLost => {
            ClientError::Network(io::Error::new(io::ErrorKind::ConnectionReset, text))
        }
        // Codes of later versions, which some servers send anyway (draft-13 §9.1).
        Status::Other(11) => ClientError::Exists { code, text },
        Status::Other(14 | 15) => ClientError::NoSpace { code, text },
        Status::Other(12 | 26) => ClientError::Denied { code, text },
        Status::Other(10) => ClientError::Absent { code, text },
        Status::Ok
        | Status::Eof
        | Status::Failure
        | Status::BadMessage
        | Status::OpUnsupported
        | Status::Other(_) => ClientError::Server { code, text: format!("{text} ({})", step.words()) },
    }
}

fn words(status: Status) -> &'static str {
    match status {
        Status::Ok => "OK",
        Status::Eof => "end of file",
        Status::NoSuchFile => "no such file",
        Status::PermissionDenied => "permission denied",
        Status::Failure => "failure",
        Status::BadMessage => "bad message",
        Status::NoConnection => "no connection",
        Status::ConnectionLost => "connection lost",
        Status::OpUnsupported => "not supported",
        Status::Other(_) => "a status of another version",
    }
}

/// The machine's end as the caller's error.
pub(super) fn fault(fault: Fault, peer: SocketAddr) -> ClientError {
    match fault {
        Fault::Ended(_) => {
            ClientError::Network(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{peer}: {fault}")))
        }
        Fault::TooLong(_)
        | Fault::Text(_)
        | Fault::Malformed(_)
        | Fault::Version
        | Fault::OtherVersion(_)
        | Fault::Unasked(_)
        | Fault::WrongAnswer { .. }
        | Fault::TooMuch { .. }
        | Fault::NoOctets => ClientError::Protocol { peer, what: fault.to_string() },
    }
}
