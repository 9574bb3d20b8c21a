//! Paths as text (`/a/b`, the root is `/`), and patterns of them.

/// The components of a path.
pub fn components(path: &str) -> Vec<&str> {
    path.split('/').filter(|c| !c.is_empty()).collect()
}

/// The directory that a path is in; the root's is the root.
pub fn parent(path: &str) -> String {
    let names = components(path);
    format!("/{}", names[..names.len().saturating_sub(1)].join("/"))
}

/// The last component.
pub fn last(path: &str) -> &str {
    components(path).last().copied().unwrap_or("")
}

/// What `path` is called where `top` is the root, in the whole tree; of a name, what it is in the directory `top`.
pub fn join(top: &str, path: &str) -> String {
    let names: Vec<&str> = components(top).into_iter().chain(components(path)).collect();
    format!("/{}", names.join("/"))
}

/// Whether `path` is `top` or below it.
pub fn is_within(path: &str, top: &str) -> bool {
    components(path).starts_with(&components(top))
}

/// Whether a component begins with a dot.
pub(crate) fn is_hidden(path: &str) -> bool {
    components(path).iter().any(|name| name.starts_with('.'))
}

/// `path` with its beginning `from` replaced by `to`; `None`: it does not begin so.
pub(crate) fn moved(path: &str, from: &str, to: &str) -> Option<String> {
    let rest = components(path).strip_prefix(&components(from)[..])?.join("/");
    Some(join(to, &rest))
}

/// Whether a rule's pattern is like a path: `**` as a component is any number of them.
pub(crate) fn rule_fits(pattern: &str, path: &str) -> bool {
    fn fits(pattern: &[&str], names: &[&str]) -> bool {
        match pattern {
            [] => names.is_empty(),
            ["**", rest @ ..] => (0..=names.len()).any(|n| fits(rest, &names[n..])),
            [one, rest @ ..] => {
                names.first().is_some_and(|name| like(one.as_bytes(), name.as_bytes()))
                    && fits(rest, &names[1..])
            }
        }
    }
    fits(&components(pattern), &components(path))
}

/// The components that a pattern begins with and that have no wildcard, and the others.
fn plain(pattern: &str) -> (Vec<&str>, Vec<&str>) {
    let names = components(pattern);
    let plain = names.iter().take_while(|name| !name.contains(['*', '?'])).count();
    (names[..plain].to_vec(), names[plain..].to_vec())
}

/// Whether a pattern's plain beginning is `dir` or something below it.
pub(crate) fn leads(pattern: &str, dir: &str) -> bool {
    plain(pattern).0.starts_with(&components(dir))
}

/// Whether a pattern may be about a part of what is in `dir` and not about the rest.
pub(crate) fn divides(pattern: &str, dir: &str) -> bool {
    let (plain, rest) = plain(pattern);
    let names = components(dir);
    match &rest[..] {
        // Something below it.
        _ if plain.starts_with(&names) && plain.len() > names.len() => true,
        // Elsewhere.
        _ if !names.starts_with(&plain) => false,
        // That directory alone, or one above alone.
        [] => plain.len() == names.len(),
        ["**"] => false,
        // What a wildcard may mean further down is not worked out.
        _ => true,
    }
}

/// Whether the row of an upload policy is about a path: about it itself or a directory above it.
pub(crate) fn upload_fits(row: &str, path: &str) -> bool {
    let inner = row.trim_matches('/');
    let anywhere = !row.trim_end_matches('/').contains('/');
    let pattern = match inner {
        "" => String::from("**"),
        _ if anywhere => format!("**/{inner}"),
        _ => String::from(inner),
    };
    let names = components(path);
    (0..=names.len()).any(|n| like(pattern.as_bytes(), names[..n].join("/").as_bytes()))
}

/// `*` is any octets but `/`, `**` any at all, `**/` also none, `?` one but `/`.
fn like(pattern: &[u8], name: &[u8]) -> bool {
    match pattern {
        [] => name.is_empty(),
        [b'*', b'*', b'/', rest @ ..] => {
            like(rest, name) || (0..name.len()).any(|n| name[n] == b'/' && like(rest, &name[n + 1..]))
        }
        [b'*', b'*', rest @ ..] => (0..=name.len()).any(|n| like(rest, &name[n..])),
        [b'*', rest @ ..] => (0..=name.len()).any(|n| !name[..n].contains(&b'/') && like(rest, &name[n..])),
        [b'?', rest @ ..] => name.first().is_some_and(|b| *b != b'/') && like(rest, &name[1..]),
        [b, rest @ ..] => name.first() == Some(b) && like(rest, &name[1..]),
    }
}
