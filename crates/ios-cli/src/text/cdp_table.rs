//! `show cdp neighbors`: a row for each neighbour.

use super::Unread;
use super::neighbours::{Cdp, TOTAL};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// One row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// `SW1.example.net`
    pub name: String,
    /// Ours: `Gig 0/1`.
    pub port: String,
    /// Seconds until it is forgotten.
    pub holdtime: u32,
    /// `R S I`
    pub capabilities: String,
    /// `WS-C2960X`: what nine places have room for.
    pub platform: String,
    /// Theirs: `Gig 1/0/1`.
    pub theirs: String,
}

const CODES: &str = "\
Capability Codes: R - Router, T - Trans Bridge, B - Source Route Bridge
                  S - Switch, H - Host, I - IGMP, r - Repeater, P - Phone,\u{20}
                  D - Remote, C - CVTA, M - Two-port Mac Relay\u{20}

";
const CODES_IOS12: &str = "\
Capability Codes: R - Router, T - Trans Bridge, B - Source Route Bridge
                  S - Switch, H - Host, I - IGMP, r - Repeater

";
const HEADER: &str = "Device ID        Local Intrfce     Holdtme    Capability  Platform  Port ID";
/// Capabilities as `detail` calls them, with their letters in the order of a row.
const LETTERS: [(&str, char); 11] = [
    ("Router", 'R'),
    ("Trans-Bridge", 'T'),
    ("Source-Route-Bridge", 'B'),
    ("Switch", 'S'),
    ("Host", 'H'),
    ("IGMP", 'I'),
    ("Repeater", 'r'),
    ("Phone", 'P'),
    ("Remotely-Managed-Device", 'D'),
    ("CVTA", 'C'),
    ("Two-port", 'M'),
];
/// Where the columns begin.
const PORT: usize = 17;
const HOLDTIME: usize = 35;
const CAPABILITIES: usize = 46;
const PLATFORM: usize = 58;
const THEIRS: usize = 68;

impl Row {
    /// What `detail` says, as far as a row has room.
    pub fn of(cdp: &Cdp) -> Row {
        let words: Vec<&str> = cdp.capabilities.split_whitespace().collect();
        let letters = LETTERS.iter().filter(|(word, _)| words.contains(word));
        let letters: Vec<String> = letters.map(|(_, letter)| letter.to_string()).collect();
        let platform = cdp.platform.trim();
        let model = match platform.split_once(' ') {
            Some((maker, model)) if maker.eq_ignore_ascii_case("cisco") => model,
            Some(_) | None => platform,
        };
        Row {
            name: cdp.name.clone(),
            port: short(&cdp.port),
            holdtime: cdp.holdtime,
            capabilities: letters.join(" "),
            platform: model.chars().take(THEIRS - PLATFORM - 1).collect::<String>().trim_end().to_owned(),
            theirs: short(&cdp.theirs),
        }
    }
}

/// `Gig 0/1` of `GigabitEthernet0/1`.
fn short(port: &str) -> String {
    match port.find(|c: char| c.is_ascii_digit()) {
        Some(at) if at > 0 => {
            let (kind, number) = port.split_at(at);
            format!("{} {number}", kind.trim_end().chars().take(3).collect::<String>())
        }
        Some(_) | None => port.to_owned(),
    }
}

/// As a device prints them.
pub fn render(rows: &[Row]) -> String {
    table(CODES, rows) + &format!("\n{TOTAL}{}\n", rows.len())
}

/// The same up to IOS 12: without phones, and without a total.
pub fn render_ios12(rows: &[Row]) -> String {
    table(CODES_IOS12, rows)
}

fn table(codes: &str, rows: &[Row]) -> String {
    let mut out = format!("{codes}{HEADER}\n");
    for Row { name, port, holdtime, capabilities, platform, theirs } in rows {
        // A long name has a line of its own.
        let name = match name.chars().count() < PORT {
            true => format!("{name:<PORT$}"),
            false => format!("{name}\n{:PORT$}", ""),
        };
        // Letters stand around the middle of their column.
        let letters = format!("{:1$}{capabilities}", "", 7_usize.saturating_sub(capabilities.len() / 2));
        let line = format!(
            "{name}{port:<0$}{holdtime:<1$}{letters:<2$}{platform:<3$}{theirs}",
            HOLDTIME - PORT,
            CAPABILITIES - HOLDTIME,
            PLATFORM - CAPABILITIES,
            THEIRS - PLATFORM
        );
        out += &format!("{}\n", line.trim_end());
    }
    out
}

/// Reads them, whatever stands before.
///
/// # Errors
/// There is no header, or a line is no row.
pub fn parse(text: &str) -> Result<Vec<Row>, Unread> {
    let mut lines = text.lines().map(str::trim_end).skip_while(|line| *line != HEADER);
    lines.next().ok_or_else(|| Unread::new(HEADER, text.lines().next().unwrap_or_default()))?;
    let mut rows = Vec::new();
    let mut long = None;
    for line in lines.take_while(|line| !line.starts_with(TOTAL)).filter(|line| !line.is_empty()) {
        if long.is_none() && !line.contains(' ') {
            long = Some(line.to_owned());
            continue;
        }
        rows.push(row(line, long.take()).ok_or_else(|| Unread::new("a neighbour", line))?);
    }
    match long {
        Some(name) => Err(Unread::new("a line behind a long name", &name)),
        None => Ok(rows),
    }
}

fn row(line: &str, long: Option<String>) -> Option<Row> {
    // Octets of other alphabets are no columns.
    if !line.is_ascii() {
        return None;
    }
    let column =
        |from: usize, to: usize| line.get(from..to.min(line.len())).map(|text| text.trim().to_owned());
    let first = column(0, PORT)?;
    Some(Row {
        name: long.filter(|_| first.is_empty()).or(Some(first).filter(|first| !first.is_empty()))?,
        port: column(PORT, HOLDTIME)?,
        holdtime: column(HOLDTIME, CAPABILITIES)?.parse().ok()?,
        capabilities: column(CAPABILITIES, PLATFORM)?,
        platform: column(PLATFORM, THEIRS)?,
        theirs: column(THEIRS, line.len()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_printed_as_they_are_read() {
        let text = include_str!("../../tests/data/show_cdp_neighbors.txt");
        let rows = parse(text).expect("neighbours");
        assert_eq!(rows.len(), 11);
        assert_eq!(
            (rows[0].name.as_str(), rows[0].port.as_str()),
            ("asr1002-2.some.example.com", "Ten 1/1/3")
        );
        assert_eq!((rows[1].name.as_str(), rows[1].theirs.as_str()), ("vWAAS3b", "Virtual 2/0"));
        assert_eq!((rows[6].capabilities.as_str(), rows[6].platform.as_str()), ("R B S I", "CISCO2911"));
        let cut = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
        assert_eq!(cut(&render(&rows)), cut(text));
        assert_eq!(parse(&render_ios12(&rows)).as_ref(), Ok(&rows));
        assert_eq!(parse(&render(&rows)), Ok(rows));
        assert_eq!(parse(&render(&[])), Ok(Vec::new()));
        for bad in ["", "% CDP is not enabled\n", &text.replace("173", "now"), &text.replace("173 ", "")] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        let long = format!("{HEADER}\na.long.name.example.net\n");
        assert!(parse(&long).is_err());
    }

    #[test]
    fn a_row_is_what_it_has_room_for() {
        let cdp = |platform: &str, capabilities: &str| Cdp {
            name: "R1".into(),
            platform: platform.into(),
            capabilities: capabilities.into(),
            port: "TwentyFiveGigE1/1/2".into(),
            theirs: "Port 1".into(),
            holdtime: 129,
            ..Cdp::default()
        };
        let row = Row::of(&cdp("Cisco CISCO2911/K9", "Router Source-Route-Bridge Switch IGMP"));
        assert_eq!((row.platform.as_str(), row.capabilities.as_str()), ("CISCO2911", "R B S I"));
        assert_eq!((row.port.as_str(), row.theirs.as_str()), ("Twe 1/1/2", "Por 1"));
        let row = Row::of(&cdp("AS5610-52X", "Two-port Host Phone"));
        assert_eq!((row.platform.as_str(), row.capabilities.as_str()), ("AS5610-52", "H P M"));
    }
}
