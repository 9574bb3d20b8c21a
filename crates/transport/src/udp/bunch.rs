//! Datagrams taken as the kernel has put them together (`UDP_GRO`, Linux 5.0), several at a time (`recvmmsg`).
//!
//! A sender's run that was cut late (GSO over loopback or veth) or that a network card has joined comes as one
//! message: one call and one walk through the stack instead of one for each datagram. Where the kernel does
//! not know the option each message is one datagram, and the rest is the same.

use socket2::{SockAddr, SockAddrStorage};
use std::io;
use std::mem::{MaybeUninit, size_of, zeroed};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

/// The most messages of one call.
const SLOTS: usize = 16;
/// The most octets of one message: what UDP's length can say.
const SLOT: usize = 65_536;

/// Room for the one control message that we ask for, aligned as cmsghdr wants it.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; 32]);

/// What one call took from a socket.
///
/// It has 1 MiB of address space, of which the system backs what messages have reached into.
#[derive(Debug)]
pub struct Bunch {
    buffer: Vec<u8>,
    messages: Vec<Message>,
}

/// A message: datagrams of one sender, one behind the other.
#[derive(Clone, Copy, Debug)]
struct Message {
    len: usize,
    /// Octets of every datagram but the last, which may be shorter.
    each: usize,
    from: Option<SocketAddr>,
}

/// Has the kernel hand out datagrams put together; `false` where it cannot. From then on the socket is read
/// with a [`Bunch`] only: a plain read would take several datagrams for one.
pub fn coalesce(socket: &UdpSocket) -> bool {
    let on: libc::c_int = 1;
    // SAFETY: the pointer and length describe the local integer `on`, which outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_UDP,
            libc::UDP_GRO,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    result == 0
}

impl Default for Bunch {
    fn default() -> Self {
        Bunch::new()
    }
}

impl Bunch {
    /// Nothing in it yet.
    pub fn new() -> Bunch {
        Bunch { buffer: vec![0; SLOTS * SLOT], messages: Vec::with_capacity(SLOTS) }
    }

    /// Takes what waits, at most `most` messages; gives how many. `WouldBlock` if there is none.
    pub fn receive(&mut self, socket: &UdpSocket, most: usize) -> io::Result<usize> {
        let most = most.clamp(1, SLOTS);
        self.messages.clear();
        let mut controls = [const { MaybeUninit::<Control>::uninit() }; SLOTS];
        let mut names = [const { MaybeUninit::<SockAddrStorage>::uninit() }; SLOTS];
        let mut parts = [const { MaybeUninit::<libc::iovec>::uninit() }; SLOTS];
        let mut headers = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; SLOTS];
        for (n, slot) in self.buffer.chunks_exact_mut(SLOT).take(most).enumerate() {
            parts[n].write(libc::iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: SLOT });
            // SAFETY: an all-zero mmsghdr is a valid value of that C structure.
            let mut m: libc::mmsghdr = unsafe { zeroed() };
            let name = names[n].write(SockAddrStorage::zeroed());
            m.msg_hdr.msg_namelen = name.size_of();
            m.msg_hdr.msg_name = (&raw mut *name).cast();
            m.msg_hdr.msg_iov = parts[n].as_mut_ptr();
            m.msg_hdr.msg_iovlen = 1;
            m.msg_hdr.msg_control = controls[n].write(Control([0; 32])).0.as_mut_ptr().cast();
            m.msg_hdr.msg_controllen = size_of::<Control>() as _;
            headers[n].write(m);
        }
        // SAFETY: the first `most` headers were written above; each points at a slot, an iovec, a name and
        // control octets of its own that outlive the call, with their true lengths.
        let got = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers[0].as_mut_ptr(),
                most as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                std::ptr::null_mut(),
            )
        };
        let got = usize::try_from(got).map_err(|_| io::Error::last_os_error())?;
        for n in 0..got {
            // SAFETY: n < most, so header and name were written above.
            let (m, name) = unsafe { (headers[n].assume_init_ref(), names[n].assume_init_read()) };
            // SAFETY: the name was zeroed and the kernel wrote msg_namelen octets of an address into it.
            let from = unsafe { SockAddr::new(name, m.msg_hdr.msg_namelen) }.as_socket();
            let len = m.msg_len as usize;
            let each = segment(&m.msg_hdr).filter(|each| *each > 0).unwrap_or(len);
            self.messages.push(Message { len, each: each.max(1), from });
        }
        Ok(got)
    }

    /// The datagrams of the last call in the order in which they came, each with its sender.
    pub fn datagrams(&self) -> impl Iterator<Item = (Option<SocketAddr>, &[u8])> {
        self.messages.iter().zip(self.buffer.chunks_exact(SLOT)).flat_map(|(m, slot)| {
            let whole = &slot[..m.len];
            // A message of no octets is a datagram too.
            let empty = whole.is_empty().then_some(whole);
            whole.chunks(m.each).chain(empty).map(|datagram| (m.from, datagram))
        })
    }
}

/// The length of the datagrams that were put together, as the kernel tells it beside them.
fn segment(message: &libc::msghdr) -> Option<usize> {
    // SAFETY: the kernel has filled the control buffer and set msg_controllen; the macros stay inside it.
    let header = unsafe { libc::CMSG_FIRSTHDR(message) };
    if header.is_null() {
        return None;
    }
    // SAFETY: CMSG_FIRSTHDR gave a whole header inside the control buffer.
    let h = unsafe { &*header };
    let wanted = size_of::<libc::cmsghdr>() + size_of::<libc::c_int>();
    if h.cmsg_level != libc::SOL_UDP || h.cmsg_type != libc::UDP_GRO || (h.cmsg_len as usize) < wanted {
        return None;
    }
    // SAFETY: cmsg_len says that an int lies behind the header; it may be unaligned.
    let size: libc::c_int = unsafe { libc::CMSG_DATA(header).cast::<libc::c_int>().read_unaligned() };
    usize::try_from(size).ok()
}

#[cfg(test)]
mod tests {
    use super::super::{Batching, To, open, send_run};
    use super::*;

    /// What arrives, taken with calls of `most` messages.
    fn taken(socket: &UdpSocket, most: usize, count: usize) -> Vec<Vec<u8>> {
        let mut bunch = Bunch::new();
        let mut got = Vec::new();
        let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while got.len() < count {
            assert!(std::time::Instant::now() < until, "{} of {count}", got.len());
            match bunch.receive(socket, most) {
                Ok(_) => got.extend(bunch.datagrams().map(|(from, d)| {
                    assert!(from.is_some());
                    d.to_vec()
                })),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => std::thread::yield_now(),
                Err(e) => panic!("{e}"),
            }
        }
        got
    }

    #[test]
    fn runs_come_out_as_the_datagrams_that_they_were_however_they_were_sent() {
        for joined in [true, false] {
            let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
            if joined && !coalesce(&receiver) {
                continue;
            }
            let peer = receiver.local_addr().unwrap();
            let (to, sender) = (To { peer, from: None }, open(None, peer).unwrap());
            for how in [Batching::Plain, Batching::Many, Batching::Segmented] {
                for (count, blksize, last) in [(1, 512, 0), (2, 8, 3), (50, 1_428, 1_427), (64, 512, 0)] {
                    let headers: Vec<[u8; 4]> = (1..=count).map(|n| [0, 3, 0, n as u8]).collect();
                    let payload: Vec<u8> = (0..(count - 1) * blksize + last).map(|n| (n / 3) as u8).collect();
                    let mut used = how;
                    let sent = send_run(&sender, Some(to), &headers, &payload, blksize, &mut used).unwrap();
                    assert_eq!(sent, count);
                    for most in [1, 16] {
                        if most == 16 {
                            send_run(&sender, Some(to), &headers, &payload, blksize, &mut used).unwrap();
                        }
                        for (n, datagram) in taken(&receiver, most, count).into_iter().enumerate() {
                            let body = &payload[n * blksize..payload.len().min((n + 1) * blksize)];
                            assert!(datagram == [&headers[n][..], body].concat(), "{how:?}, {joined}: {n}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn an_empty_datagram_is_one_and_nothing_is_would_block() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        receiver.set_nonblocking(true).unwrap();
        coalesce(&receiver);
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.send_to(b"", receiver.local_addr().unwrap()).unwrap();
        assert_eq!(taken(&receiver, 16, 1), [b""]);
        let mut bunch = Bunch::new();
        assert_eq!(bunch.receive(&receiver, 16).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!(bunch.datagrams().count(), 0);
    }
}
