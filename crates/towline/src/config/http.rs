//! `[http]`, `[https]` and `[admin]`.

use super::section::section;
use serve::listen::Want;
use std::net::SocketAddr;
use std::path::PathBuf;

section! {
    /// HTTP, read only.
    Http {
        /// The TCP port; without it there is no HTTP.
        port: Want = Want::Off,
    }
}

section! {
    /// HTTPS, read only.
    Https {
        /// The TCP port; without it there is no HTTPS.
        port: Want = Want::Off,
        /// The certificate and its chain, PEM.
        cert: Option<PathBuf> = None,
        /// Its private key, PEM; nobody else may read it.
        key: Option<PathBuf> = None,
    }
}

section! {
    /// The listener for figures: /healthz, /readyz, /metrics.
    Admin {
        /// Its address and port; without it there is none.
        listen: Option<SocketAddr> = None,
    }
}
