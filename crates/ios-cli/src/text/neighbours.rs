//! `show cdp neighbors detail`, `show lldp neighbors`: who is at the other end of which interface.

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What CDP says of a neighbour.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cdp {
    /// `SW1.example.net`, `N7K(JAF1234)`
    pub name: String,
    /// `IP address: 10.1.1.2`
    pub addresses: Vec<String>,
    /// `cisco WS-C2960-8TC-L`
    pub platform: String,
    /// `Switch IGMP`
    pub capabilities: String,
    /// Ours: `GigabitEthernet1/0/16`.
    pub port: String,
    /// Theirs.
    pub theirs: String,
    /// Seconds until it is forgotten.
    pub holdtime: u32,
    /// What stands below: its version, duplex, VLAN.
    pub rest: Vec<String>,
}

const LINE: &str = "-------------------------";
const NAME: &str = "Device ID: ";
const ADDRESSES: &str = "Entry address(es):";
const PLATFORM: &str = "Platform: ";
const CAPABILITIES: &str = ",  Capabilities: ";
const PORT: &str = "Interface: ";
const THEIRS: &str = ",  Port ID (outgoing port): ";
const HOLDTIME: &str = "Holdtime : ";
pub(super) const TOTAL: &str = "Total cdp entries displayed : ";

/// `show cdp neighbors detail` as a device prints it.
pub fn render_cdp(neighbours: &[Cdp]) -> String {
    render_cdp_ios12(neighbours) + &format!("\n{TOTAL}{}\n", neighbours.len())
}

/// The same up to IOS 12: without a total.
pub fn render_cdp_ios12(neighbours: &[Cdp]) -> String {
    let mut out = String::new();
    for n in neighbours {
        out += &format!("{LINE}\n{NAME}{}\n{ADDRESSES} \n", n.name);
        n.addresses.iter().for_each(|address| out += &format!("  {address}\n"));
        out += &format!("{PLATFORM}{}{CAPABILITIES}{}\n", n.platform, n.capabilities);
        out += &format!("{PORT}{}{THEIRS}{}\n{HOLDTIME}{} sec\n\n", n.port, n.theirs, n.holdtime);
        n.rest.iter().for_each(|line| out += &format!("{line}\n"));
        out.push('\n');
    }
    out
}

/// Reads it. Up to IOS 12 there is no total, and nothing at all where there is nobody.
///
/// # Errors
/// It is something else, or cut off.
pub fn parse_cdp(text: &str) -> Result<Vec<Cdp>, Unread> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let total = lines.iter().find_map(|line| line.strip_prefix(TOTAL));
    let mut neighbours = Vec::new();
    for block in lines.split(|line| *line == LINE) {
        if let Some(at) = block.iter().position(|line| line.starts_with(NAME)) {
            neighbours.push(neighbour(&block[at..])?);
        }
    }
    let is_nobody = text.trim().is_empty() || total.is_some();
    match total.map(str::parse::<usize>) {
        Some(Ok(count)) if count != neighbours.len() => {
            Err(Unread::new("as many neighbours as their total says", total.unwrap_or_default()))
        }
        Some(Ok(_)) => Ok(neighbours),
        Some(Err(_)) => Err(Unread::new("a total of neighbours", total.unwrap_or_default())),
        None if neighbours.is_empty() && !is_nobody => {
            Err(Unread::new("'Device ID: …'", lines.first().copied().unwrap_or_default()))
        }
        None => Ok(neighbours),
    }
}

/// One of them, from its name on.
fn neighbour(block: &[&str]) -> Result<Cdp, Unread> {
    let first = block.first().copied().unwrap_or_default();
    let mut out =
        Cdp { name: first.strip_prefix(NAME).unwrap_or_default().trim().to_owned(), ..Cdp::default() };
    let mut lines = block.iter().copied().skip(1);
    let mut is_known = false;
    for line in lines.by_ref() {
        if let Some((platform, capabilities)) =
            line.strip_prefix(PLATFORM).and_then(|l| l.split_once(CAPABILITIES.trim_end()))
        {
            (out.platform, out.capabilities) = (platform.trim().to_owned(), capabilities.trim().to_owned());
        } else if let Some((port, theirs)) =
            line.strip_prefix(PORT).and_then(|l| l.split_once(THEIRS.trim_end()))
        {
            (out.port, out.theirs) = (port.trim().to_owned(), theirs.trim().to_owned());
            is_known = !out.port.is_empty();
        } else if let Some(time) = line.strip_prefix(HOLDTIME) {
            let seconds = time.strip_suffix(" sec").and_then(|n| n.trim().parse().ok());
            out.holdtime = seconds.ok_or_else(|| Unread::new("'Holdtime : N sec'", line))?;
            break;
        } else if line.starts_with("  ") {
            out.addresses.push(line.trim().to_owned());
        }
    }
    if !is_known || out.name.is_empty() {
        return Err(Unread::new("'Device ID: …' and 'Interface: …'", first));
    }
    let rest: Vec<&str> = lines.take_while(|line| !line.starts_with(TOTAL)).collect();
    let is_blank = |line: &&&str| line.is_empty();
    let before = rest.iter().take_while(is_blank).count();
    let behind = rest[before..].iter().rev().take_while(is_blank).count();
    out.rest = rest[before..rest.len() - behind].iter().map(|line| (*line).to_owned()).collect();
    Ok(out)
}

/// `show cdp`: how the device itself speaks, in seconds.
pub fn render_own_cdp(every: u32, hold: u32) -> String {
    format!(
        "Global CDP information:
        Sending CDP packets every {every} seconds
        Sending a holdtime value of {hold} seconds
        Sending CDPv2 advertisements is  enabled
"
    )
}

/// What LLDP says of a neighbour.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lldp {
    /// Cut off behind twenty letters.
    pub name: String,
    /// Ours: `Gi0/2`.
    pub port: String,
    /// Seconds until it is forgotten.
    pub holdtime: u32,
    /// `B,R`
    pub capabilities: String,
    /// Theirs, as they call it.
    pub theirs: String,
}

const CODES: &str = "\
Capability codes:
    (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device
    (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other

";
const HEADER: &str = "Device ID           Local Intf     Hold-time  Capability      Port ID";
const ENTRIES: &str = "Total entries displayed: ";

/// `show lldp neighbors` as a device prints it.
pub fn render_lldp(neighbours: &[Lldp]) -> String {
    let mut out = format!("{CODES}{HEADER}\n");
    for Lldp { name, port, holdtime, capabilities, theirs } in neighbours {
        let name: String = name.chars().take(20).collect();
        let line = format!("{name:<20}{port:<15}{holdtime:<11}{capabilities:<16}{theirs}");
        out += &format!("{}\n", line.trim_end());
    }
    out + &format!("\n{ENTRIES}{}\n", neighbours.len())
}

/// Reads it, whatever stands before.
///
/// # Errors
/// It has no header, or a line of it is no neighbour.
pub fn parse_lldp(text: &str) -> Result<Vec<Lldp>, Unread> {
    let mut lines = text.lines().map(str::trim_end);
    let is_header = |line: &str| line.starts_with("Device ID ") && line.contains("Local Intf");
    let first = || text.lines().next().unwrap_or_default();
    lines
        .by_ref()
        .find(|line| is_header(line))
        .ok_or_else(|| Unread::new("the header 'Device ID …'", first()))?;
    let rows = lines.take_while(|line| !line.starts_with(ENTRIES)).filter(|line| !line.is_empty());
    rows.map(|line| row(line).ok_or_else(|| Unread::new("a neighbour", line))).collect()
}

/// Columns: a long name ends where the interface begins.
fn row(line: &str) -> Option<Lldp> {
    // Octets of other alphabets are no columns.
    if !line.is_ascii() {
        return None;
    }
    let column = |from: usize, to: usize| line.get(from..to.min(line.len())).map(str::trim);
    let [name, port, holdtime] = [(0, 20), (20, 35), (35, 46)].map(|(from, to)| column(from, to));
    let (name, port) = (name.filter(|name| !name.is_empty())?, port.filter(|port| !port.is_empty())?);
    Some(Lldp {
        name: name.to_owned(),
        port: port.to_owned(),
        holdtime: holdtime?.parse().ok()?,
        capabilities: column(46, 62).unwrap_or_default().to_owned(),
        theirs: column(62, line.len()).unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blanks at the ends of lines aside, which those who keep such texts cut off.
    fn cut(text: &str) -> Vec<&str> {
        text.lines().map(str::trim_end).collect()
    }

    #[test]
    fn what_cdp_says_is_printed_as_it_is_read() {
        let text = include_str!("../../tests/data/show_cdp_neighbors_detail.txt");
        let neighbours = parse_cdp(text).expect("neighbours");
        let [first, second] = &neighbours[..] else { panic!("{neighbours:?}") };
        assert_eq!(first.name, "CCNNN-SW-NNNNNN.subdomain.domain");
        assert_eq!((first.port.as_str(), first.holdtime), ("TwentyFiveGigE1/1/2", 129));
        assert_eq!((second.theirs.as_str(), second.rest.len()), ("GigabitEthernet1/0/20", 13));
        assert_eq!(cut(&render_cdp(&neighbours)), cut(text));
        assert_eq!(parse_cdp(&render_cdp(&neighbours)), Ok(neighbours));
    }

    /// No line before the first, a serial number behind a name, a blank behind a platform.
    #[test]
    fn other_versions_of_it_are_read() {
        let text = "Device ID: R6(9P57K4EJ8CA)\nEntry address(es): \n  IP address: 172.16.1.203\nPlatform: N9K-9000v,  \
                    Capabilities: Router Switch CVTA phone port \nInterface: GigabitEthernet0/0,  Port ID (outgoing port): mgmt0\n\
                    Holdtime : 133 sec\n\nVersion :\nCisco Nexus\n";
        let neighbours = parse_cdp(text).expect("one");
        assert_eq!(neighbours[0].name, "R6(9P57K4EJ8CA)");
        assert_eq!(neighbours[0].rest, ["Version :", "Cisco Nexus"]);
        assert_eq!(parse_cdp("\n"), Ok(Vec::new()), "nobody, up to IOS 12");
        assert_eq!(parse_cdp(&render_cdp(&[])), Ok(Vec::new()));
        assert_eq!(parse_cdp(&render_cdp_ios12(&neighbours)), Ok(neighbours));
        assert_eq!(render_cdp_ios12(&[]), "");
        let cut_off = text.split_once("Interface").expect("there").0;
        for bad in [cut_off, "Interface  IP-Address\n", &format!("{text}{TOTAL}2\n"), &format!("{TOTAL}x\n")]
        {
            assert!(parse_cdp(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn how_the_device_itself_speaks() {
        assert_eq!(
            render_own_cdp(60, 180),
            "Global CDP information:
        Sending CDP packets every 60 seconds
        Sending a holdtime value of 180 seconds
        Sending CDPv2 advertisements is  enabled
"
        );
    }

    #[test]
    fn what_lldp_says_is_printed_as_it_is_read() {
        let text = include_str!("../../tests/data/show_lldp_neighbors.txt");
        let neighbours = parse_lldp(text).expect("neighbours");
        assert_eq!(neighbours.len(), 4);
        assert_eq!((neighbours[1].port.as_str(), neighbours[1].capabilities.as_str()), ("Gi1/0/7", ""));
        assert_eq!(render_lldp(&neighbours), text);
        // A name of twenty letters touches the interface.
        let long = text.replace("S2                  Fa0/13 ", "long_name_swt.josh-vGi0/2  ");
        let neighbours = parse_lldp(&long).expect("neighbours");
        assert_eq!(
            (neighbours[0].name.as_str(), neighbours[0].port.as_str()),
            ("long_name_swt.josh-v", "Gi0/2")
        );
        assert_eq!(render_lldp(&neighbours), long);
        for bad in ["", "% LLDP\n", &text.replace("120", "now")] {
            assert!(parse_lldp(bad).is_err(), "{bad}");
        }
    }
}
