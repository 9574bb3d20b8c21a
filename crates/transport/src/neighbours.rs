//! The kernel's table of neighbours: ARP and IPv6 neighbour discovery (rtnetlink(7), RTM_GETNEIGH).

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use std::io;
use std::net::IpAddr;

/// Octets of one answer; the kernel makes none larger than a page for a dump.
const ANSWER: usize = 32_768;
/// Answers that are read; a table of neighbours has gc_thresh3 (1,024) entries by default.
const ANSWERS: usize = 1_024;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const RTM_NEWNEIGH: u16 = 28;
const RTM_GETNEIGH: u16 = 30;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
/// Octets of `nlmsghdr` and of `ndmsg`.
const HEADER: usize = 16;
const NDMSG: usize = 12;

/// The hardware address of a neighbour that the kernel knows now. None of a host behind a router, of one
/// that was silent for long, and of this host itself.
pub fn mac(of: IpAddr) -> Option<[u8; 6]> {
    // Whatever the kernel cannot tell is not known.
    dump(of).ok().flatten()
}

fn dump(of: IpAddr) -> io::Result<Option<[u8; 6]>> {
    let family = if of.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC;
    // NETLINK_ROUTE is protocol 0.
    let socket = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    let mut ask = [0; HEADER + NDMSG];
    ask[..4].copy_from_slice(&((HEADER + NDMSG) as u32).to_ne_bytes());
    ask[4..6].copy_from_slice(&RTM_GETNEIGH.to_ne_bytes());
    ask[6..8].copy_from_slice(&(NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    ask[HEADER] = u8::try_from(family.as_raw()).expect("AF_INET and AF_INET6 are small");
    rustix::net::send(&socket, &ask, SendFlags::empty())?;
    let mut answer = vec![0; ANSWER];
    for _ in 0..ANSWERS {
        let (len, _) = rustix::net::recv(&socket, &mut answer[..], RecvFlags::empty())?;
        match find(&answer[..len.min(ANSWER)], of) {
            Found::More => {}
            Found::It(mac) => return Ok(Some(mac)),
            Found::End => break,
        }
    }
    Ok(None)
}

#[derive(PartialEq, Eq, Debug)]
enum Found {
    It([u8; 6]),
    /// Not in this answer; more follow.
    More,
    End,
}

/// Looks through the messages of one answer.
fn find(mut answer: &[u8], of: IpAddr) -> Found {
    while let Some((header, _)) = answer.split_at_checked(HEADER) {
        let len = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let Some(message) = answer.get(HEADER..len) else { return Found::End };
        match u16::from_ne_bytes([header[4], header[5]]) {
            NLMSG_DONE | NLMSG_ERROR => return Found::End,
            RTM_NEWNEIGH => {
                if let Some(mac) = message.get(NDMSG..).and_then(|attributes| neighbour(attributes, of)) {
                    return Found::It(mac);
                }
            }
            _other => {}
        }
        answer = answer.get(aligned(len)..).unwrap_or_default();
    }
    Found::More
}

/// The hardware address, if the attributes are those of `of`.
fn neighbour(mut attributes: &[u8], of: IpAddr) -> Option<[u8; 6]> {
    let (mut is_it, mut mac) = (false, None);
    while let Some((head, _)) = attributes.split_at_checked(4) {
        let len = usize::from(u16::from_ne_bytes([head[0], head[1]]));
        let value = attributes.get(4..len)?;
        match (u16::from_ne_bytes([head[2], head[3]]), of) {
            (NDA_DST, IpAddr::V4(a)) => is_it = value == a.octets(),
            (NDA_DST, IpAddr::V6(a)) => is_it = value == a.octets(),
            // Entries that are still being asked for have none, or zeros.
            (NDA_LLADDR, _) => mac = <[u8; 6]>::try_from(value).ok().filter(|m| *m != [0; 6]),
            _other => {}
        }
        attributes = attributes.get(aligned(len)..).unwrap_or_default();
    }
    mac.filter(|_| is_it)
}

/// Messages and attributes begin at multiples of four.
fn aligned(len: usize) -> usize {
    len.saturating_add(3) & !3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pair = |p: &[u8]| u8::from_str_radix(std::str::from_utf8(p).unwrap(), 16).unwrap();
        digits.chunks(2).map(pair).collect()
    }

    /// As Linux 6.1 answers, cut down to the attributes that count.
    #[cfg(target_endian = "little")]
    fn answer() -> Vec<u8> {
        octets(
            "38 00 00 00  1c 00  02 00  00 00 00 00  00 00 00 00   02 00 00 00 02 00 00 00 80 00 00 01
             08 00 01 00 0a 09 00 02   0a 00 02 00 00 1c 73 01 02 03 00 00   08 00 04 00 00 00 00 00
             30 00 00 00  1c 00  02 00  00 00 00 00  00 00 00 00   02 00 00 00 02 00 00 00 01 00 00 01
             08 00 01 00 0a 09 00 03   0a 00 02 00 00 00 00 00 00 00 00 00",
        )
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn a_neighbour_is_found_in_the_kernels_answer() {
        let of = |a: &str| find(&answer(), a.parse().unwrap());
        assert_eq!(of("10.9.0.2"), Found::It([0, 0x1c, 0x73, 1, 2, 3]));
        assert_eq!(of("10.9.0.3"), Found::More, "zeros are no address");
        assert_eq!(of("10.9.0.4"), Found::More);
        let done = octets("14 00 00 00  03 00  02 00  00 00 00 00  00 00 00 00  00 00 00 00");
        assert_eq!(find(&done, "10.9.0.2".parse().unwrap()), Found::End);
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn a_cut_answer_is_no_fault() {
        let whole = answer();
        for len in 0..whole.len() {
            // Only not to panic.
            find(&whole[..len], "10.9.0.3".parse().unwrap());
        }
    }

    #[test]
    fn the_kernel_is_asked_and_knows_nothing_of_ourselves() {
        assert_eq!(dump("127.0.0.1".parse().unwrap()).unwrap(), None);
        assert_eq!(dump("::1".parse().unwrap()).unwrap(), None);
    }
}
