//! A look at a server: what it says before a login. Nobody is logged in, and nothing is learned of it.

use super::known_hosts::Known;
pub use super::known_hosts::Verdict as Standing;
use super::link::{Waiting, runtime};
use crate::dial;
use crate::{ClientError, Options, Remote};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use transport::ssh::client::{Config, Connection, Greeting, Login, Trust, greet};
use transport::ssh::{Agreed, Key, Line, Offer};
use transport::tap;

/// A server that is looked at, with a connection for each thing that is asked.
pub struct Look<'a> {
    remote: &'a Remote,
    options: &'a Options,
    known: Known,
    runtime: Runtime,
}

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
    /// At the server of `remote`, whatever its path.
    ///
    /// # Errors
    /// A file of known hosts cannot be read, or there are no threads.
    pub fn new(remote: &'a Remote, options: &'a Options) -> Result<Look<'a>, ClientError> {
        let port = remote.port.unwrap_or(remote.scheme.port());
        let known = Known::read(&options.ssh.known_hosts, &remote.host, port).map_err(ClientError::Local)?;
        Ok(Look { remote, options, known, runtime: runtime()? })
    }

    /// What it says before anything is agreed, and where it is.
    ///
    /// # Errors
    /// It is not reached, or the connection broke.
    pub fn greeting(&self) -> Result<(SocketAddr, Greeting), ClientError> {
        let (stream, peer) = self.dial()?;
        let patience = self.options.ssh.no_progress;
        let greeting = self.runtime.block_on(async {
            let mut stream = TcpStream::from_std(stream).map_err(ClientError::Network)?;
            let ident = Config::default().ident;
            greet(&mut stream, ident, patience).await.map_err(ClientError::Network)
        })?;
        Ok((peer, greeting))
    }

    /// Agrees on keys with it, with the profile of the options, where it is to show a key of this kind (as
    /// known_hosts has it). `loose`: what it offers, where it does not keep the strict order of the key exchange.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn meet(&self, kind: &str, loose: Option<&Offer>) -> Result<Seen, ClientError> {
        let (stream, peer) = self.dial()?;
        let ssh = &self.options.ssh;
        let (profile, known) = (ssh.profile.unwrap_or_default(), vec![kind.to_owned()]);
        let config = Config { profile, known, loose: loose.cloned(), ..Config::default() };
        let waiting = Waiting::new(self.options, peer);
        let key = Arc::default();
        let user = self.remote.user.as_deref().unwrap_or(&ssh.user);
        self.runtime.block_on(async {
            let stream = Line::new(TcpStream::from_std(stream).map_err(ClientError::Network)?);
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

    fn dial(&self) -> Result<(std::net::TcpStream, SocketAddr), ClientError> {
        let patience = self.options.ssh.connect_timeout;
        let (stream, ends) = dial::server(self.remote, self.options, patience, tap::next_flow())?;
        Ok((stream, ends.peer))
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
