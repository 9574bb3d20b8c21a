//! What the device knows of the networks around it: `show ip route`, `show cdp neighbors`, `show interfaces status`.

use super::exec::Exec;
use super::show_switch::vlan_of;
use super::table::Id;
use crate::wire::Links;
use ios_cli::text::port_status::{self, PortStatus};
use ios_cli::text::route::{self, Route, Way};
use ios_cli::{Modes, Row};
use std::net::Ipv4Addr;

/// What a row shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Network {
    Route,
    Neighbors,
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

/// There are no cables, and so no neighbours.
const NO_NEIGHBORS: &str = "\
Capability Codes: R - Router, T - Trans Bridge, B - Source Route Bridge
                  S - Switch, H - Host, I - IGMP, r - Repeater, P - Phone,\u{20}
                  D - Remote, C - CVTA, M - Two-port Mac Relay\u{20}

Device ID        Local Intrfce     Holdtme    Capability  Platform  Port ID

Total cdp entries displayed : 0
";

impl Exec<'_> {
    pub(super) fn show_network(&self, what: Network) -> String {
        match what {
            Network::Route => self.show_route(),
            Network::Neighbors => NO_NEIGHBORS.into(),
            Network::Status => self.show_status(),
        }
    }

    fn show_route(&self) -> String {
        let config = self.tty.device.running_config();
        let links = Links::of(&config);
        let switch = config.interfaces.iter().any(|i| i.switched);
        if switch && !config.kept.iter().any(|l| l == "ip routing") {
            let gateway = links.routes.iter().find(|(network, ..)| network.is_unspecified());
            let gateway = gateway.map_or("not set".to_owned(), |(_, _, hop)| hop.to_string());
            return format!(
                "Default gateway is {gateway}\n\nHost               Gateway           Last Use    Total Uses  Interface\n\
                 ICMP redirect cache is empty\n"
            );
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
            routes.push(Route { network: (*address, 32), way: Way::Local(port.to_string()) });
        }
        route::render(&routes)
    }

    /// A port is connected as soon as it is not shut down: there are no cables.
    fn show_status(&self) -> String {
        let config = self.tty.device.running_config();
        let port = |i: &crate::config::Interface| {
            let (status, duplex, speed) =
                if i.shutdown { ("disabled", "auto", "auto") } else { ("connected", "a-full", "a-1000") };
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
