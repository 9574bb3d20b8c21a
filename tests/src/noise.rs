//! Random octets and choices from a printed seed.

use crate::content::{Content, Octets};
use std::io::Read;

/// A source of them; it does not end.
#[derive(Debug)]
pub struct Noise(Octets);

impl Noise {
    /// From a new seed, which is printed.
    ///
    /// # Panics
    /// When the system has no random octets.
    pub fn new() -> Noise {
        Noise(Content::random(u64::MAX).reader())
    }

    /// `n` of them.
    ///
    /// # Panics
    /// Never: it does not end.
    pub fn octets(&mut self, n: usize) -> Vec<u8> {
        let mut buffer = vec![0; n];
        self.0.read_exact(&mut buffer).expect("the noise does not end");
        buffer
    }

    /// A number below `n`, which is not 0.
    ///
    /// # Panics
    /// Never: it does not end.
    pub fn below(&mut self, n: usize) -> usize {
        let mut word = [0; 4];
        self.0.read_exact(&mut word).expect("the noise does not end");
        u32::from_le_bytes(word) as usize % n
    }

    /// One of these, which are some.
    pub fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

impl Default for Noise {
    fn default() -> Noise {
        Noise::new()
    }
}
