//! From a request to an opened file: who asks, what the name stands for, what the door says.

use super::names::{self, Names};
use gate::store::Mode;
use gate::{
    Ask, Credentials, Gate, Knock, Protocol, Reading, Refusal, Security, Session, Writing, is_digest_name,
};
use std::net::SocketAddr;
use std::sync::Arc;
use tftp_proto::packet::Op;

/// What a request asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Asked {
    pub(super) op: Op,
    pub(super) mode: tftp_proto::Mode,
    /// As it came: not checked, not mapped.
    pub(super) name: Vec<u8>,
    pub(super) peer: SocketAddr,
    /// Our address and port that were asked.
    pub(super) local: SocketAddr,
    /// The octets that an upload announces.
    pub(super) expected: Option<u64>,
}

impl Asked {
    /// Whether opening it may mean to read a whole file first, for its digest.
    pub(super) fn may_take_long(&self) -> bool {
        self.op == Op::Read && is_digest_name(&self.name)
    }
}

/// An opened file.
pub(super) enum Opened {
    Read(Reading),
    Write(Writing),
}

/// Lets the peer in. Takes no time: TFTP has no password.
pub(super) fn admit(gate: &Arc<Gate>, asked: &Asked) -> Result<Session, Refusal> {
    gate.admit(&Knock {
        protocol: Protocol::Tftp,
        local: asked.local,
        peer: asked.peer,
        security: Security::Clear,
        credentials: Credentials::None,
        agreed: None,
        certificate: None,
        host: None,
    })
}

/// Opens a plain file that needs no waiting for a disk. `None`: [`open`] decides.
pub(super) fn now(session: &Session, names: &Names, asked: &Asked) -> Option<Opened> {
    match asked.op {
        Op::Read => {
            let path = names::at_once(names, asked)?;
            session.read_now(&path).map(Opened::Read)
        }
        Op::Write => None,
    }
}

/// Opens what is asked for. May wait for the disk: long, where [`Asked::may_take_long`].
pub(super) fn open(session: &Session, names: &Names, asked: &Asked) -> Result<Opened, Refusal> {
    match asked.op {
        Op::Read => names::read(names, session, asked).map(Opened::Read),
        Op::Write => {
            let path = names::write(names, session, asked)?;
            session.write(&path, Ask { mode: Mode::Overwrite, expected: asked.expected }).map(Opened::Write)
        }
    }
}
