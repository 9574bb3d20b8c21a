//! The regular expressions of the output modifiers.
//!
//! A crate for this would bring a thousand times what `| include ^interface|address` needs. The
//! pattern becomes a list of instructions and all its states are walked at once, so time is pattern
//! times line whatever the pattern says. Octets, not characters; letters count as typed.
//!
//! Syntax: literals, `.`, `[a-z]`, `[^…]`, `*`, `+`, `?`, `|`, `(…)`, `^`, `$`, `\` before a sign, and `_`,
//! IOS's own: a comma, brace, parenthesis, blank, or an end of the line.

use alloc::vec;
use alloc::vec::Vec;

/// Parentheses within parentheses that are followed.
const DEPTH: usize = 40;

/// A compiled pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Regex {
    program: Vec<Step>,
}

/// The pattern has a bracket without its fellow, nothing before `*`, or is nested too deep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadRegex;

impl core::fmt::Display for BadRegex {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("% Failed to compile regular expression")
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    Octet(u8),
    Any,
    Set {
        negated: bool,
        ranges: Vec<(u8, u8)>,
    },
    Delimiter,
    Start,
    End,
    /// Both of these.
    Fork(usize, usize),
    Jump(usize),
    Found,
}

impl Regex {
    /// Compiles a pattern.
    pub fn new(pattern: &str) -> Result<Regex, BadRegex> {
        let mut parser = Parser { rest: pattern.as_bytes(), program: Vec::new(), depth: 0 };
        parser.choice()?;
        if !parser.rest.is_empty() {
            return Err(BadRegex);
        }
        parser.program.push(Step::Found);
        Ok(Regex { program: parser.program })
    }

    /// Whether the pattern is found anywhere in the line.
    pub fn is_match(&self, line: &str) -> bool {
        let line = line.as_bytes();
        let mut now: Vec<usize> = Vec::new();
        for at in 0..=line.len() {
            let mut seen = vec![false; self.program.len()];
            let mut states = Vec::new();
            for from in now.drain(..).chain([0]) {
                self.follow(from, at, line.len(), &mut seen, &mut states);
            }
            for &s in &states {
                let step = &self.program[s];
                if *step == Step::Found {
                    return true;
                }
                if line.get(at).is_some_and(|&b| step.takes(b)) {
                    now.push(s + 1);
                }
            }
        }
        false
    }

    /// Adds every state that is reached from `from` without an octet.
    fn follow(&self, from: usize, at: usize, len: usize, seen: &mut [bool], states: &mut Vec<usize>) {
        let mut stack = vec![from];
        while let Some(s) = stack.pop() {
            if core::mem::replace(&mut seen[s], true) {
                continue;
            }
            match self.program[s] {
                Step::Fork(a, b) => stack.extend([b, a]),
                Step::Jump(a) => stack.push(a),
                Step::Start if at == 0 => stack.push(s + 1),
                Step::End if at == len => stack.push(s + 1),
                Step::Start | Step::End => {}
                Step::Delimiter => {
                    states.push(s);
                    if at == 0 || at == len {
                        stack.push(s + 1);
                    }
                }
                Step::Octet(_) | Step::Any | Step::Set { .. } | Step::Found => states.push(s),
            }
        }
    }
}

impl Step {
    fn takes(&self, b: u8) -> bool {
        match self {
            Step::Octet(o) => *o == b,
            Step::Any => true,
            Step::Set { negated, ranges } => ranges.iter().any(|(l, h)| (*l..=*h).contains(&b)) != *negated,
            Step::Delimiter => b",{}() \t".contains(&b),
            Step::Start | Step::End | Step::Fork(..) | Step::Jump(_) | Step::Found => false,
        }
    }
}

struct Parser<'a> {
    rest: &'a [u8],
    program: Vec<Step>,
    depth: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// `a|b|c`
    fn choice(&mut self) -> Result<(), BadRegex> {
        let start = self.program.len();
        self.sequence()?;
        if self.rest.first() == Some(&b'|') {
            self.next();
            self.insert(start, Step::Fork(start + 1, self.program.len() + 2));
            let jump = self.program.len();
            self.program.push(Step::Jump(0));
            self.choice()?;
            self.program[jump] = Step::Jump(self.program.len());
        }
        Ok(())
    }

    fn sequence(&mut self) -> Result<(), BadRegex> {
        while let Some(&first) = self.rest.first() {
            if first == b'|' || (first == b')' && self.depth > 0) {
                break;
            }
            let start = self.program.len();
            self.atom()?;
            while let Some(&repeat) = self.rest.first() {
                let after = self.program.len() + 1;
                match repeat {
                    b'*' => {
                        self.insert(start, Step::Fork(start + 1, after + 1));
                        self.program.push(Step::Jump(start));
                    }
                    b'+' => self.program.push(Step::Fork(start, after)),
                    b'?' => self.insert(start, Step::Fork(start + 1, after)),
                    _ => break,
                }
                self.next();
            }
        }
        Ok(())
    }

    fn atom(&mut self) -> Result<(), BadRegex> {
        let step = match self.next().ok_or(BadRegex)? {
            b'(' => {
                self.depth += 1;
                if self.depth > DEPTH {
                    return Err(BadRegex);
                }
                self.choice()?;
                self.depth -= 1;
                return if self.next() == Some(b')') { Ok(()) } else { Err(BadRegex) };
            }
            b'*' | b'+' | b'?' | b')' => return Err(BadRegex),
            b'.' => Step::Any,
            b'^' => Step::Start,
            b'$' => Step::End,
            b'_' => Step::Delimiter,
            b'[' => self.set()?,
            b'\\' => Step::Octet(self.next().ok_or(BadRegex)?),
            b => Step::Octet(b),
        };
        self.program.push(step);
        Ok(())
    }

    fn set(&mut self) -> Result<Step, BadRegex> {
        let negated = self.rest.first() == Some(&b'^');
        if negated {
            self.next();
        }
        let mut ranges = Vec::new();
        loop {
            let low = self.next().ok_or(BadRegex)?;
            if low == b']' && !ranges.is_empty() {
                return Ok(Step::Set { negated, ranges });
            }
            let mut high = low;
            if self.rest.first() == Some(&b'-') && self.rest.get(1).is_some_and(|b| *b != b']') {
                self.next();
                high = self.next().ok_or(BadRegex)?;
            }
            ranges.push((low, high));
        }
    }

    /// Puts a step in front of what was compiled since `at`, whose targets move by one.
    fn insert(&mut self, at: usize, step: Step) {
        for s in &mut self.program[at..] {
            match s {
                Step::Fork(a, b) => (*a, *b) = (*a + 1, *b + 1),
                Step::Jump(a) => *a += 1,
                Step::Octet(_)
                | Step::Any
                | Step::Set { .. }
                | Step::Delimiter
                | Step::Start
                | Step::End
                | Step::Found => {}
            }
        }
        self.program.insert(at, step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_send_matches_what_they_mean() {
        for (pattern, line, hit) in [
            ("operating mode", "Router operating mode: Autonomous", true),
            ("boot", "boot-start-marker", true),
            ("Boot", "boot-start-marker", false),
            ("^interface|address", " ip address 10.0.0.2 255.0.0.0", true),
            ("^interface|address", " interface", false),
            ("sla [0-9]", "ip sla 7", true),
            ("sla [0-9]", "ip sla x", false),
            ("[^0-9]$", "abc1", false),
            ("a*b", "b", true),
            ("^a+$", "aaa", true),
            ("^a+$", "", false),
            ("^ab?c$", "ac", true),
            ("^(ab|cd)*$", "abcdab", true),
            ("^(ab|cd)*$", "abc", false),
            ("_100_", "200 100 300", true),
            ("_100_", "100", true),
            ("_100_", "1000", false),
            ("10\\.0", "1000", false),
            (".", "", false),
            ("", "", true),
        ] {
            let regex = Regex::new(pattern).expect(pattern);
            assert_eq!(regex.is_match(line), hit, "{pattern} on {line}");
        }
    }

    #[test]
    fn a_pattern_that_backtracks_elsewhere_takes_no_longer_here() {
        let regex = Regex::new("(a*)*(a*)*(a*)*b").expect("good");
        assert!(!regex.is_match(&"a".repeat(5_000)));
    }

    #[test]
    fn a_bad_pattern_is_an_error() {
        for bad in ["(", "[a", "*a", "a|*", "\\", ")"] {
            assert_eq!(Regex::new(bad), Err(BadRegex), "{bad}");
        }
        assert_eq!(Regex::new(&"(".repeat(300)), Err(BadRegex));
    }
}
