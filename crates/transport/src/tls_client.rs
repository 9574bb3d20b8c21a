//! TLS towards a server that somebody asked for by its name: its certificate must be for that name and come from
//! somebody whom this host trusts, or be the one with a fingerprint that was given.

use crate::tls::Tls;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme, StreamOwned, SupportedProtocolVersion,
};
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// SHA-256 of a certificate (DER), as `openssl x509 -fingerprint -sha256` shows it with colons.
pub type Fingerprint = [u8; 32];

/// Why there is nobody to trust.
#[derive(Debug, thiserror::Error)]
pub enum NoTrust {
    /// This host has no certificates of authorities.
    #[error("this host trusts no authority{0}")]
    Nobody(String),
    /// What was given is no certificate, or TLS refuses the settings.
    #[error("{0}")]
    Unfit(rustls::Error),
}

/// Which versions of TLS are spoken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Versions {
    /// 1.3, or 1.2 where the server has no other.
    #[default]
    Both,
    /// 1.2 only: its sessions may be resumed as often as is wanted, tickets of 1.3 once each (RFC 8446 §C.4).
    Tls12,
    /// 1.3 only.
    Tls13,
}

impl Versions {
    fn of_library(self) -> &'static [&'static SupportedProtocolVersion] {
        static BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
        match self {
            Versions::Both => &BOTH,
            Versions::Tls12 => &BOTH[1..],
            Versions::Tls13 => &BOTH[..1],
        }
    }
}

/// Whom a client believes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Trust(Arc<ClientConfig>);

impl Trust {
    /// Whom this host believes: the files of its distribution, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    /// They are read now.
    pub fn of_system() -> Result<Trust, NoTrust> {
        let (roots, why) = system();
        if roots.is_empty() { Err(NoTrust::Nobody(why)) } else { Trust::of(roots) }
    }

    /// Whoever has this certificate (DER), or one that it signed, and nobody else.
    pub fn only(certificate: &[u8]) -> Result<Trust, NoTrust> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(certificate)).map_err(NoTrust::Unfit)?;
        Trust::of(roots)
    }

    fn of(roots: RootCertStore) -> Result<Trust, NoTrust> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(NoTrust::Unfit)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Trust(Arc::new(config)))
    }

    /// What a session of several connections to one server is made with; each resumes the one before, where the server
    /// lets it. `pin`: the one certificate that is believed, whoever signed it. Otherwise whom this host believes. In which
    /// versions of TLS say `versions`.
    ///
    /// # Errors
    /// Without a pin, where this host believes nobody.
    pub fn session(pin: Option<Fingerprint>, versions: Versions) -> Result<Session, NoTrust> {
        let believed = match pin {
            Some(pin) => Believed::One(pin),
            None => {
                let (roots, why) = system();
                if roots.is_empty() {
                    return Err(NoTrust::Nobody(why));
                }
                let by_name = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
                Believed::Signed(by_name.build().map_err(|e| NoTrust::Unfit(Error::General(e.to_string())))?)
            }
        };
        Session::of(believed, versions)
    }

    /// The same, but for a pin, for whoever is there: what goes over it is encrypted, and that is all that is known.
    ///
    /// # Errors
    /// TLS refuses the settings.
    pub fn anybody(pin: Option<Fingerprint>) -> Result<Session, NoTrust> {
        Session::of(pin.map_or(Believed::Anybody, Believed::One), Versions::Both)
    }

    /// Speaks TLS over `stream` with the server of that name or address. The handshake is made here: an error says
    /// whom we do not believe before anything of ours is sent.
    pub fn shake<S: Read + Write>(
        &self,
        host: &str,
        stream: S,
    ) -> io::Result<StreamOwned<ClientConnection, S>> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
        let connection = ClientConnection::new(self.0.clone(), name).map_err(io::Error::other)?;
        let mut tls = StreamOwned::new(connection, stream);
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock)?;
        }
        Ok(tls)
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Whom this host believes, and, where that is nobody, why.
fn system() -> (RootCertStore, String) {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Stores of hosts hold old certificates that rustls does not take: those are believed by nobody.
    let _counts = roots.add_parsable_certificates(found.certs);
    (roots, found.errors.first().map(|e| format!(": {e}")).unwrap_or_default())
}

/// Sessions of TLS that are kept to resume; each connection of a server may give some.
const SESSIONS: usize = 64;

/// A session of several connections to one server: see [`Trust::session`].
#[derive(Clone)]
pub struct Session {
    config: Arc<ClientConfig>,
    looker: Arc<Looker>,
}

impl Session {
    fn of(believed: Believed, versions: Versions) -> Result<Session, NoTrust> {
        let provider = provider();
        let looker = Arc::new(Looker { believed, provider: provider.clone(), shown: Mutex::default() });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions.of_library())
            .map_err(NoTrust::Unfit)?
            .dangerous()
            .with_custom_certificate_verifier(looker.clone())
            .with_no_client_auth();
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
        Ok(Session { config: Arc::new(config), looker })
    }

    /// TLS for a connection that was made to this host; the handshake goes on with [`Tls::shake`].
    ///
    /// # Errors
    /// The host is neither a name nor an address.
    pub fn connection(&self, host: &str) -> io::Result<Tls> {
        // A zone is this host's business.
        let host = host.split_once('%').map_or(host, |(address, _)| address);
        let name = ServerName::try_from(host.to_owned())
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
        let connection = ClientConnection::new(self.config.clone(), name).map_err(io::Error::other)?;
        Ok(Tls::towards(connection))
    }

    /// The certificate that was shown last, whether it was believed or not.
    pub fn shown(&self) -> Option<Fingerprint> {
        *self.looker.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which certificates are right.
#[derive(Debug)]
enum Believed {
    One(Fingerprint),
    Anybody,
    Signed(Arc<WebPkiServerVerifier>),
}

/// Looks at certificates, and remembers the last one.
#[derive(Debug)]
struct Looker {
    believed: Believed,
    provider: Arc<CryptoProvider>,
    // Guards a fingerprint; held for a look.
    shown: Mutex<Option<Fingerprint>>,
}

impl ServerCertVerifier for Looker {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown: Fingerprint = Sha256::digest(leaf).into();
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        match &self.believed {
            Believed::One(pin) if *pin == shown => Ok(ServerCertVerified::assertion()),
            Believed::Anybody => Ok(ServerCertVerified::assertion()),
            Believed::One(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
            Believed::Signed(by_name) => by_name.verify_server_cert(leaf, chain, name, stapled, now),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
