//! A file comes over the line that somebody sits at: XMODEM and YMODEM, for ROMMON and for `copy`.

use crate::image;
use crate::session::{Heard, Leave, Tty};
use clock::Instant;
use ios_cli::xmodem::{Event, Outcome, Protocol, Receiver};
use std::time::Duration;
use store::Blob;

/// What came.
#[derive(Default)]
pub(crate) struct Came {
    /// Over XMODEM with what fills up the last block.
    pub(crate) octets: Vec<u8>,
    /// As the sender calls it; only YMODEM says that.
    pub(crate) name: Option<String>,
}

/// Why nothing came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Broken {
    /// More octets than there is room for.
    TooLarge,
    /// Nobody sends, or no longer.
    TimedOut,
    /// One of both ends gave up, or a break came.
    Cancelled,
    /// What comes is no file.
    Errors,
}

/// Takes one file of at most `room` octets; a block may be wrong `tries` times in a row where that is said. Whatever else
/// is on the line meanwhile is the sender's.
pub(crate) fn receive(
    tty: &mut Tty,
    protocol: Protocol,
    room: u64,
    tries: Option<u32>,
) -> Result<Result<Came, Broken>, Leave> {
    let mut came = Came::default();
    let ended = receive_into(tty, protocol, room, tries, &mut came)?;
    if ended.is_ok() {
        tty.say_raw(b"\r\n")?;
    }
    Ok(ended.map(|()| came))
}

/// The same for who keeps what had come of a file that breaks off; the cursor stays behind what asked for it.
pub(crate) fn receive_into(
    tty: &mut Tty,
    protocol: Protocol,
    room: u64,
    tries: Option<u32>,
    came: &mut Came,
) -> Result<Result<(), Broken>, Leave> {
    let began = std::time::Instant::now();
    let patience = tty.device.config.patience.max(0.001);
    // A test's device has less patience than a person with a terminal program.
    let now = || {
        let nanos = began.elapsed().div_f64(patience).as_nanos();
        Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    };
    let mut receiver = Receiver::new(now(), protocol);
    if let Some(tries) = tries {
        receiver = receiver.with_tries(tries);
    }
    loop {
        let out: Vec<u8> = std::iter::from_fn(|| receiver.poll_transmit()).collect();
        if !out.is_empty() {
            tty.say_raw(&out)?;
        }
        while let Some(event) = receiver.poll_event() {
            match event {
                Event::File { name, .. } => came.name = Some(name),
                Event::Data(data) if (came.octets.len() + data.len()) as u64 > room => {
                    receiver.cancel();
                    let out: Vec<u8> = std::iter::from_fn(|| receiver.poll_transmit()).collect();
                    tty.say_raw(&out)?;
                    return Ok(Err(Broken::TooLarge));
                }
                Event::Data(data) => came.octets.extend(data),
                Event::Over(Outcome::Complete) => return Ok(Ok(())),
                Event::Over(Outcome::TimedOut) => return Ok(Err(Broken::TimedOut)),
                Event::Over(Outcome::Cancelled) => return Ok(Err(Broken::Cancelled)),
                Event::Over(Outcome::Errors | Outcome::OutOfStep) => return Ok(Err(Broken::Errors)),
            }
        }
        let Some(due) = receiver.poll_timeout() else { return Ok(Err(Broken::Cancelled)) };
        let wait = due.since(now()).mul_f64(patience).min(Duration::from_millis(20));
        match tty.hear_raw(wait)? {
            Heard::Keys(keys) => receiver.handle_bytes(now(), &keys),
            Heard::Break => receiver.cancel(),
            Heard::Nothing | Heard::Gone => {}
        }
        receiver.handle_timeout(now());
    }
}

/// An image says how long it is: what fills up the last block goes.
pub(crate) fn cut(octets: Vec<u8>) -> Blob {
    let whole = Blob::Memory(octets.into());
    let len = image::glance(&whole).map_or(whole.len(), |image| image.len);
    match (&whole, usize::try_from(len)) {
        // No more than a block.
        (Blob::Memory(octets), Ok(len)) if len < octets.len() && octets.len() - len < 1_024 => {
            Blob::Memory(octets.slice(..len))
        }
        _ => whole,
    }
}
