//! `write`, `erase`, `reload`.

use super::exec::Exec;
use super::table::Id;
use crate::config::BootSource;
use crate::image::Damage;
use crate::profile::Prefix;
use crate::session::{Leave, run_setup};
use ios_cli::Match;
use ios_cli::dialog::{Answer, Question};
use ios_cli::text::{boot, files, setup};
use store::VPath;

impl Exec<'_> {
    /// `setup`: the dialog of a device without a configuration.
    pub(super) fn setup(&mut self) -> Result<(), Leave> {
        self.tty.print(boot::SETUP)?;
        match self.tty.ask(&Question::yes_no(setup::CONTINUE, None))? {
            Answer::Yes => run_setup(self.tty),
            Answer::No | Answer::Aborted | Answer::Text(_) | Answer::Again(_) => Ok(()),
        }
    }

    pub(super) fn write_memory(&mut self) -> Result<(), Leave> {
        self.save().map(drop)
    }

    pub(super) fn erase(&mut self) -> Result<(), Leave> {
        if !self.tty.confirm(files::ERASE_NVRAM)? {
            return Ok(());
        }
        match self.tty.device.erase_startup() {
            Ok(()) => {
                self.tty.print(files::ERASED_NVRAM)?;
                self.tty.device.log(files::NV_BLOCK_INIT);
                self.tty.catch_up()
            }
            Err(e) => self.tty.print(&format!("%Error erasing nvram: ({e})\n")),
        }
    }

    pub(super) fn reload(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let reason = found.text("reason").unwrap_or_default().to_owned();
        if found.has("/verify") && !self.next_image_verifies()? {
            return Ok(());
        }
        if !self.may_reload()? || !self.tty.confirm(boot::PROCEED)? {
            return Ok(());
        }
        self.reload_now(&reason)
    }

    /// `reload /verify`: the image that will boot is looked at first; `false`: it is damaged, and nothing happens.
    fn next_image_verifies(&mut self) -> Result<bool, Leave> {
        let flash = self.flash();
        let there = |file: &str| {
            let path = VPath::parse(file.as_bytes()).ok()?;
            self.tty.device.flash.open(&path).ok().map(|blob| (format!("{flash}{file}"), blob))
        };
        let saved = self.tty.device.saved_config();
        let listed = saved.boot.iter().find_map(|line| match line.source() {
            BootSource::Flash(Some(file)) => there(file),
            BootSource::Flash(None) | BootSource::Elsewhere(_) => None,
        });
        let running = || {
            let shown = self.tty.device.running(|r| r.shown.clone())?;
            there(Prefix::strip(&shown)?.trim_start_matches('/'))
        };
        // What boots otherwise has no name yet.
        let Some((name, blob)) = listed.or_else(running) else { return Ok(true) };
        self.verify_image(&name, &blob)?;
        Ok(!matches!(crate::image::show(&blob), Err(Damage::Embedded { .. } | Damage::Signature)))
    }

    /// Unsaved changes are asked for first; `false`: the command ends here.
    pub(super) fn may_reload(&mut self) -> Result<bool, Leave> {
        if self.tty.device.is_modified() {
            match self.tty.ask(&Question::yes_no(boot::MODIFIED, None))? {
                Answer::Yes => {
                    if self.save()?.is_err() {
                        return Ok(false);
                    }
                }
                Answer::No => {}
                Answer::Aborted | Answer::Text(_) | Answer::Again(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    fn reload_now(&mut self, reason: &str) -> Result<(), Leave> {
        let by = match &self.user {
            Some(user) => format!("{user} on {}", self.by()),
            None => self.by(),
        };
        let stamp = self.tty.device.stamp();
        let mut said = boot::reloading(&by);
        if !reason.is_empty() {
            said = said.replace("Reload Command", reason);
        }
        self.tty.print(&format!("\n{stamp}: {said}\n"))?;
        self.tty.device.restart(&format!("reload at {}", crate::texts::moment(self.tty.device.now())));
        Err(Leave::Restart)
    }
}
