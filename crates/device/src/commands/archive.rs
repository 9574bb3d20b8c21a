//! `archive config`, `show archive`, `configure replace`, `confirm` and `revert`.

use super::exec::Exec;
use super::table::Id;
use crate::archive::NotArchived;
use crate::session::Leave;
use ios_cli::config_diff;
use ios_cli::dialog::{Answer, Question};
use ios_cli::text::archive::{self as texts, RollbackTimer};
use ios_cli::text::copy::{Failed, Step};
use ios_cli::{Match, Modes};

impl Exec<'_> {
    pub(super) fn archive_config(&mut self) -> Result<(), Leave> {
        match self.tty.device.archive_config() {
            Ok(_) => Ok(()),
            Err(why) => self.not_archived(why, texts::NOT_ENABLED),
        }
    }

    fn not_archived(&mut self, why: NotArchived, off: &str) -> Result<(), Leave> {
        match why {
            NotArchived::Off => self.tty.print(off),
            NotArchived::File(url, reason) => {
                let text = Failed { step: Step::Opening, url, reason }.render();
                self.tty.print(&text)
            }
        }
    }

    pub(super) fn show_archive(&self) -> String {
        let device = &self.tty.device;
        let Some(archive) = device.running_config().archive() else { return texts::NOT_ENABLED.into() };
        let (saved, number) =
            device.running(|r| (r.archived.saved.clone(), r.archived.next)).unwrap_or_default();
        let next = device.archive_name(&archive.path, "<timestamp>", number);
        texts::Archive { maximum: archive.maximum, saved, next }.render()
    }

    pub(super) fn show_rollback_timer(&self) -> String {
        let timer = self.tty.device.with_pending(|pending| RollbackTimer {
            configured: crate::texts::moment(pending.configured),
            minutes: pending.minutes,
            user: pending.user.clone(),
        });
        timer.map_or(texts::NOTHING_PENDING.into(), |timer| timer.render())
    }

    /// Without names the startup configuration and the running one; a single one is compared with the running one.
    pub(super) fn show_differences(&mut self, found: &Match<Id>) -> String {
        let from = found.text("file").unwrap_or("nvram:startup-config").to_owned();
        let to = found.text("to").unwrap_or("system:running-config").to_owned();
        match (self.configuration(&from), self.configuration(&to)) {
            (Ok(from), Ok(to)) => config_diff::differences(&from, &to),
            (Err(text), _) | (_, Err(text)) => text,
        }
    }

    pub(super) fn show_incremental(&mut self, found: &Match<Id>) -> String {
        let file = found.text("file").unwrap_or_default().to_owned();
        match self.configuration(&file) {
            Ok(text) => config_diff::incremental(&self.running_text(), &text, found.has("ignorecase")),
            Err(text) => text,
        }
    }

    /// A configuration file's text; what is shown otherwise.
    fn configuration(&mut self, name: &str) -> Result<String, String> {
        let blob = self.blob(name).map_err(|why| format!("%Error opening {name} ({why})\n"))?;
        let text = super::copy::text_of(&blob);
        match text.contains('\0') || text.trim().is_empty() {
            true => Err(texts::NOT_A_CONFIG.into()),
            false => Ok(text),
        }
    }

    /// `configure replace FILE [force] [revert …]`
    pub(super) fn replace(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let name = found.text("file").unwrap_or_default().to_owned();
        let text = match self.configuration(&name) {
            Ok(text) => text,
            Err(text) => return self.tty.print(&text),
        };
        if !found.has("force") {
            match self.tty.ask(&Question::yes_no(texts::REPLACE, Some(false)))? {
                Answer::Yes => {}
                Answer::No | Answer::Aborted | Answer::Text(_) | Answer::Again(_) => return Ok(()),
            }
        }
        let restores = found.has("error");
        if found.has("revert") {
            let minutes = found.number("minutes");
            let off = if minutes.is_some() { texts::TURN_ON_FIRST } else { texts::TURN_ON };
            match self.tty.device.to_be_confirmed(minutes, &self.who()) {
                Ok(file) => self.tty.print(&texts::backing_up(&file))?,
                Err(why) => return self.not_archived(why, off),
            }
        }
        if !self.may_remove_users(&text)? {
            return Ok(());
        }
        let (refused, changed) = self.tty.device.replace_configuration(&self.who(), &text, restores);
        if refused.is_empty() {
            return self.tty.print(&texts::replaced(u8::from(changed)));
        }
        self.tty.print(&texts::failed(&refused))?;
        if restores {
            self.tty.device.confirm_change(&self.who());
            self.tty.print(texts::RESTORED)?;
        }
        Ok(())
    }

    /// Each user that a configuration has not is asked for, `force` or not.
    fn may_remove_users(&mut self, text: &str) -> Result<bool, Leave> {
        let profile = self.tty.device.profile();
        let kept = crate::Config::at_boot(profile, text).users;
        for user in self.tty.device.running_config().users {
            let goes = kept.iter().all(|kept| kept.name != user.name);
            if goes && !self.tty.confirm(texts::REMOVE_USER)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// `configure terminal revert timer N`; whether configuration mode is entered.
    pub(super) fn revertible(&mut self, minutes: u64) -> Result<bool, Leave> {
        match self.tty.device.to_be_confirmed(Some(minutes), &self.who()) {
            Ok(file) => {
                self.tty.print(&texts::backing_up(&file))?;
                Ok(true)
            }
            Err(why) => {
                self.not_archived(why, texts::TURN_ON_FIRST)?;
                Ok(false)
            }
        }
    }

    pub(super) fn confirm_change(&mut self) -> Result<(), Leave> {
        match self.tty.device.confirm_change(&self.who()) {
            true => Ok(()),
            false => self.tty.print(texts::NOTHING_PENDING),
        }
    }

    /// `configure revert now`, `configure revert timer N`
    pub(super) fn revert(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let done = match found.number("minutes") {
            Some(minutes) => self.tty.device.postpone(minutes).then(String::new),
            None => {
                let file = self.tty.device.revert_now();
                file.map(|file| format!("{}{}", texts::rolling_to(&file), texts::replaced(1)))
            }
        };
        self.tty.print(&done.unwrap_or_else(|| texts::NOTHING_PENDING.into()))
    }

    /// `no username X` asks first; `false`: it stays.
    pub(super) fn may_change(&mut self, found: &Match<Id>) -> Result<bool, Leave> {
        let is_removal = found.id == Id::Username && found.no && found.mode == Modes::CONFIG;
        Ok(!is_removal || self.tty.confirm(texts::REMOVE_USER)?)
    }
}
