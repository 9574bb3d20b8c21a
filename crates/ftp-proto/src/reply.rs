//! Replies: `ddd text`, or several lines from `ddd-` to `ddd ` of the same code (RFC 959 §4.2).

use crate::line::{BadLine, Line, escape};
use alloc::vec::Vec;

/// A three-digit reply code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Code(pub u16);

impl Code {
    /// 110 to 199: more follows.
    pub fn is_preliminary(self) -> bool {
        self.0 / 100 == 1
    }

    /// 200 to 299: done.
    pub fn is_complete(self) -> bool {
        self.0 / 100 == 2
    }

    /// 300 to 399: another command is wanted.
    pub fn is_intermediate(self) -> bool {
        self.0 / 100 == 3
    }
}

/// Appends a reply of one line.
pub fn write(out: &mut Vec<u8>, code: u16, text: &[u8]) {
    head(out, code, b' ');
    escape(text, out);
    out.extend(b"\r\n");
}

/// Appends a reply of several lines. Each line of `body` is sent with one space before it, as FEAT
/// (RFC 2389 §3.2) and MLST (RFC 3659 §7.2) want it; so none can be taken for the last line.
pub fn write_lines<'a>(
    out: &mut Vec<u8>,
    code: u16,
    first: &[u8],
    body: impl IntoIterator<Item = &'a [u8]>,
    last: &[u8],
) {
    head(out, code, b'-');
    escape(first, out);
    out.extend(b"\r\n");
    for line in body {
        out.push(b' ');
        escape(line, out);
        out.extend(b"\r\n");
    }
    write(out, code, last);
}

/// `text` with each `"` doubled, between quotes: the path of a 257 (RFC 959, appendix II).
pub fn quoted(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len() + 2);
    out.push(b'"');
    for &b in path {
        if b == b'"' {
            out.push(b'"');
        }
        out.push(b);
    }
    out.push(b'"');
    out
}

fn head(out: &mut Vec<u8>, code: u16, mark: u8) {
    debug_assert!((100..=699).contains(&code), "reply codes have three digits");
    for place in [100, 10, 1] {
        out.push(b'0' + u8::try_from(code / place % 10).expect("one digit"));
    }
    out.push(mark);
}

/// One whole reply, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// Its code.
    pub code: Code,
    /// The lines: of the first and the last without code and mark, of those between as they came.
    pub lines: Vec<Vec<u8>>,
}

impl Reply {
    /// The text of the first line.
    pub fn text(&self) -> &[u8] {
        self.lines.first().map_or(&[], Vec::as_slice)
    }
}

/// Why lines are not a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadReply {
    /// The line does not begin with three digits and a space or `-`.
    NoCode,
    /// A line over the limit, or with a NUL or lone CR in it.
    Line(BadLine),
    /// A reply of more than [`MAX_REPLY`] octets.
    TooLong,
}

/// The longest reply of several lines that is read, octets.
pub const MAX_REPLY: usize = 65_536;

/// Collects lines into replies.
#[derive(Clone, Debug, Default)]
pub struct Replies {
    open: Option<Reply>,
    held: usize,
}

impl Replies {
    /// Takes one line; gives a reply when it was the last of one. After an error the next line begins
    /// a new reply.
    pub fn push(&mut self, line: Line) -> Option<Result<Reply, BadReply>> {
        let line = match line {
            Ok(line) => line,
            Err(bad) => {
                self.open = None;
                return Some(Err(BadReply::Line(bad)));
            }
        };
        let Some(mut reply) = self.open.take() else {
            let Some((code, mark)) = code(&line) else { return Some(Err(BadReply::NoCode)) };
            let text = line.get(4..).unwrap_or_default().to_vec();
            self.held = text.len();
            let reply = Reply { code, lines: Vec::from([text]) };
            if mark == b'-' {
                self.open = Some(reply);
                return None;
            }
            return Some(Ok(reply));
        };
        // RFC 959 §4.2: only the same code followed by a space ends it.
        self.held += line.len() + 1;
        if self.held > MAX_REPLY {
            return Some(Err(BadReply::TooLong));
        }
        match code(&line) {
            Some((c, b' ')) if c == reply.code => {
                reply.lines.push(line.get(4..).unwrap_or_default().to_vec());
                Some(Ok(reply))
            }
            _ => {
                reply.lines.push(line);
                self.open = Some(reply);
                None
            }
        }
    }
}

fn code(line: &[u8]) -> Option<(Code, u8)> {
    let digits = line.get(..3)?;
    if !digits.iter().all(u8::is_ascii_digit) || !(b'1'..=b'6').contains(&digits[0]) {
        return None;
    }
    let value = digits.iter().fold(0u16, |n, d| n * 10 + u16::from(d - b'0'));
    match line.get(3) {
        None => Some((Code(value), b' ')),
        Some(&mark @ (b' ' | b'-')) => Some((Code(value), mark)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Lines;
    use alloc::vec;

    fn read(octets: &[u8]) -> Vec<Result<Reply, BadReply>> {
        let (mut lines, mut replies) = (Lines::default(), Replies::default());
        octets.iter().filter_map(|&b| lines.push(b)).filter_map(|l| replies.push(l)).collect()
    }

    #[test]
    fn a_reply_of_several_lines_ends_only_with_its_own_code_and_a_space() {
        let got = read(b"211-Features:\r\n MDTM\r\n211-x\r\n500 not this\r\n211 End\r\n200 ok\r\n");
        assert_eq!(got.len(), 2);
        let first = got[0].as_ref().unwrap();
        assert_eq!(first.code, Code(211));
        assert_eq!(first.lines.len(), 5);
        assert_eq!(got[1].as_ref().unwrap().text(), b"ok");
    }

    #[test]
    fn inner_lines_written_are_indented_so_that_none_ends_the_reply() {
        let mut out = Vec::new();
        write_lines(&mut out, 213, b"Status", [&b"213 not the end"[..], b"x"], b"End");
        let got = read(&out);
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].as_ref().unwrap().lines[1], b" 213 not the end");
    }

    #[test]
    fn quotes_in_a_path_are_doubled() {
        assert_eq!(quoted(b"/d\"q"), b"\"/d\"\"q\"");
    }

    #[test]
    fn what_is_no_reply_is_told() {
        assert_eq!(read(b"hello\r\n"), vec![Err(BadReply::NoCode)]);
        assert_eq!(read(b"2x0 no\r\n"), vec![Err(BadReply::NoCode)]);
        assert_eq!(read(b"220\r\n").len(), 1);
        let mut endless = b"220-\r\n".to_vec();
        for _ in 0..1_000 {
            endless.extend([b'x'; 100]);
            endless.extend(b"\r\n");
        }
        assert!(read(&endless).contains(&Err(BadReply::TooLong)));
    }
}
