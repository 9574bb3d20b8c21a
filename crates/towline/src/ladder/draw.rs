use super::row::{Drawn, Kind, Row, Rows, note};
use super::{End, Seen, span};
use std::net::SocketAddr;
use std::time::Duration;

/// The widest row.
pub const WIDTH: usize = 100;
/// Between the two columns.
const SPAN: usize = 60;
/// Of the text on an arrow: the span less the arrow's head and a stroke on either side.
const TEXT: usize = SPAN - 8;

/// Draws a whole recording, made at the end `tapped`.
pub fn draw(seen: &[Seen], tapped: End) -> String {
    let mut pencil = Pencil::new(tapped);
    let mut rows: Vec<String> = seen.iter().flat_map(|s| pencil.rows(s)).collect();
    rows.extend(pencil.finish());
    rows.iter().map(|row| format!("{row}\n")).collect()
}

/// Draws row by row, as text.
#[derive(Debug)]
pub struct Pencil(Rows);

impl Pencil {
    /// A pencil for what is seen at the end `tapped`.
    pub fn new(tapped: End) -> Self {
        Pencil(Rows::new(tapped))
    }

    /// The rows that `seen` completes.
    pub fn rows(&mut self, seen: &Seen) -> Vec<String> {
        self.0.of(seen).into_iter().flat_map(text).collect()
    }

    /// The rows that were kept back.
    pub fn finish(&mut self) -> Vec<String> {
        self.0.finish().into_iter().flat_map(text).collect()
    }
}

fn text(row: Row) -> Vec<String> {
    match row.what {
        Drawn::Heading(client, server) => vec![String::new(), heading(row.flow, client, server)],
        Drawn::Phase(phase) => vec![mark(phase.title())],
        Drawn::Arrow { ports, from, text, kind } => {
            let stroke = match kind {
                Kind::Packet { .. } | Kind::Control | Kind::Head => '-',
                Kind::Connection { .. } | Kind::Failed | Kind::Data => '=',
            };
            arrow(row.delta, ports, from, &text, stroke, &note(kind))
        }
        Drawn::Remark { ports, at, text } => remark(row.delta, ports, at, &text),
    }
}

fn heading(flow: u64, client: SocketAddr, server: SocketAddr) -> String {
    let left = format!("client {}", client.ip());
    let right = format!("server {}", server.ip());
    let gap = (SPAN + 2).saturating_sub(left.len() + right.len()).max(2);
    format!("{:>9}  {:>5}  {left}{:gap$}{right}", format!("#{flow}"), "port", "")
}

fn mark(title: &str) -> String {
    format!("{:>16}  {:.<width$}", "", format!(". {title} "), width = SPAN + 2)
}

/// `       +0.3ms  50234 |-- text ----->| 69     note`, with further rows for a long text.
fn arrow(
    delta: Duration,
    (client, server): (u16, u16),
    from: End,
    text: &str,
    stroke: char,
    note: &str,
) -> Vec<String> {
    let lines = wrap(text);
    let last = lines.len() - 1;
    let mut rows = Vec::with_capacity(lines.len());
    for (i, line) in lines.iter().enumerate() {
        // The arrow's strokes and head are on the last row of its text.
        let stroke = if i == last { stroke } else { ' ' };
        let bar = |n: usize| stroke.to_string().repeat(n);
        let free = SPAN - 5 - line.chars().count();
        let head = i == last && stroke != ' ';
        let body = match from {
            End::Client => format!("{} {line} {}{}", bar(2), bar(free), if head { '>' } else { ' ' }),
            End::Server => format!("{}{} {line} {}", if head { '<' } else { ' ' }, bar(free), bar(2)),
        };
        let row = if i == 0 {
            format!("{:>9}  {client:>5} |{body}| {server:<5}  {note}", span_since(delta))
        } else {
            format!("{:>9}  {:>5} |{body}|", "", "")
        };
        rows.push(row.trim_end().to_string());
    }
    rows
}

/// Something that happened at one end.
fn remark(delta: Duration, (client, server): (u16, u16), at: End, text: &str) -> Vec<String> {
    let lines = wrap(&format!("({text})"));
    let rows = lines.iter().enumerate().map(|(i, line)| {
        let body = match at {
            End::Client => format!("{line:<SPAN$}"),
            End::Server => format!("{line:>SPAN$}"),
        };
        // What follows from the row above has its time and ports.
        match i {
            0 if !delta.is_zero() => {
                format!("{:>9}  {client:>5} |{body}| {server:<5}", span_since(delta))
            }
            _ => format!("{:>9}  {:>5} |{body}|", "", ""),
        }
    });
    rows.map(|row| row.trim_end().to_string()).collect()
}

/// Cuts a text into lines of at most [`TEXT`] characters, at spaces where there are some.
pub(super) fn wrap(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        loop {
            let line = lines.last_mut().expect("never empty");
            let used = line.chars().count();
            let need = word.len() + usize::from(used > 0);
            if used + need <= TEXT {
                if used > 0 {
                    line.push(' ');
                }
                line.extend(&word);
                break;
            }
            if used == 0 {
                line.extend(word.drain(..TEXT));
            }
            lines.push(String::new());
        }
    }
    lines
}

fn span_since(d: Duration) -> String {
    format!("+{}", span(d))
}
