//! The service as monitor and worker: reloads, bad configurations, dead and hanging workers, a service manager.

use e2e::content::Content;
use e2e::namespace::Namespace;
use e2e::poll::{PATIENCE, until};
use e2e::process::run;
use e2e::service::{Ftp, Service, Tftp};
use e2e::towline::command;
use rustix::process::Signal;
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, Instant};

#[test]
fn thirty_reloads_break_none_of_twenty_transfers() {
    const RELOADS: usize = 30;
    const EACH: usize = 10;
    let service = Service::start("", &[]);
    let (short, long) = (Content::random(512 * 4 * 12 + 100), Content::random(12 << 20));
    short.write(&service.path("root/short")).unwrap();
    long.write(&service.path("root/long")).unwrap();
    let (short, long) = (short.octets(), long.octets());
    let (tftp, ftp) = (service.serve.tftp, service.serve.ftp);
    let (mut tftps, mut ftps): (Vec<Tftp>, Vec<Ftp>) = (Vec::new(), Vec::new());
    for nth in 0..RELOADS {
        // One more every reload: they are of many generations of workers, and each lives through ten and more.
        if nth < 2 * EACH {
            if nth % 2 == 0 {
                tftps.push(Tftp::ask(tftp, "short"));
            } else {
                let mut client = Ftp::log_in(ftp);
                client.retrieve("long");
                ftps.push(client);
            }
        }
        tftps.iter_mut().for_each(|t| t.step(1));
        ftps.iter_mut().for_each(|f| f.step(64 << 10));
        let reloaded = service.reload();
        assert_eq!(reloaded.code(), 0, "reload {nth}: {reloaded:?}");
        // Whoever comes now is served by the new worker.
        let mut fresh = Tftp::ask(tftp, "short");
        fresh.step(1_000);
        assert!(fresh.got == short, "reload {nth}");
    }
    assert_eq!((tftps.len(), ftps.len()), (EACH, EACH));
    let running = tftps.iter().filter(|t| !t.over).count() + ftps.iter().filter(|f| f.data.is_some()).count();
    assert!(running >= EACH, "{running} still run after the last reload");
    for t in &mut tftps {
        t.step(1_000);
        assert!(t.got == short, "{} octets of {}", t.got.len(), short.len());
    }
    for f in &mut ftps {
        f.finish();
        assert!(f.got == long, "{} octets of {}", f.got.len(), long.len());
    }
    drop(ftps);
    let alone = until(PATIENCE, || (service.workers().len() == 1).then_some(()));
    assert!(alone.is_some(), "old workers end when their last transfer has: {:?}", service.workers());
    assert_eq!(service.end().code(), 0);
}

#[test]
fn a_wrong_configuration_changes_nothing_and_is_told_to_who_asks() {
    let service = Service::start("", &[]);
    let content = Content::random(3_000);
    content.write(&service.path("root/a")).unwrap();
    let worker = service.workers();
    service.configure("sandbx = \"auto\"");
    let refused = service.reload();
    assert_eq!(refused.code(), 2, "{refused:?}");
    assert!(refused.err.contains("t.toml:5") && refused.err.contains("sandbox"), "{}", refused.err);
    assert!(refused.err.contains("the old configuration stays"), "{}", refused.err);
    // A fault that only the new worker meets.
    std::fs::rename(service.path("root"), service.path("elsewhere")).unwrap();
    service.configure("");
    let refused = service.reload();
    assert_ne!(refused.code(), 0, "{refused:?}");
    assert!(refused.err.contains("root") && refused.err.contains("stays"), "{}", refused.err);
    assert_eq!(service.workers(), worker);
    let mut old = Tftp::ask(service.serve.tftp, "a");
    old.step(100);
    assert!(old.got == content.octets());
    // And what is right again is taken up.
    std::fs::rename(service.path("elsewhere"), service.path("root")).unwrap();
    assert_eq!(service.reload().code(), 0);
    assert_ne!(service.workers().last(), worker.last());
    assert_eq!(service.end().code(), 0);
}

#[test]
fn a_reload_by_signal_is_an_event_and_a_figure_also_where_it_is_refused() {
    let mut service = Service::start("[admin]\nlisten = \"127.0.0.1:0\"", &[]);
    let admin = service.serve.listening("admin");
    let figure = || {
        let mut stream = TcpStream::connect(admin).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        let line = page.lines().find(|l| l.starts_with("towline_config_last_reload_successful "));
        line.expect("the figure").to_owned()
    };
    let reloads = |service: &Service, verdict: &str| {
        let events = service.serve.events().into_iter();
        let by_signal = events.filter(|e| e["event"] == "configured" && e["by"] == "operator");
        by_signal.filter(|e| e["verdict"] == verdict).map(|e| e["text"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(figure(), "towline_config_last_reload_successful 1");
    service.configure("sandbx = \"auto\"\nrot = 1");
    service.serve.process.signal(Signal::HUP);
    let refused = until(PATIENCE, || reloads(&service, "refused").pop()).expect("the event");
    assert!(refused.contains("t.toml:5:1") && refused.contains("sandbx"), "{refused}");
    assert!(refused.contains("2 faults") && refused.contains("the old configuration stays"), "{refused}");
    let shown = until(PATIENCE, || figure().ends_with(" 0").then_some(()));
    assert!(shown.is_some(), "{}", figure());
    service.configure("[admin]\nlisten = \"127.0.0.1:0\"");
    service.serve.process.signal(Signal::HUP);
    let taken = until(PATIENCE, || reloads(&service, "taken").pop());
    assert!(taken.is_some(), "{:?}", service.serve.events());
    assert_eq!(reloads(&service, "refused").len(), 1);
    let shown = until(PATIENCE, || figure().ends_with(" 1").then_some(()));
    assert!(shown.is_some(), "{}", figure());
    assert_eq!(service.end().code(), 0);
}

#[test]
fn a_killed_worker_is_followed_by_another_and_its_upload_is_never_seen() {
    let service = Service::start("write = true", &[]);
    let content = Content::random(2_000);
    content.write(&service.path("root/a")).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.send_to(b"\0\x02up\0octet\0", service.serve.tftp).unwrap();
    let mut ack = [0; 16];
    let (_, peer) = client.recv_from(&mut ack).unwrap();
    client.send_to(&[&[0, 3, 0, 1][..], &[7; 512]].concat(), peer).unwrap();
    client.recv_from(&mut ack).unwrap();
    assert_eq!(ack[..4], [0, 4, 0, 1]);
    for worker in service.workers() {
        // Not "exe", by which a monitor starts it: an operator looks for it with ps and top.
        assert_eq!(std::fs::read_to_string(format!("/proc/{worker}/comm")).unwrap(), "towline\n");
    }
    let dead = service.signal_worker(Signal::KILL);
    let began = Instant::now();
    // What was sent before could still be answered by the one that dies, on another processor.
    let gone = until(PATIENCE, || (!service.workers().contains(&dead)).then_some(()));
    assert!(gone.is_some(), "{dead} is still there");
    // It waits in the socket until there is somebody.
    let mut fresh = Tftp::ask(service.serve.tftp, "a");
    fresh.step(100);
    assert!(fresh.got == content.octets());
    assert!(began.elapsed() < Duration::from_secs(10), "back after {:?}", began.elapsed());
    println!("back after {:?}", began.elapsed());
    assert!(!service.workers().contains(&dead));
    assert!(!service.path("root/up").exists());
    let said = service.serve.process.said().err.join("\n");
    assert!(said.contains("was ended by signal 9") && said.contains("another worker starts in"), "{said}");
    // The file that it wrote into had no name, or has lost it.
    let names: Vec<_> =
        std::fs::read_dir(service.path("root")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["a"]);
    assert_eq!(service.end().code(), 0);
}

#[test]
fn sigterm_waits_for_what_runs_as_long_as_it_may() {
    let content = Content::random(512 * 20);
    for (settings, goes_on, code) in [("drain = \"2m\"", true, 0), ("drain = \"1s\"", false, 130)] {
        let service = Service::start(settings, &[]);
        content.write(&service.path("root/a")).unwrap();
        let mut client = Tftp::ask(service.serve.tftp, "a");
        client.step(3);
        service.serve.process.signal(Signal::TERM);
        let draining =
            |s: &e2e::process::Said| s.out.iter().any(|l| l.contains("\"draining\"")).then_some(());
        let Service { serve, dir } = service;
        let mut process = serve.process;
        process.wait_for("draining", draining);
        if goes_on {
            client.step(1_000);
            assert!(client.got == content.octets());
        }
        assert_eq!(process.wait(PATIENCE).code(), code, "{settings}");
        drop(dir);
    }
}

#[test]
fn a_service_manager_is_told_how_things_are() {
    let dir = e2e::scratch();
    std::fs::create_dir(dir.path().join("root")).unwrap();
    let path = dir.path().join("notify");
    let notify = UnixDatagram::bind(&path).unwrap();
    notify.set_read_timeout(Some(PATIENCE)).unwrap();
    let next = |wanted: &str| {
        let mut octets = [0; 512];
        loop {
            let len = notify.recv(&mut octets).unwrap_or_else(|e| panic!("{wanted} did not come: {e}"));
            let text = String::from_utf8_lossy(&octets[..len]).into_owned();
            if text.starts_with(wanted) {
                return text;
            }
        }
    };
    let environment = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "2000000")];
    let service = Service::start_in(dir, "", &environment);
    assert!(next("READY=1").contains("STATUS=serving"));
    next("WATCHDOG=1");
    service.serve.process.signal(Signal::HUP);
    assert!(next("RELOADING=1").contains("MONOTONIC_USEC="));
    next("READY=1");
    // A worker that hangs is not told to be alive: it is ended, and another serves.
    let hanging = service.signal_worker(Signal::STOP);
    next("STATUS=the worker was ended by signal 9");
    next("READY=1");
    assert!(!service.workers().contains(&hanging));
    service.serve.process.signal(Signal::TERM);
    next("STOPPING=1");
    let Service { serve, dir } = service;
    assert_eq!(serve.process.wait(PATIENCE).code(), 0);
    drop(dir);
}

#[test]
fn a_ban_reaches_the_worker_that_drains() {
    let dir = e2e::scratch();
    for name in ["root", "state"] {
        std::fs::create_dir(dir.path().join(name)).unwrap();
    }
    let state = format!("state = \"{}/state\"", dir.path().display());
    let service = Service::start_in(dir, &state, &[]);
    let (mut kicked, mut relogs) = (Ftp::log_in(service.serve.ftp), Ftp::log_in(service.serve.ftp));
    assert_eq!(service.reload().code(), 0);
    assert_eq!(service.workers().len(), 2, "the old one has two sessions still");
    let control = service.path("c.sock");
    let ask = |arguments: &[&str]| {
        let done = run(command().args(arguments).arg("--control").arg(&control));
        assert_eq!(done.code(), 0, "{arguments:?}: {done:?}");
    };
    // Sessions go on, but who logs in anew is judged by what the successor was told.
    ask(&["ban", "127.0.0.1", "--for", "1h"]);
    let refused = until(PATIENCE, || {
        let known = relogs.say("USER anonymous", "");
        let reply = if known.starts_with("331") { relogs.say("PASS x", "") } else { known };
        reply.starts_with("421").then_some(reply)
    });
    assert!(refused.as_ref().is_some_and(|reply| reply.contains("banned")), "{refused:?}");
    // And kicked are those of both.
    ask(&["ban", "127.0.0.1", "--for", "1h", "--kick"]);
    assert!(kicked.expect("421").contains("Kicked"));
    let alone = until(PATIENCE, || (service.workers().len() == 1).then_some(()));
    assert!(alone.is_some(), "{:?}", service.workers());
    ask(&["unban", "127.0.0.1"]);
    assert_eq!(service.end().code(), 0);
}

#[test]
fn what_is_held_against_an_address_survives_a_reload_and_a_restart() {
    // This host is exempt: the client comes from another address.
    let Some(space) = Namespace::new("busybox") else { return };
    let settings = |dir: &Path| {
        format!(
            "state = \"{}/state\"\n[penalties]\nban-at = 4\nlongest-delay = \"0s\"\nhalf-life = \"1d\"\n\
             [[user]]\nname = \"u\"\npassword = {{ env = \"HASH\" }}",
            dir.display()
        )
    };
    let hash = gate::hash_password(&gate::Secret::new("right"));
    let start = |dir: tempfile::TempDir| {
        let mut c = command();
        c.env("TOWLINE_SERVER__BIND", "10.69.0.1").env("HASH", &hash);
        let settings = settings(dir.path());
        Service::start_by(space.enter(&c), dir, &settings)
    };
    let dir = e2e::scratch();
    for name in ["root", "state"] {
        std::fs::create_dir(dir.path().join(name)).unwrap();
    }
    std::fs::write(dir.path().join("root/a"), "a").unwrap();
    let mut service = start(dir);
    let get = |service: &Service, password: &str| {
        let from = format!("ftp://u:{password}@{}/a", service.serve.ftp);
        run(space.enter(&command()).arg("copy").arg(from).arg(service.path("got")))
    };
    let fails = |service: &Service, times: usize| {
        for _ in 0..times {
            let refused = get(service, "wrong");
            assert_eq!(refused.code(), 4, "{refused:?}");
            assert!(refused.err.contains("530"), "{}", refused.err);
        }
    };
    fails(&service, 2);
    assert_eq!(service.reload().code(), 0);
    fails(&service, 1);
    let Service { dir, serve } = service;
    serve.process.signal(Signal::TERM);
    assert_eq!(serve.process.wait(PATIENCE).code(), 0);
    service = start(dir);
    let right = get(&service, "right");
    assert_eq!(right.code(), 0, "{right:?}");
    // The fourth of all, in the third process, of which none saw more than two.
    fails(&service, 1);
    let banned = get(&service, "right");
    assert!(banned.err.contains("421 This address is banned"), "{banned:?}");
    let bans = run(command().arg("bans").arg("--control").arg(service.path("c.sock")));
    assert!(bans.out.contains("10.69.0.1 ") && bans.out.contains("4 failed logins"), "{bans:?}");
    assert_eq!(service.end().code(), 0);
}

#[test]
fn who_and_kick_reach_the_workers_that_drain() {
    let service = Service::start("", &[]);
    let content = Content::random(12 << 20);
    content.write(&service.path("root/long")).unwrap();
    let control = service.path("c.sock");
    let ask = |arguments: &[&str]| run(command().args(arguments).arg("--control").arg(&control));
    let who = || -> Vec<serde_json::Value> {
        let ended = ask(&["who", "--json"]);
        ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let (mut oldest, mut old) = (Ftp::log_in(service.serve.ftp), Ftp::log_in(service.serve.ftp));
    oldest.retrieve("long");
    assert_eq!(service.reload().code(), 0);
    old.say("NOOP", "200");
    let mut middle = Ftp::log_in(service.serve.ftp);
    middle.retrieve("long");
    assert_eq!(service.reload().code(), 0);
    let mut new = Ftp::log_in(service.serve.ftp);
    let all =
        until(PATIENCE, || Some(who()).filter(|all| all.len() >= 6)).unwrap_or_else(|| panic!("{:?}", who()));
    let of = |kind: &str| -> Vec<u64> {
        all.iter()
            .filter(|line| line["answer"] == kind)
            .map(|line| line["session"].as_u64().unwrap())
            .collect()
    };
    let (sessions, moving) = (of("session"), of("transfer"));
    assert_eq!((sessions.len(), moving.len()), (4, 2), "{all:?}");
    // The youngest worker first, and no number twice.
    let distinct: std::collections::BTreeSet<_> = sessions.iter().collect();
    assert_eq!(distinct.len(), 4, "{sessions:?}");
    assert_eq!(moving[0], sessions[1], "that of the second worker");
    let kicked = ask(&["kick", &moving[1].to_string()]);
    assert_eq!((kicked.code(), kicked.out.as_str()), (0, "1 session ends\n"), "{kicked:?}");
    oldest.expect("426");
    assert!(oldest.expect("421").contains("Kicked"));
    assert_eq!(ask(&["kick", &moving[1].to_string()]).code(), 5, "it has ended");
    let kicked = ask(&["kick", "127.0.0.1"]);
    assert_eq!((kicked.code(), kicked.out.as_str()), (0, "3 sessions end\n"), "{kicked:?}");
    middle.expect("426");
    for ftp in [&mut old, &mut middle, &mut new] {
        assert!(ftp.expect("421").contains("Kicked"));
    }
    let alone = until(PATIENCE, || (service.workers().len() == 1).then_some(()));
    assert!(alone.is_some(), "{:?}", service.workers());
    assert_eq!(service.end().code(), 0);
}

#[test]
fn with_one_port_a_successor_waits_for_the_transfers_on_it() {
    let service = Service::start("", &[("TOWLINE_TFTP__SINGLE_PORT", "true")]);
    let content = Content::random(512 * 8 + 100);
    content.write(&service.path("root/a")).unwrap();
    let mut slow = Tftp::ask(service.serve.tftp, "a");
    slow.step(2);
    std::thread::scope(|scope| {
        let reload = scope.spawn(|| service.reload());
        // The new one has opened everything and is not told to go: the old one still reads the port.
        let both = until(PATIENCE, || (service.workers().len() == 2).then_some(()));
        assert!(both.is_some(), "{:?}", service.workers());
        slow.step(1_000);
        let reloaded = reload.join().unwrap();
        assert_eq!(reloaded.code(), 0, "{reloaded:?}");
    });
    let whole = content.octets();
    assert!(slow.got == whole, "{} octets of {}", slow.got.len(), whole.len());
    let mut fresh = Tftp::ask(service.serve.tftp, "a");
    fresh.step(1_000);
    assert!(fresh.got == whole);
    assert_eq!(service.end().code(), 0);
}

#[test]
fn a_worker_that_says_nonsense_is_ended_and_followed_by_another() {
    use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
    let service = Service::start("", &[]);
    let content = Content::random(2_000);
    content.write(&service.path("root/a")).unwrap();
    // What no worker of ours says: no message, one of another kind, a question that there is none of.
    for nonsense in ["nonsense", "{}", r#"{"Serving":7}"#, r#"{"Ask":[1,{"Run":"/bin/sh"}]}"#] {
        // One that answers an operator has told the monitor before that it serves.
        let serves = || run(command().arg("who").arg("--control").arg(service.path("c.sock"))).code() == 0;
        assert!(until(PATIENCE, || serves().then_some(())).is_some(), "before {nonsense}");
        let worker = *service.workers().last().expect("a worker");
        let process = pidfd_open(Pid::from_raw(worker).unwrap(), PidfdFlags::empty()).unwrap();
        // Its end of the channel to the monitor, which it found as descriptor 3.
        let Ok(channel) = pidfd_getfd(&process, 3, PidfdGetfdFlags::empty()) else {
            println!("only root may speak for another process");
            return;
        };
        rustix::net::send(&channel, nonsense.as_bytes(), rustix::net::SendFlags::NOSIGNAL).unwrap();
        drop(channel);
        let gone = until(PATIENCE, || (!service.workers().contains(&worker)).then_some(()));
        assert!(gone.is_some(), "{nonsense}: {worker} is still there");
        let mut fresh = Tftp::ask(service.serve.tftp, "a");
        fresh.step(100);
        assert!(fresh.got == content.octets(), "{nonsense}");
    }
    let said = service.serve.process.said().err.join("\n");
    assert!(said.matches("says what cannot be read").count() == 4, "{said}");
    assert_eq!(service.end().code(), 0);
}
