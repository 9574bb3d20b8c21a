//! The socket under a connection.

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
        let _ = socket2::SockRef::from(&*self.0).shutdown(Shutdown::Both);
    }

    /// Ends it when the peer has seen what was sent: closed with octets unread it would end with a RST, which may
    /// overtake the last words. Waits for the peer's end so long at most; what it still sends is dropped.
    pub async fn part(&self, patience: Duration) {
        let _ = socket2::SockRef::from(&*self.0).shutdown(Shutdown::Write);
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
        let _ = socket2::SockRef::from(&*self.0).shutdown(Shutdown::Write);
        Poll::Ready(Ok(()))
    }
}
