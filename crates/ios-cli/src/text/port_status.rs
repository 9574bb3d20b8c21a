//! `show interfaces status` of a switch.

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// One port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PortStatus {
    /// `Gi1/0/1`
    pub port: String,
    /// Its description; the device cuts it to 18.
    pub name: String,
    /// `connected`, `disabled`, `notconnect`
    pub status: String,
    /// `10`, `trunk`, `routed`
    pub vlan: String,
    /// `a-full`, `auto`
    pub duplex: String,
    /// `a-1000`, `auto`
    pub speed: String,
    /// `10/100/1000BaseTX`
    pub kind: String,
}

const HEAD: &str = "Port      Name               Status       Vlan       Duplex  Speed Type";

/// As the device prints it.
pub fn render(ports: &[PortStatus]) -> String {
    let mut out = format!("\n{HEAD} \n");
    for p in ports {
        let name: String = p.name.chars().take(18).collect();
        out += &format!(
            "{:<9} {name:<18} {:<12} {:<10} {:>6} {:>6} {}\n",
            p.port, p.status, p.vlan, p.duplex, p.speed, p.kind
        );
    }
    out
}

/// Reads it.
pub fn parse(text: &str) -> Result<Vec<PortStatus>, Unread> {
    let mut lines = text.lines().skip_while(|l| l.trim_end() != HEAD);
    lines.next().ok_or_else(|| Unread::new("'Port Name Status …'", text.lines().next().unwrap_or("")))?;
    let port = |line: &str| {
        // A name has blanks in it; it stands in columns of its own.
        let chars: Vec<char> = line.chars().collect();
        let cut = |range: core::ops::Range<usize>| {
            Some(chars.get(range)?.iter().collect::<String>().trim().to_owned())
        };
        let rest: String = chars.get(29..)?.iter().collect();
        let mut words = rest.split_whitespace().map(str::to_owned);
        let mut word = || words.next();
        Some(PortStatus {
            port: cut(0..10)?,
            name: cut(10..29)?,
            status: word()?,
            vlan: word()?,
            duplex: word()?,
            speed: word()?,
            kind: words.collect::<Vec<_>>().join(" "),
        })
    };
    lines
        .filter(|l| !l.trim().is_empty())
        .map(|l| port(l).ok_or_else(|| Unread::new("a port with its status", l)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_back() {
        let port = |port: &str, name: &str, status: &str, duplex: &str, speed: &str| PortStatus {
            port: port.into(),
            name: name.into(),
            status: status.into(),
            vlan: "10".into(),
            duplex: duplex.into(),
            speed: speed.into(),
            kind: "10/100/1000BaseTX".into(),
        };
        let ports = Vec::from([
            port("Gi1/0/1", "the office upstair", "connected", "a-full", "a-1000"),
            port("Gi1/0/24", "", "disabled", "auto", "auto"),
        ]);
        let text = render(&ports);
        assert!(
            text.contains(
                "\nGi1/0/24                     disabled     10           auto   auto 10/100/1000BaseTX\n"
            ),
            "{text}"
        );
        assert_eq!(parse(&text), Ok(ports));
        assert!(parse("").is_err());
        assert!(parse(&format!("{HEAD}\nGi1/0/1 x\n")).is_err());
    }
}
