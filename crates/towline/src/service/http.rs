//! HTTP's settings, from the configuration.

use crate::config::Loaded;
use serve::http::HttpConfig;

/// The server's settings.
pub(super) fn of(loaded: &Loaded) -> HttpConfig {
    let limits = &loaded.config.limits;
    HttpConfig {
        head: limits.login_timeout,
        idle: limits.idle_timeout,
        no_progress: limits.stall_timeout,
        ..HttpConfig::default()
    }
}
