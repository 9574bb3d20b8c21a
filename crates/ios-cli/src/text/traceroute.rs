//! `traceroute`

use alloc::format;
use alloc::string::String;
use core::net::Ipv4Addr;

/// What is printed first. `topologies`: releases that have them say so.
pub fn header(target: Ipv4Addr, topologies: bool) -> String {
    let info = if topologies { "VRF info: (vrf in name/id, vrf out name/id)" } else { "" };
    format!("Type escape sequence to abort.\nTracing the route to {target}\n{info}\n")
}

/// How a hop's line begins.
pub fn hop(number: u8) -> String {
    format!("{number:>3} ")
}

/// One answer of a hop; its address stands before the first one only.
pub fn answer(from: Option<Ipv4Addr>, millis: u128) -> String {
    let from = from.map_or(String::new(), |from| format!("{from}"));
    format!("{from} {millis} msec")
}

/// No answer.
pub const NONE: &str = " * ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_as_a_router_of_release_15_prints_it() {
        let to = Ipv4Addr::new(10, 0, 0, 1);
        let line = hop(1) + &answer(Some(to), 1) + &answer(None, 1) + &answer(None, 2);
        assert_eq!(
            header(to, true) + &line,
            "Type escape sequence to abort.\nTracing the route to 10.0.0.1\nVRF info: (vrf in name/id, vrf out name/id)\n  1 10.0.0.1 1 msec 1 msec 2 msec"
        );
        assert!(header(to, false).ends_with("10.0.0.1\n\n"));
        assert_eq!(hop(2) + NONE + NONE + NONE, "  2  *  *  * ");
        assert_eq!(hop(4) + &answer(Some(to), 0) + NONE + &answer(None, 0), "  4 10.0.0.1 0 msec *  0 msec");
    }
}
