//! `towline restore`: brings an old version back.

use super::versions::{Tree, fault, named, path_of};
use crate::config::Loaded;
use crate::control::{Answer, Request, ask};
use crate::exit::{Exit, Failure};
use crate::figures::grouped;
use crate::service::offline;
use crate::sinks::{history_file, keep};
use clap::Args;
use gate::audit::{By, What};
use store::{Blob, Mode, Published, Result, Stamp, Store, StoreError, VPath};

const EXAMPLES: &str = "\
Examples:
  towline restore --dir /srv/tftp r1-confg@20261123T192342.123456Z
  towline restore --dir /srv/tftp r1-confg@2026-11-23     where it names one version only
  towline restore /configs/r1-confg@latest                of the service's tree: undo the last upload
";

/// Bring an old version of a file back. What is there now is kept as a version itself.
///
/// The file changes in one step, as by an upload, and the server may go on meanwhile. Quotas are not
/// looked at. towline versions lists what there is.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Restore {
    #[command(flatten)]
    tree: Tree,
    /// The file, and the time that towline versions shows of the version, its beginning, or latest.
    #[arg(value_name = "PATH@TIME")]
    what: String,
}

impl Restore {
    /// Does it.
    pub fn run(self) -> std::result::Result<(), Failure> {
        let (path, time) = self.what.rsplit_once('@').ok_or_else(|| {
            Failure::usage(&self.what, "no version is named", "write PATH@TIME, as towline versions lists it")
        })?;
        let path = path_of(path)?;
        let loaded = self.tree.loaded()?;
        let store = offline(&loaded, true)?;
        let fault = |e: StoreError| fault(&path, &e);
        let versions = store.versions(&path).map_err(fault)?;
        let version = named(&versions, time).map_err(|found| match &found[..] {
            [] => Failure::new(Exit::Absent, &self.what, "no such version is kept", "see towline versions"),
            several => {
                let all: Vec<String> = several.iter().map(Stamp::to_string).collect();
                Failure::usage(&self.what, format!("several begin so: {}", all.join(", ")), "name one")
            }
        })?;
        let published = bring_back(&*store, &path, version.stamp).map_err(fault)?;
        record(&loaded, &path, version.stamp, published.len);
        let is = format!("{path} is what it was until {} ({} octets)", version.stamp, grouped(published.len));
        match published
            .kept
            .as_ref()
            .and_then(|kept| kept.name().iter().rposition(|b| *b == b'@').map(|at| (kept, at)))
        {
            Some((kept, at)) => {
                let stamp = String::from_utf8_lossy(&kept.name()[at + 1..]).into_owned();
                println!("{is}; what it was before is {path}@{stamp}");
            }
            None => println!("{is}"),
        }
        Ok(())
    }
}

/// Tells it to the server, and to the history where none runs. That it is done does not depend on it.
fn record(loaded: &Loaded, path: &VPath, stamp: Stamp, octets: u64) {
    let (version, text) = (stamp.to_string(), path.to_string());
    if let Some(socket) = &loaded.config.server.control {
        let restored = Request::Restored { path: text, version: version.clone(), octets };
        if ask(socket, &restored, |_: Answer| {}).is_ok() {
            return;
        }
    }
    let Ok(Some(history)) = history_file(loaded) else { return };
    if !history.exists() {
        return;
    }
    let by = By::Operator(Some(rustix::process::getuid().as_raw()));
    if let Err(why) = keep(&history, What::Restored { path: path.clone(), version, octets, by }) {
        eprintln!("towline: {}: {why}; the history does not know of it", history.display());
    }
}

/// An upload of the version over what is there.
fn bring_back(store: &dyn Store, path: &VPath, stamp: Stamp) -> Result<Published> {
    let old = store.open_version(path, stamp)?;
    let mut upload = store.create(path, Mode::Overwrite, "")?;
    upload.keep_old()?;
    let mut buffer = vec![0; 256 << 10];
    let mut at = 0;
    while at < old.len() {
        let n = Blob::read_at(&old, at, &mut buffer)?;
        if n == 0 {
            return Err(StoreError::BeyondEnd { offset: old.len(), len: at });
        }
        upload.write_at(at, &buffer[..n])?;
        at += n as u64;
    }
    upload.commit()
}
