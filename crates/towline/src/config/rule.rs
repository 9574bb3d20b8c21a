//! `[[rule]]`: who may do what; the first that fits counts (docs/access.md).

use super::Loaded;
use super::fault::Fault;
use super::node::{Kind, Node};
use super::section::{Reading, Setting, Shape, Shown, entry};
use super::value::{Wanted, Written, quoted};
use super::words::{word, word_shape};
use gate::{Effect, MAX_RULES, Net, Pattern, Place, Protocol, Right, Rights, Security};
use serde_json::json;

entry! {
    /// Who may do what where. Has `allow` or `deny`; what it does not name, it does not ask for.
    Rule {
        /// What is allowed: "all", or a list of "read", "write", "create", "delete", "list", "rename".
        allow: Option<Verbs> = None,
        /// What is refused, likewise.
        deny: Option<Verbs> = None,
        /// For these users; "*" is whoever logged in, "anonymous" whoever did not.
        user: Several<String> = Several::default(),
        /// For members of these groups.
        group: Several<String> = Several::default(),
        /// For clients of these networks.
        from: Several<Written<Net>> = Several::default(),
        /// For these protocols: "tftp", "ftp", "http", "sftp", "scp".
        protocol: Several<Protocol> = Several::default(),
        /// For connections of these kinds: "clear", "tls", "ssh".
        security: Several<Security> = Several::default(),
        /// For names that this pattern fits: "/images/**" is that directory and all below it.
        path: Option<Written<Pattern>> = None,
    }
}

/// Words that the gate has.
macro_rules! gates {
    ($($type:ident: $all:expr;)*) => { $(
        impl Setting for $type {
            fn shape() -> Shape {
                let words = $all.map(|one| one.to_string());
                word_shape(&words.each_ref().map(String::as_str))
            }

            fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
                let words = $all.map(|one| one.to_string());
                word(node, reading, &words.each_ref().map(String::as_str)).map(|nth| $all[nth])
            }

            fn shown(&self) -> Shown {
                Shown::Value(quoted(&self.to_string()))
            }
        }
    )* };
}
gates! {
    Protocol: Protocol::ALL;
    Security: Security::ALL;
    Right: Right::ALL;
}

impl Wanted for Pattern {
    const WANTS: &'static str = "a pattern of paths, such as \"/images/**\"";
}

/// The rules of a configuration, in their order, each with its place.
pub fn rules(loaded: &Loaded) -> Vec<gate::Rule> {
    let mut lines = loaded.origins.lines();
    let rules = loaded.config.rule.iter().enumerate();
    let one = |(n, rule): (usize, &Rule)| {
        let (effect, rights) = match (&rule.allow, &rule.deny) {
            (Some(verbs), _) => (Effect::Allow, verbs.0),
            (None, Some(verbs)) => (Effect::Deny, verbs.0),
            // `check` has refused it.
            (None, None) => (Effect::Deny, Rights::NONE),
        };
        let (file, line) = lines.of(&format!("rule.{n}"));
        gate::Rule {
            effect,
            rights,
            users: rule.user.0.clone(),
            groups: rule.group.0.clone(),
            from: rule.from.values(),
            protocols: rule.protocol.0.clone(),
            security: rule.security.0.clone(),
            path: rule.path.as_ref().map_or_else(Pattern::everything, |path| path.value.clone()),
            place: Place { file, line },
        }
    };
    rules.map(one).collect()
}

/// What is wrong with rules that single values do not show.
pub(super) fn faults(loaded: &Loaded, faults: &mut Vec<Fault>) {
    let mut fault = |path: String, what: &str, remedy: String| {
        faults.push(Fault::new(loaded.origins.of(&path), what, remedy));
    };
    for (n, rule) in loaded.config.rule.iter().enumerate() {
        match (&rule.allow, &rule.deny) {
            (Some(_), None) | (None, Some(_)) => {}
            (Some(_), Some(_)) => {
                let remedy = String::from("make two rules of it: the first that fits counts");
                fault(format!("rule.{n}.deny"), "a rule has 'allow' or 'deny', this one has both", remedy);
            }
            // One of them may be there with a slip in it.
            (None, None) if !loaded.is_sure(&[&format!("rule.{n}.allow"), &format!("rule.{n}.deny")]) => {}
            (None, None) => {
                let remedy = String::from("add allow = [\"read\", \"list\"] or deny = \"all\"");
                fault(format!("rule.{n}"), "a rule has 'allow' or 'deny', this one has neither", remedy);
            }
        }
    }
    if loaded.config.rule.len() > MAX_RULES {
        let remedy = String::from("name several users, networks or protocols in one: user = [\"a\", \"b\"]");
        fault(format!("rule.{MAX_RULES}"), &format!("there are at most {MAX_RULES} rules"), remedy);
    }
}

/// One, or a list: of several any may fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Several<T>(pub Vec<T>);

impl<T> Default for Several<T> {
    fn default() -> Self {
        Several(Vec::new())
    }
}

impl<T: Clone> Several<Written<T>> {
    pub(super) fn values(&self) -> Vec<T> {
        self.0.iter().map(|written| written.value.clone()).collect()
    }
}

impl<T: Setting> Setting for Several<T> {
    fn shape() -> Shape {
        match T::shape() {
            Shape::Value { wants, schema } => {
                let list = json!({ "type": "array", "items": schema });
                Shape::Value {
                    wants: format!("{wants}; or a list of them"),
                    schema: json!({ "anyOf": [schema, list] }),
                }
            }
            Shape::Table(_) | Shape::Tables(_) => unreachable!("only values are declared so"),
        }
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        match &node.kind {
            Kind::List(items) if items.is_empty() => {
                reading.wrong(node, "one or more; for everything leave the key out");
                None
            }
            Kind::List(_) => Vec::read(node, reading).map(Several),
            Kind::Text(_)
            | Kind::Integer(_)
            | Kind::Bool(_)
            | Kind::Date(_)
            | Kind::Number(_)
            | Kind::Table(_)
            | Kind::Nothing => T::read(node, reading).map(|one| Several(vec![one])),
        }
    }

    fn shown(&self) -> Shown {
        match &self.0[..] {
            [] => Shown::Unset,
            [one] => one.shown(),
            _ => self.0.shown(),
        }
    }
}

/// Rights of a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verbs(pub Rights);

impl Setting for Verbs {
    fn shape() -> Shape {
        let words = Right::ALL.map(Right::word);
        let list = json!({ "type": "array", "minItems": 1, "items": { "enum": words } });
        let wants = format!("\"all\" or a list of {}", words.join(", "));
        Shape::Value { wants, schema: json!({ "anyOf": [{ "const": "all" }, list] }) }
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        match &node.kind {
            Kind::Text(text) if text == "all" => Some(Verbs(Rights::ALL)),
            Kind::List(items) if !items.is_empty() => {
                let rights = Vec::<Right>::read(node, reading)?;
                Some(Verbs(rights.into_iter().collect()))
            }
            _ => {
                reading.wrong(node, "\"all\", or a list such as [\"read\", \"list\"]");
                None
            }
        }
    }

    fn shown(&self) -> Shown {
        if self.0 == Rights::ALL {
            return Shown::Value(quoted("all"));
        }
        let words: Vec<String> = self.0.each().map(|right| quoted(right.word())).collect();
        Shown::Value(format!("[{}]", words.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::load::parse;
    use super::super::origin::Source;
    use super::*;
    use std::sync::Arc;

    fn load(text: &str) -> Result<Loaded, String> {
        let source = Arc::new(Source { path: "/etc/t.toml".into(), text: text.to_owned() });
        let told = |faults: Vec<Fault>| faults.iter().map(Fault::picture).collect::<String>();
        let loaded = parse(Some(source), []).map_err(told)?;
        let mut wrong = Vec::new();
        faults(&loaded, &mut wrong);
        if wrong.is_empty() { Ok(loaded) } else { Err(told(wrong)) }
    }

    #[test]
    fn rules_come_in_their_order_with_their_lines() {
        let loaded = load(
            "[server]\nroot = \"/srv\"\n[[rule]]\nallow = [\"read\", \"list\"]\nuser = [\"bob\", \"*\"]\n\
             from = \"10.0.0.0/8\"\nprotocol = \"ftp\"\nsecurity = [\"tls\", \"ssh\"]\npath = \"/images/**\"\n\n\
             [[rule]]\ndeny = \"all\"\n",
        );
        let rules = rules(&loaded.unwrap());
        assert_eq!(rules.len(), 2);
        let first = &rules[0];
        assert_eq!((first.effect, first.rights.to_string()), (Effect::Allow, String::from("read,list")));
        assert_eq!(
            (&first.users[..], first.from[0].to_string()),
            (&["bob".into(), "*".into()][..], "10.0.0.0/8".into())
        );
        assert_eq!(
            (&first.protocols[..], &first.security[..]),
            (&[Protocol::Ftp][..], &[Security::Tls, Security::Ssh][..])
        );
        assert_eq!(first.path.to_string(), "/images/**");
        assert_eq!(first.place.to_string(), "/etc/t.toml:3");
        assert_eq!(
            (rules[1].effect, rules[1].rights, &rules[1].path),
            (Effect::Deny, Rights::ALL, &Pattern::everything())
        );
        assert_eq!(rules[1].place.to_string(), "/etc/t.toml:11");
    }

    #[test]
    fn what_is_wrong_with_a_rule_is_told_with_its_place() {
        for (text, words) in [
            (
                "[[rule]]\nallow = \"read\"\n",
                "t.toml:2:9: 'allow' cannot be the text \"read\"; give \"all\", or a list",
            ),
            ("[[rule]]\nallow = [\"reed\"]\n", "did you mean \"read\"?"),
            ("[[rule]]\nallow = []\n", "give \"all\", or a list"),
            (
                "[[rule]]\npath = \"/a/**\"\n",
                "t.toml:1:1: a rule has 'allow' or 'deny', this one has neither",
            ),
            (
                "[[rule]]\nallow = \"all\"\ndeny = \"all\"\n",
                "t.toml:3:8: a rule has 'allow' or 'deny', this one has both",
            ),
            ("[[rule]]\ndeny = \"all\"\npath = \"images/**\"\n", "'/images/**' is from the root"),
            ("[[rule]]\ndeny = \"all\"\npath = \"/images/\"\n", "'/images/**' all that is below too"),
            ("[[rule]]\ndeny = \"all\"\nfrom = \"10.0.0/8\"\n", "a network or an address"),
            ("[[rule]]\ndeny = \"all\"\nprotocol = [\"ftp\", \"fttp\"]\n", "did you mean \"ftp\"?"),
            ("[[rule]]\ndeny = \"all\"\nsecurity = \"ssl\"\n", "\"tls\""),
            ("[[rule]]\ndeny = \"all\"\nuser = []\n", "for everything leave the key out"),
            ("[[rule]]\ndeny = \"all\"\nusers = \"bob\"\n", "did you mean 'user'?"),
        ] {
            let told = load(text).map(drop).unwrap_err();
            assert!(told.contains(words), "{text}{told}");
        }
    }
}
