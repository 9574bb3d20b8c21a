//! Values as they stand in a file or a variable, before anybody knows what they mean.

use super::fault::Fault;
use super::origin::{Origin, Place, Source};
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The deepest nesting that is read.
const DEPTH: usize = 16;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub origin: Origin,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// `"text"`.
    Text(String),
    /// A number without a point.
    Integer(i64),
    /// `true`, `false`.
    Bool(bool),
    /// A date or a time, as it is written.
    Date(String),
    /// A number that is no [`Kind::Integer`], as it is written: a fraction, or one that is too large.
    Number(String),
    /// `[…]`.
    List(Vec<Node>),
    /// `[section]` or `{…}`.
    Table(Vec<Entry>),
    /// `null` of YAML: as if the key were not there. TOML has none.
    Nothing,
}

/// `key = value`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub origin: Origin,
    /// The value.
    pub node: Node,
}

impl Kind {
    /// In words, for messages.
    pub fn words(&self) -> String {
        match self {
            Kind::Text(text) => format!("the text {text:?}"),
            Kind::Integer(n) => format!("the number {n}"),
            Kind::Number(n) => format!("the number {n}"),
            Kind::Bool(b) => b.to_string(),
            Kind::Date(d) => format!("the date {d}"),
            Kind::List(_) => String::from("a list"),
            Kind::Table(_) => String::from("a table"),
            Kind::Nothing => String::from("nothing"),
        }
    }
}

impl Node {
    /// Reads a whole file. What cannot be read is told, and the rest is there.
    pub fn document(source: &Arc<Source>, faults: &mut Vec<Fault>) -> Node {
        let at = |span| Origin::File(Place { source: source.clone(), span });
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        for error in errors {
            let what = format!("is not TOML: {}", error.message().replace('\n', ", "));
            let remedy = "write `key = value`, texts in quotes, sections as [name]; see towline config init";
            faults.push(Fault::new(at(error.span().unwrap_or(0..0)), what, remedy));
        }
        let origin = at(0..0);
        Node { kind: node_of_table(table.get_ref(), &at, 0), origin }
    }

    /// Reads what a variable says: TOML, or plain text.
    pub fn variable(name: &str, text: &str) -> Node {
        let origin = Origin::Environment { name: name.to_owned(), text: text.to_owned() };
        let kind = match DeValue::parse(text.trim()) {
            Ok(value) => kind_of(value.get_ref(), &|_| origin.clone(), 0),
            Err(_) => Kind::Text(text.to_owned()),
        };
        Node { kind, origin }
    }
}

fn kind_of(value: &DeValue<'_>, at: &dyn Fn(std::ops::Range<usize>) -> Origin, depth: usize) -> Kind {
    let inner = |value: &Spanned<DeValue<'_>>| Node {
        kind: kind_of(value.get_ref(), at, depth + 1),
        origin: at(value.span()),
    };
    match value {
        DeValue::String(text) => Kind::Text(text.to_string()),
        DeValue::Integer(n) => match i64::from_str_radix(n.as_str(), n.radix()) {
            Ok(n) => Kind::Integer(n),
            Err(_) => Kind::Number(n.as_str().to_owned()),
        },
        DeValue::Float(n) => Kind::Number(n.as_str().to_owned()),
        DeValue::Boolean(b) => Kind::Bool(*b),
        DeValue::Datetime(d) => Kind::Date(d.to_string()),
        // Deeper than any setting: what is in it is wrong already.
        DeValue::Array(_) | DeValue::Table(_) if depth >= DEPTH => Kind::List(Vec::new()),
        DeValue::Array(items) => Kind::List(items.iter().map(inner).collect()),
        DeValue::Table(table) => node_of_table(table, at, depth),
    }
}

fn node_of_table(table: &DeTable<'_>, at: &dyn Fn(std::ops::Range<usize>) -> Origin, depth: usize) -> Kind {
    let entries = table.iter().map(|(key, value)| Entry {
        key: key.get_ref().to_string(),
        origin: at(key.span()),
        node: Node { kind: kind_of(value.get_ref(), at, depth + 1), origin: at(value.span()) },
    });
    Kind::Table(entries.collect())
}
