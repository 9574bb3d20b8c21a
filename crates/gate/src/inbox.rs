//! A drop box: whoever is not known may only put files in, each under a name of its own.
//!
//! `r1-confg` becomes `r1-confg.2026-11-26T06-05-00Z`, by the time of the request in UTC; a second one in the
//! same second ends in `Z-2`. Nothing is ever written over, so no upload hides another, and there is no
//! `r1-confg` beside them: it would be the one name that changes, and the newest is the last in order.

use crate::Refusal;
use clock::civil::Civil;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};
use store::{BadPath, MAX_COMPONENT, Store, StoreError, VPath};

/// Uploads of one name in one second; the rate of one client is far below.
const A_SECOND: u32 = 1_000;

/// The names that uploads under way will have.
#[derive(Default)]
pub(crate) struct Inbox {
    // Guards the names; held while one is chosen, also while the store is asked whether it is free.
    taken: Mutex<BTreeSet<VPath>>,
}

/// A name; dropped, it may be given to another.
pub(crate) struct Place {
    inbox: Arc<Inbox>,
    path: VPath,
}

impl Inbox {
    /// A free name for an upload to `path` that begins now.
    pub(crate) fn place(
        self: &Arc<Inbox>,
        store: &dyn Store,
        path: &VPath,
        now: SystemTime,
    ) -> Result<(VPath, Place), Refusal> {
        let mut taken = self.lock();
        for n in 1..=A_SECOND {
            let path = stamped(path, now, n)?;
            if taken.contains(&path) {
                continue;
            }
            match store.stat(&path) {
                Err(StoreError::Absent) => {
                    taken.insert(path.clone());
                    return Ok((path.clone(), Place { inbox: self.clone(), path }));
                }
                Ok(_) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(Refusal::Busy)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<VPath>> {
        self.taken.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.inbox.lock().remove(&self.path);
    }
}

fn stamped(path: &VPath, now: SystemTime, n: u32) -> Result<VPath, Refusal> {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut name = path.name().to_vec();
    let c = Civil::from_unix(i64::try_from(since.as_secs()).unwrap_or(0));
    // No ':': such a name can be copied to any file system.
    let stamp =
        format!(".{:04}-{:02}-{:02}T{:02}-{:02}-{:02}Z", c.year, c.month, c.day, c.hour, c.minute, c.second);
    name.extend_from_slice(stamp.as_bytes());
    if n > 1 {
        name.extend_from_slice(format!("-{n}").as_bytes());
    }
    if name.len() > MAX_COMPONENT {
        return Err(BadPath::TooLong { len: name.len(), max: MAX_COMPONENT }.into());
    }
    Ok(path.parent().child(&name)?)
}

/// Octets of `.2026-11-26T06-05-00Z`.
const STAMP: usize = 21;

/// A name in a drop box. Ordered within one `base` by time and number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct InboxVersion<'a> {
    /// The name that was uploaded.
    pub base: &'a [u8],
    /// `2026-11-26T06-05-00Z`.
    pub time: &'a [u8],
    /// From 1: which of that second.
    pub nth: u32,
}

impl<'a> InboxVersion<'a> {
    /// Reads a name; `None`: it has no stamp.
    pub fn read(name: &'a [u8]) -> Option<InboxVersion<'a>> {
        let (rest, nth) = match name.iter().rposition(|&b| b == b'-') {
            Some(at) if name[..at].ends_with(b"Z") => {
                let digits =
                    std::str::from_utf8(&name[at + 1..]).ok().filter(|d| !d.starts_with(['0', '+']))?;
                (&name[..at], digits.parse().ok()?)
            }
            _ => (name, 1),
        };
        let at = rest.len().checked_sub(STAMP).filter(|at| *at > 0)?;
        let (base, stamp) = rest.split_at(at);
        let is_stamp = stamp.iter().zip(b".0000-00-00T00-00-00Z").all(|(b, model)| match model {
            b'0' => b.is_ascii_digit(),
            mark => b == mark,
        });
        is_stamp.then_some(InboxVersion { base, time: &stamp[1..], nth })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use store::memory::Memory;

    fn p(path: &str) -> VPath {
        VPath::parse(path.as_bytes()).unwrap()
    }

    #[test]
    fn names_of_one_second_are_apart_and_are_read_back() {
        let (store, inbox) = (Memory::new(), Arc::new(Inbox::default()));
        let now = UNIX_EPOCH + Duration::from_secs(1_795_673_100);
        store.seed("/a.2026-11-26T06-05-00Z-2", &b"x"[..]);
        let first = inbox.place(&store, &p("/a"), now).unwrap();
        let second = inbox.place(&store, &p("/a"), now).unwrap();
        assert_eq!(first.0, p("/a.2026-11-26T06-05-00Z"));
        assert_eq!(second.0, p("/a.2026-11-26T06-05-00Z-3"));
        drop(first);
        assert_eq!(
            inbox.place(&store, &p("/a"), now).unwrap().0,
            p("/a.2026-11-26T06-05-00Z"),
            "it never came"
        );
        assert!(inbox.place(&store, &p(&format!("/{}", "a".repeat(240))), now).is_err());

        let read = |name: &str| {
            InboxVersion::read(name.as_bytes()).map(|v| (v.base.to_vec(), v.time.to_vec(), v.nth))
        };
        let time = b"2026-11-26T06-05-00Z".to_vec();
        assert_eq!(read("a.2026-11-26T06-05-00Z"), Some((b"a".to_vec(), time.clone(), 1)));
        assert_eq!(read("r1-confg.2026-11-26T06-05-00Z-12"), Some((b"r1-confg".to_vec(), time, 12)));
        for none in [
            "a",
            ".2026-11-26T06-05-00Z",
            "a.2026-11-26T06-05-00",
            "a.2026-11-26T06-05-00Z-x",
            "a.2026-11-26T06:05:00Z",
            "r1-confg",
            "Z-2",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
