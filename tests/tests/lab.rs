//! `towline lab`: the lesson, typed by itself and by a learner; what breaks it; the quiz's proofs.

use e2e::peers::{Peer, is_root};
use e2e::poll::{PATIENCE, until};
use e2e::ports::{Port, tcp_answers, udp_is_taken};
use e2e::process::{Ended, Process};
use e2e::towline::command;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

const OLD: &str = "c2900-universalk9-mz.SPA.151-4.M4.bin";
const NEW: &str = "c2900-universalk9-mz.SPA.155-3.M4a.bin";
/// The lesson's own: 65,609 blocks of 512.
const LESSON: u64 = 33_591_768;

fn lab(arguments: &[&str]) -> Ended {
    let patience = Duration::from_secs(180);
    Process::start(command().arg("lab").args(arguments)).wait(patience)
}

/// What was typed behind R1's prompts, in order.
fn typed(session: &str) -> Vec<&str> {
    let behind = |line: &'_ str| -> Option<usize> {
        ["R1>", "R1#", "R1(config)#"].iter().find(|p| line.starts_with(**p)).map(|p| p.len())
    };
    session.lines().filter_map(|l| behind(l).map(|n| &l[n..])).filter(|l| !l.is_empty()).collect()
}

/// The session from the line that begins with `from` on.
fn after<'a>(session: &'a str, from: &str) -> &'a str {
    let at = session.find(from).unwrap_or_else(|| panic!("'{from}' is not in\n{session}"));
    &session[at..]
}

/// `N bytes copied in S.sss secs (R bytes/sec)`: N of the first such line, after its arithmetic was checked.
fn copied(session: &str) -> u64 {
    let line = session.lines().find(|l| l.contains(" bytes copied in ")).expect("a copied line");
    let words: Vec<&str> = line.split([' ', '(']).filter(|w| !w.is_empty()).collect();
    let [octets, "bytes", "copied", "in", seconds, "secs", rate, "bytes/sec)"] = words[..] else {
        panic!("'{line}' is not a copied line")
    };
    let (whole, thousandths) = seconds.split_once('.').expect("seconds with three digits behind the point");
    assert_eq!(thousandths.len(), 3, "{line}");
    let (n, ms): (u64, u64) =
        (octets.parse().expect("octets"), format!("{whole}{thousandths}").parse().expect("seconds"));
    // The rate is N / S rounded half up, S as it is printed.
    assert_eq!(rate.parse::<u64>().expect("a rate"), (n * 2_000 + ms) / (ms * 2), "{line}");
    n
}

/// The shape of a copy's output that holds for both protocols; gives the number of marks.
fn loading(block: &str) -> usize {
    let lines: Vec<&str> = block.lines().collect();
    let first = lines.iter().position(|l| l.starts_with("Loading ")).expect("a Loading line");
    let ok = lines.iter().position(|l| l.starts_with("[OK - ")).expect("an [OK] line");
    let between = &lines[first + 1..ok];
    // A loaded machine repeats a packet now and then: O and . are its signs, and none of them is a mark.
    let sign = |b: u8| b"!O.".contains(&b);
    assert!(between.iter().all(|l| l.len() <= 80 && l.bytes().all(sign)), "{between:?}");
    let sum = lines[first..ok].iter().map(|l| l.bytes().filter(|&b| b == b'!').count()).sum();
    assert_eq!(lines[ok + 1], "", "a blank line after [OK]");
    assert!(lines[ok + 2].contains(" bytes copied in "), "{}", lines[ok + 2]);
    sum
}

fn well_shaped(session: &str, size: u64, over_scp: bool) {
    let (verify, boot) = (format!("verify flash:{NEW}"), format!("boot system flash:{NEW}"));
    let delete = format!("delete flash:{OLD}");
    let expected = [
        "enable",
        "show file systems",
        "show version",
        "show flash:",
        "ping 10.0.0.1",
        "copy tftp: flash:",
        &verify,
        "configure terminal",
        &boot,
        "end",
        "write",
        "reload",
        "enable",
        "show version",
        &delete,
        "configure terminal",
        "ip ftp username cisco",
        "ip ftp password cisco",
        "end",
        "copy ftp: flash:",
    ];
    // Of somebody else's servers nothing is known about SCP.
    let scp: &[&str] = if over_scp { &["copy scp: flash:"] } else { &[] };
    assert_eq!(typed(session), [&expected[..], scp].concat(), "{session}");

    // Before: the old version runs, the first ping loses a packet.
    let before = &session[..session.find("R1#copy tftp: flash:").expect("the copy")];
    assert!(before.contains(&format!("System image file is \"flash0:{OLD}\"")), "{before}");
    assert!(
        before.contains("Sending 5, 100-byte ICMP Echos to 10.0.0.1") && before.contains("\n.!!!!\n"),
        "{before}"
    );
    assert!(!before.contains("15.5(3)M4a"), "{before}");

    // TFTP: host, source, destination, Accessing, Loading with the interface, a mark for ten blocks.
    let tftp = after(session, "R1#copy tftp: flash:");
    let mut dialog = tftp.lines().skip(1);
    assert_eq!(dialog.next(), Some("Address or name of remote host []? 10.0.0.1"));
    assert_eq!(dialog.next(), Some(&*format!("Source filename []? {NEW}")));
    assert_eq!(dialog.next().map(str::trim_end), Some(&*format!("Destination filename [{NEW}]?")));
    assert_eq!(dialog.next(), Some(&*format!("Accessing tftp://10.0.0.1/{NEW}...")));
    let head = format!("Loading {NEW} from 10.0.0.1 (via GigabitEthernet0/0):");
    assert!(dialog.next().is_some_and(|l| l.starts_with(&head)), "{tftp}");
    assert_eq!(loading(tftp) as u64, (size / 512 + 1) / 10, "a mark for ten blocks");
    assert!(tftp.contains(&format!("\n[OK - {size} bytes]\n")));
    assert_eq!(copied(tftp), size);

    // verify: three hashes and the signature.
    let verify = after(session, &verify);
    let hash = |name: &str| {
        let line = verify.lines().find(|l| l.starts_with(name)).unwrap_or_else(|| panic!("{name}\n{verify}"));
        line.rsplit(": ").next().expect("a hash").to_owned()
    };
    assert_eq!(hash("Embedded Hash   MD5"), hash("Computed Hash   MD5"));
    assert_eq!(hash("CCO Hash        MD5").len(), 32);
    assert!(verify.lines().take(6).any(|l| l == "Signature Verified"));

    // Configuration is told on the console, saved, and the reload asks only for a confirmation.
    assert!(
        after(session, &boot)
            .lines()
            .any(|l| l.contains("%SYS-5-CONFIG_I: Configured from console by console"))
    );
    assert!(after(session, "R1#write").starts_with("R1#write\nBuilding configuration...\n[OK]\n"));
    assert!(after(session, "R1#reload").starts_with("R1#reload\nProceed with reload? [confirm]\n"));

    // After: the new version, the delete's two questions.
    let rebooted = after(session, "R1#reload");
    assert!(rebooted.contains(&format!("System image file is \"flash0:{NEW}\"")), "{rebooted}");
    assert!(rebooted.contains("Self decompressing the image : ###") && rebooted.contains("[OK]"));
    let gone = after(session, &delete);
    let mut lines = gone.lines().skip(1);
    assert_eq!(lines.next().map(str::trim_end), Some(&*format!("Delete filename [{OLD}]?")));
    assert!(
        lines
            .next()
            .is_some_and(|l| l.starts_with("Delete flash") && l.ends_with(&format!("{OLD}? [confirm]")))
    );

    // FTP: what was remembered is offered, the warning comes before Accessing, [OK] has its own form.
    let ftp = after(session, "R1#copy ftp: flash:");
    let mut dialog = ftp.lines().skip(1).map(str::trim_end);
    assert_eq!(dialog.next(), Some("Address or name of remote host [10.0.0.1]?"));
    assert_eq!(dialog.next(), Some(&*format!("Source filename [{NEW}]?")));
    assert_eq!(dialog.next(), Some(&*format!("Destination filename [{NEW}]?")));
    assert_eq!(dialog.next(), Some("%Warning:There is a file already existing with this name"));
    assert_eq!(dialog.next(), Some("Do you want to over write? [confirm]"));
    assert!(
        dialog
            .next()
            .is_some_and(|l| l.starts_with("Accessing ftp://") && l.ends_with(&format!("10.0.0.1/{NEW}...")))
    );
    assert!(ftp.contains(&format!("\nLoading {NEW} !")) && !ftp.contains("(via"), "{ftp}");
    assert!(loading(ftp) > 0);
    assert!(ftp.contains(&format!("\n[OK - {size}/4096 bytes]\n")));
    assert_eq!(copied(ftp), size);
    for failure in ["% ", "%Error", "Error:"] {
        assert!(!session.lines().any(|l| l.starts_with(failure)), "{failure} in\n{session}");
    }
}

#[test]
fn the_script_does_the_whole_lesson_with_its_own_sizes() {
    let ended = lab(&["--script"]);
    assert_eq!(ended.code(), 0, "{}\n{}", ended.out, ended.err);
    well_shaped(&ended.out, LESSON, true);
    assert!(ended.err.contains("yes R1 runs 15.5(3)M4a"), "{}", ended.err);
    assert!(ended.err.contains("yes the SHA-512 of the image in R1's flash is the one of the server's file"));
    for protocol in ["tftp", "ftp"] {
        let line = format!("yes the servers' audit shows {LESSON} octets over {protocol} ({LESSON} seen)");
        assert!(ended.err.contains(&line), "{}", ended.err);
    }
    assert!(!ended.err.contains("NO "), "{}", ended.err);
}

#[test]
fn two_runs_have_different_images() {
    let hash = || {
        let ended = lab(&["day43", "--script", "--size", "64K"]);
        assert_eq!(ended.code(), 0, "{}\n{}", ended.out, ended.err);
        well_shaped(&ended.out, 65_536, true);
        after(&ended.out, "CCO Hash").lines().next().expect("a line").to_owned()
    };
    assert_ne!(hash(), hash());
}

/// Runs a lesson that must fail, with R1 on its old version and this judged as not so; gives the session
/// from the copy on.
fn broken(what: &str, judged: &str) -> String {
    let ended = lab(&["--script", "--size", "256K", "--break", what]);
    assert_eq!(ended.code(), 1, "{}\n{}", ended.out, ended.err);
    assert!(ended.err.contains("NO  R1 runs 15.5(3)M4a (it runs 15.1(4)M4)"), "{}", ended.err);
    assert!(ended.err.contains("towline: lab: not so: "), "{}", ended.err);
    assert!(ended.err.contains(&format!("NO  {judged}")), "{}", ended.err);
    let rebooted = after(&ended.out, "R1#reload");
    assert!(rebooted.contains(&format!("System image file is \"flash0:{OLD}\"")), "{rebooted}");
    assert!(!rebooted.contains("15.5(3)M4a, RELEASE"), "{rebooted}");
    after(&ended.out, "R1#copy tftp: flash:").to_owned()
}

#[test]
fn a_file_that_is_not_there_gives_the_devices_error() {
    let session = broken("absent", "the servers' audit shows 262144 octets over tftp (0 seen)");
    let error = format!("%Error opening tftp://10.0.0.1/{NEW} (No such file or directory)");
    assert!(session.contains(&error) && !session.contains("bytes copied"), "{session}");
    assert!(session.contains(&format!("boot: cannot open \"flash0:{NEW}\"")), "{session}");
}

#[test]
fn a_server_that_stops_in_mid_copy_leaves_no_file() {
    let session = broken("stop", "the servers' audit shows 262144 octets over tftp (0 seen)");
    assert!(session.contains("!!!!!!!!!!"), "it had begun: {session}");
    assert!(
        session.contains("%Error ") && session.contains(&format!(" tftp://10.0.0.1/{NEW} (")),
        "{session}"
    );
    assert!(!session.contains("bytes copied"), "{session}");
    assert!(
        session.contains(&format!("boot: cannot open \"flash0:{NEW}\"")),
        "nothing under the name: {session}"
    );
}

#[test]
fn one_flipped_octet_is_found_and_does_not_boot() {
    let session = broken("flip", "the SHA-512 of the image in R1's flash is the one of the server's file");
    // TFTP cannot know: the copy succeeds.
    assert_eq!(copied(&session), 262_144);
    let verify = after(&session, "verify flash:");
    let hash = |name: &str| verify.lines().find_map(|l| l.strip_prefix(name)).map(str::to_owned);
    let (embedded, computed) = (hash("Embedded Hash   MD5 : "), hash("Computed Hash   MD5 : "));
    assert!(embedded.is_some() && computed.is_some() && embedded != computed, "{verify}");
    assert!(session.contains("compressed image checksum is incorrect"), "{session}");
    assert!(session.contains(&format!("boot: cannot load \"flash0:{NEW}\"")), "{session}");
}

#[test]
fn a_firewall_breaks_active_and_not_passive_and_the_trace_shows_why() {
    let ended = lab(&["--script", "--firewall", "--size", "256K"]);
    assert_eq!(ended.code(), 0, "{}\n{}", ended.out, ended.err);
    let active = after(&ended.out, "R1(config)#no ip ftp passive");
    let (active, passive) = active.split_at(active.find("R1(config)#ip ftp passive").expect("then passive"));
    assert!(active.contains(&format!("%Error opening ftp://10.0.0.1/{NEW} (")), "{active}");
    assert!(!active.contains("bytes copied"), "{active}");
    assert_eq!(copied(passive), 262_144);
    // The trace: R1 says where to connect to, the server does not get there, then R1 connects itself.
    let trace = after(&ended.out, "What R1 saw of its FTP sessions:");
    let mut rest = trace;
    for text in
        ["-- PORT 10,0,0,2,", " 425 ", " 227 Entering Passive Mode (10,0,0,1,", "opens the data connection"]
    {
        let at = rest.find(text).unwrap_or_else(|| panic!("'{text}' does not come in its place in\n{trace}"));
        rest = &rest[at + text.len()..];
    }
    assert_eq!(
        trace.matches("opens the data connection (TCP)").count(),
        1,
        "the server's never opened: {trace}"
    );
}

/// tftpd-hpa and vsftpd over one directory.
struct Others {
    root: tempfile::TempDir,
    tftp: Port,
    ftp: Port,
    _running: [Process; 2],
    _config: tempfile::TempDir,
}

fn others() -> Option<Others> {
    let (tftpd, vsftpd) = (Peer::find("tftpd-hpa", "in.tftpd")?, Peer::find("vsftpd", "vsftpd")?);
    // Both drop their rights at the start.
    if !is_root("vsftpd") {
        return None;
    }
    // vsftpd refuses a root that its user may write; the lab, run by root, writes there.
    let (root, config, tftp, ftp) = (e2e::scratch(), e2e::scratch(), Port::take(), Port::take());
    std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o755)).expect("own directory");
    let empty = config.path().join("empty");
    std::fs::create_dir(&empty).expect("a directory");
    let text = format!(
        "listen=YES\nlisten_ipv6=NO\nbackground=NO\nlisten_address=127.0.0.1\nlisten_port={}\n\
         anonymous_enable=YES\nlocal_enable=NO\nno_anon_password=NO\nanon_world_readable_only=NO\n\
         anon_root={}\nftp_username=daemon\nsecure_chroot_dir={}\n\
         seccomp_sandbox=NO\nisolate=NO\nisolate_network=NO\n",
        ftp.number,
        root.path().display(),
        empty.display()
    );
    let file = config.path().join("vsftpd.conf");
    std::fs::write(&file, text).expect("a file");
    let dir = root.path().to_str().expect("temporary directories are UTF-8");
    let at = tftp.address().to_string();
    let running = [
        Process::start(tftpd.command().args(["-L", "-4", "-a", &at, "-s", "-u", "nobody", dir])),
        Process::start(vsftpd.command().arg(&file)),
    ];
    let up = until(PATIENCE, || (udp_is_taken(tftp.number) && tcp_answers(ftp.number)).then_some(()));
    assert!(up.is_some(), "they do not listen: {:?} {:?}", running[0].said(), running[1].said());
    Some(Others { root, tftp, ftp, _running: running, _config: config })
}

#[test]
fn the_same_script_passes_with_tftpd_hpa_and_vsftpd() {
    let Some(others) = others() else { return };
    let servers = format!(
        "tftp={},ftp={},root={},user=anonymous,password=r1@lab",
        others.tftp.address(),
        others.ftp.address(),
        others.root.path().display()
    );
    let ended = lab(&["--script", "--servers", &servers]);
    assert_eq!(ended.code(), 0, "{}\n{}", ended.out, ended.err);
    let session = ended.out.replace("ip ftp username anonymous", "ip ftp username cisco");
    well_shaped(&session.replace("ip ftp password r1@lab", "ip ftp password cisco"), LESSON, false);
    for protocol in ["tftp", "ftp"] {
        let line = format!("yes R1's traffic shows {LESSON} octets over {protocol}");
        assert!(ended.err.contains(&line), "{}", ended.err);
    }
    assert!(is_empty(others.root.path()), "the lab takes its image away again");
}

fn is_empty(dir: &Path) -> bool {
    std::fs::read_dir(dir).expect("a directory").next().is_none()
}

#[test]
fn a_learner_is_guided_and_given_hints_without_losing_a_key() {
    let mut c = command();
    let mut r1 = Process::start_with(c.args(["lab", "--fast", "--size", "64K"]), Stdio::piped());
    let mut keys = r1.input().expect("a pipe");
    let mut say =
        |text: &str| keys.write_all(text.as_bytes()).and_then(|()| keys.flush()).expect("it listens");
    let mut sees = |text: &str| {
        r1.wait_for(text, |said| said.out.iter().any(|l| l.trim_end().contains(text)).then_some(()));
    };
    sees("Press RETURN to get started!");
    say("\r");
    sees("| Step 1 of 15: Privileged mode");
    say("\x1dh");
    sees("| hint: The prompt R1> is user mode");
    // The menu in mid-command takes no key of the command.
    say("ena\x1dsble\r");
    sees("| done: Privileged mode");
    sees("| Step 2 of 15: File systems");
    // What was typed counts for nothing: the state does.
    say("show file sistems\r");
    sees("% Invalid input detected at '^' marker.");
    say("show file systems\r");
    sees("| done: File systems");
    say("sh ver | include Version\rconf t\rdo sh flash\rend\rping 10.0.0.1\r");
    sees("| Step 6 of 15: copy tftp: flash:");
    say(&format!("copy tftp flash\r10.0.0.1\r{NEW}\r\r"));
    sees("| done: copy tftp: flash:");
    sees("| Step 7 of 15: verify");
    say("\x1dq");
    let ended = r1.wait(PATIENCE);
    assert_eq!(ended.code(), 0, "{}\n{}", ended.out, ended.err);
    assert!(!ended.out.contains("Unrecognized") && !ended.out.contains("Ambiguous"), "{}", ended.out);
}

#[test]
fn a_lab_that_is_interrupted_leaves_nothing_on_the_disk() {
    let temporary = e2e::scratch();
    let mut c = command();
    let mut lab = Process::start_with(
        c.args(["lab", "--fast", "--size", "64K"]).env("TMPDIR", temporary.path()),
        Stdio::piped(),
    );
    lab.wait_for("a boot", |said| said.out.iter().any(|l| l.contains("Press RETURN")).then_some(()));
    assert!(!is_empty(temporary.path()));
    lab.signal(rustix::process::Signal::TERM);
    let ended = lab.wait(PATIENCE);
    assert_eq!(ended.code(), 130, "{}", ended.err);
    assert!(is_empty(temporary.path()));
    // And one that ends on its own.
    let mut c = command();
    let script = c.args(["lab", "--script", "--size", "64K"]).env("TMPDIR", temporary.path());
    assert_eq!(Process::start(script).wait(PATIENCE).code(), 0);
    assert!(is_empty(temporary.path()));
}

#[test]
fn the_quiz_asks_six_questions_and_every_proof_holds() {
    let mut quiz = Process::start_with(command().args(["lab", "quiz"]), Stdio::piped());
    let mut keys = quiz.input().expect("a pipe");
    keys.write_all(b"c\na\nb\nd\nc\nb\n").expect("it listens");
    drop(keys);
    let ended = quiz.wait(PATIENCE);
    assert_eq!(ended.code(), 0, "{}", ended.err);
    assert!(ended.out.ends_with("Score: 6 of 6\n"), "{}", ended.out);
    let proofs: Vec<&str> =
        ended.out.lines().filter_map(|l| l.trim_start().strip_prefix("See it: towline ")).collect();
    assert_eq!(proofs.len(), 6);
    let mut run = std::collections::BTreeMap::new();
    for (proof, question) in proofs.iter().zip(towline::lab::quiz::QUESTIONS) {
        assert_eq!(proof.split(' ').collect::<Vec<_>>(), question.proof);
        let ended = run.entry(*proof).or_insert_with(|| {
            Process::start(command().args(proof.split(' '))).wait(Duration::from_secs(120))
        });
        assert_eq!(ended.code(), 0, "towline {proof}: {}", ended.err);
        for text in question.shows {
            assert!(ended.out.contains(text), "towline {proof} does not show '{text}':\n{}", ended.out);
        }
    }
}

#[test]
fn compare_is_filled_from_a_run() {
    let ended = lab(&["compare"]);
    assert_eq!(ended.code(), 0, "{}", ended.err);
    let row = |head: &str| -> Vec<String> {
        let line = ended
            .out
            .lines()
            .find(|l| l.starts_with(head))
            .unwrap_or_else(|| panic!("{head}\n{}", ended.out));
        line.split('|').skip(1).map(|c| c.trim().to_owned()).collect()
    };
    assert_eq!(row("who opens"), ["the client, to port 69", "the client, to port 21"]);
    assert!(row("login asked")[0].starts_with("no") && row("login asked")[1].starts_with("yes: 331"));
    assert_eq!(row("file readable"), ["yes", "yes"]);
    assert_eq!(row("password readable"), ["no", "yes"]);
    let packets: Vec<u64> =
        row("packets").iter().map(|c| c.replace(',', "").parse().expect("a number")).collect();
    assert!(packets[0] >= 4_099 && packets[1] < packets[0], "{packets:?}");
    let (_, ssh) = ended.out.split_once("\n\n").expect("a second table");
    assert!(
        ssh.lines().next().is_some_and(|head| head.contains("| SFTP") && head.contains("| SCP")),
        "{ssh}"
    );
    let (ssh, tls) = ssh.split_once("\n\n").expect("a third table");
    assert!(tls.lines().next().is_some_and(|head| head.contains("| FTPS (IOS's copy has none)")), "{tls}");
    for head in ["file readable", "password readable"] {
        let line = tls.lines().find(|line| line.starts_with(head)).expect("the row");
        assert!(line.ends_with("| no"), "{tls}");
        let line = ssh.lines().find(|line| line.starts_with(head)).expect("the row");
        assert_eq!(line.matches("no").count(), 2, "{ssh}");
    }
    assert!(
        row("transport and ports")[0].starts_with("UDP ")
            && row("transport and ports")[1].starts_with("TCP 21")
    );
}

#[test]
fn every_ladder_is_drawn_and_a_seventh_is_not() {
    let all = lab(&["ladder"]);
    assert_eq!(all.code(), 0, "{}", all.err);
    for n in 1..=6 {
        assert!(all.out.lines().any(|l| l.starts_with(&format!("{n}. "))), "{}", all.out);
    }
    let fifth = lab(&["ladder", "5"]).out;
    assert!(
        fifth.starts_with("5. FTP active") && fifth.contains("opens the data connection (TCP) ==| 20"),
        "{fifth}"
    );
    assert_eq!(lab(&["ladder", "7"]).code(), 2);
}

#[test]
fn a_wrong_lab_is_one_line_and_exit_code_2() {
    for arguments in [
        &["--break", "flip"][..],
        &["--script", "--break", "everything"],
        &["--script", "--size", "1K"],
        &["--script", "--servers", "tftp=127.0.0.1:69"],
        &["day44"],
    ] {
        let ended = lab(arguments);
        assert_eq!((ended.code(), ended.err.lines().count()), (2, 1), "{arguments:?}: {}", ended.err);
        assert!(ended.out.is_empty(), "{arguments:?}: {}", ended.out);
    }
    let taken = e2e::scratch();
    std::fs::write(taken.path().join(NEW), b"somebody's").expect("a file");
    let servers = format!("tftp=127.0.0.1:9,ftp=127.0.0.1:9,root={}", taken.path().display());
    let ended = lab(&["--script", "--servers", &servers]);
    assert_eq!(ended.code(), 2, "{}", ended.err);
    assert_eq!(std::fs::read(taken.path().join(NEW)).expect("it stays"), b"somebody's");
}

#[test]
fn every_scenario_goes_wrong_as_it_says_and_has_a_way_back() {
    for (name, wrong, right) in [
        ("password-recovery", "monitor: command \"boot\" aborted due to user interrupt", "R1>enable"),
        ("full-flash", "(Not enough space on device)", "Signature Verified"),
        ("misspelt-boot", "boot: cannot open \"flash0:c2900-universalk9-mz.SPA.155-3.M4b.bin\"", "R1>enable"),
        ("damaged-image", "Error : compressed image checksum is incorrect", "R1>enable"),
        ("class-b-flash", "(Not enough space on device)", "Squeeze complete"),
        ("catalyst-upgrade", "Error loading \"flash:/new.bin\"", "Version 15.2(4)E8"),
        ("install-mode", "Install auto abort timer has expired", "SUCCESS: install_remove"),
    ] {
        let ended = lab(&[name, "--script", "--size", "64K"]);
        assert_eq!(ended.code(), 0, "{name}: {}\n{}", ended.err, ended.out);
        assert!(!ended.err.contains("NO "), "{name}: {}", ended.err);
        let at =
            ended.out.find(wrong).unwrap_or_else(|| panic!("{name}: '{wrong}' is not in\n{}", ended.out));
        assert!(
            ended.out[at..].contains(right),
            "{name}: '{right}' does not come behind it in\n{}",
            ended.out
        );
    }
    let ended = lab(&["lost-flash"]);
    assert_eq!(ended.code(), 2);
    assert!(
        ended.err.contains("is neither a file nor a scenario; give a file, or one of password-recovery,"),
        "{}",
        ended.err
    );
}
