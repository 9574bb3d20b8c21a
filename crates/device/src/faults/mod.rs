//! Misbehaviour on request: what is wrong with a device, and what that does where it is asked.
//!
//! A fault is set and taken back while the device runs. Everything that is drawn comes from one seed: the same faults at
//! the same moments do the same. Nothing here acts by itself; whoever writes flash, boots or prompts asks.

mod at_command;
mod fault;
mod on_device;

pub(crate) use at_command::Fate;
pub use fault::{BadFault, FAULTS, Fault, NoSuchPort, Which};

use crate::profile::Port;
use client::Loses;
use link::Rng;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What is wrong with one device.
#[derive(Debug)]
pub(crate) struct Faults(
    // Guards what is wrong; held for a look.
    Mutex<State>,
);

#[derive(Debug)]
struct State {
    set: Vec<Fault>,
    rng: Rng,
    /// When the next message of noise is due.
    noise: Option<Instant>,
    /// How many there were.
    said: u64,
}

/// What happens in the middle of a copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Midway {
    Drop,
    Reload,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Arc<Faults> {
        let state = State { set: Vec::new(), rng: Rng::new(seed), noise: None, said: 0 };
        Arc::new(Faults(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets one; one of the same kind, of losses to the same host, goes.
    pub(crate) fn set(&self, fault: Fault) {
        let mut state = self.state();
        state.set.retain(|other| !fault.replaces(other));
        if let Fault::Noise(every) = fault {
            state.noise = Some(Instant::now() + every);
        }
        state.set.push(fault);
    }

    pub(crate) fn clear(&self) {
        self.state().set.clear();
    }

    /// Takes back those; whether there were any.
    pub(crate) fn take_back(&self, is_meant: impl Fn(&Fault) -> bool) -> bool {
        let mut state = self.state();
        let before = state.set.len();
        state.set.retain(|fault| !is_meant(fault));
        state.set.len() != before
    }

    pub(crate) fn all(&self) -> Vec<Fault> {
        self.state().set.clone()
    }

    fn find<T>(&self, of: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        self.state().set.iter().find_map(of)
    }

    /// How long writing so many octets to flash takes.
    pub(crate) fn writing(&self, octets: usize) -> Option<Duration> {
        let rate = self.find(|fault| if let Fault::SlowFlash(rate) = fault { Some(*rate) } else { None })?;
        Some(Duration::from_secs_f64(octets as f64 / rate as f64))
    }

    /// What is free in flash, of so many octets that are.
    pub(crate) fn free(&self, free: u64) -> u64 {
        let most = self.find(|fault| if let Fault::FullFlash(most) = fault { Some(*most) } else { None });
        free.min(most.unwrap_or(free))
    }

    /// Which octet of a new file of so many is not what came, and what is wrong in it.
    pub(crate) fn damage(&self, len: u64) -> Option<(u64, u8)> {
        let mut state = self.state();
        let at = state.set.iter().position(|fault| matches!(fault, Fault::BadSectors(_)))?;
        if len == 0 {
            return None;
        }
        state.use_up(at);
        Some(flip(&mut state.rng, len))
    }

    /// Which datagrams to `host` get lost from now on.
    pub(crate) fn losing(self: &Arc<Self>, host: IpAddr) -> Option<Loses> {
        let share = move |fault: &Fault| match fault {
            Fault::Loss { percent, host: to } if *to == host => Some(u64::from(*percent)),
            _ => None,
        };
        self.find(share)?;
        let faults = self.clone();
        Some(Box::new(move || {
            // It may have been taken back meanwhile.
            let Some(percent) = faults.find(share) else { return false };
            faults.state().rng.below(100) < percent
        }))
    }

    /// How many times as fast the auto-abort timer runs.
    pub(crate) fn haste(&self) -> u32 {
        self.find(|fault| if let Fault::Haste(times) = fault { Some(*times) } else { None }).unwrap_or(1)
    }

    /// Whether a copy has something before it, for which its size has to be known.
    pub(crate) fn waits_for_copy(&self) -> bool {
        self.find(|fault| matches!(fault, Fault::DropSession(_) | Fault::ReloadInCopy(_)).then_some(()))
            .is_some()
    }

    /// What happens when `moved` of `size` octets of a copy are there; it does not happen again.
    pub(crate) fn midway(&self, moved: u64, size: u64) -> Option<Midway> {
        if size == 0 {
            return None;
        }
        let mut state = self.state();
        let due = |percent: u8| moved >= size.saturating_mul(u64::from(percent)).div_ceil(100);
        let at = state.set.iter().position(|fault| match fault {
            Fault::DropSession(percent) | Fault::ReloadInCopy(percent) => due(*percent),
            _ => false,
        })?;
        match state.set.remove(at) {
            Fault::DropSession(_) => Some(Midway::Drop),
            _ => Some(Midway::Reload),
        }
    }

    /// A system message, if one is due.
    pub(crate) fn noise(&self, now: Instant) -> Option<String> {
        let mut state = self.state();
        let every = state.set.iter().find_map(|fault| match fault {
            Fault::Noise(every) => Some(*every),
            _ => None,
        })?;
        if state.noise.is_some_and(|at| now < at) {
            return None;
        }
        state.noise = Some(now + every);
        state.said += 1;
        let number = state.said;
        Some(match state.rng.below(3) {
            0 => format!(
                "%LINEPROTO-5-UPDOWN: Line protocol on Interface Loopback{number}, changed state to up"
            ),
            1 => format!(
                "%SYS-5-CONFIG_I: Configured from console by noise on vty0 (10.255.255.{})",
                number % 256
            ),
            _ => format!(
                "%SEC-6-IPACCESSLOGP: list 101 denied tcp 10.0.{}.1(4711) -> 10.0.0.2(23), 1 packet",
                number % 256
            ),
        })
    }

    /// Whether this boot fails.
    pub(crate) fn boot_fails(&self) -> bool {
        self.used(|fault| matches!(fault, Fault::BootFails(_)))
    }

    /// Whether the configuration cannot be saved this time.
    pub(crate) fn nvram_is_busy(&self) -> bool {
        self.used(|fault| matches!(fault, Fault::BusyNvram(_)))
    }

    /// Whether there is one of these; of one that happens so many times there is one time less then.
    fn used(&self, is: impl Fn(&Fault) -> bool) -> bool {
        let mut state = self.state();
        let Some(at) = state.set.iter().position(is) else { return false };
        state.use_up(at);
        true
    }

    /// Whether this port has no carrier, whatever is at its other end.
    pub(crate) fn unplugs(&self, port: &Port) -> bool {
        let is = |which: &Which| match which {
            Which::All => true,
            Which::Port(name) => *name == **port,
        };
        self.find(|fault| matches!(fault, Fault::LinkDown(which) if is(which)).then_some(())).is_some()
    }

    /// It restarts: links that are not to come back with it are down from now on.
    pub(crate) fn unplug_for_good(&self) {
        let mut state = self.state();
        for fault in &mut state.set {
            if let Fault::NoLinkAfterBoot(which) = fault {
                *fault = Fault::LinkDown(which.clone());
            }
        }
    }

    /// Whether boot loaders find that file of flash damaged.
    pub(crate) fn damages(&self, file: &str) -> bool {
        let is = |image: &str| file.rsplit('/').next() == Some(image);
        self.find(|fault| matches!(fault, Fault::Damaged(image) if is(image)).then_some(())).is_some()
    }

    /// How much longer a boot takes.
    pub(crate) fn slow_boot(&self) -> Duration {
        self.find(|fault| if let Fault::SlowBoot(time) = fault { Some(*time) } else { None })
            .unwrap_or_default()
    }

    pub(crate) fn boots_any_image(&self) -> bool {
        self.find(|fault| matches!(fault, Fault::AnyImage).then_some(())).is_some()
    }

    /// What stands behind the host name in prompts.
    pub(crate) fn prompt(&self) -> Option<String> {
        self.find(|fault| if let Fault::Prompt(text) = fault { Some(text.clone()) } else { None })
    }

    /// How many seconds the clock is off.
    pub(crate) fn clock(&self) -> i64 {
        self.find(|fault| if let Fault::Clock(seconds) = fault { Some(*seconds) } else { None }).unwrap_or(0)
    }

    pub(crate) fn lets_nobody_in(&self) -> bool {
        self.find(|fault| matches!(fault, Fault::AaaDown).then_some(())).is_some()
    }
}

impl State {
    /// One time less, where it happens so many times.
    fn use_up(&mut self, at: usize) {
        match &mut self.set[at] {
            Fault::BadSectors(times)
            | Fault::BootFails(Some(times))
            | Fault::Refuse(times)
            | Fault::BusyNvram(times)
                if *times > 1 =>
            {
                *times -= 1;
            }
            Fault::BootFails(None) => {}
            _ => drop(self.set.remove(at)),
        }
    }
}

impl Fault {
    /// Whether this one takes the place of another.
    fn replaces(&self, other: &Fault) -> bool {
        match (self, other) {
            (Fault::Loss { host, .. }, Fault::Loss { host: other, .. }) => host == other,
            (Fault::Damaged(image), Fault::Damaged(other)) => image == other,
            (Fault::LinkDown(which), Fault::LinkDown(other))
            | (Fault::NoLinkAfterBoot(which), Fault::NoLinkAfterBoot(other)) => which == other,
            (Fault::When { typed, fault }, Fault::When { typed: other, fault: of }) => {
                typed == other && fault.replaces(of)
            }
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

fn flip(rng: &mut Rng, len: u64) -> (u64, u8) {
    let at = rng.below(len);
    (at, 1 << rng.below(8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_comes_from_the_seed() {
        let run = |seed| {
            let faults = Faults::new(seed);
            faults.set(Fault::BadSectors(3));
            let host = "10.0.0.1".parse().expect("an address");
            faults.set(Fault::Loss { percent: 30, host });
            let damage: Vec<_> = (0..4).map(|_| faults.damage(1_000_000)).collect();
            let mut loses = faults.losing(host).expect("it loses");
            let lost: Vec<bool> = (0..1_000).map(|_| loses()).collect();
            (damage, lost)
        };
        let (damage, lost) = run(7);
        assert_eq!((damage.clone(), lost.clone()), run(7));
        assert_ne!(damage, run(8).0);
        assert!(damage[..3].iter().all(Option::is_some) && damage[3].is_none(), "three files and no more");
        let share = lost.iter().filter(|lost| **lost).count();
        assert!((230..370).contains(&share), "{share} of 1,000 for 30 of a hundred");
    }

    #[test]
    fn a_fault_takes_the_place_of_one_of_its_kind_and_counts_down() {
        let faults = Faults::new(1);
        for text in
            ["boot-fails 2", "clock 5", "loss 1 10.0.0.1", "loss 2 10.0.0.2", "clock 6", "loss 3 10.0.0.1"]
        {
            faults.set(text.parse().expect(text));
        }
        let texts: Vec<String> = faults.all().iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["boot-fails 2", "loss 2 10.0.0.2", "clock 6", "loss 3 10.0.0.1"]);
        assert_eq!([faults.boot_fails(), faults.boot_fails(), faults.boot_fails()], [true, true, false]);
        faults.set(Fault::BootFails(None));
        assert!((0..10).all(|_| faults.boot_fails()), "for ever");
        faults.set(Fault::DropSession(50));
        assert_eq!(faults.midway(499, 1_000), None);
        assert_eq!(faults.midway(500, 1_000), Some(Midway::Drop));
        assert_eq!(faults.midway(1_000, 1_000), None, "once");
        faults.clear();
        assert!(faults.all().is_empty() && !faults.boot_fails());
    }
}
