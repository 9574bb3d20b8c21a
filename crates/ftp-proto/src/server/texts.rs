use super::{Channel, Login, Server, Work};
use crate::command::{self, Algorithm, Row};
use alloc::format;
use alloc::vec::Vec;

impl Server {
    /// RFC 2389 §3: one feature a line.
    pub(super) fn features(&mut self) {
        let mut lines: Vec<Vec<u8>> =
            self.rows().filter_map(|r| r.feat).map(|f| f.as_bytes().to_vec()).collect();
        let mut mlst = b"MLST ".to_vec();
        mlst.extend(self.facts.feat());
        lines.push(mlst);
        let mut hash = b"HASH ".to_vec();
        for algorithm in Algorithm::ALL {
            hash.extend(algorithm.name().as_bytes());
            hash.extend(if algorithm == self.algorithm { &b"*;"[..] } else { b";" });
        }
        lines.push(hash);
        // RFC 3659 §6: paths are as on Unix. RFC 2640 §3: names may be UTF-8.
        lines.extend([b"TVFS".to_vec(), b"UTF8".to_vec()]);
        self.say_lines(211, b"Extensions:", lines.iter().map(Vec::as_slice), b"End");
    }

    pub(super) fn help(&mut self, verb: Option<Vec<u8>>) {
        let Some(verb) = verb else {
            let rows: Vec<&Row> = self.rows().collect();
            let lines: Vec<Vec<u8>> = rows
                .chunks(9)
                .map(|c| c.iter().map(|r| format!("{:<5}", r.verb)).collect::<Vec<_>>().concat().into_bytes())
                .collect();
            let all = lines.iter().map(|l| l.trim_ascii_end());
            return self.say_lines(214, b"Commands:", all, b"HELP and one of them explains it.");
        };
        match command::find(&verb) {
            Some(row) => {
                let gap = if row.argument.is_empty() { "" } else { " " };
                self.reply(
                    214,
                    &format!("{}{gap}{}: {} (RFC {}).", row.verb, row.argument, row.help, row.rfc),
                );
            }
            // RFC 959 §5.4.
            None => self.reply(502, "Unknown command; HELP lists what is known."),
        }
    }

    /// STAT without argument; also while a transfer runs (RFC 959 §4.1.3).
    pub(super) fn session_status(&mut self) {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        lines.push(format!("You come from {}.", self.peer).into_bytes());
        lines.push(match &self.login {
            Login::In { anonymous: true, .. } => b"Logged in as anonymous.".to_vec(),
            Login::In { user, anonymous: false, .. } => [b"Logged in as ", user.as_slice(), b"."].concat(),
            Login::Fresh | Login::NeedPassword { .. } => b"Not logged in.".to_vec(),
        });
        lines.push(self.security_status().to_vec());
        lines.push(self.form_status().into_bytes());
        lines.push(match (&self.work, self.channel) {
            (Work::Transferring(_), _) => {
                format!("A transfer runs: {} octets so far.", self.progress).into_bytes()
            }
            (_, Channel::None) => b"No data connection is prepared.".to_vec(),
            (_, Channel::Listening(_)) => b"Waiting for your data connection.".to_vec(),
            (_, Channel::Active(to)) => format!("The data connection will go to {to}.").into_bytes(),
        });
        self.say_lines(211, b"Status:", lines.iter().map(Vec::as_slice), b"End.");
    }
}
