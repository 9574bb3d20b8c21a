//! Why something is allowed or not: what `towline access explain` says, beside what the model says.

use super::House;
use crate::settings;
use e2e::process::run;
use e2e::towline::command;
use reference::{Answer, By, Credentials, Knock, Limits, Model, Protocol, Right, Security, Step};
use serde_json::Value;

impl House {
    /// What `towline access explain` says is what the model says of whoever is let in.
    pub(super) fn explain(&mut self) {
        let (peer, right) = (self.peer(), self.dice.of(&Right::ALL));
        let protocol = self.dice.of(&[Protocol::Tftp, Protocol::Ftp, Protocol::Http]);
        let user = match protocol {
            Protocol::Tftp => None,
            Protocol::Ftp | Protocol::Http => Some(self.dice.of(&["alice", "bob", "carol"])),
        };
        let security = match protocol {
            Protocol::Tftp => Security::Clear,
            Protocol::Ftp | Protocol::Http => self.dice.of(&[Security::Clear, Security::Tls]),
        };
        let path =
            self.dice.of(&["/", "/a", "/images/a", "/cfg/b.cfg", "/in/a", "/home/alice/a", "/d/.h", "/d/e"]);
        // Nobody else is there, and no limit met.
        let mut config = self.config.clone();
        (config.limits, config.clear_login) = (Limits::default(), true);
        let mut model = Model::new(&config);
        let credentials = user.map_or(Credentials::None, |user| Credentials::User(user.into(), true));
        model.act(&Step::Admit { session: 0, knock: Knock { peer, protocol, security, credentials } });
        let decided = model.act(&Step::Decide { session: 0, right, path: path.into() });
        let Answer::Decided(allowed, by) = decided else { panic!("{decided:?}") };
        let file = self.home.path().join("towline.toml");
        let mut c = command();
        c.args(["access", "explain", "--json", "--verb", settings::right(right), "--path", path]);
        c.args(["--from", &peer.ip().to_string(), "--protocol", settings::word(protocol)])
            .arg("--config")
            .arg(&file);
        user.map(|user| c.args(["--user", user]));
        if security == Security::Tls {
            c.arg("--tls");
        }
        let said = run(&mut c);
        let object: Value = serde_json::from_str(&said.out).expect("one object");
        let verb = &object["verbs"][0];
        let (word, line) = match by {
            By::ReadOnly => ("read-only", None),
            By::Hidden => ("hidden", None),
            By::DropBox => ("drop-box", None),
            By::Rule(nth) => ("rule", Some(self.rules[nth - 1])),
            By::Upload(_) => ("upload", None),
            By::Grant => ("grant", None),
            By::NotGranted => ("not-granted", None),
            By::Everybody => ("everybody", None),
            By::User => ("user", None),
            By::NoUser => ("no-user", None),
        };
        let found = (verb["allowed"].as_bool(), verb["by"].as_str(), said.code());
        let what = format!("{user:?} {protocol:?} {security:?} {right:?} {path}: {object}");
        self.same(&what, (Some(allowed), Some(word), if allowed { 0 } else { 4 }), found);
        let at = verb["rule"].as_str().and_then(|rule| rule.rsplit_once(':')?.1.parse().ok());
        self.same(&what, line, at);
    }
}
