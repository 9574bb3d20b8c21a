//! Whoever is killed in the middle of a file over SFTP goes on where he was: both ways, the stock client and ours.

use e2e::battery::USER;
use e2e::content::Content;
use e2e::matrix::compared;
use e2e::peers::Peer;
use e2e::poll::{PATIENCE, until};
use e2e::process::{Process, children};
use e2e::ssh_clients::{self, Typed, openssh};
use e2e::ssh_servers;
use e2e::towline::{Serve, command};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// More than what lets itself be sent without an answer: nobody is done while the line is dead.
const LEN: u64 = 20_000_003;
/// What comes through before.
const THROUGH: usize = 4 << 20;
/// The longest that one command may take on a loaded machine.
const ONE: Duration = Duration::from_secs(90);

/// A line to a server that lets so many octets through and then nothing more; its ends see each other's end.
struct Line {
    at: SocketAddr,
    dead: Arc<AtomicBool>,
}

impl Line {
    fn to(server: SocketAddr) -> Line {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (at, dead) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let here = dead.clone();
        thread::spawn(move || {
            let (client, _) = listener.accept().unwrap();
            let server = TcpStream::connect(server).unwrap();
            let (from, to, there) = (client.try_clone().unwrap(), server.try_clone().unwrap(), here.clone());
            thread::spawn(move || carry(from, to, &there));
            carry(server, client, &here);
        });
        Line { at, dead }
    }

    fn wait(&self) {
        until(ONE, || self.dead.load(Ordering::Acquire).then_some(())).expect("so much is sent");
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, dead: &AtomicBool) {
    let (mut left, mut octets) = (THROUGH, vec![0; 64 << 10]);
    while let Ok(n @ 1..) = from.read(&mut octets) {
        let some = n.min(left);
        if to.write_all(&octets[..some]).is_err() {
            break;
        }
        left -= some;
        if left == 0 {
            dead.store(true, Ordering::Release);
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

/// Kills a client once the line is dead and something has arrived.
fn killed(client: Process, line: &Line, mut arrived: impl FnMut() -> Option<u64>) -> u64 {
    line.wait();
    let some = until(ONE, || arrived().filter(|n| *n > 0)).expect("something arrives");
    // sftp's ssh would live on.
    for child in children(client.id()) {
        let _gone = kill_process(Pid::from_raw(child).expect("a number"), Signal::KILL);
    }
    client.signal(Signal::KILL);
    client.wait(PATIENCE);
    assert!(some < LEN, "{some} octets: in the middle");
    some
}

fn size(file: &Path) -> Option<u64> {
    file.metadata().ok().map(|m| m.len())
}

/// How a transfer of the server's is told: its outcome and how many octets there were.
fn told(serve: &Serve, direction: &str, number: usize) -> (String, u64) {
    let ended = until(PATIENCE, || {
        let all = serve.events();
        let mut ended = all.iter().filter(|e| e["event"] == "ended" && e["direction"] == direction);
        ended.nth(number).map(|e| (e["outcome"].to_string(), e["octets"].as_u64().unwrap_or_default()))
    });
    ended.expect("the end of a transfer is told")
}

/// Octets of an upload that the server has told so far.
fn on_the_way(serve: &Serve) -> Option<u64> {
    serve.events().iter().rev().find(|e| e["event"] == "progress")?["octets"].as_u64()
}

#[test]
fn the_stock_client_is_killed_and_goes_on() {
    let (Some(sftp), Some(ssh)) = (Peer::find("openssh", "sftp"), Peer::find("openssh", "ssh")) else {
        return;
    };
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let mut serve = ssh_clients::start(root.path(), home.path());
    let server = serve.listening("sftp");
    let content = Content::random(LEN);
    let (from, up, down) = (home.path().join("from"), root.path().join("up"), home.path().join("down"));
    content.write(&from).unwrap();
    let run = |at: SocketAddr, script: &str| {
        let mut arguments = openssh(home.path());
        let (ssh, port) = (ssh.path().display().to_string(), at.port().to_string());
        let user = format!("{}@127.0.0.1", USER.0);
        arguments.extend(["-S", &ssh, "-P", &port, "-b", "script", &user].map(str::to_owned));
        ssh_clients::started(&sftp, &Typed { arguments, script: script.into() }, home.path())
    };
    let line = Line::to(server);
    killed(run(line.at, "put from up\n"), &line, || on_the_way(&serve));
    let (outcome, kept) = told(&serve, "write", 0);
    assert!(outcome.contains("aborted") && !up.exists(), "{outcome}: nobody sees a half");
    let ended = run(server, "reput from up\n").wait(ONE);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(told(&serve, "write", 1), (String::from("\"complete\""), LEN - kept));
    compared("openssh", "sftp put resumed", content, &up);
    let line = Line::to(server);
    killed(run(line.at, "get up down\n"), &line, || size(&down));
    let kept = size(&down).unwrap();
    told(&serve, "read", 0);
    let ended = run(server, "reget up down\n").wait(ONE);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(told(&serve, "read", 1), (String::from("\"complete\""), LEN - kept));
    compared("openssh", "sftp get resumed", content, &down);
}

/// `towline copy`, a URL and what goes before it.
fn copy(home: &Path, flags: &[String], arguments: [&str; 2]) -> Process {
    let mut c = command();
    // Under its own name, however slow the machine makes the way.
    c.args(["copy", "--quiet", "--channels", "1"]).args(flags).args(arguments).current_dir(home);
    c.env("TOWLINE_PASSWORD", USER.1).env("HOME", home).env("XDG_STATE_HOME", home);
    Process::start(&mut c)
}

fn with_resume(flags: &[String]) -> Vec<String> {
    [flags, &[String::from("--resume")]].concat()
}

#[test]
fn our_client_is_killed_and_goes_on_with_our_server() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let mut serve = ssh_clients::start(root.path(), home.path());
    let server = serve.listening("sftp");
    let content = Content::random(LEN);
    let (up, down) = (root.path().join("up"), home.path().join("down"));
    content.write(&home.path().join("from")).unwrap();
    let url = |at: SocketAddr| format!("sftp://{}@{at}/up", USER.0);
    let flags = ["--host-key", "accept-new"].map(str::to_owned);
    let line = Line::to(server);
    killed(copy(home.path(), &flags, ["from", &url(line.at)]), &line, || on_the_way(&serve));
    let (outcome, kept) = told(&serve, "write", 0);
    assert!(outcome.contains("aborted") && !up.exists(), "{outcome}: nobody sees a half");
    let ended = copy(home.path(), &with_resume(&flags), ["from", &url(server)]).wait(ONE);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(told(&serve, "write", 1), (String::from("\"complete\""), LEN - kept));
    compared("towline", "sftp put resumed", content, &up);
    let (line, part) = (Line::to(server), home.path().join("down.part"));
    killed(copy(home.path(), &flags, [&url(line.at), "down"]), &line, || size(&part));
    assert!(!down.exists(), "nobody sees a half");
    let kept = size(&part).unwrap();
    told(&serve, "read", 0);
    let ended = copy(home.path(), &with_resume(&flags), [&url(server), "down"]).wait(ONE);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(told(&serve, "read", 1), (String::from("\"complete\""), LEN - kept));
    compared("towline", "sftp get resumed", content, &down);
}

#[test]
fn our_client_is_killed_and_goes_on_with_the_stock_server() {
    let Some(sshd) = ssh_servers::openssh(e2e::scratch()) else { return };
    let (home, served) = (e2e::scratch(), &sshd.server.served);
    let content = Content::random(LEN);
    let (up, down) = (served.join("up"), home.path().join("down"));
    content.write(&home.path().join("from")).unwrap();
    let server = sshd.server.rest.1.address();
    let url = |at: SocketAddr| format!("{}up", sshd.server.url.replace(&server.to_string(), &at.to_string()));
    let line = Line::to(server);
    let some = killed(copy(home.path(), &sshd.flags, ["from", &url(line.at)]), &line, || size(&up));
    assert!(some > 0);
    let ended = copy(home.path(), &with_resume(&sshd.flags), ["from", &url(server)]).wait(ONE);
    assert_eq!(ended.code(), 0, "{ended:?}");
    compared("openssh", "our sftp put resumed", content, &up);
    let (line, part) = (Line::to(server), home.path().join("down.part"));
    killed(copy(home.path(), &sshd.flags, [&url(line.at), "down"]), &line, || size(&part));
    let ended = copy(home.path(), &with_resume(&sshd.flags), [&url(server), "down"]).wait(ONE);
    assert_eq!(ended.code(), 0, "{ended:?}");
    compared("openssh", "our sftp get resumed", content, &down);
}
