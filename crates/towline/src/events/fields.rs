//! Fields that several events have.

use super::document::{Field, Kind};

pub(super) const fn always(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field { name, kind, always: true, doc }
}

pub(super) const fn maybe(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field { name, kind, always: false, doc }
}

pub(super) const PROTOCOL: Field =
    always("protocol", Kind::OneOf(&["tftp", "ftp", "http", "sftp", "scp"]), "The protocol.");
pub(super) const SESSION: Field =
    always("session", Kind::Count, "Number of the session, unique in this process.");
pub(super) const TRANSFER: Field = always("transfer", Kind::Count, "Number of the transfer, from 1.");
pub(super) const PEER: Field = always("peer", Kind::Text, "The other end's address and port.");
pub(super) const USER: Field = maybe("user", Kind::Text, "The user, where the protocol has one.");
pub(super) const PATH: Field =
    always("path", Kind::Text, "Path inside the served tree; octets that are not printable as `\\xNN`.");
pub(super) const PATH_BASE64: Field =
    maybe("path_base64", Kind::Text, "The path's octets, where they are not UTF-8.");
pub(super) const DIRECTION: Field = always(
    "direction",
    Kind::OneOf(&["read", "write"]),
    "`read`: the peer fetches; `write`: the peer stores.",
);
pub(super) const BY: Field = always(
    "by",
    Kind::Text,
    "Who said so: `uid N` through the control socket, `operator` by a signal, `itself` by a rule of the server's.",
);
pub(super) const WAY: Field =
    always("way", Kind::OneOf(&["up", "down"]), "`up`: from the client to the server; `down`: back.");
/// Where a digest came from.
pub(super) const DIGEST_FROM: &[&str] = &["cache", "upload"];
pub(super) const MD5: Field = maybe("md5", Kind::Text, "MD5 of the file, where it is known.");
pub(super) const SHA256: Field = maybe("sha256", Kind::Text, "SHA-256 of the file, where it is known.");
pub(super) const SHA512: Field = maybe("sha512", Kind::Text, "SHA-512 of the file, where it is known.");
pub(super) const OUTCOME: Field = always(
    "outcome",
    Kind::OneOf(&["complete", "unconfirmed", "timed-out", "aborted", "refused", "failed"]),
    "How it ended; `unconfirmed`: all octets were sent and the last acknowledgement never came.",
);

/// The fields of every event.
pub(super) const COMMON: &[Field] = &[
    always("v", Kind::Count, "Version of this format: 1."),
    always("seq", Kind::Count, "Counts the lines from 1."),
    always("ts", Kind::Text, "When it was printed: RFC 3339, UTC, milliseconds."),
    always("event", Kind::Text, "The event's name."),
];
