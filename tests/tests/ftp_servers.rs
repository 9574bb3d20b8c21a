//! `towline copy` against other people's FTP servers.

use e2e::battery::Server;
use e2e::content::{ROLLOVER, SIZES};
use e2e::servers::{
    proftpd, proftpd_under_tls, pureftpd, pureftpd_under_tls, pyftpdlib, vsftpd, vsftpd_for_one,
    vsftpd_under_tls,
};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

fn gets(server: &Server) {
    server.gets("ftp get passive", &["--passive"], &[SIZES, &[ROLLOVER]].concat());
    server.gets("ftp get active", &["--active"], SIZES);
    server.gets("our ftp get over sessions", &["--channels", "4"], &[2_097_153, ROLLOVER]);
}

fn puts(server: &Server) {
    server.puts("ftp put passive", &["--passive"], &[SIZES, &[ROLLOVER]].concat());
    server.puts("ftp put active", &["--active"], SIZES);
}

#[test]
fn gets_from_vsftpd() {
    if let Some(server) = vsftpd(e2e::scratch()) {
        gets(&server);
    }
}

#[test]
fn puts_to_vsftpd() {
    if let Some(server) = vsftpd(e2e::scratch()) {
        puts(&server);
    }
}

#[test]
fn gets_from_pyftpdlib() {
    if let Some(server) = pyftpdlib(e2e::scratch()) {
        gets(&server);
    }
}

#[test]
fn puts_to_pyftpdlib() {
    if let Some(server) = pyftpdlib(e2e::scratch()) {
        puts(&server);
    }
}

#[test]
fn gets_from_proftpd() {
    if let Some(server) = proftpd(e2e::scratch()) {
        gets(&server);
    }
}

#[test]
fn puts_to_proftpd() {
    if let Some(server) = proftpd(e2e::scratch()) {
        puts(&server);
    }
}

#[test]
fn gets_from_pureftpd() {
    if let Some(server) = pureftpd(e2e::scratch()) {
        gets(&server);
    }
}

#[test]
fn puts_to_pureftpd() {
    if let Some(server) = pureftpd(e2e::scratch()) {
        puts(&server);
    }
}

/// Goes on with the part of the same file only; `knows`: whether the server can tell.
fn resumes(server: &Server, knows: bool) {
    let home = e2e::scratch();
    let whole: Vec<u8> = (0..300_000_u32).map(|at| (at * 31 % 241) as u8).collect();
    let mut other = whole.clone();
    other[5_000] ^= 1;
    let (there, part) = (server.served.join("resumed"), home.path().join("resumed.part"));
    std::fs::write(&there, &whole).unwrap();
    for (beginning, is_anew) in [(&whole, false), (&other, knows)] {
        std::fs::write(&part, &beginning[..100_000]).unwrap();
        let mut c = e2e::towline::command();
        c.args(["copy", "--resume", &format!("{}resumed", server.url), "resumed"]);
        let ended = e2e::process::run(c.current_dir(home.path()));
        assert_eq!(ended.code(), 0, "{}: {ended:?}", server.name);
        assert_eq!(ended.err.contains("copied anew"), is_anew, "{}: {ended:?}", server.name);
        let got = std::fs::read(home.path().join("resumed")).unwrap();
        let kept = if is_anew { &whole[..100_000] } else { &beginning[..100_000] };
        assert!(got == [kept, &whole[100_000..]].concat(), "{}", server.name);
    }
}

#[test]
fn a_broken_copy_goes_on_where_the_digest_of_proftpd_says_so() {
    if let Some(server) = proftpd(e2e::scratch()) {
        resumes(&server, true);
    }
}

#[test]
fn a_broken_copy_goes_on_with_servers_that_make_no_digests() {
    for server in
        [vsftpd(e2e::scratch()), pureftpd(e2e::scratch()), pyftpdlib(e2e::scratch())].iter().flatten()
    {
        resumes(server, false);
    }
}

fn both_ways_under_tls(server: &Server, fingerprint: &str) {
    let sizes = &[0, 1, 16_384, 16_385, 3_000_017];
    server.gets("our ftps get", &["--tls", "--cert-pin", fingerprint], sizes);
    server.puts("our ftps put", &["--tls", "--cert-pin", fingerprint], sizes);
    server.gets("our ftps get active", &["--tls", "--active", "--cert-pin", fingerprint], sizes);
    let sessions = &["--tls", "--channels", "3", "--cert-pin", fingerprint];
    server.gets("our ftps get over sessions", sessions, &[2_097_153, ROLLOVER]);
}

#[test]
fn both_ways_with_proftpd_under_tls() {
    if let Some((server, fingerprint)) = proftpd_under_tls(e2e::scratch()) {
        both_ways_under_tls(&server, &fingerprint);
    }
}

#[test]
fn both_ways_with_pureftpd_under_tls() {
    if let Some((server, fingerprint)) = pureftpd_under_tls(e2e::scratch()) {
        both_ways_under_tls(&server, &fingerprint);
    }
}

/// It turns away data connections that do not resume, and uploads without close_notify.
#[test]
fn both_ways_with_vsftpd_under_tls() {
    let Some((server, fingerprint)) = vsftpd_under_tls(e2e::scratch()) else { return };
    both_ways_under_tls(&server, &fingerprint);
    // Another certificate, and none that is known, get no password; nor does a server without TLS.
    let home = e2e::scratch();
    let wrong = fingerprint.replace('A', "B").replace('1', "2");
    for flags in [&["--tls", "--cert-pin", &wrong][..], &["--tls"]] {
        let mut c = e2e::towline::command();
        c.args(["copy", "--quiet"])
            .args(flags)
            .args([format!("{}image-1.bin", server.url), String::from("x")]);
        let ended = e2e::process::run(c.current_dir(home.path()));
        assert_eq!(ended.code(), 4, "{ended:?}");
        assert!(ended.err.contains(&fingerprint), "{ended:?}");
        assert!(!home.path().join("x").exists());
    }
}

/// Many files at the same time, of a server that lets one in only: those that are turned away wait for the session that is
/// there.
#[test]
fn many_files_go_over_as_few_sessions_as_there_may_be() {
    let Some(server) = vsftpd_for_one(e2e::scratch()) else { return };
    let home = e2e::scratch();
    let copy = |arguments: &[&str]| {
        let mut c = e2e::towline::command();
        c.args(["copy", "--quiet", "--parallel", "8"]).args(arguments);
        let ended = e2e::process::run(c.current_dir(home.path()));
        assert_eq!(ended.code(), 0, "{ended:?}");
    };
    let names: Vec<String> = (10..40).map(|n| format!("f{n}")).collect();
    for name in &names {
        std::fs::write(home.path().join(name), name.repeat(3_000)).unwrap();
    }
    let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
    all.push(&server.url);
    copy(&all);
    std::fs::create_dir(home.path().join("back")).unwrap();
    copy(&[&format!("{}f{{10..39}}", server.url), "back"]);
    for name in &names {
        for at in [server.served.join(name), home.path().join("back").join(name)] {
            assert_eq!(std::fs::read_to_string(at).unwrap(), name.repeat(3_000));
        }
    }
}

/// What a server would be without FEAT, and so without MLSD: its control connections, with that verb misspelt.
fn without_feat(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(server).unwrap());
            let (commands, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || {
                for line in BufReader::new(commands).lines().map_while(Result::ok) {
                    let line = if line == "FEAT" { "NOFEAT" } else { &line };
                    to_server.write_all(format!("{line}\r\n").as_bytes()).unwrap();
                }
            });
            std::thread::spawn(move || std::io::copy(&mut server, &mut client));
        }
    });
    at
}

/// Pure-FTPd takes the words of LIST's argument for several names, and `[1]` for a pattern; vsftpd as well.
#[test]
fn directories_are_listed_whatever_is_in_their_names_where_there_is_only_list() {
    for server in [pureftpd(e2e::scratch()), vsftpd(e2e::scratch())].iter().flatten() {
        let names = ["a b", "-l", "a[1]", "a*", "~a", "a'b"];
        for name in names {
            std::fs::create_dir(server.served.join(name)).unwrap();
            std::fs::write(server.served.join(name).join(format!("in {name}")), "x").unwrap();
        }
        // Two that the first and the third could be taken for.
        for name in ["a", "a1"] {
            std::fs::create_dir(server.served.join(name)).unwrap();
        }
        let rest = &server.url["ftp://".len()..];
        let (login, rest) = rest.rsplit_once('@').unwrap_or(("anonymous:x", rest));
        let (to, path) = rest.split_once('/').unwrap();
        let to = without_feat(to.parse().unwrap());
        for name in names {
            let mut c = e2e::towline::command();
            let escaped = name.replace(' ', "%20").replace('[', "%5B").replace(']', "%5D");
            let ended = e2e::process::run(c.args(["ls", &format!("ftp://{login}@{to}/{path}{escaped}")]));
            assert_eq!(ended.code(), 0, "{} {name:?}: {ended:?}", server.name);
            assert_eq!(ended.out.trim(), format!("in {name}"), "{}: {ended:?}", server.name);
        }
    }
}
