//! SFTP beside OpenSSH: the same clients on `towline serve --sftp` and on sshd with sftp-server, in turns, and our client
//! beside `sftp` on sshd. Prints medians, ratios and their spread (docs/sftp-server.md).
//!
//! ```text
//! cargo build --release --bin towline && cargo build -p e2e --bin sftp_figures
//! E2E_TOWLINE=target/release/towline target/debug/sftp_figures [REPETITIONS [MEBIBYTES [BEGINNING]]]
//! ```
//!
//! As root, for sshd. Everything lies in memory (/dev/shm): three times the mebibytes. What stock clients move is a file of
//! 16 MiB, again and again, which the processor's cache holds: else the machine's memory is what is measured. A server's
//! processor time is that of its processes and of those that have ended; ticks are 10 ms.

use e2e::far::Far;
use e2e::load::{machine, median};
use e2e::peers::Peer;
use e2e::poll::{PATIENCE, until};
use e2e::ports::{Port, tcp_answers};
use e2e::ssh_servers::sshd_at;
use e2e::towline::command;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Mebibytes of what stock clients move.
const WARM: u64 = 16;

/// Both servers over one tree, and what lets in.
struct Field {
    dir: TempDir,
    ours: House,
    theirs: House,
}

struct House {
    child: Child,
    port: Port,
    /// What stands before a name: sshd has no root of its own.
    prefix: String,
}

impl Drop for House {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

impl House {
    fn start(mut c: Command, port: Port, prefix: String) -> House {
        let child =
            c.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        assert!(until(PATIENCE, || tcp_answers(port.number).then_some(())).is_some(), "it listens");
        House { child, port, prefix }
    }

    /// The processor time that it has had, children that have ended included.
    fn used(&self) -> Duration {
        let ticks = |pid: u32| {
            let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let rest = text.rsplit_once(") ").map_or("", |(_, rest)| rest).to_owned();
            // utime, stime, cutime, cstime (proc(5)).
            (11..15)
                .map(|n| rest.split(' ').nth(n).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0))
                .sum::<u64>()
        };
        let all = e2e::load::family(self.child.id());
        Duration::from_millis(all.into_iter().map(ticks).sum::<u64>() * 10)
    }

    /// Waits until whoever was served has left no process.
    fn settle(&self) {
        let _late =
            until(Duration::from_secs(5), || (e2e::load::family(self.child.id()).len() == 1).then_some(()));
    }
}

impl Field {
    fn start() -> Field {
        let dir = e2e::scratch_in_memory();
        let at = |name: &str| dir.path().join(name);
        for name in ["root", "home"] {
            std::fs::create_dir(at(name)).expect("room");
        }
        for (name, kind) in [("key", "ed25519"), ("host", "ed25519")] {
            let made =
                Command::new("ssh-keygen").args(["-q", "-t", kind, "-N", "", "-f"]).arg(at(name)).status();
            assert!(made.is_ok_and(|s| s.success()), "ssh-keygen is needed");
        }
        let public = std::fs::read_to_string(at("key.pub")).expect("ssh-keygen wrote it");
        let (one, other) = (Port::take(), Port::take());
        let config = format!(
            "[server]\nbind = [\"127.0.0.1\"]\nroot = {:?}\nwrite = true\n[tftp]\nport = \"off\"\n[ftp]\nport = \"off\"\n\
             [sftp]\nport = {}\nhost-keys = {:?}\n[[user]]\nname = \"root\"\nkeys = [{:?}]\n",
            at("root"),
            one.number,
            at("keys"),
            public.trim()
        );
        std::fs::write(at("towline.toml"), config).expect("room");
        std::fs::set_permissions(at("towline.toml"), PermissionsExt::from_mode(0o600)).expect("our own");
        let mut c = command();
        c.env_remove("TOWLINE_SANDBOX_STRICT").args(["serve", "--config"]).arg(at("towline.toml"));
        let ours = House::start(c, one, String::from("/"));
        std::fs::create_dir_all("/run/sshd").expect("root may");
        let (sshd, server) = openssh();
        let text = format!(
            "Port {}\nListenAddress 127.0.0.1\nHostKey {:?}\nAuthorizedKeysFile {:?}\nStrictModes no\nUsePAM no\n\
             PidFile none\nMaxStartups 1000\nMaxSessions 100\nSubsystem sftp {}\n",
            other.number,
            at("host"),
            at("key.pub"),
            server.display()
        );
        std::fs::write(at("sshd"), text).expect("room");
        let mut c = sshd_at(&sshd, dir.path(), None);
        c.args(["-D", "-e", "-f"]).arg(at("sshd"));
        let prefix = format!("{}/", at("root").display());
        let theirs = House::start(c, other, prefix);
        Field { dir, ours, theirs }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// OpenSSH's sftp with these lines.
    fn stock(&self, port: u16, cipher: &str, lines: &str) -> Child {
        let script = tempfile::Builder::new().tempfile_in(self.at("home")).expect("room").into_temp_path();
        std::fs::write(&script, lines).expect("room");
        let mut c = Command::new("sftp");
        c.args([
            "-q",
            "-F",
            "/dev/null",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ]);
        c.args(["-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-c", cipher, "-i"]).arg(self.at("key"));
        c.args(["-P", &port.to_string(), "-b"]).arg(script.keep().expect("room")).arg("root@127.0.0.1");
        c.current_dir(self.at("home")).stdout(Stdio::null()).spawn().expect("sftp starts")
    }

    fn our_client(&self, house: &House, port: u16, verb: &[&str], from: &str, to: &str) -> Child {
        let url = |name: &str| format!("sftp://root@127.0.0.1:{port}{}{name}", house.prefix);
        let mut c = command();
        c.args(verb).args(["--quiet", "--host-key", "accept-new", "-i"]).arg(self.at("key"));
        c.args([from, to].map(|name| name.strip_prefix("remote:").map_or_else(|| name.to_owned(), url)));
        c.env("HOME", self.at("home"))
            .current_dir(self.at("home"))
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts")
    }
}

/// sshd and its sftp-server, which lies beside it.
fn openssh() -> (Peer, PathBuf) {
    let sshd = Peer::find("openssh", "sshd").expect("sshd is there");
    let usr = sshd.path().parent().and_then(Path::parent).expect("usr/sbin/sshd");
    let server = usr.join("lib/openssh/sftp-server");
    assert!(server.is_file(), "{} is missing", server.display());
    (sshd, server)
}

/// What one run took.
#[derive(Clone, Copy)]
struct Took {
    wall: f64,
    cpu: f64,
}

fn took(house: &House, clients: impl FnOnce() -> Vec<Child>) -> Took {
    house.settle();
    let (before, began) = (house.used(), Instant::now());
    for mut client in clients() {
        let status = client.wait().expect("it ends");
        assert!(status.success(), "a client failed: {status}");
    }
    let wall = began.elapsed().as_secs_f64();
    house.settle();
    Took { wall, cpu: house.used().saturating_sub(before).as_secs_f64() }
}

/// One line: two that took turns.
fn compare(name: &str, repetitions: usize, mut one: impl FnMut() -> Took, mut other: impl FnMut() -> Took) {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for nth in 0..=repetitions {
        let pair = (one(), other());
        // The first fills caches.
        if nth > 0 {
            a.push(pair.0);
            b.push(pair.1);
        }
    }
    let of = |runs: &[Took], f: fn(&Took) -> f64| median(runs.iter().map(f).collect());
    let wall: fn(&Took) -> f64 = |t| t.wall;
    let cpu: fn(&Took) -> f64 = |t| t.cpu;
    let all = |runs: &[Took]| {
        runs.iter().fold(String::new(), |mut out, t| {
            let _ = write!(out, " {:.2}", t.wall);
            out
        })
    };
    println!(
        "{name:<28} rate {:.2} of theirs, server CPU {:.2} of theirs ({:.2} s against {:.2} s, CPU {:.2} s against {:.2} s;{} |{})",
        of(&b, wall) / of(&a, wall),
        of(&a, cpu) / of(&b, cpu).max(0.01),
        of(&a, wall),
        of(&b, wall),
        of(&a, cpu),
        of(&b, cpu),
        all(&a),
        all(&b)
    );
}

fn fill(path: &Path, len: u64) {
    let mut octets = vec![0; 1 << 20];
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut out = std::io::BufWriter::new(std::fs::File::create(path).expect("room"));
    let mut left = len;
    while left > 0 {
        for chunk in octets.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            chunk.copy_from_slice(&state.to_le_bytes());
        }
        let n = usize::try_from(left.min(1 << 20)).expect("a mebibyte");
        std::io::Write::write_all(&mut out, &octets[..n]).expect("room");
        left -= n as u64;
    }
}

fn main() {
    let mut words = std::env::args().skip(1);
    let repetitions: usize = words.next().map_or(5, |w| w.parse().expect("a number"));
    let mebibytes: u64 = words.next().map_or(1_024, |w| w.parse().expect("a number"));
    let only = words.next().unwrap_or_default();
    let field = Field::start();
    fill(&field.at("root/warm"), WARM << 20);
    let times = usize::try_from(mebibytes / WARM).expect("few").max(1);
    println!("{}, {mebibytes} MiB, {repetitions} repetitions", machine());
    let (ours, theirs) = (&field.ours, &field.theirs);
    let wanted = |name: &str| name.starts_with(&only);
    for cipher in ["aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com"] {
        let short = cipher.split('@').next().unwrap_or_default();
        let run = |house: &House, lines: String| {
            took(house, || vec![field.stock(house.port.number, cipher, &lines)])
        };
        let get = |house: &House| run(house, format!("get {}warm /dev/null\n", house.prefix).repeat(times));
        let put = |house: &House| {
            let line = format!("put {} {}up\n", field.at("root/warm").display(), house.prefix);
            let taken = run(house, line.repeat(times));
            std::fs::remove_file(field.at("root/up")).expect("it came");
            taken
        };
        let name = format!("get {short}");
        if wanted(&name) {
            compare(&name, repetitions, || get(ours), || get(theirs));
        }
        let name = format!("put {short}");
        if wanted(&name) {
            compare(&name, repetitions, || put(ours), || put(theirs));
        }
    }
    if wanted("sixteen gets") {
        let many = |house: &House| {
            let lines = format!("get {}warm /dev/null\n", house.prefix).repeat(times.div_ceil(16));
            took(house, || {
                (0..16).map(|_| field.stock(house.port.number, "aes128-gcm@openssh.com", &lines)).collect()
            })
        };
        compare("sixteen gets at once", repetitions, || many(ours), || many(theirs));
    }
    if wanted("small") {
        small_files(&field);
        let small = |house: &House| {
            let into = field.at("home/small");
            let lines = format!("get -r {}small {}\n", house.prefix, into.display());
            let taken =
                took(house, || vec![field.stock(house.port.number, "aes128-gcm@openssh.com", &lines)]);
            std::fs::remove_dir_all(into).expect("it came");
            taken
        };
        compare("small: 10,000 of 4 KiB", repetitions, || small(ours), || small(theirs));
        let list = |house: &House| {
            let lines = format!("ls -1 {}small\n", house.prefix).repeat(20);
            took(house, || vec![field.stock(house.port.number, "aes128-gcm@openssh.com", &lines)])
        };
        compare("small: 10,000 names, 20 times", repetitions, || list(ours), || list(theirs));
    }
    if wanted("names") {
        std::fs::create_dir(field.at("root/many")).expect("room");
        for n in 0..100_000 {
            std::fs::write(field.at(&format!("root/many/{n:06}")), []).expect("room");
        }
        let list = |house: &House| {
            let lines = format!("ls -1f {}many\n", house.prefix).repeat(3);
            took(house, || vec![field.stock(house.port.number, "aes128-gcm@openssh.com", &lines)])
        };
        compare("names: 100,000, 3 times", repetitions, || list(ours), || list(theirs));
    }
    if wanted("mirror") {
        if !field.at("root/small").exists() {
            small_files(&field);
        }
        let into = field.at("home/mirrored");
        let (local, remote) = (into.display().to_string(), String::from("remote:small"));
        let gone = || std::fs::remove_dir_all(&into).expect("it came");
        let mirror = || {
            let port = theirs.port.number;
            let taken = took(theirs, || vec![field.our_client(theirs, port, &["mirror"], &remote, &local)]);
            gone();
            taken
        };
        let stock = || {
            let lines = format!("get -r {}small {local}\n", theirs.prefix);
            let taken =
                took(theirs, || vec![field.stock(theirs.port.number, "aes128-gcm@openssh.com", &lines)]);
            gone();
            taken
        };
        compare("mirror: ours against get -r", repetitions, mirror, stock);
    }
    if wanted("client") {
        clients(&field, "client: ours against sftp", theirs.port.number, &["copy"], (repetitions, mebibytes));
    }
    for ms in [10, 20] {
        // Beside each other: the time there and back is twice that.
        let name = format!("far: {ms} ms each way");
        if wanted(&name) {
            let far = Far::start(theirs.port.address(), Duration::from_millis(ms), None);
            let verb = ["copy", "--channels", "auto"];
            clients(&field, &name, far.address.port(), &verb, (repetitions, mebibytes));
        }
    }
}

fn small_files(field: &Field) {
    std::fs::create_dir(field.at("root/small")).expect("room");
    for n in 0..10_000 {
        fill(&field.at(&format!("root/small/{n:05}")), 4_096);
    }
}

/// Our client beside `sftp`, with one file, on sshd behind this port.
fn clients(field: &Field, name: &str, port: u16, verb: &[&str], (repetitions, mebibytes): (usize, u64)) {
    let theirs = &field.theirs;
    if !field.at("root/large").exists() {
        fill(&field.at("root/large"), mebibytes << 20);
    }
    let large = field.at("root/large").display().to_string();
    let ours = |from: &str, to: &str| took(theirs, || vec![field.our_client(theirs, port, verb, from, to)]);
    let stock = |lines: String| took(theirs, || vec![field.stock(port, "aes128-gcm@openssh.com", &lines)]);
    let local = field.at("home/got");
    let gone = |path: &Path| std::fs::remove_file(path).expect("it came");
    let get = || {
        let taken = ours("remote:large", &local.display().to_string());
        gone(&local);
        taken
    };
    let stock_get = || {
        let taken = stock(format!("get {}large {}\n", theirs.prefix, local.display()));
        gone(&local);
        taken
    };
    compare(&format!("{name}, get"), repetitions, get, stock_get);
    let put = || {
        let taken = ours(&large, "remote:up");
        gone(&field.at("root/up"));
        taken
    };
    let stock_put = || {
        let taken = stock(format!("put {large} {}up\n", theirs.prefix));
        gone(&field.at("root/up"));
        taken
    };
    compare(&format!("{name}, put"), repetitions, put, stock_put);
}
