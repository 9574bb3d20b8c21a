//! Other people's HTTP clients against `towline serve --http` and `--https`: identical octets.

use e2e::battery::{Client, Job};
use e2e::content::{ROLLOVER, SIZES};

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|w| (*w).to_owned()).collect()
}

fn with(flags: &[&str], scheme: &str, job: &Job) -> Vec<String> {
    let mut w = words(flags);
    w.push(job.url(scheme));
    w
}

#[test]
fn curl_gets_over_http_and_https() {
    let arguments = |j: &Job| with(&["-sSf", "--max-time", "60", "-o", j.local()], "http", j);
    let clear = Client { name: "curl", program: "curl", operation: "http get", arguments };
    clear.gets_over("http", &[SIZES, &[ROLLOVER]].concat());
    let arguments = |j: &Job| with(&["-sSfk", "--max-time", "60", "-o", j.local()], "https", j);
    let tls = Client { name: "curl", program: "curl", operation: "https get", arguments };
    tls.gets_over("https", &[SIZES, &[ROLLOVER]].concat());
}

#[test]
fn wget_gets_over_http_and_https() {
    let arguments = |j: &Job| with(&["-q", "-t", "1", "-O", j.local()], "http", j);
    Client { name: "wget", program: "wget", operation: "http get", arguments }.gets_over("http", SIZES);
    let arguments = |j: &Job| with(&["-q", "-t", "1", "--no-check-certificate", "-O", j.local()], "https", j);
    Client { name: "wget", program: "wget", operation: "https get", arguments }.gets_over("https", SIZES);
}

/// What is half here goes on, over HTTP/1.1 and 1.0, where the name wants escaping or not.
#[test]
fn curl_and_wget_go_on_with_what_is_half_here() {
    let sizes = [1_428, 3_000_017];
    let arguments = |j: &Job| with(&["-sSf", "--max-time", "60", "-C", "-", "-o", j.local()], "http", j);
    let client = Client { name: "curl", program: "curl", operation: "http get resumed", arguments };
    client.resumes_over("http", &sizes);
    let arguments =
        |j: &Job| with(&["-0", "-sSf", "--max-time", "60", "-C", "-", "-o", j.local()], "http", j);
    let client = Client { name: "curl", program: "curl", operation: "http/1.0 get resumed", arguments };
    client.resumes_over("http", &sizes);
    let arguments = |j: &Job| with(&["-q", "-t", "1", "-c", "-O", j.local()], "http", j);
    let client = Client { name: "wget", program: "wget", operation: "http get resumed", arguments };
    client.resumes_over("http", &sizes);
}

#[test]
fn busybox_gets_over_http() {
    let arguments = |j: &Job| with(&["wget", "-q", "-O", j.local()], "http", j);
    let client = Client { name: "busybox", program: "busybox", operation: "http get", arguments };
    client.gets_over("http", SIZES);
}

const REQUESTS: &str = "
import sys, requests, warnings
warnings.simplefilter('ignore')
with requests.get(sys.argv[1], stream=True, verify=False, timeout=60) as r:
    r.raise_for_status()
    with open(sys.argv[2], 'wb') as f:
        for chunk in r.iter_content(65536):
            f.write(chunk)
";

#[test]
fn requests_gets_over_http_and_https() {
    let arguments = |j: &Job| words(&["-c", REQUESTS, &j.url("http"), j.local()]);
    let clear = Client { name: "requests", program: "python3", operation: "http get", arguments };
    clear.gets_over("http", SIZES);
    let arguments = |j: &Job| words(&["-c", REQUESTS, &j.url("https"), j.local()]);
    let tls = Client { name: "requests", program: "python3", operation: "https get", arguments };
    tls.gets_over("https", SIZES);
}

const URLLIB: &str = "
import sys, urllib.request
urllib.request.urlretrieve(sys.argv[1], sys.argv[2])
";

#[test]
fn urllib_gets_over_http() {
    let arguments = |j: &Job| words(&["-c", URLLIB, &j.url("http"), j.local()]);
    let client = Client { name: "urllib", program: "python3", operation: "http get", arguments };
    client.gets_over("http", SIZES);
}

fn aria2(job: &Job, scheme: &str, connections: &str) -> Vec<String> {
    let name = job.local.file_name().and_then(|n| n.to_str()).expect("a name");
    let flags = ["-q", "--no-conf", "--check-certificate=false", "--auto-file-renaming=false", "-k", "1M"];
    let mut w = words(&flags);
    w.extend(words(&["-x", connections, "-s", connections, "-d", ".", "-o", name, &job.url(scheme)]));
    w
}

#[test]
fn aria2_gets_in_segments_over_http_and_https() {
    // Two segments, and sixteen.
    let sizes = [3_000_017, ROLLOVER];
    let arguments = |j: &Job| aria2(j, "http", "16");
    let clear = Client { name: "aria2", program: "aria2c", operation: "http get segments", arguments };
    clear.gets_over("http", &sizes);
    let arguments = |j: &Job| aria2(j, "https", "16");
    let tls = Client { name: "aria2", program: "aria2c", operation: "https get segments", arguments };
    tls.gets_over("https", &sizes);
}
