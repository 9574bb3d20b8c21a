//! The tree, from the configuration: what is mounted where, with which limits, and what `/` is for whom.

use super::root::{Opened, Root};
use crate::config::mount::Mount as Row;
use crate::config::{Loaded, Size, Within};
use crate::exit::{Exit, Failure};
use gate::{RootRule, Roots, Upload, UploadRule, Uploads};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::local::{Local, LocalOptions};
use store::mounts::{Mount, Mounts};
use store::quota::{Limit, Quota, Ration, Saved};
use store::{Keep, Store, VPath};

/// A part of the tree that is written to, and so has to be kept in order.
pub(crate) struct Part {
    /// Its path.
    pub(crate) at: VPath,
    /// Counts what is in it, also where there is no limit.
    pub(crate) quota: Quota,
    /// Its own limit, and whether any directory in it has one.
    pub(crate) limit: Limit,
    pub(crate) is_limited: bool,
    /// Where what is counted is kept from one process to the next.
    pub(crate) record: Option<PathBuf>,
}

/// Opens the root and what is mounted.
pub(super) fn open(loaded: &Loaded) -> Result<Root, Failure> {
    let config = &loaded.config;
    let server = &config.server;
    let (mut mounts, mut parts, mut shown, mut one) = (Vec::new(), Vec::new(), Vec::new(), None);
    if let Some(path) = server.inbox.as_ref().or(server.root.as_ref()) {
        let write = server.write || server.inbox.is_some();
        let keep = keep(server.keep_versions, server.keep_versions_for);
        let opened = Opened::open(path, server.any_root, options(write, keep))?;
        one = opened.one;
        let limit = limit(server.quota, server.quota_files);
        let store = part(loaded, VPath::root(), opened.store, write, limit, &mut parts)?;
        mounts.push(Mount { at: VPath::root(), store, write });
        shown.push(path.display().to_string());
    }
    for row in &config.mount {
        let at = row.path.value.0.clone();
        let keep = keep(row.keep_versions, row.keep_versions_for);
        let local = Local::open(&row.dir, options(row.write, keep));
        let local = local.map_err(|e| Failure::local(row.dir.display().to_string(), &e))?;
        let limit = limit(row.quota, row.quota_files);
        let store = part(loaded, at.clone(), Arc::new(local), row.write, limit, &mut parts)?;
        shown.push(format!("{} at {at}", row.dir.display()));
        mounts.push(Mount { at, store, write: row.write });
    }
    let store: Arc<dyn Store> = match &mounts[..] {
        [] => {
            let way_out = "set root = \"/srv/…\" in [server], or add a [[mount]]";
            return Err(Failure::usage(
                loaded.thing("server"),
                "nothing to serve: there is no root",
                way_out,
            ));
        }
        [only] if only.at.is_root() => only.store.clone(),
        _several => {
            let mounts = Mounts::new(mounts);
            Arc::new(mounts.map_err(|e| Failure::usage(loaded.thing("mount"), e, "change the path"))?)
        }
    };
    Ok(Root::new(store, shown.join(", "), one, parts))
}

/// Opens the same tree for a command beside the server: without limits, and nothing is swept.
pub(crate) fn offline(loaded: &Loaded, write: bool) -> Result<Arc<dyn Store>, Failure> {
    let config = &loaded.config;
    let server = &config.server;
    let open = |dir: &PathBuf, write: bool, keep: Keep| {
        let local = Local::open(dir, options(write, keep));
        local.map_err(|e| Failure::local(dir.display().to_string(), &e))
    };
    let mut mounts = Vec::new();
    if let Some(dir) = server.inbox.as_ref().or(server.root.as_ref()) {
        let keep = keep(server.keep_versions, server.keep_versions_for);
        mounts.push(Mount { at: VPath::root(), store: Arc::new(open(dir, write, keep)?), write });
    }
    for row in &config.mount {
        let (write, keep) = (write && row.write, keep(row.keep_versions, row.keep_versions_for));
        mounts.push(Mount {
            at: row.path.value.0.clone(),
            store: Arc::new(open(&row.dir, write, keep)?),
            write,
        });
    }
    let mounts = Mounts::new(mounts);
    Ok(Arc::new(mounts.map_err(|e| Failure::usage(loaded.thing("mount"), e, "change the path"))?))
}

fn options(write: bool, keep: Keep) -> LocalOptions {
    // The keeper sweeps: a start does not wait for a large tree.
    LocalOptions { write, keep, sweep: false, ..LocalOptions::default() }
}

fn keep<const LOW: u32, const HIGH: u32>(count: Option<Within<LOW, HIGH>>, age: Option<Duration>) -> Keep {
    Keep { count: count.map(|count| count.0 as usize), age }
}

fn limit(octets: Option<Size>, files: Option<u64>) -> Limit {
    Limit { octets: octets.map(|octets| octets.0), files }
}

/// Limits a part and has it kept in order, where it is written to.
fn part(
    loaded: &Loaded,
    at: VPath,
    store: Arc<dyn Store>,
    write: bool,
    limit: Limit,
    parts: &mut Vec<Part>,
) -> Result<Arc<dyn Store>, Failure> {
    if !write {
        return Ok(store);
    }
    let mut rations = rations_of_roots(loaded, &at);
    if limit != Limit::default() {
        rations.push(Ration { at: VPath::root(), each: false, limit });
    }
    let is_limited = !rations.is_empty();
    let quota = Quota::patient(store.clone(), rations, super::keeper::PATIENCE);
    let record = loaded.config.server.state.as_ref().filter(|_| is_limited).map(|state| {
        let name: String = at.as_bytes().escape_ascii().to_string().replace('/', ",");
        state.join("quota").join(name)
    });
    if let Some(record) = &record {
        let directory = record.parent().unwrap_or(record);
        std::fs::create_dir_all(directory)
            .map_err(|e| Failure::local(directory.display().to_string(), &e))?;
        // What is not whole is not taken: the part is counted anew.
        if let Ok(Some(saved)) = Saved::load(record) {
            quota.take_saved(&saved);
        }
    }
    let served: Arc<dyn Store> = if is_limited { Arc::new(quota.clone()) } else { store };
    parts.push(Part { at, quota, limit, is_limited, record });
    Ok(served)
}

/// The limits of roots that lie in the part at `at`.
fn rations_of_roots(loaded: &Loaded, at: &VPath) -> Vec<Ration> {
    let config = &loaded.config;
    let mounted = config.mount.iter().map(|row: &Row| &row.path.value.0);
    let part_of = |path: &VPath| {
        mounted.clone().filter(|m| path.is_within(m)).max_by_key(|m| m.as_bytes().len()).cloned()
    };
    let mut rations: Vec<Ration> = Vec::new();
    for row in &config.root {
        let limit = limit(row.quota, row.quota_files);
        let Some((directory, each)) = row.path.value.directory().filter(|_| limit != Limit::default()) else {
            continue;
        };
        if part_of(&directory).unwrap_or_else(VPath::root) != *at {
            continue;
        }
        if let Some(within) = directory.below(at)
            // The first that fits counts, as for the roots themselves.
            && !rations.iter().any(|other| other.at == within && other.each == each)
        {
            rations.push(Ration { at: within, each, limit });
        }
    }
    rations
}

/// Whether anything may be written anywhere.
pub(super) fn is_written(loaded: &Loaded) -> bool {
    let server = &loaded.config.server;
    server.write || server.inbox.is_some() || loaded.config.mount.iter().any(|row| row.write)
}

/// Whether some part is a drop box.
pub(super) fn has_drop_box(loaded: &Loaded) -> bool {
    loaded.config.server.inbox.is_some()
        || uploads(loaded).0.iter().any(|rule| rule.upload() == Upload::DropBox)
}

/// What uploads may do where: the rows of the server first, then what the mounts say, the innermost first.
pub(super) fn uploads(loaded: &Loaded) -> Uploads {
    let config = &loaded.config;
    let rows = config.server.upload.iter().map(|rule| rule.value.clone());
    let mut mounts: Vec<&Row> = config.mount.iter().collect();
    mounts.sort_by_key(|row| std::cmp::Reverse(row.path.value.0.as_bytes().len()));
    let of_mounts = mounts
        .into_iter()
        .filter_map(|row| Some(UploadRule::below(row.path.value.0.clone(), row.upload?.into())));
    Uploads(rows.chain(of_mounts).collect())
}

/// What `/` is for whom.
pub(super) fn roots(loaded: &Loaded) -> Roots {
    let row = |row: &crate::config::mount::Root| RootRule {
        host: None,
        user: row.user.as_ref().map(|user| user.value.clone()),
        group: row.group.clone(),
        network: row.network.as_ref().map(|network| network.value),
        path: row.path.value.clone(),
        create: row.create,
    };
    // Who asks for a host by name gets what is there.
    let hosts = loaded.config.ftp.host.iter().filter_map(|host| {
        let path = host.root.as_ref()?.value.clone();
        let host = Some(host.name.value.0.clone());
        Some(RootRule { host, user: None, group: None, network: None, path, create: false })
    });
    Roots(hosts.chain(loaded.config.root.iter().map(row)).collect())
}

/// A part holds more than it may.
pub(super) fn too_much(at: &VPath, used: u64, limit: u64) -> Failure {
    Failure::new(
        Exit::Local,
        format!("the quota of {at}"),
        format!(
            "{} octets are there already, {} may be",
            crate::figures::grouped(used),
            crate::figures::grouped(limit)
        ),
        "remove something (old versions are in .towline/versions) or allow more",
    )
}
