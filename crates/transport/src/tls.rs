//! TLS over a TCP socket that somebody else owns, at either end: octets in, octets out, one bite at a time.
//!
//! Like [`pump`](crate::pump) nothing here waits: [`io::ErrorKind::WouldBlock`] says that the socket is full or
//! empty, and whoever owns the socket waits in its own way. TLS 1.3 and 1.2, with what rustls thinks safe and
//! nothing else.

mod names;
mod parting;
mod peers;
mod subject;
mod unshaken;

pub use names::ByName;
pub use peers::{Authorities, Shown};
pub use unshaken::unshaken;

use rustix::fd::BorrowedFd;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ResolvesServerCert, ServerSessionMemoryCache};
use rustls::{ClientConnection, Connection, HandshakeKind, ServerConfig, ServerConnection};
use std::io::{self, IoSlice, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Octets of TLS records that wait for the socket: some records, so that a full socket is what holds a fast
/// sender back, and few enough to be still in the processor's cache.
const WAITING: usize = 64 << 10;

/// Tickets that a session's first connection gives: clients that use each but once have some side by side.
const TICKETS: usize = 4;
/// Sessions by identifier that are kept for clients without tickets (TLS 1.2).
const SESSIONS: usize = 4;

/// Why there is no certificate to serve with.
#[derive(Debug, thiserror::Error)]
pub enum BadIdentity {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A file has not what it should have.
    #[error("{}: {why}", path.display())]
    Pem {
        /// Which.
        path: PathBuf,
        /// What is missing or wrong.
        why: String,
    },
    /// Certificate and key do not belong together, or are of a kind that is not known.
    #[error("{0}")]
    Unfit(String),
}

/// A certificate with its key: what a server shows. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Identity {
    config: Arc<ServerConfig>,
    leaf: CertificateDer<'static>,
}

impl Identity {
    /// Reads a certificate with its chain, and its key, from PEM files.
    pub fn from_files(cert: &Path, key: &Path) -> Result<Identity, BadIdentity> {
        let unfit = |path: &Path, e: pem::Error| match e {
            pem::Error::Io(source) => BadIdentity::Unreadable { path: path.to_owned(), source },
            e => BadIdentity::Pem { path: path.to_owned(), why: e.to_string() },
        };
        let chain = CertificateDer::pem_file_iter(cert)
            .and_then(|certs| certs.collect::<Result<Vec<_>, _>>())
            .map_err(|e| unfit(cert, e))?;
        if chain.is_empty() {
            let why = String::from("holds no certificate (-----BEGIN CERTIFICATE-----)");
            return Err(BadIdentity::Pem { path: cert.to_owned(), why });
        }
        let key = PrivateKeyDer::from_pem_file(key).map_err(|e| match e {
            pem::Error::NoItemsFound => BadIdentity::Pem {
                path: key.to_owned(),
                why: String::from("holds no private key (-----BEGIN PRIVATE KEY-----)"),
            },
            e => unfit(key, e),
        })?;
        Identity::new(chain, key)
    }

    /// A certificate and its key as DER (the key as PKCS#8).
    pub fn from_der(cert: Vec<u8>, key: Vec<u8>) -> Result<Identity, BadIdentity> {
        let key = PrivateKeyDer::try_from(key).map_err(|e| BadIdentity::Unfit(e.to_owned()))?;
        Identity::new(vec![CertificateDer::from(cert)], key)
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Identity, BadIdentity> {
        let leaf = chain[0].clone();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|e| BadIdentity::Unfit(format!("certificate and key do not serve: {e}")))?;
        Ok(Identity { config: Arc::new(config), leaf })
    }

    /// The same for this protocol (RFC 7301): who offers others only is turned away, who offers none is not. So nobody
    /// can lead a browser's connection to a server of another protocol.
    #[must_use]
    pub fn speaking(&self, protocol: &str) -> Identity {
        let mut config = ServerConfig::clone(&self.config);
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        Identity { config: Arc::new(config), leaf: self.leaf.clone() }
    }

    /// The same for one session of several connections, with a ticket key and a cache of its own: a connection that
    /// [resumes](Tls::is_resumed) under it is made by who made the session's first.
    ///
    /// # Errors
    /// No randomness.
    pub fn of_session(&self) -> io::Result<Identity> {
        let mut config = ServerConfig::clone(&self.config);
        config.ticketer = rustls::crypto::ring::Ticketer::new().map_err(io::Error::other)?;
        config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
        config.send_tls13_tickets = TICKETS;
        Ok(Identity { config: Arc::new(config), leaf: self.leaf.clone() })
    }

    /// Of [`Identity::of_session`], for the connections after the first: no more tickets. A peer that only sends never
    /// reads them, and with them unread its close would be a RST that takes its last octets along.
    #[must_use]
    pub fn of_rest(&self) -> Identity {
        let mut config = ServerConfig::clone(&self.config);
        config.send_tls13_tickets = 0;
        Identity { config: Arc::new(config), leaf: self.leaf.clone() }
    }

    /// The same with another way to choose a certificate, or other peers: what the library lets nobody change later.
    fn rebuilt(
        &self,
        resolver: Arc<dyn ResolvesServerCert>,
        verifier: Arc<dyn ClientCertVerifier>,
    ) -> io::Result<Identity> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(resolver);
        config.alpn_protocols.clone_from(&self.config.alpn_protocols);
        Ok(Identity { config: Arc::new(config), leaf: self.leaf.clone() })
    }

    /// The certificate itself, DER: what fingerprints are made of.
    pub fn certificate(&self) -> &[u8] {
        &self.leaf
    }
}

/// One connection's TLS.
pub struct Tls {
    connection: Connection,
    /// The peer has said that nothing more comes.
    closed: bool,
    heard: bool,
    /// Octets of the record that comes, while TLS is taken leave of.
    left: u64,
    /// What was found behind octets that were given first.
    trouble: Option<io::Error>,
    /// Sending waits for room, as long as the socket's own timeout says.
    waits: bool,
}

impl Tls {
    /// TLS for a connection that was accepted; the handshake goes on with each [`Tls::read`].
    pub fn new(identity: &Identity) -> io::Result<Tls> {
        let connection = ServerConnection::new(identity.config.clone()).map_err(io::Error::other)?;
        Ok(Tls::over(connection.into()))
    }

    /// TLS towards a server; the first octets go out with [`Tls::flush`].
    pub(crate) fn towards(connection: ClientConnection) -> Tls {
        Tls::over(connection.into())
    }

    fn over(mut connection: Connection) -> Tls {
        connection.set_buffer_limit(Some(WAITING));
        Tls { connection, closed: false, heard: false, left: 0, trouble: None, waits: false }
    }

    /// Whether the handshake is not over.
    pub fn is_shaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// Whether the handshake went on from an earlier session; false before it is over.
    pub fn is_resumed(&self) -> bool {
        self.connection.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Version and cipher suite, once they are agreed: `TLS 1.3` and `TLS13_AES_256_GCM_SHA384`.
    pub fn agreed(&self) -> Option<(String, String)> {
        let version = match self.connection.protocol_version()? {
            rustls::ProtocolVersion::TLSv1_2 => String::from("TLS 1.2"),
            rustls::ProtocolVersion::TLSv1_3 => String::from("TLS 1.3"),
            other => format!("{other:?}"),
        };
        let cipher = self.connection.negotiated_cipher_suite()?.suite();
        Some((version, format!("{cipher:?}")))
    }

    /// The name that the peer asked for (RFC 6066 §3), once the handshake is over; in small letters.
    pub fn asked_name(&self) -> Option<String> {
        match &self.connection {
            Connection::Server(server) => server.server_name().map(str::to_ascii_lowercase),
            Connection::Client(_) => None,
        }
    }

    /// The certificate that the peer showed and that was found good.
    pub fn shown(&self) -> Option<Shown> {
        self.connection.peer_certificates()?.first().map(|leaf| Shown::of(leaf))
    }

    /// Whether anything has come that could be read.
    pub fn has_heard(&self) -> bool {
        self.heard
    }

    /// Whether records wait for the socket.
    pub fn wants_write(&self) -> bool {
        self.connection.wants_write()
    }

    /// Reads what the peer sent; 0: it sends no more. An end without its close_notify is an error: somebody
    /// between may have cut the connection.
    pub fn read(&mut self, socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(trouble) = self.trouble.take() {
            return Err(trouble);
        }
        loop {
            match self.connection.reader().read(buffer) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
            self.take(socket)?;
        }
    }

    /// The same for what comes in bulk: as many records as there are and as fit, not one.
    pub fn fill(&mut self, socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = self.read(socket, buffer)?;
        while filled > 0 && filled < buffer.len() {
            match self.read(socket, &mut buffer[filled..]) {
                // The next call finds the end again.
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) => {
                    self.trouble = Some(e);
                    break;
                }
            }
        }
        Ok(filled)
    }

    /// Whether sending waits for room, on a socket that does: so long as its own timeout lets it.
    pub fn set_waiting(&mut self, waits: bool) {
        self.waits = waits;
    }

    /// Goes on with the handshake, and nothing else, until it is over.
    pub fn shake(&mut self, socket: BorrowedFd<'_>) -> io::Result<()> {
        while self.connection.is_handshaking() {
            self.flush(socket)?;
            self.take(socket)?;
        }
        self.flush(socket)
    }

    /// Takes records of the socket, and sends what they call for.
    fn take(&mut self, socket: BorrowedFd<'_>) -> io::Result<()> {
        if self.closed {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match self.connection.read_tls(&mut Socket::new(socket)) {
            Ok(0) => self.closed = true,
            Ok(_) => self.heard = true,
            Err(e) => return Err(e),
        }
        if let Err(e) = self.connection.process_new_packets() {
            // The alert says what was wrong; a peer that is gone needs none.
            let _ = self.flush(socket);
            return Err(io::Error::new(io::ErrorKind::InvalidData, e));
        }
        if self.connection.wants_write() {
            match self.flush(socket) {
                Err(e) if e.kind() != io::ErrorKind::WouldBlock => return Err(e),
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes octets to send, as many as there is room for; they go out as the socket takes them. WouldBlock: no
    /// room.
    pub fn write(&mut self, socket: BorrowedFd<'_>, octets: &[u8]) -> io::Result<usize> {
        match self.flush(socket) {
            Err(e) if e.kind() != io::ErrorKind::WouldBlock => return Err(e),
            _ => {}
        }
        match self.connection.writer().write(octets)? {
            0 if !octets.is_empty() => Err(io::ErrorKind::WouldBlock.into()),
            n => {
                match self.flush(socket) {
                    Err(e) if e.kind() != io::ErrorKind::WouldBlock => return Err(e),
                    _ => {}
                }
                Ok(n)
            }
        }
    }

    /// Sends the records that wait.
    pub fn flush(&mut self, socket: BorrowedFd<'_>) -> io::Result<()> {
        while self.connection.wants_write() {
            self.connection.write_tls(&mut Socket { fd: socket, waits: self.waits })?;
        }
        Ok(())
    }

    /// Says that nothing more comes (close_notify); [`Tls::flush`] sends it.
    pub fn close(&mut self) {
        self.connection.send_close_notify();
    }
}

/// The socket as rustls wants it.
struct Socket<'a> {
    fd: BorrowedFd<'a>,
    waits: bool,
}

impl Socket<'_> {
    fn new(fd: BorrowedFd<'_>) -> Socket<'_> {
        Socket { fd, waits: false }
    }

    fn flags(&self) -> SendFlags {
        if self.waits { SendFlags::NOSIGNAL } else { SendFlags::NOSIGNAL | SendFlags::DONTWAIT }
    }
}

impl Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::net::recv(self.fd, buffer, RecvFlags::DONTWAIT)?.0)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        Ok(rustix::net::send(self.fd, octets, self.flags())?)
    }

    /// All records that wait in one system call; one each would be 16 KiB each.
    fn write_vectored(&mut self, records: &[IoSlice<'_>]) -> io::Result<usize> {
        // The system takes 1,024 of them; so many never wait (`WAITING`), but for tiny ones.
        let records = &records[..records.len().min(512)];
        let mut none = SendAncillaryBuffer::default();
        Ok(rustix::net::sendmsg(self.fd, records, &mut none, self.flags())?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
