use super::*;

/// The meaning as `docs/urls.md` writes it.
fn meaning(text: &str) -> String {
    match Locator::parse(text) {
        Ok(Locator::Stdio) => String::from("standard input or output"),
        Ok(Locator::Local(path)) => format!("local {}", path.display()),
        Ok(Locator::Remote(r)) => {
            let mut out = format!("{} host={}", r.scheme, r.host);
            for (key, value) in [
                ("port", r.port.map(|p| p.to_string())),
                ("user", r.user.clone()),
                ("password", r.password.clone()),
                ("path", Some(r.path.escape_ascii().to_string())),
                ("text", (r.kind == Type::Text).then(|| String::from("yes"))),
            ] {
                if let Some(value) = value {
                    out.push_str(&format!(" {key}={value}"));
                }
            }
            // What we print is read again as the same, but for the password.
            let again = Locator::parse(r.to_string()).unwrap();
            assert_eq!(again, Locator::Remote(Remote { password: None, ..r }), "{text}");
            out
        }
        Err(e) => format!("error: {e}"),
    }
}

#[test]
fn the_table_of_docs_urls_md_holds() {
    let doc = include_str!("../../../../docs/urls.md");
    let mut rows = 0;
    for line in doc.lines().filter(|l| l.starts_with("| `")) {
        let cells: Vec<&str> = line.split('`').collect();
        let [_, input, _, expected, _] = cells[..] else { panic!("two cells in backticks: {line}") };
        assert_eq!(meaning(input), expected, "for {input}");
        rows += 1;
    }
    assert_eq!(rows, 95, "rows of docs/urls.md");
}

#[test]
fn rule_33_tftp_urls_are_those_of_rfc_3617() {
    for (text, expected) in [
        // RFC 3617 §3: the mode is octet where none is named.
        ("tftp://h/p", "tftp host=h path=p"),
        ("tftp://h/p;mode=octet", "tftp host=h path=p"),
        ("tftp://h/p;mode=netascii", "tftp host=h path=p text=yes"),
        ("tftp://h/a%20b%3Bmode=x", "tftp host=h path=a b;mode=x"),
        // The first slash ends the host; a second one begins an absolute name.
        ("tftp://h//p", "tftp host=h path=/p"),
        // Beyond it: a port, and IPv6.
        ("tftp://[::1]:6969/p", "tftp host=::1 port=6969 path=p"),
    ] {
        assert_eq!(meaning(text), expected, "for {text}");
    }
    for text in ["tftp://u:p@h/p", "tftp://h/p;mode=mail"] {
        assert!(meaning(text).starts_with("error: "), "{text}: {}", meaning(text));
    }
}

#[test]
fn names_that_are_not_utf8_pass() {
    let Ok(Locator::Remote(r)) = Locator::parse(OsStr::from_bytes(b"ftp://h/\xff%fe")) else { panic!() };
    assert_eq!(r.path, b"\xff\xfe");
    let local = Locator::parse(OsStr::from_bytes(b"\xff")).unwrap();
    assert_eq!(local, Locator::Local(PathBuf::from(OsStr::from_bytes(b"\xff"))));
    assert!(Locator::parse(OsStr::from_bytes(b"ftp://\xff/x")).is_err());
}

#[test]
fn a_name_behind_a_directory_is_that_name() {
    for (url, whole) in [("ftp://h/a/", "ftp://h/a/b%20%3F.bin"), ("http://h/a/", "http://h/a/b%20%3F.bin")] {
        let Ok(Locator::Remote(mut r)) = Locator::parse(url) else { panic!() };
        r.push_name(b"b ?.bin");
        assert_eq!((r.to_string().as_str(), &*r.name()), (whole, &b"b ?.bin"[..]));
    }
}

#[test]
fn no_password_is_printed() {
    let Ok(Locator::Remote(r)) = Locator::parse("ftp://u:hunter2@h/p") else { panic!() };
    assert!(!format!("{r} {r:?}").contains("hunter2"));
}

#[test]
fn the_name_is_what_a_directory_as_destination_keeps() {
    for (url, name) in [
        ("ftp://h/a/b.bin", "b.bin"),
        ("ftp://h/a/", ""),
        ("tftp://h", ""),
        ("ftp://h//x", "x"),
        ("http://h/a%20b.bin?v=/1#x", "a b.bin"),
        ("http://h/..%2Fx", ""),
    ] {
        let Ok(Locator::Remote(r)) = Locator::parse(url) else { panic!() };
        assert_eq!(&*r.name(), name.as_bytes(), "{url}");
    }
}
