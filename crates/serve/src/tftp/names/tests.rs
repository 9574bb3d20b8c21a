use super::super::open::{Asked, Opened, admit, open};
use super::{ClientDirs, Names, is_autoinstall, plain, without_junk};
use gate::audit::{Events, What};
use gate::store::BadPath;
use gate::store::local::{Local, LocalOptions};
use gate::{Gate, Policy, Refusal};
use std::sync::Arc;
use tempfile::TempDir;
use tftp_proto::Mode;
use tftp_proto::packet::Op;

/// A directory behind a gate, asked without any socket.
pub(in crate::tftp) struct House {
    pub(in crate::tftp) dir: TempDir,
    gate: Arc<Gate>,
    pub(in crate::tftp) events: Events,
    pub(in crate::tftp) names: Names,
}

impl House {
    pub(in crate::tftp) fn new(names: Names) -> House {
        let dir = tempfile::tempdir().unwrap();
        let store = Local::open(dir.path(), LocalOptions { write: true, ..LocalOptions::default() }).unwrap();
        let (gate, events) = Gate::new(Arc::new(store), Policy { write: true, ..Policy::default() });
        House { dir, gate, events, names }
    }

    pub(in crate::tftp) fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn open(&self, op: Op, name: &[u8], from: &str) -> Result<Opened, Refusal> {
        let asked = Asked {
            op,
            mode: Mode::Octet,
            name: name.to_vec(),
            peer: (from.parse::<std::net::IpAddr>().unwrap(), 40_000).into(),
            local: ([10, 0, 0, 1], 69).into(),
            expected: None,
        };
        open(&admit(&self.gate, &asked)?, &self.names, &asked)
    }

    /// The content that a client gets for a name.
    pub(in crate::tftp) fn read_from(&self, name: &[u8], from: &str) -> Result<String, Refusal> {
        let Opened::Read(reading) = self.open(Op::Read, name, from)? else { panic!("a read was asked") };
        let mut content = vec![0; usize::try_from(reading.blob().len()).unwrap()];
        reading.blob().read_at(0, &mut content).unwrap();
        Ok(String::from_utf8(content).unwrap())
    }

    pub(in crate::tftp) fn read(&self, name: &[u8]) -> Result<String, Refusal> {
        self.read_from(name, "10.0.0.2")
    }

    /// Stores a file; gives the path that the door saw.
    pub(in crate::tftp) fn write_from(&self, name: &[u8], from: &str) -> Result<String, Refusal> {
        let Opened::Write(writing) = self.open(Op::Write, name, from)? else { panic!("a write was asked") };
        let transfer = writing.transfer();
        writing.commit(gate::End::new(gate::Outcome::Complete, 0))?;
        while let Some(event) = self.events.try_recv() {
            if let What::Started { transfer: t, path, .. } = event.what
                && t == transfer
            {
                return Ok(path.to_string());
            }
        }
        panic!("the upload had no event");
    }
}

#[test]
fn backslashes_and_needless_slashes_are_tolerated() {
    let house = House::new(Names::default());
    house.put("boot/x86/a.bin", "it");
    for name in [
        "boot/x86/a.bin",
        "/boot/x86/a.bin",
        "//boot//x86///a.bin",
        "\\boot\\x86\\a.bin",
        "./boot/./x86/a.bin",
    ] {
        assert_eq!(house.read(name.as_bytes()).as_deref(), Ok("it"), "{name}");
    }
    assert_eq!(plain(b"\\\\host\\share\\.\\a b"), b"host/share/a b");
}

#[test]
fn drives_and_climbing_names_are_refused_and_told_as_they_came() {
    let house = House::new(Names { ignore_case: true, ..Names::default() });
    house.put("c/a.bin", "it");
    for (name, words) in [
        ("C:\\c\\a.bin", "drive letter"),
        ("/c:/a.bin", "drive letter"),
        ("c/../c/a.bin", "'..'"),
        ("..\\a", "'..'"),
    ] {
        let why = house.read(name.as_bytes()).unwrap_err();
        assert!(why.to_string().contains(words), "{name}: {why}");
        let told = std::iter::from_fn(|| house.events.try_recv())
            .any(|e| matches!(e.what, What::RefusedName { name: n, .. } if n == name.as_bytes()));
        assert!(told, "{name} is not in the audit");
    }
    assert_eq!(house.read(b"/"), Err(Refusal::IsDirectory));
}

#[test]
fn case_is_ignored_only_where_that_is_asked() {
    let mut house = House::new(Names::default());
    house.put("Boot/BCD", "it");
    assert_eq!(house.read(b"boot\\bcd"), Err(Refusal::Absent));
    house.names.ignore_case = true;
    assert_eq!(house.read(b"\\boot\\bcd").as_deref(), Ok("it"));
    assert_eq!(house.read(b"boot/none"), Err(Refusal::Absent));
    assert_eq!(house.write_from(b"BOOT/New", "10.0.0.2").as_deref(), Ok("/Boot/New"));
    assert_eq!(house.write_from(b"BOOT/NEW", "10.0.0.2").as_deref(), Ok("/Boot/New"));
}

#[test]
fn of_names_that_differ_in_case_the_exact_one_is_meant_or_none() {
    let house = House::new(Names { ignore_case: true, ..Names::default() });
    house.put("r1.cfg", "lower");
    house.put("R1.CFG", "upper");
    house.put(".R1.cfg", "hidden");
    assert_eq!(house.read(b"r1.cfg").as_deref(), Ok("lower"));
    assert_eq!(house.read(b"R1.CFG").as_deref(), Ok("upper"));
    let why = house.read(b"R1.cfg").unwrap_err();
    assert_eq!(why.to_string(), "several names differ only in case: /R1.CFG, /r1.cfg");
    assert_eq!(house.read(b".r1.CFG"), Err(Refusal::Absent));
}

#[test]
fn case_is_no_way_out_of_the_root() {
    let house = House::new(Names { ignore_case: true, ..Names::default() });
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(outside.path(), house.dir.path().join("Link")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), house.dir.path().join("Key")).unwrap();
    for name in ["link/SECRET", "link/secret", "KEY"] {
        let why = house.read(name.as_bytes()).unwrap_err();
        assert!(matches!(why, Refusal::Denied | Refusal::Absent), "{name}: {why}");
    }
}

#[test]
fn junk_behind_a_name_is_seen() {
    assert_eq!(without_junk(b"pxelinux.0\xff"), Some(&b"pxelinux.0"[..]));
    assert_eq!(without_junk(b"a.bin \r\n"), Some(&b"a.bin"[..]));
    assert_eq!(without_junk(b"my file.bin"), None);
    assert_eq!(without_junk(b"\xff\xff"), None);
    let house = House::new(Names::default());
    house.put("pxelinux.0", "it");
    assert_eq!(house.read(b"pxelinux.0\xff"), Err(Refusal::Absent), "not served as if it were the other");
}

#[test]
fn the_names_of_autoinstall_are_known() {
    assert!(
        is_autoinstall(b"/network-confg")
            && is_autoinstall(b"cisconet.cfg")
            && is_autoinstall(b"CISCORTR.CFG")
    );
    assert!(!is_autoinstall(b"r1-confg") && !is_autoinstall(b"sub/network-confg"));
    let house = House::new(Names::default());
    assert_eq!(house.read(b"network-confg"), Err(Refusal::Absent));
}

#[test]
fn rules_cannot_lead_out_of_the_root_or_to_what_is_hidden() {
    let mut names = Names::default();
    let text = "^up$ => ../../etc/passwd\n^abs$ => /etc/passwd\n^drive$ => C:/x\n^hidden$ => .git/config\n\
                ^own$ => .towline/versions/a\n^link$ => out/passwd\n^pipe$ => fifo\n^empty$ =>\n\
                ^win$ => \\a\\b\n^(.*)-confg$ => {ip}/{1}.cfg";
    names.rules.add("rules", text).unwrap();
    let house = House::new(names);
    house.put(".git/config", "hidden");
    house.put("a/b", "it");
    std::fs::create_dir(house.dir.path().join("10.0.0.2")).unwrap();
    std::os::unix::fs::symlink("/etc", house.dir.path().join("out")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        house.dir.path().join("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let why = |name: &str| house.read(name.as_bytes()).unwrap_err();
    assert_eq!(why("up"), Refusal::BadName(BadPath::DotDot));
    assert_eq!(why("abs"), Refusal::Absent, "a leading '/' is the served root");
    assert_eq!(why("drive"), Refusal::BadName(BadPath::Drive));
    assert_eq!((why("hidden"), why("own")), (Refusal::Absent, Refusal::Absent));
    assert_eq!(why("link"), Refusal::Denied);
    assert_eq!(why("pipe"), Refusal::NotRegular);
    assert_eq!(why("empty"), Refusal::IsDirectory);
    assert_eq!(house.read(b"win").as_deref(), Ok("it"));
    assert_eq!(house.write_from(b"/r1-confg", "10.0.0.2").as_deref(), Ok("/10.0.0.2/r1.cfg"));
    // What a client puts into a capture climbs no more than what it asks for.
    assert_eq!(why("../x-confg"), Refusal::BadName(BadPath::DotDot));
    for name in ["up", "abs", "link", "pipe"] {
        let text = super::super::refusal::error(&why(name)).1;
        assert!(!text.contains("etc") && !text.contains(house.dir.path().to_str().unwrap()), "{text}");
    }
}

fn dirs(dir: &str, only: bool) -> Names {
    Names { client_dirs: Some(ClientDirs::new(dir, only).unwrap()), ..Names::default() }
}

#[test]
fn a_client_s_own_directory_comes_first() {
    let mut house = House::new(dirs("clients/{ip}", false));
    house.put("a.cfg", "common");
    house.put("clients/10.0.0.2/a.cfg", "own");
    house.put("clients/10.0.0.2/sub/b.cfg", "own b");
    assert_eq!(house.read(b"a.cfg").as_deref(), Ok("own"));
    assert_eq!(house.read(b"/sub/b.cfg").as_deref(), Ok("own b"));
    assert_eq!(house.read_from(b"a.cfg", "10.0.0.3").as_deref(), Ok("common"));
    assert_eq!(house.read_from(b"sub/b.cfg", "10.0.0.3"), Err(Refusal::Absent));
    assert_eq!(house.write_from(b"r1-confg", "10.0.0.2").as_deref(), Ok("/clients/10.0.0.2/r1-confg"));
    assert_eq!(house.write_from(b"r1-confg", "10.0.0.3").as_deref(), Ok("/r1-confg"));

    house.names = dirs("hex", true);
    house.put("0A000002/a.cfg", "hex");
    assert_eq!(house.read(b"a.cfg").as_deref(), Ok("hex"));
    house.put("common.cfg", "common");
    for (name, from) in [("common.cfg", "10.0.0.2"), ("../common.cfg", "10.0.0.2"), ("a.cfg", "10.0.0.3")] {
        assert!(house.read_from(name.as_bytes(), from).is_err(), "{name} {from}");
        assert!(house.write_from(name.as_bytes(), from).is_err() || name == "common.cfg", "{name} {from}");
    }
    assert!(!house.dir.path().join("0A000003").exists(), "no directory is made");
    assert!(ClientDirs::new("{nobody}", false).unwrap_err().contains("nothing is called 'nobody'"));
}

#[test]
fn a_link_is_no_way_out_of_a_client_s_directory() {
    let house = House::new(dirs("ip", true));
    std::os::unix::fs::symlink("/etc", house.dir.path().join("10.0.0.2")).unwrap();
    let why = house.read(b"passwd").unwrap_err();
    assert!(matches!(why, Refusal::Absent | Refusal::Denied), "{why}");
}

#[test]
fn templates_are_filled_in_for_each_client_and_written_nowhere() {
    let house = House::new(Names { templates: true, ignore_case: true, ..Names::default() });
    house.put("router-confg.tmpl", "hostname r{{octet4}}\n! {{name}} for {{ip}}\n");
    house.put("real.cfg", "real");
    house.put("real.cfg.tmpl", "template");
    assert_eq!(house.read(b"router-confg").as_deref(), Ok("hostname r2\n! router-confg for 10.0.0.2\n"));
    assert_eq!(
        house.read_from(b"Router-Confg", "10.0.0.9").as_deref(),
        Ok("hostname r9\n! Router-Confg for 10.0.0.9\n")
    );
    assert_eq!(house.read(b"real.cfg").as_deref(), Ok("real"), "a file wins");
    assert!(!house.dir.path().join("router-confg").exists());
    // Too large, wrong, or no file at all: nothing is sent, and the client sees no path.
    house.put("large.tmpl", "x".repeat(300_000));
    house.put("wrong.tmpl", "a\n{{nothing}}\n");
    let fifo = house.dir.path().join("pipe.tmpl");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    std::os::unix::fs::symlink("/etc/passwd", house.dir.path().join("out.tmpl")).unwrap();
    std::fs::create_dir(house.dir.path().join("dir.tmpl")).unwrap();
    for name in ["large", "wrong", "pipe", "out", "dir"] {
        let why = house.read(name.as_bytes()).unwrap_err();
        let told = crate::tftp::refusal::error(&why).1;
        assert!(!told.contains("etc") && !told.contains("tmpl"), "{name}: {told}");
    }
    let why = house.read(b"wrong").unwrap_err().to_string();
    assert!(why.contains("/wrong.tmpl, line 2: nothing is called 'nothing'"), "the owner is told: {why}");
}

#[test]
fn digests_of_files_are_served_as_the_sums_print_them() {
    let mut house = House::new(Names::default());
    house.put("abc", "abc");
    house.put("d/a\nb", "abc");
    let md5 = "900150983cd24fb0d6963f7d28e17f72";
    assert_eq!(house.read(b"abc.md5").unwrap(), format!("{md5}  abc\n"));
    assert!(house.read(b"abc.sha256").unwrap().starts_with("ba7816bf8f01cfea"));
    assert!(house.read(b"abc.sha512").unwrap().starts_with("ddaf35a193617aba"));
    assert_eq!(house.read(b"d/a\nb.md5").unwrap(), format!("\\{md5}  a\\nb\n"));
    assert_eq!(house.read(b"none.md5"), Err(Refusal::Absent));
    assert_eq!(house.read(b"d.md5"), Err(Refusal::Absent), "a directory has none");
    assert_eq!(house.read(b"abc.md5.md5"), Err(Refusal::Absent));
    house.put("abc.sha256", "what somebody wrote");
    assert_eq!(house.read(b"abc.sha256").as_deref(), Ok("what somebody wrote"));
    // A new content has a new digest.
    house.put("abc", "other");
    assert!(!house.read(b"abc.md5").unwrap().starts_with(md5));
    // Hidden files have no digest, nor what is outside or not a file.
    house.put(".hidden", "abc");
    assert_eq!(house.read(b".hidden.md5"), Err(Refusal::Absent));
    std::os::unix::fs::symlink("/etc/passwd", house.dir.path().join("out")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", house.dir.path().join("abc.sha512")).unwrap();
    assert_eq!(
        (house.read(b"out.md5"), house.read(b"abc.sha512")),
        (Err(Refusal::Denied), Err(Refusal::Denied))
    );
    let fifo = house.dir.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    assert_eq!(house.read(b"pipe.md5"), Err(Refusal::NotRegular));
    // Also with the other features, and in a client's own directory.
    house.names = dirs("ip", false);
    house.put("10.0.0.2/own", "abc");
    assert_eq!(house.read(b"own.md5").unwrap(), format!("{md5}  own\n"));
    assert_eq!(house.read(b"own.sha1"), Err(Refusal::Absent));
}
