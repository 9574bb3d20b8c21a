//! The bans that outlive the server, in its state directory.

use crate::config::Loaded;
use crate::exit::{Exit, Failure};
use gate::Bans;
use std::sync::Arc;

/// The bans; without a state directory the gate remembers them while it lives.
pub(super) fn of(loaded: &Loaded) -> Result<Option<Arc<Bans>>, Failure> {
    let Some(state) = &loaded.config.server.state else { return Ok(None) };
    std::fs::create_dir_all(state).map_err(|e| Failure::local(state.display(), &e))?;
    let path = state.join("bans.journal");
    let open = Bans::open(&path).map_err(|e| Failure::new(Exit::Local, "the bans", e, ""))?;
    Ok(Some(open))
}
