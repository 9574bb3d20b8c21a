//! Which events a hook is for.

use super::super::fact::Fact;
use super::HOOKS_OWN;
use crate::config::audit;
use gate::audit::{Event, What};
use gate::{Pattern, Protocol};
use store::VPath;

/// What the configuration asks for. An empty list asks for nothing; an event that has not what is asked for is not
/// wanted.
pub(super) struct Wants {
    on: Vec<String>,
    users: Vec<String>,
    protocols: Vec<Protocol>,
    verdicts: Vec<String>,
    path: Option<Pattern>,
}

impl Wants {
    pub(super) fn of(hook: &audit::Hook) -> Wants {
        Wants {
            on: hook.on.clone(),
            users: hook.user.0.clone(),
            protocols: hook.protocol.0.clone(),
            verdicts: hook.verdict.0.clone(),
            path: hook.path.as_ref().map(|path| path.value.clone()),
        }
    }

    /// Whether it is one of them.
    pub(super) fn fit(&self, event: &Event) -> bool {
        let fact = Fact::of(&event.what);
        let has = |list: &[String], word: Option<&str>| {
            list.is_empty() || word.is_some_and(|word| list.iter().any(|one| one == word))
        };
        let path = |pattern: &Pattern| {
            let path = fact.path.and_then(|octets| VPath::parse(octets).ok());
            path.is_some_and(|path| pattern.fits(&path))
        };
        self.on.iter().any(|name| name == fact.name)
            && !is_of_hooks(&event.what)
            && has(&self.users, event.user.as_deref())
            && (self.protocols.is_empty() || event.protocol.is_some_and(|p| self.protocols.contains(&p)))
            && has(&self.verdicts, fact.verdict)
            && self.path.as_ref().is_none_or(path)
    }
}

/// Whether a hook is what it is about: one that was told of that would never come to an end.
fn is_of_hooks(what: &What) -> bool {
    match what {
        What::SinkLost { sink, .. } => sink.starts_with("hook "),
        other => Fact::of(other).name == HOOKS_OWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::rule::Several;
    use gate::{Direction, End, Verdict};
    use std::time::{Duration, SystemTime};

    fn event(user: Option<&str>, protocol: Protocol, what: What) -> Event {
        let peer = Some(([127, 0, 0, 1], 4711).into());
        let (user, at) = (user.map(String::from), SystemTime::now());
        Event { seq: 1, at, session: 1, protocol: Some(protocol), peer, user, what }
    }

    fn ended(path: &str, verdict: Verdict) -> What {
        What::Ended {
            transfer: 1,
            path: VPath::parse(path.as_bytes()).unwrap(),
            dir: Direction::Write,
            total: None,
            took: Duration::ZERO,
            end: End::default(),
            verdict,
            digests: Vec::new(),
            stored: None,
            kept: None,
        }
    }

    fn wants(change: impl FnOnce(&mut audit::Hook)) -> Wants {
        let mut hook = audit::Hook::on_ends(&["/bin/true"], None);
        change(&mut hook);
        Wants::of(&hook)
    }

    #[test]
    fn an_event_is_wanted_that_has_all_that_is_asked_for() {
        let end = || event(Some("bob"), Protocol::Ftp, ended("/a/b", Verdict::Complete));
        for (fits, wants) in [
            (true, wants(|_| {})),
            (false, wants(|h| h.on = vec!["started".into()])),
            (true, wants(|h| h.on.push("started".into()))),
            (true, wants(|h| h.user = Several(vec!["alice".into(), "bob".into()]))),
            (false, wants(|h| h.user = Several(vec!["alice".into()]))),
            (true, wants(|h| h.protocol = Several(vec![Protocol::Ftp]))),
            (false, wants(|h| h.protocol = Several(vec![Protocol::Tftp]))),
            (true, wants(|h| h.verdict = Several(vec!["complete".into()]))),
            (false, wants(|h| h.verdict = Several(vec!["probe".into()]))),
            (true, wants(|h| h.path = crate::config::Written::parse("/a/**").ok())),
            (false, wants(|h| h.path = crate::config::Written::parse("/b/**").ok())),
        ] {
            assert_eq!(wants.fit(&end()), fits);
        }
        let nobody = event(None, Protocol::Tftp, ended("/a/b", Verdict::Complete));
        assert!(!wants(|h| h.user = Several(vec!["bob".into()])).fit(&nobody));
        let left = event(Some("bob"), Protocol::Ftp, What::Left);
        let all = |h: &mut audit::Hook| {
            h.on = vec!["left".into()];
            h.path = crate::config::Written::parse("/**").ok();
        };
        assert!(!wants(all).fit(&left), "it has no path");
    }

    #[test]
    fn no_hook_is_told_of_hooks() {
        let everything = wants(|h| h.on = crate::events::AUDITED.iter().map(|e| (*e).to_owned()).collect());
        let own = |what| Event { protocol: None, peer: None, ..event(None, Protocol::Ftp, what) };
        let lost = |sink: &str| What::SinkLost { sink: sink.into(), count: 1, why: String::new() };
        assert!(everything.fit(&own(lost("history"))));
        assert!(!everything.fit(&own(lost("hook 2"))));
        let failed = What::HookFailed { hook: "hook 2".into(), of: 1, count: 1, why: String::new() };
        assert!(!everything.fit(&own(failed)));
    }
}
