//! What should be known after so many steps.

use super::{Model, Open, Slots, What};
use crate::names::moved;
use crate::{Counted, Held, Net};
use std::collections::BTreeMap;

impl Model {
    /// What is open.
    pub fn open(&self) -> Open {
        let mut open = Open {
            networks: vec![[0; 3]; self.config.limits.networks.len()],
            half_open: self.connections.len(),
            transfers: self.transfers.len(),
            ..Open::default()
        };
        for (kind, counted) in
            [Counted::Sessions, Counted::HalfOpen, Counted::Transfers].into_iter().enumerate()
        {
            let held = self.holders(counted);
            if counted == Counted::Sessions {
                open.sessions = held.len();
            }
            for holder in held {
                let net = self.config.limits.networks.iter().position(|(net, _)| net.holds(holder.address));
                if let Some(nth) = net {
                    open.networks[nth][kind] += 1;
                }
                let address = crate::net::subscriber(holder.address).address;
                let known = open.addresses.keys().find(|a| crate::net::subscriber(**a).holds(address));
                let address = known.copied().unwrap_or(address);
                open.addresses.entry(address).or_default()[kind] += 1;
                if let Some(user) = holder.user {
                    open.users.entry(user).or_default()[kind] += 1;
                }
            }
        }
        open
    }

    /// What each part of the tree holds, with and without the uploads that run, by its mount and path.
    pub fn held(&self) -> BTreeMap<(String, String), (Held, Held)> {
        self.tree.all_held()
    }

    /// All files with their contents.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.tree.files()
    }

    /// The bans that hold, with their ends.
    pub fn bans(&self) -> Vec<(Net, Option<u64>)> {
        self.bans.holding(self.now).into_iter().map(|ban| (ban.net, ban.until)).collect()
    }

    /// How often each grant in a slot was used.
    pub fn used(&self) -> BTreeMap<usize, usize> {
        self.given.iter().map(|(slot, nth)| (*slot, self.grants.used(*nth))).collect()
    }

    /// The process was killed and another began: nobody is in, nothing runs, and what is on the disk is there.
    pub fn restart(&mut self) {
        self.connections.clear();
        self.sessions.clear();
        for transfer in std::mem::take(&mut self.transfers).into_values() {
            if let What::Write { upload, .. } = transfer.what {
                self.tree.abandon(upload);
            }
        }
    }

    /// Which slots are taken.
    pub(crate) fn slots(&self) -> Slots {
        let of = |is_read: bool| {
            let some = self.transfers.iter().filter(move |(_, t)| matches!(t.what, What::Read) == is_read);
            some.map(|(slot, _)| *slot).collect()
        };
        Slots {
            sessions: self.sessions.iter().filter_map(|session| session.slot).collect(),
            connections: self.connections.keys().copied().collect(),
            reads: of(true),
            writes: of(false),
            grants: self.given.keys().copied().collect(),
        }
    }

    /// The files, or the directories, that are there, as a session calls them.
    pub fn known(&self, slot: usize, directories: bool) -> Vec<String> {
        let Some(session) = self.session(slot) else { return Vec::new() };
        let root = &self.sessions[session].root;
        self.tree.paths(directories).filter_map(|path| moved(path, root, "/")).collect()
    }

    /// What was given out by the grant in a slot.
    pub(crate) fn given(&self, slot: usize) -> Option<String> {
        self.given.get(&slot).map(|nth| self.grants.all[*nth].path.clone())
    }
}
