//! HTTP/1.1 (RFC 9110, RFC 9112): a file is fetched with GET and sent with PUT, one request a connection.
//!
//! The messages are a library's, `ureq-proto`, a pure machine: here are its connection, what its answers mean, and where the
//! octets go. What it does *not* do: it compresses nothing, keeps no cookies, lists no directory, and a PUT is not sent
//! elsewhere than where it was asked to go.
//!
//! | file | its one idea |
//! |---|---|
//! | `request` | a [`Remote`] as a request |
//! | `link` | a connection: a head out, a head in |
//! | `body` | content as it comes: by length, in chunks, up to the end |
//! | `get`, `put` | one file |
//! | `fault` | a status as the caller's error |

mod body;
mod fault;
mod get;
mod link;
mod put;
mod request;
#[cfg(test)]
mod tests;

use crate::Resume;
use std::time::Duration;

pub(crate) use get::get;
pub(crate) use put::put;

/// HTTP's options.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HttpOptions {
    /// Goes on at this octet (RFC 9110 §14.2), for `get`; a server that has no ranges
    /// is [`ClientError::NoRanges`](crate::ClientError).
    pub resume: Resume,
    /// The end when nothing moved for this long.
    pub no_progress: Duration,
    /// The longest wait for a connection, and for TLS.
    pub connect_timeout: Duration,
    /// SHA-256 of the one certificate that is believed; `None`: those that this host's authorities signed for the name.
    pub pin: Option<[u8; 32]>,
    /// Believes any certificate where none is pinned, as a device without trustpoints does.
    pub believe_anybody: bool,
    /// What we call ourselves.
    pub agent: &'static str,
}

impl Default for HttpOptions {
    fn default() -> Self {
        HttpOptions {
            resume: Resume::No,
            no_progress: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(20),
            pin: None,
            believe_anybody: false,
            agent: concat!("towline/", env!("CARGO_PKG_VERSION")),
        }
    }
}
