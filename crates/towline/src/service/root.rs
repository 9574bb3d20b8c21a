//! What is served: a directory of this host, or one file of it.

use super::shelf::Shelf;
use super::tree::Part;
use crate::exit::{Exit, Failure};
use ios_cli::image_name::ImageName;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use store::local::{Local, LocalOptions};
use store::{Kind, Store, VPath};

/// Images whose digests are announced: the newest; a directory may hold hundreds.
const IMAGES: usize = 3;
/// Names looked at for them.
const ENTRIES: usize = 10_000;

/// The served tree.
pub(crate) struct Root {
    /// Its backend.
    pub(crate) store: Arc<dyn Store>,
    /// How it is named to people on this host.
    pub(crate) shown: String,
    /// Images directly in it, the newest first.
    pub(crate) images: Vec<VPath>,
    /// Any file, where there is no image.
    other: Option<VPath>,
    /// What is kept in order.
    pub(crate) parts: Vec<Part>,
}

impl Root {
    /// A tree, with what is announced of it.
    pub(crate) fn new(store: Arc<dyn Store>, shown: String, one: Option<VPath>, parts: Vec<Part>) -> Root {
        let (images, other) = match one {
            Some(file) => (vec![file], None),
            None => names(&*store),
        };
        Root { store, shown, images, other, parts }
    }

    /// A name to show in lines to paste.
    pub(crate) fn example(&self) -> Option<String> {
        let path = self.images.first().or(self.other.as_ref())?;
        std::str::from_utf8(path.relative()).ok().map(String::from)
    }
}

/// A directory or one file of this host, and then its name.
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) one: Option<VPath>,
}

impl Opened {
    /// Opens it, unless it is one that nobody wants to serve.
    pub(crate) fn open(path: &Path, sure: bool, options: LocalOptions) -> Result<Opened, Failure> {
        let write = options.write;
        let shown = path.display().to_string();
        let local = |e: &std::io::Error| Failure::local(&shown, e);
        let real = path.canonicalize().map_err(|e| local(&e))?;
        let facts = real.metadata().map_err(|e| local(&e))?;
        if facts.is_dir() {
            if !sure && is_precious(&real) {
                return Err(Failure::usage(
                    &shown,
                    "is the whole file system or a home directory",
                    "serve a directory inside it, or say --yes-serve-this",
                ));
            }
            let store: Arc<dyn Store> = Arc::new(Local::open(&real, options).map_err(|e| local(&e))?);
            return Ok(Opened { store, one: None });
        }
        if !facts.is_file() {
            let way_out = "name a directory or a regular file";
            return Err(Failure::new(Exit::Local, &shown, "is neither a directory nor a file", way_out));
        }
        if write {
            return Err(Failure::usage(
                "--write",
                format!("{shown} is one file"),
                "serve its directory instead",
            ));
        }
        let name = |path: &Path| {
            let name = path.file_name().map(|n| n.as_encoded_bytes().to_vec()).unwrap_or_default();
            VPath::root().child(&name).map_err(|e| Failure::usage(&shown, e, "name a file"))
        };
        let (named, linked) = (name(path)?, name(&real)?);
        let parent = real.parent().unwrap_or(Path::new("/"));
        // The directory is opened for one file; nothing is swept or written in it.
        let dir: Arc<dyn Store> =
            Arc::new(Local::open(parent, LocalOptions { write: false, ..options }).map_err(|e| local(&e))?);
        let store = Arc::new(Shelf::of_one(dir, linked, named.clone()));
        Ok(Opened { store, one: Some(named) })
    }
}

/// `/`, or the home directory.
pub(crate) fn is_precious(dir: &Path) -> bool {
    let home = std::env::var_os("HOME").map(PathBuf::from).and_then(|h| h.canonicalize().ok());
    dir == Path::new("/") || home.is_some_and(|h| h == dir)
}

/// The newest images directly in the root, and some other file.
fn names(store: &dyn Store) -> (Vec<VPath>, Option<VPath>) {
    let mut images: Vec<(SystemTime, VPath)> = Vec::new();
    let mut other: Option<VPath> = None;
    let mut looked = 0;
    let Ok(mut cursor) = store.list(&VPath::root()) else { return (Vec::new(), None) };
    while looked < ENTRIES {
        // A directory that cannot be read on is announced with what was read.
        let Ok(entries) = cursor.next() else { break };
        if entries.is_empty() {
            break;
        }
        looked += entries.len();
        for entry in entries {
            if entry.facts.kind != Kind::File || entry.name.starts_with(b".") {
                continue;
            }
            let Ok(path) = VPath::root().child(&entry.name) else { continue };
            if std::str::from_utf8(&entry.name).is_ok_and(|n| ImageName::parse(n).is_some()) {
                images.push((entry.facts.modified, path));
            } else if other.as_ref().is_none_or(|o| path < *o) {
                other = Some(path);
            }
        }
    }
    images.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    images.truncate(IMAGES);
    (images.into_iter().map(|(_, path)| path).collect(), other)
}
