//! A device of an inventory, whatever that was written in.

use super::credential::Credential;
use client::terminal::Over;
use client::{Jump, Profile};
use std::fmt;
use std::path::PathBuf;

/// How a device is reached and who logs in.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    /// What it is called here, once in a file.
    pub(crate) name: String,
    /// A name or an address.
    pub(crate) host: String,
    /// `None`: the protocol's own.
    pub(crate) port: Option<u16>,
    /// What the line goes over.
    pub(crate) over: Over,
    /// Who logs in; `None`: whoever runs this.
    pub(crate) user: Option<String>,
    /// Where the password is; `None`: `TOWLINE_PASSWORD`, keys, or somebody is asked.
    pub(crate) password: Option<Credential>,
    /// Where the password of `enable` is; `None`: `TOWLINE_ENABLE`, or somebody is asked.
    pub(crate) enable: Option<Credential>,
    /// Hosts on the way; none: those of the command line.
    pub(crate) via: Vec<Jump>,
    /// Which algorithms; `None`: the command line's.
    pub(crate) profile: Option<Profile>,
    /// Keys to log in with over SSH; none: the command line's.
    pub(crate) keys: Vec<PathBuf>,
    /// The serial number that it has to have.
    pub(crate) serial: Option<String>,
    /// What it belongs to.
    pub(crate) tags: Vec<String>,
}

impl fmt::Display for Device {
    /// `ssh://bob@10.0.0.1:2222`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.over {
            Over::Ssh => "ssh",
            Over::Telnet => "telnet",
        };
        let place = Jump { user: self.user.clone(), host: self.host.clone(), port: self.port };
        write!(f, "{scheme}://{place}")
    }
}

/// What a file says.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    /// In the file's order.
    pub(crate) devices: Vec<Device>,
    /// What is in the file and no device here: its name, and why.
    pub(crate) left_out: Vec<(String, String)>,
    /// What was not understood of devices that are there: the device's name, and what.
    pub(crate) notes: Vec<(String, String)>,
}

impl Inventory {
    /// The device of that name.
    pub(crate) fn device(&self, name: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.name == name)
    }

    /// What is told of the file besides its devices, a line for each reason: `r1, r2 and 7 more: why`.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let left_out = self.left_out.iter().map(|(name, why)| (name, format!("left out: {why}")));
        let notes = self.notes.iter().map(|(name, what)| (name, what.clone()));
        let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
        for (name, what) in left_out.chain(notes) {
            match lines.iter_mut().find(|(known, _)| *known == what) {
                Some((_, names)) => names.push(name),
                None => lines.push((what, vec![name])),
            }
        }
        let told = |(what, names): (String, Vec<&str>)| match names.as_slice() {
            [first, second, rest @ ..] if rest.len() > 1 => {
                format!("{first}, {second} and {} more: {what}", rest.len())
            }
            few => format!("{}: {what}", few.join(", ")),
        };
        lines.into_iter().map(told).collect()
    }
}
