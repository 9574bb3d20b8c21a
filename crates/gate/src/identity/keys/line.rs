//! One line: `[options] type base64 [comment]` (sshd(8), AUTHORIZED_KEYS FILE FORMAT).

use super::options::{self, Options};
use super::shown::{ShownKey, fingerprint};
use base64ct::{Base64, Encoding as _};
use std::net::IpAddr;
use std::str::FromStr;
use std::time::SystemTime;

/// Octets of a line. A key of RSA with 16,384 bits has 2,800.
const LONGEST: usize = 16 << 10;

/// Kinds of keys, as they are named in files and in the key itself (RFC 4253 §6.6, RFC 5656, RFC 8709, OpenSSH's
/// PROTOCOL.u2f).
const KINDS: [&str; 7] = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// A key that somebody may log in with, or an authority whose certificates are taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthorizedKey {
    kind: &'static str,
    /// As it is on the wire: keys are the same where these are.
    blob: Box<[u8]>,
    comment: String,
    options: Options,
}

/// Text that is no line of authorized keys. Never shows a whole key.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadKey {
    /// Longer than any key.
    #[error("a line of {len} octets: a key has at most {LONGEST}")]
    TooLong {
        /// Its octets.
        len: usize,
    },
    /// More keys than one user has.
    #[error("more than {most} keys: give them to several users, or use cert-authority")]
    TooMany {
        /// As many as there may be.
        most: usize,
    },
    /// Options and no key, or nothing.
    #[error("no key: write 'ssh-ed25519 AAAA… comment', as it stands in the .pub file")]
    NoKey,
    /// A private key, or another kind of file.
    #[error("this is a private key: keep it, and write what stands in its .pub file")]
    Private,
    /// A kind that is not taken.
    #[error("keys of the kind {0} are not taken: they are too weak; make one by ssh-keygen -t ed25519")]
    Weak(&'static str),
    /// A certificate.
    #[error(
        "a certificate is shown and not written down: write its authority's key, with cert-authority before it"
    )]
    Certificate,
    /// Not base64.
    #[error("the key is damaged: what follows {0} is not base64; copy the line again")]
    Base64(&'static str),
    /// The key says that it is another kind.
    #[error("the key is damaged: it says {said} before the key and another kind in it; copy the line again")]
    OtherKind {
        /// What stands before it.
        said: &'static str,
    },
    /// A word that is neither an option nor a kind of key.
    #[error("'{0}' is neither an option nor a kind of key: see sshd(8) for what may stand before a key")]
    Unknown(String),
    /// An option that would promise what is not done here.
    #[error("{option}: {why}; the key would do more here than it says")]
    NotKept {
        /// Which.
        option: &'static str,
        /// Why.
        why: &'static str,
    },
    /// The same option twice.
    #[error("{0} stands there twice")]
    Twice(&'static str),
    /// A value that is none, or that is missing or too much.
    #[error("{option}: {why}")]
    Value {
        /// Which.
        option: &'static str,
        /// Why.
        why: String,
    },
    /// A quote that does not end.
    #[error("a value without its closing quote")]
    Quote,
    /// `principals=` of what is no authority.
    #[error("principals says who a certificate may be for: it needs cert-authority")]
    Principals,
}

impl FromStr for AuthorizedKey {
    type Err = BadKey;

    fn from_str(line: &str) -> Result<AuthorizedKey, BadKey> {
        if line.len() > LONGEST {
            return Err(BadKey::TooLong { len: line.len() });
        }
        let line = line.trim();
        if line.starts_with("-----BEGIN") {
            return Err(BadKey::Private);
        }
        let (options, rest) = match kind(line)? {
            Some(_) => (Options::default(), line),
            None => options::parse(line)?,
        };
        let Some(kind) = kind(rest)? else {
            let word = rest.split_whitespace().next().unwrap_or_default();
            return Err(if word.is_empty() { BadKey::NoKey } else { BadKey::Unknown(shortened(word)) });
        };
        let mut words = rest[kind.len()..].trim_start().splitn(2, [' ', '\t']);
        let base64 = words.next().filter(|text| !text.is_empty()).ok_or(BadKey::NoKey)?;
        let blob = Base64::decode_vec(base64).map_err(|_| BadKey::Base64(kind))?;
        if named(&blob) != Some(kind.as_bytes()) {
            return Err(BadKey::OtherKind { said: kind });
        }
        let comment = words.next().unwrap_or_default().trim().to_owned();
        Ok(AuthorizedKey { kind, blob: blob.into(), comment, options })
    }
}

/// The kind that a line begins with; `None`: it begins with something else.
fn kind(line: &str) -> Result<Option<&'static str>, BadKey> {
    let word = line.split([' ', '\t']).next().unwrap_or_default();
    if word == "ssh-dss" {
        return Err(BadKey::Weak("ssh-dss"));
    }
    if word.contains("-cert-v0") && !word.contains(['=', ',', '"']) {
        return Err(BadKey::Certificate);
    }
    Ok(KINDS.into_iter().find(|kind| *kind == word))
}

/// The kind that a key itself says, if there is anything behind it (RFC 4253 §6.6: a string first).
fn named(blob: &[u8]) -> Option<&[u8]> {
    let (len, rest) = blob.split_first_chunk::<4>()?;
    let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
    rest.get(..len).filter(|name| name.len() < rest.len())
}

/// A word of somebody's for a message.
pub(super) fn shortened(word: &str) -> String {
    word.chars().take(32).collect::<String>().escape_debug().to_string()
}

impl AuthorizedKey {
    /// Its kind, as `ssh-keygen` calls it: `ssh-ed25519`.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// What stands behind the key.
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.blob)
    }

    /// Whether it is an authority: its certificates are taken, and it itself is no key to log in with.
    pub fn is_authority(&self) -> bool {
        self.options.authority.is_some()
    }

    /// From when on it counts no more.
    pub fn expiry(&self) -> Option<SystemTime> {
        self.options.expires
    }

    /// Whether what a peer shows is this, from there and at that time.
    pub(super) fn admits(&self, shown: &ShownKey, user: &str, peer: IpAddr, now: SystemTime) -> bool {
        let options = &self.options;
        let is_it = match (&options.authority, &shown.certificate) {
            (None, None) => shown.blob == *self.blob,
            (Some(authority), Some(certificate)) => {
                certificate.authority == *self.blob
                    && certificate.is_good(peer, now)
                    && authority.names(certificate, user)
            }
            (None, Some(_)) | (Some(_), None) => false,
        };
        is_it
            && options.expires.is_none_or(|at| now < at)
            && options.from.as_ref().is_none_or(|from| from.let_in(peer))
    }
}
