//! `towline user test`: the same door as the service's, in front of nothing.

use super::Place;
use super::password::Entry;
use crate::exit::{Exit, Failure};
use crate::service::{here, policy};
use clap::Args;
use gate::audit::What;
use gate::{
    Credentials, Directory, Gate, Knock, LONGEST_PASSWORD, Notice, Policy, Protocol, Refusal, Security,
    ShownKey, User,
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use store::memory::Memory;
use transport::ssh::{Key, PrivateKey};

const EXAMPLES: &str = "\
Examples:
  towline user test bob                           asks for the password
  towline user test bob --protocol http --security tls
  towline user test bob --key bob.pub             would this key let in over SFTP?
  towline user test bob --from 10.0.0.2 --users-dir users.d --password-stdin < secret
";

/// Say whether a login would work, and why not; exit code 4 if not.
///
/// Asks what the service asks: the networks that are let in, the users of the configuration and of the directory,
/// the identity command. It knows nothing of a running service: who is banned, and how full it is.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Test {
    /// Who logs in.
    name: String,
    #[command(flatten)]
    place: Place,
    /// The client's address.
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    from: IpAddr,
    /// What the client speaks: ftp, http, sftp or scp; ftp without it, with --key sftp.
    #[arg(long, value_parser = with_login)]
    protocol: Option<Protocol>,
    /// Log in with the key of this file, its public half or the private one, instead of a password.
    #[arg(long, value_name = "FILE", conflicts_with = "password_stdin")]
    key: Option<PathBuf>,
    /// How the connection is protected: clear or tls; sftp and scp always come in ssh.
    #[arg(long, default_value = "clear", value_parser = by_a_server)]
    security: Security,
    #[command(flatten)]
    entry: Entry,
}

fn with_login(text: &str) -> Result<Protocol, String> {
    match text.parse()? {
        Protocol::Tftp => Err(String::from("TFTP has no login: it is ftp, http, sftp or scp")),
        known @ (Protocol::Ftp | Protocol::Http | Protocol::Sftp | Protocol::Scp) => Ok(known),
    }
}

fn by_a_server(text: &str) -> Result<Security, String> {
    match text.parse()? {
        Security::Ssh => {
            Err(String::from("sftp and scp come in ssh by themselves, nothing else does: it is clear or tls"))
        }
        known @ (Security::Clear | Security::Tls) => Ok(known),
    }
}

/// The service's directory, in which a test changes nothing.
#[derive(Debug)]
struct ReadOnly(Arc<dyn Directory>);

impl Directory for ReadOnly {
    fn user(&self, name: &str) -> Result<Option<Arc<User>>, String> {
        self.0.user(name)
    }

    fn each(&self, see: &mut dyn FnMut(&User)) {
        self.0.each(see);
    }

    fn rehash(&self, _: &User, _: &str) -> Result<Arc<User>, String> {
        Err(String::from("this is a test"))
    }
}

/// The key of a file: its public half, or the private one's.
fn shown(file: &Path) -> Result<Key, Failure> {
    let text = std::fs::read_to_string(file).map_err(|e| Failure::local(file.display(), &e))?;
    let private = || PrivateKey::read(&text, None).map(|key| key.public());
    let read = if text.contains("PRIVATE KEY") { private() } else { Key::read(&text) };
    read.map_err(|why| Failure::usage(file.display(), why, "give the file of its public half, FILE.pub"))
}

impl Test {
    pub(super) fn run(mut self) -> Result<(), Failure> {
        let key = self.key.as_deref().map(shown).transpose()?;
        if matches!(self.protocol(), Protocol::Sftp | Protocol::Scp) {
            self.security = Security::Ssh;
        }
        let loaded = self.place.loaded()?;
        let thing = format!("user {}", self.name);
        let mut policy = policy::of(&loaded, false, &here(&loaded))?;
        let known = self.known(&policy);
        let in_directory = policy.users.iter().all(|u| u.name() != self.name);
        policy.directory = policy.directory.take().map(|d| Arc::new(ReadOnly(d)) as Arc<dyn Directory>);
        let asks_command = policy.oracle.is_some();
        if let Some(key) = key {
            return self.by_key(&thing, &key, policy);
        }
        let password = self.entry.password(&thing, "Password: ")?;
        let too_long = password.expose().len() > LONGEST_PASSWORD;
        let (gate, events) = Gate::new(Arc::new(Memory::new()), policy);
        let admitted = gate.admit(&Knock {
            protocol: self.protocol(),
            local: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), self.port()),
            peer: SocketAddr::new(self.from, 50_000),
            security: self.security,
            credentials: Credentials::Password { user: self.name.clone(), password },
            agreed: None,
            certificate: None,
            host: None,
        });
        let notices: Vec<Notice> = std::iter::from_fn(|| events.try_recv())
            .filter_map(|e| match e.what {
                What::Identity(notice) => Some(notice),
                _ => None,
            })
            .collect();
        let no = |what: &dyn std::fmt::Display, way_out: &str| {
            Err(Failure::new(Exit::Refused, &thing, what, way_out))
        };
        match admitted {
            Ok(session) => {
                let groups = session.account().map(|a| a.groups().join(", ")).unwrap_or_default();
                let groups =
                    if groups.is_empty() { String::from("no groups") } else { format!("groups {groups}") };
                println!("{} may log in from {}{} ({groups}).", self.name, self.from, self.way());
                for notice in &notices {
                    match notice {
                        // A test upgrades nothing, and makes homes in memory only.
                        Notice::HomeMade { path, .. } => {
                            println!("The home is {path}; a login makes it where it is not there.");
                        }
                        Notice::NotUpgraded { kind, .. } if in_directory => {
                            println!("The password is hashed with {kind}; a login makes that argon2id.");
                        }
                        other => println!("{other}."),
                    }
                }
                Ok(())
            }
            Err(Refusal::Login) => match notices.first() {
                Some(Notice::RightButNotNow { why, .. }) => {
                    no(&format!("the password is right, but the user {why}"), "change the user's entry")
                }
                Some(Notice::PasswordAlone { .. }) => no(
                    &"the password is right, but the user logs in with a key",
                    "see require in the user's entry",
                ),
                Some(Notice::BadUserFile { why, .. }) => no(why, "correct the file"),
                Some(Notice::OracleFailed { why, .. }) => {
                    no(&format!("the identity command: {why}"), "correct it")
                }
                Some(
                    Notice::Upgraded { .. }
                    | Notice::NotUpgraded { .. }
                    | Notice::HomeMade { .. }
                    | Notice::HomeNotMade { .. },
                )
                | None => match known {
                    Known::NoName(why) => no(&why, "no user can be called so"),
                    Known::Here if too_long => no(
                        &format!("the password has more than {LONGEST_PASSWORD} octets"),
                        "no password is that long",
                    ),
                    Known::Here => no(&"the password is wrong", "towline user passwd gives another"),
                    Known::Elsewhere if asks_command => {
                        no(&"the identity command says no", "nothing else here knows this user")
                    }
                    Known::Elsewhere => no(&"there is no such user", "towline user add adds one"),
                },
            },
            Err(Refusal::Also(factor)) => {
                no(&format!("the password is right, but a {factor} is wanted as well"), "log in with both")
            }
            Err(Refusal::Stranger) => no(
                &format!("clients at {} are not let in", self.from),
                "see server.allow in the configuration",
            ),
            Err(Refusal::Unprotected) => no(
                &"HTTP takes no password in the clear",
                "see http.clear-login in the configuration; --security tls tries it over HTTPS",
            ),
            Err(why) => no(&why, "the login itself may be right"),
        }
    }

    fn protocol(&self) -> Protocol {
        self.protocol.unwrap_or(if self.key.is_some() { Protocol::Sftp } else { Protocol::Ftp })
    }

    /// Whether the key lets in.
    fn by_key(&self, thing: &str, key: &Key, policy: Policy) -> Result<(), Failure> {
        if self.security != Security::Ssh {
            return Err(Failure::usage("--key", "only sftp and scp know keys", "leave --protocol out"));
        }
        let user = policy.users.iter().find(|user| user.name() == self.name).cloned();
        let of_directory =
            || policy.directory.as_ref().and_then(|users| users.user(&self.name).ok().flatten());
        let user = user.map(Arc::new).or_else(of_directory);
        let (gate, events) = Gate::new(Arc::new(Memory::new()), policy);
        let shown = ShownKey::plain(key.blob());
        let admitted = gate.admit(&Knock {
            protocol: self.protocol(),
            local: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), self.port()),
            peer: SocketAddr::new(self.from, 50_000),
            security: self.security,
            credentials: Credentials::Key { user: self.name.clone(), key: shown, password: None },
            agreed: None,
            certificate: None,
            host: None,
        });
        let fingerprint = key.fingerprint();
        let no = |what: String, way_out: &str| Err(Failure::new(Exit::Refused, thing, what, way_out));
        match admitted {
            Ok(_) => {
                println!("{} may log in from {}{} with {fingerprint}.", self.name, self.from, self.way());
                Ok(())
            }
            Err(Refusal::Also(factor)) => {
                no(format!("the key is right, but a {factor} is wanted as well"), "log in with both")
            }
            Err(Refusal::Login) => {
                let not_now = std::iter::from_fn(|| events.try_recv()).find_map(|event| match event.what {
                    What::Identity(Notice::RightButNotNow { why, .. }) => Some(why),
                    _ => None,
                });
                if let Some(why) = not_now {
                    return no(format!("the key is right, but the user {why}"), "change the user's entry");
                }
                let Some(user) = user else {
                    return no(String::from("there is no such user"), "towline user add adds one");
                };
                let own: Vec<_> = user.keys().iter().filter(|own| !own.is_authority()).collect();
                let fingerprints: Vec<String> = own.iter().map(|own| own.fingerprint()).collect();
                match own.iter().find(|own| own.fingerprint() == fingerprint) {
                    Some(own) if own.expiry().is_some_and(|end| end <= SystemTime::now()) => no(
                        format!("the key {fingerprint} is the user's, and has expired"),
                        "see its expiry-time",
                    ),
                    Some(_) => no(
                        format!("the key {fingerprint} is the user's, and not from {}", self.from),
                        "see its from, and --from",
                    ),
                    None if fingerprints.is_empty() => {
                        no(String::from("the user has no key"), "towline user add --key gives one")
                    }
                    None => no(
                        format!("the key {fingerprint} is not the user's: {}", fingerprints.join(", ")),
                        "add it to the user's keys",
                    ),
                }
            }
            Err(Refusal::Stranger) => no(
                format!("clients at {} are not let in", self.from),
                "see server.allow in the configuration",
            ),
            Err(why) => no(why.to_string(), "the login itself may be right"),
        }
    }

    /// The port that such a client comes to.
    fn port(&self) -> u16 {
        match (self.protocol(), self.security) {
            (Protocol::Tftp, _) => 69,
            (Protocol::Ftp, _) => 21,
            (Protocol::Http, Security::Tls) => 443,
            (Protocol::Http, Security::Clear | Security::Ssh) => 80,
            (Protocol::Sftp | Protocol::Scp, _) => 22,
        }
    }

    /// By which way, where that is not plain FTP.
    fn way(&self) -> String {
        match (self.protocol(), self.security) {
            (Protocol::Ftp, Security::Clear) => String::new(),
            (protocol, Security::Clear) => format!(" over {protocol}"),
            (protocol, security @ (Security::Tls | Security::Ssh)) => {
                format!(" over {protocol} in {security}")
            }
        }
    }

    /// What is known of the name, without its password.
    fn known(&self, policy: &gate::Policy) -> Known {
        if let Err(why) = gate::Account::new(&self.name) {
            return Known::NoName(why);
        }
        let configured = policy.users.iter().any(|u| u.name() == self.name);
        let has_file = || policy.directory.as_ref().is_some_and(|d| !matches!(d.user(&self.name), Ok(None)));
        if configured || has_file() { Known::Here } else { Known::Elsewhere }
    }
}

enum Known {
    /// A user of the configuration or of the directory.
    Here,
    /// At most of the command.
    Elsewhere,
    /// No user can have this name.
    NoName(gate::BadName),
}
