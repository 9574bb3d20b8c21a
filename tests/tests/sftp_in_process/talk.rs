//! A client that says what it is told to, over a pair of streams with a small window.

use e2e::poll::PATIENCE;
use gate::{Credentials, Gate, Knock, Policy, Protocol, Secret, Security, User};
use serve::sftp::{End, Seen, SftpConfig};
use serve::streams::{Orders, Phase};
use sftp_proto::{Answer, Ask, Attrs, Frames, OpenFlags, Reply, Request, Status};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use store::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use transport::octets::Piped;

/// A door before a store, with one user who may write.
pub(crate) struct House {
    pub(crate) gate: Arc<Gate>,
    pub(crate) events: gate::audit::Events,
}

/// Hashing a password takes a while, and there is one of them.
fn bob() -> User {
    static BOB: OnceLock<User> = OnceLock::new();
    BOB.get_or_init(|| User::with_password("bob", &Secret::new("hunter2")).unwrap()).clone()
}

pub(crate) fn house(store: impl Store + 'static, policy: Policy) -> House {
    let (gate, events) = Gate::new(Arc::new(store), Policy { users: vec![bob()], ..policy });
    House { gate, events }
}

pub(crate) fn writable() -> Policy {
    Policy { write: true, symlinks: true, ..Policy::default() }
}

impl House {
    pub(crate) fn login(&self) -> gate::Session {
        let peer = SocketAddr::from(([127, 0, 0, 1], 4_711));
        let password = Secret::new("hunter2");
        let credentials = Credentials::Password { user: String::from("bob"), password };
        let (local, security) = (peer, Security::Ssh);
        self.gate
            .admit(&Knock {
                protocol: Protocol::Sftp,
                local,
                peer,
                security,
                credentials,
                agreed: None,
                certificate: None,
                host: None,
            })
            .unwrap()
    }

    /// A session of bob's that has said INIT, over streams that hold 64 KiB.
    pub(crate) fn talk(&self) -> Talk {
        self.talk_over(64 << 10, SftpConfig::default())
    }

    pub(crate) fn talk_over(&self, window: usize, config: SftpConfig) -> Talk {
        self.talk_seen(window, config, None)
    }

    pub(crate) fn talk_seen(&self, window: usize, config: SftpConfig, seen: Option<Seen>) -> Talk {
        let mut talk = Talk::new(self.login(), window, config, seen);
        let version = talk.packet().expect("VERSION");
        assert!(matches!(Reply::parse(&version), Ok(Reply::Version { version: 3, .. })));
        talk
    }

    /// What ended since the last time: path, outcome, octets.
    pub(crate) fn ends(&self) -> Vec<(String, gate::Outcome, u64)> {
        let events = std::iter::from_fn(|| self.events.try_recv());
        let end = |event: gate::audit::Event| match event.what {
            gate::audit::What::Ended { path, end, .. } => Some((path.to_string(), end.outcome, end.octets)),
            _ => None,
        };
        events.filter_map(end).collect()
    }
}

pub(crate) struct Talk {
    runtime: Runtime,
    stream: DuplexStream,
    frames: Frames,
    packets: VecDeque<Vec<u8>>,
    end: JoinHandle<End>,
    pub(crate) drain: watch::Sender<Phase>,
    pub(crate) kick: watch::Sender<()>,
    next: u32,
}

impl Talk {
    fn new(session: gate::Session, window: usize, config: SftpConfig, seen: Option<Seen>) -> Talk {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (mut stream, theirs) = tokio::io::duplex(window);
        // There before the session begins: its patience may be short.
        let mut init = Vec::new();
        Request::Init { version: 3, extensions: vec![] }.write(&mut init);
        runtime.block_on(stream.write_all(&init)).unwrap();
        let ((drain, phase), (kick, kicked)) = (watch::channel(Phase::Serving), watch::channel(()));
        let (input, output) = tokio::io::split(theirs);
        let orders = Orders { phase, kicked };
        let (input, output) = (Piped::new(input), Piped::new(output));
        let run = serve::sftp::run_seen(session, config, orders, seen, input, output);
        let end = runtime.spawn(run);
        let (frames, packets) = (Frames::default(), VecDeque::new());
        Talk { runtime, stream, frames, packets, end, drain, kick, next: 1 }
    }

    pub(crate) fn send(&mut self, request: &Request<'_>) {
        let mut out = Vec::new();
        request.write(&mut out);
        self.octets(&out).expect("the server takes it");
    }

    /// Sends octets; an error: the server has gone.
    pub(crate) fn octets(&mut self, octets: &[u8]) -> std::io::Result<()> {
        // A timer wants to be made inside of the runtime.
        self.runtime.block_on(async {
            let sent = timeout(PATIENCE, self.stream.write_all(octets));
            sent.await.expect("the server reads whatever it has to send")
        })
    }

    /// Sends a request; its number.
    pub(crate) fn ask(&mut self, ask: Ask<'_>) -> u32 {
        let id = self.next;
        self.next += 1;
        self.send(&Request::Asked { id, ask });
        id
    }

    /// The next packet; none: the server has closed.
    pub(crate) fn packet(&mut self) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 64 << 10];
        while self.packets.is_empty() {
            let read = self.runtime.block_on(async {
                timeout(PATIENCE, self.stream.read(&mut buffer)).await.expect("the server answers")
            });
            match read.unwrap() {
                0 => return None,
                n => self.frames.push(&buffer[..n]),
            }
            while let Some(packet) = self.frames.next_packet().unwrap() {
                self.packets.push_back(packet.to_vec());
            }
        }
        self.packets.pop_front()
    }

    /// The next answer: its number, and what `look` makes of it.
    pub(crate) fn answer<T>(&mut self, look: impl FnOnce(u32, Answer<'_>) -> T) -> T {
        let packet = self.packet().expect("the server goes on");
        match Reply::parse(&packet).unwrap() {
            Reply::Answered { id, answer } => look(id, answer),
            Reply::Version { .. } => panic!("VERSION again"),
        }
    }

    /// Asks, and waits for that answer alone.
    pub(crate) fn call<T>(&mut self, ask: Ask<'_>, look: impl FnOnce(Answer<'_>) -> T) -> T {
        let asked = self.ask(ask);
        self.answer(|id, answer| {
            assert_eq!(id, asked);
            look(answer)
        })
    }

    pub(crate) fn status(&mut self, ask: Ask<'_>) -> Status {
        self.call(ask, |answer| match answer {
            Answer::Status { status, .. } => status,
            other => panic!("{other:?} is no status"),
        })
    }

    pub(crate) fn handle(&mut self, ask: Ask<'_>) -> Vec<u8> {
        self.call(ask, |answer| match answer {
            Answer::Handle(handle) => handle.to_vec(),
            other => panic!("{other:?} is no handle"),
        })
    }

    pub(crate) fn open(&mut self, path: &[u8], flags: OpenFlags) -> Vec<u8> {
        self.handle(Ask::Open { path, flags, attrs: Attrs::default() })
    }

    /// Opens for an upload as `put` does.
    pub(crate) fn create(&mut self, path: &[u8]) -> Vec<u8> {
        self.open(path, OpenFlags::WRITE.and(OpenFlags::CREATE).and(OpenFlags::TRUNCATE))
    }

    pub(crate) fn size(&mut self, ask: Ask<'_>) -> Result<u64, Status> {
        self.call(ask, |answer| match answer {
            Answer::Attrs(attrs) => Ok(attrs.size.expect("a size")),
            Answer::Status { status, .. } => Err(status),
            other => panic!("{other:?} is neither"),
        })
    }

    pub(crate) fn read(&mut self, handle: &[u8], offset: u64, len: u32) -> Result<Vec<u8>, Status> {
        self.call(Ask::Read { handle, offset, len }, |answer| match answer {
            Answer::Data(data) => Ok(data.to_vec()),
            Answer::Status { status, .. } => Err(status),
            other => panic!("{other:?} is neither"),
        })
    }

    pub(crate) fn close(&mut self, handle: &[u8]) -> Status {
        self.status(Ask::Close { handle })
    }

    /// The client goes; how the session ended.
    pub(crate) fn leave(mut self) -> End {
        self.runtime.block_on(async {
            let _ = self.stream.shutdown().await;
            drop(self.stream);
            timeout(PATIENCE, self.end).await.expect("it ends").unwrap()
        })
    }

    /// Waits for the session to end by itself.
    pub(crate) fn ended(self) -> End {
        self.runtime.block_on(async { timeout(PATIENCE, self.end).await.expect("it ends").unwrap() })
    }
}
