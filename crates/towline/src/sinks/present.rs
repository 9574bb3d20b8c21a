//! Who is here now, from the events: sessions that have not left, transfers that have not ended.

use crate::control::Answer;
use crate::events::{direction, protocol_word, timestamp};
use gate::audit::{Event, What};
use gate::{Direction, Progress, Protocol};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use store::VPath;

/// Sessions and transfers. Written by the one who reads the events, read by whoever asks.
#[derive(Default)]
pub struct Present {
    // Guards both tables together; held for an event or for a look.
    inner: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    sessions: BTreeMap<u64, Here>,
    transfers: BTreeMap<u64, Moving>,
}

struct Here {
    protocol: Protocol,
    peer: SocketAddr,
    user: Option<String>,
    since: SystemTime,
}

struct Moving {
    session: u64,
    protocol: Protocol,
    peer: SocketAddr,
    user: Option<String>,
    path: VPath,
    dir: Direction,
    progress: Progress,
    since: SystemTime,
}

impl Present {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one event.
    pub fn see(&self, event: &Event) {
        let (Some(protocol), Some(peer)) = (event.protocol, event.peer) else { return };
        let (user, since) = (|| event.user.clone(), event.at);
        match &event.what {
            What::Admitted => {
                let here = Here { protocol, peer, user: user(), since };
                self.lock().sessions.insert(event.session, here);
            }
            What::Left => {
                self.lock().sessions.remove(&event.session);
            }
            What::Started { transfer, path, dir, progress, .. } => {
                let (session, path, dir, progress) = (event.session, path.clone(), *dir, progress.clone());
                let moving = Moving { session, protocol, peer, user: user(), path, dir, progress, since };
                self.lock().transfers.insert(*transfer, moving);
            }
            What::Ended { transfer, .. } => {
                self.lock().transfers.remove(transfer);
            }
            What::RefusedKnock { .. }
            | What::Identity(_)
            | What::Refused { .. }
            | What::RefusedName { .. }
            | What::Digested { .. }
            | What::Removed { .. }
            | What::Renamed { .. }
            | What::MadeDir { .. }
            | What::RemovedDir { .. }
            | What::SetModified { .. }
            | What::SetMode { .. }
            | What::Linked { .. }
            | What::Symlinked { .. }
            | What::LoggedIn { .. }
            | What::Kicked { .. }
            | What::Listed { .. }
            | What::ThirdParty { .. }
            | What::GrantUsed { .. }
            | What::Banned { .. }
            | What::Unbanned { .. }
            | What::Configured { .. }
            | What::SinkLost { .. }
            | What::HookFailed { .. }
            | What::Exhausted { .. }
            | What::Restored { .. }
            | What::Server { .. }
            | What::Lost(_) => {}
        }
    }

    /// Everybody, sessions first, each in the order in which they came.
    pub fn told(&self) -> Vec<Answer> {
        let now = SystemTime::now();
        let seconds = |since: SystemTime| now.duration_since(since).unwrap_or_default().as_secs_f64();
        let tables = self.lock();
        // A session of TFTP is one transfer and is told as that.
        let sessions = tables.sessions.iter().filter(|(_, s)| s.protocol != Protocol::Tftp);
        let sessions = sessions.map(|(id, s)| Answer::Session {
            session: *id,
            protocol: protocol_word(s.protocol).into(),
            peer: s.peer.to_string(),
            user: s.user.clone(),
            since: timestamp(s.since),
            seconds: seconds(s.since),
        });
        let transfers = tables.transfers.iter().map(|(id, t)| {
            let (octets, seconds) = (t.progress.octets(), seconds(t.since));
            Answer::Transfer {
                session: t.session,
                transfer: *id,
                protocol: protocol_word(t.protocol).into(),
                peer: t.peer.to_string(),
                user: t.user.clone(),
                path: t.path.to_string(),
                direction: direction(t.dir).into(),
                octets,
                total: t.progress.of(),
                seconds,
                rate: (seconds > 0.0).then(|| (octets as f64 / seconds) as u64),
            }
        });
        sessions.chain(transfers).collect()
    }
}
