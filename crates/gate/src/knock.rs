use crate::{Refusal, ShownKey};
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

/// Which protocol a peer speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Protocol {
    /// RFC 1350. Has no login at all.
    Tftp,
    /// RFC 959.
    Ftp,
    /// RFC 9110, with or without TLS; reads only.
    Http,
    /// draft-ietf-secsh-filexfer-02, over SSH (RFC 4254); the login of a connection is counted as its.
    Sftp,
    /// `scp -t` and `scp -f`, over SSH.
    Scp,
}

impl Protocol {
    /// Each.
    pub const ALL: [Protocol; 5] =
        [Protocol::Tftp, Protocol::Ftp, Protocol::Http, Protocol::Sftp, Protocol::Scp];
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Protocol, String> {
        let found = Protocol::ALL.into_iter().find(|p| p.to_string() == text);
        found.ok_or_else(|| format!("'{text}': a protocol is tftp, ftp, http, sftp or scp"))
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Tftp => "tftp",
            Protocol::Ftp => "ftp",
            Protocol::Http => "http",
            Protocol::Sftp => "sftp",
            Protocol::Scp => "scp",
        })
    }
}

/// How the control channel is protected.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Security {
    /// Not at all.
    Clear,
    /// By TLS: nobody between reads or changes it.
    Tls,
    /// By SSH.
    Ssh,
}

impl Security {
    /// Each.
    pub const ALL: [Security; 3] = [Security::Clear, Security::Tls, Security::Ssh];
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Security::Clear => "clear",
            Security::Tls => "tls",
            Security::Ssh => "ssh",
        })
    }
}

impl FromStr for Security {
    type Err = String;

    fn from_str(text: &str) -> Result<Security, String> {
        let found = Security::ALL.into_iter().find(|s| s.to_string() == text);
        found.ok_or_else(|| format!("'{text}': a channel is clear, tls or ssh"))
    }
}

/// What a peer shows.
#[derive(Debug)]
pub enum Credentials {
    /// Nothing: TFTP.
    None,
    /// FTP's `anonymous` or `ftp`, with whatever was sent as password; HTTP without `Authorization`.
    Anonymous {
        /// By custom a mail address; never checked.
        email: String,
    },
    /// A name and a password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A name and a key of SSH, and the password where that was asked for as well ([`Refusal::Also`]).
    Key {
        /// The name.
        user: String,
        /// The key, which is the peer's own.
        key: ShownKey,
        /// The password.
        password: Option<Secret>,
    },
}

impl Credentials {
    /// The name that somebody gives for their own.
    pub fn user(&self) -> Option<&str> {
        match self {
            Credentials::Password { user, .. } | Credentials::Key { user, .. } => Some(user),
            Credentials::None | Credentials::Anonymous { .. } => None,
        }
    }

    /// Whether a password is among them, which could be guessed.
    pub(crate) fn have_password(&self) -> bool {
        match self {
            Credentials::Password { .. } | Credentials::Key { password: Some(_), .. } => true,
            Credentials::None | Credentials::Anonymous { .. } | Credentials::Key { password: None, .. } => {
                false
            }
        }
    }
}

/// A peer at the door.
#[derive(Debug)]
pub struct Knock {
    /// Its protocol.
    pub protocol: Protocol,
    /// Our address it came to.
    pub local: SocketAddr,
    /// Its address.
    pub peer: SocketAddr,
    /// How the channel is protected.
    pub security: Security,
    /// What it shows.
    pub credentials: Credentials,
    /// What an encrypted channel is made of, where that is known; for the record.
    pub agreed: Option<Arc<Agreed>>,
    /// Of a certificate that it showed under TLS, and that an authority of the owner's vouches for: who it is for, and
    /// its fingerprint. For the record: it is no login.
    pub certificate: Option<Arc<str>>,
    /// The virtual host that was asked for (RFC 7151), in small letters; roots may be for one.
    pub host: Option<Arc<str>>,
}

/// What an encrypted channel is made of, in the names of its protocol, and what the peer calls itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agreed {
    /// The peer's program, printable.
    pub ident: String,
    /// The key exchange.
    pub key_exchange: String,
    /// The kind of our own key, and how it signed.
    pub host_key: String,
    /// The cipher.
    pub cipher: String,
    /// The MAC; `None`: the cipher has its own.
    pub mac: Option<String>,
    /// What the owner has to allow for it, as the configuration calls that.
    pub profile: Option<String>,
}

impl Knock {
    /// Refuses a password of HTTP that came in the clear, unless that is allowed.
    pub(crate) fn is_protected(&self, clear_login: bool) -> Result<(), Refusal> {
        match (self.protocol, self.security, &self.credentials) {
            (Protocol::Http, Security::Clear, Credentials::Password { .. }) if !clear_login => {
                Err(Refusal::Unprotected)
            }
            _ => Ok(()),
        }
    }
}

/// Octets that are not printed and are overwritten when dropped (best effort: copies that the compiler
/// or the network stack made stay).
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes the octets over.
    pub fn new(octets: impl Into<Vec<u8>>) -> Secret {
        Secret(octets.into())
    }

    /// The octets.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        // Keeps the fill from being removed as dead.
        std::hint::black_box(&mut self.0);
    }
}
