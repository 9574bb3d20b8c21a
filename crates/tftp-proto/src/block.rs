/// A block number as it is on the wire: 16 bits, big-endian.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BlockNo(pub u16);

/// What follows block 65535. No RFC says; most peers count to 0, some to 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Rollover {
    /// 65535, 0, 1 …
    #[default]
    Zero,
    /// 65535, 1, 2 …: 0 is only ever the number before the first block.
    One,
}

impl BlockNo {
    /// The number on the wire of the `block`-th block; blocks count from 1, and 0 is "none yet".
    pub const fn of(block: u64, rollover: Rollover) -> BlockNo {
        match rollover {
            Rollover::Zero => BlockNo((block & 0xffff) as u16),
            Rollover::One if block == 0 => BlockNo(0),
            Rollover::One => BlockNo(((block - 1) % 65_535 + 1) as u16),
        }
    }

    /// The block with this number that is nearest to `reference`; `None` if there is none at or above 0.
    ///
    /// For a receiver, who hears older blocks and later ones. Right while the distance is below 32,767 blocks
    /// either way, which the window keeps (a window of 65,535 blocks works as long as less than half of it is
    /// lost in one piece).
    pub fn near(self, reference: u64, rollover: Rollover) -> Option<u64> {
        let (period, same) = match rollover {
            Rollover::Zero => (65_536, BlockNo::of(reference, rollover).0),
            Rollover::One if self.0 == 0 => return Some(0),
            // From 0 the next block is 1: count from there.
            Rollover::One if reference == 0 => return Some(u64::from(self.0)),
            Rollover::One => (65_535, BlockNo::of(reference, rollover).0),
        };
        let ahead = (i64::from(self.0) - i64::from(same)).rem_euclid(period);
        if ahead <= period / 2 {
            reference.checked_add(ahead as u64)
        } else {
            reference.checked_sub((period - ahead) as u64)
        }
    }

    /// The first block at or behind `base` with this number (for [`Rollover::One`] and number 0, block 0).
    ///
    /// For a sender, who hears of no block in front of its window: right for every window of RFC 7440.
    pub fn from_base(self, base: u64, rollover: Rollover) -> u64 {
        let (period, same) = match rollover {
            Rollover::Zero => (65_536, BlockNo::of(base, rollover).0),
            Rollover::One if self.0 == 0 => return 0,
            Rollover::One if base == 0 => return u64::from(self.0),
            Rollover::One => (65_535, BlockNo::of(base, rollover).0),
        };
        let ahead = (i64::from(self.0) - i64::from(same)).rem_euclid(period);
        base.saturating_add(ahead.unsigned_abs())
    }

    /// As it is on the wire.
    pub const fn to_bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_17_rollover_to_zero_and_to_one() {
        assert_eq!(BlockNo::of(65_535, Rollover::Zero), BlockNo(65_535));
        assert_eq!(BlockNo::of(65_536, Rollover::Zero), BlockNo(0));
        assert_eq!(BlockNo::of(65_537, Rollover::Zero), BlockNo(1));
        assert_eq!(BlockNo::of(65_535, Rollover::One), BlockNo(65_535));
        assert_eq!(BlockNo::of(65_536, Rollover::One), BlockNo(1));
        assert_eq!(BlockNo::of(131_071, Rollover::One), BlockNo(1));
    }

    #[test]
    fn near_inverts_of_around_every_edge() {
        for rollover in [Rollover::Zero, Rollover::One] {
            for reference in [1u64, 2, 700, 65_534, 65_535, 65_536, 65_537, 131_070, 131_072, 1 << 40] {
                for distance in [0u64, 1, 2, 64, 30_000] {
                    for block in [reference + distance, reference.saturating_sub(distance).max(1)] {
                        let no = BlockNo::of(block, rollover);
                        assert_eq!(
                            no.near(reference, rollover),
                            Some(block),
                            "{rollover:?} {reference} {block}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn from_base_inverts_of_for_a_whole_window() {
        for (rollover, furthest) in [(Rollover::Zero, 65_535), (Rollover::One, 65_534)] {
            for base in [0u64, 1, 2, 700, 65_534, 65_535, 65_536, 131_070, 1 << 40] {
                for block in [base, base + 1, base + 64, base + 40_000, base + furthest] {
                    if block > 0 {
                        let no = BlockNo::of(block, rollover);
                        assert_eq!(no.from_base(base, rollover), block, "{rollover:?} {base}");
                    }
                }
            }
        }
        assert_eq!(BlockNo(0).from_base(9, Rollover::One), 0);
    }

    #[test]
    fn a_number_before_the_first_block_is_none() {
        assert_eq!(BlockNo(65_535).near(3, Rollover::Zero), None);
        assert_eq!(BlockNo(0).near(3, Rollover::Zero), Some(0));
        assert_eq!(BlockNo(0).near(9, Rollover::One), Some(0));
    }
}
