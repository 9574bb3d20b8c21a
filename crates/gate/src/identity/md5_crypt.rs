//! md5-crypt: `$1$` of crypt(3) (Poul-Henning Kamp, FreeBSD 1994) and its Apache twin `$apr1$`.
//!
//! Ours, for no kept-up crate has it over the MD5 we link already. It is for reading old files only: nothing here makes
//! such a hash.

use md5::{Digest, Md5};

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Longest salt that counts.
pub(super) const SALT: usize = 8;
/// Characters of the hash.
pub(super) const LEN: usize = 22;

/// Which of the two: they differ in the word that is hashed along.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Magic {
    Crypt,
    Apache,
}

impl Magic {
    pub(super) fn text(self) -> &'static str {
        match self {
            Magic::Crypt => "$1$",
            Magic::Apache => "$apr1$",
        }
    }
}

/// The 22 characters behind the last `$`.
pub(super) fn hash(magic: Magic, password: &[u8], salt: &[u8]) -> [u8; LEN] {
    let inner: [u8; 16] =
        Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize().into();
    let mut outer = Md5::new().chain_update(password).chain_update(magic.text()).chain_update(salt);
    for chunk in password.chunks(16) {
        outer.update(&inner[..chunk.len()]);
    }
    let mut bits = password.len();
    while bits != 0 {
        // The original's slip, kept for ever: where a bit is set it hashes a zero, else the first octet.
        outer.update([if bits & 1 == 1 { 0 } else { password[0] }]);
        bits >>= 1;
    }
    let mut state: [u8; 16] = outer.finalize().into();
    for round in 0..1_000 {
        let mut md5 = Md5::new();
        let odd = round % 2 == 1;
        md5.update(if odd { password } else { &state });
        if round % 3 != 0 {
            md5.update(salt);
        }
        if round % 7 != 0 {
            md5.update(password);
        }
        md5.update(if odd { &state } else { password });
        state = md5.finalize().into();
    }
    printed(&state)
}

/// The order in which the original takes the octets, three at a time.
fn printed(state: &[u8; 16]) -> [u8; LEN] {
    let groups = [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)];
    let three = groups.map(|(a, b, c)| [state[a], state[b], state[c]]);
    let mut out = [0; LEN];
    for (four, [a, b, c]) in out.chunks_mut(4).zip(three) {
        print_bits(u32::from(a) << 16 | u32::from(b) << 8 | u32::from(c), four);
    }
    // One octet is left.
    print_bits(u32::from(state[11]), &mut out[20..]);
    out
}

/// Six bits a character, the lowest first.
fn print_bits(mut bits: u32, into: &mut [u8]) {
    for character in into {
        *character = ALPHABET[(bits & 63) as usize];
        bits >>= 6;
    }
}
