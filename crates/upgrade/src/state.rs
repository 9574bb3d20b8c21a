//! What was there before a restart and has to be there again behind it, and how much of it may stay away.

use crate::Facts;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// What is watched of a device. What it did not say is not watched.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    /// Interfaces whose line protocol is up.
    pub up: Vec<String>,
    /// Who is at the other end of which interface.
    pub neighbours: Vec<Neighbour>,
    /// Where its routes come from, and how many there are.
    pub routes: Vec<Routes>,
}

/// Who is at the other end of an interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Neighbour {
    /// As it calls itself: `SW1.example.net`; LLDP tells twenty letters of it.
    pub name: String,
    /// The interface of ours: `GigabitEthernet0/1`, `Gi0/1`.
    pub port: String,
}

/// Routes of one origin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Routes {
    /// `connected`, `static`, `ospf 1`
    pub source: String,
    /// How many.
    pub count: u64,
}

/// How much may stay away, and how long there is for the rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tolerance {
    /// Interfaces that may stay down.
    pub interfaces: u64,
    /// Neighbours that may stay away.
    pub neighbours: u64,
    /// Routes of each origin that may be missing.
    pub routes: Share,
    /// How long everything else has to come back, behind a restart.
    pub settle: Duration,
}

/// So many, or so many of a hundred.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Share {
    /// So many.
    Count(u64),
    /// So many of a hundred, rounded down.
    Percent(u8),
}

impl Default for Tolerance {
    fn default() -> Tolerance {
        // Of a table of a provider some routes come and go at any time.
        Tolerance {
            interfaces: 0,
            neighbours: 0,
            routes: Share::Percent(5),
            settle: Duration::from_secs(300),
        }
    }
}

impl Neighbour {
    /// Whether two are the same one at the same interface, however protocols and versions spell these.
    pub fn is(&self, other: &Neighbour) -> bool {
        is_port(&self.port, &other.port) && is_name(&self.name, &other.name)
    }
}

impl fmt::Display for Neighbour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, self.port)
    }
}

impl State {
    /// The first of its neighbours that is away and restarts because of ours: `others` are the names of such devices.
    pub fn restarting<'a>(&'a self, facts: &Facts, others: &[String]) -> Option<&'a Neighbour> {
        let there = facts.neighbours.as_deref().unwrap_or_default();
        let is_away = |one: &&Neighbour| !there.iter().any(|other| other.is(one));
        self.neighbours.iter().filter(is_away).find(|one| others.iter().any(|name| is_name(&one.name, name)))
    }
}

/// `Gi0/1`, `Gig 0/1` and `GigabitEthernet0/1` are the same.
fn is_port(a: &str, b: &str) -> bool {
    let parts = |text: &str| {
        let (kind, number) = text.split_at(text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len()));
        (kind.trim().to_ascii_lowercase(), String::from(number))
    };
    let ((a, m), (b, n)) = (parts(a), parts(b));
    m == n && (a.starts_with(&b) || b.starts_with(&a))
}

/// Letters of a name that LLDP tells.
const TOLD: usize = 20;

/// `SW1`, `SW1.example.net` and `SW1(FOC1234)` are the same, and what is cut off is.
fn is_name(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    match long.strip_prefix(short.as_str()) {
        Some(rest) => rest.is_empty() || rest.starts_with(['.', '(']) || short.chars().count() == TOLD,
        None => false,
    }
}

impl Share {
    /// How many that is.
    pub fn of(self, all: u64) -> u64 {
        match self {
            Share::Count(count) => count,
            Share::Percent(percent) => {
                let percent = u64::from(percent.min(100));
                all / 100 * percent + all % 100 * percent / 100
            }
        }
    }
}

impl State {
    /// That of a device with these facts.
    pub fn of(facts: &Facts) -> State {
        State {
            up: facts.up.clone().unwrap_or_default(),
            neighbours: facts.neighbours.clone().unwrap_or_default(),
            routes: facts.routes.clone().unwrap_or_default(),
        }
    }

    /// What is watched, each kind in words: `2 interfaces`, `12 routes (8 connected, 4 static)`.
    pub fn words(&self) -> Vec<String> {
        let several = |n: u64, of: &str| format!("{n} {of}{}", if n == 1 { "" } else { "s" });
        let mut words = Vec::new();
        if !self.up.is_empty() {
            words.push(several(self.up.len() as u64, "interface"));
        }
        if !self.neighbours.is_empty() {
            words.push(several(self.neighbours.len() as u64, "neighbour"));
        }
        if !self.routes.is_empty() {
            let all = self.routes.iter().fold(0_u64, |sum, routes| sum.saturating_add(routes.count));
            let each = self.routes.iter().map(|routes| format!("{} {}", routes.count, routes.source));
            words.push(format!("{} ({})", several(all, "route"), each.collect::<Vec<_>>().join(", ")));
        }
        words
    }

    /// What of it is away, each kind in words, and more of it than may be; none: it is as it should be.
    pub fn lost(&self, facts: &Facts, tolerance: &Tolerance) -> Vec<String> {
        let mut lost = Vec::new();
        if let Some(up) = &facts.up {
            let down: Vec<&str> =
                self.up.iter().filter(|name| !up.contains(name)).map(String::as_str).collect();
            if down.len() as u64 > tolerance.interfaces {
                lost.push(format!("interfaces that are down: {}", down.join(", ")));
            }
        }
        if let Some(there) = &facts.neighbours {
            let is_away = |one: &&Neighbour| !there.iter().any(|other| other.is(one));
            let away: Vec<String> = self.neighbours.iter().filter(is_away).map(ToString::to_string).collect();
            if away.len() as u64 > tolerance.neighbours {
                lost.push(format!("neighbours: {}", away.join(", ")));
            }
        }
        if let Some(routes) = &facts.routes {
            let now = |source: &str| routes.iter().find(|r| r.source == source).map_or(0, |r| r.count);
            let fewer = self.routes.iter().filter_map(|Routes { source, count }| {
                let now = now(source);
                let is_lost = count.saturating_sub(now) > tolerance.routes.of(*count);
                is_lost.then(|| format!("{now} of {count} {source}"))
            });
            let fewer: Vec<String> = fewer.collect();
            if !fewer.is_empty() {
                lost.push(format!("routes: {}", fewer.join(", ")));
            }
        }
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_is_the_same_however_it_is_spelled() {
        let one = |name: &str, port: &str| Neighbour { name: name.into(), port: port.into() };
        for (a, b, is_same) in [
            (one("SW1", "Gi0/1"), one("sw1.example.net", "GigabitEthernet0/1"), true),
            (one("N7K(JAF1)", "Gig 0/1"), one("N7K", "Gi0/1"), true),
            (one("long_name_swt.josh-v", "Gi0/2"), one("long_name_swt.josh-v4.net", "Gi0/2"), true),
            (one("SW1", "Gi0/1"), one("SW10", "Gi0/1"), false),
            (one("SW1", "Gi0/1"), one("SW1", "Gi0/11"), false),
            (one("SW1", "Gi0/1"), one("SW1", "Te0/1"), false),
            (one("\u{20ac}\u{20ac}", "Gi0/1"), one("\u{20ac}", "Gi0/1"), false),
        ] {
            assert_eq!((a.is(&b), b.is(&a)), (is_same, is_same), "{a}, {b}");
        }
    }
}
