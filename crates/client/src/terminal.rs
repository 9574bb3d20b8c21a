//! A line of a device, over SSH or Telnet, by way of other hosts where there are some: what is typed goes there, what it
//! prints comes back. What it means is somebody else's business.

use crate::dial;
use crate::ssh::{Link, runtime, way};
use crate::waiting::pulled;
use crate::{ClientError, Options, Phase, Remote, Scheme};
use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use telnet_proto::{Event, Telnet};
use tokio::io::{AsyncRead, AsyncWrite, split};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use transport::Cancel;
use transport::octets::{OctetsIn, OctetsOut, Piped};
use transport::tap;

/// Columns and rows: no device breaks a line of ours, and none waits behind a page before it is told not to.
const SIZE: (u16, u16) = (511, 200);
/// Pieces that wait in either direction.
const WAIT: usize = 64;

/// What a line goes over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Over {
    /// SSH, port 22: whoever it is about is logged in.
    Ssh,
    /// Telnet, port 23: the device itself asks who comes.
    Telnet,
}

impl Over {
    /// The protocol's own port.
    pub fn port(self) -> u16 {
        match self {
            Over::Ssh => 22,
            Over::Telnet => 23,
        }
    }
}

/// Where a line is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// What it goes over.
    pub over: Over,
    /// Who logs in over SSH; `None`: [`SshOptions::user`](crate::SshOptions).
    pub user: Option<String>,
    /// A name or an address.
    pub host: String,
    /// `None`: the protocol's own.
    pub port: Option<u16>,
}

/// What came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// Octets that were printed.
    Octets(Bytes),
    /// Nothing, until then.
    Nothing,
    /// The line ended.
    Over,
}

/// A line. Dropped, it is closed.
pub struct Terminal {
    typed: Sender<Bytes>,
    printed: Receiver<Bytes>,
    peer: SocketAddr,
    local: Option<IpAddr>,
    cancel: Option<Cancel>,
    patience: Duration,
    life: Life,
}

/// What has to live as long as the line does.
enum Life {
    Ssh(Box<Link>),
    Telnet(Arc<Runtime>),
}

impl Terminal {
    /// Connects, and logs in over SSH. `password` is what [`SshOptions::password`](crate::SshOptions) is otherwise.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn open(place: &Place, password: Option<&str>, options: &Options) -> Result<Terminal, ClientError> {
        let Place { user, host, .. } = place.clone();
        let (scheme, port) = (Scheme::Sftp, Some(place.port.unwrap_or(place.over.port())));
        let password = password.map(str::to_owned);
        let remote =
            Remote { scheme, user, password, host, port, path: Vec::new(), kind: crate::Type::Image };
        match place.over {
            Over::Ssh => on_a_stack_that_goes(|| Terminal::over_ssh(&remote, options)),
            Over::Telnet => Terminal::over_telnet(&remote, options),
        }
    }

    fn over_ssh(remote: &Remote, options: &Options) -> Result<Terminal, ClientError> {
        let link = Link::open(remote, options)?;
        let (input, output) = link.shell(SIZE.0, SIZE.1)?;
        let ends = carried::<()>(&link.runtime, input, output, None);
        let local = Some(link.ends.real_local.ip()).filter(|_| options.ssh.jumps.is_empty());
        Ok(Terminal::new(ends, (link.ends.peer, local), options, Life::Ssh(Box::new(link))))
    }

    fn over_telnet(remote: &Remote, options: &Options) -> Result<Terminal, ClientError> {
        let runtime = runtime(options)?;
        let mut hops = way(remote, options, &runtime)?;
        let (ends, peer) = match hops.pop() {
            Some(hop) => {
                let stream = hop.through(remote, &runtime)?;
                let peer = hop.carrier();
                hops.reverse();
                // They live as long as what goes through them, and no longer.
                (telnet(&runtime, stream, (hop, hops)), (peer, None))
            }
            None => {
                let patience = options.ssh.connect_timeout;
                let (stream, ends) = dial::server(remote, options, patience, tap::next_flow())?;
                let _inside = runtime.enter();
                let stream = tokio::net::TcpStream::from_std(stream).map_err(ClientError::Network)?;
                (telnet(&runtime, stream, ()), (ends.peer, Some(ends.real_local.ip())))
            }
        };
        Ok(Terminal::new(ends, peer, options, Life::Telnet(runtime)))
    }

    fn new(
        (typed, printed): (Sender<Bytes>, Receiver<Bytes>),
        (peer, local): (SocketAddr, Option<IpAddr>),
        options: &Options,
        life: Life,
    ) -> Terminal {
        let (cancel, patience) = (options.cancel.clone(), options.ssh.no_progress);
        Terminal { typed, printed, peer, local, cancel, patience, life }
    }

    /// Where it is, or the last host on the way there.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Our address, as the device sees it; `None` behind other hosts.
    pub fn local(&self) -> Option<IpAddr> {
        self.local
    }

    /// Waits for what is printed.
    ///
    /// # Errors
    /// [`ClientError::Cancelled`].
    pub fn read(&mut self, until: Option<Instant>) -> Result<Heard, ClientError> {
        let runtime = match &self.life {
            Life::Ssh(link) => &link.runtime,
            Life::Telnet(runtime) => runtime,
        };
        let (printed, cancel) = (&mut self.printed, self.cancel.as_ref());
        runtime.block_on(async {
            let late = async {
                match until {
                    Some(until) => tokio::time::sleep_until(until.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = pulled(cancel) => Err(ClientError::Cancelled),
                piece = printed.recv() => Ok(piece.map_or(Heard::Over, Heard::Octets)),
                () = late => Ok(Heard::Nothing),
            }
        })
    }

    /// Types. A line that ended takes it, and its end is read next.
    ///
    /// # Errors
    /// [`ClientError::Cancelled`], and [`ClientError::TimedOut`] where nothing is taken any more.
    pub fn write(&mut self, octets: &[u8]) -> Result<(), ClientError> {
        let runtime = match &self.life {
            Life::Ssh(link) => &link.runtime,
            Life::Telnet(runtime) => runtime,
        };
        let (typed, cancel, patience) = (&self.typed, self.cancel.as_ref(), self.patience);
        runtime.block_on(async {
            tokio::select! {
                biased;
                () = pulled(cancel) => Err(ClientError::Cancelled),
                _over = typed.send(Bytes::copy_from_slice(octets)) => Ok(()),
                () = tokio::time::sleep(patience) => {
                    let (peer, phase, seconds) = (self.peer, Phase::After(0), patience.as_secs());
                    Err(ClientError::TimedOut { peer, phase, seconds })
                }
            }
        })
    }
}

/// A login goes some 70 KiB deep, which a stack keeps: who holds a thousand lines, a thread each, does it on another one.
fn on_a_stack_that_goes(
    act: impl FnOnce() -> Result<Terminal, ClientError> + Send,
) -> Result<Terminal, ClientError> {
    std::thread::scope(|scope| {
        let login = std::thread::Builder::new().name("login".into());
        let login = login.spawn_scoped(scope, act).map_err(ClientError::Local)?;
        login.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn telnet(
    runtime: &Runtime,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    through: impl Send + 'static,
) -> (Sender<Bytes>, Receiver<Bytes>) {
    let (input, output) = split(stream);
    let machine = Telnet::client(SIZE.0, SIZE.1);
    carried(runtime, Piped::of_lines(input), Piped::of_lines(output), Some((machine, through)))
}

/// Carries both ways on a task, until one end is gone.
fn carried<T: Send + 'static>(
    runtime: &Runtime,
    mut input: impl OctetsIn + 'static,
    mut output: impl OctetsOut + 'static,
    telnet: Option<(Telnet, T)>,
) -> (Sender<Bytes>, Receiver<Bytes>) {
    let (typed, mut types) = channel::<Bytes>(WAIT);
    let (prints, printed) = channel::<Bytes>(WAIT);
    let (mut machine, through) = match telnet {
        Some((machine, through)) => (Some(machine), Some(through)),
        None => (None, None),
    };
    runtime.spawn(async move {
        // What the line goes through ends with it.
        let _through = through;
        loop {
            let (mut out, mut pieces) = (Vec::new(), Vec::new());
            tokio::select! {
                heard = input.next() => match (heard, &mut machine) {
                    (Ok(Some(octets)), None) => pieces.push(octets),
                    (Ok(Some(octets)), Some(telnet)) => telnet.handle_bytes(&octets),
                    (Ok(None) | Err(_), _) => break,
                },
                typed = types.recv() => match (typed, &mut machine) {
                    (Some(octets), None) => out.extend_from_slice(&octets),
                    (Some(octets), Some(telnet)) => telnet.send(&octets),
                    (None, _) => break,
                },
            }
            if let Some(telnet) = &mut machine {
                while let Some(octets) = telnet.poll_transmit() {
                    out.extend_from_slice(&octets);
                }
                while let Some(event) = telnet.poll_event() {
                    if let Event::Data(octets) = event {
                        pieces.push(octets.into());
                    }
                }
            }
            if !out.is_empty() && output.send(out.into()).await.is_err() {
                break;
            }
            for piece in pieces {
                if prints.send(piece).await.is_err() {
                    return;
                }
            }
        }
    });
    (typed, printed)
}
