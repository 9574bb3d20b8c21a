//! Many datagrams with one call: UDP segmentation offload (`UDP_SEGMENT`), `sendmmsg`, `recvmmsg`.

use socket2::{SockAddr, SockAddrStorage};
use std::io;
use std::mem::{MaybeUninit, size_of, zeroed};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

/// The most blocks that one call takes here; also the most segments that older kernels take in a message.
pub const RUN: usize = 64;

/// The most octets of UDP payload in one message over IPv4.
const MESSAGE: usize = 65_507;

/// Up to so many octets a single block is copied behind its header.
const COPIED: usize = 2_044;

/// Control messages of what is sent, one behind the other.
#[repr(C, align(8))]
struct Control {
    octets: [u8; 128],
    len: usize,
}

impl Control {
    fn new() -> Control {
        Control { octets: [0; 128], len: 0 }
    }

    /// Appends one; there is room for the two that we have.
    fn push(&mut self, level: libc::c_int, kind: libc::c_int, data: &[u8]) {
        let head = size_of::<libc::cmsghdr>();
        // SAFETY: an all-zero cmsghdr is a valid value of that C structure.
        let mut header: libc::cmsghdr = unsafe { zeroed() };
        header.cmsg_len = (head + data.len()) as _;
        header.cmsg_level = level;
        header.cmsg_type = kind;
        let at = &mut self.octets[self.len..];
        assert!(at.len() >= head + data.len(), "two control messages of at most 40 octets fit into 128");
        // SAFETY: there is room for it, checked above; the octets are aligned to 8 and `len` is a multiple of 8.
        unsafe { at.as_mut_ptr().cast::<libc::cmsghdr>().write(header) };
        at[head..head + data.len()].copy_from_slice(data);
        self.len += (head + data.len()).next_multiple_of(8);
    }

    /// The address that a datagram is to come from.
    fn push_source(&mut self, from: IpAddr) {
        match from {
            IpAddr::V4(ip) => {
                // in_pktinfo: interface, the address to come from, an address that is not used here.
                let mut info = [0; 12];
                info[4..8].copy_from_slice(&ip.octets());
                self.push(libc::IPPROTO_IP, libc::IP_PKTINFO, &info);
            }
            IpAddr::V6(ip) => {
                // in6_pktinfo: the address, the interface.
                let mut info = [0; 20];
                info[..16].copy_from_slice(&ip.octets());
                self.push(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &info);
            }
        }
    }
}

/// Where a run goes on a socket that is not connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct To {
    /// Whom.
    pub peer: SocketAddr,
    /// The local address that it is to come from, where the socket is bound to several.
    pub from: Option<IpAddr>,
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
    to: Option<&To>,
    headers: &[[u8; 4]],
    payload: &[u8],
    blksize: usize,
    each: usize,
) -> io::Result<usize> {
    let count = headers.len().min(RUN);
    if let (1, None) = (count, to)
        && payload.len() <= COPIED
    {
        // To copy a frame's octets costs less than to have the kernel look at two pieces.
        let mut whole = [0; 4 + COPIED];
        let len = 4 + payload.len().min(blksize);
        whole[..4].copy_from_slice(&headers[0]);
        whole[4..len].copy_from_slice(&payload[..len - 4]);
        return socket.send(&whole[..len]).map(|_| 1);
    }
    let name = to.map(|to| SockAddr::from(to.peer));
    let mut control = Control::new();
    if let Some(from) = to.and_then(|to| to.from) {
        control.push_source(from);
    }
    let plain = control.len;
    if each > 1 {
        control.push(libc::SOL_UDP, libc::UDP_SEGMENT, &((blksize + 4) as u16).to_ne_bytes());
    }
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
        if let Some(name) = &name {
            m.msg_hdr.msg_name = name.as_ptr().cast_mut().cast();
            m.msg_hdr.msg_namelen = name.len();
        }
        m.msg_hdr.msg_iov = parts[2 * first].as_mut_ptr();
        m.msg_hdr.msg_iovlen = (2 * blocks) as _;
        let used_of_control = if blocks > 1 { control.len } else { plain };
        if used_of_control > 0 {
            m.msg_hdr.msg_control = control.octets.as_mut_ptr().cast();
            m.msg_hdr.msg_controllen = used_of_control as _;
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
