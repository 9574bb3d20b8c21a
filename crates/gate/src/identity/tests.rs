use super::*;
use crate::Security;
use crate::identity::hash::Hash;
use std::collections::BTreeMap;
use std::time::Instant;
use std::time::SystemTime;

/// Cheap hashes of `hunter2`, so that tests do not wait.
pub(super) const MD5: &str = "$1$abcdefgh$vhxKZ/s1ygZHyCEDPyqtQ/";
const BCRYPT: &str = "$2b$05$abcdefghijklmnopqrstuuoXuKqgZXLiJqzfmMXDDhSFPIvxV7t8.";
const SHA256: &str = "$5$saltstring$9JBjAeLRHX/Lm/1Njo98nbLiUsNRFEuARumLKkxJMm7";

fn argon2id() -> String {
    use argon2::password_hash::PasswordHasher;
    let params = argon2::Params::new(512, 1, 1, None).unwrap();
    let hash: argon2::password_hash::phc::PasswordHash =
        argon2::Argon2::from(params).hash_password(b"hunter2").unwrap();
    hash.to_string()
}

fn knock(user: &str, password: &str) -> Knock {
    Knock {
        protocol: Protocol::Ftp,
        local: "192.0.2.1:21".parse().unwrap(),
        peer: "192.0.2.7:50000".parse().unwrap(),
        security: Security::Clear,
        credentials: Credentials::Password { user: user.to_owned(), password: Secret::new(password) },
        agreed: None,
        certificate: None,
        host: None,
    }
}

fn login(identity: &Identity, user: &str, password: &str) -> (Option<Arc<Account>>, Vec<Notice>) {
    let (account, said) = asked(identity, user, password);
    (account, said.notices)
}

fn asked(identity: &Identity, user: &str, password: &str) -> (Option<Arc<Account>>, Said) {
    let mut said = Said::default();
    let who = identity.of(&knock(user, password), &mut said);
    let account = match who {
        Ok(Who::User(account)) => Some(account),
        Ok(Who::Nobody | Who::Anonymous | Who::Grant(_)) => panic!("{user} is no user"),
        Err(why) => {
            assert_eq!(why, Refusal::Login);
            None
        }
    };
    (account, said)
}

fn user(name: &str, hash: &str) -> User {
    User::new(name, hash).unwrap()
}

fn of(users: Vec<User>) -> Identity {
    Identity::new(users, None, None, false)
}

/// What a call costs this thread, whatever else the machine does.
fn cpu_time(act: impl FnOnce()) -> Duration {
    let now = || {
        let t = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
    };
    let began = now();
    act();
    now() - began
}

/// The wrong logins that must not be told apart.
const WRONG: [(&str, &str); 9] = [
    ("old", "hunter3"),
    ("shadow", "hunter3"),
    ("htpasswd", "hunter3"),
    ("ours", "hunter3"),
    ("off", "hunter2"),
    ("nobody", "hunter2"),
    ("", ""),
    ("../../etc/passwd", "x"),
    ("gone", "hunter2"),
];

/// The median time of each of these logins, of many tries that take turns.
fn medians(identity: &Identity, tries: usize) -> Vec<Duration> {
    let mut took = vec![Vec::new(); WRONG.len()];
    for _ in 0..tries {
        for (took, (user, password)) in took.iter_mut().zip(WRONG) {
            let mut account = None;
            took.push(cpu_time(|| account = login(identity, user, password).0));
            assert_eq!(account, None, "{user}");
        }
    }
    took.into_iter()
        .map(|mut all| {
            all.sort();
            all[all.len() / 2]
        })
        .collect()
}

/// How far apart the medians lie, as a part of the least.
fn spread(medians: &[Duration]) -> f64 {
    let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
    (*most - *least).as_secs_f64() / least.as_secs_f64()
}

#[test]
fn wrong_logins_take_the_same_time_whoever_it_is_and_however_the_password_is_hashed() {
    let identity = of(vec![
        user("old", MD5),
        user("shadow", SHA256),
        user("htpasswd", BCRYPT),
        user("ours", &argon2id()),
        user("off", MD5).disabled(true),
        user("gone", BCRYPT).expires(Some(SystemTime::UNIX_EPOCH)),
    ]);
    // A busy machine may spoil a round, or several; a difference that is there spoils each.
    let mut with = Vec::new();
    let mut best = f64::MAX;
    while best >= 0.10 && with.len() < 15 {
        let round = medians(&identity, 21);
        best = best.min(spread(&round));
        with.push(round);
    }
    // The same eye sees the difference once the decoys are gone; otherwise it would be blind.
    identity.decoys.forget();
    let learned = |identity: &Identity| {
        let medians = medians(identity, 1);
        identity.decoys.forget();
        medians
    };
    let without = spread(&learned(&identity));
    println!("spread of the medians: {best:.3}; without decoys {without:.1}; {:?}", with[0]);
    assert!(best < 0.10, "wrong logins differ by {best}: {with:?}");
    assert!(without > 1.0, "without decoys they do not differ: {without}");
}

#[test]
fn a_second_login_does_not_hash_and_a_changed_user_is_forgotten() {
    let identity = of(vec![user("ours", &argon2id())]);
    let first = cpu_time(|| assert!(login(&identity, "ours", "hunter2").0.is_some()));
    let mut again: Vec<Duration> =
        (0..101).map(|_| cpu_time(|| assert!(login(&identity, "ours", "hunter2").0.is_some()))).collect();
    again.sort();
    println!("first login {first:?}, second {:?}", again[50]);
    assert!(again[50] < first / 5, "first {first:?}, again {:?}", again[50]);
    // The wrong one in between does not make the right one unknown. One measurement proves nothing on a
    // machine with other work: the middle one of many does.
    let mut after_wrong: Vec<Duration> = (0..21)
        .map(|_| {
            assert_eq!(login(&identity, "ours", "hunter3").0, None);
            cpu_time(|| assert!(login(&identity, "ours", "hunter2").0.is_some()))
        })
        .collect();
    after_wrong.sort();
    assert!(after_wrong[10] < first / 5, "first {first:?}, after a wrong one {:?}", after_wrong[10]);
}

/// A directory in memory.
#[derive(Debug, Default)]
struct Shelf {
    users: Mutex<BTreeMap<String, Arc<User>>>,
    read_only: bool,
}

impl Shelf {
    fn put(&self, user: User) {
        self.users.lock().unwrap().insert(user.name().to_owned(), Arc::new(user));
    }
}

impl Directory for Shelf {
    fn user(&self, name: &str) -> Result<Option<Arc<User>>, String> {
        match name {
            "broken" => Err(String::from("line 1: what is that?")),
            name => Ok(self.users.lock().unwrap().get(name).cloned()),
        }
    }

    fn each(&self, see: &mut dyn FnMut(&User)) {
        self.users.lock().unwrap().values().for_each(|u| see(u));
    }

    fn rehash(&self, old: &User, hash: &str) -> Result<Arc<User>, String> {
        if self.read_only {
            return Err(String::from("read-only"));
        }
        self.put(user(old.name(), hash));
        Ok(self.users.lock().unwrap()[old.name()].clone())
    }
}

fn with_shelf(shelf: &Arc<Shelf>, users: Vec<User>) -> Identity {
    Identity::new(users, Some(shelf.clone()), None, false)
}

#[test]
fn a_changed_password_ends_the_old_one_at_once() {
    let shelf = Arc::new(Shelf::default());
    shelf.put(user("bob", &argon2id()));
    let identity = with_shelf(&shelf, Vec::new());
    for _ in 0..2 {
        assert!(login(&identity, "bob", "hunter2").0.is_some());
    }
    // Written anew with the same hash: still right, and hashed once more.
    shelf.put(user("bob", &argon2id()).in_groups([String::from("ops")]).unwrap());
    assert_eq!(login(&identity, "bob", "hunter2").0.unwrap().groups(), ["ops"]);
    shelf.put(User::with_password("bob", &Secret::new("other")).unwrap());
    assert_eq!(login(&identity, "bob", "hunter2").0, None);
    assert!(login(&identity, "bob", "other").0.is_some());
    shelf.put(user("bob", &argon2id()).disabled(true));
    let (account, notices) = login(&identity, "bob", "hunter2");
    assert_eq!(account, None);
    let bob = || String::from("bob");
    assert_eq!(notices, [Notice::RightButNotNow { user: bob(), why: NotNow::Disabled }]);
    assert_eq!(login(&identity, "bob", "hunter3"), (None, vec![]));
    shelf.users.lock().unwrap().clear();
    assert_eq!(login(&identity, "bob", "hunter2"), (None, vec![]));
}

#[test]
fn an_old_hash_becomes_argon2id_at_the_next_right_login() {
    let shelf = Arc::new(Shelf::default());
    shelf.put(user("bob", MD5));
    let identity = with_shelf(&shelf, Vec::new());
    assert_eq!(login(&identity, "bob", "hunter3"), (None, vec![]));
    assert_eq!(shelf.user("bob").unwrap().unwrap().hash_kind(), Some(HashKind::Md5Crypt));
    let (account, notices) = login(&identity, "bob", "hunter2");
    assert!(account.is_some());
    assert_eq!(notices, [Notice::Upgraded { user: String::from("bob"), from: HashKind::Md5Crypt }]);
    let bob = shelf.user("bob").unwrap().unwrap();
    assert_eq!(bob.hash_kind(), Some(HashKind::Argon2id));
    assert!(bob.is_password(&Secret::new("hunter2")));
    assert_eq!(login(&identity, "bob", "hunter2").1, []);
    assert_eq!(login(&identity, "bob", "hunter3").0, None);
}

#[test]
fn an_old_hash_that_stays_is_told_once() {
    let shelf = Arc::new(Shelf { read_only: true, ..Shelf::default() });
    shelf.put(user("bob", MD5));
    let identity = with_shelf(&shelf, vec![user("al", MD5)]);
    for (name, why) in [("bob", "read-only"), ("al", "the configuration")] {
        let (account, notices) = login(&identity, name, "hunter2");
        assert!(account.is_some());
        assert!(
            matches!(&notices[..], [Notice::NotUpgraded { user, why: told, .. }] if user == name && told.contains(why)),
            "{notices:?}"
        );
        // Another process would say it again; this one does not.
        identity.verified.remember(&Arc::new(user(name, MD5)), &[0; 32]);
        assert_eq!(login(&identity, name, "hunter2").1, []);
    }
}

#[test]
fn the_policys_user_hides_the_directorys_and_a_bad_file_lets_nobody_in() {
    let shelf = Arc::new(Shelf::default());
    shelf.put(User::with_password("bob", &Secret::new("other")).unwrap());
    let identity = with_shelf(&shelf, vec![user("bob", &argon2id())]);
    assert!(login(&identity, "bob", "hunter2").0.is_some());
    assert_eq!(login(&identity, "bob", "other").0, None);
    let (account, notices) = login(&identity, "broken", "x");
    assert_eq!(account, None);
    assert!(matches!(&notices[..], [Notice::BadUserFile { .. }]), "{notices:?}");
}

/// Knows `eve`, counts how often it was asked.
#[derive(Debug, Default)]
struct Program(Mutex<Vec<String>>);

impl Oracle for Program {
    fn ask(&self, inquiry: &Inquiry<'_>) -> Result<Option<Account>, String> {
        self.0.lock().unwrap().push(inquiry.user.to_owned());
        match (inquiry.user, inquiry.password.expose()) {
            ("eve", b"s3cret") => Ok(Some(Account::new("eve").unwrap())),
            ("late", _) => Err(String::from("took longer than 5 s")),
            _ => Ok(None),
        }
    }
}

#[test]
fn the_oracle_is_asked_about_names_that_nobody_else_has_and_not_twice() {
    let program = Arc::new(Program::default());
    let mut identity = Identity::new(vec![user("bob", &argon2id())], None, Some(program.clone()), false);
    identity.even = Even::by(Duration::from_millis(1));
    for _ in 0..3 {
        assert_eq!(login(&identity, "eve", "s3cret").0.unwrap().name(), "eve");
        assert_eq!(login(&identity, "eve", "wrong").0, None);
        assert_eq!(login(&identity, "bob", "s3cret").0, None);
        assert_eq!(login(&identity, "no/name", "x").0, None);
        assert_eq!(login(&identity, "eve", &"x".repeat(LONGEST_PASSWORD + 1)).0, None);
    }
    assert_eq!(*program.0.lock().unwrap(), ["eve", "eve"], "once right, once wrong");
    let (account, notices) = login(&identity, "late", "x");
    assert_eq!(account, None);
    assert!(matches!(&notices[..], [Notice::OracleFailed { why, .. }] if why.contains("5 s")), "{notices:?}");
    // That is no answer: it is asked again.
    login(&identity, "late", "x");
    assert_eq!(program.0.lock().unwrap().len(), 4);
}

/// Takes its time to say no.
#[derive(Debug)]
struct Slow(Duration);

impl Oracle for Slow {
    fn ask(&self, _: &Inquiry<'_>) -> Result<Option<Account>, String> {
        // As a program does that is asked: nothing here is waited for.
        let began = Instant::now();
        while began.elapsed() < self.0 {
            std::hint::spin_loop();
        }
        Ok(None)
    }
}

#[test]
fn a_wrong_login_of_a_name_that_is_known_here_is_answered_as_late_as_one_that_is_asked_about() {
    let slow = Duration::from_millis(80);
    let users = vec![user("bob", &argon2id()), user("off", &argon2id()).disabled(true)];
    let mut identity = Identity::new(users, None, Some(Arc::new(Slow(slow))), false);
    identity.even = Even::by(Duration::from_millis(10));
    let took = |user: &str, password: &str, right: bool| {
        let began = Instant::now();
        let (account, said) = asked(&identity, user, password);
        assert_eq!((account.is_some(), said.not_before.is_none()), (right, right), "{user}");
        // Nobody waits here: whoever answers does.
        said.not_before.map_or_else(|| began.elapsed(), |at| at - began)
    };
    let asked = took("eve", "wrong", false);
    assert!(asked >= slow, "{asked:?}");
    // Answers that are remembered, names that are none and users that do not count among them.
    for (user, password) in
        [("bob", "wrong"), ("off", "hunter2"), ("eve", "wrong"), ("no/name", "x"), ("", "")]
    {
        let known = took(user, password, false);
        assert!(known >= slow, "{user} takes {known:?}, where {slow:?} were seen");
    }
    // Who is right does not wait for it: of some tries one takes less, however busy the machine is.
    let right = (0..50).map(|_| took("bob", "hunter2", true)).min().expect("some");
    assert!(right < slow, "{right:?}");
}

#[test]
fn what_is_remembered_is_bounded() {
    let answers = Answers::holding(Duration::from_secs(3_600));
    for n in 0..10_000u32 {
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&n.to_be_bytes());
        answers.remember(&digest, None);
    }
    assert_eq!(answers.len(), 4_096);
    let key = Key::fresh();
    let long = Secret::new("x".repeat(1_000_000));
    let began = Instant::now();
    assert_eq!(key.digest("u", &long), key.digest("u", &long));
    assert_ne!(key.digest("ux", &Secret::new("y")), key.digest("u", &Secret::new("xy")));
    assert_ne!(key.digest("u", &Secret::new("y")), Key::fresh().digest("u", &Secret::new("y")));
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn no_notice_and_no_user_shows_a_hash() {
    let shown = format!("{:?} {:?}", user("bob", MD5), Hash::parse(MD5).map(|h| h.kind()));
    assert!(!shown.contains("vhxKZ"), "{shown}");
}

#[test]
fn only_who_was_right_a_while_ago_is_told_without_waiting() {
    let identity = of(vec![user("u", &argon2id()), user("v", &argon2id())]);
    let now = |name, password| identity.tells_now(&knock(name, password));
    assert!(!now("u", "hunter2"), "nobody has looked yet");
    login(&identity, "u", "hunter2");
    assert!(now("u", "hunter2"));
    for (name, password) in [("u", "wrong"), ("v", "hunter2"), ("nobody", "hunter2"), ("anonymous", "")] {
        assert!(!now(name, password), "{name} {password}");
    }
    let asked = |identity: &Identity| {
        let credentials = Credentials::Anonymous { email: String::new() };
        identity.tells_now(&Knock { credentials, ..knock("", "") })
    };
    assert!(!asked(&identity) && asked(&Identity::new(Vec::new(), None, None, true)));
}
