//! What the device is in, for whoever must know without reading its screen.

use crate::cables::Line;
use crate::device::{Device, LastCopy, Power};
use crate::image;
use crate::profile::Port;
use sha2::{Digest, Sha512};
use std::net::Ipv4Addr;
use store::VPath;

/// The device's state at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// What runs.
    pub mode: Mode,
    /// `hostname` of the running configuration.
    pub hostname: String,
    /// The register of the next boot.
    pub register: u16,
    /// `boot system` lines of the startup configuration, without these words, in their order.
    pub startup_boot: Vec<String>,
    /// The same of the running configuration.
    pub running_boot: Vec<String>,
    /// Whether the running configuration differs from the saved one.
    pub modified: bool,
    /// Whether there is a startup configuration.
    pub has_startup: bool,
    /// The files of flash, all directories.
    pub flash: Vec<FlashFile>,
    /// Octets free in flash.
    pub free: u64,
    /// How the last `copy` ended.
    pub last_copy: Option<LastCopy>,
    /// Interfaces with their addresses.
    pub interfaces: Vec<InterfaceFacts>,
    /// `ip ftp username`.
    pub ftp_username: Option<String>,
    /// Whether there is an `ip ftp password`.
    pub ftp_password: bool,
    /// `ip ftp passive`, or the profile's default.
    pub ftp_passive: bool,
    /// Neighbours the device has talked to: a host that was pinged with success is among them.
    pub neighbours: Vec<Ipv4Addr>,
    /// Commands that ran to their end since the device was opened (`do show version` too), each once for
    /// each version.
    pub ran: Vec<Ran>,
    /// Files of flash that `verify` has found sound since then.
    pub verified: Vec<String>,
}

/// A command that ran to its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ran {
    /// Its name in the command table: `ShowVersion`, `ShowFs`, `Ping`.
    pub command: String,
    /// The version that ran it.
    pub version: String,
}

/// What runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Nothing.
    Off,
    /// The boot loader.
    Rommon,
    /// IOS of this version, from this file.
    Ios {
        /// `15.5(3)M4a`.
        version: String,
        /// The name it was loaded from.
        file: String,
        /// MD5 of that file when it was loaded, lower-case hex; `None`: of a hollow one.
        md5: Option<String>,
    },
}

/// One file of flash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlashFile {
    /// Relative to the root of flash.
    pub name: String,
    /// Octets.
    pub len: u64,
}

/// One interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InterfaceFacts {
    /// `GigabitEthernet0/0`.
    pub name: Port,
    /// Its address.
    pub address: Option<Ipv4Addr>,
    /// Neither shut down nor without a carrier.
    pub up: bool,
}

impl Device {
    /// What the device is in now. Reads no file's content.
    pub fn facts(&self) -> Facts {
        let running = self.running_config();
        let startup = self.startup();
        let saved = self.saved_config();
        let lines = |c: &crate::Config| c.boot.iter().map(|l| l.0.clone()).collect();
        let state = self.state();
        let (mode, neighbours) = match &state.power {
            Power::Off => (Mode::Off, Vec::new()),
            Power::Rommon => (Mode::Rommon, Vec::new()),
            Power::Running(r) => {
                let (version, file, md5) = (r.facts.version.clone(), r.file.clone(), r.facts.md5.clone());
                (Mode::Ios { version, file, md5 }, r.arp.iter().copied().collect())
            }
        };
        let (register, last_copy) = (state.monitor.register, state.copies.back().cloned());
        let ran = state.ran.iter().map(|(c, v)| Ran { command: c.clone(), version: v.clone() }).collect();
        let verified = state.verified.iter().cloned().collect();
        drop(state);
        let files = self.flash.walk().unwrap_or_default();
        let file = |r: &crate::ifs::Row| FlashFile {
            name: String::from_utf8_lossy(r.path.relative()).into_owned(),
            len: r.len,
        };
        Facts {
            mode,
            hostname: running.hostname.clone(),
            register,
            startup_boot: lines(&saved),
            running_boot: lines(&running),
            modified: self.is_modified(),
            has_startup: startup.is_some(),
            flash: files.iter().filter(|r| !r.directory).map(file).collect(),
            free: self.flash.free().unwrap_or(0),
            last_copy,
            interfaces: running
                .interfaces
                .iter()
                .filter(|i| !i.deleted)
                .map(|i| InterfaceFacts {
                    name: i.name.clone(),
                    address: i.address.map(|(a, _)| a),
                    up: self.line(&i.name) == Line::Up,
                })
                .collect(),
            ftp_username: running.ftp_username.clone(),
            ftp_password: running.ftp_password.is_some(),
            ftp_passive: running.ftp_passive.unwrap_or(self.profile().ftp_passive_default),
            neighbours,
            ran,
            verified,
        }
    }

    /// The running configuration, as a file; empty where no IOS runs.
    pub fn configuration(&self) -> String {
        self.running(|running| crate::texts::configuration(running)).unwrap_or_default()
    }

    /// The saved configuration, as it stands in NVRAM; `None` where there is none.
    pub fn saved(&self) -> Option<String> {
        self.startup()
    }

    /// How often the device was switched off, reloaded or reset since it was opened.
    pub fn restarts(&self) -> u64 {
        self.generation()
    }

    /// MD5 and SHA-512 of a file of flash, lower-case hex; `None` where there is no such file.
    pub fn digests(&self, name: &str) -> Option<(String, String)> {
        let path = VPath::parse(name.as_bytes()).ok()?;
        let blob = self.flash.open(&path).ok()?;
        let md5 = image::md5(&blob).ok()?;
        let mut sha = Sha512::new();
        let mut buf = vec![0; 131_072];
        let mut at = 0;
        loop {
            let n = blob.read_at(at, &mut buf).ok()?;
            if n == 0 {
                break;
            }
            sha.update(&buf[..n]);
            at += n as u64;
        }
        Some((md5, image::hex(&sha.finalize()[..])))
    }
}
