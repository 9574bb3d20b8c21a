//! The part of Tcl that automation types into `tclsh`: words, braces, quotes, `$name`, `[command]`, backslashes.
//!
//! What it does not do: expressions, control structures, arrays, procedures. [`parse`] takes all that was typed since the
//! prompt; the owner evaluates what comes of it. Rules: Tcl(n), numbers in brackets.

use alloc::string::String;
use alloc::vec::Vec;

/// Brackets in brackets.
const DEEPEST: usize = 32;

/// One command: its words.
pub type Command = Vec<Word>;

/// One word: its parts, joined when they are evaluated.
pub type Word = Vec<Part>;

/// A part of a word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// As it is.
    Text(String),
    /// `$name`
    Variable(String),
    /// `[command]`: what it gives.
    Result(Vec<Command>),
}

/// What was typed so far.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parsed {
    /// A brace, bracket or quote is open: another line belongs to it.
    More,
    /// Whole commands, in their order.
    Commands(Vec<Command>),
    /// It cannot become a command; Tcl's words for it.
    Wrong(&'static str),
}

/// Why a script ends where it does.
enum No {
    More,
    Wrong(&'static str),
}

/// Reads a script. Lines are parted by line feeds.
pub fn parse(script: &str) -> Parsed {
    let mut reader = Reader { rest: script, depth: 0 };
    match reader.commands() {
        Ok(commands) => Parsed::Commands(commands),
        Err(No::More) => Parsed::More,
        Err(No::Wrong(why)) => Parsed::Wrong(why),
    }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// Commands up to the end, inside brackets up to `]`.
    fn commands(&mut self) -> Result<Vec<Command>, No> {
        let mut commands = Vec::new();
        let mut command = Command::new();
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => drop(self.next()),
                Some('\n' | ';') => {
                    self.next();
                    commands.push(core::mem::take(&mut command));
                }
                None | Some(']') if self.depth > 0 => {
                    self.next().ok_or(No::More)?;
                    break;
                }
                None => break,
                // [9]: a comment, where a command would begin.
                Some('#') if command.is_empty() => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.next();
                    }
                }
                Some('{') => command.push(self.braced()?),
                Some('"') => command.push(self.quoted()?),
                Some(_) => command.push(self.bare()?),
            }
        }
        commands.push(command);
        commands.retain(|command| !command.is_empty());
        Ok(commands)
    }

    /// [6]: nothing inside means anything but braces and a backslash before them.
    fn braced(&mut self) -> Result<Word, No> {
        self.next();
        let (mut text, mut open) = (String::new(), 1_usize);
        loop {
            let c = self.next().ok_or(No::More)?;
            match c {
                '{' => open += 1,
                '}' if open == 1 => break,
                '}' => open -= 1,
                _ => {}
            }
            text.push(c);
            if c == '\\' {
                text.push(self.next().ok_or(No::More)?);
            }
        }
        match self.peek() {
            None | Some(' ' | '\t' | '\r' | '\n' | ';' | ']') => Ok(alloc::vec![Part::Text(text)]),
            Some(_) => Err(No::Wrong("extra characters after close-brace")),
        }
    }

    /// [4]
    fn quoted(&mut self) -> Result<Word, No> {
        self.next();
        let mut word = Word::new();
        loop {
            match self.peek().ok_or(No::More)? {
                '"' => break,
                _ => self.part(&mut word)?,
            }
        }
        self.next();
        if word.is_empty() {
            word.push(Part::Text(String::new()));
        }
        match self.peek() {
            None | Some(' ' | '\t' | '\r' | '\n' | ';' | ']') => Ok(word),
            Some(_) => Err(No::Wrong("extra characters after close-quote")),
        }
    }

    fn bare(&mut self) -> Result<Word, No> {
        let mut word = Word::new();
        loop {
            match self.peek() {
                None | Some(' ' | '\t' | '\r' | '\n' | ';') => return Ok(word),
                Some(']') if self.depth > 0 => return Ok(word),
                Some(_) => self.part(&mut word)?,
            }
        }
    }

    /// One character, or what is put in its place [7, 8, 9].
    fn part(&mut self, word: &mut Word) -> Result<(), No> {
        let c = self.next().ok_or(No::More)?;
        let text = match c {
            '[' => {
                if self.depth == DEEPEST {
                    return Err(No::Wrong("too many nested commands"));
                }
                self.depth += 1;
                word.push(Part::Result(self.commands()?));
                self.depth -= 1;
                return Ok(());
            }
            '$' => {
                let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
                if name.is_empty() {
                    '$'
                } else {
                    word.push(Part::Variable(name.into()));
                    self.rest = rest;
                    return Ok(());
                }
            }
            '\\' => match self.next().ok_or(No::More)? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                // A line goes on.
                '\n' => ' ',
                other => other,
            },
            other => other,
        };
        match word.last_mut() {
            Some(Part::Text(before)) => before.push(text),
            _ => word.push(Part::Text(text.into())),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn text(t: &str) -> Word {
        vec![Part::Text(t.into())]
    }

    #[test]
    fn what_is_pasted_into_a_file_is_one_word() {
        let head = "puts [open \"flash:f.txt\" w+] {hostname R1";
        assert_eq!(parse(head), Parsed::More);
        let open = vec![vec![text("open"), text("flash:f.txt"), text("w+")]];
        let whole = [head, "! $x [y] \"z", "{in {braces}}", "}"].join("\n");
        assert_eq!(
            parse(&whole),
            Parsed::Commands(vec![vec![
                text("puts"),
                vec![Part::Result(open)],
                text("hostname R1\n! $x [y] \"z\n{in {braces}}\n"),
            ]])
        );
    }

    #[test]
    fn words_are_put_together() {
        let got = parse("set a \"x $b\\n\" ; puts $a[set c]\n# no command\nshow  clock\r\n");
        let set_c = vec![vec![text("set"), text("c")]];
        assert_eq!(
            got,
            Parsed::Commands(vec![
                vec![
                    text("set"),
                    text("a"),
                    vec![Part::Text("x ".into()), Part::Variable("b".into()), Part::Text("\n".into())],
                ],
                vec![text("puts"), vec![Part::Variable("a".into()), Part::Result(set_c)]],
                vec![text("show"), text("clock")],
            ])
        );
        assert_eq!(parse("  "), Parsed::Commands(vec![]));
        assert_eq!(parse("puts \"\""), Parsed::Commands(vec![vec![text("puts"), text("")]]));
    }

    #[test]
    fn what_is_open_wants_more_and_what_cannot_be_is_said() {
        for open in ["puts {", "puts \"a", "puts [open x", "puts {\\}"] {
            assert_eq!(parse(open), Parsed::More, "{open}");
        }
        assert_eq!(parse("puts {a}b"), Parsed::Wrong("extra characters after close-brace"));
        assert_eq!(parse("puts \"a\"b"), Parsed::Wrong("extra characters after close-quote"));
        let deep = "[".repeat(100_000);
        assert_eq!(parse(&deep), Parsed::Wrong("too many nested commands"));
        assert_eq!(parse("]"), Parsed::Commands(vec![vec![text("]")]]));
    }
}
