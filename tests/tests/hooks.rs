//! Hooks of a running service: commands and web addresses that are told of events.

use e2e::poll::{PATIENCE, until};
use e2e::towline::{Serve, command};
use e2e::wire::{Answer, Client};
use rustix::process::Signal;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A service with one hook.
struct Service {
    dir: TempDir,
    serve: Serve,
}

impl Service {
    /// `script` is what the hook's command does, in the directory that everything of the test is in.
    fn with_command(settings: &str, script: &str) -> Service {
        let dir = e2e::scratch();
        let path = dir.path().join("hook.sh");
        let home = dir.path().display();
        std::fs::write(&path, format!("cd {home}\n{script}\n")).expect("room for a script");
        Service::start(dir, &format!("run = [\"/bin/sh\", \"{}\"]\n{settings}", path.display()))
    }

    fn start(dir: TempDir, hook: &str) -> Service {
        std::fs::create_dir(dir.path().join("root")).expect("room for a directory");
        let file = dir.path().join("t.toml");
        let root = dir.path().join("root");
        let text = format!(
            "[server]\nbind = [\"127.0.0.1\"]\nroot = \"{}\"\nwrite = true\n[tftp]\nport = 0\n[ftp]\nport = 0\n\
             [[hook]]\n{hook}\n",
            root.display()
        );
        std::fs::write(&file, text).expect("room for a configuration");
        let mut c = command();
        c.args(["serve", "--json", "--config"]).arg(&file);
        Service { serve: Serve::start_command(&mut c), dir }
    }

    fn put(&self, name: &str) {
        let last = Client::new(self.serve.tftp).put(name, name.as_bytes(), &[]);
        assert!(matches!(last, Answer::Ack(_)), "{name}: {last:?}");
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The lines of a file that the hook writes, once there are so many.
    fn lines(&self, name: &str, count: usize) -> Vec<String> {
        let path = self.file(name);
        let lines = || -> Vec<String> {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            // The last one may be half there.
            text.split_inclusive('\n').filter_map(|l| l.strip_suffix('\n')).map(String::from).collect()
        };
        let found = until(PATIENCE, || Some(lines()).filter(|l| l.len() >= count));
        found.unwrap_or_else(|| panic!("{name} has {:?}; {:?}", lines(), self.serve.process.said()))
    }

    /// Why a hook failed, once it has.
    fn failure(&mut self) -> Value {
        self.serve.process.wait_for("a failure of the hook", |said| {
            let events = said.out.iter().filter_map(|l| serde_json::from_str::<Value>(l).ok());
            events.into_iter().find(|e| e["event"] == "hook_failed")
        })
    }

    fn has_failed(&self) -> bool {
        self.serve.events().iter().any(|e| e["event"] == "hook_failed")
    }
}

/// Whether a process runs; one that has ended and that nobody has waited for does not.
fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[test]
fn an_upload_runs_the_command_with_its_digest() {
    // The last line is there when everything else is.
    let script = "cat > json; echo \"$TOWLINE_EVENT $TOWLINE_PATH $TOWLINE_TRANSFER\" > fields";
    let service = Service::with_command("on = [\"digest\"]\npath = \"/*.cfg\"", script);
    service.put("other.bin");
    service.put("$(reboot).cfg");
    let json: Value = {
        let fields = service.lines("fields", 1);
        let json = std::fs::read_to_string(service.file("json")).expect("the event");
        let json: Value = serde_json::from_str(&json).expect("a line of JSON");
        assert_eq!(fields, [format!("digest /$(reboot).cfg {}", json["transfer"])]);
        json
    };
    let stored = std::fs::read(service.file("root/$(reboot).cfg")).expect("the upload");
    let digest: String = Sha256::digest(&stored).iter().map(|octet| format!("{octet:02x}")).collect();
    assert_eq!((&json["event"], &json["sha256"]), (&"digest".into(), &digest.into()), "{json}");
    assert!(!service.has_failed());
}

#[test]
fn a_command_that_hangs_is_ended_with_its_children_in_its_time() {
    let script = "sleep 1000 & echo $$ $! > pids; wait";
    // So long that the shell has begun before, on any machine.
    let settings = "on = [\"ended\"]\npath = \"/a.cfg\"\ntimeout = \"5s\"\nretries = 0";
    let mut service = Service::with_command(settings, script);
    service.put("a.cfg");
    // A transfer is not held up by it.
    service.put("b.cfg");
    let failed = service.failure();
    assert_eq!(failed["hook"], "hook 1");
    assert!(failed["reason"].as_str().is_some_and(|r| r.contains("longer than 5 s")), "{failed}");
    let pids = service.lines("pids", 1).remove(0);
    let gone = until(PATIENCE, || (!pids.split(' ').any(runs)).then_some(()));
    assert!(gone.is_some(), "{pids} still run");
}

#[test]
fn a_service_that_is_cut_leaves_no_command_behind() {
    let script = "sleep 1000 & echo $$ $! > pids; wait";
    let service = Service::with_command("on = [\"ended\"]\ntimeout = \"5m\"", script);
    service.put("a.cfg");
    let pids = service.lines("pids", 1).remove(0);
    assert!(pids.split(' ').all(runs));
    service.serve.process.signal(Signal::TERM);
    service.serve.process.signal(Signal::INT);
    service.serve.process.wait(PATIENCE);
    let gone = until(PATIENCE, || (!pids.split(' ').any(runs)).then_some(()));
    assert!(gone.is_some(), "{pids} still run");
}

#[test]
fn a_command_that_fails_is_tried_again_until_it_succeeds() {
    let script = "cat >> seen; test $(wc -l < seen) -ge 3 && echo done > end";
    let service = Service::with_command("on = [\"ended\"]\nretries = 5\nwait = \"10ms\"", script);
    service.put("a.cfg");
    service.lines("end", 1);
    let seen = service.lines("seen", 3);
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(seen.iter().all(|line| *line == seen[0]), "each time the same event: {seen:?}");
    assert!(!service.has_failed());
}

#[test]
fn a_command_that_always_fails_is_told_with_its_words() {
    let settings = "on = [\"ended\"]\nretries = 1\nwait = \"10ms\"";
    let mut service = Service::with_command(settings, "echo try >> seen; echo no disk >&2; exit 4");
    service.put("a.cfg");
    let failed = service.failure();
    assert_eq!((&failed["reason"], &failed["count"]), (&"it ended with 4: no disk".into(), &1.into()));
    assert_eq!(service.lines("seen", 2).len(), 2);
}

/// Answers a POST; gives its first line and its body.
fn answer(listener: &TcpListener, status: &str) -> (String, Value) {
    let (stream, _) = listener.accept().expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time");
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    while head.last().is_none_or(|line: &String| line != "\r\n") {
        let mut line = String::new();
        assert_ne!(stream.read_line(&mut line).expect("a line of the head"), 0, "{head:?}");
        head.push(line);
    }
    let length = head.iter().find_map(|l| l.strip_prefix("Content-Length: ")).expect("its length");
    let mut body = vec![0; length.trim().parse().expect("a number")];
    stream.read_exact(&mut body).expect("the body");
    stream.get_mut().write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).expect("it reads");
    (head[0].trim_end().to_owned(), serde_json::from_slice(&body).expect("JSON"))
}

#[test]
fn a_web_address_that_fails_twice_has_the_event_at_the_third_time() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    // A name whose first address may be another one, at which nobody listens.
    let port = listener.local_addr().expect("bound").port();
    let hook = format!(
        "on = [\"ended\"]\nverdict = \"complete\"\nurl = \"http://localhost:{port}/in?x=1\"\nwait = \"10ms\""
    );
    let service = Service::start(e2e::scratch(), &hook);
    service.put("a.cfg");
    let got = ["500 Oh", "503 Later", "200 OK"].map(|status| answer(&listener, status));
    for (line, event) in &got {
        assert_eq!(line, "POST /in?x=1 HTTP/1.1");
        assert_eq!((&event["event"], &event["path"]), (&"ended".into(), &"/a.cfg".into()), "{event}");
        assert_eq!(event["seq"], got[0].1["seq"]);
    }
    service.put("b.cfg");
    assert_eq!(answer(&listener, "204 Fine").1["path"], "/b.cfg");
    assert!(!service.has_failed());
}

/// What holds a hook up holds up nobody who transfers, and what it missed is told.
#[test]
fn a_hook_that_is_too_slow_misses_events_and_says_how_many() {
    let script = "echo began >> seen; while ! test -e go; do sleep 0.05; done";
    let mut service = Service::with_command("on = [\"refused\"]\ntimeout = \"5m\"", script);
    let mut control = BufReader::new(TcpStream::connect(service.serve.ftp).expect("FTP listens"));
    control.get_ref().set_read_timeout(Some(PATIENCE)).expect("a time");
    let mut say = |line: &str, code: &str| {
        control.get_mut().write_all(line.as_bytes()).expect("it reads");
        let mut reply = String::new();
        control.read_line(&mut reply).expect("a reply");
        assert!(reply.starts_with(code), "{line:?}: {reply}");
    };
    say("", "220");
    say("USER anonymous\r\n", "331");
    say("PASS x\r\n", "230");
    say("DELE none\r\n", "550");
    service.lines("seen", 1);
    // One is at work, 1,024 wait.
    for _ in 0..1_040 {
        say("DELE none\r\n", "550");
    }
    let refused = |said: &e2e::process::Said| said.out.iter().filter(|l| l.contains("\"refused\"")).count();
    service.serve.process.wait_for("all of them", |said| (refused(said) == 1_041).then_some(()));
    std::fs::write(service.file("go"), "").expect("room");
    let lost = service.serve.process.wait_for("what it missed", |said| {
        let events = said.out.iter().filter_map(|l| serde_json::from_str::<Value>(l).ok());
        events.into_iter().find(|e| e["event"] == "lost" && e["sink"] == "hook 1")
    });
    assert_eq!(lost["count"], 16, "{lost}");
}

#[test]
fn reloads_and_kicks_are_events() {
    use e2e::service::Service;
    let mut service = Service::start("", &[]);
    let mut control = BufReader::new(TcpStream::connect(service.serve.ftp).expect("FTP listens"));
    control.get_ref().set_read_timeout(Some(PATIENCE)).expect("a time");
    let mut greeting = String::new();
    control.read_line(&mut greeting).expect("a reply");
    control.get_mut().write_all(b"USER anonymous\r\nPASS x\r\n").expect("it reads");
    let session = |event: &'static str, serve: &mut Serve| {
        serve.process.wait_for(event, |said| {
            let events = said.out.iter().filter_map(|l| serde_json::from_str::<Value>(l).ok());
            events.into_iter().find(|e| e["event"] == event)
        })
    };
    let login = session("login", &mut service.serve);
    let ended = e2e::process::run(
        command().args(["kick", &login["session"].to_string(), "--control"]).arg(service.path("c.sock")),
    );
    assert_eq!(ended.code(), 0, "{}", ended.err);
    let kicked = session("kicked", &mut service.serve);
    assert_eq!(kicked["session"], login["session"], "{kicked}");
    let texts = |service: &Service| -> Vec<String> {
        let events = service.serve.events().into_iter();
        let by_operator = events.filter(|e| e["event"] == "configured" && e["by"] != "start");
        by_operator.map(|e| e["text"].to_string()).collect()
    };
    service.configure("no-such-key = 1");
    assert_ne!(service.reload().code(), 0);
    service.configure("");
    assert_eq!(service.reload().code(), 0);
    let both = until(PATIENCE, || Some(texts(&service)).filter(|t| t.len() == 2));
    let both = both.unwrap_or_else(|| panic!("{:?}", texts(&service)));
    assert!(both[0].contains("not taken up") && both[1].contains("by another process"), "{both:?}");
}

#[test]
fn a_worker_that_drains_runs_the_hooks_that_it_began_with() {
    use e2e::service::{Ftp, Service};
    let dir = e2e::scratch();
    std::fs::create_dir(dir.path().join("root")).expect("room for a directory");
    let hook = |dir: &Path, to: &str| {
        let script = dir.join(format!("{to}.sh"));
        let line = format!("echo \"$TOWLINE_PATH\" >> {}/{to}\n", dir.display());
        std::fs::write(&script, line).expect("room for a script");
        let run = script.display();
        format!("write = true\n[[hook]]\non = [\"ended\"]\nrun = [\"/bin/sh\", \"{run}\"]")
    };
    let old = hook(dir.path(), "old");
    let service = Service::start_in(dir, &old, &[]);
    let begin = |name: &str| {
        let mut ftp = Ftp::log_in(service.serve.ftp);
        let data = ftp.passive();
        ftp.say(&format!("STOR {name}"), "150");
        (ftp, data)
    };
    let end = |(mut ftp, mut data): (Ftp, TcpStream)| {
        data.write_all(b"content").expect("it is taken");
        drop(data);
        ftp.expect("226");
        ftp
    };
    let runs = begin("a");
    service.configure(&hook(service.dir.path(), "new"));
    assert_eq!(service.reload().code(), 0);
    drop(end(begin("b")));
    let drains = end(runs);
    let lines = |name: &str| {
        let text = || std::fs::read_to_string(service.path(name)).unwrap_or_default();
        until(PATIENCE, || Some(text()).filter(|text| text.ends_with('\n')))
    };
    assert_eq!((lines("old").as_deref(), lines("new").as_deref()), (Some("/a\n"), Some("/b\n")));
    // It goes with its last session.
    drop(drains);
    let alone = until(PATIENCE, || (service.workers().len() == 1).then_some(()));
    assert!(alone.is_some(), "{:?}", service.workers());
    assert_eq!(service.end().code(), 0);
}
