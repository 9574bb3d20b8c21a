//! The line for people at the end of a transfer: short where all is well.

use crate::figures::{grouped, millis, rate, took};
use crate::ladder::printable;
use gate::{Cause, Direction, End, Verdict, Wire};
use std::fmt::Write;
use std::time::Duration;
use store::VPath;

/// Loss below this is not worth a word: one in a thousand.
const LOSS: f64 = 0.001;

/// What has ended.
pub(super) struct Ended<'a> {
    pub(super) path: &'a VPath,
    pub(super) dir: Direction,
    pub(super) end: &'a End,
    pub(super) verdict: &'a Verdict,
    /// Where the old content is.
    pub(super) kept: Option<&'a VPath>,
    /// How long it took, where its beginning was seen.
    pub(super) elapsed: Option<Duration>,
}

impl Ended<'_> {
    /// The line.
    pub(super) fn line(&self) -> String {
        let (path, verdict, octets) = (self.path, self.verdict, self.end.octets);
        let mut line = match (verdict, self.dir) {
            (Verdict::Complete, Direction::Read) => format!("fetched {path}"),
            (Verdict::Complete, Direction::Write) => format!("stored {path}"),
            (_, _) => path.to_string(),
        };
        let wire = self.end.wire.as_deref();
        if let Some(asked) = wire.map(|w| &w.asked[..]).filter(|a| !is_plain(a, self.path)) {
            let _ = write!(line, " (asked as {})", printable(asked));
        }
        match verdict {
            Verdict::Complete => line.push(':'),
            // Boot ROMs look before every download: not a word more.
            Verdict::Probe => return format!("{line}: probe"),
            other => {
                let _ = write!(line, ": {other}");
                if octets == 0 {
                    self.add_rest(&mut line);
                    return line;
                }
                line.push(';');
            }
        }
        let _ = write!(line, " {} octets", grouped(octets));
        if let Some(elapsed) = self.elapsed {
            let time = if elapsed < Duration::from_secs(1) { millis(elapsed) } else { took(elapsed) };
            let _ = write!(line, " in {time} ({})", rate(octets, elapsed));
        }
        if let Some(wire) = wire {
            add_wire(&mut line, wire);
        }
        self.add_rest(&mut line);
        line
    }

    fn add_rest(&self, line: &mut String) {
        if let Some(kept) = self.kept {
            let _ = write!(line, "; the old one is {kept}");
        }
        // Every other cause is in the verdict's words.
        let more = self.end.cause == Cause::Plain && *self.verdict != Verdict::LastAckLost;
        if more && !matches!(self.verdict, Verdict::Refused(_) | Verdict::OurFault(_)) {
            let note = &self.end.note;
            if !note.is_empty() {
                let _ = write!(line, "; {note}");
            }
        }
    }
}

/// Whether this is the path itself, or the path below the root.
fn is_plain(asked: &[u8], path: &VPath) -> bool {
    let path = path.as_bytes();
    asked == path || path.strip_prefix(b"/") == Some(asked)
}

fn add_wire(line: &mut String, wire: &Wire) {
    let _ = write!(line, ", blocks {} x {}", wire.blksize, wire.windowsize);
    let asked = |name| wire.options.iter().find(|o| o.name == name).map(|o| o.asked);
    let (blksize, windowsize) = (u64::from(wire.blksize), u64::from(wire.windowsize));
    let wanted = (asked("blksize").unwrap_or(blksize), asked("windowsize").unwrap_or(windowsize));
    if wanted != (blksize, windowsize) {
        let _ = write!(line, " (asked {} x {})", wanted.0, wanted.1);
    }
    let figures = &wire.figures;
    if let Some(rtt) = figures.rtt {
        let _ = write!(line, ", RTT {}", millis(rtt));
    }
    match figures.repeats {
        0 => {}
        1 => line.push_str(", 1 repeat"),
        n => {
            let _ = write!(line, ", {} repeats", grouped(n));
        }
    }
    if figures.loss() >= LOSS {
        let _ = write!(line, " (at least {:.1} % lost)", figures.loss() * 100.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate::{Figures, Negotiated, Outcome};

    fn wire(asked: &[u8], figures: Figures) -> Wire {
        let option = |name, asked, agreed| Negotiated { name, asked, agreed: Some(agreed) };
        Wire {
            asked: asked.to_vec(),
            options: vec![option("blksize", 1_428, 1_428), option("windowsize", 16, 16)],
            blksize: 1_428,
            windowsize: 16,
            answered: true,
            figures,
            ..Wire::default()
        }
    }

    fn line(dir: Direction, end: &End, total: u64, kept: Option<&str>) -> String {
        let path = VPath::parse(b"/images/a.bin").unwrap();
        let verdict = Verdict::of(dir, Some(total), end);
        let kept = kept.map(|k| VPath::parse(k.as_bytes()).unwrap());
        let elapsed = Some(Duration::from_millis(3_200));
        Ended { path: &path, dir, end, verdict: &verdict, kept: kept.as_ref(), elapsed }.line()
    }

    fn tftp(outcome: Outcome, octets: u64, wire: Wire) -> End {
        End { wire: Some(Box::new(wire)), ..End::new(outcome, octets) }
    }

    #[test]
    fn what_is_well_is_short() {
        let rtt = Some(Duration::from_micros(310));
        let figures = Figures { blocks: 23_524, sent: 23_524, rtt, ..Figures::default() };
        let end = tftp(Outcome::Complete, 33_591_768, wire(b"images/a.bin", figures));
        assert_eq!(
            line(Direction::Read, &end, 33_591_768, None),
            "fetched /images/a.bin: 33,591,768 octets in 3.2 s (10.0 MiB/s), blocks 1428 x 16, RTT 0.31 ms"
        );
        let end = End::new(Outcome::Complete, 33_591_768);
        assert_eq!(
            line(Direction::Write, &end, 33_591_768, Some("/images/.a.bin.~1~")),
            "stored /images/a.bin: 33,591,768 octets in 3.2 s (10.0 MiB/s); the old one is /images/.a.bin.~1~"
        );
    }

    #[test]
    fn what_was_asked_is_told_where_it_is_not_what_was_given() {
        let figures = Figures { blocks: 980, sent: 1_320, repeats: 320, gaps: 20, ..Figures::default() };
        let mut wire = wire(b"C:\\A.BIN\xff", figures);
        wire.options[0].asked = 65_464;
        let end = tftp(Outcome::Complete, 1_000, wire);
        assert_eq!(
            line(Direction::Read, &end, 1_000, None),
            "fetched /images/a.bin (asked as C:\\A.BIN\\xff): 1,000 octets in 3.2 s (312 B/s), \
             blocks 1428 x 16 (asked 65464 x 16), 320 repeats (at least 2.0 % lost)"
        );
    }

    #[test]
    fn what_is_not_well_begins_with_its_verdict() {
        let figures = Figures { blocks: 14_350, sent: 14_366, repeats: 1, ..Figures::default() };
        let end = tftp(Outcome::TimedOut, 20_490_978, wire(b"/images/a.bin", figures));
        assert_eq!(
            line(Direction::Read, &end, 33_591_768, None),
            "/images/a.bin: stopped after 60 %, the device went silent: flash may be full; \
             20,490,978 octets in 3.2 s (6.1 MiB/s), blocks 1428 x 16, 1 repeat"
        );
        let refused = Cause::PeerError { code: 3, text: "no space".into() };
        let none = Figures::default();
        let end = tftp(Outcome::Refused, 0, wire(b"/images/a.bin", none)).because(refused).note("twice");
        assert_eq!(
            line(Direction::Read, &end, 33_591_768, None),
            "/images/a.bin: refused: the client sent ERROR 3: no space"
        );
        let aborted = End::new(Outcome::Aborted, 0).note("the peer reset the data connection");
        assert_eq!(
            line(Direction::Read, &aborted, 10, None),
            "/images/a.bin: client went away; the peer reset the data connection"
        );
        let failed = End::new(Outcome::Failed, 0).note("disk");
        assert_eq!(line(Direction::Read, &failed, 10, None), "/images/a.bin: our fault: disk");
    }

    #[test]
    fn a_short_time_is_told_in_milliseconds() {
        let path = VPath::parse(b"a").unwrap();
        let (dir, end, verdict) = (Direction::Read, End::new(Outcome::Complete, 4_096), Verdict::Complete);
        let elapsed = Some(Duration::from_micros(612));
        let ended = Ended { path: &path, dir, end: &end, verdict: &verdict, kept: None, elapsed };
        assert_eq!(ended.line(), "fetched /a: 4,096 octets in 0.61 ms (6.4 MiB/s)");
    }

    #[test]
    fn a_probe_is_quiet() {
        let aborted = Cause::PeerError { code: 8, text: "User aborted the transfer".into() };
        let mut wire = wire(b"images/a.bin", Figures::default());
        wire.options.push(Negotiated { name: "tsize", asked: 0, agreed: Some(33_591_768) });
        let end = tftp(Outcome::Refused, 0, wire).because(aborted);
        assert_eq!(line(Direction::Read, &end, 33_591_768, None), "/images/a.bin: probe");
    }
}
