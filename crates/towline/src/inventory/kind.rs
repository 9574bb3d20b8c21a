//! What an inventory is written in: by its name, else by how it begins.

use std::path::Path;

/// What an inventory is written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    /// TOML.
    Toml,
    /// YAML, with our keys.
    Yaml,
    /// CSV, with our keys.
    Csv,
}

/// What a file of that name and text is; `None`: it does not say.
pub(super) fn format(path: &Path, text: &str) -> Option<Format> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    match extension.as_str() {
        "toml" => Some(Format::Toml),
        "yaml" | "yml" | "json" => Some(Format::Yaml),
        "csv" | "tsv" => Some(Format::Csv),
        _ => begins(text),
    }
}

fn begins(text: &str) -> Option<Format> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines().next()?;
    let is_header =
        |line: &str| line.split([',', ';', '\t']).any(|cell| cell.trim().eq_ignore_ascii_case("name"));
    if lines().any(|line| line.starts_with("[[device]]")) {
        Some(Format::Toml)
    } else if first == "---" || first.ends_with(':') || first.contains(": ") {
        Some(Format::Yaml)
    } else if is_header(first) {
        Some(Format::Csv)
    } else {
        None
    }
}
