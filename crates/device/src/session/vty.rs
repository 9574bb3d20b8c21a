//! The vty lines: who has which, and what is done on one.

use super::port::Port;
use super::tty::Tty;
use super::{Refused, login};
use crate::commands::{run_command, run_session};
use crate::device::{Device, LineId};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use transport::ssh::Agreed;

/// Who is on which vty line.
#[derive(Default)]
pub(crate) struct Vtys(
    // Guards the lines in use; held for a look.
    Mutex<BTreeMap<u16, Sitting>>,
);

/// Somebody on a vty line.
#[derive(Clone, Default)]
pub(crate) struct Sitting {
    /// Who logged in.
    pub(crate) user: Option<String>,
    /// Where they are.
    pub(crate) from: Option<IpAddr>,
    /// Over SSH, with this.
    pub(crate) ssh: Option<Agreed>,
}

impl Vtys {
    fn all(&self) -> MutexGuard<'_, BTreeMap<u16, Sitting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lines in use, by number.
    pub(crate) fn taken(&self) -> BTreeMap<u16, Sitting> {
        self.all().clone()
    }
}

/// A vty line that somebody has; dropped it is free again.
pub(crate) struct Vty {
    device: Arc<Device>,
    number: u16,
    /// The power-on it was taken in: it ends with that, whenever its session begins.
    generation: u64,
}

impl Vty {
    fn note(&self, note: impl FnOnce(&mut Sitting)) {
        note(self.device.vtys.all().entry(self.number).or_default());
    }

    /// What was agreed for a connection over SSH.
    pub(crate) fn agreed(&self, agreed: &Agreed) {
        self.note(|sitting| sitting.ssh = Some(agreed.clone()));
    }

    fn tty(&self, terminal: Box<dyn Port>) -> Tty {
        Tty::new_in(self.generation, Arc::clone(&self.device), LineId::Vty(self.number), terminal)
    }

    /// Somebody who is known already (SSH), until they leave.
    pub(crate) fn shell(&self, terminal: Box<dyn Port>, user: &str, privilege: u8) {
        self.note(|sitting| sitting.user = Some(user.to_owned()));
        let mut tty = self.tty(terminal);
        if login::greet(&mut tty).is_ok() {
            let privilege = login::level(&tty, privilege);
            run_session(&mut tty, privilege, Some(user.to_owned()));
        }
    }

    /// One `scp` of somebody who is known already (SSH); its exit status.
    pub(crate) fn scp(&self, stream: UnixStream, user: &str, privilege: u8, command: &[u8]) -> u32 {
        self.note(|sitting| sitting.user = Some(user.to_owned()));
        let by = format!("{user} on vty{}", self.number);
        crate::scp::serve(&self.device, stream, command, privilege, &by)
    }

    /// One command of somebody who is known already (SSH): its output, and nothing else.
    pub(crate) fn command(&self, terminal: Box<dyn Port>, user: &str, privilege: u8, line: &str) {
        self.note(|sitting| sitting.user = Some(user.to_owned()));
        let mut tty = self.tty(terminal);
        let privilege = login::level(&tty, privilege);
        run_command(&mut tty, privilege, user.to_owned(), line);
    }
}

impl Drop for Vty {
    fn drop(&mut self) {
        self.device.vtys.all().remove(&self.number);
    }
}

impl Device {
    /// Takes a free vty line for somebody who is there.
    ///
    /// # Errors
    /// [`Refused::NoLine`].
    pub(crate) fn take_line(self: &Arc<Self>, from: Option<IpAddr>) -> Result<Vty, Refused> {
        // First: a reload behind this look is one that the session sees.
        let generation = self.generation();
        if self.running(|_| ()).is_none() {
            return Err(Refused::NoLine);
        }
        let mut taken = self.vtys.all();
        let number = (0..self.profile().vty_lines).find(|n| !taken.contains_key(n)).ok_or(Refused::NoLine)?;
        taken.insert(number, Sitting { from, ..Sitting::default() });
        drop(taken);
        Ok(Vty { device: Arc::clone(self), number, generation })
    }

    /// Logs a terminal in on a free vty line (Telnet), until it leaves.
    ///
    /// # Errors
    /// [`Refused::NoLine`].
    pub fn vty(self: &Arc<Self>, terminal: Box<dyn Port>) -> Result<(), Refused> {
        self.on_vty(terminal, None)
    }

    /// The same for somebody at `from`, whom `show users` names.
    ///
    /// # Errors
    /// [`Refused::NoLine`].
    pub fn vty_from(self: &Arc<Self>, terminal: Box<dyn Port>, from: IpAddr) -> Result<(), Refused> {
        self.on_vty(terminal, Some(from))
    }

    fn on_vty(self: &Arc<Self>, terminal: Box<dyn Port>, from: Option<IpAddr>) -> Result<(), Refused> {
        let line = self.take_line(from)?;
        let mut tty = line.tty(terminal);
        if let Ok(Some((privilege, user))) = login::login(&mut tty) {
            line.note(|sitting| sitting.user.clone_from(&user));
            if login::welcome(&mut tty).is_ok() {
                run_session(&mut tty, privilege, user);
            }
        }
        Ok(())
    }
}
