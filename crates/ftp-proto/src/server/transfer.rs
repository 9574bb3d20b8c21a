//! From the transfer's command to its last reply.
//!
//! Questions in this order: `Open`, then 150, then `Move`; for an upload `Commit` or `Shelve`; for
//! whatever did not end whole `Shelve`. Exactly one last reply comes out of each.
//!
//! **When an upload counts as whole.** In stream mode the end of the file is the end of the data
//! connection (RFC 959 §3.4.1), which a dying client gives as well. So it counts only if the data
//! connection ended with a FIN, the control connection is still open then, and the length is the one of
//! ALLO where that was given.

use super::saying::Answering;
use super::{
    Answer, Ask, AskId, Channel, DataTls, End, Event, Kind, Mode, Prelude, Server, Shelve, Style, Transfer,
    Via, Work,
};
use crate::command::Representation;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// One transfer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Running {
    pub(super) id: AskId,
    /// Its command, whose replies come from now on, whatever is answered between.
    answering: Option<Answering>,
    transfer: Transfer,
    via: Via,
    tls: DataTls,
    stage: Stage,
    /// Somebody wants it to end early.
    broken: Option<Broken>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Broken {
    Abor,
    ControlLost,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Stage {
    Opening,
    Moving { start: u64 },
    Publishing { octets: u64 },
    Shelving { code: u16, text: String },
}

impl Server {
    pub(super) fn restart(&mut self, offset: u64) {
        if !self.form.has_offsets() && offset > 0 {
            // RFC 3659 §5.3: a position in converted octets is not one in the file.
            return self.reply(504, "REST is for TYPE I and STRU F only.");
        }
        self.prelude = Prelude::Restart { offset };
        self.reply(350, &format!("The next transfer begins at {offset}."));
    }

    pub(super) fn retrieve(&mut self, path: Vec<u8>, offset: Option<u64>, range: Option<(u64, u64)>) {
        // RFC 959 §4.1.3: ALLO is for the STOR or APPE that follows it.
        self.allocated = None;
        let (from, end) = range.map_or((offset.unwrap_or(0), None), |(from, end)| (from, Some(end)));
        self.begin(path, Kind::Retrieve { offset: from, end }, offset);
    }

    pub(super) fn store(&mut self, path: Vec<u8>, offset: Option<u64>) {
        let mode = match offset {
            None | Some(0) => Mode::Overwrite,
            Some(offset) => Mode::Resume(offset),
        };
        // In TYPE A the octets on the wire are not those of the file: ALLO's number proves nothing.
        let expected = self.allocated.take().filter(|_| self.form.has_offsets());
        self.begin(path, Kind::Store { mode, expected }, offset);
    }

    pub(super) fn append(&mut self, path: Vec<u8>, offset: Option<u64>) {
        if offset.is_some() {
            return self.reply(501, "APPE begins at the end; REST is for STOR.");
        }
        let expected = self.allocated.take().filter(|_| self.form.has_offsets());
        self.begin(path, Kind::Store { mode: Mode::Append, expected }, None);
    }

    /// STOU: the driver finds the name.
    pub(super) fn store_unique(&mut self) {
        let expected = self.allocated.take().filter(|_| self.form.has_offsets());
        self.begin(Vec::new(), Kind::Store { mode: Mode::Unique, expected }, None);
    }

    pub(super) fn list(&mut self, path: Vec<u8>, style: Style) {
        self.begin(path, Kind::List(style), None);
    }

    fn begin(&mut self, path: Vec<u8>, kind: Kind, offset: Option<u64>) {
        if !self.form.has_offsets() && offset.is_some_and(|o| o > 0) {
            return self.reply(504, "REST is for TYPE I and STRU F only.");
        }
        if let Some(why) = self.too_open() {
            return self.reply(521, why);
        }
        let via = match self.channel {
            Channel::None => return self.reply(425, "Use PASV, EPSV, PORT or EPRT first."),
            Channel::Listening(_) => Via::Accept,
            Channel::Active(addr) => Via::Connect(addr),
        };
        let tls = self.data_tls(self.channel);
        self.channel = Channel::None;
        let transfer = Transfer { path, kind, form: self.form, umask: self.umask };
        let id = self.question(Ask::Open(transfer.clone()));
        self.progress = 0;
        let answering = self.answering;
        let stage = Stage::Opening;
        let running = Running { id, answering, transfer, via, tls, stage, broken: None };
        self.work = Work::Transferring(Box::new(running));
    }

    pub(super) fn transfer_answered(&mut self, mut t: Box<Running>, answer: Answer) {
        self.answering = t.answering;
        match (t.stage.clone(), answer) {
            (Stage::Opening, Answer::Refused(code, text)) => self.ended(&t, code.0, &text),
            (Stage::Opening, Answer::OpenedAs(name)) if t.broken.is_none() => {
                // RFC 1123 §4.1.2.9: exactly so.
                self.say(150, &[b"FILE: ", name.as_slice()].concat());
                t.transfer.path = name;
                t.id = self.question(Ask::Move(t.via, t.tls));
                t.stage = Stage::Moving { start: 0 };
                self.work = Work::Transferring(t);
            }
            (Stage::Opening, Answer::OpenedAs(_)) => {
                self.shelve(t, Shelve::Aborted, 426, "The transfer is broken off.");
            }
            (Stage::Opening, Answer::Opened { len, start }) => match t.broken {
                Some(_) => self.shelve(t, Shelve::Aborted, 426, "The transfer is broken off."),
                None => {
                    self.preliminary(&t, len);
                    t.id = self.question(Ask::Move(t.via, t.tls));
                    t.stage = Stage::Moving { start };
                    self.work = Work::Transferring(t);
                }
            },
            (Stage::Moving { start }, Answer::Moved { octets, end }) => self.moved(t, start, octets, end),
            (Stage::Publishing { octets }, Answer::Done) => {
                self.ended(&t, 226, &format!("{octets} octets received; the file is published."));
            }
            (Stage::Publishing { .. }, Answer::Refused(code, text)) => self.ended(&t, code.0, &text),
            (Stage::Shelving { code, text }, Answer::Done | Answer::Refused(..)) => {
                self.ended(&t, code, &text)
            }
            _ => {
                self.mismatch();
                self.events.push_back(Event::Unlisten);
            }
        }
    }

    fn preliminary(&mut self, t: &Running, len: Option<u64>) {
        let kind = match t.transfer.form.representation {
            Representation::Ascii => "ASCII",
            Representation::Ebcdic => "EBCDIC",
            Representation::Image => "BINARY",
        };
        let mut text = format!("Opening {kind} mode data connection for ").into_bytes();
        match t.transfer.kind {
            Kind::List(_) => text.extend(b"the listing"),
            Kind::Retrieve { .. } | Kind::Store { .. } => text.extend(&t.transfer.path),
        }
        if let (Some(len), Kind::Retrieve { .. }) = (len, t.transfer.kind) {
            text.extend(format!(" ({len} bytes)").into_bytes());
        }
        text.push(b'.');
        self.say(150, &text);
    }

    fn moved(&mut self, mut t: Box<Running>, start: u64, octets: u64, end: End) {
        match (end, t.transfer.kind) {
            (End::NoConnection(why), _) if t.broken.is_none() => {
                self.shelve(t, Shelve::TimedOut, 425, &format!("No data connection: {why}"));
            }
            (End::NotPrivate(why), _) if t.broken.is_none() => {
                // RFC 4217 §9: the negotiation for the data connection failed.
                self.shelve(t, Shelve::Lost, 522, &format!("No TLS on the data connection: {why}"));
            }
            (End::Unclosed, Kind::Store { expected, .. })
                if t.broken.is_none() && !self.config.tls_end.does(expected.is_some()) =>
            {
                let text = format!(
                    "After {octets} octets the data connection ended without TLS's close_notify, as if it were cut; \
                     not published."
                );
                self.shelve(t, Shelve::Lost, 451, &text);
            }
            (End::Whole | End::Unclosed, Kind::Store { expected, .. }) if t.broken.is_none() => {
                if self.eof {
                    return self.shelve(t, Shelve::Lost, 426, "The control connection is gone.");
                }
                match expected {
                    // What ALLO counts is not said for a resumed upload: the whole or the rest will do.
                    Some(n) if n != octets && n != start + octets => {
                        let text =
                            format!("{octets} octets received where ALLO announced {n}; not published.");
                        self.shelve(t, Shelve::WrongLength, 426, &text);
                    }
                    _ => {
                        t.id = self.question(Ask::Commit);
                        t.stage = Stage::Publishing { octets };
                        self.work = Work::Transferring(t);
                    }
                }
            }
            (End::Whole, Kind::Retrieve { .. } | Kind::List(_)) => {
                self.ended(&t, 226, &format!("{octets} octets sent."));
            }
            (End::Stalled, _) if t.broken.is_none() => {
                self.shelve(
                    t,
                    Shelve::TimedOut,
                    426,
                    &format!("Nothing moved for too long, after {octets} octets."),
                );
            }
            (End::Malformed(code, text), _) if t.broken.is_none() => {
                self.shelve(t, Shelve::Malformed, code.0, &text);
            }
            (End::Local(code, text), _) if t.broken.is_none() => {
                self.shelve(t, Shelve::Failed, code.0, &text)
            }
            (End::Lost, _) if t.broken.is_none() => {
                self.shelve(
                    t,
                    Shelve::Lost,
                    426,
                    &format!("The data connection failed after {octets} octets."),
                );
            }
            _ => self.shelve(
                t,
                Shelve::Aborted,
                426,
                &format!("The transfer is broken off after {octets} octets."),
            ),
        }
    }

    /// 110, while it runs.
    pub(super) fn mark(&mut self, text: &[u8]) {
        if let Work::Transferring(t) = &self.work {
            self.answering = t.answering;
            self.say(110, text);
        }
    }

    fn shelve(&mut self, mut t: Box<Running>, why: Shelve, code: u16, text: &str) {
        t.id = self.question(Ask::Shelve { why });
        t.stage = Stage::Shelving { code, text: String::from(text) };
        self.work = Work::Transferring(t);
    }

    /// Whether a transfer has neither its 150 nor a refusal yet.
    pub(super) fn is_opening(&self) -> bool {
        matches!(&self.work, Work::Transferring(t) if t.stage == Stage::Opening)
    }

    fn ended(&mut self, t: &Running, code: u16, text: &str) {
        if t.via == Via::Accept {
            self.events.push_back(Event::Unlisten);
        }
        self.work = Work::Idle;
        self.reply(code, text);
    }

    /// ABOR: the transfer ends with 426, then ABOR itself is answered with 226.
    pub(super) fn abort_transfer(&mut self) {
        self.aborted = true;
        self.break_with(Broken::Abor, |_| true);
    }

    /// The control connection ended: an upload cannot count any more.
    pub(super) fn break_upload(&mut self) {
        self.break_with(Broken::ControlLost, |kind| matches!(kind, Kind::Store { .. }));
    }

    /// The session ends: whatever moves stops.
    pub(super) fn break_any(&mut self) {
        self.break_copy();
        self.break_with(Broken::ControlLost, |_| true);
    }

    fn break_with(&mut self, why: Broken, which: impl Fn(Kind) -> bool) {
        let Work::Transferring(t) = &mut self.work else { return };
        if t.broken.is_some() || !which(t.transfer.kind) {
            return;
        }
        t.broken = Some(why);
        if let Stage::Moving { .. } = t.stage {
            self.events.push_back(Event::Cancel(t.id));
        }
    }
}
