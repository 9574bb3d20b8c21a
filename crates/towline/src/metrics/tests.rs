use super::table::METRICS;
use super::{Figures, Page, State};
use gate::{Gate, Policy};
use serve::http::Pages;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Every query of the dashboard names a sample that the page can have, and every metric is on the dashboard.
#[test]
fn the_dashboard_and_the_table_name_each_other() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/grafana.json");
    let dashboard: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let samples = |m: &super::Metric| m.kind.endings().iter().map(|e| format!("{}{e}", m.name)).collect();
    let known: Vec<BTreeSet<String>> = METRICS.iter().map(samples).collect();
    let mut asked = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let query = target["expr"].as_str().unwrap();
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            for word in query.split(|c| !is_name(c)).filter(|w| w.starts_with("towline_")) {
                assert!(known.iter().any(|k| k.contains(word)), "{query}: there is no {word}");
                asked.insert(word.to_owned());
            }
        }
    }
    for (metric, samples) in METRICS.iter().zip(&known) {
        assert!(!samples.is_disjoint(&asked), "no panel shows {}", metric.name);
    }
}

fn page(state: Option<std::path::PathBuf>) -> Page {
    let (gate, _events) = Gate::new(Arc::new(store::memory::Memory::new()), Policy::default());
    Page::new(Arc::new(Figures::default()), gate, state)
}

/// What the page is about: each line `# TYPE`.
#[test]
fn the_page_has_every_metric_of_the_table_and_no_other() {
    let text = String::from_utf8(page(None).page(b"/metrics").unwrap().body).unwrap();
    let types: Vec<&str> =
        text.lines().filter_map(|l| l.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert_eq!(types, METRICS.each_ref().map(|m| m.name));
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let known = METRICS.iter().any(|m| m.kind.endings().iter().any(|e| format!("{}{e}", m.name) == name));
        assert!(known, "{line}");
    }
    assert!(text.contains("towline_admission_seconds_bucket{protocol=\"ftp\",le=\"1e-05\"} 0\n"), "{text}");
    assert!(text.contains("towline_admission_seconds_bucket{protocol=\"ftp\",le=\"5e-05\"} 0\n"), "{text}");
    assert!(text.contains("towline_admission_seconds_bucket{protocol=\"ftp\",le=\"0.0005\"} 0\n"), "{text}");
}

#[test]
fn it_is_ready_while_it_serves_and_listens_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let page = page(Some(dir.path().into()));
    let said = |page: &Page| {
        let text = page.page(b"/readyz").unwrap();
        format!("{} {}", text.status.code(), String::from_utf8(text.body).unwrap())
    };
    assert_eq!(said(&page), "503 not ready: starting\n");
    for (state, expected) in [
        (State::Serving, "200 ready\n"),
        (State::Deaf("ftp"), "503 not ready: nobody listens for ftp\n"),
        (State::Serving, "200 ready\n"),
        (State::Draining, "503 not ready: draining\n"),
    ] {
        page.is_now(state);
        assert_eq!(said(&page), expected);
        assert_eq!(page.page(b"/healthz").unwrap().status.code(), 200);
    }
    page.is_now(State::Serving);
    drop(dir);
    assert_eq!(said(&page), "503 not ready: the state directory cannot be written\n");
}
