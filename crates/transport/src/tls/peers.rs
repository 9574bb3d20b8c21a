//! Who may be at the other end: certificates of clients.

use super::subject::subject;
use super::{BadIdentity, Identity};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::server::WebPkiClientVerifier;
use sha2::{Digest, Sha256};
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Whose signatures vouch for clients.
#[derive(Clone, Debug)]
pub struct Authorities(Arc<RootCertStore>);

impl Authorities {
    /// Reads their certificates from a PEM file.
    pub fn from_file(path: &Path) -> Result<Authorities, BadIdentity> {
        let pem = |why: String| BadIdentity::Pem { path: path.to_owned(), why };
        let read = |e: pem::Error| match e {
            pem::Error::Io(source) => BadIdentity::Unreadable { path: path.to_owned(), source },
            e => pem(e.to_string()),
        };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path).map_err(read)? {
            roots.add(certificate.map_err(read)?).map_err(|e| pem(e.to_string()))?;
        }
        if roots.is_empty() {
            return Err(pem(String::from("holds no certificate (-----BEGIN CERTIFICATE-----)")));
        }
        Ok(Authorities(Arc::new(roots)))
    }
}

impl Identity {
    /// The same, asking peers for a certificate that one of these vouches for. `required`: who has none is turned away;
    /// who shows a bad one always is.
    ///
    /// # Errors
    /// The library does not take it.
    pub fn asking(&self, authorities: &Authorities, required: bool) -> io::Result<Identity> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(authorities.0.clone(), provider);
        let verifier = if required { verifier } else { verifier.allow_unauthenticated() };
        let verifier = verifier.build().map_err(io::Error::other)?;
        self.rebuilt(self.config.cert_resolver.clone(), verifier)
    }
}

/// A certificate that a peer has shown: who it is for, and SHA-256 of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    subject: String,
    print: [u8; 32],
}

impl Shown {
    pub(super) fn of(leaf: &[u8]) -> Shown {
        let subject = subject(leaf).unwrap_or_else(|| String::from("(no subject)"));
        Shown { subject, print: Sha256::digest(leaf).into() }
    }
}

/// `CN=alice,O=Example SHA256:0a…`.
impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} SHA256:", self.subject)?;
        self.print.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}
