//! Faults whose pictures show no password.

use crate::config::node::{Kind, Node};
use crate::config::{Fault, Origin, Place, Source, sounds_secret};
use std::ops::Range;
use std::sync::Arc;

/// The same faults over a text in which `*` stand for what the keys of passwords hold.
pub(super) fn faults(mut faults: Vec<Fault>, tree: &Node, source: &Arc<Source>) -> Vec<Fault> {
    let mut spans = Vec::new();
    secrets(tree, false, &mut spans);
    let mut octets = source.text.clone().into_bytes();
    for span in spans {
        // Of what has no octets of this text nothing is hidden.
        for octet in octets.get_mut(span).into_iter().flatten().filter(|octet| **octet != b'\n') {
            *octet = b'*';
        }
    }
    // Whole characters were replaced; should one be in pieces, nothing is shown.
    let text = String::from_utf8(octets).unwrap_or_default();
    let shown = Arc::new(Source { path: source.path.clone(), text });
    for fault in &mut faults {
        if let Origin::File(Place { source: of, span }) = &fault.origin
            && Arc::ptr_eq(of, source)
        {
            fault.origin = Origin::File(Place { source: shown.clone(), span: span.clone() });
        }
    }
    faults
}

/// Where secrets stand: under keys that sound so, but for tables, which say where they are.
fn secrets(node: &Node, is_secret: bool, spans: &mut Vec<Range<usize>>) {
    match &node.kind {
        Kind::Table(entries) => {
            for entry in entries {
                secrets(&entry.node, sounds_secret(&entry.key), spans);
            }
        }
        Kind::List(items) => items.iter().for_each(|item| secrets(item, is_secret, spans)),
        Kind::Text(_)
        | Kind::Integer(_)
        | Kind::Bool(_)
        | Kind::Date(_)
        | Kind::Number(_)
        | Kind::Nothing => {
            if let (true, Origin::File(place)) = (is_secret, &node.origin) {
                spans.push(place.span.clone());
            }
        }
    }
}

/// A text of YAML with its keys alone: what stands behind the first `:` of a line, and a line without one, are blanks.
pub(super) fn values(text: &str) -> String {
    lines(text, |line| {
        let key = line.find(':').filter(|at| line[..*at].bytes().all(is_of_key)).map_or(0, |at| at + 1);
        let indent = line.len() - line.trim_start_matches(['\t', ' ', '-']).len();
        key.max(indent)
    })
}

/// A text whose lines are blank behind the first one of these.
pub(super) fn behind(text: &str, separator: char) -> String {
    lines(text, |line| line.find(separator).map_or(line.len(), |at| at + 1))
}

/// Blanks behind so many octets of each line, an octet for an octet: places stay where they are.
fn lines(text: &str, shown: impl Fn(&str) -> usize) -> String {
    let line = |line: &str| {
        let shown = shown(line);
        line[..shown].chars().chain(line[shown..].bytes().map(|_| ' ')).collect::<String>()
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn is_of_key(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"_- \t".contains(&octet)
}
