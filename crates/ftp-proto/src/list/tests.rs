use super::*;
use alloc::format;
use alloc::string::String;

/// 2026-03-04 12:30:00 UTC.
const NOW: i64 = 1_772_627_400;

fn entry(name: &[u8], kind: Kind) -> Entry {
    Entry {
        name: name.to_vec(),
        kind,
        len: 33_591_768,
        modified: NOW - 60,
        mode: 0o644,
        unique: (0x2a, 0x1f),
    }
}

fn text(f: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    f(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn list_is_written_as_ls_does() {
    let mut e = entry(b"c2900.bin", Kind::File);
    assert_eq!(
        text(|o| write_list(o, &e, NOW)),
        "-rw-r--r--   1 ftp      ftp          33591768 Mar  4 12:29 c2900.bin\r\n"
    );
    e.kind = Kind::Directory;
    e.mode = 0o755;
    e.len = 0;
    e.modified = NOW - 400 * 86_400;
    assert_eq!(
        text(|o| write_list(o, &e, NOW)),
        "drwxr-xr-x   2 ftp      ftp                 0 Jan 28  2025 c2900.bin\r\n"
    );
}

#[test]
fn facts_end_with_a_semicolon_each_and_one_space() {
    let e = entry(b" name with spaces", Kind::File);
    assert_eq!(
        text(|o| write_facts(o, &e, Facts::all(), Access { create: true, change: true })),
        "type=file;size=33591768;modify=20260304122900;perm=adfrw;unique=2ag1f;UNIX.mode=0644;  name with spaces\r\n"
    );
    assert_eq!(text(|o| write_facts(o, &e, Facts::empty(), Access::default())), "  name with spaces\r\n");
    let d = entry(b"d", Kind::Directory);
    assert_eq!(
        text(|o| write_facts(o, &d, Facts::TYPE | Facts::SIZE | Facts::PERM, Access::default())),
        "type=dir;perm=el; d\r\n"
    );
}

#[test]
fn opts_mlst_keeps_the_known_facts_in_our_order() {
    let f = Facts::named(b"SIZE;nonsense;Type;");
    assert_eq!(f.names(), b"type;size;");
    assert_eq!(f.feat(), b"type*;size*;modify;perm;unique;UNIX.mode;");
    assert_eq!(Facts::named(b"").names(), b"");
}

#[test]
fn a_name_cannot_make_two_entries() {
    assert_eq!(text(|o| write_name(o, b"a\r\nb")), "a??b\r\n");
}

#[test]
fn what_we_write_we_read() {
    for (name, kind) in
        [(&b"plain"[..], Kind::File), (b" two  spaces ", Kind::Directory), (b"a -> b", Kind::File)]
    {
        let e = entry(name, kind);
        let line = text(|o| write_list(o, &e, NOW));
        let got = parse_list(line.trim_end_matches("\r\n").as_bytes(), NOW).unwrap();
        assert_eq!((got.name.as_slice(), got.kind, got.len), (name, Some(kind), Some(e.len)));
        assert_eq!(got.modified, Some(e.modified - e.modified.rem_euclid(60)));
        let line = text(|o| write_facts(o, &e, Facts::all(), Access::default()));
        let got = parse_facts(line.trim_end_matches("\r\n").as_bytes()).unwrap();
        assert_eq!((got.name.as_slice(), got.kind, got.modified), (name, Some(kind), Some(e.modified)));
    }
}

#[test]
fn other_servers_lists_are_read() {
    let cases: [(&str, &str, Option<Kind>, Option<u64>); 7] = [
        ("-rw-r--r--    1 1000     1000          512 Nov 02 10:11 a b", "a b", Some(Kind::File), Some(512)),
        ("drwxr-xr-x 2 ftp 4096 Jan  1  1999 pub", "pub", Some(Kind::Directory), Some(4096)),
        ("lrwxrwxrwx 1 root root 7 Jan  1  2020 bin -> usr/bin", "bin", None, Some(7)),
        ("-rw-rw-rw-+ 1 user Domain Users 99 May  3 00:00 x", "x", Some(Kind::File), Some(99)),
        ("02-11-26  01:15PM       <DIR>          logs", "logs", Some(Kind::Directory), None),
        ("02-11-2026  09:15AM             1234 x.bin", "x.bin", Some(Kind::File), Some(1234)),
        ("-rw-r--r-- 1 may may 5 Jun 30 23:59 may", "may", Some(Kind::File), Some(5)),
    ];
    for (line, name, kind, len) in cases {
        let got = parse_list(line.as_bytes(), NOW).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(got.name, name.as_bytes(), "{line}");
        assert_eq!((got.kind, got.len), (kind, len), "{line}");
    }
    for none in ["total 12", "", "-rw-r--r-- 1 ftp ftp 12 Foo 1 2020 x", "99-99-99 99:99XX 1 x.", "+i8,/,dir"]
    {
        assert!(parse_list(none.as_bytes(), NOW).is_none_or(|l| l.modified.is_none()), "{none}");
    }
}

/// A line, its dialect, and what it says: name, directory or file or neither, octets, time, permissions.
type Row = (&'static str, &'static str, &'static str, Option<Kind>, Option<u64>, &'static str, Option<u32>);

#[test]
fn every_system_s_lines_are_read() {
    const F: Option<Kind> = Some(Kind::File);
    const D: Option<Kind> = Some(Kind::Directory);
    let rows: &[Row] = &[
        ("-rwsr-x--t 1 u g 5 Mar  4 12:30 x", "Unix", "x", F, Some(5), "20260304123000", Some(0o100_751)),
        (
            "lrwxrwxrwx 1 u g 3 Mar  4 12:30 l -> a -> b",
            "Unix",
            "l",
            None,
            Some(3),
            "20260304123000",
            Some(0o120_777),
        ),
        (
            "drwxr-xr-x 2 u g 512 4 Mar 2025 days first",
            "Unix",
            "days first",
            D,
            Some(512),
            "20250304000000",
            Some(0o040_755),
        ),
        (
            "-rw-r--r-- 1 u g 512 2026-03-04 12:30 iso",
            "Unix",
            "iso",
            F,
            Some(512),
            "20260304123000",
            Some(0o100_644),
        ),
        (
            " 99 8 -rw-r--r-- 1 u g 7 Jan 12 1999  led",
            "Unix",
            " led",
            F,
            Some(7),
            "19990112000000",
            Some(0o100_644),
        ),
        (
            "d [R----F--] supervisor  512  Jan 16 18:53 login",
            "Unix",
            "login",
            D,
            Some(512),
            "20260116185300",
            None,
        ),
        (
            "-------r--  326  1391972  1392298 Nov 22 1995 Mega.sit",
            "Unix",
            "Mega.sit",
            F,
            Some(1_392_298),
            "19951122000000",
            Some(0o100_004),
        ),
        (
            "drwxrwxr-x  folder  2 May 10 1996 network",
            "Unix",
            "network",
            D,
            Some(2),
            "19960510000000",
            Some(0o040_775),
        ),
        (
            "crw-r--r-- 1 root root 1, 3 Mar  4 12:30 null",
            "Unix",
            "null",
            None,
            Some(3),
            "20260304123000",
            Some(0o020_644),
        ),
        (
            "-rw-r--r-- 1 u g 5 Mar  4 12:30 gr\u{fc}n",
            "Unix",
            "gr\u{fc}n",
            F,
            Some(5),
            "20260304123000",
            Some(0o100_644),
        ),
        ("04-27-00  09:09PM       <DIR>          lic ens", "DOS", "lic ens", D, None, "20000427210900", None),
        ("2026-03-04  12:30                5 a.txt", "DOS", "a.txt", F, Some(5), "20260304123000", None),
        (
            "                 0           DIR   04-11-95   16:26  ADDRESS",
            "OS/2",
            "ADDRESS",
            D,
            None,
            "19950411162600",
            None,
        ),
        (
            "             36201      A          11-01-94   10:25  ADDR.TXT",
            "OS/2",
            "ADDR.TXT",
            F,
            Some(36_201),
            "19941101102500",
            None,
        ),
        (
            "+i8388621.48594,m825718503,r,s280,up644,\tdjb.html",
            "EPLF",
            "djb.html",
            F,
            Some(280),
            "19960301221503",
            Some(0o100_644),
        ),
        ("+i8388621.29609,m824255902,/,\tdev", "EPLF", "dev", D, None, "19960213235822", None),
        (
            "QSYS            77824 02/23/00 15:09:55 *DIR       IBM/",
            "AS/400",
            "IBM",
            D,
            None,
            "20000223150955",
            None,
        ),
        (
            "PEP               512 29/03/18 15:26:55 *STMF      a b.txt",
            "AS/400",
            "a b.txt",
            F,
            Some(512),
            "20180329152655",
            None,
        ),
        (
            "PEP               512 99/03/18 15:26:55 *STMF      old",
            "AS/400",
            "old",
            F,
            Some(512),
            "19990318152655",
            None,
        ),
        ("QPGMR                                   *MEM       X.MBR", "AS/400", "X.MBR", F, None, "", None),
        (
            "CII-MANUAL.TEX;1  213/216  29-JAN-1996 03:33:12  [A,B]   (RWED,RWED,,)",
            "VMS",
            "CII-MANUAL.TEX",
            F,
            None,
            "19960129033312",
            None,
        ),
        (
            "CORE.DIR;1          1  8-SEP-1996 16:09 [SYSTEM] (RWE,RWE,RE,RE)",
            "VMS",
            "CORE",
            D,
            None,
            "19960908160900",
            None,
        ),
        ("SECRET.TXT;4 %RMS-E-PRV, insufficient privilege", "VMS", "SECRET.TXT", F, None, "", None),
        (
            "WPTA01 3290   2004/03/04  1    3  FB      80  3125  PO  USER.LIB",
            "z/OS",
            "USER.LIB",
            D,
            None,
            "20040304000000",
            None,
        ),
        (
            "APC010 3390   **NONE**    1   15  VB   27994 27998  PS  USER.DATA",
            "z/OS",
            "USER.DATA",
            F,
            None,
            "",
            None,
        ),
        (
            "Migrated                                                USER.OLD",
            "z/OS",
            "USER.OLD",
            F,
            None,
            "",
            None,
        ),
    ];
    for &(line, of, name, kind, len, time, mode) in rows {
        assert_eq!(dialect(line.as_bytes(), NOW), Some(of), "{line}");
        let got = parse_list(line.as_bytes(), NOW).unwrap();
        assert_eq!(String::from_utf8_lossy(&got.name), name, "{line}");
        let modified = (!time.is_empty()).then(|| parse_time(time.as_bytes()).unwrap());
        assert_eq!((got.kind, got.len, got.modified, got.mode), (kind, len, modified, mode), "{line}");
    }
}

#[test]
fn a_line_that_nobody_can_read_costs_only_itself() {
    let names = |text: &str| {
        let names = read_list(text.as_bytes(), NOW).into_iter().map(|listed| listed.name);
        names.map(|name| String::from_utf8(name).unwrap()).collect::<Vec<_>>()
    };
    let unix =
        "total 3\r\n-rw-r--r-- 1 u g 5 Mar  4 12:30 a\r\n???\r\n\r\n-rw-r--r-- 1 u g 5 Mar  4 12:30 b\r\n";
    assert_eq!(names(unix), ["a", "b"]);
    let vms = "\r\nDirectory DISK$5:[ANON]\r\n\r\nA.TXT;1    1/3   1-JAN-2001 00:00:00  [X]\r\n\
               A_NAME_THAT_FILLS_THE_LINE.TXT;12\r\n          4/5   2-JAN-2001 00:00:00  [X]\r\n\
               B.DIR;1    1/3   3-JAN-2001 00:00:00  [X]\r\n\r\nTotal of 3 files, 6/11 blocks.\r\n";
    assert_eq!(names(vms), ["A.TXT", "A_NAME_THAT_FILLS_THE_LINE.TXT", "B"]);
    assert_eq!(read_list(vms.as_bytes(), NOW)[1].modified, parse_time(b"20010102000000"));
    let members = " Name     VV.MM   Created       Changed      Size  Init   Mod   Id\r\n\
                   TESTXY2   01.03 2002/09/12 2002/10/11 09:37    11    11     0 KIL001\r\nBARE\r\n";
    assert_eq!(names(members), ["TESTXY2", "BARE"]);
    let mixed = "+i1,m1,r,s5,\tone\n02-11-26  01:15PM  7 two\n-rw-r--r-- 1 u g 5 Mar  4 12:30 three\n";
    assert_eq!(names(mixed), ["one", "two", "three"]);
}

#[test]
fn facts_say_permissions_and_links() {
    let of = |line: &str| parse_facts(line.as_bytes()).unwrap();
    assert_eq!(of("type=file;UNIX.mode=0640; x").mode, Some(0o100_640));
    assert_eq!(of("Type=OS.unix=slink:/a;size=1; l").mode, Some(0o120_000));
    assert_eq!(of("type=dir; d").mode, None);
    assert_eq!(read_facts(b"type=file; a\r\nnonsense\r\ntype=dir; b \r\n").len(), 2);
}

#[test]
fn a_list_without_year_means_the_last_twelve_months() {
    let at = |line: &str| parse_list(line.as_bytes(), NOW).unwrap().modified.unwrap();
    assert_eq!(at("-rw-r--r-- 1 f f 5 Mar  4 12:30 x"), NOW);
    let december = at("-rw-r--r-- 1 f f 5 Dec 31 23:59 x");
    assert!(december < NOW && NOW - december < 366 * 86_400);
}

#[test]
fn times_of_rfc_3659() {
    assert_eq!(parse_time(b"20260304123000"), Some(NOW));
    assert_eq!(parse_time(b"20260304123000.123"), Some(NOW));
    assert_eq!(parse_time(b"20260304123060"), Some(NOW + 59));
    for bad in [&b"2026030412300"[..], b"20260304123000.", b"20260230120000", b"2026130412300x", b""] {
        assert_eq!(parse_time(bad), None, "{}", bad.escape_ascii());
    }
}

#[test]
fn dos_lists_months_first_and_hours_of_twelve_and_is_read_back() {
    let entry = |kind, modified: &[u8], len| Entry {
        name: b"a file".to_vec(),
        kind,
        len,
        modified: parse_time(modified).unwrap(),
        mode: 0o644,
        unique: (1, 2),
    };
    for (entry, line) in [
        (
            entry(Kind::File, b"20260304000506", 1_234_567),
            "03-04-26  12:05AM              1234567 a file\r\n",
        ),
        (entry(Kind::File, b"19991231235959", 0), "12-31-99  11:59PM                    0 a file\r\n"),
        (entry(Kind::Directory, b"20260304120000", 7), "03-04-26  12:00PM       <DIR>          a file\r\n"),
    ] {
        let mut out = Vec::new();
        write_dos(&mut out, &entry);
        assert_eq!(String::from_utf8_lossy(&out), line);
        let read = parse_list(out.trim_ascii_end(), NOW).expect("our own client reads it");
        assert_eq!((read.name, read.kind), (b"a file".to_vec(), Some(entry.kind)));
    }
}

/// RFC 3659 §7.5.5.
#[test]
fn perm_says_what_the_login_may() {
    for (kind, create, change, perm) in [
        (Kind::File, false, false, "r"),
        (Kind::File, true, false, "rw"),
        (Kind::File, true, true, "adfrw"),
        (Kind::Directory, false, false, "el"),
        (Kind::Directory, true, false, "cel"),
        (Kind::Directory, true, true, "cdeflmp"),
    ] {
        let entry = Entry { name: b"x".to_vec(), kind, len: 0, modified: 0, mode: 0o644, unique: (1, 2) };
        let mut line = Vec::new();
        facts(&mut line, &entry, Facts::PERM, Access { create, change });
        assert_eq!(
            String::from_utf8_lossy(&line),
            alloc::format!("perm={perm}; "),
            "{kind:?} {create} {change}"
        );
    }
}

#[test]
fn numbers_look_as_format_has_them() {
    let numbers = [0, 1, 7, 8, 9, 10, 99, 100, 12_345, 999_999_999_999, 1_000_000_000_000, u64::MAX];
    for n in numbers {
        assert_eq!(text(|o| digits::<10>(o, n, 12, b' ')), format!("{n:>12}"));
        assert_eq!(text(|o| digits::<10>(o, n, 4, b'0')), format!("{n:04}"));
        assert_eq!(text(|o| digits::<16>(o, n, 1, b'0')), format!("{n:x}"));
        assert_eq!(text(|o| digits::<8>(o, n, 1, b'0')), format!("{n:o}"));
    }
}

#[test]
fn times_before_year_0_are_shown() {
    let e = Entry { modified: i64::MIN / 2, ..entry(b"f", Kind::File) };
    assert!(text(|o| write_list(o, &e, NOW)).ends_with(" f\r\n"));
}
