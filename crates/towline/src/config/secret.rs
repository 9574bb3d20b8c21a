//! Secrets: a hash, or where the secret is. Never the secret itself.

use super::node::{Kind, Node};
use super::section::{Reading, Setting, Shape, Shown};
use super::value::quoted;
use crate::exit::Failure;
use serde_json::json;
use std::fmt;
use std::path::PathBuf;

/// Where a secret is.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// It stands in the configuration: a hash.
    Literal(String),
    /// In an environment variable.
    Environment(String),
    /// The first line of a file.
    File(PathBuf),
    /// The first line that a command prints.
    Command(Vec<String>),
    /// It is this password; only options of the command line say so.
    Plain(String),
    /// Somebody is asked on the terminal; only options of the command line say so.
    Ask,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reference())
    }
}

impl Secret {
    /// The first line of what it refers to; `thing` is whose it is, for messages. Literals are themselves.
    pub(crate) fn resolve(&self, thing: &str) -> Result<String, Failure> {
        let text = match self {
            Secret::Literal(text) | Secret::Plain(text) => return Ok(text.clone()),
            Secret::Environment(name) => std::env::var(name)
                .map_err(|_| Failure::usage(thing, format!("the variable {name} is not set"), "set it"))?,
            Secret::File(path) => {
                std::fs::read_to_string(path).map_err(|e| Failure::local(path.display(), &e))?
            }
            Secret::Command(words) => {
                let what = format!("'{}' is not run in this version", words.join(" "));
                return Err(Failure::usage(thing, what, "use { file = … }"));
            }
            Secret::Ask => return Err(Failure::usage(thing, "there is nobody to ask", "use { file = … }")),
        };
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }

    /// Where it is, as TOML; never the secret.
    pub fn reference(&self) -> String {
        match self {
            Secret::Literal(_) | Secret::Plain(_) => quoted("****"),
            Secret::Environment(name) => format!("{{ env = {} }}", quoted(name)),
            Secret::File(path) => format!("{{ file = {} }}", quoted(&path.display().to_string())),
            Secret::Command(words) => {
                let words: Vec<String> = words.iter().map(|w| quoted(w)).collect();
                format!("{{ cmd = [{}] }}", words.join(", "))
            }
            Secret::Ask => quoted("asked for"),
        }
    }
}

const WANTS: &str = "a hash (towline user add makes it), or { file = … }, { env = … }, { cmd = […] }";

impl Setting for Secret {
    fn shape() -> Shape {
        let only = |key: &str, schema: serde_json::Value| {
            json!({
                "type": "object", "properties": { key: schema }, "required": [key], "additionalProperties": false,
            })
        };
        let text = json!({ "type": "string", "minLength": 1 });
        let words = json!({ "type": "array", "minItems": 1, "items": { "type": "string" } });
        let schema = json!({
            "anyOf": [{ "type": "string" }, only("file", text.clone()), only("env", text), only("cmd", words)],
        });
        Shape::Value { wants: String::from("hash, {file = …}, {env = …} or {cmd = […]}"), schema }
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        let entries = match &node.kind {
            Kind::Text(text) => return Some(Secret::Literal(text.clone())),
            Kind::Table(entries) => entries,
            _ => {
                reading.fault(
                    &node.origin,
                    format!("'{}' is no secret", reading.key()),
                    format!("give {WANTS}"),
                );
                return None;
            }
        };
        let [entry] = &entries[..] else {
            let what = format!("'{}' has {} keys and needs one", reading.key(), entries.len());
            reading.fault(&node.origin, what, format!("give {WANTS}"));
            return None;
        };
        let within = |reading: &mut Reading| match entry.key.as_str() {
            "env" => String::read(&entry.node, reading).map(Secret::Environment),
            "file" => PathBuf::read(&entry.node, reading).map(Secret::File),
            "cmd" => Vec::read(&entry.node, reading).map(Secret::Command),
            _ => {
                let known = ["env", "file", "cmd"].map(String::from);
                let what = format!("unknown key '{}' in a secret", entry.key);
                reading.fault(&entry.origin, what, super::suggest::did_you_mean(&entry.key, &known));
                None
            }
        };
        reading.within(entry.key.clone(), &entry.node.origin, within)
    }

    fn shown(&self) -> Shown {
        Shown::Value(self.reference())
    }
}
