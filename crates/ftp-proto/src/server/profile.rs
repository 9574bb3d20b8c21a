//! What some old clients need to be otherwise: chosen by the network that they come from, or by what CLNT says.

use super::{Pending, Server};
use crate::command::{Epsv, Setting};
use crate::list::parse_time;
use crate::server::Ask;
use alloc::string::String;
use alloc::vec::Vec;

/// How the lines of LIST look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Look {
    /// As `ls -l`: what nearly everybody reads.
    #[default]
    Unix,
    /// As DOS's `dir`, and IIS: `01-02-26  03:04PM       <DIR>          name`.
    Dos,
}

/// What is otherwise for a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Profile {
    /// Its LIST.
    pub list: Look,
    /// There is no EPSV: it, or a firewall before it, takes it and fails. PASV is there.
    pub no_epsv: bool,
    /// `MDTM YYYYMMDDHHMMSS name` sets the time, as clients older than MFMT have it. A file whose name begins so cannot be
    /// asked about then.
    pub mdtm_sets: bool,
}

/// A profile for who says by CLNT what it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForClient {
    /// How that begins, in any case.
    pub name: String,
    /// What is otherwise from then on.
    pub profile: Profile,
}

impl Server {
    /// CLNT.
    pub(super) fn client_named(&mut self, name: &[u8]) {
        let begins = |row: &&ForClient| {
            name.get(..row.name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(row.name.as_bytes()))
        };
        if let Some(row) = self.config.by_client.iter().find(begins) {
            self.profile = row.profile;
        }
        self.reply(200, "Noted.");
    }

    /// EPSV, where it is there.
    pub(super) fn epsv_if_any(&mut self, which: Epsv) {
        if self.profile.no_epsv {
            return self.reply(502, "There is no EPSV for this client; PASV does.");
        }
        self.epsv(which);
    }

    /// MDTM asks for a time, or sets it.
    pub(super) fn modified(&mut self, path: Vec<u8>) {
        let set = path.split_at_checked(14).filter(|_| self.profile.mdtm_sets);
        let set = set.and_then(|(time, rest)| Some((parse_time(time)?, rest.strip_prefix(b" ")?)));
        match set {
            Some((modified, name)) if !name.is_empty() => {
                let setting = Setting::Facts { modified: Some(modified), mode: None, path: name.to_vec() };
                self.ask(Ask::Set(setting.clone()), Pending::Set(setting));
            }
            Some(_) | None => self.ask(Ask::Look(path), Pending::Modified),
        }
    }
}
