//! Values that are one of a few words.

use super::node::Node;
use super::section::{Reading, Shape};
use super::value::{quoted, text, value};
use serde_json::json;

/// An enum of words: `words! { /// What … Sandbox { /// … Auto = "auto", } }`.
macro_rules! words {
    ($(#[doc = $about:literal])* $name:ident { $( $(#[doc = $doc:literal])* $variant:ident = $word:literal, )* }) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum $name { $( $(#[doc = $doc])* $variant, )* }

        impl $name {
            /// Every one with its word.
            pub const ALL: &'static [($name, &'static str)] = &[$( ($name::$variant, $word) ),*];
        }

        impl $crate::config::section::Setting for $name {
            fn shape() -> $crate::config::section::Shape {
                $crate::config::words::word_shape(&[$($word),*])
            }

            fn read(
                node: &$crate::config::node::Node,
                reading: &mut $crate::config::section::Reading,
            ) -> Option<Self> {
                let nth = $crate::config::words::word(node, reading, &[$($word),*])?;
                Some($name::ALL[nth].0)
            }

            fn shown(&self) -> $crate::config::section::Shown {
                let word = $name::ALL.iter().find(|row| row.0 == *self).map_or("", |row| row.1);
                $crate::config::section::Shown::Value($crate::config::value::quoted(word))
            }
        }
    };
}
pub(crate) use words;

pub(crate) fn word_shape(words: &[&str]) -> Shape {
    let quoted: Vec<String> = words.iter().map(|w| quoted(w)).collect();
    value(&quoted.join(", "), json!({ "enum": words }))
}

/// Which of the words it is.
pub(crate) fn word(node: &Node, reading: &mut Reading, words: &[&str]) -> Option<usize> {
    let all = words.iter().map(|w| quoted(w)).collect::<Vec<_>>().join(", ");
    let word = text(node, reading, &format!("one of {all}"))?;
    let nth = words.iter().position(|w| *w == word);
    if nth.is_none() {
        let known: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        let remedy = match super::suggest::nearest(word, &known) {
            Some(near) => format!("did you mean \"{near}\"? It is one of {all}"),
            None => format!("give one of {all}"),
        };
        let what = format!("'{}' cannot be {}", reading.key(), node.kind.words());
        reading.fault(&node.origin, what, remedy);
    }
    nth
}
