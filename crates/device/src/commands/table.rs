//! The rows of the command table.

use ios_cli::{Graph, Modes, Row};
use std::sync::OnceLock;

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
    TerminalLength,
    TerminalWidth,
    TerminalOther,
    Configure,
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
    // system
    WriteMemory,
    WriteTerminal,
    Erase,
    Reload,
    ReloadIn,
    ReloadCancel,
    Ping,
    // show
    ShowVersion,
    ShowRunning,
    ShowRunningInterface,
    ShowStartup,
    ShowBootvar,
    ShowClock,
    ShowPrivilege,
    ShowInterfaceBrief,
    ShowHistory,
    ShowReload,
    ShowUsers,
    // configuration: the line as a whole is applied
    Apply,
    Interface,
    Line,
    SecretLine,
    BannerLine,
    IpAddress,
    Register,
    Username,
}

const EXEC: Modes = Modes::EXEC;
const CONFIG: Modes = Modes::CONFIG;
const IF: Modes = Modes::INTERFACE;
const LINE: Modes = Modes::LINE;
const SHOW: &str = "Show running system information";
const BOOT: &str = "Modify system boot parameters";
const IP: &str = "Global IP configuration subcommands";
const TERMINAL: &str = "Set terminal line parameters";

const SESSION: &[Row<Id>] = &[
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
    Row::new(
        "terminal length <lines:0-512>",
        &[TERMINAL, "Set number of lines on a screen", "Number of lines on screen (0 for no pausing)"],
        EXEC,
        1,
        Id::TerminalLength,
    ),
    Row::new(
        "terminal width <columns:0-512>",
        &[TERMINAL, "Set width of the display terminal", "Number of characters on a screen line"],
        EXEC,
        1,
        Id::TerminalWidth,
    ),
    Row::new(
        "terminal {monitor | no | history} [<rest:line>]",
        &[
            TERMINAL,
            "Copy debug output to the current terminal line",
            "Negate a command or set its defaults",
            "Enable and control the command history function",
            "Parameters",
        ],
        EXEC,
        1,
        Id::TerminalOther,
    ),
];

const FILES: &[Row<Id>] = &[
    Row::new(
        "dir [/all] [/recursive] [<file:file>]",
        &["List files on a filesystem", "List all files", "List files recursively", "Directory or file name"],
        EXEC,
        15,
        Id::Dir,
    )
    .piped(),
    Row::new(
        "delete [/force] [/recursive] <file:file>",
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
    Row::new("more <file:file>", &["Display the contents of a file", "File to display"], EXEC, 15, Id::More)
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
        "copy [/noverify] [/verify] <source:url> <destination:url>",
        &[
            "Copy from one file to another",
            "Don't verify image signature before reload.",
            "Verify image signature before reload.",
            "Copy from {}",
            "Copy to {}",
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

const SYSTEM: &[Row<Id>] = &[
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
        "reload cancel",
        &["Halt and perform a cold restart", "Cancel pending reload"],
        EXEC,
        15,
        Id::ReloadCancel,
    ),
    Row::new("ping [ip]", &["Send echo messages", "IP echo"], EXEC, 1, Id::Ping),
    Row::new(
        "ping [ip] <host:word> [repeat <count:1-2147483647>] [size <octets:36-18024>] [timeout <seconds:0-3600>]",
        &[
            "Send echo messages",
            "IP echo",
            "Ping destination address or hostname",
            "specify repeat count",
            "Repeat count",
            "specify datagram size",
            "Datagram size",
            "specify timeout interval",
            "Timeout in seconds",
        ],
        EXEC,
        1,
        Id::Ping,
    ),
];

const SHOWS: &[Row<Id>] = &[
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
    Row::new("show startup-config", &[SHOW, "Contents of startup configuration"], EXEC, 15, Id::ShowStartup)
        .piped(),
    Row::new("show bootvar", &[SHOW, "Boot and related environment variable"], EXEC, 1, Id::ShowBootvar)
        .piped(),
    Row::new("show clock", &[SHOW, "Display the system clock"], EXEC, 1, Id::ShowClock).piped(),
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
    Row::new("show users", &[SHOW, "Display information about terminal lines"], EXEC, 1, Id::ShowUsers)
        .piped(),
];

const GLOBAL: &[Row<Id>] = &[
    Row::new(
        "[no] hostname <name:word>",
        &["Set system's network name", "This system's network name"],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] enable {secret | password} <password:line>",
        &[
            "Modify enable password parameters",
            "Assign the privileged level secret (MAX of 25 characters)",
            "Assign the privileged level password (MAX of 25 characters)",
            "The UNENCRYPTED (cleartext) password",
        ],
        CONFIG,
        15,
        Id::SecretLine,
    ),
    Row::new(
        "[no] username <name:word> [privilege <level:0-15>] [{secret | password} <password:line>]",
        &[
            "Establish User Name Authentication",
            "User name",
            "Set user privilege level",
            "User privilege level",
            "Specify the secret for the user",
            "Specify the password for the user",
            "The UNENCRYPTED (cleartext) password",
        ],
        CONFIG,
        15,
        Id::Username,
    ),
    Row::new(
        "[no] boot system <image:line>",
        &[BOOT, "Device and file system of the image", "flash NAME, flash:NAME or flash0:NAME"],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new("no boot system", &[BOOT, "Device and file system of the image"], CONFIG, 15, Id::Apply),
    Row::new(
        "[no] config-register <value:hex>",
        &["Define the configuration register", "Config register number"],
        CONFIG,
        15,
        Id::Register,
    ),
    Row::new(
        "[no] interface <name:interface>",
        &["Select an interface to configure", "Interface"],
        CONFIG,
        15,
        Id::Interface,
    ),
    Row::new(
        "line {console | aux} <first:0-0>",
        &["Configure a terminal line", "Primary terminal line", "Auxiliary line", "Line number"],
        CONFIG,
        15,
        Id::Line,
    ),
    Row::new(
        "line vty <first:0-4> [<last:1-4>]",
        &["Configure a terminal line", "Virtual terminal", "First Line number", "Last Line number"],
        CONFIG,
        15,
        Id::Line,
    ),
    Row::new(
        "[no] ip ftp username <name:word>",
        &[
            IP,
            "FTP configuration commands",
            "Specify username for FTP connections",
            "Username for FTP connection",
        ],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] ip ftp password <password:line>",
        &[
            IP,
            "FTP configuration commands",
            "Specify password for FTP connections",
            "The UNENCRYPTED (cleartext) password",
        ],
        CONFIG,
        15,
        Id::SecretLine,
    ),
    Row::new(
        "[no] ip ftp passive",
        &[IP, "FTP configuration commands", "Connect using passive mode"],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] ip tftp blocksize <octets:512-8192>",
        &[IP, "tftp configuration commands", "Specify tftp client blocksize", "Blocksize value"],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] ip domain lookup",
        &[IP, "IP DNS Resolver", "Enable IP Domain Name System hostname translation"],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] ip domain name <name:word>",
        &[IP, "IP DNS Resolver", "Define the default domain name", "Default domain name"],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] ip route <network:addr> <mask:addr> <hop:addr>",
        &[
            IP,
            "Establish static routes",
            "Destination prefix",
            "Destination prefix mask",
            "Forwarding router's address",
        ],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] file prompt {alert | noisy | quiet}",
        &[
            "Adjust file system parameters",
            "Prompt level",
            "Prompt only for destructive file operations",
            "Confirm all file operation parameters",
            "Seldom prompt for file operations",
        ],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new("file prompt", &["Adjust file system parameters", "Prompt level"], CONFIG, 15, Id::Apply),
    Row::new(
        "[no] banner motd <text:line>",
        &[
            "Define a login banner",
            "Set Message of the Day banner",
            "c banner-text c, where 'c' is a delimiting character",
        ],
        CONFIG,
        15,
        Id::BannerLine,
    ),
    Row::new(
        "[no] service <what:line>",
        &["Modify use of network based services", "Service"],
        CONFIG,
        15,
        Id::Apply,
    ),
];

const INTERFACE: &[Row<Id>] = &[
    Row::new(
        "[no] ip address <address:addr> <mask:addr>",
        &[
            "Interface Internet Protocol config commands",
            "Set the IP address of an interface",
            "IP address",
            "IP subnet mask",
        ],
        IF,
        15,
        Id::IpAddress,
    ),
    Row::new("[no] shutdown", &["Shutdown the selected interface"], IF, 15, Id::Apply),
    Row::new(
        "[no] description <text:line>",
        &["Interface specific description", "Up to 240 characters describing this interface"],
        IF,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] duplex {auto | full | half}",
        &[
            "Configure duplex operation.",
            "Enable AUTO duplex configuration",
            "Force full duplex operation",
            "Force half-duplex operation",
        ],
        IF,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] speed {auto | 10 | 100 | 1000}",
        &[
            "Configure speed operation.",
            "Enable AUTO speed configuration",
            "Force 10 Mbps operation",
            "Force 100 Mbps operation",
            "Force 1000 Mbps operation",
        ],
        IF,
        15,
        Id::Apply,
    ),
];

const LINES: &[Row<Id>] = &[
    Row::new(
        "[no] password <password:line>",
        &["Set a password", "The UNENCRYPTED (cleartext) line password"],
        LINE,
        15,
        Id::SecretLine,
    ),
    Row::new(
        "[no] login [local]",
        &["Enable password checking", "Local password checking"],
        LINE,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] privilege level <level:0-15>",
        &[
            "Change privilege level for line",
            "Assign default privilege level for line",
            "Default privilege level for line",
        ],
        LINE,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] exec-timeout <minutes:0-35791> [<seconds:0-2147483>]",
        &["Set the EXEC timeout", "Timeout in minutes", "Timeout in seconds"],
        LINE,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] logging synchronous",
        &["Modify message logging facilities", "Synchronized message output"],
        LINE,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] transport input {all | none | ssh | telnet}",
        &[
            "Define transport protocols for line",
            "Define which protocols to use when connecting to the terminal server",
            "All protocols",
            "No protocols",
            "TCP/IP SSH protocol",
            "TCP/IP Telnet protocol",
        ],
        LINE,
        15,
        Id::Apply,
    ),
];

/// The command graph of the device.
pub(crate) fn graph() -> &'static Graph<Id> {
    static GRAPH: OnceLock<Graph<Id>> = OnceLock::new();
    GRAPH.get_or_init(|| Graph::new(&[SESSION, FILES, SYSTEM, SHOWS, GLOBAL, INTERFACE, LINES]))
}
