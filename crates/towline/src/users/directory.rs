//! A directory with a file for each user.

use super::file::{self, BadFile, Old, Stamp, file_name};
use crate::exit::Failure;
use gate::{Directory, User};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags, flock, openat, statat};
use rustix::io::Errno;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Users in files of a directory, read when they log in and again when their file has changed: a login of somebody
/// whose file is as it was costs one `stat`.
#[derive(Debug)]
pub struct UsersDir {
    at: PathBuf,
    dir: OwnedFd,
    // Guards what was read; held for a look-up or an insertion. Grows with the files that are there.
    read: Mutex<HashMap<String, Read>>,
}

#[derive(Clone, Debug)]
struct Read {
    stamp: Stamp,
    user: Result<Arc<User>, BadFile>,
}

impl UsersDir {
    /// Opens it and reads all users; what is wrong with a file is for [`UsersDir::faults`].
    pub fn open(at: &Path) -> Result<UsersDir, Failure> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(at, flags, Mode::empty())
            .map_err(|e| Failure::local(at.display(), &e.into()))?;
        let users = UsersDir { at: at.to_owned(), dir, read: Mutex::default() };
        for name in users.names().map_err(|e| Failure::local(at.display(), &e))? {
            // Kept with what is wrong with it, if something is.
            let _ = users.look(&name);
        }
        Ok(users)
    }

    /// The names that files have, in order.
    pub fn names(&self) -> std::io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.at)? {
            let name = entry?.file_name();
            let stem = name.to_str().and_then(|n| n.strip_suffix(".toml")).filter(|n| !n.starts_with('.'));
            names.extend(stem.map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    /// What is wrong with files that were read.
    pub fn faults(&self) -> Vec<BadFile> {
        let read = self.lock();
        let mut faults: Vec<_> = read.iter().filter_map(|(n, r)| Some((n, r.user.as_ref().err()?))).collect();
        faults.sort_by_key(|(name, _)| *name);
        faults.into_iter().map(|(_, fault)| fault.clone()).collect()
    }

    /// The user of this name, as the file says now.
    pub fn look(&self, name: &str) -> Result<Option<Arc<User>>, BadFile> {
        let unreadable = |e: Errno| BadFile::Unreadable {
            file: self.path(name).display().to_string(),
            why: std::io::Error::from(e).to_string(),
        };
        let stat = match statat(&self.dir, file_name(name), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => {
                self.lock().remove(name);
                return Ok(None);
            }
            Err(e) => return Err(unreadable(e)),
        };
        let stamp = Stamp::of(&stat);
        let kept = self.lock().get(name).filter(|r| r.stamp == stamp).cloned();
        let read = match kept {
            Some(read) => read,
            None => {
                let fresh = file::read(&self.dir, &self.at, name);
                let read = match fresh {
                    // It went meanwhile.
                    Ok(None) => return Ok(None),
                    Ok(Some((stamp, user))) => Read { stamp, user: Ok(Arc::new(user)) },
                    Err(why) => Read { stamp, user: Err(why) },
                };
                self.lock().insert(name.to_owned(), read.clone());
                read
            }
        };
        read.user.map(Some)
    }

    /// The file of a user of this name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.at.join(file_name(name))
    }

    /// Puts a new user's file there.
    pub(crate) fn add(&self, name: &str, text: &str) -> std::io::Result<()> {
        let _alone = self.alone()?;
        file::write(&self.dir, name, text, Old::Stays)
    }

    /// Writes another hash into the file of a user, unless its password is another by now.
    fn change(&self, user: &User, hash: &str) -> Result<(), String> {
        let _alone = self.alone().map_err(|e| self.in_words(user.name(), &e))?;
        self.put(user.name(), user.password_hash(), hash)
    }

    /// Gives a user another password, whatever it has now: of two who do so at once the later one's holds. `false`:
    /// there is no such user.
    pub(crate) fn set_password(&self, name: &str, hash: &str) -> Result<bool, String> {
        let _alone = self.alone().map_err(|e| self.in_words(name, &e))?;
        let Some(user) = self.look(name).map_err(|bad| bad.to_string())? else { return Ok(false) };
        self.put(name, user.password_hash(), hash).map(|()| true)
    }

    /// Puts a hash in the place of another, by who is alone.
    fn put(&self, name: &str, former: Option<&str>, hash: &str) -> Result<(), String> {
        let text = file::present(&self.dir, &self.at, name).map_err(|e| e.to_string())?;
        let text = text.and_then(|text| file::rehashed(&text, former, hash));
        let text = text.ok_or("the file was changed meanwhile")?;
        file::write(&self.dir, name, &text, Old::Replaced).map_err(|e| self.in_words(name, &e))
    }

    fn in_words(&self, name: &str, error: &std::io::Error) -> String {
        format!("{}: {error}", self.path(name).display())
    }

    /// Who changes files does it alone, across processes; dropping what this gives ends it.
    fn alone(&self) -> std::io::Result<OwnedFd> {
        // A descriptor of its own: a lock belongs to the open file.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = openat(&self.dir, ".", flags, Mode::empty())?;
        flock(&fd, FlockOperation::LockExclusive)?;
        Ok(fd)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Read>> {
        self.read.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Directory for UsersDir {
    fn user(&self, name: &str) -> Result<Option<Arc<User>>, String> {
        self.look(name).map_err(|bad| bad.to_string())
    }

    fn each(&self, see: &mut dyn FnMut(&User)) {
        for read in self.lock().values() {
            if let Ok(user) = &read.user {
                see(user);
            }
        }
    }

    fn rehash(&self, user: &User, hash: &str) -> Result<Arc<User>, String> {
        self.change(user, hash)?;
        self.user(user.name())?.ok_or_else(|| String::from("the file is gone"))
    }
}

/// Whether this is a directory that only its owner writes: whoever can write it can make users.
pub(crate) fn is_writable_by_others(at: &Path) -> bool {
    rustix::fs::stat(at)
        .is_ok_and(|s| FileType::from_raw_mode(s.st_mode) == FileType::Directory && s.st_mode & 0o002 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate::{HashKind, Secret};
    use std::os::unix::fs::PermissionsExt as _;

    const MD5: &str = "$1$abcdefgh$vhxKZ/s1ygZHyCEDPyqtQ/";

    fn put(dir: &Path, name: &str, text: &str, mode: u32) {
        let file = dir.join(name);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn password() -> String {
        format!("password = \"{MD5}\"\n")
    }

    #[test]
    fn a_user_is_read_when_asked_for_and_again_when_the_file_changes() {
        let dir = tempfile::tempdir().unwrap();
        let users = UsersDir::open(dir.path()).unwrap();
        assert!(users.look("bob").unwrap().is_none());
        put(dir.path(), "bob.toml", &password(), 0o600);
        let bob = users.look("bob").unwrap().expect("there now");
        assert_eq!(bob.hash_kind(), Some(HashKind::Md5Crypt));
        assert!(Arc::ptr_eq(&bob, &users.look("bob").unwrap().unwrap()), "not read twice");
        // Another inode.
        put(dir.path(), "new", &(password() + "groups = ['ops']\n"), 0o600);
        std::fs::rename(dir.path().join("new"), dir.path().join("bob.toml")).unwrap();
        let bob = users.look("bob").unwrap().unwrap();
        assert_eq!(bob.account().groups(), ["ops"]);
        // In place; then only its mode.
        put(dir.path(), "bob.toml", &(password() + "disabled = true\n"), 0o600);
        assert!(users.look("bob").unwrap().unwrap().not_now(std::time::SystemTime::now()).is_some());
        put(dir.path(), "bob.toml", &(password() + "disabled = true\n"), 0o640);
        assert!(matches!(users.look("bob"), Err(BadFile::Open { mode: 0o640, .. })));
        std::fs::remove_file(dir.path().join("bob.toml")).unwrap();
        assert!(users.look("bob").unwrap().is_none());
        assert_eq!(users.lock().len(), 0);
    }

    #[test]
    fn what_is_no_users_file_says_what_to_do_and_shows_no_hash() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().display().to_string();
        put(dir.path(), "open.toml", &password(), 0o644);
        put(dir.path(), "key.toml", &(password() + "grups = []\n"), 0o600);
        put(dir.path(), "none.toml", "groups = []\n", 0o600);
        put(dir.path(), "clear.toml", "password = \"hunter2\"\n", 0o600);
        put(dir.path(), "else.toml", "password = { file = \"/x\" }\n", 0o600);
        put(dir.path(), "syntax.toml", "password = \"hunter2\n", 0o600);
        put(dir.path(), "day.toml", &(password() + "expires = \"soon\"\n"), 0o600);
        put(dir.path(), "home.toml", &(password() + "home = \"/../etc\"\n"), 0o600);
        put(dir.path(), "group.toml", &(password() + "groups = [\"a b\"]\n"), 0o600);
        std::fs::create_dir(dir.path().join("dir.toml")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link.toml")).unwrap();
        put(dir.path(), ".hidden.toml", "", 0o600);
        put(dir.path(), "README", "", 0o644);
        let users = UsersDir::open(dir.path()).unwrap();
        let told: Vec<String> = users.faults().iter().map(|f| f.to_string().replace(&at, "DIR")).collect();
        insta::assert_snapshot!(told.join("\n"));
        assert!(!told.concat().contains("vhxKZ") && !told.concat().contains("hunter2"));
        assert_eq!(users.names().unwrap().len(), 11);
    }

    #[test]
    fn a_new_hash_is_written_whole_and_the_rest_of_the_file_stays() {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("# the night shift\n{}groups = [\"ops\"] # for now\n", password());
        put(dir.path(), "bob.toml", &text, 0o600);
        let users = UsersDir::open(dir.path()).unwrap();
        let old = users.look("bob").unwrap().unwrap();
        let hash = gate::hash_password(&Secret::new("hunter2"));
        let bob = users.rehash(&old, &hash).unwrap();
        assert_eq!(bob.hash_kind(), Some(HashKind::Argon2id));
        assert!(bob.is_password(&Secret::new("hunter2")));
        let written = std::fs::read_to_string(dir.path().join("bob.toml")).unwrap();
        assert_eq!(written, text.replace(MD5, &hash));
        let mode = dir.path().join("bob.toml").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        // Who read the former file does not undo what was written since.
        let why = users.rehash(&old, &gate::hash_password(&Secret::new("x"))).unwrap_err();
        assert!(why.contains("changed meanwhile"), "{why}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left over");
    }

    #[test]
    fn a_user_is_added_once() {
        let dir = tempfile::tempdir().unwrap();
        let users = UsersDir::open(dir.path()).unwrap();
        users.add("bob", &password()).unwrap();
        assert!(users.look("bob").unwrap().is_some());
        let again = users.add("bob", "").unwrap_err();
        assert_eq!(again.kind(), std::io::ErrorKind::AlreadyExists);
        assert!(users.look("bob").unwrap().is_some());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left over");
    }

    #[test]
    fn a_directory_that_cannot_be_written_says_so_and_nothing_has_changed() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "bob.toml", &password(), 0o600);
        let users = UsersDir::open(dir.path()).unwrap();
        let bob = users.look("bob").unwrap().unwrap();
        // Root writes into every directory, but not into one that is gone.
        std::fs::remove_dir_all(dir.path()).unwrap();
        assert!(users.rehash(&bob, "x").is_err());
        assert!(users.add("al", "x").is_err());
    }
}
