use super::*;
use crate::Account;
use reference::Dice;

fn p(path: &str) -> VPath {
    VPath::parse(path.as_bytes()).unwrap()
}

/// `allow|deny RIGHTS [user=A,B] [group=…] [from=…] [protocol=…] [security=…] PATH`
pub(crate) fn rule(text: &str, line: usize) -> Rule {
    fn all<T: FromStr<Err: fmt::Debug>>(list: &str) -> Vec<T> {
        list.split(',').map(|one| one.parse().unwrap()).collect()
    }
    let mut words = text.split_whitespace();
    let effect = match words.next() {
        Some("allow") => Effect::Allow,
        Some("deny") => Effect::Deny,
        other => panic!("{text}: {other:?}"),
    };
    let place = Place { file: Arc::from("towline.toml"), line };
    let mut rule = Rule {
        effect,
        rights: words.next().unwrap().parse().unwrap(),
        users: Vec::new(),
        groups: Vec::new(),
        from: Vec::new(),
        protocols: Vec::new(),
        security: Vec::new(),
        path: Pattern::everything(),
        place,
    };
    for word in words {
        match word.split_once('=') {
            Some(("user", list)) => rule.users = all(list),
            Some(("group", list)) => rule.groups = all(list),
            Some(("from", list)) => rule.from = all(list),
            Some(("protocol", list)) => rule.protocols = all(list),
            Some(("security", list)) => rule.security = all(list),
            Some(_) | None => rule.path = word.parse().unwrap(),
        }
    }
    rule
}

/// Rules from lines; each is written where it is.
pub(crate) fn rules(lines: &[&str]) -> Rules {
    Rules::new(lines.iter().enumerate().map(|(n, line)| rule(line, n + 1)).collect()).unwrap()
}

fn bob() -> Who {
    let groups = ["ops", "lab"].map(String::from);
    Who::User(Arc::new(Account::new("bob").unwrap().in_groups(groups).unwrap()))
}

/// The line of the first rule that fits.
fn line(rules: &Rules, who: &Who, address: &str, right: Right, path: &str) -> Option<usize> {
    let address = address.parse().unwrap();
    let subject = Subject { who, address, protocol: Protocol::Ftp, security: Security::Clear };
    rules.first(&rules.concern(&subject), right, &p(path)).map(|r| r.place.line)
}

#[test]
fn the_first_rule_of_which_everything_fits_counts() {
    let rules = rules(&[
        "deny all from=10.66.0.0/16,2001:db8:66::/48",
        "allow read user=bob,eve protocol=ftp,http security=tls /secret/**",
        "deny all /secret/**",
        "allow read,list user=anonymous /pub/**",
        "allow write,create group=ops,none from=10.0.0.0/8 /configs/**/*.cfg",
        "allow delete user=* /tmp/*",
        "deny all user=anonymous",
    ]);
    use Right::{Create, Delete, Read, Write};
    for (who, from, right, path, expected) in [
        (&bob(), "10.66.1.1", Read, "/pub/f", Some(1)),
        (&bob(), "::ffff:10.66.1.1", Read, "/pub/f", Some(1)),
        (&bob(), "2001:db8:66::1", Read, "/", Some(1)),
        (&bob(), "2001:db8:67::1", Read, "/", None),
        (&bob(), "10.0.0.1", Read, "/secret", Some(3)),
        (&Who::Nobody, "10.0.0.1", Read, "/pub/f", Some(4)),
        (&Who::Anonymous, "10.0.0.1", Read, "/pub/f", Some(4)),
        (&Who::Anonymous, "10.0.0.1", Write, "/pub/f", Some(7)),
        (&bob(), "10.0.0.1", Read, "/pub/f", None),
        (&bob(), "10.0.0.1", Create, "/configs/site/r1.cfg", Some(5)),
        (&bob(), "192.0.2.1", Create, "/configs/site/r1.cfg", None),
        (&bob(), "10.0.0.1", Create, "/configs/site/r1", None),
        (&bob(), "10.0.0.1", Delete, "/tmp/x", Some(6)),
        (&bob(), "10.0.0.1", Delete, "/tmp/x/y", None),
        (&Who::Nobody, "10.0.0.1", Delete, "/tmp/x", Some(7)),
    ] {
        assert_eq!(line(&rules, who, from, right, path), expected, "{who:?} {from} {right} {path}");
    }
    let tls = |protocol, security| {
        let address = "10.0.0.1".parse().unwrap();
        let concern = rules.concern(&Subject { who: &bob(), address, protocol, security });
        rules.first(&concern, Read, &p("/secret/f")).map(|r| r.place.line)
    };
    assert_eq!(tls(Protocol::Http, Security::Tls), Some(2));
    assert_eq!(tls(Protocol::Http, Security::Clear), Some(3));
    assert_eq!(tls(Protocol::Tftp, Security::Tls), Some(3));
}

#[test]
fn without_rules_none_fits_and_too_many_are_refused() {
    let none = Rules::default();
    assert_eq!(line(&none, &bob(), "10.0.0.1", Right::Read, "/f"), None);
    assert_eq!(format!("{none:?} {:?}", Rules::new(Vec::new()).unwrap()), "[] []");
    let why = Rules::new(vec![rule("deny all", 1); MAX_RULES + 1]).unwrap_err();
    assert!(why.contains("10001 rules: at most 10000"), "{why}");
}

#[test]
fn rights_are_words() {
    assert_eq!("read, list".parse::<Rights>().unwrap().to_string(), "read,list");
    assert_eq!("all".parse::<Rights>().unwrap(), Right::ALL.into_iter().collect());
    assert_eq!(Rights::NONE.to_string(), "none");
    assert!("reed".parse::<Rights>().unwrap_err().contains("read, write, create, delete, list, rename"));
    for right in Right::ALL {
        assert_eq!(right.word().parse(), Ok(right));
    }
}

#[test]
fn directories_lead_to_what_is_allowed_below_them() {
    let rules = rules(&[
        "allow read /images/ios/**",
        "allow create user=eve /in/eve/**",
        "deny read /secret/x",
        "allow list /a/*/b",
    ]);
    let concern = rules.concern(&Subject {
        who: &bob(),
        address: "10.0.0.1".parse().unwrap(),
        protocol: Protocol::Ftp,
        security: Security::Clear,
    });
    for (dir, leads) in [
        ("/", true),
        ("/images", true),
        ("/images/ios", true),
        ("/images/ios/deep", false),
        ("/in", false),
        ("/secret", false),
        ("/a", true),
        ("/a/x", false),
    ] {
        assert_eq!(rules.leads(&concern, &p(dir)), leads, "{dir}");
    }
    assert_eq!(rules.divides(&concern, &p("/images")).map(|r| r.place.line), Some(1));
    assert_eq!(rules.divides(&concern, &p("/images/ios")).map(|r| r.place.line), None);
    assert_eq!(rules.divides(&concern, &p("/in")).map(|r| r.place.line), None, "eve's are not bob's");
}

/// The plain way: one rule after the other.
fn plain(rules: &Rules, subject: &Subject<'_>, right: Right, path: &VPath) -> Option<usize> {
    let (name, groups) = match subject.who {
        Who::Nobody | Who::Anonymous | Who::Grant(_) => (None, Vec::new()),
        Who::User(account) => (Some(account.name()), account.groups().to_vec()),
    };
    let fits = |rule: &Rule| {
        let user = |u: &String| match (name, &u[..]) {
            (None, u) => u == "anonymous",
            (Some(_), "*") => true,
            (Some(name), u) => u == name,
        };
        rule.rights.has(right)
            && (rule.users.is_empty() || rule.users.iter().any(user))
            && (rule.groups.is_empty() || rule.groups.iter().any(|g| groups.contains(g)))
            && (rule.from.is_empty() || rule.from.iter().any(|net| net.holds(subject.address)))
            && (rule.protocols.is_empty() || rule.protocols.contains(&subject.protocol))
            && (rule.security.is_empty() || rule.security.contains(&subject.security))
            && rule.path.fits(path)
    };
    rules.each().iter().find(|r| fits(r)).map(|r| r.place.line)
}

#[test]
fn the_index_finds_what_one_after_the_other_finds() {
    let mut dice = Dice::new(Dice::seed(1));
    let names = ["a", "b", "c.cfg", "x.bin", "*", "?", "*.cfg", "**", "a*", "longer-than-eight.cfg"];
    let users = ["user=bob", "user=eve", "user=anonymous", "user=*", "", "", "group=ops", "group=x,lab"];
    let from =
        ["from=10.0.0.0/8", "from=10.1.0.0/16,::1", "from=0.0.0.0/0", "from=::/0", "from=10.1.2.3", ""];
    let rest = ["protocol=ftp", "protocol=tftp,http", "security=tls", "security=clear,ssh", "", "", ""];
    let rights = ["read", "write,create", "all", "list,read", "delete,rename"];
    let mut found = 0;
    for _ in 0..300 {
        // Beyond what fits on the stack as well.
        let many = if dice.below(20) == 0 { 2_500 } else { 1 + dice.below(80) };
        let list: Vec<Rule> = (0..many)
            .map(|n| {
                let depth = dice.below(4);
                let path: String = (0..depth).map(|_| format!("/{}", dice.of(&names))).collect();
                let path = if path.is_empty() { dice.of(&["/", ""]).to_owned() } else { path };
                let effect = dice.of(&["allow", "deny"]);
                let (u, f, r) = (dice.of(&users), dice.of(&from), dice.of(&rest));
                rule(&format!("{effect} {} {u} {f} {r} {path}", dice.of(&rights)), n + 1)
            })
            .collect();
        let rules = Rules::new(list).unwrap();
        for _ in 0..30 {
            let who = match dice.below(4) {
                0 => Who::Nobody,
                1 => Who::Anonymous,
                2 => Who::User(Arc::new(Account::new("eve").unwrap())),
                _ => bob(),
            };
            let address =
                dice.of(&["10.1.2.3", "10.1.2.4", "10.9.9.9", "192.0.2.1", "::1", "::ffff:10.1.2.3", "ff::"]);
            let subject = Subject {
                who: &who,
                address: address.parse().unwrap(),
                protocol: dice.of(&Protocol::ALL),
                security: dice.of(&Security::ALL),
            };
            let concern = rules.concern(&subject);
            for _ in 0..4 {
                let path: String = (0..dice.below(5))
                    .map(|_| {
                        format!("/{}", dice.of(&["a", "b", "c.cfg", "ab", "x.bin", "longer-than-eight.cfg"]))
                    })
                    .collect();
                let (path, right) = (p(&path), dice.of(&Right::ALL));
                let expected = plain(&rules, &subject, right, &path);
                let got = rules.first(&concern, right, &path).map(|r| r.place.line);
                assert_eq!(got, expected, "{subject:?} {right} {path}\n{rules:#?}");
                found += usize::from(got.is_some());
            }
        }
    }
    assert!(found > 3_000, "{found} of 36,000 found a rule");
}

/// What an operator of many sites has: a few rules for all, then those of each site, then the last.
pub(crate) fn thousand() -> Vec<Rule> {
    let mut lines = vec![
        String::from("deny all from=10.66.0.0/16"),
        String::from("allow read,list /images/**"),
        String::from("deny read /**/*.key"),
    ];
    for site in 0..199 {
        lines.push(format!("allow all user=site{site} /configs/site{site}/**"));
        lines.push(format!("allow create from=10.{site}.0.0/24 protocol=tftp /configs/site{site}/*.cfg"));
        lines.push(format!("allow read group=ops{site} /configs/site{site}/**"));
        lines.push(format!("allow read from=10.{site}.0.0/16 /boot/site{site}/**"));
        lines.push(format!("allow read /by-name/**/site{site}-confg"));
    }
    lines.push(String::from("allow all group=admins security=tls"));
    lines.push(String::from("deny all"));
    lines.iter().enumerate().map(|(n, line)| rule(line, n + 1)).collect()
}

#[test]
fn of_a_thousand_rules_a_few_are_looked_at() {
    let list = thousand();
    assert_eq!(list.len(), 1_000);
    let rules = Rules::new(list).unwrap();
    let all = rules.0.as_ref().unwrap();
    let site7 = Who::User(Arc::new(Account::new("site7").unwrap()));
    for (who, right, path, expected) in [
        (&Who::Nobody, Right::Read, "/images/c2900.bin", 2),
        (&Who::Nobody, Right::Read, "/boot/site7/r1-confg", 4 + 7 * 5 + 3),
        (&Who::Nobody, Right::Create, "/configs/site7/r1.cfg", 4 + 7 * 5 + 1),
        (&Who::Nobody, Right::Read, "/configs/site8/r1.cfg", 1_000),
        (&site7, Right::Delete, "/configs/site7/deep/r1.cfg", 4 + 7 * 5),
        (&site7, Right::Read, "/configs/site8/r1.cfg", 1_000),
        (&site7, Right::Read, "/by-name/x/y/site198-confg", 4 + 198 * 5 + 4),
        (&site7, Right::Read, "/some.key", 3),
    ] {
        let subject = Subject {
            who,
            address: "10.7.0.9".parse().unwrap(),
            protocol: Protocol::Tftp,
            security: Security::Clear,
        };
        let (concern, mut examined) = (rules.concern(&subject), 0);
        let found = all.index.first(&all.rules, &concern, right, &p(path), &mut examined);
        assert_eq!(found.map(|n| all.rules[n].place.line), Some(expected), "{path}");
        // Octets at the end that are the same by chance cost a look each: site8-confg of 18, 28 and on.
        assert!(examined <= 24, "{examined} rules were looked at for {right} {path}");
    }
}
