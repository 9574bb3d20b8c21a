//! A small server: files in memory, answers in any order, as a seed has it.

use crate::{
    Answer, Ask, Attrs, Checked, Entry, Extended, Frames, Limits, OpenFlags, Reply, Request, Status,
    data_head,
};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Numbers that look random (splitmix64).
pub(super) struct Seeded(pub(super) u64);

impl Seeded {
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    pub(super) fn octets(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| u8::try_from(self.below(256)).unwrap()).collect()
    }
}

/// How it behaves.
#[derive(Clone, Default)]
pub(super) struct Manners {
    pub(super) limits: Option<Limits>,
    /// The most that a READ is answered with.
    pub(super) gives: Option<usize>,
    /// One in so many READs is answered with less than it could be.
    pub(super) short_one_in: Option<u64>,
    /// READs and WRITEs at this offset and beyond fail.
    pub(super) breaks_at: Option<u64>,
    /// FSTAT is not known.
    pub(super) no_fstat: bool,
    /// FSTAT tells this size.
    pub(super) lies: Option<u64>,
    /// READDIR while another is open fails.
    pub(super) one_readdir: bool,
    pub(super) close_fails: bool,
    pub(super) extensions: Vec<&'static str>,
    /// Answers are given in any order.
    pub(super) shuffles: bool,
}

enum Opened {
    File(Vec<u8>),
    Directory { left: Vec<Vec<u8>> },
}

pub(super) struct Toy {
    pub(super) manners: Manners,
    pub(super) files: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) directory: Vec<Vec<u8>>,
    frames: Frames,
    seeded: Seeded,
    handles: BTreeMap<Vec<u8>, Opened>,
    /// Answers that wait to be given.
    pub(super) waiting: Vec<Vec<u8>>,
    /// Attributes that were set.
    pub(super) set: Vec<Attrs<'static>>,
    /// Requests by their name, to be looked at.
    pub(super) asked: Vec<&'static str>,
    /// The most that READs and WRITEs were about.
    pub(super) largest: usize,
}

impl Toy {
    pub(super) fn new(seed: u64, manners: Manners) -> Toy {
        Toy {
            manners,
            files: BTreeMap::new(),
            directory: Vec::new(),
            frames: Frames::default(),
            seeded: Seeded(seed),
            handles: BTreeMap::new(),
            waiting: Vec::new(),
            set: Vec::new(),
            asked: Vec::new(),
            largest: 0,
        }
    }

    pub(super) fn open_handles(&self) -> usize {
        self.handles.len()
    }

    pub(super) fn take(&mut self, octets: &[u8]) {
        let mut frames = core::mem::take(&mut self.frames);
        frames.push(octets);
        while let Some(packet) = frames.next_packet().unwrap() {
            let request = Request::parse(packet).unwrap();
            let answer = self.request(request);
            self.waiting.push(answer);
        }
        self.frames = frames;
    }

    /// The next answer.
    pub(super) fn give(&mut self) -> Option<Vec<u8>> {
        if self.waiting.is_empty() {
            return None;
        }
        let n = if self.manners.shuffles { self.seeded.below(self.waiting.len() as u64) } else { 0 };
        Some(self.waiting.remove(usize::try_from(n).unwrap()))
    }

    fn request(&mut self, request: Request<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        match request {
            Request::Init { version, .. } => {
                assert_eq!(version, 3);
                let mut extensions: Vec<_> =
                    self.manners.extensions.iter().map(|name| (name.as_bytes(), &b"1"[..])).collect();
                if self.manners.limits.is_some() {
                    extensions.push((b"limits@openssh.com", b"1"));
                }
                Reply::Version { version: 3, extensions }.write(&mut out);
            }
            Request::Asked { id, ask } => self.ask(id, ask, &mut out),
        }
        out
    }

    fn ask(&mut self, id: u32, ask: Ask<'_>, out: &mut Vec<u8>) {
        let mut answer = |answer: Answer<'_>| Reply::Answered { id, answer }.write(out);
        let status = |status| Answer::Status { status, message: b"as it is", language: b"" };
        match ask {
            Ask::Open { path, flags, .. } => {
                self.asked.push("OPEN");
                if flags.has(OpenFlags::EXCLUSIVE) && self.files.contains_key(path) {
                    return answer(status(Status::Failure));
                }
                if flags.has(OpenFlags::TRUNCATE) {
                    self.files.insert(path.to_vec(), Vec::new());
                } else if flags.has(OpenFlags::CREATE) {
                    self.files.entry(path.to_vec()).or_default();
                } else if !self.files.contains_key(path) {
                    return answer(status(Status::NoSuchFile));
                }
                let handle = self.handle(Opened::File(path.to_vec()));
                answer(Answer::Handle(&handle));
            }
            Ask::Opendir { .. } => {
                self.asked.push("OPENDIR");
                let left = self.directory.clone();
                let handle = self.handle(Opened::Directory { left });
                answer(Answer::Handle(&handle));
            }
            Ask::Close { handle } => {
                self.asked.push("CLOSE");
                assert!(self.handles.remove(handle).is_some(), "closed once");
                answer(status(if self.manners.close_fails { Status::Failure } else { Status::Ok }));
            }
            Ask::Fstat { .. } if self.manners.no_fstat => answer(status(Status::OpUnsupported)),
            Ask::Fstat { handle } => {
                self.asked.push("FSTAT");
                let size = self.manners.lies.unwrap_or(self.file(handle).len() as u64);
                answer(Answer::Attrs(Attrs { size: Some(size), ..Attrs::default() }));
            }
            Ask::Read { handle, offset, len } => {
                self.largest = self.largest.max(usize::try_from(len).unwrap());
                let short = self.manners.short_one_in.is_some_and(|n| self.seeded.below(n) == 0);
                let cut = self.seeded.below(u64::from(len.max(1))) + 1;
                if self.manners.breaks_at.is_some_and(|at| offset + u64::from(len) > at) {
                    return answer(status(Status::Failure));
                }
                let mut most = usize::try_from(len).unwrap().min(self.manners.gives.unwrap_or(usize::MAX));
                if short {
                    most = most.min(usize::try_from(cut).unwrap());
                }
                let rest = self.file(handle).get(usize::try_from(offset).unwrap()..).unwrap_or_default();
                match &rest[..rest.len().min(most)] {
                    [] => answer(status(Status::Eof)),
                    octets => {
                        out.extend(data_head(id, u32::try_from(octets.len()).unwrap()));
                        out.extend(octets);
                    }
                }
            }
            Ask::Write { handle, offset, data } => {
                self.largest = self.largest.max(data.len());
                if self.manners.breaks_at.is_some_and(|at| offset + data.len() as u64 > at) {
                    return answer(status(Status::Failure));
                }
                let Some(Opened::File(path)) = self.handles.get(handle) else { panic!("an open file") };
                let file = self.files.get_mut(path).unwrap();
                let offset = usize::try_from(offset).unwrap();
                file.resize(file.len().max(offset + data.len()), 0);
                file[offset..offset + data.len()].copy_from_slice(data);
                answer(status(Status::Ok));
            }
            Ask::Readdir { handle } => {
                let refuses = self.manners.one_readdir && !self.waiting.is_empty();
                let Some(Opened::Directory { left }) = self.handles.get_mut(handle) else {
                    panic!("an open directory")
                };
                let some: Vec<_> = left.drain(..left.len().min(if refuses { 0 } else { 3 })).collect();
                if refuses {
                    return answer(status(Status::Failure));
                }
                let entry = |name| Entry { name, long_name: b"", attrs: Attrs::default() };
                match &some[..] {
                    [] => answer(status(Status::Eof)),
                    some => answer(Answer::Name(some.iter().map(|name| entry(&name[..])).collect())),
                }
            }
            Ask::Fsetstat { attrs, .. } | Ask::Setstat { attrs, .. } => {
                self.asked.push("SETSTAT");
                self.set.push(attrs.kept());
                answer(status(Status::Ok));
            }
            Ask::Stat { path } | Ask::Lstat { path } => match self.files.get(path) {
                Some(file) => {
                    answer(Answer::Attrs(Attrs { size: Some(file.len() as u64), ..Attrs::default() }));
                }
                None => answer(status(Status::NoSuchFile)),
            },
            Ask::Remove { path } => {
                let there = self.files.remove(path).is_some();
                answer(status(if there { Status::Ok } else { Status::NoSuchFile }));
            }
            Ask::Rename { from, to } => {
                self.asked.push("RENAME");
                let file = self.files.remove(from).unwrap();
                self.files.insert(to.to_vec(), file);
                answer(status(Status::Ok));
            }
            Ask::Realpath { path } => {
                let name = [b"/home/", path].concat();
                answer(Answer::Name([Entry { name: &name, long_name: b"", attrs: Attrs::default() }].into()));
            }
            Ask::Extended(Extended::Limits) => {
                answer(Answer::Extended(&self.manners.limits.unwrap().octets()));
            }
            Ask::Extended(Extended::PosixRename { from, to }) => {
                self.asked.push("posix-rename");
                let file = self.files.remove(from).unwrap();
                self.files.insert(to.to_vec(), file);
                answer(status(Status::Ok));
            }
            Ask::Extended(Extended::CheckFileName { .. }) => {
                answer(Answer::Extended(
                    &Checked { algorithm: b"md5", digests: b"0123456789abcdef" }.octets(),
                ));
            }
            Ask::Mkdir { .. }
            | Ask::Rmdir { .. }
            | Ask::Readlink { .. }
            | Ask::Symlink { .. }
            | Ask::Extended(_) => answer(status(Status::PermissionDenied)),
        }
    }

    fn handle(&mut self, opened: Opened) -> Vec<u8> {
        let handle = self.seeded.octets(4);
        self.handles.insert(handle.clone(), opened);
        handle
    }

    fn file(&self, handle: &[u8]) -> &[u8] {
        match self.handles.get(handle) {
            Some(Opened::File(path)) => &self.files[path],
            Some(Opened::Directory { .. }) | None => panic!("an open file"),
        }
    }
}
