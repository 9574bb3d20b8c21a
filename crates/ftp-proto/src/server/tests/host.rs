//! HOST (RFC 7151).

use super::*;
use alloc::sync::Arc;

fn with_hosts() -> Talk {
    let host =
        |name: &str| VirtualHost { name: name.to_string(), greeting: alloc::format!("This is {name}.") };
    let hosts = Arc::new([host("a.example"), host("b.example")]);
    Talk::with(Config { hosts, tls: Tls::Offer, ..Config::default() }, "192.0.2.1:21", "192.0.2.9:40000")
}

#[test]
fn host_comes_before_user_and_the_last_one_counts() {
    let mut t = with_hosts();
    assert!(t.ask("FEAT").contains(" HOST\r\n"));
    assert_eq!(t.server.virtual_host(), None);
    assert_eq!(t.ask("HOST A.Example"), "220 This is a.example.\r\n");
    assert_eq!(t.ask("HOST b.example"), "220 This is b.example.\r\n");
    assert_eq!(t.server.virtual_host(), Some("b.example"));
    // §3.2.2: as though the one before had not been sent.
    assert_eq!(t.code("HOST c.example"), 504);
    assert_eq!(t.server.virtual_host(), None);
    assert_eq!(t.code("HOST a.example"), 220);
    assert_eq!(t.code("USER alice"), 331);
    assert_eq!(t.code("HOST b.example"), 503);
    assert_eq!(t.server.virtual_host(), Some("a.example"));
    // §3.2.1: REIN undoes it.
    assert_eq!(t.code("REIN"), 220);
    assert_eq!(t.server.virtual_host(), None);
    assert_eq!(t.code("HOST b.example"), 220);
    t.login();
    assert_eq!(t.code("HOST a.example"), 503);
    assert_eq!(t.server.virtual_host(), Some("b.example"));
}

#[test]
fn what_is_no_name_is_501_and_a_port_is_none() {
    let mut t = with_hosts();
    for line in
        ["HOST", "HOST ", "HOST a b", "HOST 192.0.2.1:21", "HOST [2001:db8::1]:21", "HOST ::1", "HOST [a]"]
    {
        assert_eq!(t.code(line), 501, "{line}");
    }
    for line in ["HOST 192.0.2.1", "HOST [2001:db8::1]", "HOST xn--e1afmkfd.com"] {
        assert_eq!(t.code(line), 504, "{line}");
    }
    let mut alone = Talk::fresh();
    assert_eq!(alone.code("HOST any.example"), 220, "one server has whatever name");
    assert_eq!(alone.server.virtual_host(), None);
}

#[test]
fn tls_and_host_have_to_mean_the_same() {
    let secure = |t: &mut Talk, name: &str| {
        assert!(t.ask("AUTH TLS").starts_with("234 "));
        assert_eq!(t.question(), Ask::Secure);
        t.server.was_asked_for(name)
    };
    let mut t = with_hosts();
    assert!(secure(&mut t, "a.example"));
    t.answer(Answer::Done);
    assert_eq!(t.server.virtual_host(), Some("a.example"), "the name that TLS was asked for does too");
    assert_eq!(t.code("HOST b.example"), 504);
    assert_eq!(t.code("HOST a.example"), 220);
    assert_eq!(t.code("REIN"), 220);
    assert_eq!(t.server.virtual_host(), Some("a.example"));
    let mut t = with_hosts();
    assert_eq!(t.code("HOST b.example"), 220);
    assert!(!secure(&mut t, "a.example"), "HOST has named another");
    let mut t = with_hosts();
    assert_eq!(t.code("HOST b.example"), 220);
    assert!(secure(&mut t, "b.example"));
}
