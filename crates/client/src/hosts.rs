//! What is remembered of servers between transfers.

use crate::Rung;
use ftp_proto::client::Way;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Servers remembered at a time; the one that was noted longest ago makes room.
const MOST: usize = 256;
/// Then the best is tried again: servers and paths are mended.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Servers for which the best TFTP offer did not work, and the [`Rung`] that did; and those of FTP whose data connections
/// come about by PASV only, or by active mode only.
///
/// Shared by the transfers of a caller ([`Options::hosts`](crate::Options)); it only ever saves time: what is
/// in it may be lost, and after a day the best is tried again. [`Hosts::read`] and [`Hosts::text`] carry it
/// from one process to the next.
#[derive(Debug, Default)]
pub struct Hosts {
    // Guards the entries; held for one look or one note.
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: BTreeMap<SocketAddr, Entry>,
    /// Whether they differ from what was read.
    changed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    what: What,
    /// Seconds since 1970.
    noted: u64,
}

/// What worked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    /// Of a port of TFTP.
    Offer(Rung),
    /// Of a port of FTP.
    Data(Way),
}

/// Ways of FTP by the names they are kept by; EPSV is the best and needs none.
const WAYS: [(&str, Way); 2] = [("pasv", Way::Pasv), ("active", Way::Active)];

impl What {
    fn name(self) -> &'static str {
        match self {
            What::Offer(rung) => rung.name(),
            What::Data(way) => WAYS.iter().find(|row| row.1 == way).map_or("epsv", |row| row.0),
        }
    }

    fn named(name: &str) -> Option<What> {
        let way = WAYS.iter().find(|row| row.0 == name).map(|row| What::Data(row.1));
        way.or_else(|| Rung::named(name).map(What::Offer))
    }
}

impl Entry {
    /// Younger than [`KEPT`]. A note from the future is of a clock that was wrong.
    fn is_fresh(&self, now: u64) -> bool {
        now.checked_sub(self.noted).is_some_and(|age| age < KEPT.as_secs())
    }
}

impl Hosts {
    /// Nothing remembered.
    pub fn new() -> Hosts {
        Hosts::default()
    }

    /// Reads what [`Hosts::text`] wrote: `ADDRESS:PORT RUNG SECONDS` a line. Other lines are skipped.
    pub fn read(text: &str) -> Hosts {
        let entry = |line: &str| {
            let mut words = line.split_ascii_whitespace();
            let server = words.next()?.parse().ok()?;
            let what = What::named(words.next()?)?;
            Some((server, Entry { what, noted: words.next()?.parse().ok()? }))
        };
        let entries = text.lines().filter_map(entry).take(MOST).collect();
        Hosts { kept: Mutex::new(Kept { entries, changed: false }) }
    }

    /// What is remembered, one server a line; `None` where nothing changed since it was read.
    pub fn text(&self) -> Option<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |(server, e): (&SocketAddr, &Entry)| format!("{server} {} {}\n", e.what.name(), e.noted);
        kept.changed.then(|| kept.entries.iter().map(line).collect())
    }

    /// Where to begin with this server.
    pub fn first(&self, server: SocketAddr) -> Rung {
        self.first_at(server, now())
    }

    fn first_at(&self, server: SocketAddr, now: u64) -> Rung {
        match self.fresh(server, now) {
            Some(What::Offer(rung)) => rung,
            Some(What::Data(_)) | None => Rung::Path,
        }
    }

    fn fresh(&self, server: SocketAddr, now: u64) -> Option<What> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entries.get(&server).filter(|e| e.is_fresh(now)).map(|e| e.what)
    }

    /// By which way data connections of this server of FTP came about; `None`: nothing is known, or the best one.
    pub fn way(&self, server: SocketAddr) -> Option<Way> {
        match self.fresh(server, now()) {
            Some(What::Data(way)) => Some(way),
            Some(What::Offer(_)) | None => None,
        }
    }

    /// One came about this way.
    pub fn note_way(&self, server: SocketAddr, way: Way) {
        self.keep(server, What::Data(way), way == Way::Extended, now());
    }

    /// This one carried a file.
    pub fn note(&self, server: SocketAddr, rung: Rung) {
        self.note_at(server, rung, now());
    }

    fn note_at(&self, server: SocketAddr, rung: Rung, now: u64) {
        self.keep(server, What::Offer(rung), rung == Rung::Path, now);
    }

    fn keep(&self, server: SocketAddr, what: What, is_best: bool, now: u64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if is_best {
            kept.changed |= kept.entries.remove(&server).is_some();
            return;
        }
        // That it works still does not make it the best for another day.
        if kept.entries.get(&server).is_some_and(|e| e.what == what && e.is_fresh(now)) {
            return;
        }
        if kept.entries.len() >= MOST && !kept.entries.contains_key(&server) {
            let oldest = kept.entries.iter().min_by_key(|(_, e)| e.noted).map(|(server, _)| *server);
            if let Some(oldest) = oldest {
                kept.entries.remove(&oldest);
            }
        }
        kept.entries.insert(server, Entry { what, noted: now });
        kept.changed = true;
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(n: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, (n >> 8) as u8, n as u8], 69))
    }

    #[test]
    fn what_worked_is_where_the_next_transfer_begins_for_a_day() {
        let hosts = Hosts::new();
        assert_eq!(hosts.first_at(host(1), 1_000), Rung::Path);
        hosts.note_at(host(1), Rung::Tunnel, 1_000);
        hosts.note_at(host(1), Rung::Tunnel, 80_000);
        assert_eq!(hosts.first_at(host(1), 87_399), Rung::Tunnel);
        assert_eq!(hosts.first_at(host(1), 87_400), Rung::Path, "a day after the first note");
        assert_eq!(hosts.first_at(host(1), 999), Rung::Path, "the clock was set back");
        assert_eq!(hosts.first_at(host(2), 1_001), Rung::Path);
        hosts.note_at(host(1), Rung::Path, 90_000);
        assert_eq!(hosts.text().as_deref(), Some(""), "the best needs no note");
    }

    #[test]
    fn it_is_carried_as_text_and_other_lines_are_skipped() {
        let hosts = Hosts::read("10.0.0.1:69 small 7\n[::1]:6969 plain 8\nx\n10.0.0.2:69 huge 9\n\u{0}\n");
        assert_eq!(hosts.first_at(host(1), 8), Rung::Small);
        assert_eq!(hosts.first_at("[::1]:6969".parse().unwrap(), 8), Rung::Plain);
        assert_eq!(hosts.text(), None, "nothing new");
        hosts.note_at(host(3), Rung::Large, 9);
        let text = hosts.text().unwrap();
        assert_eq!(text, "10.0.0.1:69 small 7\n10.0.0.3:69 large 9\n[::1]:6969 plain 8\n");
    }

    #[test]
    fn a_way_of_ftp_is_kept_and_the_best_one_is_forgotten() {
        let (hosts, server) = (Hosts::new(), "10.0.0.1:21".parse().unwrap());
        assert_eq!(hosts.way(server), None);
        hosts.note_way(server, Way::Pasv);
        assert_eq!((hosts.way(server), hosts.first(server)), (Some(Way::Pasv), Rung::Path));
        let read = Hosts::read(&hosts.text().unwrap());
        assert_eq!(read.way(server), Some(Way::Pasv));
        hosts.note_way(server, Way::Extended);
        assert_eq!(hosts.way(server), None);
    }

    #[test]
    fn it_is_bounded_and_the_oldest_makes_room() {
        let hosts = Hosts::new();
        for n in 0..300 {
            hosts.note_at(host(n), Rung::Small, u64::from(n));
        }
        assert_eq!(hosts.text().unwrap().lines().count(), MOST);
        assert_eq!(hosts.first_at(host(43), 300), Rung::Path);
        assert_eq!(hosts.first_at(host(44), 300), Rung::Small);
    }
}
