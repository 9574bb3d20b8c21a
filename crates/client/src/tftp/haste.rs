//! How long to look again before sleeping.

/// The most looks: a few ten microseconds, in which a window's rest arrives over a local network.
const MOST: u32 = 64;

/// Learns whether what is awaited comes while we give the processor away for a moment.
///
/// It doubles the looks while they find something and halves them when they do not: beside a slow peer one look
/// is left, beside a quick one nobody sleeps in the middle of a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Haste {
    /// Looks that may find nothing.
    most: u32,
    /// Looks since something came.
    looked: u32,
}

impl Default for Haste {
    fn default() -> Self {
        Haste { most: MOST / 4, looked: 0 }
    }
}

impl Haste {
    /// Something came.
    pub(super) fn came(&mut self) {
        if self.looked > 0 {
            self.most = (self.most * 2).min(MOST);
        }
        self.looked = 0;
    }

    /// Nothing is there. Whether to look once more.
    pub(super) fn stays(&mut self) -> bool {
        let stays = self.looked < self.most;
        if stays {
            self.looked += 1;
        } else {
            self.most = (self.most / 2).max(1);
            self.looked = 0;
        }
        stays
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks that find nothing until it is time to sleep.
    fn looks(haste: &mut Haste) -> u32 {
        (0..).take_while(|_| haste.stays()).count() as u32
    }

    #[test]
    fn looks_that_find_something_grow_and_others_go_away() {
        let mut haste = Haste::default();
        let in_vain: Vec<u32> = (0..6).map(|_| looks(&mut haste)).collect();
        assert_eq!(in_vain, [16, 8, 4, 2, 1, 1]);
        // Woken, and it was there at once: says nothing.
        haste.came();
        assert_eq!(looks(&mut haste), 1);
        for _ in 0..10 {
            assert!(haste.stays());
            haste.came();
        }
        assert_eq!(looks(&mut haste), MOST);
    }
}
