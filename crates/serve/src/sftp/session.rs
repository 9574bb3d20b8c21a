//! One session: the task that owns machine, channel and files.

use super::buffers::Buffers;
use super::files::{Answered, Done, Files};
use super::open::Left;
use super::sights::{Seen, Sights};
use super::{End, SftpConfig, extensions};
use crate::disk::Disk;
use crate::streams::Orders;
use bytes::Bytes;
use gate::Session;
use sftp_proto::server::{Ask, AskId, Config, Server};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;
use tokio::task::{JoinHandle, spawn_blocking};
use transport::octets::{OctetsIn, OctetsOut};

/// Octets of READs and WRITEs that are done at once: what the processor's cache holds.
const BATCH: usize = 512 << 10;
/// Questions that are done at once.
const QUESTIONS: usize = 256;
/// Octets that are taken in before anything is done with them, where they are there already.
const INPUT: usize = 512 << 10;

/// Speaks SFTP until it is over. What is open then is put away: half uploads for whoever goes on with them.
pub async fn run<I: OctetsIn, O: OctetsOut>(
    session: Session,
    config: SftpConfig,
    orders: Orders,
    input: I,
    output: O,
) -> End {
    run_seen(session, config, orders, None, input, output).await
}

/// The same, where somebody watches it.
pub async fn run_seen<I: OctetsIn, O: OctetsOut>(
    session: Session,
    config: SftpConfig,
    mut orders: Orders,
    seen: Option<Seen>,
    mut input: I,
    output: O,
) -> End {
    let machine = Server::new(Config {
        handles: config.handles,
        extensions: extensions::offered(),
        vendor: Some(extensions::VENDOR),
        ..Config::default()
    });
    let buffers = Buffers::default();
    let sights = seen.map(|seen| Arc::new(Sights::new(seen)));
    let mut talk = Talk {
        machine,
        files: Some(Box::new(Files::new(session.clone(), sights, buffers.clone()))),
        disk: Disk::default(),
        held: Vec::new(),
        copy: None,
    };
    let mut work: Option<JoinHandle<Worked>> = None;
    let mut output = Some(output);
    let mut sending = pin!(None);
    let mut moved = Instant::now();
    let end = loop {
        let more = talk.work(&mut work);
        if output.is_some()
            && let Some(octets) = talk.machine.poll_transmit()
        {
            let octets = buffers.lend(octets);
            sending.set(output.take().map(|output| send(output, octets)));
        }
        if session.is_kicked() {
            break End::Kicked;
        }
        if let Some(fault) = talk.machine.fault() {
            break End::Broke(fault.clone());
        }
        if talk.machine.is_over() {
            break End::Done;
        }
        let open = talk.machine.open_files() > 0;
        if orders.drains() && !open && talk.machine.is_idle() {
            break End::Drained;
        }
        if !open && talk.machine.is_idle() {
            buffers.forget();
        }
        let patience = if open { config.no_progress } else { config.idle };
        let next = talk.release_at();
        // Work on a disk is not held against the peer, nor is a copy that waits for its rate.
        let stalls = (work.is_none() && talk.copy.is_none() && !more).then(|| moved + patience);
        let timer = async {
            match next.into_iter().chain(stalls).min() {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        let worked = async {
            match &mut work {
                Some(work) => work.await,
                None => std::future::pending().await,
            }
        };
        let sent = async {
            match sending.as_mut().as_pin_mut() {
                Some(sending) => sending.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            (back, octets, sent) = sent => {
                sending.set(None);
                output = Some(back);
                if sent.is_err() {
                    break End::Lost;
                }
                talk.machine.sent(octets);
                moved = Instant::now();
            }
            worked = worked => {
                work = None;
                let Ok(worked) = worked else { break End::Failed };
                talk.worked(worked);
                moved = Instant::now();
            }
            came = input.next(), if talk.machine.wants_input() => {
                moved = Instant::now();
                if let Err(end) = talk.take_in(came, &mut input).await {
                    break end;
                }
            }
            () = std::future::ready(()), if more => {}
            Ok(()) = orders.kicked.changed() => {}
            Ok(()) = orders.phase.changed() => {}
            () = timer => {
                let now = Instant::now();
                talk.release(now);
                if stalls.is_some_and(|at| at <= now) {
                    break End::Stalled;
                }
            }
        }
    };
    // A question that is being worked on may hold an upload: its end is awaited, so that it is put away and told.
    if let Some(work) = work
        && let Ok(worked) = work.await
    {
        talk.files = Some(worked.files);
    }
    if let Some(files) = talk.files {
        let why = match &end {
            End::Done | End::Lost | End::Broke(_) | End::Failed => Left::Gone,
            End::Stalled => Left::Stalled,
            End::Kicked => Left::Kicked,
            End::Drained => Left::Stopped,
        };
        // Putting away waits for the disk.
        let _panics_are_told = spawn_blocking(move || files.leave(why)).await;
    }
    end
}

struct Talk {
    machine: Server,
    /// Not here while a thread that may wait has them.
    files: Option<Box<Files>>,
    disk: Disk,
    /// Files that are ahead of their rate, and when they may go on.
    held: Vec<(sftp_proto::server::File, Instant)>,
    /// A copy that is ahead of its rates, with what was asked behind it, and when it may go on.
    copy: Option<(Vec<(AskId, Ask)>, Instant)>,
}

/// What a thread that may wait gives back.
struct Worked {
    files: Box<Files>,
    done: Done,
    left: Vec<(AskId, Ask)>,
}

impl Talk {
    /// Does the next batch, or gives it to a thread that may wait; whether there may be more at once.
    fn work(&mut self, work: &mut Option<JoinHandle<Worked>>) -> bool {
        if self.copy.as_ref().is_some_and(|(_, until)| Instant::now() < *until) {
            return false;
        }
        let Some(mut files) = self.files.take() else { return false };
        if let Some((left, _)) = self.copy.take() {
            *work = Some(on_a_thread(files, left));
            return false;
        }
        let batch = self.batch();
        if batch.is_empty() {
            self.files = Some(files);
            return false;
        }
        let (done, left) = self.disk.read(|| files.run(batch, false));
        self.done(done);
        if left.is_empty() {
            self.files = Some(files);
            return true;
        }
        *work = Some(on_a_thread(files, left));
        false
    }

    fn worked(&mut self, worked: Worked) {
        let Worked { files, done, left } = worked;
        self.files = Some(files);
        self.copy = done.waits.map(|until| (left, until));
        self.done(done);
    }

    fn batch(&mut self) -> Vec<(AskId, Ask)> {
        let (mut batch, mut octets) = (Vec::new(), 0);
        while octets < BATCH && batch.len() < QUESTIONS {
            let Some((id, ask)) = self.machine.poll_ask() else { break };
            octets += match &ask {
                Ask::Read { len, .. } => *len as usize,
                Ask::Write { pieces, .. } => pieces.iter().map(Bytes::len).sum(),
                Ask::List { .. } | Ask::Close { .. } | Ask::Other { .. } => 0,
            };
            batch.push((id, ask));
        }
        batch
    }

    fn done(&mut self, done: Done) {
        let Done { answers, held, waits: _ } = done;
        for answered in answers {
            match answered {
                Answered::Reads(reads) => self.machine.answer_reads(reads.octets, &reads.of),
                Answered::One(id, answer) => self.machine.answer(id, answer),
            }
        }
        for (file, at) in held {
            self.machine.hold(file);
            self.held.push((file, at));
        }
    }

    /// When the next file or the copy may go on.
    fn release_at(&self) -> Option<Instant> {
        let copy = self.copy.iter().map(|(_, until)| *until);
        self.held.iter().map(|(_, at)| *at).chain(copy).min()
    }

    fn release(&mut self, now: Instant) {
        let machine = &mut self.machine;
        self.held.retain(|(file, at)| {
            let due = *at <= now;
            if due {
                machine.release(*file);
            }
            !due
        });
    }

    /// Takes what came, and what is there already behind it.
    async fn take_in(
        &mut self,
        mut came: io::Result<Option<Bytes>>,
        input: &mut impl OctetsIn,
    ) -> Result<(), End> {
        let mut octets = 0;
        loop {
            match came {
                Ok(Some(piece)) => {
                    octets += piece.len();
                    self.machine.handle_input(&piece);
                }
                Ok(None) => {
                    self.machine.handle_eof();
                    return Ok(());
                }
                Err(_) => return Err(End::Lost),
            }
            if octets >= INPUT || !self.machine.wants_input() {
                return Ok(());
            }
            match there(input).await {
                Some(next) => came = next,
                None => return Ok(()),
            }
        }
    }
}

fn on_a_thread(mut files: Box<Files>, questions: Vec<(AskId, Ask)>) -> JoinHandle<Worked> {
    spawn_blocking(move || {
        let (done, left) = files.run(questions, true);
        Worked { files, done, left }
    })
}

/// What is there without waiting.
async fn there(input: &mut impl OctetsIn) -> Option<io::Result<Option<Bytes>>> {
    let mut next = pin!(input.next());
    std::future::poll_fn(|cx| {
        Poll::Ready(match next.as_mut().poll(cx) {
            Poll::Ready(came) => Some(came),
            Poll::Pending => None,
        })
    })
    .await
}

/// Sends, and gives the channel back.
async fn send<O: OctetsOut>(mut output: O, octets: Bytes) -> (O, usize, io::Result<()>) {
    let len = octets.len();
    let sent = output.send(octets).await;
    (output, len, sent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate::store::local::{Local, LocalOptions};
    use gate::{Credentials, Gate, Knock, Policy, Protocol, Security};
    use sftp_proto::{Attrs, OpenFlags, Request};
    use std::net::SocketAddr;

    fn talk(dir: &std::path::Path) -> Talk {
        let local = Local::open(dir, LocalOptions::default()).unwrap();
        let (gate, _events) = Gate::new(Arc::new(local), Policy::default());
        let at = SocketAddr::from(([127, 0, 0, 1], 1));
        let credentials = Credentials::Anonymous { email: String::new() };
        let (protocol, security) = (Protocol::Sftp, Security::Ssh);
        let session = gate
            .admit(&Knock {
                protocol,
                local: at,
                peer: at,
                security,
                credentials,
                agreed: None,
                certificate: None,
                host: None,
            })
            .unwrap();
        Talk {
            machine: Server::new(Config::default()),
            files: Some(Box::new(Files::new(session, None, Buffers::default()))),
            disk: Disk::default(),
            held: Vec::new(),
            copy: None,
        }
    }

    impl Talk {
        fn send(&mut self, request: &Request<'_>) {
            let mut out = Vec::new();
            request.write(&mut out);
            self.machine.handle_input(&out.into());
        }

        /// Does all that can be done without a thread that may wait; what is to be sent.
        fn all(&mut self) -> Vec<Vec<u8>> {
            let mut work = None;
            while self.work(&mut work) {}
            assert!(work.is_none(), "nothing here waits");
            std::iter::from_fn(|| self.machine.poll_transmit()).collect()
        }
    }

    #[test]
    fn an_answer_holds_no_more_than_goes_out_however_much_was_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        for (name, len) in [("one", 1), ("long", 300_000)] {
            std::fs::write(dir.path().join(name), vec![7; len]).unwrap();
        }
        let mut talk = talk(dir.path());
        talk.send(&Request::Init { version: 3, extensions: vec![] });
        for (id, path) in [(1, &b"one"[..]), (2, b"long")] {
            let attrs = Attrs::default();
            talk.send(&Request::Asked {
                id,
                ask: sftp_proto::Ask::Open { path, flags: OpenFlags::READ, attrs },
            });
        }
        let answers = talk.all().concat();
        let handles = [&answers[answers.len() - 29..][..8], &answers[answers.len() - 8..]];
        // The file became shorter than it was when it was opened.
        std::fs::File::options().write(true).open(dir.path().join("long")).unwrap().set_len(10).unwrap();
        for (handle, octets) in handles.into_iter().zip([1, 10]) {
            for len in [1_000, 40_000, 261_120] {
                for id in 0..100 {
                    talk.send(&Request::Asked { id, ask: sftp_proto::Ask::Read { handle, offset: 0, len } });
                }
                let sent = talk.all();
                let (held, out): (usize, usize) =
                    (sent.iter().map(Vec::capacity).sum(), sent.iter().map(Vec::len).sum());
                assert_eq!(out, 100 * (13 + octets), "{len}");
                assert!(held <= 2 * out, "{held} octets are held for {out}");
                talk.machine.sent(out);
            }
        }
    }
}
