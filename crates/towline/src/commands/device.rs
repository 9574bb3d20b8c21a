//! `towline device`: an emulated device and its lines.

mod ctl;

use super::image::profile;
use crate::control::{self, Control};
use crate::exit::{Exit, Failure};
use crate::interrupt::on_interrupt;
use crate::lab::desk::{Desk, Known};
use crate::lab::topology::file;
use crate::ladder::{End, Tracing};
use crate::landing::{self, Landing};
use crate::watch::Several;
use clap::{Args, Subcommand, ValueEnum};
use device::image::{self, Recipe};
use device::install::{PACKAGES, Provision};
use device::wire::Table;
use device::{
    Attendant, Device as Emulated, DeviceConfig, Fault, Heard, OpenError, Port, Profile, Rack, SshLines,
    TelnetLines, TftpFiles, Through,
};
use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use transport::ssh;
use transport::terminal::{Event, Terminal, Writer, restore};

/// Ctrl-], as in telnet(1).
const MENU_KEY: u8 = 0x1d;
/// Input from a pipe has ended: the line is left when the device has said nothing for this long, so that
/// what was typed ahead is still done.
const QUIET: Duration = Duration::from_secs(5);
const MENU: &str = "\r\n[q] quit  [b] send Break  [p] power-cycle  any other key: back to the device\r\n";

const EXAMPLES: &str = "\
Examples:
  towline device                                   R1 on this terminal; Ctrl-] opens the menu
  towline device --name R2 --state /tmp/r2
  towline device --telnet 127.0.0.1:2323           lines for telnet(1) as well
  towline device --ssh 127.0.0.1:2222              and for ssh(1), users of its configuration
  towline device --tftp 127.0.0.1:6969             and TFTP for the files of its tftp-server lines
  towline device --pty                             the console on a pseudo-terminal: screen /dev/pts/7
  towline device --fault 'bad-sectors 1'           the next file in flash gets an octet wrong
  towline device ctl R1 fault boot-fails 2         while it runs with --control, or a lab does
  towline device --profile mine.toml --overlay shows  a model of one's own, with texts of its own
  towline device --wire lab.toml --trace 2>trace   10.0.0.1:69 is a server of this host; see the packets
";

/// Sit at the console of an emulated device.
///
/// Every key goes to the device, Ctrl-C, Ctrl-Z and Ctrl-Shift-6 too; Ctrl-] opens a menu of ours: quit, send
/// Break, power-cycle. What the device keeps is in its state directory: flash, NVRAM and the boot loader's
/// variables, as plain files. A new device has an image of its model in flash
/// (c2911: 15.1(4)M4).
///
/// The wire table maps the lab's addresses to real sockets, one entry a line:
/// "10.0.0.1:69" = "127.0.0.1:6969"; without one, addresses are real.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Device {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Its name: the host name of a new device, and the name of its default state directory.
    #[arg(long, default_value = "R1")]
    name: String,
    /// The model: a name of --list-profiles, or the file of a profile of one's own (FILE.toml).
    #[arg(long, value_name = "NAME", default_value = "c2911")]
    profile: String,
    /// Say which models there are, and end.
    #[arg(long)]
    list_profiles: bool,
    /// Print the file of a model, to make one's own of it, and end.
    #[arg(long, value_name = "NAME")]
    print_profile: Option<String>,
    /// Answer show commands from files of this directory: show inventory raw from show_inventory_raw.txt.
    #[arg(long, value_name = "DIR")]
    overlay: Option<PathBuf>,
    /// What a DHCP server would give to it while it has no saved configuration: it looks for one over TFTP then.
    #[arg(long, value_name = "ADDRESS/LENGTH[,SERVER[,FILE]]")]
    lease: Option<device::Lease>,
    /// Where its state is; without it ~/.local/state/towline/NAME.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Take Telnet connections for its vty lines here.
    #[arg(long, value_name = "IP:PORT")]
    telnet: Option<SocketAddr>,
    /// Take SSH connections for its vty lines here; users are those of its running configuration
    /// (username NAME secret WORD).
    #[arg(long, value_name = "IP:PORT")]
    ssh: Option<SocketAddr>,
    /// Which algorithms SSH offers, in the order of a real one: ios-xe-17 (nothing old), ios-15.5 (and later),
    /// ios-15.2 (CBC and group1 too) or ios-12.4 (CBC only).
    #[arg(long, value_name = "RELEASE", default_value = "ios-15.5", requires = "ssh")]
    ssh_profile: ssh::Ios,
    /// Answer TFTP here for the files of its tftp-server lines.
    #[arg(long, value_name = "IP:PORT")]
    tftp: Option<SocketAddr>,
    /// Put the console on a pseudo-terminal instead of this terminal.
    #[arg(long)]
    pty: bool,
    /// The table from lab addresses to real sockets.
    #[arg(long, value_name = "FILE")]
    wire: Option<PathBuf>,
    /// How long a boot takes: as long as a router's (real, 14 s), two seconds, or no time.
    #[arg(long, value_name = "SPEED", value_enum, default_value_t = Boot::Quick)]
    boot: Boot,
    /// The same as --boot none.
    #[arg(long, conflicts_with = "boot")]
    fast: bool,
    /// Something that is wrong with it: "slow-flash 100K", "boot-fails 2", "noise 500ms", …; docs/device.md has
    /// all. May be repeated.
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<Fault>,
    /// Make a control socket here, for towline device ctl.
    #[arg(long, value_name = "SOCKET")]
    control: Option<PathBuf>,
    #[command(flatten)]
    trace: Tracing,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Boot {
    Real,
    Quick,
    None,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Ctl(ctl::Ctl),
}

impl Device {
    /// Runs until the console is left.
    pub fn run(self) -> Result<(), Failure> {
        if let Some(Verb::Ctl(ctl)) = self.verb {
            return ctl.run();
        }
        if let Some(name) = &self.print_profile {
            return print_profile(name);
        }
        if self.list_profiles {
            return list_profiles();
        }
        let profile = profile(&self.profile)?;
        let state = self.state_dir()?;
        let table = self.wire.as_deref().map(read_table).transpose()?;
        let traces = self.trace.open(End::Client, || Box::new(Raw(io::stderr())))?;
        let mut config = DeviceConfig::new(&state);
        config.name = Some(self.name.clone());
        config.profile = profile.clone();
        config.overlay.clone_from(&self.overlay);
        config.table = table;
        config.lease.clone_from(&self.lease);
        config.pace = match (self.fast, self.boot) {
            (true, _) | (false, Boot::None) => file::Boot::None,
            (false, Boot::Real) => file::Boot::Real,
            (false, Boot::Quick) => file::Boot::Quick,
        }
        .pace();
        config.tap = Several::of(traces.taps());
        let is_new = !state.join("flash").exists();
        let device = Emulated::open(config).map_err(|e| not_opened(&state, &e))?;
        on_interrupt(|_| {
            restore();
            std::process::exit(i32::from(Exit::Interrupted.code()));
        })
        .map_err(|e| Failure::new(Exit::Local, "signals", e, ""))?;
        for fault in &self.faults {
            fault.fits(&profile).map_err(|e| Failure::usage("--fault", e, "name one of these, or all"))?;
            device.set_fault(fault.clone());
        }
        // First, so that a new device has its image even if nothing else goes well.
        if is_new {
            first_image(&profile, &state.join("flash"))?;
        }
        let rack = Rack::one(device.clone(), self.ssh_profile);
        let _telnet = self.telnet.map(|address| listen(rack.clone(), address)).transpose()?;
        let _ssh = self.ssh.map(|address| self.listen_ssh(rack, &state, address)).transpose()?;
        let _tftp = self.tftp.map(|address| answer_tftp(&device, address)).transpose()?;
        // Over the network it may be told to reload while nobody is at its console.
        let attended = Attendant::start(std::slice::from_ref(&device));
        let _attendant = attended.map_err(|e| Failure::new(Exit::Local, "threads", e, ""))?;
        let known = Known { name: self.name.clone(), address: None, device: device.clone() };
        let control = self.control.as_deref().map(control::listen).transpose()?;
        let control = control.map(|listener| Control::start(listener, Desk(vec![known]))).transpose();
        let _control = control.map_err(|e| Failure::new(Exit::Local, "threads", e, ""))?;
        self.console(&device)?;
        traces.finish()
    }

    /// SSH for the vty lines, as long as what comes back lives.
    fn listen_ssh(&self, rack: Arc<Rack>, state: &Path, address: SocketAddr) -> Result<SshLines, Failure> {
        let option = format!("--ssh {address}");
        let fault = |e: io::Error| Failure::new(Exit::Local, &option, e, "choose another address or port");
        let key = crate::service::ssh::rsa(&state.join("ssh"))?;
        let listener = TcpListener::bind(address).map_err(fault)?;
        let fingerprint = key.public().fingerprint().to_owned();
        let lines = SshLines::start(rack, listener, key).map_err(fault)?;
        let at = lines.address();
        let options = for_openssh(self.ssh_profile);
        eprintln!("SSH lines: ssh{options} -p {} USER@{} (host key {fingerprint})", at.port(), at.ip());
        Ok(lines)
    }

    fn console(&self, device: &Arc<Emulated>) -> Result<(), Failure> {
        let fault = |e: io::Error| Failure::new(Exit::Local, "the console", e, "");
        let (terminal, menu) = if self.pty {
            let terminal = Terminal::pty().map_err(fault)?;
            if let Some(path) = terminal.path() {
                println!("The console is {0}: screen {0}. Ctrl-C here ends the device.", path.display());
            }
            (terminal, None)
        } else {
            if io::stdin().is_terminal() {
                eprintln!("{}: Ctrl-] opens the menu (quit, send Break, power-cycle).", self.name);
            }
            (Terminal::stdio().map_err(fault)?, Some(device.clone()))
        };
        let result = device.console(Box::new(Seat::new(terminal, menu)));
        result.map_err(|e| Failure::new(Exit::Local, "the console", e, ""))?;
        // Input from a pipe has ended; with Telnet lines the device goes on until it is interrupted.
        if (self.telnet.is_some() || self.ssh.is_some() || self.tftp.is_some()) && !io::stdin().is_terminal()
        {
            device.power_on();
            loop {
                std::thread::park();
            }
        }
        Ok(())
    }

    fn state_dir(&self) -> Result<PathBuf, Failure> {
        if let Some(state) = &self.state {
            return Ok(state.clone());
        }
        let name = &self.name;
        if name.contains('/') || name.starts_with('.') || name.is_empty() {
            return Err(Failure::usage(
                format!("--name {name}"),
                "is no name for a directory",
                "give --state too",
            ));
        }
        let base = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
        let base = base.or_else(|| std::env::var_os("HOME").map(|h| Path::new(&h).join(".local/state")));
        let base =
            base.ok_or_else(|| Failure::usage("--state", "there is no HOME to keep it in", "give --state"))?;
        Ok(base.join("towline").join(name))
    }
}

/// What a stock ssh wants to be told to reach such a device, as it has left these out.
fn for_openssh(ios: ssh::Ios) -> &'static str {
    match ios {
        ssh::Ios::Xe17 => "",
        ssh::Ios::V15_5 | ssh::Ios::V15_2 => {
            " -o KexAlgorithms=+diffie-hellman-group14-sha1 -o HostKeyAlgorithms=+ssh-rsa"
        }
        ssh::Ios::V12_4 => {
            " -o KexAlgorithms=+diffie-hellman-group14-sha1 -o HostKeyAlgorithms=+ssh-rsa -o Ciphers=+aes128-cbc"
        }
    }
}

/// TFTP for the files that its configuration lists, as long as what comes back lives.
fn answer_tftp(device: &Arc<Emulated>, address: SocketAddr) -> Result<TftpFiles, Failure> {
    let fault = |e: io::Error| {
        Failure::new(Exit::Local, format!("--tftp {address}"), e, "choose another address or port")
    };
    let files = TftpFiles::start(device, UdpSocket::bind(address).map_err(fault)?).map_err(fault)?;
    eprintln!("TFTP files: {} (tftp-server flash:FILE)", files.address());
    Ok(files)
}

fn read_table(file: &Path) -> Result<Table, Failure> {
    let text = std::fs::read_to_string(file).map_err(|e| Failure::local(file.display(), &e))?;
    Table::parse(&text).map_err(|e| Failure::usage(file.display(), e, "see towline device --help"))
}

fn not_opened(state: &Path, error: &OpenError) -> Failure {
    match error {
        OpenError::Locked(_) => Failure::new(
            Exit::Local,
            state.display(),
            "another device uses this state",
            "end it, or give another --name or --state",
        ),
        OpenError::Directory(path, e) if e.kind() == io::ErrorKind::AlreadyExists => Failure::new(
            Exit::Local,
            path.display(),
            "a file stands where the device's directory has to be",
            "move it away, or give another --state",
        ),
        OpenError::Directory(path, e) => Failure { exit: Exit::Local, ..Failure::local(path.display(), e) },
    }
}

fn list_profiles() -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for (profile, _) in Profile::all() {
        writeln!(out, "{:<12}{}", &*profile.name, profile.about)
            .map_err(|e| Failure::new(Exit::Local, "stdout", e, ""))?;
    }
    Ok(())
}

fn print_profile(name: &str) -> Result<(), Failure> {
    let (_, text) = Profile::all().find(|(p, _)| p.name == *name).ok_or_else(|| {
        Failure::usage(format!("'{name}'"), "no such profile", "see towline device --list-profiles")
    })?;
    let said = io::stdout().lock().write_all(text.as_bytes());
    said.map_err(|e| Failure::new(Exit::Local, "stdout", e, ""))
}

/// A device from the shop has an image.
fn first_image(profile: &Profile, flash: &Path) -> Result<(), Failure> {
    let version = &profile.image.first;
    let name = image::file_name(profile, version).ok_or_else(|| {
        let what = format!("image.first of the profile: '{version}' is not a version");
        Failure::usage(&*profile.name, what, "write it as 15.5(3)M4a")
    })?;
    let path = flash.join(name);
    let recipe = Recipe { profile, version, size: profile.image.size.get(), seed: image::random_seed() };
    let fault = |e: &dyn std::fmt::Display| Failure::new(Exit::Local, path.display(), e, "is there room?");
    let mut landing = Landing::temporary(&path).map_err(|e| fault(&e))?;
    image::make(&recipe, &mut super::image::InOrder::new(&mut landing)).map_err(|e| fault(&e))?;
    landing.land().map_err(|e| fault(&e))?;
    match profile.install.is_some() {
        true => unpacked(profile, &path).map_err(|e| fault(&e)),
        false => Ok(()),
    }
}

/// One with install mode has it as packages.
pub(crate) fn unpacked(profile: &Profile, path: &Path) -> io::Result<()> {
    let flash = path.parent().unwrap_or(path);
    let blob = landing::open(path)?;
    let facts = image::show(&blob).map_err(io::Error::other)?;
    for part in image::parts(profile, &facts) {
        let mut landing = Landing::temporary(&flash.join(&part.file))?;
        part.write(profile, &facts, &blob, &mut super::image::InOrder::new(&mut landing))?;
        landing.land()?;
    }
    std::fs::write(flash.join(PACKAGES), Provision::of(profile, &facts.version).render())?;
    std::fs::remove_file(path)
}

/// Accepts Telnet connections for the vty lines, as long as what comes back lives.
fn listen(rack: Arc<Rack>, address: SocketAddr) -> Result<TelnetLines, Failure> {
    let option = format!("--telnet {address}");
    let fault = |e: io::Error| Failure::new(Exit::Local, &option, e, "choose another address or port");
    let listener = TcpListener::bind(address).map_err(fault)?;
    let lines = TelnetLines::start(rack, listener, Through::Vty).map_err(fault)?;
    let there = lines.address();
    eprintln!("Telnet lines: telnet {} {}", there.ip(), there.port());
    Ok(lines)
}

/// A person or program at a terminal, in front of a line.
struct Seat {
    terminal: Terminal,
    writer: Writer,
    /// The device whose menu Ctrl-] opens; other terminals have no menu.
    menu: Option<Arc<Emulated>>,
    /// Keys typed behind a Ctrl-].
    waiting: VecDeque<u8>,
    left: bool,
    /// Stdin is a pipe or file.
    piped: bool,
    said: Instant,
}

impl Seat {
    fn new(terminal: Terminal, menu: Option<Arc<Emulated>>) -> Seat {
        let writer = terminal.writer();
        let piped = menu.is_some() && !io::stdin().is_terminal();
        Seat { terminal, writer, menu, waiting: VecDeque::new(), left: false, piped, said: Instant::now() }
    }

    /// The next keys; `None` when there are none in time, or the terminal is gone (`left`).
    fn keys(&mut self, wait: Option<Duration>) -> Option<Heard> {
        if !self.waiting.is_empty() {
            return Some(Heard::Keys(self.waiting.drain(..).collect()));
        }
        loop {
            match self.terminal.read(wait, None) {
                Ok(Some(Event::Bytes(keys))) => return Some(Heard::Keys(keys)),
                Ok(Some(Event::Break)) => return Some(Heard::Break),
                Ok(Some(Event::Resize { .. })) => {}
                Ok(Some(Event::Hangup)) if self.piped && self.said.elapsed() < QUIET => {
                    std::thread::sleep(wait.unwrap_or_default());
                    return None;
                }
                Ok(Some(Event::Hangup)) | Err(_) => {
                    self.left = true;
                    return None;
                }
                Ok(None) => return None,
            }
        }
    }

    /// The menu: one key.
    fn choose(&mut self, device: &Emulated) -> Heard {
        let _ = self.writer.write_all(MENU.as_bytes());
        match self.keys(None) {
            Some(Heard::Keys(keys)) => {
                let (key, rest) = keys.split_first().expect("keys are never none");
                self.waiting.extend(rest);
                match key {
                    b'q' | b'Q' => {
                        self.left = true;
                        Heard::Gone
                    }
                    b'b' | b'B' => Heard::Break,
                    b'p' | b'P' => {
                        device.power_cycle();
                        Heard::Nothing
                    }
                    _ => Heard::Nothing,
                }
            }
            Some(other) => other,
            None => Heard::Gone,
        }
    }
}

impl Port for Seat {
    fn hear(&mut self, wait: Duration) -> Heard {
        if self.left {
            return Heard::Gone;
        }
        let heard = self.keys(Some(wait)).unwrap_or(if self.left { Heard::Gone } else { Heard::Nothing });
        let (Heard::Keys(keys), Some(device)) = (&heard, self.menu.clone()) else { return heard };
        let Some(at) = keys.iter().position(|&k| k == MENU_KEY) else { return heard };
        if at > 0 {
            // What was typed before it goes to the device first; the rest is looked at the next time.
            self.waiting.extend(&keys[at..]);
            return Heard::Keys(keys[..at].to_vec());
        }
        self.waiting.extend(&keys[1..]);
        self.choose(&device)
    }

    fn say(&mut self, octets: &[u8]) -> io::Result<()> {
        self.said = Instant::now();
        self.writer.write_all(octets)
    }
}

/// A raw terminal does not return the carriage at a line's end.
struct Raw<W>(W);

impl<W: Write> Write for Raw<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        for line in octets.split_inclusive(|&b| b == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(line) => {
                    self.0.write_all(line)?;
                    self.0.write_all(b"\r\n")?;
                }
                None => self.0.write_all(line)?,
            }
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
