use std::fmt;
use std::net::IpAddr;

/// A network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Net {
    /// An address in it.
    pub address: IpAddr,
    /// How many of its first bits count.
    pub bits: u8,
}

impl Net {
    /// Reads `10.0.0.0/8`. Panics at anything else: settings of tests are written by us.
    pub fn new(text: &str) -> Net {
        let (address, bits) = text.split_once('/').expect("a network has a /");
        Net { address: address.parse().expect("an address"), bits: bits.parse().expect("a length") }
    }

    /// Whether an address lies in it; IPv4 that comes as IPv6 is IPv4.
    pub fn holds(&self, address: IpAddr) -> bool {
        let (ours, theirs) = (digits(self.address), digits(address));
        ours.len() == theirs.len() && ours[..self.bits.into()] == theirs[..self.bits.into()]
    }
}

/// The bits of an address as characters.
fn digits(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(a) => format!("{:032b}", a.to_bits()),
        IpAddr::V6(a) => format!("{:0128b}", a.to_bits()),
    }
}

/// The network of a subscriber: an IPv4 address, an IPv6 /64.
pub(crate) fn subscriber(address: IpAddr) -> Net {
    match address.to_canonical() {
        IpAddr::V4(a) => Net { address: a.into(), bits: 32 },
        IpAddr::V6(a) if a.is_loopback() => Net { address: a.into(), bits: 128 },
        IpAddr::V6(a) => Net { address: a.into(), bits: 64 },
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}
