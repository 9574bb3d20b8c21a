//! The sessions in the documents are real: every ```console block of them is run and its output compared.
//!
//! A line that begins with `$ ` is a command, what follows is what it prints; `…` stands for anything up to
//! the end of the line or to the next text, a line `…` for any number of lines. A command that ends in ` &`
//! runs until the block ends. A line that begins with `> ` goes on with the command above it. The ports 6969 and 2121
//! become free ones. A block after the comment `<!-- not run: reason -->` is left out; one after `<!-- goes on -->`
//! is the rest of the block before it, in its directory and with what runs there.

use e2e::ports::Port;
use e2e::process::{Process, run};
use std::path::Path;
use std::process::Command;

/// A test for each document, so that they run side by side.
macro_rules! documents {
    ($($name:ident: $document:literal,)*) => { $(
        #[test]
        fn $name() {
            sessions_are_real($document);
        }
    )*
        const DOCUMENTS: &[&str] = &[$($document),*];
    };
}
documents! {
    readme: "README.md",
    tftp_server: "docs/tftp-server.md",
    lab: "docs/lab.md",
    doctor: "docs/doctor.md",
    seeing: "docs/seeing.md",
    recipe: "docs/recipe.md",
    configuration: "docs/configuration.md",
    limits: "docs/limits.md",
    operations: "docs/operations.md",
    tree: "docs/tree.md",
    access: "docs/access.md",
    log: "docs/log.md",
    hooks: "docs/hooks.md",
    sftp_server: "docs/sftp-server.md",
    facts: "docs/facts.md",
    upgrade: "docs/upgrade.md",
    inventory: "docs/inventory.md",
}

#[test]
fn every_document_with_a_session_is_run() {
    let docs = std::fs::read_dir(e2e::root().join("docs")).expect("the documents");
    let names = docs.map(|e| e.expect("an entry").path()).filter(|p| p.extension() == Some("md".as_ref()));
    let missing: Vec<_> = names
        .filter(|p| std::fs::read_to_string(p).expect("a document").contains("```console"))
        .map(|p| format!("docs/{}", p.file_name().expect("a name").to_string_lossy()))
        .filter(|name| !DOCUMENTS.contains(&name.as_str()))
        .collect();
    assert!(missing.is_empty(), "no test runs {missing:?}");
}

#[derive(Default)]
struct Step {
    command: String,
    printed: Vec<String>,
}

fn blocks(text: &str) -> Vec<Vec<Step>> {
    let mut blocks = Vec::new();
    let mut current: Option<Vec<Step>> = None;
    let (mut skipped, mut goes_on) = (false, false);
    for line in text.lines() {
        match &mut current {
            None if line.starts_with("<!-- not run:") => skipped = true,
            None if line == "<!-- goes on -->" => goes_on = true,
            None if line == "```console" && !skipped => {
                let former = if goes_on { blocks.pop() } else { None };
                goes_on = false;
                current = Some(former.unwrap_or_default());
            }
            None if line.starts_with("```") => skipped = false,
            None => {}
            Some(_) if line == "```" => blocks.extend(current.take()),
            Some(steps) => match (line.strip_prefix("$ "), steps.last_mut()) {
                (None, Some(step)) if step.printed.is_empty() && (line == ">" || line.starts_with("> ")) => {
                    step.command.push('\n');
                    step.command.push_str(line[1..].trim_start_matches(' '));
                }
                (Some(command), _) => steps.push(Step { command: command.to_owned(), printed: Vec::new() }),
                (None, Some(step)) => step.printed.push(line.to_owned()),
                (None, None) => panic!("a console block begins with '{line}' instead of a command"),
            },
        }
    }
    blocks
}

/// Whether `line` is `pattern`, in which `…` stands for anything.
fn fits(pattern: &str, line: &str) -> bool {
    match pattern.split_once('…') {
        None => pattern == line,
        Some((head, "")) => line.starts_with(head),
        Some((head, rest)) => line
            .strip_prefix(head)
            .is_some_and(|l| (0..=l.len()).filter(|&i| l.is_char_boundary(i)).any(|i| fits(rest, &l[i..]))),
    }
}

/// Whether all `lines` are as `patterns` say; a pattern `…` alone takes any number of them.
///
/// What follows a `…` is taken where it fits first: if a later place would do, so does this one.
fn all_fit(patterns: &[String], lines: &[&str]) -> bool {
    let (mut p, mut l) = (0, 0);
    let mut again: Option<(usize, usize)> = None;
    while l < lines.len() {
        match patterns.get(p) {
            Some(any) if any == "…" => {
                again = Some((p, l));
                p += 1;
            }
            Some(pattern) if fits(pattern, lines[l].trim_end()) => (p, l) = (p + 1, l + 1),
            _ => match again {
                None => return false,
                Some((any, from)) => {
                    again = Some((any, from + 1));
                    (p, l) = (any + 1, from + 1);
                }
            },
        }
    }
    patterns[p..].iter().all(|p| p == "…")
}

fn shell(command: &str, here: &Path) -> Command {
    let mut path = std::ffi::OsString::from(e2e::towline::program().parent().expect("a directory"));
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let mut c = Command::new("bash");
    c.args(["-c", &format!("exec 2>&1; {command}")]).current_dir(here).env("PATH", path);
    c.env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8").env("COLUMNS", "100");
    // Examples know nothing of each other: the same device stands in several.
    c.env("XDG_STATE_HOME", here.join(".state"));
    c
}

fn sessions_are_real(document: &str) {
    let text = std::fs::read_to_string(e2e::root().join(document)).expect("the document");
    let blocks = blocks(&text);
    assert!(!blocks.is_empty(), "{document} shows no session");
    for block in blocks {
        let home = e2e::scratch();
        // The blocks are run where a clone's root would be.
        std::os::unix::fs::symlink(e2e::root().join("examples"), home.path().join("examples"))
            .expect("a link");
        let (tftp, ftp) = (Port::take(), Port::take());
        let (t, f) = (tftp.number.to_string(), ftp.number.to_string());
        let mut behind: Vec<Process> = Vec::new();
        for step in block {
            // In two steps: a port that is given may have the digits of the other one.
            let change = |s: &str| {
                let marked = s.replace("6969", "\u{1}").replace("2121", "\u{2}");
                marked.replace('\u{1}', &t).replace('\u{2}', &f)
            };
            let command = change(&step.command);
            let printed: Vec<String> = step.printed.iter().map(|l| change(l)).collect();
            if let Some(server) = command.strip_suffix(" &") {
                let mut p = Process::start(&mut shell(&format!("exec {server}"), home.path()));
                p.wait_for(&format!("what {document} shows of '{server}': {printed:#?}"), |s| {
                    let lines: Vec<&str> = s.out.iter().map(String::as_str).collect();
                    // It goes on and may say more before this looks: what is shown came first.
                    (0..=lines.len()).any(|n| all_fit(&printed, &lines[..n])).then_some(())
                });
                behind.push(p);
            } else {
                let ended = run(&mut shell(&command, home.path()));
                let lines: Vec<&str> = ended.out.lines().collect();
                assert!(
                    all_fit(&printed, &lines),
                    "{document}: '{command}' should print\n{}\nand printed\n{}",
                    printed.join("\n"),
                    ended.out
                );
            }
        }
    }
}

#[test]
fn patterns_mean_what_the_head_of_this_file_says() {
    assert!(fits("a … c", "a b c") && fits("a…", "abc") && fits("…c", "abc") && !fits("a … c", "a b d"));
    let any = ["a".to_owned(), "…".to_owned(), "z".to_owned()];
    assert!(
        all_fit(&any, &["a", "z"]) && all_fit(&any, &["a", "b", "c", "z"]) && !all_fit(&any, &["a", "b"])
    );
    let steps =
        blocks("x\n```console\n$ one\nout\n$ two &\n```\n<!-- not run: why -->\n```console\n$ three\n```\n");
    assert_eq!(steps.len(), 1);
    assert_eq!((steps[0].len(), steps[0][0].printed.len()), (2, 1));
    let steps =
        blocks("```console\n$ cat <<END\n> a\n> END\na\n```\n<!-- goes on -->\n```console\n$ two\n```\n");
    assert_eq!((steps.len(), steps[0].len()), (1, 2));
    assert_eq!((steps[0][0].command.as_str(), steps[0][0].printed.len()), ("cat <<END\na\nEND", 1));
}
