//! Logins by a key, by a key and a password, and what is told of them.

use super::*;
use crate::{Factor, Keys, Notice, ShownKey, Wants};
use store::memory::Memory;

const LINE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOAXbbe5dU7U5uUU8l7Db8ISkoSK5bm8YXomFy3B8hju alice@laptop";

/// The octets of the key above, and of another.
fn keys() -> (ShownKey, ShownKey) {
    use base64ct::{Base64, Encoding as _};
    let blob = Base64::decode_vec(LINE.split(' ').nth(1).unwrap()).unwrap();
    let mut other = blob.clone();
    *other.last_mut().unwrap() ^= 1;
    (ShownKey::plain(blob), ShownKey::plain(other))
}

fn gate(wants: Wants) -> (Arc<Gate>, Events) {
    let alice = alice().with_keys(Keys::parse(LINE).unwrap()).wanting(wants).unwrap();
    Gate::new(Arc::new(Memory::new()), Policy { users: vec![alice], ..policy(true) })
}

fn by_key(user: &str, key: ShownKey, password: Option<&str>) -> Knock {
    let password = password.map(Secret::new);
    let credentials = Credentials::Key { user: user.to_owned(), key, password };
    Knock { security: Security::Ssh, ..knock(Protocol::Sftp, credentials) }
}

fn by_password(password: &str, protocol: Protocol) -> Knock {
    let password = Secret::new(password);
    knock(protocol, Credentials::Password { user: String::from("alice"), password })
}

fn outcome(gate: &Arc<Gate>, knock: Knock) -> Result<(), Refusal> {
    gate.admit(&knock).map(drop)
}

#[test]
fn what_a_user_has_to_show_decides_what_a_key_and_a_password_are_worth() {
    let (also_key, also_password) = (Err(Refusal::Also(Factor::Key)), Err(Refusal::Also(Factor::Password)));
    let (yes, no) = (Ok(()), Err(Refusal::Login));
    for (wants, key, password, password_by_ftp, both) in [
        (Wants::Either, &yes, &yes, &yes, &yes),
        (Wants::Key, &yes, &no, &no, &yes),
        (Wants::Password, &no, &yes, &yes, &no),
        (Wants::Both, &also_password, &also_key, &no, &yes),
    ] {
        let (gate, _events) = gate(wants);
        let (own, other) = keys();
        assert_eq!(&outcome(&gate, by_key("alice", own.clone(), None)), key, "{wants:?}");
        assert_eq!(&outcome(&gate, by_password("hunter2", Protocol::Sftp)), password, "{wants:?}");
        assert_eq!(&outcome(&gate, by_password("hunter2", Protocol::Ftp)), password_by_ftp, "{wants:?}");
        assert_eq!(&outcome(&gate, by_key("alice", own.clone(), Some("hunter2"))), both, "{wants:?}");
        // And once more, where the password is remembered.
        assert_eq!(&outcome(&gate, by_key("alice", own.clone(), Some("hunter2"))), both, "{wants:?}");
        for wrong in [
            by_key("alice", other.clone(), None),
            by_key("alice", other.clone(), Some("hunter2")),
            by_key("bob", own.clone(), None),
            by_password("wrong", Protocol::Sftp),
            Knock { protocol: Protocol::Ftp, ..by_key("alice", own.clone(), None) },
        ] {
            assert_eq!(outcome(&gate, wrong), no, "{wants:?}");
        }
        let with_wrong = outcome(&gate, by_key("alice", own.clone(), Some("wrong")));
        assert_eq!(with_wrong, if wants == Wants::Both { Err(Refusal::Login) } else { both.clone() });
        let peer = "192.0.2.7".parse().unwrap();
        assert_eq!(gate.offered("alice", &own, peer), wants != Wants::Password);
        assert!(!gate.offered("alice", &other, peer) && !gate.offered("bob", &own, peer));
        assert_eq!(gate.open().0, 0, "no place is kept by half a login");
    }
}

#[test]
fn a_user_with_keys_alone_has_no_password_to_guess() {
    let eve = User::without_password("eve").unwrap();
    assert!(eve.clone().wanting(Wants::Either).is_err() && eve.clone().wanting(Wants::Key).is_err());
    let eve = eve.with_keys(Keys::parse(LINE).unwrap());
    assert!(eve.clone().wanting(Wants::Both).is_err());
    let users = vec![alice(), eve.wanting(Wants::Either).unwrap()];
    let (gate, _events) = Gate::new(Arc::new(Memory::new()), Policy { users, ..policy(true) });
    for guess in ["", "hunter2"] {
        assert_eq!(outcome(&gate, user("eve", guess)), Err(Refusal::Login));
    }
    assert_eq!(outcome(&gate, by_key("eve", keys().0, None)), Ok(()));
    assert_eq!(outcome(&gate, by_key("alice", keys().0, None)), Err(Refusal::Login), "alice has no keys");
}

#[test]
fn it_is_told_by_which_key_somebody_came_and_half_a_login_is_no_refusal() {
    let (gate, events) = gate(Wants::Both);
    let (own, other) = keys();
    assert!(gate.offered("alice", &own, "192.0.2.7".parse().unwrap()));
    assert!(outcome(&gate, by_key("alice", own.clone(), None)).is_err());
    assert!(seen(&events).is_empty());
    outcome(&gate, by_key("alice", own, Some("hunter2"))).unwrap();
    let keys: Vec<_> = seen(&events)
        .into_iter()
        .filter_map(|e| match e.what {
            What::LoggedIn { key, .. } => Some(key),
            _ => None,
        })
        .collect();
    assert_eq!(keys, [Some(String::from("SHA256:eH4ON2CP5VMwFVxz8ZkVBR3r5pKYddEn9+V6qHq4fqw"))]);
    assert!(outcome(&gate, by_key("alice", other, None)).is_err());
    assert!(outcome(&gate, by_password("hunter2", Protocol::Ftp)).is_err());
    let said = seen(&events);
    assert_eq!(
        said.iter().filter(|e| matches!(e.what, What::RefusedKnock { why: Refusal::Login })).count(),
        2
    );
    let alone =
        |e: &&Event| matches!(&e.what, What::Identity(Notice::PasswordAlone { user }) if user == "alice");
    assert_eq!(said.iter().filter(alone).count(), 1);
}

#[test]
fn keys_that_nobody_has_cost_a_peer_nothing_and_passwords_beside_them_do() {
    let penalties = Some(Penalties::default());
    let alice = alice().with_keys(Keys::parse(LINE).unwrap()).wanting(Wants::Both).unwrap();
    let policy = Policy { users: vec![alice], penalties, ..policy(true) };
    let (gate, _events) = Gate::new(Arc::new(Memory::new()), policy);
    let (own, other) = keys();
    let peer = "192.0.2.7".parse().unwrap();
    for _ in 0..20 {
        assert!(!gate.offered("alice", &other, peer));
        assert_eq!(outcome(&gate, by_key("alice", other.clone(), None)), Err(Refusal::Login));
    }
    assert_eq!(gate.delay(peer), Duration::ZERO);
    for _ in 0..3 {
        assert_eq!(outcome(&gate, by_key("alice", own.clone(), Some("wrong"))), Err(Refusal::Login));
    }
    assert!(gate.delay(peer) > Duration::ZERO);
}
