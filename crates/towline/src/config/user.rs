//! `[[user]]` and `[identity]`.

use super::secret::Secret;
use super::section::{entry, section};
use std::path::PathBuf;
use std::time::Duration;

entry! {
    /// Somebody who logs in.
    User {
        /// The name.
        name: String,
        /// The hash of the password, or where the password is: {file = …}, {env = …}, {cmd = […]}.
        password: Secret,
        /// Groups that the user is in.
        groups: Vec<String> = Vec::new(),
        /// Nobody logs in with it.
        disabled: bool = false,
        /// The day after whose end nobody logs in with it: "2027-12-31".
        expires: Option<String> = None,
    }
}

section! {
    /// Where users come from besides `[[user]]`.
    Identity {
        /// A directory with a file for each user.
        users_dir: Option<PathBuf> = None,
        /// A command that is asked about users, with its arguments.
        command: Vec<String> = Vec::new(),
        /// How long it may take.
        timeout: Duration = Duration::from_secs(5),
    }
}
