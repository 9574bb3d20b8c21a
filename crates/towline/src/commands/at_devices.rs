//! Flags of verbs about real devices: which they are, how they are reached, who logs in.

use super::over_ssh::OverSsh;
use crate::events::Events;
use crate::exit::{Exit, Failure, Several};
use crate::interrupt::on_interrupt;
use clap::Args;
use client::terminal::{Over, Place};
use client::{Options, Question, SshOptions};
use fleet::ios::{Fault, Login, Session, Trouble, Why, survey};
use std::sync::Arc;
use std::time::Duration;
use transport::Cancel;
use upgrade::Facts;

/// What holds the enable password where there is no terminal.
const ENABLE: &str = "TOWLINE_ENABLE";

/// Devices, and how they are reached.
#[derive(Debug, Args)]
pub(super) struct AtDevices {
    /// The devices, one after the other: `[ssh://|telnet://][USER[:PASSWORD]@]HOST[:PORT]`.
    #[arg(value_name = "DEVICE", required = true, value_parser = device)]
    devices: Vec<Named>,
    /// Give up when a device could not be reached for this long.
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = clap::value_parser!(u64).range(1..=3600))]
    patience: u64,
    /// Print events as JSON, one a line, on stdout (docs/events.md); texts go to stderr.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    ssh: OverSsh,
}

/// A device, as it was named.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// Without its password.
    pub(super) shown: String,
    place: Place,
    password: Option<Hidden>,
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
    Ok(Named { shown, place, password: password.and_then(some).map(Hidden) })
}

impl AtDevices {
    /// Asks each for its facts, and does something with them.
    pub(super) fn each(
        &self,
        events: &Arc<Events>,
        undone: &'static str,
        act: impl FnMut(&Named, Facts) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.each_of(events, undone, survey, act)
    }

    /// Asks each, and does something with the answer. One that fails does not stop the others; `undone` is what those are then.
    pub(super) fn each_of<T>(
        &self,
        events: &Arc<Events>,
        undone: &'static str,
        mut ask: impl FnMut(&mut Session) -> Result<T, Fault>,
        mut act: impl FnMut(&Named, T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let cancel = Cancel::new().map_err(|e| Failure::new(Exit::Local, "a descriptor", e, ""))?;
        let pulled = cancel.clone();
        on_interrupt(move |_| pulled.cancel()).map_err(|e| Failure::new(Exit::Local, "signals", e, ""))?;
        let mut ssh = self.ssh.options(events);
        ssh.connect_timeout = Duration::from_secs(self.patience);
        let options = Options { ssh, cancel: Some(cancel.clone()), ..Options::default() };
        let (mut done, mut failed) = (0, Vec::new());
        for named in &self.devices {
            if cancel.is_cancelled() {
                break;
            }
            match asked(named, &options, &mut ask).and_then(|answer| act(named, answer)) {
                Ok(()) => done += 1,
                Err(failure) if self.devices.len() == 1 => return Err(failure),
                Err(failure) => {
                    super::report(&failure, events);
                    failed.push(failure);
                }
            }
        }
        let of = self.devices.len();
        if done == of {
            return Ok(());
        }
        let several = Several { of, done, things: "devices", undone, is_interrupted: cancel.is_cancelled() };
        Err(several.failure(&failed.iter().collect::<Vec<_>>()))
    }
}

/// What a device answers; what it wants of a login and was not given is asked for at a terminal, once each.
fn asked<T>(
    named: &Named,
    options: &Options,
    act: &mut impl FnMut(&mut Session) -> Result<T, Fault>,
) -> Result<T, Failure> {
    let Named { place, password, shown } = named;
    let SshOptions { user, password: general, ask, .. } = &options.ssh;
    let user = place.user.clone().unwrap_or_else(|| user.clone());
    let mut login = Login {
        user: Some(user.clone()).filter(|user| !user.is_empty()),
        password: password.as_ref().map(|Hidden(text)| text.clone()).or_else(|| general.clone()),
        enable: std::env::var(ENABLE).ok(),
    };
    for _ in 0..3 {
        let done = Session::open(place, login.clone(), options).and_then(|mut session| act(&mut session));
        let wanted = match done {
            Ok(answer) => return Ok(answer),
            Err(Fault::Trouble(Trouble { why: Why::Wanted(wanted), .. })) => wanted,
            Err(fault) => return Err(failure(shown, &fault)),
        };
        let (question, given) = match wanted {
            "a password" => {
                (Question::Password { user: &user, host: &place.host, again: false }, &mut login.password)
            }
            "an enable password" => (
                Question::Other { host: &place.host, words: "enable password:", echo: false },
                &mut login.enable,
            ),
            _ => (Question::Other { host: &place.host, words: "user:", echo: true }, &mut login.user),
        };
        match ask.ask(question) {
            Some(answer) => *given = Some(answer),
            None => break,
        }
    }
    let way_out = "TOWLINE_PASSWORD and TOWLINE_ENABLE hold passwords where there is no terminal";
    Err(Failure::new(Exit::Refused, shown, "it asks for what was not given", way_out))
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
        Fault::Complaint { .. } => (Exit::Refused, "the user needs privilege 15"),
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
