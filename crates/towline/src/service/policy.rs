//! The gate's policy, from the configuration.

use super::{descriptors, tree, users};
use crate::config::ftp::{Fxp, Overseer};
use crate::config::{Loaded, rule};
use crate::exit::Failure;
use crate::monitor::Privileged;
use gate::{Directory, Policy, Rules};
use std::sync::Arc;

/// What the owner allows. Passwords are found here, also by asking for them.
pub(crate) fn of(
    loaded: &Loaded,
    tell_tftp_sessions: bool,
    ask: &Arc<dyn Privileged>,
) -> Result<Policy, Failure> {
    let users = users::of(loaded)?;
    let directory = users::directory(loaded)?.map(|dir| dir as Arc<dyn Directory>);
    let oracle = users::oracle(loaded, ask);
    // People are not shown sessions of TFTP.
    Ok(Policy { users, directory, oracle, tell_tftp_sessions, ..without_users(loaded)? })
}

/// The same, but nobody can log in: whoever judges what somebody may do needs no password.
pub(crate) fn without_users(loaded: &Loaded) -> Result<Policy, Failure> {
    let config = &loaded.config;
    let (server, identity) = (&config.server, &config.identity);
    let nobody_logs_in =
        config.user.is_empty() && identity.users_dir.is_none() && identity.command.is_empty();
    let inbox = server.inbox.is_some();
    Ok(Policy {
        anonymous: server.anonymous.unwrap_or(nobody_logs_in || inbox),
        clients: server.allow.iter().map(|net| net.value).collect(),
        clear_login: loaded.config.http.clear_login,
        write: tree::is_written(loaded),
        roots: tree::roots(loaded),
        inbox,
        digests: server.digests,
        uploads: tree::uploads(loaded),
        rules: rules(loaded)?,
        symlinks: server.symlinks,
        overseers: config.ftp.overseer.iter().map(Overseer::named).collect(),
        third_parties: config.ftp.fxp.iter().map(Fxp::granted).collect(),
        show_hidden: server.show_hidden,
        limits: loaded.config.limits.of_gate(),
        penalties: loaded.config.penalties.of_gate(loaded.source.is_some()),
        descriptors: descriptors::limit(),
        ..Policy::default()
    })
}

/// The owner's rules.
pub(crate) fn rules(loaded: &Loaded) -> Result<Rules, Failure> {
    Rules::new(rule::rules(loaded)).map_err(|why| loaded.wrong("rule", why, ""))
}
