//! What sinks look for in an event, whichever it is: its name, its file, its transfer, what became of it.

use crate::events::{configured, direction, granted_word};
use gate::audit::What;
use store::VPath;

/// Of one event.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Fact<'a> {
    /// Its name in docs/events.md.
    pub(super) name: &'static str,
    pub(super) transfer: Option<u64>,
    /// The octets of the path, or of the name that is none.
    pub(super) path: Option<&'a [u8]>,
    pub(super) direction: Option<&'static str>,
    pub(super) verdict: Option<&'static str>,
}

impl<'a> Fact<'a> {
    pub(super) fn of(what: &'a What) -> Fact<'a> {
        let plain = |name| Fact { name, ..Fact::default() };
        let on = |name, path: &'a VPath| Fact { path: Some(path.as_bytes()), ..plain(name) };
        match what {
            What::Admitted => plain("admitted"),
            What::LoggedIn { .. } => plain("login"),
            What::Identity(_) => plain("identity"),
            What::RefusedKnock { .. } => plain("refused"),
            What::Left => plain("left"),
            What::Kicked { .. } => plain("kicked"),
            What::Refused { path, .. } => on("refused", path),
            What::RefusedName { name, .. } => Fact { path: Some(name), ..plain("refused") },
            What::Started { transfer, path, dir, .. } => {
                let direction = Some(direction(*dir));
                Fact { transfer: Some(*transfer), direction, ..on("started", path) }
            }
            What::Ended { transfer, path, dir, verdict, .. } => Fact {
                transfer: Some(*transfer),
                direction: Some(direction(*dir)),
                verdict: Some(verdict.word()),
                ..on("ended", path)
            },
            What::Digested { transfer, path, .. } => Fact { transfer: Some(*transfer), ..on("digest", path) },
            What::Removed { path }
            | What::Renamed { from: path, .. }
            | What::MadeDir { path }
            | What::RemovedDir { path }
            | What::SetModified { path }
            | What::SetMode { path, .. }
            | What::Linked { path, .. }
            | What::Symlinked { path, .. } => on("changed", path),
            What::Listed { path, .. } => on("listed", path),
            What::ThirdParty { granted, .. } => {
                Fact { verdict: Some(granted_word(*granted)), ..plain("third_party") }
            }
            What::GrantUsed { path, .. } => on("grant_used", path),
            What::Banned { .. } => plain("banned"),
            What::Unbanned { .. } => plain("unbanned"),
            What::Configured { is_taken, .. } => {
                Fact { verdict: Some(configured(*is_taken)), ..plain("configured") }
            }
            What::Lost(_) | What::SinkLost { .. } => plain("lost"),
            What::HookFailed { .. } => plain("hook_failed"),
            What::Exhausted { .. } => plain("exhausted"),
            What::Restored { path, .. } => on("restored", path),
            What::Server { .. } => plain("server"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::told;
    use gate::audit::{By, Event};
    use gate::{Direction, End, Refusal, Security, Verb, Verdict};
    use std::time::{Duration, SystemTime};

    /// The name is the one that the event has for programs.
    #[test]
    fn names_are_those_of_the_documented_events() {
        let path = || VPath::parse(b"/a").unwrap();
        let by = || By::Itself;
        let why = || Refusal::Denied;
        let end = || End::default();
        for what in [
            What::Admitted,
            What::LoggedIn { key: None, security: Security::Clear, agreed: None },
            What::RefusedKnock { why: why() },
            What::Left,
            What::Kicked { by: by() },
            What::Refused { verb: Verb::Read, path: path(), why: why() },
            What::RefusedName { verb: Verb::Read, name: b"/a".to_vec(), why: why() },
            What::Started {
                transfer: 1,
                path: path(),
                dir: Direction::Read,
                len: None,
                progress: gate::Progress::new(None),
            },
            What::Ended {
                transfer: 1,
                path: path(),
                dir: Direction::Write,
                total: None,
                took: Duration::ZERO,
                end: end(),
                verdict: Verdict::Complete,
                digests: Vec::new(),
                stored: None,
                kept: None,
            },
            What::Digested { transfer: 1, path: path(), octets: 1, digests: Vec::new() },
            What::Removed { path: path() },
            What::Renamed { from: path(), to: path() },
            What::MadeDir { path: path() },
            What::RemovedDir { path: path() },
            What::SetModified { path: path() },
            What::SetMode { path: path(), mode: 0o644 },
            What::Linked { path: path(), to: path() },
            What::Symlinked { path: path(), to: path() },
            What::Listed { path: path(), names: 1 },
            What::ThirdParty { other: "192.0.2.1:20".parse().unwrap(), granted: true },
            What::GrantUsed { grant: String::new(), path: path(), left: None },
            What::Banned { net: String::new(), until: None, why: String::new(), by: by() },
            What::Unbanned { net: String::new(), by: by() },
            What::Configured { what: String::new(), is_taken: true, by: by() },
            What::Lost(1),
            What::Exhausted { what: "file descriptors", limit: None, count: 1 },
            What::SinkLost { sink: String::new(), count: 1, why: String::new() },
            What::HookFailed { hook: String::new(), of: 1, count: 1, why: String::new() },
            What::Restored { path: path(), version: String::new(), octets: 1, by: by() },
            What::Server { change: gate::audit::Change::Started, text: String::new() },
        ] {
            let at = SystemTime::now();
            let event = Event { seq: 1, at, session: 1, protocol: None, peer: None, user: None, what };
            let json = serde_json::to_value(told(&event)).unwrap();
            let fact = Fact::of(&event.what);
            assert_eq!(json["event"], fact.name);
            assert!(crate::events::AUDITED.contains(&fact.name), "{}", fact.name);
            assert_eq!(json.get("path").is_some(), fact.path.is_some(), "{json}");
            assert_eq!(json.get("transfer").is_some(), fact.transfer.is_some(), "{json}");
            assert_eq!(json.get("verdict").is_some(), fact.verdict.is_some(), "{json}");
            assert_eq!(json.get("direction").is_some(), fact.direction.is_some(), "{json}");
        }
    }
}
