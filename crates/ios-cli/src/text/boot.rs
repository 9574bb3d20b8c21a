//! The console while an ISR G2 boots; `reload`; the setup dialog. What an image that does not boot says is
//! the boot loader's own: it stands with its decision, in `device`.

use super::{boot_switch, version, xe};
use alloc::format;
use alloc::string::String;

/// The banner of a scheduled reload on every line: `SHUTDOWN in 0:05:00`, `NOW`, `ABORTED`.
pub fn shutdown(what: &str) -> String {
    format!("\n\n***\n*** --- SHUTDOWN {what} ---\n***\n\n")
}

/// The boot loader's greeting. Register 0x2102 and a good image lead on to [`load`].
pub fn bootstrap(rommon_version: &str, model: &str, memory_mb: u32) -> String {
    format!(
        "
System Bootstrap, Version {rommon_version}, RELEASE SOFTWARE (fc1)
Technical Support: http://www.cisco.com/techsupport
Copyright (c) 2010 by cisco Systems, Inc.

Total memory size = {memory_mb} MB - On-board = {memory_mb} MB, DIMM0 = 0 MB
{model} platform with {} Kbytes of main memory
Main memory is configured to 72/-1(On-board/DIMM0) bit mode with ECC disabled

Readonly ROMMON initialized
",
        u64::from(memory_mb) * 1024
    )
}

/// Octets of the loader inside an image, as every G2 prints them.
const LOADER: &str = "program load complete, entry point: 0x80803000, size: 0x1b340\n";

/// From the image's first octet to the line of `#`: [`Marks`](super::copy::Marks) and [`UNPACKED`] follow.
pub fn load(octets: u64) -> String {
    format!(
        "{LOADER}{LOADER}
IOS Image Load Test
___________________
Digitally Signed Release Software
program load complete, entry point: 0x81000000, size: 0x{octets:x}
Self decompressing the image : "
    )
}

/// Behind the `#`.
pub const UNPACKED: &str = " [OK]\n";

/// Between the unpacked image and the banner of [`banner`].
pub fn smart_init(memory_mb: u32) -> String {
    let percent = 36 * 100 / memory_mb.max(1);
    format!(
        "
Smart Init is enabled
smart init is sizing iomem
                 TYPE      MEMORY_REQ
    Onboard devices &
         buffer pools      0x022F6000
-----------------------------------------------
               TOTAL:      0x022F6000

Rounded IOMEM up to: 36Mb.
Using {percent} percent iomem. [36Mb/{memory_mb}Mb]
{LEGEND}"
    )
}

/// Before the banner of every IOS.
pub const LEGEND: &str = "
              Restricted Rights Legend

Use, duplication, or disclosure by the Government is
subject to restrictions as set forth in subparagraph
(c) of the Commercial Computer Software - Restricted
Rights clause at FAR sec. 52.227-19 and subparagraph
(c) (1) (ii) of the Rights in Technical Data and Computer
Software clause at DFARS sec. 252.227-7013.

           cisco Systems, Inc.
           170 West Tasman Drive
           San Jose, California 95134-1706


";

/// The running system's greeting: the same lines as `show version`.
pub fn banner(v: &version::Version) -> String {
    let inventory: String = v.inventory.iter().map(|l| format!("{l}\n")).collect();
    let (started, rest) = match &v.layout {
        version::Layout::IsrG2 | version::Layout::Ios12(_) => ("", String::new()),
        version::Layout::Catalyst(catalyst) => (boot_switch::STARTED, catalyst.render()),
        version::Layout::Xe(_) => return format!("{}\n\n{}", version::software(v), xe::banner(v)),
        version::Layout::XeSwitch(switch) => {
            return format!("{}\n\n{}\n{}", version::software(v), xe::banner(v), switch.board());
        }
    };
    format!(
        "{}{started}\n\n{}{}Processor board ID {}\n{inventory}{rest}",
        version::software(v),
        version::export(v),
        version::hardware(v),
        v.board_id
    )
}

/// Behind [`banner`]; a key is then awaited.
pub const PRESS_RETURN: &str = "\n\nPress RETURN to get started!\n\n\n";

/// What a console says when nobody is logged in.
pub fn idle(host: &str) -> String {
    format!("\n\n\n\n\n\n{host} con0 is now available\n\n\n\n\n\nPress RETURN to get started.\n\n\n\n\n\n")
}

/// Before `[yes/no]: ` of `reload` with unsaved changes.
pub const MODIFIED: &str = "\nSystem configuration has been modified. Save?";

/// Before `[confirm]` of `reload`.
pub const PROCEED: &str = "Proceed with reload? ";

/// `%SYS-5-RELOAD`, by `console`, or `bob on vty0 (10.0.0.9)`.
pub fn reloading(by: &str) -> String {
    format!("%SYS-5-RELOAD: Reload requested by {by}. Reload Reason: Reload Command.")
}

/// Without a startup-config, or when the register says to ignore it.
pub const SETUP: &str = "
         --- System Configuration Dialog ---

";

/// Before `[yes/no]: ` of the setup dialog.
pub const ENTER_SETUP: &str = "Would you like to enter the initial configuration dialog?";

/// Before `[yes]: ` behind it.
pub const END_AUTOINSTALL: &str = "Would you like to terminate autoinstall?";

/// `%SYS-5-RESTART`, with the software's lines below it.
pub fn restarted(v: &version::Version) -> String {
    format!("%SYS-5-RESTART: System restarted --\n{}", version::software(v))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_and_the_words_of_a_boot() {
        let mut console = bootstrap("15.0(1r)M15", "CISCO2911/K9", 512);
        console += &load(0x3b_cd3d8);
        console += "####";
        console += UNPACKED;
        console += &smart_init(512);
        console += PRESS_RETURN;
        let mut rest = console.as_str();
        for line in [
            "System Bootstrap, Version 15.0(1r)M15, RELEASE SOFTWARE (fc1)\n",
            "CISCO2911/K9 platform with 524288 Kbytes of main memory\n",
            "Readonly ROMMON initialized\n",
            "program load complete, entry point: 0x80803000, size: 0x1b340\n",
            "Digitally Signed Release Software\n",
            "program load complete, entry point: 0x81000000, size: 0x3bcd3d8\n",
            "Self decompressing the image : #### [OK]\n",
            "Using 7 percent iomem. [36Mb/512Mb]\n",
            "Restricted Rights Legend\n",
            "\n\nPress RETURN to get started!\n",
        ] {
            let at =
                rest.find(line).unwrap_or_else(|| panic!("{line} is missing or out of order in\n{console}"));
            rest = &rest[at + line.len()..];
        }
    }
}
