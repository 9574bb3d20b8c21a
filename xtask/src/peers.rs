use crate::house::{must, output, target};
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A Debian package that is unpacked into `target/peers/root` and never installed: no daemon starts,
/// nothing conflicts, nothing needs root once the package lists are there.
struct Deb {
    package: &'static str,
    /// A file of it: present means done.
    proof: &'static str,
    /// Left out where this program is in the PATH already.
    unless: Option<&'static str>,
}

const DEBS: &[Deb] = &[
    Deb { package: "tftp-hpa", proof: "usr/bin/tftp", unless: None },
    Deb { package: "tftpd-hpa", proof: "usr/sbin/in.tftpd", unless: None },
    Deb { package: "atftp", proof: "usr/bin/atftp", unless: None },
    Deb { package: "atftpd", proof: "usr/sbin/atftpd", unless: None },
    Deb { package: "busybox", proof: "bin/busybox", unless: None },
    Deb { package: "lftp", proof: "usr/bin/lftp", unless: None },
    Deb { package: "ncftp", proof: "usr/bin/ncftpget", unless: None },
    Deb { package: "vsftpd", proof: "usr/sbin/vsftpd", unless: None },
    // What the servers above are linked with and a plain machine lacks.
    Deb { package: "libwrap0", proof: "usr/lib/x86_64-linux-gnu/libwrap.so.0", unless: None },
    Deb { package: "libnsl2", proof: "usr/lib/x86_64-linux-gnu/libnsl.so.2", unless: None },
    Deb { package: "libtirpc3", proof: "lib/x86_64-linux-gnu/libtirpc.so.3", unless: None },
    Deb { package: "curl", proof: "usr/bin/curl", unless: Some("curl") },
    Deb { package: "libcurl4", proof: "usr/lib/x86_64-linux-gnu/libcurl.so.4", unless: Some("curl") },
];

/// What goes into the virtual environment `target/peers/venv`, pinned.
const WHEELS: &[&str] = &["pyftpdlib==2.0.1", "tftpy==0.8.7", "partftpy==0.4.0", "netmiko==4.8.0"];

/// Where everything goes.
fn home() -> PathBuf {
    target().join("peers")
}

/// `cargo xtask peers`: idempotent, and quick when everything is there. Runs of other worktrees or
/// terminals on the same target wait for each other.
pub(crate) fn run(_: &[String]) -> Result<()> {
    let home = home();
    fs::create_dir_all(home.join("debs"))?;
    let lock = File::create(home.join("lock"))?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).context("target/peers/lock")?;
    debs(&home)?;
    python(&home)
}

fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

fn debs(home: &Path) -> Result<()> {
    let root = home.join("root");
    let missing: Vec<&str> = DEBS
        .iter()
        .filter(|d| !root.join(d.proof).exists() && !d.unless.is_some_and(in_path))
        .map(|d| d.package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("peers: unpacking {}", missing.join(" "));
    let debs = home.join("debs");
    if !download(&debs, &missing)? {
        // A fresh machine has no package lists yet.
        let mut update = Command::new("apt-get");
        update.args(["update", "-qq"]).stdin(Stdio::null());
        if let Err(e) = must(&mut update) {
            println!("peers: {e:#}; going on with the package lists that are there");
        }
        if !download(&debs, &missing)? {
            bail!(
                "apt-get download {} failed: see its lines above; as root, apt-get update first",
                missing.join(" ")
            );
        }
    }
    for entry in fs::read_dir(&debs)? {
        let deb = entry?.path();
        if deb.extension().is_some_and(|e| e == "deb") {
            must(Command::new("dpkg-deb").arg("-x").arg(&deb).arg(&root))?;
            fs::remove_file(&deb)?;
        }
    }
    for d in DEBS.iter().filter(|d| missing.contains(&d.package)) {
        if fs::symlink_metadata(root.join(d.proof)).is_err() {
            bail!("Debian's {} has no {}: correct the table in xtask/src/peers.rs", d.package, d.proof);
        }
    }
    Ok(())
}

fn download(into: &Path, packages: &[&str]) -> Result<bool> {
    let mut get = Command::new("apt-get");
    get.args(["download", "-qq"]).args(packages).current_dir(into).stdin(Stdio::null());
    Ok(get.status().context("apt-get does not start: the peers are Debian packages")?.success())
}

fn python(home: &Path) -> Result<()> {
    let venv = home.join("venv");
    let stamp = venv.join("wheels");
    let wanted = WHEELS.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    println!("peers: {}", WHEELS.join(" "));
    if !venv.join("bin/pip").exists() {
        must(Command::new("python3").args(["-m", "venv"]).arg(&venv).stdin(Stdio::null()))
            .context("python3 with venv is needed (Debian: python3-venv)")?;
    }
    let mut pip = Command::new(venv.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"]).args(WHEELS).stdin(Stdio::null());
    output(&mut pip)?;
    fs::write(&stamp, wanted)?;
    Ok(())
}
