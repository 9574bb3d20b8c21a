//! The calls that neither std nor socket2 nor rustix has: recvmsg with the destination, the error queue.

use socket2::{SockAddr, SockAddrStorage};
use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};

/// Where a datagram was sent.
pub(super) struct Destination {
    /// The IP header's destination.
    pub(super) header: IpAddr,
    /// The local address to answer from.
    pub(super) answer_from: IpAddr,
}

/// Room for the control messages that we ask for, aligned as cmsghdr wants it.
#[repr(C, align(8))]
struct Control([u8; 256]);

fn check(result: libc::ssize_t) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

fn set(fd: RawFd, level: libc::c_int, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    let len = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the pointer and length describe the local integer `value`, which outlives the call.
    let result = unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), len) };
    check(result as libc::ssize_t).map(|_| ())
}

pub(super) fn tell_destination(socket: &UdpSocket, v6: bool) -> io::Result<()> {
    if v6 {
        set(socket.as_raw_fd(), libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?;
    }
    // On an IPv6 socket too: of an IPv4 datagram on a dual-stack socket it alone tells a broadcast, and it
    // comes behind the IPv6 structure. (It says nothing about IPv6 datagrams.)
    set(socket.as_raw_fd(), libc::IPPROTO_IP, libc::IP_PKTINFO, 1)
}

pub(super) fn report_errors(socket: &UdpSocket, v6: bool) -> io::Result<()> {
    if v6 {
        set(socket.as_raw_fd(), libc::IPPROTO_IPV6, libc::IPV6_RECVERR, 1)
    } else {
        set(socket.as_raw_fd(), libc::IPPROTO_IP, libc::IP_RECVERR, 1)
    }
}

pub(super) fn allow_fragments(socket: &impl AsRawFd, v6: bool) -> io::Result<()> {
    let fd = socket.as_raw_fd();
    if v6 {
        set(fd, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_DONT)
    } else {
        set(fd, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_DONT)
    }
}

/// One of a socket's two buffers.
pub(super) enum Buffer {
    Receive,
    Send,
}

/// Makes a buffer of `octets` even above the system's maximum; needs CAP_NET_ADMIN.
pub(super) fn force_buffer(socket: &UdpSocket, which: Buffer, octets: usize) -> io::Result<()> {
    let name = match which {
        Buffer::Receive => libc::SO_RCVBUFFORCE,
        Buffer::Send => libc::SO_SNDBUFFORCE,
    };
    let octets = libc::c_int::try_from(octets).map_err(io::Error::other)?;
    set(socket.as_raw_fd(), libc::SOL_SOCKET, name, octets)
}

pub(super) fn receive_from(
    socket: &UdpSocket,
    buf: &mut [u8],
) -> io::Result<(usize, SocketAddr, Option<Destination>)> {
    let mut control = Control([0; 256]);
    let mut destination = None;
    let (len, peer) = receive(socket, buf, &mut control, 0, |level, kind, data| {
        if level == libc::IPPROTO_IP
            && kind == libc::IP_PKTINFO
            && data.len() >= size_of::<libc::in_pktinfo>()
        {
            // SAFETY: the kernel wrote an in_pktinfo of at least this length; unaligned reads are allowed so.
            let info: libc::in_pktinfo = unsafe { data.as_ptr().cast::<libc::in_pktinfo>().read_unaligned() };
            destination = Some(Destination {
                header: IpAddr::from(Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes())),
                answer_from: IpAddr::from(Ipv4Addr::from(info.ipi_spec_dst.s_addr.to_ne_bytes())),
            });
        }
        if level == libc::IPPROTO_IPV6
            && kind == libc::IPV6_PKTINFO
            && data.len() >= size_of::<libc::in6_pktinfo>()
        {
            // SAFETY: as above, with the IPv6 structure.
            let info: libc::in6_pktinfo =
                unsafe { data.as_ptr().cast::<libc::in6_pktinfo>().read_unaligned() };
            let header = IpAddr::from(Ipv6Addr::from(info.ipi6_addr.s6_addr));
            destination = Some(Destination { header, answer_from: header });
        }
    })?;
    let peer = peer.ok_or_else(|| io::Error::other("a datagram without a sender"))?;
    Ok((len, peer, destination))
}

pub(super) fn next_error(socket: &UdpSocket) -> Option<(SocketAddr, io::Error)> {
    let mut control = Control([0; 256]);
    let mut errno = libc::ECONNREFUSED;
    // Of an error message the "sender" is the destination of the datagram that failed.
    let (_, to) = receive(socket, &mut [0; 64], &mut control, libc::MSG_ERRQUEUE, |level, kind, data| {
        let ours = (level == libc::IPPROTO_IP && kind == libc::IP_RECVERR)
            || (level == libc::IPPROTO_IPV6 && kind == libc::IPV6_RECVERR);
        // sock_extended_err begins with ee_errno, 32 bits.
        if let Some(first) = data.first_chunk::<4>().filter(|_| ours) {
            errno = i32::from_ne_bytes(*first);
        }
    })
    .ok()?;
    Some((to?, io::Error::from_raw_os_error(errno)))
}

fn receive(
    socket: &UdpSocket,
    buf: &mut [u8],
    control: &mut Control,
    flags: libc::c_int,
    mut each: impl FnMut(libc::c_int, libc::c_int, &[u8]),
) -> io::Result<(usize, Option<SocketAddr>)> {
    let mut name = SockAddrStorage::zeroed();
    let mut iov = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
    // SAFETY: an all-zero msghdr is a valid value of that C structure.
    let mut message: libc::msghdr = unsafe { zeroed() };
    message.msg_name = (&raw mut name).cast();
    message.msg_namelen = name.size_of();
    message.msg_iov = &raw mut iov;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = control.0.len() as _;
    // SAFETY: every pointer in `message` refers to a local or borrowed buffer of the length beside it, and
    // all of them outlive the call.
    let len = check(unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, flags) })?;
    // SAFETY: the kernel has filled the control buffer and set msg_controllen; the CMSG macros walk inside it.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
    while !header.is_null() {
        // SAFETY: `header` came from the CMSG macros, so it points at a whole cmsghdr in `control`, and
        // cmsg_len covers the header and its data, which lie in `control` as well.
        let (level, kind, data) = unsafe {
            let h = &*header;
            let data = libc::CMSG_DATA(header);
            let used = data.offset_from(header.cast::<u8>()) as usize;
            let len = (h.cmsg_len as usize).saturating_sub(used);
            (h.cmsg_level, h.cmsg_type, std::slice::from_raw_parts(data, len))
        };
        each(level, kind, data);
        // SAFETY: as for CMSG_FIRSTHDR.
        header = unsafe { libc::CMSG_NXTHDR(&raw const message, header) };
    }
    // SAFETY: the storage was zeroed and the kernel wrote msg_namelen octets of an address into it.
    let name = unsafe { SockAddr::new(name, message.msg_namelen) };
    Ok((len, name.as_socket()))
}
