//! The gate's policy, from the configuration.

use super::{tree, users};
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
    let server = &loaded.config.server;
    let users = users::of(loaded)?;
    let directory = users::directory(loaded)?.map(|dir| dir as Arc<dyn Directory>);
    let oracle = users::oracle(loaded, ask);
    let nobody_logs_in = users.is_empty() && directory.is_none() && oracle.is_none();
    let inbox = server.inbox.is_some();
    Ok(Policy {
        anonymous: server.anonymous.unwrap_or(nobody_logs_in || inbox),
        users,
        directory,
        oracle,
        clients: server.allow.iter().map(|net| net.value).collect(),
        write: tree::is_written(loaded),
        roots: tree::roots(loaded),
        inbox,
        digests: server.digests,
        uploads: tree::uploads(loaded),
        rules: rules(loaded)?,
        show_hidden: server.show_hidden,
        limits: loaded.config.limits.of_gate(),
        penalties: loaded.config.penalties.of_gate(),
        // People are not shown them.
        tell_tftp_sessions,
        ..Policy::default()
    })
}

/// The owner's rules.
pub(crate) fn rules(loaded: &Loaded) -> Result<Rules, Failure> {
    Rules::new(rule::rules(loaded)).map_err(|why| loaded.wrong("rule", why, ""))
}
