use super::question::Chore;
use super::{Answer, Ask, Event, Pending, Prelude, Server, Work};
use alloc::format;
use alloc::vec::Vec;
use clock::Duration;

/// Shorter waits for a command would cut people off.
const LEAST_IDLE: u32 = 30;

impl Server {
    pub(super) fn chore(&mut self, chore: Chore) {
        self.ask(Ask::Chore(chore.clone()), Pending::Chore(chore));
    }

    /// SITE CPTO; CPFR came at once before.
    pub(super) fn copy_to(&mut self, prelude: Prelude, to: Vec<u8>) {
        match prelude {
            Prelude::Copy { from } => self.chore(Chore::Copy { from, to }),
            Prelude::None | Prelude::Rename { .. } | Prelude::Restart { .. } | Prelude::Range { .. } => {
                self.reply(503, "SITE CPFR must come at once before.");
            }
        }
    }

    /// Ends a copy early, if one runs.
    pub(super) fn break_copy(&mut self) -> bool {
        let Work::Asking { id, what: Pending::Chore(Chore::Copy { .. } | Chore::Combine { .. }) } =
            &self.work
        else {
            return false;
        };
        self.events.push_back(Event::Cancel(*id));
        true
    }

    pub(super) fn chore_answered(&mut self, chore: Chore, answer: Answer) {
        match (chore, answer) {
            (_, Answer::Refused(code, text)) => self.reply(code.0, &text),
            (Chore::Fits(octets), Answer::Done) => {
                self.allocated = Some(octets);
                self.reply(200, "There is room; the upload is held to it.");
            }
            (Chore::Copy { .. }, Answer::Done) => self.reply(250, "Copied."),
            (Chore::Combine { parts, .. }, Answer::Done) => {
                self.reply(250, &format!("{} parts are in it, and gone.", parts.len()));
            }
            (Chore::RemoveTree(_), Answer::Done) => self.reply(250, "Directory removed, with all in it."),
            (Chore::TreeSize(_), Answer::Size(octets)) => self.reply(213, &format!("{octets}")),
            (Chore::Who, Answer::Lines(lines)) => {
                self.say_lines(200, b"Sessions:", lines.iter().map(Vec::as_slice), b"End.");
            }
            (Chore::Quota, Answer::Lines(lines)) => {
                self.say_lines(200, b"Room here:", lines.iter().map(Vec::as_slice), b"End.");
            }
            _ => self.mismatch(),
        }
    }

    /// SITE IDLE: nobody waits longer than the server's owner does.
    pub(super) fn choose_idle(&mut self, seconds: Option<u32>) {
        if let Some(seconds) = seconds {
            let wanted = Duration::from_secs(u64::from(seconds.max(LEAST_IDLE)));
            self.idle = wanted.min(self.config.idle);
        }
        let seconds = self.idle.as_secs();
        self.reply(200, &format!("A session without commands lasts {seconds} seconds."));
    }

    pub(super) fn choose_umask(&mut self, mask: Option<u32>) {
        self.umask = mask.or(self.umask);
        match self.umask {
            Some(mask) => self.reply(200, &format!("New files are without {mask:03o}.")),
            None => self.reply(200, "New files are without what the server takes from them."),
        }
    }

    /// RFC 2228 §3: no mechanism of ours has data of its own, or protects single commands.
    pub(super) fn security_data(&mut self) {
        self.reply(503, "TLS asks for no security data here.");
    }

    pub(super) fn protected_command(&mut self) {
        if self.is_secure() {
            self.reply(537, "TLS protects the connection, not single commands.");
        } else {
            self.reply(503, "AUTH TLS must come before.");
        }
    }
}
