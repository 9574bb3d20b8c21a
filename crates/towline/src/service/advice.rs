//! What would help a peer, from what was seen. One sentence for each fact.

use crate::figures::grouped;
use gate::audit::{Event, What};
use gate::{Direction, End, Far, Refusal, Upload, Verb, Verdict};
use serve::tftp::names::{is_autoinstall, without_junk};
use std::time::Duration;
use store::{BadPath, VPath};

/// Below this a block size does not matter to anybody.
const LARGE: u64 = 1_048_576;
/// The block size without options (RFC 1350 §2).
const SMALL: u16 = 512;
/// A round trip that lock-step suffers from: 1,468 octets each 5 ms are less than 300 KiB/s.
const LONG: Duration = Duration::from_millis(5);
/// So many first blocks that nobody acknowledges are no chance.
const IN_VAIN: u64 = 3;
/// RFC 1350 §5: disk full or allocation exceeded.
const DISK_FULL: u16 = 3;

/// What the advisor may ask about the tree and the settings.
pub(crate) trait Tree {
    /// A name like one that is not there.
    fn nearest(&self, path: &VPath) -> Option<VPath>;
    /// Whether uploads are allowed at all.
    fn writable(&self) -> bool;
    /// Whether anonymous may log in.
    fn anonymous(&self) -> bool;
    /// What --upload says of a path.
    fn upload(&self, path: &VPath) -> Option<Upload>;
}

/// The advice that `event` gives reason for.
pub(crate) fn advice(event: &Event, tree: &dyn Tree) -> Option<String> {
    match &event.what {
        // Before an upload many clients look whether the name is there, which is no mistake; where nobody
        // uploads a near name is worth a word.
        What::Refused { verb: Verb::Stat, path, why: Refusal::Absent } if !tree.writable() => {
            tree.nearest(path).map(|near| format!("no such file: {path}; nearest name is {near}"))
        }
        What::Refused { verb: Verb::Read, path, why: Refusal::Absent } if is_autoinstall(path.as_bytes()) => {
            Some(String::from(
                "a device without a configuration looks for one (IOS autoinstall: network-confg, \
                 cisconet.cfg, router-confg, …): put it here, or give the device `no service config`",
            ))
        }
        What::Refused { verb: Verb::Read, path, why: Refusal::Absent }
            if without_junk(path.as_bytes()).is_some() =>
        {
            let clean = without_junk(path.as_bytes()).unwrap_or_default();
            Some(format!(
                "no such file: {path}: the name ends in octets that nobody typed; the device should ask \
                 for {} (DHCP's option 67 without a NUL at its end does this)",
                clean.escape_ascii()
            ))
        }
        What::Refused { verb: Verb::Read, path, why: Refusal::Absent } => Some(match tree.nearest(path) {
            Some(near) if near.as_bytes().eq_ignore_ascii_case(path.as_bytes()) => {
                format!("no such file: {path}; nearest name is {near} (--ignore-case finds it)")
            }
            Some(near) => format!("no such file: {path}; nearest name is {near}"),
            None => format!("no such file: {path}; no name here is like it"),
        }),
        What::Refused { verb: Verb::Write, path, why: Refusal::Denied } if !tree.writable() => {
            Some(format!("{path} was not stored: uploads are off; start with --write"))
        }
        What::Refused { verb, path, why: Refusal::Denied }
            if !matches!(verb, Verb::Read) && tree.upload(path).is_some_and(|u| u != Upload::Overwrite) =>
        {
            let rule = tree.upload(path).unwrap_or(Upload::Deny);
            Some(format!("{path}: --upload …={rule} is why"))
        }
        What::Refused { path, why: Refusal::DeniedBy(place), .. } => {
            Some(format!("{path}: the rule in {place} denies it (towline access explain)"))
        }
        What::Refused { verb: Verb::Write, path, why: Refusal::Exists } => Some(format!(
            "{path} was not stored: a file of that name is there, and it stays (--upload …=create)"
        )),
        What::Refused { verb: Verb::Write, path, why: Refusal::Denied } if is_hidden(path) => {
            Some(format!("{path} was not stored: names that begin with a dot are not served"))
        }
        What::Refused { verb: Verb::Write, path, why: Refusal::Denied } => Some(format!(
            "{path} was not stored: towline's own user may not write there, or a symbolic link leads out \
             of the served directory"
        )),
        What::Refused { verb: Verb::Read, path, why: Refusal::Denied } if !is_hidden(path) => Some(format!(
            "{path} was not sent: towline's own user may not read it, or a symbolic link leads out of the \
             served directory"
        )),
        What::Refused { verb: Verb::Remove | Verb::Rename, path, why: Refusal::Denied }
            if tree.writable() =>
        {
            Some(format!("{path}: only users may remove and rename; start with --user NAME"))
        }
        What::Refused { verb: Verb::Write, path, why: Refusal::NoSpace } => {
            Some(format!("{path} was not stored: no space is left on the disk"))
        }
        What::Refused { verb: Verb::Write, path, why: Refusal::OverQuota(of) } => Some(format!(
            "{path} was not stored: the quota of {of} is used up; towline versions shows what can go, quota = … more"
        )),
        What::Started { path, dir: Direction::Write, .. } if without_junk(path.as_bytes()).is_some() => {
            Some(format!(
                "{path} comes under a name that ends in octets that nobody typed; a rule can cut them off"
            ))
        }
        What::RefusedName { name, why: Refusal::Ambiguous(_), .. } => Some(format!(
            "{}: give each file a name that differs in more than its case, or ask for one as it is written",
            name.escape_ascii()
        )),
        What::RefusedName { name, why: Refusal::BadName(BadPath::Drive), .. } => Some(format!(
            "{}: ask for the path below the served directory, without a drive",
            name.escape_ascii()
        )),
        What::RefusedKnock { why: Refusal::Login } => Some(match &event.user {
            Some(user) => format!("login of {user} failed: user or password are wrong"),
            None if tree.anonymous() => String::from("login failed: give a user or anonymous"),
            None => String::from("anonymous is off because --user is given: log in as that user"),
        }),
        What::RefusedKnock { why: Refusal::Stranger } => {
            Some(String::from("a client of another network: --allow that address too, if it may"))
        }
        What::RefusedKnock { why: Refusal::TooMany(limit) } => {
            Some(format!("{limit} are reached: let some end first, or set that limit higher"))
        }
        What::Ended { dir, path, total, end, verdict, .. } => {
            room(*dir, path, *total, verdict).or_else(|| ended(*dir, end, verdict))
        }
        _ => None,
    }
}

fn is_hidden(path: &VPath) -> bool {
    path.as_bytes().split(|&b| b == b'/').any(|name| name.starts_with(b"."))
}

/// A device that takes no more of a file may have no room for it.
fn room(dir: Direction, path: &VPath, total: Option<u64>, verdict: &Verdict) -> Option<String> {
    let stopped = matches!(
        verdict,
        Verdict::WentSilent(far) | Verdict::RefusedByClient { code: DISK_FULL, far, .. } if *far != Far::Nothing
    );
    let total = total.filter(|_| stopped && dir == Direction::Read)?;
    Some(format!("{path} has {} octets: has the device so much room (`dir flash:`)?", grouped(total)))
}

/// What a transfer's figures tell. No figure is in the text: the record has it, and each advice is given once.
fn ended(dir: Direction, end: &End, verdict: &Verdict) -> Option<String> {
    let Some(wire) = &end.wire else {
        return (*verdict == Verdict::NoDataConnection && dir == Direction::Read).then(|| {
            String::from(
                "the data connection never opened: a firewall or NAT between? try passive mode \
                 (`ip ftp passive`), or --passive-ports with those ports let through",
            )
        });
    };
    if *verdict == Verdict::NeverAnswered {
        return Some(String::from(
            "nothing came back from there: port 69 is open, but the transfer has a port of its own; \
             a firewall between?",
        ));
    }
    let figures = &wire.figures;
    // The OACK came through, and what is as large as a block never did.
    if dir == Direction::Read
        && wire.answered
        && figures.blocks == 0
        && figures.timeouts >= IN_VAIN
        && wire.blksize > SMALL
    {
        return Some(format!(
            "blocks of {} octets do not arrive there, the OACK did: something on the way drops large \
             datagrams (an MTU black hole); ask for smaller ones, {SMALL} octets fit everywhere, or --tftp-max-blksize here",
            wire.blksize
        ));
    }
    if end.octets < LARGE {
        return None;
    }
    if figures.loss() > 0.05 {
        return Some(String::from("one datagram in twenty is lost on the way, or more"));
    }
    if wire.windowsize == 1 && figures.rtt.is_some_and(|rtt| rtt >= LONG) {
        return Some(String::from(
            "each block waits for a round trip, and it is a long way: a client that asks for a windowsize \
             is many times as fast (`towline copy`, U-Boot's tftpwindowsize); where there is none, larger \
             blocks help (`ip tftp blocksize 8192`)",
        ));
    }
    (wire.blksize <= SMALL).then(|| String::from("512-octet blocks: try `ip tftp blocksize 1468`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate::{Figures, Outcome, Protocol, Wire};
    use std::time::SystemTime;

    struct Here {
        write: bool,
    }

    impl Tree for Here {
        fn nearest(&self, path: &VPath) -> Option<VPath> {
            (path.name() == b"a.bim" || path.name() == b"A.bin").then(|| VPath::parse(b"/a.bin").unwrap())
        }

        fn writable(&self) -> bool {
            self.write
        }

        fn anonymous(&self) -> bool {
            false
        }

        fn upload(&self, path: &VPath) -> Option<Upload> {
            (path.name() == b"fixed").then_some(Upload::Version)
        }
    }

    fn said(protocol: Protocol, user: Option<&str>, what: What, write: bool) -> String {
        let event = Event {
            seq: 1,
            at: SystemTime::now(),
            session: 1,
            protocol: Some(protocol),
            peer: None,
            user: user.map(String::from),
            what,
        };
        advice(&event, &Here { write }).unwrap_or_default()
    }

    fn tftp_end(outcome: Outcome, octets: u64, blksize: u16, repeats: u64) -> What {
        tftp_ended(outcome, octets, blksize, |wire| {
            wire.figures.repeats = repeats;
            wire.figures.timeouts = repeats;
            wire.figures.sent += repeats;
        })
    }

    fn tftp_ended(outcome: Outcome, octets: u64, blksize: u16, change: impl FnOnce(&mut Wire)) -> What {
        let blocks = octets / u64::from(blksize);
        let figures = Figures { blocks, sent: blocks, ..Figures::default() };
        let mut wire = Wire { blksize, windowsize: 1, answered: blocks > 0, figures, ..Wire::default() };
        change(&mut wire);
        let end = End { wire: Some(Box::new(wire)), ..End::new(outcome, octets) };
        let (path, dir, total) = (VPath::parse(b"a").unwrap(), Direction::Read, Some(33_591_768));
        let verdict = Verdict::of(dir, total, &end);
        let (digests, stored, kept) = (Vec::new(), None, None);
        let took = std::time::Duration::from_secs(1);
        What::Ended { transfer: 1, path, dir, total, took, end, verdict, digests, stored, kept }
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest() {
        let refused = |name: &[u8], verb, why| What::Refused { verb, path: VPath::parse(name).unwrap(), why };
        let t = Protocol::Tftp;
        let said_near = said(t, None, refused(b"a.bim", Verb::Read, Refusal::Absent), false);
        assert_eq!(said_near, "no such file: /a.bim; nearest name is /a.bin");
        let case = said(t, None, refused(b"A.bin", Verb::Read, Refusal::Absent), false);
        assert!(case.ends_with("nearest name is /a.bin (--ignore-case finds it)"), "{case}");
        let far = said(t, None, refused(b"zzz", Verb::Read, Refusal::Absent), false);
        assert!(far.contains("no name here is like it"), "{far}");
        let asked = said(t, None, refused(b"a.bim", Verb::Stat, Refusal::Absent), false);
        assert_eq!(asked, said_near);
        assert_eq!(said(t, None, refused(b"zzz", Verb::Stat, Refusal::Absent), false), "");
        let off = said(t, None, refused(b"x", Verb::Write, Refusal::Denied), false);
        assert!(off.contains("--write"), "{off}");
        let asked = said(t, None, refused(b"a.bim", Verb::Stat, Refusal::Absent), true);
        assert_eq!(asked, "", "a client that is about to upload asks first");
        let hidden = said(t, None, refused(b"d/.x", Verb::Write, Refusal::Denied), true);
        assert!(hidden.contains("begin with a dot"), "{hidden}");
        let denied = said(t, None, refused(b"d/x", Verb::Write, Refusal::Denied), true);
        assert!(denied.contains("towline's own user"), "{denied}");
        let user = said(t, None, refused(b"x", Verb::Remove, Refusal::Denied), true);
        assert!(user.contains("--user"), "{user}");
    }

    #[test]
    fn a_refused_upload_is_told_its_rule() {
        let path = || VPath::parse(b"fixed").unwrap();
        let denied = |verb| {
            said(Protocol::Ftp, None, What::Refused { verb, path: path(), why: Refusal::Denied }, true)
        };
        assert_eq!(denied(Verb::Remove), "/fixed: --upload …=version is why");
        let place = gate::Place { file: "/etc/t.toml".into(), line: 7 };
        let by_rule = What::Refused { verb: Verb::List, path: path(), why: Refusal::DeniedBy(place) };
        let by_rule = said(Protocol::Ftp, None, by_rule, true);
        assert!(by_rule.contains("the rule in /etc/t.toml:7 denies it"), "{by_rule}");
        let exists = What::Refused { verb: Verb::Write, path: path(), why: Refusal::Exists };
        assert!(said(Protocol::Tftp, None, exists, true).contains("=create"));
    }

    #[test]
    fn names_that_nobody_typed_are_told_why() {
        let refused = |name: &[u8]| What::Refused {
            verb: Verb::Read,
            path: VPath::parse(name).unwrap(),
            why: Refusal::Absent,
        };
        let t = Protocol::Tftp;
        let junk = said(t, None, refused(b"a.bin\xff"), false);
        assert!(
            junk.starts_with("no such file: /a.bin\\xff: ") && junk.contains("ask for /a.bin ("),
            "{junk}"
        );
        let path = VPath::parse(b"r1-confg\xff").unwrap();
        let stored = What::Started {
            transfer: 1,
            path,
            dir: Direction::Write,
            len: None,
            progress: gate::Progress::new(None),
        };
        assert!(said(t, None, stored, true).contains("nobody typed"));
        let one = said(t, None, refused(b"network-confg"), false);
        assert!(one.contains("autoinstall"), "{one}");
        assert_eq!(said(t, None, refused(b"cisconet.cfg"), false), one, "the series is one piece of advice");
        let several = Refusal::Ambiguous(String::from("/A, /a"));
        let several = What::RefusedName { verb: Verb::Read, name: b"a".to_vec(), why: several };
        assert!(said(t, None, several, false).contains("more than its case"));
    }

    #[test]
    fn slow_and_lossy_transfers_are_told_why() {
        let t = |what| said(Protocol::Tftp, None, what, false);
        let whole = Outcome::Complete;
        assert_eq!(t(tftp_end(whole, 33_591_768, 512, 0)), "512-octet blocks: try `ip tftp blocksize 1468`");
        let lossy = t(tftp_end(whole, 33_591_768, 1_468, 5_000));
        assert!(lossy.contains("lost on the way"), "{lossy}");
        assert_eq!(lossy, t(tftp_end(whole, 33_591_768, 1_468, 5_001)), "the same advice: it is given once");
        assert_eq!(t(tftp_end(whole, 33_591_768, 1_468, 3)), "");
        assert_eq!(t(tftp_end(whole, 1_000, 512, 0)), "", "a small file needs no advice");
        assert!(t(tftp_end(Outcome::TimedOut, 0, 512, 9)).contains("a port of its own"));
    }

    #[test]
    fn a_long_way_a_black_hole_and_a_full_flash_are_told() {
        let t = |what| said(Protocol::Tftp, None, what, false);
        let (whole, silent) = (Outcome::Complete, Outcome::TimedOut);
        let far = |window| {
            t(tftp_ended(whole, 33_591_768, 1_468, |wire| {
                wire.windowsize = window;
                wire.figures.rtt = Some(LONG);
            }))
        };
        assert!(far(1).contains("windowsize"), "{}", far(1));
        assert_eq!(far(16), "");
        let stuck = |blksize, timeouts| {
            t(tftp_ended(silent, 0, blksize, |wire| {
                wire.answered = true;
                wire.figures.timeouts = timeouts;
            }))
        };
        assert!(stuck(8_192, 3).contains("blocks of 8192 octets do not arrive"), "{}", stuck(8_192, 3));
        assert_eq!((stuck(512, 3), stuck(8_192, 1)), (String::new(), String::new()));
        let full = t(tftp_end(silent, 20_000_000, 1_468, 0));
        assert_eq!(full, "/a has 33,591,768 octets: has the device so much room (`dir flash:`)?");
    }

    #[test]
    fn a_login_is_told_what_is_wrong_with_it() {
        let refused = What::RefusedKnock { why: Refusal::Login };
        assert!(said(Protocol::Ftp, Some("bob"), refused.clone(), false).starts_with("login of bob failed"));
        assert!(said(Protocol::Ftp, None, refused, false).contains("anonymous is off"));
    }
}
