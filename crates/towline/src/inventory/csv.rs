//! CSV (RFC 4180) as the values that TOML has: the first row names the keys, each other row is a device. Commas, semicolons or
//! tabs stand between.

use super::own::device_keys;
use crate::config::node::{Entry, Kind, Node};
use crate::config::{Fault, Origin, Place, Source, did_you_mean};
use std::ops::Range;
use std::sync::Arc;

/// Keys that are lists: their items have blanks, `;`, `|` or `,` between them.
const LISTS: [&str; 2] = ["via", "tags"];
/// Keys whose value is a password, or a table that says where it is: `password.env`.
const SECRET: [&str; 2] = ["password", "enable"];
const REFERENCES: [&str; 4] = ["env", "file", "command", "prompt"];

/// A cell without its quotes.
struct Cell {
    text: String,
    span: Range<usize>,
}

/// Reads a whole text.
pub(super) fn read(source: &Arc<Source>) -> Result<Node, Vec<Fault>> {
    let at = |span: Range<usize>| Origin::File(Place { source: source.clone(), span });
    let mut rows = rows(source).map_err(|fault| vec![fault])?.into_iter();
    let Some(header) = rows.next() else {
        let remedy = "the first row names the keys: name,address,user";
        return Err(vec![Fault::new(at(0..0), "is empty", remedy)]);
    };
    let mut faults = Vec::new();
    let columns: Vec<String> = header.iter().map(|cell| column(&cell.text)).collect();
    let known: Vec<String> = device_keys().into_iter().chain(references()).collect();
    for (nth, (cell, key)) in header.iter().zip(&columns).enumerate() {
        if !known.contains(key) {
            let what = format!("unknown column '{}'", cell.text);
            faults.push(Fault::new(at(cell.span.clone()), what, did_you_mean(key, &known)));
        } else if columns[..nth].contains(key) {
            let what = format!("the column '{key}' is there twice");
            faults.push(Fault::new(at(cell.span.clone()), what, "leave one of them"));
        }
    }
    let mut devices = Vec::new();
    for row in rows {
        if let Some(more) = row.get(columns.len()) {
            let what = format!("this row has {} cells, the first one {}", row.len(), columns.len());
            // What it is, nobody knows: it may be a part of a password.
            let source = Arc::new(Source { path: source.path.clone(), text: without_rows(&source.text) });
            let origin = Origin::File(Place { source, span: more.span.start..more.span.start });
            faults.push(Fault::new(origin, what, "write a cell with a separator in it in quotes"));
            continue;
        }
        let span = row[0].span.start..row.last().map_or(0, |cell| cell.span.end);
        let mut entries: Vec<Entry> = Vec::new();
        for (cell, key) in row.iter().zip(&columns).filter(|(cell, _)| !cell.text.is_empty()) {
            entry(&mut entries, key, cell, &at(cell.span.clone()));
        }
        devices.push(Node { kind: Kind::Table(entries), origin: at(span) });
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let devices = Node { kind: Kind::List(devices), origin: at(0..0) };
    let entry = Entry { key: String::from("device"), origin: at(0..0), node: devices };
    Ok(Node { kind: Kind::Table(vec![entry]), origin: at(0..0) })
}

/// `password.env` and the like.
fn references() -> impl Iterator<Item = String> {
    SECRET.into_iter().flat_map(|key| REFERENCES.map(|reference| format!("{key}.{reference}")))
}

/// `SSH_Profile` is the key `ssh-profile`.
fn column(text: &str) -> String {
    text.trim().to_lowercase().replace([' ', '_'], "-")
}

fn entry(entries: &mut Vec<Entry>, key: &str, cell: &Cell, at: &Origin) {
    let text = |text: &str| Node { kind: Kind::Text(text.to_owned()), origin: at.clone() };
    let words = |separators: &[char]| {
        let words = cell.text.split(|c: char| c.is_whitespace() || separators.contains(&c));
        Kind::List(words.filter(|word| !word.is_empty()).map(text).collect())
    };
    let (key, kind) = match key.split_once('.') {
        Some((key, reference)) => {
            let kind = match reference {
                "command" => words(&[]),
                _ => Kind::Text(cell.text.clone()),
            };
            let node = Node { kind, origin: at.clone() };
            let inside = Entry { key: reference.to_owned(), origin: at.clone(), node };
            // Two references of one device are told as such.
            if let Some(Entry { node: Node { kind: Kind::Table(all), .. }, .. }) =
                entries.iter_mut().find(|entry| entry.key == key)
            {
                return all.push(inside);
            }
            (key, Kind::Table(vec![inside]))
        }
        None if LISTS.contains(&key) => (key, words(&[';', '|', ','])),
        None => match (key, cell.text.trim().parse()) {
            ("port", Ok(n)) => (key, Kind::Integer(n)),
            // A password may begin with a blank.
            _ if SECRET.contains(&key) => (key, Kind::Text(cell.text.clone())),
            _ => (key, Kind::Text(cell.text.trim().to_owned())),
        },
    };
    entries.push(Entry { key: key.to_owned(), origin: at.clone(), node: Node { kind, origin: at.clone() } });
}

/// The cells of each row that is not empty.
fn rows(source: &Arc<Source>) -> Result<Vec<Vec<Cell>>, Fault> {
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let first = source.text.len() - text.len();
    let header = text.lines().next().unwrap_or_default();
    let separator = [',', ';', '\t'].into_iter().find(|c| header.contains(*c)).unwrap_or(',');
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    let mut at = first;
    while at < source.text.len() {
        let rest = &source.text[at..];
        let (text, length) = match rest.strip_prefix('"') {
            Some(quoted) => match quoted_cell(quoted, separator) {
                Ok((text, length)) => (text, length + 1),
                Err(why) => {
                    let source =
                        Arc::new(Source { path: source.path.clone(), text: without_rows(&source.text) });
                    let place = Place { source, span: at..at };
                    return Err(Fault::new(
                        Origin::File(place),
                        why,
                        "a quote inside of quotes is written twice",
                    ));
                }
            },
            None => {
                let end = rest.find([separator, '\n']).unwrap_or(rest.len());
                let text = &rest[..end];
                (text.strip_suffix('\r').unwrap_or(text).to_owned(), end)
            }
        };
        row.push(Cell { text, span: at..at + length });
        at += length;
        let rest = &source.text[at..];
        let end = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n'));
        if rest.starts_with(separator) {
            at += 1;
            // The last cell of a file is empty.
            if at == source.text.len() {
                row.push(Cell { text: String::new(), span: at..at });
            }
        } else if let Some(after) = end {
            at = source.text.len() - after.len();
            rows.push(std::mem::take(&mut row));
        }
    }
    rows.push(row);
    rows.retain(|row: &Vec<Cell>| row.iter().any(|cell| !cell.text.is_empty()));
    Ok(rows)
}

/// What is between quotes, and the octets up to behind the second one.
fn quoted_cell(text: &str, separator: char) -> Result<(String, usize), &'static str> {
    let mut out = String::new();
    let mut at = 0;
    loop {
        let Some(end) = text[at..].find('"') else { return Err("a quote without its second one") };
        out.push_str(&text[at..at + end]);
        at += end + 1;
        match text[at..].chars().next() {
            Some('"') => {
                out.push('"');
                at += 1;
            }
            None | Some('\n' | '\r') => return Ok((out, at)),
            Some(c) if c == separator => return Ok((out, at)),
            Some(_) => return Err("something stands behind a cell in quotes"),
        }
    }
}

/// The text for a picture: blanks behind the header.
fn without_rows(text: &str) -> String {
    let header = text.find('\n').map_or(text.len(), |end| end + 1);
    let rows = text[header..].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' });
    text[..header].chars().chain(rows).collect()
}
