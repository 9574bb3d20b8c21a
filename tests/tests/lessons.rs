//! `docs/lessons.md` names a test for each fault of others, and the attacks of which no other test was.

use e2e::battery::{USER, user_flag};
use e2e::towline::Serve;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// What has to be in the document: the faults that our notes on the field name.
const NAMED: &[&str] = &[
    "CVE-1999-0017",
    "CVE-2010-4221",
    "CVE-2011-0411",
    "CVE-2015-3306",
    "CVE-2017-7418",
    "CVE-2018-15473",
    "CVE-2018-20685",
    "CVE-2019-12815",
    "CVE-2019-18217",
    "CVE-2019-6109",
    "CVE-2019-6110",
    "CVE-2019-6111",
    "CVE-2020-15778",
    "CVE-2020-6097",
    "CVE-2021-41054",
    "CVE-2021-47865",
    "CVE-2023-48795",
    "CVE-2024-43410",
    "CVE-2026-42167",
    "CVE-2026-44331",
    "CVE-2026-46673",
    "mod_copy",
    "SITE COPY",
    "Reflection",
    "FTP bounce",
    "CVE-1999-0351",
    "CVE-2011-0762",
    "CVE-2011-3192",
    "CVE-2020-8284",
    "CVE-2024-2169",
    "1.0.52",
    "fixed in 5.4",
    "libunftp",
    "strict_ssl_read_eof",
];

/// The names of all tests below a directory.
fn tests(dir: &Path, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(dir).expect("the directory is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            for (i, _) in lines.iter().enumerate().filter(|(_, l)| l.starts_with("#[test]")) {
                let function = lines[i..].iter().take(4).find_map(|l| l.strip_prefix("fn "));
                into.extend(function.and_then(|f| f.split('(').next()).map(str::to_owned));
            }
        }
    }
}

#[test]
fn each_fault_of_others_has_its_test_or_is_said_to_be_missing() {
    let root = e2e::root();
    let mut there = BTreeSet::new();
    for dir in ["crates", "simnet", "tests", "xtask"] {
        tests(&root.join(dir), &mut there);
    }
    let doc = fs::read_to_string(root.join("docs/lessons.md")).expect("the document");
    let rows: Vec<Vec<&str>> = doc
        .lines()
        .filter(|l| l.starts_with("| ") && !l.starts_with("| what went wrong"))
        .map(|l| l.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    assert!(rows.len() >= 45, "a row for each fault: {}", rows.len());
    for row in rows {
        let [what, answer, named] = row[..] else { panic!("three columns: {row:?}") };
        let named: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty() || answer.starts_with("not yet"), "{what}: a test, or what is missing");
        for test in named {
            assert!(there.contains(test), "{what}: no test {test}");
        }
    }
    let missing: Vec<_> = NAMED.iter().filter(|n| !doc.contains(*n)).collect();
    assert!(missing.is_empty(), "not in docs/lessons.md: {missing:?}");
}

/// A control connection, which reads one reply for each command.
struct Control {
    stream: TcpStream,
    lines: BufReader<TcpStream>,
}

impl Control {
    fn open(server: SocketAddr) -> Control {
        let stream = TcpStream::connect(server).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout is set");
        let lines = BufReader::new(stream.try_clone().expect("a descriptor"));
        let mut control = Control { stream, lines };
        control.reply();
        control
    }

    fn logged_in(server: SocketAddr) -> Control {
        let mut control = Control::open(server);
        control.say(format!("USER {}", USER.0));
        assert!(control.say(format!("PASS {}", USER.1)).starts_with("230"));
        control
    }

    fn say(&mut self, command: impl AsRef<[u8]>) -> String {
        let mut line = command.as_ref().to_vec();
        line.extend(b"\r\n");
        self.stream.write_all(&line).expect("it reads");
        self.reply()
    }

    /// The last line of a reply.
    fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).expect("a reply"), 0, "the session ended");
            if line.as_bytes().get(3) == Some(&b' ') && line.as_bytes()[..3].iter().all(u8::is_ascii_digit) {
                return line;
            }
        }
    }
}

/// A server that takes uploads, with one secret file outside of its root.
fn serve(home: &Path) -> Serve {
    let root = home.join("root");
    fs::create_dir(&root).expect("own directory");
    fs::write(root.join("a"), "a").expect("own directory");
    fs::write(home.join("secret"), "secret").expect("own directory");
    Serve::start(&root, &["--write", "--user", &user_flag(home)])
}

#[test]
fn nothing_is_copied_linked_or_run_on_the_server() {
    let home = e2e::scratch();
    let serve = serve(home.path());
    let commands = [
        "SITE CPFR /etc/passwd",
        "SITE CPTO /stolen",
        "SITE COPY a b",
        "SITE SYMLINK /etc/passwd link",
        "SITE EXEC id",
        "SITE CHMOD 4755 a",
        "CPFR a",
        "CPTO b",
        "SMNT /",
    ];
    let mut stranger = Control::open(serve.ftp);
    let mut known = Control::logged_in(serve.ftp);
    for command in commands {
        let (before, after) = (stranger.say(command), known.say(command));
        assert!(before.starts_with('5') && after.starts_with('5'), "{command}: {before}{after}");
    }
    // A copy is a read and a write, with the rights of whoever asks.
    assert!(stranger.say("SITE CPFR a").starts_with('5'));
    assert!(known.say("SITE CPFR a").starts_with('3') && known.say("SITE CPTO a/b").starts_with('5'));
    let names: Vec<_> =
        fs::read_dir(home.path().join("root")).expect("ours").map(|e| e.expect("one").file_name()).collect();
    assert_eq!(names, ["a"]);
}

#[test]
fn a_pattern_in_a_listing_is_a_name() {
    let home = e2e::scratch();
    let serve = serve(home.path());
    for n in 0..20 {
        fs::create_dir_all(home.path().join(format!("root/d{n}/e"))).expect("own directory");
    }
    let mut control = Control::logged_in(serve.ftp);
    let began = Instant::now();
    for pattern in
        [format!("{}*", "*/../".repeat(200)), String::from("d*"), format!("{}x", "{a,b}".repeat(100))]
    {
        for verb in ["LIST", "NLST", "STAT"] {
            // A channel for each: a listing that is refused is refused before it, or with 425 for want of one.
            let reply = control.say(format!("{verb} {pattern}"));
            assert!(reply.starts_with('5') || reply.starts_with('4'), "{verb} {pattern}: {reply}");
        }
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn what_a_peer_sends_moves_no_cursor_and_no_password_is_shown() {
    let home = e2e::scratch();
    let serve = serve(home.path());
    let mut control = Control::open(serve.ftp);
    control.say(b"USER \x1b[2J\x07eve");
    assert!(control.say("PASS zaphod-1").starts_with("530"));
    let mut control = Control::logged_in(serve.ftp);
    control.say(b"MKD \x1b]0;owned\x07");
    control.say(b"SIZE \x9b31mred");
    control.say("QUIT");
    drop((control, serve.process.id()));
    let told = e2e::poll::until(e2e::poll::PATIENCE, || {
        let said = serve.process.said();
        said.out.iter().any(|l| l.contains("owned")).then_some(said)
    });
    let said = told.expect("the directory is an event");
    for line in said.out.iter().chain(&said.err) {
        assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
        assert!(!line.contains("zaphod-1") && !line.contains(USER.1), "{line:?}");
    }
}
