//! A whole service, sandboxed, that sends its events on as RFC 5424 messages.

use e2e::content::Content;
use e2e::poll::{PATIENCE, until};
use e2e::process::run;
use e2e::service::Service;
use e2e::towline::command;
use std::cell::RefCell;
use std::io::Read;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;

/// Fetches a file from a service with this place for syslog, until `heard` has the message of the transfer's end.
fn fetched_and_told(place: &str, mut heard: impl FnMut() -> Option<String>) {
    let service = Service::start(&format!("[audit]\nsyslog = \"{place}\"\n"), &[]);
    let content = Content::random(3_001);
    content.write(&service.path("root/a")).unwrap();
    let url = format!("tftp://{}/a", service.serve.tftp);
    let copied = run(command().args(["copy", "--quiet", &url]).arg(service.path("copy")));
    assert_eq!(copied.code(), 0, "{copied:?}");
    let said = RefCell::new(Vec::new());
    let end = until(PATIENCE, || {
        let message = heard()?;
        said.borrow_mut().push(message.clone());
        message.contains(" ended [").then_some(message)
    });
    let end = end.unwrap_or_else(|| panic!("{place}: no end among {:?}", said.borrow()));
    // PRI: facility 3, severity 6.
    assert!(
        end.starts_with("<30>1 ") && end.contains(" path=\"/a\"") && end.contains("verdict=\"complete\"")
    );
    let json = &end[end.find("] {").expect("JSON behind the data") + 2..];
    let event: serde_json::Value = serde_json::from_str(json).expect("JSON");
    assert_eq!((&event["event"], &event["octets"]), (&"ended".into(), &3_001.into()));
    assert_eq!(service.end().code(), 0);
}

#[test]
fn over_udp_to_a_name_that_the_worker_looks_up_in_its_sandbox() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut octets = [0; 4_096];
    fetched_and_told(&format!("udp://localhost:{}", socket.local_addr().unwrap().port()), || {
        let n = socket.recv(&mut octets).ok()?;
        Some(String::from_utf8(octets[..n].to_vec()).unwrap())
    });
}

#[test]
fn to_a_local_socket() {
    let dir = e2e::scratch();
    let path = dir.path().join("log");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut octets = [0; 4_096];
    fetched_and_told(&format!("unix:{}", path.display()), || {
        let n = socket.recv(&mut octets).ok()?;
        Some(String::from_utf8(octets[..n].to_vec()).unwrap())
    });
}

#[test]
fn over_tcp_by_a_connection_that_the_monitor_makes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut stream: Option<TcpStream> = None;
    let mut waiting = Vec::new();
    fetched_and_told(&format!("tcp://localhost:{}", listener.local_addr().unwrap().port()), || {
        if stream.is_none() {
            stream = listener.accept().ok().map(|(stream, _)| stream);
            stream.as_ref()?.set_nonblocking(true).unwrap();
        }
        // Nothing there yet, as far as it goes: the rest comes the next time.
        let _would_block = stream.as_mut()?.read_to_end(&mut waiting);
        // RFC 6587 §3.4.1: MSG-LEN SP SYSLOG-MSG.
        let space = waiting.iter().position(|b| *b == b' ')?;
        let len: usize = std::str::from_utf8(&waiting[..space]).unwrap().parse().unwrap();
        (waiting.len() > space + len).then(|| {
            let rest = waiting.split_off(space + 1 + len);
            let message = std::mem::replace(&mut waiting, rest).split_off(space + 1);
            String::from_utf8(message).unwrap()
        })
    });
}
