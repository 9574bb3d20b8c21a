//! Which of several servers at one address is meant (RFC 7151): HOST says it, and the name that TLS was asked for.

use super::{Login, Server};
use alloc::string::String;

/// One of several servers at one address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VirtualHost {
    /// Its name, in small letters.
    pub name: String,
    /// The text of the 220 that accepts it.
    pub greeting: String,
}

/// What the client has said of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Meant {
    /// By HOST, accepted.
    said: Option<String>,
    /// By TLS (RFC 6066 §3).
    asked: Option<String>,
}

impl Meant {
    /// RFC 7151 §3.2.1: REIN undoes HOST. TLS stays, and with it what was asked for there.
    pub(super) fn forget(&mut self) {
        self.said = None;
    }
}

impl Server {
    pub(super) fn host(&mut self, name: String) {
        if self.login != Login::Fresh {
            return self.reply(503, "HOST comes before USER; REIN begins anew.");
        }
        // RFC 7151 §3.2.2: as though an earlier one had not been sent.
        self.meant.said = None;
        if self.meant.asked.as_ref().is_some_and(|asked| *asked != name) {
            return self.reply(504, "TLS was asked for another name.");
        }
        let hosts = self.config.hosts.clone();
        let greeting = match hosts.iter().find(|host| host.name == name) {
            Some(host) => &host.greeting,
            None if hosts.is_empty() => &self.config.greeting.clone(),
            None => return self.reply(504, "There is no such host here."),
        };
        self.meant.said = Some(name);
        self.reply(220, greeting);
    }

    /// TLS was asked for this name, in small letters: call it before [`super::Ask::Secure`] is answered. False: HOST has
    /// named another, so that this connection is nobody's (RFC 7151 §3.2.2).
    pub fn was_asked_for(&mut self, name: &str) -> bool {
        self.meant.asked = Some(String::from(name));
        self.meant.said.as_ref().is_none_or(|said| said == name)
    }

    /// Which of the configuration's hosts is meant.
    pub fn virtual_host(&self) -> Option<&str> {
        let meant = self.meant.said.as_ref().or(self.meant.asked.as_ref())?;
        self.config.hosts.iter().map(|host| host.name.as_str()).find(|name| name == meant)
    }
}
