//! One lab, ready to switch on: two images, the servers, R1 and the wire between.

use super::blackhole::Blackhole;
use super::lesson::State;
use super::names::{Names, ROUTER, SERVER};
use super::scenario::Start;
use super::servers::{Served, Servers};
use super::traffic::Traffic;
use crate::digest::Algorithm;
use crate::exit::{Exit, Failure};
use crate::ladder::{End, draw};
use client::Scheme;
use device::config::BootLine;
use device::image::{self, Recipe};
use device::wire::Table;
use device::{Config, Device, DeviceConfig, Mode};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};

/// The real address of R1's own sockets.
const R1: &str = "127.0.0.2";
/// What R1's startup-config says at first.
const STARTUP: &str = "\
hostname R1
!
no ip domain lookup
!
interface GigabitEthernet0/0
 ip address 10.0.0.2 255.255.255.0
!
interface GigabitEthernet0/1
 no ip address
 shutdown
!
interface GigabitEthernet0/2
 no ip address
 shutdown
!
line con 0
 logging synchronous
 exec-timeout 0 0
!
end
";
/// Two files that a router of this model has beside its image.
const OTHER_FILES: [(&str, usize); 2] = [("sigdef-category.xml", 28_282), ("sigdef-default.xml", 227_537)];

/// More than any model's flash has octets in a cluster.
const CLUSTER: u64 = 32_768;

/// What is broken on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The server is cut when half of the image is there.
    Stop,
    /// The image is not on the server.
    Absent,
    /// One octet of the server's image is not what it was made as.
    Flip,
}

/// Servers that somebody else runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Foreign {
    /// Where TFTP listens.
    pub tftp: SocketAddr,
    /// Where FTP listens.
    pub ftp: SocketAddr,
    /// The directory both serve; the lab writes the new image there, and removes it.
    pub root: PathBuf,
    /// The FTP user.
    pub user: String,
    /// The FTP user's password.
    pub password: String,
}

/// What lab is wanted.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Octets of each image.
    pub size: u64,
    /// What is broken.
    pub fault: Option<Fault>,
    /// Connections towards R1 are dropped.
    pub firewall: bool,
    /// Servers of somebody else instead of our own.
    pub foreign: Option<Foreign>,
    /// Of booting: 1.0 takes about 20 s, 0.0 no time.
    pub pace: f64,
    /// Of R1's network timeouts: 1.0 is a real device's.
    pub patience: f64,
    /// What R1 begins with; `None`: as the lesson does.
    pub start: Option<&'static Start>,
}

/// What a lab has on the disk: who ends the process without dropping the [`Scene`] removes it.
#[derive(Clone, Default, Debug)]
pub struct Litter(
    // Guards the paths; held for a push or the removal.
    Arc<Mutex<Vec<PathBuf>>>,
);

impl Litter {
    /// Removes everything.
    pub fn remove(&self) {
        for path in self.0.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // What cannot be removed now stays, as it would without us.
            let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
    }

    fn add(&self, path: &Path) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
    }
}

/// A lab. Dropped it is gone without a trace.
pub struct Scene {
    /// Its names.
    pub names: Names,
    /// R1.
    pub device: Arc<Device>,
    /// What R1 received.
    pub traffic: Arc<Traffic>,
    // Guards our own servers: a fault cuts them from another thread.
    servers: Arc<Mutex<Option<Servers>>>,
    /// The digest that the new image has been made with.
    sha512: String,
    _sweep: Sweep,
    active_failed: Mutex<bool>,
    _hole: Option<Blackhole>,
}

impl Scene {
    /// Makes the images, starts the servers, opens R1 (switched off). What lies on the disk for it is in
    /// `litter`.
    pub fn set(setup: &Setup, litter: &Litter) -> Result<Scene, Failure> {
        let dir = tempfile::tempdir().map_err(|e| Failure::local("the temporary directory", &e))?.keep();
        litter.add(&dir);
        let sweep = Sweep(litter.clone());
        let local = |path: &Path, e: &io::Error| Failure::local(path.display(), e);
        let mut names = match setup.start {
            Some(start) => start.names(setup.size),
            None => Names::of_the_lesson(setup.size),
        };
        let root = match &setup.foreign {
            Some(foreign) => {
                names.user.clone_from(&foreign.user);
                names.password.clone_from(&foreign.password);
                foreign.root.clone()
            }
            None => {
                let root = dir.join("server");
                fs::create_dir(&root).map_err(|e| local(&root, &e))?;
                root
            }
        };
        let image = root.join(&names.new);
        if setup.foreign.is_some() && image.exists() {
            let way_out = "remove it: the lab puts an image of its own there";
            return Err(Failure::usage(image.display(), "exists already", way_out));
        }
        litter.add(&image);
        make(&image, &names, 1)?;
        let sha512 = sha512(&image).map_err(|e| local(&image, &e))?;
        match setup.fault {
            Some(Fault::Absent) => fs::remove_file(&image).map_err(|e| local(&image, &e))?,
            Some(Fault::Flip) => flip(&image, setup.size / 2).map_err(|e| local(&image, &e))?,
            Some(Fault::Stop) | None => {}
        }

        let state = dir.join("R1");
        furnish(&state, &names, setup.start)?;
        let net = |e: &io::Error| Failure::local("a loopback socket", e);
        let servers = match &setup.foreign {
            Some(_) => None,
            None => Some(Servers::start(&root, &names.user, &names.password).map_err(|e| net(&e))?),
        };
        let mut table = match (&setup.foreign, &servers) {
            (Some(foreign), _) => table(foreign.tftp, foreign.ftp, None),
            (None, Some(own)) => table(own.tftp(), own.ftp(), Some(own.active())).with(ssh(), own.ssh()),
            (None, None) => unreachable!("our own servers unless there are others"),
        };
        let hole = match setup.firewall {
            true => Some(Blackhole::open(r1()).map_err(|e| net(&e))?),
            false => None,
        };
        table.firewall = hole.as_ref().map(Blackhole::address);

        let traffic = Arc::new(Traffic::default());
        let servers = Arc::new(Mutex::new(servers));
        if setup.fault == Some(Fault::Stop) {
            cut_at(&traffic, setup.size / 2, &servers);
        }
        let device = Device::open(DeviceConfig {
            table: Some(table),
            tap: Some(traffic.clone()),
            pace: setup.pace,
            patience: setup.patience,
            profile: names.profile.clone(),
            ..DeviceConfig::new(state)
        })
        .map_err(|e| Failure::new(Exit::Local, "R1", e, ""))?;
        setup.start.map(Start::faults).into_iter().flatten().for_each(|fault| device.set_fault(fault));
        Ok(Scene {
            names,
            device,
            traffic,
            servers,
            sha512,
            _sweep: sweep,
            active_failed: Mutex::new(false),
            _hole: hole,
        })
    }

    /// The state that goals are checked against.
    pub fn state(&self) -> State {
        let facts = self.device.facts();
        let version = match &facts.mode {
            Mode::Ios { version, .. } => Some(version.clone()),
            Mode::Off | Mode::Rommon => None,
        };
        let mut active_failed = self.active_failed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(copy) = &facts.last_copy {
            *active_failed |= copy.source.starts_with("ftp:") && copy.result.is_err() && !facts.ftp_passive;
        }
        let copies = self.device.copies();
        State {
            version,
            flash: facts.flash.iter().map(|f| (f.name.clone(), f.len)).collect(),
            boot: boot_files(&facts.running_boot),
            saved_boot: boot_files(&facts.startup_boot),
            ran: facts.ran.iter().map(|r| (r.command.clone(), r.version.clone())).collect(),
            answered: facts.neighbours.clone(),
            verified: facts.verified.clone(),
            ftp_user: facts.ftp_username.clone(),
            ftp_password: facts.ftp_password,
            ftp_passive: facts.ftp_passive,
            active_failed: *active_failed,
            tftp_octets: self.traffic.tftp(),
            ftp_octets: self.traffic.ftp(),
            scp_copied: copies.iter().any(|copy| copy.source.starts_with("scp:") && copy.result.is_ok()),
            rommon: facts.mode == Mode::Rommon,
            register: facts.register,
            running: self.device.configuration(),
            saved: self.device.saved().unwrap_or_default(),
            installed: self.device.installed(),
            up: facts.interfaces.iter().filter(|i| i.up).map(|i| i.name.to_string()).collect(),
            restarts: self.device.restarts(),
            failed: copies.into_iter().filter_map(|copy| copy.result.err()).collect(),
        }
    }

    /// SHA-512 of the new image as it was made.
    pub fn sha512(&self) -> &str {
        &self.sha512
    }

    /// What the servers' audit says has ended; `None` where the servers are somebody else's.
    pub fn served(&self) -> Option<Vec<Served>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(Servers::served)
    }

    /// What R1 saw of its FTP sessions, drawn.
    pub fn trace(&self) -> String {
        draw(&self.traffic.ftp_sessions(), End::Client)
    }
}

/// Removes the litter of a lab that is over, or that could not be set.
struct Sweep(Litter);

impl Drop for Sweep {
    fn drop(&mut self) {
        self.0.remove();
    }
}

impl fmt::Debug for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scene").field("names", &self.names).finish_non_exhaustive()
    }
}

/// Where SFTP and SCP are in the lab.
pub(super) fn ssh() -> SocketAddr {
    SocketAddr::from((SERVER, Scheme::Scp.port()))
}

/// Lab addresses to real sockets.
pub(super) fn table(tftp: SocketAddr, ftp: SocketAddr, active: Option<SocketAddr>) -> Table {
    let named = |port| SocketAddr::from((SERVER, port));
    let table = Table { bind: Some(r1()), ..Table::default() };
    let table = table.with(named(69), tftp).with(named(21), ftp);
    match active {
        Some(active) => table.with(named(20), active),
        None => table,
    }
}

/// A configuration in which R1's interface is up.
pub(super) fn router_config() -> Config {
    let config = Config::at_boot(&device::C2911, STARTUP);
    debug_assert!(config.interfaces.iter().any(|i| i.address.is_some_and(|(a, _)| a == ROUTER)));
    config
}

fn r1() -> std::net::IpAddr {
    R1.parse().expect("an address")
}

/// The files of flash that `boot system` lines name.
fn boot_files(lines: &[String]) -> Vec<String> {
    let file = |line: &String| match BootLine(line.clone()).source() {
        device::config::BootSource::Flash(Some(file)) => Some(file.to_owned()),
        device::config::BootSource::Flash(None) | device::config::BootSource::Elsewhere(_) => None,
    };
    lines.iter().filter_map(file).collect()
}

/// R1's flash and NVRAM as they are at first: the lesson's, or a scenario's.
fn furnish(state: &Path, names: &Names, start: Option<&Start>) -> Result<(), Failure> {
    let (flash, nvram) = (state.join("flash"), state.join("nvram"));
    let local = |path: &Path, e: io::Error| Failure::local(path.display(), &e);
    for dir in [&flash, &nvram] {
        fs::create_dir_all(dir).map_err(|e| local(dir, e))?;
    }
    let lesson = [String::from("old")];
    let mut images = 0;
    for what in start.map_or(&lesson[..], |start| &start.flash[..]) {
        let (first, second) = what.split_once(' ').unwrap_or((what, ""));
        let (name, version) = match first {
            "old" => (names.old.as_str(), Some(0)),
            "new" => (names.new.as_str(), Some(1)),
            other => (other, None),
        };
        let path = flash.join(name);
        match version {
            Some(version) => {
                images += 1;
                make(&path, names, version)?;
                if second == "packages" {
                    crate::commands::device::unpacked(&names.profile, &path).map_err(|e| local(&path, e))?;
                }
            }
            // Its octets matter to nobody: a hole takes no room here.
            None => {
                let total = names.profile.flash.total.get();
                let len = total - images * names.size.next_multiple_of(CLUSTER) - names.size / 2;
                File::create(&path).and_then(|file| file.set_len(len)).map_err(|e| local(&path, e))?;
            }
        }
        if second == "damaged" {
            flip(&path, names.size / 2).map_err(|e| local(&path, e))?;
        }
    }
    for (name, len) in OTHER_FILES.into_iter().filter(|_| start.is_none()) {
        let path = flash.join(name);
        let text: String = "<!-- no signatures -->\n".chars().cycle().take(len).collect();
        fs::write(&path, text).map_err(|e| local(&path, e))?;
    }
    let path = match &names.profile.nvram.file {
        Some(file) => flash.join(String::from_utf8_lossy(file.path().relative()).into_owned()),
        None => nvram.join("startup-config"),
    };
    let startup = start.and_then(|start| start.startup.as_deref()).unwrap_or(STARTUP);
    fs::write(&path, names.fill(startup)).map_err(|e| local(&path, e))
}

/// The image of this one of the versions, whose octets nobody can foretell.
fn make(path: &Path, names: &Names, version: usize) -> Result<(), Failure> {
    let local = |e: &io::Error| Failure::local(path.display(), e);
    let mut out = BufWriter::new(File::create(path).map_err(|e| local(&e))?);
    let (profile, version) = (&names.profile, &names.versions[version]);
    let recipe = Recipe { profile, version, size: names.size, seed: image::random_seed() };
    image::make(&recipe, &mut out).map_err(|e| Failure::usage("--size", e, "give at least 4K"))?;
    out.flush().map_err(|e| local(&e))
}

fn flip(path: &Path, at: u64) -> io::Result<()> {
    let file = File::options().read(true).write(true).open(path)?;
    let mut octet = [0];
    file.read_exact_at(&mut octet, at)?;
    file.write_all_at(&[octet[0] ^ 1], at)
}

fn sha512(path: &Path) -> io::Result<String> {
    Algorithm::Sha512.of(&crate::landing::open(path)?)
}

/// Cuts the servers as soon as so many octets have arrived over TFTP.
fn cut_at(traffic: &Traffic, octets: u64, servers: &Arc<Mutex<Option<Servers>>>) {
    let (tell, told) = channel();
    traffic.tell_at(octets, tell);
    let servers = Arc::downgrade(servers);
    // Ends when it has cut, or with the traffic that holds the other end.
    std::thread::spawn(move || {
        if told.recv().is_ok()
            && let Some(servers) = servers.upgrade()
            && let Some(servers) = servers.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
        {
            servers.cut();
        }
    });
}
