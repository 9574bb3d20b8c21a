/// Dice with a seed: the same throws each time.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// With this seed.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// The seed that `TOWLINE_SEED` gives, else this one; `fresh` is another each time. Printed.
    pub fn seed(usual: u64) -> u64 {
        let given = std::env::var("TOWLINE_SEED").ok();
        let fresh = || std::time::UNIX_EPOCH.elapsed().map_or(1, |d| d.as_nanos() as u64);
        let seed = match given.as_deref() {
            Some("fresh") => fresh(),
            Some(text) => text.parse().expect("TOWLINE_SEED is a number or fresh"),
            None => usual,
        };
        println!("TOWLINE_SEED={seed}");
        seed
    }

    fn throw(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Of 0 to `n`, without `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.throw() % n as u64) as usize
    }

    /// Once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of these.
    pub fn of<T: Clone>(&mut self, some: &[T]) -> T {
        some[self.below(some.len())].clone()
    }

    /// One of these, or none: once in `n` times.
    pub fn perhaps<T: Clone>(&mut self, n: usize, some: &[T]) -> Option<T> {
        self.once_in(n).then(|| self.of(some))
    }

    /// Up to `most` of these, in any order.
    pub fn some<T: Clone>(&mut self, most: usize, of: &[T]) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| self.of(of)).collect()
    }
}
