//! `[audit]` and `[[hook]]`.

use super::node::{Kind, Node};
use super::rule::Several;
use super::secret::Secret;
use super::section::{Reading, Setting, Shape, Shown, entry, section};
use super::value::{Written, quoted, words};
use gate::{Pattern, Protocol};
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
    /// What is done on events: a command or a web address, one of the two (docs/hooks.md).
    Hook {
        /// Names of events (docs/events.md).
        on: Vec<String>,
        /// Only for what these users did.
        user: Several<String> = Several::default(),
        /// Only over these protocols: "tftp", "ftp", "http", "sftp", "scp".
        protocol: Several<Protocol> = Several::default(),
        /// Only for ends with these verdicts, such as "complete".
        verdict: Several<String> = Several::default(),
        /// Only for names that this pattern fits: "/images/**" is that directory and all below it.
        path: Option<Written<Pattern>> = None,
        /// The command with its arguments: no shell, and nothing of the event is in them.
        run: Vec<String> = Vec::new(),
        /// The web address to POST to.
        url: Option<String> = None,
        /// What the web server wants to know us by: sent as "Authorization: Bearer …".
        token: Option<Secret> = None,
        /// How long one try may take.
        timeout: Duration = Duration::from_secs(10),
        /// How often what failed is tried again.
        retries: u32 = 3,
        /// The wait before the first of them; then twice as long each time, up to 5 minutes.
        wait: Duration = Duration::from_secs(1),
    }
}

/// The most hooks: the monitor runs so many programs of theirs at once.
pub const MOST_HOOKS: usize = 16;

#[cfg(test)]
impl Hook {
    /// One on ends, for tests.
    pub(crate) fn on_ends(run: &[&str], url: Option<&str>) -> Hook {
        Hook {
            on: vec!["ended".into()],
            user: Several::default(),
            protocol: Several::default(),
            verdict: Several::default(),
            path: None,
            run: run.iter().map(|w| (*w).to_owned()).collect(),
            url: url.map(String::from),
            token: None,
            timeout: Duration::from_secs(1),
            retries: 0,
            wait: Duration::from_secs(1),
        }
    }
}
