use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use transport::ssh::{Agreed, Profile};

/// How servers are reached over SSH, and as whom.
#[derive(Clone)]
pub struct SshOptions {
    /// Who logs in where the URL names nobody.
    pub user: String,
    /// What we call ourselves (`SSH-2.0-…`); `None`: by our own name.
    pub ident: Option<&'static str>,
    /// What may be negotiated; `None`: what is remembered of the host, else the strictest, and somebody may be asked.
    pub profile: Option<Profile>,
    /// The file that remembers hosts for which an older profile was given and connected, or allowed when asked, with the
    /// key that it holds for; `None`: nothing is remembered.
    pub remembered: Option<PathBuf>,
    /// Which host keys are right.
    pub host_keys: HostKeys,
    /// Files of known hosts (sshd(8), "ssh_known_hosts file format"); those that are not there hold nothing.
    pub known_hosts: Vec<PathBuf>,
    /// The file that [`HostKeys::AcceptNew`] writes what it learns to; one of `known_hosts`.
    pub learned: Option<PathBuf>,
    /// Files of keys that are tried, and no others; each must be readable.
    pub keys: Vec<PathBuf>,
    /// Files of keys that are tried after the agent's where no key and no password is given; only those that are there.
    pub usual_keys: Vec<PathBuf>,
    /// Files of certificates, for the keys that they are of; `FILE-cert.pub` beside a key is one without being named.
    pub certificates: Vec<PathBuf>,
    /// Hosts on the way, the first one first; each is judged and logged in to as the last one is, without its password.
    pub jumps: Vec<Jump>,
    /// The socket of an agent, asked where no key and no password is given.
    pub agent: Option<PathBuf>,
    /// The password where the URL has none.
    pub password: Option<String>,
    /// Who is asked for what is missing.
    pub ask: Arc<dyn Ask>,
    /// Who is told of each server that is met and is the right one, before the login.
    pub met: Arc<OnMet>,
    /// The end when nothing moved for this long.
    pub no_progress: Duration,
    /// The longest wait for a TCP connection.
    pub connect_timeout: Duration,
}

impl Default for SshOptions {
    fn default() -> Self {
        SshOptions {
            user: String::new(),
            ident: None,
            profile: None,
            remembered: None,
            host_keys: HostKeys::Known,
            known_hosts: Vec::new(),
            learned: None,
            keys: Vec::new(),
            usual_keys: Vec::new(),
            certificates: Vec::new(),
            jumps: Vec::new(),
            agent: None,
            password: None,
            ask: Arc::new(Nobody),
            met: Arc::new(|_| ()),
            no_progress: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(20),
        }
    }
}

/// A host on the way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Jump {
    /// Who logs in there; `None`: who logs in where the URL names nobody.
    pub user: Option<String>,
    /// A name or an address.
    pub host: String,
    /// Its port; `None`: 22.
    pub port: Option<u16>,
}

impl FromStr for Jump {
    type Err = String;

    /// `[USER@]HOST[:PORT]`; IPv6 in brackets where there is a port.
    fn from_str(text: &str) -> Result<Jump, String> {
        let (user, place) = match text.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, text),
        };
        let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').unwrap_or(port))),
            // More than one colon is an address of IPv6.
            None => match place.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port)),
                _other => (place, None),
            },
        };
        let port = port.map(|port| port.parse::<u16>().ok().filter(|port| *port > 0).ok_or(port)).transpose();
        match port {
            Ok(port) if !host.is_empty() && user.as_deref() != Some("") => {
                Ok(Jump { user, host: host.to_owned(), port })
            }
            Ok(_) => Err(String::from("write [USER@]HOST[:PORT]")),
            Err(port) => Err(format!("'{port}' is no port: 1 to 65535")),
        }
    }
}

impl fmt::Display for Jump {
    /// As it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        match (self.host.contains(':'), self.port) {
            (true, Some(port)) => write!(f, "[{}]:{port}", self.host),
            (false, Some(port)) => write!(f, "{}:{port}", self.host),
            (_, None) => f.write_str(&self.host),
        }
    }
}

/// What is done with a server that was met.
pub type OnMet = dyn Fn(&Met<'_>) + Send + Sync;

/// A server that was met.
#[derive(Clone, Debug)]
pub struct Met<'a> {
    /// As it was named.
    pub host: &'a str,
    /// Where it is.
    pub address: SocketAddr,
    /// What its program calls itself, printable.
    pub ident: String,
    /// What was agreed.
    pub agreed: &'a Agreed,
}

/// Which host keys are right.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum HostKeys {
    /// Those that are known.
    #[default]
    Known,
    /// Also any key of a host of which none is known; it is known from then on.
    AcceptNew,
    /// The one with this fingerprint, whatever is known: `SHA256:…` as `ssh-keygen -l` prints it.
    Pinned(String),
}

/// What somebody at a terminal is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Question<'a> {
    /// A password.
    Password {
        /// Whose.
        user: &'a str,
        /// Where.
        host: &'a str,
        /// The last answer was wrong.
        again: bool,
    },
    /// What opens a file with a key.
    Passphrase {
        /// The file.
        file: &'a Path,
        /// The last answer was wrong.
        again: bool,
    },
    /// Whether older algorithms may be used with a host that knows no others: `y` is yes.
    Older {
        /// Where.
        host: &'a str,
        /// The strictest profile that connects.
        profile: Profile,
        /// What comes of it.
        agreed: &'a Agreed,
    },
    /// What the server asks, in its words, made printable.
    Other {
        /// Where.
        host: &'a str,
        /// Its words.
        words: &'a str,
        /// Whether the answer may be seen.
        echo: bool,
    },
}

/// Somebody who may be asked.
pub trait Ask: Send + Sync {
    /// The answer; `None`: there is nobody, or they do not say.
    fn ask(&self, question: Question<'_>) -> Option<String>;
}

/// Nobody is there.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Ask for Nobody {
    fn ask(&self, _: Question<'_>) -> Option<String> {
        None
    }
}

/// Without the password.
impl fmt::Debug for SshOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SshOptions")
            .field("user", &self.user)
            .field("profile", &self.profile)
            .field("host_keys", &self.host_keys)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_a_host_with_its_user_and_port() {
        for (text, user, host, port) in [
            ("h", None, "h", None),
            ("bob@h:2222", Some("bob"), "h", Some(2222)),
            ("bob@dom@h", Some("bob@dom"), "h", None),
            ("2001:db8::1", None, "2001:db8::1", None),
            ("a@[2001:db8::1]:22", Some("a"), "2001:db8::1", Some(22)),
            ("[::1]", None, "::1", None),
        ] {
            let right = Jump { user: user.map(str::to_owned), host: host.to_owned(), port };
            assert_eq!(text.parse(), Ok(right.clone()), "{text}");
            assert_eq!(right.to_string().parse(), Ok(right), "{text}");
        }
        for wrong in ["", "@h", "bob@", "h:0", "h:x", "h:70000", "[]:22"] {
            assert!(wrong.parse::<Jump>().is_err(), "{wrong}");
        }
    }
}
