use crate::house::{output, root};
use anyhow::{Result, bail};
use std::fs;
use std::process::Command;

/// The longest file that is not a test: past it there is a second idea in it.
const LONGEST: usize = 600;

/// What may not stay in the source, and why. Split so that this table does not find itself.
const LEFTOVERS: &[(&str, &str, &str)] = &[
    ("to", "do!(", "a stub is not done"),
    ("unimpl", "emented!(", "a stub is not done"),
    ("#[ig", "nore", "a test runs or is gone"),
    ("FIX", "ME", "fix it or write an issue"),
    ("XX", "X", "fix it or write an issue"),
    ("allow(dead", "_code)", "dead code is removed"),
    ("db", "g!(", "left from debugging"),
];

/// Where packages come from is the machine's business, not the repository's.
const SOURCES: &[(&str, &str)] = &[
    ("index", "-url"),
    ("replace", "-with"),
    ("deb.debian", ".org"),
    ("pypi", ".org"),
    ("index.crates", ".io"),
    ("static.crates", ".io"),
];

/// The only places with `unsafe`: two of the program, and the tests that play a program which was taken over.
const UNSAFE_ROOMS: &[&str] =
    &["crates/transport/src/", "crates/store/src/local", "crates/sandbox/tests/attacks/"];

/// The one place where a test may wait: the helpers that poll for a condition with a deadline.
const POLLING: &str = "tests/src/";

fn is_test(path: &str) -> bool {
    path.starts_with("tests/")
        || path.starts_with("simnet/")
        || path.starts_with("reference/")
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
}

/// Everything wrong with one Rust file.
fn faults(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() > LONGEST && !is_test(path) {
        faults.push(format!("{path}: {} lines, at most {LONGEST}: find the second idea in it", lines.len()));
    }
    let mut in_test = is_test(path);
    for (i, line) in lines.iter().enumerate() {
        let at = format!("{path}:{}", i + 1);
        // `mod tests;` is elsewhere; only `mod tests {` makes the rest of this file a test.
        in_test |= line.trim() == "#[cfg(test)]"
            && !lines.get(i + 1).is_some_and(|l| l.trim().starts_with("mod ") && l.ends_with(';'));
        for (a, b, why) in LEFTOVERS {
            if line.contains(&format!("{a}{b}")) {
                faults.push(format!("{at}: {a}{b} ({why})"));
            }
        }
        let code = line.split("//").next().unwrap_or("");
        if in_test && !path.starts_with(POLLING) && code.contains("sleep(") {
            faults.push(format!("{at}: a test sleeps; poll for what it waits for"));
        }
        let is_unsafe =
            ["unsafe {", "unsafe fn", "unsafe impl", "allow(unsafe_code)"].iter().any(|u| code.contains(u));
        if is_unsafe && path != "xtask/src/files.rs" {
            if !UNSAFE_ROOMS.iter().any(|r| path.starts_with(r)) {
                faults.push(format!("{at}: unsafe outside {}", UNSAFE_ROOMS.join(" and ")));
            } else if code.contains("unsafe {")
                && !lines[i.saturating_sub(8)..=i].iter().any(|l| l.contains("SAFETY:"))
            {
                faults.push(format!("{at}: unsafe without its // SAFETY: reason"));
            }
        }
    }
    faults
}

/// `cargo xtask files`.
pub(crate) fn run(_: &[String]) -> Result<()> {
    let root = root();
    let listed = output(Command::new("git").args(["ls-files", "-z"]).current_dir(&root))?;
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in listed.split('\0').filter(|p| !p.is_empty()) {
        // Deleted but not committed, or not text: nothing to read.
        let Ok(text) = fs::read_to_string(root.join(path)) else { continue };
        count += 1;
        if path.ends_with(".rs") {
            wrong.extend(faults(path, &text));
        }
        for (a, b) in SOURCES {
            if text.contains(&format!("{a}{b}")) {
                wrong.push(format!(
                    "{path}: names {a}{b}; where packages come from is the machine's business"
                ));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("house rules about files:\n  {}", wrong.join("\n  "));
    }
    println!("files: {count} read, nothing wrong");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, faults};

    #[test]
    fn a_long_file_is_a_fault_unless_it_is_a_test() {
        let text = "\n".repeat(LONGEST + 1);
        assert_eq!(faults("crates/x/src/a.rs", &text).len(), 1);
        assert_eq!(faults("crates/x/src/a/tests.rs", &text).len(), 0);
        assert_eq!(faults("crates/x/src/a.rs", &"\n".repeat(LONGEST)).len(), 0);
    }

    #[test]
    fn sleeping_is_a_fault_only_in_tests() {
        let nap = ["    thread::sl", "eep(second);\n"].concat();
        assert_eq!(faults("crates/x/src/a.rs", &nap), Vec::<String>::new());
        assert_eq!(
            faults("crates/x/src/a.rs", &format!("#[cfg(test)]\n{nap}")),
            ["crates/x/src/a.rs:2: a test sleeps; poll for what it waits for"]
        );
        assert_eq!(faults("tests/tests/a.rs", &nap).len(), 1);
    }

    #[test]
    fn unsafe_has_its_rooms_and_its_reasons() {
        let bare = ["fn f() { uns", "afe { g() } }\n"].concat();
        assert_eq!(faults("crates/serve/src/a.rs", &bare).len(), 1);
        assert_eq!(
            faults("crates/transport/src/a.rs", &bare),
            ["crates/transport/src/a.rs:1: unsafe without its // SAFETY: reason"]
        );
        assert_eq!(faults("crates/transport/src/a.rs", &format!("// SAFETY: g has none\n{bare}")).len(), 0);
    }

    #[test]
    fn leftovers_are_named_with_their_line() {
        let text = ["\nto", "do!()"].concat();
        assert_eq!(faults("simnet/src/lib.rs", &text).len(), 1);
    }
}
