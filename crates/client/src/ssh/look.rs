//! A look at a server: what it says before a login. Nobody is logged in, and nothing is learned of it.

use super::known_hosts::Known;
pub use super::known_hosts::Verdict as Standing;
use super::link::{Hop, Waiting, port, runtime, way};
use crate::dial;
use crate::{ClientError, Options, Remote};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use transport::ssh::client::{Config, Connection, Greeting, Login, Trust, greet};
use transport::ssh::{Agreed, Key, Line, Offer, Profile};
use transport::tap;

/// A server that is looked at, with a connection for each thing that is asked; all of them by way of the same hosts.
pub struct Look<'a> {
    remote: &'a Remote,
    options: &'a Options,
    known: Known,
    runtime: Arc<Runtime>,
    /// What they go through; dropped after the runtime.
    hops: Vec<Hop>,
}

/// What carries a connection.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A key that a server has shown, and that it is its own is proved.
#[derive(Clone, Debug)]
pub struct ShownKey {
    /// `ssh-ed25519`, `ssh-rsa`, …
    pub algorithm: String,
    /// `SHA256:…`
    pub fingerprint: String,
    /// What is known of it.
    pub standing: Standing,
}

/// What came of a connection.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What was agreed; `None`: not known.
    pub agreed: Option<Agreed>,
    /// The key.
    pub key: ShownKey,
    /// Ways to log in, as the server names them; none: it asks for nothing.
    pub ways: Vec<String>,
}

impl<'a> Look<'a> {
    /// At the server of `remote`, whatever its path. Logs in to the hosts on the way.
    ///
    /// # Errors
    /// A file of known hosts cannot be read, there are no threads, or a host on the way does not let through.
    pub fn new(remote: &'a Remote, options: &'a Options) -> Result<Look<'a>, ClientError> {
        let known =
            Known::read(&options.ssh.known_hosts, &remote.host, port(remote)).map_err(ClientError::Local)?;
        let runtime = runtime(options)?;
        let hops = way(remote, options, &runtime)?;
        Ok(Look { remote, options, known, runtime, hops })
    }

    /// What it says before anything is agreed, and where it is; that only the last host on the way knows, or a proxy that finds
    /// its name.
    ///
    /// # Errors
    /// It is not reached, or the connection broke.
    pub fn greeting(&self) -> Result<(Option<SocketAddr>, Greeting), ClientError> {
        let (mut stream, peer) = self.dial()?;
        let (ident, patience) = (Config::default().ident, self.options.ssh.no_progress);
        // It is dropped in there too: a channel of another host's says so to that one.
        let greeting = self.runtime.block_on(async move { greet(&mut stream, ident, patience).await });
        let host = &self.remote.host;
        let found_by_proxy = self.options.proxy_for(host).is_some() && host.parse::<IpAddr>().is_err();
        let is_there = self.hops.is_empty() && !found_by_proxy;
        Ok((is_there.then_some(peer), greeting.map_err(ClientError::Network)?))
    }

    /// Agrees on keys with it, with this profile, where it is to show a key of this kind (as
    /// known_hosts has it). `loose`: what it offers, where it does not keep the strict order of the key exchange.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn meet(&self, profile: Profile, kind: &str, loose: Option<&Offer>) -> Result<Seen, ClientError> {
        let (stream, peer) = self.dial()?;
        let ssh = &self.options.ssh;
        let known = vec![kind.to_owned()];
        let config = Config { profile, known, loose: loose.cloned(), ..Config::default() };
        let waiting = Waiting::new(self.options, peer);
        let key = Arc::default();
        let user = self.remote.user.as_deref().unwrap_or(&ssh.user);
        self.runtime.block_on(async {
            let taker = Taker(Arc::clone(&key));
            let mut connection = waiting.on(Connection::make(stream, &config, taker)).await?;
            let agreed = connection.agreed().cloned();
            let ways = match waiting.on(connection.with_nothing(user)).await? {
                Login::In => Vec::new(),
                Login::Out { ways, .. } => ways,
            };
            connection.end().await;
            let shown = key.lock().unwrap_or_else(PoisonError::into_inner).take();
            let key = shown.expect("it was agreed with its key");
            let standing = self.known.judge(&key);
            let (algorithm, fingerprint) = (key.algorithm().to_owned(), key.fingerprint().to_owned());
            Ok(Seen { agreed, key: ShownKey { algorithm, fingerprint, standing }, ways })
        })
    }

    /// A connection, and where the TCP connection goes that carries it.
    fn dial(&self) -> Result<(Box<dyn Stream>, SocketAddr), ClientError> {
        if let Some(hop) = self.hops.last() {
            return Ok((Box::new(hop.through(self.remote, &self.runtime)?), hop.carrier()));
        }
        let patience = self.options.ssh.connect_timeout;
        let (stream, ends) = dial::server(self.remote, self.options, patience, tap::next_flow())?;
        let _within = self.runtime.enter();
        let stream = TcpStream::from_std(stream).map_err(ClientError::Network)?;
        Ok((Box::new(Line::new(stream)), ends.peer))
    }
}

/// Takes any key, for whoever looks.
struct Taker(
    // Guards the key; held for a moment.
    Arc<Mutex<Option<Key>>>,
);

impl Trust for Taker {
    async fn is_right(&mut self, key: &Key) -> bool {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        true
    }
}
