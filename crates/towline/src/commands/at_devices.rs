//! Flags of verbs about real devices: which they are, how they are reached, who logs in.

use super::over_ssh::OverSsh;
use crate::events::Events;
use crate::exit::{Exit, Failure, Several};
use crate::interrupt::on_interrupt;
use crate::inventory::{self, AtTerminal, Credential, Limit, Passwords};
use crate::upgrade::plan_file::Key;
use clap::{Args, FromArgMatches};
use client::terminal::{Over, Place};
use client::{Ask, Jump, Options, Profile, Question, Threads};
use fleet::ios::{Fault, Login, Session, Trouble, Why, survey};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use transport::Cancel;
use upgrade::Facts;

/// What holds the enable password where there is no terminal.
const ENABLE: &str = "TOWLINE_ENABLE";

/// Devices, and how they are reached.
#[derive(Debug, Args)]
pub(super) struct AtDevices {
    /// The devices: `[ssh://|telnet://][USER[:PASSWORD]@]HOST[:PORT]`; with --inventory also by their names there.
    #[arg(value_name = "DEVICE", value_parser = device)]
    devices: Vec<Named>,
    /// The devices of an inventory, all or those that --limit or their names choose: TOML, YAML, CSV or Ansible's
    /// (docs/inventory.md). It says how each is reached and where its passwords are.
    #[arg(short = 'i', long, value_name = "FILE")]
    inventory: Option<PathBuf>,
    /// Of the inventory only these: names, tags or patterns (`core*`) with commas between, `!` in front of those that are not meant;
    /// `@FILE`: a file that has them a line each.
    #[arg(
        long,
        value_name = "NAMES",
        requires = "inventory",
        conflicts_with = "devices",
        allow_hyphen_values = true
    )]
    limit: Option<Limit>,
    /// So many devices at once.
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u16).range(1..=1000))]
    parallel: u16,
    /// Give up when a device could not be reached for this long.
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = clap::value_parser!(u64).range(1..=3600))]
    patience: u64,
    /// Print events as JSON, one a line, on stdout (docs/events.md); texts go to stderr.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    ssh: OverSshToo,
    /// Of these no others.
    #[arg(skip)]
    only: Option<Vec<String>>,
}

/// The flags of SSH, without the short one that means the inventory here.
#[derive(Debug)]
struct OverSshToo(OverSsh);

impl Args for OverSshToo {
    fn augment_args(cmd: clap::Command) -> clap::Command {
        OverSsh::augment_args(cmd).mut_arg("keys", |keys| keys.short(None))
    }

    fn augment_args_for_update(cmd: clap::Command) -> clap::Command {
        OverSshToo::augment_args(cmd)
    }
}

impl FromArgMatches for OverSshToo {
    fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
        OverSsh::from_arg_matches(matches).map(OverSshToo)
    }

    fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

/// A device, as it was named.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// Without its password; of an inventory its name there.
    pub(super) shown: String,
    place: Place,
    password: Option<Hidden>,
    /// What the inventory says of it besides.
    entry: Option<Entry>,
}

impl Named {
    /// The serial number that it has in the inventory.
    pub(super) fn serial(&self) -> Option<&str> {
        self.entry.as_ref()?.serial.as_deref()
    }

    /// Whether the device that answers is the one of the inventory.
    pub(super) fn is_meant(&self, facts: &Facts) -> Result<(), Failure> {
        let Some(serial) = self.entry.as_ref().and_then(|entry| entry.serial.as_deref()) else {
            return Ok(());
        };
        let found = facts.serial.as_deref().unwrap_or("none");
        if found.eq_ignore_ascii_case(serial) {
            return Ok(());
        }
        let what =
            format!("is another device: expected serial number {serial}, found {found} ({})", facts.model);
        Err(Failure::new(
            Exit::Refused,
            &self.shown,
            what,
            "correct its address or its serial in the inventory",
        ))
    }
}

/// What an inventory says of a device besides where it is.
#[derive(Clone, Debug)]
struct Entry {
    enable: Option<Hidden>,
    /// No password: neither that of the environment nor one that is asked for.
    by_key: bool,
    via: Vec<Jump>,
    profile: Option<Profile>,
    keys: Vec<PathBuf>,
    serial: Option<String>,
}

/// A password, that nothing prints.
#[derive(Clone)]
pub(super) struct Hidden(String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("****")
    }
}

fn device(text: &str) -> Result<Named, String> {
    let (over, rest) = match text.split_once("://") {
        Some(("ssh", rest)) => (Over::Ssh, rest),
        Some(("telnet", rest)) => (Over::Telnet, rest),
        Some((other, _)) => {
            return Err(format!("'{other}://' is no way to a device: ssh:// and telnet:// are"));
        }
        None => (Over::Ssh, text),
    };
    let rest = rest.trim_end_matches('/');
    let (login, place) = rest.rsplit_once('@').map_or((None, rest), |(login, place)| (Some(login), place));
    let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
        Some((user, password)) => (Some(user), Some(password)),
        None => (None, None),
    };
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let (host, port) = match place.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => match place.split_once(':') {
            Some((host, port)) if !port.contains(':') => (host, Some(port)),
            _ => (place, None),
        },
    };
    let bad = |port: &str| format!("'{port}' is no port: 1 to 65535");
    let port =
        port.map(|port| port.parse::<u16>().ok().filter(|n| *n > 0).ok_or_else(|| bad(port))).transpose()?;
    let host = some(host).ok_or("the host is missing: write [USER@]HOST[:PORT]")?;
    let user = user.and_then(some);
    let shown = match text.rsplit_once('@') {
        Some((before, place)) => {
            let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
            let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
            format!("{scheme}{}@{place}", user.as_deref().unwrap_or_default())
        }
        None => text.to_owned(),
    };
    let place = Place { over, user, host, port };
    Ok(Named { shown, place, password: password.and_then(some).map(Hidden), entry: None })
}

/// A device of an inventory.
fn named(device: &inventory::Device, passwords: &Passwords) -> Named {
    let held = |credential: &Option<Credential>| {
        credential
            .as_ref()
            .and_then(|credential| passwords.get(credential))
            .map(|text| Hidden(text.to_owned()))
    };
    let entry = Entry {
        enable: held(&device.enable),
        by_key: device.password == Some(Credential::Agent),
        via: device.via.clone(),
        profile: device.profile,
        keys: device.keys.clone(),
        serial: device.serial.clone(),
    };
    let inventory::Device { over, user, host, port, .. } = device.clone();
    Named {
        shown: device.name.clone(),
        place: Place { over, user, host, port },
        password: held(&device.password),
        entry: Some(entry),
    }
}

impl AtDevices {
    /// Asks each for its facts, and does something with them.
    pub(super) fn each(
        &self,
        events: &Arc<Events>,
        undone: &'static str,
        mut act: impl FnMut(&Named, Facts) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.each_of(events, undone, survey, |named, facts| {
            named.is_meant(&facts)?;
            act(named, facts)
        })
    }

    /// Asks each, several at once, and does something with the answers, one after the other as they come. One that fails does not
    /// stop the others; `undone` is what those are then.
    pub(super) fn each_of<T: Send>(
        &self,
        events: &Arc<Events>,
        undone: &'static str,
        ask: impl Fn(&mut Session) -> Result<T, Fault> + Sync,
        act: impl FnMut(&Named, T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let ask = |way: &mut Way<'_>| {
            way.open().and_then(|mut session| ask(&mut session)).map_err(|fault| way.failure(&fault))
        };
        self.each_way(events, &Arc::default(), undone, ask, act)
    }

    /// Does something at each, by a way that may be gone more than once, and something with what comes of it. The first Ctrl-C sets
    /// `stop` where somebody else has it too, and otherwise, as the second does, ends every wait.
    pub(super) fn each_way<T: Send>(
        &self,
        events: &Arc<Events>,
        stop: &Arc<AtomicBool>,
        undone: &'static str,
        ask: impl Fn(&mut Way<'_>) -> Result<T, Failure> + Sync,
        act: impl FnMut(&Named, T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.each_among(&self.devices()?, events, stop, undone, ask, act)
    }

    /// The same for devices that were asked for before.
    pub(super) fn each_among<T: Send>(
        &self,
        devices: &[Named],
        events: &Arc<Events>,
        stop: &Arc<AtomicBool>,
        undone: &'static str,
        ask: impl Fn(&mut Way<'_>) -> Result<T, Failure> + Sync,
        mut act: impl FnMut(&Named, T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let cancel = Cancel::new().map_err(|e| Failure::new(Exit::Local, "a descriptor", e, ""))?;
        let pulled = cancel.clone();
        let (is_heeded, stopping) = (Arc::strong_count(stop) > 1, stop.clone());
        on_interrupt(move |nth| {
            stopping.store(true, Ordering::Relaxed);
            if nth > 1 || !is_heeded {
                pulled.cancel();
            }
        })
        .map_err(|e| Failure::new(Exit::Local, "signals", e, ""))?;
        let mut ssh = self.ssh.0.options(events);
        ssh.connect_timeout = Duration::from_secs(self.patience);
        // A thread for each line besides the one that waits for it would be most of what a session takes.
        let threads = Threads::new().map_err(|e| Failure::new(Exit::Local, "threads", e, ""))?;
        let options =
            Options { ssh, cancel: Some(cancel.clone()), threads: Some(threads), ..Options::default() };
        let (mut done, mut failed) = (0, Vec::new());
        let mut one =
            |named: &Named, answer: Result<T, Failure>| match answer.and_then(|answer| act(named, answer)) {
                Ok(()) => done += 1,
                Err(failure) => {
                    if devices.len() > 1 {
                        super::report(&failure, events);
                    }
                    failed.push(failure);
                }
            };
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let (answers, come) = std::sync::mpsc::channel();
            for _ in 0..usize::from(self.parallel).min(devices.len()) {
                let (answers, devices, next, options, ask, cancel, stop) =
                    (answers.clone(), devices, &next, &options, &ask, &cancel, &stop);
                scope.spawn(move || {
                    while !cancel.is_cancelled()
                        && !stop.load(Ordering::Relaxed)
                        && let Some(named) = devices.get(next.fetch_add(1, Ordering::Relaxed))
                        // Nobody hears it any more.
                        && answers.send((named, ask(&mut Way::new(named, options)))).is_ok()
                    {
                    }
                });
            }
            drop(answers);
            come.into_iter().for_each(|(named, answer)| one(named, answer));
        });
        match (devices.len(), failed.as_slice()) {
            (of, _) if done == of => Ok(()),
            (1, [failure]) => Err(failure.clone()),
            (of, failed) => {
                let is_interrupted = cancel.is_cancelled() || stop.load(Ordering::Relaxed);
                let several = Several { of, done, things: "devices", undone, is_interrupted };
                Err(several.failure(&failed.iter().collect::<Vec<_>>()))
            }
        }
    }

    /// Those that are meant are among `keys`, as they were shown; without any all of them.
    pub(super) fn among(&mut self, keys: Vec<String>) -> Result<(), Failure> {
        if self.devices.is_empty() && self.inventory.is_none() {
            let named = |key: &String| {
                let way_out = "name the inventory that it is of: -i FILE";
                device(key).map_err(|why| Failure::usage(key, why, way_out))
            };
            self.devices = keys.iter().map(named).collect::<Result<_, _>>()?;
        }
        self.only = Some(keys);
        Ok(())
    }

    /// How a device is found again later, with the same inventory.
    pub(super) fn key(&self, named: &Named) -> Key {
        let known = self.inventory.as_ref().filter(|_| named.entry.is_some());
        let inventory = known.map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()));
        Key { inventory, device: named.shown.clone() }
    }

    /// The plan that is named where a device would be.
    pub(super) fn plan(&self) -> Option<&Path> {
        match self.devices.as_slice() {
            [one] if self.inventory.is_none() && one.shown.ends_with(".json") => Some(Path::new(&one.shown)),
            _ => None,
        }
    }

    /// Those that these keys mean, and no others.
    pub(super) fn of_keys(&self, keys: &[Key]) -> Result<Vec<Named>, Failure> {
        let mut devices = Vec::new();
        for key in keys.iter().filter(|key| key.inventory.is_none()) {
            let fault = |why| Failure::usage(&key.device, why, "plan again");
            devices.push(device(&key.device).map_err(fault)?);
        }
        let paths: BTreeSet<&PathBuf> = keys.iter().filter_map(|key| key.inventory.as_ref()).collect();
        for path in paths {
            let inventory = inventory::read(path)?;
            let way_out = "plan again: it is not in its inventory any more";
            let of = keys.iter().filter(|key| key.inventory.as_ref() == Some(path));
            let known = of.map(|key| {
                let found = inventory.device(&key.device);
                found.ok_or_else(|| Failure::usage(&key.device, "is not known", way_out))
            });
            let known = known.collect::<Result<Vec<_>, _>>()?;
            // A password that several share is asked for once.
            let passwords = Passwords::of(known.iter().copied(), &mut AtTerminal)?;
            devices.extend(known.into_iter().map(|device| named(device, &passwords)));
        }
        Ok(devices)
    }

    /// Those that are meant, with their passwords.
    pub(super) fn devices(&self) -> Result<Vec<Named>, Failure> {
        let mut devices = self.all()?;
        if let Some(only) = &self.only {
            devices.retain(|named| only.contains(&named.shown));
        }
        Ok(devices)
    }

    fn all(&self) -> Result<Vec<Named>, Failure> {
        let Some(path) = &self.inventory else {
            if self.devices.is_empty() {
                let way_out = "name one or more: [ssh://|telnet://][USER@]HOST[:PORT], or -i INVENTORY";
                return Err(Failure::usage("DEVICE", "no device is named", way_out));
            }
            return Ok(self.devices.clone());
        };
        let inventory = inventory::read(path)?;
        for remark in inventory.remarks() {
            eprintln!("{}: {remark}", path.display());
        }
        if !self.devices.is_empty() {
            let meant = self.devices.iter().filter_map(|named| inventory.device(&named.shown));
            let passwords = Passwords::of(meant, &mut AtTerminal)?;
            let each = self.devices.iter().map(|written| match inventory.device(&written.shown) {
                Some(device) => named(device, &passwords),
                None => written.clone(),
            });
            return Ok(each.collect());
        }
        let meant = match &self.limit {
            Some(limit) => limit.of(&inventory)?,
            None => inventory.devices.iter().collect(),
        };
        if meant.is_empty() {
            let way_out = "towline inventory FILE lists what is read of it";
            return Err(Failure::usage(path.display(), "has no device that is meant", way_out));
        }
        let passwords = Passwords::of(meant.iter().copied(), &mut AtTerminal)?;
        Ok(meant.into_iter().map(|device| named(device, &passwords)).collect())
    }
}

/// How a device is reached, and who logs in.
pub(super) struct Way<'a> {
    pub(super) named: &'a Named,
    options: Options,
    login: Login,
}

impl<'a> Way<'a> {
    fn new(named: &'a Named, options: &Options) -> Way<'a> {
        let mut options = options.clone();
        let ssh = &mut options.ssh;
        if let Some(entry) = &named.entry {
            let Entry { by_key, via, profile, keys, .. } = entry;
            ssh.profile = profile.or(ssh.profile);
            if !via.is_empty() {
                ssh.jumps.clone_from(via);
            }
            if !keys.is_empty() {
                ssh.keys.clone_from(keys);
            }
            if *by_key {
                ssh.password = None;
                ssh.ask = Arc::new(NoPassword(ssh.ask.clone()));
            }
        }
        let user = named.place.user.clone().unwrap_or_else(|| ssh.user.clone());
        let password = named.password.as_ref().map(|Hidden(text)| text.clone());
        let enable = named.entry.as_ref().and_then(|entry| entry.enable.as_ref());
        let login = Login {
            user: Some(user).filter(|user| !user.is_empty()),
            password: password.or_else(|| ssh.password.clone()),
            enable: enable.map(|Hidden(text)| text.clone()).or_else(|| std::env::var(ENABLE).ok()),
        };
        Way { named, options, login }
    }

    /// Logs in; what the device wants and was not given is asked for at a terminal, once each, and known from then on.
    pub(super) fn open(&mut self) -> Result<Session, Fault> {
        let Named { place, .. } = self.named;
        let user = self.login.user.clone().unwrap_or_default();
        for _ in 0..3 {
            let fault = match Session::open(place, self.login.clone(), &self.options) {
                Ok(session) => return Ok(session),
                Err(fault) => fault,
            };
            let Fault::Trouble(Trouble { why: Why::Wanted(wanted), .. }) = &fault else { return Err(fault) };
            let (question, given) = match *wanted {
                "a password" => (
                    Question::Password { user: &user, host: &place.host, again: false },
                    &mut self.login.password,
                ),
                "an enable password" => (
                    Question::Other { host: &place.host, words: "enable password:", echo: false },
                    &mut self.login.enable,
                ),
                _ => {
                    (Question::Other { host: &place.host, words: "user:", echo: true }, &mut self.login.user)
                }
            };
            match self.options.ssh.ask.ask(question) {
                Some(answer) => *given = Some(answer),
                None => return Err(fault),
            }
        }
        Session::open(place, self.login.clone(), &self.options)
    }

    /// What it is that stopped a conversation, and what to do about it.
    pub(super) fn failure(&self, fault: &Fault) -> Failure {
        failure(&self.named.shown, fault)
    }
}

/// Somebody who is asked for everything but passwords.
struct NoPassword(Arc<dyn Ask>);

impl Ask for NoPassword {
    fn ask(&self, question: Question<'_>) -> Option<String> {
        match question {
            Question::Password { .. } => None,
            Question::Passphrase { .. } | Question::Older { .. } | Question::Other { .. } => {
                self.0.ask(question)
            }
        }
    }
}

fn failure(shown: &str, fault: &Fault) -> Failure {
    let (exit, way_out) = match fault {
        Fault::Line(error) => return Failure::transfer(shown, error),
        Fault::Trouble(trouble) => match trouble.why {
            Why::Refused => (Exit::Refused, "check user and passwords; it was tried once"),
            Why::Wanted(_) => (Exit::Refused, "TOWLINE_PASSWORD and TOWLINE_ENABLE hold passwords"),
            Why::Loader => (Exit::Failed, "boot it first"),
            Why::Setup | Why::Unknown => (Exit::Failed, "answer it by hand"),
            Why::Silent(_) | Why::Gone => (Exit::Unreachable, "try again"),
            Why::Flood => (Exit::Failed, "is it a device?"),
        },
        // IOS says the same to what it does not know and to what somebody may not.
        Fault::Complaint { .. } => {
            (Exit::Refused, "is it a device with IOS or IOS-XE, and has the user privilege 15?")
        }
        Fault::Unreadable { .. } => (Exit::Failed, "is it a device with IOS or IOS-XE?"),
    };
    Failure::new(exit, shown, fault, way_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_with_and_without_ways() {
        let place = |over, user: Option<&str>, host: &str, port| Place {
            over,
            user: user.map(str::to_owned),
            host: host.to_owned(),
            port,
        };
        for (text, shown, right, password) in [
            ("10.0.0.2", "10.0.0.2", place(Over::Ssh, None, "10.0.0.2", None), None),
            ("bob@r1:2222", "bob@r1:2222", place(Over::Ssh, Some("bob"), "r1", Some(2222)), None),
            (
                "ssh://bob:a:b@[::1]:22/",
                "ssh://bob@[::1]:22/",
                place(Over::Ssh, Some("bob"), "::1", Some(22)),
                Some("a:b"),
            ),
            ("telnet://r1", "telnet://r1", place(Over::Telnet, None, "r1", None), None),
            ("bob@2001:db8::1", "bob@2001:db8::1", place(Over::Ssh, Some("bob"), "2001:db8::1", None), None),
        ] {
            let named = device(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((named.shown.as_str(), &named.place), (shown, &right), "{text}");
            assert_eq!(named.password.as_ref().map(|Hidden(text)| text.as_str()), password, "{text}");
            assert!(!format!("{named:?}").contains("a:b"), "{named:?}");
        }
        for text in ["", "bob@", "r1:0", "r1:x", "http://r1", "ssh://"] {
            assert!(device(text).is_err(), "{text}");
        }
    }
}
