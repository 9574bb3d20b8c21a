//! CVE-2023-48795: what is not used with a peer that does not keep the strict order of the key exchange. Those peers are
//! the library's own, which does not offer it when it is told so.

use super::*;
use crate::ssh::kexinit::{Agreed, Kind};
use crate::ssh::server::Unmet;
use crate::ssh::{Hello, profile};
use russh::{Preferred, cipher, kex, mac};
use std::sync::{Arc, Mutex};

/// What there is with old servers and clients: not the strict order, and these ciphers and MACs.
fn loose(ciphers: &[cipher::Name], macs: &[mac::Name]) -> Preferred {
    let mut preferred = Profile::LegacyIos.preferred();
    let strict = [kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT, kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER];
    preferred.kex.to_mut().retain(|name| !strict.contains(name));
    Preferred { cipher: ciphers.to_vec().into(), mac: macs.to_vec().into(), ..preferred }
}

/// What the server was told of each client, its name and what was agreed.
type Told = Arc<Mutex<Vec<(String, Result<Agreed, Kind>)>>>;

/// A house that keeps what it is told.
struct Keeps(House, Told);

impl Door for Keeps {
    fn met(&mut self, hello: &Hello, agreed: Result<&Agreed, &Unmet>) {
        let told = (hello.ident.escape_ascii().to_string(), agreed.cloned().map_err(|unmet| unmet.kind));
        self.1.lock().unwrap().push(told);
    }

    async fn offered(&mut self, user: &str, key: &Key) -> bool {
        self.0.offered(user, key).await
    }

    async fn login(&mut self, user: &str, shown: Shown) -> Verdict {
        self.0.login(user, shown).await
    }

    fn open(&mut self, wanted: Wanted, input: ChannelIn, output: ChannelOut) -> bool {
        self.0.open(wanted, input, output)
    }
}

/// A client that is told nothing of us.
struct Anybody;

impl russh::client::Handler for Anybody {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        _: &russh::keys::PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

/// Has a client of the library's log in with the password; what the server was told of it.
async fn client_of(
    profile: Profile,
    preferred: Preferred,
) -> (Result<bool, russh::Error>, Result<Agreed, Kind>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let told = Told::default();
    let house = Keeps(House { key: PrivateKey::ed25519().unwrap().public(), shown: None }, told.clone());
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = Server::new(&config(profile)).serve(Line::new(stream), house).await.unwrap();
        let _ = connection.ended().await;
    });
    let library = russh::client::Config { preferred, ..russh::client::Config::default() };
    let stream = TcpStream::connect(at).await.unwrap();
    let made = match russh::client::connect_stream(Arc::new(library), stream, Anybody).await {
        Ok(mut handle) => handle.authenticate_password("alice", "secret").await.map(|said| said.success()),
        Err(why) => Err(why),
    };
    serving.await.unwrap();
    let told = told.lock().unwrap().pop().expect("it is told of its client");
    assert!(told.0.starts_with("SSH-2.0-russh_"), "{}", told.0);
    (made, told.1)
}

/// Connects to a server of the library's as [`client::Connection::make`] does, and once more where that is to be done.
async fn server_of(profile: Profile, preferred: Preferred) -> (bool, Result<Agreed, Fault>) {
    struct Nobody;
    impl russh::server::Handler for Nobody {
        type Error = russh::Error;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let keys = vec![host_keys()[0].0.clone()];
    let library = Arc::new(russh::server::Config { preferred, keys, ..russh::server::Config::default() });
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let library = library.clone();
            tokio::spawn(async move {
                if let Ok(running) = russh::server::run_stream(library, stream, Nobody).await {
                    let _ = running.await;
                }
            });
        }
    });
    let mut config = client::Config { profile, ..client::Config::default() };
    let make = async |config: &client::Config| {
        let stream = TcpStream::connect(at).await.unwrap();
        let made = client::Connection::make(stream, config, Sure(None)).await;
        made.map(|made| made.agreed().expect("it was understood").clone())
    };
    match make(&config).await {
        Err(Fault::Terrapin { offer, .. }) => {
            config.loose = Some(*offer);
            (true, make(&config).await)
        }
        other => (false, other),
    }
}

fn ciphers(agreed: &Agreed) -> (String, Option<String>) {
    (agreed.cipher(), agreed.mac())
}

const CHACHA: cipher::Name = cipher::CHACHA20_POLY1305;

#[test]
fn a_client_that_is_not_strict_gets_neither_chacha_nor_cbc_encrypted_first() {
    run(async {
        let etm_or_not = [mac::HMAC_SHA256_ETM, mac::HMAC_SHA256];
        for (profile, theirs, macs, chosen) in [
            (
                Profile::Modern,
                vec![CHACHA, cipher::AES_256_CTR],
                &etm_or_not[..],
                ("aes256-ctr", Some("hmac-sha2-256-etm@openssh.com")),
            ),
            (
                Profile::Modern,
                vec![CHACHA, cipher::AES_256_GCM],
                &etm_or_not[..],
                ("aes256-gcm@openssh.com", None),
            ),
            // What would have been agreed with the MAC over what was encrypted first.
            (
                Profile::LegacyIos,
                vec![CHACHA, cipher::AES_128_CBC],
                &etm_or_not[..],
                ("aes128-cbc", Some("hmac-sha2-256")),
            ),
            // The MAC is wanted, and another cipher is there.
            (
                Profile::LegacyIos,
                vec![cipher::AES_128_CBC, cipher::AES_128_CTR],
                &etm_or_not[..1],
                ("aes128-ctr", Some("hmac-sha2-256-etm@openssh.com")),
            ),
        ] {
            let (made, agreed) = client_of(profile, loose(&theirs, macs)).await;
            assert!(matches!(made, Ok(true)), "{theirs:?} {made:?}");
            let (cipher, mac) = ciphers(&agreed.unwrap());
            assert_eq!((cipher.as_str(), mac.as_deref()), chosen, "{theirs:?}");
        }
        // Nothing else is there.
        let (made, agreed) = client_of(Profile::Modern, loose(&[CHACHA], &etm_or_not)).await;
        assert!(made.is_err(), "let in with what can be attacked");
        assert_eq!(agreed, Err(Kind::Cipher));
        let (made, _) = client_of(Profile::LegacyIos, loose(&[cipher::AES_128_CBC], &etm_or_not[..1])).await;
        assert!(made.is_err(), "let in with what can be attacked");
    });
}

#[test]
fn a_client_that_is_strict_gets_what_it_likes_best() {
    run(async {
        let preferred = Preferred { cipher: vec![CHACHA].into(), ..Profile::Modern.preferred() };
        let (made, agreed) = client_of(Profile::Modern, preferred).await;
        assert!(matches!(made, Ok(true)), "{made:?}");
        let agreed = agreed.unwrap();
        assert!(agreed.is_strict);
        assert_eq!(agreed.cipher(), "chacha20-poly1305@openssh.com");
        assert_eq!(Profile::that_has(&agreed), Some(Profile::Modern));
    });
}

#[test]
fn a_server_that_is_not_strict_is_met_again_with_less_or_not_at_all() {
    run(async {
        let etm = [mac::HMAC_SHA256_ETM];
        let (again, agreed) = server_of(Profile::Modern, loose(&[CHACHA, cipher::AES_256_CTR], &etm)).await;
        assert!(again);
        assert_eq!(agreed.unwrap().cipher(), "aes256-ctr");
        // What is not open needs no second try.
        let (again, agreed) = server_of(Profile::Modern, loose(&[cipher::AES_256_GCM, CHACHA], &etm)).await;
        assert_eq!((again, agreed.unwrap().cipher().as_str()), (false, "aes256-gcm@openssh.com"));
        for only in [CHACHA, cipher::AES_128_CBC] {
            let (again, agreed) = server_of(Profile::LegacyIos, loose(&[only], &etm)).await;
            assert!(again && matches!(agreed, Err(Fault::NothingInCommon { .. })), "{agreed:?}");
        }
        let strict = Preferred { cipher: vec![CHACHA].into(), ..Profile::Modern.preferred() };
        let (again, agreed) = server_of(Profile::Modern, strict).await;
        assert_eq!((again, agreed.unwrap().cipher().as_str()), (false, "chacha20-poly1305@openssh.com"));
    });
}

/// What is told is what is on the wire: the library's offers are those that we make of the same lists.
#[test]
fn our_offers_are_those_of_the_library() {
    run(async {
        for profile in Profile::ALL {
            let at = serve(config(profile), PrivateKey::ed25519().unwrap().public()).await;
            let client = client::Config { profile, ..client::Config::default() };
            let stream = TcpStream::connect(at).await.unwrap();
            let (hello, made) = client::Connection::meet(stream, &client, Sure(None)).await;
            assert!(made.is_ok(), "{profile}: {:?}", made.err());
            let mut preferred = profile.preferred();
            preferred.key.to_mut().retain(|kind| host_keys().iter().any(|key| key.is_of(kind)));
            let offer = hello.and_then(|hello| hello.offer).expect("it was understood");
            assert_eq!(offer, profile::offer(&preferred, profile::Side::Server), "{profile}");
        }
        let (_, agreed) = client_of(Profile::Modern, Profile::Modern.preferred()).await;
        assert_eq!(agreed.unwrap().key_exchange, "mlkem768x25519-sha256");
    });
}
