//! `towline mirror` and `towline shell` over FTP: trees become alike both ways, on other people's servers and ours.

use e2e::at_home::{events, towline};
use e2e::battery::{USER, user_flag};
use e2e::process::{Ended, Process};
use e2e::servers::{
    proftpd, proftpd_under_tls, pureftpd, pureftpd_under_tls, pyftpdlib, vsftpd, vsftpd_under_tls,
};
use e2e::towline::Serve;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// The longest that one command may take on a loaded machine.
const ONE: Duration = Duration::from_secs(90);

/// What a file holds and when it was changed; of a directory nothing.
type Tree = BTreeMap<PathBuf, Option<(Vec<u8>, i64)>>;

fn tree(root: &Path) -> Tree {
    fn walk(root: &Path, dir: &Path, all: &mut Tree) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_path_buf();
            if path.is_dir() {
                all.insert(name, None);
                walk(root, &path, all);
            } else {
                let time = path.metadata().unwrap().mtime();
                all.insert(name, Some((fs::read(&path).unwrap(), time)));
            }
        }
    }
    let mut all = Tree::new();
    walk(root, root, &mut all);
    all
}

/// Without the times.
fn contents(root: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    tree(root).into_iter().map(|(path, file)| (path, file.map(|(octets, _)| octets))).collect()
}

fn file(path: &Path, octets: &[u8], seconds: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, octets).unwrap();
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(UNIX_EPOCH + Duration::from_secs(seconds))
        .unwrap();
}

/// Files enough for several sessions, in directories in directories, with names that are no trouble anywhere.
fn source(root: &Path) {
    for n in 0..120_u32 {
        let place = ["", "a/", "a/b c/", "d/"][n as usize % 4];
        let octets: Vec<u8> = (0..n * 37 % 9_000).map(|at| (at * n) as u8).collect();
        file(&root.join(format!("{place}f {n}.cfg")), &octets, 1_000_000_000 + u64::from(n));
    }
    fs::create_dir_all(root.join("empty")).unwrap();
    file(&root.join("big.bin"), &vec![7; 3_000_017], 1_100_000_000);
}

fn good(ended: Ended) -> Ended {
    assert_eq!(ended.code(), 0, "{ended:?}");
    ended
}

fn mirror(home: &Path, arguments: &[&str]) -> Value {
    let command = [&["mirror", "--json"], arguments].concat();
    let ended = good(Process::start(&mut towline(home, &command)).wait(ONE));
    events(&ended).into_iter().find(|event| event["event"] == "mirror").expect("a summary")
}

fn moved(summary: &Value) -> [u64; 4] {
    ["copied", "made", "removed", "failed"].map(|name| summary[name].as_u64().expect("a number"))
}

/// `grain`: how exactly the server lists times, in seconds; `flags` for its TLS.
fn both_ways(url: &str, served: &Path, grain: i64, flags: &[&str]) {
    let home = e2e::scratch();
    let here = home.path();
    source(&here.join("source"));
    let there = served.join("there");
    let url = format!("{url}there/");
    let mirror = |arguments: &[&str]| mirror(here, &[flags, arguments].concat());
    let dry = mirror(&["-n", "source", &url]);
    assert!(!there.exists(), "a dry run does nothing");
    let first = mirror(&["source", &url]);
    assert_eq!(moved(&first), [121, 5, 0, 0]);
    assert_eq!(moved(&dry), moved(&first));
    assert!(contents(&there) == contents(&here.join("source")));
    assert_eq!(moved(&mirror(&["source", &url])), [0; 4], "what is the same stays");
    mirror(&[&url, "back"]);
    let (back, original) = (tree(&here.join("back")), tree(&here.join("source")));
    assert_eq!(back.keys().collect::<Vec<_>>(), original.keys().collect::<Vec<_>>());
    for (path, file) in &original {
        if let (Some((octets, time)), Some(Some((got, at)))) = (file, back.get(path)) {
            assert!(octets == got, "{}", path.display());
            assert_eq!(time.div_euclid(grain), at.div_euclid(grain), "{}", path.display());
        }
    }
    assert_eq!(moved(&mirror(&[&url, "back"])), [0; 4]);
    // What has changed is all that moves; what only one side has goes where that is wanted.
    file(&here.join("source/new"), b"new", 1_200_000_000);
    file(&here.join("source/a/f 1.cfg"), b"changed", 1_200_000_000);
    fs::remove_dir_all(here.join("source/d")).unwrap();
    assert_eq!(moved(&mirror(&["source", &url])), [2, 0, 0, 0]);
    assert_eq!(moved(&mirror(&["--delete", "source", &url])), [0, 0, 31, 0]);
    assert!(contents(&there) == contents(&here.join("source")));
    assert_eq!(moved(&mirror(&["--delete", "--exclude", "/big.bin", &url, "back"])), [2, 0, 31, 0]);
    assert!(contents(&here.join("back")) == contents(&here.join("source")));
    assert_eq!(moved(&mirror(&["--include", "*.cfg", "--exclude", "a/", &url, "some"]))[..2], [30, 2]);
}

#[test]
fn trees_become_alike_both_ways_over_vsftpd() {
    if let Some(server) = vsftpd(e2e::scratch()) {
        both_ways(&server.url, &server.served, 86_400, &[]);
    }
}

#[test]
fn trees_become_alike_both_ways_over_vsftpd_under_tls() {
    if let Some((server, pin)) = vsftpd_under_tls(e2e::scratch()) {
        both_ways(&server.url, &server.served, 86_400, &["--tls", "--cert-pin", &pin]);
    }
}

#[test]
fn trees_become_alike_both_ways_over_pyftpdlib() {
    if let Some(server) = pyftpdlib(e2e::scratch()) {
        both_ways(&server.url, &server.served, 1, &[]);
    }
}

#[test]
fn trees_become_alike_both_ways_over_proftpd() {
    if let Some(server) = proftpd(e2e::scratch()) {
        both_ways(&server.url, &server.served, 1, &[]);
    }
}

/// It has too few tickets of TLS 1.3 for data connections that have to go on from a session.
#[test]
fn trees_become_alike_both_ways_over_proftpd_under_tls() {
    if let Some((server, pin)) = proftpd_under_tls(e2e::scratch()) {
        both_ways(&server.url, &server.served, 1, &["--tls", "--cert-pin", &pin]);
    }
}

#[test]
fn trees_become_alike_both_ways_over_pureftpd() {
    if let Some(server) = pureftpd(e2e::scratch()) {
        both_ways(&server.url, &server.served, 1, &[]);
    }
}

#[test]
fn trees_become_alike_both_ways_over_pureftpd_under_tls() {
    if let Some((server, pin)) = pureftpd_under_tls(e2e::scratch()) {
        both_ways(&server.url, &server.served, 1, &["--tls", "--cert-pin", &pin]);
    }
}

/// Ours, with a user who may do all, and its URL.
fn ours(root: &Path, home: &Path) -> (Serve, String) {
    let serve = Serve::start(root, &["--write", "--user", &user_flag(home)]);
    let password = USER.1.replace(' ', "%20").replace(':', "%3A");
    let url = format!("ftp://{}:{password}@{}/", USER.0, serve.ftp);
    (serve, url)
}

#[test]
fn trees_become_alike_both_ways_over_our_server() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let (_serve, url) = ours(root.path(), home.path());
    both_ways(&url, root.path(), 1, &[]);
}

#[test]
fn digests_find_what_length_and_time_hide() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let (_serve, url) = ours(root.path(), home.path());
    file(&home.path().join("source/a"), b"12345", 1_000_000_000);
    file(&root.path().join("there/a"), b"54321", 1_000_000_000);
    let url = format!("{url}there/");
    assert_eq!(moved(&mirror(home.path(), &["source", &url]))[0], 0);
    assert_eq!(moved(&mirror(home.path(), &["--checksum", "source", &url]))[0], 1);
    assert_eq!(fs::read(root.path().join("there/a")).unwrap(), b"12345");
}

fn shell(url: &str, home: &Path, script: &str) -> Ended {
    fs::write(home.join("script"), script).unwrap();
    let mut c = towline(home, &["shell", url]);
    Process::start_with(&mut c, File::open(home.join("script")).unwrap().into()).wait(ONE)
}

/// One script, on each server.
fn scripted(url: &str, served: &Path) {
    let home = e2e::scratch();
    fs::write(home.path().join("f.txt"), "one\ntwo\n").unwrap();
    let script = "mkdir d\ncd d\npassive off\nput f.txt\npassive on\nascii\nget f.txt got.txt\nbinary\nput f.txt g\n\
                  ls\nhash -a md5 g\nren g h\nquote NOOP\n-site nonsense\n-quote RETR\nls\nrm h f.txt\ncd ..\nrmdir d\npwd\n";
    let said = good(shell(url, home.path(), script));
    assert_eq!(fs::read_to_string(home.path().join("got.txt")).unwrap(), "one\ntwo\n");
    let lines: Vec<&str> = said.out.lines().collect();
    let at =
        |line: &str| lines.iter().position(|l| *l == line).unwrap_or_else(|| panic!("no {line}: {said:?}"));
    assert!(at("active: the server opens data connections") < at("passive: we open data connections"));
    assert!(at("g") < at("h"));
    assert!(said.out.contains("  ") && said.out.contains("/d/g\n"), "{said:?}");
    assert!(lines.iter().any(|line| line.starts_with("200 ")), "the reply to NOOP: {said:?}");
    assert!(!served.join("d").exists());
    let wrong = shell(url, home.path(), "passive maybe\n");
    assert_eq!(wrong.code(), 2, "{wrong:?}");
}

#[test]
fn a_script_is_done_on_vsftpd() {
    if let Some(server) = vsftpd(e2e::scratch()) {
        scripted(&server.url, &server.served);
    }
}

#[test]
fn a_script_is_done_on_pyftpdlib() {
    if let Some(server) = pyftpdlib(e2e::scratch()) {
        scripted(&server.url, &server.served);
    }
}

#[test]
fn a_script_is_done_on_proftpd() {
    if let Some(server) = proftpd(e2e::scratch()) {
        scripted(&server.url, &server.served);
    }
}

#[test]
fn a_script_is_done_on_pureftpd() {
    if let Some(server) = pureftpd(e2e::scratch()) {
        scripted(&server.url, &server.served);
    }
}

#[test]
fn a_script_is_done_on_our_server() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let (_serve, url) = ours(root.path(), home.path());
    scripted(&url, root.path());
}
