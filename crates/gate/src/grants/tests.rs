use super::*;
use crate::tests::quick_dir;
use crate::watch::{Moment, Watch};
use tempfile::TempDir;

fn new(path: &str, verbs: &str, uses: Option<u32>) -> NewGrant {
    NewGrant {
        path: VPath::parse(path.as_bytes()).unwrap(),
        rights: verbs.parse().unwrap(),
        from: vec!["10.0.0.0/8".parse().unwrap()],
        lasts: Duration::from_secs(7_200),
        uses,
        user: None,
    }
}

fn request(grant: &Grant, peer: &str) -> Request {
    Request {
        grant: grant.id().to_owned(),
        peer: peer.parse().unwrap(),
        path: grant.path().clone(),
        right: Right::Read,
    }
}

fn open(dir: &TempDir) -> Arc<Grants> {
    Grants::open(&dir.path().join("grants.journal")).unwrap()
}

const HERE: &str = "10.0.0.2:50000";

fn here() -> IpAddr {
    "10.0.0.2".parse().unwrap()
}

#[test]
fn a_use_is_durable_and_a_restart_gives_none_back() {
    let dir = quick_dir();
    let (grant, token) = open(&dir).make(&new("/images/a.bin", "read", Some(2))).unwrap();
    let text = std::fs::read_to_string(dir.path().join("grants.journal")).unwrap();
    assert!(!text.contains(&token), "the secret is not kept: {text}");
    for (use_, left) in [(1, Some(Some(1))), (2, Some(Some(0))), (3, None)] {
        // Each time in a process of its own, which is killed: nothing but the journal is left of it.
        let grants = open(&dir);
        assert_eq!(grants.find(token.as_bytes(), here(), false).is_some(), use_ < 3);
        let found = grants.find(token.as_bytes(), here(), true).expect("found");
        assert_eq!(found, grant);
        let spent = grants.spend(request(&grant, HERE), false).unwrap();
        assert_eq!(spent.as_ref().map(|s| s.left), left, "use {use_}");
        std::mem::forget(spent);
    }
    let list = open(&dir).list().unwrap();
    assert_eq!((list[0].0.id(), list[0].1, list[0].2), (grant.id(), 2, Standing::UsedUp));
}

#[test]
fn a_successor_and_its_predecessor_count_together() {
    let dir = quick_dir();
    let (old, young) = (open(&dir), open(&dir));
    let (grant, token) = old.make(&new("/a", "read", Some(2))).unwrap();
    assert!(young.find(token.as_bytes(), here(), false).is_some(), "made after it began");
    assert!(old.spend(request(&grant, HERE), false).unwrap().is_some());
    assert!(young.spend(request(&grant, HERE), false).unwrap().is_some());
    assert!(old.spend(request(&grant, HERE), false).unwrap().is_none());
    let (other, token) = young.make(&new("/b", "read", None)).unwrap();
    assert!(old.revoke(other.id()).unwrap());
    assert!(young.spend(request(&other, HERE), false).unwrap().is_none());
    assert!(young.find(token.as_bytes(), here(), false).is_none());
    assert!(!young.revoke("nobody").unwrap());
}

#[test]
fn what_tftp_sends_again_costs_one_use_until_it_is_complete() {
    let dir = quick_dir();
    let grants = open(&dir);
    let (grant, _) = grants.make(&new("/a", "read", Some(2))).unwrap();
    let t = Moment::now();
    let later = |seconds| Moment { wall: t.wall, steady: t.steady + Duration::from_secs(seconds) };
    let spend = |peer: &str, at| grants.spent(request(&grant, peer), true, at).unwrap();
    let first = spend(HERE, t).unwrap();
    assert_eq!(first.left, Some(1));
    // DATA 1 was lost; the client asks again.
    assert_eq!(spend(HERE, later(5)).unwrap().left, Some(1));
    // From another port it is another client.
    let other = spend("10.0.0.2:50001", later(6)).unwrap();
    assert_eq!(other.left, Some(0));
    assert!(spend("10.0.0.3:50000", later(7)).is_none());
    assert_eq!(spend(HERE, later(59)).unwrap().left, Some(0), "used up, and still the first request");
    assert!(spend(HERE, later(61)).is_none(), "nobody is so patient");
    // Complete: whoever asks again wants it twice.
    let (grant, _) = grants.make(&new("/b", "read", Some(1))).unwrap();
    let spend = |at| grants.spent(request(&grant, HERE), true, at).unwrap();
    spend(t).unwrap().complete();
    assert!(spend(later(1)).is_none());
    // Of which nothing went out: a look at the size.
    let (grant, _) = grants.make(&new("/c", "read", Some(1))).unwrap();
    let spend = |at| grants.spent(request(&grant, HERE), true, at).unwrap();
    spend(t).unwrap().give_back();
    grants.settle();
    assert_eq!(spend(later(1)).unwrap().left, Some(0));
    assert_eq!(open(&dir).list().unwrap().iter().map(|g| g.1).collect::<Vec<_>>(), [2, 1, 1]);
}

#[test]
fn a_clock_that_jumps_back_prolongs_nothing() {
    let dir = quick_dir();
    let path = dir.path().join("grants.journal");
    let t = Moment::now();
    let hour = Duration::from_secs(3_600);
    let at = |wall: SystemTime, went_on: Duration| Moment { wall, steady: t.steady + went_on };
    let grants = Grants::opened(&path, Watch::default(), t).unwrap();
    let (_, token) = grants.made(&new("/a", "read", None), t).unwrap();
    let finds = |grants: &Grants, now| grants.found(token.as_bytes(), here(), false, now).is_some();
    assert!(finds(&grants, at(t.wall - hour, hour)), "one hour went by, whatever the clock says");
    assert!(!finds(&grants, at(t.wall - hour, hour * 2)), "two did");
    assert!(!finds(&grants, at(t.wall + hour * 2, hour)), "the wall clock's time counts too");
    // A new process while the clock is a day behind begins at the journal's last line.
    let grant = grants.list().unwrap()[0].0.clone();
    grants.spent(request(&grant, HERE), false, at(t.wall + hour, hour)).unwrap().unwrap();
    let behind = at(t.wall - hour * 24, hour);
    let grants = Grants::opened(&path, Watch::default(), behind).unwrap();
    assert!(finds(&grants, behind));
    assert!(!finds(&grants, at(behind.wall, hour * 2)));
}

#[test]
fn a_token_opens_its_grant_from_its_network_only() {
    let dir = quick_dir();
    let grants = open(&dir);
    let (grant, token) = grants.make(&new("/images/ios", "read,list", None)).unwrap();
    assert!(grants.find(token.as_bytes(), "192.0.2.1".parse().unwrap(), false).is_none());
    assert!(grants.find(token.as_bytes(), "::ffff:10.1.1.1".parse().unwrap(), false).is_some());
    assert!(grants.find(grant.id().as_bytes(), here(), false).is_none());
    assert!(grants.find(token::fresh().as_bytes(), here(), false).is_none());
    let named = |rest: &[u8]| grant.named(rest).map(|p| p.to_string());
    assert_eq!(named(b"ios"), Some("/images/ios".into()));
    assert_eq!(named(b"ios/a/b"), Some("/images/ios/a/b".into()));
    for none in [&b"iosx"[..], b"", b"a", b"ios/../../x", b"images/ios"] {
        assert_eq!(named(none), None, "{none:?}");
    }
    let (root, _) = grants.make(&new("/", "read", None)).unwrap();
    assert_eq!(root.named(b"a/b").map(|p| p.to_string()), Some("/a/b".into()));
}

#[test]
fn what_cannot_be_given_out_is_said() {
    let dir = quick_dir();
    let grants = open(&dir);
    let bad = |change: fn(&mut NewGrant)| {
        let mut new = new("/a", "read", None);
        change(&mut new);
        grants.make(&new).map(drop).unwrap_err().to_string()
    };
    for (why, words) in [
        (bad(|n| n.rights = "read,delete".parse().unwrap()), "cannot be to delete"),
        (bad(|n| n.rights = Rights::NONE), "a grant of nothing"),
        (bad(|n| n.from.clear()), "says from where"),
        (bad(|n| n.uses = Some(0)), "no uses"),
        (bad(|n| n.path = VPath::parse(b"/.ssh/x").unwrap()), "hidden"),
        (bad(|n| n.lasts = Duration::MAX), "too long"),
        (bad(|n| n.user = Some("a b\n".into())), "user"),
    ] {
        assert!(why.contains(words), "{why}");
    }
    let (grant, _) = grants.make(&new("/a", "write", None)).unwrap();
    assert_eq!(grant.rights().to_string(), "write,create", "to write a file is to make it too");
    assert!(!format!("{grant:?}").contains("hash"));
}

#[test]
fn a_long_journal_is_put_together_anew() {
    let dir = quick_dir();
    let grants = open(&dir);
    let (grant, token) = grants.make(&new("/a", "read", None)).unwrap();
    let (gone, _) = grants.make(&new("/b", "read", None)).unwrap();
    grants.revoke(gone.id()).unwrap();
    for _ in 0..600 {
        grants.spend(request(&grant, HERE), false).unwrap().unwrap().give_back();
        grants.settle();
    }
    grants.spend(request(&grant, HERE), false).unwrap().unwrap().complete();
    let lines = || std::fs::read_to_string(dir.path().join("grants.journal")).unwrap().lines().count();
    assert_eq!(lines(), 2 + 1 + 1_201);
    let young = open(&dir);
    assert_eq!(lines(), 4, "two grants, a use, and that one was taken back");
    for grants in [&young, &grants] {
        let list = grants.list().unwrap();
        assert_eq!(
            list.iter().map(|g| (g.1, g.2)).collect::<Vec<_>>(),
            [(1, Standing::Good), (0, Standing::Revoked)]
        );
        assert!(grants.find(token.as_bytes(), here(), false).is_some());
    }
}
