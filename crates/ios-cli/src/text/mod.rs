//! What the commands print, and how it is read back.
//!
//! One file for each command: a struct that is what the output says, `render()` and `parse()` beside each
//! other so that `parse(render(x)) == x`, and a real device's transcript (`tests/data`) that `parse` reads.
//! Where nothing is read back, a file is functions that print.
//!
//! | file | commands |
//! |---|---|
//! | [`version`] | `show version` |
//! | [`authenticity`] | `show software authenticity running`, `file` |
//! | [`dir`] | `dir` |
//! | [`flash`] | `show flash:` |
//! | [`flash_class`] | `squeeze`, `undelete`, `erase`, `format`, `fsck`, and the checksum of a low-end flash |
//! | [`file_systems`] | `show file systems` |
//! | [`bootvar`] | `show bootvar` |
//! | [`path_list`] | `show boot` of a Catalyst |
//! | [`catalyst`] | what a Catalyst adds to `show version`; `show switch` |
//! | [`xe`] | what IOS-XE has otherwise in `show version` |
//! | [`xe_switch`] | what a Catalyst with IOS-XE has otherwise there; its `show switch` |
//! | [`boot_variables`] | `show boot` of one |
//! | [`install`] | `install`, `show install` |
//! | [`package`] | `request platform software package` |
//! | [`vlan`](mod@vlan) | `show vlan` |
//! | [`vtp`] | `show vtp status` |
//! | [`clock`](mod@clock) | `show clock` |
//! | [`privilege`] | `show privilege` |
//! | [`interfaces`] | `show ip interface brief` |
//! | [`archive`] | `show archive`, `configure replace` and what is to be confirmed |
//! | [`ports`] | `show interfaces`, its `description` |
//! | [`inventory`] | `show inventory` |
//! | [`logging`] | `show logging` |
//! | [`port_status`] | `show interfaces status` of a switch |
//! | [`licence`] | `show license`, its `udi` and `feature` |
//! | [`smart_licence`] | its `summary`, `status` and `udi` of a switch with IOS-XE |
//! | [`platform`] | `show platform` of an IOS-XE router |
//! | [`redundancy`] | `show redundancy` |
//! | [`neighbours`] | `show cdp neighbors detail`, `show lldp neighbors` |
//! | [`lldp_detail`] | `show lldp neighbors detail` |
//! | [`cdp_table`] | `show cdp neighbors` |
//! | [`route`] | `show ip route` |
//! | [`route_summary`] | `show ip route summary` |
//! | [`load`] | `show processes cpu`, `show memory statistics` |
//! | [`crypto_key`] | `crypto key generate rsa`, `crypto key zeroize rsa`, `show crypto key mypubkey rsa` |
//! | [`copy`] | `copy`, and the reasons of every `%Error` |
//! | [`dump`] | `more /binary`, `more /ebcdic` |
//! | [`modem`] | `copy xmodem:`, `copy ymodem:` |
//! | [`files`] | `delete`, `verify`, `erase`, `write`, `format`, `mkdir` |
//! | [`ping`] | `ping` |
//! | [`boot`] | the console while booting, `reload`, the setup dialog |
//! | [`setup`] | the setup dialog's questions and script |
//! | [`crash`] | `test crash`, and what ROMMON knows of it |
//! | [`rommon`] | ROMMON, `tftpdnld` |
//! | [`confreg`] | ROMMON's `confreg` |
//! | [`boot_classic`] | the console of a router before the ISRs while booting |
//! | [`boot_switch`] | a Catalyst's console while booting, its `switch:` |
//! | [`boot_xe`] | an IOS-XE router's console while booting |
//! | [`boot_switch_xe`] | the same of a Catalyst with IOS-XE |

pub mod archive;
pub mod authenticity;
pub mod boot;
pub mod boot_classic;
pub mod boot_switch;
pub mod boot_switch_xe;
pub mod boot_variables;
pub mod boot_xe;
pub mod bootvar;
pub mod catalyst;
pub mod cdp_table;
pub mod clock;
pub mod confreg;
pub mod copy;
pub mod crash;
pub mod crypto_key;
pub mod dir;
pub mod dump;
pub mod file_information;
pub mod file_systems;
pub mod files;
pub mod flash;
pub mod flash_class;
pub mod install;
pub mod interfaces;
pub mod inventory;
pub mod licence;
pub mod lldp_detail;
pub mod load;
pub mod logging;
pub mod modem;
pub mod neighbours;
pub mod package;
pub mod path_list;
pub mod ping;
pub mod platform;
pub mod port_status;
pub mod ports;
pub mod privilege;
pub mod redundancy;
pub mod rommon;
pub mod rommon_info;
pub mod romvar;
pub mod route;
pub mod route_summary;
pub mod send;
pub mod sessions;
pub mod setup;
pub mod smart_licence;
mod stamp;
pub mod tech;
pub mod traceroute;
pub mod version;
pub mod vlan;
pub mod vtp;
pub mod xe;
pub mod xe_switch;

pub use stamp::Stamp;

use alloc::string::{String, ToString};
use core::fmt;

/// A text that is not the output of the command it was read as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unread {
    /// What should have stood there.
    pub expected: &'static str,
    /// What did: the line, or nothing where the text ended.
    pub found: String,
}

impl Unread {
    fn new(expected: &'static str, found: &str) -> Unread {
        Unread { expected, found: found.to_string() }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found '{}'", self.expected, self.found)
    }
}

/// What stands between `before` and `after`.
fn between<'a>(line: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

/// `0x2102`
fn hex(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// `Configuration register is 0x2102 (will be 0x2142 at next reload)`: now, and next if it differs. Some write `Register`.
fn register_line(line: &str) -> Option<(u16, Option<u16>)> {
    let rest = line.strip_prefix("Configuration ")?;
    let rest = rest.strip_prefix("register is ").or_else(|| rest.strip_prefix("Register is "))?;
    let (now, after) = rest.split_once(' ').unwrap_or((rest, ""));
    let next = between(after, "(will be ", " at next reload)").and_then(hex);
    Some((hex(now)?, next))
}

/// The same, printed, without a line end.
fn render_register(now: u16, next: Option<u16>) -> String {
    let next = next.map_or(String::new(), |n| alloc::format!(" (will be 0x{n:X} at next reload)"));
    alloc::format!("Configuration register is 0x{now:X}{next}")
}
