//! Fewer system calls under a library that reads the head of each packet alone.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A read of no more than this is a packet's head, or what is left of a short packet.
const HEAD: usize = 64;
/// What is read instead: dozens of requests of SFTP. Of long packets this much is copied once more, and no more.
const AHEAD: usize = 2 << 10;

/// A stream whose short reads take what there is, up to a bound.
#[derive(Debug)]
pub(super) struct Ahead<S> {
    under: S,
    /// What was read ahead; nothing is set aside before the first octet comes.
    octets: Vec<u8>,
    taken: usize,
}

impl<S> Ahead<S> {
    pub(super) fn new(under: S) -> Ahead<S> {
        Ahead::with(under, Vec::new())
    }

    /// With octets that were read before.
    pub(super) fn with(under: S, octets: Vec<u8>) -> Ahead<S> {
        Ahead { under, octets, taken: 0 }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Ahead<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.taken == this.octets.len() {
            if buf.remaining() > HEAD {
                return Pin::new(&mut this.under).poll_read(cx, buf);
            }
            this.taken = 0;
            this.octets.resize(AHEAD, 0);
            let mut into = ReadBuf::new(&mut this.octets);
            let read = Pin::new(&mut this.under).poll_read(cx, &mut into);
            let filled = into.filled().len();
            this.octets.truncate(filled);
            ready!(read)?;
        }
        let rest = &this.octets[this.taken..];
        let some = &rest[..rest.len().min(buf.remaining())];
        buf.put_slice(some);
        this.taken += some.len();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Ahead<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.under).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.under).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.under).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Counts how often it is read.
    struct Counted<'a>(&'a [u8], usize);

    impl AsyncRead for Counted<'_> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            self.1 += 1;
            Pin::new(&mut self.0).poll_read(cx, buf)
        }
    }

    #[tokio::test]
    async fn short_reads_are_few_and_nothing_is_lost_or_moved() {
        let octets: Vec<u8> = (0..100_000u32).map(|n| (n % 251) as u8).collect();
        let mut ahead = Ahead::new(Counted(&octets, 0));
        let mut got = Vec::new();
        // Heads and bodies, short and long, as packets come.
        for body in [20, 60, 70, 5_000, 1, 30_000, 64, 65, 2_048].iter().cycle() {
            for len in [16, *body] {
                let mut part = vec![0; len];
                let left = (octets.len() - got.len()).min(len);
                ahead.read_exact(&mut part[..left]).await.unwrap();
                got.extend_from_slice(&part[..left]);
            }
            if got.len() == octets.len() {
                break;
            }
        }
        assert!(got == octets);
        let mut small = Ahead::new(Counted(&octets[..2_000], 0));
        for _ in 0..50 {
            small.read_exact(&mut [0; 40]).await.unwrap();
        }
        assert_eq!(small.under.1, 1, "fifty short reads are one");
        let mut rest = Vec::new();
        small.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty());
    }

    #[tokio::test]
    async fn what_is_written_goes_through() {
        let (mut one, other) = tokio::io::duplex(64);
        let mut ahead = Ahead::new(other);
        ahead.write_all(b"abc").await.unwrap();
        ahead.shutdown().await.unwrap();
        let mut got = Vec::new();
        one.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, b"abc");
    }
}
