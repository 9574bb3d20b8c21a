//! `towline shell`: scripts, and somebody at a terminal.

use e2e::at_home::Server;
use e2e::poll;
use e2e::process::Ended;
use e2e::ssh_servers::openssh;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

/// The longest that something may take on a loaded machine.
const ONE: Duration = Duration::from_secs(90);

fn script(server: &Server, lines: &str) -> Ended {
    server.run_with("shell", &[&server.url], lines)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn octets(seed: u8, len: usize) -> Vec<u8> {
    (0..len).map(|n| (n as u8).wrapping_mul(31) ^ seed ^ (n >> 8) as u8).collect()
}

/// Every command, and what it did on both sides.
fn does_what_it_says(server: &Server) {
    let home = server.home.path();
    for (name, seed, len) in
        [("one.bin", 1, 300_001), ("two three.bin", 2, 1), ("a.cfg", 3, 0), ("b.cfg", 4, 70_000)]
    {
        fs::write(home.join(name), octets(seed, len)).unwrap();
    }
    fs::create_dir(home.join("down")).unwrap();
    let ended = script(
        server,
        "# a comment, and a line with nothing\n\n\
         mkdir 'a dir'\n\
         cd a\\ dir\n\
         put one.bin\n\
         put \"two three.bin\" t.bin\n\
         mput ?.cfg\n\
         ls\n\
         lcd down\n\
         get t.bin got.bin\n\
         mget *.cfg one.bin\n\
         lcd ..\n\
         ren t.bin u.bin\n\
         chmod 600 u.bin\n\
         hash -a md5 u.bin\n\
         -rm absent\n\
         rm a.cfg\n\
         !echo of this machine\n\
         -!exit 3\n\
         ls -l u*\n\
         exit\n\
         rm one.bin\n",
    );
    assert_eq!(ended.code(), 0, "{ended:?}");
    let there = server.served.join("a dir");
    assert_eq!(names(&there), ["b.cfg", "one.bin", "u.bin"], "nothing behind exit is done");
    for (a, b) in [("one.bin", "one.bin"), ("two three.bin", "u.bin"), ("b.cfg", "b.cfg")] {
        assert!(fs::read(home.join(a)).unwrap() == fs::read(there.join(b)).unwrap(), "{a}");
    }
    assert_eq!(names(&home.join("down")), ["a.cfg", "b.cfg", "got.bin", "one.bin"]);
    for (a, b) in
        [("one.bin", "one.bin"), ("two three.bin", "got.bin"), ("a.cfg", "a.cfg"), ("b.cfg", "b.cfg")]
    {
        assert!(fs::read(home.join(a)).unwrap() == fs::read(home.join("down").join(b)).unwrap(), "{a}");
    }
    assert_eq!(there.join("u.bin").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(lines[..4], ["a.cfg", "b.cfg", "one.bin", "t.bin"], "{lines:?}");
    let sum = lines[4].split_once("  ").expect("a digest and a name");
    assert!(sum.0.len() == 32 && sum.1.ends_with("/a dir/u.bin"), "{lines:?}");
    assert_eq!(lines[5], "of this machine");
    assert!(lines[6].ends_with("  u.bin") && lines[6].contains(" 1  "), "{lines:?}");
    assert!(ended.err.contains("absent: no such file"), "{ended:?}");
    assert!(!ended.err.contains("> ") || !ended.err.contains("127.0.0.1:/"), "no prompt: {ended:?}");
}

#[test]
fn a_script_does_what_it_says_on_our_server() {
    does_what_it_says(&Server::ours());
}

#[test]
fn a_script_does_what_it_says_on_openssh() {
    if let Some(reached) = openssh(e2e::scratch()) {
        does_what_it_says(&Server::of(reached));
    }
}

#[test]
fn a_script_stops_at_the_first_line_that_fails() {
    let server = Server::ours();
    for (lines, code, words) in [
        ("mkdir a\ncd absent\nmkdir b\n", 5, "line 2: "),
        ("get 'x\nmkdir b\n", 2, "a quote is not closed"),
        ("nosuch\nmkdir b\n", 2, "nosuch: no such command; help lists them all"),
        ("rm\nmkdir b\n", 2, "rm: too few words behind it; it is rm PATH..."),
        ("rm z*\nmkdir b\n", 5, "no name fits"),
        ("chmod 9 a\nmkdir b\n", 2, "is no mode"),
        ("put absent.bin\nmkdir b\n", 5, "absent.bin"),
        ("!exit 3\nmkdir b\n", 1, "exit status: 3"),
    ] {
        let ended = script(&server, lines);
        assert_eq!(ended.code(), code, "{lines:?}: {ended:?}");
        assert!(ended.err.contains(words), "{lines:?}: {ended:?}");
        assert!(!server.served.join("b").exists(), "{lines:?}");
    }
    let wrong = server.run("shell", &["--json", &server.url]);
    assert_eq!(wrong.code(), 2, "{wrong:?}");
}

#[test]
fn what_broke_goes_on_both_ways() {
    let Some(reached) = openssh(e2e::scratch()) else { return };
    let server = Server::of(reached);
    let (home, whole) = (server.home.path(), octets(7, 3_000_000));
    fs::write(server.served.join("f"), &whole).unwrap();
    fs::write(home.join("f.part"), &whole[..1_234_567]).unwrap();
    fs::write(home.join("g"), &whole).unwrap();
    fs::write(server.served.join("g"), &whole[..2_345_678]).unwrap();
    let ended = script(&server, "reget f\nreput g\n");
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(ended.err.contains("1,765,433 octets") && ended.err.contains("654,322 octets"), "{ended:?}");
    assert!(
        fs::read(home.join("f")).unwrap() == whole && fs::read(server.served.join("g")).unwrap() == whole
    );
}

#[test]
fn tab_completes_names_of_both_sides_and_lines_are_remembered() {
    let server = Server::ours();
    let home = server.home.path();
    fs::create_dir(server.served.join("images")).unwrap();
    fs::write(server.served.join("images/c2900 universal.bin"), "12345").unwrap();
    fs::create_dir(home.join("local dir")).unwrap();
    let mut terminal = server.typed("shell", &[&server.url]);
    terminal.until("127.0.0.1:/> ");
    terminal.types("cd im\t");
    terminal.until("cd images/");
    terminal.types("\r");
    terminal.until("127.0.0.1:/images> ");
    terminal.types("lcd lo\t");
    terminal.until("local\\ dir/");
    terminal.types("\r");
    terminal.until("127.0.0.1:/images> ");
    terminal.types("ge\tc2\t");
    terminal.until("get c2900\\ universal.bin");
    terminal.types(" got.bin\r");
    terminal.until("octets in ");
    assert_eq!(fs::read(home.join("local dir/got.bin")).unwrap(), b"12345");
    terminal.until("127.0.0.1:/images> ");
    // Ctrl-C drops a line, and a line that fails is told and no more.
    terminal.types("rm c2900\x03");
    terminal.until("127.0.0.1:/images> ");
    terminal.types("nosuch\r");
    terminal.until("towline: nosuch: no such command");
    terminal.until("127.0.0.1:/images> ");
    terminal.types("exit\r");
    assert_eq!(terminal.exit(), Some(0));
    assert!(server.served.join("images/c2900 universal.bin").exists());
    let history = home.join("state/towline/shell_history");
    let text = fs::read_to_string(&history).unwrap();
    assert!(text.contains("universal.bin got.bin") && !text.contains("rm c2900"), "{text}");
    assert_eq!(history.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // The next one begins with it, and one that is told so keeps none.
    let mut terminal = server.typed("shell", &["--no-history", &server.url]);
    terminal.until("127.0.0.1:/> ");
    terminal.types("mkdir forgotten\r");
    terminal.until("127.0.0.1:/> ");
    terminal.types("\x04");
    assert_eq!(terminal.exit(), Some(0));
    assert!(server.served.join("forgotten").exists());
    assert_eq!(fs::read_to_string(&history).unwrap(), text);
    let mut terminal = server.typed("shell", &[&server.url]);
    terminal.until("127.0.0.1:/> ");
    terminal.types("\x1b[A");
    terminal.until("exit");
    terminal.types("\r");
    assert_eq!(terminal.exit(), Some(0));
}

#[test]
fn ctrl_c_ends_what_runs_and_not_the_shell() {
    let Some(reached) = openssh(e2e::scratch()) else { return };
    let server = Server::of(reached);
    let (home, served) = (server.home.path(), &server.served);
    // Holes: it takes a while to move, and no room.
    File::create(served.join("large")).unwrap().set_len(8 << 30).unwrap();
    fs::write(served.join("small"), "12345").unwrap();
    let mut terminal = server.typed("shell", &[&server.url]);
    terminal.until("> ");
    let part = home.join("large.part");
    terminal.types("get large\r");
    let begun = || part.metadata().is_ok_and(|facts| facts.len() > 0).then_some(());
    poll::until(ONE, begun).expect("it has begun");
    terminal.types("\x03");
    terminal.until("reget goes on");
    terminal.until("> ");
    terminal.types("get small\r");
    terminal.until("octets in ");
    assert_eq!(fs::read(home.join("small")).unwrap(), b"12345");
    assert!(!home.join("large").exists() && part.metadata().unwrap().len() < 8 << 30);
    terminal.until("> ");
    terminal.types("exit\r");
    assert_eq!(terminal.exit(), Some(0));
}
