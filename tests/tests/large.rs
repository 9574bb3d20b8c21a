//! A large file through the server, octet for octet, with the same memory as for a small one.
//!
//! Downloads by curl are 5 GiB always. With `E2E_SOAK` our client and the uploads are that large too; else
//! they are 512 MiB, because a server that keeps what it carries shows it there as well, and the disk of a CI
//! machine need not take 10 GiB.

use e2e::large::{LARGE, arrived, marked, streamed};
use e2e::memory::peak;
use e2e::peers::Peer;
use e2e::process::run;
use e2e::towline::{Serve, command};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

const SMALL: u64 = 64 << 20;
const MIB: u64 = 1 << 20;

fn medium() -> u64 {
    if e2e::is_soak() { LARGE } else { (512 << 20) + 4_321 }
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
            let operation = format!("{scheme} put large");
            assert_eq!(arrived("towline", &operation, &root.path().join(&remote), &original), len);
            println!(
                "soak: {len} octets up over {scheme} and compared in {:.1} s",
                begin.elapsed().as_secs_f64()
            );
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
