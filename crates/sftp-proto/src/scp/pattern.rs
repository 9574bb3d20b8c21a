//! Names with `*`, `?` and `[…]` (POSIX.1 XCU 2.13).

use alloc::vec::Vec;

/// One octet of a pattern and whether it stands for itself: what was quoted does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Glyph {
    /// This one.
    Octet(u8),
    /// `*`: any octets of one component.
    Any,
    /// `?`: one of them.
    One,
    /// `[`: one of those up to `]`.
    Open,
}

impl Glyph {
    /// As it was written.
    fn octet(self) -> u8 {
        match self {
            Glyph::Octet(b) => b,
            Glyph::Any => b'*',
            Glyph::One => b'?',
            Glyph::Open => b'[',
        }
    }
}

/// A path in which some octets stand for others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern(Vec<Glyph>);

impl Pattern {
    /// Of these.
    pub fn new(glyphs: Vec<Glyph>) -> Pattern {
        Pattern(glyphs)
    }

    /// As people write it: `*`, `?` and `[…]` stand for others, `\` makes what follows it stand for itself.
    pub fn read(text: &[u8]) -> Pattern {
        let mut octets = text.iter().copied();
        let mut glyphs = Vec::new();
        while let Some(octet) = octets.next() {
            glyphs.push(match octet {
                b'*' => Glyph::Any,
                b'?' => Glyph::One,
                b'[' => Glyph::Open,
                b'\\' => Glyph::Octet(octets.next().unwrap_or(b'\\')),
                other => Glyph::Octet(other),
            });
        }
        Pattern(glyphs)
    }

    /// A path as it is.
    pub fn of(path: &[u8]) -> Pattern {
        Pattern(path.iter().map(|&b| Glyph::Octet(b)).collect())
    }

    /// The path, where every octet stands for itself.
    pub fn literal(&self) -> Option<Vec<u8>> {
        let octet = |glyph: &Glyph| match glyph {
            Glyph::Octet(b) => Some(*b),
            Glyph::Any | Glyph::One | Glyph::Open => None,
        };
        self.0.iter().map(octet).collect()
    }

    /// As it was written, without quotes.
    pub fn written(&self) -> Vec<u8> {
        self.0.iter().map(|glyph| glyph.octet()).collect()
    }

    /// The components, each a pattern of its own; empty ones are left out.
    pub fn components(&self) -> impl Iterator<Item = Pattern> {
        let parts = self.0.split(|glyph| *glyph == Glyph::Octet(b'/'));
        parts.filter(|part| !part.is_empty()).map(|part| Pattern(part.to_vec()))
    }

    /// Whether a component of a path is like this one. Names that begin with a dot only fit where that stands there.
    pub fn fits(&self, name: &[u8]) -> bool {
        if name.first() == Some(&b'.') && self.0.first() != Some(&Glyph::Octet(b'.')) {
            return false;
        }
        self.fits_any(name)
    }

    /// The same, whatever the name begins with.
    pub fn fits_any(&self, name: &[u8]) -> bool {
        fits(&self.0, name)
    }
}

/// Takes at most pattern x name steps: where the rest does not fit, only the last `*` can take one more.
fn fits(pattern: &[Glyph], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        let step = match (pattern.get(p), name.get(n)) {
            (None, None) => return true,
            (Some(Glyph::Any), _) => {
                star = Some((p + 1, n));
                p += 1;
                continue;
            }
            (Some(Glyph::One), Some(_)) => Some(p + 1),
            (Some(Glyph::Octet(a)), Some(b)) if a == b => Some(p + 1),
            (Some(Glyph::Open), Some(b)) => match set(&pattern[p + 1..], *b) {
                Some((true, len)) => Some(p + 1 + len),
                Some((false, _)) => None,
                // Without an end it is a bracket.
                None => (*b == b'[').then_some(p + 1),
            },
            (Some(Glyph::Octet(_) | Glyph::One | Glyph::Open), _) | (None, Some(_)) => None,
        };
        if let Some(next) = step {
            (p, n) = (next, n + 1);
            continue;
        }
        match &mut star {
            Some((after, from)) if *from < name.len() => {
                *from += 1;
                (p, n) = (*after, *from);
            }
            Some(_) | None => return false,
        }
    }
}

/// Whether an octet is in the set that `pattern` begins with behind its `[`, and how many glyphs that has with its `]`.
fn set(pattern: &[Glyph], b: u8) -> Option<(bool, usize)> {
    let not = matches!(pattern.first(), Some(Glyph::Octet(b'!' | b'^')));
    let start = usize::from(not);
    // A `]` that comes first is one of the set.
    let len = pattern.iter().skip(start + 1).position(|glyph| *glyph == Glyph::Octet(b']'))? + start + 1;
    let mut inside = &pattern[start..len];
    let mut is_in = false;
    while let Some((first, rest)) = inside.split_first() {
        inside = rest;
        let low = first.octet();
        let high = match rest {
            [Glyph::Octet(b'-'), high, ..] => {
                inside = &rest[2..];
                high.octet()
            }
            _one => low,
        };
        is_in |= (low..=high).contains(&b);
    }
    Some((is_in != not, len + 1))
}
