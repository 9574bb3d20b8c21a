//! What is wrong with a configuration: whose fault, a picture of the place, what to do.

use super::origin::Origin;
use std::fmt::Write as _;

/// The longest piece of a line in a picture, characters.
const WIDTH: usize = 120;

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Where.
    pub origin: Origin,
    /// What is wrong.
    pub what: String,
    /// What to do about it; never empty.
    pub remedy: String,
}

impl Fault {
    /// Something wrong at `origin`.
    pub fn new(origin: Origin, what: impl Into<String>, remedy: impl Into<String>) -> Fault {
        Fault { origin, what: what.into(), remedy: remedy.into() }
    }

    /// Where it is, for the beginning of a line: `FILE:LINE:COLUMN`, a variable, an option.
    pub fn thing(&self) -> String {
        match &self.origin {
            Origin::File(place) => format!("{}:{}", self.origin, place.column()),
            Origin::Default => String::from("the configuration"),
            Origin::Environment { .. } | Origin::Flag(_) => self.origin.to_string(),
        }
    }

    /// `FILE:LINE:COLUMN: what; remedy`, and below it the line with a caret.
    pub fn picture(&self) -> String {
        let mut out = format!("{}: {}; {}\n", self.thing(), self.what, self.remedy);
        match &self.origin {
            Origin::File(place) => {
                // What lies before the piece that is shown.
                let before = place.column() - 1;
                let skip = if before >= WIDTH { before - WIDTH / 2 } else { 0 };
                let line: String = masked(place.text()).chars().skip(skip).take(WIDTH).map(plain).collect();
                let here = place.text().chars().count();
                let long = place.source.text.get(place.span.clone()).unwrap_or_default();
                let long = long.lines().next().unwrap_or_default().chars().count();
                let room = here.saturating_sub(before).min(skip + WIDTH - before).max(1);
                let carets = "^".repeat(long.clamp(1, room));
                let number = place.line().to_string();
                let (pad, margin) = (" ".repeat(before - skip), " ".repeat(number.len()));
                let _ = writeln!(out, "  {number} | {line}\n  {margin} | {pad}{carets}");
            }
            Origin::Environment { name, text } => {
                let line = masked(&format!("{name}={text}"));
                let line: String = line.chars().skip(name.len() + 1).take(WIDTH).map(plain).collect();
                let carets = "^".repeat(line.chars().count().max(1));
                let _ = writeln!(out, "  | {name}={line}\n  | {}{carets}", " ".repeat(name.len() + 1));
            }
            Origin::Default | Origin::Flag(_) => {}
        }
        out
    }
}

/// The line with what may be a secret masked: what comes after the `=` or `:` of a key that sounds like one, unless that is
/// a reference. The same width, for the marks below it.
fn masked(line: &str) -> String {
    let equals = line.match_indices(['=', ':']).map(|(at, _)| at).find(|at| sounds_secret(&line[..*at]));
    let Some(value) = equals.map(|at| at + 1).filter(|at| !line[*at..].trim_start().starts_with('{')) else {
        return line.to_owned();
    };
    let hidden = line[value..].chars().map(|c| if c.is_whitespace() { c } else { '*' });
    line[..value].chars().chain(hidden).collect()
}

/// Whether the last word before a `=` may be the name of a secret, also with a slip in it.
pub(crate) fn sounds_secret(before: &str) -> bool {
    let before = before.trim_end_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'');
    let word = before.rsplit(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_')).next();
    let word = word.unwrap_or_default().to_ascii_lowercase();
    let named = ["password", "passwd", "passphrase", "secret", "token"];
    // What devices and Ansible call them: `enable`, `ansible_become_pass`.
    let is_known = word == "enable" || ["pass", "pw", "pwd"].iter().any(|end| word.ends_with(end));
    is_known || named.iter().any(|name| word.contains(name) || strsim::damerau_levenshtein(&word, name) <= 2)
}

/// What a terminal does not act on.
fn plain(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}
