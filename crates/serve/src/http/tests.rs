//! The driver is tested end to end (`tests/tests/http_in_process`); here only what needs no socket.

use super::refusal::told;
use gate::Refusal;
use gate::store::BadPath;

#[test]
fn refusals_have_the_statuses_that_clients_act_on() {
    let cases = [
        (Refusal::Absent, 404),
        (Refusal::NotRegular, 404),
        (Refusal::Denied, 403),
        (Refusal::Stranger, 403),
        (Refusal::Unprotected, 403),
        (Refusal::BadName(BadPath::Nul), 400),
        (Refusal::Login, 401),
        (Refusal::NoSpace, 507),
        (Refusal::Io(String::from("/host/path is broken")), 500),
    ];
    for (why, code) in cases {
        let (status, text) = told(&why);
        assert_eq!(status.code(), code, "{why:?}");
        assert!(!text.contains("/host"), "{text}");
    }
}
