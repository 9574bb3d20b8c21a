//! `write`, `erase`, `reload`, `ping`.

use super::exec::Exec;
use super::table::Id;
use crate::session::Leave;
use ios_cli::Match;
use ios_cli::dialog::{Answer, Question};
use ios_cli::text::{boot, files, ping};
use std::net::Ipv4Addr;
use std::time::Duration;

/// What a ping waits for an answer.
const PING_WAIT: Duration = Duration::from_secs(2);

impl Exec<'_> {
    pub(super) fn write_memory(&mut self) -> Result<(), Leave> {
        self.save().map(drop)
    }

    pub(super) fn erase(&mut self) -> Result<(), Leave> {
        if !self.tty.confirm(files::ERASE_NVRAM)? {
            return Ok(());
        }
        match self.tty.device.erase_startup() {
            Ok(()) => {
                self.tty.device.log(files::NV_BLOCK_INIT);
                self.tty.print(files::ERASED_NVRAM)
            }
            Err(e) => self.tty.print(&format!("%Error erasing nvram: ({e})\n")),
        }
    }

    pub(super) fn reload(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let reason = found.text("reason").unwrap_or_default().to_owned();
        let first = reason.split(' ').next().unwrap_or_default();
        if matches!(first, "in" | "at" | "cancel") {
            return match first {
                "cancel" => self.tty.print("%No reload is scheduled.\n"),
                _ => self.tty.print("%A scheduled reload is not supported by this emulated device.\n"),
            };
        }
        if self.tty.device.is_modified() {
            match self.tty.ask(&Question::yes_no(boot::MODIFIED, None))? {
                Answer::Yes => {
                    if self.save()?.is_err() {
                        return Ok(());
                    }
                }
                Answer::No => {}
                Answer::Aborted | Answer::Text(_) | Answer::Again(_) => return Ok(()),
            }
        }
        if !self.tty.confirm(boot::PROCEED)? {
            return Ok(());
        }
        let by = match &self.user {
            Some(user) => format!("{user} on {}", self.by()),
            None => self.by(),
        };
        let stamp = crate::texts::stamp(std::time::SystemTime::now());
        let mut said = boot::reloading(&by);
        if !reason.is_empty() {
            said = said.replace("Reload Command", &reason);
        }
        self.tty.print(&format!("\n*{stamp}: {said}\n"))?;
        self.tty.device.restart(&format!("reload at {}", crate::texts::moment(std::time::SystemTime::now())));
        Err(Leave::Restart)
    }

    pub(super) fn ping(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let host = found.text("host").unwrap_or_default();
        let Ok(target) = host.parse::<Ipv4Addr>() else {
            return self.tty.print("% Unrecognized host or address, or protocol not running.\n\n");
        };
        self.tty.print(&ping::header(target, 5, 100, 2))?;
        let answers = self.tty.device.wire.answers(target);
        let own = self
            .tty
            .device
            .running_config()
            .interfaces
            .iter()
            .any(|i| i.address.is_some_and(|(a, _)| a == target));
        let known = own || self.tty.device.running(|r| r.arp.contains(&target)).unwrap_or(false);
        let mut received = 0;
        for n in 0..5 {
            // The first packet to a neighbour waits for its hardware address and is lost.
            let lost = !answers || (n == 0 && !known);
            if lost && self.waited(PING_WAIT)? {
                break;
            }
            received += u32::from(!lost);
            self.tty.print(if lost { "." } else { "!" })?;
        }
        if answers {
            self.tty.device.running(|r| r.arp.insert(target));
        }
        let times = (received > 0).then_some((1, 1, 4));
        self.tty.print(&ping::Rate { received, sent: 5, times }.render())
    }

    /// Waits, scaled by the device's patience; `true`: the escape sequence came.
    fn waited(&mut self, wait: Duration) -> Result<bool, Leave> {
        let end = std::time::Instant::now() + wait.mul_f64(self.tty.device.config.patience.max(0.0));
        loop {
            let left = end.saturating_duration_since(std::time::Instant::now());
            if self.tty.interrupted(left.min(Duration::from_millis(20)))? {
                return Ok(true);
            }
            if left.is_zero() {
                return Ok(false);
            }
        }
    }
}
