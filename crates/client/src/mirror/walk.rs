//! Directories and names, one after the other: what is to be done now.
//!
//! It holds the names of the directories that are looked at now, of both sides, and the paths of those that wait:
//! never a whole tree. [`Walk::next`] until there is nothing, then what came of it: [`Walk::found`], [`Walk::done`].

use super::counts::{Counts, Fate, Told};
use super::entry::{Entry, below, is_name};
use super::plan::{Because, Blocked, Step, step};
use super::removing::{Next, Removing};
use super::rules::Rules;
use super::times::{Due, Modified, Times};
use crate::ClientError;
use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};
use std::iter::Peekable;
use std::vec::IntoIter;

/// Directories that are looked at, or gone through, at the same time: enough that one with few files holds up
/// nothing, and few enough that their names are all that is held.
const DIRECTORIES: usize = 8;
/// Directories in directories, at most: a server may show a tree without an end.
const DEEPEST: usize = 256;
/// Octets of a path, at most (`PATH_MAX`, which is what SFTP's servers take).
const LONGEST: usize = 4_096;

/// Something that is to be done, until it is [`Walk::done`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct WorkId(u64);

/// Something that is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Work {
    pub(crate) id: WorkId,
    /// Below both directories, without `/` at its beginning.
    pub(crate) path: Vec<u8>,
    pub(crate) task: Task,
}

/// What is to be done about a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Task {
    /// The names in this directory: [`Walk::found`], as often as there are some, and [`Done::Well`].
    Look(Side),
    /// Makes a directory in the target.
    MakeDir,
    /// Sets a directory's time of last modification in the target, seconds since 1970.
    SetTime(i64),
    /// Copies a file, whole or not at all: [`Done::Moved`].
    Copy(Entry),
    /// Compares the two digests: [`Done::Compared`].
    Compare,
    /// Removes a file, or a link itself, from the target.
    Remove,
    /// Removes an empty directory from the target.
    RemoveDir,
}

/// One of the two trees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    /// What is copied.
    Source,
    /// What is made like it.
    Target,
}

/// How something went well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Done {
    Well,
    /// A file has moved, of so many octets.
    Moved(u64),
    /// Whether the digests are the same.
    Compared(bool),
}

/// What was given out and is not done.
enum Open {
    Look {
        directory: u64,
        side: Side,
    },
    MakeDir {
        directory: u64,
        parent: Option<u64>,
    },
    SetTime {
        was_there: bool,
    },
    Copy {
        directory: u64,
        because: Because,
    },
    Compare {
        directory: u64,
        entry: Entry,
    },
    Sweep {
        directory: u64,
    },
    /// Of what only the target has.
    Removing(Task),
}

/// A directory that waits.
#[derive(Clone)]
struct Directory {
    path: Vec<u8>,
    depth: usize,
    is_there: bool,
    /// The one that it is in.
    parent: Option<u64>,
    modified: Modified,
}

/// One that is looked at.
struct Looking {
    directory: Directory,
    source: Names,
    target: Names,
    failed: bool,
}

#[derive(Default)]
struct Names {
    found: Vec<Entry>,
    is_over: bool,
}

/// One whose names are gone through, both sides in order.
struct Going {
    number: u64,
    path: Vec<u8>,
    depth: usize,
    source: Peekable<IntoIter<Entry>>,
    target: Peekable<IntoIter<Entry>>,
}

/// Two trees, as far as they are gone through.
pub(crate) struct Walk {
    rules: Rules,
    is_in_place: bool,
    /// Seconds since 1970 when it began.
    now: i64,
    waiting: Vec<Directory>,
    looking: BTreeMap<u64, Looking>,
    going: VecDeque<Going>,
    ready: VecDeque<Work>,
    open: BTreeMap<WorkId, (Vec<u8>, Open)>,
    next: u64,
    removing: Removing,
    times: Times,
    /// Whether all else is done.
    is_removing: bool,
    told: VecDeque<Told>,
    counts: Counts,
}

impl Walk {
    /// Of two directories with these times; `is_there` says whether there is a target.
    pub(crate) fn new(rules: Rules, is_in_place: bool, is_there: bool, modified: Modified, now: i64) -> Walk {
        Walk {
            rules,
            is_in_place,
            now,
            waiting: vec![Directory { path: Vec::new(), depth: 0, is_there, parent: None, modified }],
            looking: BTreeMap::new(),
            going: VecDeque::new(),
            ready: VecDeque::new(),
            open: BTreeMap::new(),
            next: 0,
            removing: Removing::default(),
            times: Times::default(),
            is_removing: false,
            told: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// How many of what, so far.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// What became of a name.
    pub(crate) fn poll_told(&mut self) -> Option<Told> {
        self.told.pop_front()
    }

    /// Whether there is nothing more to do, and nothing open.
    pub(crate) fn is_over(&self) -> bool {
        self.is_removing && self.removing.is_over() && self.times.is_over() && self.open.is_empty()
    }

    /// The next thing that is to be done; `None`: nothing before something that is open is done.
    pub(crate) fn next(&mut self) -> Option<Work> {
        while !self.is_removing {
            if let Some(work) = self.ready.pop_front() {
                return Some(work);
            }
            let has_room = self.looking.len() + self.going.len() < DIRECTORIES;
            if let Some(directory) = has_room.then(|| self.waiting.pop()).flatten() {
                self.enter(directory);
            } else if let Some((place, step, both)) = self.step() {
                self.take(place, step, both);
            } else if let Some(due) = self.times.due() {
                return Some(self.set_time(due));
            } else if self.looking.is_empty() && self.open.is_empty() {
                self.is_removing = true;
                // Only where all else went well: what was renamed is there before the old name goes.
                if self.counts.failed > 0 {
                    self.times.nothing_goes();
                    for path in self.removing.leave() {
                        self.tell(path, Fate::Extra);
                    }
                }
            } else {
                return None;
            }
        }
        while let Some(next) = self.removing.next() {
            match next {
                Next::Do(path, task) => return Some(self.give(path, task.clone(), Open::Removing(task))),
                Next::Keep(path) => self.tell(path, Fate::Extra),
            }
        }
        let due = self.removing.is_over().then(|| self.times.due_at_the_end()).flatten()?;
        Some(self.set_time(due))
    }

    fn set_time(&mut self, due: Due) -> Work {
        self.give(due.path, Task::SetTime(due.modified), Open::SetTime { was_there: due.was_there })
    }

    /// Names in a directory, of what [`Task::Look`] asked.
    pub(crate) fn found(&mut self, id: WorkId, names: Vec<Entry>) {
        let Some((path, open)) = self.open.get(&id) else { return };
        match open {
            Open::Look { directory, side } => {
                let Some(looking) = self.looking.get_mut(directory) else { return };
                for entry in names {
                    if is_name(&entry.name) {
                        match side {
                            Side::Source => looking.source.found.push(entry),
                            Side::Target => looking.target.found.push(entry),
                        }
                    } else if !matches!(&entry.name[..], b"." | b"..") && *side == Side::Source {
                        let told =
                            Told { path: below(path, &entry.name), fate: Fate::Blocked(Blocked::Name) };
                        self.counts.add(&told.fate);
                        self.told.push_back(told);
                    }
                }
            }
            Open::Removing(Task::Look(_)) => {
                let names = names.into_iter().filter(|entry| is_name(&entry.name));
                self.removing.found(path, names, &self.rules);
            }
            Open::MakeDir { .. }
            | Open::SetTime { .. }
            | Open::Copy { .. }
            | Open::Compare { .. }
            | Open::Sweep { .. }
            | Open::Removing(_) => {}
        }
    }

    /// How something went.
    pub(crate) fn done(&mut self, id: WorkId, result: Result<Done, ClientError>) {
        let Some((path, open)) = self.open.remove(&id) else { return };
        match (open, result) {
            (Open::Look { directory, side }, result) => self.looked(directory, side, path, result.err()),
            (Open::MakeDir { directory, parent }, result) => {
                match result {
                    Ok(_) => {
                        self.tell(path, Fate::Made);
                        self.look(directory);
                    }
                    Err(why) => {
                        self.looking.remove(&directory);
                        self.times.forget(directory);
                        self.tell(path, Fate::Failed(why));
                    }
                }
                parent.into_iter().for_each(|parent| self.times.less(parent));
            }
            (Open::SetTime { .. }, Ok(_)) => {}
            // One that others own, into which we may write: its time is theirs.
            (Open::SetTime { was_there: true }, Err(why)) if is_denied(&why) => {}
            (Open::SetTime { .. }, Err(why)) => self.tell(path, Fate::Failed(why)),
            (Open::Copy { directory, because }, result) => {
                self.tell(
                    path,
                    match result {
                        Ok(Done::Moved(octets)) => Fate::Copied { octets, because },
                        Ok(Done::Well | Done::Compared(_)) => Fate::Copied { octets: 0, because },
                        Err(why) => Fate::Failed(why),
                    },
                );
                self.times.less(directory);
            }
            (Open::Compare { directory, .. }, Ok(Done::Compared(true))) => {
                self.tell(path, Fate::Same);
                self.times.less(directory);
            }
            (Open::Compare { directory, entry }, Ok(_)) => {
                self.copy(directory, path, entry, Because::Digest);
                self.times.less(directory);
            }
            (Open::Compare { directory, .. }, Err(why)) => {
                self.tell(path, Fate::Failed(why));
                self.times.less(directory);
            }
            (Open::Sweep { directory }, result) => {
                self.tell(path, result.map_or_else(Fate::Failed, |_| Fate::Swept));
                self.times.less(directory);
            }
            (Open::Removing(task), result) => {
                if let Some(told) = self.removing.done(path, &task, result) {
                    self.tell(told.path, told.fate);
                }
            }
        }
    }

    fn tell(&mut self, path: Vec<u8>, fate: Fate) {
        self.counts.add(&fate);
        self.told.push_back(Told { path, fate });
    }

    fn give(&mut self, path: Vec<u8>, task: Task, open: Open) -> Work {
        let id = WorkId(self.next);
        self.next += 1;
        self.open.insert(id, (path.clone(), open));
        Work { id, path, task }
    }

    fn soon(&mut self, path: Vec<u8>, task: Task, open: Open) {
        let work = self.give(path, task, open);
        self.ready.push_back(work);
    }

    /// Begins with a directory that waited.
    fn enter(&mut self, directory: Directory) {
        let number = self.next;
        self.next += 1;
        let Directory { path, is_there, parent, modified, depth: _ } = directory.clone();
        if !self.rules.dry_run {
            self.times.begin(number, &path, modified, is_there);
        }
        let target = Names { found: Vec::new(), is_over: !is_there };
        let looking = Looking { directory, source: Names::default(), target, failed: false };
        self.looking.insert(number, looking);
        match (is_there, self.rules.dry_run) {
            (false, false) => self.soon(path, Task::MakeDir, Open::MakeDir { directory: number, parent }),
            (false, true) => {
                self.tell(path, Fate::Made);
                self.look(number);
            }
            (true, _) => {
                let side = Side::Target;
                self.soon(path, Task::Look(side), Open::Look { directory: number, side });
                self.look(number);
            }
        }
    }

    /// Asks for the names of its source.
    fn look(&mut self, directory: u64) {
        let Some(looking) = self.looking.get(&directory) else { return };
        let (path, side) = (looking.directory.path.clone(), Side::Source);
        self.soon(path, Task::Look(side), Open::Look { directory, side });
    }

    /// All names of one side are there.
    fn looked(&mut self, number: u64, side: Side, path: Vec<u8>, failure: Option<ClientError>) {
        let Some(looking) = self.looking.get_mut(&number) else { return };
        match side {
            Side::Source => looking.source.is_over = true,
            Side::Target => looking.target.is_over = true,
        }
        looking.failed |= failure.is_some();
        let is_over = looking.source.is_over && looking.target.is_over;
        if let Some(why) = failure {
            self.tell(path, Fate::Failed(why));
        }
        if !is_over {
            return;
        }
        let Some(Looking { directory, source, target, failed: false }) = self.looking.remove(&number) else {
            self.times.forget(number);
            return;
        };
        let (source, target) = (ordered(source.found), ordered(target.found));
        self.going.push_back(Going { number, path: directory.path, depth: directory.depth, source, target });
    }

    /// The next name of the directories that are gone through, and what is to be done about it; what both sides have.
    fn step(&mut self) -> Option<(Place, Step, [Option<Entry>; 2])> {
        loop {
            let going = self.going.front_mut()?;
            let Some((source, target)) = going.pair() else {
                let number = going.number;
                self.going.pop_front();
                self.times.less(number);
                continue;
            };
            let name = source.as_ref().or(target.as_ref()).map(|entry| &entry.name[..]).unwrap_or_default();
            let (path, depth, directory) = (below(&going.path, name), going.depth, going.number);
            let step = step(&path, source.as_ref(), target.as_ref(), &self.rules, self.is_in_place, self.now);
            return Some((Place { path, depth, directory }, step, [source, target]));
        }
    }

    fn take(&mut self, place: Place, step: Step, [source, target]: [Option<Entry>; 2]) {
        let Place { path, depth, directory } = place;
        match (step, source) {
            (Step::Pass, _) => {}
            (Step::Copy(because), Some(entry)) => self.copy(directory, path, entry, because),
            (Step::Compare, Some(entry)) => {
                self.times.more(directory, false);
                self.soon(path, Task::Compare, Open::Compare { directory, entry });
            }
            (Step::Same, _) => self.tell(path, Fate::Same),
            (Step::Enter { .. }, _) if depth == DEEPEST || path.len() > LONGEST => {
                self.tell(path, Fate::Blocked(Blocked::TooDeep));
            }
            (Step::Enter { is_there }, source) => {
                if !is_there {
                    self.times.more(directory, true);
                }
                let time = |entry: Option<Entry>| entry.and_then(|entry| entry.modified);
                let modified = Modified { source: time(source), target: time(target) };
                let parent = Some(directory);
                self.waiting.push(Directory { path, depth: depth + 1, is_there, parent, modified });
            }
            (Step::Remove { is_directory }, _) if self.rules.dry_run => {
                self.tell(path, if is_directory { Fate::RemovedDir } else { Fate::Removed });
            }
            (Step::Remove { is_directory }, _) => {
                self.times.loses(directory);
                self.removing.add(path, is_directory);
            }
            (Step::Extra, _) => self.tell(path, Fate::Extra),
            (Step::Sweep, _) if self.rules.dry_run => {}
            (Step::Sweep, _) => {
                self.times.more(directory, true);
                self.soon(path, Task::Remove, Open::Sweep { directory });
            }
            (Step::Skip(why), _) => self.tell(path, Fate::Skipped(why)),
            (Step::Block(why), _) => self.tell(path, Fate::Blocked(why)),
            (Step::Copy(_) | Step::Compare, None) => unreachable!("what the source has not is not copied"),
        }
    }

    fn copy(&mut self, directory: u64, path: Vec<u8>, entry: Entry, because: Because) {
        if self.rules.dry_run {
            let octets = entry.len.unwrap_or(0);
            self.tell(path, Fate::Copied { octets, because });
        } else {
            self.times.more(directory, true);
            self.soon(path, Task::Copy(entry), Open::Copy { directory, because });
        }
    }
}

/// Where a name is.
struct Place {
    path: Vec<u8>,
    depth: usize,
    /// The directory that it is in.
    directory: u64,
}

fn is_denied(why: &ClientError) -> bool {
    let is_ours = |e: &std::io::Error| e.kind() == std::io::ErrorKind::PermissionDenied;
    matches!(why, ClientError::Denied { .. }) || matches!(why, ClientError::Local(e) if is_ours(e))
}

impl Going {
    /// The next name, of whichever side has it.
    fn pair(&mut self) -> Option<(Option<Entry>, Option<Entry>)> {
        let order = match (self.source.peek(), self.target.peek()) {
            (Some(source), Some(target)) => source.name.cmp(&target.name),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return None,
        };
        Some(match order {
            Ordering::Less => (self.source.next(), None),
            Ordering::Equal => (self.source.next(), self.target.next()),
            Ordering::Greater => (None, self.target.next()),
        })
    }
}

/// By name, each once, whatever a server says.
fn ordered(mut names: Vec<Entry>) -> Peekable<IntoIter<Entry>> {
    names.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    names.dedup_by(|a, b| a.name == b.name);
    names.into_iter().peekable()
}
