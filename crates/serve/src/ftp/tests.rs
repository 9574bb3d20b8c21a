//! The driver is tested end to end (`tests/tests/ftp_in_process.rs`); here only what needs no socket.

use super::refusal::{refused, reply};
use ftp_proto::server::Answer;
use gate::store::BadPath;
use gate::{Counted, Limit, Refusal, Scope};

fn too_many() -> Refusal {
    Refusal::TooMany(Limit { counted: Counted::Sessions, scope: Scope::Address, most: 64 })
}

#[test]
fn refusals_have_the_codes_that_clients_act_on() {
    let cases = [
        (Refusal::Absent, 550),
        (Refusal::Exists, 550),
        (Refusal::Denied, 550),
        (Refusal::IsDirectory, 550),
        (Refusal::NotDirectory, 550),
        (Refusal::NotEmpty, 550),
        (Refusal::NotRegular, 550),
        (Refusal::BadName(BadPath::Nul), 553),
        (Refusal::NoSpace, 452),
        (too_many(), 421),
        (Refusal::Exhausted("sockets"), 421),
        (Refusal::Banned { until: None }, 421),
        (Refusal::Login, 530),
        (Refusal::Unsupported("going on with a file"), 504),
        (Refusal::BeyondEnd { offset: 9, len: 5 }, 554),
        (Refusal::Busy, 450),
        (Refusal::Io(String::from("device error")), 451),
    ];
    for (why, code) in cases {
        let (found, text) = reply(&why);
        assert_eq!(found.0, code, "{why}");
        assert!(text.ends_with('.') && text.starts_with(char::is_uppercase), "{text}");
    }
}

#[test]
fn too_many_transfers_do_not_end_the_session() {
    // 421 closes the control connection (RFC 959 §5.4); only a login may be answered with it.
    let Answer::Refused(code, _) = refused(&too_many()) else { panic!("a refusal") };
    assert_eq!(code.0, 450);
    let said = reply(&too_many()).1;
    assert_eq!(said, "Too many: 64 sessions of one address (limits.per-address.sessions).");
}
