//! Many devices in one run.

use crate::site::{BUNDLE, Site};
use std::collections::BTreeSet;
use std::time::Instant;

/// A dozen, several at once; in the soak 200, 50 at once.
#[test]
fn many_devices_are_upgraded_at_once_in_one_run() {
    let (count, parallel) = if e2e::is_soak() { (200, 50) } else { (12, 6) };
    let model = BUNDLE[0];
    let row = format!(
        "name = \"D\"\naddress = \"127.97.0.1\"\ncount = {count}\nimages = [\"{}\"]",
        model.old_version
    );
    // In pairs, so that some restart together with their neighbours.
    let link = |n: usize| format!("[[link]]\nends = [\"D{n} g0/1\", \"D{} g0/1\"]\n", n + 1);
    let links: String = (1..count).step_by(2).map(link).collect();
    let site = Site::start(&format!("[[device]]\n{row}\n{links}"));
    let devices: Vec<String> = (1..=count).map(|n| site.device(&format!("127.97.0.{n}"))).collect();
    let parallel = parallel.to_string();
    let mut words = vec!["apply", "--image", model.new, "--yes", "--parallel", &parallel];
    words.extend(devices.iter().map(String::as_str));
    let began = Instant::now();
    let ended = site.upgrade(&words);
    let took = began.elapsed();
    assert_eq!(ended.code(), 0, "{ended:?}");
    let status = site.upgrade(&["status"]);
    assert!(status.out.contains(&format!(": {count} upgraded\n")), "{status:?}");
    println!("soak: {count} devices, {parallel} at once: all upgraded in {took:.1?}");
    // No two are the same device.
    let report = site.upgrade(&["report"]);
    let serials: BTreeSet<&str> =
        report.out.lines().filter_map(|line| line.strip_prefix("  serial number ")).collect();
    assert_eq!(serials.len(), count, "{serials:?}");
}
