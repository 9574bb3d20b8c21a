//! How a section is declared: one row for each key, from which reading, showing, the document, the schema
//! and the commented file come.

use super::doubt::Doubts;
use super::fault::Fault;
use super::node::{Entry, Kind, Node};
use super::origin::{Origin, Origins};
use super::suggest::{did_you_mean, elsewhere, nearest};
use std::path::PathBuf;

/// What a key may hold.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A value: how it is called in the document, and its JSON Schema.
    Value {
        /// `port or "off"`.
        wants: String,
        /// JSON Schema.
        schema: serde_json::Value,
    },
    /// `[section]` or `{…}`.
    Table(Vec<Key>),
    /// `[[section]]`.
    Tables(Vec<Key>),
}

/// A key of a section.
#[derive(Clone, Debug)]
pub struct Key {
    /// As it is written.
    pub name: String,
    /// Its doc comment, a line each.
    pub doc: &'static [&'static str],
    /// What it may hold.
    pub shape: Shape,
    /// What holds without it, as it would be written; `None` inside: nothing. No default at all: it must be there.
    pub default: Option<Option<String>>,
}

impl Shape {
    /// What is in a section.
    pub fn keys(self) -> Vec<Key> {
        match self {
            Shape::Table(keys) | Shape::Tables(keys) => keys,
            Shape::Value { .. } => Vec::new(),
        }
    }
}

impl Key {
    /// The doc comment as one line.
    pub fn meaning(&self) -> String {
        self.doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
    }
}

/// A value as a file would have it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shown {
    /// Not there.
    Unset,
    /// TOML for a value.
    Value(String),
    /// Keys and values.
    Table(Vec<(String, Shown)>),
    /// `[[…]]`.
    Tables(Vec<Shown>),
}

/// What can stand in a configuration.
pub trait Setting: Sized {
    /// What it may hold.
    fn shape() -> Shape;
    /// Reads it; what is wrong is told to `reading`, and then there is no value.
    fn read(node: &Node, reading: &mut Reading) -> Option<Self>;
    /// As a file would have it; secrets only as references.
    fn shown(&self) -> Shown;
}

/// What is known while a configuration is read.
pub struct Reading {
    /// The setting that is read now.
    path: Vec<String>,
    /// Where everything comes from.
    pub origins: Origins,
    /// What is wrong so far.
    pub faults: Vec<Fault>,
    /// What may be otherwise than it looks, because something could not be read.
    pub(super) doubts: Doubts,
    /// What relative paths of the file count from.
    pub base: PathBuf,
    /// Whether it is the service's configuration, whose sections a key may be looked for in.
    pub(super) is_service: bool,
}

impl Reading {
    pub(crate) fn new(base: PathBuf) -> Reading {
        Reading {
            path: Vec::new(),
            origins: Origins::default(),
            faults: Vec::new(),
            doubts: Doubts::default(),
            base,
            is_service: false,
        }
    }

    /// Tells a fault.
    pub fn fault(&mut self, origin: &Origin, what: impl Into<String>, remedy: impl Into<String>) {
        self.faults.push(Fault::new(origin.clone(), what, remedy));
    }

    /// Tells that a value is not what its key wants.
    pub fn wrong(&mut self, node: &Node, wants: &str) {
        let what = format!("'{}' cannot be {}", self.key(), node.kind.words());
        self.fault(&node.origin, what, format!("give {wants}"));
    }

    /// The name of the key that is read.
    pub fn key(&self) -> String {
        self.path.iter().rfind(|p| p.parse::<usize>().is_err()).cloned().unwrap_or_default()
    }

    /// The name of the section that is read, as people write it.
    pub fn section(&self) -> String {
        let number = |step: &str| step.parse::<usize>().is_ok();
        let names: Vec<&str> = self.path.iter().map(String::as_str).filter(|p| !number(p)).collect();
        match self.path.last() {
            None => String::from("the file"),
            Some(last) if number(last) => format!("[[{}]]", names.join(".")),
            Some(_) => format!("[{}]", names.join(".")),
        }
    }

    /// Reads what is one step further in.
    pub fn within<T>(&mut self, step: String, at: &Origin, read: impl FnOnce(&mut Reading) -> T) -> T {
        self.path.push(step);
        let path = self.path.join(".");
        self.origins.note(&path, at.clone());
        let out = read(self);
        self.path.pop();
        out
    }

    /// Reads the next item of a list of sections; one that is none is told and left out.
    pub(super) fn item<T: Setting>(&mut self, nth: usize, node: &Node) -> Option<T> {
        let item = self.within(nth.to_string(), &node.origin, |reading| T::read(node, reading));
        if item.is_none() {
            let list = self.path.join(".");
            let item = format!("{list}.{nth}");
            self.origins.forget(&item);
            self.doubts.forget(&item);
            self.doubts.note(list);
        }
        item
    }

    /// The entries of a section; keys that it does not know are told.
    pub fn table<'a>(&mut self, node: &'a Node, known: &[String]) -> Option<Table<'a>> {
        let Kind::Table(entries) = &node.kind else {
            let name = self.section();
            let what = format!("{name} is a section and cannot be {}", node.kind.words());
            self.fault(&node.origin, what, format!("write {name} and its keys below it"));
            return None;
        };
        for entry in entries.iter().filter(|e| !known.contains(&e.key)) {
            let place = self.section();
            let elsewhere = self.is_service.then(|| elsewhere(&entry.key)).flatten();
            let remedy = match (nearest(&entry.key, known), elsewhere) {
                (None, Some(section)) => format!("'{}' is a key of {section}: write it there", entry.key),
                (Some(_) | None, _) => did_you_mean(&entry.key, known),
            };
            self.fault(&entry.origin, format!("unknown key '{}' in {place}", entry.key), remedy);
            // Any key that is not there may be the one that was meant.
            self.doubts.note(self.path.join("."));
        }
        Some(Table { entries, origin: node.origin.clone() })
    }
}

/// A section that is read.
pub struct Table<'a> {
    entries: &'a [Entry],
    origin: Origin,
}

impl Table<'_> {
    fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.key == key && !matches!(e.node.kind, Kind::Nothing))
    }

    /// The value of a key; without it, or where it is none, `default`.
    pub fn or<T: Setting>(&self, key: &str, reading: &mut Reading, default: impl FnOnce() -> T) -> T {
        let Some(entry) = self.entry(key) else { return default() };
        reading.within(key.to_owned(), &entry.node.origin, |reading| {
            T::read(&entry.node, reading).unwrap_or_else(|| {
                let path = reading.path.join(".");
                reading.origins.forget(&path);
                reading.doubts.note(path);
                default()
            })
        })
    }

    /// The value of a key that must be there.
    pub fn must<T: Setting>(&self, key: &str, reading: &mut Reading) -> Option<T> {
        match self.entry(key) {
            Some(entry) => {
                let at = &entry.node.origin;
                reading.within(key.to_owned(), at, |reading| T::read(&entry.node, reading))
            }
            None => {
                let place = reading.section();
                let what = format!("{place} has no '{key}'");
                reading.fault(&self.origin, what, format!("add {key} = … to it"));
                None
            }
        }
    }
}

/// `show_hidden` is written `show-hidden`.
pub(crate) fn kebab(field: &str) -> String {
    field.replace('_', "-")
}

pub(crate) fn written(shown: &Shown) -> Option<String> {
    match shown {
        Shown::Value(text) => Some(text.clone()),
        Shown::Unset | Shown::Table(_) | Shown::Tables(_) => None,
    }
}

/// A section in which every key has a default: `name: Type = default,` with a doc comment for each.
macro_rules! section {
    ($(#[doc = $about:literal])* $name:ident {
        $( $(#[doc = $doc:literal])* $field:ident : $type:ty = $default:expr, )*
    }) => {
        $crate::config::section::entry! {
            $(#[doc = $about])* $name { $( $(#[doc = $doc])* $field : $type = $default, )* }
        }

        impl Default for $name {
            fn default() -> Self {
                $name { $( $field: $default, )* }
            }
        }
    };
}

/// A section some of whose keys must be there: those without `= default`.
macro_rules! entry {
    (@read $table:ident $reading:ident $field:ident $type:ty) => {
        $table.must::<$type>(&$crate::config::section::kebab(stringify!($field)), $reading)
    };
    (@read $table:ident $reading:ident $field:ident $type:ty, $default:expr) => {
        Some($table.or::<$type>(&$crate::config::section::kebab(stringify!($field)), $reading, || $default))
    };
    (@default $type:ty) => { None };
    (@default $type:ty, $default:expr) => {{
        let default: $type = $default;
        Some($crate::config::section::written(&$crate::config::section::Setting::shown(&default)))
    }};
    ($(#[doc = $about:literal])* $name:ident {
        $( $(#[doc = $doc:literal])* $field:ident : $type:ty $(= $default:expr)?, )*
    }) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug)]
        pub struct $name {
            $( $(#[doc = $doc])* pub $field: $type, )*
        }

        impl $crate::config::section::Setting for $name {
            fn shape() -> $crate::config::section::Shape {
                $crate::config::section::Shape::Table(vec![
                    $( $crate::config::section::Key {
                        name: $crate::config::section::kebab(stringify!($field)),
                        doc: &[$($doc),*],
                        shape: <$type as $crate::config::section::Setting>::shape(),
                        default: $crate::config::section::entry!(@default $type $(, $default)?),
                    }, )*
                ])
            }

            fn read(
                node: &$crate::config::node::Node,
                reading: &mut $crate::config::section::Reading,
            ) -> Option<Self> {
                let known = [$( $crate::config::section::kebab(stringify!($field)) ),*];
                let table = reading.table(node, &known)?;
                // All are read before any missing one ends it: faults are told together.
                $( let $field = $crate::config::section::entry!(
                    @read table reading $field $type $(, $default)?
                ); )*
                Some($name { $( $field: $field?, )* })
            }

            fn shown(&self) -> $crate::config::section::Shown {
                $crate::config::section::Shown::Table(vec![
                    $( (
                        $crate::config::section::kebab(stringify!($field)),
                        $crate::config::section::Setting::shown(&self.$field),
                    ), )*
                ])
            }
        }
    };
}

pub(crate) use {entry, section};
