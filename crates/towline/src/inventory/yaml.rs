//! YAML as the values that TOML has, each with its place. Aliases and merges (`<<`) are followed; a file of aliases does not grow
//! beyond a bound.

use super::hidden;
use crate::config::node::{Entry, Kind, Node};
use crate::config::{Fault, Origin, Place, Source};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The deepest nesting that is read.
const DEPTH: usize = 32;
/// Values of a file, aliases followed: 10,000 devices with 30 keys each.
const VALUES: usize = 1_000_000;

const REMEDY: &str = "write `key: value`, lists as `- item` or [a, b], blanks and no tabs in front";

/// Reads a whole text of one document. An empty one is [`Kind::Nothing`].
pub(super) fn read(source: &Arc<Source>) -> Result<Node, Fault> {
    let mut build = Build::new(source);
    for event in Parser::new_from_str(&source.text) {
        match event {
            Ok((event, span)) => build.take(event, span)?,
            Err(error) => return Err(build.unreadable(&error)),
        }
    }
    let nothing = Node { kind: Kind::Nothing, origin: build.at(0..0) };
    Ok(build.root.map_or(nothing, |held| held.node))
}

/// A value, how many values it is, and how deep it is nested in itself.
#[derive(Clone)]
struct Held {
    node: Node,
    values: usize,
    depth: usize,
}

/// What is being read.
struct Open {
    kind: Filling,
    anchor: usize,
    start: usize,
    values: usize,
    depth: usize,
}

#[derive(Default)]
struct Mapping {
    entries: Vec<Entry>,
    keys: BTreeSet<String>,
    merged: Vec<Entry>,
    key: Option<(String, Origin)>,
}

enum Filling {
    List(Vec<Node>),
    Map(Mapping),
}

struct Build<'a> {
    source: &'a Arc<Source>,
    /// The octet at which each character is, unless each is one.
    octets: Option<Vec<usize>>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Held>,
    values: usize,
    root: Option<Held>,
    documents: usize,
}

impl<'a> Build<'a> {
    fn new(source: &'a Arc<Source>) -> Build<'a> {
        let text = &source.text;
        let octets = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        let (open, anchors) = (Vec::new(), BTreeMap::new());
        Build { source, octets, open, anchors, values: 0, root: None, documents: 0 }
    }

    fn octet(&self, character: usize) -> usize {
        let end = self.source.text.len();
        match &self.octets {
            Some(octets) => octets.get(character).copied().unwrap_or(end),
            None => character.min(end),
        }
    }

    fn at(&self, span: std::ops::Range<usize>) -> Origin {
        Origin::File(Place { source: self.source.clone(), span })
    }

    fn origin(&self, span: Span) -> Origin {
        let (start, end) = (self.octet(span.start.index()), self.octet(span.end.index()));
        self.at(start..end.max(start))
    }

    /// What is no YAML. What stands there may be a password: the picture has keys alone.
    fn unreadable(&self, error: &ScanError) -> Fault {
        let at = self.octet(error.marker().index());
        let source =
            Arc::new(Source { path: self.source.path.clone(), text: hidden::values(&self.source.text) });
        let place = Place { source, span: at..at };
        let info: String = error.info().chars().take(120).collect();
        Fault::new(Origin::File(place), format!("is not YAML: {info}"), REMEDY)
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                match self.documents {
                    1 => Ok(()),
                    _ => {
                        let what = "has more than one document ('---')";
                        Err(Fault::new(
                            self.origin(span),
                            what,
                            "put them into one, or into files of their own",
                        ))
                    }
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let kind = scalar(&text, style, tag.as_deref());
                let node = Node { kind, origin: self.origin(span) };
                self.put(Held { node, values: 1, depth: 0 }, anchor, span)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(held) => self.put(held, 0, span),
                None => {
                    let what = "an alias (*name) of nothing, or of what it stands in";
                    Err(Fault::new(self.origin(span), what, "write it out"))
                }
            },
            Event::SequenceStart(anchor, _) => self.begin(Filling::List(Vec::new()), anchor, span),
            Event::MappingStart(anchor, _) => self.begin(Filling::Map(Mapping::default()), anchor, span),
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
        }
    }

    fn begin(&mut self, kind: Filling, anchor: usize, span: Span) -> Result<(), Fault> {
        self.deeper(1, span)?;
        let start = self.octet(span.start.index());
        self.open.push(Open { kind, anchor, start, values: 1, depth: 0 });
        Ok(())
    }

    /// Whether something that is nested so deep may stand here.
    fn deeper(&self, depth: usize, span: Span) -> Result<(), Fault> {
        if self.open.len() + depth <= DEPTH {
            return Ok(());
        }
        let what = format!("is nested more than {DEPTH} deep");
        Err(Fault::new(self.origin(span), what, "an inventory is flat: write it so"))
    }

    fn end(&mut self, span: Span) -> Result<(), Fault> {
        let Some(Open { kind, anchor, start, values, depth }) = self.open.pop() else { return Ok(()) };
        let kind = match kind {
            Filling::List(items) => Kind::List(items),
            Filling::Map(Mapping { mut entries, mut keys, merged, .. }) => {
                // What stands there itself counts, and of what is merged the first.
                entries.extend(merged.into_iter().filter(|entry| keys.insert(entry.key.clone())));
                Kind::Table(entries)
            }
        };
        let end = self.octet(span.end.index()).max(start);
        let node = Node { kind, origin: self.at(start..end) };
        self.put(Held { node, values, depth: depth + 1 }, anchor, span)
    }

    /// Puts a finished value where it belongs.
    fn put(&mut self, held: Held, anchor: usize, span: Span) -> Result<(), Fault> {
        self.deeper(held.depth, span)?;
        self.values += held.values;
        if self.values > VALUES {
            let what = format!("has more than {VALUES} values, aliases counted as what they stand for");
            return Err(Fault::new(self.origin(span), what, "write fewer, or split the file"));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, held.clone());
        }
        let here = self.origin(span);
        let Some(open) = self.open.last_mut() else {
            self.root = Some(held);
            return Ok(());
        };
        open.values += held.values;
        open.depth = open.depth.max(held.depth);
        match &mut open.kind {
            Filling::List(items) => items.push(held.node),
            Filling::Map(Mapping { entries, keys, merged, key }) => match key.take() {
                None => {
                    let Some(text) = key_text(&held.node.kind) else {
                        return Err(Fault::new(here, "a key that is no text", "write `key: value`"));
                    };
                    *key = Some((text, here));
                }
                Some((text, _)) if text == MERGE => {
                    let tables = match held.node.kind {
                        Kind::List(items) => items,
                        _ => vec![held.node],
                    };
                    for table in tables {
                        let Kind::Table(found) = table.kind else {
                            return Err(Fault::new(
                                here,
                                "'<<' merges what is no table",
                                "give it *aliases of tables",
                            ));
                        };
                        merged.extend(found);
                    }
                }
                Some((text, origin)) => {
                    if !keys.insert(text.clone()) {
                        let what = format!("'{text}' stands there twice");
                        return Err(Fault::new(origin, what, "leave one of them"));
                    }
                    entries.push(Entry { key: text, origin, node: held.node });
                }
            },
        }
        Ok(())
    }
}

/// The key whose tables are merged into the one that it stands in.
const MERGE: &str = "<<";

/// A key as a text: `22:` is one too.
fn key_text(kind: &Kind) -> Option<String> {
    match kind {
        Kind::Text(text) | Kind::Number(text) | Kind::Date(text) => Some(text.clone()),
        Kind::Integer(n) => Some(n.to_string()),
        Kind::Bool(b) => Some(b.to_string()),
        Kind::List(_) | Kind::Table(_) | Kind::Nothing => None,
    }
}

/// What a scalar means by the core schema of YAML 1.2 (section 10.3.2); with a tag of its own it is a text.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Kind {
    let is_other = |tag: &Tag| !tag.is_yaml_core_schema() || tag.suffix == "str";
    if style != ScalarStyle::Plain || tag.is_some_and(is_other) {
        return Kind::Text(text.to_owned());
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Nothing,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        // 007 is a name, and stays one.
        _ if is_whole && (digits.len() == 1 || !digits.starts_with('0')) => match text.parse() {
            Ok(n) => Kind::Integer(n),
            Err(_) => Kind::Number(text.to_owned()),
        },
        _ if digits.contains('.') && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') => {
            match text.parse::<f64>() {
                Ok(_) => Kind::Number(text.to_owned()),
                Err(_) => Kind::Text(text.to_owned()),
            }
        }
        _ => Kind::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Node, Fault> {
        read(&Arc::new(Source { path: "i.yml".into(), text: text.to_owned() }))
    }

    /// The tree in one line.
    fn line(node: &Node) -> String {
        match &node.kind {
            Kind::List(items) => format!("[{}]", items.iter().map(line).collect::<Vec<_>>().join(" ")),
            Kind::Table(entries) => {
                let entries: Vec<String> =
                    entries.iter().map(|e| format!("{}={}", e.key, line(&e.node))).collect();
                format!("{{{}}}", entries.join(" "))
            }
            Kind::Text(text) => format!("{text:?}"),
            other => other.words().replace("the number ", ""),
        }
    }

    #[test]
    fn scalars_are_what_the_core_schema_says() {
        let text = "a: 22\nb: '22'\nc: 15.5\nd: 10.0.0.1\ne: ~\nf:\ng: true\nh: yes\ni: 007\nj: !vault |\n  x\nk: !!str 5\n22: y\n";
        let right = "{a=22 b=\"22\" c=15.5 d=\"10.0.0.1\" e=nothing f=nothing g=true h=\"yes\" i=\"007\" j=\"x\\n\" k=\"5\" 22=\"y\"}";
        assert_eq!(line(&parse(text).unwrap()), right);
        assert_eq!(line(&parse("").unwrap()), "nothing");
    }

    #[test]
    fn places_are_octets_also_behind_other_letters() {
        let text = "# Ünïcode\nname: Zürich\nport: x\n";
        let Kind::Table(entries) = parse(text).unwrap().kind else { panic!("a table") };
        let Origin::File(place) = &entries[1].node.origin else { panic!("of a file") };
        assert_eq!((place.line(), place.column(), &text[place.span.clone()]), (3, 7, "x"));
    }

    #[test]
    fn aliases_and_merges_are_followed() {
        let text = "b: &b {user: bob, port: 22}\nr: {<<: *b, port: 23}\ns: {<<: [{user: eve}, *b]}\nt: *b\n";
        let right = "{b={user=\"bob\" port=22} r={port=23 user=\"bob\"} s={user=\"eve\" port=22} t={user=\"bob\" port=22}}";
        assert_eq!(line(&parse(text).unwrap()), right);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let (deep, deeper) = (format!("a: {}", "[".repeat(50)), format!("a: {}", "[".repeat(5_000)));
        let (rows, chain) = (
            "- ".repeat(5_000),
            format!("a: &a {}{}\nb: {}*a\n", "[".repeat(20), "]".repeat(20), "[".repeat(20)),
        );
        let mut lol = String::from("l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
        for n in 1..12 {
            let items = vec![format!("*l{}", n - 1); 10].join(", ");
            lol.push_str(&format!("l{n}: &l{n} [{items}]\n"));
        }
        for (text, line, says) in [
            ("a: 1\n\tb: 2\n", 1, "is not YAML"),
            ("a: 1\nb: [1\n", 3, "is not YAML"),
            ("a: 1\nb: 2\na: 3\n", 3, "'a' stands there twice"),
            ("a: *b\n", 1, "is not YAML"),
            ("a: &a [*a]\n", 1, "an alias"),
            ("? [a]\n: b\n", 1, "a key that is no text"),
            ("a: 1\n---\nb: 2\n", 2, "more than one document"),
            ("a: {<<: 5}\n", 1, "merges what is no table"),
            (&deep, 1, "is nested more than 32 deep"),
            (&deeper, 1, "is not YAML"),
            (&rows, 1, "is nested more than 32 deep"),
            (&chain, 2, "is nested more than 32 deep"),
            (&lol, 6, "more than 1000000 values"),
        ] {
            let fault = parse(text).unwrap_err();
            let Origin::File(place) = &fault.origin else { panic!("of a file") };
            let short: String = text.chars().take(60).collect();
            assert!(fault.what.contains(says) && place.line() == line, "{short:?}: {fault:?}");
        }
    }
}
