use super::{Answer, Pending, Prelude, Server};
use crate::list::{self, Kind};
use crate::reply;
use alloc::format;
use alloc::vec::Vec;

impl Server {
    pub(super) fn name_answered(&mut self, what: Pending, answer: Answer) {
        if let Answer::Refused(code, text) = answer {
            return self.reply(code.0, &text);
        }
        match (what, answer) {
            (Pending::ChangeDir, Answer::Directory(path)) => {
                self.directory = path;
                self.reply(250, "Directory changed.");
            }
            (Pending::MakeDir, Answer::Directory(path)) => {
                let mut text = reply::quoted(&path);
                text.extend(b" is made.");
                self.say(257, &text);
            }
            (Pending::RemoveDir, Answer::Done) => self.reply(250, "Directory removed."),
            (Pending::Remove, Answer::Done) => self.reply(250, "File removed."),
            (Pending::RenameFrom { path }, Answer::Entry(_)) => {
                self.prelude = Prelude::Rename { from: path };
                self.reply(350, "It exists; RNTO names the new name.");
            }
            (Pending::CopyFrom { path }, Answer::Entry(entry)) => match entry.kind {
                Kind::File => {
                    self.prelude = Prelude::Copy { from: path };
                    self.reply(350, "It exists; SITE CPTO names the copy.");
                }
                Kind::Directory => self.reply(550, "It is a directory."),
            },
            (Pending::RenameTo, Answer::Done) => self.reply(250, "Renamed."),
            (Pending::Size, Answer::Size(octets)) => self.reply(213, &format!("{octets}")),
            (Pending::Modified, Answer::Entry(entry)) => match entry.kind {
                Kind::File => {
                    let mut text = Vec::new();
                    list::write_time(&mut text, entry.modified);
                    self.say(213, &text);
                }
                Kind::Directory => self.reply(550, "It is a directory."),
            },
            (Pending::Facts, Answer::Entry(entry)) => {
                let mut line = Vec::new();
                list::facts(&mut line, &entry, self.facts, self.access);
                line.extend(&entry.name);
                self.say_lines(250, b"Facts:", [line.as_slice()], b"End.");
            }
            (Pending::Describe { path }, Answer::Lines(lines)) => {
                let shown: &[u8] = if path.is_empty() { b"." } else { &path };
                let first = [&b"Status of "[..], shown, b":"].concat();
                self.say_lines(213, &first, lines.iter().map(Vec::as_slice), b"End.");
            }
            _ => self.mismatch(),
        }
    }
}
