//! The client's side of a connection: whether a host is the right one is asked of a [`Trust`].

use super::ahead::Ahead;
use super::hello::Hello;
use super::kexinit::{Agreed, Offer};
use super::listening::{Heard, Listening};
use super::opening::{self, Opened};
use super::profile::{Side, offer, step, steps};
use super::{
    Agent, ChannelIn, ChannelOut, Key, LARGEST_PACKET, OwnCertificate, PrivateKey, Profile, WAITING, WINDOW,
    ident,
};
use russh::client::{self, AuthResult, Handle, KeyboardInteractiveAuthResponse as Typed};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{AlgorithmKind, Channel, ChannelOpenFailure, ChannelStream, Disconnect, MethodKind};
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// What the caller can set.
#[derive(Clone, Debug)]
pub struct Config {
    /// `SSH-2.0-…`
    pub ident: &'static str,
    /// What may be negotiated.
    pub profile: Profile,
    /// Kinds of host keys that are wanted before others ([`Key::algorithm`]): those that are known of this host.
    pub known: Vec<String>,
    /// What the server is known to offer that does not keep the strict order of the key exchange: then less is offered to it.
    pub loose: Option<Offer>,
    /// How often a silent server is asked whether it is there; three unanswered questions end it. `None`: never.
    pub keepalive: Option<Duration>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            ident: concat!("SSH-2.0-towline_", env!("CARGO_PKG_VERSION")),
            profile: Profile::Modern,
            known: Vec::new(),
            loose: None,
            keepalive: Some(Duration::from_secs(30)),
        }
    }
}

/// Says whether a host is the one that was meant.
pub trait Trust: Send + 'static {
    /// Whether this is its key.
    fn is_right(&mut self, key: &Key) -> impl Future<Output = bool> + Send;

    /// What the server says before the login (RFC 4252 §5.4), as it came: not to be shown with its control characters.
    fn said(&mut self, banner: &str) {
        let _ = banner;
    }
}

/// Why there is no connection, or none any more.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Nothing of a kind that both know.
    #[error("no common {what}: the server offers {theirs}; we offer {ours}")]
    NothingInCommon {
        /// `key exchange`, `host key`, `cipher`, `MAC`, `compression`.
        what: &'static str,
        /// Names, with commas.
        ours: String,
        /// The same.
        theirs: String,
        /// All that the server offers; `None`: it was not to be understood.
        offer: Option<Box<Offer>>,
    },
    /// What comes of both offers somebody between could cut the beginning off, unnoticed (CVE-2023-48795); to be tried
    /// again with [`Config::loose`].
    #[error("the server does not keep the strict order of the key exchange, without which {} can be attacked", .agreed.cipher())]
    Terrapin {
        /// What comes of it.
        agreed: Box<Agreed>,
        /// What the server offers.
        offer: Box<Offer>,
    },
    /// The [`Trust`] says no.
    #[error("the host key is not the right one")]
    NotTrusted,
    /// The server ended it.
    #[error("the server ended the connection")]
    Ended,
    /// A channel was not opened.
    #[error("the server opens no channel: {0}")]
    NoChannel(&'static str),
    /// A channel was opened, and what was wanted of it is not there.
    #[error("the server does not have {0}")]
    NotThere(String),
    /// The connection broke.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server does not keep to the protocol.
    #[error("{0}")]
    Protocol(String),
}

impl From<russh::Error> for Fault {
    fn from(error: russh::Error) -> Fault {
        match error {
            russh::Error::NoCommonAlgo { kind, ours, theirs } => Fault::NothingInCommon {
                what: match kind {
                    AlgorithmKind::Kex => "key exchange",
                    AlgorithmKind::Key => "host key",
                    AlgorithmKind::Cipher => "cipher",
                    AlgorithmKind::Mac => "MAC",
                    AlgorithmKind::Compression => "compression",
                },
                ours: ours.join(","),
                theirs: theirs.join(","),
                offer: None,
            },
            russh::Error::UnknownKey => Fault::NotTrusted,
            russh::Error::Disconnect
            | russh::Error::HUP
            | russh::Error::SendError
            | russh::Error::RecvError => Fault::Ended,
            russh::Error::IO(error) => Fault::Io(error),
            russh::Error::ChannelOpenFailure(why) => Fault::NoChannel(match why {
                ChannelOpenFailure::AdministrativelyProhibited => "it is not allowed",
                ChannelOpenFailure::ConnectFailed => "it does not reach that host",
                ChannelOpenFailure::UnknownChannelType => "it does not know that kind",
                ChannelOpenFailure::ResourceShortage => "it has none left",
                ChannelOpenFailure::Other { .. } => "it does not say why",
            }),
            other => Fault::Protocol(other.to_string()),
        }
    }
}

/// How a login ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Login {
    /// In.
    In,
    /// Not in. What can be tried, as the server names it (`publickey`, `password`), and whether what was shown was
    /// right and something more is wanted.
    Out {
        /// Names of methods.
        ways: Vec<String>,
        /// Something more is wanted.
        more: bool,
    },
}

/// A question of the server's to whoever logs in (RFC 4256 §3.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// Its words.
    pub words: String,
    /// Whether the answer may be seen.
    pub echo: bool,
}

/// What a server begins with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Greeting {
    /// As it came, 43,192 octets at most.
    pub said: Vec<u8>,
    /// What it means; `None`: this is not SSH.
    pub hello: Option<Hello>,
}

/// Says our name, and reads what the server begins with; nothing is agreed.
///
/// # Errors
/// The connection broke.
pub async fn greet(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    ident: &str,
    patience: Duration,
) -> io::Result<Greeting> {
    // A server may offer less to whom it does not know, and wait for that.
    let ours = Profile::Modern.offer().packet();
    let Opened { octets, hello } = opening::open(stream, ident, &ours, patience).await?;
    Ok(Greeting { said: octets, hello })
}

/// A connection to a server.
pub struct Connection<T: Trust> {
    handle: Handle<Peer<T>>,
    window: Arc<AtomicU32>,
    agreed: Option<Agreed>,
}

impl<T: Trust> Connection<T> {
    /// Agrees on keys with the server at the other end of `stream`, and has its key judged. Nobody is logged in.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn make(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        config: &Config,
        trust: T,
    ) -> Result<Connection<T>, Fault> {
        Connection::meet(stream, config, trust).await.1
    }

    /// The same, with the server's first words, whatever came of them.
    pub async fn meet(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        config: &Config,
        trust: T,
    ) -> (Option<Hello>, Result<Connection<T>, Fault>) {
        let mut steps = steps(&config.profile.preferring(&config.known));
        let offers: Vec<_> = steps.iter().map(|preferred| offer(preferred, Side::Client)).collect();
        let step = config.loose.as_ref().map_or(0, |loose| step(&offers, Some(loose), Side::Client));
        let library = client::Config {
            client_id: ident(config.ident),
            window_size: WINDOW,
            maximum_packet_size: LARGEST_PACKET,
            channel_buffer_size: WAITING,
            preferred: steps.swap_remove(step),
            keepalive_interval: config.keepalive,
            ..client::Config::default()
        };
        let heard = Heard::default();
        let stream = Ahead::new(Listening::new(stream, offers[step].clone(), heard.clone()));
        let window = Arc::<AtomicU32>::default();
        let peer = Peer { trust, window: window.clone() };
        let made = client::connect_stream(Arc::new(library), stream, peer).await;
        let (hello, agreed) = heard.words();
        let offer = hello.as_ref().and_then(|hello| hello.offer.clone());
        let made = match (made, agreed, offer) {
            (_, Some(agreed), Some(offer)) if agreed.is_open_to_terrapin() => {
                Err(Fault::Terrapin { agreed: Box::new(agreed), offer: Box::new(offer) })
            }
            (made, agreed, theirs) => made.map(|handle| Connection { handle, window, agreed }).map_err(|e| {
                let mut fault = Fault::from(e);
                if let Fault::NothingInCommon { offer, .. } = &mut fault {
                    *offer = theirs.map(Box::new);
                }
                fault
            }),
        };
        (hello, made)
    }

    /// What was agreed; `None`: the server's first words were not to be understood, and it went on all the same.
    pub fn agreed(&self) -> Option<&Agreed> {
        self.agreed.as_ref()
    }

    /// The most octets that were free on one channel at once (RFC 4254 §5.2): what may be on the way on each; 0: none was
    /// opened.
    pub fn window(&self) -> u32 {
        self.window.load(Ordering::Relaxed)
    }

    /// Logs in without anything: servers that ask nobody, and the question which ways there are.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn with_nothing(&mut self, user: &str) -> Result<Login, Fault> {
        Ok(login(&self.handle.authenticate_none(user).await?))
    }

    /// Logs in with a password.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn with_password(&mut self, user: &str, password: &str) -> Result<Login, Fault> {
        Ok(login(&self.handle.authenticate_password(user, password).await?))
    }

    /// Logs in by answers to what the server asks: devices ask for their password so.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn with_answers(
        &mut self,
        user: &str,
        mut answer: impl FnMut(&Question) -> String,
    ) -> Result<Login, Fault> {
        let mut said = self.handle.authenticate_keyboard_interactive_start(user, None).await?;
        // A server that asks for ever is one that lets nobody in.
        for _ in 0..16 {
            let asked = match said {
                Typed::Success => return Ok(Login::In),
                Typed::Failure { remaining_methods, partial_success } => {
                    return Ok(Login::Out { ways: names(&remaining_methods), more: partial_success });
                }
                Typed::InfoRequest { prompts, .. } => prompts,
            };
            let answers =
                asked.into_iter().map(|p| answer(&Question { words: p.prompt, echo: p.echo })).collect();
            said = self.handle.authenticate_keyboard_interactive_respond(answers).await?;
        }
        Err(Fault::Protocol(String::from("the server asks and asks")))
    }

    /// Logs in with a key.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn with_key(&mut self, user: &str, key: &PrivateKey) -> Result<Login, Fault> {
        let hash = self.rsa_hash(key.0.algorithm().is_rsa()).await?;
        let key = PrivateKeyWithHashAlg::new(Arc::new(key.0.clone()), hash);
        Ok(login(&self.handle.authenticate_publickey(user, key).await?))
    }

    /// Logs in with a certificate and the key that it is of.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn with_certificate(
        &mut self,
        user: &str,
        key: &PrivateKey,
        certificate: &OwnCertificate,
    ) -> Result<Login, Fault> {
        let (key, certificate) = (Arc::new(key.0.clone()), certificate.0.clone());
        Ok(login(&self.handle.authenticate_openssh_cert(user, key, certificate).await?))
    }

    /// Logs in with the `n`th key of an agent.
    ///
    /// # Errors
    /// See [`Fault`]; an agent that does not sign is [`Fault::Io`].
    pub async fn with_agent(&mut self, user: &str, agent: &mut Agent, n: usize) -> Result<Login, Fault> {
        let Some(key) = agent.keys.get(n).cloned() else {
            return Err(Fault::Io(io::ErrorKind::NotFound.into()));
        };
        let hash = self.rsa_hash(key.algorithm().is_rsa()).await?;
        let result = self.handle.authenticate_publickey_with(user, key, hash, &mut agent.client).await;
        result.map(|result| login(&result)).map_err(|e| Fault::Io(io::Error::other(e.to_string())))
    }

    /// What an RSA key signs with (RFC 8332): what the server says that it knows; old ones say nothing, and those
    /// that say nothing and are not old know SHA-2.
    async fn rsa_hash(&self, is_rsa: bool) -> Result<Option<HashAlg>, Fault> {
        Ok(match is_rsa {
            true => self.handle.best_supported_rsa_hash().await?.unwrap_or(Some(HashAlg::Sha256)),
            false => None,
        })
    }

    /// Opens a subsystem, such as `sftp`.
    ///
    /// # Errors
    /// [`Fault::NotThere`], and what else a [`Fault`] is.
    pub async fn subsystem(&self, name: &str) -> Result<(ChannelIn, ChannelOut), Fault> {
        let channel = self.handle.channel_open_session().await?;
        channel.request_subsystem(true, name).await?;
        opened(channel, || format!("the subsystem {name}")).await
    }

    /// Runs a command.
    ///
    /// # Errors
    /// The same.
    pub async fn command(&self, command: &[u8]) -> Result<(ChannelIn, ChannelOut), Fault> {
        let channel = self.handle.channel_open_session().await?;
        channel.exec(true, command).await?;
        opened(channel, || format!("the command {}", command.escape_ascii())).await
    }

    /// A shell behind a terminal of this size.
    ///
    /// # Errors
    /// The same.
    pub async fn shell(&self, columns: u16, rows: u16) -> Result<(ChannelIn, ChannelOut), Fault> {
        let channel = self.handle.channel_open_session().await?;
        // Whoever has none says so with the shell.
        channel.request_pty(false, "vt100", columns.into(), rows.into(), 0, 0, &[]).await?;
        channel.request_shell(true).await?;
        opened(channel, || String::from("a shell")).await
    }

    /// A connection from the server on to another host: for a jump over several.
    ///
    /// # Errors
    /// [`Fault::NoChannel`], and what else a [`Fault`] is.
    pub async fn through(&self, host: &str, port: u16) -> Result<ChannelStream<client::Msg>, Fault> {
        let channel = self.handle.channel_open_direct_tcpip(host, port.into(), "127.0.0.1", 0).await?;
        Ok(channel.into_stream())
    }

    /// Says good bye. A connection that is dropped ends without.
    pub async fn end(self) {
        // Whoever is gone already was told in some other way.
        let _ = self.handle.disconnect(Disconnect::ByApplication, "", "").await;
    }
}

/// Waits for the answer to what was wanted of a channel.
async fn opened(
    channel: Channel<client::Msg>,
    what: impl FnOnce() -> String,
) -> Result<(ChannelIn, ChannelOut), Fault> {
    let (mut input, output) = channel.split();
    // Dropped, it closes what was not to be had.
    let output = ChannelOut::of_client(output);
    loop {
        match input.wait().await {
            Some(russh::ChannelMsg::Success) => return Ok((ChannelIn::new(input), output)),
            Some(russh::ChannelMsg::Failure) => return Err(Fault::NotThere(what())),
            Some(russh::ChannelMsg::Close | russh::ChannelMsg::Eof) | None => return Err(Fault::Ended),
            // Windows, and what else comes before.
            Some(_other) => {}
        }
    }
}

fn login(result: &AuthResult) -> Login {
    match result {
        AuthResult::Success => Login::In,
        AuthResult::Failure { remaining_methods, partial_success } => {
            Login::Out { ways: names(remaining_methods), more: *partial_success }
        }
    }
}

fn names(methods: &[MethodKind]) -> Vec<String> {
    methods.iter().map(|method| <&str>::from(method).to_owned()).collect()
}

/// The server, as the library sees us see it.
struct Peer<T> {
    trust: T,
    /// The largest one that was seen.
    window: Arc<AtomicU32>,
}

impl<T: Trust> client::Handler for Peer<T> {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(match key {
            PublicKeyOrCertificate::PublicKey { key, .. } => self.trust.is_right(&Key::of(key)).await,
            // None is offered.
            PublicKeyOrCertificate::Certificate { .. } => false,
        })
    }

    async fn channel_open_confirmation(
        &mut self,
        _: russh::ChannelId,
        _: u32,
        window: u32,
        _: &mut client::Session,
    ) -> Result<(), Self::Error> {
        self.window.fetch_max(window, Ordering::Relaxed);
        Ok(())
    }

    /// OpenSSH's opens with none, and adds all of it when the subsystem runs.
    async fn window_adjusted(
        &mut self,
        _: russh::ChannelId,
        window: u32,
        _: &mut client::Session,
    ) -> Result<(), Self::Error> {
        self.window.fetch_max(window, Ordering::Relaxed);
        Ok(())
    }

    async fn auth_banner(&mut self, banner: &str, _: &mut client::Session) -> Result<(), Self::Error> {
        self.trust.said(banner);
        Ok(())
    }
}
