//! `scp -t`: files come.

use super::{BITE, Channel, Whole, failed};
use crate::commands::reason_of;
use crate::device::Device;
use crate::ifs::{Bounded, Fs, Url};
use bytes::Bytes;
use ios_cli::text::copy::{Reason, Step};
use sftp_proto::scp::{Sink, SinkEvent};
use std::io;
use std::sync::Arc;
use store::{Sink as _, VPath};

/// Octets of the longest configuration that is taken: more than any NVRAM.
const LONGEST_CONFIGURATION: usize = 1 << 20;

/// Takes what comes for `target`; whether all of it is kept.
pub(super) fn run(device: &Arc<Device>, target: &str, by: &str, channel: &mut Channel) -> io::Result<bool> {
    let mut take = Take { device, target, by, coming: None, failed: None, whole: None, sound: true };
    let went = take.all(channel);
    // What has come whole is kept, however the channel ended; but not by an IOS that it did not come to.
    if channel.is_up() {
        take.keep();
    }
    went.map(|()| take.sound)
}

/// Where what comes goes.
enum Into {
    Flash(Box<Bounded>),
    /// A configuration: which one, and what has come of it.
    Text(Url, Vec<u8>),
}

/// `scp -t`: one file comes after the other, as a rule one.
struct Take<'d> {
    device: &'d Arc<Device>,
    target: &'d str,
    by: &'d str,
    /// The file that comes now: what it is called, where it goes, how much of it has come.
    coming: Option<(String, Into, u64)>,
    /// Why it cannot be kept.
    failed: Option<String>,
    /// A file that has come, until the channel is closed.
    whole: Option<(Into, Whole<'d>)>,
    sound: bool,
}

impl Take<'_> {
    fn all(&mut self, channel: &mut Channel) -> io::Result<()> {
        let (mut sink, mut room) = (Sink::new(false), vec![0; BITE]);
        loop {
            if let Some(octets) = sink.poll_transmit() {
                channel.say(&octets)?;
            }
            let answer = match sink.poll_event() {
                None if sink.wants_input() => {
                    match channel.hear(&mut room)? {
                        0 => sink.handle_end(),
                        n => sink.handle_input(Bytes::copy_from_slice(&room[..n])),
                    }
                    continue;
                }
                None => continue,
                Some(SinkEvent::Content(octets)) => {
                    self.content(&octets);
                    continue;
                }
                Some(SinkEvent::Complaint(_)) => {
                    self.sound = false;
                    continue;
                }
                Some(SinkEvent::Over { fault }) => {
                    self.sound &= fault.is_none();
                    if let Some(octets) = sink.poll_transmit() {
                        channel.say(&octets)?;
                    }
                    return Ok(());
                }
                Some(SinkEvent::File { name, .. }) => {
                    self.keep();
                    self.begin(&String::from_utf8_lossy(&name))
                }
                Some(SinkEvent::Whole { wrong }) => self.has_come(wrong),
                Some(SinkEvent::Enter { .. } | SinkEvent::Leave) => {
                    Err(String::from("Directories are not supported"))
                }
            };
            self.sound &= answer.is_ok();
            sink.answer(match &answer {
                Ok(()) => Ok(()),
                Err(why) => Err(why),
            });
        }
    }

    /// `name` is what the client calls it; it counts where the target is a directory.
    fn begin(&mut self, name: &str) -> Result<(), String> {
        let refused = |why: Reason| failed(Step::Opening, self.target, why);
        let url = Url::parse(self.target, &VPath::root(), &self.device.profile().flash.prefixes)
            .map_err(|_| refused(Reason::BadFileName))?;
        let (shown, into) = match url {
            url if url.is_running() || url.is_startup() => {
                (self.target.to_owned(), Into::Text(url, Vec::new()))
            }
            Url::Local { fs: Fs::Flash, prefix, path } => {
                let is_directory =
                    path.is_root() || self.device.flash.stat(&path).is_ok_and(|row| row.directory);
                let path = match is_directory {
                    true => path.child(name.as_bytes()).map_err(|_| refused(Reason::BadFileName))?,
                    false => path,
                };
                let upload = self.device.flash.create(&path).map_err(|e| refused(reason_of(&e)))?;
                (Url::Local { fs: Fs::Flash, prefix, path }.to_string(), Into::Flash(Box::new(upload)))
            }
            Url::Local { .. } | Url::Net(_) => return Err(refused(Reason::BadFileName)),
        };
        self.failed = None;
        self.coming = Some((shown, into, 0));
        Ok(())
    }

    /// What cannot be written is let go, so that both ends stay in step.
    fn content(&mut self, octets: &[u8]) {
        let Some((shown, into, moved)) = &mut self.coming else { return };
        if self.failed.is_none() {
            let written = match into {
                Into::Flash(upload) => upload.write_at(*moved, octets).map_err(|e| reason_of(&e.into())),
                Into::Text(_, text) if text.len() + octets.len() > LONGEST_CONFIGURATION => {
                    Err(Reason::NoSpace)
                }
                Into::Text(_, text) => {
                    text.extend_from_slice(octets);
                    Ok(())
                }
            };
            self.failed = written.err().map(|why| failed(Step::Writing, shown, why));
        }
        *moved += octets.len() as u64;
    }

    fn has_come(&mut self, wrong: Option<String>) -> Result<(), String> {
        let Some((shown, into, _)) = self.coming.take() else { return Ok(()) };
        match (self.failed.take(), wrong) {
            (Some(why), _) => Err(why),
            (None, Some(_)) => Err(failed(Step::Writing, &shown, Reason::Undefined)),
            (None, None) => {
                self.whole = Some((into, Whole::of(&self.device.settling)));
                Ok(())
            }
        }
    }

    /// What has come becomes what it is to be.
    fn keep(&mut self) {
        let Some((into, _until_kept)) = self.whole.take() else { return };
        let kept = match into {
            Into::Flash(upload) => upload.commit().map(drop),
            Into::Text(url, text) if url.is_startup() => {
                self.device.write_startup(&String::from_utf8_lossy(&text))
            }
            Into::Text(_, text) => {
                let text = String::from_utf8_lossy(&text).replace("\r\n", "\n");
                let who = self.by.split(' ').next().unwrap_or(self.by);
                // Whoever would read the lines that are refused has closed the channel.
                let _refused = self.device.take_configuration(who, &text);
                self.device.log(&format!("%SYS-5-CONFIG_I: Configured from scp by {}", self.by));
                Ok(())
            }
        };
        // The client has gone: its exit status is all that can be said.
        self.sound &= kept.is_ok();
    }
}
