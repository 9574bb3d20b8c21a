//! The syntax string of a row, parsed into the straight paths through it.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// One token of a row.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) what: What,
    pub(super) doc: &'static str,
}

/// What may be typed for a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// Itself or a unique abbreviation.
    Keyword(&'static str),
    /// A value.
    Value { name: &'static str, kind: Kind },
}

/// The kinds of value; how each is written in help is in [`Kind::sign`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Anything without a space.
    Word,
    /// The rest of the line.
    Line,
    /// A decimal number within bounds.
    Number(u64, u64),
    /// `0x2102`
    Hex,
    /// `10.0.0.1`
    Addr,
    /// A time of day: `10:00:00`
    Time,
    /// A month by its name or how that begins: `Nov`, `november`
    Month,
    /// A file system, a configuration or a file: a bare `flash` is the file system.
    Url,
    /// A local file system, with or without its colon; no file.
    Fs,
    /// A file on a local file system: a bare `flash` is a file of that name.
    File,
    /// `g0/0`, `GigabitEthernet 0/0`
    Interface,
}

impl Kind {
    /// The sign that stands for the value in help.
    pub(super) fn sign(self) -> String {
        match self {
            Kind::Word | Kind::Url | Kind::Fs | Kind::File => "WORD".into(),
            Kind::Line => "LINE".into(),
            Kind::Number(low, high) => alloc::format!("<{low}-{high}>"),
            Kind::Hex => "<0x0-0xFFFF>".into(),
            Kind::Addr => "A.B.C.D".into(),
            Kind::Time => "hh:mm:ss".into(),
            Kind::Month => "MONTH".into(),
            Kind::Interface => "IFNAME".into(),
        }
    }

    fn parse(text: &str) -> Option<Kind> {
        Some(match text {
            "word" => Kind::Word,
            "line" => Kind::Line,
            "hex" => Kind::Hex,
            "addr" => Kind::Addr,
            "time" => Kind::Time,
            "month" => Kind::Month,
            "url" => Kind::Url,
            "fs" => Kind::Fs,
            "file" => Kind::File,
            "interface" => Kind::Interface,
            range => {
                let (low, high) = range.split_once('-')?;
                Kind::Number(low.parse().ok()?, high.parse().ok()?)
            }
        })
    }
}

enum Node {
    Token(usize),
    /// `{a | b}`, or with an empty alternative `[a | b]`.
    Choice(Vec<Vec<Node>>),
    /// `([a] [b])`: as many of them as are there, in whatever order.
    Parts(Vec<Node>),
}

/// The tokens of `syntax` in their order and every straight path through them, as token numbers. These ascend, unless
/// parts of `(…)` have changed places.
///
/// Panics on a bad table: that is ours to fix, and every table is built in a test.
pub(super) fn compile(syntax: &'static str, docs: &[&'static str]) -> (Vec<Token>, Vec<Vec<usize>>) {
    let mut reader = Reader { rest: syntax, syntax, docs, tokens: Vec::new() };
    let choices = reader.alternatives();
    assert!(reader.rest.is_empty(), "row '{syntax}': '{}' closes nothing", reader.rest);
    assert!(choices.len() == 1, "row '{syntax}': '|' needs braces round it");
    assert!(
        reader.tokens.len() == docs.len(),
        "row '{syntax}': {} tokens, {} docs",
        reader.tokens.len(),
        docs.len()
    );
    let mut paths = vec![Vec::new()];
    walk(&choices[0], &mut paths);
    (reader.tokens, paths)
}

/// Appends every way through `nodes` to every path.
fn walk(nodes: &[Node], paths: &mut Vec<Vec<usize>>) {
    for node in nodes {
        match node {
            Node::Token(n) => paths.iter_mut().for_each(|p| p.push(*n)),
            Node::Choice(alternatives) => {
                let start = core::mem::take(paths);
                for a in alternatives {
                    let mut branch = start.clone();
                    walk(a, &mut branch);
                    paths.append(&mut branch);
                }
            }
            Node::Parts(parts) => {
                let ways = in_any_order(parts);
                let start = core::mem::take(paths);
                paths.extend(
                    ways.iter().flat_map(|way| start.iter().map(move |path| [&path[..], way].concat())),
                );
            }
        }
    }
}

/// Every way through `parts` as they stand, then those in other orders.
fn in_any_order(parts: &[Node]) -> Vec<Vec<usize>> {
    // Which of them are there: each as its tokens.
    let mut choices: Vec<Vec<Vec<usize>>> = vec![Vec::new()];
    for part in parts {
        let mut alternatives = vec![Vec::new()];
        walk(core::slice::from_ref(part), &mut alternatives);
        let with = |way: &Vec<usize>, choice: &Vec<Vec<usize>>| {
            let mut choice = choice.clone();
            choice.extend(Some(way.clone()).filter(|way| !way.is_empty()));
            choice
        };
        let ways = |way| choices.iter().map(move |choice| with(way, choice));
        choices = alternatives.iter().flat_map(ways).collect();
    }
    let mut all: Vec<Vec<usize>> = choices.iter().map(|choice| choice.concat()).collect();
    for mut choice in choices {
        let mut orders = Vec::new();
        reorder(&mut choice, 0, &mut orders);
        all.extend(orders.into_iter().skip(1));
    }
    all
}

/// Appends every order of `choice` from `at` on to `orders`; the first is the one that stands there.
fn reorder(choice: &mut [Vec<usize>], at: usize, orders: &mut Vec<Vec<usize>>) {
    if at + 1 >= choice.len() {
        return orders.push(choice.concat());
    }
    for other in at..choice.len() {
        choice.swap(at, other);
        reorder(choice, at + 1, orders);
        choice.swap(at, other);
    }
}

struct Reader<'a> {
    rest: &'static str,
    syntax: &'static str,
    docs: &'a [&'static str],
    tokens: Vec<Token>,
}

impl Reader<'_> {
    /// Sequences between `|`, up to a closing bracket or the end.
    fn alternatives(&mut self) -> Vec<Vec<Node>> {
        let mut all = vec![Vec::new()];
        loop {
            self.rest = self.rest.trim_start();
            let Some(first) = self.rest.chars().next() else { return all };
            let node = match first {
                ']' | '}' | ')' => return all,
                '|' => {
                    self.rest = &self.rest[1..];
                    all.push(Vec::new());
                    continue;
                }
                '[' | '{' => {
                    self.rest = &self.rest[1..];
                    let mut inner = self.alternatives();
                    let close = if first == '[' { ']' } else { '}' };
                    assert!(self.rest.starts_with(close), "row '{}': '{close}' is missing", self.syntax);
                    self.rest = &self.rest[1..];
                    if first == '[' {
                        inner.push(Vec::new());
                    }
                    Node::Choice(inner)
                }
                '(' => {
                    self.rest = &self.rest[1..];
                    let mut inner = self.alternatives();
                    assert!(self.rest.starts_with(')'), "row '{}': ')' is missing", self.syntax);
                    assert!(inner.len() == 1, "row '{}': '|' in '(…)' needs brackets round it", self.syntax);
                    self.rest = &self.rest[1..];
                    Node::Parts(inner.remove(0))
                }
                '<' => {
                    let end = self.rest.find('>').expect("a table: '<' is closed by '>'");
                    let (name, kind) = self.rest[1..end].split_once(':').expect("a table: <name:kind>");
                    let kind = Kind::parse(kind).expect("a table: the kind is one of those above");
                    self.rest = &self.rest[end + 1..];
                    self.token(What::Value { name, kind })
                }
                _ => {
                    let end = self
                        .rest
                        .find([' ', '[', ']', '{', '}', '(', ')', '|', '<'])
                        .unwrap_or(self.rest.len());
                    let word = &self.rest[..end];
                    self.rest = &self.rest[end..];
                    self.token(What::Keyword(word))
                }
            };
            all.last_mut().expect("never empty").push(node);
        }
    }

    fn token(&mut self, what: What) -> Node {
        let n = self.tokens.len();
        let doc = self.docs.get(n).copied().unwrap_or("");
        self.tokens.push(Token { what, doc });
        Node::Token(n)
    }
}
