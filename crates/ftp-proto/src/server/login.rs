use super::{Answer, Ask, Channel, Event, GRACE, Login, Password, Pending, Server, Work};
use alloc::format;
use alloc::vec::Vec;

impl Server {
    /// RFC 959 §4.1.1: a new USER begins a new login, whoever is logged in.
    pub(super) fn user(&mut self, user: Vec<u8>) {
        if matches!(self.work, Work::Transferring(_)) {
            return self.reply(503, "A transfer is running.");
        }
        if let Some(why) = self.too_open_to_log_in() {
            return self.reply(530, why);
        }
        self.log_out();
        // The same words for everybody: nobody learns which users there are (RFC 2577 §5).
        self.login = Login::NeedPassword { user };
        self.reply(331, "Password, please; anonymous: an e-mail address.");
    }

    /// Nobody is logged in any more, if somebody was.
    pub(super) fn log_out(&mut self) {
        if matches!(self.login, Login::In { .. }) {
            self.events.push_back(Event::LoggedOut);
            if self.channel != Channel::None {
                self.channel = Channel::None;
                self.events.push_back(Event::Unlisten);
            }
            self.directory = Vec::from(*b"/");
        }
        self.sscn = false;
        self.login = Login::Fresh;
    }

    pub(super) fn pass(&mut self, password: Password) {
        if matches!(self.work, Work::Transferring(_)) {
            return self.reply(503, "A transfer is running.");
        }
        match core::mem::replace(&mut self.login, Login::Fresh) {
            Login::NeedPassword { user } => {
                self.ask(Ask::Login { user: user.clone(), password }, Pending::Login { user });
            }
            Login::Fresh => self.reply(503, "USER must come before."),
            already @ Login::In { .. } => {
                self.login = already;
                self.reply(503, "You are logged in; USER begins a new login.");
            }
        }
    }

    pub(super) fn login_answered(&mut self, user: Vec<u8>, answer: Answer) {
        match answer {
            Answer::LoggedIn { directory, access, anonymous, third_parties } => {
                self.directory = directory;
                self.access = access;
                self.failures = 0;
                self.timers.stop(GRACE);
                if anonymous {
                    self.reply(230, "Logged in as anonymous.");
                } else {
                    self.say(230, &[b"Logged in as ", user.as_slice(), b"."].concat());
                }
                self.login = Login::In { user, anonymous, third_parties };
            }
            Answer::Refused(code, text) if code.0 == 421 => self.close(421, &text),
            Answer::Refused(..) => {
                self.failures += 1;
                self.work = Work::Penalty;
            }
            Answer::Listening(_)
            | Answer::Directory(_)
            | Answer::Done
            | Answer::Entry(_)
            | Answer::Size(_)
            | Answer::Digest(..)
            | Answer::OpenedAs(_)
            | Answer::Lines(_)
            | Answer::Opened { .. }
            | Answer::Moved { .. } => self.mismatch(),
        }
    }

    /// The answer to a wrong password, late: guessing costs time, and the same for all reasons.
    pub(super) fn end_penalty(&mut self) {
        self.work = Work::Idle;
        if self.failures >= self.config.max_failures {
            let n = self.failures;
            self.close(421, &format!("Login incorrect {n} times; good bye."));
        } else {
            self.reply(530, "Login incorrect.");
        }
    }
}
