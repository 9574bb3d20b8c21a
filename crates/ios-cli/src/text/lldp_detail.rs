//! `show lldp neighbors detail`: all that LLDP says of who is at the other end.

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What LLDP says of a neighbour. What it does not say is empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LldpDetail {
    /// Ours: `Gi1/0/16`.
    pub port: String,
    /// `843d.c638.b980`
    pub chassis: String,
    /// Theirs: `Gi1/0/2`.
    pub theirs: String,
    /// `GigabitEthernet1/0/2`, or what somebody wrote there.
    pub description: String,
    /// `R5`
    pub name: String,
    /// The lines of its version.
    pub system: Vec<String>,
    /// Seconds until it is forgotten.
    pub left: u32,
    /// What it could be: `B,R`.
    pub capabilities: String,
    /// What it is.
    pub enabled: String,
    /// `10.9.1.1`
    pub addresses: Vec<String>,
    /// What its plug can: `1000baseT(FD)`. Without any it does not negotiate.
    pub media: Vec<String>,
    /// What its plug is now, as IEEE numbers it: 30 is 1000BASE-T, both ways at once.
    pub unit: Option<u16>,
    /// The VLAN of its port.
    pub vlan: Option<u16>,
}

const LINE: &str = "------------------------------------------------";
const NONE: &str = " - not advertised";
const ENTRIES: &str = "Total entries displayed: ";

/// As a device prints them.
pub fn render(neighbours: &[LldpDetail]) -> String {
    let mut out = String::new();
    for neighbour in neighbours {
        neighbour.render(&mut out);
    }
    out + &format!("\n{ENTRIES}{}\n", neighbours.len())
}

impl LldpDetail {
    fn render(&self, out: &mut String) {
        let told = |what: &str, text: &str| match text.is_empty() {
            true => format!("{what}{NONE}\n"),
            false => format!("{what}: {text}\n"),
        };
        let several = |what: &str, before: &str, lines: &[String]| match lines.is_empty() {
            true => format!("{what}{NONE}\n"),
            false => {
                lines.iter().fold(format!("{what}:\n"), |all, line| all + &format!("    {before}{line}\n"))
            }
        };
        *out += &format!(
            "{LINE}\nLocal Intf: {}\nChassis id: {}\nPort id: {}\n",
            self.port, self.chassis, self.theirs
        );
        *out += &(told("Port Description", &self.description) + &told("System Name", &self.name));
        *out += &match self.system.is_empty() {
            true => format!("System Description{NONE}\n"),
            false => format!("\nSystem Description: \n{}\n", self.system.join("\n")),
        };
        *out += &format!("\nTime remaining: {} seconds\n", self.left);
        *out += &told("System Capabilities", &self.capabilities);
        *out += &told("Enabled Capabilities", &self.enabled);
        *out += &several("Management Addresses", "IP: ", &self.addresses);
        *out += match self.media.is_empty() {
            true => "Auto Negotiation - not supported\n",
            false => "Auto Negotiation - supported, enabled\n",
        };
        *out += &several("Physical media capabilities", "", &self.media);
        *out += &told("Media Attachment Unit type", &self.unit.map(|n| n.to_string()).unwrap_or_default());
        // This one has a colon in either case.
        *out +=
            &format!("Vlan ID: {}\n\n", self.vlan.map_or("- not advertised".to_owned(), |n| n.to_string()));
    }
}

/// Reads them.
///
/// # Errors
/// It is something else, or cut off.
pub fn parse(text: &str) -> Result<Vec<LldpDetail>, Unread> {
    let mut out: Vec<LldpDetail> = Vec::new();
    // What indented lines belong to, and those of a description.
    let mut block = "";
    for line in text.lines().map(str::trim_end) {
        if line == LINE {
            out.push(LldpDetail::default());
            block = "";
            continue;
        }
        if let Some(total) = line.strip_prefix(ENTRIES) {
            let good = total.parse() == Ok(out.len()) && out.iter().all(|n| !n.port.is_empty());
            return if good {
                Ok(out)
            } else {
                Err(Unread::new("as many neighbours as their total says", line))
            };
        }
        let Some(neighbour) = out.last_mut() else { continue };
        if block == "System Description" {
            match line {
                "" => block = "",
                line => neighbour.system.push(line.to_owned()),
            }
            continue;
        }
        if let Some(inner) = line.strip_prefix("    ") {
            match block {
                "Management Addresses" => {
                    neighbour.addresses.push(inner.strip_prefix("IP: ").unwrap_or(inner).to_owned());
                }
                "Physical media capabilities" => neighbour.media.push(inner.to_owned()),
                _ => {}
            }
            continue;
        }
        let Some((what, rest)) = line.split_once(':') else { continue };
        let text = rest.trim();
        let number = || text.parse().map_err(|_| Unread::new("a number", line));
        match what {
            "Local Intf" => neighbour.port = text.to_owned(),
            "Chassis id" => neighbour.chassis = text.to_owned(),
            "Port id" => neighbour.theirs = text.to_owned(),
            "Port Description" => neighbour.description = text.to_owned(),
            "System Name" => neighbour.name = text.to_owned(),
            "System Capabilities" => neighbour.capabilities = text.to_owned(),
            "Enabled Capabilities" => neighbour.enabled = text.to_owned(),
            "Time remaining" => {
                let seconds = text.strip_suffix(" seconds").and_then(|n| n.parse().ok());
                neighbour.left = seconds.ok_or_else(|| Unread::new("'Time remaining: N seconds'", line))?;
            }
            "Media Attachment Unit type" => neighbour.unit = Some(number()?),
            "Vlan ID" if text.starts_with('-') => {}
            "Vlan ID" => neighbour.vlan = Some(number()?),
            _ => block = what,
        }
    }
    Err(Unread::new("'Total entries displayed: N'", text.lines().last().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_real_switches_show_is_printed_as_it_is_read() {
        let text = include_str!("../../tests/data/show_lldp_neighbors_detail.txt");
        let neighbours = parse(text).expect("neighbours");
        let [first, _, third] = &neighbours[..] else { panic!("{neighbours:?}") };
        assert_eq!((first.port.as_str(), first.theirs.as_str()), ("Gi2/0/15", "Gi1/0/4"));
        assert_eq!((first.left, first.vlan, first.unit), (112, Some(1), Some(30)));
        assert_eq!((first.system.len(), first.media.len()), (4, 5));
        assert_eq!(first.addresses, ["10.9.1.1"]);
        assert_eq!((third.name.as_str(), third.chassis.as_str()), ("", "5a3e.7069.ed49"));
        assert_eq!((third.vlan, third.media.len()), (None, 0));
        assert_eq!(render(&neighbours), text);
        assert_eq!(parse(&render(&[])), Ok(Vec::new()));
        for bad in [
            "",
            "% LLDP is not enabled\n",
            &text.replace("112 seconds", "soon"),
            &text.replace(": 3\n", ": 4\n"),
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
