//! `[audit]` and `[[hook]]`.

use super::node::{Kind, Node};
use super::section::{Reading, Setting, Shape, Shown, entry, section};
use super::value::{quoted, words};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

section! {
    /// What is recorded, and where.
    Audit {
        /// How events are printed.
        log: Log = Log::Human,
        /// Where they also go: "udp://…", "tcp://…", "unix:/dev/log".
        syslog: Option<String> = None,
        /// Whether they are kept for `towline log`: true, or the file.
        history: Option<History> = None,
        /// How long they are kept.
        keep: Duration = Duration::from_secs(400 * 86_400),
    }
}

words! {
    /// How events are printed.
    Log {
        /// Lines for people.
        Human = "human",
        /// JSON, one a line.
        Json = "json",
    }
}

/// Whether there is a history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum History {
    /// None.
    Off,
    /// In the state directory.
    InState,
    /// In this file.
    File(PathBuf),
}

impl Setting for History {
    fn shape() -> Shape {
        let wants = String::from("true, false or a path");
        Shape::Value { wants, schema: json!({ "type": ["boolean", "string"], "examples": [true] }) }
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        match node.kind {
            Kind::Bool(true) => Some(History::InState),
            Kind::Bool(false) => Some(History::Off),
            _ => PathBuf::read(node, reading).map(History::File),
        }
    }

    fn shown(&self) -> Shown {
        match self {
            History::Off => Shown::Value(String::from("false")),
            History::InState => Shown::Value(String::from("true")),
            History::File(path) => Shown::Value(quoted(&path.display().to_string())),
        }
    }
}

entry! {
    /// What is done on events: a command or a web address, one of the two.
    Hook {
        /// Names of events (docs/events.md).
        on: Vec<String>,
        /// The command with its arguments.
        run: Vec<String> = Vec::new(),
        /// The web address to POST to.
        url: Option<String> = None,
        /// How long it may take.
        timeout: Duration = Duration::from_secs(10),
        /// How often it is tried again.
        retries: u32 = 3,
    }
}
