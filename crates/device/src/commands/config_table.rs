//! The rows of the configuration modes.

use super::table::Id;
use ios_cli::{Modes, Row};

const CONFIG: Modes = Modes::CONFIG;
const IF: Modes = Modes::INTERFACE;
const LINE: Modes = Modes::LINE;
const BOOT: &str = "Modify system boot parameters";
const IP: &str = "Global IP configuration subcommands";
const CDP: &str = "Global CDP configuration subcommands";
const LOGGING: &str = "Modify message logging facilities";
const CONSOLE: &str = "Set console logging parameters";
const MONITOR: &str = "Set terminal line (monitor) logging parameters";

pub(super) const GLOBAL: &[Row<Id>] = &[
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
        "[no] interface <name:interface>",
        &["Select an interface to configure", "Interface"],
        CONFIG,
        15,
        Id::Interface,
    ),
    Row::new(
        "[no] interface range <names:line>",
        &["Select an interface to configure", "interface range command", "Interfaces: Gi0/0 - 2 , Gi1/0"],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "default interface <name:interface>",
        &["Set a command to its defaults", "Select an interface to configure", "Interface"],
        CONFIG,
        15,
        Id::Interface,
    ),
    Row::new(
        "default interface range <names:line>",
        &[
            "Set a command to its defaults",
            "Select an interface to configure",
            "interface range command",
            "Interfaces: Gi0/0 - 2 , Gi1/0",
        ],
        CONFIG,
        15,
        Id::Apply,
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
        "[no] ip ssh time-out <seconds:1-120>",
        &[IP, "Configure ssh options", "Specify SSH time-out interval", "SSH time-out interval (secs)"],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] ip ssh authentication-retries <tries:0-5>",
        &[
            IP,
            "Configure ssh options",
            "Specify number of authentication retries",
            "Number of authentication retries",
        ],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "no ip ssh {time-out | authentication-retries}",
        &[
            IP,
            "Configure ssh options",
            "Specify SSH time-out interval",
            "Specify number of authentication retries",
        ],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] ip scp server enable",
        &[IP, "Scp commands", "SCP server", "Enable SCP server"],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] tftp-server <file:file> [alias <name:word>] [<list:1-99>]",
        &[
            "Provide TFTP service for netload requests",
            "File to serve",
            "Alias for the file",
            "Name it is asked for by",
            "IP access list of requesting hosts allowed",
        ],
        CONFIG,
        15,
        Id::TftpServer,
    ),
    Row::new("[no] cdp run", &[CDP, "Enable CDP"], CONFIG, 15, Id::Apply),
    Row::new(
        "[no] cdp timer <seconds:5-254>",
        &[
            CDP,
            "Specify the rate at which CDP packets are sent (in sec)",
            "Rate at which CDP packets are sent (in  sec)",
        ],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] cdp holdtime <seconds:10-255>",
        &[
            CDP,
            "Specify the holdtime (in sec) to be sent in packets",
            "Length of time (in sec) that receiver must keep this packet",
        ],
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
        "[no] ip default-gateway <hop:addr>",
        &[IP, "Specify default gateway (if not routing IP)", "IP address of default gateway"],
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
    Row::new(
        "[no] file verify auto",
        &["Adjust file system parameters", "Set flash file system verification options", "Verify all images"],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new("file prompt", &["Adjust file system parameters", "Prompt level"], CONFIG, 15, Id::Apply),
    Row::new(
        "[no] banner {exec | login | motd} <text:line>",
        &[
            "Define a login banner",
            "Set EXEC process creation banner",
            "Set login banner",
            "Set Message of the Day banner",
            "c banner-text c, where 'c' is a delimiting character",
        ],
        CONFIG,
        15,
        Id::BannerLine,
    ),
    Row::new("[no] logging {console | monitor}", &[LOGGING, CONSOLE, MONITOR], CONFIG, 15, Id::Apply),
    Row::new(
        "[no] logging {console | monitor} <level:0-7>",
        &[LOGGING, CONSOLE, MONITOR, "Logging severity level"],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] logging {console | monitor} {emergencies | alerts | critical | errors | warnings | notifications | informational | debugging}",
        &[
            LOGGING,
            CONSOLE,
            MONITOR,
            "System is unusable                (severity=0)",
            "Immediate action needed           (severity=1)",
            "Critical conditions               (severity=2)",
            "Error conditions                  (severity=3)",
            "Warning conditions                (severity=4)",
            "Normal but significant conditions (severity=5)",
            "Informational messages            (severity=6)",
            "Debugging messages                (severity=7)",
        ],
        CONFIG,
        15,
        Id::Apply,
    ),
    Row::new(
        "[no] service <what:line>",
        &["Modify use of network based services", "Service"],
        CONFIG,
        15,
        Id::Apply,
    ),
];

/// What only routers have.
pub(super) const ROUTER_GLOBAL: &[Row<Id>] = &[
    Row::new(
        "[no] config-register <value:hex>",
        &["Define the configuration register", "Config register number"],
        CONFIG,
        15,
        Id::Register,
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
];

/// What routers have for the subinterfaces of their ports.
pub(super) const ROUTER_INTERFACE: &[Row<Id>] = &[Row::new(
    "[no] encapsulation dot1Q <vlan:1-4094> [native]",
    &[
        "Set encapsulation type for an interface",
        "IEEE 802.1Q Virtual LAN",
        "IEEE 802.1Q VLAN ID",
        "Make this as native vlan",
    ],
    IF,
    15,
    Id::Apply,
)];

pub(super) const INTERFACE: &[Row<Id>] = &[
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
    Row::new(
        "[no] ip address <address:addr> <mask:addr> secondary",
        &[
            "Interface Internet Protocol config commands",
            "Set the IP address of an interface",
            "IP address",
            "IP subnet mask",
            "Make this IP address a secondary address",
        ],
        IF,
        15,
        Id::IpAddress,
    ),
    Row::new(
        "[no] ip address dhcp",
        &[
            "Interface Internet Protocol config commands",
            "Set the IP address of an interface",
            "IP Address negotiated via DHCP",
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

pub(super) const LINES: &[Row<Id>] = &[
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
    Row::new("[no] logging synchronous", &[LOGGING, "Synchronized message output"], LINE, 15, Id::Apply),
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
