//! `scp -t`: files come.

use super::{DONE, FAILED, Line, Stop, about, blocking, names};
use crate::disk::Disk;
use bytes::Bytes;
use gate::store::{Attributes, Kind, Mode, Sink as _, StoreError, VPath};
use gate::{Ask, Cause, End, Meter, Outcome, Refusal, Session, Writing};
use sftp_proto::scp::{Exec, Sink, SinkEvent, Times};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use transport::octets::{OctetsIn, OctetsOut};

/// What files come to.
struct Take {
    session: Session,
    /// `-p`.
    preserve: bool,
    /// `-d`: whatever comes goes into the target.
    directory: bool,
    /// What the client named.
    target: Result<VPath, Refusal>,
    /// The directories that were entered, the last one innermost.
    within: Vec<Entered>,
    file: Option<File>,
    disk: Disk,
    /// Whether anything went wrong.
    failed: bool,
}

struct Entered {
    path: VPath,
    /// What it is to have when it is left: what comes into it changes its time.
    mode: u32,
    times: Option<Times>,
}

/// The file that comes now.
struct File {
    path: VPath,
    writing: Writing,
    meter: Option<Box<Meter>>,
    moved: u64,
    /// Why a write failed; what comes after it is let go, so that both ends stay in step.
    failed: Option<Refusal>,
}

pub(super) async fn run<I: OctetsIn, O: OctetsOut>(
    session: Session,
    exec: &Exec,
    line: &mut Line<I, O>,
) -> u32 {
    let mut take = Take {
        session,
        preserve: exec.preserve,
        directory: exec.directory,
        target: names::target(&exec.paths[0]),
        within: Vec::new(),
        file: None,
        disk: Disk::default(),
        failed: false,
    };
    let done = take.all(Sink::new(exec.recursive), line).await;
    if let Some(file) = take.file.take() {
        let (outcome, cause) = done.err().unwrap_or(Stop::Lost).end();
        // Putting away waits for the disk.
        let _left = blocking(move || {
            file.leave(outcome, cause);
            Ok(())
        })
        .await;
    }
    if done.is_ok() && !take.failed { DONE } else { FAILED }
}

impl Take {
    async fn all<I: OctetsIn, O: OctetsOut>(
        &mut self,
        mut sink: Sink,
        line: &mut Line<I, O>,
    ) -> Result<(), Stop> {
        loop {
            if let Some(octets) = sink.poll_transmit() {
                line.send(octets).await?;
            }
            let answer = match sink.poll_event() {
                None if sink.wants_input() => {
                    match line.next().await? {
                        Some(octets) => sink.handle_input(octets),
                        None => sink.handle_end(),
                    }
                    continue;
                }
                None => continue,
                Some(SinkEvent::Content(octets)) => {
                    self.content(&octets, line).await?;
                    continue;
                }
                Some(SinkEvent::Complaint(_)) => {
                    self.failed = true;
                    continue;
                }
                Some(SinkEvent::Over { fault }) => {
                    self.failed |= fault.is_some();
                    if let Some(octets) = sink.poll_transmit() {
                        line.send(octets).await?;
                    }
                    return Ok(());
                }
                Some(SinkEvent::File { name, mode, size, times }) => {
                    self.begin(name, mode, size, times).await
                }
                Some(SinkEvent::Whole { wrong }) => self.whole(wrong).await,
                Some(SinkEvent::Enter { name, mode, times }) => self.enter(name, mode, times).await,
                Some(SinkEvent::Leave) => self.leave().await,
            };
            self.failed |= answer.is_err();
            sink.answer(match &answer {
                Ok(()) => Ok(()),
                Err(why) => Err(why),
            });
        }
    }

    /// Where something of this name goes: into the directory that is there, else under the name that the client gave.
    async fn place(&mut self, name: Vec<u8>) -> Result<VPath, String> {
        let words = |why: Refusal, path: &VPath| about(path, &why);
        let into = match self.within.last() {
            Some(entered) => Some(entered.path.clone()),
            None => {
                let target = self.target.clone().map_err(|why| why.to_string())?;
                let (session, path) = (self.session.clone(), target.clone());
                let is_there = blocking(move || {
                    let is_dir = |facts: gate::store::Facts| facts.kind == Kind::Directory;
                    Ok(session.has(&path) && session.stat(&path).is_ok_and(is_dir))
                });
                match is_there.await.map_err(|why| words(why, &target))? {
                    true => Some(target),
                    false if self.directory => return Err(words(Refusal::NotDirectory, &target)),
                    false => return Ok(target),
                }
            }
        };
        let dir = into.expect("set above where it is not returned");
        dir.child(&name).map_err(|why| words(why.into(), &dir))
    }

    async fn begin(
        &mut self,
        name: Vec<u8>,
        mode: u32,
        size: u64,
        times: Option<Times>,
    ) -> Result<(), String> {
        let path = self.place(name).await?;
        let (session, at) = (self.session.clone(), path.clone());
        let attributes = Attributes {
            mode_if_new: Some(mode & 0o777),
            mode: self.preserve.then_some(mode & 0o777),
            modified: times.map(modified),
        };
        let begun = blocking(move || {
            let mut writing = session.write(&at, Ask { mode: Mode::Overwrite, expected: Some(size) })?;
            match writing.set_attributes(attributes) {
                // The content is what matters, where that is all that can be kept.
                Ok(()) | Err(Refusal::Unsupported(_)) => Ok(writing),
                Err(why) => Err(why),
            }
        });
        let mut writing = begun.await.map_err(|why| about(&path, &why))?;
        let meter = writing.take_meter();
        self.file = Some(File { path, writing, meter, moved: 0, failed: None });
        Ok(())
    }

    async fn content<I: OctetsIn, O: OctetsOut>(
        &mut self,
        octets: &Bytes,
        line: &mut Line<I, O>,
    ) -> Result<(), Stop> {
        let Some(file) = &mut self.file else { return Ok(()) };
        if file.failed.is_none() {
            let written = self.disk.write(|| file.writing.write_at(file.moved, octets));
            file.failed = written.err().map(|e| Refusal::from(StoreError::from(e)));
        }
        file.moved += octets.len() as u64;
        if let Some(meter) = &mut file.meter {
            meter.moved(octets.len() as u64);
        }
        line.turn_of(&mut file.meter).await.map(drop)
    }

    /// The file is here: it is published now, or never.
    async fn whole(&mut self, wrong: Option<String>) -> Result<(), String> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let path = file.path.clone();
        let ended = blocking(move || {
            let File { writing, moved, failed, .. } = file;
            match (failed, wrong) {
                (Some(why), _) => {
                    writing.fail(End::new(Outcome::Failed, moved).because(Cause::Ours(why.to_string())));
                    Err(why)
                }
                (None, Some(said)) => {
                    let cause = Cause::PeerError { code: 1, text: said };
                    writing.fail(End::new(Outcome::Refused, moved).because(cause));
                    Err(Refusal::ByRule(String::from("not stored: what came is not the whole file")))
                }
                (None, None) => writing.commit(End::new(Outcome::Complete, moved)).map(drop),
            }
        });
        ended.await.map_err(|why| about(&path, &why))
    }

    async fn enter(&mut self, name: Vec<u8>, mode: u32, times: Option<Times>) -> Result<(), String> {
        let path = self.place(name).await?;
        let (session, at) = (self.session.clone(), path.clone());
        let entered = blocking(move || match session.has(&at) {
            true if session.stat(&at)?.kind == Kind::Directory => Ok(()),
            true => Err(Refusal::NotDirectory),
            false => session.make_dir(&at),
        });
        entered.await.map_err(|why| about(&path, &why))?;
        self.within.push(Entered { path, mode, times });
        Ok(())
    }

    async fn leave(&mut self) -> Result<(), String> {
        let Some(Entered { path, mode, times }) = self.within.pop() else { return Ok(()) };
        let (session, at, preserve) = (self.session.clone(), path.clone(), self.preserve);
        let left = blocking(move || {
            if preserve {
                session.set_mode(&at, mode & 0o777)?;
            }
            times.map_or(Ok(()), |times| session.set_modified(&at, modified(times)))
        });
        match left.await {
            Ok(()) | Err(Refusal::Unsupported(_)) => Ok(()),
            Err(why) => Err(about(&path, &why)),
        }
    }
}

impl File {
    /// The channel ended in the middle: what came is kept for whoever goes on with it over another protocol.
    fn leave(self, outcome: Outcome, cause: Cause) {
        let end = End::new(outcome, self.moved).because(cause);
        match self.failed {
            None if self.moved > 0 => self.writing.suspend(end),
            None | Some(_) => self.writing.fail(end),
        }
    }
}

fn modified(times: Times) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_secs(times.modified)).unwrap_or(UNIX_EPOCH)
}
