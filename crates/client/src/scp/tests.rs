//! The driver against scripted far ends that lie, and against OpenSSH's scp on pipes, where it is installed.

use super::get::{self, Got};
use super::line::{Line, Stop};
use super::put::{self, Announced};
use super::there;
use crate::around::Around;
use crate::{ClientError, ScpOptions, Times, WireCode};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use store::{Blob, Sink};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::net::unix::pipe;
use transport::Cancel;
use transport::octets::Piped;

/// Where octets go to.
#[derive(Default)]
struct Memory(Vec<u8>);

impl Sink for Memory {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        assert_eq!(offset, self.0.len() as u64, "in order");
        self.0.extend_from_slice(octets);
        Ok(())
    }
}

fn around() -> Around {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    Around { local: any, peer: any, tap: None, cancel: None, patience: Duration::from_secs(60) }
}

pub(super) fn block_on<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(what)
}

pub(super) type Ends = Line<Piped<ReadHalf<DuplexStream>>, Piped<WriteHalf<DuplexStream>>>;

/// A line with `room` octets on the way, and its far end.
pub(super) fn line(room: usize) -> (Ends, DuplexStream) {
    let (here, there) = tokio::io::duplex(room);
    let (input, output) = tokio::io::split(here);
    (Line::new(Piped::new(input), Piped::new(output), around()), there)
}

/// Fetches `path` of a far end that says this and ends.
fn told(path: &str, script: &[u8]) -> (Result<Got, Stop>, Vec<u8>) {
    block_on(async {
        let (mut line, mut far) = line(1 << 20);
        far.write_all(script).await.unwrap();
        far.shutdown().await.unwrap();
        let mut sink = Memory::default();
        let result = get::run(&mut line, path.as_bytes(), &mut sink).await;
        (result, sink.0)
    })
}

fn error(result: Result<Got, Stop>) -> ClientError {
    match result {
        Err(Stop::Error(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_file_that_was_asked_for_is_taken() {
    for (path, name) in [
        ("/a/x", "x"),
        ("x", "x"),
        ("flash:x.bin", "x.bin"),
        ("flash:x.bin", "flash:x.bin"),
        ("flash:/d/x.bin", "x.bin"),
        ("a b", "a b"),
    ] {
        let (result, got) = told(path, format!("C0644 3 {name}\nabc\0").as_bytes());
        assert_eq!((result.unwrap().octets, &got[..]), (3, &b"abc"[..]), "{path} {name}");
    }
    for name in ["y", ".ssh", "x.bin", "X", "..", ".", "/etc/passwd", "../x", "a/x", ""] {
        let (result, got) = told("/a/x", format!("C0644 3 {name}\nabc\0").as_bytes());
        let error = error(result);
        assert!(matches!(error, ClientError::Protocol { .. }), "{name}: {error}");
        assert!(got.is_empty(), "{name}");
    }
    let (result, _) = told("/a/x", b"C0644 3 \x1b[2Jy\nabc\0");
    let words = error(result).to_string();
    assert!(words.contains("expected the file '/a/x', and it sends '\\x1b[2Jy'"), "{words}");
}

#[test]
fn a_source_that_says_another_size_is_found_out() {
    let (result, got) = told("x", b"C0644 5 x\nabc");
    assert!(matches!(error(result), ClientError::Truncated { expected: 5, found: 3 }));
    assert_eq!(got, b"abc");
    // The 0 behind its three octets is a fourth.
    let (result, _) = told("x", b"C0644 5 x\nabc\0");
    assert!(matches!(error(result), ClientError::Truncated { expected: 5, found: 4 }));
    let (result, _) = told("x", b"C0644 2 x\nabc\0");
    let words = error(result).to_string();
    assert!(words.contains("expected no more than the 2 octets that it announced"), "{words}");
    // No more than came is ever held.
    let (result, got) = told("x", b"C0644 9223372036854775807 x\nabc");
    assert!(matches!(
        error(result),
        ClientError::Truncated { expected: 9_223_372_036_854_775_807, found: 3 }
    ));
    assert_eq!(got, b"abc");
    for size in ["9223372036854775808", "-1", "x"] {
        let (result, _) = told("x", format!("C0644 {size} x\nabc").as_bytes());
        assert!(matches!(error(result), ClientError::Protocol { .. }), "{size}");
    }
}

#[test]
fn what_the_far_end_says_is_whose_fault_it_is() {
    let says = |script: &[u8]| error(told("/d/x", script).0);
    let absent = says(b"\x01scp: /d/x: No such file or directory\n");
    let ClientError::Absent { code: WireCode::Scp(1), text } = absent else { panic!("{absent}") };
    assert_eq!(text, "/d/x: No such file or directory");
    assert!(matches!(says(b"\x01/d/x: Permission denied\n"), ClientError::Denied { .. }));
    assert!(matches!(says(b"\x01Privilege denied.\n"), ClientError::Denied { .. }));
    assert!(matches!(says(b"\x02scp: gone\n"), ClientError::Server { code: WireCode::Scp(2), .. }));
    assert!(matches!(says(b"\x01scp: /d/x: not a regular file\n"), ClientError::Server { .. }));
    // What it could not read is not the file.
    let broken = says(b"C0644 3 x\nabc\x01scp: /d/x: Input/output error\n");
    assert!(matches!(broken, ClientError::Server { .. }), "{broken}");
    let terminal = says(b"\x02\x1b]0;x\x07\x1b[2J\n").to_string();
    assert!(!terminal.contains('\x1b') && !terminal.contains('\x07'), "{terminal:?}");
    assert!(says(b"D0755 0 x\n").to_string().contains("it sends a directory"));
    let greeting = says(b"Welcome to host\nC0644 3 x\nabc\0").to_string();
    assert!(greeting.contains("prints a greeting"), "{greeting}");
    let only_sftp = says(b"This service allows sftp connections only.\n").to_string();
    assert!(only_sftp.contains("sftp://"), "{only_sftp}");
    assert!(matches!(told("x", b"").0, Err(Stop::Ended)));
}

/// Puts `len` octets as `x` to a far end that does what `sink` does.
fn put_to<F: Future<Output = ()>>(len: usize, sink: impl FnOnce(DuplexStream) -> F) -> Result<(), Stop> {
    block_on(async {
        let (mut line, far) = line(4_096);
        let announced = Announced::new(len as u64, b"/d/x", &ScpOptions::default()).unwrap();
        let blob = Blob::Memory(vec![7; len].into());
        let mut putting = std::pin::pin!(put::run(&mut line, &blob, &announced));
        tokio::select! {
            result = &mut putting => result,
            () = sink(far) => putting.await,
        }
    })
}

/// Reads up to the end of a line.
async fn read_line(far: &mut DuplexStream) -> String {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        line.push(far.read_u8().await.unwrap());
    }
    String::from_utf8(line).unwrap()
}

#[test]
fn a_sink_that_has_enough_is_heard_at_once() {
    let accept = async |far: &mut DuplexStream| {
        far.write_all(b"\0").await.unwrap();
        assert!(read_line(far).await.starts_with("C0644 "));
        far.write_all(b"\0").await.unwrap();
    };
    // In the middle, and it reads no more: a million octets do not fit on the way.
    let full = put_to(1_000_000, async |mut far| {
        accept(&mut far).await;
        far.read_exact(&mut [0; 10]).await.unwrap();
        far.write_all(b"\x01scp: /d/x: No space left on device\n").await.unwrap();
        // Until the client is gone.
        std::future::pending().await
    });
    assert!(matches!(full, Err(Stop::Error(ClientError::NoSpace { .. }))), "{full:?}");
    // It goes in the middle.
    let gone = put_to(1_000_000, async |mut far| {
        accept(&mut far).await;
        far.read_exact(&mut [0; 10]).await.unwrap();
    });
    assert!(matches!(gone, Err(Stop::Ended)), "{gone:?}");
    // It refuses before there is any content, and says so behind all of it.
    let refused = put_to(3, async |mut far| {
        far.write_all(b"\0").await.unwrap();
        read_line(&mut far).await;
        far.write_all(b"\x01scp: /d/x: Permission denied\n").await.unwrap();
        assert_eq!(far.read(&mut [0; 9]).await.unwrap(), 0, "no content of what is refused");
    });
    assert!(matches!(refused, Err(Stop::Error(ClientError::Denied { .. }))), "{refused:?}");
    let late = put_to(3, async |mut far| {
        accept(&mut far).await;
        far.read_exact(&mut [0; 4]).await.unwrap();
        far.write_all(b"\x01scp: /d/x: Disk quota exceeded\n").await.unwrap();
        std::future::pending().await
    });
    assert!(matches!(late, Err(Stop::Error(ClientError::NoSpace { .. }))), "{late:?}");
    let other = put_to(3, async |mut far| far.write_all(b"Last login: today\n").await.unwrap());
    let Err(Stop::Error(other)) = other else { panic!("{other:?}") };
    assert!(other.to_string().contains("prints a greeting"), "{other}");
}

#[test]
fn an_acknowledgement_that_comes_early_is_one() {
    let early = put_to(300_000, async |mut far| {
        far.write_all(b"\0\0\0").await.unwrap();
        assert_eq!(read_line(&mut far).await, "C0644 300000 x\n");
        let mut all = vec![0; 300_001];
        far.read_exact(&mut all).await.unwrap();
        assert_eq!(all[299_999..], [7, 0]);
        std::future::pending().await
    });
    assert!(early.is_ok(), "{early:?}");
}

#[test]
fn a_cancel_ends_it_and_silence_does() {
    let cancel = Cancel::new().unwrap();
    cancel.cancel();
    let silent = Around { patience: Duration::ZERO, ..around() };
    for (around, wanted) in [(Around { cancel: Some(cancel), ..around() }, "interrupted"), (silent, "silent")]
    {
        let stop = block_on(async {
            let (here, _far) = tokio::io::duplex(4_096);
            let (input, output) = tokio::io::split(here);
            let mut line = Line::new(Piped::new(input), Piped::new(output), around);
            get::run(&mut line, b"x", &mut Memory::default()).await
        });
        let words = error(stop).to_string();
        assert!(words.contains(wanted), "{words}");
    }
}

#[test]
fn names_that_cannot_be_sent_are_refused_before_anything_is_asked() {
    let name = |path: &str, name: Option<&str>| {
        let options = ScpOptions { name: name.map(|n| n.as_bytes().to_vec()), ..ScpOptions::default() };
        Announced::new(1, path.as_bytes(), &options).is_ok()
    };
    assert!(name("/d/x", None) && name("flash:x", None) && name("/d/", Some("x")));
    assert!(name("/d/x", Some("a\nb")), "what it is called here does not matter where the path names it");
    assert!(
        !name("/d/", None) && !name("/d/..", None) && !name("/d/a\nb", None) && !name("/d/", Some("a\nb"))
    );
}

#[test]
fn devices_and_drives_have_no_slash_before_them() {
    for (path, read) in [
        ("/flash:x.bin", "flash:x.bin"),
        ("/flash0:/d/x.bin", "flash0:/d/x.bin"),
        ("/C:/x", "C:/x"),
        ("/a/b:c", "/a/b:c"),
        ("/a b:c", "/a b:c"),
        ("/:x", "/:x"),
        ("/x", "/x"),
        ("x:y", "x:y"),
    ] {
        assert_eq!(there(path.as_bytes()), read.as_bytes(), "{path}");
    }
}

/// Runs what is done with OpenSSH's scp at the other end of two pipes; nothing where it is not installed.
fn with_scp<T>(
    dir: &Path,
    arguments: &[&str],
    act: impl AsyncFnOnce(&mut Line<Piped<pipe::Receiver>, Piped<pipe::Sender>>) -> T,
) -> Option<T> {
    let of_target = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/peers/root/usr/bin/scp");
    let places = ["/usr/bin/scp", of_target];
    let Some(program) = places.into_iter().find(|place| Path::new(place).exists()) else {
        eprintln!("skipped: none of {places:?} is installed");
        return None;
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let (input, output) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
    let result = block_on(async {
        let input = pipe::Receiver::from_owned_fd(OwnedFd::from(input)).unwrap();
        let output = pipe::Sender::from_owned_fd(OwnedFd::from(output)).unwrap();
        act(&mut Line::new(Piped::new(input), Piped::new(output), around())).await
    });
    child.wait().unwrap();
    Some(result)
}

#[test]
fn files_go_to_openssh_and_come_back() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path();
    for len in [0, 1, 262_144, 3_000_001] {
        let content: Vec<u8> = (0..len).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let times = Times { accessed: 1_100_000_000, modified: 1_000_000_000 };
        let options = ScpOptions { mode: Some(0o640), times: Some(times), ..ScpOptions::default() };
        let name = format!("it's {len}");
        let path = dir.join(&name);
        let announced = Announced::new(len.into(), name.as_bytes(), &options).unwrap();
        let blob = Blob::Memory(content.clone().into());
        let put = with_scp(dir, &["-p", "-t", &name], async |line| put::run(line, &blob, &announced).await);
        let Some(put) = put else { return };
        put.unwrap();
        assert!(fs::read(&path).unwrap() == content, "{len} octets");
        let facts = path.metadata().unwrap();
        assert_eq!((facts.mtime(), facts.permissions().mode() & 0o777), (1_000_000_000, 0o640));
        let mut sink = Memory::default();
        let got = with_scp(dir, &["-p", "-f", &name], async |line| {
            get::run(line, name.as_bytes(), &mut sink).await
        });
        let got = got.expect("it was there before").unwrap();
        assert_eq!((got.octets, got.times.unwrap().modified), (len.into(), 1_000_000_000));
        assert!(sink.0 == content, "{len} octets");
    }
    // What is a directory gets the file by its name here.
    fs::create_dir(dir.join("d")).unwrap();
    let options = ScpOptions { name: Some(b"y".to_vec()), ..ScpOptions::default() };
    let announced = Announced::new(1, b"d", &options).unwrap();
    let blob = Blob::Memory(vec![1].into());
    with_scp(dir, &["-t", "d"], async |line| put::run(line, &blob, &announced).await).unwrap().unwrap();
    assert_eq!(fs::read(dir.join("d/y")).unwrap(), [1]);
    let absent =
        with_scp(dir, &["-f", "gone"], async |line| get::run(line, b"gone", &mut Memory::default()).await);
    let absent = error(absent.unwrap());
    assert!(matches!(absent, ClientError::Absent { .. }), "{absent}");
    let tree = with_scp(dir, &["-f", "d"], async |line| get::run(line, b"d", &mut Memory::default()).await);
    assert!(error(tree.unwrap()).to_string().contains("not a regular file"));
}
