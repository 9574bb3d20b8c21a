//! Which algorithms are offered, and in which order.

use super::kexinit::{Agreed, Kind, Offer, agree};
use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{Preferred, cipher, compression, kex, mac};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// What a connection may be made of. Each holds all of the one before, and what it adds comes last, so that nobody who
/// can do better ends up with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Profile {
    /// What nothing is known against.
    #[default]
    Modern,
    /// Also SHA-1 in key exchange, signatures and MACs: servers and devices of the years before 2015.
    Compat,
    /// Also what IOS 12 and 15 know: group1, CBC, 3DES.
    LegacyIos,
}

impl Profile {
    /// Each, the strictest first.
    pub const ALL: [Profile; 3] = [Profile::Modern, Profile::Compat, Profile::LegacyIos];

    /// For the library, with host keys of these kinds first: those that are known of a host.
    pub(super) fn preferring(self, kinds: &[String]) -> Preferred {
        let mut preferred = self.preferred();
        preferred.key.to_mut().sort_by_key(|algorithm| {
            let is_rsa = matches!(algorithm, Algorithm::Rsa { .. });
            let name = if is_rsa { "ssh-rsa" } else { algorithm.as_str() };
            !kinds.iter().any(|kind| kind == name)
        });
        preferred
    }

    /// For the library.
    pub(super) fn preferred(self) -> Preferred {
        Preferred {
            kex: Cow::Owned(self.up_to(&KEX)),
            key: Cow::Owned(self.up_to(&KEYS)),
            host_key_certificates: Cow::Borrowed(&[]),
            cipher: Cow::Owned(self.up_to(&CIPHERS)),
            mac: Cow::Owned(self.up_to(&MACS)),
            // What is copied is compressed already, and a bomb has no fuse.
            compression: Cow::Borrowed(&[compression::NONE]),
        }
    }

    /// What a client offers with it.
    pub fn offer(self) -> Offer {
        offer(&self.preferred(), Side::Client)
    }

    /// What a client with it and this server agree on, as [`super::client::Connection`] does it: less is offered where the
    /// server does not keep the strict order of the key exchange and it would come to what can be attacked.
    ///
    /// # Errors
    /// The first kind of which they have nothing in common.
    pub fn meets(self, server: &Offer) -> Result<Agreed, Kind> {
        let offers: Vec<_> = steps(&self.preferred()).iter().map(|less| offer(less, Side::Client)).collect();
        let all = agree(&offers[0], server)?;
        if !all.is_open_to_terrapin() {
            return Ok(all);
        }
        agree(&offers[step(&offers, Some(server), Side::Client)], server)
    }

    /// The strictest that has all that was agreed; `None`: none has.
    pub fn that_has(agreed: &Agreed) -> Option<Profile> {
        Profile::ALL.into_iter().find(|profile| {
            let offer = profile.offer();
            let has = |names: &[String], name: &String| names.contains(name);
            has(&offer.key_exchanges, &agreed.key_exchange)
                && has(&offer.host_keys, &agreed.host_key)
                && agreed.ciphers.iter().all(|cipher| has(&offer.ciphers[0], cipher))
                && agreed.macs.iter().flatten().all(|mac| has(&offer.macs[0], mac))
        })
    }

    fn up_to<T: Clone>(self, rows: &[(Profile, &[T])]) -> Vec<T> {
        rows.iter().filter(|(from, _)| *from <= self).flat_map(|(_, names)| names.iter().cloned()).collect()
    }
}

/// One of the two ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Client,
    Server,
}

/// As the library offers it.
pub(super) fn offer(preferred: &Preferred, side: Side) -> Offer {
    // What only the other side says.
    let others = match side {
        Side::Client => [kex::EXTENSION_SUPPORT_AS_SERVER, kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER],
        Side::Server => [kex::EXTENSION_SUPPORT_AS_CLIENT, kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT],
    };
    let kex = preferred.kex.iter().filter(|name| !others.contains(name));
    let both = |names: Vec<String>| [names.clone(), names];
    Offer {
        key_exchanges: kex.map(|name| name.as_ref().to_owned()).collect(),
        host_keys: preferred.key.iter().map(ToString::to_string).collect(),
        ciphers: both(preferred.cipher.iter().map(|name| name.as_ref().to_owned()).collect()),
        macs: both(preferred.mac.iter().map(|name| name.as_ref().to_owned()).collect()),
        compressions: both(preferred.compression.iter().map(|name| name.as_ref().to_owned()).collect()),
    }
}

/// The same with less and less of what a peer must not choose that does not keep the strict order of the key exchange
/// (CVE-2023-48795): all, without ChaCha20-Poly1305, and where there is CBC without it, or without MACs over what it
/// encrypted.
pub(super) fn steps(preferred: &Preferred) -> Vec<Preferred> {
    let mut steps = vec![preferred.clone()];
    let is_cbc = |name: &cipher::Name| name.as_ref().ends_with("-cbc");
    let mut next = preferred.clone();
    next.cipher.to_mut().retain(|name| *name != cipher::CHACHA20_POLY1305);
    steps.push(next.clone());
    if next.cipher.iter().any(is_cbc) {
        let mut other = next.clone();
        other.cipher.to_mut().retain(|name| !is_cbc(name));
        steps.push(other);
        next.mac.to_mut().retain(|name| ![mac::HMAC_SHA256_ETM, mac::HMAC_SHA512_ETM].contains(name));
        steps.push(next);
    }
    steps
}

/// Which of [`steps`] a peer is offered: the first of which comes what nobody between can cut the beginning off, or else
/// the last, of which nothing comes, and which also is for a peer of which nothing is known. Each with what we offer of it.
pub(super) fn step(steps: &[Offer], peer: Option<&Offer>, side: Side) -> usize {
    let last = steps.len() - 1;
    let Some(peer) = peer else { return last };
    let safe = steps.iter().position(|ours| {
        let agreed = match side {
            Side::Client => agree(ours, peer),
            Side::Server => agree(peer, ours),
        };
        agreed.is_ok_and(|agreed| !agreed.is_open_to_terrapin())
    });
    safe.unwrap_or(last)
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Profile::Modern => "modern",
            Profile::Compat => "compat",
            Profile::LegacyIos => "legacy-ios",
        })
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Profile, String> {
        let found = Profile::ALL.into_iter().find(|p| p.to_string() == text);
        found.ok_or_else(|| format!("'{text}': a profile is modern, compat or legacy-ios"))
    }
}

/// The names that say something else than a key exchange stand with the first: every profile has them.
const KEX: [(Profile, &[kex::Name]); 3] = [
    (
        Profile::Modern,
        &[
            kex::MLKEM768X25519_SHA256,
            kex::CURVE25519,
            kex::CURVE25519_PRE_RFC_8731,
            // Recent IOS-XE offers these first.
            kex::ECDH_SHA2_NISTP256,
            kex::ECDH_SHA2_NISTP384,
            kex::ECDH_SHA2_NISTP521,
            kex::DH_GEX_SHA256,
            kex::DH_G16_SHA512,
            kex::DH_G18_SHA512,
            kex::DH_G14_SHA256,
            kex::EXTENSION_SUPPORT_AS_CLIENT,
            kex::EXTENSION_SUPPORT_AS_SERVER,
            kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
            kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
        ],
    ),
    (Profile::Compat, &[kex::DH_GEX_SHA1, kex::DH_G14_SHA1]),
    (Profile::LegacyIos, &[kex::DH_G1_SHA1]),
];

const KEYS: [(Profile, &[Algorithm]); 2] = [
    (
        Profile::Modern,
        &[
            Algorithm::Ed25519,
            Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
            Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
            Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
            Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
            Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
        ],
    ),
    (Profile::Compat, &[Algorithm::Rsa { hash: None }]),
];

/// GCM first: with AES in hardware it costs half of what ChaCha20 does.
const CIPHERS: [(Profile, &[cipher::Name]); 2] = [
    (
        Profile::Modern,
        &[
            cipher::AES_128_GCM,
            cipher::AES_256_GCM,
            cipher::CHACHA20_POLY1305,
            cipher::AES_128_CTR,
            cipher::AES_192_CTR,
            cipher::AES_256_CTR,
        ],
    ),
    (
        Profile::LegacyIos,
        &[cipher::AES_128_CBC, cipher::AES_192_CBC, cipher::AES_256_CBC, cipher::TRIPLE_DES_CBC],
    ),
];

const MACS: [(Profile, &[mac::Name]); 2] = [
    (Profile::Modern, &[mac::HMAC_SHA256_ETM, mac::HMAC_SHA512_ETM, mac::HMAC_SHA256, mac::HMAC_SHA512]),
    // Not the one that encrypts first: with CBC and without strict key exchange it is open to Terrapin.
    (Profile::Compat, &[mac::HMAC_SHA1]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn names(profile: Profile) -> [Vec<String>; 3] {
        let Preferred { kex, cipher, mac, .. } = profile.preferred();
        [
            kex.iter().map(|n| n.as_ref().to_owned()).collect(),
            cipher.iter().map(|n| n.as_ref().to_owned()).collect(),
            mac.iter().map(|n| n.as_ref().to_owned()).collect(),
        ]
    }

    #[test]
    fn what_is_old_comes_last_and_only_where_it_is_asked_for() {
        let [modern, compat, legacy] = Profile::ALL.map(names);
        for (less, more) in [(&modern, &compat), (&compat, &legacy)] {
            for (less, more) in less.iter().zip(more) {
                assert!(more.starts_with(less), "{less:?} {more:?}");
            }
        }
        let old = ["sha1", "cbc", "3des"];
        for name in modern.iter().flatten() {
            assert!(!old.iter().any(|o| name.contains(o)), "{name}");
        }
        assert_eq!(legacy[0].last().unwrap(), "diffie-hellman-group1-sha1");
        assert_eq!(legacy[1].last().unwrap(), "3des-cbc");
        assert_eq!(legacy[2].last().unwrap(), "hmac-sha1");
        assert!(!compat[1].iter().any(|name| name.contains("cbc")));
    }

    #[test]
    fn a_profile_reads_what_it_is_called() {
        for profile in Profile::ALL {
            assert_eq!(profile.to_string().parse(), Ok(profile));
        }
        assert!("ios".parse::<Profile>().is_err());
    }
}
