use crate::house::{is_ci, root, target};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// One row as the end-to-end tests write it, after they compared the octets.
#[derive(Deserialize, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Row {
    peer: String,
    operation: String,
    octets: u64,
}

/// `tests/matrix.toml`: what must have been compared.
#[derive(Deserialize)]
struct Expected {
    /// All rows: a number that a lost line of the file changes too.
    rows: usize,
    /// Blocks of rows: each operation of each peer with each size.
    #[serde(default)]
    block: Vec<Block>,
}

#[derive(Deserialize)]
struct Block {
    peers: Vec<String>,
    operations: Vec<String>,
    octets: Vec<u64>,
    /// Compared by `cargo xtask soak`, for it takes too long for every commit.
    #[serde(default)]
    soak: bool,
}

/// Who compares.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// `cargo xtask test`.
    Commit,
    /// `cargo xtask soak`.
    Soak,
}

impl When {
    /// Where the tests note their rows, under the target directory; told by `E2E_MATRIX`.
    pub(crate) fn directory(self) -> &'static str {
        match self {
            When::Commit => "matrix",
            When::Soak => "matrix-soak",
        }
    }
}

/// `tests/skips.toml`: what a machine may lack without failing.
#[derive(Deserialize)]
struct Skips {
    #[serde(default)]
    skip: Vec<Skip>,
}

#[derive(Deserialize)]
struct Skip {
    peer: String,
    reason: String,
}

impl Expected {
    /// All rows, and those that must come `when`.
    fn sets(&self, when: When) -> Result<(BTreeSet<Row>, BTreeSet<Row>)> {
        let (mut set, mut wanted) = (BTreeSet::new(), BTreeSet::new());
        for b in &self.block {
            for peer in &b.peers {
                for operation in &b.operations {
                    for &octets in &b.octets {
                        let row = Row { peer: peer.clone(), operation: operation.clone(), octets };
                        if b.soak == (when == When::Soak) {
                            wanted.insert(row.clone());
                        }
                        if let Some(twice) = set.replace(row) {
                            bail!(
                                "tests/matrix.toml names {} {} {} twice",
                                twice.peer,
                                twice.operation,
                                octets
                            );
                        }
                    }
                }
            }
        }
        if set.len() != self.rows {
            bail!("tests/matrix.toml says rows = {} and lists {}", self.rows, set.len());
        }
        Ok((set, wanted))
    }
}

/// `cargo xtask matrix`.
pub(crate) fn run(_: &[String]) -> Result<()> {
    check(When::Commit)
}

/// Holds what was compared against `tests/matrix.toml`.
pub(crate) fn check(when: When) -> Result<()> {
    let read = |name: &str| {
        let path = root().join("tests").join(name);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    };
    let expected: Expected = toml::from_str(&read("matrix.toml")?).context("tests/matrix.toml")?;
    let skips: Skips = toml::from_str(&read("skips.toml")?).context("tests/skips.toml")?;
    let compared = rows(when)?;
    println!("{}", table(&compared));
    for s in &skips.skip {
        println!("may be missing: {} ({})", s.peer, s.reason);
    }
    let (known, wanted) = expected.sets(when)?;
    // A soak is there to have them all.
    let may_miss = |peer: &str| when == When::Commit && skips.skip.iter().any(|s| s.peer == peer);
    let faults = compare(&known, &wanted, &compared, may_miss);
    println!("matrix: {} rows compared, {} expected", compared.len(), wanted.len());
    if faults.is_empty() {
        return Ok(());
    }
    let text = format!("the matrix is not what tests/matrix.toml says:\n  {}", faults.join("\n  "));
    if is_ci() || when == When::Soak || faults.iter().any(|f| f.starts_with("new")) {
        bail!("{text}");
    }
    println!("{text}\n(with CI=true this is a failure)");
    Ok(())
}

fn rows(when: When) -> Result<BTreeSet<Row>> {
    let mut rows = BTreeSet::new();
    let dir = target().join(when.directory());
    let Ok(entries) = fs::read_dir(&dir) else { return Ok(rows) };
    for entry in entries {
        let path = entry?.path();
        for line in fs::read_to_string(&path)?.lines() {
            let row = serde_json::from_str(line).with_context(|| format!("{}: {line}", path.display()))?;
            rows.insert(row);
        }
    }
    Ok(rows)
}

fn compare(
    known: &BTreeSet<Row>,
    wanted: &BTreeSet<Row>,
    compared: &BTreeSet<Row>,
    may_miss: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut faults = Vec::new();
    for r in wanted.difference(compared).filter(|r| !may_miss(&r.peer)) {
        faults.push(format!("lost: {} {} {} octets", r.peer, r.operation, r.octets));
    }
    for r in compared.difference(known) {
        faults.push(format!("new: {} {} {} octets (add it)", r.peer, r.operation, r.octets));
    }
    faults
}

/// One line for each peer and operation.
fn table(rows: &BTreeSet<Row>) -> String {
    let mut lines: BTreeMap<(&str, &str), Vec<u64>> = BTreeMap::new();
    for r in rows {
        lines.entry((&r.peer, &r.operation)).or_default().push(r.octets);
    }
    let mut text =
        format!("{:<16} {:<24} {:>14}  sizes (octets, all identical)\n", "peer", "operation", "octets");
    for ((peer, operation), sizes) in lines {
        let list: Vec<String> = sizes.iter().map(u64::to_string).collect();
        text.push_str(&format!(
            "{peer:<16} {operation:<24} {:>14}  {}\n",
            sizes.iter().sum::<u64>(),
            list.join(" ")
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Expected, Row, When, compare};
    use std::collections::BTreeSet;

    fn row(peer: &str, octets: u64) -> Row {
        Row { peer: peer.into(), operation: "tftp get".into(), octets }
    }

    #[test]
    fn lost_and_new_rows_are_faults() {
        let wanted = BTreeSet::from([row("curl", 0), row("curl", 1), row("lost", 7)]);
        let known = BTreeSet::from([row("curl", 0), row("curl", 1), row("lost", 7), row("soak", 9)]);
        let compared = BTreeSet::from([row("curl", 1), row("curl", 2), row("soak", 9)]);
        assert_eq!(
            compare(&known, &wanted, &compared, |peer| peer == "lost"),
            ["lost: curl tftp get 0 octets", "new: curl tftp get 2 octets (add it)"]
        );
        assert!(compare(&known, &wanted, &wanted.clone(), |_| false).is_empty());
    }

    #[test]
    fn the_count_is_held_beside_the_list() {
        let text = "rows = 4\n[[block]]\npeers = ['a', 'b']\noperations = ['get']\noctets = [0, 1]\n";
        let sets = |text: &str, when| toml::from_str::<Expected>(text).unwrap().sets(when);
        let (known, wanted) = sets(text, When::Commit).unwrap();
        assert_eq!((known.len(), wanted.len()), (4, 4));
        let (known, wanted) = sets(&format!("{text}soak = true\n"), When::Commit).unwrap();
        assert_eq!((known.len(), wanted.len()), (4, 0));
        assert_eq!(sets(&format!("{text}soak = true\n"), When::Soak).unwrap().1.len(), 4);
        assert_eq!(
            sets(&text.replace("'b'", ""), When::Commit).unwrap_err().to_string(),
            "tests/matrix.toml says rows = 4 and lists 2"
        );
    }
}
