//! The verbs that ask devices, with nothing of the user's.

use e2e::process::{Ended, Process};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// A password, where it does not matter which.
pub(crate) const SECRET: &str = "hunter2";
const TEXTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/ios-cli/tests/data");
const PATIENCE: Duration = Duration::from_secs(90);

/// Runs `towline` with these words in a directory that is its home too; `secret` is every password.
pub(crate) fn towline(home: &Path, secret: &str, words: &[&str]) -> Ended {
    let mut c = e2e::towline::command();
    c.args(words)
        .current_dir(home)
        .env("HOME", home)
        .env_remove("XDG_STATE_HOME")
        .env_remove("SSH_AUTH_SOCK");
    c.env("TOWLINE_PASSWORD", secret).env("TOWLINE_ENABLE", secret);
    Process::start(&mut c).wait(PATIENCE)
}

/// The events of this kind that came.
pub(crate) fn events(ended: &Ended, kind: &str) -> Vec<Value> {
    let events = ended.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("an object"));
    events.filter(|event| event["event"] == kind).collect()
}

/// What a real device printed, without the command and the prompts that were recorded with it.
pub(crate) fn text(file: &str) -> String {
    let text = std::fs::read_to_string(format!("{TEXTS}/{file}")).unwrap_or_else(|e| panic!("{file}: {e}"));
    let behind = text.lines().position(|line| line.contains("#sh")).map_or(0, |at| at + 1);
    text.lines().skip(behind).map(|line| format!("{line}\n")).collect()
}
