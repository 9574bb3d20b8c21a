use super::*;
use std::time::{Duration, UNIX_EPOCH};

const ALICE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOAXbbe5dU7U5uUU8l7Db8ISkoSK5bm8YXomFy3B8hju alice@laptop";
const BOB: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMp9zZKwpvRI0GC50V0whbJU\
                   z9NbAxT9k+AM8QCbzKO06RA0y6Kd0o9X34sHEaFyo2bgK3YszZvznF9N8kvAgw8=";

fn key(line: &str) -> AuthorizedKey {
    line.parse().unwrap_or_else(|e| panic!("{line}: {e}"))
}

fn blob(line: &str) -> Vec<u8> {
    use base64ct::{Base64, Encoding as _};
    Base64::decode_vec(line.split(' ').nth(1).unwrap()).unwrap()
}

fn wrong(line: &str) -> String {
    line.parse::<AuthorizedKey>().map(|_| String::from("taken")).unwrap_or_else(|e| e.to_string())
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Whether the key of `line` lets its own owner in.
fn lets(line: &str, peer: &str, now: u64) -> bool {
    key(line).admits(&ShownKey::plain(blob(ALICE)), "alice", peer.parse().unwrap(), at(now))
}

#[test]
fn a_key_is_read_as_ssh_keygen_wrote_it() {
    let alice = key(ALICE);
    assert_eq!((alice.kind(), alice.comment()), ("ssh-ed25519", "alice@laptop"));
    // What `ssh-keygen -lf` printed for this file.
    assert_eq!(alice.fingerprint(), "SHA256:eH4ON2CP5VMwFVxz8ZkVBR3r5pKYddEn9+V6qHq4fqw");
    assert_eq!(key(BOB).fingerprint(), "SHA256:rCc0UzjrIfxobkczNEFasoTuUuf4ZjFgM+SyWqB4ojc");
    assert_eq!(key(BOB).comment(), "");
    assert_eq!(key(&format!("  {ALICE}  two words \r")).comment(), "alice@laptop  two words");
    let tabs = ALICE.replacen(' ', "\t", 1);
    assert_eq!(key(&tabs), alice);
}

#[test]
fn a_key_opens_by_its_octets_alone() {
    assert!(lets(ALICE, "192.0.2.7", 0));
    let other = ShownKey::plain(blob(BOB));
    assert!(!key(ALICE).admits(&other, "alice", "192.0.2.7".parse().unwrap(), at(0)));
    let mut longer = blob(ALICE);
    longer.push(0);
    assert!(!key(ALICE).admits(&ShownKey::plain(longer), "alice", "192.0.2.7".parse().unwrap(), at(0)));
}

#[test]
fn from_says_which_addresses_and_exceptions_win() {
    for (from, peer, fits) in [
        ("192.0.2.7", "192.0.2.7", true),
        ("192.0.2.7", "192.0.2.8", false),
        ("192.0.2.0/24", "192.0.2.8", true),
        ("192.0.2.*", "192.0.2.8", true),
        ("192.0.2.?", "192.0.2.18", false),
        ("*", "2001:db8::1", true),
        ("2001:DB8::*", "2001:db8::1", true),
        ("2001:db8::/32", "::ffff:192.0.2.7", false),
        ("192.0.2.0/24", "::ffff:192.0.2.7", true),
        ("!192.0.2.7,192.0.2.0/24", "192.0.2.7", false),
        ("192.0.2.0/24,!192.0.2.7", "192.0.2.7", false),
        ("192.0.2.0/24, !192.0.2.7", "192.0.2.8", true),
        // Exceptions alone let nobody in, as sshd has it.
        ("!192.0.2.7", "192.0.2.8", false),
    ] {
        assert_eq!(lets(&format!("from=\"{from}\" {ALICE}"), peer, 0), fits, "{from}: {peer}");
    }
    for from in ["", "host.example", "192.0.2.0/33", "192.0.2.7,", "*.example.org", "!"] {
        assert!(wrong(&format!("from=\"{from}\" {ALICE}")).starts_with("from: "), "{from}");
    }
}

#[test]
fn a_key_expires_at_its_time() {
    // 2027-01-02T03:04:05Z
    let then = 1_798_859_045;
    for (time, until) in [
        ("20270102", then - 11_045),
        ("20270102Z", then - 11_045),
        ("202701020304", then - 5),
        ("20270102030405Z", then),
    ] {
        let line = format!("expiry-time=\"{time}\" {ALICE}");
        assert_eq!((lets(&line, "::1", until - 1), lets(&line, "::1", until)), (true, false), "{time}");
    }
    for bad in [
        "",
        "2027",
        "20271301",
        "20270231",
        "2027010225",
        "202701022560",
        "20270102Q",
        "+0270102",
        "2027010203040",
    ] {
        assert!(wrong(&format!("expiry-time=\"{bad}\" {ALICE}")).starts_with("expiry-time: "), "{bad}");
    }
}

#[test]
fn options_about_shells_and_forwarding_are_taken_and_others_are_not() {
    for options in [
        "restrict",
        "restrict,pty,no-X11-forwarding",
        "no-pty,no-port-forwarding,no-agent-forwarding,no-user-rc",
        "permitopen=\"192.0.2.1:25\",permitopen=\"[::1]:80\",tunnel=\"0\"",
        "environment=\"A=\\\"b c\\\", d\",restrict",
        "RESTRICT",
    ] {
        assert!(lets(&format!("{options} {ALICE}"), "::1", 0), "{options}");
    }
    for (options, why) in [
        (
            "command=\"internal-sftp\"",
            "command: no command is ever run here; the key would do more here than it says",
        ),
        ("verify-required", "verify-required: whether"),
        ("restrict,sudo", "'sudo' is neither an option nor a kind of key"),
        ("restrict=\"yes\"", "restrict: takes no value"),
        ("from", "from: needs a value: from=\"…\""),
        ("from=192.0.2.7", "from: its value stands in quotes"),
        ("from=\"192.0.2.7", "a value without its closing quote"),
        ("from=\"::1\",from=\"::1\"", "from stands there twice"),
        ("principals=\"alice\"", "principals says who a certificate may be for"),
        ("restrict,", "no key"),
        ("restrict;pty", "'restrict;pty' is neither"),
        ("ssh-dss", "keys of the kind ssh-dss are not taken"),
        ("ssh-ed25519-cert-v01@openssh.com", "a certificate is shown and not written down"),
    ] {
        let said = wrong(&format!("{options} {ALICE}"));
        assert!(said.starts_with(why), "{options}: {said}");
    }
    for line in ["", "   ", "ssh-ed25519", "ssh-ed25519 ", "restrict", "restrict   "] {
        assert!(wrong(line).starts_with("no key"), "{line:?}: {}", wrong(line));
    }
    assert!(wrong("ssh-ed25519 AAAA=B").contains("is not base64"));
    assert!(
        wrong("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5").contains("another kind"),
        "a name and nothing behind it"
    );
    assert!(wrong(&ALICE.replacen("ssh-ed25519", "ssh-rsa", 1)).contains("another kind"));
    assert!(wrong("-----BEGIN OPENSSH PRIVATE KEY-----").contains("private key"));
    assert!(wrong(&format!("{ALICE}{}", "x".repeat(20_000))).contains("octets"));
}

#[test]
fn a_file_says_which_line_is_wrong() {
    let text = format!("# keys of alice\r\n\n{ALICE}\r\n  # and another\n{BOB}\n");
    let keys = Keys::parse(&text).unwrap();
    assert_eq!(
        keys.iter().map(AuthorizedKey::kind).collect::<Vec<_>>(),
        ["ssh-ed25519", "ecdsa-sha2-nistp256"]
    );
    let bad = Keys::parse(&format!("{text}# the last\nnonsense")).unwrap_err();
    assert_eq!(
        bad.to_string(),
        "line 7: 'nonsense' is neither an option nor a kind of key: see sshd(8) for what may stand before a key"
    );
    assert!(Keys::parse("").unwrap().is_empty());
}

#[test]
fn a_certificate_is_good_by_its_authority_name_time_and_place() {
    let authority = format!("cert-authority {BOB}");
    let shown = Certificate {
        authority: blob(BOB),
        id: String::from("alice for a day"),
        serial: 7,
        principals: vec![String::from("alice"), String::from("ops")],
        from: Some(at(100)),
        until: Some(at(200)),
        critical: Vec::new(),
    };
    let good = |line: &str, user: &str, now: u64, change: &dyn Fn(&mut Certificate)| {
        let mut certificate = shown.clone();
        change(&mut certificate);
        let shown = ShownKey { blob: blob(ALICE), certificate: Some(certificate) };
        key(line).admits(&shown, user, "192.0.2.7".parse().unwrap(), at(now))
    };
    let as_is = |_: &mut Certificate| {};
    assert!(good(&authority, "alice", 150, &as_is));
    assert!(good(&authority, "alice", 100, &as_is) && !good(&authority, "alice", 99, &as_is));
    assert!(!good(&authority, "alice", 200, &as_is));
    assert!(!good(&authority, "bob", 150, &as_is), "it is not for bob");
    assert!(good(&format!("cert-authority,principals=\"dev,ops\" {BOB}"), "bob", 150, &as_is));
    assert!(!good(&format!("cert-authority,principals=\"dev\" {BOB}"), "alice", 150, &as_is));
    assert!(
        !good(&authority, "alice", 150, &|c| c.principals.clear()),
        "for nobody in particular is for nobody"
    );
    assert!(!good(&authority, "alice", 150, &|c| c.authority = blob(ALICE)));
    assert!(!good(BOB, "alice", 150, &as_is), "a key is no authority");
    let condition = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert!(good(&authority, "alice", 150, &|c| c.critical =
        vec![condition("source-address", "10.0.0.0/8,192.0.2.0/24")]));
    for (name, value) in
        [("source-address", "10.0.0.0/8"), ("source-address", "x"), ("force-command", "ls"), ("new", "")]
    {
        assert!(
            !good(&authority, "alice", 150, &|c| c.critical = vec![condition(name, value)]),
            "{name} {value}"
        );
    }
    // An authority is none to log in with.
    let itself = ShownKey::plain(blob(BOB));
    assert!(!key(&authority).admits(&itself, "alice", "192.0.2.7".parse().unwrap(), at(150)));
    assert!(key(&authority).is_authority());
}
