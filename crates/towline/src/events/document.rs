//! What a row of the table of events says, and the two documents made from it.

use super::fields::COMMON;
use super::rows::EVENTS;
use serde_json::{Value, json};

/// One event.
#[derive(Debug)]
pub struct Row {
    /// The value of `event`.
    pub event: &'static str,
    /// Which command prints it.
    pub by: &'static str,
    /// When.
    pub doc: &'static str,
    /// Its own fields, without the four that all have.
    pub fields: &'static [Field],
}

/// One field.
#[derive(Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// The type of the value.
    pub kind: Kind,
    /// Always there, or only where it is known.
    pub always: bool,
    /// What it means.
    pub doc: &'static str,
}

/// A JSON type, as far as events need one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A string.
    Text,
    /// A whole number from 0.
    Count,
    /// A number.
    Number,
    /// An object of whole numbers.
    Counts,
    /// A list of strings.
    Texts,
    /// One of these strings.
    OneOf(&'static [&'static str]),
}

impl Kind {
    /// Whether `value` is of this type.
    pub fn holds(self, value: &Value) -> bool {
        match self {
            Kind::Text => value.is_string(),
            Kind::Count => value.is_u64(),
            Kind::Number => value.is_number(),
            Kind::Counts => value.as_object().is_some_and(|map| map.values().all(Value::is_u64)),
            Kind::Texts => value.as_array().is_some_and(|list| list.iter().all(Value::is_string)),
            Kind::OneOf(list) => value.as_str().is_some_and(|s| list.contains(&s)),
        }
    }

    fn words(self) -> String {
        match self {
            Kind::Text => String::from("string"),
            Kind::Count => String::from("integer"),
            Kind::Number => String::from("number"),
            Kind::Counts => String::from("object of integers"),
            Kind::Texts => String::from("array of strings"),
            Kind::OneOf(list) => list.iter().map(|s| format!("`{s}`")).collect::<Vec<_>>().join(", "),
        }
    }

    fn schema(self) -> Value {
        match self {
            Kind::Text => json!({ "type": "string" }),
            Kind::Count => json!({ "type": "integer", "minimum": 0 }),
            Kind::Number => json!({ "type": "number" }),
            Kind::Counts => {
                json!({ "type": "object", "additionalProperties": { "type": "integer", "minimum": 0 } })
            }
            Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Kind::OneOf(list) => json!({ "enum": list }),
        }
    }
}

/// What is wrong with one printed object by the table; nothing if all is well.
pub fn faults(object: &Value) -> Vec<String> {
    let name = object["event"].as_str().unwrap_or_default();
    let Some(row) = EVENTS.iter().find(|r| r.event == name) else { return vec![format!("event '{name}'")] };
    let fields = || COMMON.iter().chain(row.fields);
    let map = object.as_object().expect("an object");
    let unknown = map.keys().filter(|k| !fields().any(|f| f.name == *k)).map(|k| format!("{name}: {k}?"));
    let wrong = fields().filter_map(|f| match map.get(f.name) {
        Some(value) if f.kind.holds(value) => None,
        Some(value) => Some(format!("{name}.{}: {value}", f.name)),
        None => f.always.then(|| format!("{name}.{} is missing", f.name)),
    });
    unknown.chain(wrong).collect()
}

/// `docs/events.md`.
pub fn document() -> String {
    let mut out = String::from(
        "# Events\n\nWith `--json`, `serve`, `copy`, `doctor`, `recipe` and `relay` print one JSON object a line on stdout; texts for\n\
         people go to stderr. New events and fields may come; `v` changes when one goes away or changes its meaning.\n\
         `events.schema.json` is the JSON Schema. Both files are made from `crates/towline/src/events/document.rs`;\n\
         tests hold them and check what the program prints.\n\nEvery event has:\n\n",
    );
    table(&mut out, COMMON);
    for row in EVENTS {
        out.push_str(&format!("\n## {}\n\n{} By `{}`.\n\n", row.event, row.doc, row.by));
        table(&mut out, row.fields);
    }
    out
}

fn table(out: &mut String, fields: &[Field]) {
    out.push_str("| field | type | meaning |\n|---|---|---|\n");
    for f in fields {
        let optional = if f.always { "" } else { " (optional)" };
        out.push_str(&format!("| `{}` | {}{optional} | {} |\n", f.name, f.kind.words(), f.doc));
    }
}

/// `docs/events.schema.json`.
pub fn schema() -> String {
    let events: Vec<Value> = EVENTS
        .iter()
        .map(|row| {
            let mut properties = serde_json::Map::new();
            for f in COMMON.iter().chain(row.fields) {
                let mut kind = match f.name {
                    "event" => json!({ "const": row.event }),
                    _ => f.kind.schema(),
                };
                kind["description"] = json!(f.doc);
                properties.insert(f.name.to_string(), kind);
            }
            let required: Vec<&str> =
                COMMON.iter().chain(row.fields).filter(|f| f.always).map(|f| f.name).collect();
            json!({
                "title": row.event,
                "description": row.doc,
                "type": "object",
                "properties": properties,
                "required": required,
            })
        })
        .collect();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event of towline",
        "oneOf": events,
    });
    format!("{schema:#}\n")
}
