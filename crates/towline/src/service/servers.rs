//! The running servers: started together, drained and ended together.

use super::sockets::Sockets;
use super::{ftp, local, tftp};
use crate::config::Loaded;
use crate::exit::Failure;
use crate::monitor::Asked;
use gate::Gate;
use serve::ftp::{FtpConfig, FtpServer};
use serve::tftp::{TftpConfig, TftpServer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use transport::tap::Tap;

/// What the servers are told. The files that it names are read here, before the process gives files up.
pub(super) struct Settings {
    tftp: TftpConfig,
    ftp: FtpConfig,
}

impl Settings {
    /// What the configuration says.
    pub(super) fn of(loaded: &Loaded, monitor: Option<&Arc<Asked>>) -> Result<Settings, Failure> {
        Ok(Settings { tftp: tftp::of(loaded)?, ftp: ftp::of(loaded, monitor) })
    }
}

/// The running servers.
pub(super) struct Servers {
    tftp: Option<TftpServer>,
    ftp: Option<FtpServer>,
}

impl Servers {
    /// Starts one for each kind of socket.
    pub(super) fn start(
        settings: Settings,
        gate: &Arc<Gate>,
        sockets: Sockets,
        tap: Option<Arc<dyn Tap>>,
    ) -> Result<Servers, Failure> {
        let tftp = (!sockets.tftp.is_empty())
            .then(|| TftpServer::start(gate.clone(), sockets.tftp, settings.tftp, tap.clone()))
            .transpose()
            .map_err(local("the TFTP server"))?;
        let ftp = (!sockets.ftp.is_empty())
            .then(|| FtpServer::start(gate.clone(), sockets.ftp, settings.ftp, tap))
            .transpose()
            .map_err(local("the FTP server"))?;
        Ok(Servers { tftp, ftp })
    }

    /// Takes nothing new; what runs goes on.
    pub(super) fn drain(&self) {
        if let Some(tftp) = &self.tftp {
            tftp.drain();
        }
        if let Some(ftp) = &self.ftp {
            ftp.drain();
        }
    }

    /// Leaves the sockets to a successor; what runs goes on.
    pub(super) fn retire(&self) {
        if let Some(tftp) = &self.tftp {
            tftp.retire();
        }
        if let Some(ftp) = &self.ftp {
            ftp.retire();
        }
    }

    /// Whether a successor may take the sockets.
    pub(super) fn have_retired(&self) -> bool {
        self.tftp.as_ref().is_none_or(TftpServer::has_retired)
            && self.ftp.as_ref().is_none_or(FtpServer::has_retired)
    }

    /// Whether nothing runs any more.
    pub(super) fn are_over(&self) -> bool {
        self.tftp.as_ref().is_none_or(TftpServer::is_over) && self.ftp.as_ref().is_none_or(FtpServer::is_over)
    }

    /// Ends them; what still runs has so long.
    pub(super) fn wait(self, grace: Duration) {
        if let Some(tftp) = self.tftp {
            tftp.wait(grace);
        }
        if let Some(ftp) = self.ftp {
            ftp.wait(grace);
        }
    }

    /// Where each protocol is listened for.
    pub(super) fn addresses(&self) -> (Vec<SocketAddr>, Vec<SocketAddr>) {
        let tftp = self.tftp.as_ref().map(TftpServer::addresses).unwrap_or_default();
        let ftp = self.ftp.as_ref().map(FtpServer::addresses).unwrap_or_default();
        (tftp, ftp)
    }
}
