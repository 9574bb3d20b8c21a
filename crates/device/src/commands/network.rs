//! What the device knows of the networks around it: `show ip route`, its `summary`, `show interfaces status`; who is at its ports: `neighbors`, `cdp`.

use super::exec::Exec;
use super::show_switch::vlan_of;
use super::table::Id;
use crate::cables::Line;
use crate::profile::Layout;
use ios_cli::text::port_status::{self, PortStatus};
use ios_cli::text::route::{self, Route, Way};
use ios_cli::text::route_summary::{RouteSummary, Source};
use ios_cli::{Modes, Row};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// What a row shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Network {
    Route,
    RouteSummary,
    Cdp,
    Neighbors,
    NeighborsDetail,
    LldpNeighbors,
    LldpDetail,
    Status,
}

const EXEC: Modes = Modes::EXEC;
const SHOW: &str = "Show running system information";

pub(super) const NETWORK: &[Row<Id>] = &[
    Row::new(
        "show ip route",
        &[SHOW, "IP information", "IP routing table"],
        EXEC,
        1,
        Id::Network(Network::Route),
    )
    .piped(),
    Row::new(
        "show ip route summary",
        &[SHOW, "IP information", "IP routing table", "Summary of all routes"],
        EXEC,
        1,
        Id::Network(Network::RouteSummary),
    )
    .piped(),
    Row::new("show cdp", &[SHOW, "CDP information"], EXEC, 1, Id::Network(Network::Cdp)).piped(),
    Row::new(
        "show cdp neighbors detail",
        &[SHOW, "CDP information", "CDP neighbor entries", "Show detailed information"],
        EXEC,
        1,
        Id::Network(Network::NeighborsDetail),
    )
    .piped(),
    Row::new(
        "show cdp neighbors",
        &[SHOW, "CDP information", "CDP neighbor entries"],
        EXEC,
        1,
        Id::Network(Network::Neighbors),
    )
    .piped(),
];

/// What switches have.
pub(super) const SWITCH_NETWORK: &[Row<Id>] = &[Row::new(
    "show interfaces status",
    &[SHOW, "Interface status and configuration", "Show interface line status"],
    EXEC,
    1,
    Id::Network(Network::Status),
)
.piped()];

/// What models have that speak LLDP.
pub(super) const LLDP: &[Row<Id>] = &[
    Row::new(
        "show lldp neighbors",
        &[SHOW, "LLDP information", "LLDP neighbor entries"],
        EXEC,
        1,
        Id::Network(Network::LldpNeighbors),
    )
    .piped(),
    Row::new(
        "show lldp neighbors detail",
        &[SHOW, "LLDP information", "LLDP neighbor entries", "Detailed LLDP neighbor entries"],
        EXEC,
        1,
        Id::Network(Network::LldpDetail),
    )
    .piped(),
];

/// What `show ip route summary` of a version has, and what it says that a route takes.
struct Cost {
    table: &'static str,
    paths: u64,
    has_replicates: bool,
    has_application: bool,
    /// Octets of a route.
    overhead: u64,
    memory: u64,
    /// Octets of a network that stands for those in it.
    internal: u64,
}

/// IOS 12, IOS 15, IOS-XE.
const COSTS: [Cost; 3] = [
    Cost {
        table: "Default-IP-Routing-Table(0)",
        paths: 16,
        has_replicates: false,
        has_application: false,
        overhead: 72,
        memory: 136,
        internal: 1_156,
    },
    Cost {
        table: "default (0x0)",
        paths: 32,
        has_replicates: true,
        has_application: false,
        overhead: 60,
        memory: 176,
        internal: 520,
    },
    Cost {
        table: "default (0x0)",
        paths: 32,
        has_replicates: true,
        has_application: true,
        overhead: 96,
        memory: 304,
        internal: 467,
    },
];

impl Exec<'_> {
    pub(super) fn show_network(&self, what: Network) -> String {
        match what {
            Network::Route => self.routes().map_or_else(|instead| instead, |routes| route::render(&routes)),
            Network::RouteSummary => {
                self.routes().map_or_else(|instead| instead, |routes| self.summary(&routes).render())
            }
            Network::Cdp => self.show_own_cdp(),
            Network::Neighbors => self.show_cdp(false),
            Network::NeighborsDetail => self.show_cdp(true),
            Network::LldpNeighbors => self.show_lldp(false),
            Network::LldpDetail => self.show_lldp(true),
            Network::Status => self.show_status(),
        }
    }

    /// The routes that there are; else what a switch says that does not route.
    fn routes(&self) -> Result<Vec<Route>, String> {
        let config = self.tty.device.running_config();
        let links = self.tty.device.links().unwrap_or_default();
        let switch = config.interfaces.iter().any(|i| i.switched);
        if switch && !config.kept.iter().any(|l| l == "ip routing") {
            let gateway = links.routes.iter().find(|(network, ..)| network.is_unspecified());
            let gateway = gateway.map_or("not set".to_owned(), |(_, _, hop)| hop.to_string());
            return Err(format!(
                "Default gateway is {gateway}\n\nHost               Gateway           Last Use    Total Uses  Interface\n\
                 ICMP redirect cache is empty\n"
            ));
        }
        let bits = |mask: &Ipv4Addr| u8::try_from(mask.to_bits().leading_ones()).unwrap_or(32);
        let mut routes = Vec::new();
        for (network, mask, hop) in &links.routes {
            // Where its next hop cannot be reached it is no route.
            if links.via(*hop).is_some() {
                routes.push(Route { network: (*network, bits(mask)), way: Way::Static(*hop) });
            }
        }
        for (port, address, mask) in &links.up {
            let network = Ipv4Addr::from_bits(address.to_bits() & mask.to_bits());
            routes.push(Route { network: (network, bits(mask)), way: Way::Connected(port.to_string()) });
            // The address of a loopback is all of its network.
            if bits(mask) < 32 {
                routes.push(Route { network: (*address, 32), way: Way::Local(port.to_string()) });
            }
        }
        Ok(routes)
    }

    /// How many of them come from where. What they take of memory is what such a version takes for each.
    fn summary(&self, routes: &[Route]) -> RouteSummary {
        let cost = match self.tty.device.profile().version.layout {
            Layout::Ios12(_) => &COSTS[0],
            Layout::IsrG2(_) | Layout::Catalyst(_) => &COSTS[1],
            Layout::Xe(_) | Layout::XeSwitch(_) => &COSTS[2],
        };
        let is_subnet = |route: &&Route| route.network.1 > route::classful(route.network.0);
        let of = |name: &str, is: fn(&Way) -> bool| {
            let all: Vec<&Route> = routes.iter().filter(|route| is(&route.way)).collect();
            let (all, subnets) = (all.len() as u64, all.into_iter().filter(is_subnet).count() as u64);
            let (overhead, memory) = (all * cost.overhead, all * cost.memory);
            Source {
                name: name.into(),
                networks: all - subnets,
                subnets,
                overhead,
                memory,
                ..Source::default()
            }
        };
        // Addresses of interfaces count as their networks.
        let connected = of("connected", |way| matches!(way, Way::Connected(_) | Way::Local(_)));
        let mut sources = vec![connected, of("static", |way| matches!(way, Way::Static(_)))];
        if cost.has_application {
            sources.insert(0, Source { name: "application".into(), ..Source::default() });
        }
        let within = |route: &Route| {
            let bits = route::classful(route.network.0);
            route.network.0.to_bits() >> (32 - u32::from(bits))
        };
        let classes: BTreeSet<u32> = routes.iter().filter(is_subnet).map(within).collect();
        let classes = classes.len() as u64;
        RouteSummary {
            table: Some((cost.table.into(), cost.paths)),
            has_replicates: cost.has_replicates,
            sources,
            internal: Some((classes, classes * cost.internal)),
        }
    }

    /// A port without a cable is connected as soon as it is not shut down.
    fn show_status(&self) -> String {
        let config = self.tty.device.running_config();
        let port = |i: &crate::config::Interface| {
            let (status, duplex, speed) = match self.tty.device.line(&i.name) {
                Line::Shut => ("disabled", "auto", "auto"),
                Line::Off | Line::Deleted | Line::Down => ("notconnect", "auto", "auto"),
                Line::Up => ("connected", "a-full", "a-1000"),
            };
            PortStatus {
                port: i.name.short(),
                name: i.description.clone().unwrap_or_default(),
                status: status.into(),
                vlan: vlan_of(i).map_or("trunk".into(), |id| id.to_string()),
                duplex: duplex.into(),
                speed: speed.into(),
                kind: "10/100/1000BaseTX".into(),
            }
        };
        let ports: Vec<_> = config.interfaces.iter().filter(|i| i.switched).map(port).collect();
        port_status::render(&ports)
    }
}
