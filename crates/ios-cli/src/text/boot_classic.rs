//! The console of a router of before the ISRs while it boots: a 3600's, whose first lines stand in its profile.

use alloc::format;
use alloc::string::String;

/// Where a 3600's images begin to run.
const ENTRY: &str = "entry point: 0x80008000";

/// From the image's first octet to the line of `#`.
pub fn load(octets: u64) -> String {
    format!("program load complete, {ENTRY}, size: 0x{octets:x}\nSelf decompressing the image : ")
}

/// No file of flash is an image, or there is none. Flash is all that this boot loader reads.
pub fn none(flash: &str) -> String {
    format!("boot: cannot determine first file name on device \"{flash}\"\n")
}

/// The first line of `dir flash:`.
pub const DIR: &str = "         File size           Checksum   File name\n";

/// One of its files.
pub fn dir_row(size: u64, sum: u16, name: &str) -> String {
    format!("  {size:>8} bytes (0x{size:x})   0x{sum:x}    {name}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_its_directory() {
        assert_eq!(
            dir_row(7_533_388, 0xa403, "c831-k9o3y6-mz.124-16.bin"),
            "   7533388 bytes (0x72f34c)   0xa403    c831-k9o3y6-mz.124-16.bin\n"
        );
    }
}
