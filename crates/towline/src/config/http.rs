//! `[http]`, `[https]` and `[admin]`.

use super::section::section;
use serve::listen::Want;
use std::net::SocketAddr;
use std::path::PathBuf;

section! {
    /// HTTP, read only.
    Http {
        /// The TCP port; "default" is 80, and 8080 where 80 is not to be had. Without it there is no HTTP.
        port: Want = Want::Off,
        /// Whether passwords are taken without TLS.
        clear_login: bool = false,
    }
}

section! {
    /// HTTPS, read only.
    Https {
        /// The TCP port; "default" is 443, and 8443 where 443 is not to be had. Without it there is no HTTPS.
        port: Want = Want::Off,
        /// The certificate and its chain, PEM. Without it and its key one is made for each run.
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
