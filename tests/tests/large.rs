//! A large file through the server, octet for octet, with the same memory as for a small one.
//!
//! Downloads by curl are 5 GiB always. With `E2E_SOAK` our client and the uploads are that large too; else
//! they are 512 MiB, because a server that keeps what it carries shows it there as well, and the disk of a CI
//! machine need not take 10 GiB.

use e2e::matrix::compared_streams;
use e2e::peers::Peer;
use e2e::process::run;
use e2e::towline::{Serve, command};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const SMALL: u64 = 64 << 20;
const MIB: u64 = 1 << 20;

/// 5 GiB and some octets: the last block is not a full one, and 32 bits do not count them.
const LARGE: u64 = (5 << 30) + 4_321;

fn medium() -> u64 {
    if std::env::var_os("E2E_SOAK").is_some() { LARGE } else { (512 << 20) + 4_321 }
}

/// From one mark to the next: less than a block of 65,464, so that a block that is lost, doubled or
/// misplaced moves a mark; whole pages, so that there is little to write and few extents to free.
const STRIDE: usize = 60 << 10;

/// A file of holes with marks, each the number of its own place.
fn marked(path: &Path, len: u64) {
    let mut file = File::create(path).expect("room for a file");
    for at in (0..len).step_by(STRIDE) {
        file.seek(SeekFrom::Start(at)).expect("a file seeks");
        let mark = (at ^ 0x5EED_5EED_5EED_5EED).to_le_bytes();
        let n = usize::try_from(len - at).unwrap_or(8).min(8);
        file.write_all(&mark[..n]).expect("room for a mark");
    }
    file.set_len(len).expect("room for the end");
}

/// Runs a client that writes the file to standard output and compares it on the way.
fn streamed(peer: &str, operation: &str, c: &mut Command, original: &Path) -> u64 {
    let begin = Instant::now();
    let mut child = c.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the client starts");
    let copy = child.stdout.take().expect("stdout is piped");
    let n = compared_streams(peer, operation, copy, File::open(original).expect("the original"));
    let status = child.wait().expect("the client ends");
    assert!(status.success(), "{c:?}: {status}");
    println!("soak: {peer}: {operation}: {n} octets in {:.1} s", begin.elapsed().as_secs_f64());
    n
}

/// The most memory a process ever had, octets.
fn peak(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the server runs");
    let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:")).expect("Linux tells VmHWM");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

fn fetch(curl: &Peer, scheme: &str, server: SocketAddr, name: &str, original: &Path) -> u64 {
    let mut c = curl.command();
    c.args(["-sS", "--tftp-blksize", "65464", "-o", "-"]).arg(format!("{scheme}://{server}/{name}"));
    let operation = if scheme == "tftp" { "tftp get blksize 65464" } else { "ftp get passive" };
    streamed(curl.name, operation, &mut c, original)
}

#[test]
fn memory_does_not_grow_with_the_file() {
    let Some(curl) = Peer::find("curl", "curl") else { return };
    let root = e2e::scratch_in_memory();
    let files = [("small", SMALL), ("medium", medium()), ("large", LARGE)];
    for (name, len) in files {
        marked(&root.path().join(name), len);
    }
    let serve = Serve::start(root.path(), &[]);
    let mut peaks = Vec::new();
    for (name, len) in files {
        let original = root.path().join(name);
        if name == "large" {
            assert_eq!(fetch(&curl, "tftp", serve.tftp, name, &original), len);
            assert_eq!(fetch(&curl, "ftp", serve.ftp, name, &original), len);
        } else {
            for (scheme, server) in [("tftp", serve.tftp), ("ftp", serve.ftp)] {
                let url = format!("{scheme}://{server}/{name}");
                let mut ours = command();
                ours.args(["copy", "--quiet", "--blksize", "65464", "--windowsize", "16", &url, "-"]);
                assert_eq!(streamed("towline", &format!("{scheme} get large"), &mut ours, &original), len);
            }
        }
        peaks.push(peak(serve.process.id()));
    }
    println!(
        "soak: server's peak memory, KiB, after {SMALL}, {}, {LARGE} octets: {:?}",
        medium(),
        in_kib(&peaks)
    );
    assert!(peaks[2] - peaks[0] < 2 * MIB, "peak memory grows with the file: {peaks:?}");
}

#[test]
fn memory_does_not_grow_with_the_upload() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let serve = Serve::start(root.path(), &["--write"]);
    let mut peaks = Vec::new();
    for (name, len) in [("small", SMALL), ("large", medium())] {
        let original = home.path().join(name);
        marked(&original, len);
        for (scheme, server) in [("tftp", serve.tftp), ("ftp", serve.ftp)] {
            let begin = Instant::now();
            let mut c = command();
            c.args(["copy", "--quiet"]);
            if scheme == "tftp" {
                c.args(["--blksize", "65464", "--windowsize", "16"]);
            }
            let remote = format!("{name}-{scheme}");
            let ended = run(c.arg(&original).arg(format!("{scheme}://{server}/{remote}")));
            assert_eq!(ended.code(), 0, "{ended:?}");
            let arrived = root.path().join(&remote);
            let open = |p: &Path| File::open(p).expect("a file");
            let operation = format!("{scheme} put large");
            assert_eq!(compared_streams("towline", &operation, open(&arrived), open(&original)), len);
            println!(
                "soak: {len} octets up over {scheme} and compared in {:.1} s",
                begin.elapsed().as_secs_f64()
            );
            std::fs::remove_file(&arrived).expect("our directory");
        }
        peaks.push(peak(serve.process.id()));
    }
    println!(
        "soak: server's peak memory, KiB, after uploads of {SMALL}, {} octets: {:?}",
        medium(),
        in_kib(&peaks)
    );
    assert!(peaks[1] - peaks[0] < 2 * MIB, "peak memory grows with the upload: {peaks:?}");
}

fn in_kib(peaks: &[u64]) -> Vec<u64> {
    peaks.iter().map(|p| p / 1024).collect()
}
