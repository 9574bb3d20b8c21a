//! AUTH, PBSZ, PROT and CCC (RFC 4217), and what has to be under TLS.

use super::*;

pub(super) fn offering() -> Talk {
    with(Config { tls: Tls::Offer, ..Config::default() })
}

fn requiring() -> Talk {
    with(Config { tls: Tls::Require, ..Config::default() })
}

fn with(config: Config) -> Talk {
    Talk::with(config, "192.0.2.1:21", "192.0.2.9:40000")
}

impl Talk {
    fn secure(&mut self) {
        assert!(self.ask("AUTH TLS").starts_with("234 "));
        assert_eq!(self.question(), Ask::Secure);
        self.answer(Answer::Done);
        assert_eq!(self.take(), "");
    }

    pub(super) fn private(&mut self) {
        self.secure();
        assert_eq!(self.ask("PBSZ 0"), "200 PBSZ=0\r\n");
        assert_eq!(self.code("PROT P"), 200);
    }

    fn uploading(&mut self) {
        self.ask("TYPE I");
        self.passive();
        self.say("STOR f");
        self.answer(Answer::Opened { len: None, start: 0 });
        assert_eq!(self.question(), Ask::Move(Via::Accept, DataTls::Server));
        assert!(self.take().contains("150 "));
    }
}

#[test]
fn where_tls_is_off_its_verbs_are_neither_there_nor_announced() {
    let mut t = Talk::fresh();
    for line in ["AUTH TLS", "PBSZ 0", "PROT P"] {
        assert_eq!(t.code(line), 502);
    }
    let features = t.ask("FEAT");
    assert!(!features.contains("AUTH") && features.contains("EPSV"), "{features}");
    assert!(!t.ask("HELP").contains("PROT"));
    let features = offering().ask("FEAT");
    for line in [" AUTH TLS\r\n", " PBSZ\r\n", " PROT\r\n"] {
        assert!(features.contains(line), "{features}");
    }
}

#[test]
fn auth_pbsz_and_prot_come_in_this_order() {
    let mut t = offering();
    assert_eq!(t.code("PBSZ 0"), 503);
    assert_eq!(t.code("PROT P"), 503);
    assert_eq!(t.code("AUTH"), 501);
    assert_eq!(t.code("AUTH KERBEROS_V4"), 504);
    t.secure();
    assert!(t.server.is_secure());
    assert_eq!(t.code("AUTH TLS"), 503);
    assert_eq!(t.code("PROT P"), 503);
    assert_eq!(t.code("PBSZ 0"), 200);
    assert_eq!(t.code("PROT S"), 536);
    assert_eq!(t.code("PROT E"), 536);
    assert_eq!(t.code("PROT X"), 504);
    assert_eq!(t.code("PROT C"), 200);
    assert_eq!(t.code("PROT P"), 200);
}

#[test]
fn what_came_behind_auth_is_never_executed() {
    for behind in ["FEAT\r\n", "US", "\r", "USER alice\r\nPASS x\r\n"] {
        let mut t = offering();
        t.bytes(format!("AUTH TLS\r\n{behind}").as_bytes());
        let text = t.take();
        assert!(text.starts_with("421 ") && text.lines().count() == 1, "{behind:?}: {text}");
        assert!(t.closed() && t.asked.is_empty());
        assert!(t.other.contains(&Event::Odd(Odd::Malformed)));
    }
}

#[test]
fn nothing_is_answered_between_234_and_the_handshake() {
    let mut t = offering();
    assert_eq!(t.code("AUTH TLS"), 234);
    assert_eq!(t.ask("FEAT"), "");
    t.refuse(421);
    assert_eq!(t.take(), "");
    assert!(t.closed());
}

#[test]
fn auth_ends_the_login_that_was() {
    let mut t = offering();
    t.login();
    t.secure();
    assert!(t.other.contains(&Event::LoggedOut));
    assert_eq!(t.code("PWD"), 530);
}

#[test]
fn where_tls_is_required_nobody_logs_in_and_nothing_moves_without_it() {
    let mut t = requiring();
    assert_eq!(t.code("USER alice"), 530);
    assert_eq!(t.code("PASS x"), 503);
    t.secure();
    t.login();
    t.passive();
    assert_eq!(t.code("LIST"), 521);
    assert_eq!(t.code("PBSZ 0"), 200);
    assert_eq!(t.code("PROT C"), 534);
    assert_eq!(t.code("LIST"), 521);
    assert_eq!(t.code("PROT P"), 200);
    t.say("LIST");
    assert!(matches!(t.question(), Ask::Open(_)), "the listener is the same");
}

#[test]
fn the_control_connection_stays_under_tls() {
    let mut t = offering();
    t.login();
    assert_eq!(t.code("CCC"), 533);
    t.secure();
    assert_eq!(t.code("CCC"), 530);
    t.login();
    assert_eq!(t.code("CCC"), 534);
    assert!(t.server.is_secure());
}

#[test]
fn ccc_ends_tls_on_the_control_connection_where_it_is_allowed() {
    let mut t = with(Config { tls: Tls::Offer, ccc: true, ..Config::default() });
    t.private();
    assert_eq!(t.code("CCC"), 530, "nobody is logged in");
    t.login();
    // What came under TLS would be answered in clear.
    t.bytes(b"CCC\r\nNOOP\r\n");
    let said = t.take();
    assert!(said.starts_with("503 ") && said.contains("\r\n200 "), "{said}");
    assert_eq!(t.code("CCC"), 200);
    assert_eq!(t.question(), Ask::Clear);
    t.answer(Answer::Done);
    assert!(!t.server.is_secure());
    assert_eq!(t.code("CCC"), 533);
    // RFC 4217 §6: data connections stay as PROT has said, and there is no second TLS.
    for line in ["AUTH TLS", "PBSZ 0", "PROT C"] {
        assert_eq!(t.code(line), 503, "{line}");
    }
    t.uploading();
    // Never where there has to be TLS.
    let mut t = with(Config { tls: Tls::Require, ccc: true, ..Config::default() });
    t.private();
    t.login();
    assert_eq!(t.code("CCC"), 534);
    assert!(t.server.is_secure());
}

#[test]
fn implicit_tls_needs_no_auth_and_begins_private() {
    let local = "192.0.2.1:990".parse().unwrap();
    let peer = "192.0.2.9:40000".parse().unwrap();
    let config = Config { tls: Tls::Require, ..Config::default() };
    let server = Server::new(Instant::ZERO, config, local, peer).implicit();
    let mut t = Talk { server, now: Instant::ZERO, asked: vec![], other: vec![], out: String::new() };
    t.drain();
    t.take();
    t.login();
    t.passive();
    t.say("LIST");
    t.answer(Answer::Opened { len: None, start: 0 });
    assert_eq!(t.question(), Ask::Move(Via::Accept, DataTls::Server));
}

#[test]
fn an_upload_that_tls_does_not_end_is_not_published() {
    // What has to be, what ALLO said, whether it is published then.
    for (tls_end, allo, published) in [
        (TlsEnd::Require, None, false),
        (TlsEnd::Require, Some(7), false),
        (TlsEnd::SizeKnown, None, false),
        (TlsEnd::SizeKnown, Some(7), true),
        (TlsEnd::SizeKnown, Some(8), false),
        (TlsEnd::Accept, None, true),
        (TlsEnd::Accept, Some(8), false),
    ] {
        let mut t = with(Config { tls: Tls::Offer, tls_end, ..Config::default() });
        t.private();
        t.login();
        t.ask("TYPE I");
        if let Some(octets) = allo {
            t.allo(octets);
        }
        t.uploading();
        t.answer(Answer::Moved { octets: 7, end: End::Unclosed });
        assert_eq!(t.question() == Ask::Commit, published, "{tls_end:?} {allo:?}");
        if !published {
            assert!(matches!(t.question(), Ask::Shelve { .. }));
            t.answer(Answer::Done);
            let text = t.take();
            assert!(text.starts_with("451 ") || text.starts_with("426 "), "{text}");
        }
    }
}

#[test]
fn data_without_its_tls_is_a_522() {
    let mut t = offering();
    t.private();
    t.login();
    t.uploading();
    t.answer(Answer::Moved { octets: 0, end: End::NotPrivate(String::from("not this session's.")) });
    assert!(matches!(t.question(), Ask::Shelve { .. }));
    t.answer(Answer::Done);
    assert_eq!(t.take(), "522 No TLS on the data connection: not this session's.\r\n");
}
