//! The templates that are understood: other variables, the host's name, and where a password is looked up. Nothing else is run.

use super::groups::Holding;
use super::meaning::VAULT;
use crate::config::node::Kind;

/// How many variables one value may be made of, all in all.
const MOST: usize = 64;
/// The longest value, octets.
const LONGEST: usize = 4_096;

/// What a value comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Said {
    /// A text, and whether all that it is made of stands in files that nobody else can read.
    Text(String, bool),
    /// An environment variable holds it.
    Environment(String),
    /// The first line of a file.
    File(String),
}

/// Why a value is not known here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Unread {
    /// It is encrypted.
    Vault,
    /// It is a template of another kind.
    Template,
    /// It is a list, or a table.
    Many,
}

/// What a variable of a host comes to; `None`: it has none of that name.
pub(super) fn said(host: &str, holding: &Holding<'_>, name: &str) -> Option<Result<Said, Unread>> {
    variable(host, holding, name, &mut MOST.clone())
}

fn variable(host: &str, holding: &Holding<'_>, name: &str, left: &mut usize) -> Option<Result<Said, Unread>> {
    match name {
        "inventory_hostname" => return Some(Ok(Said::Text(host.to_owned(), true))),
        "inventory_hostname_short" => {
            let short = host.split('.').next().unwrap_or(host);
            return Some(Ok(Said::Text(short.to_owned(), true)));
        }
        _ => {}
    }
    let found = holding.get(name)?;
    let text = match &found.node.kind {
        Kind::Text(text) | Kind::Number(text) | Kind::Date(text) => text.clone(),
        Kind::Integer(n) => n.to_string(),
        Kind::Bool(b) => b.to_string(),
        Kind::Nothing => return None,
        Kind::List(_) | Kind::Table(_) => return Some(Err(Unread::Many)),
    };
    Some(value(host, holding, &text, found.is_private, left))
}

fn value(
    host: &str,
    holding: &Holding<'_>,
    text: &str,
    mut is_private: bool,
    left: &mut usize,
) -> Result<Said, Unread> {
    if text.trim_start().starts_with(VAULT) {
        return Err(Unread::Vault);
    }
    if text.contains("{%") || text.contains("{#") {
        return Err(Unread::Template);
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        let (expression, after) = behind.split_once("}}").ok_or(Unread::Template)?;
        *left = left.checked_sub(1).ok_or(Unread::Template)?;
        let is_whole = out.is_empty() && before.trim().is_empty() && after.trim().is_empty();
        match expressed(host, holding, expression.trim(), left)? {
            Said::Text(inside, is_inside_private) => {
                is_private &= is_inside_private;
                out.push_str(before);
                out.push_str(&inside);
            }
            // Only where nothing stands around it: it is not looked up here.
            said @ (Said::Environment(_) | Said::File(_)) if is_whole => return Ok(said),
            Said::Environment(_) | Said::File(_) => return Err(Unread::Template),
        }
        if out.len() > LONGEST {
            return Err(Unread::Template);
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(Said::Text(out, is_private))
}

fn expressed(host: &str, holding: &Holding<'_>, expression: &str, left: &mut usize) -> Result<Said, Unread> {
    let is_name = expression.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_name {
        return variable(host, holding, expression, left).unwrap_or(Err(Unread::Template));
    }
    let inside = expression.strip_prefix("lookup(").and_then(|rest| rest.strip_suffix(')'));
    let (kind, what) = inside.and_then(|inside| inside.split_once(',')).ok_or(Unread::Template)?;
    let quoted = |text: &str| {
        let text = text.trim();
        let inside = ['\'', '"'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
        inside.filter(|inside| !inside.contains(['\'', '"', '{'])).map(str::to_owned)
    };
    let (kind, what) = (quoted(kind).ok_or(Unread::Template)?, quoted(what).ok_or(Unread::Template)?);
    match kind.strip_prefix("ansible.builtin.").unwrap_or(&kind) {
        "env" => Ok(Said::Environment(what)),
        "file" => Ok(Said::File(what)),
        _ => Err(Unread::Template),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Origin, node::Node};
    use crate::inventory::ansible::groups::{Value, Variables};

    fn of(variables: &[(&str, &str)], name: &str) -> Option<Result<Said, Unread>> {
        let value = |text: &str| {
            let node = Node { kind: Kind::Text(text.to_owned()), origin: Origin::Default };
            Value { node, is_private: true }
        };
        let all: Variables = variables.iter().map(|(name, text)| ((*name).to_owned(), value(text))).collect();
        let holding = all.iter().map(|(name, value)| (name.as_str(), value)).collect();
        said("r1.example.net", &holding, name)
    }

    #[test]
    fn variables_and_lookups_are_understood_and_nothing_is_run() {
        let text = |text: &str| Some(Ok(Said::Text(text.to_owned(), true)));
        for (variables, right) in [
            (&[("x", "a")][..], text("a")),
            (&[("x", "{{ inventory_hostname }}")], text("r1.example.net")),
            (&[("x", "{{inventory_hostname_short}}.mgmt")], text("r1.mgmt")),
            (&[("x", "{{ y }}:{{ y }}"), ("y", "b")], text("b:b")),
            (&[("x", "{{ lookup('env', 'NETPW') }}")], Some(Ok(Said::Environment("NETPW".into())))),
            (
                &[("x", "{{ y }}"), ("y", "{{ lookup(\"ansible.builtin.file\", \"pw\") }}")],
                Some(Ok(Said::File("pw".into()))),
            ),
            (&[("x", "a{{ lookup('env', 'NETPW') }}")], Some(Err(Unread::Template))),
            (&[("x", "{{ lookup('pipe', 'reboot') }}")], Some(Err(Unread::Template))),
            (&[("x", "{{ y | default('a') }}")], Some(Err(Unread::Template))),
            (&[("x", "{{ nothing }}")], Some(Err(Unread::Template))),
            (&[("x", "{% if a %}b{% endif %}")], Some(Err(Unread::Template))),
            (&[("x", "{{ y")], Some(Err(Unread::Template))),
            // It is made of itself.
            (&[("x", "{{ x }}")], Some(Err(Unread::Template))),
            (&[("x", "{{ y }}{{ y }}"), ("y", "{{ x }}")], Some(Err(Unread::Template))),
            (&[("x", "$ANSIBLE_VAULT;1.1;AES256\n3132")], Some(Err(Unread::Vault))),
            (&[("x", "{{ y }}"), ("y", "$ANSIBLE_VAULT;1.1;AES256\n3132")], Some(Err(Unread::Vault))),
            (&[("y", "a")], None),
        ] {
            assert_eq!(of(variables, "x"), right, "{variables:?}");
        }
    }
}
