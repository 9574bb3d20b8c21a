//! TLS towards a server that somebody asked for by its name: its certificate must be for that name and come from
//! somebody whom this host trusts. Blocking, over any stream.

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, Read, Write};
use std::sync::Arc;

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

/// Whom a client believes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Trust(Arc<ClientConfig>);

impl Trust {
    /// Whom this host believes: the files of its distribution, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    /// They are read now.
    pub fn of_system() -> Result<Trust, NoTrust> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        // Stores of hosts hold old certificates that rustls does not take: those are believed by nobody.
        let (taken, _) = roots.add_parsable_certificates(found.certs);
        if taken == 0 {
            let why = found.errors.first().map(|e| format!(": {e}")).unwrap_or_default();
            return Err(NoTrust::Nobody(why));
        }
        Trust::of(roots)
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
