//! `towline copy` against other people's HTTP servers.

use e2e::battery::Server;
use e2e::content::{Content, Kind, ROLLOVER, SIZES};
use e2e::process::Process;
use e2e::web_servers::{BOB_IN_URL, nginx, nginx_under_tls, python};
use std::path::Path;

/// Runs `towline copy` with these words in `home`; its exit code and what it said.
fn copy(home: &Path, words: &[&str]) -> (i32, String) {
    let mut c = e2e::towline::command();
    c.arg("copy").args(words).current_dir(home);
    let ended = Process::start(&mut c).wait(e2e::poll::PATIENCE);
    (ended.code(), format!("{}{}", ended.out, ended.err))
}

#[test]
fn gets_from_and_puts_to_nginx() {
    let Some(server) = nginx(e2e::scratch()) else { return };
    server.gets("our http get", &[], &[SIZES, &[ROLLOVER]].concat());
    server.puts("our http put", &[], &[SIZES, &[ROLLOVER]].concat());
}

#[test]
fn gets_from_and_puts_to_nginx_under_tls() {
    let Some((server, pin)) = nginx_under_tls(e2e::scratch()) else { return };
    server.gets("our https get", &["--cert-pin", &pin], SIZES);
    server.puts("our https put", &["--cert-pin", &pin], SIZES);
    let home = e2e::scratch();
    let url = format!("{}image-1.bin", server.url);
    let (code, said) = copy(home.path(), &[&url, "."]);
    assert!(code == 4 && said.contains("a certificate that is not believed"), "{code}: {said}");
    let other = "00".repeat(32);
    let (code, said) = copy(home.path(), &["--cert-pin", &other, &url, "."]);
    assert!(code == 4 && said.contains("not the one whose fingerprint was given"), "{code}: {said}");
    assert!(!home.path().join("image-1.bin").exists());
}

#[test]
fn gets_from_python_over_http_1_0() {
    let Some(server) = python(e2e::scratch()) else { return };
    server.gets("our http get", &[], SIZES);
}

fn resumed(server: &Server, home: &Path) -> (u64, String, Content) {
    let content = Content::random_of(Kind::Octets, 3_000_017);
    content.write(&server.served.join("a b.bin")).expect("room");
    let whole = std::fs::read(server.served.join("a b.bin")).expect("there");
    std::fs::write(home.join("a b.bin.part"), &whole[..1_000_000]).expect("room");
    let url = format!("{}a%20b.bin", server.url);
    let (code, said) = copy(home, &["--resume", "--json", &url, "."]);
    assert_eq!(code, 0, "{said}");
    assert!(std::fs::read(home.join("a b.bin")).expect("there") == whole, "{said}");
    let copied =
        said.lines().find(|l| l.contains("\"event\":\"copied\"")).unwrap_or_else(|| panic!("{said}"));
    let octets = copied.split("\"octets\":").nth(1).and_then(|t| t.split([',', '}']).next());
    (octets.and_then(|n| n.trim().parse().ok()).expect("a number"), said, content)
}

#[test]
fn a_copy_goes_on_with_what_is_here_where_the_server_can() {
    let home = e2e::scratch();
    if let Some(server) = nginx(e2e::scratch()) {
        let (octets, said, content) = resumed(&server, home.path());
        assert_eq!(octets, 2_000_017, "{said}");
        e2e::matrix::compared("nginx", "our http get resumed", content, &home.path().join("a b.bin"));
    }
    let home = e2e::scratch();
    if let Some(server) = python(e2e::scratch()) {
        let (octets, said, content) = resumed(&server, home.path());
        assert_eq!(octets, 3_000_017, "{said}");
        assert!(said.contains("the server gives whole files only; it is copied anew"), "{said}");
        e2e::matrix::compared("http.server", "our http get resumed", content, &home.path().join("a b.bin"));
    }
}

#[test]
fn what_a_server_refuses_is_told_with_what_to_do() {
    let Some(server) = nginx(e2e::scratch()) else { return };
    let home = e2e::scratch();
    let address = server.url.trim_start_matches("http://").to_owned();
    std::fs::write(server.served.join("bob/x.cfg"), "hostname R1\n").expect("room");
    std::fs::write(server.served.join("new.bin"), "new").expect("room");
    std::fs::write(home.path().join("x.cfg"), "hostname R2\n").expect("room");
    let at = |path: &str| format!("http://{address}{path}");
    for (words, code, said) in [
        ([at("none"), ".".into()], 5, "404 Not Found"),
        ([at("closed/x"), "y".into()], 4, "403 Forbidden"),
        ([at("bob/x.cfg"), "y".into()], 4, "401 Unauthorized"),
        ([format!("http://bob:wrong@{address}bob/x.cfg"), "y".into()], 4, "401 Unauthorized"),
        (["x.cfg".into(), at("bob/x.cfg")], 4, "401 Unauthorized"),
    ] {
        let (found, text) = copy(home.path(), &words.each_ref().map(String::as_str));
        assert!(found == code && text.contains(said), "{words:?}: {found}: {text}");
        assert!(!text.contains("wrong"), "{text}");
    }
    assert!(!home.path().join("y").exists());
    assert_eq!(std::fs::read(server.served.join("bob/x.cfg")).expect("there"), b"hostname R1\n");
    // A name is kept, a login is sent, a redirect is followed.
    let url = format!("http://{BOB_IN_URL}{address}bob/");
    assert_eq!(copy(home.path(), &["x.cfg", &url]).0, 0);
    assert_eq!(std::fs::read(server.served.join("bob/x.cfg")).expect("there"), b"hostname R2\n");
    let (code, text) = copy(home.path(), &[&at("old/image.bin"), "."]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(std::fs::read(home.path().join("image.bin")).expect("there"), b"new");
}

#[test]
fn a_trace_shows_heads_and_no_password() {
    let Some(server) = nginx(e2e::scratch()) else { return };
    let home = e2e::scratch();
    std::fs::write(server.served.join("bob/x.cfg"), vec![b'x'; 100_000]).expect("room");
    let url = server.url.replace("http://", &format!("http://{BOB_IN_URL}")) + "bob/x.cfg";
    let (code, trace) = copy(home.path(), &[&url, ".", "--trace"]);
    assert_eq!(code, 0, "{trace}");
    assert!(trace.contains("GET /bob/x.cfg") && trace.contains("200"), "{trace}");
    assert!(!trace.contains("wonder") && !trace.contains("Ym9i"), "{trace}");
}
