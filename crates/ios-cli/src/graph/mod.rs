//! The command table.
//!
//! A command is a [`Row`]: its syntax, one line of help for each token, the modes and the privilege it
//! needs, and an id of the caller's. Everything a user meets comes from the rows: the match, the caret,
//! `% Ambiguous`, `% Incomplete`, `?` and Tab.
//!
//! Syntax: `word` is a keyword; `<name:kind>` a value of kind `word`, `line` (the rest), `0-512` (a
//! number within bounds), `hex`, `addr`, `url`, `fs`, `file`, `interface`; `[a | b]` optional; `{a | b}` one
//! of; `([a] [b])` parts in whatever order. A row that begins with `[no]` has a negative form too, in which values at its end may be left
//! out; one that begins with `no` has only that form. Neither counts as a token.
//!
//! ```
//! use ios_cli::{Graph, Modes, Outcome, Row, Scope};
//! #[derive(Clone, Copy, PartialEq, Debug)]
//! enum Do { Version, Clock }
//! const ROWS: &[Row<Do>] = &[
//!     Row::new("show version", &["Show running system information", "System hardware and software status"], Modes::EXEC, 1, Do::Version).piped(),
//!     Row::new("show clock", &["Show running system information", "Display the system clock"], Modes::EXEC, 1, Do::Clock).piped(),
//! ];
//! let graph = Graph::new(&[ROWS]);
//! let scope = Scope { mode: Modes::EXEC, privilege: 15, offers: &[] };
//! let Outcome::Match(found) = graph.read(&scope, "sh  ver") else { panic!() };
//! assert_eq!(found.id, Do::Version);
//! ```

mod help;
mod read;
mod straight;
mod syntax;
#[cfg(test)]
mod tests;
mod value;

pub use help::Help;
pub use straight::{Straight, Word};
pub use value::{Arg, Interface};

use crate::Modes;
use crate::pager::Filter;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use syntax::{Token, What};

/// One command.
#[derive(Clone, Copy, Debug)]
pub struct Row<I: 'static> {
    /// What is typed; the module's doc has the notation.
    pub syntax: &'static str,
    /// One line of help for each token, in the order of `syntax`. For a `url`, `fs` or `file`, `{}` stands
    /// for the offer's own words.
    pub docs: &'static [&'static str],
    /// Where it can be typed.
    pub modes: Modes,
    /// The least privilege, 0 to 15.
    pub privilege: u8,
    /// Whether `| include …` may follow.
    pub piped: bool,
    /// The caller's name for it.
    pub id: I,
}

impl<I> Row<I> {
    /// A row without output modifiers.
    pub const fn new(
        syntax: &'static str,
        docs: &'static [&'static str],
        modes: Modes,
        privilege: u8,
        id: I,
    ) -> Row<I> {
        Row { syntax, docs, modes, privilege, piped: false, id }
    }

    /// The same row, whose output may go through `| include …`.
    #[must_use]
    pub const fn piped(mut self) -> Row<I>
    where
        I: Copy,
    {
        self.piped = true;
        self
    }
}

/// A file system prefix or configuration that the device has now: what `url` and `file` accept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Offer<'a> {
    /// `flash0:`, `tftp:`, `running-config`.
    pub name: &'a str,
    /// Its words in help, put for `{}` of the token's doc: `flash0: file system`.
    pub doc: &'a str,
    /// Whether it is a local file system (`fs` and `file` take only these).
    pub local: bool,
}

/// Where and by whom a line is typed.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The mode: one bit.
    pub mode: Modes,
    /// The user's privilege, 0 to 15.
    pub privilege: u8,
    /// The file systems and configurations there are.
    pub offers: &'a [Offer<'a>],
}

/// What a line was.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome<I> {
    /// Nothing, or a comment (`!`).
    Empty,
    /// One command.
    Match(Match<I>),
    /// A word abbreviates more than one keyword.
    Ambiguous,
    /// More was expected.
    Incomplete,
    /// A word that fits nothing.
    Invalid {
        /// The first octet that fits nothing, counted from the start of the line.
        column: usize,
        /// The number of the word, the first being 0; `do` and `no` count.
        word: usize,
    },
}

impl<I> Outcome<I> {
    /// What the device prints, or nothing for a match and an empty line. `prompt` is the length of the
    /// prompt on whose line `line` was echoed.
    pub fn complaint(&self, line: &str, prompt: usize) -> Option<String> {
        Some(match self {
            Outcome::Empty | Outcome::Match(_) => return None,
            // Two spaces, the whole line, no blank line after it.
            Outcome::Ambiguous => format!("% Ambiguous command:  \"{}\"\n", line.trim_end()),
            Outcome::Incomplete => "% Incomplete command.\n\n".into(),
            Outcome::Invalid { column, .. } => {
                format!(
                    "{:>width$}\n% Invalid input detected at '^' marker.\n\n",
                    '^',
                    width = prompt + column + 1
                )
            }
        })
    }
}

/// A command as it was meant.
#[derive(Clone, PartialEq, Debug)]
pub struct Match<I> {
    /// The row's id.
    pub id: I,
    /// Negated with `no`.
    pub no: bool,
    /// Typed behind `do` in a configuration mode.
    pub via_do: bool,
    /// The mode whose row it was: the parent's, if the line left a sub-mode.
    pub mode: Modes,
    /// The keywords, written out, in the order typed.
    pub words: Vec<&'static str>,
    /// The values by name, in the order typed.
    pub args: Vec<(&'static str, Arg)>,
    /// What follows `|`.
    pub filter: Option<Filter>,
}

impl<I> Match<I> {
    /// Whether the keyword was given (`/all`, say).
    pub fn has(&self, keyword: &str) -> bool {
        self.words.contains(&keyword)
    }

    /// The value of that name.
    pub fn arg(&self, name: &str) -> Option<&Arg> {
        self.args.iter().find(|(n, _)| *n == name).map(|(_, a)| a)
    }

    /// The value as text, of whatever kind `word`, `line`, `url` or `file` it is.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.arg(name)?.text()
    }

    /// The value as a number (`0-512`, `hex`).
    pub fn number(&self, name: &str) -> Option<u64> {
        self.arg(name)?.number()
    }

    /// The value as an address.
    pub fn addr(&self, name: &str) -> Option<core::net::Ipv4Addr> {
        self.arg(name)?.addr()
    }
}

/// The rows, ready to be read with.
#[derive(Debug)]
pub struct Graph<I: 'static> {
    rows: Vec<Compiled<I>>,
    paths: Vec<Path>,
}

#[derive(Debug)]
struct Compiled<I: 'static> {
    row: Row<I>,
    tokens: Vec<Token>,
}

/// One straight way through a row.
#[derive(Debug)]
struct Path {
    row: usize,
    tokens: Vec<usize>,
    sign: Sign,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sign {
    Positive,
    Negative,
    Both,
}

impl<I: Copy> Graph<I> {
    /// Compiles the tables of the caller. Panics on a bad row, with the row.
    pub fn new(tables: &[&[Row<I>]]) -> Graph<I> {
        let mut graph = Graph { rows: Vec::new(), paths: Vec::new() };
        for row in tables.iter().copied().flatten() {
            let (sign, syntax) = if let Some(rest) = row.syntax.strip_prefix("[no] ") {
                (Sign::Both, rest)
            } else if let Some(rest) = row.syntax.strip_prefix("no ") {
                (Sign::Negative, rest)
            } else {
                (Sign::Positive, row.syntax)
            };
            let (tokens, paths) = syntax::compile(syntax, row.docs);
            let number = graph.rows.len();
            graph.rows.push(Compiled { row: *row, tokens });
            graph.paths.extend(paths.into_iter().map(|tokens| Path { row: number, tokens, sign }));
        }
        graph
    }

    fn row(&self, path: usize) -> &Compiled<I> {
        &self.rows[self.paths[path].row]
    }

    /// The `at`-th token of a path.
    fn token(&self, path: usize, at: usize) -> Option<&Token> {
        let n = *self.paths[path].tokens.get(at)?;
        Some(&self.row(path).tokens[n])
    }

    /// Whether a line may end here.
    fn complete(&self, path: usize, at: usize, no: bool) -> bool {
        let mut rest = (at..self.paths[path].tokens.len()).filter_map(|n| self.token(path, n));
        if no && self.paths[path].sign == Sign::Both {
            rest.all(|t| matches!(t.what, What::Value { .. }))
        } else {
            rest.next().is_none()
        }
    }
}
