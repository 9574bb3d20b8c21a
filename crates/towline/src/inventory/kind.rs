//! What an inventory is written in: by its name, else by how it begins.

use std::path::Path;

/// What an inventory is written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    /// TOML.
    Toml,
    /// YAML, with our keys or Ansible's.
    Yaml,
    /// CSV, with our keys.
    Csv,
    /// Ansible's INI.
    Ini,
}

/// What a file of that name and text is.
pub(super) fn format(path: &Path, text: &str) -> Format {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    match extension.as_str() {
        "toml" => Format::Toml,
        "yaml" | "yml" | "json" => Format::Yaml,
        "ini" => Format::Ini,
        "csv" | "tsv" => Format::Csv,
        _ => begins(text),
    }
}

fn begins(text: &str) -> Format {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines().next().unwrap_or_default();
    let is_header =
        |line: &str| line.split([',', ';', '\t']).any(|cell| cell.trim().eq_ignore_ascii_case("name"));
    if lines().any(|line| line.starts_with("[[device]]")) {
        Format::Toml
    } else if first == "---" || !first.starts_with('[') && (first.ends_with(':') || first.contains(": ")) {
        Format::Yaml
    } else if is_header(first) {
        Format::Csv
    } else {
        Format::Ini
    }
}
