//! FTP's settings, from the configuration.

use super::certificate::Certificate;
use crate::config::Loaded;
use crate::config::ftp::{Fxp, Tls, Told};
use crate::exit::Failure;
use crate::monitor::{Asked, Privileged};
use serve::ftp::{Advertised, DataPorts, ForClient, FtpConfig, Host};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _};
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
) -> Result<FtpConfig, Failure> {
    let ftp = &loaded.config.ftp;
    let limits = &loaded.config.limits;
    let hosts = ftp.host.iter().enumerate().map(|(i, host)| {
        let name = host.name.value.0.clone();
        let banner = host.banner.clone().unwrap_or_else(|| format!("{name} ready."));
        Host { banner, identity: certificate.and_then(|c| c.of_host(i)), name }
    });
    let advertised = ftp.passive.iter().enumerate().map(|(i, row)| {
        Ok(Advertised { clients: row.clients.value, address: told(loaded, i, &row.address.value)? })
    });
    Ok(FtpConfig {
        advertised: advertised.collect::<Result<_, Failure>>()?,
        ccc: ftp.ccc,
        profiles: ftp
            .profile
            .iter()
            .filter_map(|row| Some((row.clients.as_ref()?.value, row.otherwise())))
            .collect(),
        client_profiles: ftp
            .profile
            .iter()
            .filter_map(|row| Some(ForClient { name: row.client.clone()?, profile: row.otherwise() }))
            .collect(),
        pins: ftp.fxp.iter().filter_map(Fxp::pinned).collect(),
        proxies: ftp.proxy.iter().map(|net| net.value).collect(),
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
    })
}

/// The address that passive replies tell, looked up where it is a name: IPv4, as 227 has no room for another.
fn told(loaded: &Loaded, nth: usize, told: &Told) -> Result<IpAddr, Failure> {
    let name = match told {
        Told::Address(address) => return Ok(*address),
        Told::Name(name) => &name.0,
    };
    let thing = || loaded.thing(&format!("ftp.passive.{nth}.address"));
    let found = (name.as_str(), 0).to_socket_addrs().map_err(|e| Failure::local(thing(), &e))?;
    found.map(|at| at.ip()).find(IpAddr::is_ipv4).ok_or_else(|| {
        let what = format!("{name} has no IPv4 address, and PASV tells no other");
        Failure::usage(thing(), what, "give an address, or leave it out: EPSV tells none")
    })
}
