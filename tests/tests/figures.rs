//! `/healthz`, `/readyz` and `/metrics`: what somebody else's parser reads there is what was done.

use e2e::peers::Peer;
use e2e::poll;
use e2e::process::Process;
use e2e::towline::Serve;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

fn get(at: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(poll::PATIENCE)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut octets = Vec::new();
    stream.read_to_end(&mut octets).unwrap();
    String::from_utf8(octets).unwrap()
}

/// Prints each sample as a line of JSON: name, labels, value.
const PARSER: &str = "
import sys, json
from prometheus_client.openmetrics.parser import text_string_to_metric_families
for family in text_string_to_metric_families(open(sys.argv[1]).read()):
    for s in family.samples:
        print(json.dumps([s.name, s.labels, s.value]))
";

/// What prometheus_client reads of a page.
fn samples(python: &Peer, page: &str, dir: &Path) -> Vec<Value> {
    let file = dir.join("metrics");
    fs::write(&file, page.split_once("\r\n\r\n").expect("a body").1).unwrap();
    let mut command = python.command();
    command.args(["-c", PARSER]).arg(&file);
    let ended = Process::start(&mut command).wait(Duration::from_secs(60));
    assert_eq!(ended.code(), 0, "{page}\n{ended:?}");
    ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn value(samples: &[Value], name: &str, labels: Value) -> f64 {
    let found = samples.iter().find(|s| s[0] == name && s[1] == labels);
    found.and_then(|s| s[2].as_f64()).unwrap_or(-1.0)
}

#[test]
fn the_figures_are_what_was_done() {
    let Some(python) = Peer::find("prometheus-client", "python3") else { return };
    let (root, scratch) = (e2e::scratch(), e2e::scratch());
    fs::write(root.path().join("f"), vec![7; 1_000]).unwrap();
    let mut serve = Serve::start(root.path(), &["--http", "0", "--admin", "127.0.0.1:0"]);
    let (http, admin) = (serve.listening("http"), serve.listening("admin"));
    for _ in 0..3 {
        assert!(get(http, "/f").starts_with("HTTP/1.1 200"));
    }
    for _ in 0..2 {
        assert!(get(http, "/absent").starts_with("HTTP/1.1 404"));
    }
    assert!(get(admin, "/healthz").starts_with("HTTP/1.1 200"));
    assert!(get(admin, "/readyz").starts_with("HTTP/1.1 200"));
    assert!(get(admin, "/other").starts_with("HTTP/1.1 404"));

    let read = serde_json::json!({ "protocol": "http", "direction": "read" });
    let complete = serde_json::json!({ "protocol": "http", "direction": "read", "verdict": "complete" });
    let absent = serde_json::json!({ "protocol": "http", "reason": "absent" });
    // The events come to the counts in their own time.
    let all_there = poll::until(poll::PATIENCE, || {
        let page = get(admin, "/metrics");
        let there = page.contains("verdict=\"complete\"} 3\n") && page.contains("reason=\"absent\"} 2\n");
        there.then_some(page)
    });
    let page = all_there.unwrap_or_else(|| panic!("{}", get(admin, "/metrics")));
    assert!(page.contains("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
    let samples = samples(&python, &page, scratch.path());
    let is = |name: &str, labels: &Value, expected: f64| {
        assert_eq!(value(&samples, name, labels.clone()), expected, "{name} {labels}\n{page}");
    };
    let none = serde_json::json!({});
    is("towline_transfers_total", &complete, 3.0);
    is("towline_octets_total", &read, 3_000.0);
    is("towline_refusals_total", &absent, 2.0);
    is("towline_sessions_total", &serde_json::json!({ "protocol": "http" }), 5.0);
    is("towline_transfer_duration_seconds_count", &read, 3.0);
    is("towline_transfers_open", &none, 0.0);
    is("towline_first_octet_seconds_count", &read, 3.0);
    // Each connection knocks.
    is("towline_admission_seconds_count", &serde_json::json!({ "protocol": "http" }), 5.0);
    is("towline_admission_seconds_count", &serde_json::json!({ "protocol": "ftp" }), 0.0);
    is("towline_bans_in_force", &none, 0.0);
    assert!(value(&samples, "towline_events_waiting", none.clone()) >= 0.0);
    is("towline_events_lost_total", &none, 0.0);
    // Every row of the table is on the page.
    for metric in towline::metrics::METRICS {
        assert!(
            page.contains(&format!("# TYPE {} {}\n", metric.name, metric.kind.word())),
            "{}",
            metric.name
        );
    }
}

/// The listener of a configuration's file, while the server drains: alive, and not ready.
#[test]
fn a_server_that_drains_is_alive_and_not_ready() {
    let home = e2e::scratch();
    let root = home.path().join("root");
    fs::create_dir(&root).unwrap();
    fs::File::create(root.join("f")).unwrap().set_len(64 << 20).unwrap();
    let file = home.path().join("t.toml");
    let config = format!(
        "[server]\nroot = \"{}\"\nbind = [\"127.0.0.1\"]\ndrain = \"5m\"\n[tftp]\nport = 0\n[ftp]\nport = 0\n\
         [http]\nport = 0\n[admin]\nlisten = \"127.0.0.1:0\"\n",
        root.display()
    );
    fs::write(&file, config).unwrap();
    let mut serve =
        Serve::start_command(e2e::towline::command().args(["serve", "--json", "--config"]).arg(&file));
    let (http, admin) = (serve.listening("http"), serve.listening("admin"));
    let is = |path: &str, status: &str, word: &str| {
        let there = poll::until(poll::PATIENCE, || {
            let answer = get(admin, path);
            (answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(word)).then_some(())
        });
        assert!(there.is_some(), "{path}: {}", get(admin, path));
    };
    is("/readyz", "200", "ready");
    // A download that nobody takes holds up the end.
    let mut slow = TcpStream::connect(http).unwrap();
    slow.write_all(b"GET /f HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    slow.read_exact(&mut [0; 100]).unwrap();
    is("/metrics", "200", "towline_transfers_open 1\n");
    serve.process.signal(rustix::process::Signal::TERM);
    is("/readyz", "503", "draining");
    is("/healthz", "200", "alive");
    drop(slow);
    assert_eq!(serve.process.wait(poll::PATIENCE).code(), 0);
}
