//! The server's control connection as one machine.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod` | octets to commands, what is legal when, timers |
//! | `config` | what the owner can set |
//! | [`question`](self) | what is asked of the driver, and the answers |
//! | `login` | USER, PASS, failures |
//! | `security` | AUTH, PBSZ, PROT, CCC: what is under TLS, and what has to be |
//! | `host` | HOST, and the name that TLS was asked for |
//! | `chores` | COMB, RMDA, SITE CPTO and what else is more than one step |
//! | `profile` | what old clients need to be otherwise |
//! | `channel` | PORT, PASV, EPRT, EPSV |
//! | `fxp` | transfers from server to server: third parties, SSCN, CPSV |
//! | `transfer` | RETR, STOR, APPE, listings: from 150 to the last reply, ABOR, when an upload counts |
//! | `facts` | what is set about names, digests, RANG |
//! | `form` | TYPE, STRU, MODE, restart markers |
//! | `anew` | REIN, LANG, CLNT, SITE HELP |
//! | `odd` | what is no command |
//! | `queue` | which command is next, and which may not wait |
//! | `names` | directories, RNFR and RNTO, SIZE, MDTM, MLST, STAT |
//! | `saying` | what is sent, held to the table of replies |
//! | `texts` | HELP, FEAT, STAT of the session |

mod anew;
mod channel;
mod chores;
mod config;
mod facts;
mod form;
mod fxp;
mod host;
mod login;
mod names;
mod odd;
mod profile;
mod question;
mod queue;
mod saying;
mod security;
#[cfg(test)]
mod tests;
mod texts;
mod transfer;

pub use config::Config;
pub use host::VirtualHost;
pub use profile::{ForClient, Look, Profile};
pub use question::{
    Answer, Ask, AskId, Chore, DataTls, End, Event, Kind, Mode, Odd, Shelve, Style, Transfer, Via,
};
use saying::Answering;
pub use security::{Tls, TlsEnd};

use crate::command::{
    self, Algorithm, BadCommand, Command, Digester, Form, Level, Opts, Password, Protection, Row, Setting,
    State,
};
use crate::line::{Line, Lines};
use crate::list::{Access, Facts};
use crate::reply;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use bytes::Bytes;
use clock::{Duration, Instant, TimerTable};
use core::net::SocketAddr;

/// Output that may wait before input is left unread.
const OUT_LIMIT: usize = 16_384;
/// Lines that may wait behind a running command.
const QUEUE_LIMIT: usize = 64;

/// The facts of MLSD until OPTS chooses others.
const FACTS: Facts =
    Facts::TYPE.union(Facts::SIZE).union(Facts::MODIFY).union(Facts::PERM).union(Facts::UNIQUE);

const IDLE: usize = 0;
const GRACE: usize = 1;
const PENALTY: usize = 2;

#[derive(Clone, PartialEq, Eq, Debug)]
enum Login {
    Fresh,
    NeedPassword { user: Vec<u8> },
    In { user: Vec<u8>, anonymous: bool, third_parties: bool },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Channel {
    None,
    Listening(fxp::Passive),
    Active(SocketAddr),
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Prelude {
    None,
    Rename {
        from: Vec<u8>,
    },
    Restart {
        offset: u64,
    },
    /// SITE CPFR
    Copy {
        from: Vec<u8>,
    },
    /// RANG: from, and before which octet it ends.
    Range {
        from: u64,
        end: u64,
    },
}

impl Prelude {
    fn take(&mut self) -> Prelude {
        core::mem::replace(self, Prelude::None)
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Work {
    Idle,
    /// A wrong password's answer is held back.
    Penalty,
    Asking {
        id: AskId,
        what: Pending,
    },
    Transferring(Box<transfer::Running>),
    /// Nothing is taken in any more.
    Over,
}

/// What an answer will be for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Pending {
    Login { user: Vec<u8> },
    Secure,
    Clear,
    Listen(fxp::Passive),
    ThirdParty(SocketAddr),
    ChangeDir,
    MakeDir,
    RemoveDir,
    Remove,
    RenameFrom { path: Vec<u8> },
    RenameTo,
    Size,
    Modified,
    Facts,
    Describe { path: Vec<u8> },
    Digest { by: Digester, path: Vec<u8> },
    Set(Setting),
    Room,
    CopyFrom { path: Vec<u8> },
    Chore(Chore),
}

/// One control connection.
///
/// Call one of `handle_input`, `handle_eof`, `handle_timeout`, `answer`, `drain`; then
/// [`Server::poll_transmit`] and [`Server::poll_event`] until both are empty; then wait for input (only
/// while [`Server::wants_input`]), for the answer to the open question, or for
/// [`Server::poll_timeout`].
///
/// Commands are answered in their order. One question is open at a time; commands that come meanwhile
/// wait, but those that the table marks are answered while a transfer moves data.
#[derive(Debug)]
pub struct Server {
    config: Arc<Config>,
    local: SocketAddr,
    peer: SocketAddr,
    login: Login,
    access: Access,
    failures: u32,
    /// The longest wait for a command.
    idle: Duration,
    /// What new files are without, where the client said.
    umask: Option<u32>,
    channel: Channel,
    epsv_all: bool,
    /// The control connection's.
    security: security::Security,
    /// Of data connections.
    protection: Protection,
    /// On data connections under TLS we are the client, until SSCN OFF.
    sscn: bool,
    /// Which server is meant.
    meant: host::Meant,
    profile: Profile,
    prelude: Prelude,
    /// Whose replies are being written.
    answering: Option<Answering>,
    work: Work,
    form: Form,
    /// Of MODE Z.
    level: Level,
    facts: Facts,
    /// What HASH takes.
    algorithm: Algorithm,
    allocated: Option<u64>,
    /// The ABOR in the queue has broken a transfer off.
    aborted: bool,
    directory: Vec<u8>,
    lines: Lines,
    queue: VecDeque<Line>,
    out: Vec<u8>,
    events: VecDeque<Event>,
    timers: TimerTable<3>,
    next_id: u64,
    progress: u64,
    eof: bool,
    draining: bool,
    /// The owner ends the session, with these words.
    dismissed: Option<String>,
}

impl Server {
    /// A connection just accepted; the greeting is to be transmitted. Addresses are canonical: no
    /// IPv4 inside IPv6.
    pub fn new(now: Instant, config: impl Into<Arc<Config>>, local: SocketAddr, peer: SocketAddr) -> Server {
        let config = config.into();
        let mut s = Server {
            local,
            peer,
            login: Login::Fresh,
            access: Access::default(),
            failures: 0,
            idle: config.idle,
            umask: None,
            channel: Channel::None,
            epsv_all: false,
            security: security::Security::Clear,
            protection: Protection::Clear,
            sscn: false,
            meant: host::Meant::default(),
            profile: config.profile,
            prelude: Prelude::None,
            answering: None,
            work: Work::Idle,
            form: Form::default(),
            level: Level::default(),
            facts: FACTS,
            algorithm: Algorithm::default(),
            allocated: None,
            aborted: false,
            directory: Vec::from(*b"/"),
            lines: Lines::default(),
            queue: VecDeque::new(),
            out: Vec::new(),
            events: VecDeque::new(),
            timers: TimerTable::default(),
            next_id: 0,
            progress: 0,
            eof: false,
            draining: false,
            dismissed: None,
            config,
        };
        s.timers.set(GRACE, now + s.config.login_grace);
        let greeting = s.config.greeting.clone();
        s.reply(220, &greeting);
        s
    }

    /// Takes octets of the control connection, urgent ones in their place among them.
    pub fn handle_input(&mut self, now: Instant, octets: &[u8]) {
        if self.work == Work::Over {
            return;
        }
        for &octet in octets {
            if let Some(line) = self.lines.push(octet) {
                self.queue.push_back(line);
            }
        }
        self.advance(now);
    }

    /// The client closed its side. What was asked before is still answered; an upload in progress does
    /// not count as whole.
    pub fn handle_eof(&mut self, now: Instant) {
        self.eof = true;
        self.break_upload();
        self.advance(now);
    }

    /// The connection failed: nobody reads answers any more.
    pub fn handle_lost(&mut self, now: Instant) {
        self.eof = true;
        self.queue.clear();
        self.break_any();
        self.advance(now);
    }

    /// Something of [`Server::poll_timeout`] is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.timers.expire(now) {
            match timer {
                PENALTY => {
                    self.end_penalty();
                    self.advance(now);
                }
                GRACE => self.close(421, "No login in time; good bye."),
                _ => self.close(421, "No command for too long; good bye."),
            }
        }
    }

    /// The answer to the open question. One to any other is dropped.
    pub fn answer(&mut self, now: Instant, id: AskId, answer: Answer) {
        let open = match &self.work {
            Work::Asking { id, .. } => Some(*id),
            Work::Transferring(running) => Some(running.id),
            Work::Idle | Work::Penalty | Work::Over => None,
        };
        if open != Some(id) {
            return;
        }
        match core::mem::replace(&mut self.work, Work::Idle) {
            Work::Asking { what, .. } => self.answered(what, answer),
            Work::Transferring(running) => self.transfer_answered(running, answer),
            Work::Idle | Work::Penalty | Work::Over => {}
        }
        self.advance(now);
    }

    /// No new work: a running transfer ends, then 421.
    pub fn drain(&mut self, now: Instant) {
        self.draining = true;
        self.advance(now);
    }

    /// The owner wants the session to end now: what moves breaks off, then 421 with this text.
    pub fn dismiss(&mut self, now: Instant, text: &str) {
        if self.work != Work::Over {
            self.dismissed = Some(String::from(text));
            self.queue.clear();
            self.break_any();
            self.advance(now);
        }
    }

    /// Octets moved so far by the open [`Ask::Move`], for STAT.
    pub fn progress(&mut self, octets: u64) {
        self.progress = octets;
    }

    /// What to send. All of it at once, so that the replies of one burst share a segment.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        if self.out.is_empty() {
            return None;
        }
        Some(Bytes::from(core::mem::take(&mut self.out)))
    }

    /// What to do.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front();
        if event.is_none() && self.work == Work::Idle {
            // Whoever is silent for hours needs no room for what there is to do.
            self.events = VecDeque::new();
            if self.queue.is_empty() {
                self.queue = VecDeque::new();
            }
        }
        event
    }

    /// When to call [`Server::handle_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Whether input is to be read now: not while answers or commands queue up.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        self.work != Work::Over && self.out.len() < OUT_LIMIT && self.queue.len() < QUEUE_LIMIT
    }

    /// Whether the driver has transmitted and may go on: call after [`Server::poll_transmit`] was
    /// written, commands may have waited for room.
    pub fn handle_written(&mut self, now: Instant) {
        self.advance(now);
    }

    fn line(&mut self, line: Line) {
        let parsed = match &line {
            Ok(l) if l.is_empty() => return,
            Ok(l) => command::parse(l),
            Err(bad) => Err(BadCommand::Line(*bad)),
        };
        match parsed {
            Ok((row, command)) => self.command(row, command),
            Err(bad) => {
                self.prelude = Prelude::None;
                self.answering = line.as_ref().ok().and_then(|l| Answering::badly(l));
                self.bad(bad);
            }
        }
    }

    fn command(&mut self, row: &'static Row, command: Command) {
        let prelude = match self.work {
            Work::Transferring(_) => Prelude::None,
            Work::Idle | Work::Penalty | Work::Asking { .. } | Work::Over => self.prelude.take(),
        };
        let state = self.state_for(row);
        self.answering = Some(Answering { verb: row.verb, state });
        match state {
            State::WithoutTls => {
                return self.reply(502, &format!("{} is not to be had: TLS is off here.", row.verb));
            }
            State::LoggedOut => return self.reply(530, "Log in first with USER and PASS."),
            State::Busy | State::Ready => {}
        }
        if row.keeps_restart && matches!(prelude, Prelude::Restart { .. } | Prelude::Range { .. }) {
            self.prelude = prelude.clone();
        }
        let (offset, range) = match prelude {
            Prelude::Restart { offset } => (Some(offset), None),
            Prelude::Range { from, end } => (None, Some((from, end))),
            Prelude::None | Prelude::Rename { .. } | Prelude::Copy { .. } => (None, None),
        };
        match command {
            Command::User(user) => self.user(user),
            Command::Pass(password) => self.pass(password),
            Command::Quit => self.close(221, "Good bye."),
            Command::Cwd(path) => self.ask(Ask::ChangeDir(path), Pending::ChangeDir),
            Command::Cdup => self.ask(Ask::ChangeDir(Vec::from(*b"..")), Pending::ChangeDir),
            Command::Pwd => {
                let mut text = reply::quoted(&self.directory);
                text.extend(b" is the current directory.");
                self.say(257, &text);
            }
            Command::Mkd(path) => self.ask(Ask::MakeDir(path), Pending::MakeDir),
            Command::Rmd(path) => self.ask(Ask::RemoveDir(path), Pending::RemoveDir),
            Command::Dele(path) => self.ask(Ask::Remove(path), Pending::Remove),
            Command::Rnfr(path) => self.ask(Ask::Look(path.clone()), Pending::RenameFrom { path }),
            Command::Rnto(to) => match prelude {
                Prelude::Rename { from } => self.ask(Ask::Rename { from, to }, Pending::RenameTo),
                Prelude::None | Prelude::Restart { .. } | Prelude::Range { .. } | Prelude::Copy { .. } => {
                    self.reply(503, "RNFR must come at once before.")
                }
            },
            Command::Type(representation) => self.represent(representation),
            Command::Stru(structure) => self.structure(structure),
            Command::Mode(mode) => self.transfer_mode(mode),
            Command::Port(addr) | Command::Eprt(addr) => self.active(addr),
            Command::Pasv => self.pasv(),
            Command::Epsv(which) => self.epsv_if_any(which),
            Command::Cpsv => self.cpsv(),
            Command::Sscn(wanted) => self.secure_client(wanted),
            Command::Retr(path) => self.retrieve(path, offset, range),
            Command::Stor(path) => self.store(path, offset),
            Command::Appe(path) => self.append(path, offset),
            Command::Rest(at) => self.restart(at),
            Command::Abor if core::mem::take(&mut self.aborted) => self.reply(226, "ABOR done."),
            Command::Abor => self.reply(226, "There is no transfer to break off."),
            Command::Allo(octets) => self.chore(Chore::Fits(octets)),
            Command::List(path) => self.list(path, Style::List(self.profile.list)),
            Command::Nlst(path) => self.list(path, Style::Names),
            Command::Mlsd(path) => self.list(path, Style::Facts(self.facts)),
            Command::Mlst(path) => self.ask(Ask::Look(path), Pending::Facts),
            // RFC 3659 §4: the size of the transfer, which of text only a conversion would tell.
            Command::Size(_) if self.form.representation.is_text() => {
                self.reply(550, "SIZE is known in TYPE I only.");
            }
            Command::Size(path) => self.ask(Ask::Size(path), Pending::Size),
            Command::Mdtm(path) => self.modified(path),
            Command::Stat(None) => self.session_status(),
            Command::Stat(Some(path)) => {
                self.ask(Ask::Describe(path.clone()), Pending::Describe { path });
            }
            Command::Help(verb) => self.help(verb),
            Command::Noop => self.reply(200, "Still here."),
            Command::Syst => self.reply(215, "UNIX Type: L8"),
            Command::Feat => self.features(),
            Command::Opts(Opts::Deflate(level)) => self.deflate_level(level),
            Command::Opts(Opts::Hash(algorithm)) => self.choose_algorithm(algorithm),
            Command::Digest { by, path, range: of_command } => self.digest(by, path, of_command.or(range)),
            Command::Rang { from, to } => self.range(from, to),
            Command::Set(setting) => self.ask(Ask::Set(setting.clone()), Pending::Set(setting)),
            Command::Avbl(path) => self.ask(Ask::Room(path), Pending::Room),
            Command::Mfct => self.reply(504, "Files have no time of creation here."),
            Command::Stou => self.store_unique(),
            Command::Rein => self.begin_anew(),
            Command::Acct => self.reply(202, "No account is needed."),
            Command::Lang(tag) => self.language(tag.as_deref()),
            Command::Clnt(name) => self.client_named(&name),
            Command::Csid => self.reply(200, "Name=towline; CaseSensitive=1; DirSep=/;"),
            Command::Combine { target, parts } => self.chore(Chore::Combine { target, parts }),
            Command::TreeSize(path) => self.chore(Chore::TreeSize(path)),
            Command::RemoveTree(path) => self.chore(Chore::RemoveTree(path)),
            Command::Pret => self.reply(200, "PASV or EPSV may come."),
            Command::Adat => self.security_data(),
            Command::Protected => self.protected_command(),
            Command::CopyFrom(path) => self.ask(Ask::Look(path.clone()), Pending::CopyFrom { path }),
            Command::CopyTo(to) => self.copy_to(prelude, to),
            Command::Idle(seconds) => self.choose_idle(seconds),
            Command::Umask(mask) => self.choose_umask(mask),
            Command::Who => self.chore(Chore::Who),
            Command::Quota => self.chore(Chore::Quota),
            Command::SiteHelp => self.site_help(),
            Command::Auth(mechanism) => self.auth(mechanism),
            Command::Pbsz => self.buffer_size(),
            Command::Prot(protection) => self.protect(protection),
            Command::Ccc => self.clear_control(),
            Command::Host(name) => self.host(name),
            Command::Opts(Opts::Utf8) => self.reply(200, "Names are octets, UTF-8 among them."),
            Command::Opts(Opts::Mlst(facts)) => {
                self.facts = facts;
                let mut text = b"MLST OPTS".to_vec();
                if !facts.is_empty() {
                    text.push(b' ');
                    text.extend(facts.names());
                }
                self.say(200, &text);
            }
        }
    }

    fn answered(&mut self, what: Pending, answer: Answer) {
        match what {
            Pending::Login { user } => self.login_answered(user, answer),
            Pending::Secure => self.secured(answer),
            Pending::Clear => self.cleared(answer),
            Pending::Listen(by) => self.listening(by, answer),
            Pending::ThirdParty(to) => self.third_party_answered(to, answer),
            names @ (Pending::ChangeDir
            | Pending::MakeDir
            | Pending::RemoveDir
            | Pending::Remove
            | Pending::RenameFrom { .. }
            | Pending::CopyFrom { .. }
            | Pending::RenameTo
            | Pending::Size
            | Pending::Modified
            | Pending::Facts
            | Pending::Describe { .. }) => self.name_answered(names, answer),
            Pending::Chore(chore) => self.chore_answered(chore, answer),
            facts @ (Pending::Digest { .. } | Pending::Set(_) | Pending::Room) => {
                self.facts_answered(facts, answer)
            }
        }
    }

    fn ask(&mut self, what: Ask, pending: Pending) {
        let id = self.question(what);
        self.work = Work::Asking { id, what: pending };
    }

    fn question(&mut self, what: Ask) -> AskId {
        let id = AskId(self.next_id);
        self.next_id += 1;
        self.events.push_back(Event::Ask { id, what });
        id
    }

    fn close(&mut self, code: u16, text: &str) {
        self.reply(code, text);
        self.break_any();
        self.over();
    }

    fn over(&mut self) {
        self.queue.clear();
        self.timers = TimerTable::default();
        self.work = Work::Over;
        self.events.push_back(Event::Close);
    }
}
