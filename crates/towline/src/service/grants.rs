//! What is given out for a while, kept in the state directory.

use crate::config::Loaded;
use crate::exit::{Exit, Failure};
use gate::Grants;
use std::sync::Arc;

/// The grants; without a state directory there are none, as no use would be durable.
pub(super) fn of(loaded: &Loaded) -> Result<Option<Arc<Grants>>, Failure> {
    let Some(state) = &loaded.config.server.state else { return Ok(None) };
    std::fs::create_dir_all(state).map_err(|e| Failure::local(state.display(), &e))?;
    let open = Grants::open(&state.join("grants.journal"));
    Ok(Some(open.map_err(|e| Failure::new(Exit::Local, "the grants", e, super::bans::way_out(state)))?))
}
