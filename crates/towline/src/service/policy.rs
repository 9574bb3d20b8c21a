//! The gate's policy, from the configuration.

use super::{Occasion, users};
use crate::config::{Loaded, rule};
use crate::exit::Failure;
use gate::{Policy, Rules, Uploads};

/// What the owner allows. Passwords are found here, also by asking for them.
pub(super) fn of(loaded: &Loaded, occasion: &Occasion) -> Result<Policy, Failure> {
    let server = &loaded.config.server;
    let users = users::of(loaded)?;
    let inbox = server.inbox.is_some();
    Ok(Policy {
        anonymous: server.anonymous.unwrap_or(users.is_empty() || inbox),
        users,
        clients: server.allow.iter().map(|net| net.value).collect(),
        write: server.write || inbox,
        inbox,
        digests: server.digests,
        uploads: Uploads(server.upload.iter().map(|rule| rule.value.clone()).collect()),
        rules: rules(loaded)?,
        show_hidden: server.show_hidden,
        limits: loaded.config.limits.of_gate(),
        penalties: loaded.config.penalties.of_gate(),
        // People are not shown them.
        tell_tftp_sessions: occasion.json,
        ..Policy::default()
    })
}

/// The owner's rules.
pub(crate) fn rules(loaded: &Loaded) -> Result<Rules, Failure> {
    Rules::new(rule::rules(loaded)).map_err(|why| loaded.wrong("rule", why, ""))
}
