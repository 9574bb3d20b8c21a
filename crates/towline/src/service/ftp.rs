//! FTP's settings, from the configuration.

use crate::config::Loaded;
use serve::ftp::FtpConfig;

/// The server's settings.
pub(super) fn of(loaded: &Loaded) -> FtpConfig {
    let ftp = &loaded.config.ftp;
    let limits = &loaded.config.limits;
    FtpConfig {
        passive_ports: ftp.passive_ports.clone(),
        login_grace: limits.login_timeout,
        idle: limits.idle_timeout,
        no_progress: limits.stall_timeout,
        ..FtpConfig::default()
    }
}
