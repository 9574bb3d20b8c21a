use crate::house::{Metadata, Package, cargo, must, root};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;

/// The part of `deny.toml` that is checked here too, so that the check needs no tool installed.
#[derive(Deserialize)]
struct Deny {
    licenses: Licences,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Named>,
    skip: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
    /// Of something banned: who may bring it all the same, because we cannot have the one without the other.
    #[serde(default)]
    wrappers: Vec<String>,
}

/// Whether the SPDX expression `text` can be met with the licences in `allow`.
///
/// `OR` needs one side, `AND` both; the old `/` means `OR`; `WITH` belongs to the name before it.
fn acceptable(text: &str, allow: &[String]) -> Result<bool> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let answer = either(&mut words, allow)?;
    match words.next() {
        None => Ok(answer),
        Some(rest) => bail!("'{rest}' where the licence '{text}' should end"),
    }
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>, allow: &[String]) -> Result<bool> {
    let mut answer = both(words, allow)?;
    while words.next_if_eq(&"OR").is_some() {
        answer |= both(words, allow)?;
    }
    Ok(answer)
}

fn both(words: &mut Words<'_>, allow: &[String]) -> Result<bool> {
    let mut answer = one(words, allow)?;
    while words.next_if_eq(&"AND").is_some() {
        answer &= one(words, allow)?;
    }
    Ok(answer)
}

fn one(words: &mut Words<'_>, allow: &[String]) -> Result<bool> {
    match words.next() {
        None => bail!("a licence is missing"),
        Some("(") => {
            let answer = either(words, allow)?;
            match words.next() {
                Some(")") => Ok(answer),
                other => bail!("')' expected, found {other:?}"),
            }
        }
        Some(name) => {
            let mut name = name.to_owned();
            if words.next_if_eq(&"WITH").is_some() {
                name = format!("{name} WITH {}", words.next().context("an exception is missing after WITH")?);
            }
            Ok(allow.contains(&name))
        }
    }
}

fn faults(packages: &[Package], deny: &Deny) -> Vec<String> {
    let mut faults = Vec::new();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for p in packages {
        versions.entry(&p.name).or_default().insert(&p.version);
        let id = format!("{} {}", p.name, p.version);
        match p.license.as_deref().map(|l| (l, acceptable(l, &deny.licenses.allow))) {
            None => faults.push(format!("{id} names no licence")),
            Some((_, Ok(true))) => {}
            Some((l, Ok(false))) => faults.push(format!("{id}: licence '{l}' is not allowed")),
            Some((l, Err(e))) => faults.push(format!("{id}: licence '{l}' is not understood: {e}")),
        }
        if let Some(ban) = deny.bans.deny.iter().find(|b| b.name == p.name) {
            let brings = |by: &&Package| by.dependencies.iter().any(|d| d.name == p.name && d.kind.is_none());
            let foreign = |by: &&Package| !ban.wrappers.contains(&by.name);
            let by = packages.iter().filter(brings).find(foreign).map(|by| by.name.as_str());
            if ban.wrappers.is_empty() || by.is_some() {
                let by = by.map(|by| format!(" (of {by})")).unwrap_or_default();
                faults.push(format!("{id}{by} is banned: {}", ban.reason));
            }
        }
        if let Some(s) = p.source.as_deref().filter(|s| !s.contains("crates.io-index")) {
            faults.push(format!("{id} comes from {s}"));
        }
    }
    for (name, versions) in &versions {
        let skip = deny
            .bans
            .skip
            .iter()
            .any(|s| s.name == *name || versions.iter().any(|v| s.name == format!("{name}@{v}")));
        if versions.len() > 1 && !skip {
            let list: Vec<&str> = versions.iter().copied().collect();
            faults.push(format!("{name} is there {} times: {}", versions.len(), list.join(", ")));
        }
    }
    faults
}

/// `cargo xtask licences`.
pub(crate) fn run(_: &[String]) -> Result<()> {
    let path = root().join("deny.toml");
    let deny: Deny = toml::from_str(&fs::read_to_string(&path)?).context("deny.toml")?;
    let metadata = Metadata::read(true)?;
    let faults = faults(&metadata.packages, &deny);
    if !faults.is_empty() {
        bail!("dependencies that may not be linked (deny.toml):\n  {}", faults.join("\n  "));
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for p in &metadata.packages {
        *kinds.entry(p.license.as_deref().unwrap_or("none")).or_default() += 1;
    }
    for (licence, count) in &kinds {
        println!("{count:>4}  {licence}");
    }
    for s in &deny.bans.skip {
        println!("twice: {} ({})", s.name, s.reason);
    }
    println!("licences: {} packages, all allowed", metadata.packages.len());
    let installed = cargo().args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if installed.is_ok_and(|s| s.success()) {
        must(cargo().args(["deny", "check", "licenses", "bans", "sources"]))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Bans, Deny, Licences, Named, acceptable, faults};
    use crate::house::Package;

    fn allow() -> Vec<String> {
        ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"].map(String::from).to_vec()
    }

    #[test]
    fn expressions_are_met_as_spdx_says() {
        for (text, expected) in [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("GPL-3.0-only OR MIT", true),
            ("MIT/Apache-2.0", true),
            ("MIT AND GPL-2.0-only", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("(MIT OR Apache-2.0) AND OpenSSL", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("MIT WITH Something", false),
        ] {
            assert_eq!(acceptable(text, &allow()).unwrap(), expected, "{text}");
        }
        for broken in ["", "(MIT", "MIT MIT", "MIT OR"] {
            assert!(acceptable(broken, &allow()).is_err(), "{broken}");
        }
    }

    fn package(name: &str, version: &str, license: Option<&str>, source: &str) -> Package {
        Package {
            id: String::new(),
            name: name.into(),
            version: version.into(),
            license: license.map(String::from),
            source: Some(source.into()),
            dependencies: Vec::new(),
            targets: Vec::new(),
        }
    }

    fn needs(name: &str, other: &str) -> Package {
        let dependency = crate::house::Dependency { name: other.into(), kind: None };
        Package {
            dependencies: vec![dependency],
            ..package(name, "1.0.0", Some("MIT"), "registry+crates.io-index")
        }
    }

    #[test]
    fn unknown_banned_double_and_foreign_are_named() {
        let index = "registry+crates.io-index";
        let deny = Deny {
            licenses: Licences { allow: allow() },
            bans: Bans {
                deny: vec![Named {
                    name: "nix".into(),
                    reason: "rustix covers it".into(),
                    wrappers: vec!["wrap".into()],
                }],
                skip: vec![Named {
                    name: "twice@1.0.0".into(),
                    reason: "known".into(),
                    wrappers: Vec::new(),
                }],
            },
        };
        let packages = [
            package("good", "1.0.0", Some("MIT"), index),
            package("bare", "1.0.0", None, index),
            package("nix", "1.0.0", Some("MIT"), index),
            package("two", "1.0.0", Some("MIT"), index),
            package("two", "2.0.0", Some("MIT"), index),
            package("twice", "1.0.0", Some("MIT"), index),
            package("twice", "2.0.0", Some("MIT"), index),
            package("forked", "1.0.0", Some("MIT"), "git+ssh"),
            needs("wrap", "nix"),
            needs("other", "nix"),
        ];
        assert_eq!(
            faults(&packages, &deny),
            [
                "bare 1.0.0 names no licence",
                "nix 1.0.0 (of other) is banned: rustix covers it",
                "forked 1.0.0 comes from git+ssh",
                "two is there 2 times: 1.0.0, 2.0.0",
            ]
        );
        let wrapped = [package("nix", "1.0.0", Some("MIT"), index), needs("wrap", "nix")];
        assert!(faults(&wrapped, &deny).is_empty(), "who may bring it brings it");
    }
}
