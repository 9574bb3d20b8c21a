//! Which clients are let in, by address.

use crate::bans::{mapped, masked};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// A network: `10.0.0.0/8`, `2001:db8::/32`, or one address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Net {
    address: IpAddr,
    /// Leading bits that count.
    prefix: u8,
}

impl Net {
    /// Its address as it was written: bits behind the prefix may be set.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// How many leading bits count.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether an address lies in it. IPv4 that comes mapped into IPv6 is IPv4.
    pub fn holds(&self, address: IpAddr) -> bool {
        let same = |a: u128, b: u128, bits: u32| {
            (a ^ b).checked_shr(bits - u32::from(self.prefix)).unwrap_or(0) == 0
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => same(u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// IPv4 in IPv6: `::ffff:0:0/96`.
const MAPPED: u8 = 96;

impl Net {
    /// One address.
    pub fn of(address: IpAddr) -> Net {
        let address = address.to_canonical();
        Net { address, prefix: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// What one subscriber has: an address, or an IPv6 /64.
    pub fn of_subscriber(address: IpAddr) -> Net {
        match crate::subscriber(address) {
            IpAddr::V6(a) if !a.is_loopback() => Net { address: a.into(), prefix: 64 },
            address => Net::of(address),
        }
    }

    /// Its first address as one of IPv6, and how many bits of it count.
    pub(crate) fn key(&self) -> (u128, u8) {
        let length = if self.address.is_ipv4() { MAPPED + self.prefix } else { self.prefix };
        (masked(mapped(self.address), length), length)
    }

    /// The network of a key.
    pub(crate) fn of_key(bits: u128, length: u8) -> Net {
        match Ipv6Addr::from_bits(bits).to_ipv4_mapped() {
            Some(address) if length >= MAPPED => Net { address: address.into(), prefix: length - MAPPED },
            Some(_) | None => Net { address: Ipv6Addr::from_bits(bits).into(), prefix: length },
        }
    }
}

/// As it is written: without the bits that do not count, and without the length of one address.
impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bits, length) = self.key();
        let Net { address, prefix } = Net::of_key(bits, length);
        write!(f, "{address}")?;
        if length == 128 { Ok(()) } else { write!(f, "/{prefix}") }
    }
}

impl FromStr for Net {
    type Err = String;

    fn from_str(text: &str) -> Result<Net, String> {
        let wrong = || String::from("write an address or a network: 10.0.0.2, 10.0.0.0/8, 2001:db8::/32");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(most), |p| p.parse().map_err(|_| wrong()))?;
        if prefix > most {
            return Err(format!("/{prefix}: at most /{most} here"));
        }
        Ok(Net { address, prefix })
    }
}

/// Whether a client is let in where only these networks are; none at all means everybody.
pub(crate) fn lets_in(nets: &[Net], client: IpAddr) -> bool {
    // No datagram and no connection comes from the unspecified address: that is our own advisor.
    nets.is_empty() || client.is_unspecified() || nets.iter().any(|net| net.holds(client))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_what_lies_in_them() {
        for (net, address, holds) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.2", false),
            ("10.1.2.3/31", "10.1.2.2", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "::1", true),
            ("::1", "::1", true),
        ] {
            let net: Net = net.parse().unwrap();
            assert_eq!(net.holds(address.parse().unwrap()), holds, "{net:?} {address}");
        }
        for wrong in ["10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "here"] {
            assert!(wrong.parse::<Net>().is_err(), "{wrong}");
        }
        assert!(lets_in(&[], "192.0.2.1".parse().unwrap()));
    }
}
