//! Where a server keeps what its next run shows too.

use crate::config::Loaded;
use std::ffi::OsString;
use std::path::PathBuf;

/// The directory of that name in the server's state, else in that of who starts it; a service has its own places, and no
/// home.
pub(super) fn of_state(loaded: &Loaded, name: &str) -> Option<PathBuf> {
    let state = loaded.config.server.state.clone();
    let at = state.or_else(|| if loaded.source.is_none() { of_user() } else { None });
    at.map(|dir| dir.join(name))
}

/// The state directory of who runs this; `None`: no home is known.
pub(crate) fn of_user() -> Option<PathBuf> {
    place(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME"))
}

/// XDG Base Directory Specification: a relative path there is to be ignored.
fn place(state: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |text: Option<OsString>| text.map(PathBuf::from).filter(|p| p.is_absolute());
    let state = absolute(state).or_else(|| Some(absolute(home)?.join(".local/state")))?;
    Some(state.join("towline"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_keeps_lies_where_state_does() {
        let at = |state: &str, home: &str| {
            place(Some(state.into()), Some(home.into())).map(|p| p.display().to_string())
        };
        assert_eq!(at("/s", "/h").as_deref(), Some("/s/towline"));
        assert_eq!(at("", "/h").as_deref(), Some("/h/.local/state/towline"));
        assert_eq!(at("", ""), None);
    }
}
