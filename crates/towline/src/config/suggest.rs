//! "Did you mean": the known word that is nearest to one that is not known.

use super::Config;
use super::section::{Key, Setting as _, Shape};

/// What to do about a word that is none of `known`.
pub(crate) fn did_you_mean(word: &str, known: &[String]) -> String {
    match nearest(word, known) {
        Some(near) => format!("did you mean '{near}'?"),
        None => format!("known are: {}", known.join(", ")),
    }
}

/// The section that has a key of this name, where there is one only.
pub(crate) fn elsewhere(key: &str) -> Option<String> {
    let has =
        |section: &Key| matches!(&section.shape, Shape::Table(keys) if keys.iter().any(|k| k.name == key));
    let sections: Vec<Key> = Config::shape().keys().into_iter().filter(has).collect();
    match &sections[..] {
        [section] => Some(format!("[{}]", section.name)),
        _ => None,
    }
}

/// The nearest of them, unless all are far.
pub(crate) fn nearest<'a>(word: &str, known: &'a [String]) -> Option<&'a str> {
    let word = word.to_lowercase().replace('_', "-");
    let far = |known: &str| strsim::damerau_levenshtein(&word, known);
    // A third of the letters wrong is a slip of the fingers; a word that is in another is a slip of memory.
    let slip = known.iter().map(|k| (far(k), k)).min().filter(|(far, k)| *far <= (k.len().max(3)) / 3);
    let part = || known.iter().find(|k| word.len() >= 4 && (k.contains(&word) || word.contains(k.as_str())));
    slip.map(|(_, k)| k).or_else(part).map(String::as_str)
}
