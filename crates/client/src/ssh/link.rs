//! A connection of SSH with somebody logged in, and the runtime that it lives in.

use super::known_hosts::Known;
use super::login::LoggingIn;
use super::options::{HostKeys, Met};
use super::trust::{Judge, Said};
use crate::around::Around;
use crate::dial::{self, Ends};
use crate::error::printable;
use crate::waiting::pulled;
use crate::{ClientError, Options, Phase, Remote};
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::runtime::Runtime;
use transport::ssh::client::{Config, Connection, Fault};
use transport::ssh::{ChannelIn, ChannelOut, Line};
use transport::{Cancel, tap};

/// A connection with somebody logged in.
pub(crate) struct Link {
    /// Keys and ciphers on a thread of their own: files are read and written by the caller's.
    pub(crate) runtime: Runtime,
    pub(crate) ends: Ends,
    connection: Connection<Judge>,
    waiting: Waiting,
}

/// How long an answer may take, and who may end the wait.
pub(super) struct Waiting {
    cancel: Option<Cancel>,
    peer: SocketAddr,
    patience: Duration,
}

impl Link {
    /// Connects, judges the host and logs in.
    pub(crate) fn open(remote: &Remote, options: &Options) -> Result<Link, ClientError> {
        let ssh = &options.ssh;
        let port = remote.port.unwrap_or(remote.scheme.port());
        let known = match &ssh.host_keys {
            HostKeys::Known | HostKeys::AcceptNew => {
                Known::read(&ssh.known_hosts, &remote.host, port).map_err(ClientError::Local)?
            }
            HostKeys::Pinned(_) => Known::default(),
        };
        let runtime = runtime()?;
        let mut config = Config { profile: ssh.profile, known: known.kinds(), ..Config::default() };
        if let Some(ident) = ssh.ident {
            config.ident = ident;
        }
        let host = Host { remote, options, known, config };
        let user = remote.user.as_deref().unwrap_or(&ssh.user);
        let (mut connection, waiting, ends) = host.meet(&runtime)?;
        runtime.block_on(LoggingIn::new(&mut connection, &waiting, ssh, user, &remote.host).run(remote))?;
        Ok(Link { runtime, ends, connection, waiting })
    }

    /// A channel to a subsystem.
    pub(crate) fn subsystem(&self, name: &str) -> Result<(ChannelIn, ChannelOut), ClientError> {
        self.runtime.block_on(self.waiting.on(self.connection.subsystem(name)))
    }

    /// A channel to a command that runs there.
    pub(crate) fn command(&self, command: &[u8]) -> Result<(ChannelIn, ChannelOut), ClientError> {
        self.runtime.block_on(self.waiting.on(self.connection.command(command)))
    }

    /// What a driver of a channel has besides.
    pub(crate) fn around(&self, options: &Options) -> Around {
        let Ends { local, peer, .. } = self.ends;
        let (tap, cancel) = (options.tap.clone(), options.cancel.clone());
        Around { local, peer, tap, cancel, patience: options.ssh.no_progress }
    }
}

/// Keys and ciphers on a thread of their own.
pub(super) fn runtime() -> Result<Runtime, ClientError> {
    let builder = &mut tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).thread_name("ssh").enable_all().build().map_err(ClientError::Local)
}

/// A server that is to be met.
struct Host<'a> {
    remote: &'a Remote,
    options: &'a Options,
    known: Known,
    config: Config,
}

impl Host<'_> {
    /// Connects and judges who it is; a second time with less where the first comes to what can be attacked.
    fn meet(mut self, runtime: &Runtime) -> Result<(Connection<Judge>, Waiting, Ends), ClientError> {
        let (agreed, offer) = match self.once(runtime) {
            Err(ClientError::Ssh(Fault::Terrapin { agreed, offer })) => (agreed, offer),
            other => return other,
        };
        self.config.loose = Some((*offer).clone());
        self.once(runtime).map_err(|second| match second {
            // There is nothing else, and the first says why that does not do.
            ClientError::Ssh(Fault::NothingInCommon { .. }) => {
                ClientError::Ssh(Fault::Terrapin { agreed, offer })
            }
            other => other,
        })
    }

    fn once(&self, runtime: &Runtime) -> Result<(Connection<Judge>, Waiting, Ends), ClientError> {
        let Host { remote, options, known, config } = self;
        let ssh = &options.ssh;
        let (stream, ends) = dial::server(remote, options, ssh.connect_timeout, tap::next_flow())?;
        let said = Said::default();
        let judge = Judge {
            host: remote.host.clone(),
            port: remote.port.unwrap_or(remote.scheme.port()),
            policy: ssh.host_keys.clone(),
            known: known.clone(),
            learned: ssh.learned.clone(),
            said: said.clone(),
        };
        let waiting = Waiting::new(options, ends.peer);
        let connection = runtime.block_on(async {
            let stream = tokio::net::TcpStream::from_std(stream).map_err(ClientError::Network)?;
            let meeting = async {
                let (hello, made) = Connection::meet(Line::new(stream), config, judge).await;
                made.map(|made| (hello, made))
            };
            let (hello, connection) = waiting.on(meeting).await.map_err(|e| match (e, said.refused()) {
                (_, Some(why)) => ClientError::HostKey { host: remote.host.clone(), why },
                (e, None) => e,
            })?;
            if let (Some(hello), Some(agreed)) = (hello, connection.agreed()) {
                let ident = printable(&hello.ident);
                (ssh.met)(&Met { host: &remote.host, address: ends.peer, ident, agreed });
            }
            Ok(connection)
        })?;
        Ok((connection, waiting, ends))
    }
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
