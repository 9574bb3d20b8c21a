use crate::ftp::{Kept, Segments};
use crate::sftp::Channels;
use crate::{Direct, Facts, Hosts, HttpOptions, Proxy, SshOptions, Times, Wire};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use transport::Cancel;
use transport::tap::Tap;
use transport::tls_client::Versions;

/// What every transfer of a caller shares.
#[derive(Clone)]
pub struct Options {
    /// TFTP's.
    pub tftp: TftpOptions,
    /// FTP's.
    pub ftp: FtpOptions,
    /// SFTP's.
    pub sftp: SftpOptions,
    /// SCP's.
    pub scp: ScpOptions,
    /// HTTP's.
    pub http: HttpOptions,
    /// How servers are reached over SSH.
    pub ssh: SshOptions,
    /// Stops the transfer.
    pub cancel: Option<Cancel>,
    /// Sees every packet, control line and data connection.
    pub tap: Option<Arc<dyn Tap>>,
    /// The network.
    pub wire: Arc<dyn Wire>,
    /// What is remembered of servers, for [`Ladder::Best`]; clones of the options share it.
    pub hosts: Arc<Hosts>,
    /// Sessions of FTP that are kept from one [`crate::get`] or [`crate::put`] to the next; clones of the options share
    /// them. `None`: each logs in.
    pub kept: Option<Arc<Kept>>,
    /// By way of whom servers of TCP are reached. FTP's active mode is not possible then, and datagrams go without it.
    pub proxy: Option<Proxy>,
    /// Hears that a server of FTP is busy and is asked again in a while.
    pub on_busy: Option<OnBusy>,
    /// Threads for the keys, ciphers and lines of connections over SSH and Telnet, which those of clones of the options share.
    /// `None`: each connection has one of its own.
    pub threads: Option<Threads>,
}

/// Threads that connections share.
#[derive(Clone)]
pub struct Threads(pub(crate) Arc<Runtime>);

impl Threads {
    /// One for each processor.
    ///
    /// # Errors
    /// The system has none left.
    pub fn new() -> std::io::Result<Threads> {
        let builder = &mut tokio::runtime::Builder::new_multi_thread();
        Ok(Threads(Arc::new(builder.thread_name("ssh").enable_all().build()?)))
    }
}

/// Who hears that a server is busy.
pub type OnBusy = Arc<dyn Fn(&Busy<'_>) + Send + Sync>;

/// A server of FTP that is busy (421): it is asked again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Busy<'a> {
    /// As it was named.
    pub host: &'a str,
    /// What it said.
    pub text: &'a str,
    /// When it is asked again.
    pub wait: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            tftp: TftpOptions::default(),
            ftp: FtpOptions::default(),
            sftp: SftpOptions::default(),
            scp: ScpOptions::default(),
            http: HttpOptions::default(),
            ssh: SshOptions::default(),
            cancel: None,
            tap: None,
            wire: Arc::new(Direct),
            hosts: Arc::default(),
            kept: None,
            proxy: None,
            on_busy: None,
            threads: None,
        }
    }
}

impl Options {
    /// The proxy by way of which a server is reached, where it is not directly.
    pub fn proxy_for(&self, host: &str) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|proxy| proxy.is_for(host))
    }
}

/// Which TFTP offers are tried, one after the other, until one works.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Ladder {
    /// [`TftpOptions::blksize`] and [`TftpOptions::windowsize`] as they are; where the server refuses them
    /// with ERROR 0, 4 or 8, no options (RFC 2347).
    #[default]
    Given,
    /// The largest block that the path takes in one piece and the largest window that our receive buffer
    /// holds; then the lower steps ([`Rung`](crate::Rung)) where options are refused, the OACK does not fit
    /// or no full block comes through. What worked is remembered in [`Options::hosts`].
    Best,
}

/// TFTP's options.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TftpOptions {
    /// What is offered; with [`Ladder::Best`] the next two fields count for nothing.
    pub ladder: Ladder,
    /// blksize to offer, octets (RFC 2348, 8 to 65464); `None`: not offered, 512.
    pub blksize: Option<u16>,
    /// windowsize to offer (RFC 7440, 1 to 65535); `None`: not offered, 1.
    pub windowsize: Option<u16>,
    /// timeout to offer, seconds (RFC 2349, 1 to 255); `None`: not offered.
    pub timeout: Option<u8>,
    /// Whether to offer tsize (RFC 2349). With no option at all the request is plain RFC 1350.
    pub tsize: bool,
    /// The end of the transfer when nothing new came for this long.
    pub no_progress: Duration,
    /// First wait for an answer before a request is repeated; later waits are measured.
    pub first_rto: Duration,
}

impl Default for TftpOptions {
    fn default() -> Self {
        TftpOptions {
            ladder: Ladder::Given,
            blksize: Some(1_428),
            windowsize: Some(16),
            timeout: None,
            tsize: true,
            no_progress: Duration::from_secs(60),
            first_rto: tftp_proto::Config::client().rto.first,
        }
    }
}

impl TftpOptions {
    /// The largest block and window that work.
    pub fn best() -> Self {
        TftpOptions { ladder: Ladder::Best, ..TftpOptions::default() }
    }
}

/// Which end opens FTP's data connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Passive {
    /// EPSV, then PASV, then active mode, where no data connection comes about; what worked is remembered in
    /// [`Options::hosts`].
    #[default]
    Yes,
    /// EPSV only.
    EpsvOnly,
    /// PASV only, as old clients and IOS do.
    PasvOnly,
    /// We listen: EPRT or PORT.
    No,
}

/// FTP's options.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FtpOptions {
    /// Which end opens data connections.
    pub passive: Passive,
    /// The local port that active mode listens on; 0: any.
    pub active_port: u16,
    /// Goes on at this octet (REST), for `get`, or at the remote file's SIZE, for `put`.
    pub resume: Resume,
    /// The password that anonymous sends.
    pub anonymous_password: String,
    /// The end when nothing moved for this long.
    pub no_progress: Duration,
    /// The longest wait for a TCP connection.
    pub connect_timeout: Duration,
    /// Sets the file's time from the server's MDTM (`get`).
    pub want_modified: bool,
    /// Wants TLS (AUTH TLS) before the login; a server that refuses gets no password. `ftps://` is under TLS anyhow.
    pub tls: bool,
    /// SHA-256 of the one certificate that is believed; `None`: those that this host's authorities signed for the name.
    pub pin: Option<[u8; 32]>,
    /// Which versions of TLS; a session goes back to 1.2 of itself where [`Versions::Both`] are left to it and the server has
    /// too few tickets of 1.3.
    pub versions: Versions,
    /// How many sessions a file is fetched over.
    pub segments: Segments,
    /// For how long a server that is busy (421) is asked again, in all: of 8 s after 1 s, 2 s and 4 s; zero: it is not.
    pub busy: Duration,
}

/// SFTP's options.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SftpOptions {
    /// Goes on at this octet, for `get`, or behind what the server has, for `put`.
    pub resume: Resume,
    /// What a file that is put is to have.
    pub keep: Facts,
    /// How many channels a file is put over.
    pub channels: Channels,
}

/// SCP's options.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScpOptions {
    /// Asks for the time of a file that is fetched. Devices refuse to be asked.
    pub want_modified: bool,
    /// Permissions of a file that is put; a new one gets them less the far end's umask. `None`: 0644.
    pub mode: Option<u32>,
    /// The times that a file that is put is to have, and its permissions as they are. Devices refuse to be told.
    pub times: Option<Times>,
    /// The name that a file that is put has here: what it is called in the directory that the path turns out to be.
    /// `None`: as the path is.
    pub name: Option<Vec<u8>>,
}

/// Where a transfer of FTP or SFTP begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Resume {
    /// At the first octet.
    #[default]
    No,
    /// At this octet.
    At(u64),
}

impl Default for FtpOptions {
    fn default() -> Self {
        FtpOptions {
            passive: Passive::Yes,
            active_port: 0,
            resume: Resume::No,
            anonymous_password: String::from("towline@"),
            no_progress: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(20),
            want_modified: false,
            tls: false,
            pin: None,
            versions: Versions::Both,
            segments: Segments::AsNeeded,
            busy: Duration::ZERO,
        }
    }
}

/// How sure we are that the other end has the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Both ends agree.
    Complete,
    /// TFTP put: every octet was sent and the last block never acknowledged. The server probably has
    /// the file; only it can say. HTTP get: no length was told, and the connection's end was taken for the file's
    /// (RFC 9112 §6.3).
    Unconfirmed,
}

/// A finished transfer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done {
    /// Octets of this transfer, as they are in the file (after conversion, without a resumed part).
    pub octets: u64,
    /// From the request to the last answer.
    pub elapsed: Duration,
    /// How sure.
    pub outcome: Outcome,
    /// Seconds since 1970 of the server's file, where it told.
    pub modified: Option<i64>,
    /// The permissions of the server's file, where it told.
    pub mode: Option<u32>,
    /// Datagrams or segments that were sent again.
    pub repeats: u64,
}
