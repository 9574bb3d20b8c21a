//! A put that writes another name first, which becomes the file's when all is there: what has holes on the way must not
//! be taken for the beginning of a file by whoever goes on with it.

use super::driver::{Desk, Seen};
use super::fault;
use super::one::Load;
use super::session::Session;
use super::spread::{self, Plan, Sent, Wanted};
use crate::ClientError;
use crate::mirror::{Unfinished, What};
use sftp_proto::Attrs;
use sftp_proto::client::{Client, Event, Facts, Failure, JobId, Outcome, Verb};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use store::Blob;

/// What of a mode is permissions, with the bits above them.
const PERMISSIONS: u32 = 0o7777;
/// How long it may take to remove what is not to be there.
const GRACE: Duration = Duration::from_secs(2);

impl Session {
    /// Sends a file over several channels, where that is worth it and the server can rename over a file; how many they
    /// were. `None`: it is to be written under its name, and nothing has become of it.
    pub(super) fn put_renamed(
        &mut self,
        blob: &Blob,
        path: &[u8],
        keep: Facts,
    ) -> Result<Option<u32>, ClientError> {
        // Before anything is asked: what a short file is not worth.
        let (channels, window) = (self.channels, self.link.window());
        let may_be = |round_trip| Plan::new(channels, window, round_trip, blob.len());
        if may_be(Duration::MAX).is_none() {
            return Ok(None);
        }
        let mut look = Look { path: path.to_vec(), at: None, found: None };
        self.link.runtime.block_on(self.driver.drive(&mut look))?;
        let Some((found, round_trip)) = look.found else { return Ok(None) };
        let old = match found.map_err(|failure| fault::failure(failure, self.driver.peer())) {
            Ok(Outcome::Facts(attrs)) => Some(attrs),
            Err(ClientError::Absent { .. }) => None,
            Ok(_) | Err(_) => return Ok(None),
        };
        // A link stays one, and what is no file is not replaced by one.
        let is_file = |attrs: &Attrs<'_>| attrs.mode.is_some_and(|mode| What::of_mode(mode) == What::File);
        let can_rename = self.driver.machine().abilities().has("posix-rename@openssh.com");
        if !can_rename || !old.as_ref().is_none_or(is_file) {
            return Ok(None);
        }
        let Some(plan) = may_be(round_trip) else {
            return Ok(None);
        };
        let name = Unfinished::there().map_err(ClientError::Local)?.name();
        let end = path.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
        let of_old = old.as_ref().and_then(|old| old.mode).map(|mode| mode & PERMISSIONS);
        let facts = Facts { mode: keep.mode.or(of_old), times: keep.times };
        let wanted =
            Wanted { blob, path: [&path[..end], &name].concat(), mode: facts.mode, old: old.as_ref(), plan };
        let Session { driver, link, .. } = self;
        let sent = link.runtime.block_on(spread::send(driver, || link.subsystem("sftp"), &wanted));
        match sent {
            Sent::Whole { channels } => match self.name(&wanted, path, facts, channels) {
                Ok(()) => Ok(Some(channels)),
                // It may be written, and not be given away or replaced by another.
                Err(ClientError::Denied { .. } | ClientError::Server { .. }) => {
                    self.clean_up(wanted.path);
                    Ok(None)
                }
                Err(why) => {
                    self.clean_up(wanted.path);
                    Err(why)
                }
            },
            Sent::NotHere => {
                self.clean_up(wanted.path);
                Ok(None)
            }
            Sent::Broken(why) => {
                self.clean_up(wanted.path);
                Err(why)
            }
        }
    }

    /// Gives what is whole its permissions, its times and its name.
    fn name(
        &mut self,
        wanted: &Wanted<'_>,
        path: &[u8],
        facts: Facts,
        channels: u32,
    ) -> Result<(), ClientError> {
        if facts != Facts::default() {
            self.set_facts(&wanted.path, facts)?;
        }
        if channels > 1 {
            let (expected, found) = (wanted.blob.len(), self.stat(&wanted.path)?.size);
            if let Some(found) = found.filter(|found| *found != expected) {
                return Err(ClientError::Truncated { expected, found });
            }
        }
        self.rename(&wanted.path, path, true)
    }

    /// Removes what is left under the other name, as well as that can be done: also for whoever wants an end.
    fn clean_up(&mut self, path: Vec<u8>) {
        if self.is_over() {
            return;
        }
        let cancel = self.driver.set_cancel(None);
        let Session { driver, link, .. } = self;
        let _late = link.runtime.block_on(async {
            tokio::time::timeout(GRACE, driver.run(Verb::Remove { path }, Load::None)).await
        });
        let _none = self.driver.set_cancel(cancel);
    }
}

/// Looks what stands at a path, no link followed, and how long the question was on the way there and back.
struct Look {
    path: Vec<u8>,
    /// Since when.
    at: Option<(JobId, Instant)>,
    found: Option<(Result<Outcome, Failure>, Duration)>,
}

impl Desk for Look {
    fn steer(&mut self, machine: &mut Client) -> ControlFlow<()> {
        if self.found.is_some() {
            return ControlFlow::Break(());
        }
        if self.at.is_none() {
            let path = self.path.clone();
            self.at = Some((machine.start(Verb::Lstat { path }), Instant::now()));
        }
        ControlFlow::Continue(())
    }

    fn event(&mut self, event: Event, _: &mut Seen, _: &mut Client) {
        match (event, &mut self.at) {
            // Only now it is asked.
            (Event::Ready, Some((_, since))) => *since = Instant::now(),
            (Event::Over { job, result }, Some((ours, since))) if job == *ours => {
                self.found = Some((result, since.elapsed()));
            }
            (
                Event::Ready
                | Event::Size { .. }
                | Event::Opened { .. }
                | Event::Data { .. }
                | Event::Stored { .. }
                | Event::Names { .. }
                | Event::Over { .. },
                _,
            ) => {}
        }
    }

    fn read(&mut self, _: JobId, _: u64, _: u32, _: &mut Vec<u8>) -> bool {
        unreachable!("no file is put by looking")
    }

    fn cancel(&mut self) {
        self.found.get_or_insert((Err(Failure::Aborted), Duration::ZERO));
    }
}
