//! Where twins run: a loopback address each, SSH at one port of all, their own transfers over real sockets.

use super::twin::Twin;
use client::terminal::{Over, Place};
use client::{HostKeys, Options, SshOptions};
use device::{Attendant, Device, Guest, Rack, SshLines};
use fleet::ios::Login;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use store::memory::Shelf;
use transport::ssh::{Ios, PrivateKey};

/// How long a twin may say nothing to who comes.
const PATIENCE: Duration = Duration::from_secs(10);
/// The address of the first twin; the others follow it.
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 77, 16, 1);
/// So many addresses follow; the first ones are free again when they are given once more.
const MOST: u32 = 1 << 16;

/// An address for a twin, another one each time.
pub fn address() -> Ipv4Addr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    Ipv4Addr::from_bits(FIRST.to_bits() + NEXT.fetch_add(1, Ordering::Relaxed) % MOST)
}

/// Twins that run, until it is dropped.
pub struct Stage {
    /// In the order in which they were given.
    pub devices: Vec<(Ipv4Addr, Arc<Device>)>,
    guest: Guest,
    key: String,
    lines: SshLines,
    _attendant: Attendant,
}

impl Stage {
    /// Starts twins, each at its address. `guest` is whom they were made with.
    ///
    /// # Errors
    /// No port, or no threads.
    pub fn start(
        twins: Vec<(Ipv4Addr, Twin)>,
        shelf: &Shelf,
        guest: &Guest,
        key: PrivateKey,
    ) -> io::Result<Stage> {
        let mut devices = Vec::with_capacity(twins.len());
        for (address, Twin { config, stock, underway, around, dark, .. }) in twins {
            // Elsewhere than on Linux most addresses of loopback have to be added first.
            TcpListener::bind((address, 0))?;
            let device = Device::in_memory(config, shelf, stock);
            around.into_iter().for_each(|(port, who)| device.stand_in(&port, who));
            dark.iter().for_each(|port| device.leave_loose(port));
            device.underway(underway);
            devices.push((address, device));
        }
        let all: Vec<Arc<Device>> = devices.iter().map(|(_, device)| device.clone()).collect();
        let attendant = Attendant::start(&all)?;
        let places = devices.iter().map(|(address, device)| ((*address).into(), device.clone(), Ios::Xe17));
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        let print = key.public().fingerprint().to_owned();
        let lines = SshLines::start(Rack::by_address(places), listener, key)?;
        Ok(Stage { devices, guest: guest.clone(), key: print, lines, _attendant: attendant })
    }

    /// How the twin at that address is reached.
    pub fn place(&self, address: Ipv4Addr) -> Place {
        Place {
            over: Over::Ssh,
            user: Some(self.guest.user.clone()),
            host: address.to_string(),
            port: Some(self.lines.address().port()),
        }
    }

    /// Who logs in there.
    pub fn login(&self) -> Login {
        Login {
            user: Some(self.guest.user.clone()),
            password: Some(self.guest.password.clone()),
            enable: None,
        }
    }

    /// How it is reached: nothing of the user's is looked at, and nothing is remembered.
    pub fn options(&self) -> Options {
        let host_keys = HostKeys::Pinned(self.key.clone());
        let ssh = SshOptions {
            host_keys,
            password: Some(self.guest.password.clone()),
            // Where none boots nobody says a word: that is heard soon enough.
            no_progress: PATIENCE,
            connect_timeout: PATIENCE,
            ..SshOptions::default()
        };
        Options { ssh, ..Options::default() }
    }
}
