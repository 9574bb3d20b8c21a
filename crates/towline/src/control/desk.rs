use super::{Answer, Request, given, out};
use crate::exit::{Exit, Failure};
use crate::monitor::Privileged;
use crate::sinks::Present;
use gate::Gate;
use gate::audit::{By, What};
use std::net::SocketAddr;
use std::sync::Arc;
use store::VPath;

/// What answers need. Each owner of a verb adds what it reaches for.
pub struct Desk {
    /// Who is here.
    pub present: Arc<Present>,
    /// Who starts a successor.
    pub privileged: Arc<dyn Privileged>,
    /// The door.
    pub gate: Arc<Gate>,
    /// Where each protocol listens.
    pub listening: Vec<(&'static str, SocketAddr)>,
}

impl Desk {
    /// Does what the user `uid` asks, and says lines of the answer; the last line is not its.
    ///
    /// `say` is false when the caller has gone: what was asked is done all the same.
    pub(super) fn answer(
        &self,
        uid: u32,
        request: Request,
        say: &mut dyn FnMut(&Answer) -> bool,
    ) -> Result<(), Failure> {
        let gate = &*self.gate;
        let by = By::Operator(Some(uid));
        match request {
            Request::Ping => {
                let version = String::from(env!("CARGO_PKG_VERSION"));
                say(&Answer::Pong { pid: std::process::id(), version });
            }
            Request::Who => {
                for answer in self.present.told() {
                    if !say(&answer) {
                        break;
                    }
                }
            }
            Request::Reload => {
                let over = self.privileged.successor();
                let what = match &over {
                    Ok(()) => String::from("taken up anew by another process"),
                    Err(why) => format!("not taken up anew: {why}"),
                };
                gate.tell(What::Configured { what, is_taken: over.is_ok(), by });
                over.map_err(|why| {
                    Failure::new(Exit::Usage, "reload", why, "towline config check FILE says what is wrong")
                })?;
            }
            Request::Restored { path, version, octets } => {
                let path = VPath::parse(path.as_bytes()).map_err(|e| Failure::usage(&path, e, ""))?;
                gate.tell(What::Restored { path, version, octets, by });
            }
            Request::Ban { net, seconds, reason, kick } => {
                say(&out::ban(gate, by, &net, seconds, reason, kick)?);
            }
            Request::Unban { net } => out::unban(gate, by, &net)?,
            Request::Bans => {
                for answer in out::bans(gate) {
                    if !say(&answer) {
                        break;
                    }
                }
            }
            Request::Grant { path, verbs, from, seconds, uses, user } => {
                let wanted = given::Wanted { path, verbs, from, seconds, uses, user };
                say(&given::give(gate, wanted, &self.listening)?);
            }
            Request::Grants => {
                for answer in given::list(gate)? {
                    if !say(&answer) {
                        break;
                    }
                }
            }
            Request::RevokeGrant { id } => given::revoke(gate, &id)?,
            Request::Kick { session } => {
                say(&out::kick(gate, &by, session)?);
            }
            Request::KickFrom { net } => {
                say(&out::kick_from(gate, &by, &net)?);
            }
        }
        Ok(())
    }
}
