//! `from="…"`: where a key may come from.

use super::line::shortened;
use crate::clients::Net;
use crate::rules::is_like;
use std::net::IpAddr;

/// Addresses, networks and patterns of addresses, some of them excepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Sources(Vec<Source>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Source {
    /// `!`: whoever it fits is kept out, whatever else fits.
    excepted: bool,
    what: What,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum What {
    Net(Net),
    /// Of the address as text: `192.0.2.*`.
    Pattern(String),
}

impl Sources {
    pub(super) fn parse(text: &str) -> Result<Sources, String> {
        text.split(',').map(|one| source(one.trim())).collect::<Result<_, _>>().map(Sources)
    }

    /// Whether a peer fits one of them and none that is excepted. IPv4 that comes mapped into IPv6 is IPv4.
    pub(super) fn let_in(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        let text = peer.to_string();
        let mut fitting = self.0.iter().filter(|source| match &source.what {
            What::Net(net) => net.holds(peer),
            What::Pattern(pattern) => is_like(pattern.as_bytes(), text.as_bytes()),
        });
        fitting.clone().next().is_some() && !fitting.any(|source| source.excepted)
    }
}

fn source(text: &str) -> Result<Source, String> {
    let (excepted, text) = match text.strip_prefix('!') {
        Some(behind) => (true, behind),
        None => (false, text),
    };
    if text.contains('/') || text.parse::<IpAddr>().is_ok() {
        return Ok(Source { excepted, what: What::Net(text.parse()?) });
    }
    let may_fit = |b: u8| b.is_ascii_hexdigit() || b".:*?".contains(&b);
    let is_pattern = text.contains(['*', '?']) && text.bytes().all(may_fit);
    // Addresses are written in lower case.
    match is_pattern {
        true => Ok(Source { excepted, what: What::Pattern(text.to_ascii_lowercase()) }),
        false => Err(format!(
            "'{}': write addresses, networks or patterns of addresses (192.0.2.*); names are not looked up",
            shortened(text)
        )),
    }
}
