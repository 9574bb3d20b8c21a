//! `towline copy` against other people's SCP servers and ours.

use e2e::at_home::{run, towline};
use e2e::battery::USER;
use e2e::content::SIZES;
use e2e::process::{Ended, Process};
use e2e::ssh_servers::{Reached, asyncssh, openssh, paramiko};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

/// The longest that one command may take on a loaded machine.
const ONE: Duration = Duration::from_secs(90);
/// More than any window.
const LARGE: u64 = 33_591_768;

fn copy(reached: &Reached, home: &Path, arguments: &[&str]) -> Ended {
    run(home, &[&["copy", "--quiet"], &reached.flags()[..], arguments].concat())
}

fn good(ended: &Ended) {
    assert_eq!(ended.code(), 0, "{ended:?}");
}

/// The exit code, and what the one line says.
fn bad(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code(), code, "{ended:?}");
    for word in words {
        assert!(ended.err.contains(word), "no '{word}' in {ended:?}");
    }
    assert_eq!(ended.err.lines().count(), 1, "one line: {ended:?}");
}

/// Names in a directory.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn gets_from_openssh() {
    if let Some(openssh) = openssh(e2e::scratch()).map(Reached::over_scp) {
        openssh.server.gets("our scp get", &openssh.flags(), &[SIZES, &[LARGE]].concat());
    }
}

#[test]
fn puts_to_openssh() {
    if let Some(openssh) = openssh(e2e::scratch()).map(Reached::over_scp) {
        openssh.server.puts("our scp put", &openssh.flags(), &[SIZES, &[LARGE]].concat());
    }
}

#[test]
fn gets_from_asyncssh() {
    if let Some(asyncssh) = asyncssh(e2e::scratch()).map(Reached::over_scp) {
        asyncssh.server.gets("our scp get", &asyncssh.flags(), SIZES);
    }
}

#[test]
fn puts_to_asyncssh() {
    if let Some(asyncssh) = asyncssh(e2e::scratch()).map(Reached::over_scp) {
        asyncssh.server.puts("our scp put", &asyncssh.flags(), SIZES);
    }
}

#[test]
fn times_and_permissions_are_kept_both_ways_where_that_is_wanted() {
    let Some(openssh) = openssh(e2e::scratch()).map(Reached::over_scp) else { return };
    let (home, served) = (e2e::scratch(), &openssh.server.served);
    let file = fs::File::create(home.path().join("f")).unwrap();
    file.set_permissions(fs::Permissions::from_mode(0o640)).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
    let facts = |dir: &Path, name: &str| {
        let facts = dir.join(name).metadata().unwrap();
        (facts.mtime(), facts.mode() & 0o777)
    };
    good(&copy(&openssh, home.path(), &["-p", "f", &openssh.server.url]));
    assert_eq!(facts(served, "f"), (1_000_000_000, 0o640));
    good(&copy(&openssh, home.path(), &["-p", &format!("{}f", openssh.server.url), "g"]));
    assert_eq!(facts(home.path(), "g"), (1_000_000_000, 0o640));
    // What is for nobody else stays so without -p; its time is its own.
    fs::set_permissions(home.path().join("f"), fs::Permissions::from_mode(0o600)).unwrap();
    good(&copy(&openssh, home.path(), &["f", &format!("{}h", openssh.server.url)]));
    let (time, mode) = facts(served, "h");
    assert!(time != 1_000_000_000 && mode == 0o600, "{time} {mode:o}");
}

#[test]
fn no_shell_reads_a_name_as_anything_else() {
    let Some(openssh) = openssh(e2e::scratch()).map(Reached::over_scp) else { return };
    let (home, served) = (e2e::scratch(), &openssh.server.served);
    fs::write(home.path().join("f"), "12345").unwrap();
    for name in ["a b", "it's", "`touch x`", "$(touch x)", "x;touch y", "*", "-rf", "~root", "#", "caf\u{e9}"]
    {
        let url = format!("{}{}", openssh.server.url, name.replace('%', "%25"));
        good(&copy(&openssh, home.path(), &["f", &url]));
        assert_eq!(fs::read(served.join(name)).unwrap(), b"12345", "{name}");
        good(&copy(&openssh, home.path(), &[&url, "got"]));
        assert_eq!(fs::read(home.path().join("got")).unwrap(), b"12345", "{name}");
        fs::remove_file(served.join(name)).unwrap();
    }
    assert_eq!(names(served), [""; 0], "nothing else was done");
}

#[test]
fn what_fails_has_its_exit_code_and_leaves_nothing() {
    let Some(openssh) = openssh(e2e::scratch()).map(Reached::over_scp) else { return };
    let (home, served) = (e2e::scratch(), &openssh.server.served);
    let url = |name: &str| format!("{}{name}", openssh.server.url);
    fs::write(home.path().join("f"), "12345").unwrap();
    fs::write(home.path().join("old"), "old").unwrap();
    fs::create_dir(served.join("dir")).unwrap();
    bad(&copy(&openssh, home.path(), &[&url("absent"), "old"]), 5, &["no such file", "absent"]);
    bad(&copy(&openssh, home.path(), &["f", &url("absent/f")]), 5, &["no such file"]);
    bad(&copy(&openssh, home.path(), &[&url("dir"), "old"]), 1, &["not a regular file"]);
    bad(&copy(&openssh, home.path(), &["--resume", &url("dir"), "old"]), 2, &["only FTP"]);
    assert_eq!(fs::read(home.path().join("old")).unwrap(), b"old");
    // What is a directory there gets the file by its own name, as with scp(1).
    good(&copy(&openssh, home.path(), &["f", &url("dir")]));
    assert_eq!(fs::read(served.join("dir/f")).unwrap(), b"12345");
    // What there is instead of scp says why.
    let authorized = openssh.server.rest.0.path().join("authorized");
    let key = fs::read_to_string(&authorized).unwrap();
    let instead = |command: &str| {
        fs::write(&authorized, format!("command=\"{command}\" {key}")).unwrap();
        [copy(&openssh, home.path(), &[&url("f"), "old"]), copy(&openssh, home.path(), &["f", &url("g")])]
    };
    for ended in instead("echo scp is not for you >&2; exit 3") {
        bad(&ended, 1, &["its scp ended with status 3: scp is not for you"]);
    }
    for ended in instead("echo This service allows sftp connections only.") {
        bad(&ended, 1, &["expected SCP, and there is text", "sftp://"]);
    }
    for ended in instead("exit 0") {
        bad(&ended, 1, &["ended it in the middle"]);
    }
    let [whole, _] = instead("printf 'C0644 3 f\\nabc\\0'; exit 4");
    bad(&whole, 1, &["its scp ended with status 4"]);
    let [short, _] = instead("printf 'C0644 9 f\\nabc'");
    bad(&short, 6, &["expected 9 octets, found 3"]);
    let [other, _] = instead("printf 'C0600 3 authorized_keys\\nabc\\0'");
    bad(&other, 1, &["it sends 'authorized_keys'"]);
    assert_eq!(fs::read(home.path().join("old")).unwrap(), b"old");
    assert_eq!(names(home.path()), ["f", "old"], "and nothing else is left");
    let nobody = run(home.path(), &["copy", "scp://127.0.0.1:1/f", "got"]);
    bad(&nobody, 3, &["127.0.0.1:1"]);
}

#[test]
fn a_server_without_scp_says_so() {
    let Some(paramiko) = paramiko(e2e::scratch()).map(Reached::over_scp) else { return };
    let home = e2e::scratch();
    let ended = copy(&paramiko, home.path(), &[&format!("{}f", paramiko.server.url), "got"]);
    bad(&ended, 1, &["does not have the command scp -f /f", "sftp:// and scp:// are two things"]);
}

#[test]
fn many_files_and_streams_go_as_over_sftp() {
    let Some(openssh) = openssh(e2e::scratch()).map(Reached::over_scp) else { return };
    let (home, served) = (e2e::scratch(), &openssh.server.served);
    for n in 1..=6 {
        fs::write(served.join(format!("sw{n}.cfg")), format!("hostname sw{n}\n")).unwrap();
    }
    fs::create_dir(home.path().join("backup")).unwrap();
    let all = format!("{}sw{{1..6}}.cfg", openssh.server.url);
    good(&copy(&openssh, home.path(), &[&all, "backup/"]));
    for n in 1..=6 {
        let got = fs::read_to_string(home.path().join(format!("backup/sw{n}.cfg"))).unwrap();
        assert_eq!(got, format!("hostname sw{n}\n"));
    }
    let some = format!("{}{{sw1,absent}}.cfg", openssh.server.url);
    let ended = copy(&openssh, home.path(), &["--json", &some, "backup/"]);
    assert_eq!(ended.code(), 8, "{ended:?}");
    let one = format!("{}sw1.cfg", openssh.server.url);
    let out = copy(&openssh, home.path(), &[&one, "-"]);
    good(&out);
    assert_eq!(out.out, "hostname sw1\n");
    let two = format!("{}{{sw1,sw2}}.cfg", openssh.server.url);
    let verb = |verb: &str, url: &str| run(home.path(), &[&[verb], &openssh.flags()[..], &[url]].concat());
    let printed = verb("cat", &two);
    good(&printed);
    assert_eq!(printed.out, "hostname sw1\nhostname sw2\n");
    good(&verb("hash", &one));
    for refused in ["ls", "rm", "mkdir", "rmdir", "stat"] {
        bad(&verb(refused, &one), 7, &["SCP only copies files: sftp:// does the rest"]);
    }
    assert_eq!(names(served).len(), 6);
}

#[test]
fn our_server_and_our_client_copy_whole_files() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let mut serve = e2e::ssh_clients::start(root.path(), home.path());
    let at = serve.listening("sftp");
    let url = |name: &str| format!("scp://{}@{at}/{name}", USER.0);
    let ours = |arguments: &[&str]| {
        let words = [&["copy", "--quiet", "--host-key", "accept-new"], arguments].concat();
        Process::start(towline(home.path(), &words).env("TOWLINE_PASSWORD", USER.1)).wait(ONE)
    };
    let whole: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(home.path().join("f"), &whole).unwrap();
    fs::File::open(home.path().join("f")).unwrap().set_modified(std::time::UNIX_EPOCH + ONE).unwrap();
    good(&ours(&["-p", "f", &url("a%20'b")]));
    assert!(fs::read(root.path().join("a 'b")).unwrap() == whole);
    assert_eq!(root.path().join("a 'b").metadata().unwrap().mtime(), 90);
    good(&ours(&["-p", &url("a%20'b"), "got"]));
    assert!(fs::read(home.path().join("got")).unwrap() == whole);
    assert_eq!(home.path().join("got").metadata().unwrap().mtime(), 90);
    bad(&ours(&[&url("absent"), "got"]), 5, &["no such file"]);
    bad(&ours(&["f", &url("absent/f")]), 5, &["no such file"]);
    let told = serve.events();
    let scp = told.iter().filter(|e| e["event"] == "ended" && e["protocol"] == "scp").count();
    assert!(scp >= 2, "the log has them as what they are: {told:?}");
}

/// What a trace of a copy shows of what SSH hides.
#[test]
fn a_trace_shows_what_is_asked_and_said_over_scp_and_sftp() {
    let Some(openssh) = openssh(e2e::scratch()) else { return };
    let (home, served) = (e2e::scratch(), openssh.server.served.clone());
    fs::write(served.join("f"), "hello").unwrap();
    fs::set_permissions(served.join("f"), fs::Permissions::from_mode(0o640)).unwrap();
    let over = |scheme: &str, from: &str, to: &str| {
        let at = |word: &str| word.replace("sftp://", scheme);
        let ended = copy(&openssh, home.path(), &["--trace=t.txt", &at(from), &at(to)]);
        (ended.code(), fs::read_to_string(home.path().join("t.txt")).unwrap())
    };
    let url = |name: &str| format!("{}{name}", openssh.server.url);
    let told = |(code, trace): (i32, String), right: i32, lines: &[&str]| {
        assert_eq!(code, right, "{trace}");
        let mut rest = &trace[..];
        for line in lines {
            let (_, after) = rest.split_once(line).unwrap_or_else(|| panic!("no '{line}' in {trace}"));
            rest = after;
        }
    };
    // A longer line goes on in another row.
    let closes = "closes the SCP connection after 5 octets";
    told(
        over("scp://", &url("f"), "got"),
        0,
        &["opens the SCP connection", "scp -f /", "C0640 5 f", "5 octets, 1 segment", closes],
    );
    told(over("scp://", "got", &url("g")), 0, &["scp -t /", "C0", " 5 got", "5 octets, 1 segment", closes]);
    told(over("scp://", &url("absent"), "no"), 5, &["No such", "closes the SCP"]);
    let closes = "closes the SFTP connection after 5 octets";
    told(
        over("sftp://", &url("f"), "got"),
        0,
        &["opens the SFTP connection", "GET /", "5 octets, 1 segment", "OK", closes],
    );
    told(over("sftp://", "got", &url("h")), 0, &["PUT /", "5 octets, 1 segment", "OK", closes]);
    told(over("sftp://", &url("absent"), "no"), 5, &["no such", "closes the SFTP"]);
}
