//! The disk: what is there before, and what the model says must be there.

use super::House;
use reference::Config;
use std::collections::BTreeMap;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Puts there what is there before.
pub(super) fn seed(config: &Config, tree: &dyn Fn(usize) -> PathBuf) {
    (0..config.mounts.len()).for_each(|nth| std::fs::create_dir(tree(nth)).expect("a directory"));
    let host = |path: &str| -> PathBuf {
        let holding = config.mounts.iter().enumerate().filter(|(_, m)| reference::is_within(path, &m.at));
        let (nth, mount) =
            holding.max_by_key(|(_, m)| reference::components(&m.at).len()).expect("there is a root");
        let below = reference::components(path).split_off(reference::components(&mount.at).len());
        tree(nth).join(below.join("/"))
    };
    for path in &config.directories {
        std::fs::create_dir_all(host(path)).expect("a directory");
    }
    for (path, octets) in &config.files {
        let path = host(path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("a directory");
        std::fs::write(path, vec![b'0'; *octets]).expect("a file");
    }
}

/// Writes a configuration, which nobody else may read: it has hashes.
pub(crate) fn write(path: &Path, text: &str) {
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    std::io::Write::write_all(&mut file.expect("a file"), text.as_bytes()).expect("a configuration");
}

impl House {
    /// What is on the disk: the model's files, whole, and nothing that is half, once a start has swept that.
    pub(super) fn look(&self, is_swept: bool) {
        let (mut found, mut octets, mut files) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (nth, mount) in self.config.mounts.iter().enumerate() {
            let top = self.tree(nth);
            let mut waiting = vec![top.clone()];
            while let Some(dir) = waiting.pop() {
                for entry in std::fs::read_dir(&dir).expect("a directory") {
                    let path = entry.expect("an entry").path();
                    let within =
                        path.strip_prefix(&top).expect("below it").to_str().expect("letters").to_owned();
                    let is_ours = within.split('/').any(|name| name.starts_with(".towline"));
                    if within.contains(".towline-temp") {
                        assert!(!is_swept, "a half file: {within}");
                        continue;
                    }
                    if path.is_dir() {
                        *files.entry(mount.at.clone()).or_insert(0) += u64::from(!is_ours);
                        waiting.push(path);
                        continue;
                    }
                    let content = std::fs::read(&path).expect("a file");
                    *files.entry(mount.at.clone()).or_insert(0) += 1;
                    *octets.entry(mount.at.clone()).or_insert(0) += content.len() as u64;
                    if !is_ours {
                        found.insert(reference::join(&mount.at, &within), content);
                    }
                }
            }
        }
        self.same("files", self.model.files(), found);
        let held = self.model.held();
        for mount in &self.config.mounts {
            let settled = held.get(&(mount.at.clone(), mount.at.clone())).map(|(_, settled)| *settled);
            let settled = settled.unwrap_or_default();
            let at = |of: &BTreeMap<String, u64>| of.get(&mount.at).copied().unwrap_or(0);
            let found = (at(&octets), at(&files));
            self.same(&format!("octets and files of {}", mount.at), (settled.octets, settled.files), found);
        }
    }
}
