//! `towline copy` against other people's SFTP servers.

use e2e::at_home::{run, towline};
use e2e::battery::USER;
use e2e::content::SIZES;
use e2e::peers::Peer;
use e2e::process::{Ended, Process};
use e2e::ssh_servers::{Reached, asyncssh, openssh, paramiko};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The longest that one command may take on a loaded machine.
const ONE: Duration = Duration::from_secs(90);
/// Several windows.
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

fn random(len: usize) -> Vec<u8> {
    let mut octets = vec![0; len];
    let mut state = 0x9e37_79b9_u64.wrapping_add(len as u64);
    for octet in &mut octets {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *octet = (state >> 56) as u8;
    }
    octets
}

#[test]
fn gets_from_openssh() {
    if let Some(openssh) = openssh(e2e::scratch()) {
        openssh.server.gets("our sftp get", &openssh.flags(), &[SIZES, &[LARGE]].concat());
    }
}

#[test]
fn puts_to_openssh() {
    if let Some(openssh) = openssh(e2e::scratch()) {
        openssh.server.puts("our sftp put", &openssh.flags(), &[SIZES, &[LARGE]].concat());
    }
}

#[test]
fn gets_from_asyncssh() {
    if let Some(asyncssh) = asyncssh(e2e::scratch()) {
        asyncssh.server.gets("our sftp get", &asyncssh.flags(), SIZES);
    }
}

#[test]
fn puts_to_asyncssh() {
    if let Some(asyncssh) = asyncssh(e2e::scratch()) {
        asyncssh.server.puts("our sftp put", &asyncssh.flags(), SIZES);
    }
}

#[test]
fn gets_from_paramiko() {
    if let Some(paramiko) = paramiko(e2e::scratch()) {
        paramiko.server.gets("our sftp get", &paramiko.flags(), SIZES);
    }
}

#[test]
fn puts_to_paramiko() {
    if let Some(paramiko) = paramiko(e2e::scratch()) {
        paramiko.server.puts("our sftp put", &paramiko.flags(), SIZES);
    }
}

#[test]
fn a_password_lets_in_wherever_it_comes_from_and_a_wrong_one_does_not() {
    let Some(asyncssh) = asyncssh(e2e::scratch()) else { return };
    let home = e2e::scratch();
    fs::write(asyncssh.server.served.join("f"), "12345").unwrap();
    let [_, _, pin @ ..] = &asyncssh.flags()[..] else { panic!() };
    let url = |password: &str| {
        let user = format!("{}{password}@", USER.0);
        format!("{}f", asyncssh.server.url.replace(&format!("{}@", USER.0), &user))
    };
    let words = |url: &str| [&["copy", "--quiet"], pin, &[url, "got"]].concat().join("\n");
    let with = |url: &str, variable: Option<&str>| {
        let text = words(url);
        let arguments: Vec<&str> = text.split('\n').collect();
        let mut c = towline(home.path(), &arguments);
        if let Some(password) = variable {
            c.env("TOWLINE_PASSWORD", password);
        }
        Process::start(&mut c).wait(ONE)
    };
    let escaped = format!(":{}", USER.1.replace(' ', "%20").replace(':', "%3A"));
    for (password, variable) in [(&escaped[..], None), ("", Some(USER.1)), (&escaped, Some("wrong"))] {
        good(&with(&url(password), variable));
        assert_eq!(fs::read(home.path().join("got")).unwrap(), b"12345");
    }
    for (password, variable) in [(":wrong", None), ("", Some("wrong")), (":wrong", Some(USER.1)), ("", None)]
    {
        let ended = with(&url(password), variable);
        bad(&ended, 4, &["login refused", "as bob", "the server takes"]);
        assert!(!ended.err.contains("wrong"), "no password is printed: {ended:?}");
    }
}

#[test]
fn a_host_is_trusted_by_what_is_known_of_it() {
    let (Some(one), Some(other)) = (openssh(e2e::scratch()), openssh(e2e::scratch())) else { return };
    let home = e2e::scratch();
    fs::write(one.server.served.join("f"), "12345").unwrap();
    let url = format!("{}f", one.server.url);
    let key = one.key.to_str().unwrap();
    let get =
        |flags: &[&str]| run(home.path(), &[&["copy", "--quiet", "-i", key], flags, &[&url, "got"]].concat());
    bad(&get(&[]), 4, &["nothing is known of it", "SHA256:", "accept-new"]);
    bad(&get(&["--host-key", other.flags()[3]]), 4, &["expected is", other.flags()[3], one.flags()[3]]);
    assert!(!home.path().join("got").exists() && !home.path().join("state").exists(), "nothing was written");
    good(&get(&["--host-key", "accept-new"]));
    // It is known from then on, and is in our own file.
    good(&get(&[]));
    let learned = home.path().join("state/towline/known_hosts");
    assert_eq!(fs::read_to_string(&learned).unwrap(), one.known);
    assert_eq!(learned.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // The user's own file counts, and one that speaks against it counts more.
    fs::remove_file(&learned).unwrap();
    fs::create_dir(home.path().join(".ssh")).unwrap();
    let known = home.path().join(".ssh/known_hosts");
    fs::write(&known, format!("# comment\n{}", one.known)).unwrap();
    good(&get(&[]));
    let (_, wrong) = other.known.split_once(' ').unwrap();
    let (name, _) = one.known.split_once(' ').unwrap();
    fs::write(&known, format!("\n{name} {wrong}")).unwrap();
    for flags in [&[][..], &["--host-key", "accept-new"]] {
        bad(&get(flags), 4, &["known_hosts:2", "somebody may be in between", other.flags()[3]]);
    }
}

#[test]
fn keys_of_an_agent_and_of_the_home_let_in() {
    let Some(openssh) = openssh(e2e::scratch()) else { return };
    let (Some(agent), Some(add)) = (Peer::find("openssh", "ssh-agent"), Peer::find("openssh", "ssh-add"))
    else {
        return;
    };
    let home = e2e::scratch();
    fs::write(openssh.server.served.join("f"), "12345").unwrap();
    let url = format!("{}f", openssh.server.url);
    let [_, _, pin @ ..] = &openssh.flags()[..] else { panic!() };
    let arguments = [&["copy", "--quiet"], pin, &[&url, "got"]].concat();
    bad(&run(home.path(), &arguments), 4, &["login refused", "nothing to try"]);
    let socket = home.path().join("agent");
    let _agent = Process::start(agent.command().arg("-D").arg("-a").arg(&socket));
    let listens = || std::os::unix::net::UnixStream::connect(&socket).is_ok().then_some(());
    e2e::poll::until(ONE, listens).expect("the agent listens");
    let added = Process::start(add.command().arg(&openssh.key).env("SSH_AUTH_SOCK", &socket)).wait(ONE);
    good(&added);
    let mut c = towline(home.path(), &arguments);
    good(&Process::start(c.env("SSH_AUTH_SOCK", &socket)).wait(ONE));
    assert_eq!(fs::read(home.path().join("got")).unwrap(), b"12345");
    // The same key as a file that is tried by its name.
    fs::create_dir(home.path().join(".ssh")).unwrap();
    fs::copy(&openssh.key, home.path().join(".ssh/id_ed25519")).unwrap();
    good(&run(home.path(), &arguments));
    // A key that does not let in is told.
    fs::write(home.path().join("no key"), "no key").unwrap();
    let given = [&["copy", "-i", "no key"], pin, &[&url, "got"]].concat();
    bad(&run(home.path(), &given), 7, &["no key: not a key that is known here"]);
}

#[test]
fn a_broken_copy_goes_on_where_it_stopped_both_ways() {
    let Some(openssh) = openssh(e2e::scratch()) else { return };
    let (home, served) = (e2e::scratch(), &openssh.server.served);
    let whole = random(5_000_000);
    fs::write(served.join("f"), &whole).unwrap();
    let url = |name: &str| format!("{}{name}", openssh.server.url);
    for at in [0, 1, 2_345_678, 5_000_000] {
        fs::write(home.path().join("got.part"), &whole[..at]).unwrap();
        good(&copy(&openssh, home.path(), &["--resume", &url("f"), "got"]));
        assert!(fs::read(home.path().join("got")).unwrap() == whole, "get from {at}");
        fs::write(served.join("up"), &whole[..at]).unwrap();
        good(&copy(&openssh, home.path(), &["--resume", "got", &url("up")]));
        assert!(fs::read(served.join("up")).unwrap() == whole, "put from {at}");
    }
    fs::write(home.path().join("got.part"), random(5_000_001)).unwrap();
    bad(
        &copy(&openssh, home.path(), &["--resume", &url("f"), "got"]),
        6,
        &["is not the beginning of that file"],
    );
    fs::write(served.join("up"), random(5_000_001)).unwrap();
    bad(&copy(&openssh, home.path(), &["--resume", "got", &url("up")]), 4, &["more than the 5,000,000"]);
}

#[test]
fn times_and_permissions_are_kept_where_that_is_wanted() {
    let Some(openssh) = openssh(e2e::scratch()) else { return };
    let (home, served) = (e2e::scratch(), &openssh.server.served);
    let file = fs::File::create(home.path().join("f")).unwrap();
    file.set_permissions(fs::Permissions::from_mode(0o640)).unwrap();
    let then = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    file.set_modified(then).unwrap();
    good(&copy(&openssh, home.path(), &["-p", "f", &openssh.server.url]));
    let facts = served.join("f").metadata().unwrap();
    assert_eq!((facts.mtime(), facts.mode() & 0o777), (1_000_000_000, 0o640));
    good(&copy(&openssh, home.path(), &["-p", &format!("{}f", openssh.server.url), "g"]));
    assert_eq!(home.path().join("g").metadata().unwrap().mtime(), 1_000_000_000);
    good(&copy(&openssh, home.path(), &["f", &format!("{}h", openssh.server.url)]));
    assert_ne!(served.join("h").metadata().unwrap().mtime(), 1_000_000_000, "not without -p");
}

#[test]
fn what_fails_has_its_exit_code_and_its_words() {
    let Some(openssh) = openssh(e2e::scratch()) else { return };
    let home = e2e::scratch();
    let url = |name: &str| format!("{}{name}", openssh.server.url);
    fs::write(home.path().join("f"), "12345").unwrap();
    bad(&copy(&openssh, home.path(), &[&url("absent"), "got"]), 5, &["no such file"]);
    bad(&copy(&openssh, home.path(), &["f", &url("absent/f")]), 5, &["no such file"]);
    fs::create_dir(openssh.server.served.join("dir")).unwrap();
    let directory = copy(&openssh, home.path(), &["f", &url("dir")]);
    assert_eq!(directory.code(), 1, "{directory:?}");
    bad(&copy(&openssh, home.path(), &["absent", &url("f")]), 5, &["absent"]);
    let nobody = run(home.path(), &["copy", "sftp://127.0.0.1:1/f", "got"]);
    bad(&nobody, 3, &["127.0.0.1:1"]);
}

#[test]
fn many_files_are_several_connections_and_some_may_fail() {
    let Some(openssh) = openssh(e2e::scratch()) else { return };
    let home = e2e::scratch();
    let served = &openssh.server.served;
    for n in 1..=12 {
        fs::write(served.join(format!("sw{n:02}.cfg")), random(n * 1_000)).unwrap();
    }
    fs::create_dir(home.path().join("backup")).unwrap();
    let all = format!("{}sw{{01..12}}.cfg", openssh.server.url);
    good(&copy(&openssh, home.path(), &[&all, "backup/"]));
    for n in 1..=12 {
        let got = fs::read(home.path().join(format!("backup/sw{n:02}.cfg"))).unwrap();
        assert!(got == random(n * 1_000), "sw{n:02}.cfg");
    }
    let some = format!("{}{{sw01,absent}}.cfg", openssh.server.url);
    let ended = copy(&openssh, home.path(), &["--json", &some, "backup/"]);
    assert_eq!(ended.code(), 8, "{ended:?}");
    let events: Vec<serde_json::Value> =
        ended.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let count = |name: &str| events.iter().filter(|e| e["event"] == name).count();
    assert_eq!((count("copied"), count("failed"), count("summary")), (1, 2, 1), "{events:?}");
    // A list of digests, whose names are below the base.
    let list = "0000000000000000000000000000000000000000000000000000000000000000  sw02.cfg\n";
    fs::write(home.path().join("list"), list).unwrap();
    let ended = copy(&openssh, home.path(), &["--list", "list", &openssh.server.url, "backup/"]);
    assert_eq!(ended.code(), 6, "{ended:?}");
}

#[test]
fn the_verbs_do_on_the_server_what_they_say() {
    let Some(openssh) = openssh(e2e::scratch()) else { return };
    let (home, served) = (e2e::scratch(), &openssh.server.served);
    let url = |name: &str| format!("{}{name}", openssh.server.url);
    let verb = |verb: &str, arguments: &[&str]| {
        run(home.path(), &[&[verb], &openssh.flags()[..], arguments].concat())
    };
    let names = || {
        let mut names: Vec<_> =
            fs::read_dir(served).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names.join(" ")
    };
    good(&verb("mkdir", &[&url("d"), &url("e")]));
    good(&verb("mkdir", &["-p", &url("d/x/y"), &url("d/x/y")]));
    assert_eq!(verb("mkdir", &[&url("d")]).code(), 1, "it is there");
    fs::write(served.join("a b.cfg"), "hostname r1\n").unwrap();
    fs::write(served.join("c.bin"), [7; 1_234]).unwrap();
    fs::File::open(served.join("c.bin")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    let listed = verb("ls", &[&url("")]);
    good(&listed);
    assert_eq!(listed.out, "a b.cfg\nc.bin\nd/\ne/\n");
    let long = verb("ls", &["-l", &url("c.bin")]);
    assert_eq!(long.out, "          1,234  1970-01-01 00:00:00  c.bin\n", "{long:?}");
    let said = verb("cat", &[&url("a%20b.cfg"), &url("a%20b.cfg")]);
    good(&said);
    assert_eq!(said.out, "hostname r1\nhostname r1\n");
    good(&verb("mv", &[&url("a%20b.cfg"), &url("d/")]));
    good(&verb("mv", &[&url("d/a%20b.cfg"), &url("c.bin")]));
    assert_eq!(fs::read(served.join("c.bin")).unwrap(), b"hostname r1\n", "it replaces");
    fs::write(served.join("f"), "").unwrap();
    assert_eq!(verb("mv", &["-n", &url("f"), &url("c.bin")]).code(), 1, "it does not replace");
    bad(&verb("mv", &[&url("f"), "sftp://root@127.0.0.2/f"]), 2, &["another server"]);
    let facts = verb("stat", &[&url("c.bin"), &url("d")]);
    good(&facts);
    assert!(facts.out.contains("c.bin: file, 12 octets, mode 0"), "{facts:?}");
    assert!(facts.out.contains("d: directory"), "{facts:?}");
    let sum = verb("hash", &["-a", "md5", &url("c.bin")]);
    good(&sum);
    assert_eq!(sum.out, format!("{}  c.bin\n", md5(served)));
    bad(&verb("rmdir", &[&url("d")]), 1, &["the server failed"]);
    good(&verb("rmdir", &[&url("d/x/y"), &url("d/x"), &url("d")]));
    good(&verb("rm", &[&url("{c.bin,f}")]));
    bad(&verb("rm", &[&url("f")]), 5, &["no such file"]);
    good(&verb("rm", &["-f", &url("f")]));
    bad(&verb("rm", &[&openssh.server.url.replace(&*served.to_string_lossy(), "")]), 2, &["names no file"]);
    assert_eq!(names(), "e");
    let some = verb("rm", &[&url("e/absent"), &url("absent"), &url("e")]);
    assert_ne!(some.code(), 0);
    assert_eq!(some.err.lines().count(), 4, "each, and the sum: {some:?}");
}

/// As md5sum has it, of `c.bin`.
fn md5(served: &Path) -> String {
    let ended = Process::start(Command::new("md5sum").arg(served.join("c.bin"))).wait(ONE);
    ended.out.split(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn what_is_found_is_told_as_events_too() {
    let Some(openssh) = openssh(e2e::scratch()) else { return };
    let (home, served) = (e2e::scratch(), &openssh.server.served);
    fs::write(served.join("f"), "12345").unwrap();
    fs::set_permissions(served.join("f"), fs::Permissions::from_mode(0o640)).unwrap();
    let events = |verb: &str| -> Vec<serde_json::Value> {
        let url = format!("{}{}", openssh.server.url, if verb == "ls" { "" } else { "f" });
        let ended = run(home.path(), &[&[verb, "--json"], &openssh.flags()[..], &[&url]].concat());
        good(&ended);
        let mut events: Vec<serde_json::Value> =
            ended.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        // What was agreed with the server comes first.
        assert_eq!(events.remove(0)["event"], "agreed");
        events
    };
    let [listed] = &events("ls")[..] else { panic!() };
    assert_eq!(
        (&listed["event"], &listed["path"], &listed["octets"]),
        (&"entry".into(), &"f".into(), &5.into())
    );
    let [facts] = &events("stat")[..] else { panic!() };
    assert_eq!((&facts["kind"], &facts["mode"]), (&"file".into(), &"0640".into()));
    let [hashed] = &events("hash")[..] else { panic!() };
    assert_eq!((&hashed["algorithm"], &hashed["by"]), (&"sha256".into(), &"us".into()));
}

#[test]
fn our_server_and_our_client_know_all_that_the_other_does() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let mut serve = e2e::ssh_clients::start(root.path(), home.path());
    let at = serve.listening("sftp");
    let [top, f, g, in_d, d] = ["", "f", "g", "d/", "d"].map(|name| format!("sftp://{}@{at}/{name}", USER.0));
    let ours = |arguments: &[&str]| {
        let mut c = towline(home.path(), &[arguments, &["--host-key", "accept-new"]].concat());
        Process::start(c.env("TOWLINE_PASSWORD", USER.1)).wait(ONE)
    };
    let whole = random(3_000_000);
    fs::write(home.path().join("f"), &whole).unwrap();
    fs::File::open(home.path().join("f")).unwrap().set_modified(std::time::UNIX_EPOCH + ONE).unwrap();
    good(&ours(&["copy", "-p", "f", &f]));
    assert!(fs::read(root.path().join("f")).unwrap() == whole);
    assert_eq!(root.path().join("f").metadata().unwrap().mtime(), 90);
    good(&ours(&["copy", &f, "got"]));
    assert!(fs::read(home.path().join("got")).unwrap() == whole);
    // What is there is gone on with; it is seen whole or not at all.
    fs::write(root.path().join("g"), &whole[..1_000_001]).unwrap();
    good(&ours(&["copy", "--resume", "f", &g]));
    assert!(fs::read(root.path().join("g")).unwrap() == whole);
    let hashed = ours(&["hash", "--json", &f]);
    good(&hashed);
    assert!(hashed.out.contains("\"by\":\"server\""), "our server makes digests: {hashed:?}");
    good(&ours(&["mkdir", &d]));
    good(&ours(&["mv", &g, &in_d]));
    let facts = ours(&["stat", &format!("{in_d}g")]);
    assert!(facts.out.contains("file, 3,000,000 octets"), "{facts:?}");
    assert_eq!(ours(&["mv", "-n", &f, &format!("{in_d}g")]).code(), 1, "it is there");
    good(&ours(&["mv", &f, &format!("{in_d}g")]));
    assert_eq!(ours(&["ls", &top]).out, "d/\n");
    assert_ne!(ours(&["rmdir", &d]).code(), 0, "it is not empty");
    good(&ours(&["rm", &format!("{in_d}g")]));
    good(&ours(&["rmdir", &d]));
    assert_eq!(ours(&["ls", &top]).out, "");
}
