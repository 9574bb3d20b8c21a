//! What was there before a restart and has to be there again behind it, and how much of it may stay away.

use crate::Facts;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// What is watched of a device. What it did not say is not watched.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    /// Interfaces whose line protocol is up.
    pub up: Vec<String>,
    /// Where its routes come from, and how many there are.
    pub routes: Vec<Routes>,
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
        Tolerance { interfaces: 0, routes: Share::Percent(5), settle: Duration::from_secs(300) }
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
        State { up: facts.up.clone().unwrap_or_default(), routes: facts.routes.clone().unwrap_or_default() }
    }

    /// What is watched, each kind in words: `2 interfaces`, `12 routes (8 connected, 4 static)`.
    pub fn words(&self) -> Vec<String> {
        let several = |n: u64, of: &str| format!("{n} {of}{}", if n == 1 { "" } else { "s" });
        let mut words = Vec::new();
        if !self.up.is_empty() {
            words.push(several(self.up.len() as u64, "interface"));
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
