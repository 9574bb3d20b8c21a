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

pub(super) const MIRRORED: Row = Row {
    event: "mirrored",
    by: "mirror",
    doc: "What became of a name, or in a dry run what would. Not told of files that are the same; of those that fail there is \
          `failed`.",
    fields: &[
        always("path", Kind::Text, "Below both directories; octets that are not printable as `\\xNN`."),
        maybe("path_base64", Kind::Text, "The path's octets, where they are not UTF-8."),
        always(
            "fate",
            Kind::OneOf(&[
                "copied",
                "directory-made",
                "removed",
                "directory-removed",
                "swept",
                "extra",
                "skipped",
            ]),
            "`swept`: what a mirror that was killed left; `extra`: only the target has it, and it stays.",
        ),
        always("run", Kind::OneOf(&["real", "dry"]), "`dry`: nothing was done."),
        maybe("octets", Kind::Count, "Of a file that was copied."),
        maybe(
            "because",
            Kind::Text,
            "`new`, `length`, `time`, `digest`, `unseen` (what DST has is not known): why it was copied; else why it was skipped, in words.",
        ),
    ],
};

pub(super) const MIRROR: Row = Row {
    event: "mirror",
    by: "mirror",
    doc: "It is over, also where it failed.",
    fields: &[
        always("from", Kind::Text, "The source, password masked."),
        always("to", Kind::Text, "The target, password masked."),
        always("run", Kind::OneOf(&["real", "dry"]), "`dry`: nothing was done."),
        always("copied", Kind::Count, "Files that were copied."),
        always("octets", Kind::Count, "Octets of them."),
        always("same", Kind::Count, "Files that were the same before."),
        always("made", Kind::Count, "Directories that were made."),
        always("removed", Kind::Count, "Files and directories that were removed."),
        always("extra", Kind::Count, "Names that only the target has, and that stay."),
        always("skipped", Kind::Count, "Links and what is no file."),
        always("failed", Kind::Count, "Names that failed."),
        always("seconds", Kind::Number, "How long it took."),
    ],
};
