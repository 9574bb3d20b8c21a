//! `--trace` of `serve` and `copy` as processes.

use super::running::Running;
use super::{text, towline};

#[test]
fn traces_go_to_stderr_and_to_files_at_the_same_time() {
    let (root, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(root.path().join("a.bin"), [7; 2_000]).unwrap();
    let at = |name: &str| out.path().join(name);
    let arg = |name: &str| format!("--trace={}", text(&at(name)));
    // The word behind --trace is its value here, and the directory is the next one.
    let (capture, local) = (at("s.pcapng"), ["--bind", "127.0.0.1", "--tftp", "0", "--ftp", "0"]);
    let args = [&["--trace", text(&capture), text(root.path())][..], &local].concat();
    let mut server = Running::serve(&args, 2);

    let url = format!("tftp://{}/a.bin", server.address("tftp"));
    let few = ["--blksize", "512", "--windowsize", "2"];
    let to = [arg("c.txt"), arg("c.pcapng")];
    let args = [&["copy", "--quiet", "--trace", &url, text(out.path()), &to[0], &to[1]][..], &few].concat();
    let copied = towline(&args);
    assert_eq!(copied.status.code(), Some(0), "{copied:?}");
    let drawn = String::from_utf8(copied.stderr).unwrap();
    let file = std::fs::read_to_string(at("c.txt")).unwrap();
    for ladder in [&drawn, &file] {
        for words in
            ["RRQ \"a.bin\" octet", "(windowsize: asked 2 -> agreed)", "DATA 4 (464 octets)", "ACK 4"]
        {
            assert!(ladder.contains(words), "{words} in {ladder}");
        }
    }
    server.until("ended");
    server.interrupt();
    let (status, said) = server.end();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(!said.contains("RRQ"), "only the file was asked for: {said}");
    for name in ["s.pcapng", "c.pcapng"] {
        let octets = std::fs::read(at(name)).unwrap();
        assert!(octets.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]), "{name}");
        assert!(octets.windows(5).any(|w| w == b"a.bin"), "{name} has the request");
    }
}

#[test]
fn a_trace_that_cannot_be_written_is_said_before_anything_is_copied() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("a"), b"abc").unwrap();
    let failed = towline(&["copy", "--trace", &at("none/t.pcapng"), &at("a"), &at("b")]);
    let line = String::from_utf8(failed.stderr).unwrap();
    assert_eq!(failed.status.code(), Some(7), "{line}");
    assert!(line.contains("none/t.pcapng: no such file or directory"), "{line}");
    assert!(!dir.path().join("b").exists());

    // Full from the first octet on.
    let failed = towline(&[
        "serve",
        "--bind",
        "127.0.0.1",
        "--tftp",
        "0",
        "--trace=/dev/full/x.pcapng",
        text(dir.path()),
    ]);
    assert_eq!(failed.status.code(), Some(7), "{failed:?}");
}
