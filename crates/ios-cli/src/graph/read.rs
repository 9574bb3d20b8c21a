//! Reading a line: all paths at once, word by word.

use super::syntax::{Kind, What};
use super::value::{Fit, begins, common, fit, number_of};
use super::{Arg, Graph, Match, Outcome, Scope, Sign};
use crate::Modes;
use crate::pager::Filter;
use alloc::vec::Vec;

/// A path that fits the words so far.
#[derive(Clone, Debug)]
pub(super) struct Walker {
    pub(super) path: usize,
    pub(super) at: usize,
    words: Vec<&'static str>,
    args: Vec<(&'static str, Arg)>,
    /// An interface's type whose number is the next word.
    half: Option<&'static str>,
}

impl Walker {
    /// Whether the next word is the number of an interface.
    pub(super) fn is_half(&self) -> bool {
        self.half.is_some()
    }
}

/// Where a line stands when its words are read.
pub(super) struct Walked {
    pub(super) walkers: Vec<Walker>,
    pub(super) mode: Modes,
    pub(super) no: bool,
    pub(super) via_do: bool,
    /// What follows `|`, from after the bar.
    pub(super) bar: Option<usize>,
    /// Whether any word has been read beyond `do` and `no`.
    pub(super) begun: bool,
}

/// Why the walk ended early.
pub(super) enum Stop {
    Ambiguous,
    Invalid { column: usize, word: usize },
}

/// The words of a line and where they start.
pub(super) fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let start = line.as_ptr() as usize;
    line.split_ascii_whitespace().map(move |w| (w.as_ptr() as usize - start, w))
}

impl<I: Copy> Graph<I> {
    /// Reads a whole line.
    ///
    /// Tries the mode's rows, then those of its parent; behind `do`, those of EXEC. Where both fail,
    /// the complaint is the one that got further.
    pub fn read(&self, scope: &Scope<'_>, line: &str) -> Outcome<I> {
        if line.trim_start().starts_with('!') || line.trim().is_empty() {
            return Outcome::Empty;
        }
        let own = self.read_in(scope, scope.mode, line);
        let (Some(parent), Outcome::Invalid { column, .. }) = (scope.mode.parent(), &own) else { return own };
        let other = self.read_in(scope, parent, line);
        match other {
            Outcome::Invalid { column: further, .. } if further <= *column => own,
            Outcome::Empty
            | Outcome::Match(_)
            | Outcome::Ambiguous
            | Outcome::Incomplete
            | Outcome::Invalid { .. } => other,
        }
    }

    fn read_in(&self, scope: &Scope<'_>, mode: Modes, line: &str) -> Outcome<I> {
        let walked = match self.walk(scope, mode, line) {
            Ok(walked) => walked,
            Err(Stop::Ambiguous) => return Outcome::Ambiguous,
            Err(Stop::Invalid { column, word }) => return Outcome::Invalid { column, word },
        };
        let done = |w: &&Walker| !w.is_half() && self.complete(w.path, w.at, walked.no);
        let Some(winner) = walked.walkers.iter().find(done) else { return Outcome::Incomplete };
        let filter = match walked.bar {
            None => None,
            Some(at) => match Filter::parse(&line[at..]) {
                Ok(f) => Some(f),
                Err(crate::pager::BadFilter::Incomplete) => return Outcome::Incomplete,
                Err(crate::pager::BadFilter::Ambiguous) => return Outcome::Ambiguous,
                Err(crate::pager::BadFilter::Invalid(column)) => {
                    return Outcome::Invalid { column: at + column, word: words(&line[..at]).count() };
                }
            },
        };
        Outcome::Match(Match {
            id: self.row(winner.path).row.id,
            no: walked.no,
            via_do: walked.via_do,
            mode: walked.mode,
            words: winner.words.clone(),
            args: winner.args.clone(),
            filter,
        })
    }

    /// Walks the words of `line` in `mode`.
    pub(super) fn walk(&self, scope: &Scope<'_>, mode: Modes, line: &str) -> Result<Walked, Stop> {
        let mut walked =
            Walked { walkers: Vec::new(), mode, no: false, via_do: false, bar: None, begun: false };
        walked.walkers = self.start(scope, mode, false);
        for (number, (offset, word)) in words(line).enumerate() {
            if !walked.begun {
                if word.eq_ignore_ascii_case("do") && walked.mode.is_config() && !walked.no {
                    walked.via_do = true;
                    walked.mode = Modes::EXEC;
                    walked.walkers = self.start(scope, Modes::EXEC, false);
                    continue;
                }
                if word.eq_ignore_ascii_case("no") && !walked.no {
                    let negatives = self.start(scope, walked.mode, true);
                    if !negatives.is_empty() {
                        walked.no = true;
                        walked.walkers = negatives;
                        continue;
                    }
                }
            }
            if word.starts_with('|') && walked.begun {
                let ends: Vec<Walker> =
                    walked.walkers.iter().filter(|w| self.may_pipe(w, walked.no)).cloned().collect();
                if !ends.is_empty() {
                    walked.walkers = ends;
                    walked.bar = Some(offset + 1);
                    return Ok(walked);
                }
            }
            walked.begun = true;
            let line_end = self.takes_the_rest(&walked.walkers);
            let rest = line[offset..].trim_end();
            walked.walkers = self.step(scope, &walked.walkers, word, rest).map_err(|s| match s {
                Misfit::Ambiguous => Stop::Ambiguous,
                Misfit::Invalid(n) => Stop::Invalid { column: offset + n, word: number },
            })?;
            // A value that took the rest of the line leaves no word behind it.
            if line_end && walked.walkers.iter().all(|w| self.took_line(w)) {
                break;
            }
        }
        Ok(walked)
    }

    fn start(&self, scope: &Scope<'_>, mode: Modes, no: bool) -> Vec<Walker> {
        let fits = |p: &usize| {
            let row = &self.row(*p).row;
            let sign = self.paths[*p].sign;
            row.modes.intersects(mode)
                && row.privilege <= scope.privilege
                && (sign == Sign::Both || (sign == Sign::Negative) == no)
        };
        let all = (0..self.paths.len()).filter(fits);
        all.map(|path| Walker { path, at: 0, words: Vec::new(), args: Vec::new(), half: None }).collect()
    }

    pub(super) fn may_pipe(&self, walker: &Walker, no: bool) -> bool {
        self.row(walker.path).row.piped && !walker.is_half() && self.complete(walker.path, walker.at, no)
    }

    fn takes_the_rest(&self, walkers: &[Walker]) -> bool {
        walkers.iter().filter_map(|w| self.token(w.path, w.at)).any(|t| is_line(t.what))
    }

    fn has_options(&self, walker: &Walker) -> bool {
        self.row(walker.path).tokens.iter().any(|token| is_option(token.what))
    }

    fn took_line(&self, walker: &Walker) -> bool {
        walker.at > 0 && self.token(walker.path, walker.at - 1).is_some_and(|t| is_line(t.what))
    }

    /// The walkers that `word` lets through; `rest` is the line from this word on. An exact keyword
    /// beats a short one, a keyword beats a value.
    fn step(
        &self,
        scope: &Scope<'_>,
        walkers: &[Walker],
        word: &str,
        rest: &str,
    ) -> Result<Vec<Walker>, Misfit> {
        let keyword = |w: &&Walker| match self.token(w.path, w.at)?.what {
            What::Keyword(k) => Some(k),
            What::Value { .. } => None,
        };
        let exact = |w: &&Walker| keyword(w).is_some_and(|k| k.eq_ignore_ascii_case(word));
        let mut names: Vec<&str> = if walkers.iter().any(|w| exact(&w)) {
            alloc::vec![word]
        } else {
            walkers.iter().filter_map(|w| keyword(&w)).filter(|k| begins(k, word)).collect()
        };
        names.sort_unstable();
        names.dedup();
        match names[..] {
            [] => self.values(scope, walkers, word, rest),
            [one] => Ok(walkers
                .iter()
                .filter_map(|w| {
                    let k = keyword(&w).filter(|k| k.eq_ignore_ascii_case(one))?;
                    let mut next = w.clone();
                    next.at += 1;
                    next.words.push(k);
                    Some(next)
                })
                .collect()),
            _ => Err(Misfit::Ambiguous),
        }
    }

    fn values(
        &self,
        scope: &Scope<'_>,
        walkers: &[Walker],
        word: &str,
        rest: &str,
    ) -> Result<Vec<Walker>, Misfit> {
        let mut through = Vec::new();
        let mut several = false;
        let mut reached = 0;
        let offered = word.starts_with('/')
            && walkers.iter().any(|w| self.token(w.path, w.at).is_some_and(|t| is_option(t.what)));
        for w in walkers {
            let (name, kind) = match self.token(w.path, w.at).map(|t| t.what) {
                Some(What::Value { name, kind }) => (name, kind),
                Some(What::Keyword(k)) => {
                    reached = reached.max(common(k, word));
                    continue;
                }
                None => continue,
            };
            // Where options may stand, what begins as one is none of the names behind them.
            if word.starts_with('/') && w.args.is_empty() && (offered || self.has_options(w)) {
                continue;
            }
            let text = if kind == Kind::Line { rest } else { word };
            let found = match w.half {
                Some(half) => number_of(half, word).map_or(Fit::Not(0), |i| Fit::Value(Arg::Interface(i))),
                None => fit(kind, text, scope),
            };
            let mut next = w.clone();
            match found {
                Fit::Value(arg) => {
                    next.at += 1;
                    next.half = None;
                    next.args.push((name, arg));
                    through.push(next);
                }
                Fit::Half(half) => {
                    next.half = Some(half);
                    through.push(next);
                }
                Fit::Several => several = true,
                Fit::Not(n) => reached = reached.max(n),
            }
        }
        match (through.is_empty(), several) {
            (false, _) => Ok(through),
            (true, true) => Err(Misfit::Ambiguous),
            (true, false) => Err(Misfit::Invalid(reached)),
        }
    }
}

fn is_line(what: What) -> bool {
    matches!(what, What::Value { kind: Kind::Line, .. })
}

/// `/force`
fn is_option(what: What) -> bool {
    matches!(what, What::Keyword(keyword) if keyword.starts_with('/'))
}

/// Why one word fits nothing.
enum Misfit {
    Ambiguous,
    /// After so many of its octets.
    Invalid(usize),
}
