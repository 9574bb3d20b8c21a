use super::super::draw::wrap;
use super::super::row::{Drawn, Kind, Row, note};
use super::super::{End, span};
use super::panel::{Item, Panel};
use crate::figures::grouped;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;
use transport::tap::{Role, Sense};

/// Pixels, at the size the picture was drawn for; it scales.
const WIDTH: u32 = 980;
const CLIENT: u32 = 230;
const SERVER: u32 = 760;
const MIDDLE: u32 = (CLIENT + SERVER) / 2;
/// Of one line of text.
const LINE: u32 = 16;
/// An arrow falls by so much: time goes down.
const FALL: u32 = 6;

/// Colours that can be told apart on white and on black, and dashes and words beside them for who cannot.
const STYLE: &str = "\
text{font:13px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#1f2328}\
.bg{fill:#fff}.life{stroke:#8c959f;stroke-width:1.5}.band{fill:#f0f3f6}.title{font-weight:bold}\
.small{font-size:11px;fill:#59636e}.middle{text-anchor:middle}.end{text-anchor:end}\
.a{stroke:#0b5cad;fill:#0b5cad;stroke-width:1.4}.data{stroke:#1a7f37;fill:#1a7f37;stroke-width:3}\
.tcp{stroke:#1a7f37;fill:#1a7f37;stroke-width:1.4}.again{stroke:#b35900;fill:#b35900;stroke-width:1.4}\
.dup{stroke:#8250df;fill:#8250df;stroke-width:1.4}.gap{stroke:#bf3989;fill:#bf3989;stroke-width:1.4}\
.stale{stroke:#6e7781;fill:#6e7781;stroke-width:1.4}.lost{stroke:#d1242f;fill:#d1242f;stroke-width:1.4}\
line.lost{stroke-dasharray:5 4}\
text.again,text.dup,text.gap,text.stale,text.lost{stroke:none;font-size:11px}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.bg{fill:#0d1117}.band{fill:#1c232c}.life{stroke:#6e7681}\
.small{fill:#9198a1}.a{stroke:#58a6ff;fill:#58a6ff}.data,.tcp{stroke:#3fb950;fill:#3fb950}\
.again{stroke:#f0883e;fill:#f0883e}.dup{stroke:#bc8cff;fill:#bc8cff}.gap{stroke:#f778ba;fill:#f778ba}\
.stale{stroke:#9198a1;fill:#9198a1}.lost{stroke:#ff7b72;fill:#ff7b72}}";

/// What the classes of arrows mean; those that are there are in the legend.
const LEGEND: &[(&str, &str)] = &[
    ("lost", "nothing answered it: it was sent again"),
    ("again", "sent again"),
    ("dup", "received again"),
    ("gap", "received before one that is missing"),
    ("stale", "too old, or of nobody's"),
    ("data", "octets on a data connection"),
];

/// The whole document.
pub(super) fn document(panels: &BTreeMap<u64, Panel>, tapped: End, beyond: u64) -> String {
    let mut page = Page { body: String::new(), y: 24, used: Vec::new() };
    let end = match tapped {
        End::Client => "client",
        End::Server => "server",
    };
    let title = format!("As seen at the {end}");
    page.text(20, "title", &title);
    page.y += LINE;
    for (number, panel) in panels {
        page.panel(*number, panel);
    }
    if beyond > 0 {
        let text = format!("{} rows more are not drawn", grouped(beyond));
        page.text(20, "title", &text);
        page.y += 2 * LINE;
    }
    page.legend();
    let height = page.y + LINE;
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         <rect class=\"bg\" width=\"{WIDTH}\" height=\"{height}\"/>\n{}</svg>\n",
        page.body
    )
}

struct Page {
    body: String,
    /// The top of what comes next.
    y: u32,
    /// Classes of arrows so far.
    used: Vec<&'static str>,
}

impl Page {
    fn put(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    fn text(&mut self, x: u32, class: &str, text: &str) {
        let y = self.y;
        self.put(&format!("<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{}</text>", escaped(text)));
    }

    fn panel(&mut self, number: u64, panel: &Panel) {
        self.y += 2 * LINE;
        let name = |end: &str, at: SocketAddr| format!("{end} {}", at.ip());
        self.text(20, "title", &format!("#{number}"));
        self.text(CLIENT, "title middle", &name("client", panel.client));
        self.text(SERVER, "title middle", &name("server", panel.server));
        self.y += LINE / 2;
        let top = self.y;
        // The lines of the two ends lie under the arrows: they are put in when their length is known.
        let behind = self.body.len();
        let mut phase = None;
        for item in &panel.items {
            match item {
                Item::Row { row, unanswered } => {
                    if let Some(title) = ftp_phase(row)
                        && phase.replace(title) != Some(title)
                    {
                        self.band(title);
                    }
                    self.row(row, *unanswered, panel.began);
                }
                Item::Fold { packets, first, last, began, ended } => {
                    self.y += LINE;
                    self.time(*began - panel.began);
                    let text = format!("⋮  {} packets: {first} … {last}", grouped(*packets));
                    self.text(MIDDLE, "middle fold", &text);
                    self.y += LINE;
                    let took = format!("as they should be, in {}", span(ended.saturating_sub(*began)));
                    self.text(MIDDLE, "small middle", &took);
                    self.y += LINE / 2;
                }
            }
        }
        self.y += LINE;
        let bottom = self.y;
        let line = |x| format!("<line class=\"life\" x1=\"{x}\" y1=\"{top}\" x2=\"{x}\" y2=\"{bottom}\"/>\n");
        self.body.insert_str(behind, &(line(CLIENT) + &line(SERVER)));
        self.y += LINE;
        let took = format!("{} from the first to the last", span(panel.ended().saturating_sub(panel.began)));
        self.text(MIDDLE, "small middle", &took);
    }

    /// When, since the panel's first row.
    fn time(&mut self, since: Duration) {
        self.text(110, "small end", &span(since));
    }

    fn band(&mut self, title: &str) {
        self.y += LINE;
        let y = self.y - 6;
        let width = WIDTH - 40;
        self.put(&format!("<rect class=\"band\" x=\"20\" y=\"{y}\" width=\"{width}\" height=\"18\"/>"));
        self.y += 8;
        self.text(MIDDLE, "small middle phase", title);
        self.y += LINE / 4;
    }

    fn row(&mut self, row: &Row, unanswered: bool, began: Duration) {
        match &row.what {
            Drawn::Heading(..) => {}
            Drawn::Phase(phase) => self.band(phase.title()),
            Drawn::Remark { ports, at, text } => {
                self.y += LINE - 2;
                if !row.delta.is_zero() {
                    self.time(row.at - began);
                    self.ports(*ports);
                }
                let (x, anchor) = match at {
                    End::Client => (CLIENT + 10, "remark"),
                    End::Server => (SERVER - 10, "remark end"),
                };
                for (i, line) in wrap(&format!("({text})")).iter().enumerate() {
                    self.y += if i == 0 { 0 } else { LINE };
                    self.text(x, anchor, line);
                }
                self.y += 4;
            }
            Drawn::Arrow { ports, from, text, kind } => {
                for line in wrap(text) {
                    self.y += LINE;
                    self.text(MIDDLE, "middle", &line);
                }
                let class = class(*kind, unanswered);
                if !self.used.contains(&class) {
                    self.used.push(class);
                }
                self.y += 4;
                self.time(row.at - began);
                self.ports(*ports);
                self.arrow(*from, class);
                let mut said = note(*kind);
                if unanswered {
                    said = if said.is_empty() { "unanswered".into() } else { format!("{said}, unanswered") };
                }
                if !said.is_empty() {
                    self.text(SERVER + 58, class_of_note(class), &said);
                }
                self.y += FALL;
            }
        }
    }

    fn ports(&mut self, (client, server): (u16, u16)) {
        self.text(CLIENT - 8, "small end", &client.to_string());
        self.text(SERVER + 8, "small", &server.to_string());
    }

    fn arrow(&mut self, from: End, class: &str) {
        let (x1, x2, back) = match from {
            End::Client => (CLIENT, SERVER, -8),
            End::Server => (SERVER, CLIENT, 8),
        };
        let (y1, y2) = (self.y, self.y + FALL);
        let foot = i64::from(x2) + back;
        self.put(&format!(
            "<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{foot}\" y2=\"{y2}\"/>\
             <path class=\"{class}\" d=\"M{x2} {y2}l{back} -4v8z\" stroke-width=\"0\"/>"
        ));
    }

    fn legend(&mut self) {
        self.y += 2 * LINE;
        for (class, words) in LEGEND {
            if self.used.contains(class) {
                self.y += LINE;
                let y = self.y - 4;
                self.put(&format!("<line class=\"{class}\" x1=\"20\" y1=\"{y}\" x2=\"60\" y2=\"{y}\"/>"));
                self.text(70, "small", words);
            }
        }
    }
}

/// What an arrow looks like.
fn class(kind: Kind, unanswered: bool) -> &'static str {
    match kind {
        _ if unanswered => "lost",
        Kind::Packet { sense: Sense::First, .. } | Kind::Control | Kind::Head => "a",
        Kind::Packet { sense: Sense::Again(_), .. } => "again",
        Kind::Packet { sense: Sense::Duplicate, .. } => "dup",
        Kind::Packet { sense: Sense::Gap, .. } => "gap",
        Kind::Packet { sense: Sense::Stale | Sense::Stray, .. } => "stale",
        Kind::Connection { .. } => "tcp",
        Kind::Data => "data",
        Kind::Failed => "lost",
    }
}

/// The note beside it has its colour where the arrow has one of its own.
fn class_of_note(class: &'static str) -> &'static str {
    match class {
        "a" | "tcp" | "data" => "small",
        other => other,
    }
}

/// The three parts of a session: connection, data transfer, termination. TFTP's are rows of their own.
fn ftp_phase(row: &Row) -> Option<&'static str> {
    match &row.what {
        Drawn::Arrow { kind: Kind::Connection { role: Role::Control }, .. } => {
            Some("1. connection: who are you?")
        }
        Drawn::Arrow { kind: Kind::Connection { role: Role::Data }, .. } => {
            Some("2. transfer: a connection for the data")
        }
        Drawn::Arrow { kind: Kind::Control, text, .. } if text.eq_ignore_ascii_case("quit") => {
            Some("3. end: good bye")
        }
        Drawn::Arrow { .. } | Drawn::Remark { .. } | Drawn::Heading(..) | Drawn::Phase(_) => None,
    }
}

/// A peer's text between tags; what XML cannot hold (XML 1.0 §2.2) becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
