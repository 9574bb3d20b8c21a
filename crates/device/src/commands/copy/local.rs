use super::Ended;
use crate::commands::exec::Exec;
use crate::commands::files::reason_of;
use crate::commands::flash::Erase;
use crate::ifs::{Fs, Url};
use crate::session::Leave;
use ios_cli::text::copy::{LOCAL, Marks, Reason, Step};
use ios_cli::text::files::{BUILDING, BUSY, OTHER_VERSION, STORED};
use std::time::{Duration, Instant};
use store::{Blob, Sink};

/// Octets that one `C` stands for.
const CHUNK: usize = 262_144;

impl Exec<'_> {
    /// What a local end holds.
    pub(super) fn source_blob(&mut self, from: &Url) -> Result<Blob, Reason> {
        match from {
            Url::Local { fs: Fs::Flash, path, .. } => {
                let row = self.tty.device.flash.stat(path).map_err(|e| reason_of(&e))?;
                if row.directory {
                    return Err(Reason::IsDirectory);
                }
                self.tty.device.flash.open(path).map_err(|e| reason_of(&e))
            }
            // What comes from there is an empty file.
            Url::Local { fs: Fs::Null, .. } => Ok(Blob::Memory(Vec::new().into())),
            url if url.is_running() => Ok(Blob::Memory(self.running_text().into_bytes().into())),
            url if url.is_startup() => match self.tty.device.startup() {
                Some(text) => Ok(Blob::Memory(text.into_bytes().into())),
                None => Err(Reason::NoSuchFile),
            },
            Url::Local { .. } | Url::Net(_) => Err(Reason::NoSuchFile),
        }
    }

    /// Into the startup configuration. The running one is built; any other file is stored as it is.
    pub(super) fn store_startup(&mut self, from: &Url) -> Result<Ended, Leave> {
        let blob = match self.source_blob(from) {
            Ok(blob) => blob,
            Err(why) => return self.copy_failed(Step::Opening, &from.to_string(), why),
        };
        if from.is_running() {
            return self.save();
        }
        if from.is_startup() {
            return self.copied(blob.len(), Duration::ZERO);
        }
        let started = Instant::now();
        let text = text_of(&blob);
        match self.tty.device.write_startup(&text) {
            Ok(()) => self.copied(blob.len(), started.elapsed()),
            Err(e) => self.copy_failed(Step::Writing, "nvram:startup-config", reason_of(&e)),
        }
    }

    /// `write memory`: the same as `copy running-config startup-config` after its question.
    pub(in crate::commands) fn save(&mut self) -> Result<Ended, Leave> {
        if self.written_by_another_version() && !self.tty.confirm(OTHER_VERSION)? {
            return Ok(Err(Reason::Interrupted));
        }
        if self.tty.device.faults.nvram_is_busy() {
            self.tty.print(BUSY)?;
            return Ok(Err(Reason::Io));
        }
        self.tty.print(BUILDING)?;
        let by = self.who();
        match self.tty.device.save_running(&by) {
            Ok(text) => {
                self.tty.print(STORED)?;
                if self.tty.device.running_config().archive().is_some_and(|a| a.write_memory) {
                    self.archive_config()?;
                }
                Ok(Ok(text.len() as u64))
            }
            Err(e) => self.copy_failed(Step::Writing, "nvram:startup-config", reason_of(&e)),
        }
    }

    fn written_by_another_version(&self) -> bool {
        let Some(saved) = self.tty.device.startup() else { return false };
        let version = saved.lines().find_map(|l| l.strip_prefix("version "));
        let running = self.tty.device.running(|r| crate::texts::train(&r.facts.version));
        version.is_some_and(|v| Some(v.trim()) != running.as_deref())
    }

    /// On the device: flash to flash, a file into the running configuration, anything to null.
    pub(super) fn copy_locally(&mut self, from: &Url, to: &Url, erase: Erase) -> Result<Ended, Leave> {
        let blob = match self.source_blob(from) {
            Ok(blob) => blob,
            Err(why) => return self.copy_failed(Step::Opening, &from.to_string(), why),
        };
        let started = Instant::now();
        match to {
            url if url.is_running() => {
                self.take_configuration(&text_of(&blob), &from.to_string())?;
                self.copied(blob.len(), started.elapsed())
            }
            Url::Local { fs: Fs::Flash, path, .. } => {
                if from == to
                    || from.to_string().replace("flash0:", "flash:")
                        == to.to_string().replace("flash0:", "flash:")
                {
                    return self.copy_failed(Step::Copying, &from.to_string(), Reason::BadFileName);
                }
                let prefix = self.flash();
                if let Err(why) = erase.carry_out(self.tty, prefix)? {
                    return self.copy_failed(Step::Opening, &to.to_string(), why);
                }
                let mut upload = match self.tty.device.flash.create(path) {
                    Ok(upload) => upload,
                    Err(e) => return self.copy_failed(Step::Opening, &to.to_string(), reason_of(&e)),
                };
                self.tty.print(LOCAL)?;
                let mut marks = Marks::behind(LOCAL, self.tty.width());
                let mut buf = vec![0; CHUNK];
                let mut at = 0;
                loop {
                    let n = match blob.read_at(at, &mut buf) {
                        Ok(0) => break,
                        Ok(n) => n,
                        Err(_) => {
                            return self.copy_failed(Step::Reading, &from.to_string(), Reason::Undefined);
                        }
                    };
                    if let Err(e) = upload.write_at(at, &buf[..n]) {
                        return self.copy_failed(Step::Copying, &from.to_string(), reason_of(&e.into()));
                    }
                    at += n as u64;
                    self.tty.print(&marks.push('C'))?;
                    if self.tty.interrupted(Duration::ZERO)? {
                        return self.copy_failed(Step::Copying, &from.to_string(), Reason::Interrupted);
                    }
                }
                match upload.commit() {
                    Ok(_) => {
                        self.tty.print("\n")?;
                        self.check_sum(path)?;
                        self.copied(blob.len(), started.elapsed())
                    }
                    Err(e) => self.copy_failed(Step::Writing, &to.to_string(), reason_of(&e)),
                }
            }
            Url::Local { fs: Fs::Null, .. } => self.copied(blob.len(), started.elapsed()),
            Url::Local { .. } | Url::Net(_) => {
                self.copy_failed(Step::Opening, &to.to_string(), Reason::ReadOnly)
            }
        }
    }

    /// Merges a configuration file into the running one; lines that are refused are shown.
    pub(super) fn take_configuration(&mut self, text: &str, from: &str) -> Result<(), Leave> {
        let who = self.who();
        for line in self.tty.device.take_configuration(&who, text) {
            self.tty.print(&format!("{line}\n^\n% Invalid input detected at '^' marker.\n\n"))?;
        }
        let by = self.by();
        self.tty.device.log(&format!("%SYS-5-CONFIG_I: Configured from {from} by {by}"));
        Ok(())
    }
}

/// A configuration's text, whatever line ends it came with.
pub(in crate::commands) fn text_of(blob: &Blob) -> String {
    let mut octets = vec![0; usize::try_from(blob.len().min(4 << 20)).unwrap_or(4 << 20)];
    let n = blob.read_at(0, &mut octets).unwrap_or(0);
    octets.truncate(n);
    String::from_utf8_lossy(&octets).replace("\r\n", "\n")
}
