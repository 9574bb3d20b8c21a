//! Keys: a host's, and what users show.

use russh::keys::key::safe_rng;
use russh::keys::ssh_key::private::{KeypairData, RsaKeypair};
use russh::keys::ssh_key::{self, certificate::CertType};
use russh::keys::{Algorithm, Certificate, EcdsaCurve, HashAlg};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Bits of an RSA key that is made here; 3,072 have the strength of the others.
const RSA_BITS: usize = 3_072;

/// What is wrong with a key.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadKey {
    /// Not one that is known.
    #[error("not a key that is known here: {0}")]
    Unreadable(String),
    /// A passphrase is needed.
    #[error("the key is encrypted and needs its passphrase")]
    Encrypted,
    /// The passphrase is another.
    #[error("the passphrase does not open the key")]
    WrongPassphrase,
}

/// A private key.
#[derive(Clone)]
pub struct PrivateKey(pub(super) ssh_key::PrivateKey);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.public().fingerprint())
    }
}

impl PrivateKey {
    /// The keys of a host: Ed25519, ECDSA (P-256) and RSA (3,072), without which old devices come to nobody. Takes
    /// a second or more, for RSA's primes.
    ///
    /// # Errors
    /// The library has no randomness.
    pub fn of_host() -> Result<[PrivateKey; 3], BadKey> {
        let broken = |e: ssh_key::Error| BadKey::Unreadable(e.to_string());
        let mut rng = safe_rng();
        let mut one = |algorithm| ssh_key::PrivateKey::random(&mut rng, algorithm).map_err(broken);
        let ed25519 = one(Algorithm::Ed25519)?;
        let ecdsa = one(Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 })?;
        let rsa = KeypairData::from(RsaKeypair::random(&mut rng, RSA_BITS).map_err(broken)?);
        let rsa = ssh_key::PrivateKey::new(rsa, "").map_err(broken)?;
        Ok([ed25519, ecdsa, rsa].map(PrivateKey))
    }

    /// An Ed25519 key.
    ///
    /// # Errors
    /// The library has no randomness.
    pub fn ed25519() -> Result<PrivateKey, BadKey> {
        let made = ssh_key::PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519);
        made.map(PrivateKey).map_err(|e| BadKey::Unreadable(e.to_string()))
    }

    /// An RSA key of so many bits, 1,024 at least. Takes its time.
    ///
    /// # Errors
    /// The library has no randomness, or makes none of that size.
    pub fn rsa(bits: usize) -> Result<PrivateKey, BadKey> {
        let broken = |e: ssh_key::Error| BadKey::Unreadable(e.to_string());
        let pair = KeypairData::from(RsaKeypair::random(&mut safe_rng(), bits).map_err(broken)?);
        ssh_key::PrivateKey::new(pair, "").map(PrivateKey).map_err(broken)
    }

    /// Reads a file's text: OpenSSH's own form, PKCS#8 or PKCS#1, with a passphrase where it has one.
    ///
    /// # Errors
    /// See [`BadKey`].
    pub fn read(text: &str, passphrase: Option<&str>) -> Result<PrivateKey, BadKey> {
        russh::keys::decode_secret_key(text, passphrase).map(PrivateKey).map_err(|e| match (e, passphrase) {
            (russh::keys::Error::KeyIsEncrypted, None) => BadKey::Encrypted,
            (russh::keys::Error::KeyIsEncrypted, Some(_)) => BadKey::WrongPassphrase,
            (russh::keys::Error::SshKey(ssh_key::Error::Crypto), Some(_)) => BadKey::WrongPassphrase,
            (other, _) => BadKey::Unreadable(other.to_string()),
        })
    }

    /// The text of a file, as OpenSSH has it. A secret.
    ///
    /// # Errors
    /// A key that has no such form.
    pub fn text(&self) -> Result<String, BadKey> {
        let text = self.0.to_openssh(ssh_key::LineEnding::LF);
        text.map(|text| text.as_str().to_owned()).map_err(|e| BadKey::Unreadable(e.to_string()))
    }

    /// Whether it signs in this way.
    pub(super) fn is_of(&self, kind: &Algorithm) -> bool {
        match kind {
            Algorithm::Rsa { .. } => self.0.algorithm().is_rsa(),
            other => self.0.algorithm() == *other,
        }
    }

    /// Its public half.
    pub fn public(&self) -> Key {
        Key::of(self.0.public_key())
    }
}

/// A public key.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Key {
    algorithm: String,
    blob: Vec<u8>,
    fingerprint: String,
}

impl Key {
    pub(super) fn of(key: &ssh_key::PublicKey) -> Key {
        Key {
            algorithm: match key.algorithm() {
                // The name of the key, whatever hash it signs with.
                Algorithm::Rsa { .. } => String::from("ssh-rsa"),
                other => other.as_str().to_owned(),
            },
            blob: key.to_bytes().unwrap_or_default(),
            fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
        }
    }

    /// Reads `ssh-ed25519 AAAA… comment`.
    ///
    /// # Errors
    /// [`BadKey::Unreadable`].
    pub fn read(text: &str) -> Result<Key, BadKey> {
        let key = ssh_key::PublicKey::from_openssh(text.trim());
        key.map(|key| Key::of(&key)).map_err(|e| BadKey::Unreadable(e.to_string()))
    }

    /// `ssh-ed25519 AAAA…`, as [`Key::read`] reads it.
    pub fn text(&self) -> String {
        let key = ssh_key::PublicKey::from_bytes(&self.blob).and_then(|key| key.to_openssh());
        // One that could not be read was never made.
        key.unwrap_or_default()
    }

    /// What kind: `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// As it is on the wire (RFC 4253 §6.6).
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

/// A user's certificate (OpenSSH's PROTOCOL.certkeys), whose own signature is right. Who trusts its authority is not
/// said here.
#[derive(Clone, Debug)]
pub struct Certified {
    /// The user's key.
    pub key: Key,
    /// Whoever signed it.
    pub authority: Key,
    /// What its maker calls it.
    pub id: String,
    /// Its number.
    pub serial: u64,
    /// Whom it is for; nobody in particular where there is none.
    pub principals: Vec<String>,
    /// From when; `None`: from ever.
    pub from: Option<SystemTime>,
    /// Until when; `None`: for ever.
    pub until: Option<SystemTime>,
    /// Conditions that whoever does not know them must refuse: names and values.
    pub critical: Vec<(String, String)>,
}

impl Certified {
    /// `None`: not a user's, or not signed by the one whom it names.
    pub(super) fn of(certificate: &Certificate) -> Option<Certified> {
        if certificate.cert_type() != CertType::User || certificate.verify_signature().is_err() {
            return None;
        }
        let key = |data: &ssh_key::public::KeyData| Key::of(&ssh_key::PublicKey::from(data.clone()));
        let at = |seconds: u64| UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        Some(Certified {
            key: key(certificate.public_key()),
            authority: key(certificate.signature_key()),
            id: certificate.key_id().to_owned(),
            serial: certificate.serial(),
            principals: certificate.valid_principals().to_vec(),
            from: at(certificate.valid_after()).filter(|_| certificate.valid_after() > 0),
            until: at(certificate.valid_before()).filter(|_| certificate.valid_before() < u64::MAX),
            critical: certificate
                .critical_options()
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        })
    }
}

/// A certificate of ours, to be shown with the key that it is of.
#[derive(Clone, Debug)]
pub struct OwnCertificate(pub(super) Certificate);

impl OwnCertificate {
    /// Reads `ssh-ed25519-cert-v01@openssh.com AAAA… comment`.
    ///
    /// # Errors
    /// [`BadKey::Unreadable`].
    pub fn read(text: &str) -> Result<OwnCertificate, BadKey> {
        let read = Certificate::from_openssh(text.trim());
        read.map(OwnCertificate).map_err(|e| BadKey::Unreadable(e.to_string()))
    }

    /// Whether it is of this key.
    pub fn is_of(&self, key: &PrivateKey) -> bool {
        self.0.public_key() == key.0.public_key().key_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written_and_shows_its_fingerprint() {
        let made = PrivateKey::ed25519().unwrap();
        let read = PrivateKey::read(&made.text().unwrap(), None).unwrap();
        assert_eq!(read.public(), made.public());
        assert_eq!(made.public().algorithm(), "ssh-ed25519");
        assert!(made.public().fingerprint().starts_with("SHA256:"));
        assert_ne!(PrivateKey::ed25519().unwrap().public(), made.public());
        assert!(!format!("{made:?}").contains("OPENSSH"), "a secret is not printed");
        assert!(matches!(PrivateKey::read("no key", None), Err(BadKey::Unreadable(_))));
    }

    #[test]
    fn the_fingerprint_is_the_one_that_ssh_keygen_prints() {
        // `ssh-keygen -l` of this line, OpenSSH 9.2.
        let line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti user@example.com";
        let key = Key::read(line).unwrap();
        assert_eq!(key.fingerprint(), "SHA256:UCUiLr7Pjs9wFFJMDByLgc3NrtdU344OgUM45wZPcIQ");
        assert_eq!(key.blob().len(), 51);
        assert_eq!(Key::read(&key.text()), Ok(key));
    }
}
