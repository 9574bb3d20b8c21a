//! What may stand in a profile: read once, trusted from then on. A value's error says what was expected;
//! the reader adds the line.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use store::VPath;

/// A short name that file names are made of: `c2911`, `universalk9`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Word(String);

impl TryFrom<String> for Word {
    type Error = String;

    fn try_from(text: String) -> Result<Word, String> {
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        match (1..=32).contains(&text.len()) && text.bytes().all(good) {
            true => Ok(Word(text)),
            false => Err(format!("'{text}' is no name: expected 1 to 32 of a-z, 0-9, '-' and '_'")),
        }
    }
}

/// A part of what the device prints: one line.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Text(String);

impl TryFrom<String> for Text {
    type Error = String;

    fn try_from(text: String) -> Result<Text, String> {
        match text.len() <= 200 && !text.contains(char::is_control) {
            true => Ok(Text(text)),
            false => Err("expected one line of printable text, at most 200 octets".into()),
        }
    }
}

/// An interface: `GigabitEthernet0/0`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Port(Arc<str>);

impl TryFrom<String> for Port {
    type Error = String;

    fn try_from(text: String) -> Result<Port, String> {
        let at = text.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
        let (kind, number) = text.split_at(at);
        let good = text.len() <= 60
            && !kind.is_empty()
            && kind.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
            && number.bytes().all(|b| b.is_ascii_digit() || b == b'/');
        match good {
            true => Ok(Port(text.into())),
            false => Err(format!(
                "'{text}' is no interface: expected an interface: letters and '-', then its number"
            )),
        }
    }
}

impl Port {
    /// `Gi0/0`: as tables of switches call it.
    pub fn short(&self) -> String {
        let (kind, number) = self.parts();
        format!("{}{number}", kind.get(..2).unwrap_or(kind))
    }

    /// Whether a cable can be plugged in there: not into the interface of a VLAN.
    pub fn takes_cable(&self) -> bool {
        ["Ethernet", "GigE"].iter().any(|kind| self.parts().0.ends_with(kind))
    }

    /// The interface of a VLAN: `Vlan10`.
    pub fn vlan(id: u16) -> Port {
        Port(format!("Vlan{id}").into())
    }

    /// `Loopback0`.
    pub fn loopback(number: u32) -> Port {
        Port(format!("Loopback{number}").into())
    }

    /// Whether it is one.
    pub fn is_loopback(&self) -> bool {
        self.0.starts_with("Loopback")
    }

    /// The subinterface `GigabitEthernet0/0.10` of a port.
    pub fn sub(parent: &Port, number: u32) -> Port {
        Port(format!("{parent}.{number}").into())
    }

    /// The port of a subinterface.
    pub fn parent(&self) -> Option<Port> {
        self.0.split_once('.').map(|(parent, _)| Port(parent.into()))
    }

    /// What comes before the last of its numbers: `GigabitEthernet0/`, `GigabitEthernet0/0.`
    pub fn siblings(&self) -> &str {
        self.0.trim_end_matches(|c: char| c.is_ascii_digit())
    }

    /// The last of its numbers.
    pub fn last_number(&self) -> u32 {
        self.0[self.siblings().len()..].parse().unwrap_or(0)
    }

    /// The one with another number at the end.
    pub fn sibling(&self, number: u32) -> Port {
        Port(format!("{}{number}", self.siblings()).into())
    }

    /// `GigabitEthernet` and `0/0`.
    pub fn parts(&self) -> (&str, &str) {
        let at = self.0.find(|c: char| c.is_ascii_digit()).unwrap_or(self.0.len());
        self.0.split_at(at)
    }
}

/// Interfaces; in the file `GigabitEthernet1/0/1-28` stands for 28 of them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Ports(Vec<Port>);

impl TryFrom<Vec<String>> for Ports {
    type Error = String;

    fn try_from(texts: Vec<String>) -> Result<Ports, String> {
        let mut ports = Vec::new();
        for text in texts {
            let range = text.rsplit_once('-').and_then(|(first, last)| {
                let at = first.rfind(|c: char| !c.is_ascii_digit())? + 1;
                Some((&first[..at], first[at..].parse::<u16>().ok()?..=last.parse::<u16>().ok()?))
            });
            match range {
                Some((_, numbers)) if numbers.is_empty() || numbers.len() > 512 => {
                    return Err(format!("'{text}': expected a range of 1 to 512 interfaces"));
                }
                Some((head, numbers)) => {
                    for n in numbers {
                        ports.push(Port::try_from(format!("{head}{n}"))?);
                    }
                }
                None => ports.push(Port::try_from(text)?),
            }
        }
        Ok(Ports(ports))
    }
}

impl Deref for Ports {
    type Target = [Port];

    fn deref(&self) -> &[Port] {
        &self.0
    }
}

/// A file in the root of flash: `config.text`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct FileName(VPath);

impl TryFrom<String> for FileName {
    type Error = String;

    fn try_from(text: String) -> Result<FileName, String> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        match VPath::parse(text.as_bytes()) {
            Ok(path) if plain && !path.is_root() => Ok(FileName(path)),
            Ok(_) | Err(_) => Err(format!("'{text}' is no file name: expected one as config.text")),
        }
    }
}

impl FileName {
    /// Its path in flash.
    pub fn path(&self) -> &VPath {
        &self.0
    }
}

/// What flash is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Prefix(&'static str);

/// All that flash is called anywhere.
const PREFIXES: &[(&str, &str)] = &[
    ("flash0:", "flash0: file system"),
    ("flash:", "flash: file system"),
    ("bootflash:", "bootflash: file system"),
];

impl Prefix {
    /// Takes what flash is called anywhere from the front of a text, whatever its case.
    pub fn strip(text: &str) -> Option<&str> {
        let starts = |name: &&str| text.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name));
        PREFIXES.iter().map(|(name, _)| *name).find(starts).map(|name| &text[name.len()..])
    }

    /// Its words in help.
    pub fn about(self) -> &'static str {
        PREFIXES.iter().find(|(name, _)| *name == self.0).expect("one of the table").1
    }

    /// With its colon.
    pub fn name(self) -> &'static str {
        self.0
    }
}

impl TryFrom<String> for Prefix {
    type Error = String;

    fn try_from(text: String) -> Result<Prefix, String> {
        match PREFIXES.iter().find(|(name, _)| *name == text) {
            Some((name, _)) => Ok(Prefix(name)),
            None => {
                let names: Vec<_> = PREFIXES.iter().map(|(name, _)| *name).collect();
                Err(format!("'{text}' is no prefix: expected a prefix of flash: {}", names.join(", ")))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Prefix, D::Error> {
        Prefix::try_from(String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// A size in octets, above 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "i64")]
pub struct Octets(u64);

impl TryFrom<i64> for Octets {
    type Error = String;

    fn try_from(n: i64) -> Result<Octets, String> {
        match u64::try_from(n) {
            Ok(n) if n > 0 => Ok(Octets(n)),
            Ok(_) | Err(_) => Err(format!("{n} is no size: expected a number of octets above 0")),
        }
    }
}

impl Octets {
    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

macro_rules! reads_as_text {
    ($($name:ident),*) => {$(
        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

reads_as_text!(Word, Text, Port, Prefix);

pub(super) fn some_prefixes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Prefix>, D::Error> {
    let prefixes = Vec::deserialize(from)?;
    match prefixes.is_empty() {
        true => Err(D::Error::custom("expected at least one prefix, as \"flash:\"")),
        false => Ok(prefixes),
    }
}

/// What stands behind a boot loader's version where a profile does not say it.
pub(super) fn release() -> Text {
    Text("RELEASE SOFTWARE (fc1)".into())
}

/// Console and aux are 0 and 1.
pub(super) fn behind_the_console() -> u16 {
    2
}

pub(super) fn vty_lines<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    let lines = u16::deserialize(from)?;
    match (1..=16).contains(&lines) {
        true => Ok(lines),
        false => Err(D::Error::custom(format!("{lines} is too many or none: expected 1 to 16 lines"))),
    }
}
