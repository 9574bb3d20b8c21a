//! `request platform software package`: how IOS-XE 16 installs packages, which 17 still has beside `install`.

use alloc::format;
use alloc::string::String;

/// Who does it.
pub const RUNNING: &str = "Running command on switch 1\n";

/// `clean`: what stays and what goes, with paths; a question follows where something goes.
pub fn cleaning(packages: &str, mount: &str, kept: &[String], gone: &[String]) -> String {
    let kept: String =
        kept.iter().map(|f| format!("    {f}\n      File is in use, will not delete.\n")).collect();
    let mut out = format!(
        "Cleaning up unnecessary package files\nNo path specified, will use booted path {packages}\nCleaning {mount}\n  Scanning boot directory for packages ... done.\n  Preparing packages list to delete ...\n{kept}  done.\n\n"
    );
    if !gone.is_empty() {
        out += "The following files will be deleted:\n[1]:\n";
        out.extend(gone.iter().map(|f| format!("{f}\n")));
        out += "\n";
    }
    out
}

/// Before its `[y/n]`.
pub const PROCEED: &str = "Do you want to proceed?";

/// Behind a `n`.
pub const NOT_DELETED: &str = "SUCCESS: Deletion of files was declined.\n";

/// One that went.
pub fn deleting(file: &str) -> String {
    format!("Deleting file {file} ... done.\n")
}

/// Behind the last of them.
pub const DELETED: &str = "SUCCESS: Files deleted.\n";

/// Before an image is taken apart.
pub fn expanding(file: &str) -> String {
    format!("Expanding image file: {file}\n[1]: Expanding file\n")
}

/// Behind it.
pub const EXPANDED: &str = "[1]: Finished expanding all-in-one software package in switch 1\nSUCCESS: Finished expanding all-in-one software package.\n";

/// Before an installation.
pub const LOCKING: &str = "--- Starting install local lock acquisition on switch 1 ---\nFinished install local lock acquisition on switch 1\n\n";

/// What will run from the next boot on, instead of what.
pub fn changes(old: &[String], new: &[String]) -> String {
    let rows =
        |what: &str, files: &[String]| files.iter().map(|f| format!("  {what} {f}\n")).collect::<String>();
    format!(
        "[1]: Performing install\n  SUCCESS: install finished\n[1]: install package(s) on switch 1\n--- Starting list of software package changes ---\nOld files list:\n{}New files list:\n{}Finished list of software package changes\nSUCCESS: Software provisioned.  New software will load on reboot.\n[1]: Finished install successful on switch 1\nChecking status of install on [1]\n[1]: Finished install in switch 1\nSUCCESS: Finished install: Success on [1]\n",
        rows("Removed", old),
        rows("Added", new)
    )
}

/// Why it came to nothing. Not confirmed on a device.
pub fn failed(why: &str) -> String {
    format!("[1]: FAILED: {why}\nFAILED: Operation failed on [1]\n")
}
