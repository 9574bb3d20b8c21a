use super::{End, Fact, Phase, Phases, Seen};
use crate::figures::grouped;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use transport::tap::{Dir, Sense};

/// The widest row.
pub const WIDTH: usize = 100;
/// Between the two columns.
const SPAN: usize = 60;
/// Of the text on an arrow: the span less the arrow's head and a stroke on either side.
const TEXT: usize = SPAN - 8;

/// Transfers remembered at a time: TFTP has no sight of its end, so the oldest makes room.
const FLOWS: usize = 1_024;

/// Draws a whole recording, made at the end `tapped`.
pub fn draw(seen: &[Seen], tapped: End) -> String {
    let mut pencil = Pencil::new(tapped);
    let mut rows: Vec<String> = seen.iter().flat_map(|s| pencil.rows(s)).collect();
    rows.extend(pencil.finish());
    rows.iter().map(|row| format!("{row}\n")).collect()
}

/// Draws row by row. Segments of a data connection are kept back and drawn as one row when something
/// else happens in their session.
#[derive(Debug)]
pub struct Pencil {
    tapped: End,
    flows: BTreeMap<u64, Flow>,
    /// Flows seen so far: people count them from 1.
    count: u64,
}

/// What is remembered of one transfer or session.
#[derive(Debug)]
struct Flow {
    last: Duration,
    phases: Phases,
    phase: Option<Phase>,
    burst: Option<Burst>,
}

/// Data segments in one direction without anything between.
#[derive(Clone, Debug)]
struct Burst {
    from: End,
    ports: (u16, u16),
    began: Duration,
    ended: Duration,
    segments: u64,
    octets: u64,
}

impl Pencil {
    /// A pencil for what is seen at the end `tapped`.
    pub fn new(tapped: End) -> Self {
        Pencil { tapped, flows: BTreeMap::new(), count: 0 }
    }

    /// The rows that `seen` completes.
    pub fn rows(&mut self, seen: &Seen) -> Vec<String> {
        let mut rows = Vec::new();
        let (client, server) = match self.tapped {
            End::Client => (seen.local, seen.peer),
            End::Server => (seen.peer, seen.local),
        };
        if self.flows.len() >= FLOWS && !self.flows.contains_key(&seen.flow) {
            rows.extend(
                self.flows.pop_first().map(|(_, mut oldest)| oldest.close_burst()).unwrap_or_default(),
            );
        }
        let flow = self.flows.entry(seen.flow).or_insert_with(|| {
            rows.push(String::new());
            self.count += 1;
            rows.push(heading(self.count, client, server));
            Flow { last: seen.at, phases: Phases::default(), phase: None, burst: None }
        });
        let from = match seen.dir {
            Dir::Sent => Some(self.tapped),
            Dir::Received => Some(self.tapped.other()),
            Dir::Here => None,
        };
        let ports = (client.port(), server.port());
        if let (Fact::Data { len, .. }, Some(from)) = (&seen.what, from) {
            if let Some(burst) = &mut flow.burst
                && burst.from == from
                && burst.ports == ports
            {
                burst.segments += 1;
                burst.octets += *len as u64;
                burst.ended = seen.at;
                return rows;
            }
            rows.extend(flow.close_burst());
            let octets = *len as u64;
            flow.burst = Some(Burst { from, ports, began: seen.at, ended: seen.at, segments: 1, octets });
            return rows;
        }
        rows.extend(flow.close_burst());
        if let Fact::Packet { packet, .. } = &seen.what {
            let phase = flow.phases.of(packet);
            if flow.phase.replace(phase) != Some(phase) {
                rows.push(mark(phase.title()));
            }
        }
        let delta = seen.at.saturating_sub(flow.last);
        flow.last = seen.at;
        let (text, stroke, note) = words(&seen.what);
        let own = from.unwrap_or(self.tapped);
        rows.extend(match from {
            Some(_) => arrow(delta, ports, own, &text, stroke, &note),
            None => vec![remark(delta, ports, own, &text)],
        });
        if matches!(seen.what, Fact::Closed { data: false, .. }) {
            self.flows.remove(&seen.flow);
        }
        rows
    }

    /// The rows that were kept back.
    pub fn finish(&mut self) -> Vec<String> {
        self.flows.values_mut().flat_map(Flow::close_burst).collect()
    }
}

impl Flow {
    fn close_burst(&mut self) -> Vec<String> {
        let Some(burst) = self.burst.take() else { return Vec::new() };
        let delta = burst.began.saturating_sub(self.last);
        self.last = burst.ended;
        let plural = if burst.segments == 1 { "" } else { "s" };
        let mut text = format!("{} octets, {} segment{plural}", grouped(burst.octets), burst.segments);
        if burst.ended > burst.began {
            text += &format!(" in {}", span(burst.ended - burst.began));
        }
        arrow(delta, burst.ports, burst.from, &text, '=', "data")
    }
}

/// The text on the arrow, the arrow's stroke, and the note beside it.
fn words(what: &Fact) -> (String, char, String) {
    let connection = |data: bool| if data { "data" } else { "control" };
    match what {
        Fact::Packet { packet, sense, .. } => (packet.to_string(), '-', note(*sense)),
        Fact::TimedOut => (String::from("no answer in time"), ' ', String::new()),
        Fact::Control(line) => (line.clone(), '-', String::new()),
        Fact::Connected { data } => {
            (format!("opens the {} connection (TCP)", connection(*data)), '=', connection(*data).into())
        }
        Fact::ConnectFailed(why) => (format!("no data connection: {why}"), '=', String::from("failed")),
        Fact::Data { len, .. } => (format!("{len} octets"), '=', String::from("data")),
        Fact::Closed { data: true, total } => (
            format!("closes the data connection after {} octets", grouped(*total)),
            '=',
            String::from("data"),
        ),
        Fact::Closed { data: false, .. } => {
            (String::from("closes the control connection"), '=', String::from("control"))
        }
        Fact::Size(n) => (format!("the size is known: {} octets", grouped(*n)), ' ', String::new()),
    }
}

fn note(sense: Sense) -> String {
    match sense {
        Sense::First => String::new(),
        Sense::Again(n) => format!("again #{n}"),
        Sense::Duplicate => String::from("dup"),
        Sense::Stale => String::from("stale"),
        Sense::Gap => String::from("gap"),
        Sense::Stray => String::from("stray"),
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
fn remark(delta: Duration, (client, server): (u16, u16), at: End, text: &str) -> String {
    let text: String = format!("({text})").chars().take(TEXT).collect();
    let body = match at {
        End::Client => format!("{text:<SPAN$}"),
        End::Server => format!("{text:>SPAN$}"),
    };
    format!("{:>9}  {client:>5} |{body}| {server:<5}", span_since(delta)).trim_end().to_string()
}

/// Cuts a text into lines of at most [`TEXT`] characters, at spaces where there are some.
fn wrap(text: &str) -> Vec<String> {
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

/// `0`, `312us`, `4.1ms`, `1.204s`.
fn span(d: Duration) -> String {
    match d.as_micros() {
        0 => String::from("0"),
        us @ 1..1_000 => format!("{us}us"),
        us @ 1_000..1_000_000 => format!("{:.1}ms", us as f64 / 1e3),
        us => format!("{:.3}s", us as f64 / 1e6),
    }
}
