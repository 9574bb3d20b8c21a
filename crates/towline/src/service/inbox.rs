//! A drop box: what an upload changed since the one before of its name.

use crate::difference::lines;
use crate::events::{Event, Name};
use crate::figures::grouped;
use gate::audit::{self, What};
use gate::{Direction, InboxVersion, Outcome};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;
use store::{Blob, Kind, Store, VPath};

/// Octets of a text that is compared line by line; larger ones are compared as a whole.
const TEXT: u64 = 1 << 20;
/// Names looked at for the one before.
const ENTRIES: usize = 100_000;
/// Uploads that wait to be compared; more are stored and not compared.
const WAITING: usize = 1_000;

/// What a comparison found, for people and as an event.
pub(super) type Told = (String, Event);

/// Compares uploads beside serving.
pub(super) struct Inbox {
    /// None when there is nothing more to come.
    uploads: Option<mpsc::SyncSender<VPath>>,
    told: Receiver<Told>,
}

impl Inbox {
    /// A thread that compares what is in `store`.
    pub(super) fn start(store: Arc<dyn Store>) -> std::io::Result<Inbox> {
        let (uploads, queue) = mpsc::sync_channel::<VPath>(WAITING);
        let (tell, told): (Sender<Told>, _) = mpsc::channel();
        std::thread::Builder::new().name("inbox".into()).spawn(move || {
            for path in queue {
                if tell.send(compare(&*store, &path)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Inbox { uploads: Some(uploads), told })
    }

    /// Sees an event of the door.
    pub(super) fn see(&self, event: &audit::Event) {
        if let What::Ended { path, dir: Direction::Write, end, .. } = &event.what
            && end.outcome == Outcome::Complete
            && InboxVersion::read(path.name()).is_some()
            && let Some(uploads) = &self.uploads
        {
            // Where too many wait this one is not compared.
            let _ = uploads.try_send(path.clone());
        }
    }

    /// What was found meanwhile.
    pub(super) fn told(&self) -> impl Iterator<Item = Told> + '_ {
        self.told.try_iter()
    }

    /// What is found of the uploads that were seen; waits for it at most that long.
    pub(super) fn rest(mut self, patience: Duration) -> Vec<Told> {
        self.uploads = None;
        let mut rest = Vec::new();
        while let Ok(told) = self.told.recv_timeout(patience) {
            rest.push(told);
        }
        rest
    }
}

/// Compares a version with the one before of its name.
fn compare(store: &dyn Store, path: &VPath) -> Told {
    let name = |path: &VPath| Name::new(path.as_bytes());
    let Some(former) = former(store, path) else {
        let event = Event::Difference {
            path: name(path),
            former: None,
            content: "first",
            added: None,
            removed: None,
        };
        return (format!("{path} is the first of its name"), event);
    };
    let told = |text: String, content, lines: Option<(u64, u64)>| {
        let (added, removed) = (lines.map(|l| l.0), lines.map(|l| l.1));
        (
            text,
            Event::Difference { path: name(path), former: Some(former.to_string()), content, added, removed },
        )
    };
    let (old, new) = match (store.open(&former), store.open(path)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(e), _) => return told(format!("{path} is not compared with {former}: {e}"), "differs", None),
        (_, Err(e)) => return told(format!("{path} is not compared: {e}"), "differs", None),
    };
    match (text(&old), text(&new)) {
        (Some(a), Some(b)) if a == b => told(format!("{path} is the same as {former}"), "same", Some((0, 0))),
        (Some(a), Some(b)) => {
            let (lines, added, removed) = lines(&a, &b);
            let head = format!("{path} differs from {former}: {added} lines more, {removed} lines less");
            told(format!("{head}\n{lines}"), "differs", Some((added, removed)))
        }
        _ if same(&old, &new) => told(format!("{path} is the same as {former}"), "same", None),
        _ => {
            let text = format!("{path} differs from {former}: {}, before {}", figures(&new), figures(&old));
            told(text, "differs", None)
        }
    }
}

/// The latest version before this one of the same name.
fn former(store: &dyn Store, path: &VPath) -> Option<VPath> {
    let this = InboxVersion::read(path.name())?;
    let mut cursor = store.list(&path.parent()).ok()?;
    let mut best: Option<Vec<u8>> = None;
    let mut looked = 0;
    while looked < ENTRIES {
        let batch = cursor.next().ok()?;
        if batch.is_empty() {
            break;
        }
        looked += batch.len();
        for entry in batch.into_iter().filter(|e| e.facts.kind == Kind::File) {
            let Some(version) = InboxVersion::read(&entry.name) else { continue };
            let newer = |known: &Vec<u8>| InboxVersion::read(known).is_some_and(|known| known < version);
            if version.base == this.base && version < this && best.as_ref().is_none_or(newer) {
                best = Some(entry.name);
            }
        }
    }
    path.parent().child(&best?).ok()
}

/// The content, where it is a text of moderate size.
fn text(blob: &Blob) -> Option<String> {
    if blob.len() > TEXT {
        return None;
    }
    let mut octets = vec![0; usize::try_from(blob.len()).ok()?];
    let got = blob.read_at(0, &mut octets).ok()?;
    octets.truncate(got);
    String::from_utf8(octets).ok().filter(|t| !t.contains('\0'))
}

fn same(a: &Blob, b: &Blob) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let (mut x, mut y) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut at = 0;
    while at < a.len() {
        match (a.read_at(at, &mut x), b.read_at(at, &mut y)) {
            (Ok(n), Ok(m)) if n == m && n > 0 && x[..n] == y[..n] => at += n as u64,
            _ => return false,
        }
    }
    true
}

/// Size and digest.
fn figures(blob: &Blob) -> String {
    let digest = crate::digest::Algorithm::Sha256.of(blob);
    let digest = digest.map_or_else(|e| format!("no digest: {e}"), |hex| format!("sha256:{hex}"));
    format!("{} octets {digest}", grouped(blob.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::difference::LINES;
    use store::memory::Memory;

    fn p(path: &str) -> VPath {
        VPath::parse(path.as_bytes()).unwrap()
    }

    const OLD: &str = "/r1-confg.2026-11-25T06-05-00Z";
    const NEW: &str = "/r1-confg.2026-11-26T06-05-00Z";

    fn compared(old: impl Into<bytes::Bytes>, new: impl Into<bytes::Bytes>) -> String {
        let store = Memory::new();
        store.seed(OLD, old);
        store.seed(NEW, new);
        compare(&store, &p(NEW)).0
    }

    #[test]
    fn the_lines_that_differ_are_shown_with_their_neighbours() {
        let old = "version 15.5\nhostname r1\ninterface Gi0/0\n ip address 10.0.0.2 255.0.0.0\n!\nend\n";
        let new = "version 15.5\nhostname r1\ninterface Gi0/0\n ip address 10.0.0.3 255.0.0.0\n no shutdown\n!\nend\n";
        let expected = format!(
            "{NEW} differs from {OLD}: 2 lines more, 1 lines less\n\
             \x20  interface Gi0/0\n\
             \x20 - ip address 10.0.0.2 255.0.0.0\n\
             \x20 + ip address 10.0.0.3 255.0.0.0\n\
             \x20 + no shutdown\n\
             \x20  !\n"
        );
        assert_eq!(compared(old, new), expected);
        assert!(compared(old, old).ends_with("is the same as /r1-confg.2026-11-25T06-05-00Z"));
    }

    #[test]
    fn what_is_no_text_or_large_has_its_size_and_digest() {
        let told = compared(vec![0, 1, 2], vec![0, 1, 2, 3]);
        assert!(
            told.contains("4 octets sha256:054edec1d0211f62")
                && told.contains("before 3 octets sha256:ae4b3280"),
            "{told}"
        );
        let large = vec![b'a'; (TEXT + 1) as usize];
        assert!(compared(large.clone(), large.clone()).contains("is the same as"));
        assert!(compared("x", large).contains("octets sha256:"));
    }

    #[test]
    fn the_output_is_bounded_and_harmless() {
        let told = compared(
            "a\n".repeat(2_000),
            format!("{}\x1b[31mred\x07\n{}", "b\n".repeat(2_000), "c".repeat(2_000)),
        );
        assert!(told.lines().count() <= LINES + 2, "{}", told.lines().count());
        assert!(
            told.contains("3,802 lines more") || told.contains("lines more"),
            "{}",
            told.lines().last().unwrap()
        );
        let told = compared("", format!("\x1b[31mred\x07\r\n{}", "c".repeat(2_000)));
        assert!(told.contains("+\\u{1b}[31mred\\u{7}\n") && told.contains("c…"), "{told}");
        assert!(!told.contains('\x1b'));
    }

    #[test]
    fn the_former_is_the_latest_before_and_of_the_same_name() {
        let store = Memory::new();
        for name in [
            "r1-confg",
            "r1-confg.2026-11-24T06-05-00Z",
            "r1-confg.2026-11-25T06-05-00Z-2",
            "r1-confg.2026-11-25T06-05-00Z-10",
            "r1-confg.2026-11-27T00-00-00Z",
            "r2-confg.2026-11-25T23-00-00Z",
        ] {
            store.seed(&format!("/{name}"), name.to_owned());
        }
        let of = |name: &str| former(&store, &p(name)).map(|p| p.to_string());
        assert_eq!(of(NEW).as_deref(), Some("/r1-confg.2026-11-25T06-05-00Z-10"));
        assert_eq!(
            of("/r1-confg.2026-11-25T06-05-00Z-10").as_deref(),
            Some("/r1-confg.2026-11-25T06-05-00Z-2")
        );
        assert_eq!(of("/r1-confg.2026-11-24T06-05-00Z"), None);
        assert_eq!(
            compare(&store, &p("/r2-confg.2026-11-25T23-00-00Z")).0,
            "/r2-confg.2026-11-25T23-00-00Z is the first of its name"
        );
    }
}
