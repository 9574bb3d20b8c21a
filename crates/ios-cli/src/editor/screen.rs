//! What stands behind the prompt, and the fewest octets that change it.

use alloc::vec::Vec;

/// Columns that a line moves by when the cursor meets the margin (configuration guide: "shifts ten
/// spaces to the left").
const SHIFT: usize = 10;

/// The visible part of a line.
#[derive(Clone, Debug)]
pub(super) struct Screen {
    pub(super) width: usize,
    /// Columns behind the prompt; `usize::MAX` without a limit.
    room: usize,
    /// The first octet of the line that is visible.
    offset: usize,
    shown: Vec<u8>,
    at: usize,
}

impl Screen {
    pub(super) fn new(width: usize) -> Screen {
        Screen { width, room: usize::MAX, offset: 0, shown: Vec::new(), at: 0 }
    }

    /// A prompt of that many columns has just been printed.
    pub(super) fn start(&mut self, prompt: usize) {
        // One column stays free: a terminal that wraps there would move the line.
        self.room = match self.width {
            0 => usize::MAX,
            width => width.saturating_sub(prompt + 1).max(SHIFT + 2),
        };
        self.offset = 0;
        self.shown.clear();
        self.at = 0;
    }

    /// Makes the screen show `text` with the cursor before its octet `cursor`.
    pub(super) fn show(&mut self, text: &[u8], cursor: usize, out: &mut Vec<u8>) {
        if self.room != usize::MAX {
            while cursor - self.offset.min(cursor) >= self.room {
                self.offset += SHIFT;
            }
            // The first column of a shifted line is the `$`.
            while self.offset > 0 && cursor <= self.offset {
                self.offset = self.offset.saturating_sub(SHIFT);
            }
        }
        let end = text.len().min(self.offset.saturating_add(self.room));
        let mut frame = text[self.offset..end].to_vec();
        if self.offset > 0 {
            frame[0] = b'$';
        }
        if end < text.len()
            && let Some(last) = frame.last_mut()
        {
            *last = b'$';
        }
        let cursor = cursor - self.offset;
        let same = frame.iter().zip(&self.shown).take_while(|(a, b)| a == b).count();
        let changed = same < frame.len() || same < self.shown.len();
        if changed {
            self.move_to(same.min(self.at.max(same)), &frame, out);
            out.extend_from_slice(&frame[same..]);
            let stale = self.shown.len().saturating_sub(frame.len());
            out.extend(core::iter::repeat_n(b' ', stale));
            self.at = frame.len() + stale;
        }
        self.move_to(cursor, &frame, out);
        self.shown = frame;
    }

    /// Moves the cursor over `frame`, whose octets up to the target stand on the screen.
    fn move_to(&mut self, target: usize, frame: &[u8], out: &mut Vec<u8>) {
        if target < self.at {
            out.extend(core::iter::repeat_n(0x08, self.at - target));
        } else {
            out.extend_from_slice(&frame[self.at..target]);
        }
        self.at = target;
    }
}
