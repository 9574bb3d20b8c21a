//! Sessions with a server that says what it is told to.

use super::Session;
use crate::{ClientError, Options, Remote, Scheme, Type};
use ftp_proto::client::Way;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use store::Sink;

/// What is asked, by its beginning, and what is answered; `DATA` in it gives a port, `!` sends five octets there first, `!TEXT!`
/// a text.
type Script = &'static [(&'static str, &'static str)];

const LOGIN: (&str, &str) = ("USER ", "230 in");

/// A server with a script for each connection; its thread ends with the last of them.
fn server(scripts: &'static [Script]) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        for script in scripts {
            let (stream, _) = listener.accept().unwrap();
            play(stream, script);
        }
    });
    (at, thread)
}

fn play(mut stream: TcpStream, script: Script) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let data = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = data.local_addr().unwrap().port();
    for (asked, answer) in script {
        if !asked.is_empty() {
            let line = lines.next().and_then(Result::ok).unwrap_or_default();
            assert!(line.starts_with(asked), "{asked:?} is expected, not {line:?}");
        }
        let place = format!("127,0,0,1,{},{}", port >> 8, port & 255);
        let answer = answer.replace("DATA", &place);
        match answer.strip_prefix('!') {
            Some(answer) => {
                let (octets, answer) = answer.split_once('!').unwrap_or(("12345", answer));
                write!(stream, "150 here\r\n").unwrap();
                data.accept().unwrap().0.write_all(octets.as_bytes()).unwrap();
                write!(stream, "{answer}\r\n").unwrap();
            }
            None => write!(stream, "{answer}\r\n").unwrap(),
        }
    }
}

fn remote(at: SocketAddr) -> Remote {
    Remote {
        scheme: Scheme::Ftp,
        user: Some(String::from("u")),
        password: None,
        host: at.ip().to_string(),
        port: Some(at.port()),
        path: Vec::new(),
        kind: Type::Image,
    }
}

struct Kept(Vec<u8>);

impl Sink for Kept {
    fn write_at(&mut self, _: u64, octets: &[u8]) -> std::io::Result<()> {
        self.0.extend(octets);
        Ok(())
    }
}

#[test]
fn a_server_that_is_busy_is_asked_again_and_somebody_hears_of_it() {
    let (at, thread) = server(&[
        &[("", "421 too many")],
        &[("", "220 hi"), ("USER ", "421 still too many")],
        &[("", "220 hi"), LOGIN, ("QUIT", "221 bye")],
    ]);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let mut options = Options::default();
    options.ftp.busy = Duration::from_millis(80);
    let hears = heard.clone();
    options.on_busy = Some(Arc::new(move |busy| hears.lock().unwrap().push(busy.text.to_owned())));
    drop(Session::open(&remote(at), &options).unwrap());
    thread.join().unwrap();
    assert_eq!(*heard.lock().unwrap(), ["421 too many", "421 still too many"]);
}

#[test]
fn patience_with_a_busy_server_ends() {
    let (at, thread) = server(&[&[("", "421 no")], &[("", "421 no")], &[("", "421 no")], &[("", "421 no")]]);
    let mut options = Options::default();
    options.ftp.busy = Duration::from_millis(8);
    assert!(matches!(Session::open(&remote(at), &options), Err(ClientError::Server { .. })));
    thread.join().unwrap();
}

#[test]
fn a_server_that_went_meanwhile_is_reached_again() {
    let (at, thread) = server(&[
        &[("", "220 hi"), LOGIN, ("MKD a", "257 made"), ("", "421 idle for too long")],
        &[("", "220 hi"), LOGIN, ("MKD b", "257 made"), ("QUIT", "221 bye")],
    ]);
    let mut session = Session::open(&remote(at), &Options::default()).unwrap();
    session.make_dir(b"a").unwrap();
    session.make_dir(b"b").unwrap();
    drop(session);
    thread.join().unwrap();
}

#[test]
fn a_server_that_goes_before_it_has_done_anything_is_not_asked_without_end() {
    let (at, thread) = server(&[&[("", "220 hi"), LOGIN, ("MKD a", "421 going down")]]);
    let mut session = Session::open(&remote(at), &Options::default()).unwrap();
    assert!(matches!(session.make_dir(b"a"), Err(ClientError::Server { .. })));
    assert!(session.is_over());
    thread.join().unwrap();
}

#[test]
fn the_way_that_worked_is_remembered_for_the_host() {
    let (at, thread) = server(&[
        &[
            ("", "220 hi"),
            LOGIN,
            ("TYPE I", "200 ok"),
            ("SIZE f", "213 5"),
            ("EPSV", "500 what?"),
            ("PASV", "227 (DATA)"),
            ("RETR f", "!226 done"),
            ("SIZE g", "550 no"),
            ("PASV", "227 (DATA)"),
            ("RETR g", "550 no"),
            ("QUIT", "221 bye"),
        ],
        &[
            ("", "220 hi"),
            LOGIN,
            ("TYPE I", "200 ok"),
            ("SIZE f", "213 5"),
            ("PASV", "227 (DATA)"),
            ("RETR f", "!226 done"),
            ("QUIT", "221 bye"),
        ],
    ]);
    let options = Options::default();
    let get = |session: &mut Session| {
        let mut kept = Kept(Vec::new());
        session.get(b"f", 0, &mut kept).unwrap();
        assert_eq!(kept.0, b"12345");
    };
    let mut session = Session::open(&remote(at), &options).unwrap();
    get(&mut session);
    assert!(matches!(session.get(b"g", 0, &mut Kept(Vec::new())), Err(ClientError::Absent { .. })));
    drop(session);
    assert_eq!(options.hosts.way(at), Some(Way::Pasv));
    get(&mut Session::open(&remote(at), &options).unwrap());
    thread.join().unwrap();
}

#[test]
fn digests_and_times_are_asked_as_the_server_announces_them() {
    let (at, thread) = server(&[
        &[
            ("", "220 hi"),
            LOGIN,
            ("FEAT", "211-f\r\n HASH MD5;SHA-256*\r\n XSHA512\r\n MFMT\r\n MLST type*;\r\n211 e"),
            ("OPTS HASH MD5", "200 MD5"),
            ("HASH f", "213 MD5 0-5 00112233445566778899aabbccddeeff f"),
            ("XSHA512 f", "550 no"),
            ("MFMT 19700101000001 f", "213 Modify=19700101000001; f"),
            ("MLST f", "250-\r\n type=file;size=7;modify=19700101000002;UNIX.mode=0640; f\r\n250 end"),
            ("QUIT", "221 bye"),
        ],
        &[
            ("", "220 hi"),
            LOGIN,
            ("FEAT", "502 what?"),
            ("MDTM 19700101000001 f", "550 no such file"),
            ("QUIT", "221 bye"),
        ],
    ]);
    let mut session = Session::open(&remote(at), &Options::default()).unwrap();
    assert_eq!(session.hash(b"f", "md5").unwrap().unwrap()[..2], [0x00, 0x11]);
    assert!(session.hash(b"f", "sha512").is_err());
    session.set_modified(b"f", 1).unwrap();
    let attrs = session.stat(b"f").unwrap();
    assert_eq!((attrs.size, attrs.mode), (Some(7), Some(0o100_640)));
    drop(session);
    let mut session = Session::open(&remote(at), &Options::default()).unwrap();
    assert_eq!(session.hash(b"f", "md5").unwrap(), None);
    let no = session.set_modified(b"f", 1);
    assert!(matches!(no, Err(ClientError::Local(e)) if e.kind() == std::io::ErrorKind::Unsupported));
    assert!(session.set_modified(b"f", 1).is_err(), "and is not asked again");
    drop(session);
    thread.join().unwrap();
}

#[test]
fn files_that_are_copied_one_after_the_other_share_a_login_until_the_server_goes() {
    let (at, thread) = server(&[
        &[
            ("", "220 hi"),
            LOGIN,
            ("TYPE I", "200 ok"),
            ("SIZE f", "213 5"),
            ("EPSV", "500 what?"),
            ("PASV", "227 (DATA)"),
            ("RETR f", "!226 done"),
            ("SIZE g", "550 no"),
            ("PASV", "227 (DATA)"),
            ("RETR g", "550 no"),
            ("SIZE f", "213 5"),
            ("PASV", "227 (DATA)"),
            ("RETR f", "!421 done, and tired"),
        ],
        &[
            ("", "220 hi"),
            LOGIN,
            ("TYPE I", "200 ok"),
            ("SIZE f", "213 5"),
            ("PASV", "227 (DATA)"),
            ("RETR f", "!226 done"),
            ("QUIT", "221 bye"),
        ],
    ]);
    let options = Options { kept: Some(Arc::default()), ..Options::default() };
    let get = |name: &[u8]| {
        let mut kept = Kept(Vec::new());
        let of = Remote { path: name.to_vec(), ..remote(at) };
        crate::get(&of, &mut kept, &options).map(|done| assert_eq!(done.octets, kept.0.len() as u64))
    };
    get(b"f").unwrap();
    assert!(matches!(get(b"g"), Err(ClientError::Absent { .. })));
    assert!(matches!(get(b"f"), Err(ClientError::Server { .. })));
    get(b"f").unwrap();
    drop(options);
    thread.join().unwrap();
}

/// A file that may be written in any order.
struct Scattered(std::fs::File, Arc<Mutex<Vec<u64>>>);

impl Sink for Scattered {
    fn write_at(&mut self, _: u64, _: &[u8]) -> std::io::Result<()> {
        panic!("it is written by its descriptor")
    }

    fn fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        Some(std::os::fd::AsFd::as_fd(&self.0))
    }

    fn scatter(&mut self) -> std::io::Result<bool> {
        Ok(true)
    }

    fn gather(&mut self, len: u64) -> std::io::Result<()> {
        self.1.lock().unwrap().push(len);
        Ok(())
    }
}

/// Over two sessions, of which the second one is never greeted.
fn scattered(script: &'static [Script]) -> (Result<u64, ClientError>, Vec<u64>) {
    let (at, thread) = server(script);
    let mut options = Options::default();
    options.ftp.segments = super::Segments::Exactly(2);
    options.ftp.passive = crate::Passive::PasvOnly;
    let gathered = Arc::default();
    let mut sink = Scattered(tempfile::tempfile().unwrap(), Arc::clone(&gathered));
    let of = Remote { path: b"f".to_vec(), ..remote(at) };
    let done = crate::get(&of, &mut sink, &options).map(|done| done.octets);
    thread.join().unwrap();
    let gathered = gathered.lock().unwrap().clone();
    (done, gathered)
}

#[test]
fn a_file_that_changes_between_its_ranges_is_no_file() {
    let (done, gathered) = scattered(&[&[
        ("", "220 hi"),
        LOGIN,
        ("TYPE I", "200 ok"),
        ("SIZE f", "213 2097152"),
        ("MDTM f", "213 20260101000000"),
        ("FEAT", "502 what?"),
        ("SIZE f", "213 2097153"),
        ("PASV", "227 (DATA)"),
        ("RETR f", "!226 done"),
        ("QUIT", "221 bye"),
    ]]);
    let why = done.unwrap_err();
    assert!(matches!(why, ClientError::Changed { .. }), "{why}");
    assert!(why.to_string().contains("had 2097152 octets and has 2097153"), "{why}");
    assert_eq!(gathered, [0], "nothing of it is worth to be gone on with");
}

#[test]
fn what_came_of_a_broken_file_without_a_gap_is_its_beginning() {
    let (done, gathered) = scattered(&[&[
        ("", "220 hi"),
        LOGIN,
        ("TYPE I", "200 ok"),
        ("SIZE f", "213 2097152"),
        ("MDTM f", "500 what?"),
        ("FEAT", "502 what?"),
        ("SIZE f", "213 2097152"),
        ("PASV", "227 (DATA)"),
        ("RETR f", "!226 done"),
        ("QUIT", "221 bye"),
    ]]);
    assert!(matches!(done, Err(ClientError::Truncated { expected: 1_048_576, found: 5 })), "{done:?}");
    assert_eq!(gathered, [5]);
}

/// Pure-FTPd lists `.` and `..` by MLSD, and nothing by LIST where there are spaces in a path.
#[test]
fn an_empty_directory_does_not_show_that_mlsd_is_of_no_use() {
    let (at, thread) = server(&[&[
        ("", "220 hi"),
        LOGIN,
        ("FEAT", "211-f\r\n MLST type*;\r\n211 e"),
        ("TYPE A", "200 ok"),
        ("PASV", "227 (DATA)"),
        ("MLSD e", "!type=cdir; .\r\ntype=pdir; ..\r\n!226 done"),
        ("PASV", "227 (DATA)"),
        ("MLSD d d", "!type=cdir; .\r\ntype=file; f f\r\n!226 done"),
        ("QUIT", "221 bye"),
    ]]);
    let mut options = Options::default();
    options.ftp.passive = crate::Passive::PasvOnly;
    let mut session = Session::open(&remote(at), &options).unwrap();
    assert_eq!(session.list(b"e").unwrap(), []);
    let names: Vec<_> = session.list(b"d d").unwrap().into_iter().map(|listed| listed.name).collect();
    assert_eq!(names, [b"f f"]);
    drop(session);
    thread.join().unwrap();
}

#[test]
fn a_session_that_is_somewhere_else_is_not_gone_on_with() {
    let (at, thread) = server(&[
        &[
            ("", "220 hi"),
            LOGIN,
            ("FEAT", "502 no"),
            ("TYPE A", "200 ok"),
            ("PWD", "257 \"/h\""),
            ("CWD d d", "250 there"),
            ("PASV", "227 (DATA)"),
            ("LIST", "!-rw-r--r-- 1 u g 5 Jan 01 2026 f f\r\n!226 done"),
            ("CWD /h", "550 gone"),
        ],
        &[("", "220 hi"), LOGIN, ("MKD a", "257 made"), ("QUIT", "221 bye")],
    ]);
    let mut options = Options::default();
    options.ftp.passive = crate::Passive::PasvOnly;
    let mut session = Session::open(&remote(at), &options).unwrap();
    let names: Vec<_> = session.list(b"d d").unwrap().into_iter().map(|listed| listed.name).collect();
    assert_eq!(names, [b"f f"]);
    session.make_dir(b"a").unwrap();
    drop(session);
    thread.join().unwrap();
}

/// What is said of the first three octets, by a server that has HASH and RANG only.
fn compared(script: &'static [Script]) -> crate::ftp::Beginning {
    let (at, thread) = server(script);
    let blob = store::Blob::Memory(bytes::Bytes::from_static(b"abc"));
    let digest = |algorithm: &str, _: &store::Blob, octets: u64| {
        assert_eq!((algorithm, octets), ("md5", 3));
        Ok(String::from("00112233445566778899aabbccddeeff"))
    };
    let ours = crate::ftp::Ours { blob: &blob, is_fetched: true, since: None, digest: &digest };
    let of = Remote { path: b"f".to_vec(), ..remote(at) };
    let found = ours.compare(&of, &Options::default()).unwrap();
    thread.join().unwrap();
    found
}

macro_rules! hashed {
    ($said:literal) => {
        &[&[
            ("", "220 hi"),
            LOGIN,
            ("TYPE I", "200 ok"),
            ("SIZE f", "213 5"),
            ("MDTM f", "213 20260101000000"),
            ("FEAT", "211-f\r\n HASH MD5\r\n RANG STREAM\r\n211 e"),
            ("OPTS HASH MD5", "200 MD5"),
            ("RANG 0 2", "350 ok"),
            ("HASH f", $said),
            ("RANG 1 0", "350 none"),
            ("QUIT", "221 bye"),
        ]]
    };
}

#[test]
fn a_digest_counts_where_it_is_of_the_part_that_was_asked_for() {
    use crate::ftp::Beginning;
    let same = compared(hashed!("213 MD5 0-2 00112233445566778899aabbccddeeff f"));
    assert_eq!(same, Beginning::Same);
    let other = compared(hashed!("213 MD5 0-2 ff112233445566778899aabbccddeeff f"));
    assert!(matches!(other, Beginning::Differs(_)));
    let whole = compared(hashed!("213 MD5 0-5 ff112233445566778899aabbccddeeff f"));
    assert_eq!(whole, Beginning::Unknown);
    assert_eq!(compared(hashed!("550 no")), Beginning::Unknown);
}
