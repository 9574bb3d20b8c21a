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

/// The image that a boot line names has to come over the network, and no image of flash is there to fetch it: as a 3640
/// says it.
pub fn no_helper(flash: &str, what: &str) -> String {
    format!(
        "boot: cannot open \"{flash}\"
an alternate boot helper program is not specified
(monitor variable \"BOOTLDR\" is not set)
and unable to determine first file in bootflash
loadprog: error - on file open
boot: cannot load \"{what}\"
"
    )
}

/// The first line of `dir flash:`.
pub const DIR: &str = "         File size           Checksum   File name\n";

/// One of its files.
pub fn dir_row(size: u64, sum: u16, name: &str) -> String {
    format!("  {size:>8} bytes (0x{size:x})   0x{sum:x}    {name}\n")
}

/// `xmodem` without a file. Not confirmed on a device; the letters are.
pub const XMODEM_USAGE: &str = "usage: xmodem [-cyrx] <destination filename>
  -c: crc-16
  -y: ymodem-batch protocol
  -r: copy image to dram for launch
  -x: do not launch on download completion
";

/// Its first line.
pub const XMODEM_WAIT: &str = "Do not start the sending program yet...\n";

/// Behind the files that are there; Enter is no.
pub fn xmodem_warning(flash: &str) -> String {
    format!(
        "\nWARNING: All existing data in {flash} will be lost!
Invoke this application only for disaster recovery.
Do you wish to continue? y/n  [n]:  "
    )
}

/// The sending program may be started.
pub fn ready(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("Ready to receive file {name} ...\n"),
        None => "Ready to receive file ...\n".into(),
    }
}

/// A file of so many octets was written into a flash of `total`.
pub fn written(total: u64, octets: u64) -> String {
    const BASE: u64 = 0x3000_0000;
    format!(
        "Erasing flash at 0x{:x}\nprogram flash location 0x{:x}\n",
        BASE + total.saturating_sub(super::flash_class::SECTOR),
        BASE + (octets & !0xffff)
    )
}

/// The file is here.
pub const DOWNLOADED: &str = "Download Complete!\n";

/// It is larger than flash.
pub const TOO_LARGE: &str = "ERR:Image size exceeds free flash space\n";

/// Nobody sends, or no longer. Not confirmed on a device, as the two that follow.
pub const NOBODY: &str = "Download aborted: timed out\n";
/// The sender gave up, or a break was sent.
pub const ABORTED: &str = "Download aborted\n";
/// Blocks came wrong.
pub const ERRORS: &str = "Download aborted: too many errors\n";

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
