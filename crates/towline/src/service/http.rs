//! HTTP's settings and HTTPS's certificate, from the configuration.

use crate::config::Loaded;
use crate::exit::{Exit, Failure};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};
use serve::http::HttpConfig;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use transport::tls::Identity;

/// The server's settings.
pub(super) fn of(loaded: &Loaded) -> HttpConfig {
    let limits = &loaded.config.limits;
    HttpConfig {
        head: limits.login_timeout,
        idle: limits.idle_timeout,
        no_progress: limits.stall_timeout,
        ..HttpConfig::default()
    }
}

/// What HTTPS shows.
pub(super) struct Shown {
    pub(super) identity: Identity,
    /// Whether it was made for this run: nobody vouches for it.
    pub(super) made: bool,
}

impl Shown {
    /// The certificate of the configuration, or one that is made now.
    pub(super) fn of(loaded: &Loaded) -> Result<Option<Shown>, Failure> {
        let https = &loaded.config.https;
        match (&https.cert, &https.key) {
            (Some(cert), Some(key)) => {
                not_for_others(key)?;
                let identity = Identity::from_files(cert, key).map_err(|e| {
                    let way_out = "give a certificate and its own key as PEM, or leave both out";
                    Failure::usage(loaded.thing("https.cert"), e, way_out)
                })?;
                Ok(Some(Shown { identity, made: false }))
            }
            (None, None) => Ok(Some(Shown { identity: made(&names())?, made: true })),
            (Some(_), None) => Err(half(loaded, "https.cert", "there is no key to it", "add key = \"FILE\"")),
            (None, Some(_)) => {
                Err(half(loaded, "https.key", "there is no certificate to it", "add cert = \"FILE\""))
            }
        }
    }

    /// SHA-256 of the certificate, as browsers and `openssl x509 -fingerprint -sha256` show it.
    pub(super) fn fingerprint(&self) -> String {
        let mut text = String::new();
        for (n, octet) in Sha256::digest(self.identity.certificate()).iter().enumerate() {
            let _ = write!(text, "{}{octet:02X}", if n > 0 { ":" } else { "" });
        }
        text
    }
}

fn half(loaded: &Loaded, path: &str, what: &str, way_out: &str) -> Failure {
    Failure::usage(loaded.thing(path), what, way_out)
}

/// A private key that others can read is none.
fn not_for_others(key: &Path) -> Result<(), Failure> {
    let facts = std::fs::metadata(key).map_err(|e| Failure::local(key.display(), &e))?;
    if facts.permissions().mode() & 0o007 != 0 {
        let way_out = format!("chmod o= {}", key.display());
        return Err(Failure::usage(
            key.display(),
            "a private key that every user of this host can read",
            way_out,
        ));
    }
    Ok(())
}

/// What a made certificate is for: this host's addresses and names.
fn names() -> Vec<SanType> {
    let interfaces = transport::interfaces().unwrap_or_default();
    let mut addresses: Vec<IpAddr> =
        interfaces.iter().filter(|i| !i.is_link_local()).map(|i| i.address).collect();
    addresses.sort();
    addresses.dedup();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    [String::from("localhost"), host]
        .into_iter()
        .filter_map(|name| name.try_into().ok().map(SanType::DnsName))
        .chain(addresses.into_iter().map(SanType::IpAddress))
        .collect()
}

/// A certificate that signs itself, with a fresh key.
fn made(names: &[SanType]) -> Result<Identity, Failure> {
    let broken =
        |e: String| Failure::new(Exit::Local, "a certificate for this run", e, "give --cert and --key");
    let key = KeyPair::generate().map_err(|e| broken(e.to_string()))?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "towline, made for one run");
    params.subject_alt_names = names.to_vec();
    let cert = params.self_signed(&key).map_err(|e| broken(e.to_string()))?;
    Identity::from_der(cert.der().to_vec(), key.serialize_der()).map_err(|e| broken(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_certificate_serves_and_has_a_fingerprint() {
        let shown = Shown { identity: made(&names()).unwrap(), made: true };
        let other = Shown { identity: made(&names()).unwrap(), made: true };
        assert_eq!(shown.fingerprint().len(), 32 * 3 - 1);
        assert_ne!(shown.fingerprint(), other.fingerprint(), "each run has its own");
    }
}
