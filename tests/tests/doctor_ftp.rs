//! `towline doctor ftp://`: what it says of vsftpd, pyftpdlib and ours, and of servers with one fault each.

use e2e::at_home::run;
use e2e::process::Ended;
use e2e::servers::{pyftpdlib, vsftpd, vsftpd_under_tls};
use e2e::towline::Serve;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

fn doctor(home: &Path, arguments: &[&str]) -> Ended {
    run(home, &[&["doctor", "--patience", "60"], arguments].concat())
}

/// The exit code, the findings by name, and lines that are said.
fn says(ended: &Ended, code: i32, findings: &[&str], lines: &[&str]) {
    let heads = ended.out.lines().filter_map(|line| {
        line.strip_prefix("WRONG ").or_else(|| line.strip_prefix("note "))?.trim().split(':').next()
    });
    assert_eq!((ended.code(), heads.collect::<Vec<_>>()), (code, findings.to_vec()), "{ended:?}");
    for line in lines {
        assert!(ended.out.contains(line), "no '{line}' in {}", ended.out);
    }
}

const ALL_WORK: [&str; 3] = ["EPSV          works", "PASV          works", "active        works"];

#[test]
fn servers_that_nothing_is_wrong_with() {
    let home = e2e::scratch();
    if let Some(server) = vsftpd(e2e::scratch()) {
        says(&doctor(home.path(), &[&server.url]), 0, &["ftp-no-tls"], &ALL_WORK);
    }
    if let Some(server) = pyftpdlib(e2e::scratch()) {
        says(&doctor(home.path(), &[&server.url]), 0, &["ftp-no-tls"], &ALL_WORK);
    }
}

/// vsftpd demands resumption; ours does not without being told to, and its certificate is its own.
#[test]
fn tls_is_looked_at_when_the_certificate_is_the_one_that_was_given() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    if let Some((server, pin)) = vsftpd_under_tls(e2e::scratch()) {
        let ended = doctor(home.path(), &["--tls", "--cert-pin", &pin, &server.url]);
        let bound = ["others' data connections are turned away", "resumes       data connections go on"];
        says(&ended, 0, &[], &[&ALL_WORK[..], &bound].concat());
        assert!(ended.out.contains("\ntakes         TLS 1."), "{ended:?}");
        let wrong = doctor(home.path(), &["--tls", &server.url]);
        says(&wrong, 4, &["ftp-certificate"], &[&pin]);
    }
    let serve = Serve::start(root.path(), &[]);
    let url = format!("ftp://{}/", serve.ftp);
    let ended = doctor(home.path(), &[&url]);
    says(&ended, 4, &["ftp-certificate"], &ALL_WORK);
    let pin = ended.out.lines().find_map(|line| line.strip_prefix("certificate   SHA-256 ")).expect("shown");
    let ended = doctor(home.path(), &["--cert-pin", pin, &url]);
    let seen = ["TLS           TLS 1.3", "takes         TLS 1.2, TLS 1.3", "end           with close_notify"];
    says(&ended, 0, &["ftp-not-bound"], &seen);
    let json = doctor(home.path(), &["--json", "--cert-pin", pin, &url]);
    for field in ["\"epsv\":\"works\"", "\"resumes\":\"yes\"", "\"binds\":\"no\"", "\"close_notify\":\"yes\""]
    {
        assert!(json.out.contains(field), "{json:?}");
    }
}

/// A server that answers each command by this, as often as somebody comes.
fn saying(greeting: &'static str, answer: fn(&str) -> &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            std::thread::spawn(move || answers(stream, greeting, answer));
        }
    });
    format!("ftp://{at}/")
}

fn answers(mut stream: TcpStream, greeting: &str, answer: fn(&str) -> &'static str) {
    let Ok(read) = stream.try_clone() else { return };
    let _ = write!(stream, "{greeting}\r\n");
    for line in BufReader::new(read).lines() {
        let Ok(line) = line else { return };
        let verb = line.split(' ').next().unwrap_or_default().to_owned();
        let _ = write!(stream, "{}\r\n", answer(&verb));
    }
}

#[test]
fn a_fault_has_its_finding() {
    let home = e2e::scratch();
    let refused = |verb: &str| match verb {
        "USER" => "331 ?",
        "QUIT" => "221 bye",
        "PASS" => "530 no",
        _other => "500 what?",
    };
    says(&doctor(home.path(), &[&saying("220 hi", refused)]), 4, &["ftp-login"], &[]);
    says(&doctor(home.path(), &[&saying("421 full", refused)]), 1, &["ftp-busy"], &[]);
    says(&doctor(home.path(), &[&saying("SSH-2.0-x", refused)]), 1, &["not-ftp"], &[]);
    // It names an address that is not its own, and opens no data connection at all.
    let elsewhere = |verb: &str| match verb {
        "USER" => "230 in",
        "TYPE" | "OPTS" => "200 ok",
        "PASV" => "227 Entering Passive Mode (192,0,2,1,0,9)",
        "QUIT" => "221 bye",
        _other => "500 what?",
    };
    let ended = doctor(home.path(), &[&saying("220 hi", elsewhere)]);
    says(
        &ended,
        3,
        &["ftp-no-data", "ftp-wrong-address", "ftp-no-tls"],
        &["its 227 names 192.0.2.1, and the server is 127.0.0.1", "227 names     192.0.2.1"],
    );
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = listener.local_addr().expect("it is bound");
    drop(listener);
    says(&doctor(home.path(), &[&format!("ftp://{at}/")]), 3, &["ftp-closed"], &[]);
}
