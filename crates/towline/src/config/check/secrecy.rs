//! Who else can read what only the service should know.
//!
//! A hash is a secret too: whoever has it can try words against it at leisure. So a file with passwords or hashes is
//! read by its owner, and by no group but one that is the service's own: that of the user it becomes, its own where
//! it becomes nobody, and root's. A package's `root:towline 0640` is that. Keys of TLS go by the custom of those who
//! make them, who give them to a group (`ssl-cert`): only everybody is too many.

use super::Check;
use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Content {
    /// What anybody may know.
    Public,
    /// The key of a certificate.
    Key,
    /// A password, or the hash of one.
    Password,
}

/// Who can read or change a file and should not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Audience {
    Everybody,
    /// The members of a group that is not the service's own.
    Group(u32),
}

impl Content {
    /// Whom a file with this content, of this mode and group, is open to. `own`: groups of the service's own.
    fn open_to(self, mode: u32, group: u32, own: &[u32]) -> Option<Audience> {
        match self {
            Content::Public => None,
            Content::Key | Content::Password if mode & 0o006 != 0 => Some(Audience::Everybody),
            Content::Password if mode & 0o060 != 0 && !own.contains(&group) => Some(Audience::Group(group)),
            Content::Key | Content::Password => None,
        }
    }
}

impl Check<'_> {
    /// Whom a file with this content is open to.
    pub(super) fn open_to(&self, facts: &Metadata, content: Content) -> Option<Audience> {
        let service = match &self.config.server.user {
            Some(user) => user.value.identity().gid().as_raw(),
            None => rustix::process::getegid().as_raw(),
        };
        content.open_to(facts.permissions().mode(), facts.gid(), &[0, service])
    }
}

impl Audience {
    /// What is wrong: `holds` is what the file holds.
    pub(super) fn what(self, file: &str, holds: &str) -> String {
        match self {
            Audience::Everybody => format!("everybody on this host can get at {file}{holds}"),
            Audience::Group(gid) => {
                format!("the group {gid}, which is not the service's own, can get at {file}{holds}")
            }
        }
    }

    /// What to do.
    pub(super) fn remedy(self, file: &Path) -> String {
        let file = file.display();
        match self {
            Audience::Everybody => format!("chmod o= {file}"),
            Audience::Group(_) => format!("chmod g= {file}, or chgrp it to the group of the service's user"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_for_the_owner_and_the_services_own_group_keys_for_a_group() {
        let own = [0, 107];
        for (mode, group, password, key) in [
            (0o600, 50, None, None),
            (0o640, 107, None, None),
            (0o640, 0, None, None),
            (0o660, 107, None, None),
            (0o640, 50, Some(Audience::Group(50)), None),
            (0o620, 50, Some(Audience::Group(50)), None),
            (0o644, 107, Some(Audience::Everybody), Some(Audience::Everybody)),
            (0o604, 0, Some(Audience::Everybody), Some(Audience::Everybody)),
            (0o602, 0, Some(Audience::Everybody), Some(Audience::Everybody)),
            (0o610, 50, None, None),
        ] {
            assert_eq!(Content::Password.open_to(mode, group, &own), password, "{mode:o} {group}");
            assert_eq!(Content::Key.open_to(mode, group, &own), key, "{mode:o} {group}");
            assert_eq!(Content::Public.open_to(mode, group, &own), None);
        }
    }
}
