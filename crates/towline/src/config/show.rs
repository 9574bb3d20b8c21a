//! What holds, as a file would have it, and where each value comes from.

use super::load::Loaded;
use super::origin::{Origin, Origins};
use super::section::{Setting, Shown};
use super::variable::prefixes;
use std::fmt::Write as _;

/// Where comments begin, columns.
const COLUMN: usize = 44;

/// The configuration as TOML. With `origins`, each line says where its value comes from, and settings that have
/// none are there as comments. Secrets are references or masked.
pub fn show(loaded: &Loaded, origins: bool) -> String {
    let mut out = String::new();
    let page = Page { origins: origins.then_some(&loaded.origins) };
    if let Shown::Table(sections) = loaded.config.shown() {
        for (name, section) in &sections {
            page.section(&mut out, name, name, section);
        }
    }
    out
}

struct Page<'a> {
    origins: Option<&'a Origins>,
}

impl Page<'_> {
    /// A section at `path` (`limits.network.0`), whose header has `name` (`limits.network`).
    fn section(&self, out: &mut String, name: &str, path: &str, shown: &Shown) {
        match shown {
            Shown::Table(entries) => {
                let mut body = String::new();
                self.entries(&mut body, "", path, entries);
                if !body.is_empty() {
                    self.header(out, &format!("[{name}]"), &body);
                }
                for (key, below) in entries.iter().filter(|(_, below)| matches!(below, Shown::Tables(_))) {
                    self.section(out, &format!("{name}.{key}"), &format!("{path}.{key}"), below);
                }
            }
            Shown::Tables(items) => {
                let variables = prefixes(path, items);
                for (i, item) in items.iter().enumerate() {
                    let Shown::Table(entries) = item else { continue };
                    let (path, mut body) = (format!("{path}.{i}"), String::new());
                    self.entries(&mut body, "", &path, entries);
                    self.header(out, &self.item(&format!("[[{name}]]"), &path, &variables[i]), &body);
                }
            }
            Shown::Unset | Shown::Value(_) => {}
        }
    }

    fn header(&self, out: &mut String, header: &str, body: &str) {
        let gap = if out.is_empty() { "" } else { "\n" };
        let _ = write!(out, "{gap}{header}\n{body}");
    }

    /// The header of an item, with where it comes from and how variables begin that win over it.
    fn item(&self, header: &str, path: &str, variables: &str) -> String {
        match self.origins.map(|origins| origins.of(path)) {
            None => header.to_owned(),
            // Over an option no variable wins.
            Some(origin @ Origin::Flag(_)) => commented(header, &origin.to_string()),
            Some(origin) => commented(header, &format!("{origin}; {variables}…")),
        }
    }

    /// Keys and values; those of a table in the section are written `table.key`.
    fn entries(&self, out: &mut String, prefix: &str, path: &str, entries: &[(String, Shown)]) {
        for (key, shown) in entries {
            let (key, path) = (format!("{prefix}{key}"), format!("{path}.{key}"));
            match shown {
                Shown::Value(text) => self.line(out, &format!("{key} = {text}"), &path),
                Shown::Unset if self.origins.is_some() => {
                    self.line(out, &format!("# {key} is not set"), &path)
                }
                Shown::Table(below) => self.entries(out, &format!("{key}."), &path, below),
                Shown::Unset | Shown::Tables(_) => {}
            }
        }
    }

    fn line(&self, out: &mut String, text: &str, path: &str) {
        let Some(origins) = self.origins else {
            out.push_str(text);
            out.push('\n');
            return;
        };
        // What nobody set inside something that somebody did set is a default all the same.
        let origin = origins.nearest_set(path).unwrap_or(Origin::Default);
        let _ = writeln!(out, "{}", commented(text, &origin.to_string()));
    }
}

fn commented(text: &str, comment: &str) -> String {
    let width = COLUMN.max(text.chars().count() + 2);
    format!("{text:width$}# {comment}")
}
