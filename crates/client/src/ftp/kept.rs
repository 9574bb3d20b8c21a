//! Sessions that are kept from one file to the next: many files of a server cost the logins of as many as move at once.

use super::Session;
use crate::{ClientError, Options, Remote, Scheme, WireCode};
use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use transport::Cancel;

/// Sessions without work that stay, of all servers: each is a descriptor, and a place at a server.
const IDLE: usize = 32;
/// How often somebody who waits for a session looks whether it is still wanted.
const TICK: Duration = Duration::from_millis(100);

/// Sessions of FTP that wait for the next file. Dropped, they say QUIT.
///
/// A server that lets no more in (421) while sessions with it are at work is not asked again: who wants one waits for one
/// of those.
#[derive(Default)]
pub struct Kept {
    // Guards who is idle and how many are at work; never held while something is asked of a server.
    all: Mutex<All>,
    /// A session has come back, or has not.
    freed: Condvar,
}

#[derive(Default)]
struct All {
    /// The one that was at work last is at the end.
    idle: Vec<(Server, Session)>,
    at_work: HashMap<Server, AtWork>,
}

/// Sessions with one server that somebody has, or is logging in.
#[derive(Default)]
struct AtWork {
    sessions: usize,
    /// Whether it has let no more in.
    is_full: bool,
}

/// A server, and as whom.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Server {
    scheme: Scheme,
    host: String,
    port: Option<u16>,
    user: Option<String>,
    password: Option<String>,
}

impl Server {
    fn of(remote: &Remote) -> Server {
        let Remote { scheme, host, port, user, password, path: _, kind: _ } = remote.clone();
        Server { scheme, host, port, user, password }
    }
}

/// A session that somebody has; dropped, it is kept, unless its server is gone.
pub(super) struct Lent<'a> {
    kept: &'a Kept,
    server: Server,
    session: Option<Session>,
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session with the server of `remote`: one that waits, else a new one.
    pub(super) fn lend(&self, remote: &Remote, options: &Options) -> Result<Lent<'_>, ClientError> {
        let server = Server::of(remote);
        // What is kept must not keep its keeper.
        let asked = &Options { kept: None, ..options.clone() };
        loop {
            let waits = self.idle(&server, asked)?;
            let mut lent = Lent { kept: self, server: server.clone(), session: waits };
            if let Some(session) = &mut lent.session {
                session.goes_on(remote, asked);
                return Ok(lent);
            }
            // Who has nobody to wait for asks one that is busy again.
            let mut options = asked.clone();
            if self.others(&server) > 0 {
                options.ftp.busy = Duration::ZERO;
            }
            match Session::open_with(remote, &options, true) {
                Ok(mut session) => {
                    session.goes_on(remote, asked);
                    lent.session = Some(session);
                    return Ok(lent);
                }
                Err(why) if is_full(&why) && self.waits_for_others(&server) => {}
                Err(why) => return Err(why),
            }
        }
    }

    /// One that waits; `None`: another one is to be made, which counts as at work from here on.
    fn idle(&self, server: &Server, options: &Options) -> Result<Option<Session>, ClientError> {
        let mut all = self.lock();
        loop {
            let waits = all.idle.iter().rposition(|(of, _)| of == server);
            let session = waits.map(|at| all.idle.remove(at).1);
            let at_work = all.at_work.entry(server.clone()).or_default();
            if session.is_some() || !at_work.is_full || at_work.sessions == 0 {
                at_work.sessions += 1;
                return Ok(session);
            }
            if options.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
                return Err(ClientError::Cancelled);
            }
            all = self.freed.wait_timeout(all, TICK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A server lets no more in; whether there are others to wait for.
    fn waits_for_others(&self, server: &Server) -> bool {
        self.lock().at_work.entry(server.clone()).or_default().is_full = true;
        self.others(server) > 0
    }

    /// Sessions with a server besides the one that is being made.
    fn others(&self, server: &Server) -> usize {
        let all = self.lock();
        let idle = all.idle.iter().filter(|(of, _)| of == server).count();
        idle + all.at_work.get(server).map_or(0, |at_work| at_work.sessions.saturating_sub(1))
    }
}

impl Lent<'_> {
    pub(super) fn session(&mut self) -> &mut Session {
        self.session.as_mut().expect("it is there until the drop")
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let session = self.session.take().filter(|session| !session.is_over());
        let mut all = self.kept.lock();
        if let Some(at_work) = all.at_work.get_mut(&self.server) {
            at_work.sessions -= 1;
        }
        if let Some(session) = session {
            all.idle.push((self.server.clone(), session));
        }
        let oldest = (all.idle.len() > IDLE).then(|| all.idle.remove(0));
        drop(all);
        self.kept.freed.notify_all();
        // It says QUIT, and waits for the answer.
        drop(oldest);
    }
}

fn is_full(why: &ClientError) -> bool {
    matches!(why, ClientError::Server { code: WireCode::Ftp(421), .. })
}
