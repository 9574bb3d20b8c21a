//! `copy xmodem:` and `copy ymodem:`: the file comes over the console that the command was typed at.

use super::local::text_of;
use super::{Ended, Order};
use crate::boot::Probe;
use crate::commands::exec::Exec;
use crate::commands::files::reason_of;
use crate::device::LineId;
use crate::device::probe_blob;
use crate::ifs::{Fs, Url};
use crate::modem::{self, Broken};
use crate::session::Leave;
use ios_cli::text::copy::{Reason, Step};
use ios_cli::text::modem::{self as texts, Modem};
use ios_cli::xmodem::Protocol;
use std::time::Instant;
use store::{Blob, Sink};

/// What a router asks before it listens; a Catalyst takes what stands here.
struct Terms {
    protocol: Protocol,
    tries: Option<u32>,
    validation: bool,
}

impl Exec<'_> {
    /// Before the names are asked for: whether a copy that needs the line itself may begin.
    pub(super) fn line_is_fit(&mut self, source: &Url, destination: &Url) -> Result<bool, Leave> {
        let modem = |url: &Url| match url {
            Url::Local { fs, .. } => fs.modem(),
            Url::Net(_) => None,
        };
        if modem(destination).is_some() {
            let refused = self.copy_failed(Step::Opening, &destination.to_string(), Reason::NotSupported)?;
            return Ok(refused.is_ok());
        }
        if modem(source).is_none() {
            return Ok(true);
        }
        // It is the console's line that a sender is at.
        if self.tty.line != LineId::Console {
            let refused = self.copy_failed(Step::Opening, &source.to_string(), Reason::NotSupported)?;
            return Ok(refused.is_ok());
        }
        if !self.tty.device.profile().is_router() {
            return Ok(true);
        }
        self.tty.print(texts::WARNING)?;
        self.tty.confirm(texts::PROCEED)
    }

    /// What was asked for comes; nothing of it is kept before all is here.
    pub(super) fn take_over_line(&mut self, modem: Modem, order: &Order) -> Result<Ended, Leave> {
        let url = order.source.to_string();
        let prefix = self.flash();
        if let Err(why) = order.erase.carry_out(self.tty, prefix)? {
            return self.copy_failed(Step::Opening, &order.destination.to_string(), why);
        }
        let Some(terms) = self.terms(modem)? else { return Ok(Err(Reason::Interrupted)) };
        let began = Instant::now();
        let room = self.room_of(&order.destination);
        let came = match modem::receive(self.tty, terms.protocol, room, terms.tries)? {
            Ok(came) => came,
            Err(broken) => {
                let (step, reason) = match broken {
                    Broken::TooLarge => (Step::Copying, Reason::NoSpace),
                    Broken::TimedOut => (Step::Reading, Reason::TimedOut),
                    Broken::Cancelled => (Step::Reading, Reason::Interrupted),
                    Broken::Errors => (Step::Reading, Reason::Protocol),
                };
                return self.copy_failed(step, &url, reason);
            }
        };
        let took = began.elapsed();
        let blob = modem::cut(came.octets);
        if terms.validation && !matches!(probe_blob(self.tty.device.profile(), &blob), Probe::Sound(_)) {
            self.tty.print(texts::NO_IMAGE)?;
            return Ok(Err(Reason::Undefined));
        }
        // A text has no length of its own either.
        let text = || text_of(&blob).trim_end_matches('\u{1a}').to_owned();
        match &order.destination {
            Url::Net(to) => return self.send_blob(&blob, to),
            to if to.is_running() => self.take_configuration(&text(), &url)?,
            to if to.is_startup() => {
                if let Err(e) = self.tty.device.write_startup(&text()) {
                    return self.copy_failed(Step::Writing, &to.to_string(), reason_of(&e));
                }
            }
            Url::Local { fs: Fs::Flash, path, .. } => {
                let written = self.tty.device.flash.create(path).and_then(|mut upload| {
                    if let Blob::Memory(octets) = &blob {
                        upload.write_at(0, octets)?;
                    }
                    upload.commit()
                });
                if let Err(e) = written {
                    return self.copy_failed(Step::Copying, &url, reason_of(&e));
                }
                self.check_sum(path)?;
            }
            Url::Local { fs: Fs::Null, .. } => {}
            to @ Url::Local { .. } => {
                return self.copy_failed(Step::Opening, &to.to_string(), Reason::ReadOnly);
            }
        }
        self.copied(blob.len(), took)
    }

    /// What a router asks, and the line behind which a sender may begin. `None`: somebody does not want it after all.
    fn terms(&mut self, modem: Modem) -> Result<Option<Terms>, Leave> {
        if !self.tty.device.profile().is_router() {
            self.tty.print(texts::begin(modem))?;
            let protocol = match modem {
                Modem::X => Protocol::XmodemEither,
                Modem::Y => Protocol::Ymodem,
            };
            return Ok(Some(Terms { protocol, tries: None, validation: false }));
        }
        let crc = modem == Modem::Y || self.tty.confirm(texts::USE_CRC)?;
        let tries = loop {
            let Some(typed) = self.tty.ask_plain_or(texts::RETRIES)? else { return Ok(None) };
            match typed.parse::<u8>() {
                _ if typed.is_empty() => break 10,
                Ok(tries) if tries > 0 => break tries,
                Ok(_) | Err(_) => {}
            }
        };
        let validation = self.tty.confirm(texts::VALIDATE)?;
        self.tty.print(&texts::summary(modem, crc, validation))?;
        if !self.tty.confirm(texts::CONTINUE)? {
            return Ok(None);
        }
        self.tty.print(texts::READY)?;
        let protocol = match (modem, crc) {
            (Modem::X, false) => Protocol::Xmodem,
            (Modem::X, true) => Protocol::XmodemCrc,
            (Modem::Y, _) => Protocol::Ymodem,
        };
        Ok(Some(Terms { protocol, tries: Some(tries.into()), validation }))
    }

    /// Octets that the destination can hold, with what fills up an image's last block.
    fn room_of(&self, destination: &Url) -> u64 {
        match destination {
            Url::Local { fs: Fs::Flash, path, .. } => {
                let flash = &self.tty.device.flash;
                // What is replaced makes room.
                let old = if flash.rules().marks { 0 } else { flash.stat(path).map_or(0, |row| row.len) };
                flash.free().unwrap_or(0).saturating_add(old + 1_023)
            }
            Url::Local { fs: Fs::Nvram, .. } => self.tty.device.profile().nvram.total.get(),
            Url::Local { .. } | Url::Net(_) => 64 << 20,
        }
    }
}
