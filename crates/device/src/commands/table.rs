//! The rows of the command table, those of the configuration modes in `config_table`.

use super::connect::Connect;
use super::crypto_key::CryptoKey;
use super::debug::Debug;
use super::hardware::Hardware;
use super::network::Network;
use super::operator::Operator;
use super::terminal::Terminal;
use ios_cli::{Modes, Row};

/// What a row stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Id {
    // session
    Enable,
    Disable,
    Exit,
    End,
    Logout,
    Help,
    Terminal(Terminal),
    Hardware(Hardware),
    Network(Network),
    Configure,
    Tclsh,
    // the configuration as a whole
    ArchiveConfig,
    Replace,
    ConfirmChange,
    Revert,
    // files
    Dir,
    Delete,
    Verify,
    More,
    Mkdir,
    Rmdir,
    Rename,
    Cd,
    Pwd,
    Copy,
    ShowFs,
    ShowFileSystems,
    Squeeze,
    Undelete,
    EraseFlash,
    Format,
    Fsck,
    // system
    WriteMemory,
    WriteTerminal,
    Erase,
    Reload,
    ReloadIn,
    ReloadAt,
    ReloadCancel,
    TestCrash,
    Setup,
    Install,
    Package,
    Ping,
    Trace,
    Connect(Connect),
    Operator(Operator),
    CryptoKey(CryptoKey),
    Debug(Debug),
    // show
    ShowVersion,
    ShowRunning,
    ShowRunningInterface,
    ShowStartup,
    ShowBootvar,
    ShowBoot,
    ShowVlan,
    ShowSwitch,
    ShowVtp,
    ShowInstall,
    ShowClock,
    ShowPrivilege,
    ShowInterfaceBrief,
    ShowHistory,
    ShowReload,
    ShowUsers,
    ShowIpSsh,
    ShowSsh,
    ShowHosts,
    ShowPorts,
    ShowDescriptions,
    ShowInventory,
    ShowLogging,
    ShowProcesses,
    ShowMemory,
    ShowSessions,
    ShowDebugging,
    Authenticity,
    ShowArchive,
    ShowDifferences,
    ShowIncremental,
    ShowRollbackTimer,
    // configuration: the line as a whole is applied
    Apply,
    Interface,
    Line,
    SecretLine,
    BannerLine,
    IpAddress,
    Register,
    Username,
    TftpServer,
}

const EXEC: Modes = Modes::EXEC;
const CONFIG: Modes = Modes::CONFIG;
const IF: Modes = Modes::INTERFACE;
const LINE: Modes = Modes::LINE;
const SHOW: &str = "Show running system information";
const ARCHIVE: &str = "Archive functions";
const CONFIG_ARCHIVE: &str = "Archived configurations";

pub(super) const SESSION: &[Row<Id>] = &[
    Row::new("enable [<level:0-15>]", &["Turn on privileged commands", "Enable level"], EXEC, 0, Id::Enable),
    Row::new("disable", &["Turn off privileged commands"], EXEC, 0, Id::Disable),
    Row::new("exit", &["Exit from the EXEC"], EXEC, 0, Id::Exit),
    Row::new("quit", &["Exit from the EXEC"], EXEC, 0, Id::Exit),
    Row::new("logout", &["Exit from the EXEC"], EXEC, 0, Id::Logout),
    Row::new(
        "help",
        &["Description of the interactive help system"],
        EXEC.union(CONFIG).union(IF).union(LINE),
        0,
        Id::Help,
    ),
    Row::new("exit", &["Exit from configure mode"], CONFIG.union(IF).union(LINE), 15, Id::Exit),
    Row::new("end", &["Exit to privileged EXEC mode"], CONFIG.union(IF).union(LINE), 15, Id::End),
    Row::new(
        "configure [terminal]",
        &["Enter configuration mode", "Configure from the terminal"],
        EXEC,
        15,
        Id::Configure,
    ),
    Row::new("tclsh", &["Tool Command Language shell"], EXEC, 15, Id::Tclsh),
];

const CONFIGURE: &str = "Enter configuration mode";
const REPLACE: &str = "Replace the running-config with a new config file";
const FORCE: &str = "Forcibly replace without prompting";
const IGNORE_CASE: &str = "Ignore case while comparing configs";
const REVERT: &str = "Parameters for reverting the configuration";
const TIMER: &str = "Time to wait for confirmation";
const MINUTES: &str = "Minutes";

pub(super) const WHOLE: &[Row<Id>] = &[
    Row::new(
        "configure terminal revert timer <minutes:1-120>",
        &[CONFIGURE, "Configure from the terminal", REVERT, TIMER, MINUTES],
        EXEC,
        15,
        Id::Configure,
    ),
    Row::new(
        "configure replace <file:file> [force] [ignorecase]",
        &[CONFIGURE, REPLACE, "Name of the config file", FORCE, IGNORE_CASE],
        EXEC,
        15,
        Id::Replace,
    ),
    Row::new(
        "configure replace <file:file> [force] [ignorecase] revert trigger error [timer <minutes:1-120>]",
        &[
            CONFIGURE,
            REPLACE,
            "Name of the config file",
            FORCE,
            IGNORE_CASE,
            REVERT,
            "Trigger for reverting the configuration",
            "Revert when an error occurs",
            TIMER,
            MINUTES,
        ],
        EXEC,
        15,
        Id::Replace,
    ),
    Row::new(
        "configure replace <file:file> [force] [ignorecase] revert timer <minutes:1-120>",
        &[CONFIGURE, REPLACE, "Name of the config file", FORCE, IGNORE_CASE, REVERT, TIMER, MINUTES],
        EXEC,
        15,
        Id::Replace,
    ),
    Row::new(
        "configure confirm",
        &[CONFIGURE, "Confirm replacement of running-config with a new config file"],
        EXEC,
        15,
        Id::ConfirmChange,
    ),
    Row::new(
        "configure revert now",
        &[CONFIGURE, REVERT, "Revert to the saved configuration at once"],
        EXEC,
        15,
        Id::Revert,
    ),
    Row::new(
        "configure revert timer <minutes:1-120>",
        &[CONFIGURE, REVERT, TIMER, MINUTES],
        EXEC,
        15,
        Id::Revert,
    ),
    Row::new(
        "archive config",
        &["manage archive files", "Save the running configuration in the archive"],
        EXEC,
        15,
        Id::ArchiveConfig,
    ),
    Row::new("show archive", &[SHOW, ARCHIVE], EXEC, 15, Id::ShowArchive).piped(),
    Row::new(
        "show archive config differences [<file:file>] [<to:file>]",
        &[SHOW, ARCHIVE, CONFIG_ARCHIVE, "Differences between two files", "First file", "Second file"],
        EXEC,
        15,
        Id::ShowDifferences,
    )
    .piped(),
    Row::new(
        "show archive config incremental-diffs <file:file> [ignorecase]",
        &[
            SHOW,
            ARCHIVE,
            CONFIG_ARCHIVE,
            "Commands that a merge would change something with",
            "File",
            IGNORE_CASE,
        ],
        EXEC,
        15,
        Id::ShowIncremental,
    )
    .piped(),
    Row::new(
        "show archive config rollback timer",
        &[SHOW, ARCHIVE, CONFIG_ARCHIVE, "Rollback of a change that is to be confirmed", "Its timer"],
        EXEC,
        15,
        Id::ShowRollbackTimer,
    )
    .piped(),
];

pub(super) const FILES: &[Row<Id>] = &[
    Row::new(
        "dir ([/all] [/recursive]) [<file:file>]",
        &["List files on a filesystem", "List all files", "List files recursively", "Directory or file name"],
        EXEC,
        15,
        Id::Dir,
    )
    .piped(),
    Row::new(
        "dir ([/all] [/recursive]) all-filesystems",
        &[
            "List files on a filesystem",
            "List all files",
            "List files recursively",
            "List files on all filesystems",
        ],
        EXEC,
        15,
        Id::Dir,
    )
    .piped(),
    Row::new(
        "delete ([/force] [/recursive]) <file:file>",
        &["Delete a file", "Force delete", "Recursive delete", "File to be deleted"],
        EXEC,
        15,
        Id::Delete,
    ),
    Row::new(
        "verify [/md5] <file:file> [<hash:word>]",
        &[
            "Verify a file",
            "Compute an md5 signature for a file",
            "File to be verified",
            "Expected md5 signature",
        ],
        EXEC,
        15,
        Id::Verify,
    ),
    Row::new(
        "more [/ascii | /binary | /ebcdic] <file:url>",
        &[
            "Display the contents of a file",
            "Display binary files in ascii",
            "Force display to hex/text format",
            "Display binary files in ebcdic",
            "File to display: {}",
        ],
        EXEC,
        15,
        Id::More,
    )
    .piped(),
    Row::new("mkdir <file:file>", &["Create new directory", "Directory name"], EXEC, 15, Id::Mkdir),
    Row::new(
        "rename <file:file> <to:file>",
        &["Rename a file", "Old path", "New path"],
        EXEC,
        15,
        Id::Rename,
    ),
    Row::new("rmdir <file:file>", &["Remove existing directory", "Directory name"], EXEC, 15, Id::Rmdir),
    Row::new("cd [<file:file>]", &["Change current directory", "Directory name"], EXEC, 15, Id::Cd),
    Row::new("pwd", &["Display current working directory"], EXEC, 15, Id::Pwd),
    Row::new(
        "copy ([/erase] [/error] [/noverify | /verify]) <source:url> <destination:url> [vrf <vrf:word>]",
        &[
            "Copy from one file to another",
            "Erase destination file system.",
            "Allow to copy error file.",
            "Don't verify image signature before reload.",
            "Verify image signature before reload.",
            "Copy from {}",
            "Copy to {}",
            "Use a VRF",
            "VRF name",
        ],
        EXEC,
        15,
        Id::Copy,
    ),
    Row::new("show <fs:fs>", &[SHOW, "display information about {}"], EXEC, 1, Id::ShowFs).piped(),
    Row::new(
        "show file systems",
        &[SHOW, "Show filesystem information", "List filesystems"],
        EXEC,
        1,
        Id::ShowFileSystems,
    )
    .piped(),
];

pub(super) const SYSTEM: &[Row<Id>] = &[
    Row::new(
        "write [memory]",
        &["Write running configuration to memory, network, or terminal", "Write to NV memory"],
        EXEC,
        15,
        Id::WriteMemory,
    ),
    Row::new(
        "write terminal",
        &["Write running configuration to memory, network, or terminal", "Write to terminal"],
        EXEC,
        15,
        Id::WriteTerminal,
    )
    .piped(),
    Row::new(
        "write erase",
        &["Write running configuration to memory, network, or terminal", "Erase NV memory"],
        EXEC,
        15,
        Id::Erase,
    ),
    Row::new(
        "erase {startup-config | nvram:}",
        &["Erase a filesystem", "Erase contents of configuration memory", "Filesystem to be erased"],
        EXEC,
        15,
        Id::Erase,
    ),
    Row::new(
        "reload [<reason:line>]",
        &["Halt and perform a cold restart", "Reason for reload"],
        EXEC,
        15,
        Id::Reload,
    ),
    Row::new(
        "reload {/verify | /noverify} [<reason:line>]",
        &[
            "Halt and perform a cold restart",
            "Verify image signature before reload.",
            "Don't verify image signature before reload.",
            "Reason for reload",
        ],
        EXEC,
        15,
        Id::Reload,
    ),
    Row::new(
        "reload in <delay:word> [<reason:line>]",
        &[
            "Halt and perform a cold restart",
            "Reload after a time interval",
            "Delay before reload (mmm or hhh:mm)",
            "Reason for reload",
        ],
        EXEC,
        15,
        Id::ReloadIn,
    ),
    Row::new(
        "reload at <time:word> [<reason:line>]",
        &[
            "Halt and perform a cold restart",
            "Reload at a specific time/date",
            "Time to reload (hh:mm)",
            "Day and month, then the reason for reload",
        ],
        EXEC,
        15,
        Id::ReloadAt,
    ),
    Row::new(
        "reload cancel",
        &["Halt and perform a cold restart", "Cancel pending reload"],
        EXEC,
        15,
        Id::ReloadCancel,
    ),
    Row::new("setup", &["Run the SETUP command facility"], EXEC, 15, Id::Setup),
    Row::new("ping [ip]", &["Send echo messages", "IP echo"], EXEC, 1, Id::Ping),
    Row::new(
        "ping [ip] <host:word> ([df-bit] [repeat <count:1-2147483647>] [size <octets:36-18024>] [source <source:word>] [timeout <seconds:0-3600>])",
        &[
            "Send echo messages",
            "IP echo",
            "Ping destination address or hostname",
            "enable do not fragment bit in IP header",
            "specify repeat count",
            "Repeat count",
            "specify datagram size",
            "Datagram size",
            "specify source address or name",
            "Source address or interface",
            "specify timeout interval",
            "Timeout in seconds",
        ],
        EXEC,
        1,
        Id::Ping,
    ),
];

pub(super) const SHOWS: &[Row<Id>] = &[
    Row::new(
        "show running-config interface <name:interface>",
        &[SHOW, "Current operating configuration", "Show interface configuration", "Interface"],
        EXEC,
        15,
        Id::ShowRunningInterface,
    )
    .piped(),
    Row::new("show version", &[SHOW, "System hardware and software status"], EXEC, 1, Id::ShowVersion)
        .piped(),
    Row::new(
        "show running-config [all]",
        &[SHOW, "Current operating configuration", "Configuration with defaults"],
        EXEC,
        15,
        Id::ShowRunning,
    )
    .piped(),
    Row::new(
        "show running-config {brief | full | linenum | view full}",
        &[
            SHOW,
            "Current operating configuration",
            "configuration without certificate data",
            "full configuration",
            "Display line numbers in output",
            "View options",
            "Full configuration",
        ],
        EXEC,
        15,
        Id::ShowRunning,
    )
    .piped(),
    Row::new("show startup-config", &[SHOW, "Contents of startup configuration"], EXEC, 15, Id::ShowStartup)
        .piped(),
    Row::new(
        "show clock [detail]",
        &[SHOW, "Display the system clock", "Display detailed information"],
        EXEC,
        1,
        Id::ShowClock,
    )
    .piped(),
    Row::new("show privilege", &[SHOW, "Show current privilege level"], EXEC, 1, Id::ShowPrivilege).piped(),
    Row::new(
        "show ip interface brief",
        &[
            SHOW,
            "IP information",
            "IP interface status and configuration",
            "Brief summary of IP status and configuration",
        ],
        EXEC,
        1,
        Id::ShowInterfaceBrief,
    )
    .piped(),
    Row::new("show reload", &[SHOW, "Scheduled reload information"], EXEC, 1, Id::ShowReload).piped(),
    Row::new("show history", &[SHOW, "Display the session command history"], EXEC, 1, Id::ShowHistory)
        .piped(),
    Row::new("show ip ssh", &[SHOW, "IP information", "Information on SSH"], EXEC, 1, Id::ShowIpSsh).piped(),
    Row::new("show ssh", &[SHOW, "Status of SSH server connections"], EXEC, 1, Id::ShowSsh).piped(),
    Row::new(
        "show interfaces [<name:interface>]",
        &[SHOW, "Interface status and configuration", "Interface"],
        EXEC,
        1,
        Id::ShowPorts,
    )
    .piped(),
    Row::new(
        "show interfaces description",
        &[SHOW, "Interface status and configuration", "Show interface description"],
        EXEC,
        1,
        Id::ShowDescriptions,
    )
    .piped(),
    Row::new(
        "show inventory [raw]",
        &[SHOW, "Show the physical inventory", "Every entity in the container hierarchy"],
        EXEC,
        1,
        Id::ShowInventory,
    )
    .piped(),
    Row::new("show logging", &[SHOW, "Show the contents of logging buffers"], EXEC, 15, Id::ShowLogging)
        .piped(),
    Row::new(
        "show processes cpu",
        &[SHOW, "Active process statistics", "Show CPU use per process"],
        EXEC,
        1,
        Id::ShowProcesses,
    )
    .piped(),
    Row::new(
        "show memory statistics",
        &[SHOW, "Memory statistics", "Memory pool statistics"],
        EXEC,
        15,
        Id::ShowMemory,
    )
    .piped(),
    Row::new("show sessions", &[SHOW, "Information about Telnet connections"], EXEC, 1, Id::ShowSessions)
        .piped(),
    Row::new(
        "show hosts",
        &[SHOW, "IP domain-name, lookup style, nameservers, and host table"],
        EXEC,
        1,
        Id::ShowHosts,
    )
    .piped(),
    Row::new("show users", &[SHOW, "Display information about terminal lines"], EXEC, 1, Id::ShowUsers)
        .piped(),
];

/// What only routers have.
pub(super) const ROUTER_SHOWS: &[Row<Id>] =
    &[Row::new("show bootvar", &[SHOW, "Boot and related environment variable"], EXEC, 1, Id::ShowBootvar)
        .piped()];
