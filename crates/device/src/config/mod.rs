//! The configuration as a value: what the running device obeys, rendered to and applied from the lines
//! of a configuration file.
//!
//! [`Config::apply`] takes one canonical line (keywords spelled out) in a [`Section`]; the console and
//! `copy tftp: running-config` both come through it, so a copied file *merges*: lines it does not name
//! stay. Lines that mean nothing to the emulated device and look like configuration are kept verbatim.

mod apply;
mod archive;
mod crypt;
mod interface;
mod kept;
mod logging;
mod logins;
mod render;
#[cfg(test)]
mod tests;

pub(crate) use apply::register;
pub use apply::{Applied, Complaint, Section};
pub use archive::Archive;
pub(crate) use kept::begins_another;
pub use logging::Logging;
pub(crate) use logins::AAA;

use crate::Profile;
use crate::profile::{Port, Prefix};
use std::net::Ipv4Addr;

/// A configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// `hostname`.
    pub hostname: String,
    /// `enable secret`, else `enable password`.
    pub enable: Option<Password>,
    /// `username` lines in their order.
    pub users: Vec<User>,
    /// `boot system` lines in their order: the first that boots wins.
    pub boot: Vec<BootLine>,
    /// The device's interfaces, all of them, in the order in which the configuration has them.
    pub interfaces: Vec<Interface>,
    /// `line con 0`, `line aux 0`, `line vty 0 4`.
    pub lines: Vec<Line>,
    /// `ip ftp username`.
    pub ftp_username: Option<String>,
    /// `ip ftp password`.
    pub ftp_password: Option<Password>,
    /// `ip ftp passive`; `None`: never typed, the profile decides.
    pub ftp_passive: Option<bool>,
    /// `ip tftp blocksize`.
    pub tftp_blocksize: Option<u16>,
    /// `ip ssh time-out`, seconds until somebody is let in; `None`: 120.
    pub ssh_time_out: Option<u8>,
    /// `ip ssh authentication-retries`; `None`: 3.
    pub ssh_retries: Option<u8>,
    /// `cdp timer`: it tells who it is once in so many seconds; `None`: 60.
    pub cdp_timer: Option<u8>,
    /// `cdp holdtime`: seconds for which that is to be remembered; `None`: 180.
    pub cdp_holdtime: Option<u8>,
    /// `file prompt`.
    pub file_prompt: FilePrompt,
    /// `banner exec`: shown to whoever is in, before the first prompt.
    pub banner_exec: Option<String>,
    /// `banner motd`.
    pub banner_motd: Option<String>,
    /// `banner login`: shown only where one has to log in, behind the other.
    pub banner_login: Option<String>,
    /// `logging console`, `logging monitor`.
    pub logging: Logging,
    /// Whether names are looked up (`ip domain lookup`).
    pub domain_lookup: bool,
    /// Global lines that are kept and mean nothing here.
    pub kept: Vec<String>,
    /// Kept blocks: a head and its indented lines.
    pub blocks: Vec<Block>,
}

/// A password as it stands in the configuration. No `Debug` shows it.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// In clear (type 0).
    Clear(String),
    /// `secret 5 $1$…`.
    Type5(String),
    /// `password 7 …`.
    Type7(String),
    /// `secret 8 $8$…`, `secret 9 $9$…`: kept as it is, and nobody's password fits it here.
    Other(String),
}

/// One `username`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// The name.
    pub name: String,
    /// Privilege level, 0 to 15.
    pub privilege: u8,
    /// `secret` or `password`.
    pub password: Option<Password>,
}

/// One `boot system` line: what follows these words, as typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BootLine(pub String);

/// What a `boot system` line names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BootSource<'a> {
    /// A file of flash, without prefix or leading slash; `None`: its first image.
    Flash(Option<&'a str>),
    /// Over the network or from ROM: this device has no such loader.
    Elsewhere(&'a str),
}

/// One interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// `GigabitEthernet0/0`.
    pub name: Port,
    /// `description`.
    pub description: Option<String>,
    /// `encapsulation dot1Q`, of a subinterface.
    pub dot1q: Option<Dot1q>,
    /// `ip address A M`.
    pub address: Option<(Ipv4Addr, Ipv4Addr)>,
    /// `shutdown`.
    pub shutdown: bool,
    /// A subinterface that was taken away: it is seen until the next restart, and is in no configuration.
    pub deleted: bool,
    /// It carries VLANs and takes no address.
    pub switched: bool,
    /// What stands there where nobody said otherwise: `duplex auto`.
    pub defaults: Vec<String>,
    /// Kept lines.
    pub kept: Vec<String>,
}

/// The VLAN of a subinterface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dot1q {
    /// 1 to 4094.
    pub vlan: u16,
    /// Its frames have no tag.
    pub native: bool,
}

/// One `line` block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// `con 0`, `vty 0 4`.
    pub name: String,
    /// `password`.
    pub password: Option<Password>,
    /// `login`, `login local`, `no login`.
    pub login: Login,
    /// `privilege level`.
    pub privilege: Option<u8>,
    /// Kept lines.
    pub kept: Vec<String>,
}

/// What a line asks before it gives a prompt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Login {
    /// Nothing.
    No,
    /// The line's password (`login`).
    Line,
    /// A user of this configuration (`login local`).
    Local,
}

/// How much `copy` and its kin ask (`file prompt`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FilePrompt {
    /// Destructive operations are confirmed.
    Alert,
    /// Every parameter is confirmed.
    Noisy,
    /// Confirmations are left out; missing data is still asked.
    Quiet,
}

/// A block whose meaning is not known here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// `router ospf 1`.
    pub head: String,
    /// Its lines without the indent.
    pub body: Vec<String>,
}

impl Config {
    /// What a device without startup-config has: interfaces are shut down.
    pub fn new(profile: &Profile) -> Config {
        let line =
            |name: String, login| Line { name, password: None, login, privilege: None, kept: Vec::new() };
        Config {
            hostname: profile.hostname.to_string(),
            enable: None,
            users: Vec::new(),
            boot: Vec::new(),
            interfaces: profile.interfaces.iter().map(|name| Interface::new(profile, name.clone())).collect(),
            lines: [
                Some(line("con 0".into(), Login::No)),
                profile.is_router().then(|| line("aux 0".into(), Login::No)),
                Some(line(format!("vty 0 {}", profile.vty_lines - 1), Login::Line)),
            ]
            .into_iter()
            .flatten()
            .collect(),
            ftp_username: None,
            ftp_password: None,
            ftp_passive: None,
            tftp_blocksize: None,
            ssh_time_out: None,
            ssh_retries: None,
            cdp_timer: None,
            cdp_holdtime: None,
            file_prompt: FilePrompt::Alert,
            banner_exec: None,
            banner_motd: None,
            banner_login: None,
            logging: Logging::default(),
            domain_lookup: true,
            kept: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// What the device runs after booting with `startup`: an interface the file does not shut down
    /// comes up. (Merging the same file into a running device does not: it has no `no shutdown` lines.)
    pub fn at_boot(profile: &Profile, startup: &str) -> Config {
        let mut config = Config::before_boot(profile, startup);
        config.merge(profile, startup);
        config
    }

    /// What a booting device has before it reads `startup`: interfaces that the file names are up.
    pub(crate) fn before_boot(profile: &Profile, startup: &str) -> Config {
        let mut config = Config::new(profile);
        for line in startup.lines() {
            let Some((word, name)) = line.trim().split_once(' ') else { continue };
            let named = "interface".starts_with(word).then(|| profile.interface(name)).flatten();
            if let Some(i) = config.interfaces.iter_mut().find(|i| Some(&i.name) == named) {
                i.shutdown = false;
            }
        }
        config
    }

    /// Applies a file line by line; gives the lines that were refused, with their reasons.
    pub fn merge(&mut self, profile: &Profile, text: &str) -> Vec<(String, Complaint)> {
        let mut section = Section::Global;
        let mut refused = Vec::new();
        for line in text.lines() {
            if !line.starts_with(' ') {
                section = Section::Global;
            }
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with('!') {
                continue;
            }
            if trimmed == "end" {
                break;
            }
            match self.apply(profile, section.clone(), trimmed) {
                Ok(applied) => section = applied.section,
                Err(complaint) => refused.push((trimmed.to_owned(), complaint)),
            }
        }
        refused
    }

    /// The login of `ip http client username` and `password`.
    pub fn http_login(&self) -> (Option<String>, Option<String>) {
        let line =
            |what: &str| self.kept.iter().find_map(|l| l.strip_prefix("ip http client ")?.strip_prefix(what));
        let password = line("password ").and_then(|text| match text.split_once(' ') {
            Some(("0", clear)) => Some(clear.to_owned()),
            Some(("7", hidden)) => Password::Type7(hidden.to_owned()).clear(),
            _ => Some(text.to_owned()),
        });
        (line("username ").map(str::to_owned), password)
    }

    /// `R1.lab.example`, where it has a domain; else its name.
    pub fn full_name(&self) -> String {
        self.domain().map_or_else(|| self.hostname.clone(), |domain| format!("{}.{domain}", self.hostname))
    }

    /// `ip domain name`
    pub fn domain(&self) -> Option<&str> {
        self.kept.iter().find_map(|line| {
            line.strip_prefix("ip domain name ").or_else(|| line.strip_prefix("ip domain-name "))
        })
    }

    /// Whether this global line is kept: `ip scp server enable`.
    pub fn has(&self, line: &str) -> bool {
        self.kept.iter().any(|kept| kept == line)
    }

    /// The block of the line that `name` (`con 0`, `vty 1`) belongs to.
    pub fn line(&self, name: &str) -> Option<&Line> {
        let (kind, number) = name.split_once(' ')?;
        let number: u16 = number.parse().ok()?;
        self.lines.iter().find(|l| {
            let mut words = l.name.split(' ');
            let same = words.next() == Some(kind);
            let mut bound = || words.next().and_then(|n| n.parse::<u16>().ok());
            let first = bound();
            let last = bound().or(first);
            same && first.is_some_and(|f| f <= number) && last.is_some_and(|l| number <= l)
        })
    }
}

impl Password {
    /// Whether `typed` is this password.
    pub fn matches(&self, typed: &str) -> bool {
        match self {
            Password::Type5(hash) => crypt::matches_type5(typed, hash),
            Password::Other(_) => false,
            Password::Clear(_) | Password::Type7(_) => self.clear().as_deref() == Some(typed),
        }
    }

    /// The clear text, where it can be had.
    pub fn clear(&self) -> Option<String> {
        match self {
            Password::Clear(text) => Some(text.clone()),
            Password::Type7(text) => crypt::open_type7(text),
            Password::Type5(_) | Password::Other(_) => None,
        }
    }

    /// A secret: what `enable secret X` keeps of X.
    pub fn secret(typed: &str) -> Password {
        Password::Type5(crypt::type5(typed))
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(****)")
    }
}

impl BootLine {
    /// What the line names: `flash NAME`, `flash:NAME`, `flash0:NAME`, `flash:/NAME` are one file.
    pub fn source(&self) -> BootSource<'_> {
        let text = self.0.trim();
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let file = match (word.eq_ignore_ascii_case("flash"), Prefix::strip(text)) {
            (true, _) => Prefix::strip(rest.trim_start()).unwrap_or(rest),
            (false, Some(file)) => file,
            (false, None) => return BootSource::Elsewhere(text),
        };
        let file = file.trim().trim_start_matches('/');
        BootSource::Flash(Some(file).filter(|f| !f.is_empty()))
    }
}
