//! One connection: the task that owns machine, socket and gate session.

mod sending;

use super::Shared;
use super::door::{self, invited, may_ask, not_let_in, refused};
use super::files::{self, Found};
use super::sights::Sights;
use super::site::Site;
use crate::address::canonical;
use crate::asked::asked;
use crate::streams::Phase;
use crate::wire::Wire;
use clock::Instant as Moment;
use gate::store::Cursor;
use gate::{
    Cause, Credentials, End, Gate, HalfOpen, Knock, Meter, Offence, Outcome, Peek, Protocol, Reading,
    Refusal, Security, Session,
};
use http_proto::login::Login;
use http_proto::request::Request;
use http_proto::server::{Answer, Ask, AskId, Ended, Event, Server};
use http_proto::status::Status;
use sending::Flying;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use transport::tls::Identity;

/// How long a closing connection waits for its last response to be taken.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Gives other connections a turn after so many octets.
const TURN: u64 = 4 << 20;

/// What answers a question, with what it gives back.
enum Done {
    Looked {
        admitted: Option<(Session, Login)>,
        found: Found,
        answer: Answer,
    },
    Entries(Option<Box<dyn Cursor>>, Answer),
    /// Of so many octets.
    Begun(Result<Reading, Refusal>, u64),
}

type Work = Pin<Box<dyn Future<Output = Done> + Send>>;

struct Connection {
    shared: Arc<Shared>,
    wire: Wire,
    local: SocketAddr,
    peer: SocketAddr,
    began: Instant,
    machine: Server,
    /// Who the last request was of, and what it showed.
    admitted: Option<(Session, Login)>,
    peek: Option<Peek>,
    reading: Option<(Reading, u64)>,
    listing: Option<Box<dyn Cursor>>,
    flying: Flying,
    work: Option<(AskId, Work)>,
    over: Option<Event>,
    eof: bool,
    /// Nothing more can be sent.
    gone: bool,
    turn: u64,
    why: Option<String>,
    /// Its place until somebody is let in.
    place: Option<HalfOpen>,
    /// The rate that the content has to keep, if any.
    meter: Option<Box<Meter>>,
    /// Until then the rate lets nothing move.
    hold: Option<Instant>,
    /// For who watches.
    sights: Option<Box<Sights>>,
}

pub(super) async fn run(
    shared: Arc<Shared>,
    stream: TcpStream,
    peer: SocketAddr,
    identity: Option<Identity>,
    place: Option<HalfOpen>,
) {
    let Ok(local) = stream.local_addr() else { return };
    let _ = stream.set_nodelay(true);
    let Ok(wire) = Wire::new(stream, identity.as_ref()) else { return };
    let machine = Server::new(Moment::ZERO, shared.machine.clone());
    let (local, peer) = (canonical(local), canonical(peer));
    let tap = shared.tap.clone();
    let sights = tap.map(|tap| Box::new(Sights::new(tap, local, peer, wire.is_tls())));
    let mut connection = Box::new(Connection {
        wire,
        local,
        peer,
        began: Instant::now(),
        machine,
        admitted: None,
        peek: None,
        reading: None,
        listing: None,
        flying: Flying::Nothing,
        work: None,
        over: None,
        eof: false,
        gone: false,
        turn: 0,
        why: None,
        place,
        meter: None,
        hold: None,
        sights,
        shared,
    });
    connection.serve().await;
    connection.end().await;
}

impl Connection {
    async fn serve(&mut self) {
        let mut phase = self.shared.orders.phase.clone();
        let mut kicked = self.shared.orders.kicked.clone();
        let mut drained = false;
        loop {
            self.machine.date(files::unix(SystemTime::now()));
            self.flush().await;
            if self.over.is_some() {
                return;
            }
            let reads = self.machine.wants_input() && !self.eof;
            let writes = !matches!(self.flying, Flying::Nothing) && self.hold.is_none();
            let deadline =
                self.machine.poll_timeout().map(|at| self.began + Duration::from_nanos(at.as_nanos()));
            let timer = async {
                match deadline.into_iter().chain(self.hold).min() {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            let answered = async {
                match &mut self.work {
                    Some((id, work)) => (*id, work.await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                ready = self.wire.ready(reads, writes) => match ready {
                    Ok(ready) if reads && (ready.is_readable() || ready.is_read_closed()) => self.read(),
                    Ok(_) => {}
                    Err(_) => self.lost(),
                },
                (id, done) = answered => {
                    self.work = None;
                    self.done(id, done);
                }
                Ok(()) = kicked.changed() => self.obey_kick(),
                () = timer => {
                    if self.hold.is_some_and(|until| until <= Instant::now()) {
                        self.hold = None;
                    }
                    let now = self.now();
                    self.machine.handle_timeout(now);
                }
                _ = phase.wait_for(|p| *p > Phase::Serving), if !drained => {
                    drained = true;
                    let now = self.now();
                    self.machine.drain(now);
                }
            }
        }
    }

    /// Sends and does what the machine wants, until it wants nothing more or the socket is full.
    async fn flush(&mut self) {
        loop {
            let mut progress = false;
            while let Some(event) = self.machine.poll_event() {
                progress = true;
                self.event(event);
            }
            if self.over.is_some() {
                return;
            }
            if let Flying::Nothing = self.flying {
                let now = self.now();
                if let Some(transmit) = self.machine.poll_transmit(now) {
                    progress = true;
                    self.take(transmit);
                }
            }
            progress |= self.send();
            if self.turn >= TURN {
                self.turn = 0;
                tokio::task::yield_now().await;
            }
            if !progress {
                break;
            }
        }
        if self.wire.flush().is_err() {
            self.lost();
        }
        if self.work.is_none() && self.reading.is_none() && matches!(self.flying, Flying::Nothing) {
            // Between requests: what was found for the last one is of no use, and may hold a file.
            self.peek = None;
            self.listing = None;
            self.meter = None;
            self.hold = None;
        }
    }

    fn obey_kick(&mut self) {
        if self.admitted.as_ref().is_some_and(|(session, _)| session.is_kicked()) {
            self.machine.handle_lost();
        }
    }

    fn read(&mut self) {
        let mut buffer = [0u8; 4_096];
        let now = self.now();
        // TLS may hold more than one buffer: what it holds makes no socket readable.
        while self.machine.wants_input() && !self.eof {
            match self.wire.read(&mut buffer) {
                Ok(0) => {
                    self.eof = true;
                    self.machine.handle_eof(now);
                }
                Ok(n) => {
                    if let Some(sights) = &mut self.sights {
                        sights.heard(&buffer[..n]);
                    }
                    self.machine.handle_input(now, &buffer[..n]);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.lost(),
            }
        }
    }

    fn lost(&mut self) {
        self.gone = true;
        self.eof = true;
        self.flying = Flying::Nothing;
        self.machine.handle_lost();
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Ask { id, what } => self.ask(id, what),
            Event::Ended(how) => self.ended(how),
            Event::Malformed => match &self.shared.site {
                Site::Tree(gate) => gate.offend(Protocol::Http, self.peer, Offence::Malformed),
                Site::Pages(_) => {}
            },
            over @ (Event::Close | Event::Cut) => self.over = Some(over),
        }
    }

    fn ask(&mut self, id: AskId, what: Ask) {
        match what {
            Ask::Look(request) => self.look(id, request),
            Ask::Begin { octets } => {
                let Some(peek) = self.peek.take() else { return self.answer(id, files::broken()) };
                if !peek.waits() {
                    return self.done(id, Done::Begun(peek.read(), octets));
                }
                // The use of a grant is durable before the first octet: the disk is not waited for here.
                let work = blocking(
                    move || Done::Begun(peek.read(), octets),
                    move || Done::Begun(Err(Refusal::Io(String::from("internal error"))), octets),
                );
                self.work = Some((id, work));
            }
            Ask::Entries => {
                let Some(mut listing) = self.listing.take() else { return self.answer(id, files::broken()) };
                let work = blocking(
                    move || {
                        let answer = files::entries(listing.as_mut());
                        Done::Entries(Some(listing), answer)
                    },
                    || Done::Entries(None, files::broken()),
                );
                self.work = Some((id, work));
            }
        }
    }

    fn look(&mut self, id: AskId, request: Request) {
        self.peek = None;
        self.listing = None;
        self.meter = None;
        let gate = match &self.shared.site {
            Site::Pages(pages) => {
                let refused = || Answer::Refused(Status::NotFound, String::from("no such page"));
                let answer = pages.page(&request.target.path).map_or_else(refused, Answer::Text);
                return self.answer(id, answer);
            }
            Site::Tree(gate) => gate.clone(),
        };
        // Who shows the same again is the same.
        let same = self.admitted.as_ref().filter(|(_, login)| *login == request.login);
        if let Some((session, _)) = same {
            let session = session.clone();
            if let Some((found, answer)) = files::look_now(&session, &request) {
                return self.done(id, Done::Looked { admitted: None, found, answer });
            }
            let asks = request.login == Login::None && may_ask(&gate, self.security());
            let look = move || {
                let (found, answer) = files::look(&session, &request);
                Done::Looked { admitted: None, found, answer: if asks { invited(answer) } else { answer } }
            };
            self.work = Some((id, blocking(look, || nothing(files::broken()))));
            return;
        }
        // Another one: the last session ends before the new one begins, and counts no more.
        if self.admitted.take().is_some() {
            match gate.connect(Protocol::Http, self.peer) {
                Ok(place) => self.place = Some(place),
                Err(why) => return self.answer(id, refused(&why)),
            }
        }
        let knock = self.knock(&request.login);
        if let Credentials::Anonymous { .. } = knock.credentials {
            // No password is hashed: nothing to wait for.
            return match gate.admit(&knock) {
                Ok(session) => {
                    self.admitted = Some((session, request.login.clone()));
                    self.place = None;
                    self.look(id, request);
                }
                Err(why) => self.answer(id, not_let_in(&gate, &knock, &why)),
            };
        }
        // What the address did before delays the answer, right or wrong.
        let delay = gate.delay(self.peer.ip());
        let ask = move || admit(&gate, &knock, &request);
        self.work = Some((id, Box::pin(asked(delay, ask, || nothing(files::broken())))));
    }

    fn knock(&self, login: &Login) -> Knock {
        let credentials = door::credentials(login);
        let (protocol, local, peer, security) = (Protocol::Http, self.local, self.peer, self.security());
        Knock { protocol, local, peer, security, credentials, agreed: None, certificate: None, host: None }
    }

    fn security(&self) -> Security {
        if self.wire.is_tls() { Security::Tls } else { Security::Clear }
    }

    fn done(&mut self, id: AskId, done: Done) {
        let answer = match done {
            Done::Looked { admitted, found, answer } => {
                if admitted.is_some() {
                    self.admitted = admitted;
                    self.place = None;
                    self.obey_kick();
                }
                match found {
                    Found::File(peek) => self.peek = Some(peek),
                    Found::Directory(listing, meter) => {
                        self.listing = Some(listing);
                        self.meter = meter;
                    }
                    Found::Nothing => {}
                }
                answer
            }
            Done::Entries(listing, answer) => {
                self.listing = listing;
                answer
            }
            Done::Begun(Ok(mut reading), octets) => {
                reading.progress().expect(Some(octets));
                self.meter = reading.take_meter();
                self.reading = Some((reading, octets));
                Answer::Begun
            }
            Done::Begun(Err(why), _) => refused(&why),
        };
        self.answer(id, answer);
    }

    fn answer(&mut self, id: AskId, answer: Answer) {
        let now = self.now();
        self.machine.answer(now, id, answer);
    }

    fn ended(&mut self, how: Ended) {
        let Some((reading, expected)) = self.reading.take() else { return };
        self.meter = None;
        self.hold = None;
        let (outcome, cause, note) = match how {
            Ended::Lost if reading.is_kicked() => (Outcome::Aborted, Cause::Kicked, String::new()),
            Ended::Whole => (Outcome::Complete, Cause::Plain, String::new()),
            Ended::Lost => (Outcome::Aborted, Cause::Plain, String::from("the peer closed the connection")),
            Ended::Stalled => (Outcome::TimedOut, Cause::Plain, String::from("nothing moved")),
            Ended::Failed => {
                let why = self.why.take().unwrap_or_default();
                (Outcome::Failed, Cause::Ours(why.clone()), why)
            }
        };
        let octets = reading.progress().octets();
        // Of ranges they are all that was to come.
        let expected = (expected != reading.blob().len()).then_some(expected);
        let end = End { expected, ..End::new(outcome, octets) };
        reading.finish(end.because(cause).note(note));
    }

    /// The connection is over: what is open ends, then the socket.
    async fn end(mut self: Box<Self>) {
        if self.reading.is_some() {
            self.ended(Ended::Lost);
        }
        // A question that runs is of no use any more; what it opens is dropped with its answer.
        self.work = None;
        self.admitted = None;
        match self.over {
            Some(Event::Close) => self.wire.close(LAST_WORDS).await,
            _ if self.gone => {}
            _ => self.wire.cut(),
        }
    }

    fn now(&self) -> Moment {
        Moment::from_nanos(u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}

/// Lets somebody in and looks; and when that may be answered.
fn admit(gate: &Arc<Gate>, knock: &Knock, request: &Request) -> (Done, Option<Instant>) {
    let (admitted, not_before) = gate.judge(knock);
    let done = match admitted {
        Ok(session) => {
            let (found, answer) = files::look(&session, request);
            Done::Looked { admitted: Some((session, request.login.clone())), found, answer }
        }
        Err(why) => nothing(not_let_in(gate, knock, &why)),
    };
    (done, not_before)
}

fn nothing(answer: Answer) -> Done {
    Done::Looked { admitted: None, found: Found::Nothing, answer }
}

/// `broken` is for a panic below: this connection says so and the others go on.
fn blocking(
    work: impl FnOnce() -> Done + Send + 'static,
    broken: impl FnOnce() -> Done + Send + 'static,
) -> Work {
    Box::pin(async move { spawn_blocking(work).await.unwrap_or_else(|_| broken()) })
}
