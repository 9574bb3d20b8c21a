//! `show vtp status` of a switch.

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

/// What a switch says of the protocol that tells others its VLANs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vtp {
    /// `1`
    pub version: String,
    /// Empty where none was given.
    pub domain: String,
    /// `Disabled`, on newer ones `Disabled (Operationally Disabled)`
    pub pruning: String,
    /// `40f0.7800.0000`
    pub device: String,
    /// Whose name its changes have, where it makes any: `0.0.0.0 (no valid interface found)`
    pub updater: Option<String>,
    /// `Server`, `Client`, `Transparent`, `Off`
    pub mode: String,
    /// VLANs that there are, with the four that nobody can take away.
    pub vlans: u16,
    /// Changes that were told.
    pub revision: u32,
    /// Over the domain and the VLANs.
    pub digest: [u8; 16],
}

const VERSION: &str = "VTP version running             : ";
const DOMAIN: &str = "VTP Domain Name                 : ";
const PRUNING: &str = "VTP Pruning Mode                : ";
const DEVICE: &str = "Device ID                       : ";
const UPDATER: &str = "Local updater ID is ";
const MODE: &str = "VTP Operating Mode                : ";
const VLANS: &str = "Number of existing VLANs          : ";
const REVISION: &str = "Configuration Revision            : ";
const DIGEST: &str = "MD5 digest                        : ";

/// As the device prints it.
pub fn render(vtp: &Vtp) -> String {
    let Vtp { version, domain, pruning, device, updater, mode, vlans, revision, digest } = vtp;
    let octets = |half: &[u8]| half.iter().map(|octet| format!("0x{octet:02X} ")).collect::<String>();
    let (first, second) = digest.split_at(8);
    let updater = updater.as_ref().map(|who| format!("{UPDATER}{who}\n")).unwrap_or_default();
    format!(
        "VTP Version capable             : 1 to 3\n\
         {VERSION}{version}\n{DOMAIN}{domain}\n{PRUNING}{pruning}\n\
         VTP Traps Generation            : Disabled\n\
         {DEVICE}{device}\n\
         Configuration last modified by 0.0.0.0 at 0-0-00 00:00:00\n\
         {updater}\n\
         Feature VLAN:\n--------------\n\
         {MODE}{mode}\n\
         Maximum VLANs supported locally   : 1005\n\
         {VLANS}{vlans}\n{REVISION}{revision}\n\
         {DIGEST}{}\n{:36}{}\n",
        octets(first),
        "",
        octets(second)
    )
}

/// Reads it.
///
/// # Errors
/// A line is missing, or is not what it should be.
pub fn parse(text: &str) -> Result<Vtp, Unread> {
    let after = |head: &'static str| {
        let line = text.lines().find_map(|line| line.strip_prefix(head));
        line.map(str::trim_end).ok_or_else(|| Unread::new(head, ""))
    };
    let said = |head| after(head).map(str::to_owned);
    let mut lines = text.lines().skip_while(|line| !line.starts_with(DIGEST));
    let digest = lines.next().and_then(|first| first.strip_prefix(DIGEST)).unwrap_or_default();
    let octets = digest.split_whitespace().chain(lines.next().unwrap_or_default().split_whitespace());
    let mut octets = octets.map(|word| u8::from_str_radix(word.strip_prefix("0x")?, 16).ok());
    let mut read = [0; 16];
    for octet in &mut read {
        *octet = octets.next().flatten().ok_or_else(|| Unread::new("16 octets of a digest", digest))?;
    }
    Ok(Vtp {
        version: said(VERSION)?,
        domain: said(DOMAIN)?,
        pruning: said(PRUNING)?,
        device: said(DEVICE)?,
        updater: after(UPDATER).ok().map(str::to_owned),
        mode: said(MODE)?,
        vlans: after(VLANS)?.parse().map_err(|_| Unread::new("a number of VLANs", text))?,
        revision: after(REVISION)?.parse().map_err(|_| Unread::new("a revision", text))?,
        digest: read,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a C9200L with 17.09.04a; the digest's octets are others.
    const SAID: &str = "\
VTP Version capable             : 1 to 3
VTP version running             : 1
VTP Domain Name                 : Oxidized
VTP Pruning Mode                : Disabled (Operationally Disabled)
VTP Traps Generation            : Disabled
Device ID                       : 40f0.7800.0000
Configuration last modified by 0.0.0.0 at 0-0-00 00:00:00

Feature VLAN:
--------------
VTP Operating Mode                : Transparent
Maximum VLANs supported locally   : 1005
Number of existing VLANs          : 10
Configuration Revision            : 0
MD5 digest                        : 0x35 0x00 0x00 0x00 0x00 0x00 0x7F 0xB4\x20
                                    0x07 0x00 0x00 0x00 0x00 0x00 0x09 0x6D\x20
";

    #[test]
    fn a_switch_s_own_words_are_read_and_written_back() {
        let read = parse(SAID).expect("its words");
        assert_eq!((&*read.domain, &*read.mode, read.vlans), ("Oxidized", "Transparent", 10));
        assert_eq!((read.digest[0], read.digest[15], &read.updater), (0x35, 0x6d, &None));
        assert_eq!(render(&read), SAID);
        let other = Vtp {
            domain: String::new(),
            updater: Some("10.0.0.2 on interface Vl1 (lowest numbered VLAN interface found)".into()),
            digest: core::array::from_fn(|n| 255 - n as u8),
            ..read
        };
        assert_eq!(parse(&render(&other)), Ok(other));
        for gone in ["MD5 digest", "Number of existing", "0x09"] {
            assert!(parse(&SAID.replace(gone, "x")).is_err(), "{gone}");
        }
    }
}
