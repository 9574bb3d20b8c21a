//! The rows that only switches have.

use super::table::Id;
use ios_cli::{Modes, Row};

const EXEC: Modes = Modes::EXEC;
const CONFIG: Modes = Modes::CONFIG;
const SHOW: &str = "Show running system information";
const BOOT: &str = "Modify system boot parameters";

pub(super) const SWITCH_SHOWS: &[Row<Id>] = &[
    Row::new("show boot", &[SHOW, "show boot attributes"], EXEC, 1, Id::ShowBoot).piped(),
    Row::new("show switch", &[SHOW, "show information about the stack ring"], EXEC, 1, Id::ShowSwitch)
        .piped(),
    Row::new(
        "show vlan [brief]",
        &[SHOW, "VTP VLAN status", "VTP all VLAN status in brief"],
        EXEC,
        1,
        Id::ShowVlan,
    )
    .piped(),
    Row::new("show vtp status", &[SHOW, "VTP information", "VTP domain status"], EXEC, 1, Id::ShowVtp)
        .piped(),
];

/// What switches have whose saved configuration is a file of flash.
pub(super) const CONFIG_FILE: &[Row<Id>] = &[
    Row::new(
        "boot config-file <file:file>",
        &[BOOT, "Configuration File", "Name of the file"],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "no boot config-file [<file:file>]",
        &[BOOT, "Configuration File", "Name of the file"],
        CONFIG,
        15,
        Id::Apply,
    ),
];

pub(super) const SWITCH_GLOBAL: &[Row<Id>] = &[
    Row::new(
        "[no] boot {manual | enable-break}",
        &[BOOT, "Manual Boot", "Enable Break while booting"],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "line console <first:0-0>",
        &["Configure a terminal line", "Primary terminal line", "Line number"],
        CONFIG,
        15,
        Id::Line,
    ),
    Row::new(
        "line vty <first:0-15> [<last:1-15>]",
        &["Configure a terminal line", "Virtual terminal", "First Line number", "Last Line number"],
        CONFIG,
        15,
        Id::Line,
    ),
];
