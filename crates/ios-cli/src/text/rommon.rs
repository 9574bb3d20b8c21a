//! ROMMON of an ISR G2.

use alloc::format;
use alloc::string::String;

/// `rommon 1 > `; the number grows with every line.
pub fn prompt(line: u32) -> String {
    format!("rommon {line} > ")
}

/// `help` and `?`, as the ISR's guides list them; not all of them do something here.
pub const HELP: &str = "alias               set and display aliases command
boot                boot up an external process
break               set/show/clear the breakpoint
confreg             configuration register utility
cont                continue executing a downloaded image
context             display the context of a loaded image
cookie              display contents of motherboard cookie PROM in hex
dev                 list the device table
dir                 list files in file system
frame               print out a selected stack frame
help                monitor builtin command help
history             monitor command history
meminfo             main memory information
repeat              repeat a monitor command
reset               system reset
set                 display the monitor variables
showmon             display currently selected ROM monitor
stack               produce a stack trace
sync                write monitor environment to NVRAM
sysret              print out info from last system return
tftpdnld            tftp image download
unalias             unset an alias
unset               unset a monitor variable
xmodem              x/ymodem image download
";

/// The variables that `tftpdnld` must have, with what they are.
pub const REQUIRED: [(&str, &str); 5] = [
    ("IP_ADDRESS", "The IP address for this unit"),
    ("IP_SUBNET_MASK", "The subnet mask for this unit"),
    ("DEFAULT_GATEWAY", "The default gateway for this unit"),
    ("TFTP_SERVER", "The IP address of the server to fetch from"),
    ("TFTP_FILE", "The filename to fetch"),
];

/// Those that it may have.
pub const OPTIONAL: [(&str, &str); 5] = [
    ("TFTP_VERBOSE", "Print setting. 0=quiet, 1=progress(default), 2=verbose"),
    ("TFTP_RETRY_COUNT", "Retry count for ARP and TFTP (default=18)"),
    ("TFTP_TIMEOUT", "Overall timeout of operation in seconds (default=7200)"),
    ("TFTP_CHECKSUM", "Perform checksum test on image, 0=no, 1=yes (default=1)"),
    ("GE_PORT", "0= GigE0/0 (default), 1= GigE0/1, 2= GigE0/2"),
];

/// What `tftpdnld` says when a required variable is missing, after naming it.
pub fn usage() -> String {
    let rows =
        |table: &[(&str, &str)]| table.iter().map(|(n, d)| format!("{n:>22}: {d}\n")).collect::<String>();
    format!(
        "
usage: tftpdnld [-ur]
  Use this command for disaster recovery only to recover an image via TFTP.
  Monitor variables are used to set up parameters for the transfer.
  (Syntax: \"VARIABLE_NAME=value\" and use \"set\" to show current variables.)
  \"ctrl-c\" or \"break\" stops the transfer before flash erase begins.

  The following variables are REQUIRED to be set for tftpdnld:
{}
  The following variables are OPTIONAL:
{}  Command line options:
   -r: do not write flash, load to DRAM only and launch image
   -u: upgrade the rommon, system will reboot once upgrade is complete

",
        rows(&REQUIRED),
        rows(&OPTIONAL)
    )
}

/// A required variable that is not set. Not confirmed on a device: the usage that follows it is.
pub fn missing(variable: &str) -> String {
    format!("\nMissing or illegal ip address for variable {variable}\nIllegal {variable} address.\n")
}

/// The settings, right-aligned, as `tftpdnld` repeats them before it asks.
pub fn settings(variables: &[(&str, &str)]) -> String {
    let rows: String = variables.iter().map(|(name, value)| format!("{name:>20}: {value}\n")).collect();
    format!("\n{rows}\n")
}

/// Behind the settings; the answer is a line and Enter is no.
pub const WARNING: &str = "Invoke this command for disaster recovery only.
WARNING: all existing data in all partitions on flash will be lost!
Do you wish to continue? y/n:  [n]:  ";

/// Before the marks: one `.` for the ARP, then this.
pub fn receiving(file: &str, server: &str) -> String {
    format!("Receiving {file} from {server} ")
}

/// Behind the marks.
pub const RECEIVED: &str = "\nFile reception completed.\n";

/// Then, unless `-r`.
pub fn copying(file: &str) -> String {
    format!(
        "Validating checksum.\nCopying file {file} to flash.\nprogram load complete, entry point: 0x80803000, size: 0x1b340\n\nFormat: All system sectors written. OK...\nFormat: Operation completed successfully.\n"
    )
}

/// The server said no, or nothing. Not confirmed on a device.
pub fn failed(why: &str) -> String {
    format!("\nTFTP: {why}\n")
}

/// One line of `dir flash0:`.
pub fn dir_row(index: u32, size: u64, name: &str) -> String {
    format!("{index:<7}{size:<10}-rw-     {name}\n")
}

/// The first line of `dir`.
pub fn dir_header(device: &str) -> String {
    format!("program load complete, entry point: 0x80803000, size: 0x1b340\nDirectory of {device}\n\n")
}

/// Behind `confreg 0x2142`.
pub const CONFREG: &str = "\nYou must reset or power cycle for new config to take effect\n";

/// `history`: the lines that were typed, this one too.
pub fn history<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.enumerate().map(|(n, line)| format!("{:<5}{line}\n", n + 1)).collect()
}

/// `showmon`: the loader's name stands in it. Of an ISR's guides, not confirmed on a device.
pub fn showmon(bootstrap: &str) -> String {
    format!(
        "ReadOnly ROMMON version is:\n\n{bootstrap}\n\nNo Upgrade ROMMON present\n\nCurrently running ROMMON from ReadOnly region\n"
    )
}

/// A word that is no command.
pub fn unknown(command: &str) -> String {
    format!("monitor: command \"{command}\" not found\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tftpdnld_repeats_its_settings() {
        assert_eq!(
            settings(&[("IP_ADDRESS", "10.0.0.2"), ("TFTP_RETRY_COUNT", "18")]),
            "\n          IP_ADDRESS: 10.0.0.2\n    TFTP_RETRY_COUNT: 18\n\n"
        );
    }

    #[test]
    fn usage_names_what_is_required() {
        let usage = usage();
        for (name, _) in REQUIRED.iter().chain(&OPTIONAL) {
            assert!(usage.contains(&format!(" {name}: ")), "{name}");
        }
        assert!(usage.contains("            IP_ADDRESS: The IP address for this unit\n"));
    }

    #[test]
    fn a_directory_row() {
        assert_eq!(dir_row(2, 16_655_772, "a.bin"), "2      16655772  -rw-     a.bin\n");
    }
}
