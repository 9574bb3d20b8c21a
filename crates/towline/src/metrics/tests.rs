use super::table::METRICS;
use std::collections::BTreeSet;

/// Every query of the dashboard names a sample that the page can have.
#[test]
fn the_dashboard_asks_for_metrics_that_exist() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/grafana.json");
    let dashboard: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let known: BTreeSet<String> = METRICS
        .iter()
        .flat_map(|m| m.kind.endings().iter().map(|ending| format!("{}{ending}", m.name)))
        .collect();
    let mut asked = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let query = target["expr"].as_str().unwrap();
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            for word in query.split(|c| !is_name(c)).filter(|w| w.starts_with("towline_")) {
                assert!(known.contains(word), "{query}: there is no {word}");
                asked += 1;
            }
        }
    }
    assert!(asked >= 8, "the queries are found: {asked}");
}
