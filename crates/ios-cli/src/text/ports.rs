//! `show interfaces`, `show interfaces description`

use super::interfaces::Status;
use super::{Unread, between};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// One interface, over which nothing has gone yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Port {
    /// `GigabitEthernet0/0`
    pub name: String,
    /// The line below the protocol.
    pub status: Status,
    /// Whether the protocol is up.
    pub protocol: bool,
    /// `CN Gigabit Ethernet`
    pub hardware: String,
    /// `0017.95c0.ffee`
    pub mac: String,
    /// `description`
    pub description: Option<String>,
    /// Address and length of its prefix.
    pub address: Option<(Ipv4Addr, u8)>,
    /// Octets.
    pub mtu: u32,
    /// kbit/s
    pub bandwidth: u32,
    /// Microseconds.
    pub delay: u32,
    /// `Full Duplex, 1Gbps, media type is RJ45`
    pub medium: Option<String>,
    /// What frames are there.
    pub encapsulation: Encapsulation,
}

/// What frames are on an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Encapsulation {
    /// Ethernet.
    #[default]
    Arpa,
    /// Ethernet, of a port that has subinterfaces with VLANs.
    Trunk,
    /// A subinterface of this VLAN.
    Dot1q(u16),
    /// None ever leave.
    Loopback,
}

const WORDS: [(Status, &str, &str); 4] = [
    (Status::Up, "up", "up"),
    (Status::Down, "down", "down"),
    (Status::AdminDown, "administratively down", "admin down"),
    (Status::Deleted, "deleted", "deleted"),
];

/// Of everything that has neighbours.
const ARP: &str = "  ARP type: ARPA, ARP Timeout 04:00:00\n";
/// Behind the counters of a subinterface, which has none.
const CLEARED: &str = "  Last clearing of \"show interface\" counters never\n";
/// A loopback's.
const LOOPBACK_COUNTERS: &str = "  Last input never, output never, output hang never
  Last clearing of \"show interface\" counters never
  Input queue: 0/75/0/0 (size/max/drops/flushes); Total output drops: 0
  Queueing strategy: fifo
  Output queue: 0/0 (size/max)
  5 minute input rate 0 bits/sec, 0 packets/sec
  5 minute output rate 0 bits/sec, 0 packets/sec
     0 packets input, 0 bytes, 0 no buffer
     Received 0 broadcasts (0 IP multicasts)
     0 runts, 0 giants, 0 throttles
     0 input errors, 0 CRC, 0 frame, 0 overrun, 0 ignored, 0 abort
     0 packets output, 0 bytes, 0 underruns
     0 output errors, 0 collisions, 0 interface resets
     0 unknown protocol drops
     0 output buffer failures, 0 output buffers swapped out
";

/// What no octet has changed.
const COUNTERS: &str = "  Last input never, output never, output hang never
  Last clearing of \"show interface\" counters never
  Input queue: 0/75/0/0 (size/max/drops/flushes); Total output drops: 0
  Queueing strategy: fifo
  Output queue: 0/40 (size/max)
  5 minute input rate 0 bits/sec, 0 packets/sec
  5 minute output rate 0 bits/sec, 0 packets/sec
     0 packets input, 0 bytes, 0 no buffer
     Received 0 broadcasts (0 IP multicasts)
     0 runts, 0 giants, 0 throttles
     0 input errors, 0 CRC, 0 frame, 0 overrun, 0 ignored
     0 watchdog, 0 multicast, 0 pause input
     0 packets output, 0 bytes, 0 underruns
     0 output errors, 0 collisions, 0 interface resets
     0 unknown protocol drops
     0 babbles, 0 late collision, 0 deferred
     0 lost carrier, 0 no carrier, 0 pause output
     0 output buffer failures, 0 output buffers swapped out
";

fn words(status: Status) -> (&'static str, &'static str) {
    let found = WORDS.iter().find(|w| w.0 == status).expect("every status is in the table");
    (found.1, found.2)
}

fn protocol(up: bool) -> &'static str {
    if up { "up" } else { "down" }
}

/// `show interfaces`
pub fn render(ports: &[Port]) -> String {
    ports.iter().map(Port::render).collect()
}

impl Port {
    fn render(&self) -> String {
        let mut out = format!(
            "{} is {}, line protocol is {} \n",
            self.name,
            words(self.status).0,
            protocol(self.protocol)
        );
        out.push_str(&format!("  Hardware is {}", self.hardware));
        match self.mac.is_empty() {
            true => out.push('\n'),
            false => out.push_str(&format!(", address is {0} (bia {0})\n", self.mac)),
        }
        if let Some(text) = &self.description {
            out.push_str(&format!("  Description: {text}\n"));
        }
        if let Some((address, length)) = self.address {
            out.push_str(&format!("  Internet address is {address}/{length}\n"));
        }
        out.push_str(&format!(
            "  MTU {} bytes, BW {} Kbit/sec, DLY {} usec, \n     reliability 255/255, txload 1/255, rxload 1/255\n  \
             Encapsulation {}\n",
            self.mtu,
            self.bandwidth,
            self.delay,
            self.encapsulation.words()
        ));
        if let Encapsulation::Dot1q(_) = self.encapsulation {
            return out + ARP + KEEPALIVE + CLEARED;
        }
        out.push_str(KEEPALIVE);
        if let Some(medium) = &self.medium {
            out.push_str(&format!(
                "  {medium}\n  output flow-control is unsupported, input flow-control is unsupported\n"
            ));
        }
        match self.encapsulation {
            Encapsulation::Loopback => out + LOOPBACK_COUNTERS,
            Encapsulation::Arpa | Encapsulation::Trunk | Encapsulation::Dot1q(_) => out + ARP + COUNTERS,
        }
    }
}

const KEEPALIVE: &str = "  Keepalive set (10 sec)\n";

impl Encapsulation {
    fn words(self) -> String {
        match self {
            Encapsulation::Arpa => "ARPA, loopback not set".into(),
            Encapsulation::Trunk => "802.1Q Virtual LAN, Vlan ID  1., loopback not set".into(),
            Encapsulation::Dot1q(vlan) => format!("802.1Q Virtual LAN, Vlan ID  {vlan}."),
            Encapsulation::Loopback => "LOOPBACK, loopback not set".into(),
        }
    }

    fn parse(text: &str) -> Encapsulation {
        let vlan = |rest: &str| rest.trim().trim_end_matches('.').parse().ok();
        match text.strip_prefix("802.1Q Virtual LAN, Vlan ID ") {
            Some(rest) => vlan(rest).map_or(Encapsulation::Trunk, Encapsulation::Dot1q),
            None if text.starts_with("LOOPBACK") => Encapsulation::Loopback,
            None => Encapsulation::Arpa,
        }
    }
}

/// Reads it; counters are let go.
pub fn parse(text: &str) -> Result<Vec<Port>, Unread> {
    let mut ports: Vec<Port> = Vec::new();
    for line in text.lines() {
        if let Some((name, rest)) = line.split_once(" is ")
            && !line.starts_with(' ')
        {
            let unread = || Unread::new("'NAME is STATUS, line protocol is STATUS'", line);
            let (status, rest) = rest.split_once(", line protocol is ").ok_or_else(unread)?;
            let status = WORDS.iter().find(|w| w.1 == status).ok_or_else(unread)?.0;
            ports.push(Port {
                name: name.to_owned(),
                status,
                protocol: rest.split_whitespace().next() == Some("up"),
                hardware: String::new(),
                mac: String::new(),
                description: None,
                address: None,
                mtu: 0,
                bandwidth: 0,
                delay: 0,
                medium: None,
                encapsulation: Encapsulation::Arpa,
            });
            continue;
        }
        let (Some(port), Some(line)) = (ports.last_mut(), line.strip_prefix("  ")) else { continue };
        if let Some(rest) = line.strip_prefix("Hardware is ") {
            let (hardware, rest) = rest.split_once(", address is ").unwrap_or((rest, ""));
            port.hardware = hardware.to_owned();
            port.mac = rest.split(' ').next().unwrap_or_default().to_owned();
        } else if let Some(text) = line.strip_prefix("Description: ") {
            port.description = Some(text.to_owned());
        } else if let Some(text) = line.strip_prefix("Internet address is ") {
            port.address =
                text.split_once('/').and_then(|(a, l)| Some((a.parse().ok()?, l.trim().parse().ok()?)));
        } else if line.starts_with("MTU ") {
            let number = |before, after| between(line, before, after).and_then(|n| n.parse().ok());
            let figures = number("MTU ", " bytes").zip(number("BW ", " Kbit")).zip(number("DLY ", " usec"));
            let figures =
                figures.ok_or_else(|| Unread::new("'MTU N bytes, BW N Kbit/sec, DLY N usec'", line))?;
            ((port.mtu, port.bandwidth), port.delay) = figures;
        } else if let Some(text) = line.strip_prefix("Encapsulation ") {
            port.encapsulation = Encapsulation::parse(text);
        } else if line.contains(", media type is ") && port.medium.is_none() {
            port.medium = Some(line.trim_end().to_owned());
        }
    }
    match ports.is_empty() {
        true => Err(Unread::new("an interface", text)),
        false => Ok(ports),
    }
}

/// `show interfaces description`: short name, state, description.
pub fn render_descriptions(ports: &[Port]) -> String {
    let mut out = String::from("Interface                      Status         Protocol Description\n");
    for p in ports {
        let row = format!(
            "{:<30} {:<14} {:<8} {}",
            short(&p.name),
            words(p.status).1,
            protocol(p.protocol),
            p.description.as_deref().unwrap_or_default()
        );
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

/// `Gi0/0` of `GigabitEthernet0/0`.
fn short(name: &str) -> String {
    let at = name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len());
    format!("{}{}", name.get(..2).unwrap_or(name), &name[at..]).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_read_back() {
        let port = |name: &str, status, description: Option<&str>| Port {
            name: name.into(),
            status,
            protocol: status == Status::Up,
            hardware: "CN Gigabit Ethernet".into(),
            mac: "0017.95c0.ffee".into(),
            description: description.map(str::to_owned),
            address: description.map(|_| (Ipv4Addr::new(10, 0, 0, 2), 24)),
            mtu: 1_500,
            bandwidth: 1_000_000,
            delay: 10,
            medium: description.map(|_| "Full Duplex, 1Gbps, media type is RJ45".into()),
            encapsulation: Encapsulation::Arpa,
        };
        let ports = [
            port("GigabitEthernet0/0", Status::Up, Some("to the lab, which is here")),
            port("GigabitEthernet0/1", Status::AdminDown, None),
        ];
        assert_eq!(parse(&render(&ports)), Ok(ports.to_vec()));
        assert_eq!(
            render_descriptions(&ports),
            "Interface                      Status         Protocol Description\n\
             Gi0/0                          up             up       to the lab, which is here\n\
             Gi0/1                          admin down     down\n"
        );
    }

    #[test]
    fn interfaces_of_real_devices_are_read() {
        let ports = parse(include_str!("../../tests/data/show_interfaces.txt")).expect("interfaces");
        assert_eq!(ports.len(), 2);
        let vlan = &ports[0];
        assert_eq!((vlan.name.as_str(), vlan.address), ("Vlan1", Some((Ipv4Addr::new(10, 255, 0, 16), 16))));
        assert_eq!((vlan.mtu, vlan.bandwidth, vlan.delay), (1_500, 1_000_000, 10));
        assert_eq!((ports[1].status, ports[1].mac.as_str()), (Status::AdminDown, "78da.6eaf.3b82"));
        assert!(parse("GigabitEthernet0/0 is odd, line protocol is up\n").is_err() && parse("").is_err());
    }
}
