//! `debug`, `undebug`, `show debugging`.

use super::exec::Exec;
use super::table::Id;
use crate::debugging::Topic;
use crate::profile::Layout;
use crate::session::Leave;
use ios_cli::{Match, Modes, Row};
use std::net::Ipv4Addr;

/// What a row does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Debug {
    On(Topic),
    Off(Topic),
    All,
    Nothing,
}

const EXEC: Modes = Modes::EXEC;
const DEBUG: &str = "Debugging functions (see also 'undebug')";
const UNDEBUG: &str = "Disable debugging functions (see also 'debug')";
const TFTP: &str = "TFTP debugging";
const EVENTS: &str = "TFTP event debugging";
const PACKETS: &str = "TFTP packet debugging";
const IP: &str = "IP information";
const FTP: &str = "FTP dialogue";
const ICMP: &str = "ICMP transactions";

const fn on(syntax: &'static str, docs: &'static [&'static str], topic: Topic) -> Row<Id> {
    Row::new(syntax, docs, EXEC, 15, Id::Debug(Debug::On(topic)))
}

const fn off(syntax: &'static str, docs: &'static [&'static str], topic: Topic) -> Row<Id> {
    Row::new(syntax, docs, EXEC, 15, Id::Debug(Debug::Off(topic)))
}

pub(super) const DEBUGS: &[Row<Id>] = &[
    on("[no] debug tftp events", &[DEBUG, TFTP, EVENTS], Topic::TftpEvents),
    on("[no] debug tftp packets", &[DEBUG, TFTP, PACKETS], Topic::TftpPackets),
    on("[no] debug ip ftp", &[DEBUG, IP, FTP], Topic::Ftp),
    on("[no] debug ip icmp", &[DEBUG, IP, ICMP], Topic::Icmp),
    Row::new("[no] debug all", &[DEBUG, "Enable all debugging"], EXEC, 15, Id::Debug(Debug::All)),
    off("undebug tftp events", &[UNDEBUG, TFTP, EVENTS], Topic::TftpEvents),
    off("undebug tftp packets", &[UNDEBUG, TFTP, PACKETS], Topic::TftpPackets),
    off("undebug ip ftp", &[UNDEBUG, IP, FTP], Topic::Ftp),
    off("undebug ip icmp", &[UNDEBUG, IP, ICMP], Topic::Icmp),
    Row::new("undebug all", &[UNDEBUG, "Disable all debugging"], EXEC, 15, Id::Debug(Debug::Nothing)),
    Row::new(
        "show debugging",
        &["Show running system information", "State of each debugging option"],
        EXEC,
        1,
        Id::ShowDebugging,
    )
    .piped(),
];

const ALL_ON: &str = "All possible debugging has been turned on\n";
const ALL_OFF: &str = "All possible debugging has been turned off\n";
const SEVERE: &str = "This may severely impact network performance. Continue? (yes/[no]): ";

impl Exec<'_> {
    pub(super) fn debug(&mut self, what: Debug, found: &Match<Id>) -> Result<(), Leave> {
        let (topic, turned) = match what {
            Debug::On(topic) => (topic, !found.no),
            Debug::Off(topic) => (topic, false),
            Debug::All if !found.no => {
                let answer = self.tty.ask_plain_or(SEVERE)?.unwrap_or_default().to_ascii_lowercase();
                if answer.is_empty() || !"yes".starts_with(&answer) {
                    return Ok(());
                }
                self.tty.device.debugging.set_all(true);
                return self.tty.print(ALL_ON);
            }
            Debug::All | Debug::Nothing => {
                self.tty.device.debugging.set_all(false);
                return self.tty.print(ALL_OFF);
            }
        };
        self.tty.device.debugging.set(topic, turned);
        self.tty.print(&topic.said(turned))
    }

    /// An echo was answered.
    pub(super) fn tell_of_echo(&self, from: Ipv4Addr) {
        let device = &self.tty.device;
        if !device.debugging.tells(Topic::Icmp) {
            return;
        }
        let own = device.links().and_then(|links| links.source(from));
        let own = own.unwrap_or(from);
        // Releases of IOS before 15 have no topologies.
        let topology = match device.profile().version.layout {
            Layout::Ios12(_) => "",
            Layout::IsrG2(_) | Layout::Catalyst(_) | Layout::Xe(_) | Layout::XeSwitch(_) => {
                ", topology BASE, dscp 0 topoid 0"
            }
        };
        device.log(&format!("ICMP: echo reply rcvd, src {from}, dst {own}{topology}"));
    }
}
