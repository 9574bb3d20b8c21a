//! The two trees as they are seen at the beginning.

use super::{Local, Modified, Rules, Walk, Way, Wish};
use crate::ClientError;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

/// The walk through both trees, and this machine's, where it is there. `there`: the server's, where it is there, by when
/// it was modified, where that is known.
///
/// # Errors
/// This machine's tree: it is no directory, or it is the source and not there.
pub(crate) fn begin(
    wish: &Wish<'_>,
    rules: Rules,
    is_in_place: bool,
    there: Option<Option<i64>>,
) -> Result<(Walk, Option<Local>), ClientError> {
    let local = match (Local::open(wish.local), wish.way) {
        (Ok(local), _) => Some(local),
        (Err(e), Way::Down) if e.kind() == io::ErrorKind::NotFound => None,
        (Err(e), _) => return Err(ClientError::Local(e)),
    };
    let here = local.as_ref().map(|local| local.facts(b"")).transpose().map_err(ClientError::Local)?;
    let here = here.and_then(|facts| facts.modified);
    let of_server = there.flatten();
    let (is_there, modified) = match wish.way {
        Way::Up => (there.is_some(), Modified { source: here, target: of_server }),
        Way::Down => (local.is_some(), Modified { source: of_server, target: here }),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    Ok((Walk::new(rules, is_in_place, is_there, modified, now), local))
}
