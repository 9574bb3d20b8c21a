//! Many users: what they cost at the start, in memory and at each login.
//!
//! 500 of them; with `E2E_SOAK` 10,000, in files and in the configuration.

use e2e::memory::resident;
use e2e::towline::{Serve, command};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// Users that log in one after the other, each twice.
const LOGINS: usize = 100;
/// Octets that a user may cost while it does not log in: monitor and worker both hold what the configuration says.
const EACH: u64 = 8 << 10;

fn users() -> usize {
    if std::env::var_os("E2E_SOAK").is_some() { 10_000 } else { 500 }
}

fn put(file: &Path, content: &str) {
    let mut options = std::fs::OpenOptions::new();
    let mut file =
        options.write(true).create(true).truncate(true).mode(0o600).open(file).expect("own directory");
    file.write_all(content.as_bytes()).expect("room");
}

/// What a server holds, with its worker where it has one.
fn held(serve: &Serve) -> u64 {
    serve.processes().into_iter().map(resident).sum()
}

/// A server with this configuration beside what all have, and how long it took to listen.
fn start(home: &Path, config: &str) -> (Serve, Duration) {
    let root = home.join("root");
    std::fs::create_dir_all(&root).expect("own directory");
    let file = home.join("towline.toml");
    let head = format!(
        "[server]\nroot = \"{}\"\nbind = [\"127.0.0.1\"]\n[tftp]\nport = 0\n[ftp]\nport = 0\n",
        root.display()
    );
    put(&file, &(head + config));
    let began = Instant::now();
    let serve = Serve::start_command(command().args(["serve", "--json", "--config"]).arg(&file));
    (serve, began.elapsed())
}

/// One session: the time from PASS to its answer.
fn login(server: SocketAddr, name: &str, password: &str, wanted: &str) -> Duration {
    let stream = TcpStream::connect(server).expect("the server listens");
    stream.set_nodelay(true).expect("a socket of ours");
    let mut lines = BufReader::new(stream.try_clone().expect("a descriptor"));
    let mut line = String::new();
    lines.read_line(&mut line).expect("a greeting");
    (&stream).write_all(format!("USER {name}\r\n").as_bytes()).expect("it reads");
    line.clear();
    lines.read_line(&mut line).expect("an answer");
    let began = Instant::now();
    (&stream).write_all(format!("PASS {password}\r\n").as_bytes()).expect("it reads");
    line.clear();
    lines.read_line(&mut line).expect("an answer");
    assert!(line.starts_with(wanted), "{name}: {line}");
    began.elapsed()
}

/// Cold and warm logins of users spread over all, and their medians.
fn logins(serve: &Serve, of: usize) -> [Duration; 2] {
    let median = || {
        let one = |n: usize| login(serve.ftp, &format!("user{}", n * (of / LOGINS)), "hunter2", "230");
        let mut took: Vec<Duration> = (0..LOGINS).map(one).collect();
        took.sort();
        took[LOGINS / 2]
    };
    [median(), median()]
}

#[test]
fn users_cost_little_at_the_start_in_memory_and_at_their_second_login() {
    let users = users();
    // All have one password: to hash so many takes minutes, and nothing here depends on it.
    let hash = gate::hash_password(&gate::Secret::new("hunter2"));
    let home = e2e::scratch();
    // The first start reads the program from the disk.
    start(home.path(), "");
    let (nobody, bare) = start(home.path(), "");
    let without = held(&nobody);
    drop(nobody);

    let dir = home.path().join("users.d");
    std::fs::create_dir(&dir).expect("own directory");
    let mut config = String::new();
    for n in 0..users {
        let text = format!("password = \"{hash}\"\ngroups = [\"ops\", \"site{}\"]\n", n % 50);
        put(&dir.join(format!("user{n}.toml")), &text);
        write!(config, "[[user]]\nname = \"user{n}\"\n{text}").expect("a string grows");
    }
    let files = format!("[identity]\nusers-dir = \"{}\"\n", dir.display());
    for (place, config) in [("files", &files), ("the configuration", &config)] {
        let (serve, took) = start(home.path(), config);
        let with = held(&serve);
        let each = with.saturating_sub(without) / users as u64;
        let [cold, warm] = logins(&serve, users);
        println!(
            "soak: {users} users in {place}: listens after {took:.0?} ({bare:.0?} without), {each} octets each, login \
             {cold:.1?} cold, {warm:.0?} warm"
        );
        assert!(each < EACH, "{each} octets for each user, {without} before and {with} after");
        assert!(warm < cold / 2, "cold {cold:?}, warm {warm:?}");
        let began = Instant::now();
        let sessions: Vec<_> = (0..4)
            .map(|_| {
                let server = serve.ftp;
                std::thread::spawn(move || {
                    for _ in 0..LOGINS {
                        login(server, "user0", "hunter2", "230");
                    }
                })
            })
            .collect();
        sessions.into_iter().for_each(|s| s.join().expect("it logs in"));
        let rate = (4 * LOGINS) as f64 / began.elapsed().as_secs_f64();
        println!(
            "soak: {users} users in {place}: {rate:.0} whole sessions with a remembered login a second, four clients"
        );
    }
}
