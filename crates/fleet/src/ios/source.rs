//! Where a device gets an image from, and what it is asked to choose the way.

use super::deeds::{SHORT, Undone, copy_to_nowhere};
use super::session::{Fault, Session};
use ios_cli::text::file_systems;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Where a device gets the image from.
pub trait Source {
    /// Chooses how this device copies, where that is to be chosen. It is asked before each copy, and again behind a fault.
    ///
    /// # Errors
    /// The device cannot be asked any more.
    fn choose(&mut self, _device: &mut dyn Asked, _remark: &mut dyn FnMut(&str)) -> Result<(), Fault> {
        Ok(())
    }

    /// A URL for this device, for one copy, and why it is this one; `ours` is our address as the device sees it.
    ///
    /// # Errors
    /// There is none.
    fn url(&mut self, ours: Option<IpAddr>) -> Result<(String, String), String>;

    /// What is known on the other side of the last copy: `sent 70,000 of 150,000 octets`.
    fn sent(&self) -> Option<String> {
        None
    }
}

/// A device that says how it can copy.
pub trait Asked {
    /// Our address, as it sees it; `None` behind other hosts.
    fn ours(&self) -> Option<IpAddr>;

    /// What it copies over, as in a URL (`tftp`); `None`: it does not say.
    ///
    /// # Errors
    /// It cannot be asked.
    fn copies_over(&mut self) -> Result<Option<Vec<String>>, Fault>;

    /// Has it copy what is there to nowhere (`null:`): how long that took, or what it says of why it did not.
    ///
    /// # Errors
    /// It cannot be asked.
    fn copy_to_nowhere(&mut self, url: &str) -> Result<Result<Duration, String>, Fault>;
}

impl Asked for Session {
    fn ours(&self) -> Option<IpAddr> {
        self.our_address()
    }

    fn copies_over(&mut self) -> Result<Option<Vec<String>>, Fault> {
        let answer = self.ask("show file systems", SHORT)?;
        let Ok(systems) = file_systems::parse(&answer.text) else { return Ok(None) };
        let networks = systems.into_iter().filter(|fs| fs.kind == "network");
        let names = networks.flat_map(|fs| fs.prefixes).map(|prefix| prefix.trim_end_matches(':').to_owned());
        Ok(Some(names.collect::<Vec<_>>()).filter(|names| !names.is_empty()))
    }

    fn copy_to_nowhere(&mut self, url: &str) -> Result<Result<Duration, String>, Fault> {
        let began = Instant::now();
        match copy_to_nowhere(self, url) {
            Ok(()) => Ok(Ok(began.elapsed())),
            Err(Undone::Refused(why)) => Ok(Err(why)),
            Err(Undone::Fault(fault)) => Err(fault),
        }
    }
}
