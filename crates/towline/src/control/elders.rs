//! Workers that a reload left behind and that drain: what an operator asks about sessions is asked of them too.

use super::listen::{PATIENCE, read, say};
use super::{Answer, Desk, Request, Said as _, ask};
use crate::exit::{Exit, Failure};
use serde::{Deserialize, Serialize};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long one may take to answer: its loop comes by ten times a second.
const EACH: Duration = Duration::from_secs(2);
/// So many are asked: each has what ran in it when it was followed.
const MOST: usize = 64;

/// A request, and the user who made it.
#[derive(Serialize, Deserialize)]
struct Passed {
    uid: u32,
    request: Request,
}

impl Request {
    /// What of it is asked of those that drain.
    fn of_elders(&self) -> Option<Request> {
        match self {
            Request::Who => Some(Request::Who),
            Request::Kick { session } => Some(Request::Kick { session: *session }),
            Request::KickFrom { net } | Request::Ban { net, kick: true, .. } => {
                Some(Request::KickFrom { net: net.clone() })
            }
            // They have their answers from what all workers share, or make no more of it.
            Request::Ban { kick: false, .. }
            | Request::Ping
            | Request::Reload
            | Request::Restored { .. }
            | Request::Unban { .. }
            | Request::Grant { .. }
            | Request::Grants
            | Request::RevokeGrant { .. }
            | Request::Bans => None,
        }
    }
}

impl Desk {
    /// Does what the user `uid` asks, here and where it is about sessions in the workers that drain; numbers of
    /// sessions are added up.
    pub(super) fn answer_everywhere(
        &self,
        uid: u32,
        request: Request,
        say: &mut dyn FnMut(&Answer) -> bool,
    ) -> Result<(), Failure> {
        let Some(passed) = request.of_elders() else { return self.answer(uid, request, say) };
        let mut count = None;
        let mut each = |answer: &Answer| match answer {
            Answer::Sessions { count: more } => {
                *count.get_or_insert(0) += *more;
                true
            }
            line => say(line),
        };
        let here = self.answer(uid, request, &mut each);
        if !matches!(&here, Err(failure) if failure.exit == Exit::Usage) {
            let passed = Passed { uid, request: passed };
            for stream in (0..MOST).map_while(|nth| self.privileged.elder(nth).ok()) {
                let gone = |e| Failure::new(Exit::Unreachable, "a worker that drains", e, "");
                // One that ends meanwhile has nothing any more, and neither has one without such a session.
                let _ended = stream.set_nonblocking(false).and_then(|()| stream.set_read_timeout(Some(EACH)));
                let _none = ask::over(&stream, &passed, gone, &mut |answer: Answer| {
                    // A caller that has gone is told nothing; what was asked is done all the same.
                    let _gone = each(&answer);
                });
            }
        }
        match (here, count) {
            (Err(failure), None) => Err(failure),
            // There are none here, but there.
            (Err(failure), Some(_)) if failure.exit != Exit::Absent => Err(failure),
            (Ok(()) | Err(_), Some(count)) => {
                say(&Answer::Sessions { count });
                Ok(())
            }
            (Ok(()), None) => Ok(()),
        }
    }
}

/// Answers a successor, which passes on what an operator asked it.
pub fn answer_successor(stream: UnixStream, desk: Desk) {
    // Without a thread it sees the end of the stream.
    let _none = std::thread::Builder::new().name("control".into()).spawn(move || {
        let timeouts = stream.set_read_timeout(Some(PATIENCE)).and(stream.set_write_timeout(Some(PATIENCE)));
        if timeouts.is_err() {
            return;
        }
        let answer = read(&stream).and_then(|Passed { uid, request }| {
            desk.answer(uid, request, &mut |answer| say(&stream, answer))
        });
        say(&stream, &Answer::last(answer.as_ref().copied()));
    });
}
