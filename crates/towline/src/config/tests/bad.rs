//! Bad configurations of every kind, and what is said of each: file, line and remedy, always.
//!
//! A line that ends in `#!` is one that must be named, and no other may be. `INSTA_UPDATE=always` writes the snapshot
//! of the messages anew; read it as an operator would.

use super::super::fault::Fault;
use super::super::load;
use super::super::origin::Origin;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Kinds of faults, each with texts that have it.
const BAD: &[(&str, &[&str])] = &[
    (
        "no TOML",
        &[
            "[server #!\nroot = \"srv\"",
            "[server]\nroot = srv #!",
            "[server]\nroot = \"srv #!",
            "[server]\nroot \"srv\" #!",
            "[server]\nroot = \"srv\"\nroot = \"srv\" #!",
            "[server]\nroot = \"srv\"\n[server] #!",
            "[server]\nroot = \"srv\"\nbind = [\"127.0.0.1\" #!",
            "[[user]]\nname = \"bob\"\npassword = \"hunter2 #!",
        ],
    ),
    (
        "unknown keys",
        &[
            "[server]\nroot = \"srv\"\nwrit = true #!",
            "[server]\nroot = \"srv\"\nshow_hidden = true #!",
            "[serveur] #!\nroot = \"srv\"",
            "[server]\nroot = \"srv\"\nport = 6969 #!",
            "[server]\nroot = \"srv\"\npassive-ports = \"50000-50100\" #!",
            "[server]\nroot = \"srv\"\n[limits]\nper-adress = { sessions = 4 } #!",
            "[server]\nroot = \"srv\"\n[limits]\nper-address = { session = 4 } #!",
            "[server]\nroot = \"srv\"\n[[mount]]\npath = \"/a\"\ndirectory = \"images\" #!\ndir = \"images\"",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\npasswort = \"hunter2\" #!\npassword = { file = \"secret\" }",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\npassword = { fil = \"secret\" } #!",
            "[server]\nroot = \"srv\"\nxyzzy = 1 #!\n[tftp]\nplugh = 2 #!",
        ],
    ),
    (
        "missing keys",
        &[
            "[server]\nroot = \"srv\"\n[[mount]] #!\ndir = \"images\"",
            "[server]\nroot = \"srv\"\n[[mount]] #!\npath = \"/images\"",
            "[server]\nroot = \"srv\"\n[[user]] #!\nname = \"bob\"",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\nkeys = [\n  \"ssh-rsa AAAA\", #!\n  \"command=\\\"ls\\\" ssh-rsa AAAA\", #!\n]",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\nkeys-file = \"cert.pem\" #!",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\npassword = { file = \"secret\" }\nrequire = \"both\" #!",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\npassword = { file = \"secret\" }\nrequire = \"keys\" #!",
            "[server]\nroot = \"srv\"\n[[hook]] #!\nrun = [\"/bin/true\"]",
            "[server]\nroot = \"srv\"\n[[limits.network]] #!\nsessions = 4",
            "[tftp] #!\nport = 6969",
            "[server] #!\nwrite = true",
        ],
    ),
    (
        "wrong values",
        &[
            "[server]\nroot = \"srv\"\nwrite = \"yes\" #!",
            "[server]\nroot = \"srv\"\nwrite = 1 #!",
            "[server]\nroot = 1 #!",
            "[server]\nroot = \"\" #!",
            "[server]\nroot = \"srv\"\nbind = \"127.0.0.1\" #!",
            "[server]\nroot = \"srv\"\nbind = [\"127.0.0.1\", \"localhost\"] #!",
            "[server]\nroot = \"srv\"\nbind = [\"127.0.0.1/8\"] #!",
            "[server]\nroot = \"srv\"\nallow = [\"10.0.0.0/33\"] #!",
            "[server]\nroot = \"srv\"\nsandbox = \"on\" #!",
            "[server]\nroot = \"srv\"\nsandbox = \"requir\" #!",
            "[server]\nroot = \"srv\"\ndrain = 5 #!",
            "[server]\nroot = \"srv\"\ndrain = \"5 minutes\" #!",
            "[server]\nroot = \"srv\"\nwrite = true\nquota = \"20X\" #!",
            "[server]\nroot = \"srv\"\nwrite = true\nquota = -1 #!",
            "[server]\nroot = \"srv\"\nwrite = true\nupload = [\"/a=replace\"] #!",
            "[server]\nroot = \"srv\"\nuser = \"no-such-user-here\" #!",
            "[server]\nroot = \"srv\"\nuser = \"0:0\" #!",
            "[server]\nroot = \"srv\"\n[tftp]\nport = 70000 #!",
            "[server]\nroot = \"srv\"\n[tftp]\nport = \"no\" #!",
            "[server]\nroot = \"srv\"\n[tftp]\nmax-blksize = 100 #!",
            "[server]\nroot = \"srv\"\n[tftp]\nmax-transfers = 1.5 #!",
            "[server]\nroot = \"srv\"\n[ftp]\npassive-ports = \"50100-50000\" #!",
            "[server]\nroot = \"srv\"\n[ftp]\npassive-ports = [50000, 50100] #!",
            "[server]\nroot = \"srv\"\n[ftp]\nport = 99999999999999999999 #!",
            "[server]\nroot = \"srv\"\n[[ftp.fxp]]\nhosts = \"10.0.0.1\"\ncert-pin = \"00:ff\" #!",
            "[server]\nroot = \"srv\"\n[[ftp.fxp]]\nhosts = \"10.0.0.1\"\nuser = \"anonymous\" #!",
            "[server]\nroot = \"srv\"\n[[ftp.overseer]]\nuser = \"ftp\" #!",
            "[server]\nroot = \"srv\"\n[[ftp.overseer]] #!\nclients = \"10.0.0.0/8\"",
            "[server]\nroot = \"srv\"\n[admin]\nlisten = 9469 #!",
            "[server]\nroot = \"srv\"\n[limits]\nsessions = \"many\" #!",
            "[server]\nroot = \"srv\"\n[limits]\nrate-out = \"10 Mbit\" #!",
            "[server]\nroot = \"srv\"\n[audit]\nlog = \"jsn\" #!",
            "[server]\nroot = \"srv\"\n[audit]\nkeep = 2024-01-01 #!",
            "[server]\nroot = \"srv\"\n[[rule]]\nallow = [\"read\", \"exec\"] #!",
            "[server]\nroot = \"srv\"\n[[rule]]\nallow = [] #!",
            "[server]\nroot = \"srv\"\n[[rule]]\nallow = \"all\"\nprotocol = \"gopher\" #!",
            "[server]\nroot = \"srv\"\n[mount] #!\npath = \"/a\"",
            "tftp = 69 #!\n[server]\nroot = \"srv\"",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\npassword = { file = \"secret\", env = \"X\" } #!",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\npassword = 12345 #!",
        ],
    ),
    (
        "several kinds at once",
        &[
            "[server]\nroot = \"absent\" #!\nwrit = true #!\n[tftp]\nport = 70000 #!\nclient-only = true #!",
            // What follows from what is not there is not told where it may be there with a slip in it.
            "[server]\nrot = \"srv\" #!\nquota = \"1G\"\n[[root]]\nusr = \"bob\" #!\npath = \"/b\"",
            "[serveur] #!\nroot = \"absent\"\n[limits]\nidle-timeout = \"0s\" #!",
            "[server]\nroot = \"srv\"\n[[mount]] #!\npath = \"/a\"\n[[mount]]\npath = \"/b\"\ndir = \"absent\" #!\n[[mount]]\npath = \"/b\" #!\ndir = \"images\"",
            "[server]\nroot = \"srv\"\n[[user]] #!\nname = \"bob\"\n[[user]]\nname = \"al\"\npassword = \"hunter2\" #!\n[[rule]]\nallow = \"all\"\nuser = \"bob\"",
            "[server]\nroot = \"srv\"\n[limits]\nsessions = \"many\" #!\nhalf-open = 0 #!\nper-address = { sessions = 20000 }",
            "[server]\nroot = \"srv\"\n[[rule]]\nalow = \"all\" #!\n[[rule]] #!\npath = \"/a\"\n[[rule]]\ndeny = \"nothing\" #!",
            "[server]\nroot = \"srv\"\nstat = \"srv\" #!\n[audit]\nhistory = true\nkeep = \"1h\" #!\n[http]\nport = 8080\n[https]\nport = 8080 #!\ncrt = \"cert.pem\" #!",
            "[server]\nroot = \"srv\"\n[ftp]\nport = 212121 #!\npassive-ports = \"20-23\"\n[http]\nport = 2121",
        ],
    ),
    (
        "addresses and ports",
        &[
            "[server]\nroot = \"srv\"\nbind = [\n\"127.0.0.1\",\n\"127.0.0.1\", #!\n]",
            "[server]\nroot = \"srv\"\n[http]\nport = 21 #!",
            "[server]\nroot = \"srv\"\n[http]\nport = 8080\n[admin]\nlisten = \"127.0.0.1:8080\" #!",
            "[server]\nroot = \"srv\"\n[ftp]\nport = 2121\npassive-ports = \"2000-3000\" #!",
            "[server]\nroot = \"srv\"\n[tftp]\nport = \"off\" #!\n[ftp]\nport = \"off\"",
            "[server]\nroot = \"srv\"\n[https]\nport = 8443 #!\ncert = \"cert.pem\"",
            "[server]\nroot = \"srv\"\n[https]\nport = 8443\ncert = \"cert.pem\"\nkey = \"absent.pem\" #!",
            "[server]\nroot = \"srv\"\n[https]\nport = 8443\ncert = \"images\" #!\nkey = \"secret\"",
            "[server]\nroot = \"srv\"\n[https]\nport = 8443\ncert = \"cert.pem\"\nkey = \"cert.pem\" #!",
        ],
    ),
    (
        "the tree",
        &[
            "[server]\nroot = \"absent\" #!",
            "[server]\nroot = \"/\" #!",
            "[server]\nroot = \"/dev/null\" #!",
            "[server]\nroot = \"cert.pem\"\nwrite = true #!",
            "[server]\nroot = \"srv\"\ninbox = \"images\" #!",
            "[server]\ninbox = \"images\"\nwrite = true #!",
            "[server]\nroot = \"srv\"\nquota = \"20G\" #!",
            "[server]\nroot = \"srv\"\nupload = [\"/images=deny\"] #!",
            "[server]\nroot = \"srv\"\nwrite = true\nquota = 0 #!",
            "[server]\nroot = \"srv\"\nstate = \"absent\" #!",
            "[server]\nroot = \"srv\"\nstate = \"srv/state\" #!",
            "[server]\nroot = \"srv\"\n[[mount]]\npath = \"/a\"\ndir = \"absent\" #!",
            "[server]\nroot = \"srv\"\n[[mount]]\npath = \"/a\"\ndir = \"cert.pem\" #!",
            "[server]\nroot = \"srv\"\n[[mount]]\npath = \"/a\"\ndir = \"/\" #!",
            "[server]\nroot = \"srv\"\n[[mount]]\npath = \"images\" #!\ndir = \"images\"",
            "[server]\nroot = \"srv\"\n[[mount]]\npath = \"/a/../b\" #!\ndir = \"images\"",
            "[server]\nroot = \"srv\"\n[[mount]]\npath = \"/a\"\ndir = \"images\"\n[[mount]]\npath = \"/a/\" #!\ndir = \"srv\"",
            "[server]\nroot = \"srv\"\n[[mount]]\npath = \"/\" #!\ndir = \"images\"",
            "[server]\nroot = \"srv\"\n[[mount]]\npath = \"/.git\" #!\ndir = \"images\"",
            "[server]\nroot = \"srv\"\n[[mount]]\npath = \"/a\"\ndir = \"images\"\nkeep-versions = 3 #!",
            "[server]\nroot = \"srv\"\nkeep-versions-for = \"90d\" #!",
            "[server]\nroot = \"srv\"\n[[root]]\nnetwork = \"10.0.0.0/8\"\npath = \"/a/%u\" #!",
            "[server]\nroot = \"srv\"\n[[root]]\nnetwork = \"10.0.0.0/8\"\npath = \"/a/%x\" #!",
            "[server]\nroot = \"srv\"\nwrite = true\n[[root]]\nnetwork = \"10.0.0.0/8\"\npath = \"/a/%i/in\"\nquota = \"1G\" #!",
            "[server]\nroot = \"srv\"\n[[root]]\nnetwork = \"10.0.0.0/8\"\npath = \"/a/%i\"\nquota-files = 9 #!",
            "[server]\nroot = \"srv\"\n[[root]]\nuser = \"*\"\npath = \"/home/%u\"\ncreate = true #!",
            "[server]\nroot = \"srv\"\nwrite = true\n[[root]]\nnetwork = \"10.0.0.0/8\"\npath = \"/a/%i\"\ncreate = true #!",
            "[server]\nroot = \"srv\"\nwrite = true\n[[root]]\nuser = \"*\"\npath = \"/h/%u\"\ncreate = \"0750\" #!",
            "[server]\nroot = \"srv\"\n[[root]] #!\npath = \"/a\"",
            "[server]\nroot = \"srv\"\n[[root]] #!\nnetwork = \"10.0.0.0/8\"\nuser = \"bob\"\npath = \"/a\"\n[[user]]\nname = \"bob\"\npassword = { file = \"secret\" }",
        ],
    ),
    (
        "users, groups, passwords",
        &[
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\npassword = { file = \"secret\" }\n[[user]]\nname = \"bob\" #!\npassword = { file = \"secret\" }",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"\" #!\npassword = { file = \"secret\" }",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"anonymous\" #!\npassword = { file = \"secret\" }",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\npassword = \"hunter2\" #!",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\npassword = { file = \"absent\" } #!",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\npassword = { file = \"cert.pem\" } #!",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\npassword = { env = \"NO_SUCH_VARIABLE_HERE\" } #!",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\npassword = { cmd = [] } #!",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\npassword = { cmd = [\"pass\", \"bob\"] } #!",
            "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\npassword = { file = \"secret\" }\nexpires = \"31.12.2027\" #!",
            "[server]\nroot = \"srv\"\n[identity]\nusers-dir = \"absent\" #!",
            "[server]\nroot = \"srv\"\n[identity]\ncommand = [\"/no/such/program\"] #!",
            "[server]\nroot = \"srv\"\n[identity]\ntimeout = \"0s\" #!",
            "[server]\nroot = \"srv\"\n[[rule]]\nallow = \"all\"\ngroup = \"admins\" #!",
            "[server]\nroot = \"srv\"\n[[rule]]\nallow = \"all\"\nuser = \"bbo\" #!\n[[user]]\nname = \"bob\"\npassword = { file = \"secret\" }",
            "[server]\nroot = \"srv\"\n[[root]]\ngroup = \"site1\" #!\npath = \"/a\"",
        ],
    ),
    (
        "rules",
        &[
            "[server]\nroot = \"srv\"\n[[rule]] #!\npath = \"/images/**\"",
            "[server]\nroot = \"srv\"\n[[rule]]\nallow = \"all\"\ndeny = [\"delete\"] #!",
            "[server]\nroot = \"srv\"\n[[rule]]\nallow = \"all\"\npath = \"images/**\" #!",
            "[server]\nroot = \"srv\"\n[[rule]]\nallow = \"all\"\nprotocol = \"tftp\"\nsecurity = \"tls\" #!",
        ],
    ),
    (
        "limits",
        &[
            "[server]\nroot = \"srv\"\n[limits]\nsessions = 0 #!",
            "[server]\nroot = \"srv\"\n[limits]\nrate-out = 0 #!",
            "[server]\nroot = \"srv\"\n[limits]\nidle-timeout = \"0s\" #!",
            "[server]\nroot = \"srv\"\n[limits]\nsessions = 10\nhalf-open = 20 #!",
            "[server]\nroot = \"srv\"\n[limits]\nper-transfer = { rate-out = 0 } #!",
            "[server]\nroot = \"srv\"\n[penalties]\ndelay-at = 20 #!",
            "[server]\nroot = \"srv\"\n[penalties]\nhalf-life = \"0s\" #!",
            "[server]\nroot = \"srv\"\n[penalties]\nlongest-ban = \"1s\" #!",
            "[server]\nroot = \"srv\"\n[limits]\nsessions = 10\nper-address = { sessions = 20 } #!",
            "[server]\nroot = \"srv\"\n[limits]\nper-user = { rate-in = \"0\" } #!",
            "[server]\nroot = \"srv\"\n[[limits.network]]\nnet = \"10.0.0.0/8\"\n[[limits.network]]\nnet = \"10.0.0.0/8\" #!",
            "[server]\nroot = \"srv\"\n[penalties]\nexempt = [\"lan\"] #!",
        ],
    ),
    (
        "records and hooks",
        &[
            "[server]\nroot = \"srv\"\n[audit]\nsyslog = \"/dev/log\" #!",
            "[server]\nroot = \"srv\"\n[audit]\nhistory = true #!",
            "[server]\nroot = \"srv\"\n[audit]\nhistory = \"absent/history.db\" #!",
            "[server]\nroot = \"srv\"\n[audit]\nkeep = \"1h\" #!",
            "[server]\nroot = \"srv\"\n[[hook]] #!\non = [\"ended\"]",
            "[server]\nroot = \"srv\"\n[[hook]]\non = [\"ended\"]\nrun = [\"/bin/sh\"]\nurl = \"http://h/\" #!",
            "[server]\nroot = \"srv\"\n[[hook]]\non = [\"endd\"] #!\nrun = [\"/bin/sh\"]",
            "[server]\nroot = \"srv\"\n[[hook]]\non = [\"ended\"]\nurl = \"ftp://h/\" #!",
            "[server]\nroot = \"srv\"\n[[hook]]\non = [\"ended\"]\nrun = [\"cert.pem\"] #!",
            "[server]\nroot = \"srv\"\n[[hook]]\non = [] #!\nrun = [\"/bin/sh\"]",
            "[server]\nroot = \"srv\"\n[[hook]]\non = [\"ended\", \"copied\"] #!\nrun = [\"/bin/sh\"]",
            "[server]\nroot = \"srv\"\n[[hook]]\non = [\"hook_failed\"] #!\nrun = [\"/bin/sh\"]",
            "[server]\nroot = \"srv\"\n[[hook]]\non = [\"ended\"]\nverdict = \"complet\" #!\nrun = [\"/bin/sh\"]",
            "[server]\nroot = \"srv\"\n[[hook]]\non = [\"ended\"]\npath = \"/a/\" #!\nrun = [\"/bin/sh\"]",
            "[server]\nroot = \"srv\"\n[[hook]]\non = [\"ended\"]\nurl = \"https://me:pw@h/\" #!",
            "[server]\nroot = \"srv\"\n[[hook]]\non = [\"ended\"]\nurl = \"https://h/\"\ntoken = \"t0ken\" #!",
            "[server]\nroot = \"srv\"\n[[hook]]\non = [\"ended\"]\nrun = [\"/bin/sh\"]\ntoken = { env = \"T\" } #!",
        ],
    ),
    (
        "TFTP",
        &[
            "[server]\nroot = \"srv\"\n[tftp]\nclient-only = true #!",
            "[server]\nroot = \"srv\"\n[tftp]\nclient-dir = \"serial\" #!",
            "[server]\nroot = \"srv\"\n[tftp]\nsingle-port = true\nports = \"50000-50100\" #!",
            "[server]\nroot = \"srv\"\n[tftp]\nmap = [\"^(boot => x\"] #!",
            "[server]\nroot = \"srv\"\n[tftp]\nremap = \"absent\" #!",
            "[server]\nroot = \"srv\"\n[tftp]\nremap = \"rules\" #!",
        ],
    ),
];

/// What the texts name: `srv`, `images`, `srv/state`, a file that all may read and one that they may not.
fn scene() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let at = |name: &str| dir.path().join(name);
    for name in ["srv", "images", "srv/state"] {
        std::fs::create_dir(at(name)).expect("made");
    }
    for (name, mode, text) in
        [("cert.pem", 0o644, "x"), ("secret", 0o600, "x"), ("rules", 0o644, "no rule\n")]
    {
        std::fs::write(at(name), text).expect("written");
        std::fs::set_permissions(at(name), PermissionsExt::from_mode(mode)).expect("its mode");
    }
    dir
}

fn faults(dir: &Path, text: &str, mode: u32) -> Vec<Fault> {
    let path = dir.join("t.toml");
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("its mode");
    let source = load::text_of(&path).expect("read");
    load::draft(Some(source), []).map_or_else(|faults| faults, load::Draft::judged)
}

/// The lines that it names; a fault without one or without a remedy fails.
fn lines(faults: &[Fault]) -> BTreeSet<usize> {
    let line = |fault: &Fault| {
        let Origin::File(place) = &fault.origin else { panic!("{fault:?} names no line") };
        let (picture, here) = (fault.picture(), format!("t.toml:{}:{}: ", place.line(), place.column()));
        assert!(picture.contains(&here) && picture.contains(&format!("; {}", fault.remedy)), "{picture}");
        assert!(picture.lines().count() == 3 && picture.contains('^'), "{picture}");
        assert!(fault.remedy.len() > 3, "{picture}");
        assert!(!picture.contains("hunter2"), "a secret is shown: {picture}");
        place.line()
    };
    faults.iter().map(line).collect()
}

#[test]
fn every_bad_configuration_is_told_with_file_line_and_remedy() {
    let dir = scene();
    let mut told = String::new();
    let (mut wrong, mut count) = (String::new(), 0);
    for (kind, texts) in BAD {
        told.push_str(&format!("══ {kind}\n"));
        for text in *texts {
            count += 1;
            let marked: BTreeSet<usize> =
                text.lines().enumerate().filter(|(_, l)| l.ends_with("#!")).map(|(i, _)| i + 1).collect();
            assert!(!marked.is_empty(), "no line is marked: {text}");
            let faults = faults(dir.path(), &text.replace(" #!", ""), 0o640);
            let found = lines(&faults);
            if found != marked {
                wrong.push_str(&format!("lines {found:?} are named of\n{text}\n{}\n", pictures(&faults)));
            }
            told.push_str(&pictures(&faults).replace(dir.path().to_str().expect("UTF-8"), "DIR"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count >= 60, "{count} bad configurations");
    insta::assert_snapshot!("bad_configurations", told);
}

fn pictures(faults: &[Fault]) -> String {
    faults.iter().map(Fault::picture).collect()
}

#[test]
fn a_file_with_the_hash_of_a_password_that_all_may_read_is_refused() {
    let dir = scene();
    let hash = gate::hash_password(&gate::Secret::new(b"x".to_vec()));
    let text = format!("[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\npassword = \"{hash}\"\n");
    assert_eq!(faults(dir.path(), &text, 0o640), []);
    let open = faults(dir.path(), &text, 0o644);
    assert_eq!(lines(&open), BTreeSet::from([5]));
    assert!(open[0].remedy.starts_with("chmod o= ") && !pictures(&open).contains(&hash), "{open:?}");
    // Told once, however many there are.
    let many = text.clone() + &text[text.find("[[user]]").expect("one")..].replace("bob", "eve");
    assert_eq!(lines(&faults(dir.path(), &many, 0o644)), BTreeSet::from([5]));
    // A reference is no secret.
    let text = "[server]\nroot = \"srv\"\n[[user]]\nname = \"bob\"\npassword = { file = \"secret\" }\n";
    assert_eq!(faults(dir.path(), text, 0o644), []);
}

/// Where nobody may give files away, the table in `check::secrecy` says it alone.
#[test]
fn a_file_with_secrets_is_for_the_services_own_group_and_no_other() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let dir = scene();
    let hash = gate::hash_password(&gate::Secret::new(b"x".to_vec()));
    let give = |name: &str| {
        let file = dir.path().join(name);
        std::os::unix::fs::chown(&file, None, Some(4242)).expect("root may");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).expect("its mode");
    };
    give("secret");
    // Written before, it keeps its group.
    std::fs::write(dir.path().join("t.toml"), "").expect("written");
    give("t.toml");
    let user = |password: &str| format!("[[user]]\nname = \"bob\"\npassword = {password}\n");
    for password in [format!("\"{hash}\""), String::from("{ file = \"secret\" }")] {
        let foreign = format!("[server]\nroot = \"srv\"\n{}", user(&password));
        let told = faults(dir.path(), &foreign, 0o640);
        assert_eq!(lines(&told), BTreeSet::from([5]));
        assert!(told[0].what.contains("group 4242") && told[0].remedy.contains("chmod g= "), "{told:?}");
        let own = format!("[server]\nroot = \"srv\"\nuser = \"4242:4242\"\n{}", user(&password));
        assert_eq!(faults(dir.path(), &own, 0o640), []);
    }
}

#[test]
fn several_faults_are_told_together() {
    let dir = scene();
    let text = "[server]\nroot = \"absent\"\nquota = \"1G\"\n[tftp]\nclient-only = true\n[[rule]]\n";
    assert_eq!(lines(&faults(dir.path(), text, 0o640)), BTreeSet::from([2, 3, 5, 6]));
}
