//! The driver against OpenSSH's sftp-server on pipes, where it is installed.

use super::driver::Driver;
use super::one::Load;
use crate::ClientError;
use crate::around::Around;
use sftp_proto::Times;
use sftp_proto::client::{Begin, Facts, Outcome, Verb};
use std::fs::{self, File};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use store::{Blob, Sink};
use tokio::net::unix::pipe;
use transport::Cancel;
use transport::octets::Piped;

type Channel = Driver<Piped<pipe::Receiver>, Piped<pipe::Sender>>;

/// A child that ends with its test.
pub(super) struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) fn around() -> Around {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    Around { local: any, peer: any, tap: None, cancel: None, patience: Duration::from_secs(60) }
}

/// A server in `dir` on pipes, of which somebody waits in a runtime; `None` where there is no server.
pub(super) fn server_in(dir: &Path) -> Option<(Server, Piped<pipe::Receiver>, Piped<pipe::Sender>)> {
    let of_target =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/peers/root/usr/lib/openssh/sftp-server");
    let places = ["/usr/lib/openssh/sftp-server", of_target];
    let Some(program) = places.into_iter().find(|place| Path::new(place).exists()) else {
        eprintln!("skipped: none of {places:?} is installed");
        return None;
    };
    let mut child =
        Command::new(program).current_dir(dir).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (input, output) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
    let input = pipe::Receiver::from_owned_fd(OwnedFd::from(input)).unwrap();
    let output = pipe::Sender::from_owned_fd(OwnedFd::from(output)).unwrap();
    Some((Server(child), Piped::new(input), Piped::new(output)))
}

/// Runs a test with a channel to a server in a directory; does nothing where there is no server.
fn with_server<F: Future<Output = ()>>(around: Around, test: impl FnOnce(Channel, PathBuf) -> F) {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().to_owned();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        if let Some((_server, input, output)) = server_in(&dir) {
            test(Driver::new(input, output, around), dir).await;
        }
    });
}

struct Into(File);

impl Sink for Into {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        self.0.write_all_at(octets, offset)
    }
}

pub(super) fn content(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..len).map(|_| next()).collect()
}

async fn get(channel: &mut Channel, path: &[u8], from: u64, local: &Path) -> Result<Outcome, ClientError> {
    let mut sink = Into(File::options().create(true).truncate(false).write(true).open(local).unwrap());
    channel.run(Verb::Get { path: path.to_vec(), from, len: None }, Load::Into(&mut sink)).await
}

async fn put(
    channel: &mut Channel,
    path: &[u8],
    content: &[u8],
    begin: Begin,
) -> Result<Outcome, ClientError> {
    let blob = Blob::Memory(content.to_vec().into());
    let verb = Verb::Put { path: path.to_vec(), len: blob.len(), begin, facts: Facts::default() };
    channel.run(verb, Load::From(&blob)).await
}

#[test]
fn files_come_and_go_whole() {
    with_server(around(), |mut channel, dir| async move {
        // 40 MB is several windows.
        for (n, len) in [0, 1, 261_119, 261_120, 261_121, 40_000_000].into_iter().enumerate() {
            let sent = content(n as u64, len);
            let name = [b"f\xff ".as_slice(), n.to_string().as_bytes()].concat();
            let done = put(&mut channel, &name, &sent, Begin::Fresh).await.unwrap();
            assert_eq!(done, Outcome::Put { octets: len as u64 });
            assert!(fs::read(dir.join(std::ffi::OsStr::from_bytes(&name))).unwrap() == sent, "{len} octets");
            let local = dir.join(format!("got{n}"));
            let got = get(&mut channel, &name, 0, &local).await.unwrap();
            assert!(matches!(got, Outcome::Got { octets, .. } if octets == len as u64));
            assert!(fs::read(local).unwrap() == sent, "{len} octets");
        }
        assert_eq!(channel.machine().abilities().read_chunk(), 261_120);
    });
}

#[test]
fn what_was_broken_off_goes_on_where_it_stopped() {
    with_server(around(), |mut channel, dir| async move {
        let whole = content(1, 3_000_000);
        for at in [0, 1, 1_234_567, 3_000_000] {
            fs::write(dir.join("up"), &whole[..at]).unwrap();
            let done = put(&mut channel, b"up", &whole, Begin::Behind).await.unwrap();
            assert_eq!(done, Outcome::Put { octets: (whole.len() - at) as u64 });
            assert!(fs::read(dir.join("up")).unwrap() == whole, "up from {at}");
            fs::write(dir.join("down"), &whole[..at]).unwrap();
            get(&mut channel, b"up", at as u64, &dir.join("down")).await.unwrap();
            assert!(fs::read(dir.join("down")).unwrap() == whole, "down from {at}");
        }
        let less = put(&mut channel, b"up", &whole[..10], Begin::Behind).await.unwrap_err();
        assert!(matches!(less, ClientError::Truncated { expected: 10, found: 3_000_000 }), "{less}");
        let more = get(&mut channel, b"up", 3_000_001, &dir.join("down")).await.unwrap_err();
        assert!(matches!(more, ClientError::Truncated { expected: 3_000_001, found: 3_000_000 }), "{more}");
    });
}

#[test]
fn the_verbs_do_what_they_say() {
    with_server(around(), |mut channel, dir| async move {
        let path = |text: &str| text.as_bytes().to_vec();
        let mut one = async |verb| channel.run(verb, Load::None).await;
        assert_eq!(one(Verb::Mkdir { path: path("d") }).await.unwrap(), Outcome::Done);
        fs::write(dir.join("a"), "12345").unwrap();
        fs::write(dir.join("b"), "").unwrap();
        let rename = |replace| Verb::Rename { from: path("a"), to: path("b"), replace };
        assert!(matches!(one(rename(false)).await, Err(ClientError::Server { .. })), "b is there");
        assert_eq!(one(rename(true)).await.unwrap(), Outcome::Done);
        let times = Some(Times { accessed: 1_000_000_000, modified: 1_100_000_000 });
        let facts = Facts { mode: Some(0o604), times };
        assert_eq!(one(Verb::Setstat { path: path("b"), facts }).await.unwrap(), Outcome::Done);
        let Outcome::Facts(attrs) = one(Verb::Stat { path: path("b") }).await.unwrap() else { panic!() };
        assert_eq!((attrs.size, attrs.mode, attrs.times), (Some(5), Some(0o100_604), times));
        assert_eq!(dir.join("b").metadata().unwrap().mtime(), 1_100_000_000);
        let real = one(Verb::Realpath { path: path(".") }).await.unwrap();
        assert_eq!(real, Outcome::Name(dir.canonicalize().unwrap().as_os_str().as_bytes().to_vec()));
        std::os::unix::fs::symlink("b", dir.join("l")).unwrap();
        assert_eq!(one(Verb::Readlink { path: path("l") }).await.unwrap(), Outcome::Name(path("b")));
        let Outcome::FileSystem(room) = one(Verb::FileSystem { path: path(".") }).await.unwrap() else {
            panic!()
        };
        assert!(room.block > 0 && room.blocks >= room.free);
        let check = Verb::Check { path: path("b"), algorithms: path("md5") };
        let unknown = one(check).await.unwrap_err();
        assert!(unknown.to_string().contains("check-file"), "{unknown}");
        let absent = one(Verb::Stat { path: path("absent") }).await.unwrap_err();
        assert!(matches!(absent, ClientError::Absent { .. }), "{absent}");
        assert_eq!(one(Verb::Remove { path: path("b") }).await.unwrap(), Outcome::Done);
        assert_eq!(one(Verb::Rmdir { path: path("d") }).await.unwrap(), Outcome::Done);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "the link is left");
    });
}

#[test]
fn a_directory_is_listed_whole() {
    with_server(around(), |mut channel, dir| async move {
        let mut wanted = vec![b".".to_vec(), b"..".to_vec(), b"\xfe\n".to_vec()];
        wanted.extend((0..1_500).map(|n| format!("name{n}").into_bytes()));
        for name in &wanted[2..] {
            File::create(dir.join(std::ffi::OsStr::from_bytes(name))).unwrap();
        }
        let mut names = Vec::new();
        channel.run(Verb::List { path: b".".to_vec() }, Load::Names(&mut names)).await.unwrap();
        let mut names: Vec<_> = names.into_iter().map(|n| n.name).collect();
        names.sort();
        wanted.sort();
        assert_eq!(names, wanted);
    });
}

#[test]
fn our_own_faults_end_a_verb_and_leave_the_channel() {
    struct Full;
    impl Sink for Full {
        fn write_at(&mut self, _: u64, _: &[u8]) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }
    with_server(around(), |mut channel, dir| async move {
        fs::write(dir.join("f"), content(1, 5_000_000)).unwrap();
        let full =
            channel.run(Verb::Get { path: b"f".to_vec(), from: 0, len: None }, Load::Into(&mut Full)).await;
        let Err(ClientError::Local(e)) = full else { panic!("{full:?}") };
        assert_eq!(e.kind(), io::ErrorKind::StorageFull);
        // A source that is shorter than it was when it was opened.
        let blob = Blob::Memory(content(2, 1_000_000).into());
        let verb =
            Verb::Put { path: b"g".to_vec(), len: 2_000_000, begin: Begin::Fresh, facts: Facts::default() };
        let short = channel.run(verb, Load::From(&blob)).await;
        assert!(matches!(short, Err(ClientError::Local(_))), "{short:?}");
        assert!(get(&mut channel, b"f", 0, &dir.join("h")).await.is_ok());
    });
}

#[test]
fn a_cancel_ends_it_before_anything_else() {
    let cancel = Cancel::new().unwrap();
    cancel.cancel();
    with_server(Around { cancel: Some(cancel), ..around() }, |mut channel, _| async move {
        let result = channel.run(Verb::Stat { path: b".".to_vec() }, Load::None).await;
        assert!(matches!(result, Err(ClientError::Cancelled)), "{result:?}");
    });
}
