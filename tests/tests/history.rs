//! The history of a running server, and what becomes of it where somebody breaks it.

use e2e::poll::{PATIENCE, until};
use e2e::process::{Ended, Process, run};
use e2e::towline::{Serve, command};
use e2e::wire::{Answer, Client};
use rustix::process::Signal;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A server that keeps a history.
struct Server {
    serve: Serve,
    root: tempfile::TempDir,
    home: tempfile::TempDir,
    history: PathBuf,
}

impl Server {
    fn start() -> Server {
        Server::start_with(|_, _| {})
    }

    fn start_with(change: impl FnOnce(&Path, &mut Command)) -> Server {
        let (root, home) = (e2e::scratch(), e2e::scratch());
        let mut c = command();
        c.arg("serve").arg(root.path()).args(["--bind", "127.0.0.1", "--tftp", "0", "--ftp", "0"]);
        c.args(["--json", "--write"]).env("TOWLINE_SERVER__STATE", home.path());
        change(home.path(), &mut c);
        let history = home.path().join("history.db");
        Server { serve: Serve::start_command(&mut c), root, home, history }
    }

    fn history(&self) -> PathBuf {
        self.history.clone()
    }

    /// Stores a file, which is then there.
    fn put(&self, name: &str) {
        let last = Client::new(self.serve.tftp).put(name, name.as_bytes(), &[]);
        assert!(matches!(last, Answer::Ack(_)), "{name}: {last:?}");
        assert_eq!(std::fs::read(self.root.path().join(name)).expect("the upload"), name.as_bytes());
    }

    /// Names of files whose upload has its end in the history, in its order.
    fn stored(&self) -> Vec<String> {
        let ended = log(&self.history(), &["--event", "ended", "--json"]);
        let lines = ended.out.lines().map(|l| serde_json::from_str::<Value>(l).expect("a line of JSON"));
        lines.map(|v| v["path"].as_str().expect("a path")[1..].to_owned()).collect()
    }

    /// Waits until the history has these uploads.
    fn has(&self, names: &[&str]) {
        let last = until(PATIENCE, || (self.stored() == names).then_some(()));
        assert!(last.is_some(), "{names:?} are not in the history: {:?}", self.stored());
    }

    /// Waits until the server says this of its history.
    fn says(&self, what: &str) {
        let said = until(PATIENCE, || {
            let events = self.serve.events();
            let of_history = events.iter().filter(|e| e["event"] == "lost" && e["sink"] == "history");
            of_history.filter_map(|e| e["reason"].as_str()).any(|r| r.contains(what)).then_some(())
        });
        assert!(said.is_some(), "nothing says '{what}': {:?}", self.serve.events());
    }

    fn stop(self) -> (tempfile::TempDir, tempfile::TempDir) {
        self.serve.process.signal(Signal::TERM);
        let ended = self.serve.process.wait(PATIENCE);
        assert_eq!(ended.code(), 0, "{}", ended.err);
        (self.root, self.home)
    }
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("our own");
}

fn log(history: &Path, flags: &[&str]) -> Ended {
    run(command().arg("log").args(flags).arg("--history").arg(history))
}

#[test]
fn log_reads_a_history_while_its_server_runs_and_when_it_does_not() {
    let server = Server::start();
    server.put("one");
    server.put("two");
    server.has(&["one", "two"]);
    let history = server.history();
    let lines =
        log(&history, &["--protocol", "tftp", "--verdict", "complete", "--since", "1h", "--limit", "1"]);
    assert_eq!((lines.code(), lines.out.lines().count()), (0, 1), "{}", lines.out);
    assert!(lines.out.contains("  tftp  stored /two, 3 B in 0."), "{}", lines.out);
    for (flags, count) in [
        (&["--path", "/one", "--event", "ended"][..], 1),
        (&["--path", "/one", "--event", "started"], 1),
        (&["--peer", "127.0.0.0/8", "--event", "ended"], 2),
        (&["--peer", "10.0.0.0/8"], 0),
        (&["--user", "bob"], 0),
        (&["--until", "1h"], 0),
    ] {
        let found = log(&history, flags);
        assert_eq!((found.code(), found.out.lines().count()), (0, count), "{flags:?}: {}", found.out);
    }
    let mut follows =
        Process::start(command().args(["log", "--follow", "--json", "--history"]).arg(&history));
    follows.wait_for("what was before", |said| (said.out.len() >= 2).then_some(()));
    server.put("three");
    let line = follows.wait_for("the new one", |said| {
        said.out.iter().find(|l| l.contains("\"ended\"") && l.contains("/three")).cloned()
    });
    let event: Value = serde_json::from_str(&line).expect("a line of JSON");
    assert!(event["id"].is_u64() && event["seq"].is_u64() && event["ts"].is_string(), "{event}");
    drop(follows);
    let (_root, home) = server.stop();
    let history = home.path().join("history.db");
    let ended = log(&history, &["--event", "ended"]);
    assert_eq!(ended.out.lines().count(), 3, "{}{}", ended.out, ended.err);
    assert_eq!(history.metadata().expect("it is there").permissions().mode() & 0o777, 0o640);
    if rustix::process::geteuid().is_root() {
        // The build directory may be closed to others.
        let program = home.path().join("towline");
        std::fs::copy(e2e::towline::program(), &program).expect("room for a copy");
        let as_nobody = || {
            let mut c = e2e::towline::command_of(&program);
            run(c.uid(65_534).gid(65_534).args(["log", "--event", "ended", "--history"]).arg(&history))
        };
        let closed = as_nobody();
        assert_eq!((closed.code(), closed.out.as_str()), (7, ""), "{}", closed.err);
        // Who may read and not write looks as well: there is no writer to share it with.
        mode(&history, 0o644);
        mode(home.path(), 0o755);
        let open = as_nobody();
        assert_eq!(open.out.lines().count(), 3, "{}{}", open.out, open.err);
    }
    let none = log(&home.path().join("none.db"), &[]);
    assert_eq!(none.code(), 5, "{}", none.err);
}

/// Its events wait and are all there when the lock is gone.
#[test]
fn a_history_that_is_locked_holds_up_no_transfer_and_loses_nothing() {
    let server = Server::start();
    server.put("before");
    server.has(&["before"]);
    let held = "import sqlite3,sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); \
                c.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()";
    let mut c = Command::new("python3");
    c.args(["-c", held]).arg(server.history());
    let mut holder = Process::start_with(&mut c, std::process::Stdio::piped());
    holder.wait_for("the lock", |said| (said.out == ["held"]).then_some(()));
    server.put("during");
    server.says("another process has it locked");
    server.put("after all");
    drop(holder.input());
    server.has(&["before", "during", "after all"]);
    server.says("it takes events again");
    server.stop();
}

#[test]
fn a_history_that_is_deleted_is_begun_anew_and_the_server_says_so() {
    let server = Server::start();
    server.put("before");
    server.has(&["before"]);
    for end in ["", "-wal", "-shm"] {
        let name = format!("history.db{end}");
        std::fs::remove_file(server.home.path().join(name)).expect("it was there");
    }
    server.put("after");
    server.says("was deleted or replaced; a new one begins");
    server.has(&["after"]);
    server.stop();
}

#[test]
fn a_damaged_history_is_put_aside_when_the_server_starts() {
    let server = Server::start_with(|home, _| {
        std::fs::write(home.join("history.db"), "no database at all\n".repeat(1_000)).expect("room");
    });
    server.put("one");
    server.has(&["one"]);
    server.says("it was damaged");
    let (_root, home) = server.stop();
    let names = std::fs::read_dir(home.path()).expect("the state directory");
    let aside: Vec<PathBuf> = names
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.to_string_lossy().contains("history.db.damaged-"))
        .collect();
    let [aside] = &aside[..] else { panic!("{aside:?}") };
    assert!(std::fs::read_to_string(aside).expect("its content").starts_with("no database at all"));
}

/// Its directory cannot be written at first, and then it can.
#[test]
fn a_directory_that_cannot_be_written_costs_the_history_and_no_upload() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    // Root may write everywhere: the server is somebody else.
    let closed = |home: &Path| home.join("closed");
    let mut server = Server::start_with(|home, c| {
        std::fs::create_dir(closed(home)).expect("room");
        mode(&closed(home), 0o755);
        c.args(["--run-as", "65534:65534"]).env("TOWLINE_AUDIT__HISTORY", closed(home).join("history.db"));
    });
    server.history = closed(server.home.path()).join("history.db");
    server.put("one");
    server.says("events wait");
    server.put("two");
    mode(&closed(server.home.path()), 0o777);
    server.has(&["one", "two"]);
    server.stop();
}

#[test]
fn events_are_lines_of_json_where_the_configuration_says_so() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let mut c = command();
    c.arg("serve").arg(root.path()).args(["--bind", "127.0.0.1", "--tftp", "0", "--ftp", "0", "--write"]);
    c.env("TOWLINE_AUDIT__LOG", "json").env("TOWLINE_SERVER__STATE", home.path());
    // It waits for `listening`, as JSON on standard output.
    let mut serve = Serve::start_command(&mut c);
    let last = Client::new(serve.tftp).put("a", b"a", &[]);
    assert!(matches!(last, Answer::Ack(_)), "{last:?}");
    serve.process.wait_for("the end of the upload", |said| {
        let events =
            said.out.iter().map(|l| serde_json::from_str::<Value>(l).expect("nothing else is there"));
        events.into_iter().find(|e| e["event"] == "ended" && e["path"] == "/a")
    });
    let text = serve.process.said().err.join("\n");
    assert!(text.contains("Serving"), "texts for people go to standard error: {text}");
}

/// Beginning and end of the server, and what an operator brings back, with the server and without.
#[test]
fn the_history_knows_of_the_server_and_of_what_is_brought_back() {
    let server = Server::start_with(|home, c| {
        c.args(["--upload", "/=version", "--control"]).arg(home.join("c.sock"));
    });
    let last = Client::new(server.serve.tftp).put("one", b"as it was", &[]);
    assert!(matches!(last, Answer::Ack(_)), "{last:?}");
    server.put("one");
    server.has(&["one", "one"]);
    let restore = |root: &Path, home: &Path| {
        let mut c = command();
        c.args(["restore", "one@latest", "--dir"]).arg(root).env("TOWLINE_SERVER__STATE", home);
        let ended = run(c.env("TOWLINE_SERVER__CONTROL", home.join("c.sock")));
        assert_eq!((ended.code(), ended.err.as_str()), (0, ""), "{}", ended.out);
    };
    let told = |history: &Path, event: &str| -> Vec<Value> {
        let ended = log(history, &["--event", event, "--json"]);
        ended.out.lines().map(|l| serde_json::from_str(l).expect("a line of JSON")).collect()
    };
    restore(server.root.path(), server.home.path());
    let restored = until(PATIENCE, || told(&server.history(), "restored").pop()).expect("the event");
    assert_eq!((&restored["path"], &restored["octets"]), (&"/one".into(), &9.into()), "{restored}");
    assert!(restored["seq"].as_u64() > Some(0), "the server told it: {restored}");
    let (root, home) = server.stop();
    let history = home.path().join("history.db");
    restore(root.path(), home.path());
    assert_eq!(std::fs::read(root.path().join("one")).expect("the file"), b"one");
    let restored = told(&history, "restored");
    let by = format!("uid {}", rustix::process::getuid().as_raw());
    assert_eq!((restored.len(), &restored[1]["octets"], &restored[1]["by"]), (2, &3.into(), &by.into()));
    let changes: Vec<_> = told(&history, "server").iter().map(|e| e["change"].to_string()).collect();
    assert_eq!(changes, ["\"started\"", "\"draining\"", "\"stopped\""]);
}

/// Bans and grants would not hold that nobody can write down: the server says so and does not begin.
#[test]
fn a_state_directory_that_cannot_be_written_ends_the_start_with_the_reason() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let (root, home) = (e2e::scratch(), e2e::scratch());
    mode(home.path(), 0o755);
    let mut c = command();
    c.arg("serve").arg(root.path()).args(["--bind", "127.0.0.1", "--tftp", "0", "--ftp", "off"]);
    let ended = run(c.args(["--run-as", "65534:65534", "--state"]).arg(home.path()));
    assert_eq!((ended.code(), ended.out.as_str()), (7, ""), "{}", ended.err);
    for words in ["bans", "chown", home.path().to_str().expect("UTF-8")] {
        assert!(ended.err.contains(words), "{words}: {}", ended.err);
    }
}
