//! Profiles of old clients.

use super::*;
use alloc::sync::Arc;

fn with_profiles() -> Talk {
    let old = Profile { list: Look::Dos, no_epsv: true, mdtm_sets: true };
    let by_client = Arc::new([ForClient { name: "OldTool".to_string(), profile: old }]);
    Talk::with(Config { by_client, ..Config::default() }, "192.0.2.1:21", "192.0.2.9:40000")
}

#[test]
fn clnt_chooses_a_profile_and_others_change_nothing() {
    let mut t = with_profiles();
    assert_eq!(t.code("CLNT NewTool 7"), 200);
    assert!(t.ask("FEAT").contains(" EPSV\r\n"));
    assert_eq!(t.code("CLNT oldtool 1.2 (build 3)"), 200);
    let features = t.ask("FEAT");
    assert!(!features.contains("EPSV") && features.contains("EPRT"), "{features}");
    t.login();
    assert_eq!(t.code("EPSV"), 502);
    assert_eq!(t.code("EPSV ALL"), 502);
    t.say("PASV");
    t.answer(Answer::Listening("192.0.2.1:50000".parse().unwrap()));
    assert!(t.take().starts_with("227 "));
    t.say("LIST");
    let Ask::Open(what) = t.question() else { panic!("{:?}", t.asked) };
    assert_eq!(what.kind, Kind::List(Style::List(Look::Dos)));
}

#[test]
fn mdtm_with_a_time_sets_it_where_the_profile_says_so() {
    let mut t = with_profiles();
    t.login();
    t.say("MDTM 20260304123456 a b");
    assert_eq!(t.question(), Ask::Look(b"20260304123456 a b".to_vec()), "it is a name");
    t.refuse(550);
    t.take();
    t.ask("CLNT OldTool");
    t.say("MDTM 20260304123456 a b");
    let Ask::Set(setting) = t.question() else { panic!("{:?}", t.asked) };
    let wanted = crate::list::parse_time(b"20260304123456");
    let facts = crate::command::Setting::Facts { modified: wanted, mode: None, path: b"a b".to_vec() };
    assert_eq!(setting, facts);
    t.answer(Answer::Done);
    assert_eq!(t.take(), "213 Modify=20260304123456; a b\r\n");
    // What is no time is a name.
    for line in ["MDTM 20261304123456 a", "MDTM 20260304123456", "MDTM 20260304123456 ", "MDTM f"] {
        t.say(line);
        assert!(matches!(t.question(), Ask::Look(_)), "{line}");
        t.refuse(550);
        t.take();
    }
}
