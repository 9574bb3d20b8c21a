//! A device on a temporary directory and a person at its console.

use device::image::{Recipe, make};
use device::wire::Table;
use device::{C2911, Device, DeviceConfig, Heard, OpenError, Port, Profile};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The lesson's images, by their versions.
pub(crate) const OLD: &str = "c2900-universalk9-mz.SPA.151-4.M4.bin";
pub(crate) const NEW: &str = "c2900-universalk9-mz.SPA.155-3.M4a.bin";
pub(crate) const OLD_VERSION: &str = "15.1(4)M4";
pub(crate) const NEW_VERSION: &str = "15.5(3)M4a";

/// Octets of the tests' images: 129 blocks of 512, the last one short.
pub(crate) const SIZE: u64 = 65_700;

/// What R1 of the lesson has saved.
pub(crate) const R1: &str = "hostname R1\ninterface GigabitEthernet0/0\n ip address 10.0.0.2 255.255.255.0\n no shutdown\nline con 0\n exec-timeout 0 0\n privilege level 15\nend\n";

/// The privileged prompts of the tests' devices.
const PROMPTS: &[&str] = &[
    "R1#",
    "R1(config)#",
    "R1(config-if)#",
    "R1(config-line)#",
    "R1(config-vlan)#",
    "R9#",
    "Router#",
    "Router(config)#",
];

/// How long a test waits for a text before it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// An image's octets.
pub(crate) fn image(version: &str, size: u64) -> Vec<u8> {
    image_for(&C2911, version, size)
}

/// An image of another model.
pub(crate) fn image_for(profile: &Profile, version: &str, size: u64) -> Vec<u8> {
    let mut octets = Vec::new();
    let seed = device::image::random_seed();
    make(&Recipe { profile, version, size, seed }, &mut octets).expect("made");
    octets
}

/// A state directory.
pub(crate) struct Bench {
    pub(crate) profile: Arc<Profile>,
    pub(crate) dir: TempDir,
    pub(crate) table: Option<Table>,
    /// What a DHCP server gives.
    pub(crate) lease: Option<&'static str>,
    /// 1.0: a real device's 20 s of silence. Tests of silence take less.
    pub(crate) patience: f64,
}

impl Bench {
    /// With the old image in flash and R1's startup-config.
    pub(crate) fn r1() -> Bench {
        let bench = Bench::bare();
        bench.put(OLD, &image(OLD_VERSION, SIZE));
        bench.startup(R1);
        bench
    }

    /// With nothing.
    pub(crate) fn bare() -> Bench {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(dir.path().join("flash")).expect("made");
        std::fs::create_dir_all(dir.path().join("nvram")).expect("made");
        Bench { profile: C2911.clone(), dir, table: None, lease: None, patience: 1.0 }
    }

    pub(crate) fn flash(&self, name: &str) -> PathBuf {
        self.dir.path().join("flash").join(name)
    }

    pub(crate) fn put(&self, name: &str, octets: &[u8]) {
        std::fs::write(self.flash(name), octets).expect("written");
    }

    pub(crate) fn startup(&self, text: &str) {
        std::fs::write(self.startup_file(), text).expect("written");
    }

    pub(crate) fn saved(&self) -> String {
        std::fs::read_to_string(self.startup_file()).unwrap_or_default()
    }

    fn startup_file(&self) -> PathBuf {
        match &self.profile.nvram.file {
            Some(file) => self.flash(&file.path().to_string()[1..]),
            None => self.dir.path().join("nvram/startup-config"),
        }
    }

    pub(crate) fn device(&self) -> Arc<Device> {
        let config = || {
            let mut config = DeviceConfig::new(self.dir.path());
            config.profile = self.profile.clone();
            config.pace = 0.0;
            config.patience = self.patience;
            config.table.clone_from(&self.table);
            config.lease = self.lease.map(|text| text.parse().expect("a lease"));
            config
        };
        // The device that was here before may have a line whose thread is about to end.
        let is_open = || match Device::open(config()) {
            Err(OpenError::Locked(_)) => None,
            opened => Some(opened.expect("opened")),
        };
        e2e::poll::until(PATIENCE, is_open).expect("nobody has it any more")
    }

    /// A person at the console of a device that boots now.
    pub(crate) fn person(&self) -> Person {
        Person::at(self.device())
    }

    /// The same, who has pressed Return and enabled: `R1#`.
    pub(crate) fn enabled(&self) -> Person {
        let mut p = self.person();
        p.started();
        p
    }
}

/// Somebody at a terminal of the device.
pub(crate) struct Person {
    pub(crate) device: Arc<Device>,
    keys: Option<Sender<Heard>>,
    screen: Arc<Screen>,
    /// What has been looked at.
    seen: usize,
    line: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Screen {
    text: Mutex<String>,
    changed: Condvar,
}

struct Scripted {
    keys: Receiver<Heard>,
    screen: Arc<Screen>,
}

impl Port for Scripted {
    fn hear(&mut self, wait: Duration) -> Heard {
        use std::sync::mpsc::RecvTimeoutError as E;
        match self.keys.recv_timeout(wait) {
            Ok(heard) => heard,
            Err(E::Timeout) => Heard::Nothing,
            Err(E::Disconnected) => Heard::Gone,
        }
    }

    fn say(&mut self, octets: &[u8]) -> std::io::Result<()> {
        self.screen.text.lock().expect("no panic").push_str(&String::from_utf8_lossy(octets));
        self.screen.changed.notify_all();
        Ok(())
    }
}

impl Person {
    pub(crate) fn at(device: Arc<Device>) -> Person {
        Person::on(device, |device, port| {
            let _ = device.console(port);
        })
    }

    pub(crate) fn at_vty(device: Arc<Device>) -> Person {
        Person::on(device, |device, port| {
            let _ = device.vty(port);
        })
    }

    fn on(device: Arc<Device>, line: impl FnOnce(Arc<Device>, Box<dyn Port>) + Send + 'static) -> Person {
        let (keys, receiver) = channel();
        let screen = Arc::new(Screen::default());
        let port = Box::new(Scripted { keys: receiver, screen: Arc::clone(&screen) });
        let its = Arc::clone(&device);
        let line = std::thread::spawn(move || line(its, port));
        Person { device, keys: Some(keys), screen, seen: 0, line: Some(line) }
    }

    /// From boot to `R1#`.
    pub(crate) fn started(&mut self) {
        self.until("Press RETURN to get started!");
        self.keys("\r");
        if self.until_one_of(&[">", "#"]).ends_with('#') {
            self.run("terminal length 0");
        }
    }

    /// Types keys as they are.
    pub(crate) fn keys(&self, keys: &str) {
        let _ = self.keys.as_ref().expect("there").send(Heard::Keys(keys.as_bytes().to_vec()));
    }

    /// Octets that are no text.
    pub(crate) fn octets(&self, octets: &[u8]) {
        let _ = self.keys.as_ref().expect("there").send(Heard::Keys(octets.to_vec()));
    }

    /// The terminal's break key.
    pub(crate) fn break_key(&self) {
        let _ = self.keys.as_ref().expect("there").send(Heard::Break);
    }

    /// Waits for `text` and gives all that came up to and with it.
    pub(crate) fn until(&mut self, text: &str) -> String {
        self.until_one_of(&[text])
    }

    pub(crate) fn until_one_of(&mut self, texts: &[&str]) -> String {
        let end = Instant::now() + PATIENCE;
        let mut all = self.screen.text.lock().expect("no panic");
        loop {
            let rest = &all[self.seen..];
            let first = texts.iter().filter_map(|t| rest.find(t).map(|at| at + t.len())).min();
            if let Some(to) = first {
                let found = rest[..to].to_owned();
                self.seen += to;
                return found.replace("\r\n", "\n");
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited for {texts:?}; the screen since then:\n{rest}");
            all = self.screen.changed.wait_timeout(all, left).expect("no panic").0;
        }
    }

    /// Waits for what came since the last look to be so: `fits` says how much of it is meant, or that it never will be.
    /// Lines end in `\n`, without blanks before it. All that came, where it is not.
    pub(crate) fn says(
        &mut self,
        patience: Duration,
        fits: impl Fn(&str) -> Option<Result<usize, ()>>,
    ) -> Result<String, String> {
        let end = Instant::now() + patience;
        let mut all = self.screen.text.lock().expect("no panic");
        loop {
            let rest = trimmed(&all[self.seen..]);
            let fit = fits(&rest);
            if let Some(Ok(to)) = fit {
                self.seen += untrimmed(&all[self.seen..], to);
                return Ok(rest[..to].to_owned());
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || fit.is_some() {
                return Err(rest);
            }
            all = self.screen.changed.wait_timeout(all, left).expect("no panic").0;
        }
    }

    /// Types a line and gives what came between its echo and the next privileged prompt.
    pub(crate) fn run(&mut self, line: &str) -> String {
        self.keys(&format!("{line}\r"));
        self.until(&format!("{line}\r\n"));
        let mut text = self.until_one_of(PROMPTS);
        let prompt = PROMPTS.iter().find(|p| text.ends_with(*p)).expect("one of them");
        text.truncate(text.len() - prompt.len());
        text
    }

    /// Types a line and waits for `then`; gives what came between.
    pub(crate) fn answer(&mut self, line: &str, then: &str) -> String {
        self.keys(&format!("{line}\r"));
        // The echo ends with the line's own end.
        if !line.is_empty() {
            self.until(&format!("{line}\r\n"));
        }
        let text = self.until(then);
        text.strip_suffix(then).unwrap_or(&text).to_owned()
    }

    /// What came since it was last looked at.
    pub(crate) fn news(&mut self) -> String {
        let all = self.screen.text.lock().expect("no panic");
        let news = all[self.seen..].to_owned();
        self.seen = all.len();
        news
    }

    /// The whole screen.
    pub(crate) fn screen(&self) -> String {
        self.screen.text.lock().expect("no panic").replace("\r\n", "\n")
    }

    /// Waits for the state to be so.
    pub(crate) fn state(&self, what: &str, is: impl Fn(&device::Facts) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is(&self.device.facts()) {
            assert!(Instant::now() < end, "waited for: {what}; {:#?}", self.device.facts());
            std::thread::yield_now();
        }
    }

    /// The device ends the line.
    pub(crate) fn over(mut self) {
        let line = self.line.take().expect("there");
        let end = Instant::now() + PATIENCE;
        while !line.is_finished() {
            assert!(Instant::now() < end, "the line goes on; its screen:\n{}", self.screen());
            std::thread::yield_now();
        }
        line.join().expect("no panic");
    }

    /// Walks away: the terminal is gone and the line ends.
    pub(crate) fn leave(mut self) -> Arc<Device> {
        self.keys = None;
        self.line.take().expect("there").join().expect("no panic");
        Arc::clone(&self.device)
    }
}

/// With `\n` for line ends, and without blanks before them.
fn trimmed(text: &str) -> String {
    let mut out = String::new();
    for line in text.split_inclusive("\r\n") {
        match line.strip_suffix("\r\n") {
            Some(line) => {
                out.push_str(line.trim_end_matches(' '));
                out.push('\n');
            }
            None => out.push_str(line),
        }
    }
    out
}

/// How much of `text` the first `octets` of the trimmed text are.
fn untrimmed(text: &str, octets: usize) -> usize {
    let mut left = octets;
    let mut at = 0;
    for line in text.split_inclusive("\r\n") {
        let short = trimmed(line).len();
        if left < short || left == 0 {
            break;
        }
        left -= short;
        at += line.len();
    }
    at + left
}

impl Drop for Person {
    fn drop(&mut self) {
        self.keys = None;
        if let Some(line) = self.line.take()
            && line.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the device's line panicked; its screen:\n{}", self.screen());
        }
    }
}
