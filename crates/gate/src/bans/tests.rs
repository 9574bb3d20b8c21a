use super::*;
use std::time::Duration;

fn ban(net: &str, seconds: i64) -> Ban {
    let now = SystemTime::now();
    let span = Duration::from_secs(seconds.unsigned_abs());
    let until = if seconds < 0 { now - span } else { now + span };
    Ban { net: net.parse().unwrap(), until: Some(until), by: By::Operator(Some(0)), reason: net.to_owned() }
}

fn under(bans: &Bans, address: &str) -> Option<String> {
    bans.of(address.parse().unwrap()).map(|b| b.net.to_string())
}

#[test]
fn an_address_falls_under_the_narrowest_ban_that_holds_it() {
    let bans = Bans::default();
    assert_eq!(under(&bans, "10.1.2.3"), None);
    for net in ["10.0.0.0/8", "10.1.2.3", "2001:db8:1::/48", "2001:db8:1:2::/64"] {
        bans.add(ban(net, 60)).unwrap();
    }
    for (address, net) in [
        ("10.1.2.3", Some("10.1.2.3")),
        ("::ffff:10.1.2.3", Some("10.1.2.3")),
        ("10.1.2.4", Some("10.0.0.0/8")),
        ("11.0.0.1", None),
        ("2001:db8:1:2::9", Some("2001:db8:1:2::/64")),
        ("2001:db8:1:3::9", Some("2001:db8:1::/48")),
        ("2001:db8:2::1", None),
        ("::1", None),
    ] {
        assert_eq!(under(&bans, address).as_deref(), net, "{address}");
    }
    assert!(bans.remove(&"10.1.2.3".parse().unwrap()).unwrap());
    assert!(!bans.remove(&"10.1.2.3".parse().unwrap()).unwrap(), "only once");
    assert_eq!(under(&bans, "10.1.2.3").as_deref(), Some("10.0.0.0/8"));
    assert_eq!(bans.list().len(), 3);
}

#[test]
fn a_ban_ends_by_itself_and_can_last_forever() {
    let bans = Bans::default();
    bans.add(ban("10.0.0.1", 60)).unwrap();
    bans.add(Ban { until: None, ..ban("10.0.0.2", 0) }).unwrap();
    let later = || SystemTime::now() + Duration::from_secs(61);
    let at = |address: &str, now: &dyn Fn() -> SystemTime| bans.of_at(address.parse().unwrap(), now);
    assert!(at("10.0.0.1", &SystemTime::now).is_some() && at("10.0.0.1", &later).is_none());
    assert_eq!(at("10.0.0.2", &later).map(|b| b.until), Some(None));
    bans.add(ban("10.0.0.1", -1)).unwrap();
    assert_eq!(bans.list().len(), 1, "the later word counts");
}

#[test]
fn everything_of_a_family_and_the_rest_of_it() {
    let bans = Bans::default();
    bans.add(ban("0.0.0.0/0", 60)).unwrap();
    assert_eq!(under(&bans, "203.0.113.9").as_deref(), Some("0.0.0.0/0"));
    assert_eq!(under(&bans, "2001:db8::1"), None);
    bans.add(ban("::/0", 60)).unwrap();
    assert_eq!(under(&bans, "2001:db8::1").as_deref(), Some("::/0"));
}

#[test]
fn what_is_over_is_cleared_away() {
    let bans = Bans::default();
    for n in 0..20_000u32 {
        let net = IpAddr::from((0x0a00_0000 + n).to_be_bytes()).to_string();
        bans.add(ban(&net, if n < 10 { 600 } else { -1 })).unwrap();
    }
    assert!(bans.len() <= 2 * 1_024 + 1, "{}", bans.len());
    assert_eq!(bans.list().len(), 10);
}

#[test]
fn bans_survive_a_restart_and_what_is_over_or_lifted_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bans.journal");
    let bans = Bans::open(&path).unwrap();
    assert!(bans.are_kept() && bans.is_empty());
    let lasting = Ban {
        until: None,
        by: By::Itself,
        reason: "10 failed logins,\n3 unknown  verbs".into(),
        ..ban("2001:db8::/64", 0)
    };
    bans.add(lasting).unwrap();
    bans.add(ban("10.0.0.0/8", 600)).unwrap();
    bans.add(ban("10.0.0.1", -1)).unwrap();
    bans.add(ban("10.0.0.2", 600)).unwrap();
    assert!(bans.remove(&"10.0.0.2".parse().unwrap()).unwrap());
    bans.add(ban("10.0.0.0/8", 1_200)).unwrap();
    let before = bans.list();
    drop(bans);
    let bans = Bans::open(&path).unwrap();
    let after = bans.list();
    assert_eq!(after.len(), 2);
    for (a, b) in before.iter().zip(&after) {
        let seconds = |ban: &Ban| ban.until.map(unix);
        assert_eq!((a.net, &a.by, seconds(a)), (b.net, &b.by, seconds(b)));
    }
    assert_eq!(bans.of("2001:db8::7".parse().unwrap()).unwrap().reason, "10 failed logins, 3 unknown verbs");
    assert_eq!(bans.of("10.9.9.9".parse().unwrap()).map(|b| b.by), Some(By::Operator(Some(0))));
}

#[test]
fn a_journal_that_has_grown_is_put_together_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bans.journal");
    let mut journal = Journal::open(&path, &mut |_| ()).unwrap();
    let lines = (0..3_000).map(|n| Line::Set(ban("10.0.0.1", 60 + n)).write());
    journal.hold(&mut |_| ()).unwrap().compact(lines).unwrap();
    drop(journal);
    assert_eq!(Bans::open(&path).unwrap().list().len(), 1);
    assert_eq!(Journal::open(&path, &mut |_| ()).unwrap().lines(), 1);
}

#[test]
fn a_ban_holds_where_it_cannot_be_written_down() {
    let dir = tempfile::tempdir().unwrap();
    let bans = Bans::open(&dir.path().join("bans.journal")).unwrap();
    dir.close().unwrap();
    assert!(bans.add(ban("10.0.0.1", 60)).is_err());
    assert_eq!(under(&bans, "10.0.0.1").as_deref(), Some("10.0.0.1"));
}

#[test]
fn two_processes_share_what_either_does() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bans");
    let (old, new) = (Bans::open(&path).unwrap(), Bans::open(&path).unwrap());
    new.add(ban("10.0.0.1", 60)).unwrap();
    assert_eq!(under(&old, "10.0.0.1"), None, "before it looks");
    assert_eq!(old.news().unwrap(), []);
    assert_eq!(under(&old, "10.0.0.1").as_deref(), Some("10.0.0.1"));
    // What one does itself comes after what the other wrote.
    old.add(ban("10.0.0.2", 60)).unwrap();
    assert!(new.remove(&"10.0.0.1".parse().unwrap()).unwrap());
    assert_eq!(under(&new, "10.0.0.2").as_deref(), Some("10.0.0.2"), "taken up on the way");
    let net = "192.0.2.0/24".parse().unwrap();
    new.kicked(&net, &By::Operator(Some(7))).unwrap();
    assert_eq!(old.news().unwrap(), [(net, By::Operator(Some(7)))]);
    assert_eq!(under(&old, "10.0.0.1"), None, "lifted there, lifted here");
    assert_eq!((old.news().unwrap(), new.news().unwrap()), (vec![], vec![]), "once, and not one's own");
    // What cannot be read now is read later, and what was taken up before that is kept.
    let other = "198.51.100.0/24".parse().unwrap();
    new.kicked(&net, &By::Itself).unwrap();
    old.add(ban("10.0.0.2", 60)).unwrap();
    new.kicked(&other, &By::Itself).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let last = whole.trim_ascii_end().iter().rposition(|octet| *octet == b'\n').unwrap() + 1;
    std::fs::write(&path, [&whole[..], b"damaged\n", &whole[last..]].concat()).unwrap();
    assert!(old.news().is_err());
    std::fs::write(&path, whole).unwrap();
    assert_eq!(old.news().unwrap(), [(net, By::Itself), (other, By::Itself)]);
    let third = Bans::open(&path).unwrap();
    assert_eq!(third.news().unwrap(), [], "what was before it began is over");
    // One that puts the journal together anew takes nothing from the others.
    for n in 0..1_100 {
        new.add(ban("10.0.0.3", 60 + n)).unwrap();
    }
    let fourth = Bans::open(&path).unwrap();
    assert_eq!((old.news().unwrap(), old.list().len()), (vec![], 2));
    assert_eq!(fourth.list(), old.list());
}
