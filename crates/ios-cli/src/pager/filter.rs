//! The output modifiers.

use crate::regex::Regex;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The modifiers and their help.
pub const MODIFIERS: &[(&str, &str)] = &[
    ("append", "Append redirected output to URL (URLs supporting append operation only)"),
    ("begin", "Begin with the line that matches"),
    ("count", "Count number of lines which match regexp"),
    ("exclude", "Exclude lines that match"),
    ("include", "Include lines that match"),
    ("redirect", "Redirect output to URL"),
    ("section", "Filter a section of output"),
    ("tee", "Copy output to URL"),
];

/// One modifier with its pattern or URL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Filter {
    /// From the first line that matches.
    Begin(Regex),
    /// How many lines match.
    Count(Regex),
    /// Lines that do not match.
    Exclude(Regex),
    /// Lines that match.
    Include(Regex),
    /// Lines that match, each with the indented lines under it.
    Section(Regex),
    /// Everything but those.
    SectionExclude(Regex),
    /// Into a file instead of the terminal.
    Redirect(String),
    /// At the end of a file instead.
    Append(String),
    /// Into a file as well.
    Tee(String),
}

/// Why what follows `|` is no modifier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadFilter {
    /// The modifier or its pattern is missing.
    Incomplete,
    /// It abbreviates several.
    Ambiguous,
    /// From this octet on, counted from behind the bar.
    Invalid(usize),
}

impl Filter {
    /// Reads what stands behind the bar: `include boot`, `i boot`, `sec ip sla [0-9]`. The pattern is the
    /// rest of the line, bars and blanks included.
    pub fn parse(text: &str) -> Result<Filter, BadFilter> {
        let start = text.len() - text.trim_start().len();
        let text = text.trim();
        let (word, mut pattern) = text.split_once(' ').unwrap_or((text, ""));
        pattern = pattern.trim_start();
        if word.is_empty() {
            return Err(BadFilter::Incomplete);
        }
        let short = |k: &str| {
            k.len() >= word.len() && k[..].as_bytes()[..word.len()].eq_ignore_ascii_case(word.as_bytes())
        };
        let fits: Vec<&str> = MODIFIERS.iter().map(|m| m.0).filter(|k| short(k)).collect();
        let modifier = match fits[..] {
            [] => return Err(BadFilter::Invalid(start)),
            [one] => one,
            _ => return Err(BadFilter::Ambiguous),
        };
        let mut section_exclude = false;
        if modifier == "section"
            && let Some((sub, rest)) = pattern.split_once(' ')
            && (sub == "exclude" || sub == "include")
        {
            section_exclude = sub == "exclude";
            pattern = rest.trim_start();
        }
        if pattern.is_empty() {
            return Err(BadFilter::Incomplete);
        }
        let regex =
            || Regex::new(pattern).map_err(|_| BadFilter::Invalid(start + text.len() - pattern.len()));
        Ok(match modifier {
            "begin" => Filter::Begin(regex()?),
            "count" => Filter::Count(regex()?),
            "exclude" => Filter::Exclude(regex()?),
            "include" => Filter::Include(regex()?),
            "section" if section_exclude => Filter::SectionExclude(regex()?),
            "section" => Filter::Section(regex()?),
            "redirect" => Filter::Redirect(pattern.to_string()),
            "append" => Filter::Append(pattern.to_string()),
            _ => Filter::Tee(pattern.to_string()),
        })
    }

    /// What is left of a command's whole output for the terminal.
    pub fn apply(&self, text: &str) -> String {
        let lines = text.lines();
        let kept: Vec<&str> = match self {
            Filter::Include(r) => lines.filter(|l| r.is_match(l)).collect(),
            Filter::Exclude(r) => lines.filter(|l| !r.is_match(l)).collect(),
            Filter::Begin(r) => lines.skip_while(|l| !r.is_match(l)).collect(),
            Filter::Count(r) => {
                let n = lines.filter(|l| r.is_match(l)).count();
                return format!("Number of lines which match regexp = {n}\n");
            }
            Filter::Section(r) => section(text, r, true),
            Filter::SectionExclude(r) => section(text, r, false),
            Filter::Tee(_) => return text.to_string(),
            Filter::Redirect(_) | Filter::Append(_) => Vec::new(),
        };
        kept.iter().map(|l| format!("{l}\n")).collect()
    }
}

/// Lines of the sections whose head matches (or of the others). A section is a line and the deeper
/// indented ones after it.
fn section<'a>(text: &'a str, regex: &Regex, wanted: bool) -> Vec<&'a str> {
    let mut inside: Option<usize> = None;
    let mut kept = Vec::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if inside.is_some_and(|head| indent <= head) {
            inside = None;
        }
        if inside.is_none() && regex.is_match(line) {
            inside = Some(indent);
        }
        if inside.is_some() == wanted {
            kept.push(line);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "hostname R1\nboot-start-marker\nboot system flash0:a.bin\nboot-end-marker\n!\ninterface GigabitEthernet0/0\n ip address 10.0.0.2 255.0.0.0\n duplex auto\n!\nline con 0\n";

    fn show(modifier: &str) -> String {
        Filter::parse(modifier).expect(modifier).apply(CONFIG)
    }

    #[test]
    fn include_exclude_begin_count_section() {
        assert_eq!(show(" inc boot system"), "boot system flash0:a.bin\n");
        assert_eq!(show(" i ^host|^line"), "hostname R1\nline con 0\n");
        assert_eq!(show(" begin line"), "line con 0\n");
        assert_eq!(show(" count boot"), "Number of lines which match regexp = 3\n");
        assert_eq!(show(" ex boot|!|^ |interface"), "hostname R1\nline con 0\n");
        assert_eq!(
            show(" section interface"),
            "interface GigabitEthernet0/0\n ip address 10.0.0.2 255.0.0.0\n duplex auto\n"
        );
        assert_eq!(show(" s exclude interface|boot|!"), "hostname R1\nline con 0\n");
        assert_eq!(show(" redirect flash0:x"), "");
    }

    #[test]
    fn a_modifier_needs_a_name_and_a_pattern() {
        assert_eq!(Filter::parse(""), Err(BadFilter::Incomplete));
        assert_eq!(Filter::parse(" include "), Err(BadFilter::Incomplete));
        assert_eq!(Filter::parse(" zoo x"), Err(BadFilter::Invalid(1)));
        assert_eq!(Filter::parse(" include (x"), Err(BadFilter::Invalid(9)));
    }
}
