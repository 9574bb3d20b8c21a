//! The steps of a job.

use super::told::{announced, number, quoted};
use super::{Await, Client, Event, Failure, Job, Phase, Until, Verb, Way, breaks_a_line};
use crate::command::Representation;
use crate::list::parse_time;
use crate::reply::Reply;
use alloc::string::ToString;
use alloc::vec::Vec;
use clock::Instant;

/// What is awaited of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Doing {
    Type,
    Size,
    Modified,
    /// 257, to come back to.
    Home,
    /// Whether it is a directory.
    There,
    Allo,
    Epsv,
    Pasv,
    /// The driver connects or listens.
    Data,
    Active,
    /// What answers a transfer's command that went ahead of a data connection which did not come about.
    Stray,
    Rest,
    /// 350 after RNFR.
    From,
    /// What was asked last, and needs no data connection.
    Last,
    /// 150, or no.
    Begin,
    /// The end of the data, the last reply, or both.
    End {
        moved: bool,
        replied: bool,
    },
}

impl From<Doing> for Await {
    fn from(step: Doing) -> Await {
        Await::Doing(step)
    }
}

impl Doing {
    pub(super) fn phase(self) -> Phase {
        match self {
            Doing::Type
            | Doing::Size
            | Doing::Modified
            | Doing::Home
            | Doing::Allo
            | Doing::Epsv
            | Doing::Pasv
            | Doing::Data
            | Doing::Active
            | Doing::Stray
            | Doing::Rest => Phase::Prepare,
            Doing::Begin | Doing::From | Doing::Last | Doing::There => Phase::Request,
            Doing::End { .. } => Phase::Transfer,
        }
    }
}

impl Client {
    pub(super) fn begin_job(&mut self, job: Job) {
        let texts: [&[u8]; 2] = match &job {
            Job::Get { path, .. } | Job::Put { path, .. } | Job::List { path, .. } | Job::Look { path } => {
                [path, b""]
            }
            Job::Rename { from, to } => [from, to],
            Job::Ask { verb, argument } => [verb, argument],
        };
        if texts.into_iter().any(breaks_a_line) {
            return self.end(Err(Failure::Impossible("a name with a line end or NUL in it")));
        }
        let wanted = match &job {
            Job::Get { representation, .. } | Job::Put { representation, .. } => Some(*representation),
            Job::Look { .. } => Some(Representation::Image),
            // RFC 3659 §7: its lines are the same in any TYPE.
            Job::List { how: Verb::Mlsd, .. } => Some(self.representation.unwrap_or(Representation::Ascii)),
            Job::List { .. } => Some(Representation::Ascii),
            Job::Rename { .. } | Job::Ask { .. } => None,
        };
        self.job = Some(job);
        match wanted {
            Some(wanted) if self.representation != Some(wanted) => {
                // Known again when it is answered.
                self.representation = None;
                let letter: &[u8] = match wanted {
                    Representation::Ascii => b"A",
                    Representation::Ebcdic => b"E",
                    Representation::Image => b"I",
                };
                self.send(b"TYPE", letter, Doing::Type);
            }
            Some(_) | None => self.prepare(),
        }
    }

    /// TYPE is as it is wanted.
    fn prepare(&mut self) {
        let Some(job) = self.job.clone() else { return };
        match job {
            // RFC 3659 §4: in TYPE A it would be another number.
            Job::Get { path, representation: Representation::Image, size: None, .. }
            | Job::Put { path, representation: Representation::Image, resume: true, .. }
            | Job::Look { path } => self.send(b"SIZE", &path, Doing::Size),
            Job::Get { size, .. } => {
                self.size = size;
                self.ask_modified();
            }
            Job::Put { .. } => self.ask_modified(),
            Job::List { path, how: Verb::List | Verb::Nlst } if is_more_than_a_name(&path) => self.go(&path),
            Job::List { .. } => self.ask_data(),
            Job::Rename { from, .. } => self.send(b"RNFR", &from, Doing::From),
            Job::Ask { verb, argument } => self.send(&verb, &argument, Doing::Last),
        }
    }

    fn wanted(&self) -> Representation {
        match &self.job {
            Some(Job::Get { representation, .. } | Job::Put { representation, .. }) => *representation,
            Some(Job::List { how: Verb::Mlsd, .. }) => self.representation.unwrap_or_default(),
            Some(Job::List { .. }) => Representation::Ascii,
            Some(Job::Look { .. } | Job::Rename { .. } | Job::Ask { .. }) | None => Representation::Image,
        }
    }

    /// SIZE is answered, or not wanted.
    fn ask_modified(&mut self) {
        let Some(job) = self.job.clone() else { return };
        match job {
            Job::Get { path, offset, want_modified, .. } => {
                self.start = offset;
                if want_modified {
                    return self.send(b"MDTM", &path, Doing::Modified);
                }
                self.ask_data();
            }
            Job::Put { len, resume, representation, announce, .. } => {
                if let (true, Some(there)) = (resume, self.size) {
                    if there > len {
                        return self.end(Err(Failure::Truncated { expected: len, found: there }));
                    }
                    self.start = there;
                }
                if announce && representation == Representation::Image {
                    // Servers that hold us to it never publish a broken upload.
                    let octets = (len - self.start).to_string();
                    return self.send(b"ALLO", octets.as_bytes(), Doing::Allo);
                }
                self.ask_data();
            }
            Job::Look { path } => match self.size {
                Some(_) => {
                    self.report.size = self.size;
                    self.send(b"MDTM", &path, Doing::Modified);
                }
                // No file: a directory, or nothing.
                None => self.go(&path),
            },
            Job::List { .. } | Job::Rename { .. } | Job::Ask { .. } => {}
        }
    }

    /// Goes there for this job; [`Client::end`] comes back, since it must not change what names mean afterwards.
    fn go(&mut self, path: &[u8]) {
        match self.home {
            None => self.send(b"PWD", b"", Doing::Home),
            Some(_) => self.send(b"CWD", path, Doing::There),
        }
    }

    pub(super) fn job_reply(&mut self, step: Doing, r: Reply) {
        let code = r.code;
        match step {
            Doing::Type if code.is_complete() => {
                self.representation = Some(self.wanted());
                self.prepare();
            }
            Doing::Size => {
                if code.0 == 213 {
                    self.size = number(r.text());
                }
                self.ask_modified();
            }
            Doing::Modified => {
                if code.0 == 213 {
                    self.report.modified = parse_time(r.text().trim_ascii());
                }
                match self.job {
                    Some(Job::Look { .. }) => self.succeed(),
                    _ => self.ask_data(),
                }
            }
            Doing::Home if code.0 == 257 => {
                self.home = Some(quoted(r.text()).unwrap_or_else(|| b"/".to_vec()));
                if let Some(Job::Look { path } | Job::List { path, .. }) = self.job.clone() {
                    self.go(&path);
                }
            }
            Doing::There if code.is_complete() => {
                self.is_away = true;
                match self.job {
                    Some(Job::List { .. }) => self.ask_data(),
                    _ => self.succeed(),
                }
            }
            // A file, or where nobody may go: the server's words for that are those of LIST.
            Doing::Home | Doing::There if matches!(self.job, Some(Job::List { .. })) => self.ask_data(),
            // A server without ALLO is no worse than one that ignores it.
            Doing::Allo => self.ask_data(),
            Doing::Epsv | Doing::Pasv | Doing::Active => self.data_reply(step, &r),
            Doing::Stray if code.is_preliminary() => {}
            Doing::Stray => self.ask_data(),
            Doing::Rest if code.0 == 350 => self.request_transfer(),
            Doing::Begin if code.is_preliminary() => {
                if matches!(self.job, Some(Job::Get { .. }))
                    && self.start == 0
                    && self.until().is_none()
                    && self.wanted() == Representation::Image
                    && let Some(size) = announced(r.text())
                {
                    self.size = Some(size);
                }
                self.awaits = Await::Doing(Doing::End { moved: false, replied: false });
                self.move_data();
            }
            // Some servers send no 150 for nothing to move.
            Doing::Begin if code.is_complete() => {
                self.awaits = Await::Doing(Doing::End { moved: false, replied: true });
                self.move_data();
            }
            // It could not connect to us: a firewall, perhaps, and another way may be open.
            Doing::Begin if code.0 == 425 && self.way == Way::Active => {
                let words = alloc::format!("{} {}", code.0, r.text().escape_ascii());
                self.no_data(&words);
            }
            // Pure-FTPd says nothing but this of one that was closed on purpose; who says more is not understood any more.
            Doing::End { moved: true, .. } if code.is_preliminary() && self.until().is_some() => {
                self.verify();
                self.awaits = Await::Over;
            }
            // 110 and the like.
            Doing::End { .. } | Doing::Last if code.is_preliminary() => {}
            Doing::End { moved, .. } if code.is_complete() => {
                self.awaits = Await::Doing(Doing::End { moved, replied: true });
                if moved {
                    self.verify();
                }
            }
            // It was closed on purpose.
            Doing::End { moved: true, .. } if self.until().is_some() => self.verify(),
            Doing::From if code.0 == 350 => {
                if let Some(Job::Rename { to, .. }) = self.job.clone() {
                    self.send(b"RNTO", &to, Doing::Last);
                }
            }
            // 3xx: a part of something that somebody does by hand.
            Doing::Last if code.is_complete() || code.is_intermediate() => {
                self.report.reply = Some(r);
                self.succeed();
            }
            Doing::Data => {}
            Doing::Type
            | Doing::Home
            | Doing::There
            | Doing::Rest
            | Doing::From
            | Doing::Last
            | Doing::Begin
            | Doing::End { .. } => {
                let failure = self.refused(&r);
                self.end(Err(failure));
            }
        }
    }

    fn succeed(&mut self) {
        let report = core::mem::take(&mut self.report);
        self.end(Ok(report));
    }

    fn move_data(&mut self) {
        self.is_ahead = false;
        let size = match self.job {
            Some(Job::Put { len, .. }) => Some(len),
            _ => self.size,
        };
        self.events.push_back(Event::Move { start: self.start, size });
    }

    /// RFC 3659 §5.1: REST comes last before the transfer.
    pub(super) fn request(&mut self) {
        if let Some(Job::Get { until: Some(Until { octet, by_rang: true }), .. }) = self.job {
            let part = alloc::format!("{} {}", self.start, octet.saturating_sub(1));
            self.send(b"RANG", part.as_bytes(), Doing::Rest);
        } else if self.start > 0 {
            let at = self.start.to_string();
            self.send(b"REST", at.as_bytes(), Doing::Rest);
        } else {
            self.request_transfer();
        }
    }

    pub(super) fn request_transfer(&mut self) {
        let (verb, path): (&[u8], Vec<u8>) = match &self.job {
            Some(Job::Get { path, .. }) => (b"RETR", path.clone()),
            Some(Job::Put { path, .. }) => (b"STOR", path.clone()),
            Some(Job::List { path, how: Verb::Mlsd }) => (b"MLSD", path.clone()),
            Some(Job::List { path, how: Verb::List }) => (b"LIST", self.to_list(path)),
            Some(Job::List { path, how: Verb::Nlst }) => (b"NLST", self.to_list(path)),
            Some(Job::Look { .. } | Job::Rename { .. } | Job::Ask { .. }) | None => {
                unreachable!("it has no data connection")
            }
        };
        self.send(verb, &path, Doing::Begin);
    }

    /// LIST's argument.
    fn to_list(&self, path: &[u8]) -> Vec<u8> {
        match path {
            _ if self.is_away => Vec::new(),
            // Many servers take that for options of `ls`.
            [b'-', ..] => [b"./", path].concat(),
            path => path.to_vec(),
        }
    }

    /// The data connection is over after `octets`, with its end seen (get) or sent (put). What ended
    /// otherwise the owner ends by closing the control connection too.
    pub fn moved(&mut self, now: Instant, octets: u64) {
        if let Await::Doing(Doing::End { replied, .. }) = self.awaits {
            self.arm(now);
            self.report.octets = octets;
            self.is_proven = true;
            self.awaits = Await::Doing(Doing::End { moved: true, replied });
            if replied {
                self.verify();
            }
        }
    }

    /// Both the end of the data and a good last reply are in.
    pub(super) fn verify(&mut self) {
        let found = self.start + self.report.octets;
        let expected = match (&self.job, self.wanted()) {
            (Some(Job::Get { until: Some(until), .. }), _) => Some(until.octet),
            (Some(Job::Get { .. }), Representation::Image) => self.size,
            (Some(Job::Put { len, .. }), Representation::Image) => Some(*len),
            _ => None,
        };
        match expected {
            Some(expected) if expected != found => self.end(Err(Failure::Truncated { expected, found })),
            _ => self.succeed(),
        }
    }
}

/// Old servers have a shell or something like it read what LIST is asked for: words, and patterns.
fn is_more_than_a_name(path: &[u8]) -> bool {
    path.iter().any(|octet| b" \t*?[{~\\'\"`$;&|<>()".contains(octet))
}
