//! One verb: where its octets go, or come from, and how it ended.

use super::driver::{Desk, Seen};
use bytes::Bytes;
use sftp_proto::client::{Client, Event, Failure, Found, JobId, Outcome, Verb};
use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use store::{Blob, Sink};
use transport::tap::{Dir, What};

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

/// A verb that is being done.
pub(super) struct One<'a> {
    /// `None`: it is to be begun.
    job: Option<JobId>,
    verb: Option<Verb>,
    load: Load<'a>,
    order: Order,
    /// Where our own side failed: what is open is answered and the file closed before it is told.
    ours: Option<io::Error>,
    /// Whether somebody wants an end.
    cancelled: bool,
    result: Option<Result<Outcome, Failure>>,
}

/// How a verb ended.
pub(super) enum Ended {
    Well(Outcome),
    Failed(Failure),
    Ours(io::Error),
}

impl<'a> One<'a> {
    pub(super) fn new(verb: Verb, load: Load<'a>) -> One<'a> {
        let from = if let Verb::Get { from, .. } = verb { from } else { 0 };
        let order = Order { next: from, held: BTreeMap::new() };
        One { job: None, verb: Some(verb), load, order, ours: None, cancelled: false, result: None }
    }

    pub(super) fn ended(self) -> Ended {
        match (self.ours, self.result) {
            (Some(error), _) => Ended::Ours(error),
            (None, Some(Ok(outcome))) => Ended::Well(outcome),
            (None, Some(Err(failure))) => Ended::Failed(failure),
            (None, None) => Ended::Failed(Failure::Aborted),
        }
    }
}

impl Desk for One<'_> {
    fn steer(&mut self, machine: &mut Client) -> ControlFlow<()> {
        if self.result.is_some() {
            return ControlFlow::Break(());
        }
        if let Some(verb) = self.verb.take() {
            self.job = Some(machine.start(verb));
        }
        if let (Some(job), true) = (self.job, self.ours.is_some() || self.cancelled) {
            machine.abort(job);
        }
        ControlFlow::Continue(())
    }

    fn event(&mut self, event: Event, seen: &mut Seen, _: &mut Client) {
        match event {
            Event::Ready | Event::Opened { .. } => {}
            Event::Size { len, .. } => {
                if let Some(len) = len {
                    seen.see(Dir::Here, What::Size(len));
                }
            }
            Event::Data { offset, octets, .. } => {
                let len = octets.len();
                if let (Load::Into(sink), None) = (&mut self.load, &self.ours)
                    && let Err(e) = self.order.put(offset, octets, *sink)
                {
                    self.ours = Some(e);
                }
                seen.moved(Dir::Received, len);
            }
            Event::Stored { octets, .. } => {
                seen.moved(Dir::Sent, usize::try_from(octets).unwrap_or(usize::MAX));
            }
            Event::Names { names, .. } => {
                if let Load::Names(all) = &mut self.load {
                    all.extend(names);
                }
            }
            Event::Over { job, result } => {
                if self.job == Some(job) {
                    self.result = Some(result);
                }
            }
        }
    }

    fn read(&mut self, _: JobId, offset: u64, len: u32, out: &mut Vec<u8>) -> bool {
        let Load::From(blob) = &self.load else {
            unreachable!("only a put has octets to send, and it has a file")
        };
        match read(blob, offset, len, out) {
            Ok(()) => true,
            Err(e) => {
                self.ours = Some(e);
                false
            }
        }
    }

    fn cancel(&mut self) {
        self.cancelled = true;
    }
}

/// Puts `len` octets of a file behind what is there, or nothing.
pub(super) fn read(blob: &Blob, offset: u64, len: u32, out: &mut Vec<u8>) -> io::Result<()> {
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

/// Puts octets into a file in their order, so that what a broken get leaves is the beginning of the file, also where
/// this process is killed. Servers answer in order; of one that does not the machine lets 32 MiB wait here.
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
