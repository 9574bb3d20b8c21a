//! What a request is about: its file, its extension, and whether there is anything to ask.

use super::handles::Kind;
use super::parked::{Copy, Parked};
use super::run::Run;
use super::{Data, Fault, Filling, MOST_OCTETS, Packet, Server, State};
use crate::VERSION;
use crate::extension::Extended;
use crate::reply::Reply;
use crate::request::{self, BadRequest, OpenFlags, Request};
use crate::status::Status;
use crate::wire::Malformed;
use alloc::boxed::Box;
use alloc::vec::Vec;

const STALE: &str = "There is no such handle.";

/// What an extension wants.
enum Wants {
    /// It was answered.
    Nothing,
    Limits,
    File(u32),
    Both {
        from: u32,
        into: u32,
    },
}

impl Server {
    /// A WRITE begins.
    pub(super) fn write(&mut self, id: u32, handle: &[u8], offset: u64, len: usize) -> Data {
        if let State::Fresh = self.state {
            self.fail(Fault::Init { again: false });
            return Data::Dropped;
        }
        let Some(file) = self.of_file(id, handle, OpenFlags::WRITE) else { return Data::Dropped };
        let fits = |run: &Run| {
            run.file == file && run.end() == Some(offset) && run.octets.len() + len <= self.config.run
        };
        let run = match self.queue.take_run(&mut self.handles, file, fits) {
            Some(run) => run,
            None => Box::new(Run { file, offset, ..Run::default() }),
        };
        Data::Into(Filling { id, whole: run.octets.len(), run })
    }

    /// The file of a READ or WRITE, or the answer that there is none.
    fn of_file(&mut self, id: u32, handle: &[u8], wants: OpenFlags) -> Option<u32> {
        let refused = match self.handles.find(handle) {
            None => STALE,
            Some(file) => match self.handles.slot(file).kind {
                Kind::File { flags } if flags.has(wants) => return Some(file),
                Kind::File { .. } => "The file is not open for that.",
                Kind::Directory => "It is a directory.",
            },
        };
        self.say(id, Status::Failure, refused);
        None
    }

    pub(super) fn packet(&mut self, octets: &[u8]) {
        let request = match Request::parse(octets) {
            Ok(request) => request,
            Err(BadRequest { id: None, why }) => return self.fail(Fault::NoNumber(why)),
            Err(BadRequest { id: Some(_), .. }) if matches!(self.state, State::Fresh) => {
                return self.fail(Fault::Init { again: false });
            }
            Err(BadRequest { id: Some(id), why }) => {
                let (status, text) = match why {
                    Malformed::Type(_) => (Status::OpUnsupported, "There is no such request in version 3."),
                    Malformed::Short => (Status::BadMessage, "The packet ends within a field."),
                    Malformed::Handle(_) => (Status::BadMessage, "The handle is longer than 256 octets."),
                    Malformed::Flags(_) => {
                        (Status::BadMessage, "The attributes have flags that version 3 does not know.")
                    }
                };
                return self.say(id, status, text);
            }
        };
        match (request, &self.state) {
            (Request::Init { .. }, State::Fresh) => {
                self.state = State::Serving;
                let rows = self.config.extensions.iter();
                let mut extensions: Vec<_> =
                    rows.map(|e| (e.name.as_bytes(), e.version.as_bytes())).collect();
                // Not a version but names and a number, and clients that look into it want all of them.
                let vendor = self.config.vendor.map(|vendor| {
                    let mut data = Vec::new();
                    vendor.write(&mut data);
                    data
                });
                extensions.extend(vendor.iter().map(|data| (&b"vendor-id"[..], &data[..])));
                let version = Reply::Version { version: VERSION, extensions };
                self.outlet.put(|out| version.write(out));
            }
            (Request::Init { .. }, _) => self.fail(Fault::Init { again: true }),
            (Request::Asked { .. }, State::Fresh) => self.fail(Fault::Init { again: false }),
            (Request::Asked { id, ask }, _) => self.asks(id, &ask, octets),
        }
    }

    fn asks(&mut self, id: u32, ask: &request::Ask<'_>, octets: &[u8]) {
        use request::Ask as A;
        let packet = || Packet(octets.into());
        let about = |file: Option<u32>| Parked::Other { id, file, packet: packet() };
        let parked = match ask {
            A::Read { handle, offset, len } => {
                let Some(file) = self.of_file(id, handle, OpenFlags::READ) else { return };
                Parked::Read { id, file, offset: *offset, len: (*len).min(MOST_OCTETS) }
            }
            // One that can be read never comes here.
            A::Write { .. } => return self.say(id, Status::BadMessage, "The packet ends within a field."),
            A::Close { handle } => {
                let Some(file) = self.handles.find(handle) else {
                    return self.say(id, Status::Failure, STALE);
                };
                self.handles.closing(file);
                Parked::Close { id, file }
            }
            A::Readdir { handle } => match self.handles.find(handle) {
                None => return self.say(id, Status::Failure, STALE),
                Some(file) => match self.handles.slot(file).kind {
                    Kind::Directory => Parked::List { id, file },
                    Kind::File { .. } => return self.say(id, Status::Failure, "It is not a directory."),
                },
            },
            A::Open { flags, .. } => match self.handles.open(Kind::File { flags: *flags }) {
                Some(file) => about(Some(file)),
                None => return self.say(id, Status::Failure, "Too many files are open: close some."),
            },
            A::Opendir { .. } => match self.handles.open(Kind::Directory) {
                Some(file) => about(Some(file)),
                None => return self.say(id, Status::Failure, "Too many files are open: close some."),
            },
            A::Fstat { handle } | A::Fsetstat { handle, .. } => match self.handles.find(handle) {
                None => return self.say(id, Status::Failure, STALE),
                file => about(file),
            },
            A::Extended(extended) => match self.extended(id, extended) {
                Some(Wants::Nothing) => return,
                Some(Wants::Limits) => Parked::Limits { id },
                Some(Wants::Both { from, into }) => {
                    Parked::Copy(Box::new(Copy { id, from, into, packet: packet() }))
                }
                Some(Wants::File(file)) => about(Some(file)),
                None => about(None),
            },
            A::Lstat { .. }
            | A::Setstat { .. }
            | A::Remove { .. }
            | A::Mkdir { .. }
            | A::Rmdir { .. }
            | A::Realpath { .. }
            | A::Stat { .. }
            | A::Rename { .. }
            | A::Readlink { .. }
            | A::Symlink { .. } => about(None),
        };
        self.park(parked);
    }

    /// What an extension is about; none: names, or nothing.
    fn extended(&mut self, id: u32, extended: &Extended<'_>) -> Option<Wants> {
        // Told in no VERSION, where it would have data of its own; taken all the same.
        let is_known = matches!(extended, Extended::VendorId(_));
        if !is_known && self.config.lacks(extended) {
            self.say(id, Status::OpUnsupported, "That extension is not offered here.");
            return Some(Wants::Nothing);
        }
        let mut file = |handle: &[u8]| {
            let file = self.handles.find(handle);
            if file.is_none() {
                self.say(id, Status::Failure, STALE);
            }
            file
        };
        match extended {
            Extended::Fstatvfs { handle }
            | Extended::Fsync { handle }
            | Extended::CheckFileHandle { handle, .. } => {
                Some(file(handle).map_or(Wants::Nothing, Wants::File))
            }
            Extended::CopyData { from, to, .. } => {
                let Some(from) = self.of_file(id, from, OpenFlags::READ) else { return Some(Wants::Nothing) };
                let Some(into) = self.of_file(id, to, OpenFlags::WRITE) else { return Some(Wants::Nothing) };
                if from == into {
                    self.say(id, Status::Failure, "It cannot be copied into itself.");
                    return Some(Wants::Nothing);
                }
                Some(Wants::Both { from, into })
            }
            Extended::Limits => Some(Wants::Limits),
            Extended::VendorId(_) => {
                self.say(id, Status::Ok, "");
                Some(Wants::Nothing)
            }
            Extended::PosixRename { .. }
            | Extended::Statvfs { .. }
            | Extended::Hardlink { .. }
            | Extended::Lsetstat { .. }
            | Extended::ExpandPath { .. }
            | Extended::HomeDirectory { .. }
            | Extended::UsersGroups { .. }
            | Extended::CheckFileName { .. }
            | Extended::SpaceAvailable { .. }
            | Extended::Other { .. } => None,
        }
    }
}
