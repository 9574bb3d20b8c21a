//! `[server]`.

use super::section::section;
use super::value::{Size, Within, Written, words};
use crate::service::run_as::RunAs;
use gate::{Net, UploadRule};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

section! {
    /// What is served, where it listens and as whom.
    Server {
        /// Addresses to listen on; none: all of this host, IPv4 and IPv6.
        bind: Vec<IpAddr> = Vec::new(),
        /// The directory, or one file to serve alone.
        root: Option<PathBuf> = None,
        /// Serve even / or a home directory.
        any_root: bool = false,
        /// Let users write, and TFTP and anonymous create.
        write: bool = false,
        /// A write-only drop box in place of `root`: TFTP and anonymous FTP put files in and get none out.
        inbox: Option<PathBuf> = None,
        /// Whether FTP lets anonymous in. Without it: only where there are no users.
        anonymous: Option<bool> = None,
        /// The only networks whose clients are let in; none: everybody.
        allow: Vec<Written<Net>> = Vec::new(),
        /// What uploads may do, path by path: "PATH=create", "overwrite", "version", "deny" or "dropbox"; the first that fits.
        upload: Vec<Written<UploadRule>> = Vec::new(),
        /// The most that `root` may hold, old versions too.
        quota: Option<Size> = None,
        /// The most files and directories that `root` may hold, old versions too.
        quota_files: Option<u64> = None,
        /// Old versions kept of each file of `root`; without it all.
        keep_versions: Option<Within<1, 10_000>> = None,
        /// How long old versions are kept in `root`; without it for ever.
        keep_versions_for: Option<Duration> = None,
        /// Whether names that begin with a dot are there at all.
        show_hidden: bool = false,
        /// Whether users may make symbolic links over SFTP; never where there are rules or `upload` rows.
        symlinks: bool = false,
        /// Serve NAME.md5, NAME.sha256 and NAME.sha512 where only NAME is there, and digest uploads.
        digests: bool = true,
        /// Where history, grants, bans and quota records are kept; without it none are.
        state: Option<PathBuf> = None,
        /// The socket that `towline who`, `kick`, `reload` and the like talk to.
        control: Option<PathBuf> = None,
        /// The user to become once the ports are open: a name, or "UID:GID". Needs root.
        user: Option<Written<RunAs>> = None,
        /// What to do where the kernel cannot sandbox the server.
        sandbox: Sandbox = Sandbox::Auto,
        /// How long running transfers may go on after SIGTERM or a reload.
        drain: Duration = Duration::from_secs(300),
    }
}

words! {
    /// What to do where the kernel cannot sandbox the server.
    Sandbox {
        /// Use what there is, and say what is not.
        Auto = "auto",
        /// Do not start without all of it.
        Require = "require",
        /// Use none.
        Off = "off",
    }
}
