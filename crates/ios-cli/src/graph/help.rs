//! `?` and Tab.

use super::read::{Stop, Walked, Walker};
use super::syntax::{Kind, What};
use super::value::begins;
use super::{Graph, Scope};
use crate::pager;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Columns that word help fills.
const HELP_WIDTH: usize = 80;

/// What `?` prints.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Help(pub String);

/// One line of help.
type Entry = (String, String);

impl<I: Copy> Graph<I> {
    /// Answers `?` typed behind `line`: what may come next, or which words begin with the last one.
    /// The caller prints it and then the prompt and the line again.
    pub fn help(&self, scope: &Scope<'_>, line: &str) -> Help {
        let (head, word) = split(line);
        let (walked, entries) = match self.entries(scope, head) {
            Ok(found) => found,
            Err(Stop::Ambiguous) => return Help(format!("% Ambiguous command:  \"{line}\"\n")),
            Err(Stop::Invalid { .. }) => return Help("% Unrecognized command\n".into()),
        };
        if !word.is_empty() {
            let fits = |e: &&Entry| begins(&e.0, word) || is_sign(&e.0);
            let names: Vec<&str> = entries.iter().filter(fits).map(|e| e.0.as_str()).collect();
            return Help(if names.is_empty() { "% Unrecognized command\n".into() } else { columns(&names) });
        }
        let mut out = String::new();
        if !walked.begun && walked.bar.is_none() && !walked.no {
            out.push_str(walked.mode.header());
            out.push('\n');
        }
        let mut lines = entries;
        if walked.bar.is_none() {
            let ends = |w: &Walker| !w.is_half() && self.complete(w.path, w.at, walked.no);
            if walked.begun && walked.walkers.iter().any(|w| self.may_pipe(w, walked.no)) {
                lines.push(("|".into(), "Output modifiers".into()));
            }
            if walked.begun && walked.walkers.iter().any(ends) {
                lines.push(("<cr>".into(), String::new()));
            }
        }
        if lines.is_empty() {
            return Help("% Unrecognized command\n".into());
        }
        let width = lines.iter().map(|(k, _)| k.len()).max().unwrap_or(0);
        for (keyword, doc) in &lines {
            let line = format!("  {keyword:width$}  {doc}");
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out.push('\n');
        Help(out)
    }

    /// Answers Tab typed behind `line`: the line with its last word written out, if only one word can be
    /// meant. A keyword is followed by a space, a file system is not.
    pub fn complete_word(&self, scope: &Scope<'_>, line: &str) -> Option<String> {
        let (head, word) = split(line);
        if word.is_empty() {
            return None;
        }
        let (_, entries) = self.entries(scope, head).ok()?;
        let mut names = entries.iter().map(|e| e.0.as_str()).filter(|k| !is_sign(k) && begins(k, word));
        let one = match (names.next()?, names.next()) {
            (one, None) => one,
            // `flash` is short for nothing when it is a word itself.
            (_, Some(_)) => entries.iter().map(|e| e.0.as_str()).find(|k| k.eq_ignore_ascii_case(word))?,
        };
        let space = if one.ends_with(':') { "" } else { " " };
        Some(format!("{head}{one}{space}"))
    }

    /// What may follow `head`, sorted, each once.
    fn entries(&self, scope: &Scope<'_>, head: &str) -> Result<(Walked, Vec<Entry>), Stop> {
        let mut walked = match (self.walk(scope, scope.mode, head), scope.mode.parent()) {
            (Err(_), Some(parent)) => self.walk(scope, parent, head)?,
            (walked, _) => walked?,
        };
        let mut entries: Vec<Entry> = Vec::new();
        if let Some(bar) = walked.bar {
            let words = pager::MODIFIERS.iter().filter(|_| head[bar..].trim().is_empty());
            entries.extend(words.map(|(k, d)| ((*k).to_owned(), (*d).to_owned())));
            if entries.is_empty() {
                entries.push(("LINE".into(), "Regular Expression".into()));
            }
            return Ok((walked, entries));
        }
        // The rest of a line has been taken by a value; nothing follows.
        walked.walkers.retain(|w| {
            w.is_half() || self.token(w.path, w.at).is_some() || self.complete(w.path, w.at, walked.no)
        });
        for w in &walked.walkers {
            let Some(token) = self.token(w.path, w.at) else { continue };
            match token.what {
                What::Keyword(k) => entries.push((k.to_owned(), token.doc.to_owned())),
                What::Value { .. } if w.is_half() => {
                    entries.push(("<0-64>".into(), "interface number".into()))
                }
                What::Value { kind, .. } => self.value_entries(scope, kind, token.doc, &mut entries),
            }
        }
        if !walked.begun && !walked.no {
            if walked.mode.is_config() && !walked.via_do {
                entries.push(("do".into(), "To run exec commands in config mode".into()));
            }
            let negated = Scope { mode: walked.mode, ..*scope };
            if self.walk(&negated, walked.mode, "no").is_ok_and(|w| w.no) {
                entries.push(("no".into(), "Negate a command or set its defaults".into()));
            }
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries.dedup_by(|a, b| a.0 == b.0);
        Ok((walked, entries))
    }

    fn value_entries(&self, scope: &Scope<'_>, kind: Kind, doc: &str, entries: &mut Vec<Entry>) {
        let offered = matches!(kind, Kind::Url | Kind::Fs | Kind::File);
        for o in scope.offers.iter().filter(|o| offered && (kind == Kind::Url || o.local)) {
            entries.push((o.name.to_owned(), doc.replace("{}", o.doc)));
        }
        if !offered || scope.offers.is_empty() {
            entries.push((kind.sign(), doc.to_owned()));
        }
    }
}

/// The words that are read already, with the space behind them, and the one being typed.
fn split(line: &str) -> (&str, &str) {
    let at = line.rfind([' ', '\t']).map_or(0, |n| n + 1);
    line.split_at(at)
}

/// `WORD`, `<1-5>`, `A.B.C.D`: stands for something, is not typed itself.
fn is_sign(entry: &str) -> bool {
    entry.starts_with('<') || matches!(entry, "WORD" | "LINE" | "A.B.C.D" | "IFNAME")
}

/// Words in columns of equal width, and a blank line.
fn columns(names: &[&str]) -> String {
    let width = names.iter().map(|n| n.len()).max().unwrap_or(0) + 2;
    let each = (HELP_WIDTH / width).max(1);
    let mut out = String::new();
    for line in names.chunks(each) {
        let mut text = String::new();
        for name in line {
            text.push_str(&format!("{name:width$}"));
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out.push('\n');
    out
}
