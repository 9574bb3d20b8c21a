//! The topology file: one row for each key, as in the service's configuration.

use crate::config::node::Node;
use crate::config::section::{Reading, Setting as _, entry, section};
use crate::config::value::{Size, Wanted, Within, Written, words};
use crate::config::{Fault, Origins, Source};
use serve::listen::Want;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use transport::ssh::Ios;

section! {
    /// A lab of many devices.
    Topology {
        /// The port of Telnet, at every device's address; 0 is any free one.
        telnet: Want = Want::Exactly(2323),
        /// The port of SSH, at every device's address; 0 is any free one.
        ssh: Want = Want::Exactly(2222),
        /// The port of the consoles, over Telnet as by a terminal server, at every device's address; 0 is any free one.
        console: Want = Want::Off,
        /// How long a boot takes.
        boot: Boot = Boot::Quick,
        /// What makes the contents of images and everything else that is drawn: the same seed, the same lab.
        seed: u64 = 1,
        /// Where an RSA key is kept that the devices' host keys are drawn from, made where it is missing; without it they are drawn from `seed`.
        host_key: Option<PathBuf> = None,
        /// The control socket, for `towline device ctl`; with a command behind -- there is one without this too.
        control: Option<PathBuf> = None,
        /// Servers for the devices, over one directory.
        servers: Option<Servers> = None,
        /// Devices, or rows of devices that are alike.
        device: Vec<Device> = Vec::new(),
        /// Cables between devices.
        link: Vec<Link> = Vec::new(),
    }
}

entry! {
    /// TFTP, FTP, SFTP and SCP for the devices. What they call ADDRESS:69, :21 and :22 are these ports.
    Servers {
        /// The directory.
        root: PathBuf,
        /// How devices call this host.
        address: IpAddr = IpAddr::from([127, 0, 0, 1]),
        /// The port of TFTP; 0 is any free one.
        tftp: Want = Want::Exactly(6969),
        /// The port of FTP; 0 is any free one.
        ftp: Want = Want::Exactly(2121),
        /// The port of SFTP and SCP; 0 is any free one.
        ssh: Want = Want::Off,
        /// The user of FTP, SFTP and SCP.
        user: String = String::from("cisco"),
        /// Their password: it is no secret in a lab.
        password: String = String::from("cisco"),
        /// Let devices store files, over TFTP without a password.
        write: bool = false,
    }
}

entry! {
    /// A device, or `count` devices that are alike.
    Device {
        /// The host name; of several the first part of it: "SW" are SW1, SW2, …
        name: String,
        /// How many there are.
        count: Option<Within<1, 10_000>> = None,
        /// The model, or the file of a profile of one's own (FILE.toml).
        profile: String = String::from("c2911"),
        /// The address; of several the first one, the others follow it.
        address: IpAddr,
        /// Versions of the images in flash, the first of which boots: "15.1(4)M4"; without any the model's own.
        images: Vec<String> = Vec::new(),
        /// Octets of each of these images.
        image_size: Size = Size(65_536),
        /// Files of this host that lie in flash behind the images, under their names.
        files: Vec<PathBuf> = Vec::new(),
        /// A directory with texts for show commands, as for `towline device --overlay`.
        overlay: Option<PathBuf> = None,
        /// The saved configuration, a file; %h in it is the host name and %i the address. Without it one with the user
        /// below, the address on the first interface, and Telnet and SSH on all lines.
        config: Option<PathBuf> = None,
        /// Who logs in, with privilege 15.
        user: String = String::from("admin"),
        /// The password: it is no secret in a lab.
        password: String = String::from("admin"),
        /// What is wrong with it from the beginning: "slow-flash 100K", as for `towline device --fault`.
        faults: Vec<Written<device::Fault>> = Vec::new(),
        /// What SSH offers: "ios-xe-17", "ios-15.5", "ios-15.2" or "ios-12.4".
        ssh_profile: Written<Ios> = Written { text: String::from("ios-15.5"), value: Ios::V15_5 },
    }
}

entry! {
    /// A cable between two ports.
    Link {
        /// The two ports that it connects, each as a device and its interface: "R1 g0/1".
        ends: Vec<Written<End>>,
    }
}

/// A port of a device of the lab.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct End {
    /// The device's name.
    pub device: String,
    /// Its interface, as it was written.
    pub interface: String,
}

impl FromStr for End {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<End, &'static str> {
        let (device, interface) =
            text.trim().split_once(char::is_whitespace).ok_or("it names no interface")?;
        let interface = interface.split_whitespace().collect();
        Ok(End { device: device.to_owned(), interface })
    }
}

words! {
    /// How long a boot takes.
    Boot {
        /// As long as a router's: about 14 s.
        Real = "real",
        /// Two seconds.
        Quick = "quick",
        /// No time.
        None = "none",
    }
}

impl Boot {
    /// What every wait of a boot is multiplied by.
    pub fn pace(self) -> f64 {
        match self {
            Boot::Real => 1.0,
            Boot::Quick => 0.14,
            Boot::None => 0.0,
        }
    }
}

impl Wanted for device::Fault {
    const WANTS: &'static str = "a fault, such as \"slow-flash 100K\"";
    const EXAMPLE: &'static str = "slow-flash 100K";
}

impl Wanted for End {
    const WANTS: &'static str = "a device and its interface, such as \"R1 GigabitEthernet0/1\"";
    const EXAMPLE: &'static str = "R1 GigabitEthernet0/1";
}

impl Wanted for Ios {
    const WANTS: &'static str = "\"ios-xe-17\", \"ios-15.5\", \"ios-15.2\" or \"ios-12.4\"";
    const EXAMPLE: &'static str = "ios-15.5";
}

/// A topology that was read, and what its paths count from.
#[derive(Debug)]
pub struct Read {
    /// What it says.
    pub topology: Topology,
    /// Where each key stands, for what is found wrong later.
    pub origins: Origins,
    /// The file, for what stands nowhere in it.
    pub source: Arc<Source>,
}

/// Reads the text of the file at `path`.
///
/// # Errors
/// All that is wrong, with its places.
pub fn parse(path: &Path, text: String) -> Result<Read, Vec<Fault>> {
    let source = Arc::new(Source { path: path.to_owned(), text });
    let mut faults = Vec::new();
    let tree = Node::document(&source, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut reading = Reading::new(path.parent().map(Path::to_owned).unwrap_or_default());
    let topology = Topology::read(&tree, &mut reading);
    match topology {
        Some(topology) if reading.faults.is_empty() => {
            Ok(Read { topology, origins: reading.origins, source })
        }
        Some(_) | None => Err(reading.faults),
    }
}

/// The tables of docs/topologies.md: every key, its type, default and meaning.
pub fn document() -> String {
    crate::config::tables(&Topology::shape().keys())
}
