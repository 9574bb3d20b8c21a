//! `show vlan` and `show vlan brief`.

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// One VLAN.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vlan {
    /// 1 to 4094.
    pub id: u16,
    /// `default`, `VLAN0010`
    pub name: String,
    /// Its access ports, short: `Gi1/0/1`.
    pub ports: Vec<String>,
}

/// Those that every switch has and nobody uses: name, type, and what stands under BrdgMode.
const RESERVED: [(u16, &str, &str, &str); 4] = [
    (1002, "fddi-default", "fddi ", "-"),
    (1003, "token-ring-default", "tr   ", "-"),
    (1004, "fddinet-default", "fdnet", "ieee"),
    (1005, "trnet-default", "trnet", "ibm"),
];

const HEADER: &str = "VLAN Name                             Status    Ports";

/// `show vlan brief`, with an empty line before it.
pub fn brief(vlans: &[Vlan]) -> String {
    let mut out = format!(
        "\n{HEADER}\n---- -------------------------------- --------- -------------------------------\n"
    );
    let mut row = |id: u16, name: &str, status: &str, ports: &[String]| {
        let mut lines = ports.chunks(4).map(|four| four.join(", "));
        out += &format!("{id:<4} {name:<32} {status:<9} {}\n", lines.next().unwrap_or_default());
        for line in lines {
            out += &format!("{:<48}{line}\n", "");
        }
    };
    vlans.iter().filter(|v| v.id < 1002).for_each(|v| row(v.id, &v.name, "active", &v.ports));
    RESERVED.iter().for_each(|(id, name, ..)| row(*id, name, "act/unsup", &[]));
    vlans.iter().filter(|v| v.id > 1005).for_each(|v| row(v.id, &v.name, "active", &v.ports));
    out
}

/// `show vlan`: the same, and what they are to the bridges of old.
pub fn render(vlans: &[Vlan]) -> String {
    let mut out = brief(vlans);
    out += "\nVLAN Type  SAID       MTU   Parent RingNo BridgeNo Stp  BrdgMode Trans1 Trans2\n\
            ---- ----- ---------- ----- ------ ------ -------- ---- -------- ------ ------\n";
    let mut row = |id: u16, kind: &str, stp: &str| {
        out += &format!(
            "{id:<4} {kind} {:<10} 1500  -      -      -        {stp:<4} -        0      0   \n",
            100_000 + u32::from(id)
        );
    };
    vlans.iter().filter(|v| v.id < 1002).for_each(|v| row(v.id, "enet ", "-"));
    RESERVED.iter().for_each(|(id, _, kind, stp)| row(*id, kind, stp));
    vlans.iter().filter(|v| v.id > 1005).for_each(|v| row(v.id, "enet ", "-"));
    out + &format!(
        "\nRemote SPAN VLANs\n{:-<78}\n\n\nPrimary Secondary Type              Ports\n------- --------- ----------------- ------------------------------------------\n\n",
        ""
    )
}

/// Reads the VLANs that somebody uses out of either.
pub fn parse(text: &str) -> Result<Vec<Vlan>, Unread> {
    let mut lines = text.lines();
    let head = lines.find(|l| l.starts_with("VLAN Name"));
    head.ok_or_else(|| Unread::new("'VLAN Name …'", text.lines().next().unwrap_or("")))?;
    let mut vlans: Vec<Vlan> = Vec::new();
    let ports = |text: &str| {
        text.split(',').map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect::<Vec<_>>()
    };
    for line in lines.skip(1).take_while(|l| !l.trim().is_empty()) {
        let bad = || Unread::new("a VLAN", line);
        if let Some(more) = line.strip_prefix("     ") {
            vlans.last_mut().ok_or_else(bad)?.ports.extend(ports(more));
            continue;
        }
        let (id, rest) = line.split_once(' ').ok_or_else(bad)?;
        let (name, rest) = rest.trim_start().split_once(' ').ok_or_else(bad)?;
        let (_, rest) = rest.trim_start().split_once(' ').unwrap_or((rest, ""));
        vlans.push(Vlan { id: id.parse().map_err(|_| bad())?, name: name.to_owned(), ports: ports(rest) });
    }
    vlans.retain(|v| !(1002..=1005).contains(&v.id));
    Ok(vlans)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_stand_four_in_a_line() {
        let port = |n: u16| format!("Gi1/0/{n}");
        let vlan = |id, name: &str, ports: Vec<String>| Vlan { id, name: name.into(), ports };
        let vlans = [
            vlan(1, "default", (1..=6).map(port).collect()),
            vlan(10, "STAFF", [port(7)].into()),
            vlan(2000, "VLAN2000", Vec::new()),
        ];
        assert_eq!(
            brief(&vlans).lines().map(str::trim_end).collect::<Vec<_>>().join("\n"),
            "
VLAN Name                             Status    Ports
---- -------------------------------- --------- -------------------------------
1    default                          active    Gi1/0/1, Gi1/0/2, Gi1/0/3, Gi1/0/4
                                                Gi1/0/5, Gi1/0/6
10   STAFF                            active    Gi1/0/7
1002 fddi-default                     act/unsup
1003 token-ring-default               act/unsup
1004 fddinet-default                  act/unsup
1005 trnet-default                    act/unsup
2000 VLAN2000                         active"
        );
        assert_eq!(parse(&brief(&vlans)).as_deref(), Ok(&vlans[..]));
        assert_eq!(parse(&render(&vlans)).as_deref(), Ok(&vlans[..]));
        assert!(
            render(&vlans)
                .contains("1004 fdnet 101004     1500  -      -      -        ieee -        0      0   \n")
        );
        assert!(parse("% Invalid input").is_err());
    }
}
