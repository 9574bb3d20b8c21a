//! What the configuration lets a worker ask for.

use super::{Place, Program};
use rustix::process::{Gid, Uid};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// A program and its arguments, as the configuration has them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Argv {
    /// An absolute path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// What may be asked for. Whatever is not here is refused.
#[derive(Clone, Default, Debug)]
pub struct Mandate {
    /// The programs.
    pub programs: BTreeMap<Program, Argv>,
    /// The places, as `host:port`; resolved when they are asked for.
    pub places: BTreeMap<Place, String>,
    /// The ports for passive data connections; none: any free one.
    pub passive_ports: Option<RangeInclusive<u16>>,
    /// Whether active data connections are made at all.
    pub active: bool,
    /// Whom programs run as, when this process is root. None: whoever this process is.
    pub programs_as: Option<(Uid, Gid)>,
}
