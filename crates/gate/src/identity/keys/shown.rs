//! What a peer shows instead of a password.

use crate::clients::Net;
use base64ct::{Base64Unpadded, Encoding as _};
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::time::SystemTime;

/// A key that is the peer's own, as whoever speaks SSH has verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownKey {
    /// As it is on the wire (RFC 4253 §6.6).
    pub blob: Vec<u8>,
    /// Who vouches for it: the key itself then needs to be known to nobody.
    pub certificate: Option<Certificate>,
}

impl ShownKey {
    /// A key without a certificate.
    pub fn plain(blob: impl Into<Vec<u8>>) -> ShownKey {
        ShownKey { blob: blob.into(), certificate: None }
    }

    /// For the log: `SHA256:…` of the key, and who vouches for it.
    pub fn told(&self) -> String {
        let key = fingerprint(&self.blob);
        match &self.certificate {
            None => key,
            Some(certificate) => {
                let Certificate { id, serial, authority, .. } = certificate;
                let id: String = id.chars().take(128).collect();
                format!("{key} certificate {id:?} serial {serial} of {}", fingerprint(authority))
            }
        }
    }
}

/// A user's certificate (OpenSSH's PROTOCOL.certkeys), whose signature is verified; all else is judged here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// Who signed it, as it is on the wire.
    pub authority: Vec<u8>,
    /// What its maker calls it.
    pub id: String,
    /// Its number.
    pub serial: u64,
    /// Whom it is for. Without any it is good for nobody.
    pub principals: Vec<String>,
    /// From when; `None`: from ever.
    pub from: Option<SystemTime>,
    /// Until when; `None`: for ever.
    pub until: Option<SystemTime>,
    /// Names and values of conditions that whoever does not know them must refuse.
    pub critical: Vec<(String, String)>,
}

impl Certificate {
    /// Whether it counts now and from there, and every condition is one that is kept.
    pub(super) fn is_good(&self, peer: IpAddr, now: SystemTime) -> bool {
        let is_time = self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until);
        is_time
            && self.critical.iter().all(|(name, value)| match name.as_str() {
                "source-address" => value.split(',').any(|net| is_within(net.trim(), peer)),
                // force-command, verify-required, and whatever comes: not kept here.
                _other => false,
            })
    }
}

fn is_within(net: &str, peer: IpAddr) -> bool {
    net.parse::<Net>().is_ok_and(|net| net.holds(peer))
}

/// `SHA256:…` without padding, as OpenSSH prints it.
pub(super) fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", Base64Unpadded::encode_string(&Sha256::digest(blob)))
}
