//! One channel and its machine: what is asked goes out, what comes goes to its place.

use super::fault;
use super::one::{Ended, Load, One};
use crate::ClientError;
use crate::around::Around;
use crate::waiting::pulled;
use bytes::Bytes;
use sftp_proto::client::{Client, Event, JobId, Outcome, Transmit, Verb};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::time::{Duration, Instant};
use transport::Cancel;
use transport::octets::{OctetsIn, OctetsOut};
use transport::tap::{self, Dir, Role, What};

/// Requests, and octets of a put with them, are sent in pieces of about this size: one WRITE of 255 KiB, or eight of
/// 32 KiB.
const BATCH: usize = 256 << 10;
/// Pieces of what comes that are taken before anything is sent: SSH's are of 32 KiB at most.
const AT_ONCE: usize = 32;
/// How long a server may take to end what somebody gave up, before the channel is given up too.
const GRACE: Duration = Duration::from_secs(2);

/// Who a channel is driven for: begins jobs, takes what comes of them, has the octets of puts.
pub(crate) trait Desk {
    /// Begins and aborts jobs; `Break` where everything is done. Asked again whenever something has come of it.
    fn steer(&mut self, machine: &mut Client) -> ControlFlow<()>;

    /// Takes a fact, and begins what comes of it; also of jobs that another desk left.
    fn event(&mut self, event: Event, seen: &mut Seen, machine: &mut Client);

    /// Puts `len` octets of a put's file behind what is in `out`; whether it did, else the job is aborted.
    fn read(&mut self, job: JobId, offset: u64, len: u32, out: &mut Vec<u8>) -> bool;

    /// Somebody wants an end: told once, and what [`Desk::steer`] does from then on is to come to it.
    fn cancel(&mut self);
}

/// What is seen of a channel, and how much has moved for the desk of now.
pub(crate) struct Seen {
    around: Around,
    flow: u64,
    /// Whether the flow is another channel's, which tells its end.
    is_beside: bool,
    octets: u64,
    /// Octets of all that was done.
    total: u64,
}

impl Seen {
    fn new(around: Around) -> Seen {
        let seen = Seen { around, flow: tap::next_flow(), is_beside: false, octets: 0, total: 0 };
        seen.see(Dir::Sent, What::Connected { role: Role::Sftp });
        seen
    }

    /// Octets of a file moved.
    pub(crate) fn moved(&mut self, dir: Dir, len: usize) {
        self.octets += len as u64;
        self.total += len as u64;
        self.see(dir, What::Data { len, total: self.octets });
    }

    /// The same of a file that moves over several channels: `total` octets over all.
    pub(crate) fn moved_of(&mut self, dir: Dir, len: usize, total: u64) {
        self.octets = total;
        self.total += len as u64;
        self.see(dir, What::Data { len, total });
    }

    pub(crate) fn see(&self, dir: Dir, what: What<'_>) {
        self.around.see(self.flow, dir, what);
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        if !self.is_beside {
            self.see(Dir::Here, What::Closed { role: Role::Sftp, total: self.total });
        }
    }
}

/// A send that has begun, and the half that comes back from it.
type Sending<O> = Pin<Box<dyn Future<Output = (O, io::Result<()>)> + Send>>;

/// The sending half.
enum Out<O> {
    Idle(O),
    Sending(Sending<O>),
    /// A send failed.
    Broken,
}

/// A channel of SFTP. One desk at a time.
pub(crate) struct Driver<I, O> {
    machine: Client,
    input: I,
    out: Out<O>,
    seen: Seen,
    /// Channels that came too late to be of use: a server may take the close of one that it has just opened for a fault of
    /// the connection (asyncssh), so they stay until this one ends.
    idle: Vec<(I, O)>,
    /// After an error.
    is_over: bool,
}

impl<I: OctetsIn, O: OctetsOut + 'static> Driver<I, O> {
    /// Over a channel that was just opened.
    pub(crate) fn new(input: I, output: O, around: Around) -> Driver<I, O> {
        Driver::of(input, output, Seen::new(around))
    }

    fn of(input: I, output: O, seen: Seen) -> Driver<I, O> {
        Driver {
            machine: Client::new(),
            input,
            out: Out::Idle(output),
            seen,
            idle: Vec::new(),
            is_over: false,
        }
    }

    /// What makes a driver of another channel of the same connection, which does a part of what this one does: whoever
    /// looks on sees one.
    pub(crate) fn beside(&self) -> impl Fn(I, O) -> Driver<I, O> + use<I, O> {
        let (around, flow) = (self.seen.around.clone(), self.seen.flow);
        move |input, output| {
            let seen = Seen { around: around.clone(), flow, is_beside: true, octets: 0, total: 0 };
            Driver::of(input, output, seen)
        }
    }

    /// Keeps channels that nothing is to be done on.
    pub(crate) fn keep(&mut self, idle: Vec<(I, O)>) {
        self.idle.extend(idle);
    }

    /// Octets that channels beside this one have moved.
    pub(crate) fn moved_beside(&mut self, octets: u64) {
        self.seen.total += octets;
    }

    /// The server.
    pub(crate) fn peer(&self) -> SocketAddr {
        self.seen.around.peer
    }

    /// The machine, to look at what the server can do.
    pub(crate) fn machine(&self) -> &Client {
        &self.machine
    }

    /// Who may end what is done from now on; gives back who could.
    pub(crate) fn set_cancel(&mut self, cancel: Option<Cancel>) -> Option<Cancel> {
        std::mem::replace(&mut self.seen.around.cancel, cancel)
    }

    /// Does one verb.
    pub(crate) async fn run(&mut self, verb: Verb, load: Load<'_>) -> Result<Outcome, ClientError> {
        self.seen.see(Dir::Sent, What::Control(&tap::masked(&verb.words())));
        let mut one = One::new(verb, load);
        self.drive(&mut one).await?;
        let result = match one.ended() {
            Ended::Well(outcome) => Ok(outcome),
            Ended::Failed(failure) => Err(fault::failure(failure, self.seen.around.peer)),
            Ended::Ours(error) => Err(ClientError::Local(error)),
        };
        let said = result.as_ref().map_or_else(ToString::to_string, |_| String::from("OK"));
        self.seen.see(Dir::Received, What::Control(&tap::masked(said.as_bytes())));
        result
    }

    /// Whether nothing more is to be done here.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Does what a desk wants, until it has all. After an error nothing more is to be done here; of a cancel that is
    /// so where it comes back as one.
    pub(crate) async fn drive(&mut self, desk: &mut impl Desk) -> Result<(), ClientError> {
        let result = self.until_done(desk).await;
        self.is_over = result.is_err();
        result
    }

    async fn until_done(&mut self, desk: &mut impl Desk) -> Result<(), ClientError> {
        self.seen.octets = 0;
        let mut moved = Instant::now();
        let mut cancelled: Option<Instant> = None;
        loop {
            if cancelled.is_none() && self.seen.around.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
                cancelled = Some(Instant::now());
                desk.cancel();
            }
            if desk.steer(&mut self.machine).is_break() {
                return Ok(());
            }
            let mut is_other = self.transmit(desk);
            while let Some(event) = self.machine.poll_event() {
                desk.event(event, &mut self.seen, &mut self.machine);
                is_other = true;
            }
            if is_other {
                continue;
            }
            let end = cancelled.map_or(moved + self.seen.around.patience, |at| at + GRACE);
            let Driver { machine, input, out, seen, .. } = self;
            tokio::select! {
                biased;
                () = pulled(seen.around.cancel.as_ref()), if cancelled.is_none() => continue,
                // Never without its answer: a send that is dropped may have sent a part.
                sent = sent(out) => sent.map_err(ClientError::Network)?,
                octets = input.next() => take(machine, octets).map_err(|why| why.of(seen))?,
                () = tokio::time::sleep_until(tokio::time::Instant::from_std(end)) => {
                    return Err(if cancelled.is_some() { ClientError::Cancelled } else { seen.around.silent(seen.octets) });
                }
            }
            moved = Instant::now();
            self.take_the_rest().await?;
        }
    }

    /// Takes what else has come already, so that one answer is not followed by one request: requests that are sent
    /// together cost both ends less.
    async fn take_the_rest(&mut self) -> Result<(), ClientError> {
        let Driver { machine, input, seen, .. } = self;
        for _ in 0..AT_ONCE {
            tokio::select! {
                biased;
                octets = input.next() => take(machine, octets).map_err(|why| why.of(seen))?,
                () = std::future::ready(()) => break,
            }
        }
        Ok(())
    }

    /// Begins to send what there is, where nothing is being sent; whether a job had to be given up.
    fn transmit(&mut self, desk: &mut impl Desk) -> bool {
        let mut is_given_up = false;
        if !matches!(self.out, Out::Idle(_)) {
            return is_given_up;
        }
        let mut octets = Vec::new();
        while octets.len() < BATCH {
            match self.machine.poll_transmit(&mut octets) {
                Transmit::Nothing => break,
                Transmit::Requests => {}
                Transmit::Body { job, offset, len, head } => {
                    if !desk.read(job, offset, len, &mut octets) {
                        octets.truncate(octets.len() - head);
                        self.machine.unread(job);
                        is_given_up = true;
                    }
                }
            }
        }
        if octets.is_empty() {
            return is_given_up;
        }
        self.out = match std::mem::replace(&mut self.out, Out::Broken) {
            Out::Idle(mut output) => Out::Sending(Box::pin(async move {
                let result = output.send(Bytes::from(octets)).await;
                (output, result)
            })),
            other => other,
        };
        is_given_up
    }
}

/// Why nothing more comes.
enum Why {
    Network(io::Error),
    Fault(sftp_proto::client::Fault),
}

impl Why {
    fn of(self, seen: &Seen) -> ClientError {
        match self {
            Why::Network(error) => ClientError::Network(error),
            Why::Fault(why) => fault::fault(why, seen.around.peer),
        }
    }
}

/// Octets of the server, or its end.
fn take(machine: &mut Client, octets: io::Result<Option<Bytes>>) -> Result<(), Why> {
    match octets.map_err(Why::Network)? {
        Some(octets) => machine.handle(octets).map_err(Why::Fault),
        None => {
            let ended = machine.closed();
            Err(Why::Fault(ended.err().unwrap_or(sftp_proto::client::Fault::Ended(0))))
        }
    }
}

/// Waits for the end of a send; for ever where there is none.
async fn sent<O>(out: &mut Out<O>) -> io::Result<()> {
    match out {
        Out::Idle(_) | Out::Broken => std::future::pending().await,
        Out::Sending(sending) => {
            let (output, result) = sending.await;
            *out = if result.is_ok() { Out::Idle(output) } else { Out::Broken };
            result
        }
    }
}
