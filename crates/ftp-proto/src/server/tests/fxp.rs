//! Data connections with other servers: to whom, and which end of TLS we are on them.

use super::*;

const THEIRS: &str = "PORT 198,51,100,7,100,1";

fn granted() -> Talk {
    let mut t = super::security::offering();
    t.private();
    t.say("USER alice");
    t.say("PASS secret");
    let (directory, access) = (b"/".to_vec(), Access { create: true, change: true });
    t.answer(Answer::LoggedIn { directory, access, anonymous: false, third_parties: true });
    assert!(t.take().contains("230 "));
    assert_eq!(t.code("TYPE I"), 200);
    t
}

/// Which end of TLS a download is.
fn moved_by(t: &mut Talk) -> (Via, DataTls) {
    t.say("RETR f");
    t.answer(Answer::Opened { len: Some(1), start: 0 });
    let Ask::Move(via, tls) = t.question() else { panic!("{:?}", t.asked) };
    t.answer(whole(1));
    assert!(t.take().contains("226 "));
    (via, tls)
}

fn cpsv(t: &mut Talk) {
    t.say("CPSV");
    assert_eq!(t.question(), Ask::Listen);
    t.answer(Answer::Listening("192.0.2.1:50000".parse().unwrap()));
    assert_eq!(t.take(), "227 Entering Passive Mode (192,0,2,1,195,80).\r\n");
}

#[test]
fn port_goes_where_the_owner_grants_it() {
    let mut t = granted();
    t.say(THEIRS);
    let other = "198.51.100.7:25601".parse().unwrap();
    assert_eq!(t.question(), Ask::ThirdParty(other));
    t.answer(Answer::Done);
    assert_eq!(t.take(), "200 The server will connect there.\r\n");
    assert_eq!(moved_by(&mut t), (Via::Connect(other), DataTls::Server));
    // What waits for the door's word is not in force, and REST goes on.
    t.say("REST 7");
    assert_eq!(t.take().get(..3), Some("350"));
    t.say(THEIRS);
    t.answer(Answer::Done);
    t.take();
    t.say("RETR f");
    let Ask::Open(Transfer { kind: Kind::Retrieve { offset: 7, .. }, .. }) = t.question() else {
        panic!("{:?}", t.asked)
    };
}

#[test]
fn sscn_and_cpsv_are_for_whom_other_servers_are_granted() {
    let mut t = super::security::offering();
    assert!(!t.ask("FEAT").contains("SSCN"));
    t.login();
    for line in ["SSCN ON", "CPSV"] {
        assert_eq!(t.code(line), 503, "{line} without TLS");
    }
    t.private();
    t.login();
    for line in ["SSCN ON", "SSCN OFF", "CPSV"] {
        assert_eq!(t.code(line), 534, "{line}");
    }
    assert_eq!(t.ask("SSCN"), "200 SSCN:SERVER METHOD\r\n");
    let (features, help) = (t.ask("FEAT"), t.ask("HELP"));
    assert!(!features.contains("SSCN") && !features.contains("CPSV") && !help.contains("SSCN"), "{features}");

    let mut t = granted();
    let features = t.ask("FEAT");
    assert!(features.contains(" SSCN\r\n") && features.contains(" CPSV\r\n"), "{features}");
    assert_eq!(t.code("SSCN PERHAPS"), 501);
    assert_eq!(t.code("CPSV 1"), 501);
    t.code("EPSV ALL");
    assert_eq!(t.code("CPSV"), 501);
    // Nothing is left of it in the next login.
    t.say("REIN");
    assert!(!t.ask("FEAT").contains("SSCN"));
}

#[test]
fn sscn_holds_until_it_is_off_and_cpsv_for_one_transfer() {
    let mut t = granted();
    t.passive();
    assert_eq!(moved_by(&mut t), (Via::Accept, DataTls::Server));
    assert_eq!(t.ask("SSCN ON"), "200 SSCN:CLIENT METHOD\r\n");
    for _ in 0..2 {
        t.passive();
        assert_eq!(moved_by(&mut t), (Via::Accept, DataTls::Client));
    }
    assert_eq!(t.ask("SSCN"), "200 SSCN:CLIENT METHOD\r\n");
    assert_eq!(t.code("PROT C"), 200);
    t.passive();
    assert_eq!(moved_by(&mut t), (Via::Accept, DataTls::Clear));
    assert_eq!(t.code("PROT P"), 200);
    assert_eq!(t.ask("SSCN off"), "200 SSCN:SERVER METHOD\r\n");
    cpsv(&mut t);
    assert_eq!(moved_by(&mut t), (Via::Accept, DataTls::Client));
    t.passive();
    assert_eq!(moved_by(&mut t), (Via::Accept, DataTls::Server));
    // The last one counts, whichever it is.
    cpsv(&mut t);
    t.passive();
    assert_eq!(moved_by(&mut t), (Via::Accept, DataTls::Server));
    t.code("SSCN ON");
    assert_eq!(t.code("REIN"), 220);
    assert_eq!(t.code("SSCN"), 530);
}
