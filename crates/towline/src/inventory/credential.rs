//! Where a password is.

use crate::config::node::{Entry, Kind, Node};
use crate::config::section::{Reading, Setting, Shape, Shown};
use crate::config::{did_you_mean, quoted};
use serde_json::json;
use std::fmt;
use std::path::PathBuf;

/// Where a password is. Nothing prints one that stands in the inventory itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Credential {
    /// In the inventory.
    Written(String),
    /// In an environment variable.
    Environment(String),
    /// The first line of a file.
    File(PathBuf),
    /// The first line that a command prints: a program and its arguments.
    Command(Vec<String>),
    /// Somebody at the terminal is asked for what is called so, once for all that share it.
    Prompt(String),
    /// There is none: keys of the agent or of files.
    Agent,
}

impl Credential {
    /// For people and events: `env NAME`, `prompt TACACS`; never the password.
    pub(crate) fn place(&self) -> String {
        match self {
            Credential::Written(_) => String::from("in the file"),
            Credential::Environment(name) => format!("env {name}"),
            Credential::File(path) => format!("file {}", path.display()),
            Credential::Command(words) => format!("command {}", words.first().map_or("", String::as_str)),
            Credential::Prompt(what) => format!("prompt {what}"),
            Credential::Agent => String::from("agent"),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place())
    }
}

const KEYS: [&str; 5] = ["env", "file", "command", "prompt", "agent"];
const WANTS: &str =
    "{ env = \"NAME\" }, { file = \"PATH\" }, { command = [\"…\"] }, { prompt = \"…\" } or { agent = true }";

impl Setting for Credential {
    fn shape() -> Shape {
        let schema = json!({ "type": ["string", "object"] });
        let wants = "{env = …}, {file = …}, {command = […]}, {prompt = …}, {agent = true}, or the password";
        Shape::Value { wants: String::from(wants), schema }
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        let entries = match &node.kind {
            Kind::Text(text) if !text.is_empty() => return Some(Credential::Written(text.clone())),
            Kind::Table(entries) => entries,
            // What it is instead may be the password, without quotes.
            _ => {
                let what = format!("'{}' is no text and no reference", reading.key());
                reading.fault(&node.origin, what, format!("write it in quotes, or {WANTS}"));
                return None;
            }
        };
        let [entry] = &entries[..] else {
            let what = format!("'{}' has {} keys and needs one", reading.key(), entries.len());
            reading.fault(&node.origin, what, format!("give {WANTS}"));
            return None;
        };
        reading.within(entry.key.clone(), &entry.node.origin, |reading| reference(entry, reading))
    }

    fn shown(&self) -> Shown {
        Shown::Value(quoted(&self.place()))
    }
}

fn reference(entry: &Entry, reading: &mut Reading) -> Option<Credential> {
    let read = match (entry.key.as_str(), &entry.node.kind) {
        ("env", _) => Credential::Environment(String::read(&entry.node, reading)?),
        ("file", _) => Credential::File(PathBuf::read(&entry.node, reading)?),
        ("command", _) => Credential::Command(Vec::read(&entry.node, reading)?),
        ("prompt", Kind::Bool(true)) => Credential::Prompt(String::from("password")),
        ("prompt", _) => Credential::Prompt(String::read(&entry.node, reading)?),
        ("agent", Kind::Bool(true)) => Credential::Agent,
        ("agent", _) => {
            reading.wrong(&entry.node, "true, or another reference");
            return None;
        }
        (other, _) => {
            let what = format!("unknown key '{other}' where a password is");
            reading.fault(&entry.origin, what, did_you_mean(other, &KEYS.map(String::from)));
            return None;
        }
    };
    let is_empty = match &read {
        Credential::Environment(text) | Credential::Prompt(text) => text.is_empty(),
        Credential::Command(words) => words.first().is_none_or(String::is_empty),
        Credential::Written(_) | Credential::File(_) | Credential::Agent => false,
    };
    if is_empty {
        reading.fault(&entry.node.origin, format!("'{}' is empty", entry.key), format!("give {WANTS}"));
        return None;
    }
    Some(read)
}
