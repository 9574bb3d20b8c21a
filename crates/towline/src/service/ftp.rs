//! FTP's settings, from the configuration.

use super::certificate::Certificate;
use crate::config::Loaded;
use crate::config::ftp::Tls;
use crate::monitor::{Asked, Privileged};
use serve::ftp::{DataPorts, FtpConfig, Host};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

/// Data connections by way of a monitor.
#[derive(Debug)]
struct Ports(Arc<Asked>);

impl DataPorts for Ports {
    fn listen(&self, at: IpAddr) -> io::Result<TcpListener> {
        (&*self.0 as &dyn Privileged).passive(at)
    }

    fn connect(&self, from: SocketAddr, to: SocketAddr) -> io::Result<TcpStream> {
        (&*self.0 as &dyn Privileged).connect_from(from, to)
    }
}

/// The server's settings.
pub(super) fn of(
    loaded: &Loaded,
    monitor: Option<&Arc<Asked>>,
    certificate: Option<&Certificate>,
) -> FtpConfig {
    let ftp = &loaded.config.ftp;
    let limits = &loaded.config.limits;
    let hosts = ftp.host.iter().enumerate().map(|(i, host)| {
        let name = host.name.value.0.clone();
        let banner = host.banner.clone().unwrap_or_else(|| format!("{name} ready."));
        Host { banner, identity: certificate.and_then(|c| c.of_host(i)), name }
    });
    FtpConfig {
        ports: monitor.map(|asked| Arc::new(Ports(asked.clone())) as Arc<dyn DataPorts>),
        passive_ports: ftp.passive_ports.clone(),
        login_grace: limits.login_timeout,
        idle: limits.idle_timeout,
        no_progress: limits.stall_timeout,
        hosts: hosts.collect(),
        identity: certificate.map(|certificate| certificate.identity.clone()),
        tls_required: ftp.tls == Tls::Require,
        tls_end: ftp.tls_end.into(),
        tls_reuse: ftp.tls_reuse.into(),
        ..FtpConfig::default()
    }
}
