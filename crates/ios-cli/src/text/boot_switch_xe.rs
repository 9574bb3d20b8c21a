//! The console of a Catalyst with IOS-XE while it boots.

use alloc::format;
use alloc::string::String;

/// The boot loader's greeting: its version, the model, its memory, why it starts.
pub fn bootstrap(version: &str, model: &str, memory_kib: u32, power_on: bool) -> String {
    let cause = if power_on { "PowerOn" } else { "SoftwareReload" };
    format!(
        "

Initializing Hardware......

System Bootstrap, Version {version}, RELEASE SOFTWARE (P)

Current ROMMON image : Primary
Last reset cause     : {cause}
{model} platform with {memory_kib} Kbytes of main memory

"
    )
}

/// `packages.conf` of `flash:/packages.conf`.
fn file(shown: &str) -> &str {
    shown.split_once(':').map_or(shown, |(_, file)| file)
}

/// Before each file that is tried; the marks follow.
pub fn attempting(shown: &str) -> String {
    format!("boot: attempting to boot from [{shown}]\nboot: reading file {}\n", file(shown))
}

/// Behind [`attempting`] where `what`, the file itself or a package that it names, is not there or does not boot; `why` is
/// `Not Found`.
pub fn failed(shown: &str, what: &str, why: &str) -> String {
    format!(
        "boot: failed to load flash:/user/{}\n\nERROR: failed to boot from {shown} ({why})\n\n",
        what.trim_start_matches('/')
    )
}

/// Why a file that is there does not boot. Not confirmed on a device, as the two below.
pub const LOAD_ERROR: &str = "Load Error";
/// It is not what its signature says.
pub const SECURITY_VIOLATION: &str = "Security Violation";
/// It is for another model.
pub const UNSUPPORTED: &str = "Unsupported";
/// It is not there.
pub const NOT_FOUND: &str = "Not Found";

/// Nothing of the BOOT variable boots; the prompt follows. The second line is not confirmed on a device.
pub const EXHAUSTED: &str = "
WARNING: Bootable URL's in BOOT variable not found or exhausted.
Please check the BOOT variable.

";

/// Behind the marks.
pub const LOADED: &str = "\n\n\nBoth links down, not waiting for other switches\nSwitch number is 1\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_does_not_boot_as_a_9200l_says_it() {
        let shown = "flash:/cat9k_iosxe.17.15.01.SPA.bin";
        assert_eq!(
            attempting(shown) + &failed(shown, file(shown), NOT_FOUND),
            "boot: attempting to boot from [flash:/cat9k_iosxe.17.15.01.SPA.bin]
boot: reading file /cat9k_iosxe.17.15.01.SPA.bin
boot: failed to load flash:/user/cat9k_iosxe.17.15.01.SPA.bin

ERROR: failed to boot from flash:/cat9k_iosxe.17.15.01.SPA.bin (Not Found)

"
        );
        let greeting = bootstrap("17.6.1r[FC2]", "C9300-24P", 8_388_608, false);
        assert!(
            greeting
                .contains("Last reset cause     : SoftwareReload\nC9300-24P platform with 8388608 Kbytes")
        );
    }
}
