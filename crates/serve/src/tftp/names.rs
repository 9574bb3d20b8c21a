//! What a name in a request stands for.
//!
//! `\` is `/` (clients from Windows), `//` and `/./` are `/`, a leading `/` is the root of what is served.
//! A drive (`C:`) and `..` are refused. Junk behind a name (0xff, a space: option 67 without its NUL) is
//! part of the name: what it asks for is not there, and the advisor says why.

pub mod client;
mod places;
pub mod remap;
mod template;
mod text;

use super::open::Asked;
use client::{Client, Macs};
use gate::store::{BadPath, MAX_PATH, VPath};
use gate::{Reading, Refusal, Session, Verb};
pub use places::ClientDirs;
use places::Found;
use remap::Rules;
pub use tftp_proto::packet::Op;

/// How names are understood; made once, shared by all transfers.
#[derive(Clone, Default, Debug)]
pub struct Names {
    /// What is made of a name first.
    pub rules: Rules,
    /// Directories of clients, where they have some.
    pub client_dirs: Option<ClientDirs>,
    /// Whether `NAME.tmpl` is filled in where `NAME` is not there.
    pub templates: bool,
    /// Whether a name that is not there may be one that differs in case only.
    pub ignore_case: bool,
}

/// Opens what a name stands for. What is refused before there is a path is told with the name.
pub(super) fn read(names: &Names, session: &Session, asked: &Asked) -> Result<Reading, Refusal> {
    let client = client(asked);
    let path = mapped(names, session, asked, &client);
    let found = path.and_then(|path| match names.is_plain() {
        true => Ok(Found::File(path)),
        false => places::find(names, session, &path, &client),
    });
    let found = found.map_err(|why| session.refuse_name(Verb::Read, &asked.name, why))?;
    found.open(session, &asked.name, &client)
}

/// The path that a name stands for where nothing but the name decides: then no disk is looked at.
pub(super) fn at_once(names: &Names, asked: &Asked) -> Option<VPath> {
    let simple = names.is_plain() && names.rules.is_empty() && asked.name.len() <= MAX_PATH;
    simple.then(|| parse(&plain(&asked.name)).ok()).flatten()
}

/// The path that an upload goes to.
pub(super) fn write(names: &Names, session: &Session, asked: &Asked) -> Result<VPath, Refusal> {
    let client = client(asked);
    let path =
        mapped(names, session, asked, &client).and_then(|path| places::write(names, session, &path, &client));
    path.map_err(|why| session.refuse_name(Verb::Write, &asked.name, why))
}

fn client(asked: &Asked) -> Client {
    Client::new(asked.peer.ip(), asked.local.ip(), Macs::Neighbours)
}

impl Names {
    /// Whether a path is looked for in one place only: there as it is.
    pub(super) fn is_plain(&self) -> bool {
        self.client_dirs.is_none() && !self.templates && !self.ignore_case
    }
}

fn mapped(names: &Names, session: &Session, asked: &Asked, client: &Client) -> Result<VPath, Refusal> {
    let len = asked.name.len();
    if len > MAX_PATH {
        return Err(BadPath::TooLong { len, max: MAX_PATH }.into());
    }
    let name = plain(&asked.name);
    if names.rules.is_empty() {
        return parse(&name);
    }
    let exists = |name: &[u8]| parse(&plain(name)).is_ok_and(|path| session.has(&path));
    parse(&plain(&names.rules.apply(&name, asked.op, client, &exists, &mut |_| {})?))
}

/// What rules and a name become, for whoever wants to see each step: as for a request, but case.
pub fn dry_run(
    rules: &Rules,
    name: &[u8],
    op: Op,
    client: &Client,
    exists: &dyn Fn(&VPath) -> bool,
    seen: &mut dyn FnMut(&remap::Step<'_>),
) -> Result<VPath, Refusal> {
    let exists = |name: &[u8]| parse(&plain(name)).is_ok_and(|path| exists(&path));
    parse(&plain(&rules.apply(&plain(name), op, client, &exists, seen)?))
}

/// The name relative to the root, with `/` between its components and nothing else.
fn plain(name: &[u8]) -> Vec<u8> {
    let parts = name.split(|&b| b == b'/' || b == b'\\').filter(|c| !c.is_empty() && *c != b".");
    parts.collect::<Vec<_>>().join(&b'/')
}

fn parse(plain: &[u8]) -> Result<VPath, Refusal> {
    if let [letter, b':', ..] = plain
        && letter.is_ascii_alphabetic()
    {
        return Err(BadPath::Drive.into());
    }
    let path = VPath::parse(plain)?;
    if path.is_root() { Err(Refusal::IsDirectory) } else { Ok(path) }
}

/// Octets behind a name that nobody typed: 0xff and blanks that follow where a client does not see the
/// end of DHCP's option 67, which has no NUL. Gives the name without them, if there are any.
pub fn without_junk(name: &[u8]) -> Option<&[u8]> {
    let junk = |&b: &u8| b == 0xff || b == b' ' || b < b' ' || b == 0x7f;
    let end = name.iter().rposition(|b| !junk(b)).map_or(0, |last| last + 1);
    (0 < end && end < name.len()).then(|| &name[..end])
}

/// What IOS asks for in turn when it has no configuration, its own name's file aside (Cisco,
/// "Using AutoInstall to Remotely Configure Cisco Networking Devices").
const AUTOINSTALL: &[&str] =
    &["network-confg", "cisconet.cfg", "router-confg", "router.cfg", "ciscortr.cfg", "switch-confg"];

/// Whether a device without a configuration asks for this name by itself. `<host>-confg` and
/// `<host>.cfg` cannot be told from names that somebody typed.
pub fn is_autoinstall(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"/").unwrap_or(name);
    AUTOINSTALL.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

#[cfg(test)]
mod tests;
