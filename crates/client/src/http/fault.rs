use crate::dial::Ends;
use crate::{ClientError, WireCode};
use ureq_proto::http::StatusCode;

/// What came is not HTTP/1.1, or not what it has to be.
pub(super) fn protocol(ends: &Ends, error: &ureq_proto::Error) -> ClientError {
    ClientError::Protocol { peer: ends.peer, what: format!("expected HTTP/1.1: {error}") }
}

/// A status that is not what was asked for (RFC 9110 §15).
pub(super) fn status(status: StatusCode) -> ClientError {
    let code = WireCode::Http(status.as_u16());
    let text = match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    };
    match status.as_u16() {
        401 | 407 => ClientError::Login { code, text },
        403 | 405 | 501 => ClientError::Denied { code, text },
        // 409 of a PUT: the directory is not there (RFC 4918 §9.7.1).
        404 | 409 | 410 => ClientError::Absent { code, text },
        413 | 507 => ClientError::NoSpace { code, text },
        _ => ClientError::Server { code, text },
    }
}
