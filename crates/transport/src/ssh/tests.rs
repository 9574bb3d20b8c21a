//! Server and client against each other over loopback.

use super::client::{self, Fault, Login, Trust};
use super::server::{self, Config, Door, Server, Shown, Verdict, Wanted, Way};
mod terrapin;

use super::kexinit::made::{packet, payload};
use super::{ChannelIn, ChannelOut, Key, Line, PrivateKey, Profile};
use crate::octets::{OctetsIn, OctetsOut};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::OnceLock;
use tokio::net::{TcpListener, TcpStream};

/// RSA takes its time: one set for all tests.
fn host_keys() -> &'static [PrivateKey; 3] {
    static KEYS: OnceLock<[PrivateKey; 3]> = OnceLock::new();
    KEYS.get_or_init(|| PrivateKey::of_host().unwrap())
}

fn config(profile: Profile) -> Config {
    Config {
        keys: host_keys().to_vec(),
        offers: profile.into(),
        refusal: std::time::Duration::ZERO,
        ..Config::default()
    }
}

/// Lets `alice` in with the password or the key, `both` with both, and echoes what comes.
#[derive(Clone)]
struct House {
    key: Key,
    shown: Option<Way>,
}

impl Door for House {
    async fn offered(&mut self, _: &str, key: &Key) -> bool {
        *key == self.key
    }

    async fn login(&mut self, user: &str, shown: Shown) -> Verdict {
        let way = match shown {
            Shown::Password(password) if password == b"secret" => Way::Password,
            Shown::Key(key) if key == self.key => Way::Key,
            Shown::Password(_) | Shown::Key(_) | Shown::Certificate(_) => return Verdict::Out,
        };
        match (user, self.shown.replace(way), way) {
            ("alice", _, _) => Verdict::In,
            ("both", Some(first), second) if first != second => Verdict::In,
            ("both", _, Way::Key) => Verdict::Also(Way::Password),
            ("both", _, Way::Password) => Verdict::Also(Way::Key),
            _nobody => Verdict::Out,
        }
    }

    fn open(&mut self, wanted: Wanted, mut input: ChannelIn, mut output: ChannelOut) -> bool {
        let status = match wanted {
            Wanted::Subsystem(name) if name == "echo" => 0,
            Wanted::Command(command) => u32::from(command[0]),
            Wanted::Subsystem(_) | Wanted::Shell(_) => return false,
        };
        tokio::spawn(async move {
            while let Ok(Some(octets)) = input.next().await {
                output.send(octets).await.unwrap();
            }
            output.finish(status).await.unwrap();
        });
        true
    }
}

async fn serve(config: Config, key: Key) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let server = Server::new(&config);
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (server, house) = (server.clone(), House { key: key.clone(), shown: None });
            tokio::spawn(async move {
                if let Ok(mut connection) = server.serve(Line::new(stream), house).await {
                    let _ = connection.ended().await;
                }
            });
        }
    });
    at
}

/// Trusts one key, or everybody.
struct Sure(Option<Key>);

impl Trust for Sure {
    async fn is_right(&mut self, key: &Key) -> bool {
        self.0.as_ref().is_none_or(|right| right == key)
    }
}

async fn connect(at: SocketAddr, profile: Profile) -> Result<client::Connection<Sure>, Fault> {
    let config = client::Config { profile, ..client::Config::default() };
    client::Connection::make(TcpStream::connect(at).await.unwrap(), &config, Sure(None)).await
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

#[test]
fn a_password_or_a_key_lets_in_and_nothing_else_does() {
    run(async {
        let (key, other) = (PrivateKey::ed25519().unwrap(), PrivateKey::ed25519().unwrap());
        let at = serve(config(Profile::Modern), key.public()).await;
        let mut one = connect(at, Profile::Modern).await.unwrap();
        let Login::Out { ways, more } = one.with_nothing("alice").await.unwrap() else { panic!("let in") };
        assert_eq!((ways.join(","), more), ("publickey,password,keyboard-interactive".into(), false));
        assert!(matches!(one.with_password("alice", "wrong").await.unwrap(), Login::Out { more: false, .. }));
        assert!(matches!(one.with_key("alice", &other).await.unwrap(), Login::Out { .. }));
        assert!(matches!(one.with_answers("alice", |_| "wrong".into()).await.unwrap(), Login::Out { .. }));
        assert!(matches!(one.with_password("eve", "secret").await.unwrap(), Login::Out { .. }));
        assert_eq!(one.with_password("alice", "secret").await.unwrap(), Login::In);
        let mut two = connect(at, Profile::Modern).await.unwrap();
        assert_eq!(two.with_key("alice", &key).await.unwrap(), Login::In);
        let mut three = connect(at, Profile::Modern).await.unwrap();
        let mut asked = Vec::new();
        let answers = three.with_answers("alice", |q| {
            asked.push(q.clone());
            "secret".into()
        });
        assert_eq!(answers.await.unwrap(), Login::In);
        assert_eq!((asked[0].words.as_str(), asked[0].echo, asked.len()), ("Password: ", false, 1));
    });
}

#[test]
fn who_needs_both_is_told_so_after_the_first() {
    run(async {
        let key = PrivateKey::ed25519().unwrap();
        let at = serve(config(Profile::Modern), key.public()).await;
        let mut one = connect(at, Profile::Modern).await.unwrap();
        let said = one.with_key("both", &key).await.unwrap();
        let ways = vec!["password".into(), "keyboard-interactive".into()];
        assert_eq!(said, Login::Out { ways, more: true });
        assert_eq!(one.with_password("both", "secret").await.unwrap(), Login::In);
        let mut two = connect(at, Profile::Modern).await.unwrap();
        let said = two.with_password("both", "secret").await.unwrap();
        assert_eq!(said, Login::Out { ways: vec!["publickey".into()], more: true });
        assert_eq!(two.with_key("both", &key).await.unwrap(), Login::In);
    });
}

#[test]
fn a_channel_carries_octets_both_ways_and_what_a_command_ended_with() {
    run(async {
        let key = PrivateKey::ed25519().unwrap();
        let at = serve(config(Profile::Modern), key.public()).await;
        let mut one = connect(at, Profile::Modern).await.unwrap();
        assert_eq!(one.with_key("alice", &key).await.unwrap(), Login::In);
        // More than the window, so that it has to be given back.
        let sent: Vec<u8> = (0..20 << 20).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let (mut input, mut output) = one.command(b"\x07 and so on").await.unwrap();
        let (sent, octets) = (Bytes::from(sent.clone()), sent);
        let sending = async {
            output.send(sent).await.unwrap();
            output.shut().await.unwrap();
        };
        let receiving = async {
            let mut got = Vec::new();
            while let Some(octets) = input.next().await.unwrap() {
                got.extend_from_slice(&octets);
            }
            got
        };
        let ((), got) = tokio::join!(sending, receiving);
        assert!(got == octets, "{} octets of {}", got.len(), octets.len());
        assert_eq!(input.ended().await, Some(7));
        assert!(matches!(one.subsystem("other").await, Err(Fault::NotThere(_))));
        drop(output);
        // Over and over: a channel that has ended is none.
        for _ in 0..25 {
            let (mut input, mut output) = one.subsystem("echo").await.unwrap();
            output.shut().await.unwrap();
            assert_eq!(input.ended().await, Some(0));
        }
        let mut open = Vec::new();
        for _ in 0..10 {
            match one.subsystem("echo").await {
                Ok(channel) => open.push(channel),
                Err(why) => panic!("{why}"),
            }
        }
        assert!(
            matches!(one.subsystem("echo").await, Err(Fault::NoChannel(_))),
            "ten are all that there are"
        );
    });
}

#[test]
fn a_profile_meets_whoever_knows_as_much_and_no_other() {
    run(async {
        let key = PrivateKey::ed25519().unwrap();
        for profile in Profile::ALL {
            let at = serve(config(profile), key.public()).await;
            assert!(connect(at, profile).await.is_ok(), "{profile}");
        }
        let mut rsa = config(Profile::Modern);
        rsa.keys = vec![host_keys()[2].clone()];
        let at = serve(rsa, key.public()).await;
        assert!(connect(at, Profile::Modern).await.is_ok(), "RSA with SHA-2");
    });
}

#[test]
fn a_host_with_another_key_gets_no_login() {
    run(async {
        let key = PrivateKey::ed25519().unwrap();
        let at = serve(config(Profile::Modern), key.public()).await;
        let config = client::Config::default();
        let line = || TcpStream::connect(at);
        let right = Sure(Some(host_keys()[0].public()));
        assert!(client::Connection::make(line().await.unwrap(), &config, right).await.is_ok());
        let wrong = client::Connection::make(line().await.unwrap(), &config, Sure(Some(key.public()))).await;
        assert!(matches!(wrong, Err(Fault::NotTrusted)), "{:?}", wrong.err());
    });
}

#[test]
fn a_connection_is_cut_whatever_its_peer_does() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        // Says its name and its offer, and then nothing: no key exchange, no end.
        let peer = tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut stream = TcpStream::connect(at).await.unwrap();
            let offer = payload(&[
                "curve25519-sha256",
                "ssh-ed25519",
                "aes128-ctr",
                "aes128-ctr",
                "hmac-sha2-256",
                "hmac-sha2-256",
                "none",
                "none",
                "",
                "",
            ]);
            stream.write_all(&[b"SSH-2.0-silent\r\n" as &[u8], &packet(&offer)].concat()).await.unwrap();
            let mut seen = Vec::new();
            stream.read_to_end(&mut seen).await.map(|_| seen)
        });
        let (stream, _) = listener.accept().await.unwrap();
        let house = House { key: PrivateKey::ed25519().unwrap().public(), shown: None };
        let mut connection =
            server::Server::new(&config(Profile::Modern)).serve(Line::new(stream), house).await.unwrap();
        connection.cut();
        let _ = connection.ended().await;
        let seen = peer.await.unwrap().unwrap();
        assert!(seen.starts_with(b"SSH-2.0-towline_"), "{:?}", seen.escape_ascii().to_string());
    });
}
