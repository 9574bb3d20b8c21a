//! The rows that only models with install mode have.

use super::table::Id;
use ios_cli::{Modes, Row};

const EXEC: Modes = Modes::EXEC;
const SHOW: &str = "Show running system information";
const INSTALL: &str = "Install commands";
const SHOWN: &str = "Show install commands";
const FILE: &str = "Package file";
const TIMER: &str = "Set the auto-abort timer";
const MINUTES: &str = "Minutes until an activation that is not committed is undone";
const PROMPT: &str = "Prompt level";
const NONE: &str = "No questions";
const ALL: &str = "All questions";

pub(super) const INSTALLS: &[Row<Id>] = &[
    Row::new(
        "install add file <file:url> [prompt-level {none | all}]",
        &[INSTALL, "Add an image or package", FILE, "File", PROMPT, NONE, ALL],
        EXEC,
        15,
        Id::Install,
    ),
    Row::new(
        "install add file <file:url> activate [auto-abort-timer <minutes:30-1200>] [issu] [commit] [prompt-level {none | all}]",
        &[
            INSTALL,
            "Add an image or package",
            FILE,
            "File",
            "Activate it",
            TIMER,
            MINUTES,
            "In service",
            "Commit it",
            PROMPT,
            NONE,
            ALL,
        ],
        EXEC,
        15,
        Id::Install,
    ),
    Row::new(
        "install activate [auto-abort-timer <minutes:30-1200>] [issu] [prompt-level {none | all}]",
        &[INSTALL, "Activate what was added", TIMER, MINUTES, "In service", PROMPT, NONE, ALL],
        EXEC,
        15,
        Id::Install,
    ),
    Row::new(
        "install activate file <file:file> [prompt-level {none | all}]",
        &[INSTALL, "Activate what was added", FILE, "File", PROMPT, NONE, ALL],
        EXEC,
        15,
        Id::Install,
    ),
    Row::new("install commit", &[INSTALL, "Commit what is active"], EXEC, 15, Id::Install),
    Row::new(
        "install abort [issu] [prompt-level {none | all}]",
        &[INSTALL, "Abort an activation that is not committed", "In service", PROMPT, NONE, ALL],
        EXEC,
        15,
        Id::Install,
    ),
    Row::new(
        "install auto-abort-timer stop",
        &[INSTALL, "The auto-abort timer", "Stop it"],
        EXEC,
        15,
        Id::Install,
    ),
    Row::new(
        "install rollback to {base | committed} [prompt-level {none | all}]",
        &[
            INSTALL,
            "Roll back to another point",
            "To which",
            "The base image",
            "What was committed last",
            PROMPT,
            NONE,
            ALL,
        ],
        EXEC,
        15,
        Id::Install,
    ),
    Row::new(
        "install rollback to id <id:1-4294967295> [prompt-level {none | all}]",
        &[
            INSTALL,
            "Roll back to another point",
            "To which",
            "A point by its number",
            "Number",
            PROMPT,
            NONE,
            ALL,
        ],
        EXEC,
        15,
        Id::Install,
    ),
    Row::new(
        "install deactivate file <file:file> [prompt-level {none | all}]",
        &[INSTALL, "Deactivate a package", FILE, "File", PROMPT, NONE, ALL],
        EXEC,
        15,
        Id::Install,
    ),
    Row::new(
        "install remove inactive [prompt-level {none | all}]",
        &[INSTALL, "Remove files", "All that are not in use", PROMPT, NONE, ALL],
        EXEC,
        15,
        Id::Install,
    ),
    Row::new(
        "install remove file <file:file> [prompt-level {none | all}]",
        &[INSTALL, "Remove files", FILE, "File", PROMPT, NONE, ALL],
        EXEC,
        15,
        Id::Install,
    ),
    Row::new(
        "show install {summary | active | inactive | committed | uncommitted | log}",
        &[
            SHOW,
            SHOWN,
            "All packages",
            "Those that are active",
            "Those that are not",
            "Those that are committed",
            "Those that are not committed",
            "What operations came to",
        ],
        EXEC,
        1,
        Id::ShowInstall,
    )
    .piped(),
    Row::new(
        "show install package <file:file>",
        &[SHOW, SHOWN, "What a package is", "File"],
        EXEC,
        1,
        Id::ShowInstall,
    )
    .piped(),
    Row::new(
        "show install rollback [id <id:1-4294967295>]",
        &[SHOW, SHOWN, "Points to roll back to", "One of them", "Number"],
        EXEC,
        1,
        Id::ShowInstall,
    )
    .piped(),
];
