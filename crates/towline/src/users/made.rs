//! The gate's user, from what a configuration or a file says.

use crate::config::user::User;
use gate::{AuthorizedKey, BadKey, BadUser, Keys, store::VPath};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Octets of a file of keys: a thousand of the longest that are in use.
const LARGEST: u64 = 4 << 20;

/// What is wrong with what is said of a user.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    /// A name, a group, the hash, or that something is missing.
    #[error(transparent)]
    User(#[from] BadUser),
    /// The home.
    #[error("user '{user}': home: {why}")]
    Home { user: String, why: gate::store::BadPath },
    /// One of `keys`.
    #[error("user '{user}': key {nth}: {why}")]
    Key { user: String, nth: usize, why: BadKey },
    /// `keys-file`.
    #[error("user '{user}': {why}")]
    KeysFile { user: String, why: BadKeysFile },
}

/// What is wrong with a file of keys: place, what, remedy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadKeysFile {
    #[error("{file}: {why}")]
    Unreadable { file: String, why: String },
    #[error("{file}: mode {mode:04o} lets others add keys; chmod go-w {file}")]
    Open { file: String, mode: u32 },
    #[error("{file}:{why}")]
    Line { file: String, why: String },
}

/// The user with this hash, if there is one, and the facts that stand beside it.
pub(crate) fn made(user: &User, hash: Option<&str>) -> Result<gate::User, Unfit> {
    let made = match hash {
        Some(hash) => gate::User::new(&user.name, hash)?,
        None => gate::User::without_password(&user.name)?,
    };
    with_facts(made, user)
}

/// The user with the facts that are said.
pub(crate) fn with_facts(made: gate::User, said: &User) -> Result<gate::User, Unfit> {
    let bad = |why| Unfit::Home { user: said.name.clone(), why };
    let home = said.home.as_ref().map(|home| VPath::parse(home.as_bytes())).transpose().map_err(bad)?;
    let expires = said.expires.as_ref().map(|e| e.value.0);
    let made =
        made.in_groups(said.groups.iter().cloned())?.disabled(said.disabled).expires(expires).at_home(home);
    Ok(made.with_keys(keys(said)?).wanting(said.require.wants())?)
}

fn keys(said: &User) -> Result<Keys, Unfit> {
    let user = || said.name.clone();
    let one = |(line, nth): (&String, usize)| {
        line.parse::<AuthorizedKey>().map_err(|why| Unfit::Key { user: user(), nth, why })
    };
    let keys: Keys = said.keys.iter().zip(1..).map(one).collect::<Result<_, _>>()?;
    match &said.keys_file {
        None => Ok(keys),
        Some(file) => {
            let more = keys_file(file).map_err(|why| Unfit::KeysFile { user: user(), why })?;
            Ok(keys.and(more))
        }
    }
}

/// The keys of a file, which nobody else may write: whoever does gives himself a login.
pub(crate) fn keys_file(path: &Path) -> Result<Keys, BadKeysFile> {
    let file = || path.display().to_string();
    let unreadable = |e: std::io::Error| BadKeysFile::Unreadable { file: file(), why: e.to_string() };
    let facts = std::fs::metadata(path).map_err(unreadable)?;
    if !facts.is_file() || facts.len() > LARGEST {
        let why = String::from("is no regular file of at most 4 MiB");
        return Err(BadKeysFile::Unreadable { file: file(), why });
    }
    let mode = facts.permissions().mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(BadKeysFile::Open { file: file(), mode });
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    Keys::parse(&text)
        .map_err(|bad| BadKeysFile::Line { file: file(), why: format!("{}: {}", bad.line, bad.why) })
}
