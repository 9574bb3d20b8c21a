//! `crypto key generate rsa`, `crypto key zeroize rsa`, `show crypto key mypubkey rsa`

use super::{Unread, between};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A key pair is called so only where the device has a domain.
pub const NO_DOMAIN: &str = "% Please define a domain-name first.\n";
/// Where there are none to take away.
pub const NONE: &str = "% No Signature RSA Keys found in configuration.\n";
/// Asked where a pair of that name is there and its size is to be asked; `[yes/no]` follows.
pub const REPLACE: &str = "% Do you really want to replace them?";
/// Said instead where the size was typed.
pub const REPLACED: &str = "% They will be replaced.\n";
/// Asked before pairs are taken away; `[yes/no]` follows.
pub const REMOVE: &str = "Do you really want to remove these keys?";

/// A device that is called as it came from the factory has no name for a key pair.
pub fn no_hostname(factory: &str) -> String {
    format!("% Please define a hostname other than {factory}.\n")
}

/// There is a pair of that name.
pub fn exist(name: &str) -> String {
    format!("% You already have RSA keys defined named {name}.\n")
}

/// What a new pair is called.
pub fn named(name: &str) -> String {
    format!("The name for the keys will be: {name}\n")
}

/// Before the question for the size, between these bits.
pub fn sizes(least: u16, most: u16) -> String {
    format!(
        "Choose the size of the key modulus in the range of {least} to {most} for your\n  General Purpose Keys. Choosing a key \
         modulus greater than 512 may take\n  a few minutes.\n\n"
    )
}

/// The question, and what Return means.
pub fn modulus(default: u16) -> String {
    format!("How many bits in the modulus [{default}]: ")
}

/// The answer is no such size.
pub fn no_size(least: u16, most: u16) -> String {
    format!("% A decimal number between {least} and {most}.\n")
}

/// The size that was typed with the command.
pub fn size(bits: u16) -> String {
    format!("\n% The key modulus size is {bits} bits\n")
}

/// While a pair is made; [`made`] follows on this line or the next.
pub fn generating(bits: u16) -> String {
    format!("% Generating {bits} bit RSA keys, keys will be non-exportable...")
}

/// It is made; releases before 15 do not say how long it took.
pub fn made(seconds: Option<u64>) -> String {
    match seconds {
        None => "[OK]\n\n".to_owned(),
        Some(seconds) => format!("\n[OK] (elapsed time was {seconds} seconds)\n\n"),
    }
}

/// What is about to be taken away: one pair, or all.
pub fn removing(name: Option<&str>) -> String {
    let what = match name {
        None => "All RSA keys will be removed.".to_owned(),
        Some(name) => format!("Keys to be removed are named '{name}'."),
    };
    format!("% {what}\n% All router certs issued using these keys will also be removed.\n")
}

/// `%SSH-5-ENABLED`, `%SSH-5-DISABLED`
pub fn ssh(enabled: bool) -> String {
    let (mnemonic, what) = if enabled { ("ENABLED", "enabled") } else { ("DISABLED", "disabled") };
    format!("%SSH-5-{mnemonic}: SSH 2.0 has been {what}")
}

/// One pair of `show crypto key mypubkey rsa`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pair {
    /// `08:46:04 UTC Oct 2 2019`
    pub generated: String,
    /// `R1.lab.example`
    pub name: String,
    /// Where it is kept, in the words of the release; those of old ones say nothing of it.
    pub storage: Option<String>,
    /// The public key as a SubjectPublicKeyInfo ([`spki`]).
    pub data: Vec<u8>,
}

const GENERATED: &str = "% Key pair was generated at: ";
const NAME: &str = "Key name: ";
const STORAGE: &str = " Storage Device: ";
const DATA: &str = " Key Data:";
/// Octets of a group, and groups of a line.
const GROUP: usize = 4;
const LINE: usize = 8 * GROUP;

/// As the device prints them.
pub fn render(pairs: &[Pair]) -> String {
    let mut out = String::new();
    for pair in pairs {
        out.push_str(&format!("{GENERATED}{}\n{NAME}{}\n", pair.generated, pair.name));
        if let Some(storage) = &pair.storage {
            out.push_str(&format!("Key type: RSA KEYS\n{STORAGE}{storage}\n"));
        }
        out.push_str(" Usage: General Purpose Key\n");
        if pair.storage.is_some() {
            out.push_str(" Key is not exportable. Redundancy enabled.\n");
        }
        out.push_str(&format!("{DATA}\n"));
        for line in pair.data.chunks(LINE) {
            out.push_str("  ");
            for group in line.chunks(GROUP) {
                group.iter().for_each(|octet| out.push_str(&format!("{octet:02X}")));
                out.push(' ');
            }
            out.push('\n');
        }
    }
    out
}

/// Reads them.
pub fn parse(text: &str) -> Result<Vec<Pair>, Unread> {
    text.split(GENERATED).skip(1).map(pair).collect()
}

fn pair(text: &str) -> Result<Pair, Unread> {
    let field = |what: &'static str| between(text, what, "\n").ok_or_else(|| Unread::new(what, text));
    let (_, data) = text.split_once(DATA).ok_or_else(|| Unread::new(DATA, text))?;
    let digits: Vec<u32> =
        data.chars().filter(|c| !c.is_whitespace()).map_while(|c| c.to_digit(16)).collect();
    let octet = |pair: &[u32]| {
        pair.iter().fold(0, |octet, digit| octet << 4 | u8::try_from(*digit).expect("a digit is below 16"))
    };
    Ok(Pair {
        generated: text.lines().next().unwrap_or_default().to_owned(),
        name: field(NAME)?.to_owned(),
        storage: field(STORAGE).ok().map(str::to_owned),
        data: digits.chunks(2).map(octet).collect(),
    })
}

/// The SubjectPublicKeyInfo (RFC 3279 §2.3.1) of an RSA key as SSH has it (RFC 4253 §6.6); `None`: it is none.
pub fn spki(ssh: &[u8]) -> Option<Vec<u8>> {
    /// rsaEncryption, 1.2.840.113549.1.1.1, with its NULL.
    const ALGORITHM: [u8; 15] =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let mut rest = ssh;
    let mut string = || {
        let (len, behind) = rest.split_first_chunk::<4>()?;
        let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
        let found = behind.get(..len)?;
        rest = &behind[len..];
        Some(found)
    };
    let (b"ssh-rsa", exponent, modulus) = (string()?, string()?, string()?) else { return None };
    // An mpint of SSH and an INTEGER of DER have the same octets.
    let key = der(0x30, &[der(0x02, modulus), der(0x02, exponent)].concat());
    let bits = der(0x03, &[&[0], &key[..]].concat());
    Some(der(0x30, &[&ALGORITHM, &bits[..]].concat()))
}

/// Tag, length and content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len().to_be_bytes();
    let len = &len[len.iter().take_while(|octet| **octet == 0).count()..];
    let mut out = Vec::from([tag]);
    match len {
        [] => out.push(0),
        [short @ 0..=0x7f] => out.push(*short),
        long => {
            out.push(0x80 | u8::try_from(long.len()).expect("a length has 8 octets at most"));
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key as SSH has it: exponent 65537, a modulus of so many octets.
    fn ssh_key(octets: usize) -> Vec<u8> {
        let mut modulus = alloc::vec![0x9b; octets];
        modulus.insert(0, 0);
        let string =
            |octets: &[u8]| [&u32::try_from(octets.len()).expect("short").to_be_bytes(), octets].concat();
        [string(b"ssh-rsa"), string(&[1, 0, 1]), string(&modulus)].concat()
    }

    #[test]
    fn a_key_begins_and_ends_as_on_devices() {
        // The heads of a key of 1,024 and of one of 2,048 bits, as `show crypto key mypubkey rsa` of routers has them.
        for (octets, head) in [
            (128, "  30819F30 0D06092A 864886F7 0D010101 05000381 8D003081 89028181 009B"),
            (256, "  30820122 300D0609 2A864886 F70D0101 01050003 82010F00 3082010A 02820101 \n  009B"),
        ] {
            let data = spki(&ssh_key(octets)).expect("a key");
            let pair = |storage: Option<&str>| Pair {
                generated: "08:46:04 UTC Oct 2 2019".into(),
                name: "R1.lab".into(),
                storage: storage.map(str::to_owned),
                data: data.clone(),
            };
            let pairs = [pair(Some("not specified")), pair(None)];
            let text = render(&pairs);
            assert!(text.contains(head), "{text}");
            assert!(text.replace([' ', '\n'], "").ends_with("9B0203010001"), "{text}");
            assert_eq!(parse(&text), Ok(pairs.to_vec()));
        }
        assert_eq!(parse(""), Ok(Vec::new()));
        assert!(parse("% Key pair was generated at: now\nKey name: x\n").is_err());
    }

    #[test]
    fn what_is_no_key_of_rsa_is_none() {
        let key = ssh_key(128);
        assert!((0..key.len()).all(|end| spki(&key[..end]).is_none()));
        assert_eq!(spki(&key.iter().map(|octet| octet ^ 1).collect::<Vec<_>>()), None);
    }
}
