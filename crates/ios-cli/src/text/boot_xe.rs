//! The console of an IOS-XE router while its ROMMON boots.

use alloc::format;
use alloc::string::String;

/// The boot loader's greeting: its version and years, why it starts, the model and its memory.
pub fn bootstrap(version: &str, model: &str, memory_kib: u32, power_on: bool) -> String {
    let cause = if power_on { "PowerOn" } else { "LocalSoft" };
    format!(
        "
Initializing Hardware ...
Checking for PCIe device presence...done
System integrity status: 0x610
Rom image verified correctly


System Bootstrap, Version {version}, RELEASE SOFTWARE
Copyright (c) 1994-2021 by cisco Systems, Inc.


Current image running: Boot ROM0
Last reset cause: {cause}
{model} platform with {memory_kib} Kbytes of main memory


........
"
    )
}

/// An image of the BOOT variable, or the one a person named, is there; the marks follow.
pub fn located(name: &str) -> String {
    format!("\nLocated {name}\n")
}

/// A file that is tried because nothing else boots: its size comes first; the marks follow.
pub fn found(name: &str, octets: u64) -> String {
    format!(
        "File size is 0x{octets:08x}\nLocated {name} \nImage size {octets} inode num 12, bks cnt {} blk size 8*512\n",
        octets.div_ceil(4_096)
    )
}

/// Behind the marks of an image that is sound.
pub fn validated(octets: u64) -> String {
    format!(
        "

Package header rev 3 structure detected
IsoSize = {octets}
Performing Integrity Check ...
Performing Signature Verification ...
RSA Signed RELEASE Image Signature Verification Successful
Image validated

"
    )
}

/// Behind the marks of a file that is no image.
pub fn unsigned(octets: u64) -> String {
    format!(
        "\nBoot image size = {octets} (0x{octets:x}) bytes\n\nUnsigned package found, aborting package loading...\n\nFailed to Free memory block at address 0x00000000ce5a5000\n"
    )
}

/// Behind the marks of an image of ours that is damaged. The last line is not confirmed on a device.
pub fn damaged(octets: u64) -> String {
    format!(
        "\n\nPackage header rev 3 structure detected\nIsoSize = {octets}\nPerforming Integrity Check ...\nPackage integrity check failed, aborting package loading...\n"
    )
}

/// Behind the marks of another model's image.
pub const FOREIGN: &str = "\n\nPackage header rev 3 structure detected\nValidating main package signatures\ninvalid RP package type 1000\n";

/// A file of the BOOT variable that is not there. Not confirmed on a device.
pub fn absent(name: &str) -> String {
    format!("\nboot: cannot find \"{name}\"\n")
}

/// None of the BOOT variable boots, or there is none: every file of the default device is tried.
pub const FINAL: &str = "\nno valid BOOT image found\nFinal autoboot attempt from default boot device...\n";

/// None of them boots either.
pub const FAILED: &str = "\nautoboot: boot failed, restarting...\n\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_located_as_an_asr_says_it() {
        assert_eq!(
            found("ios_core.p7b", 20_109) + &unsigned(20_109),
            "File size is 0x00004e8d
Located ios_core.p7b \nImage size 20109 inode num 12, bks cnt 5 blk size 8*512

Boot image size = 20109 (0x4e8d) bytes

Unsigned package found, aborting package loading...

Failed to Free memory block at address 0x00000000ce5a5000
"
        );
    }
}
