//! Several channels, each to a server of OpenSSH's of its own in one directory, where it is installed; what happens to
//! them happens at an octet, not at a time.

use super::*;
use crate::sftp::tests::{Server, around, content, server_in};
use bytes::Bytes;
use sftp_proto::Owner;
use std::cell::Cell;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::unix::pipe;
use tokio::sync::Notify;
use transport::octets::Piped;

/// Several windows of requests.
const LEN: usize = 24_000_000;

/// What the others have sent, for the first to wait for.
#[derive(Default)]
struct Meeting {
    sent: AtomicU64,
    moved: Notify,
}

/// What comes, which may wait for the others or break.
struct In {
    under: Piped<pipe::Receiver>,
    met: Arc<Meeting>,
    /// Pieces that come before it waits until the others have sent so much.
    waits: Option<(u32, u64)>,
    /// It breaks when the others have sent so much.
    breaks: Option<u64>,
}

impl OctetsIn for In {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        if self.breaks.is_some_and(|at| self.met.sent.load(Ordering::Relaxed) >= at) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if let Some((0, wanted)) = self.waits {
            while self.met.sent.load(Ordering::Relaxed) < wanted {
                self.met.moved.notified().await;
            }
            self.waits = None;
        }
        let octets = self.under.next().await?;
        if let Some((left, _)) = &mut self.waits {
            *left -= 1;
        }
        Ok(octets)
    }
}

/// What goes.
struct Out {
    under: Piped<pipe::Sender>,
    met: Option<Arc<Meeting>>,
}

impl OctetsOut for Out {
    async fn send(&mut self, octets: Bytes) -> io::Result<()> {
        let len = octets.len() as u64;
        self.under.send(octets).await?;
        if let Some(met) = &self.met {
            met.sent.fetch_add(len, Ordering::Relaxed);
            met.moved.notify_one();
        }
        Ok(())
    }
}

/// How the others are.
#[derive(Clone, Copy)]
struct Others<'d> {
    channels: u8,
    /// Where their servers are.
    dir: &'d Path,
    /// The one that is not opened.
    refused: Option<u32>,
    /// Octets that they have sent when they break.
    breaks: Option<u64>,
    /// Octets that they send before the first goes on.
    wanted: u64,
}

fn run(dir: &Path, blob: &Blob, old: Option<&Attrs<'static>>, others: Others<'_>) -> Option<Sent> {
    let servers: RefCell<Vec<Server>> = RefCell::default();
    let met = Arc::<Meeting>::default();
    let channel = |dir: &Path, waits, breaks, is_other: bool| {
        let (server, input, output) = server_in(dir)?;
        servers.borrow_mut().push(server);
        let input = In { under: input, met: met.clone(), waits, breaks };
        Some((input, Out { under: output, met: is_other.then(|| met.clone()) }))
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        // Two pieces are VERSION and the limits, the third its handle.
        let waits = (others.wanted > 0).then_some((5, others.wanted));
        let (input, output) = channel(dir, waits, None, false)?;
        let mut first = Driver::new(input, output, around());
        let plan = Plan { channels: u32::from(others.channels), proof: None };
        let wanted = Wanted { blob, path: b"f".to_vec(), mode: Some(0o640), old, plan };
        let asked = Cell::new(0);
        let open = || {
            asked.set(asked.get() + 1);
            let is_refused = others.refused == Some(asked.get());
            let opened = if is_refused { None } else { channel(others.dir, None, others.breaks, true) };
            async { opened.ok_or_else(|| ClientError::Network(io::ErrorKind::ConnectionRefused.into())) }
        };
        Some(send(&mut first, open, &wanted).await)
    })
}

fn blob(content: &[u8]) -> Blob {
    Blob::Memory(content.to_vec().into())
}

#[test]
fn several_channels_write_one_file() {
    let sent = content(1, LEN);
    for (channels, refused, joined) in [(2, None, 2), (4, None, 4), (4, Some(2), 3), (2, Some(1), 1)] {
        let dir = tempfile::tempdir().unwrap();
        // All of them have sent more than their greetings.
        let wanted = u64::from(joined - 1) * 1_500_000;
        let others = Others { channels, dir: dir.path(), refused, breaks: None, wanted };
        let Some(result) = run(dir.path(), &blob(&sent), None, others) else { return };
        let Sent::Whole { channels: by } = result else { panic!("{result:?}") };
        assert!((1..=joined).contains(&by) && (by > 1) == (joined > 1), "{by} of {joined}");
        assert!(fs::read(dir.path().join("f")).unwrap() == sent, "{channels} channels");
    }
}

#[test]
fn files_of_all_lengths_are_whole() {
    for (n, len) in [1, 2, 261_119, 261_120, 261_121, 1_000_003, 5_000_000].into_iter().enumerate() {
        let (dir, sent) = (tempfile::tempdir().unwrap(), content(n as u64, len));
        let others = Others { channels: 3, dir: dir.path(), refused: None, breaks: None, wanted: 0 };
        let Some(result) = run(dir.path(), &blob(&sent), None, others) else { return };
        assert!(matches!(result, Sent::Whole { .. }), "{len}: {result:?}");
        assert!(fs::read(dir.path().join("f")).unwrap() == sent, "{len} octets");
    }
}

#[test]
fn a_channel_that_breaks_with_a_part_breaks_the_file() {
    let (dir, sent) = (tempfile::tempdir().unwrap(), content(1, LEN));
    // More than its greeting: a part of the file.
    let breaks = Some(200_000);
    let others = Others { channels: 2, dir: dir.path(), refused: None, breaks, wanted: 200_000 };
    let Some(result) = run(dir.path(), &blob(&sent), None, others) else { return };
    let Sent::Broken(ClientError::Network(_)) = result else { panic!("{result:?}") };
}

#[test]
fn a_channel_that_breaks_before_it_has_a_part_is_done_without() {
    let (dir, sent) = (tempfile::tempdir().unwrap(), content(1, LEN));
    let others = Others { channels: 3, dir: dir.path(), refused: None, breaks: Some(1), wanted: 0 };
    let Some(result) = run(dir.path(), &blob(&sent), None, others) else { return };
    assert!(matches!(result, Sent::Whole { channels: 1 }), "{result:?}");
    assert!(fs::read(dir.path().join("f")).unwrap() == sent);
}

#[test]
fn a_server_that_gives_each_open_a_file_of_its_own_is_sent_it_over_one_channel() {
    for is_there in [false, true] {
        let (dir, apart, sent) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), content(1, LEN));
        if is_there {
            fs::write(apart.path().join("f"), "").unwrap();
        }
        let others = Others { channels: 3, dir: apart.path(), refused: None, breaks: None, wanted: 0 };
        let Some(result) = run(dir.path(), &blob(&sent), None, others) else { return };
        assert!(matches!(result, Sent::Whole { channels: 1 }), "{result:?}");
        assert!(fs::read(dir.path().join("f")).unwrap() == sent);
        assert_eq!(fs::read_dir(apart.path()).unwrap().count(), usize::from(is_there));
        assert!(fs::read(apart.path().join("f")).unwrap_or_default().is_empty(), "nothing went there");
    }
}

#[test]
fn nothing_is_sent_where_the_file_would_be_somebody_elses_or_cannot_be_made() {
    let sent = content(1, LEN);
    let dir = tempfile::tempdir().unwrap();
    let others = Others { channels: 2, dir: dir.path(), refused: None, breaks: None, wanted: 0 };
    let other = Attrs { owner: Some(Owner { uid: 4_000_000, gid: 4 }), ..Attrs::default() };
    let Some(result) = run(dir.path(), &blob(&sent), Some(&other), others) else { return };
    assert!(matches!(result, Sent::NotHere), "{result:?}");
    assert_eq!(fs::read(dir.path().join("f")).unwrap(), b"");
    // It is there already.
    let Some(result) = run(dir.path(), &blob(&sent), None, others) else { return };
    assert!(matches!(result, Sent::NotHere), "{result:?}");
}

#[test]
fn a_source_that_ends_early_is_our_own_fault() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("source");
    fs::write(&file, content(1, 3_000_000)).unwrap();
    let facts = fs::metadata(&file).unwrap();
    let identity = store::Identity { dev: 0, ino: 0, len: facts.len(), modified: 0, changed: 0 };
    let blob = Blob::File { file: Arc::new(fs::File::open(&file).unwrap()), len: 4_000_000, identity };
    let others = Others { channels: 2, dir: dir.path(), refused: None, breaks: None, wanted: 0 };
    let Some(result) = run(dir.path(), &blob, None, others) else { return };
    assert!(matches!(result, Sent::Broken(ClientError::Local(_))), "{result:?}");
}

#[test]
fn more_channels_are_wanted_where_the_way_is_long_and_the_file_large() {
    const WINDOW: u32 = 2 << 20;
    let large = 1 << 30;
    for (channels, window, round_trip, len, wanted) in [
        (Channels::AsNeeded, WINDOW, 1, large, None),
        (Channels::AsNeeded, WINDOW, 3, large, None),
        (Channels::AsNeeded, WINDOW, 5, large, Some(2)),
        (Channels::AsNeeded, WINDOW, 20, large, Some(6)),
        (Channels::AsNeeded, WINDOW, 40, large, Some(8)),
        (Channels::AsNeeded, WINDOW, 40, 16 << 20, Some(8)),
        (Channels::AsNeeded, WINDOW, 40, (16 << 20) - 1, None),
        (Channels::AsNeeded, 16 << 20, 20, large, None),
        (Channels::AsNeeded, 0, 40, large, None),
        (Channels::Exactly(1), WINDOW, 40, large, None),
        (Channels::Exactly(3), WINDOW, 0, large, Some(3)),
        // One that comes when nothing is left for it only costs.
        (Channels::Exactly(3), WINDOW, 0, 2 * SHARE, Some(2)),
        (Channels::Exactly(3), WINDOW, 0, 2 * SHARE - 1, None),
        (Channels::Exactly(3), WINDOW, 0, 0, None),
    ] {
        let plan = Plan::new(channels, window, Duration::from_millis(round_trip), len);
        let shown = format!("{channels:?}, {window} octets, {round_trip} ms, {len} octets");
        assert_eq!(plan.map(|plan| plan.channels), wanted, "{shown}");
        let has_proof = plan.is_some_and(|plan| plan.proof.is_some());
        assert_eq!(has_proof, plan.is_some() && channels == Channels::AsNeeded, "{shown}");
    }
}

#[test]
fn a_channel_that_sends_a_window_each_round_trip_waits_for_its_window() {
    let proof = Proof { window: 1_000, round_trip: Duration::from_millis(20) };
    for (octets, ms, is_bound) in [
        (1_999, 40, None),
        (2_000, 40, Some(true)),
        // The first answer takes a round trip more.
        (2_000, 60, Some(true)),
        (2_000, 81, Some(false)),
        (10_000, 200, Some(true)),
        (10_000, 401, Some(false)),
    ] {
        assert_eq!(proof.is_bound(octets, Duration::from_millis(ms)), is_bound, "{octets} in {ms} ms");
    }
}
