//! `copy`: any file system to any other.
//!
//! [`dialog`] asks for what is missing, [`transfer`] moves octets over the network while the session
//! shows [`progress`] on the [`screen`] and listens for the interrupt keys, [`local`] copies on the device, [`over_line`] takes
//! what comes over the console.

mod aside;
mod dialog;
mod local;
mod over_line;
mod progress;
mod screen;
mod target;
mod transfer;

pub(super) use aside::aside;
pub(super) use local::text_of;
pub(super) use target::Collected;
pub(super) use transfer::judge;
pub(crate) use transfer::{fetch_at_boot, fetch_failure, fetch_quietly};

use super::exec::Exec;
use super::flash::Erase;
use super::table::Id;
use crate::device::LastCopy;
use crate::ifs::{Fs, Url};
use crate::profile::Layout;
use crate::session::Leave;
use ios_cli::Match;
use ios_cli::text::copy::{Copied, Failed, Reason, Step};
use std::time::Duration;

/// Both ends, complete.
pub(super) struct Order {
    source: Url,
    destination: Url,
    /// Whether flash is erased before the file comes.
    erase: Erase,
}

/// How a copy ended: octets, or what has been printed as the reason.
pub(super) type Ended = Result<u64, Reason>;

impl Exec<'_> {
    pub(super) fn copy(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let mut ends = Vec::with_capacity(2);
        for name in ["source", "destination"] {
            match self.url(found.text(name).unwrap_or_default()) {
                Ok(url) => ends.push(url),
                Err(_) => return self.tty.print("%Error parsing filename (Bad file name)\n"),
            }
        }
        if let Some(vrf) = found.text("vrf")
            && !self.has_vrf(vrf)
        {
            return self.tty.print(&format!("% VRF {vrf} does not exist\n"));
        }
        let destination = ends.pop().expect("two ends");
        let source = ends.pop().expect("two ends");
        if !self.line_is_fit(&source, &destination)? {
            return Ok(());
        }
        let Some((source, destination)) = self.copy_dialog(source, destination)? else { return Ok(()) };
        let into_flash = matches!(destination, Url::Local { fs: Fs::Flash, .. });
        let within = matches!(source, Url::Local { fs: Fs::Flash, .. });
        let erase = if into_flash && !within { self.asks_erase(found.has("/erase")) } else { Erase::Not };
        let order = Order { source, destination, erase };
        let ended = self.carry_out(&order)?;
        // `copy /verify`: the image that has just been written.
        if let (Ok(_), true, Url::Local { fs: Fs::Flash, path, .. }) =
            (&ended, self.verifies(found), &order.destination)
            && let Ok(blob) = self.tty.device.flash.open(path)
        {
            self.verify_image(&order.destination.to_string(), &blob)?;
        }
        let result = ended.map_err(|r| r.to_string());
        self.tty.device.note_copy(LastCopy {
            source: order.source.to_string(),
            destination: order.destination.to_string(),
            result,
        });
        Ok(())
    }

    /// Whether there is such a routing table: one of the configuration, or that of IOS-XE's management port. All of them are
    /// the same here.
    fn has_vrf(&self, name: &str) -> bool {
        let config = self.tty.device.running_config();
        let defined =
            |head: &str| ["vrf definition", "ip vrf"].iter().any(|vrf| *head == format!("{vrf} {name}"));
        let own = match self.tty.device.profile().version.layout {
            Layout::Xe(_) => name == "Mgmt-intf",
            Layout::XeSwitch(_) => name == "Mgmt-vrf",
            Layout::IsrG2(_) | Layout::Catalyst(_) | Layout::Ios12(_) => false,
        };
        own || config.blocks.iter().any(|block| defined(&block.head))
    }

    /// `/verify`, or `file verify auto` and no `/noverify`.
    fn verifies(&self, found: &Match<Id>) -> bool {
        let config = self.tty.device.running_config();
        let auto = config.kept.iter().any(|line| line == "file verify auto");
        found.has("/verify") || (auto && !found.has("/noverify"))
    }

    fn carry_out(&mut self, order: &Order) -> Result<Ended, Leave> {
        if let Url::Local { fs, .. } = &order.source
            && let Some(modem) = fs.modem()
        {
            return self.take_over_line(modem, order);
        }
        match (&order.source, &order.destination) {
            (Url::Net(from), to) if !matches!(to, Url::Net(_)) => self.fetch(from, to, order.erase),
            (Url::Net(from), to) => {
                // Two hosts: through memory, as the device's own buffer does.
                self.through(from, to)
            }
            (from, Url::Net(to)) => self.send(from, to),
            (from, to) if to.is_startup() => self.store_startup(from),
            (from, to) => self.copy_locally(from, to, order.erase),
        }
    }

    /// The last line of a copy that worked.
    pub(super) fn copied(&mut self, octets: u64, took: Duration) -> Result<Ended, Leave> {
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let text = Copied { octets, millis }.render();
        self.tty.print(&text)?;
        Ok(Ok(octets))
    }

    /// The last line of a copy that failed.
    pub(super) fn copy_failed(&mut self, step: Step, url: &str, reason: Reason) -> Result<Ended, Leave> {
        self.tty.fresh_line()?;
        let text = Failed { step, url: url.to_owned(), reason }.render();
        self.tty.print(&text)?;
        if reason == Reason::NoSpace {
            let flash = &self.tty.device.flash;
            let free = flash.free().unwrap_or(0);
            let text = ios_cli::text::copy::space(free, flash.total() - free);
            self.tty.print(&text)?;
        }
        Ok(Err(reason))
    }
}
