//! The values that settings have: numbers with their bounds, sizes, times, addresses, paths, words.

use super::node::{Kind, Node};
use super::origin::Origin;
use super::section::{Reading, Setting, Shape, Shown};
use serde_json::json;
use serve::listen::Want;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// A text in quotes, as TOML wants it.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn value(wants: &str, schema: serde_json::Value) -> Shape {
    Shape::Value { wants: wants.to_owned(), schema }
}

impl Setting for bool {
    fn shape() -> Shape {
        value("true or false", json!({ "type": "boolean" }))
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        match node.kind {
            Kind::Bool(b) => Some(b),
            _ => {
                reading.wrong(node, "true or false, without quotes");
                None
            }
        }
    }

    fn shown(&self) -> Shown {
        Shown::Value(self.to_string())
    }
}

/// A whole number from 0 to a bound.
macro_rules! whole {
    ($($type:ty),*) => { $(
        impl Setting for $type {
            fn shape() -> Shape {
                value("a whole number", json!({ "type": "integer", "minimum": 0 }))
            }

            fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
                let number = match &node.kind {
                    Kind::Integer(n) => <$type>::try_from(*n).ok(),
                    _ => None,
                };
                if number.is_none() {
                    reading.wrong(node, &format!("a whole number from 0 to {}", <$type>::MAX.min(1 << 20)));
                }
                number
            }

            fn shown(&self) -> Shown {
                Shown::Value(self.to_string())
            }
        }
    )* };
}
whole!(u32, u64, usize);

/// A whole number between two bounds, both included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Within<const LOW: u32, const HIGH: u32>(pub u32);

impl<const LOW: u32, const HIGH: u32> Setting for Within<LOW, HIGH> {
    fn shape() -> Shape {
        value(&format!("{LOW} to {HIGH}"), json!({ "type": "integer", "minimum": LOW, "maximum": HIGH }))
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        let number = match &node.kind {
            Kind::Integer(n) => u32::try_from(*n).ok().filter(|n| (LOW..=HIGH).contains(n)),
            _ => None,
        };
        if number.is_none() {
            reading.wrong(node, &format!("a whole number from {LOW} to {HIGH}"));
        }
        number.map(Within)
    }

    fn shown(&self) -> Shown {
        Shown::Value(self.0.to_string())
    }
}

/// The text of a value, or that it should be one.
fn text<'a>(node: &'a Node, reading: &mut Reading, wants: &str) -> Option<&'a str> {
    match (&node.kind, &node.origin) {
        (Kind::Text(text), _) => Some(text),
        // A variable has no quotes: `15` is a text where one is wanted.
        (_, Origin::Environment { text, .. }) => Some(text),
        _ => {
            reading.wrong(node, wants);
            None
        }
    }
}

impl Setting for String {
    fn shape() -> Shape {
        value("text", json!({ "type": "string" }))
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        text(node, reading, "a text in quotes").map(str::to_owned)
    }

    fn shown(&self) -> Shown {
        Shown::Value(quoted(self))
    }
}

impl Setting for PathBuf {
    fn shape() -> Shape {
        value("path on this host", json!({ "type": "string", "minLength": 1 }))
    }

    /// A relative path of a file counts from the file's directory.
    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        let path = text(node, reading, "a path in quotes")?;
        if path.is_empty() {
            reading.wrong(node, "a path");
            return None;
        }
        Some(match node.origin {
            Origin::File(_) => reading.base.join(path),
            Origin::Default | Origin::Environment { .. } | Origin::Flag(_) => path.into(),
        })
    }

    fn shown(&self) -> Shown {
        Shown::Value(quoted(&self.display().to_string()))
    }
}

/// What is written as a text that something else parses: its text is kept, for showing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written<T> {
    /// As it was written.
    pub text: String,
    /// What it means.
    pub value: T,
}

/// How a [`Written`] is called in messages and the document.
pub trait Wanted: FromStr {
    /// `an address`.
    const WANTS: &'static str;
}

impl<T: Wanted> Written<T> {
    /// Parses it.
    pub fn parse(text: &str) -> Result<Self, T::Err> {
        Ok(Written { text: text.to_owned(), value: text.parse()? })
    }
}

impl<T: Wanted> Setting for Written<T>
where
    T::Err: fmt::Display,
{
    fn shape() -> Shape {
        value(T::WANTS, json!({ "type": "string" }))
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = text(node, reading, T::WANTS)?;
        match text.parse() {
            Ok(value) => Some(Written { text: text.to_owned(), value }),
            Err(why) => {
                let what = format!("'{}' cannot be {}: {why}", reading.key(), node.kind.words());
                reading.fault(&node.origin, what, format!("give {}", T::WANTS));
                None
            }
        }
    }

    fn shown(&self) -> Shown {
        Shown::Value(quoted(&self.text))
    }
}

impl Wanted for gate::Net {
    const WANTS: &'static str = "a network or an address, such as \"10.0.0.0/8\"";
}

impl Wanted for gate::UploadRule {
    const WANTS: &'static str = "PATH=POLICY, such as \"/images=deny\"";
}

/// Addresses: what `FromStr` and `Display` of the standard library say.
macro_rules! plain {
    ($($type:ty: $wants:literal),* $(,)?) => { $(
        impl Setting for $type {
            fn shape() -> Shape {
                value($wants, json!({ "type": "string" }))
            }

            fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
                let parsed = text(node, reading, $wants)?.parse().ok();
                if parsed.is_none() {
                    reading.wrong(node, $wants);
                }
                parsed
            }

            fn shown(&self) -> Shown {
                Shown::Value(quoted(&self.to_string()))
            }
        }
    )* };
}
plain! {
    IpAddr: "an IP address in quotes",
    SocketAddr: "an address and a port, such as \"127.0.0.1:9469\"",
}

/// Octets: `"20G"` or a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Size(pub u64);

/// Octets a second: `"10M"` or a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Rate(pub u64);

fn octets(node: &Node, reading: &mut Reading, wants: &str) -> Option<u64> {
    let octets = match &node.kind {
        Kind::Integer(n) => u64::try_from(*n).ok(),
        Kind::Text(text) => crate::figures::parse_octets(text).ok(),
        Kind::Bool(_) | Kind::Date(_) | Kind::Number(_) | Kind::List(_) | Kind::Table(_) => None,
    };
    if octets.is_none() {
        reading.wrong(node, wants);
    }
    octets
}

fn shown_octets(n: u64) -> Shown {
    let unit = [(1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")];
    Shown::Value(match unit.iter().find(|(one, _)| n > 0 && n.is_multiple_of(*one)) {
        Some((one, letter)) => format!("\"{}{letter}\"", n / one),
        None => n.to_string(),
    })
}

const OCTETS: &str = r"^[0-9_,]+([kKmMgG]([iI][bB])?|[bB])?$";

impl Setting for Size {
    fn shape() -> Shape {
        let schema = json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": OCTETS }] });
        value("size, such as \"20G\"", schema)
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        octets(node, reading, "a size such as \"20G\", \"512K\" or 1048576").map(Size)
    }

    fn shown(&self) -> Shown {
        shown_octets(self.0)
    }
}

impl Setting for Rate {
    fn shape() -> Shape {
        let schema = json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": OCTETS }] });
        value("octets a second, such as \"10M\"", schema)
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        octets(node, reading, "octets a second, such as \"10M\" or 1048576").map(Rate)
    }

    fn shown(&self) -> Shown {
        shown_octets(self.0)
    }
}

/// `90s`, `15m`, `2h`, `7d`, `500ms`.
pub fn parse_time(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let n: u64 = digits.parse().ok()?;
    let seconds = match &text[digits.len()..] {
        "ms" => return Some(Duration::from_millis(n)),
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(n.checked_mul(seconds)?))
}

impl Setting for Duration {
    fn shape() -> Shape {
        value("time, such as \"15m\"", json!({ "type": "string", "pattern": r"^[0-9]+(ms|s|m|h|d)$" }))
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        const WANTS: &str = "a time with its unit: \"500ms\", \"90s\", \"15m\", \"2h\", \"7d\"";
        let time = parse_time(text(node, reading, WANTS)?);
        if time.is_none() {
            reading.wrong(node, WANTS);
        }
        time
    }

    fn shown(&self) -> Shown {
        let (s, ms) = (self.as_secs(), self.subsec_millis());
        let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
        Shown::Value(match units.iter().find(|(one, _)| ms == 0 && s > 0 && s % one == 0) {
            Some((one, unit)) => format!("\"{}{unit}\"", s / one),
            None if ms == 0 => format!("\"{s}s\""),
            None => format!("\"{}ms\"", self.as_millis()),
        })
    }
}

impl Setting for Want {
    fn shape() -> Shape {
        let port = json!({ "type": "integer", "minimum": 0, "maximum": u16::MAX });
        value("port or \"off\"", json!({ "anyOf": [port, { "const": "off" }] }))
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        let want = match &node.kind {
            Kind::Text(text) if text == "off" => Some(Want::Off),
            Kind::Integer(port) => u16::try_from(*port).ok().map(Want::Exactly),
            _ => None,
        };
        if want.is_none() {
            reading.wrong(node, "a port from 0 to 65535, or \"off\"");
        }
        want
    }

    fn shown(&self) -> Shown {
        match self {
            Want::Default => Shown::Unset,
            Want::Exactly(port) => Shown::Value(port.to_string()),
            Want::Off => Shown::Value(String::from("\"off\"")),
        }
    }
}

impl Setting for RangeInclusive<u16> {
    fn shape() -> Shape {
        value("range of ports", json!({ "type": "string", "pattern": "^[0-9]+-[0-9]+$" }))
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        const WANTS: &str = "two ports from 1 to 65535, the lower first: \"50000-50100\"";
        let ports = text(node, reading, WANTS)?.split_once('-').and_then(|(low, high)| {
            let (low, high): (u16, u16) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
            (low > 0 && low <= high).then_some(low..=high)
        });
        if ports.is_none() {
            reading.wrong(node, WANTS);
        }
        ports
    }

    fn shown(&self) -> Shown {
        Shown::Value(format!("\"{}-{}\"", self.start(), self.end()))
    }
}

impl<T: Setting> Setting for Option<T> {
    fn shape() -> Shape {
        T::shape()
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        T::read(node, reading).map(Some)
    }

    fn shown(&self) -> Shown {
        self.as_ref().map_or(Shown::Unset, T::shown)
    }
}

impl<T: Setting> Setting for Vec<T> {
    fn shape() -> Shape {
        match T::shape() {
            Shape::Table(keys) => Shape::Tables(keys),
            Shape::Tables(_) => unreachable!("no list of lists of sections is declared"),
            Shape::Value { wants, schema } => {
                value(&format!("list of: {wants}"), json!({ "type": "array", "items": schema }))
            }
        }
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        // A variable may have its items with commas between.
        let split: Vec<Node>;
        let items = match (&node.kind, &node.origin) {
            (Kind::List(items), _) => Some(items),
            (Kind::Text(text), Origin::Environment { .. }) => {
                let item = |text: &str| Node {
                    kind: Kind::Text(text.trim().to_owned()),
                    origin: node.origin.clone(),
                };
                split = text.split(',').map(item).collect();
                Some(&split)
            }
            _ => None,
        };
        let Some(items) = items else {
            let wants = match T::shape() {
                Shape::Value { wants, .. } => format!("a list in brackets, of: {wants}"),
                Shape::Table(_) | Shape::Tables(_) => format!("one [[{}]] for each", reading.key()),
            };
            reading.wrong(node, &wants);
            return None;
        };
        let numbered = items.iter().enumerate();
        let read: Vec<Option<T>> = numbered
            .map(|(i, node)| reading.within(i.to_string(), &node.origin, |r| T::read(node, r)))
            .collect();
        read.into_iter().collect()
    }

    fn shown(&self) -> Shown {
        let shown: Vec<Shown> = self.iter().map(T::shown).collect();
        match T::shape() {
            Shape::Table(_) | Shape::Tables(_) => Shown::Tables(shown),
            Shape::Value { .. } => {
                let items: Vec<String> = shown.iter().filter_map(super::section::written).collect();
                Shown::Value(format!("[{}]", items.join(", ")))
            }
        }
    }
}

/// An enum of words: `words! { /// What … Sandbox { /// … Auto = "auto", } }`.
macro_rules! words {
    ($(#[doc = $about:literal])* $name:ident { $( $(#[doc = $doc:literal])* $variant:ident = $word:literal, )* }) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum $name { $( $(#[doc = $doc])* $variant, )* }

        impl $name {
            /// Every one with its word.
            pub const ALL: &'static [($name, &'static str)] = &[$( ($name::$variant, $word) ),*];
        }

        impl $crate::config::section::Setting for $name {
            fn shape() -> $crate::config::section::Shape {
                $crate::config::value::word_shape(&[$($word),*])
            }

            fn read(
                node: &$crate::config::node::Node,
                reading: &mut $crate::config::section::Reading,
            ) -> Option<Self> {
                let nth = $crate::config::value::word(node, reading, &[$($word),*])?;
                Some($name::ALL[nth].0)
            }

            fn shown(&self) -> $crate::config::section::Shown {
                let word = $name::ALL.iter().find(|row| row.0 == *self).map_or("", |row| row.1);
                $crate::config::section::Shown::Value($crate::config::value::quoted(word))
            }
        }
    };
}
pub(crate) use words;

pub(crate) fn word_shape(words: &[&str]) -> Shape {
    let quoted: Vec<String> = words.iter().map(|w| quoted(w)).collect();
    value(&quoted.join(", "), json!({ "enum": words }))
}

/// Which of the words it is.
pub(crate) fn word(node: &Node, reading: &mut Reading, words: &[&str]) -> Option<usize> {
    let all = words.iter().map(|w| quoted(w)).collect::<Vec<_>>().join(", ");
    let word = text(node, reading, &format!("one of {all}"))?;
    let nth = words.iter().position(|w| *w == word);
    if nth.is_none() {
        let known: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        let remedy = match super::suggest::nearest(word, &known) {
            Some(near) => format!("did you mean \"{near}\"? It is one of {all}"),
            None => format!("give one of {all}"),
        };
        let what = format!("'{}' cannot be {}", reading.key(), node.kind.words());
        reading.fault(&node.origin, what, remedy);
    }
    nth
}
