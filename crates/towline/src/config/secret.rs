//! Secrets: a hash, or where the secret is. Never the secret itself.

use super::node::{Kind, Node};
use super::section::{Reading, Setting, Shape, Shown};
use super::value::quoted;
use crate::exit::Failure;
use crate::monitor::{Argv, Run, run};
use serde_json::json;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

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
            Secret::Command(words) => printed(thing, words, PATIENCE)?,
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

/// How long a command may take: a vault on the network answers in a second or so.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a command prints. It has no variables but PATH, no input, and its time.
fn printed(thing: &str, words: &[String], patience: Duration) -> Result<String, Failure> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Failure::usage(thing, "the command is empty", "give a program and its arguments"));
    };
    let argv = Argv { program: program.into(), arguments: arguments.to_vec() };
    let how = Run { argv: &argv, environment: &[], input: b"", patience, as_user: None };
    let ran = run(&how).map_err(|e| Failure::usage(thing, e, "check the program"))?;
    let what = match (ran.timed_out, ran.code) {
        (true, _) => format!("{program} took more than {} s", patience.as_secs_f64()),
        (false, None) => format!("{program} was ended by a signal"),
        (false, Some(0)) => {
            let text = String::from_utf8(ran.output);
            return text.map_err(|_| Failure::usage(thing, format!("{program} prints no text"), "check it"));
        }
        // What it says on stderr may help; what it printed on stdout may be a secret.
        (false, Some(code)) => format!("{program} ended with {code}{}", ran.words()),
    };
    Err(Failure::usage(thing, what, "run it by hand, without variables but PATH"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_gives_its_first_line_in_its_time() {
        let words = |text: &str| ["/bin/sh", "-c", text].map(String::from).to_vec();
        let secret = Secret::Command(words("echo S3cret; echo more"));
        assert_eq!(secret.resolve("bob"), Ok(String::from("S3cret")));
        let fault = |text: &str, patience| printed("bob", &words(text), patience).unwrap_err().to_string();
        let slow = fault("exec sleep 60", Duration::from_millis(50));
        assert!(slow.starts_with("bob: /bin/sh took more than 0.05 s; "), "{slow}");
        let failed = fault("echo S3cret; echo no such entry >&2; exit 3", PATIENCE);
        assert!(failed.contains("ended with 3: no such entry") && !failed.contains("S3cret"), "{failed}");
    }

    #[test]
    fn references_give_their_first_line_and_are_shown_as_references() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pw");
        std::fs::write(&file, "S3cret\r\nmore\n").unwrap();
        let secret = Secret::File(file.clone());
        assert_eq!(secret.resolve("bob"), Ok(String::from("S3cret")));
        assert_eq!(format!("{secret:?}"), format!("{{ file = \"{}\" }}", file.display()));
        std::fs::remove_file(&file).unwrap();
        assert_eq!(secret.resolve("bob").unwrap_err().exit, crate::exit::Exit::Absent);
        let unset = Secret::Environment(String::from("NO_SUCH_VARIABLE_HERE")).resolve("bob").unwrap_err();
        assert!(unset.to_string().contains("NO_SUCH_VARIABLE_HERE is not set"), "{unset}");
        for literal in [Secret::Literal("S3cret".into()), Secret::Plain("S3cret".into())] {
            assert!(!format!("{literal:?}").contains("S3cret"));
        }
    }
}
