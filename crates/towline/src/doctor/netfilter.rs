//! Whether this kernel filters packets: nftables asked by netlink, iptables' tables by their names.
//!
//! `linux/netfilter/nfnetlink.h`, `nf_tables.h`: a dump request is a netlink header and four octets; each
//! answer is the same with attributes behind it. Only base chains' hooks and policies are read.

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use std::io;
use std::path::Path;
use std::time::Duration;

/// What a packet filter holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Rules {
    /// Nothing.
    None,
    /// Something, in words.
    Some(String),
    /// The kernel does not tell: why.
    Unseen(String),
}

const SUBSYSTEM: u16 = 10; // NFNL_SUBSYS_NFTABLES
const GET_CHAIN: u16 = 4; // NFT_MSG_GETCHAIN; its answers are NEWCHAIN, 3
const GET_RULE: u16 = 7; // NFT_MSG_GETRULE; NEWRULE, 6
const REQUEST_DUMP: u16 = 0x301; // NLM_F_REQUEST | NLM_F_DUMP
const ERROR: u16 = 2; // NLMSG_ERROR
const DONE: u16 = 3; // NLMSG_DONE
const HEADER: usize = 16;
const FAMILY: usize = 4; // nfgenmsg

const CHAIN_HOOK: u16 = 4; // NFTA_CHAIN_HOOK
const CHAIN_POLICY: u16 = 5; // NFTA_CHAIN_POLICY
const HOOK_NUMBER: u16 = 1; // NFTA_HOOK_HOOKNUM
const LOCAL_IN: u32 = 1; // NF_INET_LOCAL_IN
const DROP: u32 = 0; // NF_DROP
/// NFPROTO_INET, NFPROTO_IPV4, NFPROTO_IPV6: the families whose hook 1 is "input".
const INET: [u8; 3] = [1, 2, 10];

/// Asks the kernel; `proc` is where `/proc` is.
pub(super) fn rules(proc: &Path) -> Rules {
    let mut words = Vec::new();
    match nftables() {
        Ok((0, _, _)) => {}
        Ok((chains, rules, drops)) => {
            let policy = if drops { ", and drops what comes in and is not named" } else { "" };
            words.push(format!("nftables has {rules} rules in {chains} chains{policy}"));
        }
        // No such subsystem in this kernel.
        Err(e) if matches!(e.raw_os_error(), Some(93 | 95 | 97 | 22)) => {}
        Err(e) => return Rules::Unseen(format!("nftables: {e}")),
    }
    for (file, what) in [("net/ip_tables_names", "iptables"), ("net/ip6_tables_names", "ip6tables")] {
        match std::fs::read_to_string(proc.join(file)) {
            Ok(names) if names.trim().is_empty() => {}
            Ok(names) => {
                let tables: Vec<_> = names.split_whitespace().collect();
                words.push(format!("{what} has the tables {}", tables.join(", ")));
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Rules::Unseen(format!("{what}: {e}")),
        }
    }
    if words.is_empty() { Rules::None } else { Rules::Some(words.join("; ")) }
}

/// Base chains, rules, and whether a chain of arriving packets drops by default.
fn nftables() -> io::Result<(usize, usize, bool)> {
    let (mut chains, mut drops) = (0, false);
    dump(GET_CHAIN, |family, attributes| {
        let hook = find(attributes, CHAIN_HOOK).and_then(|hook| word(find(hook, HOOK_NUMBER)?));
        chains += usize::from(hook.is_some());
        let policy = find(attributes, CHAIN_POLICY).and_then(word);
        drops |= hook == Some(LOCAL_IN) && INET.contains(&family) && policy == Some(DROP);
    })?;
    let mut rules = 0;
    dump(GET_RULE, |_, _| rules += 1)?;
    Ok((chains, rules, drops))
}

/// Sends one dump request and hands out the family and attributes of each answer.
fn dump(what: u16, mut each: impl FnMut(u8, &[u8])) -> io::Result<()> {
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        Some(rustix::net::netlink::NETFILTER),
    )?;
    rustix::net::sockopt::set_socket_timeout(
        &socket,
        rustix::net::sockopt::Timeout::Recv,
        Some(Duration::from_secs(2)),
    )?;
    let len = (HEADER + FAMILY) as u32;
    let mut request = Vec::with_capacity(HEADER + FAMILY);
    request.extend_from_slice(&len.to_ne_bytes());
    request.extend_from_slice(&(SUBSYSTEM << 8 | what).to_ne_bytes());
    request.extend_from_slice(&REQUEST_DUMP.to_ne_bytes());
    request.extend_from_slice(&[0; 8 + FAMILY]);
    rustix::net::send(&socket, &request, SendFlags::empty())?;
    let mut buf = vec![0; 64 << 10];
    loop {
        let (len, _) = rustix::net::recv(&socket, &mut buf[..], RecvFlags::empty())?;
        if len == 0 {
            return Ok(());
        }
        let mut rest = &buf[..len];
        while let Some((kind, payload, after)) = message(rest) {
            match kind {
                DONE => return Ok(()),
                ERROR => {
                    let errno = payload.first_chunk().map_or(0, |e| i32::from_ne_bytes(*e));
                    return match errno {
                        0 => Ok(()),
                        e => Err(Errno::from_raw_os_error(e.saturating_neg()).into()),
                    };
                }
                _ => {
                    if let Some((family, attributes)) = payload.split_first_chunk::<FAMILY>() {
                        each(family[0], attributes);
                    }
                }
            }
            rest = after;
        }
    }
}

/// The next netlink message: type, payload, and what follows it.
fn message(octets: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let header = octets.first_chunk::<HEADER>()?;
    let len = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
    let kind = u16::from_ne_bytes([header[4], header[5]]);
    let payload = octets.get(HEADER..len)?;
    Some((kind, payload, octets.get(len.next_multiple_of(4)..).unwrap_or_default()))
}

/// The value of the first attribute of this type.
fn find(mut octets: &[u8], wanted: u16) -> Option<&[u8]> {
    while let Some(&[a, b, c, d]) = octets.first_chunk::<4>() {
        let (len, kind) = (usize::from(u16::from_ne_bytes([a, b])), u16::from_ne_bytes([c, d]));
        let value = octets.get(4..len)?;
        // The top bits say "nested" and "network byte order".
        if kind & 0x3fff == wanted {
            return Some(value);
        }
        octets = octets.get(len.next_multiple_of(4)..)?;
    }
    None
}

fn word(value: &[u8]) -> Option<u32> {
    value.first_chunk().map(|w| u32::from_be_bytes(*w))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_at_any_depth_and_cut_ones_are_none() {
        // hook (nested): priority 0, number 1; policy: drop.
        let mut octets = Vec::new();
        octets.extend_from_slice(&[20, 0, 4, 0x80]);
        octets.extend_from_slice(&[8, 0, 2, 0, 0, 0, 0, 0, 8, 0, 1, 0, 0, 0, 0, 1]);
        octets.extend_from_slice(&[8, 0, 5, 0, 0, 0, 0, 0]);
        let hook = find(&octets, CHAIN_HOOK).unwrap();
        assert_eq!(find(hook, HOOK_NUMBER).and_then(word), Some(LOCAL_IN));
        assert_eq!(find(&octets, CHAIN_POLICY).and_then(word), Some(DROP));
        assert_eq!(find(&octets, 9), None);
        for cut in 0..octets.len() {
            let _ = find(&octets[..cut], CHAIN_POLICY);
            let _ = message(&octets[..cut]);
        }
        assert_eq!(find(&[0, 0, 5, 0, 0], CHAIN_POLICY), None, "a length of nothing does not turn for ever");
    }

    #[test]
    fn iptables_is_known_by_its_tables() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("net")).unwrap();
        std::fs::write(dir.path().join("net/ip_tables_names"), "filter\nnat\n").unwrap();
        // nftables is this kernel's; without the right to ask it that is what is said.
        match rules(dir.path()) {
            Rules::Some(words) => assert!(words.contains("iptables has the tables filter, nat"), "{words}"),
            Rules::Unseen(why) => assert!(why.starts_with("nftables"), "{why}"),
            Rules::None => panic!("the tables were not seen"),
        }
    }
}
