//! Who is put out and kept out: the arms for bans and kicks.

use super::Answer;
use crate::events::timestamp;
use crate::exit::{Exit, Failure};
use gate::audit::By;
use gate::{Ban, Gate, Net};
use std::time::{Duration, SystemTime};

fn parsed(net: &str) -> Result<Net, Failure> {
    net.parse().map_err(|why| Failure::usage(net, "is no network", why))
}

fn kept(kept: Result<(), impl std::fmt::Display>) -> Result<(), Failure> {
    let way_out = "it holds until the server ends; see to the state directory and say it again";
    kept.map_err(|why| Failure::new(Exit::Local, "the ban is not written down", why, way_out))
}

/// How many sessions from there end, or go on.
pub(super) fn ban(
    gate: &Gate,
    by: By,
    net: &str,
    seconds: Option<u64>,
    reason: String,
    kick: bool,
) -> Result<Answer, Failure> {
    let net = parsed(net)?;
    let end = |seconds| SystemTime::now().checked_add(Duration::from_secs(seconds));
    // A time that no clock tells is as good as forever.
    let until = seconds.and_then(end);
    let written = gate.ban(Ban { net, until, by: by.clone(), reason });
    let count = if kick { gate.kick_from(&net, &by) } else { gate.sessions_from(&net) };
    kept(written)?;
    Ok(Answer::Sessions { count })
}

pub(super) fn unban(gate: &Gate, by: By, net: &str) -> Result<(), Failure> {
    let net = parsed(net)?;
    match gate.unban(&net, by) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let way_out = "towline bans lists those that there are, as they are lifted";
            Err(Failure::new(Exit::Absent, net, "there is no such ban", way_out))
        }
        Err(why) => Err(Failure::new(Exit::Local, "the ban is not lifted for good", why, "say it again")),
    }
}

pub(super) fn bans(gate: &Gate) -> impl Iterator<Item = Answer> {
    let now = SystemTime::now();
    gate.bans().list().into_iter().map(move |Ban { net, until, by, reason }| Answer::Ban {
        net: net.to_string(),
        until: until.map(timestamp),
        seconds: until.map(|at| at.duration_since(now).map_or(0, |left| left.as_secs())),
        by: by.to_string(),
        reason,
    })
}

pub(super) fn kick(gate: &Gate, by: &By, session: u64) -> Result<Answer, Failure> {
    if gate.kick(session, by) {
        return Ok(Answer::Sessions { count: 1 });
    }
    let way_out = "towline who lists those that there are";
    Err(Failure::new(Exit::Absent, format!("session {session}"), "there is no such session", way_out))
}

pub(super) fn kick_from(gate: &Gate, by: &By, net: &str) -> Result<Answer, Failure> {
    match gate.kick_from(&parsed(net)?, by) {
        0 => {
            let way_out = "towline who lists those that there are";
            Err(Failure::new(Exit::Absent, net, "no session is from there", way_out))
        }
        count => Ok(Answer::Sessions { count }),
    }
}
