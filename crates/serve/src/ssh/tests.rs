//! Connections in this process: how long one may be without channels.

use super::*;
use gate::store::memory::Memory;
use gate::{Policy, Secret, User};
use std::net::Ipv4Addr;
use std::time::Instant;
use tokio::time::{interval, timeout};
use transport::octets::OctetsIn as _;
use transport::ssh::client::{self, Connection, Login, Trust, greet};
use transport::ssh::{Key, PrivateKey};

struct Trusting;

impl Trust for Trusting {
    async fn is_right(&mut self, _: &Key) -> bool {
        true
    }
}

fn served(idle: Duration) -> StreamServer {
    let users = vec![User::with_password("u", &Secret::new("p")).unwrap()];
    let (gate, events) = Gate::new(Arc::new(Memory::new()), Policy { users, ..Policy::default() });
    // Nobody reads it.
    drop(events);
    let keys = vec![PrivateKey::ed25519().unwrap()];
    let server = server::Config { keys, ..server::Config::default() };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    start(gate, vec![listener], SshConfig { server, idle, ..SshConfig::default() }, None).unwrap()
}

async fn guest(server: &StreamServer) -> Connection<Trusting> {
    let stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
    let mut connection = Connection::make(stream, &client::Config::default(), Trusting).await.unwrap();
    assert_eq!(connection.with_password("u", "p").await.unwrap(), Login::In);
    connection
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// So long a connection may be without channels here; half of it is enough for a machine that is busy.
const IDLE: Duration = Duration::from_secs(4);

#[test]
fn after_a_long_channel_a_connection_has_its_whole_patience() {
    let server = served(IDLE);
    runtime().block_on(async {
        let connection = guest(&server).await;
        let (mut input, output) = connection.subsystem("sftp").await.unwrap();
        let longer = timeout(IDLE + IDLE / 8, input.next()).await;
        assert!(longer.is_err(), "a channel may be open longer than that: {longer:?}");
        drop((input, output));
        let (mut input, _output) = connection.subsystem("sftp").await.expect("it is still there");
        let more = timeout(IDLE / 2, input.next()).await;
        assert!(more.is_err(), "and goes on: {more:?}");
    });
}

#[test]
fn a_connection_without_channels_ends_when_its_patience_does() {
    let server = served(IDLE / 4);
    runtime().block_on(async {
        let connection = guest(&server).await;
        let began = Instant::now();
        // One that ends at once is something that was asked.
        drop(connection.subsystem("sftp").await.unwrap());
        server.retire();
        let mut look = interval(Duration::from_millis(20));
        while !server.is_over() {
            look.tick().await;
            assert!(began.elapsed() < 20 * IDLE, "it goes on for ever");
        }
        assert!(began.elapsed() >= IDLE / 4);
    });
}

#[test]
fn who_only_looks_is_offered_what_a_client_is() {
    let server = served(IDLE);
    runtime().block_on(async {
        let mut stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
        let greeting = greet(&mut stream, "SSH-2.0-looker", Duration::from_secs(60)).await.unwrap();
        let offer = greeting.hello.expect("it is SSH").offer.expect("whole");
        // It is not offered to who does not keep the strict order of the key exchange.
        assert!(offer.ciphers[0].iter().any(|cipher| cipher == "chacha20-poly1305@openssh.com"), "{offer:?}");
    });
}
