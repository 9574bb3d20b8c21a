//! Runs of blocks, sent with as few calls as the system allows.

use super::many::{self, RUN, To};
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::OnceLock;
use std::time::Duration;

/// How the blocks of a run go to the kernel. A socket begins with [`Batching::best`] and is lowered for good
/// by the first call that the kernel does not take.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Batching {
    /// One call a block: what every system has.
    Plain,
    /// `sendmmsg`: one call, and one walk through the network stack a block.
    Many,
    /// `UDP_SEGMENT`: one call and one walk for up to 64 blocks, cut at the end (GSO).
    Segmented,
}

impl Batching {
    /// The best that this host does, found out once: a run of two blocks is sent over loopback each way.
    pub fn best() -> Batching {
        static BEST: OnceLock<Batching> = OnceLock::new();
        *BEST.get_or_init(|| {
            [Batching::Segmented, Batching::Many].into_iter().find(|b| works(*b)).unwrap_or(Batching::Plain)
        })
    }

    /// What is left to try when the kernel refuses a call in this way for the way's own sake.
    fn lowered(self, error: &io::Error, blocks: usize) -> Option<Batching> {
        let code = error.raw_os_error()?;
        match self {
            // EMSGSIZE: a segment above the MTU. EINVAL: too many or no such thing. EIO: a network card that
            // cannot sum up segments (quinn 2399). ENOPROTOOPT, EOPNOTSUPP: older kernels.
            Batching::Segmented if blocks > 1 => {
                [libc::EMSGSIZE, libc::EINVAL, libc::EIO, libc::ENOPROTOOPT, libc::EOPNOTSUPP]
                    .contains(&code)
                    .then_some(Batching::Many)
            }
            Batching::Segmented => None,
            Batching::Many => [libc::ENOSYS, libc::EPERM].contains(&code).then_some(Batching::Plain),
            Batching::Plain => None,
        }
    }
}

/// Whether two blocks sent in this way arrive as two datagrams.
fn works(how: Batching) -> bool {
    let attempt = || -> io::Result<bool> {
        let to = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let from = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        from.connect(to.local_addr()?)?;
        to.set_read_timeout(Some(Duration::from_millis(200)))?;
        let mut used = how;
        let sent = send_run(&from, None, &[*b"\0\x03\0\x01", *b"\0\x03\0\x02"], b"abcde", 4, &mut used)?;
        let mut buf = [0; 16];
        let mut arrives = |want: &[u8]| -> io::Result<bool> {
            let len = to.recv(&mut buf)?;
            Ok(buf[..len] == *want)
        };
        Ok(sent == 2 && used == how && arrives(b"\0\x03\0\x01abcd")? && arrives(b"\0\x03\0\x02e")?)
    };
    attempt().unwrap_or(false)
}

/// Sends blocks, each a header of four octets and the next `blksize` octets of `payload` (the last one the
/// rest), to `to` or to whom the socket is connected. Gives the blocks sent: fewer than asked when the
/// system has no room; `WouldBlock` if that is none. Lowers `how` where the kernel does not take it.
pub fn send_run(
    socket: &UdpSocket,
    to: Option<To>,
    headers: &[[u8; 4]],
    payload: &[u8],
    blksize: usize,
    how: &mut Batching,
) -> io::Result<usize> {
    let mut sent = 0;
    while sent < headers.len() {
        let end = headers.len().min(sent + RUN);
        let from = (sent * blksize).min(payload.len());
        let (run, rest) = (&headers[sent..end], &payload[from..]);
        let done = match *how {
            Batching::Plain => many::send(socket, to.as_ref(), &run[..1], rest, blksize, 1),
            Batching::Many => many::send(socket, to.as_ref(), run, rest, blksize, 1),
            Batching::Segmented => {
                many::send(socket, to.as_ref(), run, rest, blksize, many::segments(blksize))
            }
        };
        match done {
            Ok(n) => {
                sent += n;
                // One call took fewer than it could: there is no more room.
                if sent < end && *how != Batching::Plain {
                    break;
                }
            }
            Err(e) => match how.lowered(&e, run.len()) {
                Some(next) => *how = next,
                None if sent > 0 => break,
                None => return Err(e),
            },
        }
    }
    Ok(sent)
}

/// Sends one datagram of at least four octets to a peer, from an address of ours that the socket is bound to
/// among others.
pub fn send_from(socket: &UdpSocket, to: To, octets: &[u8]) -> io::Result<()> {
    let Some((header, rest)) = octets.split_first_chunk::<4>() else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a datagram of TFTP has four octets at least",
        ));
    };
    many::send(socket, Some(&to), &[*header], rest, rest.len(), 1).map(|_| ())
}
