//! How long to look again before sleeping.

/// The most looks that are worth it: a few ten microseconds, in which a window's rest arrives over a local
/// network.
pub const MOST_LOOKS: u32 = 64;
/// Waits that are gone into at once after looking was in vain to the last.
const REST: u32 = 32;

/// Learns whether what is awaited comes while we give the processor away for a moment.
///
/// It doubles the looks while they find something and halves them when they do not: beside a slow peer it
/// sleeps at once but for a try now and then, beside a quick one nobody sleeps in the middle of a window.
#[derive(Clone, Copy, Debug)]
pub struct Haste {
    cap: u32,
    /// Looks that may find nothing.
    most: u32,
    /// Looks since something came.
    looked: u32,
    /// Waits until it is tried again.
    rest: u32,
}

impl Haste {
    /// With at most so many looks; begins with a quarter of them.
    pub fn up_to(cap: u32) -> Haste {
        Haste { cap, most: (cap / 4).max(1), looked: 0, rest: 0 }
    }

    /// The same, but begins with all of them: where looks pay only if there are enough.
    pub fn eager(cap: u32) -> Haste {
        Haste { most: cap.max(1), ..Haste::up_to(cap) }
    }

    /// Something came.
    pub fn came(&mut self) {
        if self.looked > 0 {
            self.most = (self.most * 2).min(self.cap);
        }
        self.looked = 0;
    }

    /// Whether to look at all before the next sleep; to ask the system is a look.
    pub fn begins(&mut self) -> bool {
        if self.rest > 0 {
            self.rest -= 1;
            return false;
        }
        self.looked = 1;
        true
    }

    /// Nothing is there. Whether to look once more.
    pub fn stays(&mut self) -> bool {
        if self.rest > 0 {
            self.rest -= 1;
            return false;
        }
        let stays = self.looked < self.most;
        if stays {
            self.looked += 1;
        } else {
            self.most /= 2;
            if self.most == 0 {
                (self.most, self.rest) = (1, REST);
            }
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
        let mut haste = Haste::up_to(MOST_LOOKS);
        let in_vain: Vec<u32> = (0..6).map(|_| looks(&mut haste)).collect();
        assert_eq!(in_vain, [16, 8, 4, 2, 1, 0]);
        assert_eq!((0..REST - 1).filter(|_| haste.begins()).count(), 0, "it rests");
        // Woken, and it was there at once: says nothing.
        haste.came();
        assert_eq!(looks(&mut haste), 1);
        haste.rest = 0;
        for _ in 0..10 {
            assert!(haste.begins());
            haste.came();
        }
        assert_eq!(looks(&mut haste), MOST_LOOKS);
    }

    #[test]
    fn one_look_is_given_up_and_tried_again() {
        let mut haste = Haste::up_to(1);
        let tries: Vec<bool> = (0..2 * REST + 2)
            .map(|_| {
                let tried = haste.begins();
                if tried {
                    assert!(!haste.stays());
                }
                tried
            })
            .collect();
        assert_eq!(tries.iter().filter(|t| **t).count(), 2);
        haste.rest = 0;
        for _ in 0..5 {
            assert!(haste.begins(), "what finds something goes on");
            haste.came();
        }
    }
}
