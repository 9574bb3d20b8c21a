use std::io;
use std::net::SocketAddr;

/// What the server said, as it was on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WireCode {
    /// A TFTP ERROR code (RFC 1350 §5).
    Tftp(u16),
    /// An FTP reply code (RFC 959 §4.2).
    Ftp(u16),
    /// A code of an SFTP STATUS (draft-ietf-secsh-filexfer-02 §7).
    Sftp(u32),
    /// What a line of SCP begins with: 1, a text about one file; 2, the end of it all.
    Scp(u8),
    /// What a command at the far end ended with (RFC 4254 §6.10).
    Exit(u32),
    /// A status of HTTP (RFC 9110 §15).
    Http(u16),
    /// The number of a message of SSH (RFC 4250 §4.1.2).
    Ssh(u8),
}

/// Why a transfer failed, and whose doing it was. `text` is the server's own, made printable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The name has no address.
    #[error("cannot find the address of '{host}': {source}")]
    Resolve {
        /// As given.
        host: String,
        /// The resolver's words.
        source: io::Error,
    },
    /// No connection, or the port is closed (ICMP port unreachable, RST).
    #[error("{peer} does not listen: {source}")]
    Unreachable {
        /// Who.
        peer: SocketAddr,
        /// The system's words.
        source: io::Error,
    },
    /// The server's certificate is not believed.
    #[error("{peer} shows a certificate that is not believed: {why}; its SHA-256 is {}", hex(fingerprint))]
    Certificate {
        /// Who.
        peer: SocketAddr,
        /// SHA-256 of the certificate.
        fingerprint: [u8; 32],
        /// What is wrong with it.
        why: String,
    },
    /// Nothing came for too long.
    #[error("{peer} went silent {phase}: nothing for {seconds} s")]
    TimedOut {
        /// Who.
        peer: SocketAddr,
        /// Before the first answer, or how far.
        phase: Phase,
        /// How long we waited.
        seconds: u64,
    },
    /// The file is not there.
    #[error("no such file on the server: {text}")]
    Absent {
        /// The code.
        code: WireCode,
        /// The server's words.
        text: String,
    },
    /// What is there is no directory, and one is wanted.
    #[error("is no directory on the server")]
    NotDirectory,
    /// The server does not let us.
    #[error("the server refuses: {text}")]
    Denied {
        /// The code.
        code: WireCode,
        /// The server's words.
        text: String,
    },
    /// User or password are wrong.
    #[error("login refused: {text}")]
    Login {
        /// The code.
        code: WireCode,
        /// The server's words.
        text: String,
    },
    /// The file exists and may not be replaced.
    #[error("the file exists on the server: {text}")]
    Exists {
        /// The code.
        code: WireCode,
        /// The server's words.
        text: String,
    },
    /// The server is full.
    #[error("no space on the server: {text}")]
    NoSpace {
        /// The code.
        code: WireCode,
        /// The server's words.
        text: String,
    },
    /// Any other error the server sent.
    #[error("the server failed: {text}")]
    Server {
        /// The code.
        code: WireCode,
        /// The server's words.
        text: String,
    },
    /// The data connection could not be opened; the control connection lives.
    #[error("no data connection: {text}")]
    NoData {
        /// What was tried, from where to where, and what usually stops it.
        text: String,
    },
    /// The peer broke the protocol.
    #[error("{peer} broke the protocol: {what}")]
    Protocol {
        /// Who.
        peer: SocketAddr,
        /// Expected and found.
        what: String,
    },
    /// The host is not known, or not the one that is known.
    #[error("the host key of {host} is not trusted: {why}")]
    HostKey {
        /// As given.
        host: String,
        /// What it shows, and what was expected.
        why: String,
    },
    /// SSH itself: no algorithm in common, no channel, the server's end of it.
    #[error("SSH: {0}")]
    Ssh(#[source] transport::ssh::client::Fault),
    /// The proxy does not connect us with the server.
    #[error("the proxy {proxy} {fault}")]
    Proxy {
        /// Its URL, without the login.
        proxy: String,
        /// Why.
        fault: crate::ProxyFault,
    },
    /// Fewer or more octets than announced.
    #[error("the file is not whole: expected {expected} octets, found {found}")]
    Truncated {
        /// Octets announced.
        expected: u64,
        /// Octets seen.
        found: u64,
    },
    /// The server of HTTP has no ranges: nothing goes on there (RFC 9110 §14.3).
    #[error("the server gives whole files only")]
    NoRanges,
    /// The server's file became another one meanwhile.
    #[error("the file changed on the server while it was fetched: {what}")]
    Changed {
        /// How that is known.
        what: String,
    },
    /// Our own file could not be read or written.
    #[error("local file: {0}")]
    Local(#[source] io::Error),
    /// A socket of ours failed.
    #[error("network: {0}")]
    Network(#[source] io::Error),
    /// Somebody pulled the [`transport::Cancel`].
    #[error("interrupted")]
    Cancelled,
}

/// How far a transfer was when it went silent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// No answer to the request at all.
    BeforeAnswer,
    /// After this many octets.
    After(u64),
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Phase::BeforeAnswer => write!(f, "before the first answer"),
            Phase::After(n) => write!(f, "after {n} octets"),
        }
    }
}

/// The server's words, without anything that a terminal would obey.
pub(crate) fn printable(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// As `openssl x509 -fingerprint` prints it.
fn hex(octets: &[u8]) -> String {
    octets.iter().map(|o| format!("{o:02X}")).collect::<Vec<_>>().join(":")
}
