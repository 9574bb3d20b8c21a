//! The values that settings have: truth, numbers, texts, paths, addresses, lists. `measure` has those with a unit,
//! `words` those of a few words.

use super::node::{Kind, Node};
use super::origin::Origin;
use super::section::{Reading, Setting, Shape, Shown};
use serde_json::json;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

pub use super::measure::{Rate, Size, parse_time};
pub(crate) use super::words::words;

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

pub(super) fn value(wants: &str, schema: serde_json::Value) -> Shape {
    Shape::Value { wants: wants.to_owned(), schema }
}

impl Setting for bool {
    fn shape() -> Shape {
        value("true or false", json!({ "type": "boolean", "examples": [true] }))
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
                value("a whole number", json!({ "type": "integer", "minimum": 0, "examples": [100] }))
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
        value(
            &format!("{LOW} to {HIGH}"),
            json!({ "type": "integer", "minimum": LOW, "maximum": HIGH, "examples": [HIGH] }),
        )
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
pub(super) fn text<'a>(node: &'a Node, reading: &mut Reading, wants: &str) -> Option<&'a str> {
    match (&node.kind, &node.origin) {
        // A day may stand without quotes.
        (Kind::Text(text) | Kind::Date(text), _) => Some(text),
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
        value("text", json!({ "type": "string", "examples": ["…"] }))
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
        value("path on this host", json!({ "type": "string", "minLength": 1, "examples": ["/…"] }))
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
    /// One, for the file that `init` writes.
    const EXAMPLE: &'static str = "…";
}

impl<T: Wanted> Written<T> {
    /// Parses it; the error says why not and what to give, as a flag's does.
    pub fn parse(text: &str) -> Result<Self, String>
    where
        T::Err: fmt::Display,
    {
        let value = text.parse().map_err(|why| format!("{why}; give {}", T::WANTS))?;
        Ok(Written { text: text.to_owned(), value })
    }
}

impl<T: Wanted> Setting for Written<T>
where
    T::Err: fmt::Display,
{
    fn shape() -> Shape {
        value(T::WANTS, json!({ "type": "string", "examples": [T::EXAMPLE] }))
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
    const EXAMPLE: &'static str = "10.0.0.0/8";
}

impl Wanted for gate::UploadRule {
    const WANTS: &'static str = "PATH=POLICY, such as \"/images=deny\"";
    const EXAMPLE: &'static str = "/images=deny";
}

/// Addresses: what `FromStr` and `Display` of the standard library say.
macro_rules! plain {
    ($($type:ty: $wants:literal, $example:literal;)*) => { $(
        impl Setting for $type {
            fn shape() -> Shape {
                value($wants, json!({ "type": "string", "examples": [$example] }))
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
    IpAddr: "an IP address in quotes", "127.0.0.1";
    SocketAddr: "an address and a port, such as \"127.0.0.1:9469\"", "127.0.0.1:9469";
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
        match T::shape() {
            Shape::Value { .. } => {
                let numbered = items.iter().enumerate();
                let read: Vec<Option<T>> = numbered
                    .map(|(i, node)| reading.within(i.to_string(), &node.origin, |r| T::read(node, r)))
                    .collect();
                read.into_iter().collect()
            }
            // One that is none does not hide what is wrong with the others.
            Shape::Table(_) | Shape::Tables(_) => {
                let mut read = Vec::with_capacity(items.len());
                for node in items {
                    read.extend(reading.item(read.len(), node));
                }
                Some(read)
            }
        }
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
