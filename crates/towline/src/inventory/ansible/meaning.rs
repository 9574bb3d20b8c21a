//! What variables of a host mean for a device.

use super::groups::Holding;
use super::template::{Said, Unread, said};
use super::words;
use crate::config::{Fault, Origin};
use crate::inventory::credential::Credential;
use crate::inventory::device::{Device, Inventory};
use crate::inventory::own::others_read;
use client::Jump;
use client::terminal::Over;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How a value of Ansible's vault begins.
pub(super) const VAULT: &str = "$ANSIBLE_VAULT;";
/// How a password comes without it.
pub(super) const WITHOUT: &str =
    "TOWLINE_PASSWORD and TOWLINE_ENABLE, a terminal, or \"{{ lookup('env', 'NAME') }}\" give it";

/// What to do about one that others can read.
const REMEDY: &str = "chmod 600 it, or write \"{{ lookup('env', 'NAME') }}\"";

/// Names of one thing; of those that are there the last one holds, as Ansible's plugins have it.
const HOST: &[&str] = &["ansible_host", "ansible_ssh_host"];
const PORT: &[&str] = &["ansible_port", "ansible_ssh_port"];
const USER: &[&str] = &["ansible_user", "ansible_ssh_user"];
const PASSWORD: &[&str] = &["ansible_password", "ansible_ssh_pass", "ansible_ssh_password"];
const ENABLE: &[&str] = &["ansible_become_password", "ansible_become_pass", "ansible_enable_pass"];
const KEY: &[&str] = &["ansible_private_key_file", "ansible_ssh_private_key_file"];
const CONNECTION: &[&str] = &["ansible_connection"];
const SYSTEM: &[&str] = &["ansible_network_os"];
/// Options of ssh, all of which hold.
const ARGUMENTS: [&str; 3] = ["ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"];

/// Connections that are a line of a device; `local` was the one of old playbooks for IOS.
const LINES: [&str; 7] = ["network_cli", "ssh", "smart", "paramiko", "paramiko_ssh", "libssh", "local"];
const SYSTEMS: [&str; 3] = ["ios", "iosxe", "ios_xe"];

/// Passwords that stand in files which others can read.
#[derive(Default)]
pub(super) struct Open {
    first: Option<(Origin, &'static str)>,
    others: BTreeSet<(PathBuf, usize)>,
}

impl Open {
    fn note(&mut self, origin: Origin, key: &'static str) {
        if let Origin::File(place) = &origin {
            self.others.insert((place.source.path.clone(), place.span.start));
        }
        self.first.get_or_insert((origin, key));
    }

    /// All of them as one fault.
    pub(super) fn fault(self) -> Option<Fault> {
        let (origin, key) = self.first?;
        Some(others_read(origin, key, self.others.len().saturating_sub(1), REMEDY))
    }
}

/// Adds the host to the inventory, as a device or as one that is left out.
///
/// # Errors
/// A variable that cannot be meant.
pub(super) fn device(
    name: &str,
    holding: &Holding<'_>,
    tags: Vec<String>,
    base: &Path,
    inventory: &mut Inventory,
    open: &mut Open,
) -> Result<(), Fault> {
    let mut host = Host { name, holding, base, notes: Vec::new(), open };
    match host.device(tags) {
        Ok(device) => inventory.devices.push(device),
        Err(Out::Left(why)) => inventory.left_out.push((name.to_owned(), why)),
        Err(Out::Wrong(fault)) => return Err(fault),
    }
    inventory.notes.extend(host.notes.into_iter().map(|note| (name.to_owned(), note)));
    Ok(())
}

/// Why a host is no device.
enum Out {
    /// It is something else, or cannot be known.
    Left(String),
    /// Somebody made a mistake.
    Wrong(Fault),
}

struct Host<'a> {
    name: &'a str,
    holding: &'a Holding<'a>,
    /// What relative files count from.
    base: &'a Path,
    notes: Vec<String>,
    open: &'a mut Open,
}

impl Host<'_> {
    fn device(&mut self, tags: Vec<String>) -> Result<Device, Out> {
        let over = self.over()?;
        let host = self.text(HOST)?.filter(|host| !host.is_empty()).unwrap_or_else(|| self.name.to_owned());
        let port = self.port()?;
        let user = self.text(USER)?.filter(|user| !user.is_empty());
        let key = self.text(KEY)?.map(|key| self.path(&key));
        let (via, mut keys) = self.arguments();
        keys.extend(key);
        let (password, enable) = (
            self.credential(PASSWORD, "ansible_password"),
            self.credential(ENABLE, "ansible_become_password"),
        );
        let name = self.name.to_owned();
        Ok(Device {
            name,
            host,
            port,
            over,
            user,
            password,
            enable,
            via,
            profile: None,
            keys,
            serial: None,
            tags,
        })
    }

    /// What its line goes over, where it is a device with IOS.
    fn over(&self) -> Result<Over, Out> {
        // `cisco.ios.ios`, `ansible.netcommon.network_cli`
        let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let (system, connection) = (self.text(SYSTEM)?, self.text(CONNECTION)?);
        match &system {
            Some(other) if !SYSTEMS.contains(&last(other).as_str()) => {
                return Err(Out::Left(format!("its ansible_network_os is '{other}', not ios")));
            }
            Some(_) | None => {}
        }
        let Some(connection) = connection else { return Ok(Over::Ssh) };
        match last(&connection).as_str() {
            "telnet" => Ok(Over::Telnet),
            "local" if system.is_none() => Err(Out::Left(String::from("its ansible_connection is 'local'"))),
            known if LINES.contains(&known) => Ok(Over::Ssh),
            _ => Err(Out::Left(format!("its ansible_connection is '{connection}'"))),
        }
    }

    fn port(&self) -> Result<Option<u16>, Out> {
        let Some(text) = self.text(PORT)? else { return Ok(None) };
        match text.trim().parse::<u16>() {
            Ok(port @ 1..) => Ok(Some(port)),
            _ => {
                let what = format!("'{}' has '{text}' for a port", self.name);
                Err(Out::Wrong(Fault::new(self.origin(PORT), what, "give a number from 1 to 65535")))
            }
        }
    }

    /// The variable that holds of these.
    fn holds(&self, names: &'static [&'static str]) -> Option<&'static str> {
        let is_there = |name: &&&str| said(self.name, self.holding, name).is_some();
        names.iter().rev().find(is_there).copied()
    }

    /// The text of one of these; a host is left out where it is not known.
    fn text(&self, names: &'static [&'static str]) -> Result<Option<String>, Out> {
        let Some(name) = self.holds(names) else { return Ok(None) };
        let left = |why: &Unread| Err(Out::Left(format!("its {name} is {}", words_of(why))));
        match said(self.name, self.holding, name) {
            Some(Ok(Said::Text(text, _))) => Ok(Some(text)),
            Some(Ok(Said::Environment(_) | Said::File(_))) => left(&Unread::Template),
            Some(Err(why)) => left(&why),
            None => Ok(None),
        }
    }

    fn credential(&mut self, names: &'static [&'static str], key: &'static str) -> Option<Credential> {
        let name = self.holds(names)?;
        match said(self.name, self.holding, name)? {
            Ok(Said::Environment(variable)) => Some(Credential::Environment(variable)),
            Ok(Said::File(path)) => Some(Credential::File(self.path(&path))),
            Ok(Said::Text(text, _)) if text.is_empty() => None,
            Ok(Said::Text(text, is_private)) => {
                if !is_private {
                    self.open.note(self.origin(names), key);
                }
                Some(Credential::Written(text))
            }
            Err(why) => {
                self.notes.push(format!("{name} is {}: {WITHOUT}", words_of(&why)));
                None
            }
        }
    }

    fn origin(&self, names: &'static [&'static str]) -> Origin {
        let value = self.holds(names).and_then(|name| self.holding.get(name));
        value.map_or(Origin::Default, |value| value.node.origin.clone())
    }

    fn path(&self, text: &str) -> PathBuf {
        match (text.strip_prefix("~/"), std::env::var_os("HOME")) {
            (Some(rest), Some(home)) => Path::new(&home).join(rest),
            _ => self.base.join(text),
        }
    }

    /// Hosts on the way and keys that options of ssh name; what else they say is not taken, and told.
    fn arguments(&mut self) -> (Vec<Jump>, Vec<PathBuf>) {
        let (mut via, mut keys) = (Vec::new(), Vec::new());
        for name in ARGUMENTS {
            let text = match said(self.name, self.holding, name) {
                None => continue,
                Some(Ok(Said::Text(text, _))) => text,
                Some(Ok(Said::Environment(_) | Said::File(_))) | Some(Err(_)) => {
                    self.notes.push(format!("{name} is {}", words_of(&Unread::Template)));
                    continue;
                }
            };
            let Ok(words) = words::split(&text) else {
                self.notes.push(format!("{name} has a quote that is open"));
                continue;
            };
            let words: Vec<String> = words.into_iter().map(|(word, _)| word).collect();
            for option in options(&words) {
                match option {
                    Opt::Jumps(jumps) => via = jumps,
                    Opt::Key(path) => keys.push(self.path(path)),
                    Opt::Other(other) => self.notes.push(format!("'{other}' of its {name} is not taken")),
                }
            }
        }
        (via, keys)
    }
}

fn words_of(why: &Unread) -> &'static str {
    match why {
        Unread::Vault => "encrypted by Ansible's vault, which is not read",
        Unread::Template => "a template that is not read",
        Unread::Many => "a list or a table",
    }
}

/// What an option of ssh says.
enum Opt<'a> {
    Jumps(Vec<Jump>),
    Key(&'a str),
    Other(String),
}

fn options(words: &[String]) -> Vec<Opt<'_>> {
    let mut out = Vec::new();
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        // `-J host`, `-Jhost`
        let mut value = |flag: &str| match word.strip_prefix(flag)? {
            "" => words.next(),
            rest => Some(rest),
        };
        if let Some(jumps) = value("-J") {
            out.push(jumps_of(jumps).unwrap_or_else(|| Opt::Other(format!("-J {jumps}"))));
        } else if let Some(path) = value("-i") {
            out.push(Opt::Key(path));
        } else if let Some(setting) = value("-o") {
            let (key, value) = setting.split_once(['=', ' ']).unwrap_or((setting, ""));
            let (key, value) = (key.trim(), value.trim().trim_start_matches('=').trim());
            let jumps = match key.to_ascii_lowercase().as_str() {
                "proxyjump" => jumps_of(value),
                "proxycommand" => jump_of_command(value).map(|jump| Opt::Jumps(vec![jump])),
                "identityfile" => Some(Opt::Key(value)),
                _ => None,
            };
            out.push(jumps.unwrap_or_else(|| Opt::Other(format!("-o {key}"))));
        } else {
            out.push(Opt::Other(word.to_owned()));
        }
    }
    out
}

/// `bob@one,two:22`, `none`
fn jumps_of(text: &str) -> Option<Opt<'static>> {
    if text.eq_ignore_ascii_case("none") {
        return Some(Opt::Jumps(Vec::new()));
    }
    let jump = |text: &str| text.trim().strip_prefix("ssh://").unwrap_or(text.trim()).parse().ok();
    text.split(',').map(jump).collect::<Option<_>>().map(Opt::Jumps)
}

/// The host of `ssh -W %h:%p -q bob@jump`, as Ansible's documents have it.
fn jump_of_command(command: &str) -> Option<Jump> {
    let words = words::split(command).ok()?;
    let mut words = words.iter().map(|(word, _)| word.as_str());
    words.next().filter(|program| program.rsplit('/').next() == Some("ssh"))?;
    let (mut forwards, mut port, mut user, mut host) = (false, None, None, None);
    while let Some(word) = words.next() {
        match word {
            "-W" => forwards = words.next()? == "%h:%p",
            "-p" => port = Some(words.next()?.parse().ok()?),
            "-l" => user = Some(words.next()?.to_owned()),
            "-o" => drop(words.next()?),
            "-q" | "-A" | "-a" | "-T" | "-x" | "-C" | "-4" | "-6" => {}
            other if other.starts_with('-') || host.is_some() => return None,
            other => host = Some(other),
        }
    }
    let jump: Jump = host?.parse().ok()?;
    forwards.then(|| Jump { user: jump.user.or(user), port: jump.port.or(port), ..jump })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_found_in_the_options_of_ssh() {
        for (text, via, others) in [
            ("-o ProxyJump=bob@jump", "bob@jump", ""),
            ("-oProxyJump=a,b:23", "a b:23", ""),
            ("-J bob@jump -o StrictHostKeyChecking=no", "bob@jump", "-o StrictHostKeyChecking"),
            ("-o ProxyCommand=\"ssh -W %h:%p -q bob@jump\"", "bob@jump", ""),
            ("-o 'ProxyCommand ssh -p 2222 -l bob -W %h:%p jump'", "bob@jump:2222", ""),
            ("-o ProxyCommand='nc -x proxy %h %p'", "", "-o ProxyCommand"),
            ("-C -o ControlMaster=auto", "", "-C -o ControlMaster"),
            ("-o ProxyJump=none", "", ""),
        ] {
            let words: Vec<String> = words::split(text).unwrap().into_iter().map(|(word, _)| word).collect();
            let (mut found, mut rest) = (Vec::new(), Vec::new());
            for option in options(&words) {
                match option {
                    Opt::Jumps(jumps) => found.extend(jumps.iter().map(ToString::to_string)),
                    Opt::Key(key) => rest.push(format!("key {key}")),
                    Opt::Other(other) => rest.push(other),
                }
            }
            assert_eq!((found.join(" ").as_str(), rest.join(" ").as_str()), (via, others), "{text}");
        }
    }
}
