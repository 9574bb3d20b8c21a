//! The largest block that paths take in one piece, for a moment.
//!
//! A client asks for a dozen small files in a row, a rack of them for the same one: what the system knows of the way
//! to them is asked once for each and 10 seconds. A path that gets narrower meanwhile costs fragments, nothing else.

use clock::{Duration, Instant};
use std::collections::HashMap;
use std::net::IpAddr;

const HOLDS: Duration = Duration::from_secs(10);
/// Paths that are remembered; one more forgets them all.
const MOST: usize = 1_024;

/// By our address and the peer's.
#[derive(Default)]
pub(super) struct Paths(HashMap<(IpAddr, IpAddr), (Instant, u16)>);

impl Paths {
    /// The largest block from `from` to `peer`; `ask` asks the system, where that is not known.
    pub(super) fn block(
        &mut self,
        now: Instant,
        from: IpAddr,
        peer: IpAddr,
        ask: impl FnOnce() -> Option<u16>,
    ) -> Option<u16> {
        let known = self.0.get(&(from, peer)).filter(|(at, _)| now.since(*at) < HOLDS);
        if let Some((_, block)) = known {
            return Some(*block);
        }
        let block = ask()?;
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert((from, peer), (now, block));
        Some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn the_system_is_asked_once_for_each_path_and_ten_seconds() {
        let (mut paths, mut asked) = (Paths::default(), 0);
        let ip = |n: u32| IpAddr::from(Ipv4Addr::from_bits(n));
        let mut block = |now: u64, from: u32, peer: u32, answer: Option<u16>| {
            let now = Instant::from_nanos(now * 1_000_000_000);
            let block = paths.block(now, ip(from), ip(peer), || {
                asked += 1;
                answer
            });
            (block, asked)
        };
        assert_eq!(block(0, 1, 2, None), (None, 1));
        assert_eq!(block(0, 1, 2, Some(1_468)), (Some(1_468), 2), "what is not known is asked again");
        assert_eq!(block(9, 1, 2, Some(1_360)), (Some(1_468), 2));
        assert_eq!(block(9, 3, 2, Some(8_000)), (Some(8_000), 3), "another interface of ours");
        assert_eq!(block(10, 1, 2, Some(1_360)), (Some(1_360), 4));
        for peer in 0..3 * MOST as u32 {
            block(10, 1, peer, Some(512));
        }
        assert!(paths.0.len() <= MOST);
    }
}
