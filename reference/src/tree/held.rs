//! What is held where: always the sum over all that is there.

use super::{Area, Held, Node, Tree};
use crate::names::{components, is_within, join, moved, parent};
use crate::{Quota, Why};
use std::collections::BTreeMap;

impl Tree {
    /// The areas that what is in a directory belongs to: its mount first, then what the roots say.
    pub(super) fn areas(&self, dir: &str) -> Vec<Area> {
        let mount = self.mount(dir);
        let area = |at: String, quota| Area { mount: mount.at.clone(), at, quota };
        let mut areas = vec![area(mount.at.clone(), mount.quota)];
        let mut seen: Vec<&str> = Vec::new();
        for root in &self.config.roots {
            if root.quota == Quota::default() || seen.contains(&&root.path[..]) {
                continue;
            }
            seen.push(&root.path);
            let (top, each) = match root.path.strip_suffix("/%u").or(root.path.strip_suffix("/%i")) {
                Some(top) => (if top.is_empty() { "/" } else { top }, true),
                None => (&root.path[..], false),
            };
            if self.mount(top).at != mount.at || !is_within(dir, top) {
                continue;
            }
            match components(dir).get(components(top).len()) {
                Some(name) if each => areas.push(area(join(top, name), root.quota)),
                None if each => {}
                Some(_) | None => areas.push(area(top.to_owned(), root.quota)),
            }
        }
        // Of several limits of one directory each holds.
        let mut of_one: Vec<Area> = Vec::new();
        for area in areas {
            match of_one.iter_mut().find(|other| other.at == area.at) {
                Some(other) => other.quota = other.quota.and(area.quota),
                None => of_one.push(area),
            }
        }
        of_one
    }

    pub(super) fn is_in(&self, path: &str, area: &Area) -> bool {
        let dir = parent(path);
        self.mount(path).at != path && self.mount(&dir).at == area.mount && is_within(&dir, &area.at)
    }

    /// What an area holds; uploads that run or not.
    pub(super) fn held(&self, area: &Area, runs: bool) -> Held {
        let nodes = self.nodes.iter().map(|(path, node)| match node {
            Node::File(content) => (path, Held::file(content.len())),
            Node::Directory => (path, Held { octets: 0, files: 1 }),
        });
        let idle = self.partials.iter().filter(|p| p.held_by.is_none());
        let partials = idle.map(|p| (&p.path, Held::file(p.content.len())));
        let versions = self.versions.iter().map(|(path, octets)| (path, Held::file(*octets)));
        let uploads = self.uploads.values().filter(|_| runs);
        let uploads = uploads.map(|upload| (&upload.path, Held { octets: upload.room(), files: 1 }));
        let all = nodes.chain(partials).chain(versions).chain(uploads);
        let inside = all.filter(|(path, _)| self.is_in(path, area));
        inside.fold(Held::default(), |sum, (_, held)| sum.and(held))
    }

    /// What each part holds, with and without the uploads that run, by its mount and path; only those that hold
    /// something.
    pub(crate) fn all_held(&self) -> BTreeMap<(String, String), (Held, Held)> {
        let paths = self.nodes.keys().chain(self.partials.iter().map(|p| &p.path));
        let paths = paths.chain(self.versions.iter().map(|(path, _)| path));
        let paths = paths.chain(self.uploads.values().map(|upload| &upload.path));
        let mut found = BTreeMap::new();
        for path in paths {
            for area in self.areas(&self.dir_of(path)) {
                let held = (self.held(&area, true), self.held(&area, false));
                if held.0 != Held::default() {
                    found.insert((area.mount, area.at), held);
                }
            }
        }
        found
    }

    /// The files, or the directories, that are there.
    pub(crate) fn paths(&self, directories: bool) -> impl Iterator<Item = &str> {
        let those = self.nodes.iter().filter(move |(_, node)| (**node == Node::Directory) == directories);
        those.map(|(path, _)| &path[..])
    }

    /// All files with their contents.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let file = |(path, node): (&String, &Node)| match node {
            Node::File(content) => Some((path.clone(), content.clone())),
            Node::Directory => None,
        };
        self.nodes.iter().filter_map(file).collect()
    }

    /// Whether more may come into a directory.
    pub(super) fn fits(&self, dir: &str, more: Held) -> Result<(), Why> {
        self.areas(dir).iter().try_for_each(|area| self.fits_into(area, more))
    }

    pub(super) fn fits_into(&self, area: &Area, more: Held) -> Result<(), Why> {
        let held = self.held(area, true);
        let is_over = |most: Option<u64>, held: u64, more: u64| {
            more > 0 && most.is_some_and(|most| more > most.saturating_sub(held))
        };
        if is_over(area.quota.octets, held.octets, more.octets) {
            return Err(Why::OverQuota("octets"));
        }
        if is_over(area.quota.files, held.files, more.files) {
            return Err(Why::OverQuota("files"));
        }
        Ok(())
    }

    /// Whether what moves finds room in every area that it comes into. What somebody uploads into does not come
    /// under other limits.
    pub(super) fn fits_moved(&self, from: &str, to: &str) -> Result<(), Why> {
        let nodes = self.nodes.iter().filter(|(path, _)| is_within(path, from));
        let mut items: Vec<(&str, Held)> = nodes
            .map(|(path, node)| match node {
                Node::File(content) => (&path[..], Held::file(content.len())),
                Node::Directory => (&path[..], Held { octets: 0, files: 1 }),
            })
            .collect();
        let idle = self.partials.iter().filter(|p| p.held_by.is_none());
        let inside = idle.filter(|p| is_within(&parent(&p.path), from));
        items.extend(inside.map(|p| (&p.path[..], Held::file(p.content.len()))));
        let entered = |path: &str| {
            let new = moved(path, from, to).expect("it is within");
            self.areas(&parent(&new)).into_iter().filter(|area| !self.is_in(path, area)).collect::<Vec<_>>()
        };
        for upload in self.uploads.values().filter(|u| is_within(&parent(&u.path), from)) {
            let new = moved(&upload.path, from, to).expect("it is within");
            if self.areas(&parent(&new)) != self.areas(&parent(&upload.path)) {
                return Err(Why::Busy);
            }
        }
        let mut sums: Vec<(Area, Held)> = Vec::new();
        for (path, held) in items {
            for area in entered(path) {
                match sums.iter_mut().find(|(other, _)| *other == area) {
                    Some((_, sum)) => *sum = sum.and(held),
                    None => sums.push((area, held)),
                }
            }
        }
        for only in [|held| Held { files: 0, ..held }, |held| Held { octets: 0, ..held }] {
            sums.iter().try_for_each(|(area, more): &(Area, Held)| self.fits_into(area, only(*more)))?;
        }
        Ok(())
    }
}
