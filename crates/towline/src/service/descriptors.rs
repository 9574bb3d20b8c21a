//! How many files and sockets this process may have open, and whether what the limits let in fits into that.

use crate::config::Loaded;
use crate::figures::grouped;
use rustix::process::{Resource, getrlimit, setrlimit};
use serve::listen::Want;

/// 2,048 connections with a file and a pipe each, and 32,768 TFTP transfers with a socket each, and reserve: so many
/// are asked for even where less may do.
const MANY: u64 = 65_536;
/// The program's own: listening sockets, epoll, what keeps the state; 23 for TFTP and FTP, 61 with everything on.
const OWN: u64 = 100;
/// Of a session: control connection, listener or data connection, a pipe's two ends; of an upload that keeps what it
/// replaces its file, its directory and two in reserve for that.
const SESSION: u64 = 8;
/// TFTP transfers leave so many to the rest.
const RESERVE: u64 = 1_500;
/// At least so many transfers, whatever the limit says.
const FEW: u64 = 64;

/// The soft limit; `None`: there is none.
pub(crate) fn limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// Raises the soft limit as far as the hard one goes and `loaded` can use it.
pub(super) fn raise(loaded: &Loaded) {
    raise_to(MANY.max(needs(loaded)));
}

/// The same for who serves no configuration.
pub(crate) fn many() {
    raise_to(MANY);
}

/// A soft limit of 1,024 open files, as shells give it, is for programs that use select(2); the hard one is for those
/// that know this of themselves.
fn raise_to(useful: u64) {
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(useful, |hard| hard.min(useful));
    if limit.current.is_some_and(|soft| soft < wanted) {
        limit.current = Some(wanted);
        // Where it is refused the old limit holds, and what does not fit is said.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// As many TFTP transfers as there are descriptors for: each has one, and files are shared.
pub(super) fn transfers() -> u64 {
    limit().map_or(u64::MAX, |n| n.saturating_sub(RESERVE).max(FEW))
}

/// What to say where more is let in than there are descriptors for.
pub(super) fn shortfall(loaded: &Loaded) -> Option<String> {
    told(limit()?, needs(loaded))
}

fn told(limit: u64, needs: u64) -> Option<String> {
    (needs > limit).then(|| {
        format!(
            "This process may have {} files and sockets open; what the limits let in may want {}. Those beyond are \
             refused: raise it (LimitNOFILE= in the unit, ulimit -Hn in a shell), or lower limits.sessions, \
             limits.half-open and tftp.max-transfers.",
            grouped(limit),
            grouped(needs)
        )
    })
}

/// What everything at once would take. TFTP transfers without a number of their own take what is left.
fn needs(loaded: &Loaded) -> u64 {
    let config = &loaded.config;
    let limits = config.limits.of_gate();
    let count = |n: Option<usize>| n.map_or(0, |n| u64::try_from(n).unwrap_or(u64::MAX));
    let connects = [config.ftp.port, config.ftps.port, config.http.port, config.https.port, config.sftp.port]
        .iter()
        .any(|p| *p != Want::Off);
    let (sessions, half_open) = match connects {
        true => (count(limits.all.sessions), count(limits.all.half_open)),
        false => (0, 0),
    };
    // Where all share the request port none has a socket of its own.
    let transfers = match config.tftp.max_transfers {
        _ if config.tftp.port == Want::Off || config.tftp.single_port => 0,
        Some(most) => u64::from(most.0),
        None => FEW,
    };
    OWN.saturating_add(sessions.saturating_mul(SESSION)).saturating_add(half_open).saturating_add(transfers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_said_with_both_figures_and_what_to_do() {
        assert_eq!(told(65_536, 65_536), None);
        let text = told(1_024, 12_000).unwrap();
        for part in ["1,024", "12,000", "LimitNOFILE=", "limits.sessions"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
