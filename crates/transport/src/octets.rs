//! Octets that come and go, for drivers that do not care what carries them: a channel of SSH, a pipe, a socket.

use bytes::{Bytes, BytesMut};
use std::future::Future;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Octets of a peer.
pub trait OctetsIn: Send {
    /// The next ones, never an empty piece; `None`: the peer sends no more. May be dropped and asked again: nothing
    /// is lost.
    ///
    /// # Errors
    /// The connection is gone.
    fn next(&mut self) -> impl Future<Output = io::Result<Option<Bytes>>> + Send;
}

/// Octets for a peer.
pub trait OctetsOut: Send {
    /// Sends all of them, in order; waits while the peer takes none. Dropped before its end it may have sent a part.
    ///
    /// # Errors
    /// The connection is gone.
    fn send(&mut self, octets: Bytes) -> impl Future<Output = io::Result<()>> + Send;
}

/// Lent to a driver by whoever has more to say behind it.
impl<T: OctetsOut> OctetsOut for &mut T {
    async fn send(&mut self, octets: Bytes) -> io::Result<()> {
        (**self).send(octets).await
    }
}

/// A pipe or socket as such.
#[derive(Debug)]
pub struct Piped<T> {
    under: T,
    buffer: BytesMut,
    bite: usize,
}

/// How much of files is read at once.
const BITE: usize = 64 << 10;
/// The same of what people and devices type and print.
const LINE: usize = 4 << 10;

impl<T> Piped<T> {
    /// Around this one.
    pub fn new(under: T) -> Piped<T> {
        Piped { under, buffer: BytesMut::new(), bite: BITE }
    }

    /// Around one that carries a terminal's lines: less is kept for what comes.
    pub fn of_lines(under: T) -> Piped<T> {
        Piped { bite: LINE, ..Piped::new(under) }
    }
}

impl<T: AsyncRead + Unpin + Send> OctetsIn for Piped<T> {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        self.buffer.reserve(self.bite);
        match self.under.read_buf(&mut self.buffer).await? {
            0 => Ok(None),
            _some => Ok(Some(self.buffer.split().freeze())),
        }
    }
}

impl<T: AsyncWrite + Unpin + Send> OctetsOut for Piped<T> {
    async fn send(&mut self, octets: Bytes) -> io::Result<()> {
        self.under.write_all(&octets).await?;
        self.under.flush().await
    }
}
