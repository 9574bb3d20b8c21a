//! Clients of SFTP that take long to come by, against `towline serve --sftp`: only with `E2E_SOAK`.

use e2e::battery::{Job, USER};
use e2e::content::{Content, SIZES};
use e2e::matrix::compared;
use e2e::peers::{Peer, is_root};
use e2e::poll::{PATIENCE, until};
use e2e::process::{Ended, Process, run};
use e2e::ssh_clients::{self, SshClient, Typed, Way, openssh};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

fn good(ended: &Ended) {
    assert_eq!(ended.code(), 0, "{ended:?}");
}

#[test]
fn russh_sftp_puts_and_gets() {
    if !e2e::is_soak() {
        return;
    }
    let arguments = |job: &Job, way| {
        let verb = match way {
            Way::Put => "put",
            Way::Get => "get",
        };
        let words = [verb, &job.port(), USER.0, USER.1, &job.remote, job.local()];
        Typed { arguments: words.map(str::to_owned).into(), script: String::new() }
    };
    SshClient { name: "russh-sftp", program: "russh-sftp-client", protocol: "sftp", arguments }
        .both_ways(SIZES);
}

/// Flags of rclone for a server that nothing is configured of.
fn rclone(peer: &Peer, port: &str, home: &Path) -> Vec<String> {
    let obscured = run(peer.command().args(["obscure", USER.1]).env("HOME", home));
    good(&obscured);
    let config = home.join("rclone.conf").display().to_string();
    let words = ["--config", &config, "--retries", "1", "--sftp-host", "127.0.0.1", "--sftp-port", port];
    let login = ["--sftp-user", USER.0, "--sftp-pass", obscured.out.trim()];
    words.into_iter().chain(login).map(str::to_owned).collect()
}

#[test]
fn rclone_puts_and_gets() {
    if !e2e::is_soak() {
        return;
    }
    let arguments = |job: &Job, way| {
        let peer = Peer::find("rclone", "rclone").expect("it is started next");
        let mut arguments = rclone(&peer, &job.port(), &job.home);
        let there = format!(":sftp:{}", job.remote);
        let [from, to] = match way {
            Way::Put => [job.local(), &there],
            Way::Get => [&there, job.local()],
        };
        arguments.extend(["copyto", from, to].map(str::to_owned));
        Typed { arguments, script: String::new() }
    };
    SshClient { name: "rclone", program: "rclone", protocol: "sftp", arguments }.both_ways(SIZES);
}

/// It asks for no digest, for it would run `md5sum` for one; so it reads all that there is.
#[test]
fn rclone_finds_a_tree_as_it_put_it_and_what_is_not_so() {
    if !e2e::is_soak() {
        return;
    }
    let Some(peer) = Peer::find("rclone", "rclone") else { return };
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let mut serve = ssh_clients::start(root.path(), home.path());
    let flags = rclone(&peer, &serve.listening("sftp").port().to_string(), home.path());
    let tree = home.path().join("tree");
    for (n, len) in [0, 1, 65_536, 100_001, 3_000_017].into_iter().enumerate() {
        let dir = tree.join(format!("d{}/e {n}", n % 2));
        fs::create_dir_all(&dir).unwrap();
        Content::random(len).write(&dir.join(format!("f\u{e9} {n}"))).unwrap();
    }
    let does = |arguments: &[&str]| run(peer.command().args(&flags).args(arguments).env("HOME", home.path()));
    let tree = tree.to_str().unwrap();
    good(&does(&["copy", tree, ":sftp:tree"]));
    good(&does(&["check", tree, ":sftp:tree"]));
    good(&does(&["check", "--download", tree, ":sftp:tree"]));
    // Nothing is copied twice: size and time are as they were.
    let again = does(&["copy", "-v", tree, ":sftp:tree"]);
    good(&again);
    assert!(again.err.contains("nothing to transfer"), "{again:?}");
    let changed = root.path().join("tree/d1/e 3/f\u{e9} 3");
    let mut octets = fs::read(&changed).unwrap();
    octets[77_777] ^= 1;
    fs::write(&changed, octets).unwrap();
    let found = does(&["check", "--download", tree, ":sftp:tree"]);
    assert!(found.code() == 1 && found.err.contains("1 differences found"), "{found:?}");
    let back = home.path().join("back");
    good(&does(&["sync", tree, ":sftp:tree", "--ignore-times"]));
    good(&does(&["copy", ":sftp:tree", back.to_str().unwrap()]));
    good(&run(Command::new("diff").arg("-r").arg(tree).arg(&back)));
    good(&does(&["purge", ":sftp:tree"]));
    assert!(!root.path().join("tree").exists());
}

/// Our server as a directory. Dropped: it is no longer.
struct Mount {
    at: PathBuf,
    /// Runs as long as it is mounted.
    sshfs: Option<Process>,
}

impl Mount {
    fn new(peer: &Peer, port: u16, home: &Path) -> Mount {
        let at = home.join("mounted");
        fs::create_dir_all(&at).unwrap();
        let ssh = Peer::find("openssh", "ssh").expect("it comes with sftp");
        let command = format!("ssh_command={} {}", ssh.path().display(), openssh(home).join(" "));
        let (port, at_word) = (port.to_string(), at.display().to_string());
        let there = format!("{}@127.0.0.1:/", USER.0);
        let words = ["-f", "-o", &command, "-p", &port, &there, &at_word];
        let typed = Typed { arguments: words.map(str::to_owned).into(), script: String::new() };
        let device = fs::metadata(home).unwrap().dev();
        let mount = Mount { sshfs: Some(ssh_clients::started(peer, &typed, home)), at };
        let mounted = || fs::metadata(&mount.at).is_ok_and(|m| m.dev() != device).then_some(());
        assert!(until(PATIENCE, mounted).is_some(), "{:?}", mount.sshfs);
        mount
    }

    fn file(&self, name: &str) -> PathBuf {
        self.at.join(name)
    }

    /// Everything that is to be written has been when this returns.
    fn end(mut self) {
        good(&run(Command::new("umount").arg(&self.at)));
        good(&self.sshfs.take().expect("it runs").wait(PATIENCE));
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if self.sshfs.is_some() {
            let _ = Command::new("umount").arg("-l").arg(&self.at).status();
        }
    }
}

/// How long sshfs may take to send the CLOSE of what close(2) has closed.
const CLOSED: Duration = Duration::from_secs(20);

/// Waits until a file of the server's is so.
fn becomes(file: &Path, wanted: &[u8]) {
    let same = until(CLOSED, || fs::read(file).is_ok_and(|f| f == wanted).then_some(()));
    let found = fs::read(file).map(|f| f.len());
    assert!(same.is_some(), "{file:?}: {found:?} octets, {} wanted", wanted.len());
}

#[test]
fn sshfs_edits_in_place() {
    if !e2e::is_soak() || !is_root("sshfs") {
        return;
    }
    let Some(peer) = Peer::find("sshfs", "sshfs") else { return };
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let mut serve = ssh_clients::start(root.path(), home.path());
    let mount = Mount::new(&peer, serve.listening("sftp").port(), home.path());
    let (here, there) = (|name: &str| mount.file(name), |name: &str| root.path().join(name));
    for &len in SIZES {
        let (content, name) = (Content::random(len), format!("file {len}"));
        let (sent, fetched) = (home.path().join("sent"), home.path().join("fetched"));
        content.write(&sent).unwrap();
        fs::copy(&sent, here(&name)).unwrap();
        becomes(&there(&name), &content.octets());
        compared("sshfs", "sftp put", content, &there(&name));
        fs::copy(here(&name), &fetched).unwrap();
        compared("sshfs", "sftp get", content, &fetched);
    }
    // Into the middle, past the end, at the end, and less of it.
    let name = "file 3000017";
    let mut wanted = fs::read(there(name)).unwrap();
    let patch = Content::random(100_001).octets();
    fs::write(home.path().join("patch"), &patch).unwrap();
    let mut dd = Command::new("dd");
    dd.arg(format!("if={}", home.path().join("patch").display())).arg(format!("of={}", here(name).display()));
    good(&run(dd.args(["bs=10000", "seek=123", "conv=notrunc"])));
    wanted[1_230_000..1_330_001].copy_from_slice(&patch);
    becomes(&there(name), &wanted);
    good(&run(Command::new("dd")
        .args(["if=/dev/zero", "bs=1", "count=1", "seek=4000000", "conv=notrunc"])
        .arg(format!("of={}", here(name).display()))));
    wanted.resize(4_000_001, 0);
    becomes(&there(name), &wanted);
    OpenOptions::new().append(true).open(here(name)).unwrap().write_all(b"the end").unwrap();
    wanted.extend_from_slice(b"the end");
    becomes(&there(name), &wanted);
    OpenOptions::new().write(true).open(here(name)).unwrap().set_len(2_000_001).unwrap();
    wanted.truncate(2_000_001);
    becomes(&there(name), &wanted);
    // What is written is read back before it is closed.
    let mut file = OpenOptions::new().read(true).write(true).open(here(name)).unwrap();
    file.seek(SeekFrom::Start(1_000_000)).unwrap();
    file.write_all(b"changed").unwrap();
    file.seek(SeekFrom::Start(999_990)).unwrap();
    let mut octets = [0; 30];
    file.read_exact(&mut octets).unwrap();
    wanted[1_000_000..1_000_007].copy_from_slice(b"changed");
    assert_eq!(octets, wanted[999_990..1_000_020]);
    drop(file);
    becomes(&there(name), &wanted);
    // Names, over another too.
    fs::rename(here(name), here("file 1")).unwrap();
    assert!(fs::read(there("file 1")).unwrap() == wanted && !there(name).exists());
    fs::create_dir(here("d")).unwrap();
    fs::rename(here("file 1"), here("d/moved")).unwrap();
    assert!(fs::remove_dir(here("d")).is_err(), "it is not empty");
    fs::set_permissions(here("d/moved"), PermissionsExt::from_mode(0o640)).unwrap();
    File::options()
        .write(true)
        .open(here("d/moved"))
        .unwrap()
        .set_modified(UNIX_EPOCH + Duration::from_secs(60))
        .unwrap();
    let facts = || fs::metadata(there("d/moved")).map(|m| (m.mode() & 0o777, m.mtime(), m.len())).unwrap();
    let wanted = (0o640, 60, 2_000_001);
    until(CLOSED, || (facts() == wanted).then_some(()));
    assert_eq!(facts(), wanted);
    fs::remove_file(here("d/moved")).unwrap();
    fs::remove_dir(here("d")).unwrap();
    assert!(!there("d").exists());
    // As many as a directory has.
    fs::create_dir(here("many")).unwrap();
    for n in 0..1_000 {
        fs::write(there(&format!("many/{n}")), n.to_string()).unwrap();
    }
    let mut names: Vec<u32> = fs::read_dir(here("many"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, (0..1_000).collect::<Vec<u32>>());
    mount.end();
    let open = serve.events().iter().filter(|e| e["event"] == "ended" && e["outcome"] != "complete").count();
    println!("soak: sshfs: edits in place, 1,000 names, {open} transfers that were not whole files");
}
