//! `squeeze`, `undelete`, `erase`, `format` and `fsck` of a flash, and the checksum of a low-end file system.

use super::copy::Reason;
use alloc::format;
use alloc::string::String;

/// Octets of flash that one `e` stands for.
pub const SECTOR: u64 = 262_144;

/// What `squeeze` asks, the last of them first to go where a flash asks once; `[confirm]` follows each.
pub const SQUEEZE: [&str; 2] =
    ["All deleted files will be removed. Continue? ", "Squeeze operation may take a while. Continue? "];

/// A low-end file system was squeezed.
pub const SQUEEZED_LOW_END: &str =
    "squeeze in progress...\nRebuild file system directory...\nSqueeze complete\n";

/// A linear flash was squeezed.
pub fn squeezed(prefix: &str) -> String {
    format!("\nSqueeze of {} complete\n", bare(prefix))
}

/// Behind `Accessing …`; `[confirm]` follows.
pub fn erase_before_copying(prefix: &str) -> String {
    format!("Erase {prefix} before copying? ")
}

/// Then, and of `erase`; `[confirm]` follows.
pub fn erase(prefix: &str) -> String {
    format!("Erasing the {} filesystem will remove all files! Continue? ", bare(prefix))
}

/// An `e` for each [`SECTOR`] follows.
pub const ERASING: &str = "Erasing device... ";

/// Behind the last `e`.
pub fn erased(prefix: &str) -> String {
    format!(" ...erased\nErase of {prefix} complete\n")
}

/// Behind the blank line under `[OK - …]`, of a flash that keeps a sum with each file.
pub fn checksum(sum: u16) -> String {
    format!("Verifying checksum...  OK (0x{sum:04X})\n")
}

/// What `verify` says of a file whose sum is right.
pub fn verified(path: &str) -> String {
    format!("Verified {path}\n")
}

/// What it says of one whose sum is not. Not confirmed on a device.
pub fn not_verified(path: &str) -> String {
    format!("%Error verifying {path} (Bad checksum)\n")
}

/// What `format` asks; `[confirm]` follows each.
pub fn format_questions(prefix: &str) -> [String; 2] {
    [
        "Format operation may take a while. Continue? ".into(),
        format!("Format operation will destroy all data in \"{prefix}\".  Continue? "),
    ]
}

/// A disk of so many octets was formatted.
pub fn formatted_disk(prefix: &str, total: u64) -> String {
    let sectors = total / 512;
    format!(
        "Format: Drive communication & 1st Sector Write OK...
Writing Monlib sectors.
{}
Monlib write complete 
..
Format: All system sectors written. OK...

Format: Total sectors in formatted partition: {sectors}
Format: Total bytes in formatted partition: {}
Format: Operation completed successfully.

Format of {} complete
",
        ".".repeat(121),
        sectors * 512,
        bare(prefix)
    )
}

/// A linear flash was formatted. Only the last line is confirmed, on disks.
pub fn formatted(prefix: &str) -> String {
    format!("Format of {} complete\n", bare(prefix))
}

/// Before `[confirm]` of `fsck`. Not confirmed on a device, as the line that follows.
pub const FSCK: &str = "Fsck operation may take a while. Continue? ";

/// Nothing was wrong.
pub fn checked(prefix: &str) -> String {
    format!("Fsck of {prefix} complete\n")
}

/// `%Error undeleting flash:2 (No such file or directory)`: not confirmed on a device.
pub fn undelete_error(prefix: &str, number: u64, reason: Reason) -> String {
    format!("%Error undeleting {prefix}{number} ({reason})\n")
}

fn bare(prefix: &str) -> &str {
    prefix.trim_end_matches(':')
}

/// The 16-bit sum that a low-end file system keeps with each file: octets are fed in their order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sum {
    sum: u32,
    /// The first octet of a word, whose second is still to come.
    half: Option<u8>,
}

impl Sum {
    /// Takes the next octets.
    pub fn feed(&mut self, octets: &[u8]) {
        for octet in octets {
            match self.half.take() {
                None => self.half = Some(*octet),
                Some(high) => self.add(u16::from_be_bytes([high, *octet])),
            }
        }
    }

    fn add(&mut self, word: u16) {
        self.sum += u32::from(word);
        self.sum = (self.sum & 0xffff) + (self.sum >> 16);
    }

    /// The sum of all of them: in ones' complement, as IP has it.
    pub fn value(mut self) -> u16 {
        if let Some(high) = self.half.take() {
            self.add(u16::from_be_bytes([high, 0]));
        }
        !u16::try_from(self.sum & 0xffff).unwrap_or(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_c3640_erases_before_it_copies() {
        let mut console = erase_before_copying("flash:");
        console += "[confirm]\n";
        console += &erase("flash:");
        console += "[confirm]\n";
        console += ERASING;
        console += "eee";
        console += &erased("flash:");
        assert_eq!(
            console,
            "Erase flash: before copying? [confirm]
Erasing the flash filesystem will remove all files! Continue? [confirm]
Erasing device... eee ...erased
Erase of flash: complete
"
        );
        assert_eq!(checksum(0x266e), "Verifying checksum...  OK (0x266E)\n");
        assert_eq!(squeezed("bootflash:"), "\nSqueeze of bootflash complete\n");
    }

    /// RFC 1071 §3: the sum of 00 01 f2 03 f4 f5 f6 f7 is ddf2.
    #[test]
    fn the_sum_is_the_one_of_ip_however_the_octets_come() {
        let octets = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        for at in 0..=octets.len() {
            let mut sum = Sum::default();
            sum.feed(&octets[..at]);
            sum.feed(&octets[at..]);
            assert_eq!(sum.value(), !0xddf2, "cut at {at}");
        }
        assert_eq!(Sum::default().value(), 0xffff);
    }

    #[test]
    fn a_disk_is_formatted() {
        let text = formatted_disk("flash:", 67_026_432);
        assert!(text.contains("Format: Total sectors in formatted partition: 130911\n"), "{text}");
        assert!(text.ends_with("\n\nFormat of flash complete\n"), "{text}");
    }
}
