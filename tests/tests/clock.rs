//! The wall clock is set while the service runs: by a library in its processes, so that no other clock changes.

use e2e::content::Content;
use e2e::peers::Peer;
use e2e::poll::{PATIENCE, until};
use e2e::process::{Ended, run};
use e2e::service::{Ftp, Service, Tftp};
use e2e::towline::command;
use e2e::wire::{Answer, Client};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What sets the clock of the processes that it is loaded into by what a file says.
struct Clock {
    library: PathBuf,
    file: PathBuf,
}

impl Clock {
    /// A program by this clock.
    fn command(&self) -> Command {
        let mut c = command();
        c.env("LD_PRELOAD", &self.library).env("FAKETIME_TIMESTAMP_FILE", &self.file);
        // What nobody sets goes on; the file is read each time that somebody asks what time it is.
        c.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("FAKETIME_NO_CACHE", "1").env("NO_FAKE_STAT", "1");
        c
    }

    /// So many seconds beside the true time.
    fn set(&self, seconds: i64) {
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{seconds:+}\n")).unwrap();
        std::fs::rename(new, &self.file).unwrap();
    }
}

fn asked(command: &mut Command) -> Ended {
    let ended = run(command);
    assert_eq!(ended.code(), 0, "{command:?}: {ended:?}");
    ended
}

/// What a file of one block is, or why it is refused.
fn get(service: &Service, from: &str, name: &str) -> Result<Vec<u8>, String> {
    let mut client = Client::at(from.parse::<IpAddr>().unwrap(), service.serve.tftp);
    client.ask(1, name, &[]);
    match client.hear() {
        Answer::Data(1, octets) => {
            client.ack(1);
            Ok(octets)
        }
        Answer::Error(_, text) => Err(text),
        other => panic!("{name}: {other:?}"),
    }
}

fn put(service: &Service, content: &str) {
    let last = Client::new(service.serve.tftp).put("r1", content.as_bytes(), &[]);
    assert!(matches!(last, Answer::Ack(_)), "{content}: {last:?}");
    assert_eq!(std::fs::read_to_string(service.path("root/r1")).unwrap(), content);
}

/// The contents that are kept of what was written over.
fn kept(root: &Path) -> Vec<String> {
    let dir = std::fs::read_dir(root.join(".towline/versions")).unwrap();
    let mut all: Vec<_> = dir.map(|e| std::fs::read_to_string(e.unwrap().path()).unwrap()).collect();
    all.sort();
    all
}

#[test]
fn a_clock_that_jumps_back_an_hour_loses_nothing_and_ends_nothing_early_or_never() {
    let Some(library) = Peer::library("libfaketime", "faketime/libfaketime.so.1") else { return };
    let dir = e2e::scratch();
    for name in ["root", "state"] {
        std::fs::create_dir(dir.path().join(name)).unwrap();
    }
    // Where the sandbox lets it be read.
    let clock = Clock { library, file: dir.path().join("state/clock") };
    clock.set(0);
    let state = dir.path().join("state");
    let settings = format!(
        "state = {state:?}\nwrite = true\nkeep-versions = 2\n[audit]\nhistory = true\nlog = \"json\""
    );
    let service = Service::start_by(clock.command(), dir, &settings);
    let control = service.path("c.sock");
    let ask = |arguments: &[&str]| asked(clock.command().args(arguments).arg("--control").arg(&control));

    std::fs::write(service.path("root/a"), "content").unwrap();
    let long = Content::random(512 * 20 + 7);
    long.write(&service.path("root/long")).unwrap();
    let mut whole = Vec::new();
    long.reader().read_to_end(&mut whole).unwrap();
    put(&service, "first");
    put(&service, "second");
    ask(&["ban", "127.0.0.2", "--for", "30m"]);
    let flags = ["--path", "/a", "--verbs", "read", "--from", "127.0.0.0/8", "--for", "2h", "--uses", "9"];
    let grant = ask(&[&["grant", "--json"][..], &flags].concat());
    let grant: Value = serde_json::from_str(&grant.out).unwrap();
    let token = format!("~{}/a", grant["secret"].as_str().unwrap());
    let is_banned = || get(&service, "127.0.0.2", "a").is_err_and(|why| why.contains("banned"));
    let holds = || get(&service, "127.0.0.1", &token).is_ok_and(|octets| octets == b"content");
    assert!(is_banned() && holds());
    // Two that run while it happens.
    let mut down = Tftp::ask(service.serve.tftp, "long");
    down.step(3);
    let mut up = Ftp::log_in(service.serve.ftp);
    let mut data = up.passive();
    up.say("STOR up", "150");
    data.write_all(&whole[..4_000]).unwrap();

    clock.set(-3_600);
    put(&service, "third");
    put(&service, "fourth");
    assert!(is_banned() && holds());
    down.step(1_000);
    assert!(down.got == whole, "{} octets of {}", down.got.len(), whole.len());
    data.write_all(&whole[4_000..]).unwrap();
    drop(data);
    up.expect("226");
    drop(up);
    assert!(std::fs::read(service.path("root/up")).unwrap() == whole);
    // The last two that were written over: the one of just now is not the oldest for having an earlier time.
    assert_eq!(kept(&service.path("root")), ["second", "third"]);
    // A worker that begins now finds all of it as well.
    ask(&["reload"]);
    assert!(is_banned() && holds());
    put(&service, "fifth");
    assert_eq!(kept(&service.path("root")), ["fourth", "third"]);
    let mut restore = clock.command();
    asked(restore.args(["restore", "/r1@latest", "--config"]).arg(service.path("t.toml")));
    assert_eq!(std::fs::read_to_string(service.path("root/r1")).unwrap(), "fourth");

    // The history has them in the order in which they were, whatever their times say.
    let history = service.path("state/history.db");
    let uploads = || {
        let log = asked(command().args(["log", "--json", "--event", "ended", "--history"]).arg(&history));
        let all = log.out.lines().map(|l| serde_json::from_str::<Value>(l).unwrap());
        all.filter(|v| v["direction"] == "write").collect::<Vec<_>>()
    };
    let all = until(PATIENCE, || Some(uploads()).filter(|all| all.len() >= 6)).expect("six uploads");
    let paths: Vec<&str> = all.iter().map(|v| v["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/r1", "/r1", "/r1", "/r1", "/up", "/r1"]);
    assert!(all.windows(2).all(|w| w[0]["id"].as_u64() < w[1]["id"].as_u64()), "{all:?}");
    // Of one worker, and of the next, which counts anew.
    assert!(all[..5].windows(2).all(|w| w[0]["seq"].as_u64() < w[1]["seq"].as_u64()), "{all:?}");
    let times: Vec<&str> = all.iter().map(|v| v["ts"].as_str().unwrap()).collect();
    assert!(times[2] < times[0], "the clock was set back between them: {times:?}");

    // Ends come by the clock, once it is there: of the ban half an hour after it was set, of the grant two.
    clock.set(31 * 60);
    assert_eq!(get(&service, "127.0.0.2", "a"), Ok(b"content".to_vec()));
    assert!(holds());
    clock.set(121 * 60);
    assert!(get(&service, "127.0.0.1", &token).is_err(), "the grant is over");
    assert_eq!(service.end().code(), 0);
}
