//! The gate's user, from what a configuration or a file says.

use crate::config::user::User;
use gate::{BadUser, store::VPath};

/// What is wrong with what is said of a user.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    /// A name, a group or the hash.
    #[error(transparent)]
    User(#[from] BadUser),
    /// The home.
    #[error("user '{user}': home: {why}")]
    Home { user: String, why: gate::store::BadPath },
}

/// The user with this hash, and the facts that stand beside it.
pub(crate) fn made(user: &User, hash: &str) -> Result<gate::User, Unfit> {
    with_facts(gate::User::new(&user.name, hash)?, user)
}

/// The user with the facts that are said.
pub(crate) fn with_facts(made: gate::User, said: &User) -> Result<gate::User, Unfit> {
    let bad = |why| Unfit::Home { user: said.name.clone(), why };
    let home = said.home.as_ref().map(|home| VPath::parse(home.as_bytes())).transpose().map_err(bad)?;
    let expires = said.expires.as_ref().map(|e| e.value.0);
    Ok(made.in_groups(said.groups.iter().cloned())?.disabled(said.disabled).expires(expires).at_home(home))
}
