//! `towline versions`: what was written over and is kept.

use crate::config::{DEFAULT_FILE, Loaded, environment};
use crate::exit::{Exit, Failure};
use crate::figures::grouped;
use crate::service::offline;
use clap::Args;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{Kind, Stamp, Store, StoreError, VPath, Version};

const EXAMPLES: &str = "\
Examples:
  towline versions --dir /srv/tftp r1-confg      the old versions of a file, the oldest first
  towline versions --dir /srv/tftp               of every file of that directory
  towline versions /configs/r1-confg             of the service's tree, by its configuration
  towline restore --dir /srv/tftp r1-confg@20261123T192342.123456Z
";

/// List the old versions that are kept of a file, or of the files of a directory.
///
/// An upload over a file keeps it where the upload policy is version, and where TFTP or anonymous FTP
/// wrote. Works whether or not the server runs. towline restore brings one back.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Versions {
    #[command(flatten)]
    tree: Tree,
    /// A file or directory, counted from the root of what is served; it may be gone.
    #[arg(default_value = "/", value_name = "PATH")]
    path: String,
    /// Print each version as a JSON object on a line of its own.
    #[arg(long)]
    json: bool,
}

/// Whose versions.
#[derive(Debug, Args)]
pub(super) struct Tree {
    /// The directory that is served.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    dir: Option<PathBuf>,
    /// The configuration of the service. Without it and --dir the usual one, where that is there, else the
    /// current directory.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Tree {
    /// Opens it, to look.
    fn open(&self) -> Result<Arc<dyn Store>, Failure> {
        offline(&self.loaded()?, false)
    }

    /// The configuration that it is of.
    pub(super) fn loaded(&self) -> Result<Loaded, Failure> {
        let usual = Some(Path::new(DEFAULT_FILE)).filter(|file| self.dir.is_none() && file.exists());
        let file = self.config.as_deref().or(usual);
        let mut loaded = Loaded::read(file, environment())?;
        if let Some(dir) = &self.dir {
            loaded.flag("server.root", "--dir").server.root = Some(dir.clone());
        } else if file.is_none() && loaded.config.server.root.is_none() {
            loaded.config.server.root = Some(PathBuf::from("."));
        }
        Ok(loaded)
    }
}

impl Versions {
    /// Prints them.
    pub fn run(self) -> Result<(), Failure> {
        let path = path_of(&self.path)?;
        let store = self.tree.open()?;
        let fault = |e: StoreError| fault(&path, &e);
        let is_directory = store.stat(&path).is_ok_and(|facts| facts.kind == Kind::Directory);
        let paths = if is_directory {
            let names = store.versioned(&path).map_err(fault)?;
            names.iter().filter_map(|name| path.child(name).ok()).collect()
        } else {
            vec![path.clone()]
        };
        let mut out = String::new();
        for path in paths {
            for version in store.versions(&path).map_err(fault)? {
                out.push_str(&if self.json { json(&path, &version) } else { line(&path, &version) });
            }
        }
        if out.is_empty() {
            let way_out = "only what was written over is kept, where the upload policy says version";
            return Err(Failure::new(Exit::Absent, self.path, "no old version is kept", way_out));
        }
        // A reader that went away has seen enough.
        let _gone = std::io::stdout().write_all(out.as_bytes());
        Ok(())
    }
}

/// A path as people write it.
pub(super) fn path_of(text: &str) -> Result<VPath, Failure> {
    VPath::parse(text.as_bytes())
        .map_err(|e| Failure::usage(text, e, "write the path from the root of what is served down"))
}

pub(super) fn fault(path: &VPath, e: &StoreError) -> Failure {
    let exit = if matches!(e, StoreError::Absent) { Exit::Absent } else { Exit::Local };
    Failure::new(exit, path.to_string(), e, "")
}

fn line(path: &VPath, version: &Version) -> String {
    format!("{path}@{}  {:>13} octets\n", version.stamp, grouped(version.len))
}

fn json(path: &VPath, version: &Version) -> String {
    let value = serde_json::json!({
        "path": path.to_string(),
        "version": version.stamp.to_string(),
        "replaced": crate::events::timestamp(version.stamp.time()),
        "modified": crate::events::timestamp(version.modified),
        "octets": version.len,
    });
    format!("{value}\n")
}

/// The version that a time names: written as it is listed or as people write times, whole or its beginning.
pub(super) fn named<'a>(versions: &'a [Version], time: &str) -> Result<&'a Version, Vec<Stamp>> {
    if time == "latest" {
        return versions.last().ok_or_else(Vec::new);
    }
    if let Some(exact) = versions.iter().find(|version| version.stamp.to_string() == time) {
        return Ok(exact);
    }
    let plain: String = time.chars().filter(|c| !"-: ".contains(*c)).collect();
    let fits = |version: &&Version| {
        let stamp = version.stamp.to_string();
        !plain.is_empty() && (stamp.starts_with(&plain) || stamp.starts_with(plain.trim_end_matches('Z')))
    };
    let found: Vec<&Version> = versions.iter().filter(fits).collect();
    match found[..] {
        [one] => Ok(one),
        _ => Err(found.into_iter().map(|version| version.stamp).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_version_where_it_begins_only_one() {
        let version =
            |stamp: &str| Version { stamp: stamp.parse().unwrap(), len: 1, modified: std::time::UNIX_EPOCH };
        let all = [
            "20261123T192342.123456Z",
            "20261123T192342.123456Z-1",
            "20261123T192343.000000Z",
            "20261124T000000.000000Z",
        ]
        .map(version);
        let is = |time: &str| named(&all, time).map(|v| v.stamp.to_string()).map_err(|found| found.len());
        for (time, found) in [
            ("20261123T192342.123456Z", 0),
            ("20261123T192342.123456Z-1", 1),
            ("20261123T192343", 2),
            ("2026-11-23T19:23:43Z", 2),
            ("2026-11-24", 3),
            ("latest", 3),
        ] {
            assert_eq!(is(time), Ok(all[found].stamp.to_string()), "{time}");
        }
        for (time, found) in [("2026-11-23", 3), ("20261123T192342", 2), ("2025", 0), ("", 0), ("noon", 0)] {
            assert_eq!(is(time), Err(found), "{time}");
        }
        assert_eq!(named(&[], "latest").map_err(|found| found.len()).err(), Some(0));
    }
}
