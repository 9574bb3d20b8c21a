//! Other people's TFTP clients against `towline serve`: identical octets, both directions.

use e2e::battery::{Client, Job};
use e2e::content::{Kind, ROLLOVER, SIZES, TEXTS};
use e2e::namespace::Namespace;
use e2e::peers::Peer;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Some sizes, for what differs from the whole battery in one thing only.
const FEW: &[u64] = &[0, 513, 65_536];

/// Past block 65,535, for `cargo xtask soak`.
fn rollover() -> &'static [u64] {
    if e2e::is_soak() { &[ROLLOVER] } else { &[] }
}

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

#[test]
fn curl_over_ipv6() {
    let gets = Client {
        name: "curl",
        program: "curl",
        operation: "tftp get ::1",
        arguments: |j| curl(j, &["--tftp-blksize", "1428"]),
    };
    gets.gets_over_ipv6(FEW);
    let arguments = |j: &Job| words(&["-sS", "-T", j.local(), &j.url("tftp")]);
    let puts = Client { name: "curl", program: "curl", operation: "tftp put ::1", arguments };
    puts.puts_on(Ipv6Addr::LOCALHOST.into(), Kind::Octets, FEW);
}

/// tftp-hpa 5.2 ends with 0 whatever happened, so only the file counts.
fn hpa(job: &Job, verb: &str, from: &str, to: &str) -> Vec<String> {
    hpa_in("octet", job, verb, from, to)
}

fn hpa_in(mode: &str, job: &Job, verb: &str, from: &str, to: &str) -> Vec<String> {
    let family = if job.server.is_ipv6() { "-6" } else { "-4" };
    words(&[family, "-m", mode, &job.host(), &job.port(), "-c", verb, from, to])
}

#[test]
fn tftp_hpa_converts_text() {
    let arguments = |j: &Job| hpa_in("netascii", j, "get", &j.remote, j.local());
    let gets = Client { name: "tftp-hpa", program: "tftp", operation: "tftp get netascii", arguments };
    gets.gets_of(Kind::LinesWithCr, TEXTS);
    let arguments = |j: &Job| hpa_in("netascii", j, "put", j.local(), &j.remote);
    let puts = Client { name: "tftp-hpa", program: "tftp", operation: "tftp put netascii", arguments };
    puts.puts_on(Ipv4Addr::LOCALHOST.into(), Kind::LinesWithCr, TEXTS);
}

#[test]
fn tftp_hpa_over_ipv6() {
    let arguments = |j: &Job| hpa(j, "get", &j.remote, j.local());
    let gets = Client { name: "tftp-hpa", program: "tftp", operation: "tftp get ::1", arguments };
    gets.gets_over_ipv6(FEW);
    let arguments = |j: &Job| hpa(j, "put", j.local(), &j.remote);
    let puts = Client { name: "tftp-hpa", program: "tftp", operation: "tftp put ::1", arguments };
    puts.puts_on(Ipv6Addr::LOCALHOST.into(), Kind::Octets, FEW);
}

/// Nobody names the port: 69 it is, in a network of its own.
#[test]
fn clients_that_name_no_port() {
    let Some(space) = Namespace::new("busybox") else { return };
    let arguments = |j: &Job| words(&["tftp", "-g", "-r", &j.remote, "-l", j.local(), &j.host()]);
    let busybox = Client { name: "busybox", program: "busybox", operation: "tftp get port 69", arguments };
    busybox.gets_inside(&space, FEW);
    let arguments = |j: &Job| words(&["-4", "-m", "octet", &j.host(), "-c", "get", &j.remote, j.local()]);
    let hpa = Client { name: "tftp-hpa", program: "tftp", operation: "tftp get port 69", arguments };
    hpa.gets_inside(&space, FEW);
    let arguments = |j: &Job| words(&["--get", "-r", &j.remote, "-l", j.local(), &j.host()]);
    let atftp = Client { name: "atftp", program: "atftp", operation: "tftp get port 69", arguments };
    atftp.gets_inside(&space, FEW);
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
    w.extend(words(&[verb, "-r", &job.remote, "-l", job.local(), &job.host(), &job.port()]));
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

#[test]
fn atftp_puts_windows_with_a_timeout() {
    const OPTIONS: &[&str] = &["blksize 1428", "windowsize 16", "timeout 2"];
    let gets = Client {
        name: "atftp",
        program: "atftp",
        operation: "tftp get windowsize 16 timeout 2",
        arguments: |j| atftp(j, "--get", OPTIONS),
    };
    gets.gets(SIZES);
    let puts = Client {
        name: "atftp",
        program: "atftp",
        operation: "tftp put windowsize 16 timeout 2",
        arguments: |j| atftp(j, "--put", OPTIONS),
    };
    puts.puts(SIZES);
}

#[test]
fn atftp_puts_windows_past_the_rollover() {
    let arguments = |j: &Job| atftp(j, "--put", &["windowsize 8"]);
    let client = Client { name: "atftp", program: "atftp", operation: "tftp put windowsize 8", arguments };
    client.puts(&[ROLLOVER]);
}

#[test]
fn atftp_converts_text() {
    let gets = Client {
        name: "atftp",
        program: "atftp",
        operation: "tftp get netascii",
        arguments: |j| atftp(j, "--get", &["mode netascii"]),
    };
    gets.gets_of(Kind::LinesWithCr, TEXTS);
    let puts = Client {
        name: "atftp",
        program: "atftp",
        operation: "tftp put netascii",
        arguments: |j| atftp(j, "--put", &["mode netascii"]),
    };
    puts.puts_on(Ipv4Addr::LOCALHOST.into(), Kind::LinesWithCr, TEXTS);
}

#[test]
fn atftp_over_ipv6() {
    let gets = Client {
        name: "atftp",
        program: "atftp",
        operation: "tftp get ::1",
        arguments: |j| atftp(j, "--get", &["blksize 1428", "windowsize 16"]),
    };
    gets.gets_over_ipv6(FEW);
    let puts = Client {
        name: "atftp",
        program: "atftp",
        operation: "tftp put ::1",
        arguments: |j| atftp(j, "--put", &["blksize 1428", "windowsize 16"]),
    };
    puts.puts_on(Ipv6Addr::LOCALHOST.into(), Kind::Octets, FEW);
}

fn busybox(job: &Job, verb: &str, options: &[&str]) -> Vec<String> {
    let mut w = words(&["tftp", verb, "-r", &job.remote, "-l", job.local()]);
    w.extend(words(options));
    w.extend(words(&[&job.host(), &job.port()]));
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

#[test]
fn busybox_over_ipv6() {
    let gets = Client {
        name: "busybox",
        program: "busybox",
        operation: "tftp get ::1",
        arguments: |j| busybox(j, "-g", &["-b", "1428"]),
    };
    gets.gets_over_ipv6(FEW);
    let puts = Client {
        name: "busybox",
        program: "busybox",
        operation: "tftp put ::1",
        arguments: |j| busybox(j, "-p", &["-b", "1428"]),
    };
    puts.puts_on(Ipv6Addr::LOCALHOST.into(), Kind::Octets, FEW);
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

fn partftpy(job: &Job, verb: &str, blksize: &str, files: &[&str]) -> Vec<String> {
    let mut w = words(&["-H", &job.host(), "-p", &job.port(), "-b", blksize, verb]);
    w.extend(words(files));
    w
}

#[test]
fn partftpy_gets() {
    let client = Client {
        name: "partftpy",
        program: "partftpy_client",
        operation: "tftp get blksize 1428",
        arguments: |j| partftpy(j, "-D", "1428", &[&j.remote, "-o", j.local()]),
    };
    client.gets(SIZES);
    let past = Client {
        operation: "tftp get blksize 512",
        arguments: |j| partftpy(j, "-D", "512", &[&j.remote, "-o", j.local()]),
        ..client
    };
    past.gets(rollover());
}

#[test]
fn partftpy_puts() {
    let client = Client {
        name: "partftpy",
        program: "partftpy_client",
        operation: "tftp put blksize 1428",
        arguments: |j| partftpy(j, "-u", "1428", &[&j.remote, "-i", j.local()]),
    };
    client.puts(SIZES);
    let past = Client {
        operation: "tftp put blksize 512",
        arguments: |j| partftpy(j, "-u", "512", &[&j.remote, "-i", j.local()]),
        ..client
    };
    past.puts(rollover());
}

#[test]
fn partftpy_over_ipv6() {
    let gets = Client {
        name: "partftpy",
        program: "partftpy_client",
        operation: "tftp get ::1",
        arguments: |j| partftpy(j, "-D", "1428", &[&j.remote, "-o", j.local()]),
    };
    gets.gets_over_ipv6(FEW);
}

const NET_TFTP: &str = "
use Net::TFTP;
my ($host, $port, $mode, $size, $verb, $from, $to) = @ARGV;
my $t = Net::TFTP->new($host, Port => $port, BlockSize => $size);
$t->mode($mode);
($verb eq 'get' ? $t->get($from, $to) : $t->put($from, $to)) or die $t->error, qq{\\n};
";

fn net_tftp(job: &Job, mode: &str, size: &str, verb: &str) -> Vec<String> {
    let (from, to) =
        if verb == "get" { (job.remote.as_str(), job.local()) } else { (job.local(), job.remote.as_str()) };
    words(&["-e", NET_TFTP, &job.host(), &job.port(), mode, size, verb, from, to])
}

#[test]
fn net_tftp_gets() {
    let Some(_) = Peer::perl("Net::TFTP", "Net/TFTP.pm") else { return };
    let client = Client {
        name: "Net::TFTP",
        program: "perl",
        operation: "tftp get blksize 1024",
        arguments: |j| net_tftp(j, "octet", "1024", "get"),
    };
    client.gets(SIZES);
    let plain = |j: &Job| net_tftp(j, "octet", "0", "get");
    // No rollover: it counts on behind 65535 and takes no block for that one.
    Client { operation: "tftp get no options", arguments: plain, ..client }.gets(FEW);
    let text = |j: &Job| net_tftp(j, "netascii", "512", "get");
    Client { operation: "tftp get netascii", arguments: text, ..client }.gets_of(Kind::Lines, TEXTS);
}

#[test]
fn net_tftp_puts() {
    let Some(_) = Peer::perl("Net::TFTP", "Net/TFTP.pm") else { return };
    let client = Client {
        name: "Net::TFTP",
        program: "perl",
        operation: "tftp put blksize 1024",
        arguments: |j| net_tftp(j, "octet", "1024", "put"),
    };
    // It takes the OACK's blksize for the size of its last block, so that a file shorter than a block breaks;
    // of an empty one it sends the request and says that it has sent the file.
    client.puts(&[1_428, 65_536, 3_000_017]);
    let plain = |j: &Job| net_tftp(j, "octet", "0", "put");
    Client { operation: "tftp put no options", arguments: plain, ..client }.puts(&[1, 511, 512, 513]);
}

/// The client of crates.io's `tftpd`.
fn tftpc(job: &Job, flags: &[&str]) -> Vec<String> {
    let mut w = words(&["-i", &job.host(), "-p", &job.port()]);
    w.extend(words(flags));
    w
}

fn tftpc_get(job: &Job, flags: &[&str]) -> Vec<String> {
    let dir = job.local.parent().and_then(std::path::Path::to_str).expect("temporary directories are UTF-8");
    let mut w = tftpc(job, &[flags, &["-d", "-rd", dir]].concat());
    w.push(job.remote.clone());
    w
}

fn tftpc_put(job: &Job, flags: &[&str]) -> Vec<String> {
    let mut w = tftpc(job, &[flags, &["-u"]].concat());
    w.extend(words(&[job.local(), &job.remote]));
    w
}

#[test]
fn tftpc_of_crates_io_gets() {
    let client = Client {
        name: "tftpc",
        program: "tftpc",
        operation: "tftp get windowsize 16",
        arguments: |j| tftpc_get(j, &["-b", "1428", "-w", "16"]),
    };
    client.gets(SIZES);
    let plain = |j: &Job| tftpc_get(j, &[]);
    Client { operation: "tftp get", arguments: plain, ..client }.gets(&[SIZES, rollover()].concat());
    Client { operation: "tftp get ::1", ..client }.gets_over_ipv6(FEW);
}

#[test]
fn tftpc_of_crates_io_puts() {
    let client = Client {
        name: "tftpc",
        program: "tftpc",
        operation: "tftp put windowsize 16",
        arguments: |j| tftpc_put(j, &["-b", "1428", "-w", "16"]),
    };
    client.puts(SIZES);
    let plain = |j: &Job| tftpc_put(j, &[]);
    Client { operation: "tftp put", arguments: plain, ..client }.puts(&[SIZES, rollover()].concat());
}
