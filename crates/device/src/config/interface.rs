//! Interfaces: which there are, what `interface` makes and takes away, and the lines in one.
//!
//! Those of the model are always there. Loopbacks, subinterfaces of a router's ports and the interfaces of VLANs are made when
//! they are named. They stand in the order in which IOS writes them: loopbacks, the model's own with their subinterfaces behind
//! them, VLANs.

use super::apply::keep;
use super::kept::is_of_interface;
use super::{Complaint, Config, Dot1q, Interface};
use crate::Profile;
use crate::profile::Port;
use std::net::Ipv4Addr;

/// How a line begins that has an address come from a DHCP server.
pub(super) const DHCP: &str = "ip address dhcp";

/// The last of a loopback's numbers.
const LAST_LOOPBACK: u32 = i32::MAX as u32;

/// What a router says where a subinterface goes.
const REAPPEARS: &str =
    "% Not all config may be removed and may reappear after reactivating the sub-interface";

/// The interface that a name, which may be abbreviated, stands for: one of the model, or one that a command makes.
pub(super) fn named(profile: &Profile, name: &str) -> Option<Port> {
    if let Some(port) = profile.interface(name) {
        return Some(port.clone());
    }
    if let Some((parent, number)) = name.split_once('.') {
        let parent = profile.interface(parent).filter(|p| profile.is_router() && p.takes_cable())?;
        return Some(Port::sub(parent, digits(number)?));
    }
    let (kind, number) = name.split_at(name.find(|c: char| c.is_ascii_digit())?);
    let is = |whole: &str| !kind.is_empty() && whole.starts_with(&kind.to_ascii_lowercase());
    let number = digits(number)?;
    if is("vlan") && !profile.switched.is_empty() {
        let id = u16::try_from(number).ok().filter(|id| (1..=4_094).contains(id))?;
        return Some(Port::vlan(id));
    }
    (is("loopback") && number <= LAST_LOOPBACK).then(|| Port::loopback(number))
}

fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

impl Interface {
    /// As it is where nobody said anything of it. A model's own that needs an address is shut down until somebody says
    /// otherwise.
    pub(super) fn new(profile: &Profile, name: Port) -> Interface {
        let (is_own, switched) = (profile.interfaces.contains(&name), profile.is_switched(&name));
        let defaults = match is_own && !switched && name.starts_with("Gigabit") {
            true => profile.port_defaults.iter().map(ToString::to_string).collect(),
            false => Vec::new(),
        };
        Interface {
            name,
            description: None,
            dot1q: None,
            address: None,
            shutdown: is_own && !switched,
            deleted: false,
            switched,
            defaults,
            kept: Vec::new(),
        }
    }
}

impl Config {
    /// The interface of that name; `None`: nobody has made it, or it was taken away.
    pub fn interface(&self, port: &Port) -> Option<&Interface> {
        self.interfaces.iter().find(|i| i.name == *port && !i.deleted)
    }

    /// As tables name them: VLANs first, loopbacks last.
    pub fn in_tables(&self) -> Vec<&Interface> {
        let rank = |i: &&Interface| match i.name.is_loopback() {
            true => 2,
            false => i32::from(!i.name.starts_with("Vlan")),
        };
        let mut all: Vec<&Interface> = self.interfaces.iter().collect();
        all.sort_by_key(rank);
        all
    }

    /// Where one stands.
    fn place(&self, port: &Port) -> Option<usize> {
        self.interfaces.iter().position(|i| i.name == *port && !i.deleted)
    }

    /// Makes an interface that is not there yet; a subinterface that was taken away is there again, as new.
    pub(super) fn enter(&mut self, profile: &Profile, port: &Port) {
        if self.place(port).is_some() {
            return;
        }
        self.interfaces.retain(|i| i.name != *port);
        let number = port.last_number();
        let is_before = |i: &Interface| match (port.parent(), port.is_loopback()) {
            (Some(parent), _) if i.name.parent().is_some_and(|p| p == parent) => {
                i.name.last_number() < number
            }
            (Some(_), _) => false,
            (None, true) => i.name.is_loopback() && i.name.last_number() < number,
            (None, false) => !i.name.starts_with("Vlan") || i.name.last_number() < number,
        };
        let last = self.interfaces.iter().rposition(is_before);
        let parent = port.parent().and_then(|p| self.interfaces.iter().position(|i| *i.name == *p));
        let at = last.or(parent).map_or(0, |at| at + 1);
        self.interfaces.insert(at, Interface::new(profile, port.clone()));
    }

    /// `no interface`: only what a command made can be taken away. What is to be said of it.
    pub(super) fn take_away(
        &mut self,
        profile: &Profile,
        ports: &[Port],
    ) -> Result<Option<String>, Complaint> {
        let mut notice = None;
        for port in ports {
            match profile.interfaces.contains(port) {
                true if port.takes_cable() => return Err(Complaint::Physical),
                true => return Err(Complaint::Invalid),
                false => {}
            }
            let Some(at) = self.place(port) else { continue };
            if port.parent().is_some() {
                // It is seen until the next restart.
                let new = Interface::new(profile, port.clone());
                self.interfaces[at] = Interface { deleted: true, ..new };
                notice = Some(REAPPEARS.to_owned());
            } else {
                self.interfaces.remove(at);
            }
        }
        Ok(notice)
    }

    /// `default interface`: nothing is configured there any more, `shutdown` neither. What is said of it.
    pub(super) fn reset(&mut self, profile: &Profile, ports: &[Port]) -> Result<String, Complaint> {
        let mut said = Vec::new();
        for port in ports {
            let at = self.place(port).ok_or(Complaint::Invalid)?;
            self.interfaces[at] = Interface { shutdown: false, ..Interface::new(profile, port.clone()) };
            said.push(format!("Interface {port} set to default configuration"));
        }
        Ok(said.join("\n"))
    }

    /// The interfaces of `GigabitEthernet1/0/1-4,GigabitEthernet1/0/7`, all of which are there; `None`: it names none, or one
    /// that is not.
    pub(super) fn range(&self, profile: &Profile, text: &str) -> Option<Vec<Port>> {
        let mut ports = Vec::new();
        for part in text.split(',') {
            // A kind may have a '-' in its name.
            let number = part.find(|c: char| c.is_ascii_digit())?;
            let (first, last) = match part[number..].find('-') {
                Some(at) => (&part[..number + at], Some(&part[number + at + 1..])),
                None => (part, None),
            };
            let first = named(profile, first)?;
            let from = first.last_number();
            let to = match last {
                None => from,
                // 4, and GigabitEthernet1/0/4 too.
                Some(last) => digits(last).or_else(|| {
                    let last = named(profile, last)?;
                    (last.siblings() == first.siblings()).then(|| last.last_number())
                })?,
            };
            if to < from {
                return None;
            }
            for n in from..=to {
                let port = first.sibling(n);
                self.place(&port)?;
                if !ports.contains(&port) {
                    ports.push(port);
                }
            }
        }
        Some(ports)
    }

    /// A line of these interfaces; `None`: not one, try the global section. Each that can takes it; the first complaint is the
    /// one that is heard.
    pub(super) fn lines_of(
        &mut self,
        ports: &[Port],
        no: bool,
        words: &[&str],
        line: &str,
    ) -> Result<Option<()>, Complaint> {
        let (mut taken, mut complaint) = (None, None);
        for port in ports {
            let Some(at) = self.place(port) else { continue };
            match self.interface_line(at, no, words, line) {
                Ok(None) => return Ok(None),
                Ok(Some(())) => taken = Some(()),
                Err(why) => complaint = complaint.or(Some(why)),
            }
        }
        complaint.map_or(Ok(taken), Err)
    }

    /// `encapsulation dot1Q`: without a VLAN a subinterface has no address.
    fn encapsulate(&mut self, at: usize, no: bool, words: &[&str]) -> Result<(), Complaint> {
        if no {
            (self.interfaces[at].dot1q, self.interfaces[at].address) = (None, None);
            return Ok(());
        }
        let (vlan, native) = match words {
            [] => return Err(Complaint::Incomplete),
            [vlan] => (vlan, false),
            [vlan, "native"] | ["native", vlan] => (vlan, true),
            _ => return Err(Complaint::Invalid),
        };
        let vlan = vlan.parse().ok().filter(|id| (1..=4_094).contains(id)).ok_or(Complaint::Invalid)?;
        let name = &self.interfaces[at].name;
        let same = |i: &&Interface| {
            i.name != *name
                && i.name.parent() == name.parent()
                && i.dot1q.as_ref().is_some_and(|d| d.vlan == vlan)
        };
        if let Some(other) = self.interfaces.iter().find(same) {
            return Err(Complaint::SameVlan { vlan, other: other.name.clone() });
        }
        self.interfaces[at].dot1q = Some(Dot1q { vlan, native });
        Ok(())
    }

    /// A line of an interface; `None`: not one, try the global section.
    fn interface_line(
        &mut self,
        at: usize,
        no: bool,
        words: &[&str],
        line: &str,
    ) -> Result<Option<()>, Complaint> {
        let is_sub = self.interfaces[at].name.parent().is_some();
        let has_plug = !is_sub && !self.interfaces[at].name.is_loopback();
        match words {
            ["ip", "address", ..] if self.interfaces[at].switched => return Err(Complaint::Invalid),
            ["ip", "address", ..] if is_sub && !no && self.interfaces[at].dot1q.is_none() => {
                return Err(Complaint::NoEncapsulation);
            }
            ["encapsulation", "dot1Q" | "dot1q", vlan @ ..] if is_sub => {
                self.encapsulate(at, no, vlan)?;
                return Ok(Some(()));
            }
            ["encapsulation", "dot1Q" | "dot1q", ..] => return Err(Complaint::Invalid),
            ["duplex" | "speed" | "negotiation" | "media-type" | "switchport", ..] if !has_plug => {
                return Err(Complaint::Invalid);
            }
            _ => {}
        }
        if let ["ip", "address", address, mask] = words
            && !no
        {
            let pair = self.checked_address(at, address, mask)?;
            self.interfaces[at].address = Some(pair);
            self.interfaces[at].kept.retain(|l| !l.starts_with(DHCP));
            return Ok(Some(()));
        }
        let interface = &mut self.interfaces[at];
        match words {
            // Kept: this device answers for its first address alone, and no DHCP server gives it one.
            ["ip", "address", _, _, "secondary"] => keep(&mut interface.kept, no, words, line),
            ["ip", "address", "dhcp", ..] => {
                interface.address = None;
                keep(&mut interface.kept, no, words, line);
            }
            ["ip", "address", ..] if no => {
                interface.address = None;
                interface.kept.retain(|l| !l.starts_with("ip address "));
            }
            ["ip", "address", ..] => return Err(Complaint::Incomplete),
            ["shutdown"] => interface.shutdown = !no,
            ["description", ..] if no => interface.description = None,
            ["description", ..] => {
                let text = line.trim().split_once(char::is_whitespace).map(|(_, t)| t.trim().to_owned());
                interface.description = text;
            }
            ["negotiation", "auto"] if !no => interface.kept.retain(|l| !l.ends_with("negotiation auto")),
            // The defaults that every rendering of a Gigabit interface has.
            [word @ ("duplex" | "speed"), "auto"] if !no => interface.kept.retain(|l| !l.starts_with(word)),
            [word @ ("duplex" | "speed"), _] if !no => {
                interface.kept.retain(|l| !l.starts_with(word));
                keep(&mut interface.kept, no, words, line);
            }
            _ if is_of_interface(words) => keep(&mut interface.kept, no, words, line),
            _ => return Ok(None),
        }
        Ok(Some(()))
    }

    fn checked_address(
        &self,
        at: usize,
        address: &str,
        mask: &str,
    ) -> Result<(Ipv4Addr, Ipv4Addr), Complaint> {
        let address: Ipv4Addr = address.parse().map_err(|_| Complaint::Invalid)?;
        let mask: Ipv4Addr = mask.parse().map_err(|_| Complaint::Invalid)?;
        let bits = mask.to_bits();
        let host = address.to_bits() & !bits;
        // /31 and /32 have no network or broadcast address to avoid.
        let wide = bits.leading_ones() < 31;
        if bits == 0
            || bits.leading_ones() + bits.trailing_zeros() != 32
            || (wide && (host == 0 || host == !bits))
        {
            return Err(Complaint::BadMask { mask: bits, address });
        }
        for (i, other) in self.interfaces.iter().enumerate() {
            if let Some((a, m)) = other.address
                && i != at
            {
                let common = bits & m.to_bits();
                if a.to_bits() & common == address.to_bits() & common {
                    let network = Ipv4Addr::from_bits(address.to_bits() & bits);
                    return Err(Complaint::Overlaps { network, other: other.name.clone() });
                }
            }
        }
        Ok((address, mask))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::merged;
    use super::*;
    use crate::profile::C2911;

    #[test]
    fn an_address_by_dhcp_and_a_second_one_are_kept_and_go_with_the_first() {
        let second = " ip address 10.1.0.1 255.255.255.0 secondary\n";
        let with = |lines: &str| merged(&format!("interface g0/0\n{lines}"));
        let config = with(&format!(" ip address 10.0.0.2 255.255.255.0\n{second}"));
        let text = config.render("15.5");
        assert!(text.contains(&format!("{second} ip address 10.0.0.2 255.255.255.0\n")), "{text}");
        assert_eq!(
            Config::at_boot(&C2911, &text),
            Config::at_boot(&C2911, &Config::at_boot(&C2911, &text).render("15.5"))
        );
        let none = with(&format!(" ip address 10.0.0.2 255.255.255.0\n{second} no ip address\n"));
        assert_eq!(none, with(" no ip address\n"));
        let leased = with(" ip address 10.0.0.2 255.255.255.0\n ip address dhcp\n");
        assert_eq!(leased.interfaces.iter().find_map(|i| i.address), None);
        let text = leased.render("15.5");
        let block = text.split("interface GigabitEthernet0/0\n").nth(1).expect("there");
        let block = block.split("!\n").next().expect("its lines");
        assert!(block.contains(" ip address dhcp\n") && !block.contains("no ip address"), "{block}");
        assert_eq!(
            with(" ip address dhcp\n ip address 10.0.0.2 255.255.255.0\n"),
            with(" ip address 10.0.0.2 255.255.255.0\n")
        );
    }
}
