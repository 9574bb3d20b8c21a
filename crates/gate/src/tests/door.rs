//! The order at the door, and what is given back there.

use super::*;
use crate::audit::By;

fn ban(net: &str) -> Ban {
    Ban { net: net.parse().unwrap(), until: None, by: By::Operator(None), reason: String::from("a test") }
}

#[test]
fn networks_come_before_bans_before_places_before_identity_before_the_user_s_places() {
    let one = Caps { sessions: Some(1), half_open: Some(1), ..Caps::default() };
    let limits =
        Limits { per_address: Caps { sessions: Some(2), ..one }, per_user: one, ..Limits::default() };
    let clients = vec!["192.0.2.0/24".parse().unwrap()];
    let (gate, _events) = Gate::new(Arc::new(Memory::new()), Policy { limits, clients, ..policy(false) });
    let why = |knock: &Knock| gate.admit(knock).err();
    let password =
        |password: &str| Credentials::Password { user: "alice".into(), password: Secret::new(password) };
    let from = |peer: &str, secret: &str| knock_from(peer, Protocol::Ftp, password(secret));
    let alice = gate.admit(&from("192.0.2.1:1", "hunter2")).unwrap();
    assert_eq!(why(&from("192.0.2.2:1", "hunter2")), too_many(Counted::Sessions, Scope::User, 1));
    assert_eq!(gate.open(), (1, 0), "who is refused for the user's limit has no place");
    assert_eq!(why(&from("192.0.2.1:1", "wrong")), Some(Refusal::Login), "a wrong password tells no limit");
    let other = gate.admit(&knock_from(
        "192.0.2.1:2",
        Protocol::Ftp,
        Credentials::Anonymous { email: String::new() },
    ));
    let full = too_many(Counted::Sessions, Scope::Address, 2);
    assert_eq!(why(&from("192.0.2.1:1", "wrong")), full);
    gate.ban(ban("192.0.2.0/25")).unwrap();
    gate.ban(ban("198.51.100.0/24")).unwrap();
    assert_eq!(why(&from("192.0.2.1:1", "wrong")), Some(Refusal::Banned { until: None }));
    assert_eq!(why(&from("198.51.100.1:1", "wrong")), Some(Refusal::Stranger));
    let connect = |peer: &str| gate.connect(Protocol::Ftp, peer.parse().unwrap());
    assert_eq!(connect("192.0.2.1:9").err(), Some(Refusal::Banned { until: None }));
    let held = connect("192.0.2.200:9").unwrap();
    assert_eq!(
        (connect("192.0.2.200:8").err(), gate.half_open()),
        (too_many(Counted::HalfOpen, Scope::Address, 1), 1)
    );
    drop((held, alice, other));
    assert_eq!((gate.open(), gate.half_open()), ((0, 0), 0));
}

#[test]
fn bans_kicks_and_penalties_are_events_that_say_who() {
    let penalties = Some(Penalties { ban_at: 2.0, ..Penalties::default() });
    let (gate, events) = Gate::new(Arc::new(Memory::new()), Policy { penalties, ..policy(false) });
    let session = gate.admit(&anonymous()).unwrap();
    let root = By::Operator(Some(0));
    assert!(gate.kick(session.id(), &root) && session.is_kicked());
    assert!(gate.kick(session.id(), &root), "twice is one event");
    assert_eq!(gate.kick_from(&"10.0.0.0/8".parse().unwrap(), &root), 0);
    gate.ban(Ban { by: root.clone(), ..ban("10.0.0.0/8") }).unwrap();
    assert!(gate.unban(&"10.0.0.0/8".parse().unwrap(), root.clone()).unwrap());
    for _ in 0..2 {
        assert_eq!(gate.admit(&user("alice", "wrong")).err(), Some(Refusal::Login));
    }
    assert!(matches!(gate.admit(&user("alice", "hunter2")), Err(Refusal::Banned { .. })));
    let told: Vec<String> = seen(&events)
        .into_iter()
        .filter_map(|event| match event.what {
            What::Kicked { by } => Some(format!("{} kicked by {by}", event.session)),
            What::Banned { net, why, by, .. } => Some(format!("{net} banned by {by}: {why}")),
            What::Unbanned { net, by } => Some(format!("{net} lifted by {by}")),
            _ => None,
        })
        .collect();
    let id = session.id();
    assert_eq!(
        told,
        [
            format!("{id} kicked by uid 0"),
            String::from("10.0.0.0/8 banned by uid 0: a test"),
            String::from("10.0.0.0/8 lifted by uid 0"),
            String::from("192.0.2.7 banned by itself: 2 failed logins"),
        ]
    );
}

#[test]
fn bad_behaviour_does_not_shorten_a_ban_that_the_owner_set_for_longer() {
    let penalties = Some(Penalties { ban_at: 1.0, ..Penalties::default() });
    let (gate, _events) = Gate::new(Arc::new(Memory::new()), Policy { penalties, ..policy(false) });
    let peer = tftp().peer;
    gate.ban(ban("192.0.2.7")).unwrap();
    // A session that ran when it was banned.
    gate.offend(Protocol::Ftp, peer, Offence::FailedLogin);
    assert_eq!(gate.bans().of(peer.ip()), Some(ban("192.0.2.7")));
    gate.ban(Ban { until: Some(std::time::SystemTime::now() + Duration::from_secs(5)), ..ban("192.0.2.7") })
        .unwrap();
    gate.offend(Protocol::Ftp, peer, Offence::FailedLogin);
    gate.offend(Protocol::Ftp, peer, Offence::FailedLogin);
    assert_eq!(gate.bans().of(peer.ip()).unwrap().by, By::Itself, "a shorter one is made longer");
}
