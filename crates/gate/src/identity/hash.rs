//! Hashes of passwords: argon2id is what we make, the others are what operators bring along.

use super::md5_crypt::{self, Magic};
use crate::Secret;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use std::fmt;

/// Octets of a password. OpenSSH takes 1,024; the SHA-crypts hash a long one 5,000 times, and nobody types this.
pub const LONGEST_PASSWORD: usize = 512;

/// Memory that one hash may ask for, KiB: four are computed at once.
const MOST_KIB: u64 = 256 * 1_024;
/// Of the SHA-crypts: some seconds.
const MOST_ROUNDS: u32 = 5_000_000;
/// Of bcrypt: some seconds; each further one doubles it.
const MOST_BCRYPT: u32 = 16;
/// Passes of argon2id over its memory.
const MOST_PASSES: u32 = 64;

/// The hash of one password. Can be guessed against: it has no Debug and no Display.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Hash {
    text: Box<str>,
    cost: Cost,
}

/// What a verification takes: hashes of equal cost take equally long.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Cost {
    Argon2id {
        kib: u32,
        passes: u32,
        lanes: u32,
    },
    Bcrypt {
        log_rounds: u32,
    },
    Sha256 {
        rounds: u32,
    },
    Sha512 {
        rounds: u32,
    },
    Md5(Magic),
    /// `yescrypt` with its parameters as they are written.
    Yescrypt {
        parameters: Box<str>,
    },
}

/// How a password is hashed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum HashKind {
    /// `$argon2id$` (RFC 9106): what towline makes.
    Argon2id,
    /// `$2a$`, `$2b$`, `$2y$`: of htpasswd -B, of BSD.
    Bcrypt,
    /// `$5$`: SHA-crypt with SHA-256.
    Sha256Crypt,
    /// `$6$`: SHA-crypt with SHA-512, of /etc/shadow for many years.
    Sha512Crypt,
    /// `$1$` and `$apr1$`: of old password files, and of IOS's `secret 5`.
    Md5Crypt,
    /// `$y$`: of /etc/shadow today.
    Yescrypt,
}

impl fmt::Display for HashKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HashKind::Argon2id => "argon2id",
            HashKind::Bcrypt => "bcrypt",
            HashKind::Sha256Crypt => "sha256-crypt",
            HashKind::Sha512Crypt => "sha512-crypt",
            HashKind::Md5Crypt => "md5-crypt",
            HashKind::Yescrypt => "yescrypt",
        })
    }
}

/// What is no hash of a password; never shows the text itself.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadHash {
    /// It begins like none of them.
    #[error(
        "not the hash of a password; towline user add makes one ($argon2id$…), and those of bcrypt, $1$, $5$, $6$, \
         $apr1$ and $y$ are taken"
    )]
    Unknown,
    /// It begins like one, and goes on otherwise.
    #[error("not a {kind} hash: {why}; copy it again, whole")]
    Malformed {
        /// What it begins like.
        kind: HashKind,
        /// In words.
        why: &'static str,
    },
    /// Each login would take too much.
    #[error("this {kind} hash costs too much: {asked}, where at most {most} is taken")]
    TooDear {
        /// Its kind.
        kind: HashKind,
        /// Its parameter.
        asked: String,
        /// The most.
        most: String,
    },
}

impl Hash {
    /// The argon2id hash of a password with a fresh salt: 19 MiB, two passes (OWASP's first choice).
    pub(crate) fn of(password: &Secret) -> Hash {
        // Fails where the system gives no random octets or the password has 4 GiB.
        let hash: PasswordHash =
            Argon2::default().hash_password(password.expose()).expect("the system gives random octets");
        let cost = argon2id(&hash.to_string()).expect("we made it");
        Hash { text: hash.to_string().into(), cost }
    }

    /// Reads a hash as it stands in a file.
    pub(crate) fn parse(text: &str) -> Result<Hash, BadHash> {
        let cost = match text.split('$').nth(1) {
            _ if !text.starts_with('$') => return Err(BadHash::Unknown),
            Some("argon2id") => argon2id(text)?,
            Some("2a" | "2b" | "2y") => bcrypt_cost(text)?,
            Some("5") => Cost::Sha256 { rounds: sha_crypt(text, HashKind::Sha256Crypt, 43)? },
            Some("6") => Cost::Sha512 { rounds: sha_crypt(text, HashKind::Sha512Crypt, 86)? },
            Some("1") => md5(text, Magic::Crypt)?,
            Some("apr1") => md5(text, Magic::Apache)?,
            Some("y") => yescrypt_cost(text)?,
            Some(_) | None => return Err(BadHash::Unknown),
        };
        Ok(Hash { text: text.into(), cost })
    }

    pub(crate) fn kind(&self) -> HashKind {
        match &self.cost {
            Cost::Argon2id { .. } => HashKind::Argon2id,
            Cost::Bcrypt { .. } => HashKind::Bcrypt,
            Cost::Sha256 { .. } => HashKind::Sha256Crypt,
            Cost::Sha512 { .. } => HashKind::Sha512Crypt,
            Cost::Md5(_) => HashKind::Md5Crypt,
            Cost::Yescrypt { .. } => HashKind::Yescrypt,
        }
    }

    pub(crate) fn cost(&self) -> &Cost {
        &self.cost
    }

    /// As it stands in a file.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether this is the password's hash; takes what its cost says, whatever the password.
    pub(crate) fn verify(&self, password: &Secret) -> bool {
        let password = password.expose();
        // No hash here is of more (a login with more is wrong), and the time must not grow with what a stranger sends.
        let (octets, fits) = match password.get(..LONGEST_PASSWORD) {
            None => (password, true),
            Some(start) => (start, start.len() == password.len()),
        };
        // crypt(3) ends a password at its first zero octet: two different ones would both be right.
        let fits = fits && (self.kind() == HashKind::Argon2id || !octets.contains(&0));
        let right = match &self.cost {
            Cost::Argon2id { .. } => PasswordHash::new(&self.text)
                .is_ok_and(|hash| Argon2::default().verify_password(octets, &hash).is_ok()),
            Cost::Bcrypt { .. } => bcrypt::verify(octets, &self.text).unwrap_or(false),
            Cost::Sha256 { .. } | Cost::Sha512 { .. } => {
                sha_crypt::ShaCrypt::default().verify_password(octets, &*self.text).is_ok()
            }
            Cost::Yescrypt { .. } => {
                yescrypt::Yescrypt::default().verify_password(octets, &*self.text).is_ok()
            }
            Cost::Md5(magic) => {
                let (salt, expected) = md5_parts(&self.text, *magic).expect("parse looked");
                same(&md5_crypt::hash(*magic, octets, salt.as_bytes()), expected.as_bytes())
            }
        };
        right && fits
    }
}

/// Compares without telling by time where they differ.
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |d, (x, y)| d | (x ^ y)) == 0
}

fn argon2id(text: &str) -> Result<Cost, BadHash> {
    let kind = HashKind::Argon2id;
    let bad = |why| BadHash::Malformed { kind, why };
    let hash =
        PasswordHash::new(text).map_err(|_| bad("it is not in PHC form ($argon2id$v=19$m=…,t=…,p=…$…$…)"))?;
    if hash.hash.is_none() || hash.salt.is_none() {
        return Err(bad("salt or hash are missing"));
    }
    let p = argon2::Params::try_from(&hash).map_err(|_| bad("m, t or p is none"))?;
    affordable(kind, "m", u64::from(p.m_cost()), MOST_KIB)?;
    affordable(kind, "t", u64::from(p.t_cost()), u64::from(MOST_PASSES))?;
    Ok(Cost::Argon2id { kib: p.m_cost(), passes: p.t_cost(), lanes: p.p_cost() })
}

fn bcrypt_cost(text: &str) -> Result<Cost, BadHash> {
    let kind = HashKind::Bcrypt;
    let parts: bcrypt::HashParts = text
        .parse()
        .map_err(|_| BadHash::Malformed { kind, why: "$2b$, two digits, $ and 53 characters are one" })?;
    let log_rounds = parts.get_cost();
    affordable(kind, "cost", u64::from(log_rounds), u64::from(MOST_BCRYPT))?;
    if log_rounds < 4 {
        return Err(BadHash::Malformed { kind, why: "the cost is at least 4" });
    }
    Ok(Cost::Bcrypt { log_rounds })
}

/// `$6$[rounds=N$]SALT$HASH`.
fn sha_crypt(text: &str, kind: HashKind, len: usize) -> Result<u32, BadHash> {
    let bad = |why| BadHash::Malformed { kind, why };
    let mut fields: Vec<&str> = text.split('$').skip(2).collect();
    let rounds = match fields.first().and_then(|f| f.strip_prefix("rounds=")) {
        None => sha_crypt::Params::RECOMMENDED_ROUNDS,
        Some(n) => {
            fields.remove(0);
            n.parse().ok().filter(|n| *n >= 1_000).ok_or_else(|| bad("rounds= wants 1000 or more"))?
        }
    };
    affordable(kind, "rounds", u64::from(rounds), u64::from(MOST_ROUNDS))?;
    let [salt, hash] = fields[..] else { return Err(bad("a salt, $ and the hash are wanted")) };
    if salt.len() > 16 {
        return Err(bad("the salt has more than 16 characters"));
    }
    if hash.len() != len || !is_crypt_base64(hash) {
        return Err(bad("the hash has not its length, or other characters than ./0-9A-Za-z"));
    }
    Ok(rounds)
}

fn md5(text: &str, magic: Magic) -> Result<Cost, BadHash> {
    match md5_parts(text, magic) {
        Some(_) => Ok(Cost::Md5(magic)),
        None => Err(BadHash::Malformed {
            kind: HashKind::Md5Crypt,
            why: "a salt of at most 8 characters, $ and 22 characters ./0-9A-Za-z are wanted",
        }),
    }
}

fn md5_parts(text: &str, magic: Magic) -> Option<(&str, &str)> {
    let (salt, hash) = text.strip_prefix(magic.text())?.split_once('$')?;
    let fits = salt.len() <= md5_crypt::SALT && hash.len() == md5_crypt::LEN && is_crypt_base64(hash);
    fits.then_some((salt, hash))
}

/// `$y$PARAMETERS$SALT$HASH`.
fn yescrypt_cost(text: &str) -> Result<Cost, BadHash> {
    let kind = HashKind::Yescrypt;
    let bad = |why| BadHash::Malformed { kind, why };
    let fields: Vec<&str> = text.split('$').skip(2).collect();
    let [parameters, salt, hash] = fields[..] else {
        return Err(bad("parameters, salt and hash are wanted"));
    };
    let p: yescrypt::Params = parameters.parse().map_err(|_| bad("its parameters are none"))?;
    // Lengths first: they bound what the crate allocates.
    if salt.len() > 86 || hash.len() != 43 || !is_crypt_base64(salt) || !is_crypt_base64(hash) {
        return Err(bad("salt or hash have not their length, or other characters than ./0-9A-Za-z"));
    }
    let octets = 128u64.saturating_mul(u64::from(p.r())).saturating_mul(p.n());
    affordable(kind, "memory (KiB)", octets / 1_024, MOST_KIB)?;
    affordable(kind, "parallelism", u64::from(p.p()), 16)?;
    Ok(Cost::Yescrypt { parameters: parameters.into() })
}

fn is_crypt_base64(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'/')
}

fn affordable(kind: HashKind, what: &str, asked: u64, most: u64) -> Result<(), BadHash> {
    if asked <= most {
        return Ok(());
    }
    Err(BadHash::TooDear { kind, asked: format!("{what} {asked}"), most: most.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by libxcrypt 4.4 (perl's crypt) and by `openssl passwd`, none by what reads them here.
    const FOREIGN: [(&str, &str, HashKind); 11] = [
        ("hunter2", "$1$abcdefgh$vhxKZ/s1ygZHyCEDPyqtQ/", HashKind::Md5Crypt),
        ("", "$1$ab$rn6aQS/o7141mj179E/zA.", HashKind::Md5Crypt),
        (LONG, "$1$saltsalt$D2YvKi/OkRuQR16LcpsTq/", HashKind::Md5Crypt),
        ("hunter2", "$apr1$abcdefgh$ckT15POyCRlen.h6XtGAZ1", HashKind::Md5Crypt),
        (LONG, "$apr1$x$GlzpEbLt/m29abhxD1swm.", HashKind::Md5Crypt),
        ("hunter2", "$5$saltstring$9JBjAeLRHX/Lm/1Njo98nbLiUsNRFEuARumLKkxJMm7", HashKind::Sha256Crypt),
        (
            "hunter2",
            "$6$rounds=10000$saltstringsaltst$B2zY0XSejvWqxaIslE79JBzmu09DwRVf2/UY8TBtefp.9xxbjtDrLFzFgcPrt1KgDf1MZ3BoAlYbeCko17pdH/",
            HashKind::Sha512Crypt,
        ),
        (
            "hunter2",
            "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$PmNgGTLMFjJn.URBv11CpTEm5RwlKtPjRtztKe6.b33",
            HashKind::Yescrypt,
        ),
        ("hunter2", "$2b$05$abcdefghijklmnopqrstuuoXuKqgZXLiJqzfmMXDDhSFPIvxV7t8.", HashKind::Bcrypt),
        ("hunter2", "$2y$05$abcdefghijklmnopqrstuuoXuKqgZXLiJqzfmMXDDhSFPIvxV7t8.", HashKind::Bcrypt),
        ("hunter2", "$2a$05$abcdefghijklmnopqrstuuoXuKqgZXLiJqzfmMXDDhSFPIvxV7t8.", HashKind::Bcrypt),
    ];
    const LONG: &str = "a longer password than sixteen octets: 0123456789";

    #[test]
    fn hashes_of_other_programs_are_verified() {
        for (password, text, kind) in FOREIGN {
            let hash = Hash::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(hash.kind(), kind);
            assert!(hash.verify(&Secret::new(password)), "{text}");
            for wrong in ["hunter3", "Hunter2", "hunter2\0", "hunter2 "] {
                assert!(!hash.verify(&Secret::new(wrong)), "{text} {wrong:?}");
            }
            assert!(!hash.verify(&Secret::new("x".repeat(100_000))), "{text}");
        }
    }

    #[test]
    fn what_is_no_hash_or_costs_too_much_is_refused_and_not_shown() {
        let argon =
            |parameters: &str| format!("$argon2id$v=19${parameters}$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA");
        let bad = [
            String::from(""),
            String::from("hunter2"),
            String::from("$"),
            String::from("$$"),
            String::from("$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA"),
            String::from("$argon2id$v=19$m=8,t=1,p=1"),
            argon("m=9999999,t=1,p=1"),
            argon("m=64,t=99999,p=1"),
            String::from("$2b$12$abcdefghijklmnopqrstuv"),
            String::from("$2b$31$abcdefghijklmnopqrstuuoXuKqgZXLiJqzfmMXDDhSFPIvxV7t8."),
            String::from("$1$abcdefghi$vhxKZ/s1ygZHyCEDPyqtQ/"),
            String::from("$1$abcdefgh$vhxKZ/s1ygZHyCEDPyqtQ"),
            String::from("$5$rounds=999$saltstring$9JBjAeLRHX/Lm/1Njo98nbLiUsNRFEuARumLKkxJMm7"),
            String::from("$5$rounds=999999999$saltstring$9JBjAeLRHX/Lm/1Njo98nbLiUsNRFEuARumLKkxJMm7"),
            String::from("$6$saltstring$9JBjAeLRHX/Lm/1Njo98nbLiUsNRFEuARumLKkxJMm7"),
            String::from("$y$j9T$F5Jx5fExrKuPp53xLKQ..1$PmNg"),
            String::from("$y$jzT$F5Jx5fExrKuPp53xLKQ..1$PmNgGTLMFjJn.URBv11CpTEm5RwlKtPjRtztKe6.b33"),
            String::from("$3$$8846f7eaee8fb117ad06bdd830b7586c"),
        ];
        for text in bad {
            let error = Hash::parse(&text).err().unwrap_or_else(|| panic!("{text} was taken")).to_string();
            assert!(text.len() < 4 || !error.contains(&text), "{error}");
        }
    }
}
