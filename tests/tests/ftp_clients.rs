//! Other people's FTP clients against `towline serve`: identical octets, both directions, active and passive.

use e2e::battery::{Client, Job, USER};
use e2e::content::{ROLLOVER, SIZES};

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|w| (*w).to_owned()).collect()
}

fn login() -> String {
    format!("{}:{}", USER.0, USER.1)
}

fn curl(flags: &[&str], job: &Job) -> Vec<String> {
    let mut w = words(&["-sS", "--max-time", "60"]);
    w.extend(words(flags));
    w.push(job.url("ftp"));
    w
}

#[test]
fn curl_gets_passive() {
    let arguments = |j: &Job| curl(&["-o", j.local()], j);
    let client = Client { name: "curl", program: "curl", operation: "ftp get passive", arguments };
    client.gets(&[SIZES, &[ROLLOVER]].concat());
}

#[test]
fn curl_gets_active() {
    let arguments = |j: &Job| curl(&["-P", "127.0.0.1", "-o", j.local()], j);
    Client { name: "curl", program: "curl", operation: "ftp get active", arguments }.gets(SIZES);
}

#[test]
fn curl_gets_by_port_and_pasv() {
    let pasv = |j: &Job| curl(&["--disable-epsv", "-o", j.local()], j);
    Client { name: "curl", program: "curl", operation: "ftp get PASV", arguments: pasv }.gets(SIZES);
    let port = |j: &Job| curl(&["--disable-eprt", "-P", "127.0.0.1", "-o", j.local()], j);
    Client { name: "curl", program: "curl", operation: "ftp get PORT", arguments: port }.gets(SIZES);
}

#[test]
fn curl_puts_passive() {
    let arguments = |j: &Job| curl(&["-u", &login(), "-T", j.local()], j);
    let client = Client { name: "curl", program: "curl", operation: "ftp put passive", arguments };
    client.puts(&[SIZES, &[ROLLOVER]].concat());
}

#[test]
fn curl_puts_active() {
    let arguments = |j: &Job| curl(&["-u", &login(), "-P", "127.0.0.1", "-T", j.local()], j);
    Client { name: "curl", program: "curl", operation: "ftp put active", arguments }.puts(SIZES);
}

fn lftp(job: &Job, user: (&str, &str), passive: bool, verb: &str) -> Vec<String> {
    let passive = if passive { "on" } else { "off" };
    let script = format!(
        "set cmd:fail-exit yes; set net:max-retries 1; set net:timeout 30; set ftp:ssl-allow no; \
         set ftp:passive-mode {passive}; open -u '{}','{}' -p {} 127.0.0.1; {verb}",
        user.0,
        user.1,
        job.port()
    );
    vec!["-c".into(), script]
}

const ANONYMOUS: (&str, &str) = ("anonymous", "someone@example.net");

#[test]
fn lftp_gets_passive() {
    let arguments = |j: &Job| lftp(j, ANONYMOUS, true, &format!("get {} -o {}", j.remote, j.local()));
    let client = Client { name: "lftp", program: "lftp", operation: "ftp get passive", arguments };
    client.gets(&[SIZES, &[ROLLOVER]].concat());
}

#[test]
fn lftp_gets_active() {
    let arguments = |j: &Job| lftp(j, ANONYMOUS, false, &format!("get {} -o {}", j.remote, j.local()));
    Client { name: "lftp", program: "lftp", operation: "ftp get active", arguments }.gets(SIZES);
}

#[test]
fn lftp_puts_passive() {
    let arguments = |j: &Job| lftp(j, USER, true, &format!("put {} -o {}", j.local(), j.remote));
    Client { name: "lftp", program: "lftp", operation: "ftp put passive", arguments }.puts(SIZES);
}

#[test]
fn lftp_puts_active() {
    let arguments = |j: &Job| lftp(j, USER, false, &format!("put {} -o {}", j.local(), j.remote));
    Client { name: "lftp", program: "lftp", operation: "ftp put active", arguments }.puts(SIZES);
}

const FTPLIB: &str = "
import sys, ftplib
verb, port, user, password, passive, remote, local = sys.argv[1:]
ftp = ftplib.FTP()
ftp.connect('127.0.0.1', int(port), timeout=30)
ftp.login(user, password)
ftp.set_pasv(passive == 'passive')
if verb == 'get':
    with open(local, 'wb') as f:
        ftp.retrbinary('RETR ' + remote, f.write)
    ftp.voidcmd('TYPE I')
    import os
    assert ftp.size(remote) == os.path.getsize(local)
    assert remote in ftp.nlst()
    assert remote in [name for name, facts in ftp.mlsd()]
else:
    with open(local, 'rb') as f:
        ftp.storbinary('STOR ' + remote, f)
ftp.quit()
";

fn ftplib(job: &Job, verb: &str, user: (&str, &str), mode: &str) -> Vec<String> {
    words(&["-c", FTPLIB, verb, &job.port(), user.0, user.1, mode, &job.remote, job.local()])
}

#[test]
fn ftplib_gets_passive() {
    let arguments = |j: &Job| ftplib(j, "get", ANONYMOUS, "passive");
    let client = Client { name: "ftplib", program: "python3", operation: "ftp get passive", arguments };
    client.gets(&[SIZES, &[ROLLOVER]].concat());
}

#[test]
fn ftplib_gets_active() {
    let arguments = |j: &Job| ftplib(j, "get", ANONYMOUS, "active");
    Client { name: "ftplib", program: "python3", operation: "ftp get active", arguments }.gets(SIZES);
}

#[test]
fn ftplib_puts_passive() {
    let arguments = |j: &Job| ftplib(j, "put", USER, "passive");
    Client { name: "ftplib", program: "python3", operation: "ftp put passive", arguments }.puts(SIZES);
}

#[test]
fn ftplib_puts_active() {
    let arguments = |j: &Job| ftplib(j, "put", USER, "active");
    Client { name: "ftplib", program: "python3", operation: "ftp put active", arguments }.puts(SIZES);
}

#[test]
fn busybox_gets() {
    let arguments = |j: &Job| words(&["ftpget", "-P", &j.port(), "127.0.0.1", j.local(), &j.remote]);
    Client { name: "busybox", program: "busybox", operation: "ftp get passive", arguments }.gets(SIZES);
}

#[test]
fn busybox_puts() {
    let arguments = |j: &Job| {
        words(&["ftpput", "-u", USER.0, "-p", USER.1, "-P", &j.port(), "127.0.0.1", &j.remote, j.local()])
    };
    Client { name: "busybox", program: "busybox", operation: "ftp put passive", arguments }.puts(SIZES);
}

#[test]
fn ncftp_puts() {
    let arguments =
        |j: &Job| words(&["-V", "-u", USER.0, "-p", USER.1, "-P", &j.port(), "127.0.0.1", ".", j.local()]);
    Client { name: "ncftp", program: "ncftpput", operation: "ftp put passive", arguments }.puts(SIZES);
}
