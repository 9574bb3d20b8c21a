//! `show ip route` of connected networks and static routes.

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// One way.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Route {
    /// The network, and how many bits of it count.
    pub network: (Ipv4Addr, u8),
    /// Where it leads.
    pub way: Way,
}

/// Where a route leads.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Way {
    /// `C`: the network of an interface.
    Connected(String),
    /// `L`: the interface's own address.
    Local(String),
    /// `S`: by hand, to the next hop.
    Static(Ipv4Addr),
}

const CODES: &str = "\
Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP
       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area\u{20}
       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2
       E1 - OSPF external type 1, E2 - OSPF external type 2
       i - IS-IS, su - IS-IS summary, L1 - IS-IS level-1, L2 - IS-IS level-2
       ia - IS-IS inter area, * - candidate default, U - per-user static route
       o - ODR, P - periodic downloaded static route, H - NHRP, l - LISP
       + - replicated route, % - next hop override

";

/// The bits that count in a network of this class.
pub fn classful(address: Ipv4Addr) -> u8 {
    match address.octets()[0] {
        0..=127 => 8,
        128..=191 => 16,
        _ => 24,
    }
}

fn masked(address: Ipv4Addr, bits: u8) -> Ipv4Addr {
    let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
    Ipv4Addr::from_bits(address.to_bits() & mask)
}

/// As the device prints it.
pub fn render(routes: &[Route]) -> String {
    let last = routes.iter().find_map(|r| match (r.network.1, &r.way) {
        (0, Way::Static(hop)) => Some(*hop),
        (_, Way::Connected(_) | Way::Local(_) | Way::Static(_)) => None,
    });
    let mut out = CODES.to_owned();
    out += &match last {
        Some(hop) => format!("Gateway of last resort is {hop} to network 0.0.0.0\n\n"),
        None => "Gateway of last resort is not set\n\n".into(),
    };
    let mut classes: BTreeMap<Ipv4Addr, Vec<&Route>> = BTreeMap::new();
    for route in routes {
        if route.network.1 == 0 {
            if let Way::Static(hop) = route.way {
                out += &format!("S*    0.0.0.0/0 [1/0] via {hop}\n");
            }
            continue;
        }
        let (address, bits) = route.network;
        classes.entry(masked(address, classful(address).min(bits))).or_default().push(route);
    }
    for (class, mut routes) in classes {
        routes.sort();
        let bits = classful(class);
        let mut masks: Vec<u8> = routes.iter().map(|r| r.network.1).collect();
        masks.sort_unstable();
        masks.dedup();
        let subnets = routes.iter().any(|r| r.network.1 > bits);
        if subnets {
            let n = routes.len();
            let (s, first) = (if n == 1 { "" } else { "s" }, masks.first().copied().unwrap_or(bits));
            out += &match masks.len() {
                1 => format!("      {class}/{first} is subnetted, {n} subnet{s}\n"),
                m => format!("      {class}/{bits} is variably subnetted, {n} subnet{s}, {m} masks\n"),
            };
        }
        for Route { network: (address, bits), way } in routes {
            let indent = if subnets { "   " } else { "" };
            let place = format!("     {indent}{address}/{bits}");
            out += &match way {
                Way::Connected(port) => format!("C{place} is directly connected, {port}\n"),
                Way::Local(port) => format!("L{place} is directly connected, {port}\n"),
                Way::Static(hop) => format!("S{place} [1/0] via {hop}\n"),
            };
        }
    }
    out
}

/// Reads it; other kinds of route are not looked at.
pub fn parse(text: &str) -> Result<Vec<Route>, Unread> {
    if !text.contains("Gateway of last resort is ") {
        return Err(Unread::new("'Gateway of last resort is …'", text.lines().next().unwrap_or("")));
    }
    let route = |line: &str| {
        let (code, rest) = line.split_once(' ')?;
        let (network, rest) = rest.trim_start().split_once(' ')?;
        let (address, bits) = network.split_once('/')?;
        let port = || rest.strip_prefix("is directly connected, ").map(|p| p.trim_end().to_owned());
        let way = match code {
            "C" => Way::Connected(port()?),
            "L" => Way::Local(port()?),
            "S" | "S*" => Way::Static(rest.split_once("via ")?.1.trim_end().parse().ok()?),
            _ => return None,
        };
        let bits = bits.parse().ok().filter(|bits| *bits <= 32)?;
        Some(Route { network: (address.parse().ok()?, bits), way })
    };
    Ok(text.lines().filter_map(route).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_stand_with_their_class_and_are_read_back() {
        let ip = |text: &str| text.parse::<Ipv4Addr>().expect("an address");
        let port = "GigabitEthernet0/0".to_owned();
        let route = |network: &str, bits, way| Route { network: (ip(network), bits), way };
        let routes = Vec::from([
            route("0.0.0.0", 0, Way::Static(ip("10.0.0.1"))),
            route("10.0.0.0", 24, Way::Connected(port.clone())),
            route("10.0.0.2", 32, Way::Local(port)),
            route("192.168.7.0", 24, Way::Static(ip("10.0.0.9"))),
        ]);
        let text = render(&routes);
        assert!(
            text.ends_with(
                "Gateway of last resort is 10.0.0.1 to network 0.0.0.0

S*    0.0.0.0/0 [1/0] via 10.0.0.1
      10.0.0.0/8 is variably subnetted, 2 subnets, 2 masks
C        10.0.0.0/24 is directly connected, GigabitEthernet0/0
L        10.0.0.2/32 is directly connected, GigabitEthernet0/0
S     192.168.7.0/24 [1/0] via 10.0.0.9
"
            ),
            "{text}"
        );
        assert_eq!(parse(&text), Ok(routes));
        assert_eq!(parse(&render(&[])), Ok(Vec::new()));
        assert!(parse("").is_err());
    }
}
