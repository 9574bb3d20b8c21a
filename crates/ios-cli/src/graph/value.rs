//! Values: what is accepted for each kind, and what it becomes.

use super::syntax::Kind;
use super::{Offer, Scope};
use ::clock::civil::MONTHS;
use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;
use core::net::Ipv4Addr;

/// A value that was typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Arg {
    /// `word`, `line`; and `url` and `file`, where a file system given without its colon or a
    /// configuration given short is written out (`tftp` becomes `tftp:`, `run` `running-config`).
    Text(String),
    /// A number, also `hex`; of `month` which it is, from 1, and of `time` seconds since midnight.
    Number(u64),
    /// An IPv4 address or mask.
    Addr(Ipv4Addr),
    /// An interface.
    Interface(Interface),
}

impl Arg {
    /// As text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Arg::Text(t) => Some(t),
            Arg::Number(_) | Arg::Addr(_) | Arg::Interface(_) => None,
        }
    }

    /// As a number.
    pub fn number(&self) -> Option<u64> {
        match self {
            Arg::Number(n) => Some(*n),
            Arg::Text(_) | Arg::Addr(_) | Arg::Interface(_) => None,
        }
    }

    /// As an address.
    pub fn addr(&self) -> Option<Ipv4Addr> {
        match self {
            Arg::Addr(a) => Some(*a),
            Arg::Text(_) | Arg::Number(_) | Arg::Interface(_) => None,
        }
    }

    /// As an interface.
    pub fn interface(&self) -> Option<&Interface> {
        match self {
            Arg::Interface(i) => Some(i),
            Arg::Text(_) | Arg::Number(_) | Arg::Addr(_) => None,
        }
    }
}

/// An interface's type, written out, and its number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Interface {
    /// `GigabitEthernet`
    pub kind: &'static str,
    /// `0/0`, `0/1.20`
    pub number: String,
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind, self.number)
    }
}

/// The types an interface can have here.
const INTERFACES: &[&str] = &[
    "Async",
    "Embedded-Service-Engine",
    "Ethernet",
    "FastEthernet",
    "GigabitEthernet",
    "Loopback",
    "Null",
    "Port-channel",
    "Serial",
    "TenGigabitEthernet",
    "Tunnel",
    "Vlan",
];

/// Whether and how a word fits a kind.
pub(super) enum Fit {
    /// It is this.
    Value(Arg),
    /// An interface's type; its number comes as the next word.
    Half(&'static str),
    /// It abbreviates more than one.
    Several,
    /// Not at all; so many of its octets would have fitted.
    Not(usize),
}

/// Fits `word` (for [`Kind::Line`]: the rest of the line).
pub(super) fn fit(kind: Kind, word: &str, scope: &Scope<'_>) -> Fit {
    match kind {
        Kind::Word | Kind::Line => Fit::Value(Arg::Text(word.to_owned())),
        Kind::Number(low, high) => match word.parse::<u64>() {
            Ok(n) if (low..=high).contains(&n) => Fit::Value(Arg::Number(n)),
            _ => Fit::Not(0),
        },
        Kind::Hex => {
            let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
            match digits.and_then(|d| u16::from_str_radix(d, 16).ok()) {
                Some(n) => Fit::Value(Arg::Number(n.into())),
                None => Fit::Not(0),
            }
        }
        Kind::Addr => word.parse().map_or(Fit::Not(0), |a| Fit::Value(Arg::Addr(a))),
        Kind::Time => time(word).map_or(Fit::Not(0), |at| Fit::Value(Arg::Number(at))),
        Kind::Month => month(word),
        Kind::Url => url(word, scope.offers, |_| true, Bare::FsOrFile),
        Kind::Fs => url(word, scope.offers, |o| o.local, Bare::Fs),
        Kind::File => url(word, scope.offers, |o| o.local, Bare::File),
        Kind::Interface => interface(word),
    }
}

/// Seconds since midnight.
fn time(word: &str) -> Option<u64> {
    let digits =
        |part: &str| part.parse().ok().filter(|_| matches!(part.len(), 1..=2) && !part.starts_with('+'));
    let mut parts = word.split(':').map(digits);
    let (hour, minute, second): (u64, u64, u64) = (parts.next()??, parts.next()??, parts.next()??);
    let real = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    real.then_some((hour * 60 + minute) * 60 + second)
}

/// Names of months as far as they may be typed: what begins like one is one.
const REST: [&str; 12] =
    ["uary", "ruary", "ch", "il", "", "e", "y", "ust", "tember", "ober", "ember", "ember"];

fn month(word: &str) -> Fit {
    let fits = |(name, rest): (&&str, &&str)| {
        let (head, tail) = word.split_at_checked(name.len()).unwrap_or((word, ""));
        !word.is_empty() && begins(name, head) && begins(rest, tail)
    };
    let mut all = (1..).zip(MONTHS.iter().zip(&REST)).filter(|(_, month)| fits(*month)).map(|(n, _)| n);
    match (all.next(), all.next()) {
        (Some(one), None) => Fit::Value(Arg::Number(one)),
        (Some(_), Some(_)) => Fit::Several,
        (None, _) => Fit::Not(MONTHS.iter().map(|name| common(name, word)).max().unwrap_or(0)),
    }
}

/// What a word without a colon may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bare {
    FsOrFile,
    Fs,
    File,
}

fn url(word: &str, offers: &[Offer<'_>], wanted: fn(&Offer<'_>) -> bool, bare: Bare) -> Fit {
    let offers = offers.iter().filter(|o| wanted(o)).map(|o| o.name);
    if let Some((prefix, _)) = word.split_once(':') {
        let known = |o: &str| o.strip_suffix(':').is_some_and(|o| o.eq_ignore_ascii_case(prefix));
        return if offers.clone().any(known) {
            Fit::Value(Arg::Text(word.to_owned()))
        } else {
            // `copy running-config flash:x` where there is no flash: the caret stands under the `l`,
            // since `f` might have become `ftp:`.
            Fit::Not(offers.map(|o| common(o, word)).max().unwrap_or(0))
        };
    }
    if bare == Bare::File {
        return Fit::Value(Arg::Text(word.to_owned()));
    }
    let mut all = offers.clone();
    if let Some(exact) = all.find(|o| o.trim_end_matches(':').eq_ignore_ascii_case(word)) {
        return Fit::Value(Arg::Text(exact.to_owned()));
    }
    let mut short = offers.clone().filter(|o| begins(o, word));
    match (short.next(), short.next()) {
        (Some(one), None) => Fit::Value(Arg::Text(one.to_owned())),
        (Some(_), Some(_)) => Fit::Several,
        (None, _) if bare == Bare::Fs => Fit::Not(offers.map(|o| common(o, word)).max().unwrap_or(0)),
        // A file of the current directory.
        (None, _) => Fit::Value(Arg::Text(word.to_owned())),
    }
}

fn interface(word: &str) -> Fit {
    let letters = word.find(|c: char| c.is_ascii_digit()).unwrap_or(word.len());
    let (name, number) = word.split_at(letters);
    let mut kinds = INTERFACES.iter().copied().filter(|k| !name.is_empty() && begins(k, name));
    let kind = match (kinds.next(), kinds.next()) {
        (Some(one), None) => one,
        (Some(_), Some(_)) => return Fit::Several,
        (None, _) => return Fit::Not(INTERFACES.iter().map(|k| common(k, name)).max().unwrap_or(0)),
    };
    if number.is_empty() {
        return Fit::Half(kind);
    }
    match number_of(kind, number) {
        Some(i) => Fit::Value(Arg::Interface(i)),
        None => Fit::Not(letters),
    }
}

/// The interface of that type and number, if the number is one: `0`, `0/1`, `0/0/0.20`.
pub(super) fn number_of(kind: &'static str, number: &str) -> Option<Interface> {
    let digits = |s: &str| !s.is_empty() && s.len() <= 10 && s.bytes().all(|b| b.is_ascii_digit());
    let (slots, sub) = number.split_once('.').unwrap_or((number, "0"));
    let good = digits(sub) && slots.split('/').count() <= 3 && slots.split('/').all(digits);
    good.then(|| Interface { kind, number: number.to_owned() })
}

/// Whether `keyword` begins with `word`, whatever the case.
pub(super) fn begins(keyword: &str, word: &str) -> bool {
    keyword.len() >= word.len() && keyword.as_bytes()[..word.len()].eq_ignore_ascii_case(word.as_bytes())
}

/// Octets that both begin with, whatever the case.
pub(super) fn common(keyword: &str, word: &str) -> usize {
    keyword.bytes().zip(word.bytes()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
}
