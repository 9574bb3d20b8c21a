//! What one client has open, and what is done with it. Everything here may block.

use super::buffers::Buffers;
use super::names::resolve;
use super::open::{Left, Open, Upload};
use super::refusal;
use super::sights::Sights;
use crate::rated::Turn;
use bytes::Bytes;
use gate::store::VPath;
use gate::{Reading, Refusal, Session};
use sftp_proto::server::{Answer, Ask, AskId, File};
use sftp_proto::{Ask as Requested, OpenFlags, data_head};
use std::sync::Arc;
use std::time::{Duration, Instant};
use transport::tap::Dir;

/// The files of a session. It goes to a thread that may wait, and comes back.
pub(super) struct Files {
    pub(super) session: Session,
    open: Vec<Option<Open>>,
    /// What the next OPEN is about, where it was open without waiting.
    ahead: Option<Reading>,
    sights: Option<Arc<Sights>>,
    buffers: Buffers,
    /// A copy that is not over: it waits for a rate.
    copying: Option<Copying>,
}

/// What is left of a copy.
struct Copying {
    offset: u64,
    at: u64,
    octets: u64,
    until: Instant,
}

/// What was done with a batch of questions.
#[derive(Default)]
pub(super) struct Done {
    /// In the order of the questions.
    pub(super) answers: Vec<Answered>,
    /// Files that are ahead of their rate, and when they may go on.
    pub(super) held: Vec<(File, Instant)>,
    /// The first question that is left is a copy, ahead of its rates until then.
    pub(super) waits: Option<Instant>,
}

/// Answers of one kind.
pub(super) enum Answered {
    Reads(Reads),
    One(AskId, Answer),
}

/// READs that had octets.
#[derive(Default)]
pub(super) struct Reads {
    /// Heads and octets of all of them.
    pub(super) octets: Vec<u8>,
    /// How many octets each had, in their order.
    pub(super) of: Vec<(AskId, u32)>,
}

/// READs of up to so many octets share a buffer; the octets of longer ones are read without writing zeros first.
const SHORT: usize = 48 << 10;

impl Done {
    /// READs come before what is answered next.
    fn flush(&mut self, reads: &mut Reads) {
        if !reads.of.is_empty() {
            // A file that became shorter is no reason to hold more than goes out.
            if reads.octets.capacity() > 2 * reads.octets.len() {
                reads.octets.shrink_to_fit();
            }
            self.answers.push(Answered::Reads(std::mem::take(reads)));
        }
    }
}

impl Files {
    pub(super) fn new(session: Session, sights: Option<Arc<Sights>>, buffers: Buffers) -> Files {
        Files { session, open: Vec::new(), ahead: None, sights, buffers, copying: None }
    }

    /// Does all of them, in this order; where the thread may not wait, up to the first that does, and never further than a
    /// copy that is ahead of its rates. Gives those that are left.
    pub(super) fn run(&mut self, batch: Vec<(AskId, Ask)>, may_wait: bool) -> (Done, Vec<(AskId, Ask)>) {
        let mut done = Done::default();
        let mut together = Reads::default();
        let mut short = 0;
        for (_, ask) in &batch {
            if let Ask::Read { file, offset, len, .. } = ask {
                let len = self.there(*file, *offset, *len);
                short += if len <= SHORT { HEAD + len } else { 0 };
            }
        }
        let mut batch = batch.into_iter();
        let mut left = None;
        for (id, ask) in batch.by_ref() {
            if !may_wait && self.waits(&ask) {
                left = Some((id, ask));
                break;
            }
            let one = match ask {
                Ask::Read { file, request, offset, len } => {
                    let len = self.there(file, offset, len);
                    if len > SHORT {
                        done.flush(&mut together);
                        together.octets = self.buffers.take(HEAD + len);
                    } else if together.octets.capacity() == 0 {
                        together.octets = self.buffers.take(short);
                    }
                    let answered = self.read(file, request, offset, len, &mut together.octets);
                    let read = answered.as_ref().map_or(0, |read| *read as usize);
                    self.after(file, &mut done.held, read, Dir::Sent);
                    match answered {
                        Ok(0) => Answer::End,
                        Ok(read) => {
                            together.of.push((id, read));
                            short = short.saturating_sub(HEAD + len);
                            if len > SHORT {
                                done.flush(&mut together);
                            }
                            continue;
                        }
                        Err(why) => refusal::refused(&why),
                    }
                }
                Ask::Write { file, offset, pieces } => {
                    let written = self.write(file, offset, &pieces);
                    let octets = pieces.iter().map(Bytes::len).sum();
                    self.after(file, &mut done.held, octets, Dir::Received);
                    answer(written)
                }
                Ask::List { file } => {
                    let listed = match self.of_mut(Some(file)) {
                        Ok(Open::Directory(listing)) => listing.next(),
                        Ok(Open::Reading(_) | Open::Writing(_)) => Err(Refusal::NotDirectory),
                        Err(why) => Err(why),
                    };
                    let octets = match &listed {
                        Ok(Answer::Names(names)) => names.octets(),
                        Ok(_) | Err(_) => 0,
                    };
                    self.after(file, &mut done.held, octets, Dir::Sent);
                    listed.unwrap_or_else(|why| refusal::refused(&why))
                }
                Ask::Close { file } => {
                    self.asked(&Requested::Close { handle: b"" }, Some(file));
                    let closed = answer(self.close(file));
                    self.answered(&closed);
                    closed
                }
                Ask::Other { file, into, packet } => {
                    let ask = packet.ask();
                    if self.copying.is_none() {
                        self.asked(&ask, file);
                    }
                    let answer = self.named(file, into, &ask);
                    if let Some(copying) = &self.copying {
                        // That is no answer yet.
                        done.waits = Some(copying.until);
                        left = Some((id, Ask::Other { file, into, packet }));
                        break;
                    }
                    self.answered(&answer);
                    answer
                }
            };
            done.flush(&mut together);
            done.answers.push(Answered::One(id, one));
        }
        done.flush(&mut together);
        (done, left.into_iter().chain(batch).collect())
    }

    /// Whether a thread may have to wait for it longer than for what the page cache has: for what is published, copied
    /// or read as a whole.
    fn waits(&mut self, ask: &Ask) -> bool {
        match ask {
            Ask::Read { .. } | Ask::Write { .. } | Ask::List { .. } => false,
            Ask::Close { file } => matches!(self.of(Some(*file)), Ok(Open::Writing(_))),
            Ask::Other { packet, .. } => match packet.ask() {
                Requested::Open { flags, .. } if flags.has(OpenFlags::WRITE) => {
                    // What is there is copied, unless it is to be emptied.
                    !flags.has(OpenFlags::TRUNCATE)
                }
                Requested::Open { path, .. } => {
                    self.ahead = resolve(path).ok().and_then(|path| self.session.read_now(&path));
                    self.ahead.is_none()
                }
                Requested::Opendir { .. }
                | Requested::Stat { .. }
                | Requested::Lstat { .. }
                | Requested::Fstat { .. }
                | Requested::Realpath { .. }
                | Requested::Readlink { .. }
                | Requested::Remove { .. }
                | Requested::Mkdir { .. }
                | Requested::Rmdir { .. } => false,
                Requested::Setstat { attrs, .. } => attrs.size.is_some(),
                Requested::Fsetstat { .. } => false,
                Requested::Rename { .. } | Requested::Symlink { .. } => true,
                Requested::Extended(_) => true,
                Requested::Close { .. }
                | Requested::Read { .. }
                | Requested::Write { .. }
                | Requested::Readdir { .. } => unreachable!("they are questions of their own"),
            },
        }
    }

    /// How many of so many octets there may be to read: no room is made for others. Behind the end a few, as a file may
    /// have grown since it was opened.
    fn there(&self, file: File, offset: u64, len: u32) -> usize {
        let all = match self.of(Some(file)) {
            Ok(Open::Reading(download)) => download.blob().len(),
            Ok(Open::Writing(upload)) => upload.writing.len(),
            Ok(Open::Directory(_)) | Err(_) => 0,
        };
        let there = usize::try_from(all.saturating_sub(offset)).unwrap_or(usize::MAX);
        (len as usize).min(there.max(GROWN))
    }

    fn asked(&self, ask: &Requested<'_>, file: Option<File>) {
        if let Some(sights) = &self.sights {
            sights.asked(ask, self.of(file).ok());
        }
    }

    fn answered(&self, answer: &Answer) {
        if let Some(sights) = &self.sights {
            sights.answered(answer);
        }
    }

    /// A whole answer to a READ behind what is in `out`, where there are octets.
    fn read(
        &mut self,
        file: File,
        request: u32,
        offset: u64,
        len: usize,
        out: &mut Vec<u8>,
    ) -> Result<u32, Refusal> {
        let start = out.len();
        out.extend_from_slice(&[0; HEAD]);
        let read = match self.of_mut(Some(file)) {
            Ok(Open::Reading(download)) => download.read(offset, len, out),
            Ok(Open::Writing(upload)) => upload.read(offset, len, out),
            Ok(Open::Directory(_)) => Err(Refusal::IsDirectory),
            Err(why) => Err(why),
        };
        match read {
            Ok(read @ 1..) => {
                let read = u32::try_from(read).expect("at most what was asked for");
                out[start..start + HEAD].copy_from_slice(&data_head(request, read));
                Ok(read)
            }
            none => {
                out.truncate(start);
                none.map(|_| 0)
            }
        }
    }

    fn write(&mut self, file: File, mut offset: u64, pieces: &[Bytes]) -> Result<(), Refusal> {
        let upload = self.upload(file)?;
        for piece in pieces {
            upload.write(offset, piece)?;
            // It was written up to there.
            offset = offset.saturating_add(piece.len() as u64);
        }
        Ok(())
    }

    /// What is open for writing.
    fn upload(&mut self, file: File) -> Result<&mut Upload, Refusal> {
        match self.of_mut(Some(file))? {
            Open::Writing(upload) => Ok(upload),
            Open::Reading(_) | Open::Directory(_) => Err(Refusal::Denied),
        }
    }

    fn close(&mut self, file: File) -> Result<(), Refusal> {
        match self.open.get_mut(file.0 as usize).and_then(Option::take).ok_or(Refusal::Absent)? {
            Open::Reading(download) => {
                download.close();
                Ok(())
            }
            Open::Writing(upload) => upload.close(),
            Open::Directory(_) => Ok(()),
        }
    }

    /// So much was moved; a file with a rate says when it may go on.
    fn after(&mut self, file: File, held: &mut Vec<(File, Instant)>, moved: usize, dir: Dir) {
        if let Some(sights) = &self.sights {
            sights.moved(dir, moved);
        }
        let Ok(open) = self.of_mut(Some(file)) else { return };
        let Some(meter) = open.meter() else { return };
        meter.moved(moved as u64);
        let now = Instant::now();
        let wait = meter.wait(now, 0);
        // The timer counts in milliseconds; what is less is caught up with at once.
        if wait >= Duration::from_millis(1) {
            held.push((file, now + wait));
        }
    }

    /// What was opened ahead.
    pub(super) fn ahead(&mut self) -> Option<Reading> {
        self.ahead.take()
    }

    /// Keeps what was opened.
    pub(super) fn put(&mut self, file: Option<File>, mut open: Open) -> Answer {
        let rated = open.meter().is_some();
        let at = file.expect("OPEN comes with its file to be").0 as usize;
        if self.open.len() <= at {
            self.open.resize_with(at + 1, || None);
        }
        self.open[at] = Some(open);
        Answer::Opened { rated }
    }

    pub(super) fn of(&self, file: Option<File>) -> Result<&Open, Refusal> {
        let at = file.ok_or(Refusal::Absent)?.0 as usize;
        self.open.get(at).and_then(Option::as_ref).ok_or(Refusal::Absent)
    }

    pub(super) fn of_mut(&mut self, file: Option<File>) -> Result<&mut Open, Refusal> {
        let at = file.ok_or(Refusal::Absent)?.0 as usize;
        self.open.get_mut(at).and_then(Option::as_mut).ok_or(Refusal::Absent)
    }

    /// What this client is writing under a name.
    pub(super) fn writing(&self, path: &VPath) -> Option<&Upload> {
        self.open.iter().flatten().find_map(|open| match open {
            Open::Writing(upload) if upload.path == *path => Some(&**upload),
            Open::Writing(_) | Open::Reading(_) | Open::Directory(_) => None,
        })
    }

    pub(super) fn writing_mut(&mut self, path: &VPath) -> Option<&mut Upload> {
        self.open.iter_mut().flatten().find_map(|open| match open {
            Open::Writing(upload) if upload.path == *path => Some(&mut **upload),
            Open::Writing(_) | Open::Reading(_) | Open::Directory(_) => None,
        })
    }

    /// From the first file into the second, in bites, or what is left of that. Where a rate has to be waited for it goes
    /// on when it is asked again.
    pub(super) fn copy(
        &mut self,
        from: Option<File>,
        into: Option<File>,
        offset: u64,
        len: u64,
        at: u64,
    ) -> Result<(), Refusal> {
        let len = if len == 0 { u64::MAX } else { len };
        let anew = || Copying { offset, at, octets: len, until: Instant::now() };
        let mut left = self.copying.take().unwrap_or_else(anew);
        let mut octets = Vec::new();
        while left.octets > 0 {
            if self.session.is_kicked() {
                return Err(Refusal::Denied);
            }
            let now = Instant::now();
            let mut turn = Turn::at(now);
            for file in both(from, into) {
                turn.by(self.of_mut(file).ok().and_then(Open::meter));
            }
            let may = match turn.octets() {
                Ok(may) => may,
                Err(wait) => {
                    self.copying = Some(Copying { until: now + wait, ..left });
                    return Ok(());
                }
            };
            octets.clear();
            let bite = usize::try_from(left.octets.min(may)).unwrap_or(usize::MAX).min(BITE);
            let read = match self.of_mut(from)? {
                Open::Reading(download) => download.read(left.offset, bite, &mut octets)?,
                Open::Writing(upload) => upload.read(left.offset, bite, &mut octets)?,
                Open::Directory(_) => return Err(Refusal::IsDirectory),
            };
            if read == 0 {
                return Ok(());
            }
            self.upload(into.ok_or(Refusal::Absent)?)?.write(left.at, &octets)?;
            left.offset += read as u64;
            left.at += read as u64;
            left.octets -= read as u64;
            for file in both(from, into) {
                if let Some(meter) = self.of_mut(file).ok().and_then(Open::meter) {
                    meter.moved(read as u64);
                }
            }
        }
        Ok(())
    }

    /// The session is over: what is open ends.
    pub(super) fn leave(self, why: Left) {
        self.open.into_iter().flatten().for_each(|open| open.leave(why));
    }
}

/// Octets that are looked for behind the end that a file had.
const GROWN: usize = 4 << 10;
/// Octets before those of a DATA.
const HEAD: usize = 13;
/// Octets that are copied, or read for a digest, at once.
const BITE: usize = 256 << 10;

/// The files of a copy; where it is one file it moves once.
fn both(from: Option<File>, into: Option<File>) -> impl Iterator<Item = Option<File>> {
    [from, into.filter(|_| into != from)].into_iter().filter(Option::is_some)
}

fn answer(done: Result<(), Refusal>) -> Answer {
    match done {
        Ok(()) => Answer::Done,
        Err(why) => refusal::refused(&why),
    }
}
