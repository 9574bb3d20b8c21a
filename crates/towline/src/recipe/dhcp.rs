//! Where a TFTP server is and which file to ask it for, in the words of DHCP servers.
//!
//! Devices look at different places, so all of them are filled: the header's `siaddr` and `file` (RFC 2131
//! §2: ROMMON, old boot ROMs), option 66 and 67 (RFC 2132 §9.4, 9.5: names, as text), option 150 (RFC 5859:
//! addresses; Cisco's). Option 43 is not: what is in it is each vendor's own.

use clap::ValueEnum;
use serde_json::json;
use std::net::Ipv4Addr;

/// Whose configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Dialect {
    /// A pool of Cisco IOS.
    Ios,
    /// dnsmasq.conf.
    Dnsmasq,
    /// The JSON of Kea's kea-dhcp4.
    Kea,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Dialect; 3] = [Dialect::Ios, Dialect::Dnsmasq, Dialect::Kea];

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Dialect::Ios => "Cisco IOS (configuration mode; POOL is the name of the devices' pool)",
            Dialect::Dnsmasq => "dnsmasq.conf",
            Dialect::Kea => {
                "Kea (kea-dhcp4.conf; merge into the Dhcp4 that is there, or into one subnet of it)"
            }
        }
    }

    /// The lines, each with its end.
    pub fn lines(self, server: Ipv4Addr, file: Option<&str>) -> String {
        match self {
            Dialect::Ios => ios(server, file),
            Dialect::Dnsmasq => dnsmasq(server, file),
            Dialect::Kea => kea(server, file),
        }
    }
}

/// Whether a name means the same in all three: no blanks, quotes, commas or signs that one of them reads.
pub fn is_plain(file: &str) -> bool {
    // 127: what fits into the header's `file` with its NUL.
    let ok = |b: u8| b.is_ascii_alphanumeric() || b"-._/+@~()".contains(&b);
    !file.is_empty() && file.len() <= 127 && file.bytes().all(ok)
}

fn ios(server: Ipv4Addr, file: Option<&str>) -> String {
    let mut out = format!("ip dhcp pool POOL\n next-server {server}\n");
    if let Some(file) = file {
        out.push_str(&format!(" bootfile {file}\n"));
    }
    out.push_str(&format!(" option 66 ascii {server}\n"));
    if let Some(file) = file {
        out.push_str(&format!(" option 67 ascii {file}\n"));
    }
    out.push_str(&format!(" option 150 ip {server}\n"));
    out
}

fn dnsmasq(server: Ipv4Addr, file: Option<&str>) -> String {
    // Otherwise the file's name leaves the header for option 67 wherever that is asked for: who looks at the
    // header only finds nothing (seen with 2.90).
    let mut out = String::from("dhcp-no-override\n");
    // The header's fields: file, sname, siaddr.
    out.push_str(&format!("dhcp-boot={},,{server}\n", file.unwrap_or_default()));
    // In quotes: text and not four octets.
    out.push_str(&format!("dhcp-option=66,\"{server}\"\n"));
    if let Some(file) = file {
        out.push_str(&format!("dhcp-option=67,\"{file}\"\n"));
    }
    out.push_str(&format!("dhcp-option=150,{server}\n"));
    out
}

fn kea(server: Ipv4Addr, file: Option<&str>) -> String {
    let server = server.to_string();
    let mut data = vec![json!({ "name": "tftp-server-name", "data": server })];
    data.extend(file.map(|file| json!({ "name": "boot-file-name", "data": file })));
    data.push(json!({ "name": "tftp-server-addresses", "data": server }));
    let mut dhcp4 = json!({
        "next-server": server,
        // Kea knows no option 150 of its own.
        "option-def": [{
            "name": "tftp-server-addresses",
            "code": 150,
            "space": "dhcp4",
            "type": "ipv4-address",
            "array": true,
        }],
        "option-data": data,
    });
    if let Some(file) = file {
        dhcp4["boot-file-name"] = json!(file);
    }
    format!("{:#}\n", json!({ "Dhcp4": dhcp4 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

    #[test]
    fn an_ios_pool_has_header_and_options() {
        assert_eq!(
            Dialect::Ios.lines(SERVER, Some("network-confg")),
            "ip dhcp pool POOL\n next-server 10.0.0.1\n bootfile network-confg\n option 66 ascii 10.0.0.1\n \
             option 67 ascii network-confg\n option 150 ip 10.0.0.1\n"
        );
        assert!(!Dialect::Ios.lines(SERVER, None).contains("67"));
    }

    #[test]
    fn dnsmasq_is_told_text_as_text() {
        assert_eq!(
            Dialect::Dnsmasq.lines(SERVER, Some("pxelinux.0")),
            "dhcp-no-override\ndhcp-boot=pxelinux.0,,10.0.0.1\ndhcp-option=66,\"10.0.0.1\"\ndhcp-option=67,\"pxelinux.0\"\n\
             dhcp-option=150,10.0.0.1\n"
        );
    }

    #[test]
    fn kea_s_is_json_with_a_definition_of_option_150() {
        let text = Dialect::Kea.lines(SERVER, Some("a.bin"));
        let all: serde_json::Value = serde_json::from_str(&text).unwrap();
        let dhcp4 = &all["Dhcp4"];
        assert_eq!((&dhcp4["next-server"], &dhcp4["boot-file-name"]), (&json!("10.0.0.1"), &json!("a.bin")));
        let named: Vec<_> = dhcp4["option-data"].as_array().unwrap().iter().map(|o| &o["name"]).collect();
        assert_eq!(named, ["tftp-server-name", "boot-file-name", "tftp-server-addresses"]);
        assert_eq!(dhcp4["option-def"][0]["code"], 150);
    }

    #[test]
    fn names_that_a_dialect_would_read_otherwise_are_not_plain() {
        for wrong in ["", "a b", "a,b", "a\"b", "a;b", "a#b", "a\\b", "\u{e4}", &"x".repeat(128)] {
            assert!(!is_plain(wrong), "{wrong}");
        }
        assert!(is_plain("images/c2900-universalk9-mz.SPA.155-3.M4a.bin"));
    }
}
