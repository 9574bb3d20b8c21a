//! Several certificates at one place: the name that is asked for (RFC 6066 §3) says which is shown.

use super::Identity;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use std::io;
use std::sync::Arc;

/// Names with the certificate of each, in small letters.
#[derive(Clone, Debug, Default)]
pub struct ByName(Vec<(String, Arc<dyn ResolvesServerCert>)>);

impl ByName {
    /// Shows this identity to who asks for that name.
    #[must_use]
    pub fn and(mut self, name: &str, identity: &Identity) -> ByName {
        self.0.push((name.to_ascii_lowercase(), identity.config.cert_resolver.clone()));
        self
    }
}

impl Identity {
    /// The same, that shows others to who asks for them by name.
    ///
    /// # Errors
    /// The library does not take it.
    pub fn or_by_name(&self, names: ByName) -> io::Result<Identity> {
        let otherwise = self.config.cert_resolver.clone();
        self.rebuilt(Arc::new(Chosen { names, otherwise }), WebPkiClientVerifier::no_client_auth())
    }
}

#[derive(Debug)]
struct Chosen {
    names: ByName,
    otherwise: Arc<dyn ResolvesServerCert>,
}

impl ResolvesServerCert for Chosen {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asked = hello.server_name().map(str::to_ascii_lowercase);
        let named = asked.and_then(|asked| self.names.0.iter().find(|(name, _)| *name == asked));
        named.map_or(&self.otherwise, |(_, resolver)| resolver).resolve(hello)
    }
}
