//! Brings the layers together: the file, then the variables over it, then what options set.

use super::Config;
use super::check;
use super::fault::Fault;
use super::node::{Kind, Node};
use super::origin::{Origin, Origins, Source};
use super::section::{Reading, Setting};
use super::suggest::did_you_mean;
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
}

impl Loaded {
    /// Reads a file, if there is one, and the variables that begin with [`PREFIX`] and have a `__`. Pictures of
    /// what is wrong are shown on stderr before the failure counts them.
    pub fn read(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Loaded, Failure> {
        let source = file.map(text_of).transpose()?;
        parse(source, variables).map_err(|faults| failure(&faults))
    }

    /// The same from a file's text, which was read before.
    pub(crate) fn of_text(
        path: &Path,
        text: String,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Loaded, Failure> {
        let source = Arc::new(Source { path: path.to_owned(), text });
        parse(Some(source), variables).map_err(|faults| failure(&faults))
    }

    /// The text of a file that may be a configuration.
    pub(crate) fn text(path: &Path) -> Result<String, Failure> {
        Ok(text_of(path)?.text.clone())
    }

    /// Judges what holds, when the options are in it.
    pub fn check(&self) -> Result<(), Failure> {
        let faults = check::faults(self);
        if faults.is_empty() { Ok(()) } else { Err(failure(&faults)) }
    }

    /// Judges the rules alone: what they mean can be asked where nothing else that is named is there.
    pub fn check_rules(&self) -> Result<(), Failure> {
        let mut faults = Vec::new();
        super::rule::faults(self, &mut faults);
        if faults.is_empty() { Ok(()) } else { Err(failure(&faults)) }
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

/// Reads the layers below the options.
pub(crate) fn parse(
    source: Option<Arc<Source>>,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut tree = match &source {
        Some(source) => Node::document(source, &mut faults),
        None => Node { kind: Kind::Table(Vec::new()), origin: Origin::Default },
    };
    // What cannot be read as TOML hides keys: what would be said of the rest is guesswork.
    if !faults.is_empty() {
        return Err(faults);
    }
    for (name, text) in variables {
        put_variable(&mut tree, &name, &text, &mut faults);
    }
    let base = source.as_ref().and_then(|s| s.path.parent()).map(Path::to_owned).unwrap_or_default();
    let mut reading = Reading::new(base);
    let config = Config::read(&tree, &mut reading);
    faults.append(&mut reading.faults);
    match config {
        Some(config) if faults.is_empty() => Ok(Loaded { config, origins: reading.origins, source }),
        _ => Err(faults),
    }
}

fn put_variable(tree: &mut Node, name: &str, text: &str, faults: &mut Vec<Fault>) {
    let Some(path) = name.strip_prefix(PREFIX).filter(|rest| rest.contains("__")) else { return };
    let path: Vec<String> = path.split("__").map(|p| p.to_ascii_lowercase().replace('_', "-")).collect();
    let node = Node::variable(name, text);
    let sections = super::section::sections::<Config>();
    if !sections.contains(&path[0]) {
        let remedy = did_you_mean(&path[0], &sections);
        faults.push(Fault::new(node.origin, format!("there is no section '{}'", path[0]), remedy));
        return;
    }
    tree.put(&path, node);
}

/// Shows the faults, in the order of their places, and makes one failure of them.
pub(crate) fn failure(faults: &[Fault]) -> Failure {
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
    Failure::usage("the configuration", format!("has {} faults", faults.len()), "correct them and try again")
}
