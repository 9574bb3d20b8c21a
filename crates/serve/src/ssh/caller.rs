//! Who somebody is, asked of the gate; what a channel of somebody who was let in becomes.

use super::Shared;
use crate::asked::asked;
use crate::scp::{self, Exec, ScpConfig, complaint};
use crate::sftp::{self, End, Seen};
use gate::{
    Certificate, Credentials, Factor, HalfOpen, Knock, Protocol, Refusal, Secret, Security, Session,
    ShownKey, Unagreed,
};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::Notify;
use transport::octets::OctetsOut as _;
use transport::ssh::server::{Door, Shown, Unmet, Verdict, Wanted, Way};
use transport::ssh::{Agreed, Certified, ChannelIn, ChannelOut, Hello, Key, Profile};

/// What a connection has become, for whoever watches over it.
#[derive(Default)]
pub(super) struct Guest {
    session: OnceLock<Session>,
    channels: AtomicUsize,
    change: Notify,
}

impl Guest {
    /// Who was let in.
    pub(super) fn session(&self) -> Option<&Session> {
        self.session.get()
    }

    /// Channels that are in use.
    pub(super) fn channels(&self) -> usize {
        self.channels.load(Ordering::Acquire)
    }

    /// Waits for somebody to be let in, or for the first or last channel; may come once more than there was a change.
    pub(super) async fn changed(&self) {
        self.change.notified().await;
    }

    fn channel(self: &Arc<Self>) -> Channel {
        if self.channels.fetch_add(1, Ordering::AcqRel) == 0 {
            self.change.notify_one();
        }
        Channel(self.clone())
    }
}

/// One of the channels in use.
struct Channel(Arc<Guest>);

impl Drop for Channel {
    fn drop(&mut self) {
        if self.0.channels.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.change.notify_one();
        }
    }
}

/// The one who is at the other end.
pub(super) struct Caller {
    shared: Arc<Shared>,
    local: SocketAddr,
    peer: SocketAddr,
    /// Its place until it is let in.
    place: Option<HalfOpen>,
    guest: Arc<Guest>,
    /// What was right and not enough alone.
    half: Option<Half>,
    /// What the connection is made of.
    agreed: Option<Arc<gate::Agreed>>,
}

/// Half a login.
struct Half {
    user: String,
    shown: Right,
}

enum Right {
    Key(ShownKey),
    Password(Secret),
}

impl Caller {
    pub(super) fn new(
        shared: Arc<Shared>,
        local: SocketAddr,
        peer: SocketAddr,
        place: Option<HalfOpen>,
        guest: Arc<Guest>,
    ) -> Caller {
        Caller { shared, local, peer, place, guest, half: None, agreed: None }
    }
}

impl Door for Caller {
    fn met(&mut self, hello: &Hello, agreed: Result<&Agreed, &Unmet>) {
        if let (Err(Unmet { kind, ours, profile }), Some(theirs)) = (agreed, &hello.offer) {
            let unagreed = Unagreed {
                ident: printable(&hello.ident),
                kind: kind.to_string(),
                theirs: theirs.names(*kind),
                ours: ours.clone(),
                profile: profile.map(|profile| profile.to_string()),
            };
            self.shared.gate.not_agreed(Protocol::Sftp, self.peer, unagreed);
        }
        self.agreed = agreed.ok().map(|agreed| {
            Arc::new(gate::Agreed {
                ident: printable(&hello.ident),
                key_exchange: agreed.key_exchange.clone(),
                host_key: agreed.host_key.clone(),
                cipher: agreed.cipher(),
                mac: agreed.mac(),
                profile: Profile::that_has(agreed).map(|profile| profile.to_string()),
            })
        });
    }

    async fn offered(&mut self, user: &str, key: &Key) -> bool {
        self.shared.gate.offered(user, &ShownKey::plain(key.blob()), self.peer.ip())
    }

    async fn login(&mut self, user: &str, shown: Shown) -> Verdict {
        let (user, half) = (user.to_owned(), self.half.take().filter(|half| half.user == user));
        let (key, password) = match (shown, half.map(|half| half.shown)) {
            (Shown::Password(password), Some(Right::Key(key))) => (Some(key), Some(password)),
            (Shown::Password(password), _) => (None, Some(password)),
            (other, half) => (
                shown_key(other),
                match half {
                    Some(Right::Password(password)) => Some(password.expose().to_vec()),
                    Some(Right::Key(_)) | None => None,
                },
            ),
        };
        let again = || password.as_ref().map(|password| Secret::new(password.clone()));
        let credentials = match (&key, again()) {
            (Some(key), password) => Credentials::Key { user: user.clone(), key: key.clone(), password },
            (None, Some(password)) => Credentials::Password { user: user.clone(), password },
            (None, None) => return Verdict::Out,
        };
        let knock = Knock {
            protocol: Protocol::Sftp,
            local: self.local,
            peer: self.peer,
            security: Security::Ssh,
            credentials,
            agreed: self.agreed.clone(),
            certificate: None,
            host: None,
        };
        let gate = self.shared.gate.clone();
        let delay = gate.delay(self.peer.ip());
        let ask = move || {
            let (admitted, not_before) = gate.judge(&knock);
            (admitted.map_err(Some), not_before)
        };
        match asked(delay, ask, || Err(None)).await {
            Ok(session) => {
                self.place = None;
                // The library asks nobody a second time who is in.
                let _ = self.guest.session.set(session);
                self.guest.change.notify_one();
                Verdict::In
            }
            Err(Some(Refusal::Also(Factor::Password))) => {
                self.half = key.map(|key| Half { user, shown: Right::Key(key) });
                Verdict::Also(Way::Password)
            }
            Err(Some(Refusal::Also(Factor::Key))) => {
                self.half = again().map(|password| Half { user, shown: Right::Password(password) });
                Verdict::Also(Way::Key)
            }
            Err(_) => Verdict::Out,
        }
    }

    fn open(&mut self, wanted: Wanted, input: ChannelIn, mut output: ChannelOut) -> bool {
        let Some(session) = self.guest.session() else { return false };
        let program = match &wanted {
            Wanted::Subsystem(name) => name.as_bytes(),
            Wanted::Command(command) => command.split(|&b| b == b' ').next().unwrap_or_default(),
            Wanted::Shell(_) => b"",
        };
        let name = program.rsplit(|&b| b == b'/').next().unwrap_or_default();
        let (session, channel) = (session.clone(), self.guest.channel());
        match (&wanted, name) {
            // Some clients start the program where the subsystem is not to be had.
            (Wanted::Subsystem(_), b"sftp") | (Wanted::Command(_), b"sftp-server") => {
                let orders = self.shared.orders.clone();
                let config = self.shared.config.sftp.clone();
                let (local, peer) = (self.local, self.peer);
                let seen = self.shared.tap.clone().map(|tap| Seen { tap, local, peer });
                tokio::spawn(async move {
                    let ran = sftp::run_seen(session, config, orders, seen, input, &mut output).await;
                    let status = match ran {
                        End::Done | End::Drained => 0,
                        End::Lost | End::Broke(_) | End::Stalled | End::Kicked | End::Failed => 1,
                    };
                    // A peer that is gone needs none.
                    let _ = output.finish(status).await;
                    drop(channel);
                });
                true
            }
            (Wanted::Command(command), b"scp") => {
                let orders = self.shared.orders.clone();
                let config = ScpConfig { no_progress: self.shared.config.sftp.no_progress };
                let exec = Exec::parse(command);
                tokio::spawn(async move {
                    let status = match exec {
                        Ok(exec) => {
                            scp::run(session.over(Protocol::Scp), config, orders, &exec, input, &mut output)
                                .await
                        }
                        Err(why) => {
                            // A peer that is gone needs none.
                            let _ = output.send(complaint(&why.to_string()).into()).await;
                            1
                        }
                    };
                    let _ = output.finish(status).await;
                    drop(channel);
                });
                true
            }
            (Wanted::Subsystem(_), _other) => false,
            (Wanted::Command(_) | Wanted::Shell(_), _) => {
                tokio::spawn(refuse(output, channel));
                true
            }
        }
    }
}

/// A peer's name, without what a terminal would obey.
fn printable(ident: &[u8]) -> String {
    String::from_utf8_lossy(ident).chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// A key that was proved, as the gate wants it.
fn shown_key(shown: Shown) -> Option<ShownKey> {
    match shown {
        Shown::Password(_) => None,
        Shown::Key(key) => Some(ShownKey::plain(key.blob())),
        Shown::Certificate(certified) => {
            let Certified { key, authority, id, serial, principals, from, until, critical } = *certified;
            let authority = authority.blob().to_vec();
            let certificate = Certificate { authority, id, serial, principals, from, until, critical };
            Some(ShownKey { blob: key.blob().to_vec(), certificate: Some(certificate) })
        }
    }
}

/// Says that there is no shell.
async fn refuse(mut output: ChannelOut, channel: Channel) {
    let words = "towline runs no commands and has no shell: it is for sftp and scp\r\n";
    // A peer that is gone needs none.
    if output.complain(words).await.is_ok() {
        let _ = output.finish(1).await;
    }
    drop(channel);
}
