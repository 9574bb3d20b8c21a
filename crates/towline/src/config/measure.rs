//! Values with a unit or a range: sizes, rates, times, ports.

use super::node::{Kind, Node};
use super::section::{Reading, Setting, Shape, Shown};
use super::value::{text, value};
use serde_json::json;
use serve::listen::Want;
use std::ops::RangeInclusive;
use std::time::Duration;

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
        Kind::Bool(_) | Kind::Date(_) | Kind::Number(_) | Kind::List(_) | Kind::Table(_) | Kind::Nothing => {
            None
        }
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
        let schema = json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": OCTETS }], "examples": ["20G"] });
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
        let schema = json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": OCTETS }], "examples": ["10M"] });
        value("octets a second, such as \"10M\"", schema)
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        let wants = "octets a second, such as \"10M\" or 1048576; without a limit leave it out";
        let rate = octets(node, reading, wants)?;
        if rate == 0 {
            reading.wrong(node, wants);
        }
        (rate > 0).then_some(Rate(rate))
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
        value(
            "time, such as \"15m\"",
            json!({ "type": "string", "pattern": r"^[0-9]+(ms|s|m|h|d)$", "examples": ["15m"] }),
        )
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
        value(
            "port, \"default\" or \"off\"",
            json!({ "anyOf": [port, { "enum": ["off", "default"] }], "examples": [6969] }),
        )
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        let want = match &node.kind {
            Kind::Text(text) if text == "off" => Some(Want::Off),
            Kind::Text(text) if text == "default" => Some(Want::Default),
            Kind::Integer(port) => u16::try_from(*port).ok().map(Want::Exactly),
            _ => None,
        };
        if want.is_none() {
            reading.wrong(node, "a port from 0 to 65535, \"default\" or \"off\"");
        }
        want
    }

    fn shown(&self) -> Shown {
        match self {
            Want::Default => Shown::Value(String::from("\"default\"")),
            Want::Exactly(port) => Shown::Value(port.to_string()),
            Want::Off => Shown::Value(String::from("\"off\"")),
        }
    }
}

impl Setting for RangeInclusive<u16> {
    fn shape() -> Shape {
        value(
            "range of ports",
            json!({ "type": "string", "pattern": "^[0-9]+-[0-9]+$", "examples": ["50000-50100"] }),
        )
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
