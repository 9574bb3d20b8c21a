//! A screen with what may differ left open: names are the test's own, numbers, times and marks are `{…}`.

/// A part of a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Open(Kind),
}

/// What stands for an open part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// `{n}`: digits; `{n:10}`: the same to the right of so many columns.
    Number(usize),
    /// `{secs}`: `0.132`
    Seconds,
    /// `{marks}`: what a transfer prints while it runs, wrapped at the terminal's width.
    Marks,
    /// `{hex}`
    Hex,
    /// `{word}`
    Word,
    /// `{date}`: `Mar 01 2026 12:00:00 +00:00`
    Date,
    /// `{time}`: `*12:00:00.123 UTC Sun Mar 1 2026` and its kin, to the line's end.
    Rest,
    /// `{lines}`: whatever, over lines.
    Lines,
}

const KINDS: &[(&str, Kind)] = &[
    ("n", Kind::Number(0)),
    ("secs", Kind::Seconds),
    ("marks", Kind::Marks),
    ("hex", Kind::Hex),
    ("word", Kind::Word),
    ("date", Kind::Date),
    ("rest", Kind::Rest),
    ("lines", Kind::Lines),
];

/// A text with open parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pattern(Vec<Piece>);

/// How a text stands to a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fit {
    /// So many octets of it are the pattern.
    Whole(usize),
    /// It may become the pattern when more comes.
    Part(Parting),
    /// It is another text.
    Never(Parting),
}

/// Where a text leaves its pattern.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Parting {
    /// Octets of the text up to there.
    pub(super) at: usize,
    /// What was to come.
    pub(super) expected: String,
}

/// What a search has seen.
#[derive(Default)]
struct Reach {
    hungry: bool,
    /// How far it came: the piece, in the text, octets of the piece that fit.
    furthest: (usize, usize, usize),
}

impl Pattern {
    /// Reads `text`; a brace that is none of the table's is a brace.
    pub(super) fn new(text: &str) -> Pattern {
        let (mut pieces, mut plain) = (Vec::new(), String::new());
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            plain.push_str(&rest[..at]);
            let open = rest[at..].find('}').and_then(|to| Some((kind(&rest[at + 1..at + to])?, at + to + 1)));
            match open {
                Some((kind, to)) => {
                    if !plain.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    }
                    pieces.push(Piece::Open(kind));
                    rest = &rest[to..];
                }
                None => {
                    plain.push('{');
                    rest = &rest[at + 1..];
                }
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Pattern(pieces)
    }

    /// Whether `text` begins so.
    pub(super) fn fits(&self, text: &str) -> Fit {
        let mut reach = Reach::default();
        match fits(&self.0, 0, text, 0, &mut reach) {
            Some(n) => Fit::Whole(n),
            None if reach.hungry => Fit::Part(self.parting(&reach)),
            None => Fit::Never(self.parting(&reach)),
        }
    }

    /// Whether all of `text` fits.
    pub(super) fn is(&self, text: &str) -> bool {
        let mut pieces = self.0.clone();
        // Nothing that is printable ends a text.
        pieces.push(Piece::Text("\0".into()));
        fits(&pieces, 0, &format!("{text}\0"), 0, &mut Reach::default()).is_some()
    }

    fn parting(&self, reach: &Reach) -> Parting {
        let (piece, at, octets) = reach.furthest;
        let mut expected = String::new();
        for (n, p) in self.0.iter().enumerate().skip(piece) {
            match p {
                Piece::Text(plain) => expected.push_str(&plain[if n == piece { octets } else { 0 }..]),
                Piece::Open(kind) => expected.push_str(&format!("{{{kind:?}}}")),
            }
        }
        Parting { at, expected }
    }
}

fn kind(name: &str) -> Option<Kind> {
    match name.strip_prefix("n:") {
        Some(width) => width.parse().ok().map(Kind::Number),
        None => KINDS.iter().find(|(n, _)| *n == name).map(|(_, kind)| *kind),
    }
}

/// How much of `text` from `at` on the pieces from `first` on are.
fn fits(pieces: &[Piece], first: usize, text: &str, at: usize, reach: &mut Reach) -> Option<usize> {
    let Some(piece) = pieces.get(first) else { return Some(0) };
    let rest = &text[at..];
    match piece {
        Piece::Text(plain) => {
            let same = plain.bytes().zip(rest.bytes()).take_while(|(a, b)| a == b).count();
            let same = (0..=same).rev().find(|n| plain.is_char_boundary(*n)).unwrap_or(0);
            reach.furthest = reach.furthest.max((first, at + same, same));
            reach.hungry |= same == rest.len() && same < plain.len();
            (same == plain.len()).then_some(())?;
            Some(same + fits(pieces, first + 1, text, at + same, reach)?)
        }
        Piece::Open(kind) => {
            reach.furthest = reach.furthest.max((first, at, 0));
            // The longest first; what stands behind decides.
            let ends = ends(*kind, rest);
            reach.hungry |= rest.len() < 32 || ends.last() == Some(&rest.len());
            ends.into_iter().rev().find_map(|n| Some(n + fits(pieces, first + 1, text, at + n, reach)?))
        }
    }
}

/// Where an open part of this kind may end, the shortest first.
fn ends(kind: Kind, text: &str) -> Vec<usize> {
    let run = |good: fn(char) -> bool| {
        let most = text.find(|c| !good(c)).unwrap_or(text.len());
        text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|at| *at <= most).collect::<Vec<_>>()
    };
    match kind {
        Kind::Number(0) => run(|c| c.is_ascii_digit()),
        Kind::Number(width) => {
            let blanks = text.len() - text.trim_start_matches(' ').len();
            let digits = text[blanks..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - blanks);
            let fits = digits > 0 && (blanks + digits == width || blanks == 0 && digits > width);
            if fits { vec![blanks + digits] } else { Vec::new() }
        }
        Kind::Seconds => {
            let whole = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            let part = text.get(whole + 1..whole + 4).is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()));
            let good = whole > 0 && text[whole..].starts_with('.') && part;
            if good { vec![whole + 4] } else { Vec::new() }
        }
        Kind::Marks => run(|c| "!.OCeV#\n".contains(c)),
        Kind::Hex => run(|c| c.is_ascii_hexdigit()),
        Kind::Word => run(|c| !c.is_whitespace()),
        Kind::Date => {
            let shape = |text: &str| {
                let open = |b: u8| if b.is_ascii_digit() { b'0' } else { b };
                text.bytes().map(open).collect::<Vec<_>>()[3..] == *b" 00 0000 00:00:00 +00:00"
            };
            let good = text
                .get(..27)
                .is_some_and(|t| t.as_bytes()[0].is_ascii_uppercase() && shape(&t.replacen("  ", " 0", 1)));
            if good { vec![27] } else { Vec::new() }
        }
        Kind::Rest => std::iter::once(0).chain(run(|c| c != '\n')).collect(),
        Kind::Lines => std::iter::once(0).chain(run(|_| true)).collect(),
    }
}

#[test]
fn what_is_open_fits_what_it_says_and_nothing_else() {
    for (pattern, good, bad) in [
        ("{n} bytes", "65700 bytes", "x bytes"),
        ("|{n:8}|", "|     123|", "|   123|"),
        ("in {secs} secs", "in 0.132 secs", "in .132 secs"),
        ("H: {marks}\n[OK]", "H: !!!.!\n!!\n[OK]", "H: !?!\n[OK]"),
        ("= {hex}\n", "= 00ffAB\n", "= xyz\n"),
        ("{date}  a", "Oct 17 2018 18:57:10 +00:00  a", "Oct 17 2018 18:57:10  a"),
        ("{date}  a", "Oct  7 2018 18:57:10 +00:00  a", "Oct 7 2018 18:57:10 +00:00  a"),
        ("a {rest}\nb", "a \nb", "a \n\nb"),
        ("a{lines}b", "a\n\nxb", "a\n\nx"),
        ("{a} {word}", "{a} x", "a x"),
    ] {
        let pattern = Pattern::new(pattern);
        assert!(pattern.is(good), "{pattern:?} {good:?}");
        assert!(!pattern.is(bad), "{pattern:?} {bad:?}");
    }
}
