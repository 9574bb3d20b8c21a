//! `show ip interface brief`

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// One interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Brief {
    /// `GigabitEthernet0/0`
    pub name: String,
    /// `unassigned` without.
    pub address: Option<Ipv4Addr>,
    /// `NVRAM`, `manual`, `unset`, `TFTP`, `DHCP`
    pub method: String,
    /// The line below the protocol.
    pub status: Status,
    /// Whether the protocol is up.
    pub protocol: bool,
}

/// The state of an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It has a carrier.
    Up,
    /// It has none.
    Down,
    /// `shutdown`
    AdminDown,
    /// A sub-interface that is gone until the next reload.
    Deleted,
}

const STATUS: [(Status, &str); 4] = [
    (Status::Up, "up"),
    (Status::Down, "down"),
    (Status::AdminDown, "administratively down"),
    (Status::Deleted, "deleted"),
];

const HEADER: &str = "Interface                  IP-Address      OK? Method Status                Protocol";

/// As the device prints them.
pub fn render(interfaces: &[Brief]) -> String {
    let mut out = format!("{HEADER}\n");
    for i in interfaces {
        let address = i.address.map_or("unassigned".to_owned(), |a| a.to_string());
        let status = STATUS.iter().find(|s| s.0 == i.status).expect("every status is in the table").1;
        let protocol = if i.protocol { "up" } else { "down" };
        out.push_str(&format!("{:<26} {address:<15} YES {:<6} {status:<21} {protocol}\n", i.name, i.method));
    }
    out
}

/// Reads them, whatever stands before.
pub fn parse(text: &str) -> Result<Vec<Brief>, Unread> {
    let mut lines = text.lines();
    lines.find(|l| l.starts_with("Interface ") && l.contains("OK?")).ok_or_else(|| {
        Unread::new("the header 'Interface IP-Address …'", text.lines().next().unwrap_or(""))
    })?;
    let rows = lines.take_while(|l| !l.trim().is_empty());
    rows.map(|l| row(l).ok_or_else(|| Unread::new("an interface", l))).collect()
}

fn row(line: &str) -> Option<Brief> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let [name, address, _ok, method, status @ .., protocol] = &words[..] else { return None };
    let status = status.join(" ");
    let address = match *address {
        "unassigned" => None,
        a => Some(a.parse().ok()?),
    };
    Some(Brief {
        name: (*name).to_owned(),
        address,
        method: (*method).to_owned(),
        status: STATUS.iter().find(|s| s.1 == status)?.0,
        protocol: *protocol == "up",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_table_is_printed_as_it_is_read() {
        let text = include_str!("../../tests/data/show_ip_interface_brief.txt");
        let table = parse(text).expect("a table");
        assert_eq!(table[1].address, Some(Ipv4Addr::new(10, 0, 1, 38)));
        assert_eq!(table[2].status, Status::Deleted);
        assert_eq!(table[4].status, Status::AdminDown);
        assert_eq!(render(&table), text);
    }
}
