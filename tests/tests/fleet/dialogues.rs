//! What is typed to do something, where a device answers as real ones did: copies, saves, restarts, install mode. What no table
//! knows gets no answer.

use crate::asked::text;
use crate::line::{Answers, Line};
use client::Options;
use client::terminal::{Over, Place};
use fleet::ios::{Fault, Login, Session, Texts, Undone, Why, act};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use upgrade::{Effect, Facts, Target};

const NAME: &str = "new.bin";
const MD5: &str = "e1588a2bda3583feb9188933d265ba11";
const URL: &str = "tftp://10.1.4.9/new.bin";

/// A device that is at a prompt and says this behind each line that is typed, in this order; then its line ends.
struct Dialogue {
    says: VecDeque<(String, String)>,
    typed: Arc<Mutex<Vec<String>>>,
    is_quiet: bool,
    is_restarting: bool,
}

impl Answers for Dialogue {
    fn greeting(&mut self) -> String {
        "R1#".into()
    }

    fn answer(&mut self, typed: &str) -> String {
        if typed.is_empty() && self.is_quiet || typed.starts_with("terminal ") {
            return format!("{typed}\nR1#");
        }
        self.is_quiet = false;
        self.typed.lock().expect("no panic").push(typed.to_owned());
        match self.says.pop_front() {
            Some((awaited, says)) if awaited == typed => format!("{typed}\n{says}"),
            other => format!("{typed}\nthis was awaited: {other:?}\nR1#"),
        }
    }

    /// Behind a restart nobody is at a prompt.
    fn is_over(&self) -> bool {
        self.is_restarting && self.says.is_empty()
    }

    /// A question that a key answers, without Return.
    fn wants_key(&self) -> bool {
        self.says.front().is_some_and(|(awaited, _)| *awaited == "n")
    }
}

/// What comes of an effect where the device says this, and what was typed.
fn done(effect: Effect, says: &[(&str, &str)]) -> (Result<Option<String>, Undone>, Vec<String>) {
    let typed = Arc::new(Mutex::new(Vec::new()));
    let is_restarting = says.last().is_some_and(|(_, says)| !says.ends_with(['#', '?', ']', ' ']));
    let own = |(typed, says): &(&str, &str)| (typed.to_string(), says.to_string());
    let (says, kept): (VecDeque<_>, _) = (says.iter().map(own).collect(), typed.clone());
    let line =
        Line::of(move || Dialogue { says: says.clone(), typed: kept.clone(), is_quiet: true, is_restarting });
    let place = Place { over: Over::Telnet, user: None, host: "127.0.0.1".into(), port: Some(line.port()) };
    let mut session = Some(Session::open(&place, Login::default(), &Options::default()).expect("a prompt"));
    let came = act(&mut session, &effect, &facts(), &target(), URL);
    let typed = typed.lock().expect("no panic").clone();
    (came, typed)
}

/// Of a device whose image lies in `flash0:`.
fn facts() -> Facts {
    let texts = Texts {
        version: text("show_version_c3945.txt"),
        boot: text("show_bootvar_asr1k.txt"),
        dir: text("dir_iosv.txt"),
        ..Texts::default()
    };
    texts.facts("R1").expect("facts")
}

fn target() -> Target {
    Target {
        name: NAME.into(),
        size: 12_124_536,
        md5: MD5.into(),
        platform: None,
        feature: None,
        version: None,
        damage: None,
    }
}

const COPY: &str = "copy tftp://10.1.4.9/new.bin flash0:new.bin";
const ASKED: &str = "Destination filename [new.bin]? ";
const LOADING: &str = "Accessing tftp://10.1.4.9/new.bin...\nLoading new.bin from 10.1.4.9 (via Vlan1): ";

#[test]
fn a_copy_answers_what_real_devices_ask_and_knows_how_it_ended() {
    let ok = "!!!!\n[OK - 12124536 bytes]\n\n12124536 bytes copied in 77.432 secs (156583 bytes/sec)\n\nR1#";
    let loaded = format!("{LOADING}{ok}");
    // A 9300 that tried to configure itself meanwhile (genielibs' file transfer).
    let noisy = format!(
        "{LOADING}!!!\n%Error opening tftp://255.255.255.255/network-confg (Timed out)!!!!\n%Error opening tftp://255.255.255.255/cisconet.cfg (Timed out){ok}"
    );
    // A 3640 with flash of class B.
    let erase = "Accessing tftp://172.22.1.203/new.bin... \nErase flash: before copying? [confirm] ";
    let summed = format!(
        "n{LOADING}!!! \n[OK - 12124536 bytes] \n  \nVerifying checksum...  OK (0x266E) \n12124536 bytes copied in 77.432 secs (156583 bytes/sec) \n \nR1#"
    );
    // A 9000 over SCP (a different question each).
    let host = "Address or name of remote host [10.1.4.9]? ";
    let good: [Vec<(&str, &str)>; 5] = [
        vec![(COPY, ASKED), (NAME, &loaded)],
        vec![(COPY, &noisy)],
        vec![(COPY, ASKED), (NAME, erase), ("n", &summed)],
        vec![
            (COPY, host),
            ("", "Source username [admin]? "),
            ("", "Source filename [new.bin]? "),
            ("", ASKED),
            (NAME, &loaded),
        ],
        vec![(
            COPY,
            " Sending file modes: C0644 12124536 new.bin\n!\n12124536 bytes copied in 0.304 secs (12164 bytes/sec)\n\nR1#",
        )],
    ];
    for says in good {
        let (came, typed) = done(Effect::Copy, &says);
        assert!(matches!(came, Ok(None)), "{came:?}");
        assert_eq!(typed, says.iter().map(|(typed, _)| *typed).collect::<Vec<_>>());
    }
}

#[test]
fn a_copy_that_fails_says_why_in_the_words_of_the_device() {
    let slow = format!(
        "{LOADING}!!!!!!O!OOOOOO!OOOOOO!OOOOOOOO!OOOO... [timed out]\n\n%Error reading tftp://10.1.4.9/new.bin (Timed out)\nR1#"
    );
    for (says, right) in [
        (
            "Accessing tftp://10.1.4.9/new.bin...\n%Error opening tftp://10.1.4.9/new.bin (No such file or directory)\nR1#",
            "No such file or directory",
        ),
        (slow.as_str(), "%Error reading tftp://10.1.4.9/new.bin (Timed out)"),
        (
            "%Error copying tftp://10.1.4.9/new.bin (Not enough space on device)\nR1#",
            "Not enough space on device",
        ),
    ] {
        let (came, typed) = done(Effect::Copy, &[(COPY, ASKED), (NAME, says)]);
        let Err(Undone::Refused(why)) = &came else { panic!("{came:?}") };
        assert!(why.contains(right), "{why}");
        assert_eq!(typed, [COPY, NAME]);
    }
}

/// `Abort Copy? [confirm]` of a 9300 (genielibs' file transfer), and `Enter vrf` of unicon's mock: Return would be an answer.
#[test]
fn a_question_of_a_copy_that_no_table_knows_is_left_alone() {
    for says in [
        "%Warning: File not a valid executable for this system\nAbort Copy? [confirm]",
        "Enter vrf (If no input, current vrf 'default' is considered): ",
    ] {
        let (came, typed) = done(Effect::Copy, &[(COPY, says)]);
        let Err(Undone::Fault(Fault::Trouble(trouble))) = &came else { panic!("{came:?}") };
        assert_eq!((&trouble.why, typed.as_slice()), (&Why::Unknown, [COPY.to_owned()].as_slice()));
        let shown = trouble.to_string();
        assert!(shown.contains(says.lines().last().expect("a question").trim()), "{shown}");
    }
}

#[test]
fn what_is_saved_is_told_from_what_is_not() {
    let warned = "Warning: Attempting to overwrite an NVRAM configuration previously written\nby a different version of the system image.\nOverwrite the previous NVRAM configuration?[confirm]";
    let packed =
        "Building configuration...\nCompressed configuration from 10194 bytes to 5372 bytes[OK]\nR1#";
    for (says, is_saved) in [
        (vec![("write memory", "Building configuration...\n[OK]\nR1#")], true),
        (vec![("write memory", packed)], true),
        (vec![("write memory", warned), ("", packed)], true),
        (vec![("write memory", "startup-config file open failed (Device or resource busy)\nR1#")], false),
    ] {
        let (came, typed) = done(Effect::Save, &says);
        assert_eq!(came.is_ok(), is_saved, "{came:?}");
        assert_eq!(typed.len(), says.len());
        if let Err(e) = came {
            assert!(e.to_string().contains("Device or resource busy"), "{e}");
        }
    }
}

#[test]
fn a_digest_is_read_behind_thousands_of_dots() {
    let command = "verify /md5 flash0:new.bin";
    let dots = ".".repeat(40_000);
    let says = format!("{dots}Done!\nverify /md5 (flash0:new.bin) = {MD5}\n\nR1#");
    let (came, _) = done(Effect::Digest, &[(command, &says)]);
    assert_eq!(came.expect("a digest").as_deref(), Some(MD5));
    let says = format!("{dots}\n%Error verifying flash0:new.bin\nR1#");
    let (came, _) = done(Effect::Digest, &[(command, &says)]);
    assert!(came.expect_err("none").to_string().contains("%Error verifying"));
}

/// As an IE9300 asks (genielibs' `execute_reload_noverify`), a stack, and a router; the last one asks what no table knows.
#[test]
fn a_restart_is_confirmed_where_it_is_known_what_is_confirmed() {
    let modified = "\nSystem configuration has been modified. Save? [yes/no]: ";
    let stack = "                       Reload command is being issued on Active unit, this will reload the whole stack\nProceed with reload? [confirm]";
    for says in [
        vec![("reload", "Proceed with reload? [confirm]"), ("", "")],
        vec![("reload", modified), ("no", stack), ("", "\nChassis 1 reloading, reason - Reload command\n")],
        vec![("reload", "Reload this shelf [confirm]"), ("", "")],
    ] {
        let (came, typed) = done(Effect::Reload, &says);
        assert!(matches!(came, Ok(None)), "{came:?}");
        assert_eq!(typed, says.iter().map(|(typed, _)| *typed).collect::<Vec<_>>());
    }
    let (came, typed) =
        done(Effect::Reload, &[("reload", "System is running in SIMPLEX mode, reload anyway? [confirm]")]);
    let Err(Undone::Fault(Fault::Trouble(trouble))) = &came else { panic!("{came:?}") };
    assert_eq!((&trouble.why, typed.len()), (&Why::Unknown, 1));
}

/// A Catalyst 9300's commit (genielibs), and a 9200 that has no room.
#[test]
fn install_mode_says_what_was_done_and_why_it_was_not() {
    let says = "install_commit: START Sun Aug 07 09:04:03 UTC 2022
--- Starting Commit ---
Performing Commit on all members
 [1] Commit packages(s) on Switch 1
 [1] Finished Commit packages(s) on Switch 1
Checking status of Commit on [1 2 3]
Commit: Passed on [1 2 3]
Finished Commit operation

SUCCESS: install_commit
R1#";
    let (came, typed) = done(Effect::Commit, &[("install commit", says)]);
    assert!(matches!(came, Ok(None)), "{came:?}");
    assert_eq!(typed, ["install commit"]);
    let add = "install add file flash0:new.bin prompt-level none";
    for (says, right) in [
        (
            "install_add: START Fri Dec 13 05:25:16 GMT 2024\ninstall_add: Adding IMG\n [1] Switch 1 FAILED: /mnt/sd3/user requires 462703 KB of free space, but only 408260 KB is available\nFAILED: install_add /mnt/sd3/user/new.bin Fri Dec 13 05:25:16 GMT 2024\nR1#",
            "requires 462703 KB of free space, but only 408260 KB is available",
        ),
        (
            "FAILED: There is not enough free disk available to perform this operation on switch 1. At least 1276287 KB of free disk is required\nR1#",
            "At least 1276287 KB",
        ),
    ] {
        let (came, _) = done(Effect::Add, &[(add, says)]);
        let Err(Undone::Refused(why)) = &came else { panic!("{came:?}") };
        assert!(why.contains(right), "{why}");
    }
}
