//! A channel as octets.

use crate::octets::{OctetsIn, OctetsOut};
use bytes::Bytes;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use std::io;
use std::sync::Arc;

/// What the peer sends on a channel.
///
/// Whoever has it reads it, always: what waits here holds up the whole connection, and with it what frees our own
/// sending.
pub struct ChannelIn {
    half: ChannelReadHalf,
    /// What the command at the other end ended with (RFC 4254 §6.10); a client's channel only.
    status: Option<u32>,
    /// The beginning of what it said on its other stream (§5.2).
    said: Vec<u8>,
    over: bool,
}

/// Octets of the other stream that are kept: some lines for people.
const SAID: usize = 2_048;

impl ChannelIn {
    pub(super) fn new(half: ChannelReadHalf) -> ChannelIn {
        ChannelIn { half, status: None, said: Vec::new(), over: false }
    }

    /// What the command ended with, once the octets are over.
    pub fn status(&self) -> Option<u32> {
        self.status
    }

    /// The beginning of what the command said on its other stream so far, as it came: not to be shown with its control
    /// characters.
    pub fn said(&self) -> &[u8] {
        &self.said
    }

    fn note(&mut self, message: ChannelMsg) {
        match message {
            ChannelMsg::ExitStatus { exit_status } => self.status = Some(exit_status),
            ChannelMsg::ExtendedData { data, .. } => {
                let left = SAID.saturating_sub(self.said.len());
                self.said.extend(data.iter().take(left));
            }
            // What is about terminals, and windows.
            _other => {}
        }
    }

    /// Waits for the end of the channel, and gives what the command ended with; what comes of octets is dropped.
    /// To be asked while the [`ChannelOut`] is there: of a channel that we closed nothing more is heard.
    pub async fn ended(&mut self) -> Option<u32> {
        while let Some(message) = self.half.wait().await {
            self.note(message);
        }
        self.status
    }
}

impl OctetsIn for ChannelIn {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        while !self.over {
            match self.half.wait().await {
                Some(ChannelMsg::Data { data }) if !data.is_empty() => return Ok(Some(data)),
                Some(ChannelMsg::Eof) => self.over = true,
                // Closed, or the connection is gone: without the word that there is no more.
                Some(ChannelMsg::Close) | None => {
                    self.over = true;
                    return Err(io::ErrorKind::ConnectionReset.into());
                }
                Some(other) => self.note(other),
            }
        }
        Ok(None)
    }
}

/// What goes to the peer on a channel. To be ended by [`ChannelOut::finish`]; dropped without, it closes the channel,
/// and no peer waits for a driver that is gone.
pub struct ChannelOut {
    half: Option<Half>,
    /// Its place among the channels of its connection.
    _place: Option<Arc<()>>,
}

enum Half {
    Server(ChannelWriteHalf<russh::server::Msg>),
    Client(ChannelWriteHalf<russh::client::Msg>),
}

/// Does the same with either half.
macro_rules! with {
    ($half:expr, $name:ident => $act:expr) => {
        match $half {
            Half::Server($name) => $act,
            Half::Client($name) => $act,
        }
        .map_err(gone)
    };
}

impl ChannelOut {
    pub(super) fn of_server(half: ChannelWriteHalf<russh::server::Msg>, place: Arc<()>) -> ChannelOut {
        ChannelOut { half: Some(Half::Server(half)), _place: Some(place) }
    }

    pub(super) fn of_client(half: ChannelWriteHalf<russh::client::Msg>) -> ChannelOut {
        ChannelOut { half: Some(Half::Client(half)), _place: None }
    }

    fn half(&self) -> &Half {
        self.half.as_ref().expect("only its end takes it")
    }

    /// Says that no more comes; the peer may still send.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn shut(&mut self) -> io::Result<()> {
        with!(self.half(), half => half.eof().await)
    }

    /// Ends the channel as a command does: what it ended with, no more octets, closed (RFC 4254 §6.10).
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn finish(mut self, status: u32) -> io::Result<()> {
        with!(self.half(), half => half.exit_status(status).await)?;
        with!(self.half(), half => half.eof().await)?;
        let half = self.half.take().expect("only its end takes it");
        with!(half, half => half.close().await)
    }

    /// Puts octets into the second stream of a command (RFC 4254 §5.2), for people.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn complain(&mut self, words: &str) -> io::Result<()> {
        let octets = Bytes::copy_from_slice(words.as_bytes());
        with!(self.half(), half => half.extended_data_bytes(1, octets).await)
    }
}

impl Drop for ChannelOut {
    fn drop(&mut self) {
        // Without a runtime the connection is gone as well.
        if let (Some(half), Ok(runtime)) = (self.half.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move { with!(half, half => half.close().await) });
        }
    }
}

impl OctetsOut for ChannelOut {
    async fn send(&mut self, octets: Bytes) -> io::Result<()> {
        with!(self.half(), half => half.data_bytes(octets).await)
    }
}

fn gone(_: russh::Error) -> io::Error {
    io::ErrorKind::BrokenPipe.into()
}
