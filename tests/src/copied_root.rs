//! A copy-on-write view of this machine's root, in namespaces of its own: what is installed there is gone afterwards.

use crate::process::{Ended, run};
use std::path::Path;
use std::process::Command;

/// `$1` is a directory for what is written, which is seen as `/mnt` inside; `$2` is run there.
const ENTER: &str = r#"
set -e
mount --make-rprivate /
mkdir "$1/w"
mount -t tmpfs tmpfs "$1/w"
mkdir "$1/w/up" "$1/w/work" "$1/w/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/w/up,workdir=$1/w/work" "$1/w/root"
cd "$1/w/root"
mount -t proc proc proc
mount --rbind /dev dev
mount --bind "$1" mnt
mount -t tmpfs tmpfs tmp
ip link set lo up
exec chroot . /bin/sh -c "$2"
"#;

/// Runs `script` as root over such a view, with `dir` as `/mnt` and a loopback of its own; its processes end with it.
/// `None`: there is no right to make one.
pub fn in_a_copy_of_this_root(dir: &Path, script: &str) -> Option<Ended> {
    let mut c = Command::new("unshare");
    c.args(["--mount", "--net", "--pid", "--fork", "--kill-child"]);
    let may = Command::new(c.get_program()).args(c.get_args()).arg("true").output();
    if !may.is_ok_and(|done| done.status.success()) {
        return None;
    }
    Some(run(c.args(["bash", "-c", ENTER, "enter"]).arg(dir).arg(script)))
}
