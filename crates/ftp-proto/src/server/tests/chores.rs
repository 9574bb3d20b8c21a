//! ALLO's room, SITE CPFR and CPTO, COMB and its like; RFC 2228's verbs.

use super::*;

#[test]
fn allo_without_room_is_552_and_announces_nothing() {
    let mut t = Talk::logged_in();
    t.ask("TYPE I");
    t.say("ALLO 10 R 5");
    t.refuse(552);
    assert!(t.take().starts_with("552 "));
    t.passive();
    t.say("STOR f");
    let Ask::Open(Transfer { kind: Kind::Store { expected, .. }, .. }) = t.question() else { panic!() };
    assert_eq!(expected, None);
}

#[test]
fn cpfr_must_come_at_once_before_cpto() {
    let mut t = Talk::logged_in();
    assert_eq!(t.code("SITE CPTO b"), 503);
    t.say("SITE CPFR a");
    t.answer(Talk::entry(1));
    assert!(t.take().starts_with("350 "));
    assert_eq!(t.code("NOOP"), 200);
    assert_eq!(t.code("SITE CPTO b"), 503);
    t.say("SITE CPFR a");
    t.answer(Talk::entry(1));
    t.take();
    assert_eq!(t.code("RNTO b"), 503, "RNTO goes on from RNFR only");
    t.say("SITE CPFR a");
    t.answer(Talk::entry(1));
    t.take();
    t.say("SITE CPTO b");
    assert_eq!(t.question(), Ask::Chore(Chore::Copy { from: b"a".to_vec(), to: b"b".to_vec() }));
    t.answer(Answer::Done);
    assert!(t.take().starts_with("250 "));
}

#[test]
fn abor_and_the_end_of_the_session_break_a_copy_off_and_nothing_else_of_this_kind() {
    let cancelled = |t: &Talk| t.other.iter().filter(|e| matches!(e, Event::Cancel(_))).count();
    let mut t = Talk::logged_in();
    t.say("COMB all a b\r\nNOOP");
    assert!(matches!(t.question(), Ask::Chore(_)));
    assert_eq!(cancelled(&t), 0);
    t.say("ABOR");
    t.say("ABOR");
    t.drain();
    assert_eq!((cancelled(&t), t.take()), (1, String::new()), "it is awaited how it ends");
    t.refuse(450);
    let text = t.take();
    let codes: Vec<_> = text.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes, ["450", "200", "226", "226"], "{text}");
    assert!(text.contains("226 ABOR done.\r\n226 There is no transfer"), "{text}");
    t.say("DSIZ\r\nABOR");
    t.drain();
    assert_eq!(cancelled(&t), 1);
    t.answer(Answer::Size(5));
    assert!(t.take().starts_with("213 5\r\n226 There is no transfer"));
    t.say("COMB all a b");
    t.server.dismiss(t.now, "Good bye.");
    t.drain();
    assert_eq!(cancelled(&t), 2);
    t.refuse(450);
    assert!(t.take().ends_with("\r\n421 Good bye.\r\n"));
    assert!(t.closed());
}

#[test]
fn what_is_more_than_one_step_is_answered_when_it_is_done() {
    let mut t = Talk::logged_in();
    for (line, answer, code) in [
        ("COMB all a b", Answer::Done, "250 "),
        ("RMDA d", Answer::Done, "250 "),
        ("DSIZ", Answer::Size(5), "213 5"),
        ("SITE QUOTA", Answer::Lines(vec![b"10 octets".to_vec()]), "200-Room here:\r\n 10 octets\r\n200 "),
        ("SITE WHO", Answer::Lines(vec![]), "200-"),
    ] {
        t.say(line);
        assert!(matches!(t.question(), Ask::Chore(_)), "{line}");
        t.answer(answer);
        let text = t.take();
        assert!(text.starts_with(code), "{line}: {text}");
        t.say(line);
        t.refuse(450);
        assert!(t.take().starts_with("450 "), "{line}");
    }
}

#[test]
fn a_client_chooses_how_long_it_may_be_silent_up_to_the_owners_limit() {
    let mut t = Talk::logged_in();
    assert!(t.ask("SITE IDLE").contains(" 960 "));
    assert!(t.ask("SITE IDLE 5000").contains(" 960 "));
    assert!(t.ask("SITE IDLE 1").contains(" 30 "));
    assert_eq!(t.code("SITE IDLE x"), 501);
    t.pass_time(Duration::from_secs(29));
    assert_eq!(t.code("NOOP"), 200);
    t.pass_time(Duration::from_secs(30));
    assert!(t.take().starts_with("421 "));
}

#[test]
fn a_umask_goes_with_each_upload() {
    let mut t = Talk::logged_in();
    assert_eq!(t.code("SITE UMASK"), 200);
    assert_eq!(t.code("SITE UMASK 999"), 501);
    assert!(t.ask("SITE UMASK 077").contains("077"));
    t.passive();
    t.say("STOR f");
    let Ask::Open(Transfer { umask, .. }) = t.question() else { panic!() };
    assert_eq!(umask, Some(0o77));
}

#[test]
fn verbs_of_other_mechanisms_than_tls_say_what_there_is() {
    let mut t = Talk::fresh();
    for line in ["ADAT aGk=", "MIC aGk=", "CONF aGk=", "ENC aGk="] {
        assert_eq!(t.code(line), 502, "{line}, where TLS is off");
    }
    let offer = Config { tls: Tls::Offer, ..Config::default() };
    let mut t = Talk::with(offer, "192.0.2.1:21", "192.0.2.9:40000");
    for line in ["ADAT aGk=", "MIC aGk=", "CONF aGk=", "ENC aGk="] {
        assert_eq!(t.code(line), 503, "{line}, in clear");
    }
    t.ask("AUTH TLS");
    t.answer(Answer::Done);
    assert_eq!((t.code("ADAT aGk="), t.code("MIC aGk="), t.code("ENC aGk=")), (503, 537, 537));
    assert_eq!(t.code("MIC"), 501);
}
