use super::*;
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
    for none in [
        "total 12",
        "",
        "-rw-r--r-- 1 ftp ftp 12 Foo 1 2020 x",
        "99-99-99 99:99XX 1 x.",
        "+i8388621.29609,/,\tdir",
    ] {
        assert!(parse_list(none.as_bytes(), NOW).is_none_or(|l| l.modified.is_none()), "{none}");
    }
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
