//! OpenSSH's own `scp -O` against our SCP sessions, over pipes in place of SSH (`scp -S`).

use e2e::content::Content;
use e2e::peers::Peer;
use e2e::process::{Ended, Process};
use e2e::stdio::Guest;
use gate::{Policy, Protocol};
use serve::scp::{Exec, ScpConfig};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex, split};
use transport::octets::Piped;

/// What one run may take: nothing here lasts longer than some seconds, and what hangs does so for ever.
const PATIENCE: Duration = Duration::from_secs(60);

struct Run {
    /// What is served.
    served: TempDir,
    /// Where the client is.
    here: TempDir,
}

fn run() -> Run {
    Run { served: tempfile::tempdir().unwrap(), here: tempfile::tempdir().unwrap() }
}

impl Run {
    /// `scp -O ARGUMENTS`; `None`: the client is not here.
    fn scp(&self, arguments: &[&str]) -> Option<Ended> {
        let scp = Peer::find("openssh-client", "scp")?;
        let mut command = scp.command();
        command.current_dir(self.here.path()).env("SCP_STDIO_DIR", self.served.path());
        command.args(["-O", "-S", env!("CARGO_BIN_EXE_scp_stdio")]).args(arguments);
        Some(Process::start(&mut command).wait(PATIENCE))
    }

    fn does(&self, arguments: &[&str]) -> Option<()> {
        let ended = self.scp(arguments)?;
        assert_eq!((ended.code(), &ended.err[..]), (0, ""), "{arguments:?}: {ended:?}");
        Some(())
    }
}

fn write(dir: &Path, name: &str, octets: &[u8]) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, octets).unwrap();
}

fn read(dir: &Path, name: &str) -> Vec<u8> {
    fs::read(dir.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn files_of_any_length_and_name_go_up_and_come_down() {
    let run = run();
    let (here, served) = (run.here.path(), run.served.path());
    for (octets, name) in
        [(0, "empty"), (1, "one"), (65_536, "a b  c"), (3_000_017, "it's $x"), (513, "\u{fc}")]
    {
        let content = Content::random(octets).octets();
        write(here, name, &content);
        let Some(()) = run.does(&[&format!("./{name}"), "host:"]) else { return };
        assert!(read(served, name) == content, "{name}");
        // Escaped for a shell, of which there is none; what is in quotes its client does not find again.
        let escape = |c: char| if c.is_ascii_alphanumeric() { String::from(c) } else { format!("\\{c}") };
        let quoted = format!("host:/{}", name.chars().map(escape).collect::<String>());
        run.does(&[&quoted, "./back"]).unwrap();
        assert!(read(here, "back") == content, "{name}");
    }
    assert_eq!(fs::read_dir(served).unwrap().count(), 5, "nothing is left over");
    run.does(&["one", "empty", "host:/"]).unwrap();
    run.does(&["one", "host:new"]).unwrap();
    assert_eq!(read(served, "new"), read(here, "one"));
}

#[test]
fn trees_times_and_modes_go_both_ways() {
    let run = run();
    let (here, served) = (run.here.path(), run.served.path());
    write(here, "tree/a/deep/f", b"deep");
    write(here, "tree/x y", b"xy");
    fs::set_permissions(here.join("tree/x y"), fs::Permissions::from_mode(0o750)).unwrap();
    let then = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::open(here.join("tree/x y")).unwrap().set_modified(then).unwrap();
    let Some(()) = run.does(&["-r", "-p", "tree", "host:/"]) else { return };
    run.does(&["-r", "tree", "host:/other"]).unwrap();
    run.does(&["-r", "-p", "host:tree", "back"]).unwrap();
    let facts = |path: &Path| {
        let facts = fs::metadata(path).unwrap();
        (facts.permissions().mode() & 0o777, facts.modified().unwrap() == then)
    };
    for path in [served.join("tree/x y"), here.join("back/x y")] {
        assert_eq!(facts(&path), (0o750, true), "{path:?}");
    }
    assert_eq!(facts(&served.join("other/x y")), (0o750, false));
    for path in ["tree/a/deep/f", "other/a/deep/f"] {
        assert_eq!(read(served, path), b"deep");
    }
    assert_eq!(read(here, "back/a/deep/f"), b"deep");
    assert!(fs::metadata(here.join("back")).unwrap().modified().unwrap() <= SystemTime::now());
}

#[test]
fn names_are_expanded_without_a_shell() {
    let run = run();
    let (here, served) = (run.here.path(), run.served.path());
    for name in ["c1.bin", "c2.bin", "c3.txt", ".c4.bin", "d/c5.bin"] {
        write(served, name, name.as_bytes());
    }
    let Some(()) = run.does(&["host:*.bin", "."]) else { return };
    run.does(&["host:d/c[4-6].???", "."]).unwrap();
    for (name, is) in
        [("c1.bin", true), ("c2.bin", true), ("c3.txt", false), (".c4.bin", false), ("c5.bin", true)]
    {
        assert_eq!(here.join(name).exists(), is, "{name}");
    }
    for (path, words) in [
        ("host:`touch x`", "means something to a shell"),
        ("host:$(touch x)", "means something to a shell"),
        ("host:a;touch x", "means something to a shell"),
        ("host:none*", "none*: no such file or directory"),
    ] {
        let ended = run.scp(&[path, "."]).unwrap();
        assert!(ended.code() != 0 && ended.err.contains(words), "{path}: {ended:?}");
    }
    assert!(!here.join("x").exists() && !served.join("x").exists());
}

#[test]
fn what_fails_is_said_and_the_rest_arrives() {
    let run = run();
    let (here, served) = (run.here.path(), run.served.path());
    write(here, "a", b"a");
    write(here, ".hidden", b"h");
    write(served, "dir/f", b"f");
    write(served, "file", b"old");
    let Some(ended) = run.scp(&[".hidden", "a", "host:dir"]) else { return };
    assert!(ended.code() != 0 && ended.err.contains("dir/.hidden: permission denied"), "{ended:?}");
    assert_eq!(read(served, "dir/a"), b"a");
    for (arguments, words) in [
        (&["a", "host:none/x"][..], "none/x: no such file or directory"),
        (&["a", "a", "host:file"], "file: is not a directory"),
        (&["host:dir", "."], "dir: not a regular file"),
        (&["host:../../etc/passwd", "."], "no such file or directory"),
        (&["host:none", "."], "none: no such file or directory"),
    ] {
        let ended = run.scp(arguments).unwrap();
        assert!(ended.code() != 0 && ended.err.contains(words), "{arguments:?}: {ended:?}");
    }
    assert_eq!(read(served, "file"), b"old");
}

#[test]
fn a_file_that_becomes_shorter_is_filled_up_and_said_to_be_wrong() {
    let run = run();
    let path = run.served.path().join("f");
    fs::write(&path, vec![7; 600_000]).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let guest = Guest::of(run.served.path(), false, Policy::default()).unwrap();
        let exec = Exec::parse(b"scp -f f").unwrap();
        // So little is on the way that no more than the first bite was read when the file is cut off.
        let (mut ours, theirs) = duplex(1_000);
        let (input, output) = split(theirs);
        let (session, orders) = (guest.session.over(Protocol::Scp), guest.orders);
        let served = tokio::spawn(async move {
            let (input, output) = (Piped::new(input), Piped::new(output));
            serve::scp::run(session, ScpConfig::default(), orders, &exec, input, output).await
        });
        ours.write_all(b"\0").await.unwrap();
        let mut line = vec![0; b"C0644 600000 f\n".len()];
        ours.read_exact(&mut line).await.unwrap();
        assert!(line.ends_with(b" 600000 f\n"), "{}", line.escape_ascii());
        ours.write_all(b"\0").await.unwrap();
        let mut content = vec![0; 600_000];
        ours.read_exact(&mut content[..10]).await.unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
        ours.read_exact(&mut content[10..]).await.unwrap();
        let whole = content.iter().take_while(|b| **b == 7).count();
        assert!((10..600_000).contains(&whole) && content[whole..].iter().all(|b| *b == 0), "{whole}");
        let mut verdict = [0; 100];
        let n = ours.read(&mut verdict).await.unwrap();
        assert!(verdict[..n].starts_with(b"\x01scp: /f: storage error"), "{}", verdict[..n].escape_ascii());
        ours.write_all(b"\0").await.unwrap();
        assert_eq!(served.await.unwrap(), 1);
    });
}
