//! One control connection: the task that owns machine, socket and gate session.

mod asking;
mod clearing;
mod passive;
mod securing;

pub(super) use self::asking::broken;
use self::clearing::Clearing;
use super::data::{Moved, Watch, Work};
use super::ends::{counted, finish, marks, shelve};
use super::files::Open;
use super::ports::Port;
use super::proxied::{Arrival, arrive};
use super::{Shared, refusal};
use crate::address::canonical;
use crate::alarm::Alarm;
use crate::streams::{Living, Phase};
use crate::wire::Wire;
use bytes::Bytes;
use clock::Instant as Moment;
use ftp_proto::command;
use ftp_proto::line::Lines;
use ftp_proto::list::Access;
use ftp_proto::server::{Answer, Ask, AskId, End, Event, Odd, Server, Shelve};
use gate::store::VPath;
use gate::{HalfOpen, Offence, Protocol, Refusal};
use socket2::SockRef;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use transport::tap::{self, Dir, Role, Sight, What};
use transport::tls::Identity;

/// What answers a question, with what it gives back.
pub(super) enum Done {
    Answer(Answer),
    /// Of CWD: from now on the session's directory.
    Directory(Answer),
    Admitted(Option<gate::Session>, Answer),
    Opened(Option<Open>, Answer),
    Moved(Moved),
    Listening(io::Result<std::net::TcpListener>),
    /// The listener of an earlier transfer.
    Kept(Port),
}

struct Session {
    shared: Arc<Shared>,
    control: Wire,
    /// Under TLS, what its data connections show.
    identity: Option<Identity>,
    /// The machine knows which name TLS was asked for.
    named: bool,
    /// TLS is wanted, or its handshake is under way, until then at most.
    securing: Option<(AskId, Instant)>,
    /// TLS is to end, or both sides are taking leave of it, until then at most.
    clearing: Option<Clearing>,
    /// Where it came to here: before a proxy its client came to `local`.
    here: SocketAddr,
    local: SocketAddr,
    peer: SocketAddr,
    flow: u64,
    began: Instant,
    machine: Server,
    /// Its place until somebody is logged in.
    half_open: Option<Box<HalfOpen>>,
    admitted: Option<(gate::Session, Access)>,
    directory: VPath,
    /// Where the client's next data connection comes.
    listener: Option<Port>,
    /// What may be it again.
    kept: Option<passive::Kept>,
    /// Transfers that its port has served.
    served: u32,
    open: Option<Box<Open>>,
    work: Option<(AskId, Work<Done>)>,
    /// A copy that is the work goes on while this is here.
    copying: Option<watch::Sender<()>>,
    watch: Option<Arc<Watch>>,
    out: Bytes,
    closing: Option<Instant>,
    eof: bool,
    /// Lines in and out for the tap; nothing without one.
    told: Option<Box<Told>>,
    octets: u64,
}

/// Lines in and out for the tap.
#[derive(Default)]
struct Told {
    heard: Lines,
    said: Lines,
}

/// How long a session that is over listens for its client's end.
const PARTING: Duration = Duration::from_secs(1);
/// How long a closing session waits for its last reply to be taken.
const LAST_WORDS: Duration = Duration::from_secs(5);

pub(super) async fn run(
    shared: Arc<Shared>,
    mut control: TcpStream,
    peer: SocketAddr,
    place: Option<HalfOpen>,
    _living: Living,
) {
    let Ok(here) = control.local_addr() else { return };
    // Replies are small and awaited; ABOR comes as urgent data and belongs into the stream.
    let _ = control.set_nodelay(true);
    let _ = SockRef::from(&control).set_out_of_band_inline(true);
    let _ = SockRef::from(&control).set_keepalive(true);
    let here = canonical(here);
    let seen = Arrival { peer: canonical(peer), local: here, place };
    // Boxed: what nearly no session waits for would be room in each one's future.
    let arrived = match shared.config.is_proxy(seen.peer.ip()) {
        true => Box::pin(arrive(&shared, &mut control, seen)).await,
        false => Some(seen),
    };
    let Some(Arrival { peer, local, place }) = arrived else { return };
    let mut machine = Server::new(Moment::ZERO, shared.machine_for(peer), local, peer);
    let Ok(control) = Wire::new(control, None) else { return };
    if shared.config.implicit {
        machine = machine.implicit();
    }
    let mut session = Box::new(Session {
        machine,
        control,
        identity: None,
        named: false,
        securing: None,
        clearing: None,
        here,
        local,
        peer,
        flow: tap::next_flow(),
        began: Instant::now(),
        half_open: place.map(Box::new),
        admitted: None,
        directory: VPath::root(),
        listener: None,
        kept: None,
        served: 0,
        open: None,
        work: None,
        copying: None,
        watch: None,
        out: Bytes::new(),
        closing: None,
        eof: false,
        told: shared.tap.as_ref().map(|_| Box::default()),
        octets: 0,
        shared,
    });
    session.see(Dir::Received, What::Connected { role: Role::Control });
    // Implicit TLS: what is said waits in it until the handshake is over.
    if !session.shared.config.implicit || session.secure().is_ok() {
        session.serve().await;
    }
    let total = session.octets;
    session.see(Dir::Here, What::Closed { role: Role::Control, total });
    Box::pin(session.end()).await;
}

/// Waits for the next order to look who is kicked. Never ready when nobody gives any more.
async fn kick(mut orders: watch::Receiver<()>) -> watch::Receiver<()> {
    match orders.changed().await {
        Ok(()) => orders,
        Err(_) => std::future::pending().await,
    }
}

impl Session {
    async fn serve(&mut self) {
        let mut phase = self.shared.orders.phase.clone();
        let mut drained = false;
        // Made once: each would otherwise be put into its list and out again with every command.
        let mut draining = pin!(phase.wait_for(|p| *p == Phase::Draining));
        let mut kicked = pin!(kick(self.shared.orders.kicked.clone()));
        let mut alarm = Alarm::default();
        loop {
            self.flush();
            if self.closing.is_some_and(|by| self.out.is_empty() || by <= Instant::now()) {
                return;
            }
            if let Some(watch) = &self.watch {
                self.machine.progress(watch.progress.octets());
            }
            let reads = self.machine.wants_input() && self.out.is_empty() && !self.eof;
            let writes = !self.out.is_empty();
            let due = self.machine.poll_timeout().map(|m| self.began + Duration::from_nanos(m.as_nanos()));
            let changed_by = self.changed_by();
            let kept_until = self.kept.as_ref().map(passive::Kept::until);
            let deadline = self.closing.or(due.into_iter().chain(changed_by).chain(kept_until).min());
            let answered = async {
                match &mut self.work {
                    Some((id, work)) => (*id, work.await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                ready = self.control.ready(reads, writes) => match ready {
                    Ok(ready) if reads && ready.is_readable() => self.read(),
                    Ok(_) => {}
                    Err(_) => self.lost(),
                },
                (id, done) = answered => {
                    self.work = None;
                    self.done(id, done);
                }
                () = alarm.until(deadline) => {
                    if kept_until.is_some_and(|by| by <= Instant::now()) {
                        self.kept = None;
                    }
                    if changed_by.is_some_and(|by| by <= Instant::now()) {
                        self.not_changed();
                    }
                    let now = self.now();
                    self.machine.handle_timeout(now);
                }
                orders = &mut kicked => {
                    kicked.set(kick(orders));
                    self.obey_kick();
                }
                _ = &mut draining, if !drained => {
                    drained = true;
                    let now = self.now();
                    self.machine.drain(now);
                }
            }
        }
    }

    /// Does what the machine wants and transmits, until it wants nothing more or the socket is full. What takes no
    /// waiting is done first: the 150 and the 226 of a small file are one segment.
    fn flush(&mut self) {
        loop {
            let mut progress = false;
            while let Some(event) = self.machine.poll_event() {
                progress = true;
                self.event(event);
            }
            if self.out.is_empty()
                && let Some(octets) = self.machine.poll_transmit()
            {
                self.tell(&octets, Dir::Sent);
                self.out = octets;
            }
            if !self.out.is_empty() {
                match self.control.write(&self.out, false) {
                    Ok(n) => {
                        self.octets += n as u64;
                        let _ = self.out.split_to(n);
                        if self.out.is_empty() {
                            let now = self.now();
                            self.machine.handle_written(now);
                        }
                        progress = true;
                    }
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => {
                        self.out = Bytes::new();
                        self.lost();
                    }
                }
            }
            progress |= self.change();
            if !progress {
                break;
            }
        }
        if self.control.flush().is_err() {
            self.lost();
        }
    }

    fn input(&mut self, octets: &[u8]) {
        let now = self.now();
        if octets.is_empty() {
            self.eof = true;
            return self.machine.handle_eof(now);
        }
        self.octets += octets.len() as u64;
        self.tell(octets, Dir::Received);
        self.machine.handle_input(now, octets);
    }

    fn lost(&mut self) {
        self.eof = true;
        let now = self.now();
        self.machine.handle_lost(now);
    }

    /// What the kernel has of the control connection at this moment, past the runtime's readiness: an
    /// upload counts only if there is no FIN in it.
    fn look(&mut self) {
        let mut buffer = [0u8; 2_048];
        while !self.eof && self.machine.wants_input() {
            match self.control.look(&mut buffer) {
                Ok(n) => self.input(&buffer[..n]),
                Err(e) => {
                    self.unread(&e);
                    return;
                }
            }
        }
    }

    /// Somebody who is not logged in and has been banned for such things by now goes.
    fn hold_against(&mut self, odd: Odd) {
        let gate = &self.shared.gate;
        if gate.policy().penalties.is_none() {
            return;
        }
        if let (Some(_), Some(ban)) = (&self.half_open, gate.bans().of(self.peer.ip())) {
            let text = refusal::reply(&Refusal::Banned { until: ban.until }).1;
            let now = self.now();
            return self.machine.dismiss(now, &text);
        }
        let offence = match odd {
            Odd::Malformed => Offence::Malformed,
            Odd::UnknownVerb => Offence::UnknownVerb,
        };
        // A ban that comes of it is written to the disk.
        let (gate, peer) = (gate.clone(), self.peer);
        spawn_blocking(move || gate.offend(Protocol::Ftp, peer, offence));
    }

    fn obey_kick(&mut self) {
        if self.admitted.as_ref().is_some_and(|(session, _)| session.is_kicked()) {
            let now = self.now();
            self.machine.dismiss(now, "Kicked by the operator; good bye.");
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            // TLS begins when all that was said before is written.
            Event::Ask { id, what: Ask::Secure } => {
                self.securing = Some((id, Instant::now() + self.shared.config.login_grace));
            }
            Event::Ask { id, what: Ask::Clear } => self.clearing = Some(Clearing::wanted(id)),
            Event::Ask { id, what } => {
                let mut work = self.ask(what);
                match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(done) => self.done(id, done),
                    Poll::Pending => self.work = Some((id, work)),
                }
            }
            Event::Cancel(_) => {
                self.copying = None;
                if let Some(watch) = &self.watch {
                    watch.cancel.notify_one();
                }
            }
            Event::Unlisten => self.listener = None,
            Event::LoggedOut => {
                self.admitted = None;
                self.directory = VPath::root();
                self.half_open = match self.shared.gate.connect(Protocol::Ftp, self.peer) {
                    Ok(place) => Some(Box::new(place)),
                    Err(why) => {
                        let now = self.now();
                        self.machine.dismiss(now, &refusal::reply(&why).1);
                        None
                    }
                };
            }
            Event::Odd(odd) => self.hold_against(odd),
            Event::Close => self.closing = Some(Instant::now() + LAST_WORDS),
        }
    }

    fn done(&mut self, id: AskId, done: Done) {
        self.copying = None;
        let answer = match done {
            Done::Answer(answer) => answer,
            Done::Directory(answer) => {
                if let Answer::Directory(path) = &answer
                    && let Ok(path) = VPath::root().resolve(path)
                {
                    self.directory = path;
                }
                answer
            }
            Done::Admitted(session, answer) => {
                if let (Some(session), Answer::LoggedIn { access, .. }) = (session, &answer) {
                    self.admitted = Some((session, *access));
                    self.half_open = None;
                    self.obey_kick();
                }
                answer
            }
            Done::Opened(open, answer) => {
                self.open = open.map(Box::new);
                answer
            }
            Done::Listening(made) => self.listening(made),
            Done::Kept(listener) => self.listening_at(listener),
            Done::Moved(Moved { open, octets, end, listener }) => {
                self.watch = None;
                // An upload counts only while somebody waits for its end.
                if let Open::Writing { .. } = open {
                    self.look();
                }
                if end == End::Whole {
                    self.keep(listener);
                }
                marks(&open).iter().for_each(|mark| self.machine.marked(mark));
                let counted = counted(&open, octets);
                self.open = finish(open, octets, &end).map(Box::new);
                Answer::Moved { octets: counted, end }
            }
        };
        let now = self.now();
        self.machine.answer(now, id, answer);
    }

    /// The session is over: what is open ends, then the connection.
    async fn end(mut self: Box<Self>) {
        if let Some(watch) = &self.watch {
            watch.cancel.notify_one();
        }
        self.copying = None;
        // A question that runs may hold an upload: its end is awaited, so that it is put away and told.
        if let Some((_, work)) = self.work.take() {
            match work.await {
                Done::Moved(Moved { open, octets, end, .. }) => {
                    self.open = finish(open, octets, &end).map(Box::new);
                }
                Done::Opened(open, _) => self.open = open.map(Box::new),
                Done::Answer(_)
                | Done::Directory(_)
                | Done::Admitted(..)
                | Done::Listening(_)
                | Done::Kept(_) => {}
            }
        }
        if let Some(open) = self.open.take() {
            let _ = spawn_blocking(move || shelve(*open, Shelve::Aborted)).await;
        }
        self.admitted = None;
        let Session { control, .. } = *self;
        // Input that nobody reads would turn the close into a RST, which overtakes the last reply.
        control.close(PARTING).await;
    }

    fn now(&self) -> Moment {
        Moment::from_nanos(u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// Tells the tap the lines among `octets`.
    fn tell(&mut self, octets: &[u8], dir: Dir) {
        let Some(mut told) = self.told.take() else { return };
        for &octet in octets {
            let lines = if dir == Dir::Received { &mut told.heard } else { &mut told.said };
            let Some(line) = lines.push(octet) else { continue };
            let line = match line {
                Ok(line) if dir == Dir::Received => command::masked(&line),
                Ok(line) => line,
                Err(_) => b"(not a line)".to_vec(),
            };
            self.see(dir, What::Control(&tap::masked(&line)));
        }
        self.told = Some(told);
    }

    fn see(&self, dir: Dir, what: What<'_>) {
        if let Some(tap) = &self.shared.tap {
            let (local, peer) = (self.local, self.peer);
            tap.see(&Sight { at: Instant::now(), flow: self.flow, local, peer, dir, what });
        }
    }
}
