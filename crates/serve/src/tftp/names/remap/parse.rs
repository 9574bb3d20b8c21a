//! Rules as they are written: `PATTERN => TEXT [flag,flag]`.

use super::super::text::Text;
use super::{Family, Hits, Rule, Then};
use regex::bytes::RegexBuilder;
use std::fmt;
use std::ops::Range;
use tftp_proto::packet::Op;

/// Octets of a compiled pattern; what `{1000}{1000}` would need is refused.
const COMPILED: usize = 1 << 20;
/// Rules of one text.
const RULES: usize = 1_000;
/// Octets of one line.
const LINE: usize = 4_096;

/// A rule that cannot be used. Shown as `FILE:LINE:COLUMN: what`; [`BadRule::picture`] shows the line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadRule {
    /// Where the text is from.
    pub from: String,
    /// Its line, from 1.
    pub line: usize,
    /// The line as it is.
    pub text: String,
    /// The octets of the line that are wrong.
    pub at: Range<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub way_out: String,
}

impl BadRule {
    /// The line with marks under what is wrong.
    pub fn picture(&self) -> String {
        // A tab or a control character would move the marks away from their place.
        let shown =
            |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
        let chars = |range: Range<usize>| self.text.get(range).map_or(0, |t| t.chars().count());
        let (before, marked) = (chars(0..self.at.start), chars(self.at.clone()).max(1));
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        format!("{number} | {}\n{margin} | {}{}", shown(&self.text), " ".repeat(before), "^".repeat(marked))
    }
}

impl fmt::Display for BadRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.text.get(..self.at.start).map_or(0, |t| t.chars().count()) + 1;
        write!(f, "{}:{}:{column}: {}", self.from, self.line, self.what)
    }
}

impl std::error::Error for BadRule {}

/// What is wrong with a line: which octets, what, and what to do.
struct Wrong(Range<usize>, String, String);

fn wrong<T>(at: Range<usize>, what: impl Into<String>, way_out: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong(at, what.into(), way_out.into()))
}

/// A rule whose `goto` is still a label: its octets in the line, and the label.
struct Unbound {
    rule: Rule,
    line: usize,
    goto: Option<(Range<usize>, String)>,
}

/// The rules of a text; the first of them will be number `base`.
pub(super) fn rules(from: &str, text: &str, base: usize) -> Result<Vec<Rule>, BadRule> {
    let (mut unbound, mut labels) = (Vec::<Unbound>::new(), Vec::<(String, usize)>::new());
    let bad = |line: usize, Wrong(at, what, way_out): Wrong| BadRule {
        from: from.to_owned(),
        line,
        text: text.lines().nth(line - 1).unwrap_or_default().to_owned(),
        at,
        what,
        way_out,
    };
    for (n, line) in text.lines().enumerate() {
        let n = n + 1;
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if line.len() > LINE || unbound.len() >= RULES {
            let what = if line.len() > LINE { "the line is too long" } else { "too many rules" };
            let way_out = format!("at most {LINE} octets a line and {RULES} rules");
            return Err(bad(n, Wrong(0..0, String::from(what), way_out)));
        }
        if let Some(label) = content.strip_prefix("label ").map(str::trim) {
            if labels.iter().any(|(l, _)| l == label) {
                let what = format!("the label '{label}' is there twice");
                return Err(bad(n, Wrong(place(line, label), what, String::from("give it another name"))));
            }
            labels.push((label.to_owned(), base + unbound.len()));
            continue;
        }
        let (rule, goto) = rule(line, format!("{from}:{n}")).map_err(|w| bad(n, w))?;
        unbound.push(Unbound { rule, line: n, goto });
    }
    let bind = |mut u: Unbound| {
        if let Some((at, label)) = u.goto {
            let Some((_, to)) = labels.iter().find(|(l, _)| *l == label) else {
                let way_out = format!("write a line 'label {label}' before the rule to go on with");
                return Err(bad(u.line, Wrong(at, format!("there is no label '{label}'"), way_out)));
            };
            u.rule.then = Then::Goto(*to);
        }
        Ok(u.rule)
    };
    unbound.into_iter().map(bind).collect()
}

/// Where a part of the line is.
fn place(line: &str, part: &str) -> Range<usize> {
    let at = part.as_ptr() as usize - line.as_ptr() as usize;
    at..at + part.len()
}

type Goto = Option<(Range<usize>, String)>;

fn rule(line: &str, from: String) -> Result<(Rule, Goto), Wrong> {
    let content = line.trim();
    let arrow = content.find(" => ").or_else(|| content.strip_suffix(" =>").map(str::len));
    let Some(arrow) = arrow else {
        let way_out = "write PATTERN => TEXT, with a space on either side of the arrow";
        return wrong(place(line, content), "there is no ' => ' here", way_out);
    };
    let pattern = content[..arrow].trim();
    let right = content.get(arrow + 4..).unwrap_or_default().trim();
    let (text, flags) = match right.strip_suffix(']').and_then(|r| r.rfind('[').map(|at| (at, r))) {
        Some((at, r)) if at == 0 || r[..at].ends_with(' ') => (r[..at].trim(), &r[at + 1..]),
        _ => (right, ""),
    };
    let flags = Flags::read(line, flags)?;
    let regex = RegexBuilder::new(pattern)
        // Names are octets: `.` is any of them, and `\xff` is 0xff.
        .unicode(false)
        .case_insensitive(flags.nocase)
        .size_limit(COMPILED)
        .build()
        .map_err(|e| pattern_wrong(line, pattern, &e))?;
    let captures = (flags.hits != Hits::None).then_some(&regex);
    let base = if text.is_empty() { line.len() } else { place(line, text).start };
    let text = Text::parse(text, captures)
        .map_err(|bad| Wrong(base + bad.at.start..base + bad.at.end, bad.what, bad.way_out))?;
    let Flags { op, family, hits, exists, then, goto, .. } = flags;
    let written = content.to_owned();
    Ok((Rule { from, written, pattern: regex, text, op, family, hits, exists, then }, goto))
}

/// The regex crate's words, and its place in the pattern where it can be had.
fn pattern_wrong(line: &str, pattern: &str, error: &regex::Error) -> Wrong {
    let at = place(line, pattern);
    match error {
        regex::Error::CompiledTooBig(limit) => Wrong(
            at,
            format!("the pattern needs more than {limit} octets of memory"),
            String::from("use smaller repetitions"),
        ),
        other => {
            // Several lines with a picture of their own; the last says what is wrong.
            let text = other.to_string();
            let what =
                text.lines().rev().find_map(|l| l.strip_prefix("error: ")).unwrap_or("it is no pattern");
            // Its picture: the pattern on a line of four spaces, the marks below it.
            let mut lines = text.lines().skip_while(|l| l.strip_prefix("    ") != Some(pattern)).skip(1);
            let marks = lines.next().and_then(|l| l.strip_prefix("    "));
            let marked = marks.and_then(|m| Some((m.find('^')?, m.rfind('^')? + 1)));
            let at = match marked {
                Some((from, to)) if pattern.is_ascii() && to <= pattern.len() + 1 => {
                    at.start + from..at.start + to.min(pattern.len().max(from + 1))
                }
                _ => at,
            };
            let way_out =
                String::from("octets that mean something in patterns want '\\' before them: \\. \\( \\[ \\+");
            Wrong(at, format!("the pattern is wrong: {what}"), way_out)
        }
    }
}

struct Flags {
    op: Option<Op>,
    family: Option<Family>,
    hits: Hits,
    nocase: bool,
    exists: bool,
    then: Then,
    goto: Goto,
}

const KNOWN: &str = "read, write, ipv4, ipv6, nocase, all, not, exists, stop, again, goto=LABEL, refuse";

impl Flags {
    fn read(line: &str, list: &str) -> Result<Flags, Wrong> {
        let mut flags = Flags {
            op: None,
            family: None,
            hits: Hits::First,
            nocase: false,
            exists: false,
            then: Then::GoOn,
            goto: None,
        };
        for flag in list.split(',').map(str::trim).filter(|f| !f.is_empty()) {
            let at = || place(line, flag);
            let free = match flag {
                "read" => flags.op.replace(Op::Read).is_none(),
                "write" => flags.op.replace(Op::Write).is_none(),
                "ipv4" => flags.family.replace(Family::V4).is_none(),
                "ipv6" => flags.family.replace(Family::V6).is_none(),
                "nocase" => !std::mem::replace(&mut flags.nocase, true),
                "exists" => !std::mem::replace(&mut flags.exists, true),
                "all" => std::mem::replace(&mut flags.hits, Hits::All) == Hits::First,
                "not" => std::mem::replace(&mut flags.hits, Hits::None) == Hits::First,
                "stop" => flags.then(Then::Stop),
                "again" => flags.then(Then::Again),
                "refuse" => flags.then(Then::Refuse),
                other => match other.strip_prefix("goto=") {
                    Some(label) => {
                        // The label becomes a number when all lines are read.
                        let free = flags.then == Then::GoOn && flags.goto.is_none();
                        flags.goto = Some((at(), label.to_owned()));
                        free
                    }
                    None => {
                        return wrong(at(), format!("there is no flag '{other}'"), format!("one of {KNOWN}"));
                    }
                },
            };
            if !free || (flags.goto.is_some() && flags.then != Then::GoOn) {
                return wrong(
                    at(),
                    format!("'{flag}' contradicts a flag before it"),
                    "leave one of them out",
                );
            }
        }
        if flags.exists && flags.then == Then::Refuse {
            let what = "'exists' asks for the new name, and a refusal has none";
            return wrong(place(line, list), what, "leave one of them out");
        }
        Ok(flags)
    }

    fn then(&mut self, then: Then) -> bool {
        std::mem::replace(&mut self.then, then) == Then::GoOn && self.goto.is_none()
    }
}
