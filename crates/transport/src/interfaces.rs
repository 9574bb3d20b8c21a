use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One address of one interface of this host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// `eth0`, `lo`.
    pub name: String,
    /// The address.
    pub address: IpAddr,
    /// Leading one bits of its network: 24 for 255.255.255.0.
    pub prefix: u8,
    /// The interface is up.
    pub up: bool,
    /// Loopback: nobody else reaches it.
    pub loopback: bool,
}

impl Interface {
    /// Whether `peer` lies in this address' own network, so that it is reached without a router.
    pub fn reaches(&self, peer: IpAddr) -> bool {
        match (self.address, peer) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix.min(32))).unwrap_or(0);
                u32::from(a) & mask == u32::from(b) & mask
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix.min(128))).unwrap_or(0);
                u128::from(a) & mask == u128::from(b) & mask
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Whether this is an IPv6 link-local address, which means nothing without a zone.
    pub fn is_link_local(&self) -> bool {
        matches!(self.address, IpAddr::V6(a) if a.is_unicast_link_local())
    }
}

/// The addresses of this host in the system's order.
pub fn interfaces() -> io::Result<Vec<Interface>> {
    let mut head: *mut libc::ifaddrs = std::ptr::null_mut();
    // SAFETY: getifaddrs(3) writes one pointer; on success it is a list that freeifaddrs frees.
    if unsafe { libc::getifaddrs(&mut head) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut found = Vec::new();
    let mut node = head;
    while !node.is_null() {
        // SAFETY: `node` is an element of the list that getifaddrs made and nobody has freed yet.
        let entry = unsafe { &*node };
        node = entry.ifa_next;
        let Some(address) = address(entry.ifa_addr) else { continue };
        // SAFETY: ifa_name is a NUL-terminated string that lives as long as the list.
        let name = unsafe { std::ffi::CStr::from_ptr(entry.ifa_name) }.to_string_lossy().into_owned();
        let flag = |bit: libc::c_int| entry.ifa_flags & (bit as libc::c_uint) != 0;
        found.push(Interface {
            name,
            address,
            prefix: self::address(entry.ifa_netmask).map_or(full(address), ones),
            up: flag(libc::IFF_UP),
            loopback: flag(libc::IFF_LOOPBACK),
        });
    }
    // SAFETY: `head` came from getifaddrs and no reference into the list is kept.
    unsafe { libc::freeifaddrs(head) };
    Ok(found)
}

/// The IP address in a socket address; nothing for other families (AF_PACKET) and for null.
fn address(at: *const libc::sockaddr) -> Option<IpAddr> {
    if at.is_null() {
        return None;
    }
    // SAFETY: not null, so it points to a socket address whose family says its real type and size.
    unsafe {
        match libc::c_int::from((*at).sa_family) {
            libc::AF_INET => {
                let v4 = &*at.cast::<libc::sockaddr_in>();
                Some(Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr)).into())
            }
            libc::AF_INET6 => {
                let v6 = &*at.cast::<libc::sockaddr_in6>();
                Some(Ipv6Addr::from(v6.sin6_addr.s6_addr).into())
            }
            _ => None,
        }
    }
}

fn ones(mask: IpAddr) -> u8 {
    let n = match mask {
        IpAddr::V4(m) => u32::from(m).count_ones(),
        IpAddr::V6(m) => u128::from(m).count_ones(),
    };
    u8::try_from(n).expect("at most 128 bits")
}

fn full(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_there_and_reaches_its_network_only() {
        let all = interfaces().unwrap();
        let lo = all.iter().find(|i| i.address == IpAddr::from([127, 0, 0, 1])).expect("127.0.0.1");
        assert!(lo.loopback && lo.up, "{lo:?}");
        assert_eq!(lo.prefix, 8);
        assert!(lo.reaches([127, 9, 9, 9].into()));
        assert!(!lo.reaches([128, 0, 0, 1].into()));
        assert!(!lo.reaches("::1".parse().unwrap()));
    }

    #[test]
    fn a_default_route_prefix_reaches_everything() {
        let any = Interface {
            name: "x".into(),
            address: [10, 0, 0, 1].into(),
            prefix: 0,
            up: true,
            loopback: false,
        };
        assert!(any.reaches([192, 0, 2, 1].into()));
    }
}
