//! Other people's TFTP clients against `towline serve`: identical octets, both directions.

use e2e::battery::{Client, Job};
use e2e::content::{ROLLOVER, SIZES};

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|w| (*w).to_owned()).collect()
}

/// curl 7.88 answers an OACK with `tsize` 0 by an error of its own (71); our server leaves `tsize` out
/// for an empty file, so that 0 octets work too.
fn curl(job: &Job, flags: &[&str]) -> Vec<String> {
    let mut w = words(&["-sS", "-o", job.local()]);
    w.extend(words(flags));
    w.push(job.url("tftp"));
    w
}

#[test]
fn curl_gets() {
    let client = Client { name: "curl", program: "curl", operation: "tftp get", arguments: |j| curl(j, &[]) };
    client.gets(&[SIZES, &[ROLLOVER]].concat());
}

#[test]
fn curl_gets_large_blocks() {
    let arguments = |j: &Job| curl(j, &["--tftp-blksize", "1428"]);
    Client { name: "curl", program: "curl", operation: "tftp get blksize 1428", arguments }.gets(SIZES);
}

#[test]
fn curl_gets_without_options() {
    let arguments = |j: &Job| curl(j, &["--tftp-no-options"]);
    Client { name: "curl", program: "curl", operation: "tftp get no options", arguments }.gets(SIZES);
}

#[test]
fn curl_puts() {
    let arguments = |j: &Job| words(&["-sS", "-T", j.local(), &j.url("tftp")]);
    Client { name: "curl", program: "curl", operation: "tftp put", arguments }.puts(SIZES);
}

/// tftp-hpa 5.2 ends with 0 whatever happened, so only the file counts.
fn hpa(job: &Job, verb: &str, from: &str, to: &str) -> Vec<String> {
    words(&["-4", "-m", "octet", "127.0.0.1", &job.port(), "-c", verb, from, to])
}

#[test]
fn tftp_hpa_gets() {
    let arguments = |j: &Job| hpa(j, "get", &j.remote, j.local());
    let client = Client { name: "tftp-hpa", program: "tftp", operation: "tftp get", arguments };
    client.gets(&[SIZES, &[ROLLOVER]].concat());
}

#[test]
fn tftp_hpa_puts() {
    let arguments = |j: &Job| hpa(j, "put", j.local(), &j.remote);
    let client = Client { name: "tftp-hpa", program: "tftp", operation: "tftp put", arguments };
    client.puts(&[SIZES, &[ROLLOVER]].concat());
}

fn atftp(job: &Job, verb: &str, options: &[&str]) -> Vec<String> {
    let mut w = Vec::new();
    for o in options {
        w.extend(words(&["--option", o]));
    }
    w.extend(words(&[verb, "-r", &job.remote, "-l", job.local(), "127.0.0.1", &job.port()]));
    w
}

#[test]
fn atftp_gets() {
    let arguments = |j: &Job| atftp(j, "--get", &[]);
    Client { name: "atftp", program: "atftp", operation: "tftp get", arguments }.gets(SIZES);
}

#[test]
fn atftp_gets_windows() {
    let arguments = |j: &Job| atftp(j, "--get", &["blksize 1428", "windowsize 16"]);
    Client { name: "atftp", program: "atftp", operation: "tftp get windowsize 16", arguments }.gets(SIZES);
}

#[test]
fn atftp_gets_windows_past_the_rollover() {
    let arguments = |j: &Job| atftp(j, "--get", &["windowsize 8"]);
    let client = Client { name: "atftp", program: "atftp", operation: "tftp get windowsize 8", arguments };
    client.gets(&[ROLLOVER]);
}

#[test]
fn atftp_puts() {
    let arguments = |j: &Job| atftp(j, "--put", &["blksize 1428"]);
    Client { name: "atftp", program: "atftp", operation: "tftp put blksize 1428", arguments }.puts(SIZES);
}

fn busybox(job: &Job, verb: &str, options: &[&str]) -> Vec<String> {
    let mut w = words(&["tftp", verb, "-r", &job.remote, "-l", job.local()]);
    w.extend(words(options));
    w.extend(words(&["127.0.0.1", &job.port()]));
    w
}

#[test]
fn busybox_gets() {
    let arguments = |j: &Job| busybox(j, "-g", &[]);
    let client = Client { name: "busybox", program: "busybox", operation: "tftp get", arguments };
    client.gets(&[SIZES, &[ROLLOVER]].concat());
}

#[test]
fn busybox_gets_large_blocks() {
    let arguments = |j: &Job| busybox(j, "-g", &["-b", "1428"]);
    Client { name: "busybox", program: "busybox", operation: "tftp get blksize 1428", arguments }.gets(SIZES);
}

#[test]
fn busybox_puts() {
    let arguments = |j: &Job| busybox(j, "-p", &[]);
    Client { name: "busybox", program: "busybox", operation: "tftp put", arguments }.puts(SIZES);
}

const TFTPY: &str = "
import sys, tftpy
verb, port, remote, local = sys.argv[1:]
client = tftpy.TftpClient('127.0.0.1', int(port), options={'blksize': 1428})
(client.download if verb == 'get' else client.upload)(remote, local)
";

#[test]
fn tftpy_gets() {
    let arguments = |j: &Job| words(&["-c", TFTPY, "get", &j.port(), &j.remote, j.local()]);
    Client { name: "tftpy", program: "python3", operation: "tftp get blksize 1428", arguments }.gets(SIZES);
}

#[test]
fn tftpy_puts() {
    let arguments = |j: &Job| words(&["-c", TFTPY, "put", &j.port(), &j.remote, j.local()]);
    Client { name: "tftpy", program: "python3", operation: "tftp put blksize 1428", arguments }.puts(SIZES);
}

#[test]
fn partftpy_gets() {
    let arguments = |j: &Job| {
        words(&["-H", "127.0.0.1", "-p", &j.port(), "-b", "1428", "-D", &j.remote, "-o", j.local()])
    };
    let client = Client {
        name: "partftpy",
        program: "partftpy_client",
        operation: "tftp get blksize 1428",
        arguments,
    };
    client.gets(SIZES);
}
