//! RSA keys that are drawn from a secret: the same secret and the same name, the same key.

use super::{BadKey, PrivateKey};
use hmac::{Hmac, KeyInit, Mac};
use russh::keys::ssh_key::private::{KeypairData, RsaKeypair};
use russh::keys::ssh_key::{self, rand_core};
use sha2::{Digest, Sha256};
use std::convert::Infallible;

/// Bits of such a key: what IOS is told to make.
const BITS: usize = 2_048;

impl PrivateKey {
    /// The key of `whose`, drawn from `secret` alone: who knows both has the key. Takes some tenths of a second.
    ///
    /// # Errors
    /// [`BadKey::Unreadable`]: the library makes none.
    pub fn rsa_of(secret: &[u8], whose: &str) -> Result<PrivateKey, BadKey> {
        let broken = |e: ssh_key::Error| BadKey::Unreadable(e.to_string());
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
        mac.update(b"towline host key\0");
        mac.update(whose.as_bytes());
        let mut drawn = Drawn { seed: mac.finalize().into_bytes().into(), count: 0, left: Vec::new() };
        let pair = KeypairData::from(RsaKeypair::random(&mut drawn, BITS).map_err(broken)?);
        ssh_key::PrivateKey::new(pair, "").map(PrivateKey).map_err(broken)
    }
}

/// SHA-256 of a seed and a counter, one block behind the other.
struct Drawn {
    seed: [u8; 32],
    count: u64,
    /// Octets of the last block, its first one last.
    left: Vec<u8>,
}

impl Drawn {
    fn octet(&mut self) -> u8 {
        loop {
            if let Some(octet) = self.left.pop() {
                return octet;
            }
            let block =
                Sha256::new().chain_update(self.seed).chain_update(self.count.to_be_bytes()).finalize();
            self.count += 1;
            self.left.extend(block.iter().rev());
        }
    }
}

impl rand_core::TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(std::array::from_fn(|_| self.octet())))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(std::array::from_fn(|_| self.octet())))
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        into.fill_with(|| self.octet());
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Drawn {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_again_and_each_name_has_its_own() {
        let print = |secret: &[u8], whose| {
            let key = PrivateKey::rsa_of(secret, whose).expect("made");
            assert_eq!(key.public().algorithm(), "ssh-rsa");
            key.public().fingerprint().to_owned()
        };
        let first = print(b"secret", "FTX1");
        assert_eq!(first, print(b"secret", "FTX1"));
        assert_ne!(first, print(b"secret", "FTX2"));
        assert_ne!(first, print(b"Secret", "FTX1"));
    }

    #[test]
    fn what_is_drawn_does_not_depend_on_how() {
        use rand_core::TryRng as _;
        let drawn = || Drawn { seed: [7; 32], count: 0, left: Vec::new() };
        let mut whole = [0; 80];
        let Ok(()) = drawn().try_fill_bytes(&mut whole);
        let mut pieces = drawn();
        let Ok(first) = pieces.try_next_u64();
        assert_eq!(first.to_le_bytes(), whole[..8]);
        let Ok(next) = pieces.try_next_u32();
        assert_eq!(next.to_le_bytes(), whole[8..12]);
        let mut rest = [0; 68];
        let Ok(()) = pieces.try_fill_bytes(&mut rest);
        assert_eq!(rest, whole[12..]);
        assert_ne!(whole[..32], whole[32..64]);
    }
}
