//! What a session changes at once: names, directories, times. Content comes by a transfer.

use super::{Ask, Session};
use crate::audit::What;
use crate::rights::Verb;
use crate::{End, Outcome, Refusal};
use std::time::SystemTime;
use store::{Kind, Mode, Target, VPath};

impl Session {
    /// Renames; a file under the new name is replaced.
    pub fn rename(&self, from: &VPath, to: &VPath) -> Result<(), Refusal> {
        self.rename_onto(from, to, Target::Replaced)
    }

    /// Renames to a name that is free: else it is [`Refusal::Exists`].
    pub fn rename_new(&self, from: &VPath, to: &VPath) -> Result<(), Refusal> {
        self.rename_onto(from, to, Target::Free)
    }

    fn rename_onto(&self, from: &VPath, to: &VPath, target: Target) -> Result<(), Refusal> {
        let from = &*self.tree(Verb::Rename, from)?;
        let to = &*self.tree(Verb::Rename, to)?;
        self.told(Verb::Rename, from, || {
            self.allow(Verb::Rename, from)?;
            let store = &self.gate().store;
            let is_dir = store.stat(from).is_ok_and(|f| f.kind == Kind::Directory);
            let is_taken = match target {
                Target::Free => false,
                Target::Replaced => store.stat(to).is_ok(),
            };
            self.judge().may_become(from, to, is_dir, is_taken)?;
            store.rename_to(from, to, target)?;
            self.tell(What::Renamed { from: from.clone(), to: to.clone() });
            Ok(())
        })
    }

    /// Cuts a file off there, or lets it reach so far: what was not there reads as zeros. It is an upload as any
    /// other, with its events; the old content stays until the new one is there whole.
    pub fn set_len(&self, path: &VPath, len: u64) -> Result<(), Refusal> {
        // An upload would make one.
        self.stat(path)?;
        // Nothing need be copied that is to go.
        let mode = if len == 0 { Mode::Overwrite } else { Mode::Modify };
        let mut writing = self.write(path, Ask { mode, expected: None })?;
        match writing.set_len(len) {
            Ok(()) => writing.commit(End::new(Outcome::Complete, 0)).map(drop),
            Err(why) => {
                let mut end = End::new(Outcome::Failed, 0);
                end.add(&format!("not set to {len} octets: {why}"));
                writing.fail(end);
                Err(why)
            }
        }
    }

    /// Removes a file.
    pub fn remove(&self, path: &VPath) -> Result<(), Refusal> {
        let path = &*self.tree(Verb::Remove, path)?;
        self.told(Verb::Remove, path, || {
            self.allow(Verb::Remove, path)?;
            self.gate().store.remove(path)?;
            self.tell(What::Removed { path: path.clone() });
            Ok(())
        })
    }

    /// Makes a directory.
    pub fn make_dir(&self, path: &VPath) -> Result<(), Refusal> {
        let path = &*self.tree(Verb::MakeDir, path)?;
        self.told(Verb::MakeDir, path, || {
            self.allow(Verb::MakeDir, path)?;
            self.gate().store.make_dir(path)?;
            self.tell(What::MadeDir { path: path.clone() });
            Ok(())
        })
    }

    /// Removes an empty directory.
    pub fn remove_dir(&self, path: &VPath) -> Result<(), Refusal> {
        let path = &*self.tree(Verb::RemoveDir, path)?;
        self.told(Verb::RemoveDir, path, || {
            self.allow(Verb::RemoveDir, path)?;
            self.gate().store.remove_dir(path)?;
            self.tell(What::RemovedDir { path: path.clone() });
            Ok(())
        })
    }

    /// Sets a file's time of last modification.
    pub fn set_modified(&self, path: &VPath, to: SystemTime) -> Result<(), Refusal> {
        let path = &*self.tree(Verb::SetModified, path)?;
        self.told(Verb::SetModified, path, || {
            self.allow(Verb::SetModified, path)?;
            self.gate().store.set_modified(path, to)?;
            self.tell(What::SetModified { path: path.clone() });
            Ok(())
        })
    }

    /// Sets the permission bits of a file or directory; [`store::Store::set_mode`] says which.
    pub fn set_mode(&self, path: &VPath, mode: u32) -> Result<(), Refusal> {
        let path = &*self.tree(Verb::SetMode, path)?;
        self.told(Verb::SetMode, path, || {
            self.allow(Verb::SetMode, path)?;
            self.gate().store.set_mode(path, mode)?;
            self.tell(What::SetMode { path: path.clone(), mode });
            Ok(())
        })
    }

    /// Gives a file a second name, which must be free.
    pub fn link(&self, from: &VPath, to: &VPath) -> Result<(), Refusal> {
        let from = &*self.tree(Verb::Link, from)?;
        let to = &*self.tree(Verb::Link, to)?;
        self.told(Verb::Link, from, || {
            self.judge().may_be_called(from, to)?;
            self.gate().store.link(from, to)?;
            self.tell(What::Linked { path: from.clone(), to: to.clone() });
            Ok(())
        })
    }

    /// Makes a symbolic link `path` to `to`, both as this peer calls them; [`crate::Policy::symlinks`] says whether.
    pub fn symlink(&self, path: &VPath, to: &VPath) -> Result<(), Refusal> {
        let path = &*self.tree(Verb::Symlink, path)?;
        let to = &*self.tree(Verb::Symlink, to)?;
        self.told(Verb::Symlink, path, || {
            self.judge().may_point(path, to)?;
            self.gate().store.symlink(path, to)?;
            self.tell(What::Symlinked { path: path.clone(), to: to.clone() });
            Ok(())
        })
    }
}
