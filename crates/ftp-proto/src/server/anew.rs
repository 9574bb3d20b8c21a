use super::security::Security;
use super::{FACTS, Server};
use crate::command::{Algorithm, Form, Level, Protection, SITE};
use alloc::format;
use alloc::vec::Vec;

impl Server {
    /// REIN: everything but the connection and its TLS is as after the greeting.
    pub(super) fn begin_anew(&mut self) {
        self.log_out();
        self.form = Form::default();
        self.level = Level::default();
        self.facts = FACTS;
        self.algorithm = Algorithm::default();
        self.allocated = None;
        self.idle = self.config.idle;
        self.umask = None;
        self.epsv_all = false;
        if let Security::Tls { sized } = &mut self.security {
            *sized = false;
        }
        self.protection = Protection::Clear;
        self.meant.forget();
        let greeting = self.config.greeting.clone();
        self.reply(220, &greeting);
    }

    /// RFC 2640 §4.1.
    pub(super) fn language(&mut self, tag: Option<&[u8]>) {
        let english = tag.is_none_or(|tag| {
            let primary = tag.split(|&b| b == b'-').next().unwrap_or_default();
            primary.eq_ignore_ascii_case(b"en")
        });
        if english {
            self.reply(200, "Replies are in English.");
        } else {
            self.reply(504, "Replies are in English only.");
        }
    }

    pub(super) fn site_help(&mut self) {
        let lines: Vec<Vec<u8>> =
            SITE.iter().map(|(verb, help)| format!("SITE {verb} {help}").into_bytes()).collect();
        let all = lines.iter().map(Vec::as_slice);
        self.say_lines(214, b"SITE has:", all, b"End.");
    }
}
