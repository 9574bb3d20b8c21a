//! `[[mount]]` and `[[root]]`: the tree.

use super::section::entry;
use super::value::{Size, Wanted, Within, Written, words};
use gate::{Net, RootPath, RootUser};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use store::VPath;

entry! {
    /// A directory of this host that is put into the tree.
    Mount {
        /// Where in the tree: "/images". What is below it in another mount is hidden.
        path: Written<TreePath>,
        /// The directory of this host.
        dir: PathBuf,
        /// Let who may write anywhere write here.
        write: bool = false,
        /// What uploads may do here, and in mounts inside that say nothing; `upload` of the server comes first.
        upload: Option<Upload> = None,
        /// The most that it may hold, old versions too.
        quota: Option<Size> = None,
        /// The most files and directories that it may hold, old versions too.
        quota_files: Option<u64> = None,
        /// Old versions kept of each file; without it all.
        keep_versions: Option<Within<1, 10_000>> = None,
        /// How long old versions are kept; without it for ever.
        keep_versions_for: Option<Duration> = None,
    }
}

entry! {
    /// What `/` is for somebody: a directory of the tree. The first that fits counts.
    Root {
        /// For this user; "*" is every user, "anonymous" FTP's.
        user: Option<Written<RootUser>> = None,
        /// For members of this group.
        group: Option<String> = None,
        /// For clients of this network.
        network: Option<Written<Net>> = None,
        /// The directory of the tree: "%u" is the user's name, "%i" the client's address.
        path: Written<RootPath>,
        /// Make it, when a user of it logs in and it is not there.
        create: bool = false,
        /// The most that it may hold, each where there are several, old versions too.
        quota: Option<Size> = None,
        /// The most files and directories that it may hold, each where there are several.
        quota_files: Option<u64> = None,
    }
}

words! {
    /// What uploads may do.
    Upload {
        /// Only names that are free.
        Create = "create",
        /// What is there is replaced.
        Overwrite = "overwrite",
        /// What is there is replaced and kept as a version.
        Version = "version",
        /// There are none.
        Deny = "deny",
        /// Each gets a name of its own, and nobody but users reads.
        Dropbox = "dropbox",
    }
}

/// A directory of the tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TreePath(pub VPath);

impl FromStr for TreePath {
    type Err = String;

    fn from_str(text: &str) -> Result<TreePath, String> {
        if !text.starts_with('/') {
            return Err(String::from("it does not begin with '/'"));
        }
        let path = VPath::parse(text.as_bytes()).map_err(|e| e.to_string())?;
        if path.is_hidden() {
            return Err(String::from("names that begin with a dot are hidden"));
        }
        Ok(TreePath(path))
    }
}

impl Wanted for TreePath {
    const WANTS: &'static str = "a path of the tree, such as \"/images\"";
}

impl Wanted for RootPath {
    const WANTS: &'static str = "a path of the tree, such as \"/home/%u\"";
}

impl Wanted for RootUser {
    const WANTS: &'static str = "a user's name, \"*\" or \"anonymous\"";
}

impl From<Upload> for gate::Upload {
    fn from(upload: Upload) -> gate::Upload {
        match upload {
            Upload::Create => gate::Upload::Create,
            Upload::Overwrite => gate::Upload::Overwrite,
            Upload::Version => gate::Upload::Version,
            Upload::Deny => gate::Upload::Deny,
            Upload::Dropbox => gate::Upload::DropBox,
        }
    }
}
