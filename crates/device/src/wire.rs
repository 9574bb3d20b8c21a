//! The device's network: its interfaces, its routes, and the table from lab addresses to real sockets.
//!
//! With a [`Table`] the device speaks of `10.0.0.1:69` and the packets go to `127.0.0.1:6969`; a host
//! that the table does not name does not answer. Without one addresses are real. In both cases nothing
//! leaves while no interface is up and has an address: the other end is silent, and a copy waits its
//! time out as on the device.
//!
//! A table file has one entry a line, `#` begins a comment:
//! ```text
//! bind = "127.0.0.2"                      # the device's own real address
//! "10.0.0.1:69" = "127.0.0.1:6969"
//! "10.0.0.1:21" = "127.0.0.1:2121"
//! ```

use crate::Config;
use crate::faults::Faults;
use crate::profile::Port;
use client::{Loses, Unroutable, Wire};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// RFC 1350 §4.
const TFTP: u16 = 69;

/// Lab addresses and the real sockets behind them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Table {
    /// Where the device's own sockets are bound. It should not be a server's address: traces could not
    /// tell them apart. `127.0.0.2` is free on every Linux.
    pub bind: Option<IpAddr>,
    /// Named to real.
    pub hosts: BTreeMap<SocketAddr, SocketAddr>,
    /// A firewall before the device: peers that connect to the device are sent here, where nothing
    /// answers. Connections of the device itself pass.
    pub firewall: Option<SocketAddr>,
    /// What hosts are that the table does not name.
    pub rest: Rest,
    /// Other devices, whose lines are at ports of their own.
    pub others: Option<Arc<Others>>,
}

/// Devices of a lab, as they reach each other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Others {
    /// Where they are: the first and the last address of each row.
    pub at: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// The ports that a protocol has by itself, and those that stand for them there.
    pub ports: Vec<(u16, u16)>,
}

impl Others {
    fn real(&self, named: SocketAddr) -> Option<SocketAddr> {
        let IpAddr::V4(ip) = named.ip() else { return None };
        let is_one = self.at.iter().any(|(first, last)| (*first..=*last).contains(&ip));
        let (_, port) = self.ports.iter().find(|(port, _)| is_one && *port == named.port())?;
        Some(SocketAddr::new(named.ip(), *port))
    }
}

/// What hosts are that a table does not name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Rest {
    /// Not there: they do not answer.
    #[default]
    Silent,
    /// Real, as without a table.
    Real,
    /// Real, and there whatever the interfaces are: what stands for another device has that one's addresses, and not its network.
    Open,
}

/// Why a table file cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "wire table, line {line}: expected \"10.0.0.1:69\" = \"127.0.0.1:6969\" or bind = \"127.0.0.2\", found '{found}'"
)]
pub struct BadTable {
    /// Counted from 1.
    pub line: usize,
    /// As it stands.
    pub found: String,
}

impl Table {
    /// Reads the text of a table file.
    pub fn parse(text: &str) -> Result<Table, BadTable> {
        let mut table = Table::default();
        for (n, line) in text.lines().enumerate() {
            let bad = || BadTable { line: n + 1, found: line.to_owned() };
            let entry = line.split('#').next().unwrap_or("").trim();
            if entry.is_empty() {
                continue;
            }
            let (key, value) = entry.split_once('=').ok_or_else(bad)?;
            let (key, value) = (key.trim().trim_matches('"'), value.trim().trim_matches('"'));
            if key == "bind" {
                table.bind = Some(value.parse().map_err(|_| bad())?);
            } else {
                table.hosts.insert(key.parse().map_err(|_| bad())?, value.parse().map_err(|_| bad())?);
            }
        }
        Ok(table)
    }

    /// Maps `named` to `real`, as a builder.
    #[must_use]
    pub fn with(mut self, named: SocketAddr, real: SocketAddr) -> Table {
        self.hosts.insert(named, real);
        self
    }

    /// Whether the lab has this host.
    pub fn knows(&self, host: IpAddr) -> bool {
        self.hosts.keys().any(|k| k.ip() == host)
    }

    fn real(&self, named: SocketAddr) -> Option<SocketAddr> {
        if let Some(real) = self.hosts.get(&named) {
            return Some(*real);
        }
        if let Some(real) = self.others.as_ref().and_then(|others| others.real(named)) {
            return Some(real);
        }
        // A data port or a TID: the same port of the same host. An address that is real already (out of
        // a 227 reply) stays.
        let host = self.hosts.iter().find(|(k, v)| k.ip() == named.ip() || v.ip() == named.ip())?;
        Some(SocketAddr::new(host.1.ip(), named.port()))
    }

    fn named(&self, real: SocketAddr) -> Option<SocketAddr> {
        if let Some((named, _)) = self.hosts.iter().find(|(_, v)| **v == real) {
            return Some(*named);
        }
        let host = self.hosts.iter().find(|(_, v)| v.ip() == real.ip())?;
        Some(SocketAddr::new(host.0.ip(), real.port()))
    }
}

/// The layer 3 state of the device's interfaces.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Links {
    /// Interfaces that are up and have an address: name, address, mask.
    pub up: Vec<(Port, Ipv4Addr, Ipv4Addr)>,
    /// Routes: network, mask, next hop.
    pub routes: Vec<(Ipv4Addr, Ipv4Addr, Ipv4Addr)>,
}

impl Links {
    /// Those of a running configuration, whatever its ports are connected to; `ip route` and `ip default-gateway` lines count.
    pub fn of(config: &Config) -> Links {
        let up = config.interfaces.iter().filter(|i| !i.shutdown);
        let up = up.filter_map(|i| i.address.map(|(a, m)| (i.name.clone(), a, m))).collect();
        // A device that routes takes no notice of a default gateway.
        let routes = !config.interfaces.iter().any(|i| i.switched);
        let route = |line: &String| {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["ip", "route", network, mask, hop, ..] => {
                    Some((network.parse().ok()?, mask.parse().ok()?, hop.parse().ok()?))
                }
                ["ip", "default-gateway", hop] if !routes => {
                    Some((Ipv4Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED, hop.parse().ok()?))
                }
                _ => None,
            }
        };
        Links { up, routes: config.kept.iter().filter_map(route).collect() }
    }

    /// The interface through which packets for `host` leave.
    pub fn via(&self, host: Ipv4Addr) -> Option<Port> {
        self.connected(host).or_else(|| {
            let fits = self.routes.iter().filter(|(n, m, _)| within(host, *n, *m));
            let best = fits.max_by_key(|(_, m, _)| m.to_bits().leading_ones())?;
            self.connected(best.2)
        })
    }

    /// The router that packets for `host` are sent to; `None`: it is a neighbour, or there is no way.
    pub fn next_hop(&self, host: Ipv4Addr) -> Option<Ipv4Addr> {
        if self.connected(host).is_some() {
            return None;
        }
        let fits = self.routes.iter().filter(|(n, m, _)| within(host, *n, *m));
        let best = fits.max_by_key(|(_, m, _)| m.to_bits().leading_ones())?;
        self.connected(best.2).map(|_| best.2)
    }

    /// The device's own address on the way to `host`.
    pub fn source(&self, host: Ipv4Addr) -> Option<Ipv4Addr> {
        let name = self.via(host)?;
        self.up.iter().find(|(n, ..)| *n == name).map(|(_, a, _)| *a)
    }

    fn connected(&self, host: Ipv4Addr) -> Option<Port> {
        self.up.iter().find(|(_, a, m)| within(host, *a, *m)).map(|(name, ..)| name.clone())
    }
}

fn within(host: Ipv4Addr, network: Ipv4Addr, mask: Ipv4Addr) -> bool {
    host.to_bits() & mask.to_bits() == network.to_bits() & mask.to_bits()
}

/// What an echo request meets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// An address of the device, or a host that the table names.
    There,
    /// No way there, or nobody.
    Silent,
    /// A real address: the network has to be asked.
    Real,
}

/// The network as the device's clients see it.
#[derive(Debug)]
pub struct LabWire {
    table: Option<Table>,
    /// Guards the interfaces: configuration changes them while transfers look.
    links: Mutex<Links>,
    /// What is lost on request.
    faults: Arc<Faults>,
}

impl LabWire {
    /// A network with this table, or the real one; no interface is up yet.
    pub fn new(table: Option<Table>) -> LabWire {
        LabWire { table, links: Mutex::new(Links::default()), faults: Faults::new(0) }
    }

    /// The same with what gets lost on request.
    #[must_use]
    pub(crate) fn with_faults(self, faults: Arc<Faults>) -> LabWire {
        LabWire { faults, ..self }
    }

    /// Another device state on the same table: ROMMON has an address of its own.
    pub fn with_links(&self, links: Links) -> Arc<LabWire> {
        let (table, faults) = (self.table.clone(), self.faults.clone());
        Arc::new(LabWire { table, links: Mutex::new(links), faults })
    }

    /// Interfaces changed.
    pub fn set(&self, links: Links) {
        *self.lock() = links;
    }

    /// The interface towards `host` as `(via …)` names it: by route, or without a table any that is up.
    pub fn via(&self, host: IpAddr) -> Option<Port> {
        let links = self.lock();
        if host == IpAddr::V4(Ipv4Addr::BROADCAST) {
            return links.up.first().map(|(name, ..)| name.clone());
        }
        let routed = match host {
            IpAddr::V4(host) => links.via(host),
            IpAddr::V6(_) => None,
        };
        match (self.rest(), routed) {
            // Real addresses have real routes, which the device's configuration need not know.
            (Rest::Real | Rest::Open, None) => links.up.first().map(|(name, ..)| name.clone()),
            (_, routed) => routed,
        }
    }

    /// Who answers what is sent to `host`: of everybody, the first host of the table with a TFTP server.
    pub fn answering(&self, host: IpAddr) -> IpAddr {
        let hosts = self.table.iter().flat_map(|table| table.hosts.keys());
        match host == IpAddr::V4(Ipv4Addr::BROADCAST) {
            true => hosts.filter(|named| named.port() == TFTP).map(SocketAddr::ip).next().unwrap_or(host),
            false => host,
        }
    }

    /// What an echo request to `host` meets.
    pub fn echo(&self, host: Ipv4Addr) -> Reach {
        if self.lock().up.iter().any(|(_, a, _)| *a == host) {
            return Reach::There;
        }
        match (&self.table, self.via(host.into())) {
            (_, None) if self.rest() == Rest::Open => Reach::Real,
            (_, None) => Reach::Silent,
            (Some(table), Some(_)) if table.knows(host.into()) => Reach::There,
            (_, Some(_)) => match self.rest() {
                Rest::Silent => Reach::Silent,
                Rest::Real | Rest::Open => Reach::Real,
            },
        }
    }

    fn rest(&self) -> Rest {
        self.table.as_ref().map_or(Rest::Real, |table| table.rest)
    }

    fn lock(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wire for LabWire {
    fn real(&self, named: SocketAddr) -> Result<SocketAddr, Unroutable> {
        let named = SocketAddr::new(self.answering(named.ip()), named.port());
        let Some(table) = &self.table else {
            return if self.via(named.ip()).is_some() { Ok(named) } else { Err(Unroutable::Silent) };
        };
        // Octets of a 227 reply are real; the way there is the way to the host they stand for.
        let host = table.named(named).map_or(named.ip(), |n| n.ip());
        if table.rest != Rest::Open {
            self.via(host).ok_or(Unroutable::Silent)?;
        }
        match (table.real(named), table.rest) {
            (Some(real), _) => Ok(real),
            (None, Rest::Real | Rest::Open) => Ok(named),
            (None, Rest::Silent) => Err(Unroutable::Silent),
        }
    }

    fn named(&self, real: SocketAddr) -> SocketAddr {
        let Some(table) = &self.table else { return real };
        if Some(real.ip()) == table.bind
            && let Some((_, own, _)) = self.lock().up.first()
        {
            return SocketAddr::new(IpAddr::V4(*own), real.port());
        }
        table.named(real).unwrap_or(real)
    }

    fn bind(&self, peer: SocketAddr) -> Option<IpAddr> {
        // From a loopback address nothing reaches another host.
        let bind = self.table.as_ref()?.bind?;
        Some(bind).filter(|bind| !bind.is_loopback() || peer.ip().is_loopback())
    }

    fn reached_at(&self, own: SocketAddr) -> SocketAddr {
        self.table.as_ref().and_then(|t| t.firewall).unwrap_or(own)
    }

    fn losing(&self, named: SocketAddr) -> Option<Loses> {
        self.faults.losing(named.ip())
    }

    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        if let Ok(ip) = host.parse() {
            return Ok(vec![ip]);
        }
        match self.rest() {
            Rest::Silent => Err(io::Error::new(io::ErrorKind::NotFound, "the lab has no name server")),
            Rest::Real | Rest::Open => client::Direct.resolve(host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::C2911;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    fn lab(config: &str) -> LabWire {
        let text = "# the lab\nbind = \"127.0.0.2\"\n\"10.0.0.1:69\" = \"127.0.0.1:6969\" # TFTP\n10.0.0.1:21=127.0.0.1:2121\n";
        let wire = LabWire::new(Some(Table::parse(text).expect("a table")));
        wire.set(Links::of(&Config::at_boot(&C2911, config)));
        wire
    }

    const UP: &str = "interface g0/0\n ip address 10.0.0.2 255.255.255.0\n";

    #[test]
    fn addresses_map_both_ways_with_their_ports() {
        let wire = lab(UP);
        assert_eq!(wire.real(at("10.0.0.1:69")), Ok(at("127.0.0.1:6969")));
        assert_eq!(wire.real(at("10.0.0.1:21")), Ok(at("127.0.0.1:2121")));
        assert_eq!(wire.named(at("127.0.0.1:6969")), at("10.0.0.1:69"));
        // A TID, a passive port, the device's own socket.
        assert_eq!(wire.named(at("127.0.0.1:50001")), at("10.0.0.1:50001"));
        assert_eq!(wire.real(at("10.0.0.1:50001")), Ok(at("127.0.0.1:50001")));
        assert_eq!(wire.real(at("127.0.0.1:50001")), Ok(at("127.0.0.1:50001")));
        assert_eq!(wire.named(at("127.0.0.2:50002")), at("10.0.0.2:50002"));
        assert_eq!(wire.bind(at("127.0.0.1:6969")), Some("127.0.0.2".parse().expect("ip")));
    }

    #[test]
    fn silence_without_address_interface_route_or_host() {
        for config in [
            "",
            "interface g0/0\n ip address 10.0.0.2 255.255.255.0\n shutdown\n",
            "interface g0/0\n ip address 10.9.0.2 255.255.255.0\n",
        ] {
            let wire = lab(config);
            assert_eq!(wire.real(at("10.0.0.1:69")), Err(Unroutable::Silent), "{config}");
            assert_eq!(wire.echo("10.0.0.1".parse().expect("ip")), Reach::Silent);
        }
        let wire = lab(UP);
        assert_eq!(wire.real(at("10.0.0.3:69")), Err(Unroutable::Silent));
        for (host, reach) in
            [("10.0.0.1", Reach::There), ("10.0.0.2", Reach::There), ("10.0.0.3", Reach::Silent)]
        {
            assert_eq!(wire.echo(host.parse().expect("ip")), reach, "{host}");
        }
    }

    #[test]
    fn a_route_leads_through_its_next_hop() {
        let wire = lab(
            "interface g0/1\n ip address 10.1.0.2 255.255.255.0\nip route 10.0.0.0 255.255.255.0 10.1.0.1\n",
        );
        assert_eq!(wire.via("10.0.0.1".parse().expect("ip")), C2911.interface("g0/1").cloned());
        assert!(wire.real(at("10.0.0.1:69")).is_ok());
    }

    #[test]
    fn without_a_table_addresses_are_real_once_an_interface_is_up() {
        let wire = LabWire::new(None);
        assert_eq!(wire.real(at("127.0.0.1:69")), Err(Unroutable::Silent));
        wire.set(Links::of(&Config::at_boot(&C2911, UP)));
        assert_eq!(wire.real(at("127.0.0.1:69")), Ok(at("127.0.0.1:69")));
        assert_eq!(wire.via("127.0.0.1".parse().expect("ip")), C2911.interface("g0/0").cloned());
        assert_eq!(wire.echo("127.0.0.1".parse().expect("ip")), Reach::Real);
        assert_eq!(wire.echo("10.0.0.2".parse().expect("ip")), Reach::There);
    }

    #[test]
    fn hosts_that_a_table_does_not_name_may_be_real() {
        let own: IpAddr = "127.1.0.1".parse().expect("ip");
        let table = Table { bind: Some(own), rest: Rest::Real, ..Table::default() }
            .with(at("127.0.0.1:69"), at("127.0.0.1:6969"));
        let wire = LabWire::new(Some(table));
        assert_eq!(wire.real(at("127.0.0.1:69")), Err(Unroutable::Silent), "no interface is up");
        let up = "interface g0/0\n ip address 127.1.0.1 255.0.0.0\n no shutdown\n";
        wire.set(Links::of(&Config::at_boot(&C2911, up)));
        assert_eq!(wire.real(at("127.0.0.1:69")), Ok(at("127.0.0.1:6969")));
        assert_eq!(wire.real(at("127.0.0.9:69")), Ok(at("127.0.0.9:69")));
        assert_eq!(wire.real(at("192.0.2.1:69")), Ok(at("192.0.2.1:69")));
        assert_eq!(wire.bind(at("127.0.0.1:6969")), Some(own));
        assert_eq!(wire.bind(at("192.0.2.1:69")), None, "a loopback address does not reach there");
        assert_eq!(wire.echo("192.0.2.1".parse().expect("ip")), Reach::Real);
        assert_eq!(wire.echo("127.0.0.1".parse().expect("ip")), Reach::There);
    }

    #[test]
    fn lines_of_other_devices_are_at_ports_of_their_own() {
        let [first, last] = ["127.1.0.1", "127.1.0.9"].map(|ip| ip.parse().expect("ip"));
        let others = Others { at: vec![(first, last)], ports: vec![(23, 2323)] };
        let table = Table { rest: Rest::Real, others: Some(Arc::new(others)), ..Table::default() };
        let wire = LabWire::new(Some(table));
        let up = "interface g0/0\n ip address 127.1.0.1 255.0.0.0\n no shutdown\n";
        assert_eq!(wire.real(at("127.1.0.2:23")), Err(Unroutable::Silent), "no interface is up");
        wire.set(Links::of(&Config::at_boot(&C2911, up)));
        assert_eq!(wire.real(at("127.1.0.2:23")), Ok(at("127.1.0.2:2323")));
        assert_eq!(wire.real(at("127.1.0.2:22")), Ok(at("127.1.0.2:22")));
        assert_eq!(wire.real(at("127.1.0.10:23")), Ok(at("127.1.0.10:23")));
    }

    #[test]
    fn an_open_network_is_there_without_an_interface() {
        let own: IpAddr = "127.1.0.1".parse().expect("ip");
        let wire = LabWire::new(Some(Table { bind: Some(own), rest: Rest::Open, ..Table::default() }));
        assert_eq!(wire.real(at("127.0.0.1:69")), Ok(at("127.0.0.1:69")));
        assert_eq!(wire.via("127.0.0.1".parse().expect("ip")), None);
        assert_eq!(wire.echo("127.0.0.1".parse().expect("ip")), Reach::Real);
        assert_eq!(wire.bind(at("127.0.0.1:69")), Some(own));
    }

    #[test]
    fn a_bad_line_is_named() {
        let bad = Table::parse("bind = 127.0.0.2\n\n10.0.0.1 = 127.0.0.1:69\n").expect_err("no port");
        assert_eq!((bad.line, bad.found.as_str()), (3, "10.0.0.1 = 127.0.0.1:69"));
    }
}
