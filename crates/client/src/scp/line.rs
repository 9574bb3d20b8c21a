//! The channel, and what else may happen while it is waited for.

use crate::ClientError;
use crate::around::Around;
use crate::waiting::pulled;
use bytes::Bytes;
use sftp_proto::scp::Record;
use std::net::SocketAddr;
use std::time::Duration;
use transport::octets::{OctetsIn, OctetsOut};
use transport::ssh::{ChannelIn, ChannelOut};
use transport::tap::{self, Dir, Role, What};

/// Why nothing more is done.
#[derive(Debug)]
pub(super) enum Stop {
    /// The far end ended it where more was to come; what its command says of that is heard next.
    Ended,
    /// This.
    Error(ClientError),
}

impl From<ClientError> for Stop {
    fn from(error: ClientError) -> Stop {
        Stop::Error(error)
    }
}

/// A channel to an `scp`.
pub(super) struct Line<I, O> {
    input: I,
    output: O,
    around: Around,
    flow: u64,
    /// Octets of the file.
    octets: u64,
    /// Octets of all files.
    total: u64,
    /// What came while something was sent.
    early: Option<Bytes>,
    /// The far end sends no more behind that.
    is_over: bool,
}

impl<I: OctetsIn, O: OctetsOut> Line<I, O> {
    pub(super) fn new(input: I, output: O, around: Around) -> Line<I, O> {
        let flow = tap::next_flow();
        around.see(flow, Dir::Sent, What::Connected { role: Role::Scp });
        Line { input, output, around, flow, octets: 0, total: 0, early: None, is_over: false }
    }

    /// What the far end runs.
    pub(super) fn asked(&self, command: &[u8]) {
        self.around.see(self.flow, Dir::Sent, What::Control(&tap::masked(command)));
    }

    /// What it says in words.
    pub(super) fn told(&self, text: &str) {
        self.around.see(self.flow, Dir::Received, What::Control(&tap::masked(text.as_bytes())));
    }

    pub(super) fn peer(&self) -> SocketAddr {
        self.around.peer
    }

    /// Octets of the file that moved so far.
    pub(super) fn octets(&self) -> u64 {
        self.octets
    }

    /// The next octets; `None`: there are no more.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Stop> {
        if let Some(early) = self.early.take() {
            return Ok(Some(early));
        }
        if self.is_over {
            return Ok(None);
        }
        let Line { input, around, octets, .. } = self;
        tokio::select! {
            biased;
            () = pulled(around.cancel.as_ref()) => Err(ClientError::Cancelled.into()),
            // Closed without the word that there is no more: ended as well.
            next = input.next() => Ok(next.unwrap_or(None)),
            () = tokio::time::sleep(around.patience) => Err(around.silent(*octets).into()),
        }
    }

    /// Says something. What comes meanwhile is kept, one piece of it: the rest stays with the far end. Whoever is gone
    /// has perhaps said enough before, and what there is of that comes next.
    pub(super) async fn send(&mut self, piece: impl Into<Bytes>) -> Result<(), Stop> {
        match self.send_up_to(piece.into(), |_early| false).await {
            Ok(()) | Err(Stop::Ended) => Ok(()),
            Err(stop) => Err(stop),
        }
    }

    /// Sends octets of a file, up to where the far end says that it takes no more: with anything but an
    /// acknowledgement, which may come early, or with its end.
    pub(super) async fn pour(&mut self, piece: impl Into<Bytes>) -> Result<(), Stop> {
        self.send_up_to(piece.into(), |early| early.is_none_or(is_complaint)).await
    }

    /// Sends; `is_end` is asked about what comes, `None` being the end.
    async fn send_up_to(&mut self, piece: Bytes, is_end: fn(Option<&Bytes>) -> bool) -> Result<(), Stop> {
        let Line { input, output, around, octets, early, is_over, .. } = self;
        let mut sending = std::pin::pin!(output.send(piece));
        loop {
            let may_come = early.is_none() && !*is_over;
            tokio::select! {
                biased;
                () = pulled(around.cancel.as_ref()) => return Err(ClientError::Cancelled.into()),
                sent = &mut sending => return sent.map_err(|_| Stop::Ended),
                next = input.next(), if may_come => {
                    *early = next.unwrap_or(None);
                    *is_over = early.is_none();
                    if is_end(early.as_ref()) {
                        return Err(Stop::Ended);
                    }
                }
                () = tokio::time::sleep(around.patience) => return Err(around.silent(*octets).into()),
            }
        }
    }

    /// Whether the far end has said that it takes no more.
    pub(super) fn is_refused(&self) -> bool {
        self.early.as_ref().is_some_and(is_complaint)
    }

    /// A file was announced to who takes it; its octets are counted from here.
    pub(super) fn announced(&mut self, dir: Dir, file: &Record) {
        self.octets = 0;
        let mut line = Vec::new();
        file.write(&mut line);
        self.around.see(self.flow, dir, What::Record(line.trim_ascii_end()));
        if let (Dir::Received, Record::File { size, .. }) = (dir, file) {
            self.around.see(self.flow, Dir::Here, What::Size(*size));
        }
    }

    /// So many more moved.
    pub(super) fn moved(&mut self, dir: Dir, len: usize) {
        self.octets += len as u64;
        self.total += len as u64;
        self.around.see(self.flow, dir, What::Data { len, total: self.octets });
    }
}

impl<I, O> Drop for Line<I, O> {
    fn drop(&mut self) {
        let (role, total) = (Role::Scp, self.total);
        self.around.see(self.flow, Dir::Here, What::Closed { role, total });
    }
}

fn is_complaint(early: &Bytes) -> bool {
    early.first() != Some(&0)
}

impl Line<ChannelIn, ChannelOut> {
    /// Says that no more comes from here, and waits for the command's end, at most so long.
    pub(super) async fn end(&mut self, at_most: Duration) -> Result<(), ClientError> {
        let Line { input, output, around, .. } = self;
        // Where that cannot be said any more the command is over already.
        let _ = output.shut().await;
        tokio::select! {
            biased;
            () = pulled(around.cancel.as_ref()) => Err(ClientError::Cancelled),
            _status = input.ended() => Ok(()),
            () = tokio::time::sleep(at_most.min(around.patience)) => Ok(()),
        }
    }

    /// What the command ended with.
    pub(super) fn status(&self) -> Option<u32> {
        self.input.status()
    }

    /// What it said on its other stream.
    pub(super) fn said(&self) -> &[u8] {
        self.input.said()
    }
}
