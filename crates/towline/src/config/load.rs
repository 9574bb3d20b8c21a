//! Brings the layers together: the file, then the variables over it, then what options set.

use super::Config;
use super::check;
use super::doubt::Doubts;
use super::fault::Fault;
use super::node::{Kind, Node};
use super::origin::{Origin, Origins, Source};
use super::section::{Reading, Setting as _};
use super::variable;
use crate::exit::Failure;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// How variables begin that set something: `TOWLINE_TFTP__PORT`.
pub const PREFIX: &str = "TOWLINE_";
/// The largest file that is read, octets: 10,000 users and 1,000 rules are 2 MiB.
const LARGEST: u64 = 64 << 20;

/// A configuration, and where everything in it comes from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What holds.
    pub config: Config,
    /// Where it comes from.
    pub origins: Origins,
    /// The file that was read.
    pub source: Option<Arc<Source>>,
    /// What could not be read.
    doubts: Doubts,
}

/// A configuration as far as it could be read, and what is wrong with the rest: what is wrong in it besides is told
/// with that, in one go, when the options are in it.
#[derive(Debug)]
pub struct Draft {
    loaded: Loaded,
    faults: Vec<Fault>,
}

impl Draft {
    /// Reads a file, if there is one, and the variables; what is no TOML at all ends it.
    pub fn read(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Draft, Failure> {
        draft(file.map(text_of).transpose()?, variables).map_err(|faults| failure(&faults))
    }

    /// The same from a file's text, which was read before.
    pub(crate) fn of_text(
        path: &Path,
        text: String,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Draft, Failure> {
        let source = Arc::new(Source { path: path.to_owned(), text });
        draft(Some(source), variables).map_err(|faults| failure(&faults))
    }

    /// Where options are set.
    pub fn options(&mut self) -> &mut Loaded {
        &mut self.loaded
    }

    /// The configuration, where nothing is wrong with it.
    pub fn checked(self) -> Result<Loaded, Failure> {
        let Draft { loaded, mut faults } = self;
        faults.append(&mut check::faults(&loaded));
        if faults.is_empty() { Ok(loaded) } else { Err(failure(&faults)) }
    }

    /// The configuration, where all of it could be read, whether it can be meant or not.
    fn readable(self) -> Result<Loaded, Failure> {
        self.read_whole().map_err(|faults| failure(&faults))
    }

    fn read_whole(self) -> Result<Loaded, Vec<Fault>> {
        if self.faults.is_empty() { Ok(self.loaded) } else { Err(self.faults) }
    }

    /// What is wrong with it, whether anything acts on it or not.
    #[cfg(test)]
    pub(super) fn judged(mut self) -> Vec<Fault> {
        self.faults.append(&mut check::faults(&self.loaded));
        self.faults
    }
}

impl Loaded {
    /// Reads a file, if there is one, and the variables that begin with [`PREFIX`] and have a `__`. Pictures of
    /// what is wrong are shown on stderr before the failure counts them.
    pub fn read(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Loaded, Failure> {
        Draft::read(file, variables)?.readable()
    }

    /// The text of a file that may be a configuration.
    pub(crate) fn text(path: &Path) -> Result<String, Failure> {
        Ok(text_of(path)?.text.clone())
    }

    /// Judges the rules alone: what they mean can be asked where nothing else that is named is there.
    pub fn check_rules(&self) -> Result<(), Failure> {
        let mut faults = Vec::new();
        super::rule::faults(self, &mut faults);
        if faults.is_empty() { Ok(()) } else { Err(failure(&faults)) }
    }

    /// Whether each of these is what it looks like, although something may not have been read.
    pub(super) fn is_sure(&self, paths: &[&str]) -> bool {
        paths.iter().all(|path| self.doubts.spare(path, &self.origins))
    }

    /// Notes that an option sets what is at `path`, and gives the configuration to set it in.
    pub fn flag(&mut self, path: &str, option: &'static str) -> &mut Config {
        self.origins.note(path, Origin::Flag(option));
        &mut self.config
    }

    /// How the thing at `path` is called in messages: `FILE:LINE`, a variable, an option.
    pub fn thing(&self, path: &str) -> String {
        match self.origins.of(path) {
            Origin::Default => path.to_owned(),
            origin @ (Origin::File(_) | Origin::Environment { .. } | Origin::Flag(_)) => origin.to_string(),
        }
    }

    /// A failure about the setting at `path`.
    pub fn wrong(
        &self,
        path: &str,
        what: impl std::fmt::Display,
        way_out: impl std::fmt::Display,
    ) -> Failure {
        Failure::usage(self.thing(path), what, way_out)
    }

    /// What was read, for the first line of the log; `None`: options only.
    pub fn what_was_read(&self) -> Option<String> {
        let mut read: Vec<String> = self.source.iter().map(|f| f.path.display().to_string()).collect();
        let mut flags = Vec::new();
        for (_, origin) in self.origins.iter() {
            let (list, name) = match origin {
                Origin::Environment { name, .. } => (&mut read, name.clone()),
                Origin::Flag(option) => (&mut flags, (*option).to_owned()),
                Origin::Default | Origin::File(_) => continue,
            };
            if !list.contains(&name) {
                list.push(name);
            }
        }
        if read.is_empty() {
            return None;
        }
        read.extend(flags);
        Some(read.join(", "))
    }
}

/// The variables of this process that can be read as text.
pub(crate) fn environment() -> Vec<(String, String)> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

pub(super) fn text_of(path: &Path) -> Result<Arc<Source>, Failure> {
    let name = path.display().to_string();
    let cannot = |e: &std::io::Error| Failure { exit: crate::exit::Exit::Usage, ..Failure::local(&name, e) };
    let facts = path.metadata().map_err(|e| cannot(&e))?;
    // A FIFO or a device would hold the start up.
    if !facts.is_file() || facts.len() > LARGEST {
        return Err(Failure::usage(
            &name,
            "is no configuration file",
            "name a regular file of at most 64 MiB",
        ));
    }
    let mut octets = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| cannot(&e))?;
    file.take(LARGEST).read_to_end(&mut octets).map_err(|e| cannot(&e))?;
    let text = String::from_utf8(octets).map_err(|e| {
        let line = e.as_bytes()[..e.utf8_error().valid_up_to()].split(|&b| b == b'\n').count();
        Failure::usage(format!("{name}:{line}"), "is not UTF-8", "save the file as UTF-8")
    })?;
    Ok(Arc::new(Source { path: path.to_owned(), text }))
}

/// Reads the layers below the options, all of them.
#[cfg(test)]
pub(crate) fn parse(
    source: Option<Arc<Source>>,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, Vec<Fault>> {
    draft(source, variables)?.read_whole()
}

/// Reads the layers below the options, as far as they can be read.
pub(super) fn draft(
    source: Option<Arc<Source>>,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Draft, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut tree = match &source {
        Some(source) => Node::document(source, &mut faults),
        None => Node { kind: Kind::Table(Vec::new()), origin: Origin::Default },
    };
    // What cannot be read as TOML hides keys: what would be said of the rest is guesswork.
    if !faults.is_empty() {
        return Err(faults);
    }
    variable::put(&mut tree, variables, &mut faults);
    let base = source.as_ref().and_then(|s| s.path.parent()).map(Path::to_owned).unwrap_or_default();
    let mut reading = Reading::new(base);
    reading.is_service = true;
    // A variable that leads nowhere may have meant anything.
    if !faults.is_empty() {
        reading.doubts.note(String::new());
    }
    let config = Config::read(&tree, &mut reading).expect("a document is a table");
    faults.append(&mut reading.faults);
    let Reading { origins, doubts, .. } = reading;
    Ok(Draft { loaded: Loaded { config, origins, source, doubts }, faults })
}

/// Shows the faults, in the order of their places, and makes one failure of them.
pub(crate) fn failure(faults: &[Fault]) -> Failure {
    failure_of("the configuration", faults)
}

/// The same for another file.
pub(crate) fn failure_of(thing: impl std::fmt::Display, faults: &[Fault]) -> Failure {
    let mut sorted: Vec<&Fault> = faults.iter().collect();
    sorted.sort_by_key(|fault| match &fault.origin {
        Origin::File(place) => (0, place.span.start),
        Origin::Default | Origin::Environment { .. } | Origin::Flag(_) => (1, 0),
    });
    if let [fault] = sorted[..] {
        if let Some((_, picture)) = fault.picture().split_once('\n') {
            eprint!("{picture}");
        }
        return Failure::usage(fault.thing(), &fault.what, &fault.remedy);
    }
    for fault in &sorted {
        eprint!("{}", fault.picture());
    }
    let first = sorted.first().map(|fault| format!(", the first {}: {}", fault.thing(), fault.what));
    let what = format!("has {} faults{}", faults.len(), first.unwrap_or_default());
    Failure::usage(thing, what, "correct them and try again")
}
