use crate::audit::What;
use crate::grants::Spent;
use crate::holder;
use crate::inbox::Place;
use crate::progress::Progress;
use crate::rate::Meter;
use crate::record::{Cause, End, Outcome};
use crate::session::TransferLease;
use crate::verdict::Verdict;
use crate::{Digest, Refusal};
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use store::{Attributes, Blob, Identity, Mode, Published, Sink, Upload, VPath};

/// Which way a transfer goes, seen from the peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// The peer reads: a download.
    Read,
    /// The peer writes: an upload.
    Write,
}

/// The part of a transfer that the audit knows: tells the end once, whatever happens.
pub(crate) struct Record {
    lease: TransferLease,
    /// The use of a grant.
    spent: Option<Box<Spent>>,
    transfer: u64,
    path: VPath,
    dir: Direction,
    /// Octets that were to come, where the start told.
    len: Option<u64>,
    began: Instant,
    /// For who watches, and for a transfer that is only dropped.
    progress: Progress,
    /// Whether an octet of the content has moved.
    moves: AtomicBool,
    told: bool,
}

impl Record {
    /// Begins it; where it is by a grant, that is used now.
    pub(crate) fn start(
        mut lease: TransferLease,
        path: &VPath,
        dir: Direction,
        len: Option<u64>,
    ) -> Result<Record, Refusal> {
        let spent = lease.session.spend(path, dir)?.map(Box::new);
        if let (Some(meter), Some(len)) = (&mut lease.meter, len) {
            meter.up_to(len);
        }
        let transfer = lease.session.next_transfer();
        let progress = Progress::new(len);
        lease.session.tell(What::Started {
            transfer,
            path: path.clone(),
            dir,
            len,
            progress: progress.clone(),
        });
        let began = Instant::now();
        let (path, moves) = (path.clone(), AtomicBool::new(false));
        Ok(Record { lease, spent, transfer, path, dir, len, began, progress, moves, told: false })
    }

    /// An octet has moved; only the first counts.
    fn begun(&self) {
        if self.moves.load(Ordering::Relaxed) || self.moves.swap(true, Ordering::Relaxed) {
            return;
        }
        let session = &self.lease.session;
        let times = session.gate().timings().first_octet(session.from().protocol, self.dir);
        times.add(self.began.elapsed());
    }

    fn end(&mut self, mut end: End, left: Left) {
        self.told = true;
        if let Some(spent) = self.spent.take() {
            let moved = end.octets > 0 || end.wire.as_ref().is_some_and(|wire| wire.figures.sent > 0);
            match end.outcome {
                Outcome::Complete | Outcome::Unconfirmed => spent.complete(),
                Outcome::TimedOut | Outcome::Aborted | Outcome::Refused | Outcome::Failed if !moved => {
                    spent.give_back();
                }
                Outcome::TimedOut | Outcome::Aborted | Outcome::Refused | Outcome::Failed => {}
            }
        }
        if let Some(wire) = end.wire.as_mut().filter(|_| self.lease.session.grant().is_some()) {
            holder::name_without_token(&mut wire.asked);
        }
        let (transfer, path, dir) = (self.transfer, self.path.clone(), self.dir);
        let verdict = Verdict::of(dir, self.len, &end);
        let total = end.expected.or(self.len);
        let Left { digests, stored, kept } = left;
        let took = self.began.elapsed();
        let what = What::Ended { transfer, path, dir, total, took, end, verdict, digests, stored, kept };
        self.lease.session.tell(what);
    }
}

/// What a transfer leaves.
#[derive(Default)]
struct Left {
    digests: Vec<Digest>,
    stored: Option<Box<Identity>>,
    kept: Option<VPath>,
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.told {
            // What went out nobody counted: the use stays one.
            self.spent = None;
            let end = End::new(Outcome::Aborted, self.progress.octets());
            self.end(end, Left::default());
        }
    }
}

/// A file being read. Dropped without [`Reading::finish`] it ends as [`Outcome::Aborted`].
pub struct Reading {
    blob: Blob,
    record: Record,
}

impl Reading {
    pub(crate) fn new(blob: Blob, record: Record) -> Reading {
        Reading { blob, record }
    }

    /// The content.
    pub fn blob(&self) -> &Blob {
        &self.blob
    }

    /// The transfer's number in the events.
    pub fn transfer(&self) -> u64 {
        self.record.transfer
    }

    /// What it has to obey, where it has a rate; once, for its driver.
    pub fn take_meter(&mut self) -> Option<Box<Meter>> {
        self.record.lease.meter.take()
    }

    /// Whether the owner wants it to end; see [`crate::Session::is_kicked`].
    pub fn is_kicked(&self) -> bool {
        self.record.lease.session.is_kicked()
    }

    /// Tells that content moves: for the time to the first octet. Costs a look at a flag when it is told again.
    pub fn begun(&self) {
        self.record.begun();
    }

    /// How far it is: its driver, which alone knows, feeds it.
    pub fn progress(&self) -> &Progress {
        &self.record.progress
    }

    /// Ends the transfer; call it before the success reply.
    pub fn finish(mut self, end: End) {
        let digests = match end.outcome {
            Outcome::Complete | Outcome::Unconfirmed => {
                self.record.lease.session.digests().all_known(&self.blob)
            }
            Outcome::TimedOut | Outcome::Aborted | Outcome::Refused | Outcome::Failed => Vec::new(),
        };
        self.record.end(end, Left { digests, ..Left::default() });
    }
}

/// An upload. Dropped without one of the ends it leaves the old file and ends as [`Outcome::Aborted`].
pub struct Writing {
    upload: Box<dyn Upload>,
    record: Record,
    /// Octets written so far, where the content that it starts from tells nothing of that.
    written: Option<u64>,
    /// Its name in a drop box, kept from others until it is there.
    _place: Option<Place>,
}

impl Writing {
    pub(crate) fn new(upload: Box<dyn Upload>, record: Record, mode: Mode) -> Writing {
        let written = (mode == Mode::Modify).then_some(0);
        Writing { upload, record, written, _place: None }
    }

    /// The same, under a name of a drop box.
    pub(crate) fn at(self, place: Place) -> Writing {
        Writing { _place: Some(place), ..self }
    }

    /// The transfer's number in the events.
    pub fn transfer(&self) -> u64 {
        self.record.transfer
    }

    /// What it has to obey, where it has a rate; once, for its driver.
    pub fn take_meter(&mut self) -> Option<Box<Meter>> {
        self.record.lease.meter.take()
    }

    /// Whether the owner wants it to end; see [`crate::Session::is_kicked`].
    pub fn is_kicked(&self) -> bool {
        self.record.lease.session.is_kicked()
    }

    /// What its rate is now, octets a second, where it has one.
    pub fn share(&self) -> Option<u64> {
        self.record.lease.meter.as_ref().map(|meter| meter.share())
    }

    /// One past the last octet written or kept.
    pub fn len(&self) -> u64 {
        self.upload.len()
    }

    /// Whether nothing was written and nothing kept.
    pub fn is_empty(&self) -> bool {
        self.upload.is_empty()
    }

    /// Where the first new octet belongs.
    pub fn start(&self) -> u64 {
        self.upload.start()
    }

    /// Reads back what was written or kept.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.upload.read_at(offset, buf)
    }

    /// Tells octets written through [`Sink::fd`].
    pub fn wrote_to(&mut self, end: u64) {
        self.upload.wrote_to(end);
        self.record.begun();
        self.reached();
    }

    /// Cuts it off there, or lets it reach so far: what was not written reads as zeros.
    pub fn set_len(&mut self, len: u64) -> Result<(), Refusal> {
        Ok(self.upload.set_len(len)?)
    }

    /// What the file is to have beside its content when it is published: it is a part of the upload, and needs no
    /// right besides.
    pub fn set_attributes(&mut self, attributes: Attributes) -> Result<(), Refusal> {
        Ok(self.upload.set_attributes(attributes)?)
    }

    fn reached(&self) {
        let reached = self.upload.len().saturating_sub(self.upload.start());
        self.record.progress.reach(self.written.unwrap_or(reached));
    }

    /// Makes the file durable and visible, whole, and tells the end. Call it before the success reply.
    /// May take as long as the disk takes to sync.
    pub fn commit(mut self, mut end: End) -> Result<Published, Refusal> {
        match self.upload.commit() {
            Ok(published) => {
                let (stored, kept) = (published.identity.map(Box::new), published.kept.clone());
                self.record.end(end, Left { stored, kept, ..Left::default() });
                Ok(published)
            }
            Err(e) => {
                let why = Refusal::from(e);
                end.outcome = Outcome::Failed;
                end.cause = Cause::Ours(format!("not published: {why}"));
                end.add(&format!("not published: {why}"));
                self.record.end(end, Left::default());
                Err(why)
            }
        }
    }

    /// Ends the upload and drops what came: the old file stays.
    pub fn fail(mut self, end: End) {
        drop(self.upload);
        self.record.end(end, Left::default());
    }

    /// Ends the upload and keeps what came for this user to go on with. TFTP keeps nothing: the same as
    /// [`Writing::fail`].
    pub fn suspend(mut self, mut end: End) {
        if self._place.is_none() && self.record.lease.session.keeps_partials() {
            // What cannot be kept is dropped: the old file stays in any case.
            if let Err(e) = self.upload.suspend() {
                end.add(&format!("partial not kept: {e}"));
            }
        } else {
            drop(self.upload);
        }
        self.record.end(end, Left::default());
    }
}

impl Sink for Writing {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        self.upload.write_at(offset, octets)?;
        self.record.begun();
        if let Some(written) = &mut self.written {
            *written += octets.len() as u64;
        }
        self.reached();
        Ok(())
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        // What is written through it is told by where it ends, which says nothing of what is written over.
        if self.written.is_some() { None } else { self.upload.fd() }
    }
}
