//! A server that has no file descriptor left: what runs goes on, who comes is told, and then it is whole again.

use e2e::content::Content;
use e2e::poll::{PATIENCE, until};
use e2e::process::{run, with_variables_of};
use e2e::service::{Ftp, Service, Tftp};
use e2e::towline::command;
use e2e::wire::{Answer, Client};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

/// Files and sockets that the program may have open: the monitor has 20, the worker here some 60.
const LIMIT: usize = 120;
/// In its protocol's words.
const NONE: &str = "no file descriptors left";

/// The program under that limit, which it cannot raise.
fn limited() -> Command {
    let program = command();
    let mut c = Command::new("sh");
    c.args(["-c", &format!("ulimit -n {LIMIT} && exec \"$0\" \"$@\"")]).arg(program.get_program());
    with_variables_of(&mut c, &program);
    c
}

/// Connects until the server has no descriptor for it: those who have one, and what the last one was told.
fn fill(ftp: SocketAddr) -> (Vec<TcpStream>, String) {
    let mut inside = Vec::new();
    for _ in 0..2 * LIMIT {
        let stream = TcpStream::connect(ftp).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        if line.starts_with("421") {
            return (inside, line);
        }
        assert!(line.starts_with("220"), "{line}");
        inside.push(stream);
    }
    panic!("{} connections and still none refused", inside.len());
}

/// What a web server answers.
fn http(server: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // It may be gone by now.
    let _ = write!(stream, "GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

/// Whether every thread of a process sleeps: whoever turns in circles does not, however little of a processor it gets.
fn is_at_rest(pid: i32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let state = |thread: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(thread.ok()?.path().join("stat")).ok()?;
        stat.rsplit_once(") ")?.1.chars().next()
    };
    threads.filter_map(state).all(|state| state == 'S')
}

#[test]
fn without_descriptors_what_runs_goes_on_and_who_comes_is_told() {
    let dir = e2e::scratch();
    for name in ["root", "state"] {
        std::fs::create_dir(dir.path().join(name)).unwrap();
    }
    let d = dir.path().display();
    let settings = format!(
        "write = true\nstate = \"{d}/state\"\n[audit]\nhistory = \"{d}/state/history.db\"\n[http]\nport = 0\n\
         [limits]\nper-address = {{ half-open = 1000 }}"
    );
    let mut service = Service::start_by(limited(), dir, &settings);
    let (short, long) = (Content::random(512 * 40 + 100), Content::random(4 << 20));
    short.write(&service.path("root/short")).unwrap();
    long.write(&service.path("root/long")).unwrap();
    std::fs::write(service.path("root/configuration"), "old").unwrap();
    let (short, long) = (short.octets(), long.octets());
    let (tftp, ftp, web) = (service.serve.tftp, service.serve.ftp, service.serve.listening("http"));
    let worker = service.workers()[0];

    // What runs when they run out.
    let mut reads = Tftp::ask(tftp, "short");
    reads.step(2);
    let mut replaces = Client::new(tftp);
    replaces.ask(2, "configuration", &[]);
    assert_eq!(replaces.hear(), Answer::Ack(0));
    let mut fetches = Ftp::log_in(ftp);
    fetches.retrieve("long");
    fetches.step(64 << 10);
    let mut stores = Ftp::log_in(ftp);
    let mut upload = stores.passive();
    stores.say("STOR stored", "150");
    upload.write_all(&long[..1 << 20]).unwrap();
    let mut waiting: Vec<Ftp> = (0..6).map(|_| Ftp::log_in(ftp)).collect();

    // The history is open now, and opens nothing later.
    let logged = |event: &str, text: &str| {
        let history = service.path("state/history.db");
        let has = || {
            let log = run(command().args(["log", "--event", event, "--history"]).arg(&history));
            log.out.contains(text).then_some(())
        };
        assert!(until(PATIENCE, has).is_some(), "the history does not have {event} {text}");
    };
    logged("started", "/stored");

    let (mut inside, refused) = fill(ftp);
    assert!(refused.to_lowercase().contains(NONE), "{refused}");

    // Who comes now is told, each in its own words.
    let mut told = |what: &str, ask: &mut dyn FnMut() -> Option<String>| {
        // Whoever is turned away has had a descriptor for a moment, and the next to ask may come by just then.
        for _ in 0..6 {
            if let Some(words) = ask() {
                assert!(words.to_lowercase().contains(NONE), "{what}: {words}");
                return;
            }
            inside.extend(fill(ftp).0);
        }
        panic!("{what}: never refused");
    };
    let mut newcomers = Vec::new();
    told("TFTP", &mut || {
        let mut newcomer = Client::new(tftp);
        newcomer.ask(1, "configuration-of-another-device", &[]);
        let answer = newcomer.hear();
        newcomers.push(newcomer);
        if let Answer::Error(0, text) = answer { Some(text) } else { None }
    });
    told("HTTP", &mut || Some(http(web, "/short")).filter(|answer| answer.starts_with("HTTP/1.1 503 ")));
    let mut sessions = waiting.iter_mut();
    told("FTP", &mut || {
        let reply = sessions.next().expect("six of them").say("EPSV", "");
        Some(reply).filter(|reply| reply.starts_with("425"))
    });
    // And the operator gets in.
    let who = run(command().arg("who").arg("--control").arg(service.path("c.sock")));
    assert_eq!(who.code(), 0, "{who:?}");

    logged("exhausted", "file descriptors");

    // With less than are open not even the kept ones are to be had. Who comes waits, and nobody turns in circles.
    let pid = Pid::from_raw(worker).unwrap();
    let old = prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(16), maximum: Some(LIMIT as u64) });
    let late: Vec<TcpStream> = [ftp, ftp, ftp].map(|at| TcpStream::connect(at).unwrap()).into();
    let (mut looks, mut resting) = (0, 0);
    until(PATIENCE, || {
        looks += 1;
        resting += u32::from(is_at_rest(worker));
        (looks == 200).then_some(())
    });
    println!("at rest in {resting} of {looks} looks");
    assert!(resting * 10 >= looks, "at rest in {resting} of {looks} looks");
    prlimit(Some(pid), Resource::Nofile, old.unwrap()).unwrap();
    for mut stream in late {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut first = [0; 4];
        stream.read_exact(&mut first).unwrap();
        assert!([b"421 ", b"220 "].contains(&&first), "{first:?}");
    }

    // What ran comes to its end.
    replaces.say(b"\0\x03\0\x01new");
    let mut answer = replaces.hear();
    // Its patience was tried: it has asked for the block again.
    while answer == Answer::Ack(0) {
        answer = replaces.hear();
    }
    assert_eq!(answer, Answer::Ack(1));
    assert_eq!(std::fs::read(service.path("root/configuration")).unwrap(), b"new");
    let kept = std::fs::read_dir(service.path("root/.towline/versions")).unwrap().count();
    assert_eq!(kept, 1, "what was replaced is kept");
    reads.step(1_000);
    assert!(reads.got == short, "{} octets", reads.got.len());
    fetches.finish();
    assert!(fetches.got == long, "{} octets", fetches.got.len());
    upload.write_all(&long[1 << 20..]).unwrap();
    drop(upload);
    stores.expect("226");
    assert!(std::fs::read(service.path("root/stored")).unwrap() == long);

    // They come free, and everything is as before.
    drop(inside);
    let served = until(PATIENCE, || http(web, "/configuration").ends_with("\r\n\r\nnew").then_some(()));
    assert!(served.is_some(), "{}", http(web, "/configuration"));
    assert_eq!(Client::new(tftp).get("short", &[]), short);
    let mut waits = waiting.pop().expect("six of them");
    waits.retrieve("long");
    waits.finish();
    assert!(waits.got == long);
    assert_eq!(service.workers(), [worker]);

    // Said once, with the limit and what to do.
    let events: Vec<_> = service.serve.events().into_iter().filter(|e| e["event"] == "exhausted").collect();
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["limit"], LIMIT);
    assert!(events[0]["remedy"].as_str().unwrap().contains("LimitNOFILE="), "{events:?}");
    let said = service.serve.process.said();
    assert!(said.err.iter().any(|l| l.contains("may have 120 files and sockets open")), "{:?}", said.err);
    assert_eq!(service.end().code(), 0);
}
