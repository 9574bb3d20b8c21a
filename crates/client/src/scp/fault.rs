//! The far end's words as [`ClientError`]s.

use super::line::Stop;
use crate::error::printable;
use crate::{ClientError, WireCode};
use sftp_proto::scp::{BadRecord, SinkFault, SourceFault};
use std::io;
use std::net::SocketAddr;

/// What a text means.
type Meaning = fn(WireCode, String) -> ClientError;

/// Ends of texts: SCP has no codes, and these are what strerror(3), our own server and devices say.
const WORDS: [(&str, Meaning); 11] = [
    ("no such file or directory", absent),
    ("file not found", absent),
    ("permission denied", denied),
    ("operation not permitted", denied),
    ("privilege denied.", denied),
    ("read-only file system", denied),
    ("a file of that name exists", exists),
    ("no space left on device", full),
    ("no space left", full),
    ("disk quota exceeded", full),
    ("not enough space on device", full),
];

fn absent(code: WireCode, text: String) -> ClientError {
    ClientError::Absent { code, text }
}

fn denied(code: WireCode, text: String) -> ClientError {
    ClientError::Denied { code, text }
}

fn exists(code: WireCode, text: String) -> ClientError {
    ClientError::Exists { code, text }
}

fn full(code: WireCode, text: String) -> ClientError {
    ClientError::NoSpace { code, text }
}

/// A line that begins with `code`: 1 about one file, 2 the end of it all.
pub(super) fn said(code: u8, text: String) -> ClientError {
    // Two programs may have put their name before it.
    let text = text.strip_prefix("scp: ").unwrap_or(&text).to_owned();
    let lower = text.to_ascii_lowercase();
    let found = WORDS.iter().find(|(words, _)| lower.ends_with(words));
    let code = WireCode::Scp(code);
    match found {
        Some((_, meaning)) => meaning(code, text),
        None => ClientError::Server { code, text },
    }
}

/// Why no file came, or not all of it: `size` octets were announced, `octets` came.
pub(super) fn of_source(
    fault: Option<SinkFault>,
    complaint: Option<String>,
    size: Option<u64>,
    octets: u64,
    peer: SocketAddr,
) -> Stop {
    let broke = |what: String| ClientError::Protocol { peer, what }.into();
    match (fault, complaint, size) {
        (Some(SinkFault::Fatal(text)), _, _) => said(2, text).into(),
        (_, Some(text), _) => said(1, text).into(),
        (Some(SinkFault::Lost), None, Some(expected)) if octets < expected => {
            ClientError::Truncated { expected, found: octets }.into()
        }
        (None | Some(SinkFault::Lost), None, _) => Stop::Ended,
        (Some(SinkFault::Broke(BadRecord::Kind)), None, Some(size)) if octets == size => {
            broke(format!("expected no more than the {size} octets that it announced, and it sends more"))
        }
        // Text that happens to begin as a record does is text as well.
        (Some(SinkFault::Broke(bad)), None, None) => broke(match bad {
            // Text that happens to begin as a record does is text as well.
            BadRecord::Kind | BadRecord::TooLong | BadRecord::Mode | BadRecord::Times => NOT_SCP.into(),
            BadRecord::Size | BadRecord::Name => SinkFault::Broke(bad).to_string(),
        }),
        (Some(SinkFault::Directory), None, _) => {
            broke(String::from("expected a file, and it sends a directory"))
        }
        (Some(fault @ (SinkFault::Broke(_) | SinkFault::Left | SinkFault::Deep)), None, _) => {
            broke(fault.to_string())
        }
    }
}

/// Why no file goes.
pub(super) fn of_sink(fault: Option<SourceFault>, peer: SocketAddr) -> Stop {
    match fault {
        Some(SourceFault::Fatal(text)) => said(2, text).into(),
        None | Some(SourceFault::Lost) => Stop::Ended,
        Some(SourceFault::Broke(b' '..=b'~')) => ClientError::Protocol { peer, what: NOT_SCP.into() }.into(),
        Some(fault @ (SourceFault::Broke(_) | SourceFault::TooLong)) => {
            ClientError::Protocol { peer, what: fault.to_string() }.into()
        }
    }
}

/// What a shell's start files print, and servers that only have SFTP.
const NOT_SCP: &str =
    "expected SCP, and there is text: its shell prints a greeting, or only sftp:// is served";

/// The command ended where more was to come, and does not say why.
pub(super) fn ended(peer: SocketAddr, words: &[u8]) -> ClientError {
    let why = format!("{peer} ended it in the middle{}", quoted(words));
    ClientError::Network(io::Error::new(io::ErrorKind::UnexpectedEof, why))
}

/// The command says that it failed.
pub(super) fn failed(status: u32, words: &[u8]) -> ClientError {
    let text = format!("its scp ended with status {status}{}", quoted(words));
    ClientError::Server { code: WireCode::Exit(status), text }
}

/// The last line of what it said.
fn quoted(words: &[u8]) -> String {
    let mut lines = words.split(|b| matches!(b, b'\n' | b'\r')).filter(|line| !line.is_empty());
    lines.next_back().map_or_else(String::new, |line| format!(": {}", printable(line)))
}
