//! The flags of HTTP, HTTPS and the figures.

use super::want;
use crate::config::Loaded;
use clap::Args;
use serve::listen::Want;
use std::net::SocketAddr;

/// HTTP: off unless it is asked for.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "HTTP")]
pub(crate) struct HttpFlags {
    /// Serve over HTTP too, read only: a port, or default: 80, and 8080 where 80 is not to be had.
    #[arg(long, value_name = "PORT|default|off", value_parser = want)]
    http: Option<Want>,
    /// Serve over HTTPS too, read only: a port, or default: 443, and 8443 where 443 is not to be had. Without
    /// --cert with a certificate that is made for this run.
    #[arg(long, value_name = "PORT|default|off", value_parser = want)]
    https: Option<Want>,
    /// Take passwords over HTTP without TLS too.
    #[arg(long)]
    http_clear_login: bool,
    /// Answer /healthz, /readyz and /metrics there, to whoever reaches it: 127.0.0.1:9469 (docs/metrics.md).
    #[arg(long, value_name = "IP:PORT")]
    admin: Option<SocketAddr>,
}

impl HttpFlags {
    /// Sets what the flags say.
    pub(super) fn apply(&self, loaded: &mut Loaded) {
        if let Some(want) = self.http {
            loaded.flag("http.port", "--http").http.port = want;
        }
        if let Some(want) = self.https {
            loaded.flag("https.port", "--https").https.port = want;
        }
        if self.http_clear_login {
            loaded.flag("http.clear-login", "--http-clear-login").http.clear_login = true;
        }
        if let Some(listen) = self.admin {
            loaded.flag("admin.listen", "--admin").admin.listen = Some(listen);
        }
    }
}
