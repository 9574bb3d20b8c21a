//! This host: who listens, whether packets are filtered, what the served directory shows.

use super::findings::{Found, Id};
use super::netfilter::{self, Rules};
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Files of a directory that are looked at.
const FILES: usize = 10_000;

/// How often the kernel's list of sockets is read.
const READINGS: usize = 8;

/// A UDP socket that takes datagrams of anybody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listener {
    /// Address and port.
    pub address: SocketAddr,
    /// Its process, `in.tftpd (812)`, where this user may see that.
    pub owner: Option<String>,
}

/// What this host shows of itself.
#[derive(Debug)]
pub struct Host {
    /// UDP listeners of every port.
    pub listeners: Vec<Listener>,
    /// Interfaces that are up and not loopback, with the `rp_filter` that holds for each.
    reverse_path: Vec<(String, u8)>,
    rules: Rules,
}

impl Host {
    /// Looks; `proc` is where `/proc` is. What cannot be read is left out.
    pub fn look(proc: &Path) -> Host {
        let sockets = sockets(proc);
        let owners = owners(proc, &sockets.iter().map(|(_, inode)| *inode).collect::<Vec<_>>());
        let listeners = sockets
            .into_iter()
            .map(|(address, inode)| Listener { address, owner: owners.get(&inode).cloned() })
            .collect();
        Host { listeners, reverse_path: reverse_path(proc), rules: netfilter::rules(proc) }
    }

    /// Listeners on this port.
    pub fn on_port(&self, port: u16) -> Vec<&Listener> {
        self.listeners.iter().filter(|l| l.address.port() == port).collect()
    }

    /// Nobody listens at `asked`, an address of this host.
    pub fn listeners_wrong(&self, asked: SocketAddr) -> Option<Found> {
        let port = ("port", asked.port().to_string());
        let all = self.on_port(asked.port());
        if all.is_empty() {
            return Some(Found::new(Id::NothingListens, &[port]));
        }
        // `::` takes IPv4 too, unless told otherwise, which cannot be seen here.
        let hears = |l: &&Listener| {
            let at = l.address.ip();
            at == asked.ip() || (at.is_unspecified() && (at.is_ipv6() || asked.is_ipv4()))
        };
        if all.iter().any(hears) {
            return None;
        }
        let addresses: Vec<_> = all.iter().map(|l| l.address.ip().to_string()).collect();
        let asked = ("asked", asked.ip().to_string());
        Some(Found::new(Id::ListensElsewhere, &[port, ("addresses", addresses.join(", ")), asked]))
    }

    /// Several interfaces, and one that drops what it would answer by another.
    pub fn reverse_path(&self) -> Option<Found> {
        let strict: Vec<_> =
            self.reverse_path.iter().filter(|(_, v)| *v == 1).map(|(n, _)| n.clone()).collect();
        let first = strict.first().filter(|_| self.reverse_path.len() > 1)?.clone();
        Some(Found::new(Id::ReversePath, &[("interfaces", strict.join(", ")), ("first", first)]))
    }

    /// Packet filters.
    pub fn firewall(&self, port: u16) -> Option<Found> {
        let port = ("port", port.to_string());
        match &self.rules {
            Rules::None => None,
            Rules::Some(rules) => Some(Found::new(Id::Firewall, &[("rules", rules.clone()), port])),
            Rules::Unseen(error) => Some(Found::new(Id::FirewallUnseen, &[("error", error.clone())])),
        }
    }
}

/// Files in `dir` that not everybody may read; directories below it are looked at, links are not followed.
pub fn directory(dir: &Path) -> io::Result<Option<Found>> {
    let (mut of, mut closed): (usize, Vec<PathBuf>) = (0, Vec::new());
    let mut dirs = vec![dir.to_path_buf()];
    while let Some(at) = dirs.pop() {
        let entries = match fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(e) if at == dir => return Err(e),
            Err(_) => continue,
        };
        for entry in entries.filter_map(Result::ok).take(FILES) {
            let Ok(facts) = entry.metadata() else { continue };
            if facts.is_dir() {
                dirs.push(entry.path());
            } else if facts.is_file() {
                of += 1;
                if facts.permissions().mode() & 0o004 == 0 {
                    closed.push(entry.path());
                }
            }
        }
        if of >= FILES {
            break;
        }
    }
    Ok(closed.iter().min().map(|example| {
        let example = example.strip_prefix(dir).unwrap_or(example).display().to_string();
        let seen = [
            ("count", closed.len().to_string()),
            ("of", of.to_string()),
            ("example", format!("'{example}'")),
        ];
        Found::new(Id::Unreadable, &seen)
    }))
}

/// The sockets of `/proc/net/udp` and `udp6`. The kernel gives a page at a time and counts anew for each: where sockets come
/// and go meanwhile some are left out. What one of several readings has is there.
fn sockets(proc: &Path) -> BTreeSet<(SocketAddr, u64)> {
    let mut found = BTreeSet::new();
    for file in ["net/udp", "net/udp6"].iter().cycle().take(2 * READINGS) {
        let text = fs::read_to_string(proc.join(file)).unwrap_or_default();
        found.extend(text.lines().skip(1).filter_map(listener));
    }
    found
}

/// A line of `/proc/net/udp`: local address, and the socket's inode, where it is not connected.
fn listener(line: &str) -> Option<(SocketAddr, u64)> {
    let mut fields = line.split_whitespace().skip(1);
    let local = address(fields.next()?)?;
    let remote = address(fields.next()?)?;
    let inode = fields.nth(6)?.parse().ok()?;
    (remote.port() == 0).then_some((local, inode))
}

/// `0100007F:0045`: words in the host's order, the port in hexadecimal.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let words: Vec<u32> = (0..ip.len() / 8)
        .map(|i| u32::from_str_radix(ip.get(i * 8..i * 8 + 8)?, 16).ok())
        .collect::<Option<_>>()?;
    let ip = match words.as_slice() {
        [one] => IpAddr::from(Ipv4Addr::from(one.to_ne_bytes())),
        [_, _, _, _] => {
            let mut octets = [0; 16];
            for (part, word) in octets.chunks_mut(4).zip(&words) {
                part.copy_from_slice(&word.to_ne_bytes());
            }
            IpAddr::from(Ipv6Addr::from(octets))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

/// Names and numbers of the processes that hold these sockets.
fn owners(proc: &Path, inodes: &[u64]) -> HashMap<u64, String> {
    let mut found = HashMap::new();
    let Ok(processes) = fs::read_dir(proc) else { return found };
    for process in processes.filter_map(Result::ok) {
        let name = process.file_name();
        let Some(pid) = name.to_str().filter(|n| n.bytes().all(|b| b.is_ascii_digit())) else { continue };
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
        for file in files.filter_map(Result::ok) {
            let Ok(target) = fs::read_link(file.path()) else { continue };
            let inode =
                target.to_str().and_then(|t| t.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
            if let Some(inode) = inode.filter(|i| inodes.contains(i)) {
                let comm = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
                found.entry(inode).or_insert_with(|| format!("{} ({pid})", comm.trim()));
            }
        }
    }
    found
}

/// `Documentation/networking/ip-sysctl`: the greater of `all` and the interface's own value holds.
fn reverse_path(proc: &Path) -> Vec<(String, u8)> {
    let value = |name: &str| -> u8 {
        let path = proc.join("sys/net/ipv4/conf").join(name).join("rp_filter");
        fs::read_to_string(path).ok().and_then(|t| t.trim().parse().ok()).unwrap_or(0)
    };
    let all = value("all");
    let mut names: Vec<String> = transport::interfaces()
        .unwrap_or_default()
        .into_iter()
        .filter(|i| i.up && !i.loopback && i.address.is_ipv4())
        .map(|i| i.name)
        .collect();
    names.sort();
    names.dedup();
    names.into_iter().map(|n| (n.clone(), value(&n).max(all))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_table_of_sockets_is_read() {
        let line = "  412: 0100007F:1B39 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 23456 2 0 0";
        assert_eq!(listener(line), Some((SocketAddr::from(([127, 0, 0, 1], 6_969)), 23_456)));
        let v6 = " 9: 00000000000000000000000001000000:0045 00000000000000000000000000000000:0000 07 0:0 00:0 0 0 0 77 2 0 0";
        assert_eq!(listener(v6), Some(("[::1]:69".parse().unwrap(), 77)));
        assert_eq!(listener("  1: 0100007F:1B39 0200007F:0400 01 0:0 00:0 0 0 0 5 2 0 0"), None, "connected");
        assert_eq!(listener("nonsense"), None);
    }

    #[test]
    fn an_own_socket_is_seen_with_its_owner() {
        // Below what is given to whoever asks for any: nobody has it the moment that we let it go.
        let mut ports = 20_000..30_000;
        let bound = ports.find_map(|port| std::net::UdpSocket::bind(("127.0.0.1", port)).ok());
        let socket = bound.expect("a free one");
        let at = socket.local_addr().unwrap();
        let host = Host::look(Path::new("/proc"));
        let owner = host.on_port(at.port()).first().and_then(|l| l.owner.clone()).expect("our own");
        assert!(owner.ends_with(&format!("({})", std::process::id())), "{owner}");
        assert_eq!(host.listeners_wrong(at), None);
        let elsewhere = host.listeners_wrong(SocketAddr::from(([127, 0, 0, 9], at.port()))).unwrap();
        assert_eq!(elsewhere.id, Id::ListensElsewhere);
        assert!(elsewhere.words.contains("on 127.0.0.1 only, not on 127.0.0.9"), "{}", elsewhere.words);
        drop(socket);
        let gone = Host::look(Path::new("/proc")).listeners_wrong(at).map(|f| f.id);
        assert_eq!(gone, Some(Id::NothingListens));
    }

    #[test]
    fn only_a_strict_filter_between_several_interfaces_is_told() {
        let host = |of: &[(&str, u8)]| Host {
            listeners: vec![],
            reverse_path: of.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect(),
            rules: Rules::None,
        };
        assert_eq!(host(&[("eth0", 1)]).reverse_path(), None);
        assert_eq!(host(&[("eth0", 2), ("eth1", 0)]).reverse_path(), None);
        let found = host(&[("eth0", 2), ("eth1", 1)]).reverse_path().unwrap();
        assert!(found.remedy.contains("net.ipv4.conf.eth1.rp_filter=2"), "{}", found.remedy);
    }

    #[test]
    fn who_listens_is_seen_while_others_come_and_go() {
        let listener = std::net::UdpSocket::bind("127.0.0.1:0").expect("bound");
        let port = listener.local_addr().expect("bound").port();
        let over = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !over.load(std::sync::atomic::Ordering::Relaxed) {
                        let some: Vec<_> =
                            (0..200).filter_map(|_| std::net::UdpSocket::bind("127.0.0.1:0").ok()).collect();
                        drop(some);
                    }
                });
            }
            let missed = (0..60)
                .filter(|_| !sockets(Path::new("/proc")).iter().any(|(at, _)| at.port() == port))
                .count();
            over.store(true, std::sync::atomic::Ordering::Relaxed);
            assert_eq!(missed, 0, "of 60 looks");
        });
    }

    #[test]
    fn files_that_not_everybody_may_read_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("d")).unwrap();
        for (name, mode) in [("a", 0o644), ("d/b", 0o600), ("d/c", 0o640)] {
            let path = dir.path().join(name);
            std::fs::write(&path, "x").unwrap();
            std::fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let found = directory(dir.path()).unwrap().unwrap();
        assert!(
            found.words.starts_with("2 of 3 files may not be read by everybody, 'd/b'"),
            "{}",
            found.words
        );
        assert!(directory(&dir.path().join("absent")).is_err());
    }
}
