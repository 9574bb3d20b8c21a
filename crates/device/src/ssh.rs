//! The vty lines over SSH: who is let in is the device's own business, as on its console.
//!
//! What it does not do: no `ip ssh` is needed for it. The host's key is given, until `crypto key generate rsa` makes another. Users are those of the running configuration.
//!
//! A connection has its line from the beginning, as on the device, and is one session: a shell or one command, of which
//! nothing is shown but the output, or one `scp`. No subsystem is there.

use crate::device::Device;
use crate::host_key::{HostKey, HostKeys};
use crate::rack::Rack;
use crate::scp;
use crate::session::{TerminalPort, Vty};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use transport::Terminal;
use transport::octets::{OctetsIn, OctetsOut};
use transport::ssh::server::{Config, Door, Offers, Server, Shown, Unmet, Verdict, Wanted};
use transport::ssh::{Agreed, ChannelIn, ChannelOut, Hello, Ios, Key, Line, PrivateKey};

/// What IOS calls itself.
pub(crate) const IDENT: &str = "SSH-2.0-Cisco-1.25";
/// Who comes while no IOS runs hears nothing for so long, as of a router that boots: that takes some 14 s.
const BOOT: Duration = Duration::from_secs(60);
/// Once the session is over, the connection is: its client has left by then, or is slow to read what it still gets.
const LINGER: Duration = Duration::from_secs(10);

/// What `show ip ssh` says of the server that is never changed.
pub(crate) struct Offered {
    pub(crate) ios: Ios,
    pub(crate) key: HostKey,
}

/// A listener for SSH, with threads of its own. Dropped it ends, and its lines with it.
pub struct SshLines {
    at: SocketAddr,
    runtime: Option<Runtime>,
}

impl SshLines {
    /// Lets people in on `listener`; `keys` are of RSA, the only kind that IOS has. A device whose key is its own has it made
    /// when somebody first comes to it.
    ///
    /// # Errors
    /// No threads.
    pub fn start(rack: Arc<Rack>, listener: TcpListener, keys: impl Into<HostKeys>) -> io::Result<SshLines> {
        let keys = keys.into();
        let at = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("ssh").enable_all().build()?;
        let _inside = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        for (device, ios) in rack.all() {
            // The first that is started is the one that is shown.
            let name = device.config.name.as_deref().unwrap_or_default();
            let key = HostKey::new(keys.clone(), device.serial(), name);
            let _ = device.ssh.set(Offered { ios, key });
        }
        runtime.spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let at = stream.local_addr().ok().and_then(|here| rack.at(here.ip()));
                        // At an address without a device nobody answers.
                        let Some((device, ios)) = at else { continue };
                        tokio::spawn(serve(stream, device.clone(), ios));
                    }
                    // No descriptor, or the peer is gone: neither is a reason to stop.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        });
        drop(_inside);
        Ok(SshLines { at, runtime: Some(runtime) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.at
    }
}

impl Drop for SshLines {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Waits until IOS runs.
async fn booted(device: &Device) {
    while device.running(|_| ()).is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Seconds from the connection to the login.
pub(crate) fn time_out(config: &crate::Config) -> u8 {
    config.ssh_time_out.unwrap_or(120)
}

/// Logins that a connection may try.
pub(crate) fn retries(config: &crate::Config) -> u8 {
    config.ssh_retries.unwrap_or(3)
}

/// The key that is shown, which may have to be made: that takes a processor its time.
async fn key_of(device: &Arc<Device>) -> Option<PrivateKey> {
    let device = device.clone();
    tokio::task::spawn_blocking(move || device.host_key()).await.ok().flatten()
}

async fn serve(stream: tokio::net::TcpStream, device: Arc<Device>, ios: Ios) {
    if tokio::time::timeout(BOOT, booted(&device)).await.is_err() {
        return;
    }
    // Without a key nobody can be told who we are: SSH is not enabled.
    let Some(key) = key_of(&device).await else { return };
    // No line is free: not even our name is told.
    let Ok(vty) = device.take_line(stream.peer_addr().ok().map(|at| at.ip())) else { return };
    let set = device.running_config();
    // One at least, or nobody comes in; and clients ask first, with no password, which ways there are.
    let tries = usize::from(retries(&set)).max(1) + 1;
    let server = Server::new(&Config {
        ident: IDENT,
        keys: vec![key],
        offers: Offers::As(ios),
        tries,
        // One connection is one line.
        channels: 1,
        ..Config::default()
    });
    let grace = Duration::from_secs(u64::from(time_out(&set)));
    // One key is one segment: an echo does not wait for more.
    let _ = stream.set_nodelay(true);
    let line = Line::new(stream);
    let (known, is_known) = oneshot::channel();
    let (over, is_over) = oneshot::channel();
    let caller = Caller { device, user: None, known: Some(known), session: Some((vty, over)) };
    let served = async {
        let Ok(mut connection) = server.serve(line.clone(), caller).await else { return };
        let is_over = async {
            if is_over.await.is_err() {
                // There was none.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            // Whichever side ended it.
            _ended = connection.ended() => {}
            () = is_over => {
                let _ = tokio::time::timeout(LINGER, connection.ended()).await;
            }
        }
    };
    let in_time = async {
        if tokio::time::timeout(grace, is_known).await.is_ok_and(|known| known.is_ok()) {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = served => {}
        () = in_time => {}
    }
    line.part(Duration::from_secs(1)).await;
}

/// Whoever is at the other end.
struct Caller {
    device: Arc<Device>,
    /// Name and privilege of who was let in.
    user: Option<(String, u8)>,
    known: Option<oneshot::Sender<()>>,
    /// The line, and who is told that its session is over; until there is a session.
    session: Option<(Vty, oneshot::Sender<()>)>,
}

/// What a session does on its line.
enum Session {
    Shell { columns_and_rows: Option<(u16, u16)> },
    Command { line: String },
    Scp { command: Vec<u8> },
}

impl Session {
    /// `None`: there is no such thing.
    fn of(wanted: Wanted) -> Option<Session> {
        match wanted {
            Wanted::Shell(size) => {
                let narrow = |n| u16::try_from(n).unwrap_or(u16::MAX);
                let columns_and_rows = size.map(|(columns, rows)| (narrow(columns), narrow(rows)));
                Some(Session::Shell { columns_and_rows })
            }
            Wanted::Command(command) if scp::is_scp(&command) => {
                Some(Session::Scp { command: command.to_vec() })
            }
            Wanted::Command(line) => Some(Session::Command { line: String::from_utf8_lossy(&line).into() }),
            Wanted::Subsystem(_) => None,
        }
    }
}

impl Door for Caller {
    fn met(&mut self, _: &Hello, agreed: Result<&Agreed, &Unmet>) {
        if let (Ok(agreed), Some((vty, _))) = (agreed, &self.session) {
            vty.agreed(agreed);
        }
    }

    /// `banner login`, which a console shows before it asks who is there.
    fn banner(&mut self) -> Option<String> {
        let config = self.device.running_config();
        let text = config.banner_login.as_deref()?.trim_end().replace('\n', "\r\n");
        Some(format!("{text}\r\n"))
    }

    async fn offered(&mut self, _: &str, _: &Key) -> bool {
        false
    }

    async fn login(&mut self, user: &str, shown: Shown) -> Verdict {
        let Shown::Password(password) = shown else { return Verdict::Out };
        let Some(privilege) = self.device.knows(user, &String::from_utf8_lossy(&password)) else {
            return Verdict::Out;
        };
        self.user = Some((user.to_owned(), privilege));
        if let Some(known) = self.known.take() {
            // Whoever waited is gone with the connection.
            let _ = known.send(());
        }
        Verdict::In
    }

    fn open(&mut self, wanted: Wanted, input: ChannelIn, output: ChannelOut) -> bool {
        let (Some(session), Some((user, privilege))) = (Session::of(wanted), self.user.clone()) else {
            return false;
        };
        let Ok((far, near)) = UnixStream::pair() else { return false };
        let near = near.set_nonblocking(true).and_then(|()| tokio::net::UnixStream::from_std(near));
        let Ok(near) = near else { return false };
        let Some((vty, over)) = self.session.take() else { return false };
        let at_end = match session {
            Session::Shell { .. } | Session::Scp { .. } => AtEnd::HangUp,
            Session::Command { .. } => AtEnd::Wait,
        };
        let (ended, status) = oneshot::channel();
        let on_the_line = move || {
            let with = match session {
                Session::Shell { columns_and_rows } => {
                    let terminal = Terminal::joined(far, columns_and_rows);
                    vty.shell(Box::new(TerminalPort::from(terminal)), &user, privilege);
                    0
                }
                Session::Command { line } => {
                    let terminal = Terminal::joined(far, None);
                    vty.command(Box::new(TerminalPort::from(terminal)), &user, privilege, &line);
                    0
                }
                Session::Scp { command } => vty.scp(far, &user, privilege, &command),
            };
            // Whoever would tell it may be gone.
            let _ = ended.send(with);
        };
        if std::thread::Builder::new().name("vty".into()).spawn(on_the_line).is_err() {
            return false;
        }
        tokio::spawn(async move {
            join(near, input, output, at_end, status).await;
            // The connection may be gone with whoever waits.
            let _ = over.send(());
        });
        true
    }
}

/// What the end of a client's octets is to a line.
enum AtEnd {
    /// The end of what is typed.
    HangUp,
    /// Nothing: who runs a command has nothing to type, and waits for it.
    Wait,
}

/// Carries octets between a channel and a line until the line's are over, or the channel is gone.
async fn join(
    near: tokio::net::UnixStream,
    mut input: ChannelIn,
    mut output: ChannelOut,
    at_end: AtEnd,
    status: oneshot::Receiver<u32>,
) {
    let (mut from_line, mut to_line) = near.into_split();
    let typed = async {
        // A line that hears nothing more may still have said something.
        let mut hears = true;
        while let Some(octets) = input.next().await? {
            hears = hears && to_line.write_all(&octets).await.is_ok();
        }
        match at_end {
            AtEnd::HangUp => drop(to_line.shutdown().await),
            AtEnd::Wait => {}
        }
        input.ended().await;
        io::Result::Ok(())
    };
    let said = async {
        let mut octets = [0; 4_096];
        while let Ok(n @ 1..) = from_line.read(&mut octets).await {
            if output.send(bytes::Bytes::copy_from_slice(&octets[..n])).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _gone = typed => {}
        () = said => {}
    }
    drop((from_line, to_line));
    // The peer may be gone already.
    let _ = output.finish(status.await.unwrap_or(0)).await;
}
