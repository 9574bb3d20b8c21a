use super::*;
use crate::record::{Figures, Negotiated, Wire};

/// A transfer of 100 blocks of 1,000 octets, unless a row says otherwise.
struct Case {
    dir: Direction,
    expected: Option<u64>,
    end: End,
}

fn wire(blocks: u64, options: &[&'static str]) -> Wire {
    let options = options.iter().map(|name| Negotiated { name, asked: 0, agreed: Some(1) }).collect();
    Wire {
        options,
        blksize: 1_000,
        windowsize: 1,
        answered: blocks > 0,
        figures: Figures { blocks, ..Figures::default() },
        ..Wire::default()
    }
}

fn case(dir: Direction, outcome: Outcome, blocks: u64, options: &[&'static str]) -> Case {
    let wire = Some(Box::new(wire(blocks, options)));
    Case { dir, expected: Some(100_000), end: End { wire, ..End::new(outcome, blocks * 1_000) } }
}

fn read(outcome: Outcome, blocks: u64, options: &[&'static str]) -> Case {
    case(Direction::Read, outcome, blocks, options)
}

fn write(outcome: Outcome, blocks: u64) -> Case {
    case(Direction::Write, outcome, blocks, &["blksize"])
}

impl Case {
    fn because(mut self, cause: Cause) -> Case {
        self.end.cause = cause;
        self
    }

    fn of(mut self, expected: Option<u64>) -> Case {
        self.expected = expected;
        self
    }

    fn wire(mut self, change: impl FnOnce(&mut Wire)) -> Case {
        change(self.end.wire.as_mut().expect("a case has one"));
        self
    }
}

fn error(code: u16, text: &str) -> Cause {
    Cause::PeerError { code, text: text.into() }
}

#[test]
fn facts_make_the_verdict() {
    use Outcome::*;
    const SIZE: &[&str] = &["tsize", "blksize"];
    const PLAIN: &[&str] = &[];
    let answered = |w: &mut Wire| w.answered = true;
    let again = |w: &mut Wire| w.asked_again = 1;
    let rows: Vec<(&str, Case, &str, &str)> = vec![
        ("whole", read(Complete, 100, SIZE), "complete", "complete"),
        ("an upload", write(Complete, 100), "complete", "complete"),
        ("EDK2", read(Refused, 0, SIZE).because(error(8, "User aborted")), "probe", "probe"),
        ("a ROM of Intel", read(Refused, 0, SIZE).because(error(0, "TFTP Aborted")), "probe", "probe"),
        ("after DATA 1", read(Refused, 1, PLAIN).because(error(0, "")), "probe", "probe"),
        ("port closed after OACK", read(TimedOut, 0, SIZE).because(Cause::PortClosed), "probe", "probe"),
        ("port closed after DATA 1", read(TimedOut, 0, PLAIN).because(Cause::PortClosed), "probe", "probe"),
        ("silent after the size", read(TimedOut, 0, SIZE), "probe", "probe"),
        ("asks anew from its port", read(Aborted, 0, SIZE).because(Cause::Replaced), "probe", "probe"),
        (
            "options refused",
            read(Refused, 0, &["blksize"]).because(error(8, "bad blksize")),
            "refused-by-client",
            "refused: the client sent ERROR 8: bad blksize",
        ),
        (
            "no space there",
            read(Refused, 61, SIZE).because(error(3, "")),
            "refused-by-client",
            "refused: the client sent ERROR 3 after 61 %",
        ),
        (
            "no space for the first block",
            read(Refused, 0, SIZE).because(error(3, "full")),
            "refused-by-client",
            "refused: the client sent ERROR 3: full",
        ),
        (
            "an interrupted client",
            read(Refused, 2, SIZE).because(error(0, "interrupted")),
            "refused-by-client",
            "refused: the client sent ERROR 0 after 2 %: interrupted",
        ),
        (
            "an upload is no probe",
            write(Refused, 1).because(error(0, "x")),
            "refused-by-client",
            "refused: the client sent ERROR 0 after 1 %: x",
        ),
        (
            "port closed in the middle",
            read(TimedOut, 61, SIZE).because(Cause::PortClosed),
            "client-went-away",
            "client went away after 61 %",
        ),
        (
            "upload's port closed at once",
            write(TimedOut, 0).because(Cause::PortClosed),
            "client-went-away",
            "client went away",
        ),
        (
            "port closed at the end",
            read(Unconfirmed, 99, SIZE).because(Cause::PortClosed),
            "last-ack-lost",
            "last ACK lost: all was sent and probably arrived",
        ),
        (
            "one block, never acknowledged, port closed",
            read(TimedOut, 0, PLAIN).because(Cause::PortClosed).of(Some(999)),
            "last-ack-lost",
            "last ACK lost: all was sent and probably arrived",
        ),
        (
            "no last ACK",
            read(Unconfirmed, 99, PLAIN),
            "last-ack-lost",
            "last ACK lost: all was sent and probably arrived",
        ),
        (
            "cannot hear us",
            read(TimedOut, 0, SIZE).wire(again),
            "never-answered",
            "no answer to our first packet: a firewall may block our data port",
        ),
        (
            "cannot hear us, without options",
            read(TimedOut, 0, PLAIN),
            "never-answered",
            "no answer to our first packet: a firewall may block our data port",
        ),
        (
            "upload that cannot hear us",
            write(TimedOut, 0),
            "never-answered",
            "no answer to our first packet: a firewall may block our data port",
        ),
        (
            "dropped to make room",
            read(Aborted, 0, PLAIN).because(Cause::Replaced),
            "never-answered",
            "no answer to our first packet: a firewall may block our data port",
        ),
        (
            "asks for something else",
            read(Aborted, 50, SIZE).because(Cause::Replaced),
            "client-went-away",
            "client went away after 50 %",
        ),
        (
            "asks for something else when all was sent",
            read(Aborted, 100, SIZE).because(Cause::Replaced).wire(|w| w.figures.sent = 101),
            "last-ack-lost",
            "last ACK lost: all was sent and probably arrived",
        ),
        (
            "flash is full",
            read(TimedOut, 61, SIZE),
            "went-silent",
            "stopped after 61 %, the device went silent: flash may be full",
        ),
        (
            "almost all",
            read(TimedOut, 100, SIZE),
            "went-silent",
            "stopped after 99 %, the device went silent: flash may be full",
        ),
        (
            "silent after ACK 0",
            read(TimedOut, 0, SIZE).wire(answered).wire(again),
            "went-silent",
            "stopped after 0 %, the device went silent: flash may be full",
        ),
        (
            "of unknown length",
            read(TimedOut, 61, SIZE).of(None),
            "went-silent",
            "stopped after 61000 octets, the device went silent: flash may be full",
        ),
        (
            "an upload stops",
            write(TimedOut, 61),
            "stopped-sending",
            "stopped after 61 %, the device stopped sending",
        ),
        (
            "more than announced",
            write(TimedOut, 61).of(Some(5)),
            "stopped-sending",
            "stopped after 61000 octets, the device stopped sending",
        ),
        (
            "breaks the protocol",
            write(Aborted, 1).because(Cause::Broke("a block of 9 octets, agreed were 8".into())),
            "refused",
            "refused: a block of 9 octets, agreed were 8",
        ),
        (
            "our disk",
            read(Failed, 1, SIZE).because(Cause::Ours("I/O error".into())),
            "our-fault",
            "our fault: I/O error",
        ),
        (
            "stopped",
            read(Aborted, 61, SIZE).because(Cause::Stopped),
            "cut",
            "cut after 61 %: the server was stopped",
        ),
        (
            "kicked",
            read(Aborted, 61, SIZE).because(Cause::Kicked),
            "kicked",
            "kicked by the operator after 61 %",
        ),
    ];
    for (what, case, word, text) in rows {
        let verdict = Verdict::of(case.dir, case.expected, &case.end);
        assert_eq!((verdict.word(), verdict.to_string().as_str()), (word, text), "{what}");
        assert!(Verdict::WORDS.contains(&verdict.word()), "{what}");
    }
}

#[test]
fn a_protocol_over_tcp_has_its_verdicts_too() {
    let of = |end: &End| Verdict::of(Direction::Read, Some(1_000), end).to_string();
    assert_eq!(of(&End::new(Outcome::Complete, 1_000)), "complete");
    assert_eq!(of(&End::new(Outcome::Aborted, 500)), "client went away after 50 %");
    let rest = End { expected: Some(800), ..End::new(Outcome::Aborted, 400) };
    assert_eq!(of(&rest), "client went away after 50 %", "a restart counts what it was to bring");
    let silent = of(&End::new(Outcome::TimedOut, 610));
    assert_eq!(silent, "stopped after 61 %, the device went silent: flash may be full");
    let none = End::new(Outcome::TimedOut, 0).because(Cause::NoDataConnection);
    assert_eq!(of(&none), "the data connection never opened");
    assert_eq!(of(&End::new(Outcome::Failed, 0).note("disk")), "our fault: disk");
    assert_eq!(of(&End::new(Outcome::Refused, 0).note("beyond the end")), "refused: beyond the end");
}

#[test]
fn loss_is_what_gaps_and_waits_in_vain_tell_and_not_repeats() {
    assert_eq!(Figures { blocks: 900, sent: 1_300, repeats: 400, ..Figures::default() }.loss(), 0.0);
    let figures =
        Figures { blocks: 985, sent: 1_400, repeats: 400, gaps: 10, timeouts: 5, ..Figures::default() };
    assert!((figures.loss() - 0.015).abs() < 1e-9);
    assert_eq!(Figures { timeouts: 4, ..Figures::default() }.loss(), 1.0);
    assert_eq!(Figures::default().loss(), 0.0);
}
