//! The ladder of offers: the largest block and window that may work first, plain RFC 1350 last.

use crate::{Ladder, TftpOptions};
use std::net::SocketAddr;
use tftp_proto::ErrorCode;
use transport::udp::blocks_that_fit;

/// One step of the ladder, the best first.
///
/// What a step offers stands in one table (`Rung::row`); a host for which a lower one worked is
/// remembered in [`Hosts`](crate::Hosts).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rung {
    /// Blocks as long as the path's first link takes in one piece, and a window as our receive buffer holds.
    Path,
    /// 8,192 octets: what IOS asks for, and the most that some servers have buffers for.
    Large,
    /// 1,428 octets, which also fit through a tunnel over Ethernet.
    Tunnel,
    /// The same without a window, for servers that refuse the option.
    LockStep,
    /// 512 octets, which every path takes.
    Small,
    /// No option at all (RFC 1350, RFC 2347).
    Plain,
}

/// What a rung offers.
struct Row {
    rung: Rung,
    /// In [`Hosts`](crate::Hosts) and its text.
    name: &'static str,
    block: Block,
    /// The most blocks of a window; 1: not offered.
    window: u16,
    /// Whether anything is offered.
    options: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    OfPath,
    Octets(u16),
}

/// The most octets in flight. Measured on loopback, where it counts: windows of 256 KiB to 512 KiB carry twice
/// what 94 KiB do, and larger ones no more.
const WINDOW_OCTETS: u32 = 524_288;

/// The longest block of [`Rung::Path`]: two go out in one message that the kernel cuts (65,507 octets), which
/// blocks of 65,464 cannot, and in lock-step it is hardly slower (230 to 241 MiB/s on loopback).
const LONGEST: u16 = 32_000;

/// What most systems give a socket for receiving (Linux' `rmem_default`, and its `rmem_max`): a server that
/// we send to is not asked to take more at once.
const USUAL_ROOM: usize = 212_992;

const ROWS: [Row; 6] = [
    // 64 blocks of 1,468 octets are what the usual receive buffer holds.
    Row { rung: Rung::Path, name: "path", block: Block::OfPath, window: 64, options: true },
    Row { rung: Rung::Large, name: "large", block: Block::Octets(8_192), window: 16, options: true },
    // 1,428: Ethernet's 1,500 less IPv4, UDP and TFTP headers (32) and 40 for what encapsulates (EDK2, iPXE).
    Row { rung: Rung::Tunnel, name: "tunnel", block: Block::Octets(1_428), window: 16, options: true },
    Row { rung: Rung::LockStep, name: "lock-step", block: Block::Octets(1_428), window: 1, options: true },
    Row { rung: Rung::Small, name: "small", block: Block::Octets(512), window: 1, options: true },
    Row { rung: Rung::Plain, name: "plain", block: Block::Octets(512), window: 1, options: false },
];

/// Why a rung did not work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fall {
    /// The server answered the request with this ERROR.
    Refused(ErrorCode),
    /// Its OACK did not fit the request.
    BadOack,
    /// It answered, and then no full block came through.
    BlackHole,
}

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Asked {
    pub(super) blksize: Option<u16>,
    pub(super) windowsize: Option<u16>,
    /// Whether tsize and timeout may be asked for.
    pub(super) options: bool,
}

/// Who will have to hold a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holder {
    /// We: our socket may hold this many octets.
    Us(usize),
    /// The server; nobody knows what it holds.
    Peer,
}

impl Rung {
    /// Every step from the best down.
    pub const ALL: [Rung; 6] =
        [Rung::Path, Rung::Large, Rung::Tunnel, Rung::LockStep, Rung::Small, Rung::Plain];

    fn row(self) -> &'static Row {
        ROWS.iter().find(|row| row.rung == self).expect("every rung has a row, tested")
    }

    /// Its name in a list of hosts.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The step of that name.
    pub fn named(name: &str) -> Option<Rung> {
        ROWS.iter().find(|row| row.name == name).map(|row| row.rung)
    }

    /// Octets of its blocks.
    fn blksize(self, path: u16) -> u16 {
        match self.row().block {
            Block::OfPath => path,
            Block::Octets(n) => n,
        }
    }

    /// What it asks for, where `path` octets fit into one packet.
    pub(super) fn asks(self, wish: &TftpOptions, path: u16, holder: Holder) -> Asked {
        match wish.ladder {
            Ladder::Given => {
                let options = self != Rung::Plain;
                Asked {
                    blksize: wish.blksize.filter(|_| options),
                    windowsize: wish.windowsize.filter(|_| options),
                    options,
                }
            }
            Ladder::Best => {
                let (row, blksize) = (self.row(), self.blksize(path));
                let room = match holder {
                    Holder::Us(room) => room,
                    Holder::Peer => USUAL_ROOM,
                };
                let most = u16::try_from(WINDOW_OCTETS / u32::from(blksize)).unwrap_or(u16::MAX);
                let window = row.window.min(blocks_that_fit(room, blksize)).min(most.max(1));
                Asked {
                    blksize: Some(blksize).filter(|n| *n != 512),
                    windowsize: Some(window).filter(|n| *n > 1),
                    options: row.options,
                }
            }
        }
    }

    /// The next one to try.
    pub(super) fn down(self, why: Fall, ladder: Ladder, path: u16) -> Option<Rung> {
        let below = || Rung::ALL.into_iter().filter(move |rung| *rung > self);
        match (ladder, why) {
            // RFC 2347: a server that knows no options may answer with an error; then once without.
            (_, Fall::Refused(ErrorCode::Undefined | ErrorCode::IllegalOperation))
            | (Ladder::Given, Fall::Refused(_)) => below().next_back(),
            (Ladder::Given, Fall::BadOack | Fall::BlackHole) => None,
            // ERROR 8 is about options: fewer and smaller ones may do.
            (Ladder::Best, Fall::Refused(_) | Fall::BadOack) => {
                below().find(|rung| rung.blksize(path) <= self.blksize(path))
            }
            (Ladder::Best, Fall::BlackHole) => {
                below().find(|rung| rung.blksize(path) < self.blksize(path) && rung.row().options)
            }
        }
    }

    /// Whether a smaller block than this one's is left to try.
    pub(super) fn may_shrink(self, ladder: Ladder, path: u16) -> bool {
        self.down(Fall::BlackHole, ladder, path).is_some()
    }
}

/// The block that fits into one packet of `mtu` octets.
pub(super) fn block_of_path(mtu: Option<u32>, peer: SocketAddr) -> u16 {
    // IPv4 20 or IPv6 40, UDP 8, TFTP 4.
    let headers = if peer.is_ipv4() { 32 } else { 52 };
    // Ethernet's, where the system does not tell.
    let block = mtu.unwrap_or(1_500).saturating_sub(headers);
    u16::try_from(block).unwrap_or(u16::MAX).clamp(512, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Holder = Holder::Us(425_984);

    fn best() -> TftpOptions {
        TftpOptions::best()
    }

    #[test]
    fn every_rung_has_its_row_and_name() {
        for (rung, row) in Rung::ALL.into_iter().zip(&ROWS) {
            assert_eq!(rung, row.rung);
            assert_eq!(Rung::named(rung.name()), Some(rung));
        }
        assert!(Rung::ALL.is_sorted());
    }

    #[test]
    fn the_first_offer_follows_the_path_and_our_buffer() {
        let v4 = SocketAddr::from(([10, 0, 0, 1], 69));
        let v6 = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 69));
        let ask = |mtu, peer, holder| {
            let path = block_of_path(Some(mtu), peer);
            let asked = Rung::Path.asks(&best(), path, holder);
            (asked.blksize.unwrap_or(512), asked.windowsize.unwrap_or(1))
        };
        assert_eq!(ask(1_500, v4, OURS), (1_468, 64));
        assert_eq!(ask(1_500, v6, OURS), (1_448, 64));
        assert_eq!(ask(1_500, v4, Holder::Peer), (1_468, 64), "what the usual buffer holds");
        assert_eq!(ask(1_500, v4, Holder::Us(20_000)), (1_468, 6), "a small buffer");
        assert_eq!(ask(9_000, v4, Holder::Us(8 << 20)), (8_968, 58));
        assert_eq!(ask(65_536, v4, Holder::Us(8 << 20)), (32_000, 16));
        assert_eq!(ask(65_536, v4, OURS), (32_000, 8));
        assert_eq!(ask(65_536, v4, Holder::Peer), (32_000, 4));
        assert_eq!(ask(576, v4, OURS), (544, 64));
        assert_eq!(block_of_path(None, v4), 1_468);
    }

    #[test]
    fn each_way_of_failing_leads_down_to_what_may_cure_it() {
        let walk = |why, path| {
            let mut seen = vec![];
            let mut at = Some(Rung::Path);
            while let Some(rung) = at {
                seen.push(rung.name());
                at = rung.down(why, Ladder::Best, path);
            }
            seen
        };
        let refused = |code| Fall::Refused(code);
        let all = ["path", "large", "tunnel", "lock-step", "small", "plain"];
        assert_eq!(walk(refused(ErrorCode::OptionRefused), 32_000), all);
        assert_eq!(walk(Fall::BadOack, 1_468), ["path", "tunnel", "lock-step", "small", "plain"]);
        assert_eq!(walk(refused(ErrorCode::Undefined), 1_468), ["path", "plain"]);
        assert_eq!(walk(Fall::BlackHole, 32_000), ["path", "large", "tunnel", "small"]);
        assert_eq!(walk(Fall::BlackHole, 1_468), ["path", "tunnel", "small"]);
        assert_eq!(walk(Fall::BlackHole, 1_000), ["path", "small"], "never to larger blocks");
        assert!(!Rung::Small.may_shrink(Ladder::Best, 1_468));
    }

    #[test]
    fn what_was_given_is_offered_as_it_is_and_then_left_out() {
        let given = TftpOptions { blksize: Some(700), windowsize: Some(3), ..TftpOptions::default() };
        let asked = Rung::Path.asks(&given, 32_000, Holder::Peer);
        assert_eq!((asked.blksize, asked.windowsize, asked.options), (Some(700), Some(3), true));
        let next = Rung::Path.down(Fall::Refused(ErrorCode::OptionRefused), Ladder::Given, 32_000);
        assert_eq!(next, Some(Rung::Plain));
        let asked = Rung::Plain.asks(&given, 32_000, Holder::Peer);
        assert_eq!((asked.blksize, asked.windowsize, asked.options), (None, None, false));
        assert_eq!(Rung::Plain.down(Fall::Refused(ErrorCode::OptionRefused), Ladder::Given, 512), None);
        assert!(!Rung::Path.may_shrink(Ladder::Given, 32_000));
    }
}
