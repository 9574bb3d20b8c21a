//! What the disk does to a running server: full, read-only, taken away. It goes on, refuses in the protocol's own
//! code, shows nothing of what did not come whole, and works again when the disk does.

use e2e::content::Content;
use e2e::disk::Disk;
use e2e::poll::{PATIENCE, until};
use e2e::process::{Ended, run};
use e2e::towline::{Serve, command};
use std::fs::File;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// curl's exit codes (curl(1)) for TFTP's errors 1, 2, 3 and others.
const ABSENT: i32 = 68;
const DENIED: i32 = 69;
const FULL: i32 = 70;

struct House {
    disk: Disk,
    serve: Serve,
    home: tempfile::TempDir,
}

impl House {
    fn new(size: &str) -> House {
        let (disk, home) = (Disk::new(size), e2e::scratch());
        let root = disk.outside().join("root");
        std::fs::create_dir(&root).expect("room for a directory");
        std::fs::write(root.join("old"), [b'o'; 50_000]).expect("room for a file");
        let mut serve = command();
        serve.arg("serve").arg(disk.inside().join("root")).current_dir("/");
        serve.args(["--tftp", "0", "--ftp", "0", "--json", "--bind", "127.0.0.1", "--write"]);
        let serve = Serve::start_command(&mut disk.enter(&serve));
        House { disk, serve, home }
    }

    fn root(&self) -> PathBuf {
        self.disk.outside().join("root")
    }

    fn file(&self, len: u64) -> PathBuf {
        let path = self.home.path().join(format!("{len}.bin"));
        Content::random(len).write(&path).expect("room for a file");
        path
    }

    fn tftp(&self, name: &str) -> String {
        format!("tftp://{}/{name}", self.serve.tftp)
    }

    fn ftp(&self, name: &str) -> String {
        format!("ftp://{}/{name}", self.serve.ftp)
    }

    /// What anybody sees: names and lengths, also ours.
    fn all(&self) -> Vec<(String, u64)> {
        let entries =
            std::fs::read_dir(self.root()).expect("the root is there").map(|e| e.expect("an entry"));
        let mut all: Vec<_> = entries
            .map(|e| (e.file_name().into_string().expect("UTF-8"), e.metadata().expect("facts").len()))
            .filter(|(name, _)| name != ".towline")
            .collect();
        all.sort();
        all
    }

    fn old_is_whole(&self) {
        assert!(std::fs::read(self.root().join("old")).expect("it is there") == [b'o'; 50_000]);
    }

    /// Uploads and downloads work, over both.
    fn works(&self, len: u64) {
        let file = self.file(len);
        for url in [self.tftp("new"), self.ftp("new")] {
            let ended = curl(&["-T", text(&file), &url]);
            assert_eq!(ended.code(), 0, "{url}: {}", ended.err);
            let back = self.home.path().join("back");
            assert_eq!(curl(&["-o", text(&back), &url]).code(), 0, "{url}");
            let (mut a, mut b) = (File::open(&file).expect("sent"), File::open(back).expect("came"));
            let print = e2e::content::print_of;
            assert_eq!(print(&mut a).expect("readable"), print(&mut b).expect("readable"), "{url}");
            std::fs::remove_file(self.root().join("new")).expect("it is there");
            drop(std::fs::remove_dir_all(self.root().join(".towline")));
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn curl(arguments: &[&str]) -> Ended {
    run(Command::new("curl").args(["-sS", "--max-time", "20"]).args(arguments))
}

/// A client that announces nothing: blocks of 512 octets until it is told to stop. Gives the error's code.
fn pours(server: SocketAddr, name: &str) -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout is set");
    let mut buf = [0; 600];
    socket.send_to(format!("\0\x02{name}\0octet\0").as_bytes(), server).expect("it is sent");
    let (_, peer) = socket.recv_from(&mut buf).expect("an answer to the request");
    for block in 1..=u16::MAX {
        match buf[..4] {
            [0, 4, high, low] => assert_eq!(u16::from_be_bytes([high, low]), block - 1),
            [0, 5, high, low] => return u16::from_be_bytes([high, low]),
            _ => panic!("neither ACK nor ERROR: {:02x?}", &buf[..4]),
        }
        let mut data = vec![0, 3];
        data.extend(block.to_be_bytes());
        data.resize(4 + 512, b'x');
        socket.send_to(&data, peer).expect("it is sent");
        socket.recv_from(&mut buf).expect("an answer to each block");
    }
    panic!("32 MiB went onto a disk that is smaller");
}

#[test]
fn on_a_full_disk_uploads_end_in_the_protocols_words_and_nothing_of_them_is_seen() {
    let house = House::new("1m");
    house.works(100_000);
    let filler = house.root().join("filler");
    let rest = house.disk.free() - 100_000;
    std::fs::write(&filler, vec![0; usize::try_from(rest).expect("1 MiB at most")]).expect("it fits");
    let (before, free) = (house.all(), house.disk.free());
    let large = house.file(400_000);
    // Announced (curl sends tsize): before the first octet. Over a file that is there: it stays.
    for name in ["new", "old"] {
        let ended = curl(&["-T", text(&large), &house.tftp(name)]);
        assert_eq!(ended.code(), FULL, "{name}: {}", ended.err);
    }
    // Not announced: in the middle, by ERROR 3 and 452.
    for name in ["new", "old"] {
        assert_eq!(pours(house.serve.tftp, name), 3, "{name}");
        let ended = curl(&["-v", "-T", text(&large), &house.ftp(name)]);
        assert_ne!(ended.code(), 0);
        assert!(ended.err.contains("\n< 452 "), "{name}: {}", ended.err);
    }
    // What anonymous FTP could go on with may stay, hidden, until the disk is needed; nobody sees it.
    let seen: Vec<_> =
        house.all().into_iter().filter(|(name, _)| !name.starts_with(".towline-part-")).collect();
    assert_eq!(seen, before);
    house.old_is_whole();
    assert_eq!(curl(&[&house.tftp("old")]).out.trim_end().len(), 50_000, "reading goes on");
    let refused = |e: &serde_json::Value| e["event"] == "ended" && e["outcome"] != "complete";
    until(PATIENCE, || house.serve.events().iter().any(refused).then_some(())).expect("it is told");
    // Space comes back.
    for (name, _) in house.all().into_iter().filter(|(name, _)| name.starts_with(".towline-part-")) {
        std::fs::remove_file(house.root().join(name)).expect("it is there");
    }
    assert!(house.disk.free() >= free, "nothing of it takes space: {} of {free}", house.disk.free());
    std::fs::remove_file(&filler).expect("it is there");
    house.works(100_000);
    house.old_is_whole();
}

#[test]
fn on_a_disk_that_becomes_read_only_reading_goes_on_and_uploads_are_refused() {
    let house = House::new("1m");
    house.disk.run("mount", &["-o", "remount,ro"]);
    let file = house.file(10_000);
    for name in ["new", "old"] {
        let ended = curl(&["-T", text(&file), &house.tftp(name)]);
        assert_eq!(ended.code(), DENIED, "{name}: {}", ended.err);
        let ended = curl(&["-v", "-T", text(&file), &house.ftp(name)]);
        assert!(ended.code() != 0 && ended.err.contains("\n< 550 "), "{name}: {}", ended.err);
    }
    for url in [house.tftp("old"), house.ftp("old")] {
        assert_eq!(curl(&[&url]).out.trim_end().len(), 50_000, "{url}");
    }
    house.disk.run("mount", &["-o", "remount,rw"]);
    house.old_is_whole();
    house.works(10_000);
}

#[test]
fn a_root_that_is_taken_away_is_told_and_the_server_goes_on() {
    let house = House::new("1m");
    // Unmounted while it is open: what is open stays.
    house.disk.run("umount", &["--lazy"]);
    for url in [house.tftp("old"), house.ftp("old")] {
        assert_eq!(curl(&[&url]).out.trim_end().len(), 50_000, "{url}");
    }
    let house = House::new("1m");
    std::fs::remove_dir_all(house.root()).expect("it is there");
    assert_ne!(curl(&[&house.tftp("old")]).code(), 0);
    let file = house.file(10_000);
    let ended = curl(&["-T", text(&file), &house.tftp("new")]);
    assert!(![0, ABSENT].contains(&ended.code()), "not the client's mistake: {}", ended.err);
    let ended = curl(&["-v", &house.ftp("")]);
    assert!(ended.code() != 0 && ended.err.contains("the directory that is served is gone"), "{}", ended.err);
    assert!(!ended.err.contains(text(house.disk.inside())), "nothing of this host: {}", ended.err);
    let told = |e: &serde_json::Value| {
        e["event"] == "refused" && e["reason"].as_str().is_some_and(|r| r.contains("served is gone"))
    };
    until(PATIENCE, || house.serve.events().iter().any(told).then_some(())).expect("the log says why");
    // The connection and the next are served, and the end is an orderly one.
    assert_ne!(curl(&[&house.ftp("old")]).code(), 0);
    let House { serve, .. } = house;
    serve.process.signal(rustix::process::Signal::INT);
    assert_eq!(serve.process.wait(PATIENCE).code(), 0);
}
