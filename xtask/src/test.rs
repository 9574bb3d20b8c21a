use crate::groups::Groups;
use crate::house::{Metadata, cargo, must, output, shown, target};
use crate::matrix::When;
use crate::{matrix, peers, pool};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// A group of tests: which targets of the workspace it takes.
///
/// Every group says `--workspace`, so that all of them share one set of features and nothing is built twice.
struct Group {
    name: &'static str,
    about: &'static str,
    takes: Takes,
}

enum Takes {
    /// What stands in the libraries and programs themselves.
    BesideTheCode,
    /// The examples that rustdoc runs.
    Documentation,
    /// The `tests/*.rs` of this package.
    TestsOf(&'static str),
    /// The `tests/*.rs` of the packages that no other group names.
    Rest,
}

const GROUPS: &[Group] = &[
    Group { name: "unit", about: "beside the code", takes: Takes::BesideTheCode },
    Group { name: "doc", about: "examples in the documentation", takes: Takes::Documentation },
    Group { name: "crates", about: "public interfaces of the crates", takes: Takes::Rest },
    Group { name: "simnet", about: "machines over simulated links", takes: Takes::TestsOf("simnet") },
    Group { name: "e2e", about: "the program against other people's", takes: Takes::TestsOf("e2e") },
];

/// `cargo xtask test [GROUP]…`: without groups all of them, then the matrix.
pub(crate) fn run(wanted: &[String]) -> Result<()> {
    if let Some(unknown) = wanted.iter().find(|w| !GROUPS.iter().any(|g| g.name == **w)) {
        let list: Vec<String> = GROUPS.iter().map(|g| format!("{} ({})", g.name, g.about)).collect();
        bail!("no group '{unknown}'; there are: {}", list.join(", "));
    }
    let all = wanted.is_empty();
    let mut groups = Groups::default();
    let mut results = Vec::new();
    let outcome = run_groups(wanted, all, &mut groups, &mut results);
    let matrix = if all && outcome.is_ok() {
        println!("\n── matrix");
        matrix::run(&[])
    } else {
        Ok(())
    };
    println!("\n── results");
    for line in &results {
        println!("{line}");
    }
    println!("\n{}", groups.table());
    println!("{}", sum(&results));
    outcome.and(matrix)
}

fn run_groups(wanted: &[String], all: bool, groups: &mut Groups, results: &mut Vec<String>) -> Result<()> {
    let metadata = Metadata::read(false)?;
    let tests = test_targets(&metadata)?;
    if all || wanted.iter().any(|w| w == "e2e") {
        groups.run("peers", || peers::run(&[]))?;
    }
    // Old rows would hide lost ones.
    let rows = target().join(When::Commit.directory());
    if rows.exists() {
        fs::remove_dir_all(&rows)?;
    }
    groups.run("build", || {
        // The program that the end-to-end tests start is this one: the same profile, the same libraries.
        must(cargo().args(["build", "--quiet", "--workspace", "--bin", "towline"]))?;
        must(cargo().args(["test", "--quiet", "--workspace", "--no-run"]))
    })?;
    let mut failed = Vec::new();
    for group in GROUPS.iter().filter(|g| all || wanted.iter().any(|w| w == g.name)) {
        let Some(mut flags) = flags(group, &tests) else { continue };
        flags.insert(0, "--workspace".into());
        let outcome = groups.run(group.name, || match group.takes {
            // Their binaries are made and run by rustdoc.
            Takes::Documentation => tee(cargo().args(["test", "--no-fail-fast"]).args(&flags), results),
            Takes::BesideTheCode | Takes::TestsOf(_) | Takes::Rest => pool::run(&flags, results),
        });
        if let Err(e) = outcome {
            println!("{e:#}");
            failed.push(group.name);
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(" "));
    }
    Ok(())
}

/// The flags of `cargo test` that take this group; none where nothing belongs to it.
fn flags(group: &Group, tests: &BTreeMap<String, String>) -> Option<Vec<String>> {
    let names = |takes: &dyn Fn(&str) -> bool| -> Option<Vec<String>> {
        let names: Vec<String> = tests
            .iter()
            .filter(|(_, package)| takes(package))
            .flat_map(|(name, _)| ["--test".to_owned(), name.clone()])
            .collect();
        (!names.is_empty()).then_some(names)
    };
    match group.takes {
        Takes::BesideTheCode => Some(vec!["--lib".into(), "--bins".into()]),
        Takes::Documentation => Some(vec!["--doc".into()]),
        Takes::TestsOf(package) => names(&|p| p == package),
        Takes::Rest => names(&|p| !GROUPS.iter().any(|g| matches!(g.takes, Takes::TestsOf(q) if q == p))),
    }
}

/// All `tests/*.rs`: their names, each with its package.
fn test_targets(metadata: &Metadata) -> Result<BTreeMap<String, String>> {
    let mut tests = BTreeMap::new();
    for p in metadata.members() {
        for t in p.targets.iter().filter(|t| t.kind.iter().any(|k| k == "test")) {
            if let Some(other) = tests.insert(t.name.clone(), p.name.clone()) {
                bail!(
                    "both {other} and {} have a test '{}': it would run in two groups; rename one",
                    p.name,
                    t.name
                );
            }
        }
    }
    Ok(tests)
}

/// Runs cargo test, passes its lines on, and keeps what each test binary said in the end.
fn tee(test: &mut Command, results: &mut Vec<String>) -> Result<()> {
    // cargo names the binaries on standard error, which goes by; libtest's own lines come on standard output.
    let mut child = test.stdout(Stdio::piped()).spawn().with_context(|| shown(test))?;
    let lines = BufReader::new(child.stdout.take().expect("stdout is piped"));
    for line in lines.split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        if pool::ran_something(&line) {
            results.push(line);
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{} ended with {status}", shown(test));
    }
    Ok(())
}

/// The sum of libtest's lines, in libtest's own words.
fn sum(results: &[String]) -> String {
    let mut sums = [0u64; 3];
    for line in results {
        for (sum, word) in sums.iter_mut().zip(["passed", "failed", "ignored"]) {
            let count = line.split(';').find_map(|part| part.trim().strip_suffix(word));
            *sum += count
                .and_then(|c| c.split_whitespace().last())
                .and_then(|n| n.parse::<u64>().ok())
                .unwrap_or(0);
        }
    }
    let word = if sums[1] == 0 && !results.is_empty() { "ok" } else { "FAILED" };
    format!("test result: {word}. {} passed; {} failed; {} ignored (all binaries)", sums[0], sums[1], sums[2])
}

/// The version of a program, for reports; `?` where it does not say.
pub(crate) fn version(command: &mut Command) -> String {
    output(command).map_or_else(|_| "?".into(), |t| t.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn results_add_up() {
        let lines = [
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s".to_owned(),
            "test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s".to_owned(),
        ];
        assert_eq!(sum(&lines[..1]), "test result: ok. 12 passed; 0 failed; 0 ignored (all binaries)");
        assert_eq!(sum(&lines), "test result: FAILED. 15 passed; 1 failed; 2 ignored (all binaries)");
        assert_eq!(sum(&[]), "test result: FAILED. 0 passed; 0 failed; 0 ignored (all binaries)");
    }
}
