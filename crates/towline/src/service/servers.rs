//! The running servers: started together, drained and ended together.

use super::certificate::{self, Certificate};
use super::http;
use super::sockets::Sockets;
use super::ssh::{self, HostKeys};
use super::{ftp, local, tftp};
use crate::config::Loaded;
use crate::config::ftp::Tls;
use crate::exit::Failure;
use crate::monitor::Asked;
use gate::Gate;
use serve::ftp::FtpConfig;
use serve::http::{Door, HttpConfig};
use serve::ssh::SshConfig;
use serve::streams::StreamServer;
use serve::tftp::{TftpConfig, TftpServer};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use transport::tap::Tap;

/// What the servers are told. The files that it names are read here, before the process gives files up.
pub(super) struct Settings {
    tftp: TftpConfig,
    ftp: FtpConfig,
    /// What FTP shows under TLS.
    certificate: Option<Certificate>,
    /// Whether AUTH TLS is there on FTP's own port.
    offers_tls: bool,
    http: HttpConfig,
    shown: Option<Certificate>,
    ssh: Option<(SshConfig, HostKeys)>,
}

impl Settings {
    /// What the configuration says, as far as it is for these sockets: nobody is shown a certificate or a key who does
    /// not ask.
    pub(super) fn of(
        loaded: &Loaded,
        monitor: Option<&Arc<Asked>>,
        sockets: &Sockets,
    ) -> Result<Settings, Failure> {
        let shown = (!sockets.https.is_empty()).then(|| certificate::of_https(loaded)).transpose()?;
        let certificate = certificate::of_ftp(loaded, !sockets.ftp.is_empty(), !sockets.ftps.is_empty())?;
        let ssh = (!sockets.sftp.is_empty()).then(|| ssh::of(loaded)).transpose()?;
        let tftp = tftp::of(loaded)?;
        let ftp = ftp::of(loaded, monitor, certificate.as_ref())?;
        let offers_tls = loaded.config.ftp.tls != Tls::Off;
        Ok(Settings { tftp, ftp, certificate, offers_tls, http: http::of(loaded), shown, ssh })
    }
}

/// The running servers.
pub(super) struct Servers {
    tftp: Option<TftpServer>,
    ftp: Option<StreamServer>,
    ftps: Option<StreamServer>,
    http: Option<StreamServer>,
    https: Option<StreamServer>,
    sftp: Option<StreamServer>,
    /// What SSH shows.
    host_keys: Option<HostKeys>,
    /// Certificates that were made by us, and are to be told: who shows it, until when, its fingerprint.
    made: Vec<String>,
    /// Where figures are told.
    admin: Vec<SocketAddr>,
}

impl Servers {
    /// Starts one for each kind of socket.
    pub(super) fn start(
        settings: Settings,
        gate: &Arc<Gate>,
        sockets: Sockets,
        tap: Option<Arc<dyn Tap>>,
        admin: Vec<SocketAddr>,
    ) -> Result<Servers, Failure> {
        let tftp = (!sockets.tftp.is_empty())
            .then(|| TftpServer::start(gate.clone(), sockets.tftp, settings.tftp, tap.clone()))
            .transpose()
            .map_err(local("the TFTP server"))?;
        let ftps = FtpConfig { implicit: true, ..settings.ftp.clone() };
        let ftps = ftp_server(gate, sockets.ftps, ftps, tap.clone())?;
        let on_its_port = FtpConfig {
            identity: settings.ftp.identity.clone().filter(|_| settings.offers_tls),
            ..settings.ftp
        };
        let ftp = ftp_server(gate, sockets.ftp, on_its_port, tap.clone())?;
        let http = sockets.http.into_iter().map(Door::Clear).collect();
        let http = http_server(gate, http, &settings.http, tap.clone())?;
        let mut made: Vec<String> = settings.certificate.iter().filter_map(|c| c.told("FTP")).collect();
        let mut doors = Vec::new();
        if let Some(shown) = settings.shown {
            made.extend(shown.told("HTTPS"));
            doors.extend(sockets.https.into_iter().map(|s| Door::Tls(s, shown.identity.clone())));
        }
        let https = http_server(gate, doors, &settings.http, tap.clone())?;
        let (mut sftp, mut host_keys) = (None, None);
        if let Some((config, keys)) = settings.ssh {
            let started = serve::ssh::start(gate.clone(), sockets.sftp, config, tap);
            sftp = Some(started.map_err(local("the SFTP server"))?);
            host_keys = Some(keys);
        }
        Ok(Servers { tftp, ftp, ftps, http, https, sftp, host_keys, made, admin })
    }

    /// Those of TCP connections, each with its protocol.
    fn streams(&self) -> impl Iterator<Item = (&'static str, &StreamServer)> {
        let each = [
            ("ftp", &self.ftp),
            ("ftps", &self.ftps),
            ("http", &self.http),
            ("https", &self.https),
            ("sftp", &self.sftp),
        ];
        each.into_iter().filter_map(|(protocol, server)| Some((protocol, server.as_ref()?)))
    }

    /// Takes nothing new; what runs goes on.
    pub(super) fn drain(&self) {
        self.tftp.iter().for_each(TftpServer::drain);
        self.streams().for_each(|(_, server)| server.drain());
    }

    /// Leaves the sockets to a successor; what runs goes on.
    pub(super) fn retire(&self) {
        self.tftp.iter().for_each(TftpServer::retire);
        self.streams().for_each(|(_, server)| server.retire());
    }

    /// Whether a successor may take the sockets.
    pub(super) fn have_retired(&self) -> bool {
        self.tftp.iter().all(TftpServer::has_retired)
            && self.streams().all(|(_, server)| server.has_retired())
    }

    /// Whether nothing runs any more.
    pub(super) fn are_over(&self) -> bool {
        self.tftp.iter().all(TftpServer::is_over) && self.streams().all(|(_, server)| server.is_over())
    }

    /// Ends them; what still runs has so long.
    pub(super) fn wait(self, grace: Duration) {
        if let Some(tftp) = self.tftp {
            tftp.wait(grace);
        }
        for server in [self.ftp, self.ftps, self.http, self.https, self.sftp].into_iter().flatten() {
            server.wait(grace);
        }
    }

    /// Where each protocol is listened for.
    pub(super) fn addresses(&self) -> Addresses {
        let of =
            |server: &Option<StreamServer>| server.as_ref().map(StreamServer::addresses).unwrap_or_default();
        Addresses {
            tftp: self.tftp.as_ref().map(TftpServer::addresses).unwrap_or_default(),
            ftp: of(&self.ftp),
            ftps: of(&self.ftps),
            http: of(&self.http),
            https: of(&self.https),
            sftp: of(&self.sftp),
            admin: self.admin.clone(),
        }
    }

    /// A protocol for which nobody listens, though somebody should.
    pub(super) fn deaf(&self) -> Option<&'static str> {
        let tftp = self.tftp.iter().map(|server| ("tftp", server.is_listening()));
        let streams = self.streams().map(|(protocol, server)| (protocol, server.is_listening()));
        tftp.chain(streams).find_map(|(protocol, listens)| (!listens).then_some(protocol))
    }

    /// The same as one list, each with its protocol.
    pub(super) fn listening(&self) -> Vec<(&'static str, SocketAddr)> {
        // Nobody fetches from the listener for figures.
        let all = self.addresses();
        all.each().into_iter().flat_map(|(protocol, at)| at.iter().map(move |at| (protocol, *at))).collect()
    }

    /// What SSH shows.
    pub(super) fn host_keys(&self) -> Option<&HostKeys> {
        self.host_keys.as_ref()
    }

    /// What is to be said of certificates that nobody vouches for.
    pub(super) fn made(&self) -> &[String] {
        &self.made
    }
}

/// Where each protocol is listened for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Addresses {
    pub(crate) tftp: Vec<SocketAddr>,
    pub(crate) ftp: Vec<SocketAddr>,
    pub(crate) ftps: Vec<SocketAddr>,
    pub(crate) http: Vec<SocketAddr>,
    pub(crate) https: Vec<SocketAddr>,
    pub(crate) sftp: Vec<SocketAddr>,
    /// Nothing for clients.
    pub(crate) admin: Vec<SocketAddr>,
}

impl Addresses {
    /// Each with its name, in the order in which they are told.
    pub(crate) fn each(&self) -> [(&'static str, &[SocketAddr]); 6] {
        [
            ("tftp", &self.tftp),
            ("ftp", &self.ftp),
            ("ftps", &self.ftps),
            ("http", &self.http),
            ("https", &self.https),
            ("sftp", &self.sftp),
        ]
    }
}

fn ftp_server(
    gate: &Arc<Gate>,
    sockets: Vec<TcpListener>,
    config: FtpConfig,
    tap: Option<Arc<dyn Tap>>,
) -> Result<Option<StreamServer>, Failure> {
    let start = |sockets| serve::ftp::start(gate.clone(), sockets, config, tap);
    (!sockets.is_empty()).then(|| start(sockets)).transpose().map_err(local("the FTP server"))
}

fn http_server(
    gate: &Arc<Gate>,
    doors: Vec<Door>,
    config: &HttpConfig,
    tap: Option<Arc<dyn Tap>>,
) -> Result<Option<StreamServer>, Failure> {
    let start = |doors| serve::http::start(gate.clone(), doors, config.clone(), tap);
    (!doors.is_empty()).then(|| start(doors)).transpose().map_err(local("the HTTP server"))
}
