//! What the tools of operators ask of any device: its parts, its load, its messages.

use super::exec::Exec;
use super::table::Id;
use crate::cables::Line;
use crate::config::Interface;
use crate::profile::{Layout, Text};
use ios_cli::Match;
use ios_cli::text::inventory::{self, Part};
use ios_cli::text::load::{Cpu, Pool, render_memory};
use ios_cli::text::logging::Logging;
use ios_cli::text::ports::{self, Encapsulation, Port};

/// `logging buffered`, octets, as it is without a line of configuration.
const BUFFER: u32 = 8_192;
/// Processes that every IOS has.
const PROCESSES: &[&str] = &["Chunk Manager", "Load Meter", "Check heaps", "Exec", "TTY Background"];

/// Kinds of interface by how their names begin: hardware, kbit/s, delay in microseconds, what their plug says.
const KINDS: &[(&str, &str, u32, u32, &str)] = &[
    ("GigabitEthernet", "CN Gigabit Ethernet", 1_000_000, 10, "Full Duplex, 1Gbps, media type is RJ45"),
    (
        "TenGigabitEthernet",
        "Ten Gigabit Ethernet",
        10_000_000,
        10,
        "Full-duplex, 10Gb/s, media type is 10GBase-SR",
    ),
    (
        "TwentyFiveGigE",
        "Twenty Five Gigabit Ethernet",
        25_000_000,
        10,
        "Full-duplex, 25Gb/s, media type is 25GBase-SR",
    ),
    (
        "FortyGigabitEthernet",
        "Forty Gigabit Ethernet",
        40_000_000,
        10,
        "Full-duplex, 40Gb/s, media type is QSFP 40G SR4",
    ),
    ("FastEthernet", "Fast Ethernet", 100_000, 100, "Full-duplex, 100Mb/s, media type is 10/100BaseTX"),
    ("Loopback", "Loopback", 8_000_000, 5_000, ""),
    ("Vlan", "Ethernet SVI", 1_000_000, 10, ""),
    ("Embedded-Service-Engine", "Embedded Service Engine", 10_000, 1_000, ""),
];

/// The device's address and so many behind it: `0017.95c0.fff0`.
pub(super) fn mac(base: &str, n: usize) -> String {
    let digits: String = base.chars().filter(char::is_ascii_hexdigit).collect();
    let number = u64::from_str_radix(&digits, 16).unwrap_or(0) + n as u64;
    let text = format!("{:012x}", number & 0xffff_ffff_ffff);
    format!("{}.{}.{}", &text[..4], &text[4..8], &text[8..])
}

impl Exec<'_> {
    /// `show interfaces [NAME]`
    pub(super) fn show_ports(&self, found: &Match<Id>) -> String {
        let wanted = found.arg("name").and_then(|a| a.interface()).map(ToString::to_string);
        let mut ports = self.ports();
        ports.retain(|port| wanted.as_ref().is_none_or(|name| *name == port.name));
        ports::render(&ports)
    }

    /// The interfaces as they are. Nothing is counted of what goes over them.
    pub(super) fn ports(&self) -> Vec<Port> {
        let profile = self.tty.device.profile();
        let config = self.tty.device.running_config();
        let trunks = |i: &Interface| {
            let is_of = |sub: &Interface| sub.name.parent().is_some_and(|parent| parent == i.name);
            config.interfaces.iter().any(|sub| is_of(sub) && sub.dot1q.is_some())
        };
        // Each of the model's own has an address of its own, a subinterface its port's.
        let nth = |i: &Interface| {
            let name = i.name.parent().unwrap_or_else(|| i.name.clone());
            profile.interfaces.iter().position(|own| *own == name).unwrap_or(profile.interfaces.len())
        };
        let port = |i: &Interface| {
            let (is_loopback, is_sub) = (i.name.is_loopback(), i.name.parent().is_some());
            let kept = |word: &str| i.kept.iter().find_map(|l| l.strip_prefix(word)?.trim().parse().ok());
            let kind = KINDS.iter().find(|kind| i.name.starts_with(kind.0)).unwrap_or(&KINDS[0]);
            let line = self.tty.device.line(&i.name);
            Port {
                name: i.name.to_string(),
                status: line.status(),
                protocol: line == Line::Up,
                hardware: kind.1.into(),
                mac: if is_loopback { String::new() } else { mac(&profile.mac, nth(i)) },
                description: i.description.clone(),
                address: i.address.map(|(a, m)| (a, u8::try_from(m.to_bits().leading_ones()).unwrap_or(32))),
                mtu: kept("mtu ").unwrap_or(if is_loopback { 1_514 } else { 1_500 }),
                bandwidth: kept("bandwidth ").unwrap_or(kind.2),
                delay: kind.3,
                medium: (!kind.4.is_empty() && !is_sub).then(|| kind.4.to_owned()),
                encapsulation: match i.dot1q {
                    Some(dot1q) => Encapsulation::Dot1q(dot1q.vlan),
                    None if is_loopback => Encapsulation::Loopback,
                    None if trunks(i) => Encapsulation::Trunk,
                    None => Encapsulation::Arpa,
                },
            }
        };
        config.in_tables().into_iter().map(port).collect()
    }

    /// The chassis, and the parts that the model lists.
    pub(super) fn show_inventory(&self) -> String {
        let profile = self.tty.device.profile();
        let (model, serial) = (profile.version.model.to_string(), self.tty.device.serial().to_owned());
        let (name, description) = match &profile.version.layout {
            Layout::IsrG2(_) | Layout::Ios12(_) => {
                (model.clone(), format!("{model} chassis, Hw Serial#: {serial}, Hw Revision: 1.0"))
            }
            Layout::Xe(_) => {
                let short = model.split('/').next().unwrap_or(&model);
                ("Chassis".into(), format!("Cisco {short} Chassis"))
            }
            // A switch is a member of its stack.
            Layout::Catalyst(_) => ("1".into(), model.clone()),
            Layout::XeSwitch(_) => ("Switch 1".into(), model.clone()),
        };
        let chassis = Part { name, description, pid: model, vid: "V01".into(), serial };
        let head = if matches!(profile.version.layout, Layout::Xe(_)) { inventory::INFO } else { "" };
        let part = |[name, description, pid, vid, serial]: &[Text; 5]| Part {
            name: name.to_string(),
            description: description.to_string(),
            pid: pid.to_string(),
            vid: vid.to_string(),
            serial: serial.to_string(),
        };
        let mut parts = match &profile.version.layout {
            Layout::XeSwitch(_) => {
                let stack = "c93xx Stack".to_owned();
                vec![Part { name: stack.clone(), description: stack, ..chassis.clone() }, chassis]
            }
            Layout::IsrG2(_) | Layout::Xe(_) | Layout::Catalyst(_) | Layout::Ios12(_) => vec![chassis],
        };
        parts.extend(profile.hardware.parts.iter().map(part));
        format!("{head}{}", inventory::render(&parts))
    }

    pub(super) fn show_logging(&self) -> String {
        let set = self.tty.device.running_config().logging;
        let messages =
            self.tty.device.messages.since(&mut 0).into_iter().map(|message| message.text).collect();
        Logging { console: set.console, monitor: set.monitor, size: BUFFER, messages }.render()
    }

    /// An emulated processor has nothing to do.
    pub(super) fn show_processes(&self) -> String {
        Cpu { five_seconds: 0, interrupts: 0, minute: 0, five_minutes: 0 }.render(PROCESSES)
    }

    /// The sizes are the model's; what is in use is an eighth, whatever is done.
    pub(super) fn show_memory(&self) -> String {
        let kib = self.tty.device.profile().version.memory.to_string();
        let pool = |(name, head): (&str, u32), text: &str| {
            let total = text.trim_end_matches('K').parse::<u64>().unwrap_or(0) * 1_024;
            Pool { name: name.into(), head, total, used: total / 8 }
        };
        let pools = [("Processor", 0x23e0_ea20), ("I/O", 0x0e90_0000)];
        render_memory(
            &pools.into_iter().zip(kib.split('/')).map(|(p, text)| pool(p, text)).collect::<Vec<_>>(),
        )
    }
}
