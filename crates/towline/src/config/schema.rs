//! JSON Schema of the configuration, for editors and validators, from the rows of the sections.

use super::Config;
use super::section::{Key, Setting, Shape};
use serde_json::{Map, Value, json};

/// JSON Schema 2020-12, as JSON.
pub fn schema() -> String {
    let Shape::Table(keys) = Config::shape() else { unreachable!("the whole configuration is a table") };
    let mut schema = table(&keys);
    let head = schema.as_object_mut().expect("a table is an object");
    head.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    head.insert("title".into(), "towline's configuration".into());
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}

fn table(keys: &[Key]) -> Value {
    let properties: Map<String, Value> = keys.iter().map(|key| (key.name.clone(), property(key))).collect();
    let required: Vec<&str> = keys.iter().filter(|k| k.default.is_none()).map(|k| k.name.as_str()).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn property(key: &Key) -> Value {
    let mut schema = match &key.shape {
        Shape::Value { schema, .. } => schema.clone(),
        Shape::Table(keys) => table(keys),
        Shape::Tables(keys) => json!({ "type": "array", "items": table(keys) }),
    };
    schema["description"] = key.meaning().into();
    if let Some(Some(default)) = &key.default {
        schema["default"] = json_of(default);
    }
    schema
}

/// The JSON of a TOML value.
fn json_of(toml: &str) -> Value {
    let document: toml::Table = format!("v = {toml}").parse().expect("defaults are TOML");
    serde_json::to_value(&document["v"]).expect("TOML without dates is JSON")
}
