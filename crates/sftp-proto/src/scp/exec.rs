//! The command that a client has the server run: `scp [-v] [-r] [-p] [-d] -t|-f path…`.

use super::pattern::{Glyph, Pattern};
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

/// Octets of the longest command that is looked at: a hundred paths.
const LONGEST: usize = 64 << 10;
/// Paths of one command.
const MOST_PATHS: usize = 1_000;

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exec {
    /// Which way files go.
    pub way: Way,
    /// `-r`: directories with all that is in them.
    pub recursive: bool,
    /// `-p`: times and modes too.
    pub preserve: bool,
    /// `-d`: the target must be a directory.
    pub directory: bool,
    /// At least one.
    pub paths: Vec<Pattern>,
}

/// Which way files go, from where the command runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// `-t`: files come.
    To,
    /// `-f`: files go.
    From,
}

/// What is no command that is done here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BadExec {
    /// Another program.
    NotScp,
    /// Far too long.
    TooLong(usize),
    /// What a shell would do something with.
    ForAShell(char),
    /// A quote that does not end, or a backslash at the end.
    Quote,
    /// A home of somebody else.
    Home,
    /// An option.
    Option(char),
    /// Neither `-t` nor `-f`, or both.
    NoWay,
    /// No path, or of `-t` more than one.
    Paths(usize, &'static str),
}

impl fmt::Display for BadExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadExec::NotScp => f.write_str("only scp is done here: no other command is ever run"),
            BadExec::TooLong(a) => write!(f, "the command has {a} octets, at most {LONGEST}"),
            BadExec::ForAShell(a) => {
                write!(f, "'{a}' means something to a shell, and there is none here: quote it")
            }
            BadExec::Quote => f.write_str("a quote that does not end"),
            BadExec::Home => f.write_str("no home but one's own is known here"),
            BadExec::Option(a) => write!(f, "the option -{a} is not known"),
            BadExec::NoWay => f.write_str("one of -t and -f is wanted"),
            BadExec::Paths(a, b) => write!(f, "{a} paths, where {b} wanted"),
        }
    }
}

impl core::error::Error for BadExec {}

impl Exec {
    /// Reads a command by the rules of quoting of a shell. What a shell would do beyond that (variables, other
    /// commands) is refused, not done.
    ///
    /// # Errors
    /// [`BadExec`], with words for the peer.
    pub fn parse(command: &[u8]) -> Result<Exec, BadExec> {
        if command.len() > LONGEST {
            return Err(BadExec::TooLong(command.len()));
        }
        let mut words = words(command)?.into_iter();
        let program = words.next().and_then(|word| word.literal()).ok_or(BadExec::NotScp)?;
        if program.rsplit(|&b| b == b'/').next() != Some(b"scp") {
            return Err(BadExec::NotScp);
        }
        let (mut recursive, mut preserve, mut directory, mut way) = (false, false, false, None);
        let mut paths = Vec::new();
        let mut options_over = false;
        for word in words {
            let literal = word.literal();
            let options = literal.as_deref().and_then(|word| word.strip_prefix(b"-"));
            let Some(options) = options.filter(|rest| !options_over && !rest.is_empty()) else {
                // As getopt has it: behind the first path there are only paths.
                options_over = true;
                paths.push(word);
                continue;
            };
            if options == b"-" {
                options_over = true;
                continue;
            }
            for option in options {
                match option {
                    b't' if way != Some(Way::From) => way = Some(Way::To),
                    b'f' if way != Some(Way::To) => way = Some(Way::From),
                    b't' | b'f' => return Err(BadExec::NoWay),
                    b'r' => recursive = true,
                    b'p' => preserve = true,
                    b'd' => directory = true,
                    // What it would tell goes to a stderr that devices do not read.
                    b'v' | b'q' => {}
                    other => return Err(BadExec::Option(char::from(*other))),
                }
            }
        }
        let way = way.ok_or(BadExec::NoWay)?;
        match (way, paths.len()) {
            (Way::To, 1) => {}
            (Way::To, many) => return Err(BadExec::Paths(many, "exactly one is")),
            (Way::From, 1..=MOST_PATHS) => {}
            (Way::From, many) => return Err(BadExec::Paths(many, "at least one and at most 1,000 are")),
        }
        Ok(Exec { way, recursive, preserve, directory, paths })
    }

    /// The command for a far end. A path that a shell would take as it is stands there as it is: devices, which have no
    /// shell, take quotes for a part of the name (and IOS refuses `-p`). Any other is in quotes.
    pub fn command(way: Way, recursive: bool, preserve: bool, path: &[u8]) -> Vec<u8> {
        let options = [(recursive, &b"-r "[..]), (preserve, b"-p ")];
        Exec::with(options.into_iter().filter_map(|(wanted, option)| wanted.then_some(option)), way, path)
    }

    /// The same for a whole tree with its times, where one that goes is to go into a directory that is there.
    pub fn tree(way: Way, path: &[u8]) -> Vec<u8> {
        let into = match way {
            Way::To => Some(&b"-d "[..]),
            Way::From => None,
        };
        Exec::with([&b"-r "[..], b"-p "].into_iter().chain(into), way, path)
    }

    fn with<'o>(options: impl Iterator<Item = &'o [u8]>, way: Way, path: &[u8]) -> Vec<u8> {
        let mut out = Vec::from(*b"scp ");
        options.for_each(|option| out.extend_from_slice(option));
        out.extend_from_slice(match way {
            Way::To => b"-t ",
            Way::From => b"-f ",
        });
        if path.first() == Some(&b'-') {
            out.extend_from_slice(b"-- ");
        }
        if !path.is_empty() && path.iter().all(|b| b.is_ascii_alphanumeric() || b"/._-:+=@,%".contains(b)) {
            out.extend_from_slice(path);
            return out;
        }
        out.push(b'\'');
        for &b in path {
            if b == b'\'' { out.extend_from_slice(b"'\\''") } else { out.push(b) }
        }
        out.push(b'\'');
        out
    }
}

/// The words of a command (POSIX.1 XCU 2.2, without expansions but those of names).
fn words(command: &[u8]) -> Result<Vec<Pattern>, BadExec> {
    let mut words = Vec::new();
    let mut word: Option<Vec<Glyph>> = None;
    let mut rest = command.iter().copied().peekable();
    while let Some(b) = rest.next() {
        match b {
            b' ' | b'\t' => words.extend(word.take()),
            b'\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next().ok_or(BadExec::Quote)? {
                        b'\'' => break,
                        b => word.push(Glyph::Octet(b)),
                    }
                }
            }
            b'"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next().ok_or(BadExec::Quote)? {
                        b'"' => break,
                        b'\\' if matches!(rest.peek(), Some(b'"' | b'\\' | b'$' | b'`')) => {
                            word.extend(rest.next().map(Glyph::Octet));
                        }
                        b @ (b'$' | b'`') => return Err(BadExec::ForAShell(char::from(b))),
                        b => word.push(Glyph::Octet(b)),
                    }
                }
            }
            b'\\' => {
                let b = rest.next().ok_or(BadExec::Quote)?;
                word.get_or_insert_default().push(Glyph::Octet(b));
            }
            b'$' | b'`' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' | b'\n' | b'\r' => {
                return Err(BadExec::ForAShell(char::from(b)));
            }
            // A comment, where a word would begin.
            b'#' if word.is_none() => return Err(BadExec::ForAShell('#')),
            // One's own home is where a session begins.
            b'~' if word.is_none() => match rest.peek() {
                None | Some(b' ' | b'\t' | b'/') => word.get_or_insert_default().push(Glyph::Octet(b'.')),
                Some(_) => return Err(BadExec::Home),
            },
            b'*' => word.get_or_insert_default().push(Glyph::Any),
            b'?' => word.get_or_insert_default().push(Glyph::One),
            b'[' => word.get_or_insert_default().push(Glyph::Open),
            b => word.get_or_insert_default().push(Glyph::Octet(b)),
        }
    }
    words.extend(word);
    Ok(words.into_iter().map(Pattern::new).collect())
}

/// What a command was, for a message or a log.
pub fn shown(command: &[u8]) -> String {
    let some = &command[..command.len().min(256)];
    some.escape_ascii().to_string()
}
