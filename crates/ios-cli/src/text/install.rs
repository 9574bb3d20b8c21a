//! `install` and `show install`, as a Catalyst with IOS-XE 17 prints them.

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What `show install` was asked for: the word in its title.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// `show install summary`
    Installed,
    /// `show install active`
    Active,
    /// `show install inactive`
    Inactive,
    /// `show install committed`
    Committed,
    /// `show install uncommitted`
    Uncommitted,
}

impl Asked {
    const ALL: [(Asked, &'static str); 5] = [
        (Asked::Installed, "Installed"),
        (Asked::Active, "Active"),
        (Asked::Inactive, "Inactive"),
        (Asked::Committed, "Committed"),
        (Asked::Uncommitted, "Uncommitted"),
    ];

    fn word(self) -> &'static str {
        Asked::ALL.iter().find(|(asked, _)| *asked == self).map_or("", |(_, word)| word)
    }

    /// Whether rows in this state are asked for.
    pub fn wants(self, state: char) -> bool {
        match self {
            Asked::Installed => true,
            Asked::Active => state != 'I',
            Asked::Inactive => state == 'I',
            Asked::Committed => state == 'C',
            Asked::Uncommitted => state == 'U' || state == 'D',
        }
    }
}

/// The auto-abort timer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AutoAbort {
    /// Nothing is on trial, or its timer was stopped.
    Inactive,
    /// The operation that set it, and the seconds left.
    Active(String, u64),
}

/// One row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// `IMG`, `SMU`
    pub kind: String,
    /// `I`, `U`, `C` or `D`.
    pub state: char,
    /// `17.06.01.0.4711`, or a file.
    pub name: String,
}

/// `show install summary` and its kin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// `Switch 1`, `R0`
    pub member: String,
    /// Which it is.
    pub asked: Asked,
    /// What is there.
    pub rows: Vec<Row>,
    /// The timer.
    pub timer: AutoAbort,
}

const RULE: &str = "--------------------------------------------------------------------------------";

impl Summary {
    /// As the device prints it. Where there is none of what was asked for, the timer is left out.
    pub fn render(&self) -> String {
        let mut out = format!(
            "[ {} ] {} Package(s) Information:
State (St): I - Inactive, U - Activated & Uncommitted,
            C - Activated & Committed, D - Deactivated & Uncommitted
{RULE}
Type  St   Filename/Version
{RULE}
",
            self.member,
            self.asked.word()
        );
        if self.rows.is_empty() {
            return out + &format!("No {} Packages\n", self.asked.word());
        }
        for row in &self.rows {
            out += &format!("{:<5} {:<4} {}\n", row.kind, row.state, row.name);
        }
        let timer = match &self.timer {
            AutoAbort::Inactive => "inactive".into(),
            AutoAbort::Active(operation, left) => {
                format!("active on {operation}, time before rollback - {}", time(*left))
            }
        };
        out + &format!("\n{RULE}\nAuto abort timer: {timer}\n{RULE}\n")
    }

    /// Reads it.
    pub fn parse(text: &str) -> Result<Summary, Unread> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let expected = "'[ MEMBER ] … Package(s) Information:'";
        let head = lines.iter().find_map(|l| l.strip_prefix("[ ")?.split_once(" ] "));
        let (member, title) = head.ok_or(Unread::new(expected, lines.first().unwrap_or(&"")))?;
        let word = title.split(' ').next().unwrap_or_default();
        let asked = Asked::ALL.iter().find(|(_, known)| *known == word);
        let asked = asked.ok_or_else(|| Unread::new(expected, title))?.0;
        let behind = lines.iter().skip_while(|l| !l.starts_with("Type  St"));
        let rows = behind.skip(2).take_while(|l| !(l.is_empty() || l.starts_with("No ") || **l == RULE));
        let row = |line: &&&str| {
            let mut words = line.split_ascii_whitespace();
            let (kind, state, name) = (words.next()?, words.next()?, words.next()?);
            let mut state = state.chars();
            let letter = state.next().filter(|c| "IUCD".contains(*c) && state.next().is_none())?;
            Some(Row { kind: kind.to_owned(), state: letter, name: name.to_owned() })
        };
        let rows: Result<Vec<Row>, Unread> =
            rows.map(|l| row(&l).ok_or_else(|| Unread::new("type, state and name", l))).collect();
        let timer = match lines.iter().find_map(|l| l.strip_prefix("Auto abort timer: ")) {
            None | Some("inactive") => AutoAbort::Inactive,
            Some(text) => {
                let found = text
                    .strip_prefix("active on ")
                    .and_then(|rest| rest.split_once(", time before rollback - "))
                    .and_then(|(operation, left)| Some((operation.to_owned(), seconds(left)?)));
                let (operation, left) = found.ok_or_else(|| Unread::new("the auto abort timer", text))?;
                AutoAbort::Active(operation, left)
            }
        };
        Ok(Summary { member: member.to_owned(), asked, rows: rows?, timer })
    }
}

/// `01:49:42`
fn time(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

fn seconds(text: &str) -> Option<u64> {
    let mut parts = text.split(':').map(|n| n.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(())?;
    hours.checked_mul(3_600)?.checked_add(minutes * 60 + seconds)
}

// ---- what an operation says

/// `install_add: START Fri Dec 13 05:45:36 UTC 2024`
pub fn start(operation: &str, when: &str) -> String {
    format!("{operation}: START {when}\n")
}

/// `SUCCESS: install_add /flash/x.bin Fri Dec 13 05:54:19 UTC 2024`; `what` with a blank at its end, or empty.
pub fn success(operation: &str, what: &str, when: &str) -> String {
    format!("SUCCESS: {operation} {what}{when}\n")
}

/// `FAILED: install_add /flash/x.bin Fri Dec 13 05:54:19 UTC 2024`
pub fn failure(operation: &str, what: &str, when: &str) -> String {
    format!("FAILED: {operation} {what}{when}\n")
}

/// Why a member refuses; [`failure`] follows.
pub fn refused(member: &str, why: &str) -> String {
    format!(" [1] {member} FAILED: {why}\n")
}

/// Before an image of a server is copied to flash.
pub fn downloading(url: &str) -> String {
    format!("Downloading file {url}\n")
}

/// Behind it.
pub fn downloaded(url: &str, file: &str) -> String {
    format!("\nFinished downloading file {url} to {file}\n")
}

/// It did not come.
pub fn not_downloaded(url: &str, reason: &str) -> String {
    format!("Failed to download {url} ({reason})")
}

/// Behind the beginning of what adds.
pub const ADDING: &str = "install_add: Adding IMG\n";

/// Behind the beginning of `install remove file`.
pub const REMOVING: &str = "install_remove: Removing IMG\n";

/// Behind the beginning of a rollback: `base`.
pub fn rolling_back(to: &str) -> String {
    format!("install_rollback: Rolling back to {to}\n")
}

/// Before an image is taken apart.
pub fn syncing(url: &str, member: &str) -> String {
    let kind = member.split(' ').next().unwrap_or(member);
    format!(
        "--- Starting initial file syncing ---\nCopying {url} from {member} to {member}\nInfo: Finished copying to the selected {kind}\nFinished initial file syncing\n\n"
    )
}

/// Of the parts of an operation: `--- Starting Add ---` and what all members do.
pub fn starting(what: &str) -> String {
    format!("--- Starting {what} ---\nPerforming {what} on all members\n")
}

/// ` [1] Activate package(s) on Switch 1`
pub fn doing(what: &str, member: &str) -> String {
    format!(" [1] {what} on {member}\n")
}

/// Behind [`doing`]: `Finished Commit operation` is what ends a commit.
pub fn passed(what: &str, end: &str) -> String {
    format!("Checking status of {what} on [1]\n{what}: Passed on [1]\nFinished {end}\n\n")
}

/// Behind an `add`.
pub fn added(release: &str) -> String {
    format!("Image added. Version: {release}\n\n")
}

/// The packages that will run, with their paths.
pub fn activating(paths: &[String]) -> String {
    let paths: String = paths.iter().map(|p| format!("{p}\n")).collect();
    format!("install_activate: Activating IMG\nFollowing packages shall be activated:\n{paths}\n")
}

/// Before its `[y/n]`.
pub const MAY_RELOAD: &str = "This operation may require a reload of the system. Do you want to proceed?";

/// Before its `[y/n]`; `packages` is `flash:packages.conf`.
pub fn boot_changed(packages: &str) -> String {
    format!("\nPlease confirm you have changed boot config to {packages}")
}

/// Before its `[y/n/q]`.
pub const UNSAVED: &str = "
System configuration has been modified.
Press Yes(y) to save the configuration and proceed.
Press No(n) for proceeding without saving the configuration.
Press Quit(q) to exit, you may save configuration and re-enter the command.";

/// The same where no question may be asked.
pub const UNSAVED_REFUSED: &str =
    "System configuration has been modified. Please save configuration and resubmit command.";

/// Where there is not enough room: octets wanted and there.
pub fn no_room(mount: &str, wanted: u64, free: u64) -> String {
    format!(
        "{mount} requires {} KB of free space, but only {} KB is available",
        wanted.div_ceil(1_024),
        free / 1_024
    )
}

/// An image that runs or is added already.
pub fn same_image(member: &str) -> String {
    format!(" [1] {member} Add succeed with reason: Same Image File-No Change\n")
}

/// A device that booted a whole image is asked to install one.
pub const BUNDLE: &str = "Booted in bundle mode. For Bundle-to-Install mode conversion, please use one-shot CLI - install add file <> activate commit";

/// There is an added image.
pub const ALREADY_ADDED: &str = "Super package already added. Add operation not allowed. 'install remove inactive' can be used to discard added packages";

// What follows, down to `not_an_image`, is not confirmed on a device.
/// There is no such point.
pub const NO_SUCH_POINT: &str = "No such rollback point";
/// A single switch cannot do it in service.
pub const NO_ISSU: &str = "ISSU is not supported on a standalone system";
/// Somebody said no.
pub const DECLINED: &str = "User declined the operation";

/// Somebody said that the boot loader's variable is not changed.
pub fn boot_not_changed(packages: &str) -> String {
    format!("Boot config is not {packages}. Change it with 'boot system {packages}' and re-enter the command")
}

/// A file that is not there.
pub fn absent(file: &str) -> String {
    format!("{file}: No such file or directory")
}

/// A file that must stay.
pub fn in_use(file: &str) -> String {
    format!("{file} is in use, will not delete")
}

/// Nothing is added.
pub const NOTHING_ADDED: &str = "No package is added. 'install add file' must be used first";
/// Something is on trial.
pub const ON_TRIAL: &str =
    "Uncommitted packages are active. 'install commit' or 'install abort' must be used first";
/// Nothing is on trial.
pub const NOTHING_ON_TRIAL: &str = "No uncommitted package";
/// An image is no mend of one.
pub const NOT_A_MEND: &str = "Only SMU packages can be deactivated";

/// Of an image that cannot be one of this device's. Not confirmed on a device.
pub fn not_an_image(file: &str) -> String {
    format!("{file} is not a valid image for this system")
}

/// Of a package that is missing, or does not boot. Not confirmed on a device.
pub fn package(why: &str) -> String {
    format!("Package verification failed: {why}")
}

/// `install remove inactive`: what stays and what goes, with paths; a question follows where something goes.
pub fn cleaning(packages: &str, mount: &str, kept: &[String], gone: &[String]) -> String {
    let kept: String =
        kept.iter().map(|f| format!("    {f}\n      File is in use, will not delete.\n")).collect();
    let mut out = format!(
        "install_remove: Removing IMG\nCleaning up unnecessary package files\nNo path specified, will use booted path {packages}\nCleaning {mount}\n  Scanning boot directory for packages ... done.\n  Preparing packages list to delete ...\n{kept}  done.\n\n"
    );
    if !gone.is_empty() {
        out += "The following files will be deleted:\n[Switch 1]:\n";
        out.extend(gone.iter().map(|f| format!("{f}\n")));
        out += "\n";
    }
    out
}

/// Where nothing goes.
pub const NOTHING_TO_CLEAN: &str =
    "SUCCESS: No extra package or provisioning files found on media. Nothing to clean.\n";

/// Before its `[y/n]`.
pub const REMOVE: &str = "Do you want to remove the above files?";

/// Behind a `n`.
pub fn not_removed(member: &str) -> String {
    format!(" [1] {member} Add succeed with reason: User Rejected Deletion\n")
}

/// One that went.
pub fn deleting(path: &str) -> String {
    format!("Deleting file {path} ... done.\n")
}

/// Behind the last of them.
pub fn removed(member: &str) -> String {
    let what = "Post_Remove_Cleanup";
    format!(
        "SUCCESS: Files deleted.\n{}{}{}{}",
        starting(what),
        doing(&format!("{what} package(s)"), member),
        doing(&format!("Finished {what}"), member),
        passed(what, what)
    )
}

/// The system message of an operation that begins.
pub fn started_message(member: &str, operation: &str) -> String {
    format!("%INSTALL-5-INSTALL_START_INFO: {member} R0/0: install_mgr: Started {operation}")
}

/// Of one that did what it was to do.
pub fn completed_message(member: &str, operation: &str) -> String {
    format!("%INSTALL-5-INSTALL_COMPLETED_INFO: {member} R0/0: install_mgr: Completed {operation}")
}

/// Of one that did not.
pub fn failed_message(member: &str, operation: &str, why: &str) -> String {
    format!(
        "%INSTALL-3-OPERATION_ERROR_MESSAGE: {member} R0/0: install_mgr: Failed to {operation}, Error: {why}"
    )
}

/// The auto-abort timer runs.
pub fn timer_message(member: &str, seconds: u64) -> String {
    format!(
        "%INSTALL-5-INSTALL_AUTO_ABORT_TIMER_PROGRESS: {member} R0/0: rollback_timer: Install auto abort timer will expire in {seconds} seconds"
    )
}

/// It has run down: what was committed comes back. Not confirmed on a device.
pub fn expired_message(member: &str) -> String {
    format!(
        "%INSTALL-5-INSTALL_AUTO_ABORT_TIMER_EXPIRED: {member} R0/0: rollback_timer: Install auto abort timer has expired, rolling back to the committed packages"
    )
}

/// Before a restart that an operation needs.
pub const RELOADING: &str = "Chassis 1 reloading, reason - Reload command\n\n";

/// Another operation is under way.
pub const BUSY: &str = "Cannot start new install operation, some operation is already running\n";

/// `show install log`: an operation's number, name, beginning, end and whether it did what it was to do.
pub fn log_entry(number: usize, operation: &str, from: &str, to: &str, good: bool) -> String {
    let end = if good { "SUCCESS" } else { "FAILED" };
    format!("[{number}|{operation}]: START {from}\n[{number}|{operation}]: END {end}  {to}\n")
}

/// `show install rollback`: the numbers of the points, the newest first. The layout is not confirmed on a device.
pub fn points(ids: &[u32]) -> String {
    let rows: String = ids.iter().map(|id| format!("{id:<10}{:<32}No Description\n", "No Label")).collect();
    format!("{:<10}{:<32}Description\n{RULE}\n{rows}", "ID", "Label")
}

/// `show install rollback id N`. The layout is not confirmed on a device.
pub fn point(id: u32, at: &str, release: &str) -> String {
    format!(
        "Rollback id - {id} (Created on {at})\nLabel: No Label\nDescription: No Description\nState (St): I - Inactive, U - Activated & Uncommitted,\n            C - Activated & Committed, D - Deactivated & Uncommitted\n{RULE}\nType  St   Filename/Version\n{RULE}\n{:<5} {:<4} {release}\n\n{RULE}\n",
        "IMG", "C"
    )
}

/// `show install package`.
pub struct Package {
    /// Its file's name.
    pub name: String,
    /// `/flash/x.bin`
    pub path: String,
    /// Octets.
    pub size: u64,
    /// When its file was written.
    pub timestamp: Option<String>,
    /// Of the file, lower-case hex.
    pub sha1: String,
    /// `rp_super`, `rpbase`
    pub kind: String,
    /// `CAT9K`
    pub platform: String,
    /// `17.06.01`
    pub build: String,
    /// Whether a boot loader can begin with it.
    pub bootable: bool,
    /// What is in it: file, octets, kind.
    pub contents: Vec<(String, u64, String)>,
}

impl Package {
    /// As the device prints it. What only the vendor knows of its packages is left out.
    pub fn render(&self) -> String {
        let internal = |pad: &str, kind: &str| {
            format!(
                "{pad}Internal package information:\n{pad}  Name: {kind}\n{pad}  Platform: {}\n{pad}  Build: {}\n\n",
                self.platform, self.build
            )
        };
        let boot = if self.bootable { "bootable from media and tftp" } else { "not bootable" };
        let mut out = format!(
            "  Package: {}\n    Size: {}\n    Timestamp: {}\n  Canonical path: {}\n\n    Raw disk-file SHA1sum:\n      {}\n\n{}  Package is {boot}.\n",
            self.name,
            self.size,
            self.timestamp.as_deref().unwrap_or_default(),
            self.path,
            self.sha1,
            internal("  ", &self.kind)
        );
        if !self.contents.is_empty() {
            out += "  Package contents:\n\n";
        }
        for (file, size, kind) in &self.contents {
            out += &format!("  Package: {file}\n    Size: {size}\n\n{}", internal("    ", kind));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_printed_as_a_device_prints_it() {
        let text = include_str!("../../tests/data/show_install_summary.txt");
        let said = Summary::parse(text).expect("a summary");
        assert_eq!((said.member.as_str(), said.asked), ("R0", Asked::Installed));
        assert_eq!(said.rows.iter().map(|r| r.state).collect::<String>(), "UC");
        assert_eq!(said.timer, AutoAbort::Active("install_activate".into(), 6_582));
        let (_, theirs) = text.split_once("#show install summary\n").expect("the command");
        assert_eq!(said.render().trim(), theirs.trim());
        assert_eq!(Summary::parse(&said.render()), Ok(said));
    }

    /// Of a stack of two; as unicon.plugins' mock_data/iosxe/iosxe_mock_svl_stack.yaml has it.
    #[test]
    fn rows_end_at_a_rule_too() {
        let text = "[ Chassis 1/R0 2/R0 ] Installed Package(s) Information:
State (St): I - Inactive, U - Activated & Uncommitted,
            C - Activated & Committed, D - Deactivated & Uncommitted
--------------------------------------------------------------------------------
Type  St   Filename/Version
--------------------------------------------------------------------------------
IMG   C    26.01.01.0.227079
--------------------------------------------------------------------------------
Auto abort timer: inactive
--------------------------------------------------------------------------------
";
        let said = Summary::parse(text).expect("a summary");
        assert_eq!((said.member.as_str(), said.timer), ("Chassis 1/R0 2/R0", AutoAbort::Inactive));
        let rows: Vec<_> = said.rows.iter().map(|row| (row.state, row.name.as_str())).collect();
        assert_eq!(rows, [('C', "26.01.01.0.227079")]);
    }

    #[test]
    fn every_view_is_read_back() {
        let row = |state| Row { kind: "IMG".into(), state, name: "17.06.01.0.4711".into() };
        for (asked, _) in Asked::ALL {
            for timer in [AutoAbort::Inactive, AutoAbort::Active("install_activate".into(), 7_199)] {
                let rows: Vec<Row> = "IUC".chars().filter(|s| asked.wants(*s)).map(row).collect();
                let said = Summary { member: "Switch 1".into(), asked, rows, timer };
                assert_eq!(Summary::parse(&said.render()), Ok(said));
            }
            let none = Summary { member: "R0".into(), asked, rows: Vec::new(), timer: AutoAbort::Inactive };
            assert!(none.render().ends_with(&format!("No {} Packages\n", asked.word())));
            assert_eq!(Summary::parse(&none.render()), Ok(none));
        }
        for text in ["", "[ R0 ] Other", "[ R0 ] Active Package(s)\nType  St\n---\nIMG X 17\n"] {
            assert!(Summary::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_commit_as_a_c9200_says_it() {
        let text = starting("Commit")
            + &doing("Commit package(s)", "Switch 1")
            + &doing("Finished Commit", "Switch 1")
            + &passed("Commit", "Commit operation");
        assert_eq!(
            text,
            "--- Starting Commit ---
Performing Commit on all members
 [1] Commit package(s) on Switch 1
 [1] Finished Commit on Switch 1
Checking status of Commit on [1]
Commit: Passed on [1]
Finished Commit operation

"
        );
    }
}
