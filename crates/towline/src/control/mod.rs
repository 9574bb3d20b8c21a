//! How the commands of an operator reach a running server: a unix stream socket, one request and its answers.
//!
//! The caller writes one line of JSON, a [`Request`], and reads lines of JSON, [`Answer`]s, of which the last
//! is [`Answer::Done`] or [`Answer::Fault`]. A new verb is a variant of `Request`, its arm in [`Desk`]'s one
//! match, and where it has something to say a variant of `Answer`.
//!
//! - [`listen`](fn@listen) makes the socket, 0660; [`Control`] answers on it, on threads of its own;
//! - `rights`: root, the server's own user and the members of the socket's group may ask, by what the kernel
//!   says of the caller;
//! - `desk`: what is done, `out` of it what puts peers out, `elders` in workers that drain too;
//! - [`Place`], [`ask`](fn@ask): the caller's end.
//! - [`Answers`], [`Said`]: the same for whoever else answers on such a socket.

mod ask;
mod desk;
mod elders;
mod given;
mod listen;
mod out;
mod rights;
mod said;
#[cfg(test)]
mod tests;

pub use ask::{Place, ask};
pub use desk::Desk;
pub use elders::answer_successor;
pub use listen::{Callers, Control, listen};
pub use rights::Rights;
pub use said::{Answers, Fault, Said};

use serde::{Deserialize, Serialize};

/// What an operator asks a running server.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Is anybody there? One [`Answer::Pong`].
    Ping,
    /// Who is here? One [`Answer::Session`] for each session, one [`Answer::Transfer`] for each transfer.
    Who,
    /// Take up the configuration anew. No line but the last, when a new worker serves.
    Reload,
    /// An old version was brought back: tells it to whoever is told of events. No line but the last.
    Restored {
        /// The file, in the whole tree.
        path: String,
        /// The version's time.
        version: String,
        /// Its octets.
        octets: u64,
    },
    /// Lets a network in no more. One [`Answer::Sessions`]: those from there.
    Ban {
        /// An address or a network.
        net: String,
        /// For how long; none: until it is lifted.
        seconds: Option<u64>,
        /// Why.
        reason: String,
        /// Whether the sessions from there end as well.
        kick: bool,
    },
    /// Lifts a ban.
    Unban {
        /// Its address or network.
        net: String,
    },
    /// Gives out a path for a while. One [`Answer::Granted`].
    Grant {
        /// In the whole tree.
        path: String,
        /// What may be done: `read,list`.
        verbs: String,
        /// From where.
        from: Vec<String>,
        /// For how long.
        seconds: u64,
        /// How many transfers; none: as many as one likes.
        uses: Option<u32>,
        /// The name to log in with; none: one is made.
        user: Option<String>,
    },
    /// What is given out? One [`Answer::Grant`] for each.
    Grants,
    /// Takes a grant back.
    RevokeGrant {
        /// What it is called.
        id: String,
    },
    /// Who is banned? One [`Answer::Ban`] for each.
    Bans,
    /// Ends a session. One [`Answer::Sessions`].
    Kick {
        /// Its number.
        session: u64,
    },
    /// Ends all sessions from a network. One [`Answer::Sessions`].
    KickFrom {
        /// An address or a network.
        net: String,
    },
}

impl Request {
    /// The verb, for people.
    pub fn word(&self) -> &'static str {
        match self {
            Request::Ping => "ping",
            Request::Who => "who",
            Request::Reload => "reload",
            Request::Restored { .. } => "restore",
            Request::Ban { .. } => "ban",
            Request::Unban { .. } => "unban",
            Request::Grant { .. } | Request::Grants | Request::RevokeGrant { .. } => "grant",
            Request::Bans => "bans",
            Request::Kick { .. } | Request::KickFrom { .. } => "kick",
        }
    }
}

/// A line of an answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// That it is there.
    Pong {
        /// Its process.
        pid: u32,
        /// Its version.
        version: String,
    },
    /// A session. One of TFTP is a transfer and has no line of its own.
    Session {
        /// Its number, as in the events.
        session: u64,
        /// The protocol.
        protocol: String,
        /// The peer's address and port.
        peer: String,
        /// Who.
        user: Option<String>,
        /// Since when: RFC 3339, UTC.
        since: String,
        /// How long already.
        seconds: f64,
    },
    /// A transfer.
    Transfer {
        /// Its session.
        session: u64,
        /// Its number, as in the events.
        transfer: u64,
        /// The protocol.
        protocol: String,
        /// The peer's address and port.
        peer: String,
        /// Who.
        user: Option<String>,
        /// Which file, printable.
        path: String,
        /// `read`: the peer fetches; `write`: the peer stores.
        direction: String,
        /// Octets so far: of a download over TFTP those that were acknowledged, else those that moved.
        octets: u64,
        /// Octets in all, where that is known.
        total: Option<u64>,
        /// How long already.
        seconds: f64,
        /// Octets a second since its beginning; none: it has just begun.
        rate: Option<u64>,
    },
    /// What was given out, with its secret.
    Granted {
        /// What it is called.
        id: String,
        /// The name to log in with.
        user: String,
        /// The password, and the token of a name.
        secret: String,
        /// In the whole tree.
        path: String,
        /// Its last component, which a name with the token begins with.
        name: String,
        /// What may be done.
        verbs: String,
        /// Its end: RFC 3339, UTC.
        until: String,
        /// Where the server listens: `tftp 0.0.0.0:69`.
        listening: Vec<String>,
    },
    /// A grant.
    Grant {
        /// What it is called.
        id: String,
        /// The name to log in with.
        user: String,
        /// In the whole tree.
        path: String,
        /// What may be done.
        verbs: String,
        /// From where.
        from: Vec<String>,
        /// Its end: RFC 3339, UTC.
        until: String,
        /// How often it was used.
        used: u32,
        /// How often it may be; none: as often as one likes.
        uses: Option<u32>,
        /// `good`, `expired`, `used-up`, `revoked`.
        standing: String,
    },
    /// A ban.
    Ban {
        /// Whose: an address or a network.
        net: String,
        /// Its end, RFC 3339, UTC; none: until it is lifted.
        until: Option<String>,
        /// How long still.
        seconds: Option<u64>,
        /// Who set it.
        by: String,
        /// Why.
        reason: String,
    },
    /// Sessions.
    Sessions {
        /// How many.
        count: usize,
    },
    /// That this was all, and is done.
    Done,
    /// That it could not be done.
    Fault(Fault),
}
