//! Many logins at once leave no memory behind: a password's hash takes 19 MiB while it runs.

use e2e::battery::{USER, user_flag};
use e2e::towline::Serve;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Resident memory now, octets.
fn resident(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the server runs");
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("Linux tells VmRSS");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

fn reply(lines: &mut impl BufRead) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).expect("a reply");
    line
}

/// Logs in and stays; wrong passwords are never cached, so each of them is hashed.
fn login(server: SocketAddr, password: &str, wanted: &str) -> TcpStream {
    let stream = TcpStream::connect(server).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout is set");
    let mut lines = BufReader::new(stream.try_clone().expect("a descriptor"));
    assert!(reply(&mut lines).starts_with("220"));
    (&stream).write_all(format!("USER {}\r\n", USER.0).as_bytes()).expect("it reads");
    assert!(reply(&mut lines).starts_with("331"));
    (&stream).write_all(format!("PASS {password}\r\n").as_bytes()).expect("it reads");
    let answer = reply(&mut lines);
    assert!(answer.starts_with(wanted), "{answer}");
    stream
}

#[test]
fn many_logins_at_once_leave_no_memory_behind() {
    let home = e2e::scratch();
    let user = user_flag(home.path());
    let root = e2e::scratch();
    let serve = Serve::start(root.path(), &["--user", &user]);
    let id = serve.process.id();
    drop(login(serve.ftp, USER.1, "230"));
    let before = resident(id);
    for (password, wanted) in [(USER.1, "230"), ("wrong", "530")] {
        let sessions: Vec<_> = (0..24)
            .map(|_| {
                let server = serve.ftp;
                std::thread::spawn(move || login(server, password, wanted))
            })
            .collect();
        let sessions: Vec<_> = sessions.into_iter().map(|s| s.join().expect("it logs in")).collect();
        let after = resident(id);
        println!("{before} octets resident before, {after} with {} sessions: {wanted}", sessions.len());
        // Two hashes are 38 MiB: not one may lie about for each thread that made one.
        assert!(after < before + (30 << 20), "{before} octets before, {after} after");
    }
}
