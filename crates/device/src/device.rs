use crate::archive::{Archived, Pending};
use crate::boot::Probe;
use crate::cables::Cables;
use crate::config::Config;
use crate::debugging::Debugging;
use crate::faults::Faults;
use crate::heard::Heard;
use crate::ifs::Flash;
use crate::image;
use crate::install::{Provision, Timer};
use crate::keys::{self, Pair};
use crate::messages::{Logged, Messages, Post};
use crate::monitor::Monitor;
use crate::own_clock::OwnClock;
use crate::profile::Loader;
use crate::scp::Settling;
use crate::session::Vtys;
use crate::ssh::Offered;
use crate::wire::{LabWire, Links};
use crate::{DeviceConfig, Profile, Stock, boot, commands};
use ios_cli::text::crash::Crash;
use std::collections::{BTreeSet, VecDeque};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Instant, SystemTime};
use store::local::{Local, LocalOptions};
use store::memory::{Memory, Shelf};
use store::{Blob, Store, StoreError, VPath};

/// Why a device cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the state directory {0} is used by another device process")]
    Locked(PathBuf),
    /// The directory cannot be used.
    #[error("the state directory {0} cannot be used: {1}")]
    Directory(PathBuf, #[source] std::io::Error),
}

/// A line of the device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineId {
    /// con0
    Console,
    /// vty N
    Vty(u16),
}

impl LineId {
    /// `con 0`, `vty 1`: as in the configuration.
    pub(crate) fn name(self) -> String {
        match self {
            LineId::Console => "con 0".into(),
            LineId::Vty(n) => format!("vty {n}"),
        }
    }
}

/// An emulated device. Its lines are threads of the caller: [`Device::console`](crate::Device) and
/// [`Device::vty`](crate::Device) run until their terminal is gone.
pub struct Device {
    pub(crate) config: DeviceConfig,
    pub(crate) flash: Flash,
    pub(crate) nvram: Arc<dyn Store>,
    pub(crate) wire: Arc<LabWire>,
    /// What its ports are connected to.
    pub(crate) cables: Cables,
    /// Counts power-ons: a line that belongs to an older one ends.
    generation: AtomicU64,
    /// A break signal that the console has not seen yet.
    brk: AtomicBool,
    /// Whether a console session has the line.
    pub(crate) console_taken: AtomicBool,
    /// Which vty lines are in use.
    pub(crate) vtys: Vtys,
    /// The SSH server of the vty lines, where one was started.
    pub(crate) ssh: OnceLock<Offered>,
    /// Told when there is something to do at another time: set by the attendant.
    pub(crate) attended: OnceLock<Box<dyn Fn() + Send + Sync>>,
    /// Uploads over SCP that are about to be there.
    pub(crate) settling: Settling,
    /// System messages, for the console and lines that watch.
    pub(crate) messages: Messages<Logged>,
    /// What lines send each other.
    pub(crate) posts: Messages<Post>,
    /// What it tells of.
    pub(crate) debugging: Debugging,
    /// How far off `clock set` has put it.
    pub(crate) clock: OwnClock,
    /// What is wrong with it on request.
    pub(crate) faults: Arc<Faults>,
    /// What was typed at its prompts.
    pub(crate) heard: Heard,
    /// An operation of install mode is under way.
    pub(crate) installing: AtomicBool,
    /// Everything that changes. Held for moments only, never across a wait or a transfer.
    state: Mutex<State>,
    /// Keeps the lock on the state directory.
    _lock: Option<std::fs::File>,
}

pub(crate) struct State {
    pub(crate) power: Power,
    pub(crate) monitor: Monitor,
    /// Where `monitor` is kept.
    monitor_file: Option<PathBuf>,
    /// RSA keys as they were saved.
    pub(crate) saved_keys: Vec<Pair>,
    /// How copies ended, the newest last.
    pub(crate) copies: VecDeque<LastCopy>,
    pub(crate) remembered: Remembered,
    /// The boot loader was stopped before it looked at flash: a Catalyst's has to be told to.
    pub(crate) interrupted: bool,
    pub(crate) scheduled: Option<Scheduled>,
    /// What crashed, until the next image is launched.
    pub(crate) crash: Option<Crash>,
    /// When it boots without anybody at its console.
    pub(crate) boots_at: Option<Instant>,
    /// When the packages that run on trial are undone by themselves.
    pub(crate) trial: Option<Timer>,
    /// Commands that ran to their end, each with the version that ran it.
    pub(crate) ran: BTreeSet<(String, String)>,
    /// Whether what is saved was written by nobody's device, and has not been booted yet.
    pub(crate) is_foreign: bool,
    /// Files of flash that `verify` found sound.
    pub(crate) verified: BTreeSet<String>,
}

/// A reload that waits for its time.
#[derive(Clone)]
pub(crate) struct Scheduled {
    pub(crate) at: SystemTime,
    pub(crate) reason: String,
    pub(crate) by: String,
    /// The minutes that were said last: 60, 30, 5 and 1 before it happens.
    pub(crate) warned: Option<u64>,
}

/// What the device is doing.
pub(crate) enum Power {
    /// Switched off, or about to boot.
    Off,
    /// The boot loader prompts.
    Rommon,
    /// IOS runs.
    Running(Box<Running>),
}

/// A running IOS.
pub(crate) struct Running {
    /// `c2900-….bin`: the image runs from memory; its file may be gone.
    pub(crate) file: String,
    /// The name it was loaded with: `flash0:c2900-….bin`.
    pub(crate) shown: String,
    pub(crate) facts: image::Facts,
    pub(crate) config: Config,
    /// The configuration as last saved or loaded; `None` after an erase.
    pub(crate) saved: Option<String>,
    pub(crate) since: SystemTime,
    /// The register this boot obeyed.
    pub(crate) register: u16,
    /// Neighbours whose hardware address is known: the first ping to any other loses a packet.
    pub(crate) arp: BTreeSet<Ipv4Addr>,
    /// When and by whom the configuration was changed last.
    pub(crate) changed: Option<(SystemTime, String)>,
    /// When it was saved last.
    pub(crate) written: Option<(SystemTime, String)>,
    /// The setup dialog has not been answered yet.
    pub(crate) setup: bool,
    /// RSA keys.
    pub(crate) keys: Vec<Pair>,
    /// What `archive config` has saved.
    pub(crate) archived: Archived,
    /// A change that is to be confirmed.
    pub(crate) pending: Option<Pending>,
    /// The packages that it was loaded from; `None`: from a whole image.
    pub(crate) packages: Option<Vec<String>>,
    /// What the boot loader was told to boot.
    pub(crate) told: Option<String>,
}

/// What `copy` offers next time.
#[derive(Clone, Default)]
pub(crate) struct Remembered {
    pub(crate) host: String,
    pub(crate) source: String,
}

/// How the last copy ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LastCopy {
    /// As shown: `tftp://10.0.0.1/x.bin`.
    pub source: String,
    /// As shown: `flash:x.bin`.
    pub destination: String,
    /// Octets, or the reason printed: `Timed out`.
    pub result: Result<u64, String>,
}

impl Device {
    /// Opens a device on its state directory and locks that. The device is switched off until a console
    /// attaches or [`Device::power_on`] is called.
    pub fn open(config: DeviceConfig) -> Result<Arc<Device>, OpenError> {
        let root = config.state.clone();
        let io = |e| OpenError::Directory(root.clone(), e);
        for name in ["flash", "nvram"] {
            let path = root.join(name);
            std::fs::create_dir_all(&path).map_err(|e| OpenError::Directory(path, e))?;
        }
        let lock = std::fs::File::create(root.join("lock")).map_err(io)?;
        match rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(OpenError::Locked(root)),
            Err(e) => return Err(io(e.into())),
        }
        let open = |name: &str| -> Result<Arc<dyn Store>, OpenError> {
            let options = LocalOptions { write: true, ..LocalOptions::default() };
            Ok(Arc::new(Local::open(&root.join(name), options).map_err(io)?))
        };
        let (flash, nvram) = (open("flash")?, open("nvram")?);
        let monitor_file = root.join("monitor");
        let monitor = match std::fs::read_to_string(&monitor_file) {
            Ok(text) => Monitor::parse(&config.profile, &text),
            Err(_) => Monitor::new(&config.profile),
        };
        Ok(Device::assemble(config, flash, nvram, monitor, Some(monitor_file), Some(lock)))
    }

    /// A device whose whole state is in memory and ends with it, large files on a shelf that it shares with others.
    /// [`DeviceConfig::state`] is not looked at. It is switched off, as one that was opened.
    pub fn in_memory(config: DeviceConfig, shelf: &Shelf, stock: Stock) -> Arc<Device> {
        let (flash, nvram) = (Memory::on_shelf(shelf), Memory::on_shelf(shelf));
        for name in &stock.directories {
            // There already, or of no use: neither is a reason not to be.
            let _ = flash.make_dir(name);
        }
        for (name, content) in stock.flash {
            flash.put(&name, content);
        }
        match (stock.startup, &config.profile.nvram.file) {
            (Some(text), Some(file)) => flash.seed(&file.path().to_string(), text),
            (Some(text), None) => nvram.seed("/startup-config", text),
            (None, _) => {}
        }
        let monitor = Monitor::new(&config.profile);
        let device = Device::assemble(config, Arc::new(flash), Arc::new(nvram), monitor, None, None);
        device.state().is_foreign = true;
        device
    }

    fn assemble(
        config: DeviceConfig,
        flash: Arc<dyn Store>,
        nvram: Arc<dyn Store>,
        monitor: Monitor,
        monitor_file: Option<PathBuf>,
        lock: Option<std::fs::File>,
    ) -> Arc<Device> {
        let faults = Faults::new(config.seed);
        let wire = Arc::new(LabWire::new(config.table.clone()).with_faults(faults.clone()));
        let state = State {
            power: Power::Off,
            monitor,
            saved_keys: monitor_file
                .as_deref()
                .map_or_else(|| vec![Pair::Given], |file| keys::read(&keys_beside(file))),
            monitor_file,
            copies: VecDeque::new(),
            remembered: Remembered::default(),
            interrupted: false,
            scheduled: None,
            crash: None,
            boots_at: None,
            trial: None,
            ran: BTreeSet::new(),
            verified: BTreeSet::new(),
            is_foreign: false,
        };
        Arc::new(Device {
            flash: Flash::new(flash, config.profile.flash.geometry()).with_faults(faults.clone()),
            faults,
            nvram,
            wire,
            cables: Cables::default(),
            generation: AtomicU64::new(0),
            brk: AtomicBool::new(false),
            console_taken: AtomicBool::new(false),
            vtys: Vtys::default(),
            ssh: OnceLock::new(),
            attended: OnceLock::new(),
            settling: Settling::default(),
            messages: Messages::default(),
            posts: Messages::default(),
            clock: OwnClock::default(),
            debugging: Debugging::default(),
            heard: Heard::default(),
            installing: AtomicBool::new(false),
            state: Mutex::new(state),
            _lock: lock,
            config,
        })
    }

    /// The model.
    pub fn profile(&self) -> &Arc<Profile> {
        &self.config.profile
    }

    /// The serial number of its chassis.
    pub fn serial(&self) -> &str {
        self.config.serial.as_deref().unwrap_or(&self.config.profile.serial)
    }

    /// Switches the device off and on: what runs is lost, every line but the console ends, and the
    /// console shows the boot.
    pub fn power_cycle(&self) {
        self.restart("power-on");
    }

    /// A break signal on the console: within the first 60 s of booting it stops in ROMMON.
    pub fn send_break(&self) {
        self.brk.store(true, Ordering::SeqCst);
    }

    /// Boots without a console, if the device is off: for a device that is reached over the network only.
    pub fn power_on(self: &Arc<Self>) {
        if matches!(self.state().power, Power::Off) {
            let generation = self.generation();
            let decision = self.decide();
            // What came over the network took its time.
            if generation == self.generation() && matches!(self.state().power, Power::Off) {
                self.become_booted(decision.outcome);
                self.install_quietly();
            }
        }
    }

    pub(crate) fn restart(&self, reason: &str) {
        self.start_again(reason, None);
    }

    /// What runs crashes; the boot loader knows of what.
    pub(crate) fn crash(&self, crash: Crash) {
        self.start_again(&crash.returned_by(), Some(crash));
    }

    fn start_again(&self, reason: &str, crash: Option<Crash>) {
        let said = self.last_words();
        self.faults.unplug_for_good();
        let mut state = self.state();
        state.power = Power::Off;
        state.crash = crash;
        (state.scheduled, state.trial) = (None, None);
        state.monitor.returned_by = reason.to_owned();
        state.save_monitor();
        drop(state);
        self.wire.set(Links::default());
        self.fall_silent(&said);
        self.messages.clear();
        self.clock.forget();
        self.debugging.set_all(false);
        self.brk.store(false, Ordering::SeqCst);
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.will_boot();
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    pub(crate) fn take_break(&self) -> bool {
        self.brk.swap(false, Ordering::SeqCst)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// With the running IOS; `None` where none runs.
    pub(crate) fn running<T>(&self, with: impl FnOnce(&mut Running) -> T) -> Option<T> {
        match &mut self.state().power {
            Power::Running(running) => Some(with(running)),
            Power::Off | Power::Rommon => None,
        }
    }

    /// The running configuration.
    pub(crate) fn running_config(&self) -> Config {
        self.running(|r| r.config.clone()).unwrap_or_else(|| Config::new(&self.config.profile))
    }

    // ---- booting

    /// What would boot now.
    pub(crate) fn decide(&self) -> boot::Decision {
        if self.faults.boot_fails() {
            return boot::fails(self.config.profile.boot.loader);
        }
        let register = self.state().monitor.register;
        self.decide_quietly(register)
    }

    /// What would boot with this register; `fetch` sees to images of other hosts.
    pub(crate) fn decide_with(&self, register: u16, fetch: &mut boot::rommon::Fetch<'_>) -> boot::Decision {
        // The boot variable of ROMMON is what the saved configuration says, register 0x2142 or not.
        let lines = self.saved_config().boot;
        let flash = self.config.profile.flash.prefix();
        let probe = &mut |file: &str| self.probe(file);
        match self.config.profile.boot.loader {
            Loader::Rommon | Loader::RommonClassic => {
                let names = self.flash.names();
                let loader = self.config.profile.boot.loader;
                boot::rommon::decide(loader, flash, register, &lines, &names, probe, fetch)
            }
            Loader::RommonXe => boot::rommon_xe::decide(flash, register, &lines, &self.flash.sizes(), probe),
            Loader::Switch => {
                let list = self.state().monitor.get(boot::switch::BOOT).map(str::to_owned);
                boot::switch::decide(flash, list.as_deref(), &self.flash.files(), probe)
            }
            Loader::SwitchXe => {
                let list = self.state().monitor.get(boot::switch::BOOT).map(str::to_owned);
                boot::switch_xe::decide(flash, list.as_deref(), &self.flash.files(), probe)
            }
        }
    }

    /// The startup configuration as it would be after booting with it.
    pub(crate) fn saved_config(&self) -> Config {
        self.configured_by(&self.startup().unwrap_or_default())
    }

    pub(crate) fn configured_by(&self, startup: &str) -> Config {
        let mut config = Config::before_boot(&self.config.profile, startup);
        commands::merge(&self.config.profile, &mut config, startup);
        config
    }

    /// Looks at one file of flash.
    pub(crate) fn probe(&self, file: &str) -> Probe {
        let Ok(path) = VPath::parse(file.as_bytes()) else { return Probe::Absent };
        match self.flash.open(&path) {
            Ok(blob) if self.config.profile.install.is_some() && Provision::text_of(&blob).is_some() => {
                match self.provisioned(&blob) {
                    Ok((facts, _)) => Probe::Sound(facts),
                    Err(bad) => Probe::Damaged(bad.into()),
                }
            }
            Ok(_) if self.faults.damages(file) => Probe::Damaged(image::Damage::Signature),
            Ok(blob) => match judge(&self.config.profile, self.config.known.show(&blob)) {
                Probe::Foreign(facts) if self.faults.boots_any_image() => Probe::Sound(facts),
                probe => probe,
            },
            Err(_) => Probe::Absent,
        }
    }

    // ---- the configuration

    /// Saves the running configuration; the text written.
    pub(crate) fn save_running(&self, by: &str) -> Result<String, StoreError> {
        let now = self.now();
        let Some((text, body)) = self.running(|r| {
            r.written = Some((now, by.to_owned()));
            (crate::texts::configuration(r), r.config.render(&crate::texts::train(&r.facts.version)))
        }) else {
            return Err(StoreError::Absent);
        };
        self.write_startup(&text)?;
        self.running(|r| r.saved = Some(body));
        self.save_keys();
        Ok(text)
    }

    /// Whether the running configuration differs from the one last saved or loaded.
    pub(crate) fn is_modified(&self) -> bool {
        self.running(|r| {
            let now = r.config.render(&crate::texts::train(&r.facts.version));
            r.saved.as_ref() != Some(&now)
        })
        .unwrap_or(false)
    }

    /// Changes the running configuration and what follows from it.
    pub(crate) fn reconfigure<T>(&self, by: &str, change: impl FnOnce(&mut Config) -> T) -> Option<T> {
        let now = self.now();
        self.relining(|| {
            let out = self.running(|r| {
                r.changed = Some((now, by.to_owned()));
                change(&mut r.config)
            });
            if let Some(links) = self.links() {
                self.wire.set(links);
            }
            out
        })
    }
}

/// Where keys are kept.
fn keys_beside(monitor: &Path) -> PathBuf {
    monitor.with_file_name("keys")
}

impl State {
    /// Where its keys are kept; `None`: nowhere.
    pub(crate) fn keys_file(&self) -> Option<PathBuf> {
        self.monitor_file.as_deref().map(keys_beside)
    }

    /// Sets a variable of the boot loader, or unsets it, for good.
    pub(crate) fn set_variable(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.monitor.set(name, value),
            None => self.monitor.unset(name),
        }
        self.save_monitor();
    }

    /// Writes register and variables to the state directory.
    pub(crate) fn save_monitor(&self) {
        if let Some(file) = &self.monitor_file {
            let fresh = file.with_extension("new");
            // A full host disk costs the register, not the device.
            let _ =
                std::fs::write(&fresh, self.monitor.render()).and_then(|()| std::fs::rename(&fresh, file));
        }
    }
}

/// Looks at an image for this model.
pub(crate) fn probe_blob(profile: &Profile, blob: &Blob) -> Probe {
    judge(profile, image::show(blob))
}

fn judge(profile: &Profile, shown: Result<image::Facts, image::Damage>) -> Probe {
    match shown {
        Ok(image::Facts { package: Some(package), .. }) => Probe::Damaged(image::Damage::Package(package)),
        Ok(facts) if facts.profile == *profile.name => Probe::Sound(facts),
        Ok(facts) => Probe::Foreign(facts),
        Err(damage) => Probe::Damaged(damage),
    }
}
