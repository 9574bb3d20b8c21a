//! The examination: which probes are made, in which order, and what is concluded from them.

use super::findings::{Found, Id};
use super::probe::Wire;
use super::seen::{Answer, Ask, Oack, Seen, Stop, TRIAL_BLOCKS, median};
use super::{Facts, Limits, Report, Speed, Target, alive, names};
use crate::figures;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tftp_proto::{DEFAULT_BLKSIZE, ErrorCode, Offer};

/// Block sizes in their order. Only the ones with `true` are
/// tried at first; the others find the edge between one that passes and one that does not.
const SIZES: [(u16, bool); 10] = [
    (1_024, true),
    (1_228, false), // IPv6's smallest MTU, 1280, less 20
    (1_348, false), // MTU 1380: nested tunnels
    (1_388, false), // MTU 1420: WireGuard
    (1_428, true),  // MTU 1460; what towline copy asks for
    (1_460, false), // MTU 1492: PPPoE
    (1_468, true),  // MTU 1500: Ethernet
    (4_096, false), // three fragments
    (8_192, true),  // the most that IOS asks for
    (65_464, true), // the largest of RFC 2348
];
/// The largest block that goes as one Ethernet frame: 1500 - 20 (IPv4) - 8 (UDP) - 4.
const ONE_FRAME: u16 = 1_468;
/// Blocks and time of each timed read.
const TIMED: (u64, Duration) = (512, Duration::from_secs(1));
/// The window of the timed read.
const WINDOW: u16 = 16;
/// A name that no server has.
const NOBODY: &[u8] = b"towline-doctor-asks-for-nothing";
/// A small block for the smallest of paths.
const SMALL: u16 = 64;

/// What a server does with one option.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Verdict {
    Agreed(String),
    Ignored,
    Refused(String),
    /// An OACK that cannot be taken.
    Unlawful,
    Silent,
}

/// Examines a server by reading one file of it.
pub(super) fn examine(target: &Target, limits: &Limits) -> io::Result<Report> {
    let wire = Wire::new(target.server, limits.patience, limits.requests, limits.time);
    let mut exam = Exam { target, wire, found: Vec::new(), facts: Facts::default() };
    exam.run()?;
    exam.found.sort_by_key(|f| f.id);
    Ok(Report { found: exam.found, facts: exam.facts, requests: exam.wire.requests })
}

struct Exam<'a> {
    target: &'a Target,
    wire: Wire,
    found: Vec<Found>,
    facts: Facts,
}

impl Exam<'_> {
    fn run(&mut self) -> io::Result<()> {
        // RFC 1350 alone: what everything else is compared with.
        let Some(first) = self.plain(Stop::Blocks(2))? else { return Ok(()) };
        self.facts.answers = !matches!(first.answer, Answer::Silence | Answer::Icmp(..));
        self.facts.answered = first.answered;
        match &first.answer {
            Answer::Silence => return self.silence(&first),
            Answer::Icmp(error, kind) => {
                self.icmp(error, *kind);
                return Ok(());
            }
            Answer::Error(code, text) => return self.refused(*code, &text.clone()),
            Answer::Options(_) => {
                self.find(Id::IllegalOack, &[("faults", "it answers a request without options".into())]);
                return Ok(());
            }
            Answer::Plain => {}
        }
        if first.whole {
            self.facts.octets = Some(first.octets);
        } else if first.blocks < 2 {
            self.stuck(&first);
            return Ok(());
        }
        if !first.ports.is_empty() {
            self.ports(&first);
        }
        let blksize = self.options()?;
        if first.whole && !self.last_ack(blksize)? {
            return Ok(());
        }
        let largest = if blksize { self.sizes()? } else { DEFAULT_BLKSIZE };
        self.apprentice(blksize)?;
        self.speed(largest)
    }

    fn find(&mut self, id: Id, seen: &[(&str, String)]) {
        if !self.found.iter().any(|f| f.id == id) {
            self.found.push(Found::new(id, seen));
        }
    }

    fn plain(&mut self, stop: Stop) -> io::Result<Option<Seen>> {
        self.ask(&self.target.name.clone(), Offer::none(), stop)
    }

    fn ask(&mut self, name: &[u8], offer: Offer, stop: Stop) -> io::Result<Option<Seen>> {
        self.wire.probe(&Ask { name, offer, stop })
    }

    fn server(&self) -> String {
        self.target.server.ip().to_string()
    }

    fn port(&self) -> (&'static str, String) {
        ("port", self.target.server.port().to_string())
    }

    /// No answer. Who is there, and what does come through?
    fn silence(&mut self, first: &Seen) -> io::Result<()> {
        if self.strangers(first) {
            return Ok(());
        }
        let nobody = self.ask(NOBODY, Offer::none(), Stop::Answered)?;
        if let Some(seen) = nobody {
            match (&seen.answer, seen.from) {
                _ if self.strangers(&seen) => return Ok(()),
                (Answer::Icmp(error, kind), _) => {
                    self.icmp(error, *kind);
                    return Ok(());
                }
                (Answer::Error(..), Some(from)) if from == self.target.server => {
                    let what =
                        "an absent name gets its ERROR from the request port; no block of this file comes";
                    self.data_port(what);
                    return Ok(());
                }
                (Answer::Error(..) | Answer::Plain | Answer::Options(_), _) => {
                    return self.speaks_of_others();
                }
                (Answer::Silence, _) => {}
            }
        }
        let server = self.server();
        match alive::sign(self.target.server, self.wire.patience.min(Duration::from_secs(1)))? {
            Some(sign) => {
                self.find(Id::PortFiltered, &[("server", server), ("alive", sign.into()), self.port()]);
            }
            None => self.find(Id::NoAnswer, &[("server", server)]),
        }
        Ok(())
    }

    /// The server answers for other names, from ports of their own, and not for this one.
    fn speaks_of_others(&mut self) -> io::Result<()> {
        let name = self.target.name.clone();
        let small = self.ask(&name, Offer::none().blksize(SMALL), Stop::Blocks(1))?;
        match small {
            Some(seen) if seen.blocks > 0 => {
                let [works, fails] = [SMALL, DEFAULT_BLKSIZE].map(|n| n.to_string());
                self.find(Id::BlackHole, &[("works", works), ("fails", fails)]);
            }
            Some(_) | None => self.find(Id::SilentForFile, &[]),
        }
        Ok(())
    }

    fn strangers(&mut self, seen: &Seen) -> bool {
        let others: Vec<_> = seen.strangers.iter().map(|s| s.ip().to_string()).collect();
        if !others.is_empty() {
            let server = self.server();
            self.find(Id::OtherAddress, &[("server", server), ("others", others.join(", "))]);
        }
        !others.is_empty()
    }

    fn icmp(&mut self, error: &str, kind: io::ErrorKind) {
        let (server, port) = (("server", self.server()), self.port());
        match kind {
            io::ErrorKind::ConnectionRefused => self.find(Id::PortClosed, &[server, port]),
            // Our own packet filter's word for a datagram that it drops on the way out.
            io::ErrorKind::PermissionDenied => {
                let error = ("error", "this host's own packet filter does not let the request out".into());
                self.find(Id::Unreachable, &[server, error, port]);
            }
            _ => self.find(Id::Unreachable, &[server, ("error", error.to_owned()), port]),
        }
    }

    fn data_port(&mut self, what: &str) {
        let port = self.port();
        self.find(Id::DataPortFiltered, &[("seen", what.to_owned()), port]);
    }

    fn nat(&mut self, what: &str) {
        let port = self.port();
        self.find(Id::NatTid, &[("seen", what.to_owned()), port]);
    }

    /// One request, one transfer, several ports.
    fn ports(&mut self, seen: &Seen) {
        let ports: Vec<_> = seen.ports.iter().map(u16::to_string).collect();
        let from = seen.from.map_or(0, |f| f.port());
        self.nat(&format!("one transfer came from port {from} and from {}", ports.join(", ")));
    }

    /// DATA 1 came, our ACK brought nothing.
    fn stuck(&mut self, seen: &Seen) {
        if !seen.ports.is_empty() {
            self.ports(seen);
            return;
        }
        match &seen.broken {
            Some(text) if seen.unknown_tid => {
                self.nat(&format!("our ACK was answered with {text}"));
            }
            // What the server says when it gives up, or its port when it has, comes after that.
            _ if seen.again > 0 => {
                let times = seen.again + 1;
                self.data_port(&format!("block 1 came {times} times although it was acknowledged each time"));
            }
            Some(text) if text.starts_with("ERROR") => {
                self.find(Id::Refused, &[("code", "after block 1".into()), ("text", text.clone())]);
            }
            Some(text) => self.data_port(&format!("block 1 comes, and {text}")),
            None => self.data_port("block 1 comes, and nothing after it was acknowledged"),
        }
    }

    /// A file of one block: does the server get our ACKs?
    fn last_ack(&mut self, blksize: bool) -> io::Result<bool> {
        if blksize {
            let name = self.target.name.clone();
            let seen = self.ask(&name, Offer::none().blksize(DEFAULT_BLKSIZE), Stop::Blocks(1))?;
            let Some(seen) = seen else { return Ok(true) };
            if matches!(seen.answer, Answer::Options(_)) && seen.blocks == 0 {
                let times = seen.again + 1;
                self.data_port(&format!(
                    "the OACK came {times} times although it was acknowledged each time"
                ));
                return Ok(false);
            }
            return Ok(true);
        }
        let listen = self.wire.patience;
        let seen = self.plain(Stop::Lingering(listen))?;
        // One may be a lost ACK.
        let Some(again) = seen.map(|s| s.again).filter(|n| *n > 1) else { return Ok(true) };
        self.data_port(&format!("the only block came {} times although it was acknowledged", again + 1));
        Ok(false)
    }

    /// Each option by itself. Gives whether blksize is understood.
    fn options(&mut self) -> io::Result<bool> {
        let none = Offer::none;
        let each: [(&'static str, Offer); 4] = [
            ("blksize", none().blksize(1_024)),
            ("tsize", none().tsize(0)),
            ("timeout", none().timeout(3)),
            ("windowsize", none().windowsize(4)),
        ];
        let name = self.target.name.clone();
        let mut faults: Vec<String> = Vec::new();
        let mut verdicts: Vec<(&'static str, Verdict)> = Vec::new();
        for (option, offer) in each {
            // Of an empty file no server need tell the size: curl takes `tsize 0` for an error.
            if option == "tsize" && self.facts.octets == Some(0) {
                continue;
            }
            let Some(seen) = self.ask(&name, offer, Stop::Answered)? else { break };
            let verdict = match seen.answer {
                Answer::Plain => Verdict::Ignored,
                Answer::Silence => Verdict::Silent,
                Answer::Error(code, text) => Verdict::Refused(format!("ERROR {} {text}", code.to_u16())),
                Answer::Icmp(text, _) => Verdict::Refused(text),
                Answer::Options(oack) => self.agreed(option, oack, &mut faults),
            };
            verdicts.push((option, verdict));
        }
        if !faults.is_empty() {
            self.find(Id::IllegalOack, &[("faults", faults.join("; "))]);
        }
        let of = |is: fn(&Verdict) -> bool| -> Vec<String> {
            verdicts.iter().filter(|(_, v)| is(v)).map(|(o, _)| (*o).to_owned()).collect()
        };
        let listed = |options: Vec<String>| (!options.is_empty()).then(|| options.join(", "));
        if let Some(options) = listed(of(|v| matches!(v, Verdict::Silent))) {
            self.find(Id::OptionsSilent, &[("options", options)]);
        }
        if let Some(options) = listed(of(|v| matches!(v, Verdict::Ignored))) {
            self.find(Id::OptionsIgnored, &[("options", options)]);
        }
        let refused = verdicts.iter().filter_map(|(option, v)| match v {
            Verdict::Refused(text) => Some(format!("{option} ({text})")),
            Verdict::Agreed(_) | Verdict::Ignored | Verdict::Unlawful | Verdict::Silent => None,
        });
        if let Some(options) = listed(refused.collect()) {
            self.find(Id::OptionsRefused, &[("options", options)]);
        }
        for (option, verdict) in verdicts {
            let word = match verdict {
                Verdict::Agreed(value) => value,
                Verdict::Ignored => String::from("ignored"),
                Verdict::Refused(_) => String::from("refused"),
                Verdict::Unlawful => String::from("unlawful"),
                Verdict::Silent => String::from("silence"),
            };
            self.facts.options.push((option, word));
        }
        Ok(self.has("blksize"))
    }

    /// Whether the server agreed to an option.
    fn has(&self, option: &str) -> bool {
        let said = self.facts.options.iter().find(|(o, _)| *o == option);
        said.is_some_and(|(_, v)| v.bytes().all(|b| b.is_ascii_digit()))
    }

    fn agreed(&mut self, option: &str, oack: Oack, faults: &mut Vec<String>) -> Verdict {
        for fault in oack.faults {
            let fault = format!("asked for {option}, {fault}");
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        if !oack.taken {
            return Verdict::Unlawful;
        }
        let value = oack.pairs.into_iter().find(|(n, _)| n.eq_ignore_ascii_case(option)).map(|(_, v)| v);
        match value {
            Some(value) => {
                if option == "tsize" {
                    self.facts.octets = self.facts.octets.or(value.parse().ok());
                }
                Verdict::Agreed(value)
            }
            None => Verdict::Ignored,
        }
    }

    /// Which blocks arrive; gives the largest.
    fn sizes(&mut self) -> io::Result<u16> {
        let mut works = DEFAULT_BLKSIZE;
        let mut fails = None;
        for (size, _) in SIZES.iter().filter(|(_, first)| *first) {
            match self.size(*size)? {
                Fit::Passes(agreed) => {
                    works = works.max(agreed);
                    // The server has a limit of its own, or the file ends here: nothing larger comes.
                    if agreed < *size {
                        break;
                    }
                }
                Fit::Lost => {
                    fails = Some(*size);
                    break;
                }
                Fit::Untested => break,
            }
        }
        if let Some(mut edge) = fails {
            let between: Vec<u16> = SIZES.iter().map(|s| s.0).filter(|s| *s > works && *s < edge).collect();
            // From above: a path usually misses a few octets, and those that fail cost time.
            for size in between.into_iter().rev() {
                match self.size(size)? {
                    Fit::Passes(agreed) => {
                        works = works.max(agreed);
                        break;
                    }
                    Fit::Lost => edge = size,
                    Fit::Untested => break,
                }
            }
            // The largest alone is forty-five fragments: that it does not pass is no fault of the path.
            if edge <= 8_192 {
                let id = if edge <= ONE_FRAME { Id::BlackHole } else { Id::FragmentsLost };
                self.find(id, &[("works", works.to_string()), ("fails", edge.to_string())]);
            }
        }
        self.facts.largest = (works > DEFAULT_BLKSIZE || fails.is_some()).then_some(works);
        Ok(works)
    }

    /// Whether a block of this size arrives: agreed to, and then silence, twice.
    fn size(&mut self, size: u16) -> io::Result<Fit> {
        if self.facts.octets.is_some_and(|n| n < u64::from(size)) {
            return Ok(Fit::Untested);
        }
        let name = self.target.name.clone();
        let mut lost: Option<u16> = None;
        for _ in 0..2 {
            let Some(seen) = self.ask(&name, Offer::none().blksize(size), Stop::Blocks(1))? else {
                return Ok(Fit::Untested);
            };
            let agreed = seen.terms.blksize;
            match &seen.answer {
                Answer::Options(oack) if !oack.taken || seen.unlawful => return Ok(Fit::Untested),
                // A server that sees a block vanish may agree to less for a while.
                Answer::Options(_) if seen.blocks > 0 && lost.is_some_and(|former| agreed < former) => break,
                // A DATA that is shorter than agreed ends the file: nothing larger can be seen.
                Answer::Options(oack) if seen.blocks > 0 => {
                    let named = oack.pairs.iter().any(|(n, _)| n == "blksize");
                    return Ok(if named && !seen.whole { Fit::Passes(agreed) } else { Fit::Untested });
                }
                // Asked for once more: the first answer may have been lost.
                Answer::Options(_) => lost = Some(agreed),
                Answer::Silence => {}
                Answer::Plain | Answer::Error(..) | Answer::Icmp(..) => return Ok(Fit::Untested),
            }
        }
        Ok(Fit::Lost)
    }

    /// A repeated ACK must not bring a block again.
    fn apprentice(&mut self, blksize: bool) -> io::Result<()> {
        let Some(octets) = self.facts.octets.or((!blksize).then_some(u64::MAX)) else { return Ok(()) };
        let size = u16::try_from(octets / (TRIAL_BLOCKS + 1)).unwrap_or(u16::MAX).min(DEFAULT_BLKSIZE);
        let offer = match (blksize, size) {
            (_, DEFAULT_BLKSIZE) => Offer::none(),
            (true, 8..) => Offer::none().blksize(size),
            (true | false, _) => return Ok(()),
        };
        let name = self.target.name.clone();
        let Some(seen) = self.ask(&name, offer, Stop::Apprentice)? else { return Ok(()) };
        let [repeated, left_alone] = &seen.trials;
        let Some(soonest) = left_alone.iter().min().filter(|_| left_alone.len() == repeated.len()) else {
            return Ok(());
        };
        let mut after = repeated.clone();
        after.sort_unstable();
        // All but one, and much sooner than the server's own timer: one packet may be lost or late.
        let hits = after.iter().take_while(|t| **t < *soonest / 2).count();
        self.facts.apprentice = Some(hits + 1 >= after.len());
        if hits + 1 >= after.len() {
            self.find(Id::Apprentice, &[]);
        }
        Ok(())
    }

    /// Two timed reads, lock-step and with a window.
    fn speed(&mut self, largest: u16) -> io::Result<()> {
        let blksize = largest.min(ONE_FRAME);
        let offer = if blksize == DEFAULT_BLKSIZE { Offer::none() } else { Offer::none().blksize(blksize) };
        let name = self.target.name.clone();
        let (blocks, time) = TIMED;
        let (mut lost, mut of) = (0, 0);
        let mut windows = vec![1];
        windows.extend(self.has("windowsize").then_some(WINDOW));
        for window in windows {
            let offer = if window == 1 { offer.clone() } else { offer.clone().windowsize(window) };
            let Some(seen) = self.ask(&name, offer, Stop::Within(blocks, time))? else { return Ok(()) };
            if seen.blocks == 0 {
                continue;
            }
            lost += seen.figures.gaps + seen.stalls;
            of += seen.blocks + seen.figures.sent;
            let median = median(&seen.round_trips);
            if window == 1 {
                self.facts.round_trip = median.or(self.facts.answered);
            }
            let rate = seen.octets as f64 / seen.took.as_secs_f64().max(1e-6);
            self.facts.speeds.push(Speed { window, blksize: seen.terms.blksize, octets: seen.octets, rate });
        }
        self.facts.packets = Some((lost, of));
        if of >= 100 && lost >= 3 && lost * 100 > of {
            self.find(Id::Loss, &[("lost", lost.to_string()), ("of", of.to_string())]);
        }
        if let (Some(rtt), false) = (self.facts.round_trip, self.has("windowsize"))
            && rtt >= Duration::from_millis(5)
        {
            let rate = figures::rate(u64::from(blksize), rtt);
            let rtt = ("rtt", super::milliseconds(rtt));
            self.find(Id::Slow, &[rtt, ("rate", rate), ("blksize", blksize.to_string())]);
        }
        Ok(())
    }

    /// An ERROR: of another spelling of the name perhaps not.
    fn refused(&mut self, code: ErrorCode, text: &str) -> io::Result<()> {
        let asked = self.target.name.clone();
        let about_name =
            matches!(code, ErrorCode::FileNotFound | ErrorCode::AccessViolation | ErrorCode::Undefined);
        if about_name {
            for variant in names::variants(&asked) {
                let Some(seen) = self.ask(&variant.name, Offer::none(), Stop::Answered)? else { break };
                if !matches!(seen.answer, Answer::Plain | Answer::Options(_)) {
                    continue;
                }
                let shown = [("asked", names::shown(&asked)), ("name", names::shown(&variant.name))];
                match variant.change {
                    names::Change::Junk => {
                        let junk = names::junk(&asked[names::trimmed(&asked).len()..]);
                        self.find(Id::TrailingJunk, &[("junk", junk), ("name", names::shown(&variant.name))]);
                    }
                    names::Change::Case => self.find(Id::WrongCase, &shown),
                    names::Change::Path => self.find(Id::OtherPath, &shown),
                }
                return Ok(());
            }
        }
        let text = ("text", format!("'{text}'"));
        match code {
            ErrorCode::FileNotFound => self.find(Id::Absent, &[text]),
            ErrorCode::AccessViolation => self.find(Id::Denied, &[text]),
            ErrorCode::UnknownTid => self.nat(&format!("the request was answered with ERROR 5 {}", text.1)),
            ErrorCode::Undefined
            | ErrorCode::DiskFull
            | ErrorCode::IllegalOperation
            | ErrorCode::FileExists
            | ErrorCode::NoSuchUser
            | ErrorCode::OptionRefused
            | ErrorCode::Other(_) => self.find(Id::Refused, &[("code", code.to_u16().to_string()), text]),
        }
        Ok(())
    }
}

/// What became of a block of one size.
enum Fit {
    /// It arrived; as large as was agreed.
    Passes(u16),
    /// It was agreed to and never arrived.
    Lost,
    /// The file is too short, or the server said something else.
    Untested,
}

/// Whether `a` is of this machine.
pub(super) fn is_own(a: SocketAddr) -> bool {
    a.ip().is_loopback()
        || transport::interfaces().is_ok_and(|all| all.iter().any(|i| i.address == a.ip().to_canonical()))
}
