//! What a single value cannot show: what is there twice, points nowhere or cannot be meant.

mod audit;
mod limits;
mod listen;
mod people;
mod rules;
mod secrecy;
mod tftp;
mod tree;

use super::Config;
use super::fault::Fault;
use super::load::Loaded;
use super::origin::{Origin, Place};
use secrecy::Content;
use std::collections::HashMap;
use std::hash::Hash;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Everything that is wrong with it.
pub(crate) fn faults(loaded: &Loaded) -> Vec<Fault> {
    let mut check = Check { loaded, config: &loaded.config, faults: Vec::new() };
    for subject in SUBJECTS {
        subject(&mut check);
    }
    check.faults
}

/// One file each.
const SUBJECTS: &[fn(&mut Check<'_>)] =
    &[listen::check, tree::check, people::check, rules::check, limits::check, audit::check, tftp::check];

/// A configuration that is judged.
struct Check<'a> {
    loaded: &'a Loaded,
    config: &'a Config,
    faults: Vec<Fault>,
}

impl Check<'_> {
    /// Tells what is wrong with the setting at `path`, and what to do.
    fn fault(&mut self, path: &str, what: impl Into<String>, remedy: impl Into<String>) {
        let origin = match (self.loaded.origins.of(path), &self.loaded.source) {
            // What is missing from a file is missing at its beginning.
            (Origin::Default, Some(source)) => Origin::File(Place { source: source.clone(), span: 0..0 }),
            (origin, _) => origin,
        };
        self.faults.push(Fault::new(origin, what, remedy));
    }

    /// Whether each of these is what it looks like: what follows from something that is not there is told only where
    /// it is not there with a slip in it either.
    fn is_sure(&self, paths: &[&str]) -> bool {
        self.loaded.is_sure(paths)
    }

    /// Whether the file or a variable says so. What an option names is judged where it is opened: its failure has
    /// an exit code of its own.
    fn is_written(&self, path: &str) -> bool {
        match self.loaded.origins.of(path) {
            Origin::File(_) | Origin::Environment { .. } => true,
            Origin::Default | Origin::Flag(_) => false,
        }
    }

    /// Where the setting at `path` is, for a remedy that names a second place.
    fn place(&self, path: &str) -> String {
        self.loaded.origins.of(path).to_string()
    }

    /// Tells where one of several has the same as one before it: `path` of the nth, and what they have.
    fn twice<T: Eq + Hash>(
        &mut self,
        items: &[T],
        path: impl Fn(usize) -> String,
        what: impl Fn(&T) -> String,
    ) {
        // 10,000 users are compared.
        let mut firsts = HashMap::new();
        for (i, item) in items.iter().enumerate() {
            let first = *firsts.entry(item).or_insert(i);
            if first != i {
                let remedy = format!("give it once; the first is at {}", self.place(&path(first)));
                self.fault(&path(i), format!("{} is there twice", what(item)), remedy);
            }
        }
    }

    /// Tells where a directory of this host is not there.
    fn directory(&mut self, path: &str, dir: &Path) {
        if !self.is_written(path) {
            return;
        }
        let name = dir.display();
        match dir.metadata() {
            Err(e) => self.fault(
                path,
                format!("{name}: {}", words(&e)),
                format!("mkdir {name}, or name another directory"),
            ),
            Ok(facts) if !facts.is_dir() => {
                self.fault(path, format!("{name} is no directory"), "name a directory");
            }
            Ok(_) => {}
        }
    }

    /// Tells where a file of this host is not there, or where others may read what it holds.
    fn file(&mut self, path: &str, file: &Path, content: Content) {
        if !self.is_written(path) {
            return;
        }
        let name = file.display();
        match file.metadata() {
            Err(e) => {
                self.fault(path, format!("{name}: {}", words(&e)), "check the name, and who may read it")
            }
            Ok(facts) if !facts.is_file() => {
                self.fault(path, format!("{name} is no regular file"), "name a file")
            }
            Ok(facts) => {
                if let Some(audience) = self.open_to(&facts, content) {
                    self.fault(path, audience.what(&name.to_string(), ""), audience.remedy(file));
                }
            }
        }
    }

    /// Tells where a command is none: nothing, no absolute path, or no program.
    fn command(&mut self, path: &str, words: &[String]) {
        let Some(program) = words.first() else { return };
        let program = Path::new(program);
        if !program.is_absolute() {
            let what = format!("{} is no absolute path", program.display());
            self.fault(path, what, "name the program by its path: there is no shell and no search");
            return;
        }
        let name = program.display();
        match program.metadata() {
            Err(e) => {
                self.fault(path, format!("{name}: {}", self::words(&e)), "check the name of the program")
            }
            Ok(facts) if !facts.is_file() || facts.permissions().mode() & 0o111 == 0 => {
                self.fault(
                    path,
                    format!("{name} cannot be run"),
                    format!("chmod +x {name}, or name another program"),
                );
            }
            Ok(_) => {}
        }
    }
}

/// A system's error in our words.
fn words(error: &std::io::Error) -> String {
    crate::exit::Failure::local("", error).what
}
