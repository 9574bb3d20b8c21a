//! A systemd of its own: a process 1 in fresh namespaces, over a copy-on-write view of this root.

use crate::process::run;
use std::path::Path;
use std::process::Command;

/// Becomes process 1 of fresh namespaces: `$1` is a directory with `units`, `files` (laid over `/`) and `w`.
const BOOT: &str = r#"
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1/w"
mkdir "$1/w/up" "$1/w/work" "$1/w/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/w/up,workdir=$1/w/work" "$1/w/root"
mkdir -p "$1/w/units"
cp -r "$1/units/." "$1/w/units/"
cp -r "$1/files" "$1/w/files"
cd "$1/w/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs tmpfs sys/fs/cgroup
mount -t cgroup2 none sys/fs/cgroup
mount --rbind /dev dev
mount --bind "$1/out" mnt
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
rm -rf etc/systemd/system
cp -r "$1/w/units" etc/systemd/system
cp -r "$1/w/files/." .
chown -R 65534:65534 var/lib/towline srv/towline
mkdir old
pivot_root . old
cd /
umount -l old
export container=other
exec /usr/lib/systemd/systemd --system --unit=e2e.target --log-target=console --show-status=no
"#;

/// Runs `script` as the first service of a systemd that has the units of `dir/units` and nothing else, over this root
/// and `dir/files`; what it printed. `None`: there is no systemd here, or no right to make namespaces.
///
/// # Panics
/// When it does not come to its end.
pub fn booted(dir: &Path, script: &str) -> Option<String> {
    let is_there = Path::new("/usr/lib/systemd/systemd").exists();
    let may = |c: &mut Command| c.output().is_ok_and(|o| o.status.success());
    let namespaces =
        ["--pid", "--fork", "--mount", "--cgroup", "--net", "--uts", "--ipc", "--mount-proc", "--kill-child"];
    if !is_there || !may(Command::new("unshare").args(namespaces).arg("true")) {
        return None;
    }
    for name in ["w", "out"] {
        std::fs::create_dir(dir.join(name)).expect("a fresh directory");
    }
    let unit = |name: &str, text: &str| std::fs::write(dir.join("units").join(name), text).expect("a unit");
    unit("e2e.target", "[Unit]\nRequires=e2e.service\nAfter=e2e.service\n");
    unit(
        "e2e.service",
        "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nTimeoutStartSec=120\n\
         ExecStart=/bin/bash /etc/systemd/system/script.sh\nStandardOutput=file:/mnt/out\nStandardError=null\n\
         ExecStopPost=/bin/systemctl --no-block exit 0\n",
    );
    unit("script.sh", script);
    let mut boot = Command::new("unshare");
    boot.args(namespaces).args(["bash", "-c", BOOT, "boot"]).arg(dir);
    let ended = run(Command::new("timeout").arg("150").arg(boot.get_program()).args(boot.get_args()));
    let out = std::fs::read_to_string(dir.join("out/out")).unwrap_or_default();
    assert!(out.contains("the end"), "{out}\n{ended:?}");
    Some(out)
}
