//! HTTP at the door: looks before transfers, and passwords in the clear.

use super::*;

fn http(credentials: Credentials, security: Security) -> Knock {
    Knock { security, ..knock(Protocol::Http, credentials) }
}

fn nobody() -> Knock {
    http(Credentials::Anonymous { email: String::new() }, Security::Clear)
}

#[test]
fn a_look_is_no_transfer_until_it_becomes_one() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("f"), b"abc").unwrap();
    let local = store::local::Local::open(dir.path(), store::local::LocalOptions::default()).unwrap();
    let (gate, events) = Gate::new(Arc::new(local), Policy::default());
    let session = gate.admit(&nobody()).unwrap();
    let came = seen(&events);
    assert!(matches!(
        came[..],
        [Event { what: What::Admitted, .. }, Event { what: What::LoggedIn { .. }, .. }]
    ));
    let peek = session.peek(&p("/f")).unwrap();
    assert_eq!(peek.len(), 3);
    let (tag, now) = (peek.tag(), session.peek_now(&p("/f")).unwrap().tag());
    assert_eq!(tag, now, "the same file has the same tag");
    assert_eq!(gate.open().1, 0);
    assert!(seen(&events).is_empty());
    let reading = peek.read().unwrap();
    assert_eq!(gate.open().1, 1);
    reading.finish(End::new(Outcome::Complete, 3));
    let told = seen(&events);
    assert!(matches!(told[0].what, What::Started { len: Some(3), .. }), "{told:?}");
    assert!(matches!(told[1].what, What::Ended { .. }) && told.len() == 2, "{told:?}");
    // Other octets of the same length are another content.
    std::fs::write(dir.path().join("new"), b"xyz").unwrap();
    std::fs::rename(dir.path().join("new"), dir.path().join("f")).unwrap();
    assert_ne!(session.peek(&p("/f")).unwrap().tag(), tag);
    assert_eq!(session.peek(&p("/absent")).err(), Some(Refusal::Absent));
    assert!(matches!(seen(&events)[0].what, What::Refused { verb: Verb::Read, .. }));
}

#[test]
fn http_takes_a_password_over_tls_only() {
    let password = || Credentials::Password { user: String::from("alice"), password: Secret::new("hunter2") };
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let (gate, events) = Gate::new(store.clone(), policy(false));
    assert_eq!(gate.admit(&http(password(), Security::Clear)).err(), Some(Refusal::Unprotected));
    assert!(matches!(seen(&events)[0].what, What::RefusedKnock { why: Refusal::Unprotected }));
    assert_eq!(gate.admit(&http(password(), Security::Tls)).unwrap().user(), Some("alice"));
    let (gate, _events) = Gate::new(store, Policy { clear_login: true, ..policy(false) });
    assert!(gate.admit(&http(password(), Security::Clear)).is_ok());
}
