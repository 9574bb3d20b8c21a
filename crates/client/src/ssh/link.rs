//! A connection of SSH with somebody logged in, and the runtime that it lives in.

use super::known_hosts::{Known, name};
use super::login::LoggingIn;
use super::options::{HostKeys, Jump, Met, Question};
use super::profiles::{Allowed, Kept};
use super::trust::{Judge, Said};
use crate::around::Around;
use crate::dial::{self, Ends};
use crate::error::printable;
use crate::waiting::pulled;
use crate::{ClientError, Options, Phase, Remote, Scheme, Threads};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use transport::ssh::client::{Config, Connection, Fault};
use transport::ssh::{Agreed, ChannelIn, ChannelOut, Line, Offer, Profile};
use transport::{Cancel, tap};

/// A connection with somebody logged in.
pub(crate) struct Link {
    /// Keys and ciphers on other threads: files are read and written by the caller's.
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) ends: Ends,
    connection: Connection<Judge>,
    waiting: Waiting,
    /// What it goes through; dropped after it.
    _hops: Vec<Hop>,
}

/// A host with somebody logged in.
pub(crate) struct Hop {
    connection: Connection<Judge>,
    waiting: Waiting,
    /// Of the TCP connection that carries it.
    ends: Ends,
}

/// How long an answer may take, and who may end the wait.
pub(super) struct Waiting {
    cancel: Option<Cancel>,
    peer: SocketAddr,
    patience: Duration,
}

impl Link {
    /// Connects, by way of other hosts where there are some, judges each host and logs in.
    pub(crate) fn open(remote: &Remote, options: &Options) -> Result<Link, ClientError> {
        let runtime = runtime(options)?;
        let mut hops = way(remote, options, &runtime)?;
        let Hop { connection, waiting, ends } = Host::new(remote, options)?.enter(&runtime, hops.last())?;
        // The last one goes first.
        hops.reverse();
        Ok(Link { runtime, ends, connection, waiting, _hops: hops })
    }

    /// A channel to a subsystem.
    pub(crate) async fn subsystem(&self, name: &str) -> Result<(ChannelIn, ChannelOut), ClientError> {
        self.waiting.on(self.connection.subsystem(name)).await
    }

    /// Octets that may be on the way on a channel; 0: the server has not said.
    pub(crate) fn window(&self) -> u32 {
        self.connection.window()
    }

    /// A channel to a command that runs there.
    pub(crate) fn command(&self, command: &[u8]) -> Result<(ChannelIn, ChannelOut), ClientError> {
        self.runtime.block_on(self.waiting.on(self.connection.command(command)))
    }

    /// A channel to a shell behind a terminal of this size.
    pub(crate) fn shell(&self, columns: u16, rows: u16) -> Result<(ChannelIn, ChannelOut), ClientError> {
        self.runtime.block_on(self.waiting.on(self.connection.shell(columns, rows)))
    }

    /// What a driver of a channel has besides.
    pub(crate) fn around(&self, options: &Options) -> Around {
        let Ends { local, peer, .. } = self.ends;
        let (tap, cancel) = (options.tap.clone(), options.cancel.clone());
        Around { local, peer, tap, cancel, patience: options.ssh.no_progress }
    }
}

/// The hosts on the way, each logged in to by way of the one before; the first one first.
pub(crate) fn way(remote: &Remote, options: &Options, runtime: &Runtime) -> Result<Vec<Hop>, ClientError> {
    let mut hops: Vec<Hop> = Vec::new();
    let options_there = for_the_way(options);
    for jump in &options.ssh.jumps {
        let there = on_the_way(jump, remote);
        let hop = Host::new(&there, &options_there)?.enter(runtime, hops.last())?;
        hops.push(hop);
    }
    Ok(hops)
}

impl Hop {
    /// A connection on from it.
    pub(crate) fn through(
        &self,
        to: &Remote,
        runtime: &Runtime,
    ) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + 'static, ClientError> {
        runtime.block_on(self.waiting.on(self.connection.through(&to.host, port(to))))
    }

    /// Where the TCP connection goes that carries it.
    pub(crate) fn carrier(&self) -> SocketAddr {
        self.ends.peer
    }
}

/// Keys and ciphers on a thread of their own, or on those that are shared.
pub(crate) fn runtime(options: &Options) -> Result<Arc<Runtime>, ClientError> {
    if let Some(Threads(shared)) = &options.threads {
        return Ok(shared.clone());
    }
    let builder = &mut tokio::runtime::Builder::new_multi_thread();
    let own = builder.worker_threads(1).thread_name("ssh").enable_all().build();
    own.map(Arc::new).map_err(ClientError::Local)
}

/// A host on the way, as a place.
fn on_the_way(jump: &Jump, to: &Remote) -> Remote {
    let Jump { user, host, port } = jump.clone();
    // Its password is nobody else's.
    Remote { scheme: Scheme::Sftp, user, password: None, host, port, path: Vec::new(), ..to.clone() }
}

/// What holds of hosts on the way: the password and the pinned key are the last one's.
fn for_the_way(options: &Options) -> Options {
    let mut options = options.clone();
    options.ssh.password = None;
    if let HostKeys::Pinned(_) = options.ssh.host_keys {
        options.ssh.host_keys = HostKeys::Known;
    }
    options
}

/// A server that is being met; dropped, nobody meets it.
struct Meeting<T>(JoinHandle<T>);

impl<T> Drop for Meeting<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A server that is to be met.
struct Host<'a> {
    remote: &'a Remote,
    options: &'a Options,
    known: Known,
    config: Config,
    allowed: Allowed,
    whose: Whose,
}

/// Who decided which algorithms may be used.
enum Whose {
    /// Nobody: the strictest.
    Nobodys,
    /// Somebody, for this connection.
    Given,
    /// Somebody, once, for the key with this fingerprint.
    Remembered(String),
}

impl<'a> Host<'a> {
    fn new(remote: &'a Remote, options: &'a Options) -> Result<Host<'a>, ClientError> {
        let ssh = &options.ssh;
        let known = match &ssh.host_keys {
            HostKeys::Known | HostKeys::AcceptNew => {
                Known::read(&ssh.known_hosts, &remote.host, port(remote)).map_err(ClientError::Local)?
            }
            HostKeys::Pinned(_) => Known::default(),
        };
        let allowed = Allowed::read(ssh.remembered.as_deref(), name(&remote.host, port(remote)));
        // Of a host whose key is not what it was nothing is remembered.
        let is_right = |kept: &&Kept| match &ssh.host_keys {
            HostKeys::Known | HostKeys::AcceptNew => known.has(&kept.fingerprint),
            HostKeys::Pinned(pin) => *pin == kept.fingerprint,
        };
        let (profile, whose) = match (ssh.profile, allowed.kept().filter(is_right)) {
            (Some(profile), _) => (profile, Whose::Given),
            (None, Some(kept)) => (kept.profile, Whose::Remembered(kept.fingerprint.clone())),
            (None, None) => (Profile::Modern, Whose::Nobodys),
        };
        let mut config = Config { profile, known: known.kinds(), ..Config::default() };
        if let Some(ident) = ssh.ident {
            config.ident = ident;
        }
        Ok(Host { remote, options, known, config, allowed, whose })
    }

    /// Meets it and logs in.
    fn enter(self, runtime: &Runtime, through: Option<&Hop>) -> Result<Hop, ClientError> {
        let Host { remote, options, .. } = self;
        let user = remote.user.as_deref().unwrap_or(&options.ssh.user);
        let mut hop = self.meet(runtime, through)?;
        let Hop { connection, waiting, .. } = &mut hop;
        let logging_in = LoggingIn::new(connection, waiting, &options.ssh, user, &remote.host);
        runtime.block_on(logging_in.run(remote))?;
        Ok(hop)
    }

    /// Connects and judges who it is; a second time with what is older, where there is nothing in common and somebody
    /// allows that.
    fn meet(mut self, runtime: &Runtime, through: Option<&Hop>) -> Result<Hop, ClientError> {
        let first = self.safely(runtime, through);
        let Err(ClientError::Ssh(Fault::NothingInCommon { offer: Some(offer), .. })) = &first else {
            return first;
        };
        let Some(profile) = self.older(offer) else { return first };
        (self.config.profile, self.config.loose, self.whose) = (profile, None, Whose::Given);
        self.safely(runtime, through)
    }

    /// The strictest profile that connects, where somebody allows it. Whoever gave a profile is not asked for another one.
    fn older(&self, offer: &Offer) -> Option<Profile> {
        let Options { ssh, .. } = self.options;
        let later = Profile::ALL.into_iter().filter(|profile| *profile > self.config.profile);
        let meets = |profile: Profile| Some((profile, profile.meets(offer).ok()?));
        let (profile, agreed) = later.filter(|_| ssh.profile.is_none()).find_map(meets)?;
        let question = Question::Older { host: &self.remote.host, profile, agreed: &agreed };
        let answer = ssh.ask.ask(question)?;
        matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes").then_some(profile)
    }

    /// A second time with less where the first comes to what can be attacked.
    fn safely(&mut self, runtime: &Runtime, through: Option<&Hop>) -> Result<Hop, ClientError> {
        let (agreed, offer) = match self.once(runtime, through) {
            Err(ClientError::Ssh(Fault::Terrapin { agreed, offer })) => (agreed, offer),
            other => return other,
        };
        self.config.loose = Some((*offer).clone());
        self.once(runtime, through).map_err(|second| match second {
            // There is nothing else, and the first says why that does not do.
            ClientError::Ssh(Fault::NothingInCommon { .. }) => {
                ClientError::Ssh(Fault::Terrapin { agreed, offer })
            }
            other => other,
        })
    }

    fn once(&self, runtime: &Runtime, through: Option<&Hop>) -> Result<Hop, ClientError> {
        let options = self.options;
        if let Some(hop) = through {
            let stream = hop.through(self.remote, runtime)?;
            return runtime.block_on(self.over(stream, hop.ends));
        }
        let patience = options.ssh.connect_timeout;
        let (stream, ends) = dial::server(self.remote, options, patience, tap::next_flow())?;
        runtime.block_on(async {
            let stream = tokio::net::TcpStream::from_std(stream).map_err(ClientError::Network)?;
            self.over(Line::new(stream), ends).await
        })
    }

    /// Over what carries it.
    async fn over(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        ends: Ends,
    ) -> Result<Hop, ClientError> {
        let Host { remote, options, known, config, .. } = self;
        let ssh = &options.ssh;
        let said = Said::default();
        let judge = Judge {
            host: remote.host.clone(),
            port: port(remote),
            policy: ssh.host_keys.clone(),
            known: known.clone(),
            learned: ssh.learned.clone(),
            said: said.clone(),
        };
        let waiting = Waiting::new(options, ends.peer);
        let config = config.clone();
        // Key exchanges go deep: on the stacks of the runtime's threads, not of every thread that waits for one.
        let mut meeting = Meeting(tokio::spawn(async move {
            let (hello, made) = Connection::meet(stream, &config, judge).await;
            made.map(|made| (hello, made))
        }));
        let meeting = async {
            (&mut meeting.0).await.unwrap_or_else(|e| match e.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => unreachable!("nobody ends it while it is waited for"),
            })
        };
        let (hello, connection) = waiting.on(meeting).await.map_err(|e| match (e, said.refused()) {
            (_, Some(why)) => ClientError::HostKey { host: remote.host.clone(), why },
            (e, None) => e,
        })?;
        self.weigh(connection.agreed(), said.shown())?;
        if let (Some(hello), Some(agreed)) = (hello, connection.agreed()) {
            let ident = printable(&hello.ident);
            (ssh.met)(&Met { host: &remote.host, address: ends.peer, ident, agreed });
        }
        Ok(Hop { connection, waiting, ends })
    }

    /// Whether what was agreed may be used with the host that shows this key, and what is remembered of it.
    fn weigh(&self, agreed: Option<&Agreed>, shown: String) -> Result<(), ClientError> {
        match (agreed.and_then(Profile::that_has), &self.whose) {
            // It knows better by now.
            (Some(Profile::Modern), _) => self.allowed.forget(),
            (_, Whose::Remembered(right)) if *right != shown => {
                let profile = self.config.profile;
                return Err(ClientError::HostKey {
                    host: self.remote.host.clone(),
                    why: format!(
                        "{profile} was allowed for it with the key {right}, and it shows {shown}: --ssh-profile {profile} allows it for this one"
                    ),
                });
            }
            (Some(profile), Whose::Given) => self.allowed.keep(&Kept { profile, fingerprint: shown }),
            (_, Whose::Remembered(_) | Whose::Nobodys) | (None, Whose::Given) => {}
        }
        Ok(())
    }
}

pub(super) fn port(remote: &Remote) -> u16 {
    remote.port.unwrap_or(remote.scheme.port())
}

impl Waiting {
    pub(super) fn new(options: &Options, peer: SocketAddr) -> Waiting {
        Waiting { cancel: options.cancel.clone(), peer, patience: options.ssh.no_progress }
    }

    /// Waits for an answer of the library's.
    pub(super) async fn on<T>(
        &self,
        answer: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, ClientError> {
        tokio::select! {
            biased;
            () = pulled(self.cancel.as_ref()) => Err(ClientError::Cancelled),
            answer = answer => answer.map_err(|fault| match fault {
                Fault::Io(error) => ClientError::Network(error),
                other => ClientError::Ssh(other),
            }),
            () = tokio::time::sleep(self.patience) => Err(ClientError::TimedOut {
                peer: self.peer,
                phase: Phase::BeforeAnswer,
                seconds: self.patience.as_secs(),
            }),
        }
    }
}
