//! Ansible's INI: sections of hosts, of groups in groups, of variables.

use super::groups::{ALL, Groups, UNGROUPED, Value, Variables};
use super::{range, words};
use crate::config::node::{Kind, Node};
use crate::config::{Fault, Origin, Place, Source};
use crate::inventory::hidden;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// What the lines of a section are.
enum Section {
    Hosts(usize),
    Children(usize),
    Variables(usize),
}

/// Reads a whole text into `groups`.
pub(super) fn read(source: &Arc<Source>, is_private: bool, groups: &mut Groups) -> Result<(), Fault> {
    // Pictures have the names of variables alone: any of them may be a password.
    let shown = &Arc::new(Source { path: source.path.clone(), text: hidden::behind(&source.text, '=') });
    let at = |span: Range<usize>| Origin::File(Place { source: shown.clone(), span });
    let mut section = Section::Hosts(groups.group(UNGROUPED, &at(0..0)));
    // Groups with a section of their own, and those that are to have one.
    let mut declared: BTreeSet<usize> = BTreeSet::new();
    let mut wanted: Vec<(usize, &str, Origin)> = Vec::new();
    let mut start = 0;
    for whole in source.text.split_inclusive('\n') {
        let here = start;
        start += whole.len();
        let line = whole.trim_start_matches('\u{feff}').trim();
        let first = here + (whole.len() - whole.trim_start_matches('\u{feff}').trim_start().len());
        let span = first..first + line.len();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let fault = |what: String, remedy: &str| Err(Fault::new(at(span.clone()), what, remedy));
        if line.starts_with('[') && !matches!(&section, Section::Hosts(_) if is_address(line)) {
            let Some((name, kind)) = header(line) else {
                return fault(
                    String::from("is no section"),
                    "write [GROUP], [GROUP:children] or [GROUP:vars]",
                );
            };
            let is_known = [ALL, UNGROUPED].contains(&name);
            let group = groups.group(name, &at(span.clone()));
            section = match kind {
                None | Some("hosts") => Section::Hosts(group),
                Some("children") => Section::Children(group),
                Some("vars") => Section::Variables(group),
                Some(other) => {
                    let what = format!("'{other}' is no kind of section");
                    return fault(what, "write [GROUP], [GROUP:children] or [GROUP:vars]");
                }
            };
            match section {
                Section::Variables(_) if !is_known => wanted.push((group, name, at(span))),
                Section::Hosts(_) | Section::Children(_) | Section::Variables(_) => {
                    declared.insert(group);
                }
            }
            continue;
        }
        match &section {
            Section::Hosts(group) => hosts(*group, line, first, shown, is_private, groups)?,
            Section::Children(group) => {
                let name = line.split(['#', ' ', '\t']).next().unwrap_or_default();
                let child = groups.group(name, &at(span.clone()));
                groups.put_group(*group, child);
                if name != UNGROUPED {
                    wanted.push((child, name, at(span)));
                }
            }
            Section::Variables(group) => {
                let Some((key, value)) = line.split_once('=') else {
                    return fault(String::from("is no variable"), "write name=value");
                };
                let value = value.trim();
                let node =
                    Node { kind: Kind::Text(literal(value)), origin: at(span.end - value.len()..span.end) };
                groups.set(*group, Variables::from([(key.trim().to_owned(), Value { node, is_private })]));
            }
        }
    }
    match wanted.into_iter().find(|(group, ..)| !declared.contains(group)) {
        Some((_, name, origin)) => {
            let what = format!("there is no group '{name}'");
            Err(Fault::new(origin, what, format!("add a section [{name}] with its hosts")))
        }
        None => Ok(()),
    }
}

/// Hosts of one line: a name or a row of them, and variables.
fn hosts(
    group: usize,
    line: &str,
    first: usize,
    shown: &Arc<Source>,
    is_private: bool,
    groups: &mut Groups,
) -> Result<(), Fault> {
    let at = |span: Range<usize>| Origin::File(Place { source: shown.clone(), span });
    let whole = at(first..first + line.len());
    let words = words::split(line)
        .map_err(|why| Fault::new(whole.clone(), why, "close it, or put a backslash in front of it"))?;
    let Some(((pattern, _), rest)) = words.split_first() else { return Ok(()) };
    let (names, port) =
        range::hosts(pattern).map_err(|why| Fault::new(whole.clone(), why, "r[01:10] are r01 to r10"))?;
    let mut variables = Variables::new();
    for (word, start) in rest {
        let start = first + start;
        // What it is, nobody knows: it may be the second word of a password.
        let Some((key, value)) = word.split_once('=') else {
            let what = format!("something behind '{pattern}' is no variable");
            return Err(Fault::new(
                at(first..first),
                what,
                "write name=value, and a value with blanks in quotes",
            ));
        };
        let end = start + word.len().min(first + line.len() - start);
        let node = Node { kind: Kind::Text(literal(value)), origin: at(start..end) };
        variables.insert(key.to_owned(), Value { node, is_private });
    }
    names.iter().try_for_each(|name| groups.put_host(group, (name, port), &variables, &whole))
}

/// `[NAME]`, `[NAME:KIND]`, and a comment behind it.
fn header(line: &str) -> Option<(&str, Option<&str>)> {
    let (inside, behind) = line.strip_prefix('[')?.split_once(']')?;
    let is_right = behind.trim().is_empty() || behind.trim_start().starts_with('#');
    let (name, kind) = inside.split_once(':').map_or((inside, None), |(name, kind)| (name, Some(kind)));
    let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
    (is_right && is_name).then_some((name, kind))
}

/// `[2001:db8::1]:22` stands where a host does.
fn is_address(line: &str) -> bool {
    line.starts_with('[') && line.split_once("]:").is_some_and(|(inside, _)| inside.matches(':').count() > 1)
}

/// What Python would read: a text in quotes is what is in them, and a comment may stand behind it or a number.
fn literal(value: &str) -> String {
    let ends = |rest: &str| rest.trim_start().is_empty() || rest.trim_start().starts_with('#');
    let quoted = ['"', '\''].into_iter().find_map(|quote| {
        let (inside, rest) = value.strip_prefix(quote)?.split_once(quote)?;
        (ends(rest) && !inside.contains('\\')).then_some(inside)
    });
    let digits = || value.find(|c: char| !c.is_ascii_digit()).map(|at| value.split_at(at));
    let number =
        || digits().filter(|(number, rest)| !number.is_empty() && ends(rest)).map(|(number, _)| number);
    quoted.or_else(number).unwrap_or(value).to_owned()
}
