//! Who asks, in the forms that rules, directories and templates use.

use std::cell::OnceCell;
use std::fmt::Write as _;
use std::net::IpAddr;
use transport::neighbours;

/// A hardware address.
pub type Mac = [u8; 6];

/// A client and the address of ours that it asked.
#[derive(Clone, Debug)]
pub struct Client {
    peer: IpAddr,
    local: IpAddr,
    known: Macs,
    /// Looked up once, and only where it is used.
    mac: OnceCell<Option<Mac>>,
}

/// Where hardware addresses are known from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Macs {
    /// Nowhere.
    Nowhere,
    /// It was said.
    Said(Mac),
    /// The kernel's table of neighbours.
    Neighbours,
}

/// A form of the client's address, or another fact of the request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    Ip,
    IpDash,
    Hex,
    Full,
    FullDash,
    /// From 0: an octet of an IPv4 address.
    Octet(u8),
    Mac,
    MacDash,
    MacDot,
    Server,
}

impl Form {
    /// Every form, its name, and what it is for `10.1.2.3` (of the MAC forms, for `001c.7301.0203`).
    pub(super) const ALL: &'static [(&'static str, Form, &'static str)] = &[
        ("ip", Form::Ip, "10.1.2.3"),
        ("ip-dash", Form::IpDash, "10-1-2-3"),
        ("hex", Form::Hex, "0A010203"),
        ("full", Form::Full, "010.001.002.003"),
        ("full-dash", Form::FullDash, "010-001-002-003"),
        ("octet1", Form::Octet(0), "10"),
        ("octet2", Form::Octet(1), "1"),
        ("octet3", Form::Octet(2), "2"),
        ("octet4", Form::Octet(3), "3"),
        ("mac", Form::Mac, "00:1c:73:01:02:03"),
        ("mac-dash", Form::MacDash, "00-1c-73-01-02-03"),
        ("mac-dot", Form::MacDot, "001c.7301.0203"),
        ("server", Form::Server, "10.1.2.1"),
    ];

    pub(super) fn named(name: &str) -> Option<Form> {
        Form::ALL.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    /// All names, for messages.
    pub(super) fn names() -> String {
        Form::ALL.iter().map(|row| row.0).collect::<Vec<_>>().join(", ")
    }
}

impl Client {
    /// A client at `peer` that asked `local`. IPv4 that comes mapped into IPv6 is IPv4.
    pub fn new(peer: IpAddr, local: IpAddr, known: Macs) -> Client {
        Client { peer: peer.to_canonical(), local: local.to_canonical(), known, mac: OnceCell::new() }
    }

    /// Whether it comes by IPv4.
    pub(super) fn is_v4(&self) -> bool {
        self.peer.is_ipv4()
    }

    fn mac(&self) -> Option<Mac> {
        *self.mac.get_or_init(|| match self.known {
            Macs::Nowhere => None,
            Macs::Said(mac) => Some(mac),
            Macs::Neighbours => neighbours::mac(self.peer),
        })
    }

    /// The value of a form; none where this client has no such thing: IPv6 has no `octet1`, a client
    /// behind a router no hardware address that we could know.
    pub(super) fn value(&self, form: Form) -> Option<String> {
        Some(match form {
            Form::Ip => self.peer.to_string(),
            // `2001:db8::7` is `2001-db8--7`.
            Form::IpDash => self.peer.to_string().replace(['.', ':'], "-"),
            Form::Hex => match self.peer {
                IpAddr::V4(a) => hex(&a.octets(), true),
                IpAddr::V6(a) => hex(&a.octets(), true),
            },
            Form::Full => full(self.peer),
            Form::FullDash => full(self.peer).replace(['.', ':'], "-"),
            Form::Octet(n) => match self.peer {
                IpAddr::V4(a) => a.octets().get(usize::from(n))?.to_string(),
                IpAddr::V6(_) => return None,
            },
            Form::Mac => joined(&self.mac()?, ":"),
            Form::MacDash => joined(&self.mac()?, "-"),
            Form::MacDot => {
                let mac = hex(&self.mac()?, false);
                format!("{}.{}.{}", &mac[..4], &mac[4..8], &mac[8..])
            }
            Form::Server => self.local.to_string(),
        })
    }
}

/// Every digit, so that names sort: `010.001.002.003`, `2001:0db8:0000:…:0007`.
fn full(address: IpAddr) -> String {
    match address {
        IpAddr::V4(a) => a.octets().map(|o| format!("{o:03}")).join("."),
        IpAddr::V6(a) => a.segments().map(|s| format!("{s:04x}")).join(":"),
    }
}

fn hex(octets: &[u8], upper: bool) -> String {
    let mut out = String::new();
    for o in octets {
        // Writing to a String does not fail.
        let _ = if upper { write!(out, "{o:02X}") } else { write!(out, "{o:02x}") };
    }
    out
}

fn joined(mac: &Mac, between: &str) -> String {
    mac.map(|o| format!("{o:02x}")).join(between)
}

/// A hardware address in one of the usual forms: `00:1c:73:01:02:03`, with `-`, or `001c.7301.0203`.
pub fn parse_mac(text: &str) -> Option<Mac> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
    if digits.len() != 12 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut mac = [0; 6];
    for (n, octet) in mac.iter_mut().enumerate() {
        *octet = u8::from_str_radix(&digits[2 * n..2 * n + 2], 16).ok()?;
    }
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_what_its_row_says() {
        let client = Client::new(
            "10.1.2.3".parse().unwrap(),
            "10.1.2.1".parse().unwrap(),
            Macs::Said([0, 0x1c, 0x73, 1, 2, 3]),
        );
        for (name, form, value) in Form::ALL {
            assert_eq!(client.value(*form).as_deref(), Some(*value), "{name}");
            assert_eq!(Form::named(name), Some(*form));
        }
    }

    #[test]
    fn hardware_addresses_are_read_in_the_usual_forms() {
        let mac = Some([0, 0x1c, 0x73, 1, 2, 3]);
        for text in ["00:1c:73:01:02:03", "00-1C-73-01-02-03", "001c.7301.0203", "001c73010203"] {
            assert_eq!(parse_mac(text), mac, "{text}");
        }
        assert_eq!((parse_mac("001c.7301"), parse_mac("00:1c:73:01:02:0g")), (None, None));
    }

    #[test]
    fn ipv6_has_its_own_values_and_no_octets() {
        let client = Client::new("2001:db8::7".parse().unwrap(), "::1".parse().unwrap(), Macs::Nowhere);
        let value = |form| client.value(form);
        assert_eq!(value(Form::Ip).as_deref(), Some("2001:db8::7"));
        assert_eq!(value(Form::IpDash).as_deref(), Some("2001-db8--7"));
        assert_eq!(value(Form::Hex).as_deref(), Some("20010DB8000000000000000000000007"));
        assert_eq!(value(Form::Full).as_deref(), Some("2001:0db8:0000:0000:0000:0000:0000:0007"));
        assert_eq!((value(Form::Octet(0)), value(Form::Mac)), (None, None));
        let mapped = Client::new("::ffff:10.1.2.3".parse().unwrap(), "::1".parse().unwrap(), Macs::Nowhere);
        assert_eq!(mapped.value(Form::Ip).as_deref(), Some("10.1.2.3"));
    }
}
