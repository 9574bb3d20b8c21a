//! The bans that outlive the server, in its state directory.

use crate::config::Loaded;
use crate::exit::{Exit, Failure};
use gate::Bans;
use std::path::Path;
use std::sync::Arc;

/// The bans; without a state directory the gate remembers them while it lives.
pub(super) fn of(loaded: &Loaded) -> Result<Option<Arc<Bans>>, Failure> {
    let Some(state) = &loaded.config.server.state else { return Ok(None) };
    std::fs::create_dir_all(state).map_err(|e| Failure::local(state.display(), &e))?;
    let path = state.join("bans.journal");
    // A server that could not read them would let in who is banned; one that could not add to them would forget
    // those of today. Neither is what its owner believes, so it does not begin.
    let open = Bans::open(&path).map_err(|e| Failure::new(Exit::Local, "the bans", e, way_out(state)))?;
    Ok(Some(open))
}

/// What to do about a state directory in which nothing can be kept.
pub(super) fn way_out(state: &Path) -> String {
    let state = state.display();
    format!(
        "give the directory to who serves (chown USER {state}), with room on its disk, or leave server.state out"
    )
}
