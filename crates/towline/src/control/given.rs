//! What is given out for a while: the arms for grants.

use super::Answer;
use crate::events::timestamp;
use crate::exit::{Exit, Failure};
use gate::{Gate, GrantError, Grants, NewGrant, Standing};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::VPath;

/// What a grant is asked to be, as it came over the socket.
pub(super) struct Wanted {
    pub(super) path: String,
    pub(super) verbs: String,
    pub(super) from: Vec<String>,
    pub(super) seconds: u64,
    pub(super) uses: Option<u32>,
    pub(super) user: Option<String>,
}

fn grants(gate: &Gate) -> Result<&Arc<Grants>, Failure> {
    gate.policy().grants.as_ref().ok_or_else(|| unkept(&GrantError::Unkept))
}

fn unkept(why: &GrantError) -> Failure {
    let way_out = "set state in [server], or start with --state DIR: a use must outlive the server";
    Failure::usage("grants", why, way_out)
}

fn failed(why: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Local, "the grants' journal", why, "see to the state directory and say it again")
}

/// Gives something out; where that is fetched is told by `listening`.
pub(super) fn give(
    gate: &Gate,
    wanted: Wanted,
    listening: &[(&'static str, SocketAddr)],
) -> Result<Answer, Failure> {
    let Wanted { path, verbs, from, seconds, uses, user } = wanted;
    let wrong =
        |thing: &str, why: &dyn std::fmt::Display| Failure::usage(thing, why, "see towline grant --help");
    let from = from.iter().map(|net| net.parse()).collect::<Result<Vec<_>, String>>();
    let new = NewGrant {
        path: VPath::parse(path.as_bytes()).map_err(|why| wrong("--path", &why))?,
        rights: verbs.parse().map_err(|why: String| wrong("--verbs", &why))?,
        from: from.map_err(|why| wrong("--from", &why))?,
        lasts: Duration::from_secs(seconds),
        uses,
        user,
    };
    let (grant, secret) = gate.grant(&new).map_err(|why| match why {
        GrantError::ReadOnly => Failure::usage("--verbs", why, "give read or list"),
        GrantError::Unkept => unkept(&why),
        GrantError::Wrong(why) => wrong("grant", &why),
        GrantError::Journal(why) => failed(&why),
    })?;
    let name = String::from_utf8_lossy(grant.path().name()).into_owned();
    Ok(Answer::Granted {
        id: grant.id().to_owned(),
        user: grant.user().to_owned(),
        secret,
        path: grant.path().to_string(),
        name,
        verbs: grant.rights().to_string(),
        until: timestamp(grant.until()),
        listening: listening.iter().map(|(protocol, at)| format!("{protocol} {at}")).collect(),
    })
}

pub(super) fn list(gate: &Gate) -> Result<Vec<Answer>, Failure> {
    let all = grants(gate)?.list().map_err(|why| failed(&why))?;
    let line = |(grant, used, standing): (Arc<gate::Grant>, u32, Standing)| Answer::Grant {
        id: grant.id().to_owned(),
        user: grant.user().to_owned(),
        path: grant.path().to_string(),
        verbs: grant.rights().to_string(),
        from: grant.from().iter().map(ToString::to_string).collect(),
        until: timestamp(grant.until()),
        used,
        uses: grant.uses(),
        standing: standing.to_string(),
    };
    Ok(all.into_iter().map(line).collect())
}

pub(super) fn revoke(gate: &Gate, id: &str) -> Result<(), Failure> {
    match grants(gate)?.revoke(id).map_err(|why| failed(&why))? {
        true => Ok(()),
        false => {
            Err(Failure::new(Exit::Absent, id, "there is no such grant", "towline grant list shows them"))
        }
    }
}
