//! What is remembered of servers from one command to the next, in the user's cache directory.
//!
//! It only saves time, so nothing here is ever an error: without the file the ladder is walked again.

use client::Hosts;
use std::ffi::OsString;
use std::fs::{DirBuilder, File};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

/// Octets that are read: [`Hosts`] keeps 256 lines of less than 100.
const MOST: u64 = 32_768;

/// The servers that were remembered.
pub(crate) fn load() -> Hosts {
    let read = || {
        let mut text = String::new();
        File::open(file()?).ok()?.take(MOST).read_to_string(&mut text).ok()?;
        Some(Hosts::read(&text))
    };
    read().unwrap_or_default()
}

/// Keeps what has changed. Of two commands at the same time the last one's notes stay.
pub(crate) fn save(hosts: &Hosts) {
    let write = |text: String| {
        let file = file()?;
        let directory = file.parent()?;
        DirBuilder::new().recursive(true).mode(0o700).create(directory).ok()?;
        let mut new = tempfile::NamedTempFile::new_in(directory).ok()?;
        new.write_all(text.as_bytes()).ok()?;
        new.persist(file).ok()
    };
    let _ = hosts.text().and_then(write);
}

fn file() -> Option<PathBuf> {
    place(std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME"))
}

/// XDG Base Directory Specification: a relative path there is to be ignored.
fn place(cache: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |text: Option<OsString>| text.map(PathBuf::from).filter(|p| p.is_absolute());
    let cache = absolute(cache).or_else(|| Some(absolute(home)?.join(".cache")))?;
    Some(cache.join("towline/tftp-hosts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lies_where_the_user_s_caches_lie() {
        let at = |cache: &str, home: &str| {
            place(Some(cache.into()), Some(home.into())).map(|p| p.display().to_string())
        };
        assert_eq!(at("/c", "/h").as_deref(), Some("/c/towline/tftp-hosts"));
        assert_eq!(at("", "/h").as_deref(), Some("/h/.cache/towline/tftp-hosts"));
        assert_eq!(at("c", "/h").as_deref(), Some("/h/.cache/towline/tftp-hosts"));
        assert_eq!(at("", ""), None);
        assert_eq!(place(None, None), None);
    }
}
