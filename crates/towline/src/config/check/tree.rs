//! What is served: the root, mounts in it, roots of users, where the state lies.

use super::Check;
use crate::service::is_precious;
use std::path::Path;
use store::VPath;

pub(super) fn check(check: &mut Check<'_>) {
    root(check);
    mounts(check);
    roots(check);
    uploads(check);
    state(check);
}

fn root(check: &mut Check<'_>) {
    let server = &check.config.server;
    if server.root.is_some() && server.inbox.is_some() && check.is_written("server.inbox") {
        check.fault("server.inbox", "there is a root and a drop box", "take one of them away");
    }
    if server.write && server.inbox.is_some() && check.is_written("server.inbox") {
        check.fault("server.write", "a drop box is write-only", "take write or inbox away");
    }
    if let Some(dir) = &server.inbox {
        check.directory("server.inbox", dir);
    }
    let Some(root) = &server.root else {
        if server.inbox.is_none() && check.config.mount.is_empty() {
            let (what, remedy) = ("nothing to serve: there is no root", "set root = \"/srv/…\" in [server]");
            let section = if check.is_written("server") { "server" } else { "" };
            check.fault(section, what, remedy);
        }
        return;
    };
    if !check.is_written("server.root") {
        return;
    }
    let name = root.display();
    match root.canonicalize() {
        Err(e) => {
            let remedy = format!("mkdir {name}, or name another directory");
            check.fault("server.root", format!("{name}: {}", super::words(&e)), remedy);
        }
        Ok(real) if real.is_dir() && is_precious(&real) && !server.any_root => {
            let what = format!("{name} is the whole file system or a home directory");
            check.fault("server.root", what, "serve a directory inside it, or set any-root = true");
        }
        Ok(real) if real.is_file() && server.write => {
            check.fault("server.write", format!("{name} is one file"), "serve its directory instead");
        }
        Ok(real) if !real.is_dir() && !real.is_file() => {
            let what = format!("{name} is neither a directory nor a file");
            check.fault("server.root", what, "name a directory or a regular file");
        }
        Ok(_) => {}
    }
}

/// A path of the tree, or why it is none.
fn inside(check: &mut Check<'_>, setting: &str, path: &str) -> Option<VPath> {
    if !path.starts_with('/') {
        let what = format!("'{path}' does not begin with '/'");
        check.fault(
            setting,
            what,
            format!("write \"/{}\": it is a path of the served tree", path.trim_start_matches("./")),
        );
        return None;
    }
    match VPath::parse(path.as_bytes()) {
        Ok(path) => Some(path),
        Err(why) => {
            check.fault(setting, format!("'{path}': {why}"), "write it from the served root down");
            None
        }
    }
}

fn mounts(check: &mut Check<'_>) {
    let config = check.config;
    let mut paths = Vec::new();
    for (i, mount) in config.mount.iter().enumerate() {
        let at = |key: &str| format!("mount.{i}.{key}");
        paths.push(inside(check, &at("path"), &mount.path));
        check.directory(&at("dir"), &mount.dir);
        let real = mount.dir.canonicalize().ok();
        if real.is_some_and(|real| is_precious(&real)) && !config.server.any_root {
            let what = format!("{} is the whole file system or a home directory", mount.dir.display());
            check.fault(&at("dir"), what, "mount a directory inside it, or set any-root = true in [server]");
        }
        if mount.write && !config.server.write {
            let what = format!("'{}' is for writing and the server is not", mount.path);
            check.fault(&at("write"), what, "set write = true in [server], or take this away");
        }
        zero(check, &at("quota"), mount.quota.map(|q| q.0));
        zero(check, &at("quota-files"), mount.quota_files);
    }
    for (i, path) in paths.iter().enumerate() {
        let Some(path) = path else { continue };
        if let Some(first) = paths[..i].iter().position(|other| other.as_ref() == Some(path)) {
            let first = check.place(&format!("mount.{first}.path"));
            let what = format!("something is mounted at '{path}' already");
            check.fault(
                &format!("mount.{i}.path"),
                what,
                format!("mount it elsewhere; the first is at {first}"),
            );
        }
    }
}

fn zero(check: &mut Check<'_>, path: &str, value: Option<u64>) {
    if value == Some(0) {
        check.fault(
            path,
            "a quota of 0 takes nothing at all",
            "leave it out for no quota, or take write away",
        );
    }
}

fn roots(check: &mut Check<'_>) {
    let config = check.config;
    for (i, root) in config.root.iter().enumerate() {
        inside(check, &format!("root.{i}.path"), &root.path);
        let whom = [root.user.is_some(), root.group.is_some(), root.network.is_some()];
        if whom.iter().filter(|there| **there).count() != 1 {
            let what = "a [[root]] is for one user, one group or one network";
            check.fault(&format!("root.{i}"), what, "give it one of user, group and network");
        }
    }
}

fn uploads(check: &mut Check<'_>) {
    let server = &check.config.server;
    if server.write || server.inbox.is_some() {
        zero(check, "server.quota", server.quota.map(|q| q.0));
        return;
    }
    let set = [("server.quota", server.quota.is_some()), ("server.upload", !server.upload.is_empty())];
    for (path, _) in set.iter().filter(|(_, there)| *there) {
        check.fault(
            path,
            "nobody may upload anything",
            "set write = true in [server] (--write), or take this away",
        );
    }
}

/// What the service writes for itself must not be what it serves.
fn state(check: &mut Check<'_>) {
    let server = &check.config.server;
    let Some(state) = &server.state else { return };
    if check.is_written("server.state") && !state.is_dir() {
        check.directory("server.state", state);
        return;
    }
    let Ok(state) = state.canonicalize() else { return };
    let mounts = check.config.mount.iter().map(|mount| &mount.dir);
    let served: Vec<&Path> =
        server.root.iter().chain(&server.inbox).chain(mounts).map(std::path::PathBuf::as_path).collect();
    for dir in served {
        if dir.canonicalize().is_ok_and(|dir| state.starts_with(&dir)) {
            let what = format!("the state directory lies in {}, which is served", dir.display());
            check.fault("server.state", what, "name a directory outside it, such as /var/lib/towline");
        }
    }
}
