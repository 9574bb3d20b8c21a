//! The console of a Catalyst with classic IOS: its boot loader, what it prints while booting, `switch:`.

use alloc::format;
use alloc::string::String;

/// The prompt of the boot loader.
pub const PROMPT: &str = "switch: ";

/// The boot loader's greeting, with the switch's own address as it prints that: `cc:44:33:ff:99:00`.
pub fn greeting(mac: &str) -> String {
    format!(
        "\nUSB EHCI 1.00\nBase ethernet MAC Address: {mac}\nXmodem file system is available.\nThe password-recovery mechanism is enabled.\n"
    )
}

/// What `flash_init` and booting print of flash: files, directories, octets in all and used.
pub fn initialized(files: usize, directories: usize, total: u64, used: u64) -> String {
    format!(
        "Initializing Flash...
flashfs[0]: {files} files, {directories} directories
flashfs[0]: 0 orphaned files, 0 orphaned directories
flashfs[0]: Total bytes: {total}
flashfs[0]: Bytes used: {used}
flashfs[0]: Bytes available: {}
flashfs[0]: flashfs fsck took 6 seconds.
...done Initializing Flash.
",
        total.saturating_sub(used)
    )
}

/// Somebody held the Mode button, or sent a break where that is enabled.
pub const INTERRUPTED: &str = "
The system has been interrupted prior to initializing the
flash filesystem.  The following commands will initialize
the flash filesystem, and finish loading the operating
system software:

    flash_init
    boot


";

/// `boot manual` is set. Not confirmed on a device: the words of the other reasons are.
pub const MANUAL: &str = "
The system is not configured to boot automatically.  The
following command will finish loading the operating system
software:

    boot


";

/// Before each image that is tried.
pub fn loading(file: &str) -> String {
    format!("Loading \"{file}\"...")
}

/// Behind [`loading`] where there is no such file.
pub fn absent(file: &str) -> String {
    format!("{file}: no such file or directory\n")
}

/// Behind [`loading`] where the file is no image.
pub fn no_magic(file: &str) -> String {
    format!("{file}: magic number mismatch: bad mzip file\n")
}

/// Behind [`loading`], before the dots of the signature's check.
pub fn verifying(file: &str) -> String {
    format!("Verifying image {file}")
}

/// The signature fits; the `$` of unpacking follow.
pub const SIGNED: &str = "\nImage passed digital signature verification\n";

/// It does not. Not confirmed on a device.
pub const UNSIGNED: &str = "\nImage failed digital signature verification\n";

/// Behind the attempt that failed.
pub fn not_loaded(file: &str) -> String {
    format!("\nError loading \"{file}\"\n\nInterrupt within 5 seconds to abort boot process.\n")
}

/// No image of the path-list boots; the prompt follows.
pub const FAILED: &str = "Boot process failed...

The system is unable to boot automatically.  The BOOT
environment variable needs to be set to a bootable
image.


";

/// Behind the `$` of unpacking.
pub fn installed(file: &str) -> String {
    format!("\nFile \"{file}\" uncompressed and installed, entry point: 0x3000\nexecuting...\n")
}

/// IOS itself begins: its flash, behind the legal texts.
pub const STARTED: &str = "Initializing flashfs...\n...done Initializing flashfs.\n\n";

/// One line of the boot loader's `dir`.
pub fn dir_row(index: usize, directory: bool, size: u64, name: &str) -> String {
    let flags = if directory { "drwx" } else { "-rwx" };
    format!("{index:>5}  {flags}  {size:<9} <date>               {name}\n")
}

/// The boot loader's `dir` before `flash_init`, and of what is not there.
pub fn no_stat(name: &str) -> String {
    format!("unable to stat {name}: invalid argument\n\n")
}

/// Behind a `copy` that went well.
pub fn copied(from: &str, to: &str) -> String {
    format!("\nFile \"{from}\" successfully copied to \"{to}\"\n\n")
}

/// What the boot loader's `copy xmodem:` calls its source, whatever stands behind the colon.
pub const XMODEM: &str = "xmodem:";

/// Nobody sends, or no longer: what stands behind the `C` that asked for the first block.
pub const XMODEM_BROKEN: &str = "xmodem:: I/O error\n\n";

/// A dot for each 4,096 octets that are written to flash, once the file is here.
pub fn dots(octets: u64) -> String {
    ".".repeat(usize::try_from(octets.div_ceil(4_096)).unwrap_or(0))
}

/// A file that flash has no room for. Not confirmed on a device.
pub fn full(file: &str) -> String {
    format!("{file}: no space left on device\n\n")
}

/// A word that is no command. Not confirmed on a device.
pub fn unknown(command: &str) -> String {
    format!("Unknown cmd: {command}\n\n")
}

/// `help` and `?`: the commands that do something here.
pub const HELP: &str = "           ? -- Present list of available commands
        boot -- Load and boot an executable image
        copy -- Copy a file
      delete -- Delete file(s)
         dir -- List files in directories
  flash_init -- Initialize flash filesystem(s)
        help -- Present list of available commands
 load_helper -- Load and initialize a helper image
      rename -- Rename a file
       reset -- Reset the system
         set -- Set or display environment variables
        type -- Concatenate (type) file(s)
       unset -- Unset one or more environment variables

";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_image_as_a_c2960_says_it() {
        let file = "flash:c2960-lanbasek9-mz.150-2.SE11.bin";
        let console = [loading(file), absent(file), not_loaded(file), FAILED.into(), PROMPT.into()].concat();
        assert_eq!(
            console,
            "Loading \"flash:c2960-lanbasek9-mz.150-2.SE11.bin\"...flash:c2960-lanbasek9-mz.150-2.SE11.bin: no such file or directory

Error loading \"flash:c2960-lanbasek9-mz.150-2.SE11.bin\"

Interrupt within 5 seconds to abort boot process.
Boot process failed...

The system is unable to boot automatically.  The BOOT
environment variable needs to be set to a bootable
image.


switch: "
        );
    }

    #[test]
    fn an_image_over_the_console_as_a_c2960_says_it() {
        // c2960-lanbasek9-mz.150-2.SE11.bin: 2,889 dots.
        assert_eq!(dots(2_889 * 4_096).len(), 2_889);
        assert_eq!(dots(0), "");
        assert_eq!(dots(1), ".");
        let to = "flash:c2960-lanbasek9-mz.150-2.SE11.bin";
        assert_eq!(
            copied(XMODEM, to),
            "\nFile \"xmodem:\" successfully copied to \"flash:c2960-lanbasek9-mz.150-2.SE11.bin\"\n\n"
        );
    }

    #[test]
    fn flash_as_the_loader_counts_and_lists_it() {
        assert!(initialized(3, 1, 65_544_192, 12_800).contains("flashfs[0]: Bytes available: 65531392\n"));
        assert_eq!(
            dir_row(2, false, 15_979_776, "c2960-lanbasek9-mz.150-2.SE11.bin"),
            "    2  -rwx  15979776  <date>               c2960-lanbasek9-mz.150-2.SE11.bin\n"
        );
        assert_eq!(
            dir_row(3, true, 128, "pnp-tech"),
            "    3  drwx  128       <date>               pnp-tech\n"
        );
    }
}
