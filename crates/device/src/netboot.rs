//! `boot system tftp FILE HOST`: the first image of flash is loaded as a helper and fetches the one that is named, by
//! the interfaces of the saved configuration.

use crate::boot::rommon;
use crate::boot::{Decision, Probe};
use crate::commands::{fetch_at_boot, fetch_quietly};
use crate::config::Password;
use crate::device::{Device, probe_blob};
use crate::ifs::Net;
use crate::image::Facts;
use crate::session::{Leave, Tty, load_helper};
use crate::wire::{LabWire, Links};
use client::{Remote, Scheme, Type};
use ios_cli::text::copy::{Failed, Reason, Step, loading_ftp, loading_tftp, ok_ftp, ok_tftp};
use std::sync::Arc;
use store::memory::Memory;
use store::{Blob, Mode, Sink, Store, Upload, VPath};

/// Memory for one file, no more of it than there is room for.
pub(crate) struct Limited {
    upload: Box<dyn Upload>,
    memory: Memory,
    path: VPath,
    room: u64,
}

impl Limited {
    /// Of so many octets.
    pub(crate) fn new(room: u64) -> store::Result<Limited> {
        let (memory, path) = (Memory::new(), VPath::parse(b"/image").expect("a plain name"));
        Ok(Limited { upload: memory.create(&path, Mode::New, "rommon")?, memory, path, room })
    }

    /// What came.
    pub(crate) fn finish(self) -> store::Result<Blob> {
        self.upload.commit()?;
        self.memory.open(&self.path)
    }
}

impl Sink for Limited {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> std::io::Result<()> {
        if offset.saturating_add(octets.len() as u64) > self.room {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.upload.write_at(offset, octets)
    }
}

impl Device {
    /// What boots with this register, with nobody at the console.
    pub(crate) fn decide_quietly(&self, register: u16) -> Decision {
        self.decide_with(register, &mut |_, _, net| {
            let (remote, wire) = self.over_the_network(net);
            let mut memory = self.memory().map_err(|_| String::new())?;
            fetch_quietly(self, &remote, &mut memory, wire).map_err(|why| failed(net, why))?;
            self.judged(net, memory)
        })
    }

    /// Whether other hosts are asked for something when it boots: an image, or a configuration.
    pub(crate) fn asks_at_boot(&self) -> bool {
        let config = self.saved_config();
        let images = config.boot.iter().any(|line| rommon::over_the_network(&line.0).is_some());
        images || self.config.lease.is_some() || crate::autoinstall::is_served(&config)
    }

    fn memory(&self) -> store::Result<Limited> {
        Limited::new(u64::from(self.profile().memory_kib) * 1_024)
    }

    /// Whom to ask, and the interfaces that the saved configuration gives.
    fn over_the_network(&self, net: &Net) -> (Remote, Arc<LabWire>) {
        let config = self.saved_config();
        let of_config =
            || (config.ftp_username.clone(), config.ftp_password.as_ref().and_then(Password::clear));
        let (user, password) = match (&net.user, net.scheme) {
            (None, Scheme::Ftp | Scheme::Ftps) => of_config(),
            (user, _) => (user.clone(), net.password.clone()),
        };
        let remote = Remote {
            scheme: net.scheme,
            user,
            password,
            host: net.host.clone().unwrap_or_default(),
            port: net.port,
            path: net.path.clone().unwrap_or_default().into_bytes(),
            kind: Type::Image,
        };
        (remote, self.wire.with_links(Links::of(&config)))
    }

    /// What came, if it is an image for this model.
    fn judged(&self, net: &Net, memory: Limited) -> Result<Facts, String> {
        let unread = |_| failed(net, (Step::Reading, Reason::Undefined));
        match probe_blob(self.profile(), &memory.finish().map_err(unread)?) {
            Probe::Sound(facts) => Ok(facts),
            found => Err(rommon::complaint("", &net.to_string(), &found)),
        }
    }
}

/// `%Error opening tftp://10.0.0.1/x (Timed out)`.
pub(crate) fn failed(net: &Net, (step, reason): (Step, Reason)) -> String {
    Failed { step, url: net.to_string(), reason }.render()
}

/// What boots with this register, with somebody at the console who sees each try.
pub(crate) fn decide(tty: &mut Tty, register: u16) -> Result<Decision, Leave> {
    let device = Arc::clone(&tty.device);
    let mut left = None;
    let decision = device.decide_with(register, &mut |tried, helper, net| {
        if left.is_some() {
            return Err(String::new());
        }
        let fetched = tried
            .drain(..)
            .try_for_each(|text| tty.print(&format!("{text}\n")))
            .and_then(|()| fetch(tty, helper, net));
        fetched.unwrap_or_else(|leave| {
            left = Some(leave);
            Err(String::new())
        })
    });
    match left {
        Some(leave) => Err(leave),
        None => Ok(decision),
    }
}

/// The helper is loaded, then what it fetches; what it says where nothing comes.
fn fetch(tty: &mut Tty, helper: &Facts, net: &Net) -> Result<Result<Facts, String>, Leave> {
    load_helper(tty, helper)?;
    let device = Arc::clone(&tty.device);
    let (remote, wire) = device.over_the_network(net);
    let (file, host) = (net.path.clone().unwrap_or_default(), remote.host.clone());
    let via = host.parse().ok().and_then(|ip| wire.via(ip)).map(|port| port.to_string());
    let begin = match net.scheme {
        Scheme::Ftp | Scheme::Ftps => loading_ftp(&file),
        _ => loading_tftp(&file, &host, &via.unwrap_or_default()),
    };
    let mut memory = match device.memory() {
        Ok(memory) => memory,
        Err(_) => return Ok(Err(failed(net, (Step::Opening, Reason::Undefined)))),
    };
    match fetch_at_boot(tty, &remote, &mut memory, wire, begin)? {
        Ok(done) => {
            tty.print(&match net.scheme {
                Scheme::Ftp | Scheme::Ftps => ok_ftp(done.octets),
                _ => ok_tftp(done.octets),
            })?;
            Ok(device.judged(net, memory))
        }
        Err(why) => {
            tty.fresh_line()?;
            Ok(Err(failed(net, why)))
        }
    }
}
