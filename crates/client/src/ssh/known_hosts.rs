//! Files of known hosts (sshd(8), "ssh_known_hosts file format").

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use transport::ssh::{Key, is_hidden_name};

/// Octets of a file that are read: some hundred thousand lines.
const MOST: u64 = 64 << 20;

/// Keys that are known of one host.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    keys: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    key: Key,
    is_revoked: bool,
    file: PathBuf,
    line: usize,
}

/// What is known of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is the host's.
    Right,
    /// It is known to be in the wrong hands.
    Revoked {
        /// File and line.
        place: String,
    },
    /// The host has another key.
    Other {
        /// File and line of what is known.
        place: String,
        /// The fingerprint of what is known.
        fingerprint: String,
    },
    /// Nothing is known of the host.
    New,
}

impl Known {
    /// What the files know of a host. Lines that are no key are left out, as OpenSSH does.
    ///
    /// # Errors
    /// A file that is there cannot be read: what it would forbid is not known.
    pub(super) fn read(files: &[PathBuf], host: &str, port: u16) -> io::Result<Known> {
        let name = name(host, port);
        let mut known = Known::default();
        for file in files {
            let text = match File::open(file) {
                Ok(open) => {
                    let mut octets = Vec::new();
                    open.take(MOST).read_to_end(&mut octets).map_err(|e| at(file, &e))?;
                    String::from_utf8_lossy(&octets).into_owned()
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(at(file, &e)),
            };
            let entries = text.lines().enumerate().filter_map(|(n, line)| {
                let (key, is_revoked) = entry(line, &name)?;
                Some(Entry { key, is_revoked, file: file.clone(), line: n + 1 })
            });
            known.keys.extend(entries);
        }
        Ok(known)
    }

    /// Kinds of keys that are known.
    pub(super) fn kinds(&self) -> Vec<String> {
        self.keys.iter().filter(|entry| !entry.is_revoked).map(|e| e.key.algorithm().to_owned()).collect()
    }

    /// Whether the key with this fingerprint is the host's.
    pub(super) fn has(&self, fingerprint: &str) -> bool {
        let mut keys = self.keys.iter().filter(|entry| entry.key.fingerprint() == fingerprint).peekable();
        keys.peek().is_some() && keys.all(|entry| !entry.is_revoked)
    }

    /// What is known of a key of this host.
    pub(super) fn judge(&self, key: &Key) -> Verdict {
        let place = |entry: &Entry| format!("{}:{}", entry.file.display(), entry.line);
        if let Some(revoked) = self.keys.iter().find(|entry| entry.is_revoked && entry.key == *key) {
            return Verdict::Revoked { place: place(revoked) };
        }
        if self.keys.iter().any(|entry| entry.key == *key) {
            return Verdict::Right;
        }
        // A key of another kind is no new host: whoever stands between would show just that.
        let same_kind = |entry: &&Entry| entry.key.algorithm() == key.algorithm();
        let others = || self.keys.iter().filter(|entry| !entry.is_revoked);
        match others().find(same_kind).or_else(|| others().next()) {
            Some(other) => {
                Verdict::Other { place: place(other), fingerprint: other.key.fingerprint().to_owned() }
            }
            None => Verdict::New,
        }
    }
}

/// Adds a line, and what directories it takes.
pub(super) fn learn(file: &Path, host: &str, port: u16, key: &Key) -> io::Result<()> {
    if let Some(directory) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|e| at(directory, &e))?;
    }
    let line = format!("{} {}\n", name(host, port), key.text());
    let mut open =
        OpenOptions::new().append(true).create(true).mode(0o600).open(file).map_err(|e| at(file, &e))?;
    // At once, so that two commands do not mix their lines.
    open.write_all(line.as_bytes()).map_err(|e| at(file, &e))
}

fn at(file: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", file.display()))
}

/// As the files have it: lower case, with the port where it is not 22.
pub(super) fn name(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

/// The key of a line, where that is about this host, and whether it is revoked.
fn entry(line: &str, name: &str) -> Option<(Key, bool)> {
    let line = line.trim_start();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let mut words = line.split_ascii_whitespace();
    let mut hosts = words.next()?;
    let is_revoked = match hosts {
        "@revoked" => {
            hosts = words.next()?;
            true
        }
        // Certificates of hosts are not asked for.
        marker if marker.starts_with('@') => return None,
        _hosts => false,
    };
    let key = Key::read(&format!("{} {}", words.next()?, words.next()?)).ok()?;
    names(hosts, name).then_some((key, is_revoked))
}

/// Whether patterns with commas between name a host: one does, and none with `!` does.
fn names(hosts: &str, name: &str) -> bool {
    if hosts.starts_with('|') {
        return is_hidden_name(hosts, name);
    }
    let mut found = false;
    for pattern in hosts.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if matches(&pattern.to_ascii_lowercase(), name) => return false,
            Some(_) => {}
            None => found |= matches(&pattern.to_ascii_lowercase(), name),
        }
    }
    found
}

/// `*` and `?`.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    // Where the last star stands, and how much of the name it has taken.
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(b'?') => (p, n) = (p + 1, n + 1),
            Some(b) if *b == name[n] => (p, n) = (p + 1, n + 1),
            _other => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                (p, n) = (at + 1, taken + 1);
            }
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
    const TWO: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    fn known(text: &str, host: &str, port: u16) -> (Known, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("known_hosts");
        std::fs::write(&file, text).unwrap();
        (Known::read(&[dir.path().join("absent"), file], host, port).unwrap(), dir)
    }

    fn verdict(text: &str, host: &str, port: u16) -> Verdict {
        known(text, host, port).0.judge(&Key::read(ONE).unwrap())
    }

    #[test]
    fn a_host_is_known_by_its_name_its_port_and_patterns() {
        for (hosts, host, port, right) in [
            ("h", "h", 22, true),
            ("h", "H", 22, true),
            ("h", "h", 2222, false),
            ("[h]:2222", "h", 2222, true),
            ("[h]:2222", "h", 22, false),
            ("a,h,b", "h", 22, true),
            ("*.example.com", "r1.example.com", 22, true),
            ("*.example.com", "example.com", 22, false),
            ("r?.*m", "r1.example.com", 22, true),
            ("*,!r1.*", "r1.example.com", 22, false),
            ("*,!r1.*", "r2.example.com", 22, true),
            ("[::1]:6022", "::1", 6022, true),
            ("|1|NexTLKgLKxLbIlsJz4jQk7mstrs=|I4JPId3YZ1IDWSvehXXCm12+WYo=", "host.example.com", 22, true),
            ("|1|NexTLKgLKxLbIlsJz4jQk7mstrs=|I4JPId3YZ1IDWSvehXXCm12+WYo=", "host.example.org", 22, false),
        ] {
            let wanted = if right { Verdict::Right } else { Verdict::New };
            assert_eq!(
                verdict(&format!("# c\n\n{hosts} {ONE} comment\n"), host, port),
                wanted,
                "{hosts} {host}"
            );
        }
    }

    #[test]
    fn another_key_is_told_with_its_place_and_a_revoked_one_is_never_right() {
        let (known, dir) = known(&format!("x {ONE}\nnonsense\nh ssh-ed25519 AAAA\nh {TWO}\n"), "h", 22);
        let place = format!("{}:4", dir.path().join("known_hosts").display());
        let fingerprint = Key::read(TWO).unwrap().fingerprint().to_owned();
        assert_eq!(known.judge(&Key::read(ONE).unwrap()), Verdict::Other { place, fingerprint });
        assert_eq!(known.kinds(), ["ssh-ed25519"]);
        let revoked = verdict(&format!("h {ONE}\n@revoked * {ONE}\n"), "h", 22);
        assert!(matches!(revoked, Verdict::Revoked { .. }), "{revoked:?}");
        assert_eq!(verdict(&format!("@cert-authority h {ONE}\n"), "h", 22), Verdict::New);
        // Of another kind: no new host.
        let rsa = "h ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7";
        assert_eq!(verdict(rsa, "h", 22), Verdict::New, "a line that is no key");
    }

    #[test]
    fn what_was_learned_is_known_from_then_on() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("towline/known_hosts");
        let (one, two) = (Key::read(ONE).unwrap(), Key::read(TWO).unwrap());
        learn(&file, "h", 22, &one).unwrap();
        learn(&file, "::1", 6022, &two).unwrap();
        let judge =
            |host, port, key| Known::read(std::slice::from_ref(&file), host, port).unwrap().judge(key);
        assert_eq!(judge("h", 22, &one), Verdict::Right);
        assert_eq!(judge("::1", 6022, &two), Verdict::Right);
        assert_eq!(judge("other", 22, &two), Verdict::New);
    }
}
