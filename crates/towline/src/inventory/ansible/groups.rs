//! Which host is in which groups, and whose variables win (Ansible's "How variables are merged").

use crate::config::node::{Kind, Node};
use crate::config::{Fault, Origin};
use std::collections::{BTreeMap, BTreeSet};

/// The group that every other one is in.
pub(super) const ALL: &str = "all";
/// The group of hosts that are in no other.
pub(super) const UNGROUPED: &str = "ungrouped";

/// A value, and whether nobody else can read the file that it stands in.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) node: Node,
    pub(super) is_private: bool,
}

/// By their names; a later one of a name takes the place of the former.
pub(super) type Variables = BTreeMap<String, Value>;

/// What holds for one host.
pub(super) type Holding<'a> = BTreeMap<&'a str, &'a Value>;

/// What an inventory says.
#[derive(Default)]
pub(super) struct Groups {
    hosts: Vec<Host>,
    hosts_at: BTreeMap<String, usize>,
    groups: Vec<Group>,
    groups_at: BTreeMap<String, usize>,
}

struct Host {
    name: String,
    groups: BTreeSet<usize>,
    variables: Variables,
    /// Those of `host_vars`.
    beside: Variables,
}

struct Group {
    name: String,
    origin: Origin,
    children: BTreeSet<usize>,
    variables: Variables,
    beside: Variables,
}

impl Groups {
    /// The group of that name, which is there from now on.
    pub(super) fn group(&mut self, name: &str, at: &Origin) -> usize {
        *self.groups_at.entry(name.to_owned()).or_insert_with(|| {
            let (name, origin) = (name.to_owned(), at.clone());
            let (variables, beside) = (Variables::new(), Variables::new());
            self.groups.push(Group { name, origin, children: BTreeSet::new(), variables, beside });
            self.groups.len() - 1
        })
    }

    /// Puts a group into another one.
    pub(super) fn put_group(&mut self, parent: usize, child: usize) {
        self.groups[parent].children.insert(child);
    }

    /// Puts a host into a group; variables of a former mention stay where these say nothing else. A port behind a name counts
    /// where that is first.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn put_host(
        &mut self,
        group: usize,
        (name, port): (&str, Option<u16>),
        variables: &Variables,
        at: &Origin,
    ) -> Result<(), Fault> {
        let nth = match self.hosts_at.get(name) {
            Some(nth) => *nth,
            None if self.hosts.len() >= super::MOST => {
                let what = format!("there are more than {} hosts", super::MOST);
                return Err(Fault::new(at.clone(), what, "split the file"));
            }
            None => {
                let port = port.map(|port| {
                    let node = Node { kind: Kind::Integer(i64::from(port)), origin: at.clone() };
                    (String::from("ansible_port"), Value { node, is_private: true })
                });
                let (variables, beside) = (port.into_iter().collect(), Variables::new());
                self.hosts.push(Host { name: name.to_owned(), groups: BTreeSet::new(), variables, beside });
                self.hosts_at.insert(name.to_owned(), self.hosts.len() - 1);
                self.hosts.len() - 1
            }
        };
        let host = &mut self.hosts[nth];
        host.groups.insert(group);
        host.variables.extend(variables.iter().map(|(key, value)| (key.clone(), value.clone())));
        Ok(())
    }

    /// Sets variables of a group.
    pub(super) fn set(&mut self, group: usize, variables: Variables) {
        self.groups[group].variables.extend(variables);
    }

    /// Whether there is a group or host of that name; the group of all is there always.
    pub(super) fn knows(&self, is_group: bool, name: &str) -> bool {
        match is_group {
            true => name == ALL || name == UNGROUPED || self.groups_at.contains_key(name),
            false => self.hosts_at.contains_key(name),
        }
    }

    /// Sets variables of a file beside the inventory.
    pub(super) fn beside(&mut self, is_group: bool, name: &str, variables: Variables) {
        if is_group {
            let group = self.group(name, &Origin::Default);
            self.groups[group].beside.extend(variables);
        } else if let Some(host) = self.hosts_at.get(name) {
            self.hosts[*host].beside.extend(variables);
        }
    }

    /// Tells each host with what holds for it and the groups that it is in.
    ///
    /// # Errors
    /// A group that is in itself.
    pub(super) fn each(
        &mut self,
        mut tell: impl FnMut(&str, &Holding<'_>, Vec<String>),
    ) -> Result<(), Fault> {
        let all = self.group(ALL, &Origin::Default);
        let depths = self.depths(all)?;
        let mut parents = vec![BTreeSet::new(); self.groups.len()];
        for (nth, group) in self.groups.iter().enumerate() {
            for child in &group.children {
                parents[*child].insert(nth);
            }
        }
        for host in &self.hosts {
            let mut groups = self.within(host, &parents);
            groups.sort_by_key(|nth| (depths[*nth], self.groups[*nth].priority(), &self.groups[*nth].name));
            let inside = || groups.iter().filter(|nth| **nth != all).map(|nth| &self.groups[*nth]);
            let whole = &self.groups[all];
            let sets = std::iter::once(&whole.variables)
                .chain(inside().map(|group| &group.variables))
                .chain([&whole.beside])
                .chain(inside().map(|group| &group.beside))
                .chain([&host.variables, &host.beside]);
            let holding: Holding<'_> = sets.flatten().map(|(key, value)| (key.as_str(), value)).collect();
            let tags = inside().map(|group| group.name.clone()).filter(|name| name != UNGROUPED);
            tell(&host.name, &holding, tags.collect());
        }
        Ok(())
    }

    /// The groups that a host is in, those around its own too.
    fn within(&self, host: &Host, parents: &[BTreeSet<usize>]) -> Vec<usize> {
        let mut found = BTreeSet::new();
        let mut open: Vec<usize> = host.groups.iter().copied().collect();
        while let Some(nth) = open.pop() {
            if found.insert(nth) {
                open.extend(&parents[nth]);
            }
        }
        found.into_iter().collect()
    }

    /// How deep each group lies: below all its parents. Those in no other are below the group of all.
    fn depths(&self, all: usize) -> Result<Vec<usize>, Fault> {
        let mut above = vec![0_usize; self.groups.len()];
        for group in &self.groups {
            group.children.iter().for_each(|child| above[*child] += 1);
        }
        let mut depths = vec![1; self.groups.len()];
        depths[all] = 0;
        let mut open: Vec<usize> = (0..self.groups.len()).filter(|nth| above[*nth] == 0).collect();
        let mut done = 0;
        while let Some(nth) = open.pop() {
            done += 1;
            for child in &self.groups[nth].children {
                depths[*child] = depths[*child].max(depths[nth] + 1);
                above[*child] -= 1;
                if above[*child] == 0 {
                    open.push(*child);
                }
            }
        }
        if done == self.groups.len() {
            return Ok(depths);
        }
        let group = self.groups.iter().zip(&above).find(|(_, above)| **above > 0).map(|(group, _)| group);
        let group = group.expect("one is left over");
        let what = format!("the group '{}' is in itself, by way of its children or at once", group.name);
        Err(Fault::new(group.origin.clone(), what, "take one of them out of the other"))
    }
}

impl Group {
    /// `ansible_group_priority`: among groups of one depth the higher one wins.
    fn priority(&self) -> i64 {
        let value = self.variables.get("ansible_group_priority");
        match value.map(|value| &value.node.kind) {
            Some(Kind::Integer(n)) => *n,
            Some(Kind::Text(text)) => text.parse().unwrap_or(1),
            _ => 1,
        }
    }
}
