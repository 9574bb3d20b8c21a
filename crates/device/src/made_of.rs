//! What a device is made of, and what one in memory begins with.

use crate::wire::Table;
use crate::{Profile, image};
use std::path::PathBuf;
use std::sync::Arc;
use store::{Blob, VPath};
use transport::tap::Tap;

/// What a device is made of.
#[derive(Clone)]
pub struct DeviceConfig {
    /// The host name of a device that has no startup-config file yet. An existing one wins.
    pub name: Option<String>,
    /// The model.
    pub profile: Arc<Profile>,
    /// The serial number; `None`: the model's.
    pub serial: Option<String>,
    /// The state directory: `flash/`, `nvram/startup-config` (a Catalyst's is in flash), `monitor` (register and ROMMON
    /// variables). Plain files, made where they are missing.
    pub state: PathBuf,
    /// Texts of `show` commands that stand in for the device's own: `commands/overlay.rs` has the rule.
    pub overlay: Option<PathBuf>,
    /// What a DHCP server gives to a device without a saved configuration; `None`: there is none.
    pub lease: Option<crate::Lease>,
    /// Lab addresses to real sockets; `None`: addresses are real.
    pub table: Option<Table>,
    /// Sees every packet of the device's clients.
    pub tap: Option<Arc<dyn Tap>>,
    /// How long booting takes: 1.0 about 20 s, 0.0 no wait at all.
    pub pace: f64,
    /// Multiplies every network timeout of the device: 1.0 is a real device's.
    pub patience: f64,
    /// Who is let in over SSH besides the users of its configuration, with privilege 15; its configuration does not show it.
    pub guest: Option<Guest>,
    /// What was found out about images: devices that share it look into the same image once.
    pub known: Arc<image::Known>,
    /// What everything that is drawn comes from: the same seed and the same faults do the same.
    pub seed: u64,
}

impl DeviceConfig {
    /// A c2911 with real timeouts on this state directory.
    pub fn new(state: impl Into<PathBuf>) -> DeviceConfig {
        DeviceConfig {
            name: None,
            profile: crate::C2911.clone(),
            serial: None,
            state: state.into(),
            overlay: None,
            lease: None,
            table: None,
            tap: None,
            pace: 1.0,
            patience: 1.0,
            guest: None,
            known: Arc::default(),
            seed: 1,
        }
    }
}

/// Somebody whom no configuration names: what is to be a twin of another device has that one's users, whose passwords nobody knows.
#[derive(Clone)]
pub struct Guest {
    /// Who logs in.
    pub user: String,
    /// With what.
    pub password: String,
}

/// What a device in memory begins with.
#[derive(Clone, Default, Debug)]
pub struct Stock {
    /// Files of flash, in their order: their names, and what is in them.
    pub flash: Vec<(VPath, Blob)>,
    /// Directories of flash that are there before; those that files lie in need not be named.
    pub directories: Vec<VPath>,
    /// The saved configuration.
    pub startup: Option<String>,
}
