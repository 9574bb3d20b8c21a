use super::{Answer, Ask, Pending, Prelude, Server};
use crate::command::{Algorithm, Digester, Setting};
use crate::list;
use crate::reply;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

impl Server {
    /// draft-bryan-ftpext-hash §3.2.
    pub(super) fn choose_algorithm(&mut self, algorithm: Option<Algorithm>) {
        self.algorithm = algorithm.unwrap_or(self.algorithm);
        let name = self.algorithm.name();
        self.reply(200, name);
    }

    /// draft-bryan-ftp-range §4: both are part of it.
    pub(super) fn range(&mut self, from: u64, to: u64) {
        if !self.form.has_offsets() {
            return self.reply(504, "RANG is for TYPE I and STRU F only.");
        }
        match to.checked_add(1) {
            Some(end) if from <= to => {
                self.prelude = Prelude::Range { from, end };
                self.reply(350, &format!("The next HASH or RETR is about octets {from} to {to}."));
            }
            // "RANG 1 0" takes an earlier one back.
            _ if (from, to) == (1, 0) => self.reply(350, "The next HASH or RETR is about the whole file."),
            _ => self.reply(501, "The last octet comes before the first."),
        }
    }

    pub(super) fn digest(&mut self, by: Digester, path: Vec<u8>, range: Option<(u64, u64)>) {
        let algorithm = match by {
            Digester::Hash => self.algorithm,
            Digester::Plain(algorithm) => algorithm,
            Digester::Named => Algorithm::Md5,
        };
        self.ask(Ask::Digest { path: path.clone(), algorithm, range }, Pending::Digest { by, path });
    }

    pub(super) fn facts_answered(&mut self, what: Pending, answer: Answer) {
        if let Answer::Refused(code, text) = answer {
            return self.reply(code.0, &text);
        }
        match (what, answer) {
            (Pending::Digest { by, path }, Answer::Digest(digest, (from, end))) => {
                let mut hex = String::new();
                digest.iter().for_each(|octet| {
                    let _infallible = match by {
                        Digester::Hash => write!(hex, "{octet:02x}"),
                        Digester::Plain(_) | Digester::Named => write!(hex, "{octet:02X}"),
                    };
                });
                match by {
                    Digester::Hash => {
                        // Of nothing there is no last octet.
                        let last = end.max(from + 1) - 1;
                        let head = format!("{} {from}-{last} {hex} ", self.algorithm.name());
                        self.say(213, &[head.as_bytes(), &path].concat());
                    }
                    Digester::Plain(_) => self.reply(250, &hex),
                    Digester::Named => {
                        let mut text = reply::quoted(&path);
                        text.extend(format!(" {hex}").into_bytes());
                        self.say(251, &text);
                    }
                }
            }
            (Pending::Set(setting), Answer::Done) => self.set(&setting),
            (Pending::Room, Answer::Size(octets)) => self.reply(213, &format!("{octets}")),
            _ => self.mismatch(),
        }
    }

    fn set(&mut self, setting: &Setting) {
        match setting {
            Setting::Facts { modified, mode, path } => {
                let mut text = Vec::new();
                if let Some(modified) = modified {
                    text.extend(b"Modify=");
                    list::write_time(&mut text, *modified);
                    text.push(b';');
                }
                if let Some(mode) = mode {
                    text.extend(format!("UNIX.mode={mode:04o};").into_bytes());
                }
                text.push(b' ');
                text.extend(path);
                self.say(213, &text);
            }
            Setting::Utime { .. } => self.reply(200, "The time is set."),
            Setting::Chmod { .. } => self.reply(200, "The permissions are set."),
            Setting::Symlink { .. } => self.reply(200, "The link is made."),
        }
    }
}
