//! What SIGHUP means: that something is to be read anew, or that the terminal is gone, as it did before there were services.

use std::fs::File;

/// The terminal that a server was started at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Terminal {
    /// There is none, or its end is nothing to this server.
    Ignored,
    /// It ends with it.
    Ours,
}

impl Terminal {
    /// The one of this process, unless it is to outlive it (`nohup`). To be called before signals are caught.
    pub(crate) fn of_start() -> Terminal {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        if ignores_hangup(&status) || !is_there() { Terminal::Ignored } else { Terminal::Ours }
    }

    /// Whether it was there and is not any more.
    pub(super) fn is_gone(self) -> bool {
        match self {
            Terminal::Ignored => false,
            Terminal::Ours => !is_there(),
        }
    }
}

/// A process has a controlling terminal as long as it can open it by this name (tty(4)).
fn is_there() -> bool {
    File::open("/dev/tty").is_ok()
}

/// `status`: of /proc/self.
fn ignores_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is signal 1, the lowest bit (proc_pid_status(5)).
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nohup_sets_is_seen() {
        assert!(ignores_hangup("Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t0\n"));
        assert!(!ignores_hangup("Name:\tx\nSigIgn:\t0000000000001000\nSigCgt:\t1\n"));
        assert!(!ignores_hangup(""));
    }
}
