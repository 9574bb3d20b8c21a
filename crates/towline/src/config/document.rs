//! The tables of docs/configuration.md: every key, its type, default and meaning.

use super::Config;
use super::section::{Key, Setting, Shape};
use std::fmt::Write as _;

/// The tables, a heading each.
pub fn document() -> String {
    let mut out = String::new();
    for key in Config::shape().keys() {
        section(&mut out, &key.name, &key);
    }
    out
}

/// The tables of another file: its own keys, then a table for each section.
pub(crate) fn tables(keys: &[Key]) -> String {
    let mut out = String::from("| key | type | default | meaning |\n|---|---|---|---|\n");
    let (own, sections): (Vec<&Key>, Vec<&Key>) =
        keys.iter().partition(|key| matches!(key.shape, Shape::Value { .. }));
    rows(&mut out, "", own);
    out.push('\n');
    for key in sections {
        section(&mut out, &key.name, key);
    }
    out
}

fn section(out: &mut String, name: &str, key: &Key) {
    let (heading, keys) = match &key.shape {
        Shape::Table(keys) => (format!("[{name}]"), keys),
        Shape::Tables(keys) => (format!("[[{name}]]"), keys),
        Shape::Value { .. } => return,
    };
    let _ = write!(
        out,
        "### `{heading}`\n\n{}\n\n| key | type | default | meaning |\n|---|---|---|---|\n",
        key.meaning()
    );
    rows(out, "", keys);
    out.push('\n');
    for below in keys.iter().filter(|k| matches!(k.shape, Shape::Tables(_))) {
        section(out, &format!("{name}.{}", below.name), below);
    }
}

fn rows<'a>(out: &mut String, prefix: &str, keys: impl IntoIterator<Item = &'a Key>) {
    for key in keys {
        let name = format!("{prefix}{}", key.name);
        match &key.shape {
            Shape::Value { wants, .. } => {
                let default = match &key.default {
                    None => String::from("**must be there**"),
                    Some(None) => String::new(),
                    Some(Some(default)) => format!("`{default}`"),
                };
                let cell = |text: &str| text.replace('|', "\\|");
                let _ = writeln!(
                    out,
                    "| `{name}` | {} | {} | {} |",
                    cell(wants),
                    cell(&default),
                    cell(&key.meaning())
                );
            }
            Shape::Table(below) => rows(out, &format!("{name}."), below),
            Shape::Tables(_) => {}
        }
    }
}
