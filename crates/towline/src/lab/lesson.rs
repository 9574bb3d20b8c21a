//! The lesson as a table: what to do, what it looks like when it is done, and how it is typed.
//!
//! A step is done when its goal holds over the device's [`State`]; nobody looks at what was typed. Every
//! goal once reached stays reached, so steps may come in any order that the device allows.

use super::names::{NEW_VERSION, Names, SERVER};
use super::scenario::{self, Condition};
use device::install::St;
use std::net::Ipv4Addr;

/// What is known of R1 and of its traffic, when a goal is checked.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    /// The version that runs; `None`: no IOS runs.
    pub version: Option<String>,
    /// Files of flash with their octets.
    pub flash: Vec<(String, u64)>,
    /// Files that the running configuration's `boot system` lines name, in their order.
    pub boot: Vec<String>,
    /// The same of the startup configuration.
    pub saved_boot: Vec<String>,
    /// Commands that ran, each with the version that ran them.
    pub ran: Vec<(String, String)>,
    /// Hosts that answered a ping.
    pub answered: Vec<Ipv4Addr>,
    /// Files that `verify` found sound.
    pub verified: Vec<String>,
    /// `ip ftp username` of the running configuration.
    pub ftp_user: Option<String>,
    /// Whether it has an `ip ftp password`.
    pub ftp_password: bool,
    /// `ip ftp passive`, or the model's default.
    pub ftp_passive: bool,
    /// Whether an `ftp:` copy has failed while `no ip ftp passive` held.
    pub active_failed: bool,
    /// Octets that R1 read over TFTP, repeats not counted.
    pub tftp_octets: u64,
    /// Octets that R1 read over FTP data connections.
    pub ftp_octets: u64,
    /// Whether a copy over SCP has worked.
    pub scp_copied: bool,
    /// Whether the boot loader prompts.
    pub rommon: bool,
    /// The register of the next boot.
    pub register: u16,
    /// The running configuration; empty where no IOS runs.
    pub running: String,
    /// The saved configuration; empty where there is none.
    pub saved: String,
    /// What install mode has, by its state.
    pub installed: Vec<(St, String)>,
    /// Interfaces that are up.
    pub up: Vec<String>,
    /// How often R1 was restarted.
    pub restarts: u64,
    /// Why copies failed.
    pub failed: Vec<String>,
}

impl State {
    /// Whether `command` (its name in the device's table: `ShowVersion`) ran.
    pub fn ran(&self, command: &str) -> bool {
        self.ran.iter().any(|(c, _)| c == command)
    }

    fn ran_on(&self, command: &str, version: &str) -> bool {
        self.ran.iter().any(|(c, v)| c == command && v == version)
    }

    fn has(&self, file: &str, octets: u64) -> bool {
        self.flash.iter().any(|(name, len)| name == file && *len == octets)
    }
}

/// When a line of the script is typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At {
    /// The cursor stands behind exactly this prompt.
    Prompt(&'static str),
    /// A question that begins so waits for an answer.
    Ask(&'static str),
    /// This was shown since the last line was typed.
    Shown(&'static str),
}

/// One line of the script; Enter follows it. A `[confirm]` is answered by Enter alone.
pub type Line = (At, &'static str);

/// When a step is done.
#[derive(Clone, Debug)]
pub enum Goal {
    /// By this.
    Is(fn(&State, &Names) -> bool),
    /// When all of these hold.
    All(Vec<Condition>),
}

impl Goal {
    /// Whether it is reached.
    pub fn holds(&self, state: &State, names: &Names) -> bool {
        match self {
            Goal::Is(holds) => holds(state, names),
            Goal::All(conditions) => conditions.iter().all(|condition| condition.holds(state, names)),
        }
    }
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// A few words.
    pub title: &'static str,
    /// What to do, in words.
    pub task: &'static str,
    /// From a push to the very command.
    pub hints: Vec<&'static str>,
    /// Whether it is done.
    pub goal: Goal,
    /// How `--script` does it.
    pub script: Vec<Line>,
    /// When that is over.
    pub ready: At,
    /// For the review: the command, and what it does.
    pub review: (&'static str, &'static str),
}

/// A step of the lesson.
struct Row {
    title: &'static str,
    task: &'static str,
    hints: &'static [&'static str],
    goal: fn(&State, &Names) -> bool,
    script: &'static [Line],
    review: (&'static str, &'static str),
}

impl Row {
    fn step(&self) -> Step {
        Step {
            title: self.title,
            task: self.task,
            hints: self.hints.to_vec(),
            goal: Goal::Is(self.goal),
            script: self.script.to_vec(),
            ready: R1,
            review: self.review,
        }
    }
}

const R1: At = At::Prompt("R1#");
const CONFIG: At = At::Prompt("R1(config)#");

const ENABLE: Row = Row {
    title: "Privileged mode",
    task: "R1 has booted its old IOS. Enter privileged mode: the prompt then ends in #.",
    hints: &["The prompt R1> is user mode; one word leads to R1#.", "Type: enable"],
    goal: |s, _| s.ran("Enable"),
    script: &[(At::Shown("Press RETURN to get started!"), ""), (At::Prompt("R1>"), "enable")],
    review: ("enable", "user mode (>) to privileged mode (#)"),
};

const FILE_SYSTEMS: Row = Row {
    title: "File systems",
    task: "Look at the file systems R1 has. Find flash: (a disk), nvram: and the network ones.",
    hints: &["One of the show commands lists them.", "Type: show file systems"],
    goal: |s, _| s.ran("ShowFileSystems"),
    script: &[(R1, "show file systems")],
    review: ("show file systems", "what can stand in a copy: disk, nvram, opaque, network; * is the default"),
};

const OLD: Row = Row {
    title: "The version that runs",
    task: "Find out which IOS version runs, and from which file it was loaded.",
    hints: &["The command that begins with show and tells the version.", "Type: show version"],
    goal: |s, _| s.ran("ShowVersion"),
    script: &[(R1, "show version")],
    review: ("show version", "the running version, the file it came from, the configuration register"),
};

const FLASH: Row = Row {
    title: "Room in flash",
    task: "Look into flash: which image is there, and is there room for another {size} octets?",
    hints: &["Show the file system by its name.", "Type: show flash:   (or: dir flash:)"],
    goal: |s, _| s.ran("ShowFs") || s.ran("Dir"),
    script: &[(R1, "show flash:")],
    review: ("show flash:", "files of flash, octets available and used"),
};

const PING: Row = Row {
    title: "Reach the server",
    task: "Nobody copies before pinging: see whether the server at 10.0.0.1 answers.",
    hints: &["The first packet may be lost: .!!!! is fine (ARP takes its time).", "Type: ping {server}"],
    goal: |s, _| s.answered.contains(&SERVER),
    script: &[(R1, "ping {server}")],
    review: ("ping A.B.C.D", "whether the server answers; .!!!! the first time, for ARP"),
};

const TFTP: Row = Row {
    title: "copy tftp: flash:",
    task: "Copy the new image {new} from the TFTP server 10.0.0.1 into flash. First comes the source, then \
           the destination; R1 asks for the rest.",
    hints: &[
        "copy SOURCE DESTINATION: a network file system to a disk.",
        "Type: copy tftp: flash:   then 10.0.0.1, then {new}, then Enter for the same name.",
    ],
    goal: |s, n| s.has(&n.new, n.size) && s.tftp_octets >= n.size,
    script: &[
        (R1, "copy tftp: flash:"),
        (At::Ask("Address or name of remote host"), "{server}"),
        (At::Ask("Source filename"), "{new}"),
        (At::Ask("Destination filename"), ""),
    ],
    review: ("copy tftp: flash:", "source first, then destination: from the TFTP server into flash"),
};

const VERIFY: Row = Row {
    title: "verify",
    task: "TFTP's checksum is UDP's 16 bits, and TFTP itself has none. Verify the image before you boot it.",
    hints: &["The image carries its own MD5; one command compares.", "Type: verify flash:{new}"],
    goal: |s, n| s.verified.contains(&n.new),
    script: &[(R1, "verify flash:{new}")],
    review: ("verify flash:FILE", "the hash inside the image against the octets; verify /md5 prints the MD5"),
};

const BOOT: Row = Row {
    title: "boot system",
    task: "Name the new image as the one to boot, in configuration mode. The prompt just returns: IOS does \
           not check that the file exists.",
    hints: &[
        "configure terminal, then the command whose first words are boot system.",
        "Type: configure terminal   then: boot system flash:{new}   then: end",
    ],
    goal: |s, n| s.boot.first() == Some(&n.new),
    script: &[(R1, "configure terminal"), (CONFIG, "boot system flash:{new}"), (CONFIG, "end")],
    review: ("boot system flash:FILE", "which image boots; a second line is appended, the first one wins"),
};

const WRITE: Row = Row {
    title: "write",
    task: "A boot line in the running configuration is gone after a reload. Save it to NVRAM.",
    hints: &["running-config to startup-config.", "Type: write   (or: copy running-config startup-config)"],
    goal: |s, n| s.saved_boot.first() == Some(&n.new),
    script: &[(R1, "write")],
    review: ("write", "running-config to startup-config, in NVRAM"),
};

const RELOAD: Row = Row {
    title: "reload",
    task: "R1 still runs the old version from its RAM. Restart it.",
    hints: &["[confirm] takes one key: Enter.", "Type: reload   then Enter at [confirm]"],
    goal: |s, _| s.version.as_deref() == Some(NEW_VERSION),
    script: &[
        (R1, "reload"),
        (At::Ask("Proceed with reload? [confirm]"), ""),
        (At::Shown("Press RETURN to get started!"), ""),
        (At::Prompt("R1>"), "enable"),
    ],
    review: ("reload", "restarts; only now does the boot line count"),
};

const NEW: Row = Row {
    title: "The new version runs",
    task: "See that the new version runs, and from which file.",
    hints: &["The same command as before the copy.", "Type: show version   (enable first)"],
    goal: |s, _| s.ran_on("ShowVersion", NEW_VERSION),
    script: &[(R1, "show version")],
    review: ("show version", "after the reload: the new version"),
};

const DELETE: Row = Row {
    title: "delete",
    task: "Make room: delete the old image {old}. (The running image could be deleted too: it runs from RAM.)",
    hints: &[
        "R1 asks for the name again, then for a [confirm].",
        "Type: delete flash:{old}   then Enter, Enter",
    ],
    goal: |s, n| s.has(&n.new, n.size) && !s.flash.iter().any(|(name, _)| *name == n.old),
    script: &[(R1, "delete flash:{old}"), (At::Ask("Delete filename"), ""), (At::Ask("Delete flash"), "")],
    review: ("delete flash:FILE", "removes a file at once: on this flash there is no undelete"),
};

const FTP_USER: Row = Row {
    title: "ip ftp username, ip ftp password",
    task: "FTP wants a login. Tell R1 user {user} and password {password}, in configuration mode.",
    hints: &[
        "Two commands that begin with ip ftp.",
        "Type: configure terminal   ip ftp username {user}   ip ftp password {password}   end",
    ],
    goal: |s, n| s.ftp_user.as_ref() == Some(&n.user) && s.ftp_password,
    script: &[
        (R1, "configure terminal"),
        (CONFIG, "ip ftp username {user}"),
        (CONFIG, "ip ftp password {password}"),
        (CONFIG, "end"),
    ],
    review: ("ip ftp username / password", "what copy ftp: logs in with; without them it is anonymous"),
};

const FTP: Row = Row {
    title: "copy ftp: flash:",
    task: "Copy the same image over FTP. It is in flash already: R1 asks before it writes over it.",
    hints: &[
        "The same dialog as before, with ftp: as the source.",
        "Type: copy ftp: flash:   then answer as before; Enter at [confirm]",
    ],
    goal: |s, n| s.has(&n.new, n.size) && s.ftp_octets >= n.size,
    script: &[
        (R1, "copy ftp: flash:"),
        // Host and file name are remembered from the copy before: Enter takes them.
        (At::Ask("Address or name of remote host"), ""),
        (At::Ask("Source filename"), ""),
        (At::Ask("Destination filename"), ""),
        (At::Ask("Do you want to over write? [confirm]"), ""),
    ],
    review: ("copy ftp: flash:", "the same over FTP: TCP 21 for control, another connection for data"),
};

const SCP: Row = Row {
    title: "copy scp: flash:",
    task: "And once more over SCP: like FTP it has a login, and like nothing before it nobody between can read it.",
    hints: &[
        "The same dialog with scp: as the source; the password is asked for at the end.",
        "Type: copy scp: flash:   Enter, {user}, Enter, Enter, Enter at [confirm], {password}",
    ],
    goal: |s, n| s.has(&n.new, n.size) && s.scp_copied,
    script: &[
        (R1, "copy scp: flash:"),
        (At::Ask("Address or name of remote host"), ""),
        (At::Ask("Source username"), "{user}"),
        (At::Ask("Source filename"), ""),
        (At::Ask("Destination filename"), ""),
        (At::Ask("Do you want to over write? [confirm]"), ""),
        (At::Ask("Password: "), "{password}"),
    ],
    review: ("copy scp: flash:", "the same over SSH: one connection, everything in it encrypted"),
};

const ACTIVE: Row = Row {
    title: "no ip ftp passive, behind a firewall",
    task: "A firewall before R1 drops every connection towards it. Choose active mode and copy over FTP: see \
           it fail.",
    hints: &[
        "In active mode the server opens the data connection, towards R1.",
        "Type: configure terminal   no ip ftp passive   end   then: copy ftp: flash:",
    ],
    goal: |s, _| s.active_failed,
    script: &[
        (R1, "configure terminal"),
        (CONFIG, "no ip ftp passive"),
        (CONFIG, "end"),
        (R1, "copy ftp: flash:"),
        // Host and file name are remembered from the copy before: Enter takes them.
        (At::Ask("Address or name of remote host"), ""),
        (At::Ask("Source filename"), ""),
        (At::Ask("Destination filename"), ""),
        (At::Ask("Do you want to over write? [confirm]"), ""),
    ],
    review: ("no ip ftp passive", "active: the server connects from port 20 to R1; firewalls drop that"),
};

const PASSIVE: Row = Row {
    title: "ip ftp passive",
    task: "Choose passive mode and copy again: now R1 opens both connections.",
    hints: &[
        "The control connection is always opened by the client; passive mode does the same for data.",
        "Type: configure terminal   ip ftp passive   end   then: copy ftp: flash:",
    ],
    goal: |s, n| s.active_failed && s.ftp_passive && s.has(&n.new, n.size) && s.ftp_octets >= n.size,
    script: &[
        (R1, "configure terminal"),
        (CONFIG, "ip ftp passive"),
        (CONFIG, "end"),
        (R1, "copy ftp: flash:"),
        // Host and file name are remembered from the copy before: Enter takes them.
        (At::Ask("Address or name of remote host"), ""),
        (At::Ask("Source filename"), ""),
        (At::Ask("Destination filename"), ""),
        (At::Ask("Do you want to over write? [confirm]"), ""),
    ],
    review: ("ip ftp passive", "passive: R1 opens the data connection too"),
};

const TO_THE_RELOAD: [Row; 11] =
    [ENABLE, FILE_SYSTEMS, OLD, FLASH, PING, TFTP, VERIFY, BOOT, WRITE, RELOAD, NEW];

/// The steps of the lesson, of the lesson behind a firewall, or as far as a device gets whose server or
/// image is broken on purpose; or of a scenario.
pub fn steps(course: Course) -> Vec<Step> {
    let more: &[Row] = match course {
        Course::Whole => &[DELETE, FTP_USER, FTP, SCP],
        // Somebody else's servers: of SCP nothing is known.
        Course::Foreign => &[DELETE, FTP_USER, FTP],
        Course::Firewall => &[DELETE, FTP_USER, ACTIVE, PASSIVE],
        Course::Broken => &[],
        Course::Scenario(name) => {
            return scenario::named(name).map(|scenario| scenario.steps.clone()).unwrap_or_default();
        }
    };
    TO_THE_RELOAD.iter().chain(more).map(Row::step).collect()
}

/// Which steps there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Course {
    /// All of the lesson.
    Whole,
    /// With servers of somebody else, over TFTP and FTP.
    Foreign,
    /// With a firewall before R1.
    Firewall,
    /// Up to the version after the reload: what is broken must not boot.
    Broken,
    /// The scenario of this name.
    Scenario(&'static str),
}

/// The commands of the steps with what they do, as a table.
pub fn review(steps: &[Step]) -> String {
    let width = steps.iter().map(|s| s.review.0.len()).max().unwrap_or_default();
    let mut out = String::new();
    for (command, what) in steps.iter().map(|s| s.review) {
        out.push_str(&format!("  {command:width$}  {what}\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names::of_the_lesson(8_192)
    }

    /// R1 as it is at the first prompt.
    fn fresh() -> State {
        State {
            version: Some(super::super::names::OLD_VERSION.into()),
            flash: vec![(names().old, 8_192)],
            ..State::default()
        }
    }

    /// R1 when all is done.
    fn done() -> State {
        let ran = |c: &str, v: &str| (c.to_owned(), v.to_owned());
        State {
            version: Some(NEW_VERSION.into()),
            flash: vec![(names().new, 8_192)],
            boot: vec![names().new],
            saved_boot: vec![names().new],
            ran: vec![
                ran("Enable", NEW_VERSION),
                ran("ShowFileSystems", "x"),
                ran("ShowVersion", NEW_VERSION),
                ran("ShowFs", "x"),
            ],
            answered: vec![SERVER],
            verified: vec![names().new],
            ftp_user: Some("cisco".into()),
            ftp_password: true,
            ftp_passive: true,
            active_failed: true,
            tftp_octets: 8_192,
            ftp_octets: 8_192,
            scp_copied: true,
            ..State::default()
        }
    }

    #[test]
    fn no_goal_holds_at_first_and_every_goal_at_last() {
        for course in [Course::Whole, Course::Firewall, Course::Broken] {
            for step in steps(course) {
                assert!(!step.goal.holds(&fresh(), &names()), "{} is done before it began", step.title);
                assert!(step.goal.holds(&done(), &names()), "{} is never done", step.title);
            }
        }
    }

    #[test]
    fn what_looks_done_but_is_not_does_not_count() {
        let goal = |step: Row, state: State| (step.goal)(&state, &names());
        let short = State { flash: vec![(names().new, 8_191)], ..done() };
        assert!(!goal(TFTP, short.clone()) && !goal(FTP, short));
        assert!(!goal(TFTP, State { tftp_octets: 0, ..done() }), "put there by other means");
        // The classic failed upgrade: the new line was appended behind an old one.
        let appended = State { boot: vec![names().old, names().new], ..done() };
        assert!(!goal(BOOT, appended));
        assert!(!goal(WRITE, State { saved_boot: vec![], ..done() }));
        assert!(!goal(RELOAD, State { version: None, ..done() }), "in ROMMON");
    }

    #[test]
    fn every_step_has_a_hint_that_can_be_typed_and_a_script() {
        for step in steps(Course::Whole).into_iter().chain(steps(Course::Firewall)) {
            let last = step.hints.last().expect("a hint");
            assert!(last.starts_with("Type: "), "{}", step.title);
            // What the hint says is what the script does.
            let (_, first) = step.script.first().expect("a script");
            assert!(last.contains(first), "{}: {first}", step.title);
        }
    }

    #[test]
    fn the_review_lines_up() {
        let text = review(&steps(Course::Whole));
        assert_eq!(text.lines().count(), 15);
        assert!(text.lines().all(|l| l.len() <= 110), "{text}");
        assert!(text.contains("  copy tftp: flash:           source first"), "{text}");
    }
}
