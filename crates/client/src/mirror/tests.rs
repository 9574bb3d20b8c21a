//! The walk over trees in memory: works are done in any order, as a seed has it.

use super::entry::{Entry, What, below};
use super::plan::{Because, Blocked, Skipped};
use super::times::Modified;
use super::walk::{Done, Side, Task, Walk, Work};
use super::{Counts, Fate, Rules};
use crate::ClientError;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

#[derive(Clone, PartialEq, Eq, Debug)]
enum Node {
    File { content: u64, modified: i64 },
    Directory,
    Link,
}

type Tree = BTreeMap<Vec<u8>, Node>;

/// Numbers that look random (splitmix64).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    /// Files, directories and links at random places.
    fn tree(&mut self) -> Tree {
        let mut tree = Tree::new();
        let mut directories = vec![Vec::new()];
        for _ in 0..self.below(40) {
            let parent = &directories[usize::try_from(self.below(directories.len() as u64)).unwrap()];
            let path = below(parent, format!("n{}", self.below(12)).as_bytes());
            if tree.contains_key(&path) {
                continue;
            }
            let node = match self.below(8) {
                0 | 1 => {
                    directories.push(path.clone());
                    Node::Directory
                }
                2 => Node::Link,
                _file => Node::File { content: self.below(5), modified: self.below(3).cast_signed() },
            };
            tree.insert(path, node);
        }
        tree
    }
}

/// Length follows from content, so that a file of another content has another length, or not.
fn entry(name: &[u8], node: &Node) -> Entry {
    let (what, len, modified) = match node {
        Node::File { content, modified } => (What::File, Some(content / 2), Some(*modified)),
        Node::Directory => (What::Directory, None, Some(1)),
        Node::Link => (What::Link, None, None),
    };
    Entry { name: name.to_vec(), what, len, modified, grain: 1, mode: None }
}

fn list(tree: &Tree, path: &[u8]) -> Vec<Entry> {
    let parent = |name: &[u8]| name.iter().rposition(|b| *b == b'/').map_or(0, |at| at);
    let of = tree.iter().filter(|(name, _)| &name[..parent(name)] == path && !name.is_empty());
    of.map(|(name, node)| entry(name.rsplit(|b| *b == b'/').next().unwrap(), node)).collect()
}

struct Run {
    source: Tree,
    target: Tree,
    told: Vec<(String, Fate)>,
    /// Of these paths everything that is tried fails.
    broken: Vec<&'static [u8]>,
    is_there: bool,
    /// Directories that were changed after their times were set, or whose were not set.
    changed: BTreeSet<Vec<u8>>,
}

impl Run {
    fn of(source: Tree, target: Tree) -> Run {
        let is_there = !target.is_empty();
        Run { source, target, told: Vec::new(), broken: Vec::new(), is_there, changed: BTreeSet::new() }
    }

    fn go(&mut self, rules: &Rules, seeded: &mut Seeded) -> Counts {
        let mut walk = Walk::new(rules.clone(), false, self.is_there, Modified::default(), 1_000_000);
        let mut open: Vec<Work> = Vec::new();
        loop {
            while open.len() < 5 {
                let Some(work) = walk.next() else { break };
                assert!(!rules.dry_run || matches!(work.task, Task::Look(_) | Task::Compare), "{work:?}");
                open.push(work);
            }
            while let Some(told) = walk.poll_told() {
                self.told.push((String::from_utf8_lossy(&told.path).into_owned(), told.fate));
            }
            if open.is_empty() {
                assert!(walk.is_over(), "it comes to its end");
                return walk.counts();
            }
            let work = open.swap_remove(usize::try_from(seeded.below(open.len() as u64)).unwrap());
            let result = self.work(&mut walk, &work);
            walk.done(work.id, result);
        }
    }

    fn work(&mut self, walk: &mut Walk, work: &Work) -> Result<Done, ClientError> {
        let Work { id, path, task } = work;
        let fault = || Err(ClientError::Local(io::ErrorKind::PermissionDenied.into()));
        if self.broken.iter().any(|broken| broken == path) {
            return fault();
        }
        let parent = path.iter().rposition(|b| *b == b'/').map_or(&b""[..], |at| &path[..at]);
        match task {
            Task::Copy(_) | Task::MakeDir | Task::Remove | Task::RemoveDir => {
                self.changed.insert(parent.to_vec());
            }
            Task::Look(_) | Task::Compare | Task::SetTime(_) => {}
        }
        match task {
            Task::SetTime(seconds) => {
                assert_eq!((*seconds, &self.target[path]), (1, &Node::Directory));
                assert!(self.changed.remove(path), "it is set where that is needed, and once");
            }
            Task::Look(side) => {
                let tree = if *side == Side::Source { &self.source } else { &self.target };
                for some in list(tree, path).chunks(3) {
                    walk.found(*id, some.to_vec());
                }
            }
            Task::MakeDir if path.is_empty() => self.is_there = true,
            Task::MakeDir => {
                assert!(parent.is_empty() || self.target[parent] == Node::Directory, "the parent is there");
                self.changed.insert(path.clone());
                assert!(self.target.insert(path.clone(), Node::Directory).is_none());
            }
            Task::Copy(entry) => {
                let node = self.source[path].clone();
                assert_eq!(entry.what, What::File);
                self.target.insert(path.clone(), node);
                return Ok(Done::Moved(entry.len.unwrap()));
            }
            Task::Compare => {
                let content = |tree: &Tree| match tree[path] {
                    Node::File { content, .. } => content,
                    Node::Directory | Node::Link => panic!("only files are compared"),
                };
                return Ok(Done::Compared(content(&self.source) == content(&self.target)));
            }
            Task::Remove => {
                let gone = self.target.remove(path).expect("it is there");
                assert_ne!(gone, Node::Directory);
            }
            Task::RemoveDir => {
                assert!(list(&self.target, path).is_empty(), "nothing is in it");
                assert_eq!(self.target.remove(path), Some(Node::Directory));
            }
        }
        Ok(Done::Well)
    }
}

fn without_links(tree: &Tree) -> Tree {
    tree.iter()
        .filter(|(_, node)| **node != Node::Link)
        .map(|(path, node)| (path.clone(), node.clone()))
        .collect()
}

fn facts(tree: &Tree) -> Vec<(&[u8], Entry)> {
    tree.iter().map(|(path, node)| (&path[..], entry(path, node))).collect()
}

/// What stands in the way of a file or a directory in one of two trees.
fn is_blocked(source: &Tree, target: &Tree) -> bool {
    source.iter().any(|(path, node)| {
        matches!(
            (node, target.get(path)),
            (Node::Directory, Some(Node::File { .. } | Node::Link))
                | (Node::File { .. }, Some(Node::Directory))
        )
    })
}

#[test]
fn random_trees_become_alike_and_a_second_run_finds_nothing_to_do() {
    let mut whole = 0;
    for seed in 0..2_000 {
        let mut seeded = Seeded(seed);
        let (source, target) = (seeded.tree(), seeded.tree());
        let is_blocked = is_blocked(&source, &target);
        let rules = Rules { delete: true, ..Rules::default() };
        let dry = Rules { dry_run: true, ..rules.clone() };
        let mut run = Run::of(source.clone(), target.clone());
        let planned = run.go(&dry, &mut seeded);
        assert_eq!(run.target, target, "seed {seed}: a dry run changes nothing");
        let counts = run.go(&rules, &mut seeded);
        assert_eq!(counts.failed > 0, is_blocked, "seed {seed}: {:?}", run.told);
        let links = source.values().filter(|node| **node == Node::Link).count() as u64;
        assert!(counts.skipped <= links && (is_blocked || counts.skipped == links), "seed {seed}");
        if is_blocked {
            assert_eq!(counts.removed, 0, "seed {seed}: nothing is removed where something failed");
            continue;
        }
        whole += 1;
        assert_eq!((planned.copied, planned.octets), (counts.copied, counts.octets), "seed {seed}");
        // Where a link is in the source, what the target has of that name is left.
        let mut target = run.target.clone();
        for (path, node) in &source {
            let is_below = |name: &[u8]| name == path || name.starts_with(&[path, &b"/"[..]].concat());
            if *node == Node::Link {
                target.retain(|name, _| !is_below(name));
            }
        }
        // The root's time was not known.
        let is_late = |path: &&Vec<u8>| !path.is_empty() && source.get(*path) == Some(&Node::Directory);
        assert_eq!(run.changed.iter().find(is_late), None, "seed {seed}: its time is set after all else");
        // Length and time are all that is compared.
        assert_eq!(facts(&target), facts(&without_links(&source)), "seed {seed}");
        let again = run.go(&rules, &mut seeded);
        assert_eq!((again.copied, again.made, again.removed, again.failed), (0, 0, 0, 0), "seed {seed}");
    }
    assert!(whole > 200, "{whole}");
}

#[test]
fn without_delete_what_only_the_target_has_stays() {
    for seed in 0..500 {
        let mut seeded = Seeded(seed);
        let (source, target) = (seeded.tree(), seeded.tree());
        let mut run = Run::of(source.clone(), target.clone());
        let counts = run.go(&Rules::default(), &mut seeded);
        assert_eq!(counts.removed, 0);
        assert!(target.keys().all(|path| run.target.contains_key(path)), "seed {seed}");
    }
}

fn tree(of: &[(&str, Node)]) -> Tree {
    of.iter().map(|(path, node)| (path.as_bytes().to_vec(), node.clone())).collect()
}

fn file(content: u64, modified: i64) -> Node {
    Node::File { content, modified }
}

fn told(run: &Run, path: &str) -> String {
    let of = run.told.iter().filter(|(told, _)| told == path);
    of.map(|(_, fate)| format!("{fate:?}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_file_is_copied_for_its_length_or_its_time_or_its_digest() {
    let source = tree(&[
        ("new", file(1, 1)),
        ("len", file(4, 1)),
        ("time", file(1, 1)),
        ("same", file(1, 1)),
        ("lies", file(2, 1)),
    ]);
    let target =
        tree(&[("len", file(1, 1)), ("time", file(1, 2)), ("same", file(1, 1)), ("lies", file(3, 1))]);
    let copied = |because, octets| format!("{:?}", Fate::Copied { octets, because });
    let mut run = Run::of(source.clone(), target.clone());
    let counts = run.go(&Rules::default(), &mut Seeded(1));
    assert_eq!((counts.copied, counts.same), (3, 2));
    assert_eq!(told(&run, "new"), copied(Because::New, 0));
    assert_eq!(told(&run, "len"), copied(Because::Length, 2));
    assert_eq!(told(&run, "time"), copied(Because::Time, 0));
    let mut run = Run::of(source, target);
    let counts = run.go(&Rules { checksum: true, ..Rules::default() }, &mut Seeded(1));
    assert_eq!((counts.copied, counts.same), (3, 2));
    assert_eq!(told(&run, "time"), "Same");
    assert_eq!(told(&run, "lies"), copied(Because::Digest, 1));
}

#[test]
fn what_is_left_out_is_neither_copied_nor_removed_nor_is_what_holds_it() {
    let source = tree(&[
        ("a.cfg", file(1, 1)),
        ("b.bin", file(1, 1)),
        ("old", Node::Directory),
        ("old/c.cfg", file(1, 1)),
    ]);
    let target = tree(&[
        ("gone", Node::Directory),
        ("gone/x.bin", file(1, 1)),
        ("gone/y.cfg", file(1, 1)),
        ("gone/z", Node::Directory),
        ("keep.bin", file(1, 1)),
        ("old", Node::Directory),
        ("old/there.cfg", file(1, 1)),
    ]);
    let mut rules = Rules { delete: true, ..Rules::default() };
    rules.include(b"*.cfg").unwrap();
    rules.exclude(b"/old").unwrap();
    let mut run = Run::of(source, target);
    let counts = run.go(&rules, &mut Seeded(2));
    let left: Vec<_> = run.target.keys().map(|path| String::from_utf8_lossy(path).into_owned()).collect();
    assert_eq!(left, ["a.cfg", "gone", "gone/x.bin", "keep.bin", "old", "old/there.cfg"]);
    assert_eq!((counts.copied, counts.removed, counts.extra, counts.failed), (1, 2, 1, 0), "{:?}", run.told);
}

#[test]
fn one_that_fails_stops_no_other_but_all_removals() {
    let source = tree(&[("a", file(1, 1)), ("b", file(1, 1)), ("d", Node::Directory), ("d/e", file(1, 1))]);
    let mut run = Run::of(source, tree(&[("x", file(1, 1))]));
    run.broken = vec![b"b", b"d"];
    let counts = run.go(&Rules { delete: true, ..Rules::default() }, &mut Seeded(3));
    assert_eq!((counts.copied, counts.failed, counts.removed, counts.extra), (1, 2, 0, 1), "{:?}", run.told);
    assert!(run.target.contains_key(&b"x"[..]));
}

#[test]
fn a_directory_whose_removal_fails_keeps_those_above_it() {
    let target =
        tree(&[("d", Node::Directory), ("d/e", Node::Directory), ("d/e/f", file(1, 1)), ("g", file(1, 1))]);
    let mut run = Run::of(Tree::new(), target);
    run.broken = vec![b"d/e/f"];
    let counts = run.go(&Rules { delete: true, ..Rules::default() }, &mut Seeded(4));
    assert_eq!((counts.removed, counts.failed, counts.extra), (1, 1, 2), "{:?}", run.told);
    assert_eq!(run.target.len(), 3);
}

#[test]
fn names_that_lead_elsewhere_are_refused_and_links_are_not_followed() {
    let mut walk = Walk::new(Rules::default(), false, true, Modified::default(), 0);
    let looks: Vec<Work> = std::iter::from_fn(|| walk.next()).collect();
    let source = looks.iter().find(|work| work.task == Task::Look(Side::Source)).unwrap();
    let target = looks.iter().find(|work| work.task == Task::Look(Side::Target)).unwrap();
    let names: [&[u8]; 8] = [b".", b"..", b"", b"a/b", b"/etc/passwd", b"a\0b", b"..\0", b"fine"];
    walk.found(source.id, names.iter().map(|name| entry(name, &file(1, 1))).collect());
    walk.found(source.id, vec![entry(b"dir", &Node::Directory), entry(b"link", &Node::Link)]);
    walk.found(target.id, vec![entry(b"dir", &Node::Link)]);
    for look in &looks {
        walk.done(look.id, Ok(Done::Well));
    }
    let works: Vec<Work> = std::iter::from_fn(|| walk.next()).collect();
    assert_eq!(works.iter().map(|work| &work.path[..]).collect::<Vec<_>>(), [b"fine"]);
    let told: Vec<_> = std::iter::from_fn(|| walk.poll_told()).map(|told| (told.path, told.fate)).collect();
    let blocked =
        |by| told.iter().filter(|(_, fate)| matches!(fate, Fate::Blocked(why) if *why == by)).count();
    assert_eq!((blocked(Blocked::Name), blocked(Blocked::ByLink)), (5, 1), "{told:?}");
    assert!(told.iter().any(|(path, fate)| path == b"link" && matches!(fate, Fate::Skipped(Skipped::Link))));
}

#[test]
fn what_a_killed_mirror_left_is_swept_and_one_that_runs_is_not_disturbed() {
    let left = |n: u64, modified| (format!(".towline-mirror-00-{n}"), file(1, modified));
    let target: Tree =
        [left(1, 0), left(2, 999_999)].into_iter().map(|(name, node)| (name.into_bytes(), node)).collect();
    for delete in [false, true] {
        let mut run = Run::of(target.clone(), target.clone());
        let counts = run.go(&Rules { delete, ..Rules::default() }, &mut Seeded(5));
        assert_eq!(counts, Counts::default());
        assert_eq!(run.target.len(), 1, "{:?}", run.told);
    }
}

#[test]
fn a_tree_without_an_end_comes_to_one() {
    let mut walk = Walk::new(Rules::default(), false, true, Modified::default(), 0);
    let mut depth = 0;
    while let Some(work) = walk.next() {
        if let Task::Look(_) = work.task {
            walk.found(work.id, vec![entry(b"again", &Node::Directory)]);
            depth = depth.max(work.path.len() / 6);
        }
        walk.done(work.id, Ok(Done::Well));
    }
    assert!(walk.is_over() && (200..300).contains(&depth), "{depth}");
    assert_eq!(walk.counts().failed, 1);
}
