//! What may be done with a flash as a whole, by its class: `squeeze`, `undelete`, `erase`, `format`, `fsck`.

use super::exec::Exec;
use super::files::reason_of;
use super::table::Id;
use crate::ifs::{Flash, Fs, Rules};
use crate::session::{Leave, Tty};
use ios_cli::Match;
use ios_cli::text::copy::{Marks, Reason};
use ios_cli::text::flash_class as texts;
use std::time::Duration;
use store::Blob;

/// How long a sector takes to erase at pace 1.
const SECTOR: Duration = Duration::from_millis(100);

impl Exec<'_> {
    /// The flash that a command names; `None`: it named another file system, which has been said.
    fn whole_flash(&mut self, found: &Match<Id>, what: &str) -> Result<Option<&'static str>, Leave> {
        let typed = found.text("fs").unwrap_or(self.flash()).to_owned();
        match self.local(&typed) {
            Ok((Fs::Flash, prefix, path)) if path.is_root() => Ok(Some(prefix)),
            Ok(_) => {
                self.tty.print(&format!("%Error {what} {typed} (Operation not supported)\n"))?;
                Ok(None)
            }
            Err(text) => {
                self.tty.print(&text)?;
                Ok(None)
            }
        }
    }

    pub(super) fn squeeze(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let Some(prefix) = self.whole_flash(found, "squeezing")? else { return Ok(()) };
        let rules = self.tty.device.flash.rules();
        for question in &texts::SQUEEZE[texts::SQUEEZE.len() - rules.squeeze_asks..] {
            if !self.tty.confirm(question)? {
                return Ok(());
            }
        }
        let text = match self.tty.device.flash.squeeze() {
            Ok(_) if rules.sums => texts::SQUEEZED_LOW_END.into(),
            Ok(_) => texts::squeezed(prefix),
            Err(e) => format!("%Error squeezing {prefix} ({})\n", reason_of(&e)),
        };
        self.tty.print(&text)
    }

    pub(super) fn undelete(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let Some(prefix) = self.whole_flash(found, "undeleting")? else { return Ok(()) };
        let number = found.number("number").unwrap_or(0);
        let done = self.tty.device.flash.undelete(usize::try_from(number).unwrap_or(usize::MAX));
        match done {
            Ok(_) => Ok(()),
            Err(e) => self.tty.print(&texts::undelete_error(prefix, number, reason_of(&e))),
        }
    }

    /// `erase flash:`; `erase nvram:` is the saved configuration's.
    pub(super) fn erase_flash(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        if let Ok((Fs::Nvram, ..)) = self.local(found.text("fs").unwrap_or_default()) {
            return self.erase();
        }
        let Some(prefix) = self.whole_flash(found, "erasing")? else { return Ok(()) };
        match self.tty.confirm(&texts::erase(prefix))? {
            true => erase(self.tty, prefix).map(drop),
            false => Ok(()),
        }
    }

    pub(super) fn format(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let Some(prefix) = self.whole_flash(found, "formatting")? else { return Ok(()) };
        for question in texts::format_questions(prefix) {
            if !self.tty.confirm(&question)? {
                return Ok(());
            }
        }
        let flash = self.tty.device.flash.clone();
        let text = match flash.erase() {
            Ok(()) if flash.rules().tree => texts::formatted_disk(prefix, flash.total()),
            Ok(()) => texts::formatted(prefix),
            Err(e) => format!("%Error formatting {prefix} ({})\n", reason_of(&e)),
        };
        self.tty.print(&text)
    }

    /// There is nothing to repair: a write is whole or not at all.
    pub(super) fn fsck(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let Some(prefix) = self.whole_flash(found, "checking")? else { return Ok(()) };
        match self.tty.confirm(texts::FSCK)? {
            true => self.tty.print(&texts::checked(prefix)),
            false => Ok(()),
        }
    }

    /// Behind a copy into a flash that keeps a sum with each file.
    pub(super) fn check_sum(&mut self, path: &store::VPath) -> Result<(), Leave> {
        let flash: &Flash = &self.tty.device.flash;
        if !flash.rules().sums {
            return Ok(());
        }
        match flash.open(path).map(|blob| sum(&blob)) {
            Ok(sum) => self.tty.print(&texts::checksum(sum)),
            Err(_) => Ok(()),
        }
    }

    /// What is asked of the one who copies, before the first octet is written: whether flash is erased first.
    pub(super) fn asks_erase(&self, asked: bool) -> Erase {
        let Rules { asks_before_copy, erases, .. } = *self.tty.device.flash.rules();
        let quiet = self.tty.device.running_config().file_prompt == crate::config::FilePrompt::Quiet;
        match (asked && erases, asks_before_copy && !quiet) {
            (true, _) => Erase::Told,
            (false, true) => Erase::Asked,
            (false, false) => Erase::Not,
        }
    }
}

/// Whether flash is erased before a file comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Erase {
    /// Nobody speaks of it.
    Not,
    /// Both questions.
    Asked,
    /// `/erase` was typed: the second question only.
    Told,
}

impl Erase {
    /// Asks and erases; [`Reason`]: it could not be erased.
    pub(super) fn carry_out(self, tty: &mut Tty, prefix: &str) -> Result<Result<(), Reason>, Leave> {
        let first = match self {
            Erase::Not => false,
            Erase::Asked => tty.confirm(&texts::erase_before_copying(prefix))?,
            Erase::Told => true,
        };
        if !first || !tty.confirm(&texts::erase(prefix))? {
            return Ok(Ok(()));
        }
        Ok(if erase(tty, prefix)? { Ok(()) } else { Err(Reason::Undefined) })
    }
}

/// Erases flash with its marks; `false`: it could not be, which has been said.
fn erase(tty: &mut Tty, prefix: &str) -> Result<bool, Leave> {
    let flash = tty.device.flash.clone();
    tty.print(texts::ERASING)?;
    // From the first sector on nothing that was there can be read.
    if let Err(e) = flash.erase() {
        tty.fresh_line()?;
        tty.print(&format!("%Error erasing {prefix} ({})\n", reason_of(&e)))?;
        return Ok(false);
    }
    let pace = tty.device.config.pace.max(0.0);
    let mut marks = Marks::behind(texts::ERASING, tty.width());
    for _ in 0..flash.total().div_ceil(texts::SECTOR).min(1_000) {
        tty.print(&marks.push('e'))?;
        tty.pause(SECTOR.mul_f64(pace))?;
    }
    tty.print(&texts::erased(prefix))?;
    Ok(true)
}

/// The sum of a file, as a low-end file system keeps it.
pub(crate) fn sum(blob: &Blob) -> u16 {
    let mut sum = texts::Sum::default();
    let mut buf = vec![0; 1 << 16];
    let mut at = 0;
    loop {
        match blob.read_at(at, &mut buf) {
            Ok(n) if n > 0 => {
                sum.feed(&buf[..n]);
                at += n as u64;
            }
            Ok(_) | Err(_) => return sum.value(),
        }
    }
}
