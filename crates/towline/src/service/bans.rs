//! The bans that outlive the server, and what is held against addresses, in its state directory.

use crate::config::Loaded;
use crate::exit::{Exit, Failure};
use gate::{Bans, KeptScores};
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

/// The scores of the penalties; without a state directory the gate remembers them while it lives.
pub(super) fn scores(loaded: &Loaded) -> Result<Option<Arc<KeptScores>>, Failure> {
    let Some(state) = &loaded.config.server.state else { return Ok(None) };
    if loaded.config.penalties.of_gate(loaded.source.is_some()).is_none() {
        return Ok(None);
    }
    std::fs::create_dir_all(state).map_err(|e| Failure::local(state.display(), &e))?;
    let open = KeptScores::open(&state.join("penalties.journal"));
    Ok(Some(open.map_err(|e| Failure::new(Exit::Local, "the penalties", e, way_out(state)))?))
}

/// What to do about a state directory in which nothing can be kept.
pub(super) fn way_out(state: &Path) -> String {
    let state = state.display();
    format!(
        "give the directory to who serves (chown USER {state}), with room on its disk, or leave server.state out"
    )
}
