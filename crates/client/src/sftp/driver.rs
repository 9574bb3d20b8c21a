//! One channel and its machine: what is asked goes out, what comes goes to its place.

use super::fault;
use crate::ClientError;
use crate::around::Around;
use crate::waiting::pulled;
use bytes::Bytes;
use sftp_proto::client::{Client, Event, Found, JobId, Outcome, Transmit, Verb};
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Instant;
use store::{Blob, Sink};
use transport::octets::{OctetsIn, OctetsOut};
use transport::tap::{self, Dir, What};

/// Requests, and octets of a put with them, are sent in pieces of about this size: one WRITE of 255 KiB, or eight of
/// 32 KiB.
const BATCH: usize = 256 << 10;

/// Our end of a verb.
pub(crate) enum Load<'a> {
    /// It moves no octets.
    None,
    /// A get's octets go here.
    Into(&'a mut dyn Sink),
    /// A put's octets come from here.
    From(&'a Blob),
    /// A directory's names go here.
    Names(&'a mut Vec<Found>),
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

/// A channel of SFTP. One verb at a time.
pub(crate) struct Driver<I, O> {
    machine: Client,
    input: I,
    out: Out<O>,
    around: Around,
    flow: u64,
    /// Octets of the verb that is being done.
    octets: u64,
    order: Order,
}

/// Puts octets into a file in their order, so that what a broken get leaves is the beginning of the file, also where
/// this process is killed. Servers answer in order; of one that does not the machine lets 32 MiB wait here.
#[derive(Default)]
struct Order {
    next: u64,
    held: BTreeMap<u64, Bytes>,
}

impl Order {
    fn put(&mut self, offset: u64, octets: Bytes, sink: &mut dyn Sink) -> io::Result<()> {
        if offset != self.next {
            self.held.insert(offset, octets);
            return Ok(());
        }
        sink.write_at(offset, &octets)?;
        self.next += octets.len() as u64;
        while let Some(octets) = self.held.remove(&self.next) {
            sink.write_at(self.next, &octets)?;
            self.next += octets.len() as u64;
        }
        Ok(())
    }
}

impl<I: OctetsIn, O: OctetsOut + 'static> Driver<I, O> {
    /// Over a channel that was just opened.
    pub(crate) fn new(input: I, output: O, around: Around) -> Driver<I, O> {
        let (machine, flow) = (Client::new(), tap::next_flow());
        Driver { machine, input, out: Out::Idle(output), around, flow, octets: 0, order: Order::default() }
    }

    /// The machine, to look at what the server can do.
    pub(crate) fn machine(&self) -> &Client {
        &self.machine
    }

    /// Does one verb.
    pub(crate) async fn run(&mut self, verb: Verb, mut load: Load<'_>) -> Result<Outcome, ClientError> {
        self.octets = 0;
        let from = if let Verb::Get { from, .. } = verb { from } else { 0 };
        self.order = Order { next: from, held: BTreeMap::new() };
        let job = self.machine.start(verb);
        let mut moved = Instant::now();
        // Where our own side failed: what is open is answered and the file closed before it is told.
        let mut ours: Option<io::Error> = None;
        loop {
            if ours.is_some() {
                self.machine.abort(job);
            }
            self.transmit(&load, &mut ours);
            while let Some(event) = self.machine.poll_event() {
                if let Some(result) = self.event(event, job, &mut load, &mut ours) {
                    return match (ours, result) {
                        (Some(error), _) => Err(ClientError::Local(error)),
                        (None, Ok(outcome)) => Ok(outcome),
                        (None, Err(failure)) => Err(fault::failure(failure, self.around.peer)),
                    };
                }
            }
            let deadline = tokio::time::Instant::from_std(moved + self.around.patience);
            let Driver { input, out, around, .. } = self;
            tokio::select! {
                biased;
                () = pulled(around.cancel.as_ref()) => return Err(ClientError::Cancelled),
                // Never without its answer: a send that is dropped may have sent a part.
                sent = sent(out) => sent.map_err(ClientError::Network)?,
                octets = input.next() => match octets.map_err(ClientError::Network)? {
                    Some(octets) => {
                        self.machine.handle(octets).map_err(|why| fault::fault(why, self.around.peer))?;
                    }
                    None => {
                        let ended = self.machine.closed();
                        let why = ended.err().unwrap_or(sftp_proto::client::Fault::Ended(0));
                        return Err(fault::fault(why, self.around.peer));
                    }
                },
                () = tokio::time::sleep_until(deadline) => return Err(self.around.silent(self.octets)),
            }
            moved = Instant::now();
        }
    }

    /// Takes a fact; the end of the job ends the verb.
    fn event(
        &mut self,
        event: Event,
        job: JobId,
        load: &mut Load<'_>,
        ours: &mut Option<io::Error>,
    ) -> Option<Result<Outcome, sftp_proto::client::Failure>> {
        match event {
            Event::Ready => {}
            Event::Size { len, .. } => {
                if let Some(len) = len {
                    self.around.see(self.flow, Dir::Here, What::Size(len));
                }
            }
            Event::Data { offset, octets, .. } => {
                let len = octets.len();
                if let (Load::Into(sink), None) = (load, &ours)
                    && let Err(e) = self.order.put(offset, octets, *sink)
                {
                    *ours = Some(e);
                }
                self.moved(Dir::Received, len);
            }
            Event::Stored { octets, .. } => {
                self.moved(Dir::Sent, usize::try_from(octets).unwrap_or(usize::MAX));
            }
            Event::Names { names, .. } => {
                if let Load::Names(all) = load {
                    all.extend(names);
                }
            }
            Event::Over { job: of, result } if of == job => return Some(result),
            // Of one that was given up.
            Event::Over { .. } => {}
        }
        None
    }

    /// Begins to send what there is, where nothing is being sent.
    fn transmit(&mut self, load: &Load<'_>, ours: &mut Option<io::Error>) {
        if !matches!(self.out, Out::Idle(_)) {
            return;
        }
        let mut octets = Vec::new();
        while octets.len() < BATCH {
            match self.machine.poll_transmit(&mut octets) {
                Transmit::Nothing => break,
                Transmit::Requests => {}
                Transmit::Body { job, offset, len, head } => {
                    if let Err(e) = read(load, offset, len, &mut octets) {
                        octets.truncate(octets.len() - head);
                        *ours = Some(e);
                        self.machine.unread(job);
                    }
                }
            }
        }
        if octets.is_empty() {
            return;
        }
        self.out = match std::mem::replace(&mut self.out, Out::Broken) {
            Out::Idle(mut output) => Out::Sending(Box::pin(async move {
                let result = output.send(Bytes::from(octets)).await;
                (output, result)
            })),
            other => other,
        };
    }

    fn moved(&mut self, dir: Dir, len: usize) {
        self.octets += len as u64;
        self.around.see(self.flow, dir, What::Data { len, total: self.octets });
    }
}

/// Puts `len` octets of the file behind what is there, or nothing.
fn read(load: &Load<'_>, offset: u64, len: u32, out: &mut Vec<u8>) -> io::Result<()> {
    let Load::From(blob) = load else { unreachable!("only a put has octets to send, and it has a file") };
    let before = out.len();
    out.resize(before + usize::try_from(len).expect("no more than a packet holds"), 0);
    let result = match blob.read_at(offset, &mut out[before..]) {
        Ok(n) if before + n == out.len() => return Ok(()),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            format!("the file was {} octets long and is shorter now", blob.len()),
        )),
        Err(e) => Err(e),
    };
    out.truncate(before);
    result
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
