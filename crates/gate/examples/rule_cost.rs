//! What a decision costs with 1,000 rules and with none: `cargo run --release -p gate --example rule_cost`.
//!
//! Prints nanoseconds, each the median of 9 runs: of a decision where a rule near the beginning, in the middle, at
//! the end or only the last one fits, and of an admission over TFTP, where the rules of a session are chosen.

use gate::{
    Account, Credentials, Effect, Gate, Guise, Knock, Pattern, Place, Policy, Protocol, Right, Rights, Rule,
    Rules, Security,
};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;
use store::VPath;
use store::memory::Memory;

fn rule(
    effect: Effect,
    rights: &str,
    user: Option<String>,
    from: Option<String>,
    path: &str,
    line: usize,
) -> Rule {
    Rule {
        effect,
        rights: rights.parse().expect("rights"),
        users: user.into_iter().collect(),
        groups: Vec::new(),
        from: from.map(|net| net.parse().expect("a network")).into_iter().collect(),
        protocols: Vec::new(),
        security: Vec::new(),
        path: path.parse().unwrap_or_else(|why| panic!("{path}: {why}")),
        place: Place { file: Arc::from("towline.toml"), line },
    }
}

/// 199 sites with five rules each, three rules before and two behind.
fn thousand() -> Vec<Rule> {
    use Effect::{Allow, Deny};
    let mut rules = vec![
        rule(Deny, "all", None, Some("10.66.0.0/16".into()), "/**", 1),
        rule(Allow, "read,list", None, None, "/images/**", 2),
        rule(Deny, "read", None, None, "/**/*.key", 3),
    ];
    for n in 0..199 {
        let (site, net) = (format!("site{n}"), format!("10.{n}.0.0/16"));
        let line = rules.len();
        rules.push(rule(Allow, "all", Some(site.clone()), None, &format!("/configs/{site}/**"), line + 1));
        rules.push(rule(
            Allow,
            "create",
            None,
            Some(net.clone()),
            &format!("/configs/{site}/*.cfg"),
            line + 2,
        ));
        rules.push(rule(Allow, "read", Some("*".into()), None, &format!("/configs/{site}/**"), line + 3));
        rules.push(rule(Allow, "read", None, Some(net), &format!("/boot/{site}/**"), line + 4));
        rules.push(rule(Allow, "read", None, None, &format!("/by-name/**/{site}-confg"), line + 5));
    }
    rules.push(Rule { groups: vec!["admins".into()], ..rule(Allow, "all", None, None, "/**", 999) });
    rules.push(Rule {
        path: Pattern::everything(),
        rights: Rights::ALL,
        ..rule(Deny, "all", None, None, "/", 1_000)
    });
    rules
}

/// Nanoseconds that one of these takes.
fn cost(what: &str, mut act: impl FnMut()) {
    const TIMES: u32 = 20_000;
    let mut runs: Vec<u128> = (0..9)
        .map(|_| {
            let before = Instant::now();
            (0..TIMES).for_each(|_| act());
            before.elapsed().as_nanos() / u128::from(TIMES)
        })
        .collect();
    runs.sort_unstable();
    println!("{what:<44} {:>6} ns", runs[4]);
}

fn main() {
    let gate = |rules| {
        let policy =
            Policy { rules: Rules::new(rules).expect("not too many"), write: true, ..Policy::default() };
        Gate::new(Arc::new(Memory::new()), policy)
    };
    for (name, rules) in [("1,000 rules", thousand()), ("no rule", Vec::new())] {
        let (gate, events) = gate(rules);
        let account = Account::new("site100").expect("a name");
        let guise = Guise {
            account: Some(Arc::new(account)),
            peer: "10.100.0.9:50000".parse().expect("an address"),
            protocol: Protocol::Ftp,
            security: Security::Clear,
        };
        let session = gate.imagine(&guise).expect("let in");
        for (what, right, path) in [
            ("the second rule", Right::Read, "/images/ios/c2900.bin"),
            ("one in the middle", Right::Write, "/configs/site100/r1.cfg"),
            ("a wildcard near the end", Right::Read, "/by-name/a/b/site198-confg"),
            ("only the last", Right::Write, "/configs/site7/r1.cfg"),
            ("only the last, deep", Right::Delete, "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p.cfg"),
        ] {
            let path = VPath::parse(path.as_bytes()).expect("a path");
            cost(&format!("{name}, {what}"), || {
                black_box(session.decide(right, black_box(&path)).expect("no root of its own"));
            });
        }
        let knock = Knock {
            protocol: Protocol::Tftp,
            local: "10.0.0.1:69".parse().expect("an address"),
            peer: guise.peer,
            security: Security::Clear,
            credentials: Credentials::None,
            agreed: None,
            certificate: None,
            host: None,
        };
        cost(&format!("{name}, an admission over TFTP"), || {
            drop(black_box(gate.admit(&knock).expect("let in")));
            while events.try_recv().is_some() {}
        });
    }
}
