use crate::house::{must, output, root, target};
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
    Deb { package: "tnftp", proof: "usr/bin/tnftp", unless: None },
    Deb { package: "inetutils-ftp", proof: "usr/bin/inetutils-ftp", unless: None },
    Deb { package: "libreadline8", proof: "lib/x86_64-linux-gnu/libreadline.so.8", unless: None },
    // Its scripts for FTP. With what it is linked with: 9 MB to fetch.
    Deb { package: "nmap", proof: "usr/bin/nmap", unless: Some("nmap") },
    Deb { package: "nmap-common", proof: "usr/share/nmap/nse_main.lua", unless: Some("nmap") },
    Deb { package: "lua-lpeg", proof: "usr/lib/x86_64-linux-gnu/lua/5.3/lpeg.so", unless: Some("nmap") },
    Deb { package: "liblua5.3-0", proof: "usr/lib/x86_64-linux-gnu/liblua5.3.so.0", unless: Some("nmap") },
    Deb { package: "libpcre3", proof: "lib/x86_64-linux-gnu/libpcre.so.3", unless: Some("nmap") },
    Deb { package: "liblinear4", proof: "usr/lib/x86_64-linux-gnu/liblinear.so.4", unless: Some("nmap") },
    Deb { package: "libblas3", proof: "usr/lib/x86_64-linux-gnu/blas/libblas.so.3", unless: Some("nmap") },
    Deb { package: "libgfortran5", proof: "usr/lib/x86_64-linux-gnu/libgfortran.so.5", unless: Some("nmap") },
    Deb { package: "vsftpd", proof: "usr/sbin/vsftpd", unless: None },
    // These servers conflict with each other as installed packages.
    Deb { package: "proftpd-core", proof: "usr/sbin/proftpd", unless: None },
    // TLS, and digests under it.
    Deb { package: "proftpd-mod-crypto", proof: "usr/lib/proftpd/mod_tls.so", unless: None },
    Deb { package: "libhiredis0.14", proof: "usr/lib/x86_64-linux-gnu/libhiredis.so.0.14", unless: None },
    Deb { package: "libmemcached11", proof: "usr/lib/x86_64-linux-gnu/libmemcached.so.11", unless: None },
    Deb {
        package: "libmemcachedutil2",
        proof: "usr/lib/x86_64-linux-gnu/libmemcachedutil.so.2",
        unless: None,
    },
    Deb { package: "libhashkit2", proof: "usr/lib/x86_64-linux-gnu/libhashkit.so.2", unless: None },
    Deb { package: "libsasl2-2", proof: "usr/lib/x86_64-linux-gnu/libsasl2.so.2", unless: None },
    Deb { package: "libpcre2-posix3", proof: "usr/lib/x86_64-linux-gnu/libpcre2-posix.so.3", unless: None },
    Deb { package: "pure-ftpd", proof: "usr/sbin/pure-ftpd", unless: None },
    Deb { package: "libsodium23", proof: "usr/lib/x86_64-linux-gnu/libsodium.so.23", unless: None },
    // Serves files over HTTP and takes them (DAV).
    Deb { package: "nginx", proof: "usr/sbin/nginx", unless: None },
    // Proxies that our client goes by way of.
    Deb { package: "microsocks", proof: "usr/bin/microsocks", unless: None },
    Deb { package: "tinyproxy-bin", proof: "usr/bin/tinyproxy", unless: None },
    // Firewalls of network namespaces, against which the doctor is tried.
    Deb { package: "nftables", proof: "usr/sbin/nft", unless: Some("nft") },
    Deb { package: "libedit2", proof: "usr/lib/x86_64-linux-gnu/libedit.so.2", unless: None },
    // Judges the configuration that we print for it.
    Deb { package: "kea-dhcp4-server", proof: "usr/sbin/kea-dhcp4", unless: None },
    Deb { package: "kea-common", proof: "usr/lib/x86_64-linux-gnu/libkea-cc.so.39", unless: None },
    Deb {
        package: "liblog4cplus-2.0.5",
        proof: "usr/lib/x86_64-linux-gnu/liblog4cplus-2.0.so.3",
        unless: None,
    },
    Deb { package: "libmariadb3", proof: "usr/lib/x86_64-linux-gnu/libmariadb.so.3", unless: None },
    Deb { package: "libpq5", proof: "usr/lib/x86_64-linux-gnu/libpq.so.5", unless: None },
    Deb { package: "dnsmasq-base", proof: "usr/sbin/dnsmasq", unless: None },
    Deb { package: "libnet-tftp-perl", proof: "usr/share/perl5/Net/TFTP.pm", unless: None },
    Deb { package: "libnet-tftpd-perl", proof: "usr/share/perl5/Net/TFTPd.pm", unless: None },
    Deb { package: "strace", proof: "usr/bin/strace", unless: None },
    // Sets the clock of one process back, and nobody else's.
    Deb { package: "libfaketime", proof: "usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", unless: None },
    // Logs in to routers by expect's scripts, as operators do; telnet is what it goes by.
    Deb { package: "rancid", proof: "usr/bin/clogin", unless: None },
    Deb { package: "expect", proof: "usr/bin/expect", unless: None },
    Deb { package: "tcl-expect", proof: "usr/lib/x86_64-linux-gnu/libexpect.so.5", unless: None },
    Deb { package: "libtcl8.6", proof: "usr/lib/x86_64-linux-gnu/libtcl8.6.so", unless: None },
    Deb { package: "inetutils-telnet", proof: "usr/bin/inetutils-telnet", unless: None },
    // Sends images over a console.
    Deb { package: "lrzsz", proof: "usr/bin/sx", unless: Some("sx") },
    // What the programs above are linked with and a plain machine lacks.
    Deb { package: "libunwind8", proof: "usr/lib/x86_64-linux-gnu/libunwind-ptrace.so.0", unless: None },
    Deb { package: "libnftables1", proof: "usr/lib/x86_64-linux-gnu/libnftables.so.1", unless: None },
    Deb { package: "libnftnl11", proof: "usr/lib/x86_64-linux-gnu/libnftnl.so.11", unless: None },
    Deb { package: "libxtables12", proof: "usr/lib/x86_64-linux-gnu/libxtables.so.12", unless: None },
    Deb { package: "libjansson4", proof: "usr/lib/x86_64-linux-gnu/libjansson.so.4", unless: None },
    Deb { package: "libmnl0", proof: "usr/lib/x86_64-linux-gnu/libmnl.so.0", unless: None },
    Deb { package: "libnfnetlink0", proof: "usr/lib/x86_64-linux-gnu/libnfnetlink.so.0", unless: None },
    Deb {
        package: "libnetfilter-conntrack3",
        proof: "usr/lib/x86_64-linux-gnu/libnetfilter_conntrack.so.3",
        unless: None,
    },
    Deb { package: "libwrap0", proof: "usr/lib/x86_64-linux-gnu/libwrap.so.0", unless: None },
    Deb { package: "libnsl2", proof: "usr/lib/x86_64-linux-gnu/libnsl.so.2", unless: None },
    Deb { package: "libtirpc3", proof: "lib/x86_64-linux-gnu/libtirpc.so.3", unless: None },
    // Reads our captures. With what it is linked with: 21 MB to fetch, 123 MB unpacked, 1 s to fetch here.
    Deb { package: "tshark", proof: "usr/bin/tshark", unless: None },
    Deb { package: "wireshark-common", proof: "usr/bin/capinfos", unless: None },
    Deb { package: "libwireshark-data", proof: "usr/share/wireshark", unless: None },
    Deb { package: "libwireshark16", proof: "usr/lib/x86_64-linux-gnu/libwireshark.so.16", unless: None },
    Deb { package: "libwiretap13", proof: "usr/lib/x86_64-linux-gnu/libwiretap.so.13", unless: None },
    Deb { package: "libwsutil14", proof: "usr/lib/x86_64-linux-gnu/libwsutil.so.14", unless: None },
    Deb { package: "libbcg729-0", proof: "usr/lib/x86_64-linux-gnu/libbcg729.so.0", unless: None },
    Deb { package: "libc-ares2", proof: "usr/lib/x86_64-linux-gnu/libcares.so.2", unless: None },
    Deb { package: "liblua5.2-0", proof: "usr/lib/x86_64-linux-gnu/liblua5.2.so.0", unless: None },
    Deb { package: "libmaxminddb0", proof: "usr/lib/x86_64-linux-gnu/libmaxminddb.so.0", unless: None },
    Deb { package: "libnl-3-200", proof: "lib/x86_64-linux-gnu/libnl-3.so.200", unless: None },
    Deb { package: "libnl-genl-3-200", proof: "lib/x86_64-linux-gnu/libnl-genl-3.so.200", unless: None },
    Deb { package: "libpcap0.8", proof: "usr/lib/x86_64-linux-gnu/libpcap.so.0.8", unless: None },
    Deb { package: "libsbc1", proof: "usr/lib/x86_64-linux-gnu/libsbc.so.1", unless: None },
    Deb { package: "libsmi2ldbl", proof: "usr/lib/x86_64-linux-gnu/libsmi.so.2", unless: None },
    Deb { package: "libsnappy1v5", proof: "usr/lib/x86_64-linux-gnu/libsnappy.so.1", unless: None },
    Deb { package: "libspandsp2", proof: "usr/lib/x86_64-linux-gnu/libspandsp.so.2", unless: None },
    Deb { package: "libspeexdsp1", proof: "usr/lib/x86_64-linux-gnu/libspeexdsp.so.1", unless: None },
    Deb { package: "libssh-gcrypt-4", proof: "usr/lib/x86_64-linux-gnu/libssh-gcrypt.so.4", unless: None },
    Deb { package: "aria2", proof: "usr/bin/aria2c", unless: Some("aria2c") },
    Deb { package: "libaria2-0", proof: "usr/lib/x86_64-linux-gnu/libaria2.so.0", unless: Some("aria2c") },
    Deb { package: "libssh2-1", proof: "usr/lib/x86_64-linux-gnu/libssh2.so.1", unless: Some("aria2c") },
    Deb { package: "libxml2", proof: "usr/lib/x86_64-linux-gnu/libxml2.so.2", unless: Some("aria2c") },
    // Debian machines have the client mostly; the server is never installed.
    Deb { package: "openssh-client", proof: "usr/bin/sftp", unless: Some("sftp") },
    Deb { package: "libfido2-1", proof: "usr/lib/x86_64-linux-gnu/libfido2.so.1", unless: Some("sftp") },
    Deb { package: "libcbor0.8", proof: "usr/lib/x86_64-linux-gnu/libcbor.so.0.8", unless: Some("sftp") },
    Deb { package: "putty-tools", proof: "usr/bin/psftp", unless: Some("psftp") },
    Deb { package: "wget", proof: "usr/bin/wget", unless: Some("wget") },
    Deb { package: "openssh-server", proof: "usr/sbin/sshd", unless: Some("sshd") },
    // Also without SSH, on pipes.
    Deb { package: "openssh-sftp-server", proof: "usr/lib/openssh/sftp-server", unless: None },
    Deb { package: "curl", proof: "usr/bin/curl", unless: Some("curl") },
    Deb { package: "libcurl4", proof: "usr/lib/x86_64-linux-gnu/libcurl.so.4", unless: Some("curl") },
];

/// The same for `cargo xtask soak` only.
const SOAK_DEBS: &[Deb] = &[
    Deb { package: "sshfs", proof: "usr/bin/sshfs", unless: Some("sshfs") },
    Deb { package: "libfuse3-3", proof: "lib/x86_64-linux-gnu/libfuse3.so.3", unless: Some("sshfs") },
    Deb {
        package: "libglib2.0-0",
        proof: "usr/lib/x86_64-linux-gnu/libglib-2.0.so.0",
        unless: Some("sshfs"),
    },
    Deb { package: "rclone", proof: "usr/bin/rclone", unless: Some("rclone") },
];

/// What goes into the virtual environment `target/peers/venv`, pinned.
const WHEELS: &[&str] = &[
    "pyftpdlib==2.0.1",
    // Its TLS.
    "pyopenssl==26.4.0",
    "tftpy==0.8.7",
    "partftpy==0.4.0",
    "py3tftp==1.3.0",
    // Brings paramiko.
    "netmiko==4.8.0",
    "napalm==5.2.0",
    // Upgrades devices over netmiko.
    "pyntc==3.4.0",
    // A library of its own under Python; the line before it is among the doubles.
    "scrapli==2026.10.14",
    "ntc-templates==9.3.0",
    "asyncssh==2.24.1",
    // Judges configurations by the schema that we print.
    "jsonschema==4.26.0",
    "requests==2.32.5",
    "aioftp==0.28.3",
    "ftputil==5.2.0",
    // Reads our figures.
    "prometheus-client==0.23.1",
    // Reads the same inventories.
    "ansible-core==2.19.14",
];

/// What goes into one of its own, `target/peers/doubles`, for it wants older libraries: pretended devices. 105 MB, 12 s to fetch.
/// And what is there already under the same name.
const DOUBLES: &[&str] = &[
    "scrapli==2025.1.30",
    "fakenos==1.2.1",
    // Brings its plugins with their tests' data, and needs neither pyATS nor Genie for its mock.
    "unicon==26.9",
];

/// What goes into another, `target/peers/pyats`, only for `cargo xtask soak`: 793 MB.
const TESTERS: &[&str] = &["pyats==26.9", "genie==26.9"];

/// And into `target/peers/ansible`: 554 MB, for its collections cannot be had by themselves here.
const COLLECTIONS: &[&str] = &["ansible==12.3.0", "ansible-pylibssh==1.4.0"];

/// What goes into `target/peers/node`, pinned, where there is npm.
const MODULES: &[&str] = &["basic-ftp@6.2.3"];

/// What is compiled into `target/peers/cargo`, only for `cargo xtask soak`: it takes a minute. Name and
/// version, feature, a program of it.
const CRATES: &[(&str, &str, &str)] = &[("tftpd@1.0.0", "client", "tftpc")];

/// The same for programs of a few lines around a library of other people's: projects of their own under `tests/peers`.
const PROGRAMS: &[&str] = &["russh-sftp"];

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
    debs(&home, DEBS)?;
    python(&home.join("venv"), WHEELS)?;
    python(&home.join("doubles"), DOUBLES)?;
    node(&home)
}

/// What takes too long to be installed for every commit: `cargo xtask soak`. Idempotent as well.
pub(crate) fn compiled() -> Result<()> {
    run(&[])?;
    let home = home();
    debs(&home, SOAK_DEBS)?;
    let cargo = home.join("cargo");
    for (name, feature, program) in CRATES {
        if !cargo.join("bin").join(program).exists() {
            println!("peers: compiling {name}");
            install(&cargo, &["--features", feature, name])?;
        }
    }
    for name in PROGRAMS {
        println!("peers: compiling tests/peers/{name}, if it is new");
        let (project, built) = (root().join("tests/peers").join(name), home.join(format!("{name}-build")));
        let [project, built] = [project, built].map(|path| path.display().to_string());
        install(&cargo, &["--force", "--locked", "--debug", "--target-dir", &built, "--path", &project])?;
    }
    Ok(())
}

/// What tests devices and is too large for every commit: `cargo xtask soak tools`. Idempotent as well.
pub(crate) fn testers() -> Result<()> {
    run(&[])?;
    python(&home().join("pyats"), TESTERS)?;
    python(&home().join("ansible"), COLLECTIONS)
}

fn install(into: &Path, what: &[&str]) -> Result<()> {
    let mut install = Command::new("cargo");
    install.args(["install", "--quiet", "--root"]).arg(into).args(what);
    // Not our target directory: its lock is held by whoever started us.
    must(install.env_remove("CARGO_TARGET_DIR").stdin(Stdio::null()))
}

fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

fn debs(home: &Path, wanted: &[Deb]) -> Result<()> {
    let root = home.join("root");
    let missing: Vec<&str> = wanted
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
    for d in wanted.iter().filter(|d| missing.contains(&d.package)) {
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

fn node(home: &Path) -> Result<()> {
    let dir = home.join("node");
    let (stamp, wanted) = (dir.join("modules"), MODULES.join("\n"));
    if fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) || !in_path("npm") {
        return Ok(());
    }
    println!("peers: {}", MODULES.join(" "));
    fs::create_dir_all(&dir)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]).arg(&dir);
    output(npm.args(MODULES).stdin(Stdio::null()))?;
    fs::write(&stamp, wanted)?;
    Ok(())
}

/// A virtual environment with these.
fn python(venv: &Path, wheels: &[&str]) -> Result<()> {
    let stamp = venv.join("wheels");
    let wanted = wheels.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    println!("peers: {}", wheels.join(" "));
    if !venv.join("bin/pip").exists() {
        must(Command::new("python3").args(["-m", "venv"]).arg(venv).stdin(Stdio::null()))
            .context("python3 with venv is needed (Debian: python3-venv)")?;
    }
    // Not bin/pip, which names the directory it was made in: a copied target directory is another one.
    let mut pip = Command::new(venv.join("bin/python3"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(wheels)
        .stdin(Stdio::null());
    output(&mut pip)?;
    fs::write(&stamp, wanted)?;
    Ok(())
}
