//! `[sftp]`: SSH, with SFTP and SCP in it.

use super::section::section;
use super::words::words;
use serve::listen::Want;
use std::path::PathBuf;
use transport::ssh;

section! {
    /// SFTP and SCP, over SSH.
    Sftp {
        /// The TCP port; "default" is 22, and 2222 where 22 is not to be had. Without it there is no SFTP.
        port: Want = Want::Off,
        /// The directory with the host's keys; those that are missing are made at the start. Without it they lie in
        /// ssh in server.state, or in the state directory of the user who starts the server.
        host_keys: Option<PathBuf> = None,
        /// Which algorithms are taken.
        profile: Profile = Profile::Modern,
    }
}

words! {
    /// Which algorithms SSH takes.
    Profile {
        /// What nothing is known against.
        Modern = "modern",
        /// Also SHA-1: servers and devices of the years before 2015.
        Compat = "compat",
        /// Also what IOS 12 and 15 know: group1, CBC, 3DES.
        LegacyIos = "legacy-ios",
    }
}

impl From<Profile> for ssh::Profile {
    fn from(profile: Profile) -> ssh::Profile {
        match profile {
            Profile::Modern => ssh::Profile::Modern,
            Profile::Compat => ssh::Profile::Compat,
            Profile::LegacyIos => ssh::Profile::LegacyIos,
        }
    }
}
