//! `reload in`, `reload cancel`, `show reload`.

use super::exec::Exec;
use super::table::Id;
use crate::device::Scheduled;
use crate::session::Leave;
use crate::texts::moment;
use ios_cli::Match;
use ios_cli::text::boot;
use std::time::{Duration, SystemTime};

/// Three weeks and three days are what the device takes.
const LONGEST_MINUTES: u64 = 34_560;

impl Exec<'_> {
    pub(super) fn reload_in(&mut self, found: &Match<Id>, line: &str) -> Result<(), Leave> {
        let delay = found.text("delay").unwrap_or_default();
        let Some(minutes) = minutes(delay) else {
            let column = self.prompt().len() + line.find(delay).unwrap_or(0);
            return self.tty.print(&format!(
                "{:>width$}\n% Invalid input detected at '^' marker.\n\n",
                '^',
                width = column + 1
            ));
        };
        if !self.may_reload()? {
            return Ok(());
        }
        let reason = found.text("reason").unwrap_or("Reload Command").to_owned();
        let by = self.who();
        let scheduled =
            Scheduled { at: SystemTime::now() + Duration::from_secs(minutes * 60), reason, by, warned: None };
        self.tty.print(&shown(&scheduled))?;
        if self.tty.confirm(boot::PROCEED)? {
            self.tty.device.schedule(Some(scheduled));
        }
        Ok(())
    }

    pub(super) fn reload_cancel(&mut self) -> Result<(), Leave> {
        match self.tty.device.schedule(None) {
            Some(_) => self.tty.print(&boot::shutdown("ABORTED")),
            None => self.tty.print("%No reload is scheduled.\n"),
        }
    }

    pub(super) fn show_reload(&self) -> String {
        match &self.tty.device.state().scheduled {
            Some(scheduled) => shown(scheduled),
            None => "No reload is scheduled.\n".into(),
        }
    }
}

/// `90` or `1:30`.
fn minutes(text: &str) -> Option<u64> {
    let all = match text.split_once(':') {
        None => text.parse().ok()?,
        Some((hours, minutes)) => {
            let (hours, minutes): (u64, u64) = (hours.parse().ok()?, minutes.parse().ok()?);
            hours.checked_mul(60)?.checked_add(minutes)?
        }
    };
    (all <= LONGEST_MINUTES).then_some(all)
}

/// When, by whom and why.
fn shown(scheduled: &Scheduled) -> String {
    let left = scheduled.at.duration_since(SystemTime::now()).unwrap_or_default();
    let minutes = left.as_secs().div_ceil(60);
    let plural = |n: u64, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let span = match (minutes / 60, minutes % 60) {
        (0, m) => plural(m, "minute"),
        (h, m) => format!("{} and {}", plural(h, "hour"), plural(m, "minute")),
    };
    format!(
        "Reload scheduled for {} (in {span}) by {}\nReload reason: {}\n",
        moment(scheduled.at),
        scheduled.by,
        scheduled.reason
    )
}
