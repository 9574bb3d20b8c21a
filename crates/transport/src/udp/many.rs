//! Many datagrams with one call: UDP segmentation offload (`UDP_SEGMENT`), `sendmmsg`, `recvmmsg`.

use socket2::{SockAddr, SockAddrStorage};
use std::io;
use std::mem::{MaybeUninit, size_of, zeroed};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

/// The most blocks that one call takes here; also the most segments that older kernels take in a message.
pub const RUN: usize = 64;

/// The most octets of UDP payload in one message over IPv4.
const MESSAGE: usize = 65_507;

/// The control message that has the kernel cut a message into datagrams.
#[repr(C, align(8))]
struct Segment {
    header: libc::cmsghdr,
    size: u16,
    _rest: [u8; 6],
}

impl Segment {
    fn new(size: u16) -> Segment {
        // SAFETY: an all-zero cmsghdr is a valid value of that C structure.
        let mut header: libc::cmsghdr = unsafe { zeroed() };
        // CMSG_LEN(2): the header and the two octets behind it.
        header.cmsg_len = (size_of::<libc::cmsghdr>() + size_of::<u16>()) as _;
        header.cmsg_level = libc::SOL_UDP;
        header.cmsg_type = libc::UDP_SEGMENT;
        Segment { header, size, _rest: [0; 6] }
    }
}

fn part(octets: &[u8]) -> libc::iovec {
    // The kernel only reads from what is sent; the cast is C's missing const.
    libc::iovec { iov_base: octets.as_ptr().cast_mut().cast(), iov_len: octets.len() }
}

fn check(result: libc::ssize_t) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// Blocks of `blksize` octets that one message cut by the kernel holds.
pub(super) fn segments(blksize: usize) -> usize {
    (MESSAGE / (blksize + 4)).clamp(1, RUN)
}

/// Sends at most [`RUN`] blocks with one call, `each` of them in one message (1: no segmentation); gives
/// how many blocks went out.
pub(super) fn send(
    socket: &UdpSocket,
    to: Option<&SockAddr>,
    headers: &[[u8; 4]],
    payload: &[u8],
    blksize: usize,
    each: usize,
) -> io::Result<usize> {
    let count = headers.len().min(RUN);
    let segment = Segment::new((blksize + 4) as u16);
    let mut parts = [const { MaybeUninit::<libc::iovec>::uninit() }; 2 * RUN];
    for (n, header) in headers.iter().take(count).enumerate() {
        let from = (n * blksize).min(payload.len());
        parts[2 * n].write(part(header));
        parts[2 * n + 1].write(part(&payload[from..payload.len().min(from + blksize)]));
    }
    let mut messages = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; RUN];
    let mut used = 0;
    for first in (0..count).step_by(each) {
        let blocks = each.min(count - first);
        // SAFETY: an all-zero mmsghdr is a valid value of that C structure.
        let mut m: libc::mmsghdr = unsafe { zeroed() };
        if let Some(to) = to {
            m.msg_hdr.msg_name = to.as_ptr().cast_mut().cast();
            m.msg_hdr.msg_namelen = to.len();
        }
        m.msg_hdr.msg_iov = parts[2 * first].as_mut_ptr();
        m.msg_hdr.msg_iovlen = (2 * blocks) as _;
        if blocks > 1 {
            m.msg_hdr.msg_control = (&raw const segment).cast_mut().cast();
            m.msg_hdr.msg_controllen = size_of::<Segment>() as _;
        }
        messages[used].write(m);
        used += 1;
    }
    if used == 1 {
        // SAFETY: the one message was written above; it points at headers, payload, address, control and
        // iovecs that outlive the call, and its iovecs were written for all of its blocks.
        let message = unsafe { messages[0].assume_init_ref() };
        // SAFETY: as above.
        check(unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message.msg_hdr, 0) })?;
        return Ok(count);
    }
    // SAFETY: the first `used` messages were written above, each as the one above.
    let sent =
        unsafe { libc::sendmmsg(socket.as_raw_fd(), messages[0].as_mut_ptr(), used as libc::c_uint, 0) };
    Ok((check(sent as libc::ssize_t)? * each).min(count))
}

/// Where `recvmmsg` puts datagrams: headers of four octets beside each other, and bodies one behind the
/// other, so that those of a whole window are one piece.
///
/// Holds no more than `most * room` octets of the last call's sizes; its owner bounds them.
#[derive(Debug, Default)]
pub struct Inbox {
    heads: Vec<[u8; 4]>,
    bodies: Vec<u8>,
    room: usize,
    lens: Vec<usize>,
    from: Vec<Option<SocketAddr>>,
}

impl Inbox {
    /// Nothing in it yet.
    pub fn new() -> Inbox {
        Inbox::default()
    }

    /// Takes what waits, at most `most` datagrams (and [`RUN`]) of up to `4 + room` octets; gives how many.
    /// `WouldBlock` if there is none. `sources`: also who sent each, for sockets that are not connected.
    pub fn receive(
        &mut self,
        socket: &UdpSocket,
        most: usize,
        room: usize,
        sources: bool,
    ) -> io::Result<usize> {
        let most = most.clamp(1, RUN);
        self.room = room;
        self.heads.resize(RUN, [0; 4]);
        if self.bodies.len() < most * room {
            self.bodies.resize(most * room, 0);
        }
        let mut parts = [const { MaybeUninit::<[libc::iovec; 2]>::uninit() }; RUN];
        let mut messages = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; RUN];
        let mut names = [const { MaybeUninit::<SockAddrStorage>::uninit() }; RUN];
        // With no room at all every body part has no octets, and any address will do.
        let mut bodies = self.bodies.chunks_mut(room.max(1));
        for n in 0..most {
            let body = bodies.next().unwrap_or_default();
            parts[n].write([
                libc::iovec { iov_base: self.heads[n].as_mut_ptr().cast(), iov_len: 4 },
                libc::iovec { iov_base: body.as_mut_ptr().cast(), iov_len: body.len().min(room) },
            ]);
            // SAFETY: an all-zero mmsghdr is a valid value of that C structure.
            let mut m: libc::mmsghdr = unsafe { zeroed() };
            if sources {
                let name = names[n].write(SockAddrStorage::zeroed());
                m.msg_hdr.msg_namelen = name.size_of();
                m.msg_hdr.msg_name = (&raw mut *name).cast();
            }
            m.msg_hdr.msg_iov = parts[n].as_mut_ptr().cast();
            m.msg_hdr.msg_iovlen = 2;
            messages[n].write(m);
        }
        let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
        // SAFETY: the first `most` messages were written above; each points at a head, a body, iovecs and
        // perhaps a name of its own that outlive the call, with their true lengths.
        let got = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                messages[0].as_mut_ptr(),
                most as libc::c_uint,
                flags as _,
                std::ptr::null_mut(),
            )
        };
        let got = check(got as libc::ssize_t)?;
        self.lens.clear();
        self.from.clear();
        for n in 0..got {
            // SAFETY: n < most, so it was written above.
            let m = unsafe { messages[n].assume_init_ref() };
            self.lens.push(m.msg_len as usize);
            if sources {
                // SAFETY: the name was zeroed and the kernel wrote msg_namelen octets of an address into it.
                let name = unsafe { SockAddr::new(names[n].assume_init_read(), m.msg_hdr.msg_namelen) };
                self.from.push(name.as_socket());
            }
        }
        Ok(got)
    }

    /// Octets of the `n`-th datagram of the last call, also those for which there was no room.
    pub fn len(&self, n: usize) -> usize {
        self.lens[n]
    }

    /// Whether the last call took none.
    pub fn is_empty(&self) -> bool {
        self.lens.is_empty()
    }

    /// Its first four octets; behind its end they are arbitrary.
    pub fn head(&self, n: usize) -> [u8; 4] {
        self.heads[n]
    }

    /// What lies behind the first four, as far as there was room.
    pub fn body(&self, n: usize) -> &[u8] {
        let len = self.lens[n].saturating_sub(4).min(self.room);
        &self.bodies[n * self.room..][..len]
    }

    /// The bodies from the `n`-th datagram on, `octets` in one piece: right where all but the last are full.
    pub fn run(&self, n: usize, octets: usize) -> &[u8] {
        &self.bodies[n * self.room..][..octets]
    }

    /// Who sent it, where that was asked.
    pub fn from(&self, n: usize) -> Option<SocketAddr> {
        self.from.get(n).copied().flatten()
    }

    /// The whole datagram in one piece, copied into `out`, as far as there was room.
    pub fn copy(&self, n: usize, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.heads[n][..self.lens[n].min(4)]);
        out.extend_from_slice(self.body(n));
    }
}
