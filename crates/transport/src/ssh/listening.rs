//! A stream whose other end's first words are overheard while the library reads them.

use super::hello::{Ear, Hello};
use super::kexinit::{Agreed, Offer, agree};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A server's first words, for whoever has the connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(
    // Guards what was heard; held for a look.
    Arc<Mutex<(Option<Hello>, Option<Agreed>)>>,
);

impl Heard {
    /// What the server said, and what comes of it.
    pub(super) fn words(&self) -> (Option<Hello>, Option<Agreed>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Hears a server's first words, and ends the connection there where somebody between could cut them off.
pub(super) struct Listening<S> {
    under: S,
    /// With what we offer; until there is nothing more to be heard.
    ear: Option<Box<(Ear, Offer)>>,
    heard: Heard,
}

impl<S> Listening<S> {
    /// `ours`: what we offer.
    pub(super) fn new(under: S, ours: Offer, heard: Heard) -> Listening<S> {
        Listening { under, ear: Some(Box::new((Ear::default(), ours))), heard }
    }

    fn hear(&mut self, octets: &[u8]) -> io::Result<()> {
        let Some((ear, ours)) = self.ear.as_deref_mut() else { return Ok(()) };
        let is_over = ear.hear(octets);
        let hello = ear.hello().cloned();
        let agreed = hello.as_ref().and_then(|hello| agree(ours, hello.offer.as_ref()?).ok());
        let is_open = agreed.as_ref().is_some_and(Agreed::is_open_to_terrapin);
        *self.heard.0.lock().unwrap_or_else(PoisonError::into_inner) = (hello, agreed);
        if is_over {
            self.ear = None;
        }
        if is_open { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Listening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.under).poll_read(cx, buf))?;
        Poll::Ready(self.hear(&buf.filled()[before..]))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listening<S> {
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
