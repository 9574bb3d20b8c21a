//! Events of the verbs about files on servers.

use super::document::{Kind, Row};
use super::fields::{always, maybe};

pub(super) const ENTRY: Row = Row {
    event: "entry",
    by: "ls, stat",
    doc: "A file or directory on a server.",
    fields: &[
        always("url", Kind::Text, "What was asked about, password masked: of `ls` the directory."),
        always("path", Kind::Text, "The name in the directory; octets that are not printable as `\\xNN`."),
        maybe("path_base64", Kind::Text, "The name's octets, where they are not UTF-8."),
        always(
            "kind",
            Kind::OneOf(&["file", "directory", "other"]),
            "What it is; `other` also where nobody says.",
        ),
        maybe("octets", Kind::Count, "Its length, where the server tells it."),
        maybe("modified", Kind::Text, "Last modification: RFC 3339, UTC, where the server tells it."),
        maybe("mode", Kind::Text, "Permissions, octal (`stat`, where the server tells them)."),
    ],
};

pub(super) const HASHED: Row = Row {
    event: "hashed",
    by: "hash",
    doc: "The digest of a file on a server.",
    fields: &[
        always("url", Kind::Text, "The file, password masked."),
        always("algorithm", Kind::OneOf(&["md5", "sha256", "sha512"]), "How it was made."),
        always("digest", Kind::Text, "Hexadecimal."),
        always(
            "by",
            Kind::OneOf(&["server", "us"]),
            "`us`: of the octets that came, for the server does not know how.",
        ),
    ],
};
