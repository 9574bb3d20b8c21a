//! Somebody at a terminal: editing, history, Tab.

use super::completing::{Candidate, Wanted, What, replacements, wanted};
use super::table::Names;
use super::{Shell, Went, joined};
use crate::exit::{Exit, Failure};
use client::Kind;
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Lines that are remembered.
const REMEMBERED: usize = 1_000;

/// Does lines until somebody leaves. What fails is told, and is no failure of the shell.
pub(crate) fn run(shell: Shell, history: Option<&Path>) -> Result<(), Failure> {
    let fault = |e: ReadlineError| Failure::new(Exit::Local, "the terminal", e, "");
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .max_history_size(REMEMBERED)
        .map_err(fault)?
        .history_ignore_space(true)
        .auto_add_history(true)
        .build();
    let mut editor: Editor<Tab, FileHistory> = Editor::with_config(config).map_err(fault)?;
    let shell = Rc::new(RefCell::new(shell));
    editor.set_helper(Some(Tab(shell.clone())));
    // Without a history everything else goes.
    let history = history.and_then(|file| made(file).ok());
    if let Some(file) = &history {
        let _ = editor.load_history(file);
    }
    loop {
        let prompt = shell.borrow().prompt();
        let line = match editor.readline(&prompt) {
            Ok(line) => line,
            // Ctrl-C drops the line.
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(e) => return Err(fault(e)),
        };
        let went = shell.borrow_mut().line(&line);
        if let Some(file) = &history {
            let _ = editor.append_history(file);
        }
        match went {
            Ok(Went::On) => {}
            Ok(Went::Leave) => return Ok(()),
            Err(failure) => eprintln!("towline: {failure}"),
        }
    }
}

/// The file of a history, nobody else's to read.
fn made(file: &Path) -> std::io::Result<PathBuf> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt};
    if let Some(directory) = file.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let made = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(file)?;
    made.set_permissions(PermissionsExt::from_mode(0o600))?;
    Ok(file.to_path_buf())
}

/// Completes names of both sides.
struct Tab(Rc<RefCell<Shell>>);

impl Tab {
    /// The names in a directory; none where it cannot be looked at now.
    fn names(&self, names: Names, directory: &str) -> Vec<Candidate> {
        match names {
            Names::There => self.there(directory).unwrap_or_default(),
            Names::Here => here(directory).unwrap_or_default(),
            Names::Nothing => Vec::new(),
        }
    }

    fn there(&self, directory: &str) -> Option<Vec<Candidate>> {
        let mut shell = self.0.try_borrow_mut().ok()?;
        let path = joined(&shell.here, directory.as_bytes());
        // What ended the last command is not to end this.
        let cancel = shell.running.next().ok()?;
        let place = shell.place().ok()?;
        place.set_cancel(Some(cancel));
        let listed = place.list(&path).ok()?;
        let of = |listed: client::Listed| {
            let is_directory = listed.kind == Some(Kind::Directory);
            String::from_utf8(listed.name).ok().map(|name| Candidate { name, is_directory })
        };
        Some(listed.into_iter().filter_map(of).collect())
    }
}

fn here(directory: &str) -> std::io::Result<Vec<Candidate>> {
    let directory = if directory.is_empty() { "." } else { directory };
    let of = |entry: std::fs::DirEntry| {
        let is_directory = entry.path().is_dir();
        entry.file_name().into_string().ok().map(|name| Candidate { name, is_directory })
    };
    Ok(std::fs::read_dir(directory)?.flatten().filter_map(of).collect())
}

impl Completer for Tab {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let pair = |(display, replacement)| Pair { display, replacement };
        let Some(wanted) = wanted(&line[..pos]) else { return Ok((pos, Vec::new())) };
        let Wanted { start, what, .. } = &wanted;
        let found = match what {
            What::Commands(names) => {
                let of = |name: &&str| ((*name).to_owned(), format!("{name} "));
                names.iter().map(of).map(pair).collect()
            }
            What::Name { names, directory, prefix } => {
                let candidates = self.names(*names, directory);
                replacements(&wanted, directory, prefix, candidates.into_iter())
                    .into_iter()
                    .map(pair)
                    .collect()
            }
        };
        Ok((*start, found))
    }
}

impl Helper for Tab {}
impl Highlighter for Tab {}
impl Validator for Tab {}

impl Hinter for Tab {
    type Hint = String;
}
