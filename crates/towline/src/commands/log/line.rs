//! An event of the history as a line for people.

use crate::figures::{grouped, octets};
use serde_json::Value;

/// `2026-11-26 09:30:00  10.0.0.1:4711  tftp  fetched /a.bin, 1.0 MiB in 0.2 s: complete`, in the time of here.
pub(super) fn line(json: &str) -> String {
    let Ok(event) = serde_json::from_str::<Value>(json) else { return json.to_owned() };
    let text = |key: &str| event[key].as_str().unwrap_or_default();
    let time = match text("ts").parse::<jiff::Timestamp>() {
        Ok(at) => {
            at.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
        }
        Err(_) => text("ts").to_owned(),
    };
    let mut line = time;
    for part in [text("peer"), text("protocol"), text("user")] {
        if !part.is_empty() {
            line.push_str("  ");
            line.push_str(part);
        }
    }
    format!("{line}  {}", said(&event))
}

/// What happened. An event that this program does not know, of a newer server, is its name.
fn said(event: &Value) -> String {
    let text = |key: &str| event[key].as_str().unwrap_or_default();
    let number = |key: &str| event[key].as_u64();
    let path = text("path");
    match text("event") {
        "admitted" => String::from("was let in"),
        "login" => format!("logged in ({})", text("security")),
        "left" => String::from("has left"),
        "kicked" => format!("kicked by {}", text("by")),
        "identity" => text("text").to_owned(),
        "refused" if path.is_empty() => format!("{} refused: {}", text("verb"), text("reason")),
        "refused" => format!("{} {path} refused: {}", text("verb"), text("reason")),
        "started" => {
            let verb = if text("direction") == "read" { "begins to fetch" } else { "begins to store" };
            let size = number("octets").map(|n| format!(", {}", octets(n))).unwrap_or_default();
            format!("{verb} {path}{size}")
        }
        "ended" => {
            let verb = if text("direction") == "read" { "fetched" } else { "stored" };
            let moved = octets(number("octets").unwrap_or(0));
            let took = event["seconds"].as_f64().map(|s| format!(" in {s:.1} s")).unwrap_or_default();
            format!("{verb} {path}, {moved}{took}: {}", text("verdict_text"))
        }
        "digest" => {
            let digest = [("sha512", text("sha512")), ("sha256", text("sha256")), ("md5", text("md5"))];
            let known = digest.iter().find(|(_, hex)| !hex.is_empty());
            let known = known.map(|(name, hex)| format!("{name} {hex}")).unwrap_or_default();
            format!("{path} has {known}")
        }
        "changed" => match event["to"].as_str() {
            Some(to) => format!("{} {path} to {to}", text("change")),
            None => format!("{} {path}", text("change")),
        },
        "listed" => format!("listed {path}, {} names", grouped(number("names").unwrap_or(0))),
        "third_party" => format!("data connection with {}: {}", text("other"), text("verdict")),
        "grant_used" => format!("used the grant {} for {path}", text("grant")),
        "banned" => format!("{} is banned by {}: {}", text("net"), text("by"), text("reason")),
        "unbanned" => format!("{} is no longer banned (by {})", text("net"), text("by")),
        "configured" => format!("configuration: {} (by {})", text("text"), text("by")),
        "restored" => format!("{path} is what it was until {} (by {})", text("version"), text("by")),
        "server" => format!("the server is {}: {}", text("change"), text("text")),
        "hook_failed" => match number("count").unwrap_or(0) {
            0 | 1 => format!("{} failed: {}", text("hook"), text("reason")),
            n => format!(
                "{} failed for {} events, the last time: {}",
                text("hook"),
                grouped(n),
                text("reason")
            ),
        },
        "exhausted" => {
            let limit =
                number("limit").map(|n| format!(" (the limit is {})", grouped(n))).unwrap_or_default();
            let refused = grouped(number("count").unwrap_or(0));
            format!("no {} left{limit}, {refused} refused: {}", text("what"), text("remedy"))
        }
        "lost" => {
            let count = number("count").unwrap_or(0);
            match (event["sink"].as_str(), count) {
                (None, n) => format!("{} events were lost: too many at once", grouped(n)),
                (Some(sink), 0) => format!("{sink}: {}", text("reason")),
                (Some(sink), n) => format!("{} events are not in the {sink}: {}", grouped(n), text("reason")),
            }
        }
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::EVENTS;

    #[test]
    fn an_end_reads_like_a_sentence() {
        let json = r#"{"v":1,"seq":9,"ts":"2026-11-26T09:30:00.000Z","event":"ended","session":1,"transfer":1,
            "protocol":"tftp","peer":"10.0.0.1:4711","path":"/a.bin","direction":"read","outcome":"complete",
            "verdict":"complete","verdict_text":"complete","octets":1048576,"seconds":0.2}"#;
        let line = line(json);
        assert!(
            line.ends_with("  10.0.0.1:4711  tftp  fetched /a.bin, 1.0 MiB in 0.2 s: complete"),
            "{line}"
        );
    }

    /// Every event of the audit has words of its own.
    #[test]
    fn events_of_the_audit_are_said() {
        let others =
            ["sandbox", "listening", "image", "difference", "advice", "draining", "stopped", "progress"];
        let by_serve = EVENTS.iter().filter(|row| row.by == "serve" && !others.contains(&row.event));
        for row in by_serve {
            let event = serde_json::json!({ "event": row.event });
            assert_ne!(said(&event), row.event);
        }
    }
}
