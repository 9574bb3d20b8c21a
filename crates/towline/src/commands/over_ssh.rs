//! Flags of commands that reach servers over SSH, and what the user's home and a terminal add to them.

use crate::events::{Agreed, Event, Events};
use clap::Args;
use client::{Ask, HostKeys, Jump, Met, Profile, Question, SshOptions};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What holds the password where there is no terminal.
const PASSWORD: &str = "TOWLINE_PASSWORD";
/// Keys that are tried where none is given, in OpenSSH's order of what can be used here.
const USUAL: [&str; 3] = ["id_rsa", "id_ecdsa", "id_ed25519"];

/// How servers are reached over SSH.
#[derive(Debug, Args)]
pub(super) struct OverSsh {
    /// SSH: log in with this key, and no other. Without it the agent's keys and those of ~/.ssh are tried, or
    /// the password of the URL, of the variable TOWLINE_PASSWORD, or typed at a terminal.
    #[arg(short = 'i', long = "identity", value_name = "FILE", help_heading = "SSH")]
    keys: Vec<PathBuf>,
    /// SSH: which host keys are right: those that are known (`strict`); also the first one of a new host, which is
    /// known from then on (`accept-new`); or the one with this fingerprint (`SHA256:...`). Known are those of
    /// ~/.ssh/known_hosts, /etc/ssh/ssh_known_hosts and of towline's own file beside its state.
    #[arg(long, value_name = "KEYS", default_value = "strict", value_parser = host_keys, help_heading = "SSH")]
    host_key: HostKeys,
    /// SSH: algorithms that may be used: `modern`; `compat` adds SHA-1 for old servers; `legacy-ios` also what old
    /// devices know (group1, CBC, 3DES). An older one that connected is remembered for the host while it has that key;
    /// without the flag that is used, else `modern`, and where that does not do a terminal is asked.
    #[arg(long, value_name = "PROFILE", help_heading = "SSH")]
    ssh_profile: Option<Profile>,
    /// SSH: neither use nor keep what is remembered of hosts (ssh-profiles beside towline's own known_hosts).
    #[arg(long, help_heading = "SSH")]
    no_remember: bool,
    /// SSH: log in with this certificate of a key (`-i`, or one of ~/.ssh). One called FILE-cert.pub beside the key is found.
    #[arg(long, value_name = "FILE", help_heading = "SSH")]
    certificate: Vec<PathBuf>,
    /// SSH: go by way of these hosts, with commas between, as ssh -J does. Each is to be known and lets in by key, agent or a
    /// password typed; the password of the URL is the last one's.
    #[arg(short = 'J', long, value_name = "[USER@]HOST[:PORT]", value_delimiter = ',', help_heading = "SSH")]
    jump: Vec<Jump>,
    /// SSH: say what was agreed with each server.
    #[arg(short = 'v', long, help_heading = "SSH")]
    verbose: bool,
}

fn host_keys(text: &str) -> Result<HostKeys, String> {
    match text {
        "strict" => Ok(HostKeys::Known),
        "accept-new" => Ok(HostKeys::AcceptNew),
        pin if pin.starts_with("SHA256:") && pin.len() == "SHA256:".len() + 43 => {
            Ok(HostKeys::Pinned(pin.to_owned()))
        }
        _other => {
            Err(String::from("strict, accept-new or SHA256: and 43 letters, as ssh-keygen -l prints it"))
        }
    }
}

impl OverSsh {
    /// As the flags, the environment and the user's home have it.
    pub(super) fn options(&self, events: &Arc<Events>) -> SshOptions {
        let (events, verbose) = (events.clone(), self.verbose);
        let home = absolute("HOME");
        let ssh = home.as_ref().map(|home| home.join(".ssh"));
        let state = absolute("XDG_STATE_HOME").or_else(|| Some(home.as_ref()?.join(".local/state")));
        let of_state = |name: &str| state.as_ref().map(|state| state.join("towline").join(name));
        let learned = of_state("known_hosts");
        let users = ssh.iter().map(|ssh| ssh.join("known_hosts"));
        // Ours is read with the user's own and never mixed with it: what `accept-new` took is forgotten with one file.
        let known_hosts =
            learned.iter().cloned().chain(users).chain([PathBuf::from("/etc/ssh/ssh_known_hosts")]).collect();
        SshOptions {
            user: user(),
            profile: self.ssh_profile,
            remembered: of_state("ssh-profiles").filter(|_| !self.no_remember),
            host_keys: self.host_key.clone(),
            known_hosts,
            learned,
            keys: self.keys.clone(),
            certificates: self.certificate.clone(),
            jumps: self.jump.clone(),
            usual_keys: ssh.iter().flat_map(|ssh| USUAL.map(|name| ssh.join(name))).collect(),
            agent: absolute("SSH_AUTH_SOCK"),
            password: std::env::var(PASSWORD).ok(),
            ask: Arc::new(AtTerminal::default()),
            met: Arc::new(move |met| tell(met, verbose, &events)),
            ..SshOptions::default()
        }
    }
}

/// Tells what was agreed with a server.
fn tell(met: &Met<'_>, verbose: bool, events: &Events) {
    let Met { host, address, ident, agreed } = met;
    let profile = Profile::that_has(agreed).map(|profile| profile.to_string());
    if verbose {
        let profile = profile.as_deref().unwrap_or("no profile");
        eprintln!("{address} is {ident}: {agreed} ({profile})");
    }
    events.tell(&Event::Agreed {
        host: (*host).to_owned(),
        address: address.to_string(),
        agreed: Agreed {
            ident: ident.clone(),
            key_exchange: agreed.key_exchange.clone(),
            host_key: agreed.host_key.clone(),
            cipher: agreed.cipher(),
            mac: agreed.mac(),
            profile,
        },
    });
}

fn absolute(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Who runs this.
fn user() -> String {
    let of_environment = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    of_environment.filter(|name| !name.is_empty()).or_else(of_passwd).unwrap_or_default()
}

/// The name of our number in /etc/passwd.
fn of_passwd() -> Option<String> {
    let uid = rustix::process::getuid().as_raw().to_string();
    let rows = std::fs::read_to_string("/etc/passwd").ok()?;
    rows.lines().find_map(|row| {
        let mut fields = row.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    })
}

/// Asks at the terminal, once for several connections that want the same.
#[derive(Default)]
struct AtTerminal {
    // Guards what was typed, and the terminal while somebody types.
    typed: Mutex<BTreeMap<String, String>>,
}

impl Ask for AtTerminal {
    fn ask(&self, question: Question<'_>) -> Option<String> {
        let (words, again, echo) = match question {
            Question::Password { user, host, again } => (format!("{user}@{host}'s password: "), again, false),
            Question::Passphrase { file, again } => {
                (format!("Passphrase of {}: ", Path::display(file)), again, false)
            }
            Question::Older { host, profile, agreed } => (
                format!(
                    "{host} offers only old algorithms ({agreed}). Use --ssh-profile {profile} with it from now on? [y/N] "
                ),
                false,
                true,
            ),
            Question::Other { host, words, echo } => (format!("{host}: {words} "), true, echo),
        };
        let mut typed = self.typed.lock().unwrap_or_else(PoisonError::into_inner);
        if !again && let Some(known) = typed.get(&words) {
            return Some(known.clone());
        }
        let answer = if echo { visible(&words) } else { rpassword::prompt_password(&words).ok() }?;
        typed.insert(words, answer.clone());
        Some(answer)
    }
}

/// One line of the terminal, as it is typed.
fn visible(words: &str) -> Option<String> {
    use std::io::BufRead as _;
    let mut terminal = std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    write!(terminal, "{words}").ok()?;
    let mut line = String::new();
    std::io::BufReader::new(terminal).read_line(&mut line).ok()?;
    Some(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_key_is_strict_new_or_a_fingerprint() {
        let pin = "SHA256:UCUiLr7Pjs9wFFJMDByLgc3NrtdU344OgUM45wZPcIQ";
        for (text, meaning) in [
            ("strict", Some(HostKeys::Known)),
            ("accept-new", Some(HostKeys::AcceptNew)),
            (pin, Some(HostKeys::Pinned(pin.to_owned()))),
            ("no", None),
            ("SHA256:abc", None),
            ("MD5:00:11", None),
        ] {
            assert_eq!(host_keys(text).ok(), meaning, "{text}");
        }
    }
}
