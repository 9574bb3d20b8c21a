//! The socket under a connection.

use socket2::SockRef;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A TCP connection that its owner can cut while the library has it: the library waits for a peer that takes
/// nothing as long as TCP does.
#[derive(Clone, Debug)]
pub struct Line(Arc<TcpStream>);

impl Line {
    /// Around this one.
    pub fn new(stream: TcpStream) -> Line {
        Line(Arc::new(stream))
    }

    /// Ends it now, both ways; whoever reads or writes sees its end.
    pub fn cut(&self) {
        // One that is not connected any more is cut already.
        let _ = SockRef::from(&*self.0).shutdown(Shutdown::Both);
    }

    /// Ends it when the peer has seen what was sent: closed with octets unread it would end with a RST, which may
    /// overtake the last words. Waits for the peer's end so long at most; what it still sends is dropped.
    pub async fn part(&self, patience: Duration) {
        let _ = SockRef::from(&*self.0).shutdown(Shutdown::Write);
        let rest = async {
            let mut octets = [0; 1_024];
            while self.0.readable().await.is_ok() {
                match self.0.try_read(&mut octets) {
                    Ok(0) => return,
                    Ok(_) => {}
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => return,
                }
            }
        };
        let _ = tokio::time::timeout(patience, rest).await;
        self.cut();
    }

    /// Where it goes.
    ///
    /// # Errors
    /// It is not connected any more.
    pub fn peer(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(cx))?;
            match self.0.try_read(buf.initialize_unfilled()) {
                Ok(n) => {
                    buf.advance(n);
                    return Poll::Ready(Ok(()));
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Poll::Ready(Err(e)),
            }
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(cx))?;
            match self.0.try_write(octets) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = SockRef::from(&*self.0).shutdown(Shutdown::Write);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn what_comes_after_a_short_read_is_heard_and_so_is_the_end() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut line = Line::new(listener.accept().await.unwrap().0);
        let mut buf = [0; 64];
        for nth in 0..500u32 {
            let octets = nth.to_be_bytes();
            // What is there already, and what comes while it waits.
            let read = async {
                let n = line.read(&mut buf).await.unwrap();
                buf[..n].to_vec()
            };
            let write = async { peer.write_all(&octets).await.unwrap() };
            let got = if nth % 2 == 0 {
                write.await;
                read.await
            } else {
                tokio::join!(read, write).0
            };
            assert_eq!(got, octets);
        }
        // The last octets and the end come together.
        peer.write_all(b"last").await.unwrap();
        peer.shutdown().await.unwrap();
        let mut rest = Vec::new();
        line.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"last");
        assert_eq!(line.read(&mut buf).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_line_that_is_cut_wakes_whoever_waits() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut line = Line::new(listener.accept().await.unwrap().0);
        peer.write_all(b"some").await.unwrap();
        let (owner, mut buf) = (line.clone(), [0; 64]);
        assert_eq!(line.read(&mut buf).await.unwrap(), 4);
        let (end, ()) = tokio::join!(line.read(&mut buf), async { owner.cut() });
        assert_eq!(end.unwrap(), 0);
    }
}
