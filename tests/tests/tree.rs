//! The tree of a configuration on the program: mounts, roots, drop boxes, quotas over restarts, old versions.

use e2e::battery::{USER, user_flag};
use e2e::content::Content;
use e2e::curl::{ABSENT, DENIED, EXISTS, FULL, curl};
use e2e::poll::{PATIENCE, until};
use e2e::process::run;
use e2e::service::{Ftp, Service};
use e2e::towline::{Serve, command};
use rustix::process::Signal;
use std::io::Write;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use store::local::{Local, LocalOptions};
use store::quota::{Limit, Quota, Saved};
use store::{Amount, VPath};

fn tftp(server: SocketAddr, name: &str) -> String {
    format!("tftp://{server}/{name}")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn serve(config: &Path, flags: &[&str]) -> Serve {
    let mut c = command();
    c.arg("serve").arg("--config").arg(config).args(["--tftp", "0", "--ftp", "0", "--json"]);
    c.args(["--bind", "127.0.0.1"]).args(flags);
    Serve::start_command(&mut c)
}

fn names_in(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).expect("the directory").map(|e| e.expect("an entry").file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().expect("UTF-8")).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}

#[test]
fn mounts_roots_and_drop_boxes_come_from_the_configuration() {
    let home = e2e::scratch();
    let at = |name: &str| home.path().join(name);
    for dir in ["top", "up", "drop", "homes/bob"] {
        std::fs::create_dir_all(at(dir)).expect("room for a directory");
    }
    for (file, content) in [("top/readme", "top"), ("drop/secret", "secret"), ("homes/bob/own", "bob's")] {
        std::fs::write(at(file), content).expect("room for a file");
    }
    let local = at("local");
    std::fs::write(&local, "uploaded").expect("room for a file");
    let config = at("towline.toml");
    let said = "[server]\nroot = \"top\"\nanonymous = true\n\
                [[mount]]\npath = \"/up\"\ndir = \"up\"\nwrite = true\nupload = \"create\"\n\
                [[mount]]\npath = \"/in/drop\"\ndir = \"drop\"\nwrite = true\nupload = \"dropbox\"\n\
                [[mount]]\npath = \"/home\"\ndir = \"homes\"\nwrite = true\n\
                [[root]]\nuser = \"bob\"\npath = \"/home/%u\"\nquota = \"20\"\n\
                [[root]]\nnetwork = \"127.0.0.2\"\npath = \"/up\"\n";
    std::fs::write(&config, said).expect("room for a file");
    let serve = serve(&config, &["--user", &user_flag(home.path())]);
    let get = |name: &str| curl(&[&tftp(serve.tftp, name)]);
    let put = |url: &str| curl(&["-T", text(&local), url]).code();

    assert_eq!(get("readme").out.trim_end(), "top");
    assert_eq!(put(&tftp(serve.tftp, "up/x")), 0);
    assert_eq!(get("up/x").out.trim_end(), "uploaded");
    assert_eq!(put(&tftp(serve.tftp, "up/x")), EXISTS, "the mount's upload policy");
    assert_eq!(put(&tftp(serve.tftp, "new")), DENIED, "the root is read-only");
    assert_eq!(put(&tftp(serve.tftp, "in/new")), DENIED, "the way to a mount is in no directory");
    assert_eq!(get("up/x.md5").out.trim_end().len(), 32 + 2 + 1, "digests are there across mounts");
    assert_eq!(put(&tftp(serve.tftp, "in/drop/r1")), 0);
    let dropped = names_in(&at("drop"));
    assert!(dropped.len() == 2 && dropped[0].starts_with("r1.20"), "{dropped:?}");
    assert_eq!(
        (get("in/drop/secret").code(), get(&format!("in/drop/{}", dropped[0])).code()),
        (DENIED, DENIED)
    );

    let ftp = |user: &str, path: &str| format!("ftp://{user}{}/{path}", serve.ftp);
    let listed =
        |url: String| curl(&["--list-only", &url]).out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(listed(ftp("", "")), "home in readme up");
    let bob = format!("{}:{}@", USER.0, USER.1.replace(' ', "%20").replace(':', "%3A"));
    assert_eq!(listed(ftp(&bob, "")), "own", "all that bob sees");
    assert_eq!(listed(ftp(&bob, "%2e%2e/%2e%2e/")), "own", "however he climbs");
    assert_eq!(curl(&[&ftp(&bob, "own")]).out.trim_end(), "bob's");
    assert_ne!(curl(&[&ftp(&bob, "readme")]).code(), 0);
    assert_eq!(put(&ftp(&bob, "mine")), 0);
    assert_eq!(names_in(&at("homes/bob")), ["mine", "own"]);
    let over = curl(&["-v", "-T", text(&local), &ftp(&bob, "more")]);
    assert!(over.code() != 0 && over.err.contains("\n< 552 The quota of octets is used up."), "{}", over.err);
    assert_eq!(names_in(&at("homes/bob")), ["mine", "own"], "5 and 8 octets of 20");
    // A device of another network has another root.
    let other = |name: &str| curl(&["--interface", "127.0.0.2", &tftp(serve.tftp, name)]);
    assert_eq!((other("x").out.trim_end(), other("readme").code()), ("uploaded", ABSENT));
    let told = |path: &str| serve.events().iter().any(|e| e["event"] == "ended" && e["path"] == path);
    for path in ["/home/bob/mine", "/up/x", "/readme"] {
        until(PATIENCE, || told(path).then_some(())).unwrap_or_else(|| panic!("{path} is in no event"));
    }
}

/// What is under the directory, counted by somebody who knows nothing.
fn counted(dir: &Path) -> Amount {
    let options = LocalOptions { write: true, sweep: false, ..LocalOptions::default() };
    let local = Local::open(dir, options).expect("the directory");
    Quota::counted(Arc::new(local), Limit::default()).expect("it can be read").used().expect("it is counted")
}

/// `kill -9` of the server and of the worker that it has started.
fn kill(server: &Serve) {
    // The worker first: it would end by itself.
    for id in server.processes().into_iter().rev() {
        let pid = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw).expect("a number");
        rustix::process::kill_process(pid, Signal::KILL).expect("it runs");
    }
}

fn saved(state: &Path) -> Option<Saved> {
    Saved::load(&state.join("quota").join(",")).expect("it is whole")
}

#[test]
fn a_quota_survives_kill_and_restart_and_two_at_once_do_not_exceed_it() {
    const QUOTA: u64 = 200_000;
    let home = e2e::scratch();
    let (data, state) = (home.path().join("data"), home.path().join("state"));
    for dir in [&data, &state] {
        std::fs::create_dir(dir).expect("room for a directory");
    }
    let config = home.path().join("towline.toml");
    let said = format!(
        "[server]\nstate = \"state\"\nanonymous = true\n[[mount]]\npath = \"/\"\ndir = \"data\"\nwrite = true\n\
         upload = \"version\"\nquota = \"{QUOTA}\"\nquota-files = 20\nkeep-versions = 2\n"
    );
    std::fs::write(&config, said).expect("room for a file");
    let file = |len: u64| -> PathBuf {
        let path = home.path().join(format!("{len}.bin"));
        Content::random(len).write(&path).expect("room for a file");
        path
    };
    let mut server = serve(&config, &[]);
    let put = |server: &Serve, len: u64, name: &str| {
        curl(&["-T", text(&file(len)), &tftp(server.tftp, name)]).code()
    };
    for len in [10_000, 11_000, 12_000, 13_000] {
        assert_eq!(put(&server, len, "r1"), 0);
    }
    let at_rest = Amount { octets: 13_000 + 12_000 + 11_000, files: 3 };
    assert_eq!(counted(&data), at_rest, "the file and two versions");
    // Killed while an upload runs over each protocol.
    for over_tftp in [true, false] {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let upload = (!over_tftp).then(|| {
            let mut c = Command::new("curl");
            c.args(["-sS", "--limit-rate", "20k", "-T", text(&file(150_000))]);
            e2e::process::Process::start(c.arg(format!("ftp://{}/half", server.ftp)))
        });
        if over_tftp {
            // One block and no more.
            let mut buf = [0; 600];
            socket.set_read_timeout(Some(PATIENCE)).expect("a timeout is set");
            socket.send_to(b"\0\x02half\0octet\0", server.tftp).expect("it is sent");
            let (_, peer) = socket.recv_from(&mut buf).expect("ACK 0");
            socket.send_to(&[&[0, 3, 0, 1][..], &[7; 512]].concat(), peer).expect("it is sent");
            socket.recv_from(&mut buf).expect("ACK 1");
        }
        let started = |server: &Serve| {
            let begun = |e: &&serde_json::Value| e["event"] == "started" && e["path"] == "/half";
            server.events().iter().filter(begun).count()
        };
        until(PATIENCE, || (started(&server) > 0).then_some(())).expect("the upload begins");
        kill(&server);
        drop(upload);
        server = serve(&config, &[]);
    }
    // What the process after it saves when it ends is what a scan says.
    server.process.signal(Signal::INT);
    assert_eq!(server.process.wait(PATIENCE).code(), 0);
    assert_eq!(counted(&data), at_rest, "nothing of what was killed is left");
    let known = saved(&state).expect("it is saved at the end");
    assert_eq!(known, [(VPath::root(), at_rest)].into_iter().collect());

    let server = serve(&config, &[]);
    let left = QUOTA - at_rest.octets;
    assert_eq!(put(&server, left + 1, "more"), FULL, "one octet too many");
    // Both would fit, one after the other; announced sizes let both begin.
    let large = file(left * 6 / 10);
    let both = ["a", "b"].map(|name| {
        let mut c = Command::new("curl");
        c.args([
            "-sS",
            "--max-time",
            "20",
            "--limit-rate",
            "100k",
            "-T",
            text(&large),
            &tftp(server.tftp, name),
        ]);
        e2e::process::Process::start(&mut c)
    });
    let codes = both.map(|process| process.wait(PATIENCE).code());
    assert!(codes.contains(&0) && codes.contains(&FULL), "one of them: {codes:?}");
    let now = counted(&data);
    assert!(now.octets <= QUOTA, "{now:?}");
    assert_eq!(put(&server, QUOTA - now.octets, "rest"), 0, "all of the rest");
    assert_eq!(put(&server, 1, "more"), FULL);
}

#[test]
fn while_an_old_worker_drains_both_keep_the_quota_each_by_its_own_count() {
    const QUOTA: u64 = 10_000;
    let dir = e2e::scratch();
    for name in ["root", "state"] {
        std::fs::create_dir(dir.path().join(name)).expect("room for a directory");
    }
    Content::random(2_000).write(&dir.path().join("root/first")).expect("room for a file");
    let settings = format!("state = \"{}/state\"\nwrite = true\nquota = \"{QUOTA}\"", dir.path().display());
    let service = Service::start_in(dir, &settings, &[]);
    let begin = |ftp: &mut Ftp, name: &str| {
        let mut data = ftp.passive();
        ftp.say(&format!("STOR {name}"), "150");
        data.write_all(&[7; 3_000]).expect("it is taken");
        data
    };
    let end = |ftp: &mut Ftp, mut data: TcpStream| {
        data.write_all(&[7; 2_000]).expect("it is taken");
        drop(data);
        ftp.expect("")[..3].to_owned()
    };
    let mut old = Ftp::log_in(service.serve.ftp);
    let runs = begin(&mut old, "old");
    assert_eq!(service.reload().code(), 0);
    assert_eq!(service.workers().len(), 2);
    let mut new = Ftp::log_in(service.serve.ftp);
    let beside = begin(&mut new, "new");
    // Each has room for its own: of eight that were left five. Together they are more than there may be.
    assert_eq!([end(&mut old, runs), end(&mut new, beside)], ["226", "226"]);
    // Neither goes on beyond what it knows of, and what is refused is not there.
    for (ftp, name) in [(&mut old, "old-more"), (&mut new, "new-more")] {
        let data = begin(ftp, name);
        assert_eq!(end(ftp, data), "552", "{name}");
    }
    let root = service.path("root");
    assert_eq!(names_in(&root), ["first", "new", "old"]);
    let held = counted(&root).octets;
    assert!(held > QUOTA && held <= QUOTA + (QUOTA - 2_000), "{held}");
    drop((old, new));
    let alone = until(PATIENCE, || (service.workers().len() == 1).then_some(()));
    assert!(alone.is_some(), "{:?}", service.workers());
    assert_eq!(service.end().code(), 0);
}

#[test]
fn quotas_of_two_mounts_on_one_disk_are_two_and_see_what_was_changed_by_hand() {
    let home = e2e::scratch();
    let at = |name: &str| home.path().join(name);
    for dir in ["a", "b", "state"] {
        std::fs::create_dir(at(dir)).expect("room for a directory");
    }
    let mount = |name: &str| {
        format!(
            "[[mount]]\npath = \"/{name}\"\ndir = \"{name}\"\nwrite = true\nupload = \"create\"\nquota = 1000\n"
        )
    };
    let config = at("towline.toml");
    let said = format!("[server]\nstate = \"state\"\nanonymous = true\n{}{}", mount("a"), mount("b"));
    std::fs::write(&config, said).expect("room for a file");
    let server = serve(&config, &[]);
    let put = |server: &Serve, len: usize, name: &str| {
        let local = at("local");
        std::fs::write(&local, vec![7; len]).expect("room for a file");
        curl(&["-T", text(&local), &tftp(server.tftp, name)]).code()
    };
    assert_eq!((put(&server, 600, "a/x"), put(&server, 600, "b/x")), (0, 0), "each has its own");
    assert_eq!((put(&server, 600, "a/y"), put(&server, 600, "b/y")), (FULL, FULL));
    kill(&server);
    std::fs::write(at("a/by-hand"), vec![7; 300]).expect("room for a file");
    std::fs::remove_file(at("b/x")).expect("it is there");
    let server = serve(&config, &[]);
    // The first count of a process corrects what the one before has saved.
    for (name, octets) in [("a", 900), ("b", 0)] {
        let record = at("state/quota").join(format!(",{name}"));
        let known = || Saved::load(&record).expect("it is whole");
        let is = [(VPath::root(), Amount { octets, files: u64::from(octets > 0) * 2 })];
        assert_eq!(counted(&at(name)), is[0].1);
        let is: Saved = is.into_iter().collect();
        until(PATIENCE, || (known() == Some(is.clone())).then_some(()))
            .unwrap_or_else(|| panic!("/{name}: {:?} is known, {is:?} is there", known()));
    }
    assert_eq!((put(&server, 101, "a/z"), put(&server, 100, "a/z")), (FULL, 0));
    assert_eq!((put(&server, 1_001, "b/z"), put(&server, 1_000, "b/z")), (FULL, 0));
}

#[test]
fn checksum_files_are_there_over_every_protocol() {
    let root = e2e::scratch();
    std::fs::write(root.path().join("f"), "abc").expect("room for a file");
    let mut server = Serve::start(root.path(), &["--http", "0"]);
    let http = server.listening("http");
    let urls = |name: &str| {
        [tftp(server.tftp, name), format!("ftp://{}/{name}", server.ftp), format!("http://{http}/{name}")]
    };
    // RFC 1321, A.5; FIPS 180-2, B.1 and C.1.
    for (ending, digest) in [
        ("md5", "900150983cd24fb0d6963f7d28e17f72"),
        ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "sha512",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd\
             454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ] {
        for url in urls(&format!("f.{ending}")) {
            let got = curl(&["--fail", &url]);
            assert_eq!((got.code(), got.out.as_str()), (0, &*format!("{digest}  f\n")), "{url}: {got:?}");
        }
    }
    for url in urls("none.sha256") {
        assert_ne!(curl(&["--fail", &url]).code(), 0, "{url}");
    }
    // What somebody put there is what is there.
    std::fs::write(root.path().join("f.md5"), "mine\n").expect("room for a file");
    for url in urls("f.md5") {
        assert_eq!(curl(&["--fail", &url]).out, "mine\n", "{url}");
    }
}

#[test]
fn old_versions_of_a_mount_are_brought_back_by_the_services_configuration() {
    let home = e2e::scratch();
    let at = |name: &str| home.path().join(name);
    for dir in ["configs", "images/old"] {
        std::fs::create_dir_all(at(dir)).expect("room for a directory");
    }
    let config = at("towline.toml");
    let said = "[server]\nanonymous = true\n[[mount]]\npath = \"/configs\"\ndir = \"configs\"\nwrite = true\n\
                upload = \"version\"\n[[mount]]\npath = \"/images\"\ndir = \"images\"\n";
    std::fs::write(&config, said).expect("room for a file");
    let server = serve(&config, &["--user", &user_flag(home.path())]);
    let bob = format!("{}:{}@", USER.0, USER.1.replace(' ', "%20").replace(':', "%3A"));
    let local = at("r1");
    // A device writes, a user writes over it.
    for (content, url) in [
        ("of the device", tftp(server.tftp, "configs/r1")),
        ("of bob", format!("ftp://{bob}{}/configs/r1", server.ftp)),
    ] {
        std::fs::write(&local, content).expect("room for a file");
        let up = curl(&["-T", text(&local), &url]);
        assert_eq!(up.code(), 0, "{up:?}");
    }
    let towline = |arguments: &[&str]| run(command().args(arguments).args(["--config", text(&config)]));
    let listed = towline(&["versions", "/configs/r1"]);
    assert_eq!((listed.code(), listed.out.lines().count()), (0, 1), "{listed:?}");
    let back = towline(&["restore", "/configs/r1@latest"]);
    assert_eq!(back.code(), 0, "{back:?}");
    assert_eq!(curl(&[&tftp(server.tftp, "configs/r1")]).out.trim_end(), "of the device");
    assert_eq!(towline(&["restore", "/configs/r1@latest"]).code(), 0);
    assert_eq!(curl(&[&format!("ftp://{}/configs/r1", server.ftp)]).out.trim_end(), "of bob");
    // The mount is read-only; nothing is kept there.
    let none = towline(&["restore", "/images/r1@latest"]);
    assert!(none.code() != 0 && !none.err.contains(text(home.path())), "{none:?}");
}

#[test]
fn old_versions_are_listed_and_brought_back_while_the_server_runs() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let server = Serve::start(root.path(), &["--write", "--keep-versions", "3"]);
    let get = || curl(&[&tftp(server.tftp, "r1-confg")]).out.trim_end().to_owned();
    for content in ["one", "two", "three"] {
        let file = home.path().join("r1-confg");
        std::fs::write(&file, content).expect("room for a file");
        assert_eq!(curl(&["-T", text(&file), &tftp(server.tftp, "r1-confg")]).code(), 0);
    }
    let towline = |arguments: &[&str]| {
        let (verb, rest) = arguments.split_first().expect("a verb");
        run(command().arg(verb).arg("--dir").arg(root.path()).args(rest))
    };
    let listed = towline(&["versions", "r1-confg"]);
    let versions: Vec<&str> = listed.out.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(versions.len(), 2, "{listed:?}");
    assert!(listed.out.contains("3 octets\n"), "{}", listed.out);
    assert_eq!(towline(&["versions"]).out, listed.out, "of all files of a directory");
    let json = towline(&["versions", "--json", "r1-confg"]).out;
    let first: serde_json::Value = serde_json::from_str(json.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&first["path"], &first["octets"]), (&"/r1-confg".into(), &3.into()));

    let back = towline(&["restore", versions[0]]);
    assert_eq!(back.code(), 0, "{back:?}");
    assert_eq!(get(), "one");
    assert_eq!(towline(&["versions", "r1-confg"]).out.lines().count(), 3, "what it replaced is kept");
    assert_eq!(towline(&["restore", "r1-confg@latest"]).code(), 0);
    assert_eq!(get(), "three", "undone");
    assert_eq!(towline(&["versions", "r1-confg"]).out.lines().count(), 4);
    let file = home.path().join("r1-confg");
    assert_eq!(curl(&["-T", text(&file), &tftp(server.tftp, "r1-confg")]).code(), 0);
    assert_eq!(towline(&["versions", "r1-confg"]).out.lines().count(), 3, "the server keeps so many");
    std::fs::remove_file(root.path().join("r1-confg")).expect("it is there");
    assert_eq!(towline(&["restore", "r1-confg@latest"]).code(), 0, "also of a file that is gone");
    assert_eq!(get(), "three");

    let code = |arguments: &[&str]| towline(arguments).code();
    assert_eq!(code(&["versions", "none"]), 5);
    assert_eq!(code(&["restore", "r1-confg@19990101"]), 5);
    assert_eq!(code(&["restore", "r1-confg"]), 2);
    assert_eq!(code(&["restore", "r1-confg@2"]), 2, "several begin so");
    assert_eq!(code(&["restore", "../r1-confg@latest"]), 2);
}
