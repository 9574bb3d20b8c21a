//! Who has a device, and whether that one lives. The kernel knows; where it cannot be asked nothing is assumed.

use std::fmt;
use std::fs;

/// A process that has claimed a device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// When it started, in the kernel's ticks since the host did: a number that is given again has another. `None`: the
    /// kernel does not say.
    pub started: Option<u64>,
    /// Its host.
    pub host: String,
    /// Which start of that host, and where there numbers of processes mean something.
    pub boot: String,
    /// When it claimed the device: milliseconds since 1970.
    pub since: i64,
}

/// Whether a process lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alive {
    /// It does.
    Yes,
    /// It is certainly gone.
    No,
    /// It cannot be known from here: another host, another container.
    Unknown,
}

impl Holder {
    /// This process.
    pub(super) fn me(since: i64) -> Holder {
        let pid = std::process::id();
        let (host, boot) = here();
        Holder { pid, started: start_of(pid), host, boot, since }
    }

    /// Whether it lives.
    pub fn alive(&self) -> Alive {
        let (host, boot) = here();
        self.seen_from(&host, &boot, start_of(self.pid))
    }

    fn seen_from(&self, host: &str, boot: &str, started: Option<u64>) -> Alive {
        let start = |boot: &str| boot.split(' ').next().unwrap_or_default().to_owned();
        if self.host != host || boot.is_empty() || self.started.is_none() {
            return Alive::Unknown;
        }
        if start(&self.boot) != start(boot) {
            // The host has started anew since.
            return Alive::No;
        }
        match started {
            _ if self.boot != boot => Alive::Unknown,
            started if started == self.started => Alive::Yes,
            _ => Alive::No,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the process {} on {}", self.pid, self.host)
    }
}

/// The host's name; and its start with the name space of its processes, nothing where the kernel does not say.
fn here() -> (String, String) {
    let read = |path: &str| fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default();
    let host = read("/proc/sys/kernel/hostname");
    let start = read("/proc/sys/kernel/random/boot_id");
    let space = fs::read_link("/proc/self/ns/pid").map(|to| to.display().to_string());
    match space {
        Ok(space) if !start.is_empty() => (host, format!("{start} {space}")),
        Ok(_) | Err(_) => (host, String::new()),
    }
}

/// When a process of here started; `None`: there is none, or it is only a corpse.
fn start_of(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // proc_pid_stat(5): the name, in parentheses, may hold spaces and parentheses; the state is field 3, the start 22.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let is_gone = matches!(fields.next()?, "Z" | "X");
    fields.nth(18)?.parse().ok().filter(|_| !is_gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    #[test]
    fn who_lives_is_known_by_number_and_start() {
        let me = Holder::me(0);
        assert_eq!(me.alive(), Alive::Yes, "{me:?}");
        assert!(me.started.is_some_and(|ticks| ticks > 0), "{me:?}");
        let mut other = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let holder = Holder { pid: other.id(), started: start_of(other.id()), ..me.clone() };
        assert_eq!(holder.alive(), Alive::Yes);
        // Killed and not yet waited for it is a corpse with its number.
        other.kill().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while holder.alive() != Alive::No {
            assert!(Instant::now() < deadline, "it stays");
            std::thread::yield_now();
        }
        other.wait().unwrap();
        assert_eq!(holder.alive(), Alive::No);
        // Its number was given to somebody else.
        assert_eq!(Holder { started: Some(1), ..me }.alive(), Alive::No);
    }

    #[test]
    fn what_cannot_be_known_is_not_assumed() {
        let there = |host: &str, boot: &str| Holder {
            pid: 7,
            started: Some(70),
            host: host.into(),
            boot: boot.into(),
            since: 0,
        };
        for (holder, host, boot, started, alive) in [
            (there("a", "b1 pid:[1]"), "a", "b1 pid:[1]", Some(70), Alive::Yes),
            (there("a", "b1 pid:[1]"), "a", "b1 pid:[1]", Some(71), Alive::No),
            (there("a", "b1 pid:[1]"), "a", "b1 pid:[1]", None, Alive::No),
            (there("a", "b1 pid:[1]"), "a", "b2 pid:[1]", Some(70), Alive::No),
            (there("a", "b1 pid:[1]"), "a", "b1 pid:[2]", None, Alive::Unknown),
            (there("a", "b1 pid:[1]"), "b", "b9 pid:[1]", None, Alive::Unknown),
            (there("a", "b1 pid:[1]"), "a", "", None, Alive::Unknown),
            (Holder { started: None, ..there("a", "b1 pid:[1]") }, "a", "b1 pid:[1]", None, Alive::Unknown),
        ] {
            assert_eq!(
                holder.seen_from(host, boot, started),
                alive,
                "{holder:?} from {host} {boot} {started:?}"
            );
        }
    }
}
