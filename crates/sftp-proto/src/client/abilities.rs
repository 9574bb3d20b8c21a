//! What a server says that it can do.

use crate::figures::Limits;
use alloc::vec::Vec;

/// What every server takes (draft §3): a packet of 34,000 octets, of which 32 KiB are a file's.
const ANYBODYS: u32 = 32 << 10;
/// The most that is asked for or sent at once: OpenSSH's own bound, a packet less 1 KiB for its head.
const MOST: u32 = 255 << 10;
/// What a WRITE has besides its octets: type, id, handle with its length, offset, length.
const WRITE_HEAD: u64 = 1 + 4 + 4 + crate::LONGEST_HANDLE as u64 + 8 + 4;

/// A server's version, extensions and limits.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Abilities {
    /// The version that it answered with.
    pub version: u32,
    /// Extensions as VERSION named them: names and data.
    pub extensions: Vec<(Vec<u8>, Vec<u8>)>,
    /// What `limits@openssh.com` told; zeros where it is not known.
    pub limits: Limits,
}

impl Abilities {
    /// Whether VERSION named this extension.
    pub fn has(&self, name: &str) -> bool {
        self.extensions.iter().any(|(has, _)| has == name.as_bytes())
    }

    /// Octets that a READ asks for.
    pub fn read_chunk(&self) -> u32 {
        chunk(self.limits.read, self.limits.packet.saturating_sub(9))
    }

    /// Octets that a WRITE carries.
    pub fn write_chunk(&self) -> u32 {
        chunk(self.limits.write, self.limits.packet.saturating_sub(WRITE_HEAD))
    }
}

/// By what was told of the octets and of what a packet holds besides its head; 0: not told.
fn chunk(octets: u64, packet: u64) -> u32 {
    let told = [octets, packet].into_iter().filter(|&told| told > 0).min();
    told.map_or(ANYBODYS, |told| u32::try_from(told).unwrap_or(u32::MAX).min(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_as_large_as_the_server_takes() {
        for (packet, octets, read, write) in [
            (0, 0, 32 << 10, 32 << 10),
            (262_144, 261_120, 261_120, 261_120),
            (34_000, 32_768, 32_768, 32_768),
            (34_000, 0, 33_991, 33_723),
            (u64::MAX, u64::MAX, 255 << 10, 255 << 10),
            (0, 1, 1, 1),
        ] {
            let limits = Limits { packet, read: octets, write: octets, handles: 0 };
            let abilities = Abilities { limits, ..Abilities::default() };
            assert_eq!((abilities.read_chunk(), abilities.write_chunk()), (read, write), "{limits:?}");
        }
    }
}
