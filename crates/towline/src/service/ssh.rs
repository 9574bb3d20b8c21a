//! SSH's settings and the host's keys.

use super::place::of_state;
use crate::config::Loaded;
use crate::exit::{Exit, Failure};
use serve::sftp::SftpConfig;
use serve::ssh::SshConfig;
use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use transport::ssh::server;
use transport::ssh::{PrivateKey, Profile};

/// What a host shows, and where it is kept.
pub(crate) struct HostKeys {
    /// Kind and fingerprint of each.
    pub(crate) shown: Vec<(String, String)>,
    /// Whether the next run shows them too.
    pub(crate) kept: bool,
}

/// The server's settings, and what is to be told of its keys. Those that are not there are made and kept.
pub(super) fn of(loaded: &Loaded) -> Result<(SshConfig, HostKeys), Failure> {
    let (sftp, limits) = (&loaded.config.sftp, &loaded.config.limits);
    let at = sftp.host_keys.clone().or_else(|| of_state(loaded, "ssh"));
    let keys = match &at {
        Some(dir) => kept(dir)?,
        None => made()?,
    };
    let shown = keys
        .iter()
        .map(|key| key.public())
        .map(|key| (key.algorithm().to_owned(), key.fingerprint().to_owned()));
    let shown = HostKeys { shown: shown.collect(), kept: at.is_some() };
    let server =
        server::Config { keys, offers: Profile::from(sftp.profile).into(), ..server::Config::default() };
    let patience =
        SftpConfig { idle: limits.idle_timeout, no_progress: limits.stall_timeout, ..SftpConfig::default() };
    let config =
        SshConfig { server, login_grace: limits.login_timeout, idle: limits.idle_timeout, sftp: patience };
    Ok((config, shown))
}

/// Their names, as OpenSSH has them, so that a host's own can be put there.
const FILES: [&str; 3] = ["ssh_host_ed25519_key", "ssh_host_ecdsa_key", "ssh_host_rsa_key"];

fn made() -> Result<Vec<PrivateKey>, Failure> {
    let broken = |e| Failure::new(Exit::Local, "the host's keys", e, "");
    Ok(PrivateKey::of_host().map_err(broken)?.to_vec())
}

/// This host's keys, as its servers show them; made where there are none, and kept where a home is known.
pub(crate) fn of_host() -> Result<Vec<PrivateKey>, Failure> {
    match super::place::of_user() {
        Some(state) => kept(&state.join("ssh")),
        None => made(),
    }
}

/// The RSA key in a directory, where an emulated device keeps its own; made where there is none.
pub(crate) fn rsa(dir: &Path) -> Result<PrivateKey, Failure> {
    let key = kept(dir)?.into_iter().find(|key| key.public().algorithm() == "ssh-rsa");
    key.ok_or_else(|| {
        Failure::usage(dir.display(), "no RSA key", "take the other keys away, and new ones are made")
    })
}

/// The keys in a directory. The missing ones are made, unless there are others: whoever put one there wants that one.
fn kept(dir: &Path) -> Result<Vec<PrivateKey>, Failure> {
    let local = |path: &Path| {
        let thing = path.display().to_string();
        move |e: io::Error| Failure::local(&thing, &e)
    };
    let there: Vec<PathBuf> = FILES.iter().map(|name| dir.join(name)).filter(|path| path.exists()).collect();
    if !there.is_empty() {
        return there.iter().map(|path| read(path)).collect();
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(local(dir))?;
    let keys = made()?;
    for (key, name) in keys.iter().zip(FILES) {
        let path = dir.join(name);
        let text = key.text().map_err(|e| Failure::new(Exit::Local, path.display(), e, ""))?;
        // Made with 0600.
        let mut file = tempfile::NamedTempFile::new_in(dir).map_err(local(dir))?;
        file.write_all(text.as_bytes()).map_err(local(&path))?;
        file.as_file().sync_all().map_err(local(&path))?;
        match file.persist_noclobber(&path) {
            Ok(_) => {}
            // Another server that starts here was first: its keys are the host's.
            Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => return kept(dir),
            Err(e) => return Err(local(&path)(e.error)),
        }
    }
    Ok(keys)
}

fn read(path: &Path) -> Result<PrivateKey, Failure> {
    let facts = fs::metadata(path).map_err(|e| Failure::local(path.display(), &e))?;
    if facts.permissions().mode() & 0o077 != 0 {
        let way_out = format!("chmod 600 {}", path.display());
        return Err(Failure::usage(path.display(), "a host key that others can read", way_out));
    }
    let text = fs::read_to_string(path).map_err(|e| Failure::local(path.display(), &e))?;
    PrivateKey::read(&text, None).map_err(|e| {
        Failure::usage(
            path.display(),
            e,
            "a host key is one without passphrase; or take the file away, and new ones are made",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprints(keys: &[PrivateKey]) -> Vec<String> {
        keys.iter().map(|key| key.public().fingerprint().to_owned()).collect()
    }

    #[test]
    fn keys_are_made_once_and_are_nobody_else_s() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("state/ssh");
        let first = kept(&at).unwrap();
        assert_eq!(first.len(), 3);
        assert_eq!(fingerprints(&kept(&at).unwrap()), fingerprints(&first));
        for name in FILES {
            let mode = fs::metadata(at.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        fs::set_permissions(at.join(FILES[0]), fs::Permissions::from_mode(0o644)).unwrap();
        let why = kept(&at).unwrap_err().to_string();
        assert!(why.contains("others can read"), "{why}");
        fs::remove_file(at.join(FILES[0])).unwrap();
        assert_eq!(fingerprints(&kept(&at).unwrap()), fingerprints(&first[1..]), "the owner took one away");
        fs::write(at.join(FILES[1]), "no key").unwrap();
        assert!(kept(&at).is_err());
    }
}
