//! The first words with a peer: our name goes out, its name and its offer are read before the library begins. A client is
//! offered what depends on them, and sends both without waiting for our offer; of a server whoever examines it sees them.

use super::hello::{Ear, Hello};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};

/// One that does wait for our offer gets it after this, as one that is not strict: no client is known to, but programs that
/// only look at servers do. Who is further away than this loses ChaCha20-Poly1305 and nothing else.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// Octets that are read at once: the first words of an OpenSSH client are 1.6 KiB.
const PIECE: usize = 2_048;

/// What was read.
pub(super) struct Opened {
    /// All of it, for the library.
    pub(super) octets: Vec<u8>,
    /// What it means.
    pub(super) hello: Option<Hello>,
}

/// Says `ident` and `more` behind it, and reads what the peer begins with, until it is whole or no beginning, or for so
/// long.
///
/// # Errors
/// The connection broke.
pub(super) async fn open(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    ident: &str,
    more: &[u8],
    patience: Duration,
) -> io::Result<Opened> {
    stream.write_all(&[ident.as_bytes(), b"\r\n", more].concat()).await?;
    let (mut octets, mut ear) = (Vec::new(), Ear::default());
    let reading = async {
        let mut piece = [0; PIECE];
        loop {
            let n = stream.read(&mut piece).await?;
            octets.extend_from_slice(&piece[..n]);
            // The library says what is wrong with one that is no beginning, or none any more.
            if n == 0 || ear.hear(&piece[..n]) {
                return Ok::<_, io::Error>(());
            }
        }
    };
    if let Ok(read) = tokio::time::timeout(patience, reading).await {
        read?;
    }
    Ok(Opened { octets, hello: ear.hello().cloned() })
}

/// A stream on which the first octets were written already, in the same words.
#[derive(Debug)]
pub(super) struct Spoken<S> {
    under: S,
    left: usize,
}

impl<S> Spoken<S> {
    /// After [`open`].
    pub(super) fn new(under: S, ident: &str) -> Spoken<S> {
        Spoken { under, left: ident.len() + "\r\n".len() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Spoken<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.under).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Spoken<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self.left.min(octets.len()) {
            0 => Pin::new(&mut self.under).poll_write(cx, octets),
            said => {
                self.left -= said;
                Poll::Ready(Ok(said))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.under).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.under).poll_shutdown(cx)
    }
}
