//! Variables over the file: `TOWLINE_SECTION__KEY`, and items of lists by their number or their name.

use super::Config;
use super::fault::Fault;
use super::load::PREFIX;
use super::node::{Entry, Kind, Node};
use super::section::{Key, Setting as _, Shape, Shown, written};
use super::suggest::did_you_mean;
use std::collections::HashMap;

/// The key by which an item of a list is called, where it has one.
const NAMES: &[(&str, &str)] = &[("user", "name"), ("mount", "path")];

/// Puts what the variables say into the tree; one that leads nowhere is told.
pub(super) fn put(
    tree: &mut Node,
    variables: impl IntoIterator<Item = (String, String)>,
    faults: &mut Vec<Fault>,
) {
    let steps = |name: &str| -> Option<Vec<String>> {
        let path = name.strip_prefix(PREFIX).filter(|rest| rest.contains("__"))?;
        Some(path.split("__").map(|step| step.to_ascii_lowercase().replace('_', "-")).collect())
    };
    let ours = variables.into_iter().filter_map(|(name, text)| Some((steps(&name)?, name, text)));
    let mut ours: Vec<_> = ours.collect();
    // A whole before its parts, the first item before the second, and items that numbers make before names of them:
    // the order of an environment means nothing.
    ours.sort_by_cached_key(|(path, ..)| path.iter().map(|step| order(step)).collect::<Vec<_>>());
    for (path, name, text) in ours {
        let value = Node::variable(&name, &text);
        let origin = value.origin.clone();
        let keys = Config::shape().keys();
        let told = if keys.iter().any(|key| key.name == path[0]) {
            set(tree, &keys, "", &path, value)
        } else {
            let sections: Vec<String> = keys.into_iter().map(|key| key.name).collect();
            Err((format!("there is no section '{}'", path[0]), did_you_mean(&path[0], &sections)))
        };
        faults.extend(told.err().map(|(what, remedy)| Fault::new(origin, what, remedy)));
    }
}

fn order(step: &str) -> (bool, usize, String) {
    match step.parse() {
        Ok(nth) => (false, nth, String::new()),
        Err(_) => (true, 0, step.to_owned()),
    }
}

/// What is wrong, and what to do.
type Told = (String, String);

/// Puts a value at `path` below a table with these keys, which is the section `at`.
fn set(table: &mut Node, keys: &[Key], at: &str, path: &[String], value: Node) -> Result<(), Told> {
    let Some((step, rest)) = path.split_first() else {
        *table = value;
        return Ok(());
    };
    if !matches!(table.kind, Kind::Table(_)) {
        *table = Node { kind: Kind::Table(Vec::new()), origin: value.origin.clone() };
    }
    let Kind::Table(entries) = &mut table.kind else { unreachable!("made a table above") };
    let nth = entries.iter().position(|e| e.key == *step).unwrap_or_else(|| {
        let origin = value.origin.clone();
        let node = Node { kind: Kind::Table(Vec::new()), origin: origin.clone() };
        entries.push(Entry { key: step.clone(), origin, node });
        entries.len() - 1
    });
    let below = if at.is_empty() { step.clone() } else { format!("{at}.{step}") };
    let node = &mut entries[nth].node;
    match keys.iter().find(|key| key.name == *step).map(|key| &key.shape) {
        Some(Shape::Tables(keys)) => item(node, keys, &below, rest, value),
        Some(Shape::Table(keys)) => set(node, keys, &below, rest, value),
        // A secret is a value, and may be a table; what nobody knows is told when it is read.
        Some(Shape::Value { .. }) | None => set(node, &[], &below, rest, value),
    }
}

/// Puts a value into an item of the list of sections `at`, or in place of the list.
fn item(list: &mut Node, keys: &[Key], at: &str, path: &[String], value: Node) -> Result<(), Told> {
    let Some((step, rest)) = path.split_first() else {
        *list = value;
        return Ok(());
    };
    if !matches!(list.kind, Kind::List(_)) {
        *list = Node { kind: Kind::List(Vec::new()), origin: value.origin.clone() };
    }
    let Kind::List(items) = &mut list.kind else { unreachable!("made a list above") };
    let nth = match step.parse::<usize>() {
        Ok(nth) if nth <= items.len() => nth,
        Ok(nth) => {
            let what = format!(
                "there is no [[{at}]] number {nth}: they count from 0, and there are {}",
                items.len()
            );
            return Err((what, format!("give 0 to {}; the last of these is a new one", items.len())));
        }
        Err(_) => named(items, at, step)?,
    };
    if nth == items.len() {
        items.push(Node { kind: Kind::Table(Vec::new()), origin: value.origin.clone() });
    }
    set(&mut items[nth], keys, at, rest, value)
}

/// The item that is called so.
fn named(items: &[Node], at: &str, step: &str) -> Result<usize, Told> {
    let by_number = || match items.len() {
        0 => String::from("there is none: 0 makes the first"),
        several => format!("say which by its number, from 0 to {}", several - 1),
    };
    if key_of(at).is_none() {
        return Err((format!("'{step}' is no number, and a [[{at}]] has no name"), by_number()));
    }
    let names: Vec<String> = items.iter().map(|item| name_of(item, at).unwrap_or_default()).collect();
    let mut called = names.iter().enumerate().filter(|(_, name)| *name == step).map(|(nth, _)| nth);
    match (called.next(), called.next()) {
        (Some(nth), None) => Ok(nth),
        (Some(_), Some(_)) => Err((format!("'{step}' may be several [[{at}]]"), by_number())),
        (None, _) => {
            let known: Vec<String> = names.into_iter().filter(|name| !name.is_empty()).collect();
            let remedy = if known.is_empty() { by_number() } else { did_you_mean(step, &known) };
            Err((format!("there is no [[{at}]] that is called '{step}'"), remedy))
        }
    }
}

fn key_of(section: &str) -> Option<&'static str> {
    NAMES.iter().find(|(name, _)| *name == section).map(|(_, key)| *key)
}

fn name_of(item: &Node, section: &str) -> Option<String> {
    let (Kind::Table(entries), Some(key)) = (&item.kind, key_of(section)) else { return None };
    let entry = entries.iter().find(|entry| entry.key == key)?;
    let Kind::Text(text) = &entry.node.kind else { return None };
    Some(step_of(text))
}

/// A name as it is written in a variable: `/site one` is `site-one`, which is written `SITE_ONE`.
fn step_of(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(letter).collect::<String>().trim_matches('-').to_owned()
}

/// How variables begin that set something of the items of a list of sections: `TOWLINE_USER__BOB__`, or with the
/// item's number where its name is none for a variable or not its own.
pub(super) fn prefixes(section: &str, items: &[Shown]) -> Vec<String> {
    let name = |item: &Shown| {
        let (Shown::Table(entries), Some(key)) = (item, key_of(section)) else { return None };
        let (_, value) = entries.iter().find(|(name, _)| name == key)?;
        // The marks around a text are no letters.
        written(value).map(|text| step_of(&text)).filter(|step| !step.is_empty())
    };
    let names: Vec<Option<String>> = items.iter().map(name).collect();
    let mut count = HashMap::new();
    names.iter().for_each(|name| *count.entry(name).or_insert(0) += 1);
    let own = |name: &&Option<String>| {
        let fits = |name: &String| !name.contains("--") && name.parse::<usize>().is_err();
        count[*name] == 1 && name.as_ref().is_some_and(fits)
    };
    let one = |(nth, name): (usize, &Option<String>)| {
        let step = Some(name).filter(own).and_then(Clone::clone).unwrap_or_else(|| nth.to_string());
        let words = format!("{section}.{step}").replace('.', "__").replace('-', "_").to_ascii_uppercase();
        format!("{PREFIX}{words}__")
    };
    names.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::load::parse;
    use super::super::origin::Source;
    use super::super::{Fault, show};
    use std::sync::Arc;

    const TEXT: &str = "[[mount]]\npath = \"/images\"\ndir = \"/srv/images\"\n[[mount]]\npath = \"/site 1\"\n\
                        dir = \"/srv/site1\"\n[[user]]\nname = \"Bob\"\npassword = \"x\"\n";

    fn read(variables: &[(&str, &str)]) -> Result<crate::config::Loaded, String> {
        let source = Arc::new(Source { path: "t.toml".into(), text: TEXT.to_owned() });
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        parse(Some(source), variables).map_err(|faults| faults.iter().map(Fault::picture).collect())
    }

    #[test]
    fn a_variable_sets_one_key_of_one_item_by_its_number_or_its_name() {
        let loaded = read(&[
            ("TOWLINE_MOUNT__0__WRITE", "true"),
            ("TOWLINE_MOUNT__SITE_1__QUOTA", "1G"),
            ("TOWLINE_USER__BOB__PASSWORD__FILE", "/run/secrets/bob"),
            ("TOWLINE_USER__BOB__GROUPS", "ops,lab"),
            // A new one, whatever the order of the environment.
            ("TOWLINE_USER__EVE__DISABLED", "true"),
            ("TOWLINE_USER__1__PASSWORD", "{ env = \"EVE\" }"),
            ("TOWLINE_USER__1__NAME", "eve"),
            ("TOWLINE_MOUNT__2", "{ path = \"/new\", dir = \"/srv/new\" }"),
            ("TOWLINE_LIMITS__NETWORK__0__NET", "10.0.0.0/8"),
        ])
        .unwrap();
        let config = &loaded.config;
        let mounts: Vec<_> =
            config.mount.iter().map(|m| (&*m.path.text, m.write, m.quota.is_some())).collect();
        assert_eq!(mounts, [("/images", true, false), ("/site 1", false, true), ("/new", false, false)]);
        let users: Vec<_> = config
            .user
            .iter()
            .map(|u| format!("{} {:?} {}", u.name, u.password.as_ref().unwrap(), u.disabled))
            .collect();
        assert_eq!(users, ["Bob { file = \"/run/secrets/bob\" } false", "eve { env = \"EVE\" } true"]);
        assert_eq!(config.user[0].groups, ["ops", "lab"]);
        assert_eq!(config.limits.network[0].net.text, "10.0.0.0/8");
        let shown = show(&loaded, true);
        let said = |line: &[&str]| shown.lines().any(|l| l.split_whitespace().eq(line.iter().copied()));
        for line in [
            &["[[mount]]", "#", "t.toml:1;", "TOWLINE_MOUNT__IMAGES__…"][..],
            &["[[mount]]", "#", "t.toml:4;", "TOWLINE_MOUNT__SITE_1__…"],
            &["[[user]]", "#", "TOWLINE_USER__1__NAME;", "TOWLINE_USER__EVE__…"],
            &["[[limits.network]]", "#", "TOWLINE_LIMITS__NETWORK__0__NET;", "TOWLINE_LIMITS__NETWORK__0__…"],
            &["write", "=", "true", "#", "TOWLINE_MOUNT__0__WRITE"],
            &["quota", "=", "\"1G\"", "#", "TOWLINE_MOUNT__SITE_1__QUOTA"],
            &["dir", "=", "\"/srv/site1\"", "#", "t.toml:6"],
        ] {
            assert!(said(line), "{line:?} in\n{shown}");
        }
    }

    #[test]
    fn a_variable_that_leads_to_no_item_says_which_there_are() {
        for (name, words) in [
            ("TOWLINE_MOUNT__IMAGE__WRITE", "no [[mount]] that is called 'image'; did you mean 'images'?"),
            (
                "TOWLINE_MOUNT__3__WRITE",
                "no [[mount]] number 3: they count from 0, and there are 2; give 0 to 2",
            ),
            ("TOWLINE_USER__EVE__DISABLED", "no [[user]] that is called 'eve'; known are: bob"),
            ("TOWLINE_RULE__FIRST__ALLOW", "'first' is no number, and a [[rule]] has no name; there is none"),
            ("TOWLINE_MOUNT__0__WRIT", "unknown key 'writ' in [[mount]]; did you mean 'write'?"),
            ("TOWLINE_MOUNT__2__DIR", "[[mount]] has no 'path'"),
        ] {
            let told = read(&[(name, "true")]).map(drop).unwrap_err();
            assert!(told.contains(words) && told.contains(&format!("  | {name}=true")), "{told}");
        }
    }
}
