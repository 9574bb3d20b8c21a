use super::*;
use crate::exit::Exit;
use crate::monitor::{Here, Mandate};
use crate::sinks::Present;
use gate::audit::{Event, What};
use gate::{Direction, Gate, Policy, Progress, Protocol};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;
use store::VPath;

fn started(path: &Path) -> (Control, Arc<Present>) {
    let present = Arc::new(Present::default());
    let (gate, _events) = Gate::new(Arc::new(store::memory::Memory::new()), Policy::default());
    let privileged = Arc::new(Here::new(Mandate::default()));
    let desk = Desk { present: present.clone(), privileged, gate, listening: Vec::new() };
    let control = Control::start(listen(path).unwrap(), desk).unwrap();
    (control, present)
}

fn event(session: u64, protocol: Protocol, user: Option<&str>, what: What) -> Event {
    let peer = SocketAddr::from(([10, 0, 0, 7], 4_711));
    let (protocol, peer, user) = (Some(protocol), Some(peer), user.map(String::from));
    Event { seq: 1, at: SystemTime::now(), session, protocol, peer, user, what }
}

fn asked(path: &Path, request: &Request) -> Vec<Answer> {
    let mut answers = Vec::new();
    ask(path, request, |answer: Answer| answers.push(answer)).unwrap();
    answers
}

#[test]
fn who_has_the_sessions_and_transfers_that_are_not_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control.sock");
    let (_control, present) = started(&path);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    let pong = asked(&path, &Request::Ping);
    assert!(matches!(&pong[..], [Answer::Pong { pid, .. }] if *pid == std::process::id()), "{pong:?}");

    let file = VPath::parse(b"/images/a.bin").unwrap();
    let (len, progress) = (Some(700), Progress::new(Some(700)));
    let begun =
        What::Started { transfer: 9, path: file, dir: Direction::Read, len, progress: progress.clone() };
    present.see(&event(3, Protocol::Ftp, Some("bob"), What::Admitted));
    present.see(&event(4, Protocol::Ftp, Some("eve"), What::Admitted));
    present.see(&event(4, Protocol::Ftp, Some("eve"), What::Left));
    present.see(&event(5, Protocol::Tftp, None, What::Admitted));
    present.see(&event(5, Protocol::Tftp, None, begun));
    progress.add(512);
    let who = asked(&path, &Request::Who);
    let [Answer::Session { session: 3, user: Some(user), .. }, Answer::Transfer { .. }] = &who[..] else {
        panic!("{who:?}");
    };
    assert_eq!(user, "bob");
    let Answer::Transfer { session, transfer, protocol, path: file, octets, total, .. } = &who[1] else {
        panic!()
    };
    assert_eq!((*session, *transfer, protocol.as_str()), (5, 9, "tftp"));
    assert_eq!((*octets, *total), (512, Some(700)));
    assert_eq!(file, "/images/a.bin");
}

#[test]
fn what_is_no_request_is_refused_with_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control.sock");
    let (_control, _present) = started(&path);
    for line in ["\n", "{}\n", "{\"ask\":\"dance\"}\n", "\u{ff}\n"] {
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let Answer::Fault(Fault { exit, what, .. }) = serde_json::from_str(&answer).unwrap() else {
            panic!("{answer}")
        };
        assert_eq!(exit, Exit::Usage.code(), "{what}");
        assert!(what.contains("does not know the request"), "{what}");
    }
}

#[test]
fn the_socket_of_a_dead_server_is_replaced_and_that_of_a_living_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control.sock");
    let (control, _) = started(&path);
    let failure = listen(&path).expect_err("one lives");
    assert_eq!(failure.exit, Exit::Local);
    assert!(failure.what.contains("another towline serve"), "{failure}");
    drop(control);
    let unanswered = ask(&path, &Request::Ping, |_: Answer| {}).expect_err("it has ended");
    assert_eq!(unanswered.exit, Exit::Unreachable, "{unanswered}");
    let (_control, _) = started(&path);
    assert_eq!(asked(&path, &Request::Ping).len(), 1);
    let absent = ask(&dir.path().join("no.sock"), &Request::Ping, |_: Answer| {}).expect_err("there is none");
    assert_eq!(absent.exit, Exit::Unreachable);
    let file = dir.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    assert!(listen(&file).is_err());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine", "no file is taken for a socket");
}

#[test]
fn bans_are_set_listed_and_lifted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control.sock");
    let (_control, _present) = started(&path);
    let ban =
        |net: &str, seconds| Request::Ban { net: net.into(), seconds, reason: "scans".into(), kick: true };
    assert_eq!(asked(&path, &ban("192.0.2.0/24", Some(3_600))), [Answer::Sessions { count: 0 }]);
    asked(&path, &ban("2001:db8::7", None));
    let bans = asked(&path, &Request::Bans);
    let [
        Answer::Ban { net: v4, seconds: Some(3_590..=3_600), until: Some(_), by, reason },
        Answer::Ban { net: v6, .. },
    ] = &bans[..]
    else {
        panic!("{bans:?}");
    };
    assert_eq!((v4.as_str(), v6.as_str(), reason.as_str()), ("192.0.2.0/24", "2001:db8::7", "scans"));
    assert_eq!(by, &format!("uid {}", rustix::process::getuid().as_raw()));
    asked(&path, &Request::Unban { net: "192.0.2.0/24".into() });
    assert_eq!(asked(&path, &Request::Bans).len(), 1);
    for (request, what) in [
        (Request::Unban { net: "192.0.2.7".into() }, "there is no such ban"),
        (Request::Unban { net: "here".into() }, "is no network"),
        (Request::Kick { session: 99 }, "there is no such session"),
        (Request::KickFrom { net: "192.0.2.7".into() }, "no session is from there"),
    ] {
        let why = ask(&path, &request, |_: Answer| ()).unwrap_err();
        assert_eq!(why.what, what, "{request:?}");
    }
}
