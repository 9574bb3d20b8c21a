//! `[[mount]]` and `[[root]]`: the tree.

use super::section::entry;
use super::value::{Size, Within, Written, words};
use gate::Net;
use std::path::PathBuf;

entry! {
    /// A directory of this host that is put into the tree.
    Mount {
        /// Where in the tree: "/images".
        path: String,
        /// The directory of this host.
        dir: PathBuf,
        /// Let who may write anywhere write here.
        write: bool = false,
        /// What uploads may do here.
        upload: Option<Upload> = None,
        /// The most that it may hold, old versions too.
        quota: Option<Size> = None,
        /// The most files that it may hold.
        quota_files: Option<u64> = None,
        /// Old versions kept of each file.
        keep_versions: Option<Within<1, 10_000>> = None,
    }
}

entry! {
    /// What `/` is for somebody: a directory of the tree. The first that fits counts.
    Root {
        /// For this user.
        user: Option<String> = None,
        /// For members of this group.
        group: Option<String> = None,
        /// For clients of this network.
        network: Option<Written<Net>> = None,
        /// The directory of the tree.
        path: String,
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
