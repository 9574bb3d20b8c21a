use super::fault;
use crate::conn::{Conn, Patience};
use crate::dial::{self, Ends};
use crate::{ClientError, Options, Phase, Remote, Scheme};
use rustix::event::{PollFd, PollFlags};
use std::io;
use std::time::Instant;
use transport::tap::{self, Dir, Role, Sight, What};
use transport::tls_client::{Trust, Versions};
use ureq_proto::client::Call;
use ureq_proto::client::state::{RecvResponse, SendRequest};
use ureq_proto::http::{Response, Uri};

/// Octets of a head that are taken; Apache's own answers stay under 8 KiB.
const HEAD: usize = 64 << 10;
/// Octets that are read at a time, while heads are.
const READ: usize = 16 << 10;

/// A connection for one request.
pub(super) struct Link<'a> {
    pub(super) conn: Conn,
    pub(super) ends: Ends,
    pub(super) options: &'a Options,
    /// What came, and is not used yet.
    pub(super) unread: Vec<u8>,
    flow: u64,
    role: Role,
    /// Octets of content.
    pub(super) moved: u64,
    /// Both ways.
    total: u64,
}

impl<'a> Link<'a> {
    /// Connects to where `uri` is; `remote` says what it is a request for.
    pub(super) fn open(uri: &Uri, remote: &Remote, options: &'a Options) -> Result<Link<'a>, ClientError> {
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let is_tls = uri.scheme_str() == Some("https");
        let scheme = if is_tls { Scheme::Https } else { Scheme::Http };
        // A zone is not sent, and needed to get there.
        let is_same = remote.host.split_once('%').is_some_and(|(address, _)| address == host);
        let host = if is_same { remote.host.as_str() } else { host };
        let there = Remote { scheme, host: host.to_owned(), port: uri.port_u16(), ..remote.clone() };
        let flow = tap::next_flow();
        let (stream, ends) = dial::server(&there, options, options.http.connect_timeout, flow)?;
        let role = Role::Http { tls: is_tls };
        let (moved, total, unread) = (0, 0, Vec::new());
        let mut link = Link { conn: Conn::new(stream), ends, options, unread, flow, role, moved, total };
        link.see(Dir::Sent, What::Connected { role });
        if is_tls {
            let pin = options.http.pin;
            let session = match options.http.believe_anybody {
                true => Trust::anybody(pin),
                false => Trust::session(pin, Versions::Both),
            };
            let session = session.map_err(|e| ClientError::Local(io::Error::other(e)))?;
            let patience = Patience { most: options.http.connect_timeout, ..link.patience() };
            link.conn.secure(&session, host, pin.is_some(), patience)?;
        }
        Ok(link)
    }

    pub(super) fn patience(&self) -> Patience<'a> {
        let (most, cancel) = (self.options.http.no_progress, self.options.cancel.as_ref());
        Patience { peer: self.ends.peer, most, cancel }
    }

    /// Sends the head of a request.
    pub(super) fn send_head(&mut self, call: &mut Call<SendRequest>) -> Result<(), ClientError> {
        let mut head = Vec::new();
        let mut room = vec![0; READ];
        while !call.can_proceed() {
            let n = call.write(&mut room).map_err(|e| fault::protocol(&self.ends, &e))?;
            head.extend_from_slice(&room[..n]);
        }
        self.see(Dir::Sent, What::Head(&tap::masked_head(&head)));
        let mut left = head.as_slice();
        while !left.is_empty() {
            match self.conn.write(left) {
                Ok(n) => left = &left[n..],
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => drop(self.wait(PollFlags::OUT)?),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // Whoever closed may have said why.
                Err(e) if matches!(e.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
                    break;
                }
                Err(e) => return Err(ClientError::Network(e)),
            }
        }
        self.total += head.len() as u64;
        self.conn.flush(self.patience())?.map_err(ClientError::Network)
    }

    /// The head of the answer.
    pub(super) fn answer(&mut self, call: &mut Call<RecvResponse>) -> Result<Response<()>, ClientError> {
        loop {
            while !self.unread.is_empty() {
                let heard = call.try_response(&self.unread, false);
                let (used, response) = heard.map_err(|e| fault::protocol(&self.ends, &e))?;
                let head: Vec<u8> = self.unread.drain(..used).collect();
                self.heard(&head);
                match response {
                    Some(response) => return Ok(response),
                    // One that informs, and another one behind it.
                    None if used > 0 => {}
                    None => break,
                }
            }
            if self.unread.len() > HEAD {
                let what = format!("a head of more than {HEAD} octets");
                return Err(ClientError::Protocol { peer: self.ends.peer, what });
            }
            if self.read()? == 0 {
                let what = match self.unread.is_empty() {
                    true => format!("{} closed the connection before it answered", self.ends.peer),
                    false => format!("{} closed the connection in the middle of its answer", self.ends.peer),
                };
                return Err(ClientError::Network(io::Error::new(io::ErrorKind::UnexpectedEof, what)));
            }
        }
    }

    pub(super) fn heard(&mut self, head: &[u8]) {
        if !head.is_empty() {
            self.total += head.len() as u64;
            self.see(Dir::Received, What::Head(&tap::masked_head(head)));
        }
    }

    /// Waits for octets and takes them; 0: no more come.
    pub(super) fn read(&mut self) -> Result<usize, ClientError> {
        loop {
            match self.read_now()? {
                Some(n) => return Ok(n),
                None => drop(self.wait(PollFlags::IN)?),
            }
        }
    }

    /// Takes the octets that are there; `None`: there are none yet.
    pub(super) fn read_now(&mut self) -> Result<Option<usize>, ClientError> {
        let had = self.unread.len();
        self.unread.resize(had + READ, 0);
        let read = self.conn.read(&mut self.unread[had..]);
        self.unread.truncate(had + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(n) => Ok(Some(n)),
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(None),
            Err(e) => Err(ClientError::Network(e)),
        }
    }

    /// Waits until something can be done; longer than is patient is an error.
    pub(super) fn wait(&self, flags: PollFlags) -> Result<(), ClientError> {
        let deadline = Instant::now() + self.options.http.no_progress;
        if !self.wait_until(flags, deadline)? && Instant::now() >= deadline {
            let phase = if self.moved > 0 { Phase::After(self.moved) } else { Phase::BeforeAnswer };
            let seconds = self.options.http.no_progress.as_secs();
            return Err(ClientError::TimedOut { peer: self.ends.peer, phase, seconds });
        }
        Ok(())
    }

    /// Whether it can be done by then.
    pub(super) fn wait_until(&self, flags: PollFlags, deadline: Instant) -> Result<bool, ClientError> {
        let fds = [PollFd::new(self.conn.stream(), flags)];
        dial::wait(&fds, self.options.cancel.as_ref(), Some(deadline))
    }

    /// So much content went that way.
    pub(super) fn has_moved(&mut self, dir: Dir, len: usize) {
        self.moved += len as u64;
        self.total += len as u64;
        self.see(dir, What::Data { len, total: self.moved });
    }

    pub(super) fn see(&self, dir: Dir, what: What<'_>) {
        if let Some(tap) = &self.options.tap {
            let Ends { local, peer, .. } = self.ends;
            tap.see(&Sight { at: Instant::now(), flow: self.flow, local, peer, dir, what });
        }
    }
}

impl Drop for Link<'_> {
    fn drop(&mut self) {
        self.see(Dir::Here, What::Closed { role: self.role, total: self.total });
    }
}
