//! The rows that a flash has by its class.

use super::table::Id;
use crate::ifs::Rules;
use ios_cli::{Modes, Row};

const EXEC: Modes = Modes::EXEC;

const MARKS: &[Row<Id>] = &[
    Row::new(
        "dir /deleted [<file:file>]",
        &["List files on a filesystem", "List deleted files", "Directory or file name"],
        EXEC,
        15,
        Id::Dir,
    )
    .piped(),
    Row::new(
        "squeeze <fs:fs>",
        &["Squeeze a filesystem", "Filesystem to be squeezed"],
        EXEC,
        15,
        Id::Squeeze,
    ),
    Row::new(
        "undelete <number:1-65535> [<fs:fs>]",
        &["Undelete a file", "Index of file to undelete", "Filesystem of the file"],
        EXEC,
        15,
        Id::Undelete,
    ),
];

const ERASES: &[Row<Id>] = &[Row::new(
    "erase <fs:fs>",
    &["Erase a filesystem", "Filesystem to be erased"],
    EXEC,
    15,
    Id::EraseFlash,
)];

const FORMATS: &[Row<Id>] = &[Row::new(
    "format <fs:fs>",
    &["Format a filesystem", "Filesystem to be formatted"],
    EXEC,
    15,
    Id::Format,
)];

const CHECKS: &[Row<Id>] =
    &[Row::new("fsck [<fs:fs>]", &["Fsck a filesystem", "Filesystem to be checked"], EXEC, 15, Id::Fsck)];

/// Those of a flash with these rules.
pub(super) fn rows(rules: &Rules) -> Vec<&'static [Row<Id>]> {
    [(rules.marks, MARKS), (rules.erases, ERASES), (rules.formats, FORMATS), (rules.checks, CHECKS)]
        .into_iter()
        .filter(|(has, _)| *has)
        .map(|(_, rows)| rows)
        .collect()
}
