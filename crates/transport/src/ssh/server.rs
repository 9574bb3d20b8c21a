//! The server's side of a connection: who comes is asked of a [`Door`], what it opens is handed to it.

use super::ahead::Ahead;
use super::hello::Hello;
use super::kexinit::{Agreed, Kind, Offer, agree};
use super::opening::{self, Spoken};
use super::profile::{Side, offer, step, steps};
use super::{
    Certified, ChannelIn, ChannelOut, Ios, Key, LARGEST_PACKET, Line, PrivateKey, Profile, WAITING, WINDOW,
    ident,
};
use russh::keys::Certificate;
use russh::server::{self, Auth, ChannelOpenHandle, Msg, PublicKeyOffer, Response, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelOpenFailure, Disconnect, MethodKind, MethodSet, Preferred};
use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// What the owner can set.
#[derive(Clone, Debug)]
pub struct Config {
    /// `SSH-2.0-…`, at most 253 octets.
    pub ident: &'static str,
    /// The host's keys, at least one.
    pub keys: Vec<PrivateKey>,
    /// What may be negotiated.
    pub offers: Offers,
    /// Logins that a connection may try.
    pub tries: usize,
    /// Channels that a connection may have open.
    pub channels: usize,
    /// No refusal of a login comes sooner.
    pub refusal: Duration,
    /// How often a silent peer is asked whether it is there; three unanswered questions end it. `None`: never.
    pub keepalive: Option<Duration>,
}

/// What a server offers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Offers {
    /// What we hold right, and what we say about the connection besides (RFC 8308, OpenSSH's PROTOCOL 1.9); less to a
    /// peer with whom it would come to what can be attacked.
    Of(Profile),
    /// What IOS offers, to whomever.
    As(Ios),
}

impl From<Profile> for Offers {
    fn from(profile: Profile) -> Offers {
        Offers::Of(profile)
    }
}

impl Offers {
    /// The ways to log in, in the order in which they are told.
    fn methods(self) -> [MethodKind; 3] {
        match self {
            Offers::Of(_) => [MethodKind::PublicKey, MethodKind::Password, MethodKind::KeyboardInteractive],
            Offers::As(_) => [MethodKind::PublicKey, MethodKind::KeyboardInteractive, MethodKind::Password],
        }
    }

    /// With less and less, as [`steps`] has it.
    fn steps(self, keys: &[PrivateKey]) -> Vec<Preferred> {
        let with_keys = |mut preferred: Preferred| {
            preferred.key.to_mut().retain(|kind| keys.iter().any(|key| key.is_of(kind)));
            preferred
        };
        match self {
            Offers::Of(profile) => steps(&with_keys(profile.preferred())),
            Offers::As(ios) => vec![with_keys(ios.preferred())],
        }
    }

    /// Profiles that allow more, the strictest first.
    fn later(self) -> impl Iterator<Item = Profile> {
        Profile::ALL.into_iter().filter(move |more| match self {
            Offers::Of(profile) => *more > profile,
            Offers::As(_) => false,
        })
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            ident: concat!("SSH-2.0-towline_", env!("CARGO_PKG_VERSION")),
            keys: Vec::new(),
            offers: Offers::Of(Profile::Modern),
            tries: 6,
            channels: 10,
            // Longer than a hash of a password takes.
            refusal: Duration::from_millis(300),
            keepalive: Some(Duration::from_secs(60)),
        }
    }
}

/// What somebody shows to be let in.
#[derive(Debug)]
pub enum Shown {
    /// A password, typed or sent (RFC 4252 §8, RFC 4256).
    Password(Vec<u8>),
    /// A key; that it is the peer's own is proved.
    Key(Key),
    /// A certificate; that its key is the peer's own is proved, and who signed it.
    Certificate(Box<Certified>),
}

/// A way to log in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// With a key or certificate.
    Key,
    /// With a password.
    Password,
}

/// The answer to a login.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Let in.
    In,
    /// Not let in.
    Out,
    /// Right, and this is wanted as well (RFC 4252 §5.1).
    Also(Way),
}

/// What a channel is to be (RFC 4254 §6.5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// A subsystem, such as `sftp`.
    Subsystem(String),
    /// A command, octets as they came.
    Command(Vec<u8>),
    /// Somebody at a terminal, whose size is told where there is one: columns and rows.
    Shell(Option<(u32, u32)>),
}

/// Nothing of a kind is in common with a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unmet {
    /// Of which kind.
    pub kind: Kind,
    /// What this server offers of it.
    pub ours: Vec<String>,
    /// The strictest profile with which the server and this client would agree; `None`: none.
    pub profile: Option<Profile>,
}

/// Decides about one connection, and takes its channels. Each connection has its own.
pub trait Door: Send + 'static {
    /// The client's first words, and what comes of them; before anything else. Not called where they were not to be
    /// understood.
    fn met(&mut self, hello: &Hello, agreed: Result<&Agreed, &Unmet>) {
        let _ = (hello, agreed);
    }

    /// What a client is told before anybody logs in (RFC 4252 §5.4), lines ended by CR LF.
    fn banner(&mut self) -> Option<String> {
        None
    }

    /// Whether it makes sense for this user to prove that a key is theirs. An answer costs the same whether or not
    /// there is such a user.
    fn offered(&mut self, user: &str, key: &Key) -> impl Future<Output = bool> + Send;

    /// Whether somebody is let in.
    fn login(&mut self, user: &str, shown: Shown) -> impl Future<Output = Verdict> + Send;

    /// Takes a channel of somebody who was let in; whether it is one of those that are there. Does not wait: the
    /// connection does nothing else meanwhile. The channel is dropped or [finished](ChannelOut::finish) by whoever
    /// has it then.
    fn open(&mut self, wanted: Wanted, input: ChannelIn, output: ChannelOut) -> bool;
}

/// A connection that is served by tasks of their own until it ends.
pub struct Connection<D: Door> {
    line: Line,
    running: server::RunningSession<Peer<D>>,
}

/// The library's form of a [`Config`], for many connections.
#[derive(Clone)]
pub struct Server {
    /// For peers that keep the strict order of the key exchange, and for others; with what is offered.
    configs: Arc<[Arc<server::Config>]>,
    offers: Arc<[Offer]>,
    /// What would be offered with the profiles that allow more.
    more: Arc<[(Profile, Vec<Offer>)]>,
    ident: &'static str,
    channels: usize,
}

impl Server {
    /// Ready to serve.
    pub fn new(config: &Config) -> Server {
        let methods = MethodSet::from(&config.offers.methods()[..]);
        let offered =
            |steps: &[Preferred]| steps.iter().map(|less| offer(less, Side::Server)).collect::<Vec<_>>();
        let library = |preferred| server::Config {
            server_id: ident(config.ident),
            methods: methods.clone(),
            auth_rejection_time: config.refusal,
            // The question which ways there are tells nobody anything.
            auth_rejection_time_initial: Some(Duration::ZERO),
            keys: config.keys.iter().map(|key| key.0.clone()).collect(),
            window_size: WINDOW,
            maximum_packet_size: LARGEST_PACKET,
            channel_buffer_size: WAITING,
            event_buffer_size: 64,
            preferred,
            max_auth_attempts: config.tries,
            // Who says nothing is the business of those who speak the protocols.
            inactivity_timeout: None,
            keepalive_interval: config.keepalive,
            ..server::Config::default()
        };
        let steps = config.offers.steps(&config.keys);
        let later = config.offers.later().map(|more| (more, offered(&Offers::Of(more).steps(&config.keys))));
        Server {
            offers: offered(&steps).into(),
            more: later.collect(),
            configs: steps.into_iter().map(|preferred| Arc::new(library(preferred))).collect(),
            ident: config.ident,
            channels: config.channels,
        }
    }

    /// Begins to serve a connection: waits for the peer's first words, and then no more.
    ///
    /// # Errors
    /// The peer does not speak SSH 2, or is gone.
    pub async fn serve<D: Door>(&self, line: Line, mut door: D) -> io::Result<Connection<D>> {
        let opened = opening::open(&mut line.clone(), self.ident, b"", opening::PATIENCE).await?;
        let theirs = opened.hello.as_ref().and_then(|hello| hello.offer.as_ref());
        let step = step(&self.offers, theirs, Side::Server);
        if let (Some(hello), Some(theirs)) = (&opened.hello, theirs) {
            let agreed = agree(theirs, &self.offers[step]).map_err(|kind| self.unmet(theirs, step, kind));
            door.met(hello, agreed.as_ref());
        }
        let stream = Ahead::with(Spoken::new(line.clone(), self.ident), opened.octets);
        let peer = Peer { door, most: self.channels, ever: 0, places: Arc::new(()), new: HashMap::new() };
        let running = server::run_stream(self.configs[step].clone(), stream, peer).await.map_err(fault)?;
        Ok(Connection { line, running })
    }

    /// What it would take.
    fn unmet(&self, theirs: &Offer, offered: usize, kind: Kind) -> Unmet {
        let meets =
            |offers: &[Offer]| agree(theirs, &offers[step(offers, Some(theirs), Side::Server)]).is_ok();
        let profile = self.more.iter().find(|(_, offers)| meets(offers)).map(|(profile, _)| *profile);
        Unmet { kind, ours: self.offers[offered].names(kind), profile }
    }
}

impl<D: Door> Connection<D> {
    /// Waits for its end.
    ///
    /// # Errors
    /// The peer broke the protocol, or the connection broke.
    pub async fn ended(&mut self) -> io::Result<()> {
        (&mut self.running).await.map_err(fault)
    }

    /// Tells the peer that it is over, and why, where it still listens; [`Connection::cut`] is for when it does not.
    pub async fn dismiss(&self, why: &str) {
        // Gone already is what was wanted.
        let _ =
            self.running.handle().disconnect(Disconnect::ByApplication, why.to_owned(), String::new()).await;
    }

    /// Ends it now.
    pub fn cut(&self) {
        self.line.cut();
    }
}

impl<D: Door> Drop for Connection<D> {
    fn drop(&mut self) {
        self.line.cut();
    }
}

/// What the library says of the end of a connection, for people.
fn fault(error: russh::Error) -> io::Error {
    match error {
        russh::Error::IO(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

/// One peer, as the library sees it.
struct Peer<D> {
    door: D,
    /// Channels at most.
    most: usize,
    /// Channels that there have been.
    ever: u32,
    /// Each open channel holds it once more.
    places: Arc<()>,
    /// Channels of which it is not said what they are to be.
    new: HashMap<ChannelId, Opened>,
}

/// Channels that a connection may have had. The library keeps some 3 KiB of each that we closed first, to the end of the
/// connection.
const EVER: u32 = 10_000;

struct Opened {
    channel: Channel<Msg>,
    place: Arc<()>,
    size: Option<(u32, u32)>,
}

impl<D: Door> Peer<D> {
    async fn login(&mut self, user: &str, shown: Shown) -> Auth {
        match self.door.login(user, shown).await {
            Verdict::In => Auth::Accept,
            Verdict::Out => Auth::reject(),
            Verdict::Also(way) => {
                let mut left = MethodSet::empty();
                for method in match way {
                    Way::Key => &[MethodKind::PublicKey][..],
                    Way::Password => &[MethodKind::Password, MethodKind::KeyboardInteractive],
                } {
                    left.push(*method);
                }
                Auth::Reject { proceed_with_methods: Some(left), partial_success: true }
            }
        }
    }

    /// Hands a channel over.
    fn hand(
        &mut self,
        id: ChannelId,
        wanted: impl FnOnce(Option<(u32, u32)>) -> Wanted,
        session: &mut server::Session,
    ) -> Result<(), russh::Error> {
        let taken = self.new.remove(&id).is_some_and(|Opened { channel, place, size }| {
            let (input, output) = channel.split();
            self.door.open(wanted(size), ChannelIn::new(input), ChannelOut::of_server(output, place))
        });
        if taken { session.channel_success(id) } else { session.channel_failure(id) }
    }
}

impl<D: Door> server::Handler for Peer<D> {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, Self::Error> {
        Ok(self.door.banner())
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Self::Error> {
        let known = self.door.offered(user, &Key::of(offer.public_key)).await;
        Ok(if known { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let shown = Shown::Key(Key::of(key.public_key));
        Ok(self.login(user, shown).await)
    }

    async fn auth_openssh_certificate(
        &mut self,
        user: &str,
        shown: &Certificate,
    ) -> Result<Auth, Self::Error> {
        Ok(match Certified::of(shown) {
            Some(certified) => self.login(user, Shown::Certificate(Box::new(certified))).await,
            None => Auth::reject(),
        })
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        Ok(self.login(user, Shown::Password(password.as_bytes().to_vec())).await)
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        Ok(match response.map(|mut answers| answers.next()) {
            None => Auth::Partial {
                name: Cow::Borrowed(""),
                instructions: Cow::Borrowed(""),
                prompts: Cow::Borrowed(&[(Cow::Borrowed("Password: "), false)]),
            },
            Some(None) => Auth::reject(),
            Some(Some(password)) => self.login(user, Shown::Password(password.to_vec())).await,
        })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut server::Session,
    ) -> Result<(), Self::Error> {
        if Arc::strong_count(&self.places) <= self.most && self.ever < EVER {
            self.ever += 1;
            self.new.insert(channel.id(), Opened { channel, place: self.places.clone(), size: None });
            reply.accept().await;
        } else {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
        }
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _: &mut server::Session) -> Result<(), Self::Error> {
        self.new.remove(&id);
        Ok(())
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        _: &str,
        columns: u32,
        rows: u32,
        _: u32,
        _: u32,
        _: &[(russh::Pty, u32)],
        session: &mut server::Session,
    ) -> Result<(), Self::Error> {
        match self.new.get_mut(&id) {
            Some(opened) => {
                opened.size = Some((columns, rows));
                session.channel_success(id)
            }
            None => session.channel_failure(id),
        }
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        _: &str,
        _: &str,
        session: &mut server::Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn x11_request(
        &mut self,
        id: ChannelId,
        _: bool,
        _: &str,
        _: &str,
        _: u32,
        session: &mut server::Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn shell_request(
        &mut self,
        id: ChannelId,
        session: &mut server::Session,
    ) -> Result<(), Self::Error> {
        self.hand(id, Wanted::Shell, session)
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        command: &[u8],
        session: &mut server::Session,
    ) -> Result<(), Self::Error> {
        let command = command.to_vec();
        self.hand(id, |_| Wanted::Command(command), session)
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut server::Session,
    ) -> Result<(), Self::Error> {
        let name = name.to_owned();
        self.hand(id, |_| Wanted::Subsystem(name), session)
    }
}
