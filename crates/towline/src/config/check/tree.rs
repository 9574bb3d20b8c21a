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
        let none = server.inbox.is_none() && check.config.mount.is_empty();
        if none && check.is_sure(&["server.root", "server.inbox", "mount"]) {
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
        Ok(real) if real.is_dir() && is_precious(&real) && refuses_precious(check) => {
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

fn mounts(check: &mut Check<'_>) {
    let config = check.config;
    let has_root = config.server.root.is_some() || config.server.inbox.is_some();
    for (i, mount) in config.mount.iter().enumerate() {
        let at = |key: &str| format!("mount.{i}.{key}");
        let path = &mount.path.value.0;
        if path.is_root() && has_root {
            let what = "a mount at '/', and a root in [server]: both are the tree's root";
            check.fault(&at("path"), what, "take one of them away");
        }
        if let Some(first) = config.mount[..i].iter().position(|other| other.path.value.0 == *path) {
            let first = check.place(&format!("mount.{first}.path"));
            let what = format!("something is mounted at '{path}' already");
            check.fault(&at("path"), what, format!("mount it elsewhere; the first is at {first}"));
        }
        check.directory(&at("dir"), &mount.dir);
        let real = mount.dir.canonicalize().ok();
        if real.is_some_and(|real| is_precious(&real)) && refuses_precious(check) {
            let what = format!("{} is the whole file system or a home directory", mount.dir.display());
            check.fault(&at("dir"), what, "mount a directory inside it, or set any-root = true in [server]");
        }
        let for_writing = [
            ("upload", mount.upload.is_some()),
            ("quota", mount.quota.is_some()),
            ("quota-files", mount.quota_files.is_some()),
            ("keep-versions", mount.keep_versions.is_some()),
            ("keep-versions-for", mount.keep_versions_for.is_some()),
        ];
        let read_only = !mount.write && check.is_sure(&[&at("write")]);
        for (key, _) in for_writing.iter().filter(|(_, is_set)| *is_set && read_only) {
            let what = format!("nobody may upload anything to '{path}'");
            check.fault(&at(key), what, "add write = true to this mount, or take this away");
        }
        zero(check, &at("quota"), mount.quota.map(|q| q.0));
        zero(check, &at("quota-files"), mount.quota_files);
    }
}

/// Whether / and home directories are not to be served, for sure.
fn refuses_precious(check: &Check<'_>) -> bool {
    !check.config.server.any_root && check.is_sure(&["server.any-root"])
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
        let at = |key: &str| format!("root.{i}.{key}");
        let whom = [root.user.is_some(), root.group.is_some(), root.network.is_some()];
        let whom = whom.iter().filter(|there| **there).count();
        if whom > 1 || (whom == 0 && check.is_sure(&[&at("user"), &at("group"), &at("network")])) {
            let what = "a [[root]] is for one user, one group or one network";
            check.fault(&format!("root.{i}"), what, "give it one of user, group and network");
        }
        if root.path.value.names_user() && root.network.is_some() {
            let what = "%u is a user's name, and this is for whoever comes from a network";
            check.fault(
                &at("path"),
                what,
                "write %i, the client's address, or give it a user in place of network",
            );
        }
        create(check, i);
        zero(check, &at("quota"), root.quota.map(|q| q.0));
        zero(check, &at("quota-files"), root.quota_files);
        let key = match (root.quota, root.quota_files) {
            (None, None) => continue,
            (Some(_), _) => "quota",
            (None, Some(_)) => "quota-files",
        };
        match root.path.value.directory() {
            None => {
                let what = "a quota is for one directory, or for each directory in one";
                check.fault(&at(key), what, "write the path so that %u or %i is all of its last component");
            }
            Some((directory, _)) if !is_writable(check, &directory) => {
                let what = format!("nobody may upload anything to '{}'", root.path.text);
                check.fault(
                    &at(key),
                    what,
                    "set write = true in [server] or its [[mount]], or take this away",
                );
            }
            Some(_) => {}
        }
    }
}

/// A root that is made for whoever logs in.
fn create(check: &mut Check<'_>, i: usize) {
    let root = &check.config.root[i];
    let at = format!("root.{i}.create");
    if !root.create {
        return;
    }
    let nobodys = matches!(&root.user, Some(user) if user.value == gate::RootUser::Anonymous);
    if nobodys || root.network.is_some() {
        let what = "a root is made for users who log in, not for whoever comes";
        check.fault(&at, what, "take it away and make the directory, or give the root a user or a group");
    }
    // Up to where a name is filled in it is one part of the tree.
    let text = root.path.text.split('%').next().unwrap_or_default();
    let Ok(above) = VPath::parse(text.as_bytes()) else { return };
    if !is_writable(check, &above) {
        let what = format!("nothing can be made in '{above}'");
        check.fault(&at, what, "set write = true in [server] or its [[mount]], or take this away");
    }
}

/// Whether the part of the tree that a path is in is written to, or may be.
fn is_writable(check: &Check<'_>, path: &VPath) -> bool {
    let config = check.config;
    let inside = config.mount.iter().filter(|mount| path.is_within(&mount.path.value.0));
    let sure = check.is_sure(&["server.write", "server.inbox", "mount"]);
    match inside.max_by_key(|mount| mount.path.value.0.as_bytes().len()) {
        Some(mount) => mount.write || !sure,
        None => config.server.write || config.server.inbox.is_some() || !sure,
    }
}

fn uploads(check: &mut Check<'_>) {
    let server = &check.config.server;
    zero(check, "server.quota", server.quota.map(|q| q.0));
    zero(check, "server.quota-files", server.quota_files);
    if server.write || server.inbox.is_some() || !check.is_sure(&["server.write", "server.inbox", "mount"]) {
        return;
    }
    let rows = !server.upload.is_empty() && !check.config.mount.iter().any(|mount| mount.write);
    let set = [
        ("server.quota", server.quota.is_some()),
        ("server.quota-files", server.quota_files.is_some()),
        ("server.keep-versions", server.keep_versions.is_some()),
        ("server.keep-versions-for", server.keep_versions_for.is_some()),
        ("server.upload", rows),
    ];
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
