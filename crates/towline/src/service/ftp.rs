//! FTP's settings, from the configuration.

use crate::config::Loaded;
use serve::ftp::FtpConfig;

/// The server's settings.
pub(super) fn of(loaded: &Loaded) -> FtpConfig {
    let ftp = &loaded.config.ftp;
    FtpConfig { passive_ports: ftp.passive_ports.clone(), ..FtpConfig::default() }
}
