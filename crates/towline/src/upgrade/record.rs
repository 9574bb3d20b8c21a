//! An entry of the journal as text, and back. What is written here is read by later versions: names stay, new ones may come.

use crate::events::Surveyed;
use db::journal::Kind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use upgrade::{Effect, Facts, Happened, Neighbour, Outcome, Routes, Start, State};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Effect", rename_all = "kebab-case")]
enum EffectText {
    Delete(String),
    Copy,
    Digest,
    SetBoot(Vec<String>),
    Save,
    Reload,
    Add,
    Activate(u32),
    Commit,
    Abort,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Start")]
struct StartText {
    uptime: u64,
    reason: Option<String>,
    image: String,
    // Not in journals of the first days.
    #[serde(default)]
    version: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Outcome", rename_all = "kebab-case")]
enum OutcomeText {
    AlreadyThere,
    Upgraded,
    RolledBack(String),
    Held(String),
    Abandoned(String),
}

/// Nothing of it was in journals of the first days.
#[derive(Serialize, Deserialize)]
#[serde(remote = "State")]
struct StateText {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    up: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "neighbours")]
    neighbours: Vec<Neighbour>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "routes")]
    routes: Vec<Routes>,
}

/// Each as its name and the interface of ours.
mod neighbours {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use upgrade::Neighbour;

    pub(super) fn serialize<S: Serializer>(all: &[Neighbour], to: S) -> Result<S::Ok, S::Error> {
        all.iter().map(|n| (n.name.as_str(), n.port.as_str())).collect::<Vec<_>>().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Neighbour>, D::Error> {
        let all = Vec::<(String, String)>::deserialize(from)?;
        Ok(all.into_iter().map(|(name, port)| Neighbour { name, port }).collect())
    }
}

/// Each as its origin and how many there are.
mod routes {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use upgrade::Routes;

    pub(super) fn serialize<S: Serializer>(routes: &[Routes], to: S) -> Result<S::Ok, S::Error> {
        routes.iter().map(|r| (r.source.as_str(), r.count)).collect::<Vec<_>>().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Routes>, D::Error> {
        let routes = Vec::<(String, u64)>::deserialize(from)?;
        Ok(routes.into_iter().map(|(source, count)| Routes { source, count }).collect())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Happened", rename_all = "kebab-case")]
enum HappenedText {
    Began {
        serial: Option<String>,
        image: String,
        version: String,
        boot: Vec<String>,
        may_go: Vec<String>,
        #[serde(flatten, with = "StateText")]
        state: State,
    },
    Intent {
        #[serde(with = "EffectText")]
        effect: Effect,
        at: u64,
        #[serde(with = "StartText")]
        start: Start,
    },
    Done {
        #[serde(with = "EffectText")]
        effect: Effect,
        md5: Option<String>,
    },
    Failed {
        #[serde(with = "EffectText")]
        effect: Effect,
        why: String,
    },
    TurnedBack(String),
    Ended(#[serde(with = "OutcomeText")] Outcome),
    Resumed,
}

#[derive(Serialize)]
struct Written<'a>(#[serde(with = "HappenedText")] &'a Happened);

#[derive(Deserialize)]
struct Read(#[serde(with = "HappenedText")] Happened);

/// What happened as an entry: its kind, its step and its text.
pub fn entry(happened: &Happened) -> (Kind, Option<&'static str>, String) {
    let (kind, effect) = match happened {
        Happened::Began { .. } => (Kind::Began, None),
        Happened::Intent { effect, .. } => (Kind::Intent, Some(effect)),
        Happened::Done { effect, .. } => (Kind::Done, Some(effect)),
        Happened::Failed { effect, .. } => (Kind::Failed, Some(effect)),
        Happened::TurnedBack(_) => (Kind::TurnedBack, None),
        Happened::Ended(_) => (Kind::Ended, None),
        Happened::Resumed => (Kind::Resumed, None),
    };
    let text = serde_json::to_string(&Written(happened)).expect("maps with string keys");
    (kind, effect.map(Effect::step), text)
}

/// What happened, of an entry's text; `None` for an entry of a kind that the machine knows nothing of.
///
/// # Errors
/// It is not what this program, or one before it, writes.
pub fn happened(kind: Kind, text: &str) -> Result<Option<Happened>, String> {
    match kind {
        Kind::Began
        | Kind::Resumed
        | Kind::Intent
        | Kind::Done
        | Kind::Failed
        | Kind::TurnedBack
        | Kind::Ended => {
            let read = serde_json::from_str::<Read>(text);
            read.map(|Read(happened)| Some(happened))
                .map_err(|e| format!("the entry '{kind}': {e}", kind = kind.word()))
        }
        Kind::Facts | Kind::Note | Kind::Transcript | Kind::Backup => Ok(None),
    }
}

/// What a device says of itself, for an entry of the kind [`Kind::Facts`]: as the event `facts` has it.
pub fn facts(device: &str, facts: &Facts) -> String {
    serde_json::to_string(&Surveyed::new(device, facts)).expect("maps with string keys")
}

/// What a report shows of such an entry.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
pub struct Ran {
    /// `CISCO2911/K9`; nothing where it is not known.
    #[serde(default)]
    pub model: String,
    /// Of what ran.
    pub version: String,
    /// What ran.
    pub image: String,
    /// What the next start would have tried.
    pub boot: Vec<String>,
    /// Interfaces that were up; not in journals of the first days.
    #[serde(default)]
    pub up: Option<Vec<String>>,
    /// Neighbours, as `SW1 at Gi0/1`; not in journals of the first days.
    #[serde(default)]
    pub neighbours: Option<Vec<String>>,
    /// How many routes of each origin; not in journals of the first days.
    #[serde(default)]
    pub routes: Option<BTreeMap<String, u64>>,
}

/// Which configuration an entry of the kind [`Kind::Backup`] holds, in its step: the text is the configuration itself.
pub const BEFORE: &str = "before";
/// The one after all was done.
pub const AFTER: &str = "after";

/// What is done, for people; `image` is what is copied, `fs` where it lies.
pub fn what(effect: &Effect, fs: &str, image: &str) -> String {
    match effect {
        Effect::Delete(file) => format!("delete {fs}{file}"),
        Effect::Copy => format!("copy {image}"),
        Effect::Digest => format!("verify /md5 {fs}{image}"),
        Effect::SetBoot(images) if images.is_empty() => String::from("no boot line"),
        Effect::SetBoot(images) => format!("boot {}", images.join(", then ")),
        Effect::Save => String::from("save the configuration"),
        Effect::Reload => String::from("reload"),
        Effect::Add => format!("install add file {fs}{image}"),
        Effect::Activate(minutes) => format!("install activate, for {minutes} minutes on trial"),
        Effect::Commit => String::from("install commit"),
        Effect::Abort => String::from("install abort"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Start {
        Start {
            uptime: 7,
            reason: Some("power-on".into()),
            image: "flash0:old.bin".into(),
            version: "15.1(4)M4".into(),
        }
    }

    /// One of each, with the text that journals of today have. A text never changes: journals outlive programs.
    #[test]
    fn every_entry_is_read_as_it_was_written() {
        let s = String::from;
        let intent = |effect| Happened::Intent { effect, at: 60, start: start() };
        let began = Happened::Began {
            serial: None,
            image: s("flash0:old.bin"),
            version: s("15.1(4)M4"),
            boot: vec![s("flash0:old.bin")],
            may_go: vec![s("older.bin")],
            state: State::default(),
        };
        let watched = State {
            up: vec![s("Gi0/0")],
            neighbours: vec![Neighbour { name: s("SW1"), port: s("Gi0/1") }],
            routes: vec![Routes { source: s("ospf 1"), count: 7 }],
        };
        let began_of = |state| match &began {
            Happened::Began { serial, image, version, boot, may_go, .. } => Happened::Began {
                serial: serial.clone(),
                image: image.clone(),
                version: version.clone(),
                boot: boot.clone(),
                may_go: may_go.clone(),
                state,
            },
            other => panic!("{other:?}"),
        };
        let start = r#""at":60,"start":{"uptime":7,"reason":"power-on","image":"flash0:old.bin","version":"15.1(4)M4"}}}"#;
        let rows: Vec<(Happened, &str, Option<&str>, String)> = vec![
            (
                began.clone(),
                "began",
                None,
                s(
                    r#"{"began":{"serial":null,"image":"flash0:old.bin","version":"15.1(4)M4","boot":["flash0:old.bin"],"may_go":["older.bin"]}}"#,
                ),
            ),
            (
                began_of(watched),
                "began",
                None,
                s(
                    r#"{"began":{"serial":null,"image":"flash0:old.bin","version":"15.1(4)M4","boot":["flash0:old.bin"],"may_go":["older.bin"],"up":["Gi0/0"],"neighbours":[["SW1","Gi0/1"]],"routes":[["ospf 1",7]]}}"#,
                ),
            ),
            (Happened::Resumed, "resumed", None, s(r#""resumed""#)),
            (
                intent(Effect::Delete(s("a.bin"))),
                "intent",
                Some("make-room"),
                format!(r#"{{"intent":{{"effect":{{"delete":"a.bin"}},{start}"#),
            ),
            (
                intent(Effect::Copy),
                "intent",
                Some("transfer"),
                format!(r#"{{"intent":{{"effect":"copy",{start}"#),
            ),
            (
                intent(Effect::SetBoot(vec![s("flash0:new.bin"), s("flash0:old.bin")])),
                "intent",
                Some("set-boot"),
                format!(
                    r#"{{"intent":{{"effect":{{"set-boot":["flash0:new.bin","flash0:old.bin"]}},{start}"#
                ),
            ),
            (
                intent(Effect::Save),
                "intent",
                Some("save"),
                format!(r#"{{"intent":{{"effect":"save",{start}"#),
            ),
            (
                intent(Effect::Reload),
                "intent",
                Some("reload"),
                format!(r#"{{"intent":{{"effect":"reload",{start}"#),
            ),
            (
                Happened::Done { effect: Effect::Digest, md5: Some(s("0f")) },
                "done",
                Some("verify"),
                s(r#"{"done":{"effect":"digest","md5":"0f"}}"#),
            ),
            (
                Happened::Failed { effect: Effect::Copy, why: s("timed \"out\"") },
                "failed",
                Some("transfer"),
                s(r#"{"failed":{"effect":"copy","why":"timed \"out\""}}"#),
            ),
            (Happened::TurnedBack(s("w")), "turned-back", None, s(r#"{"turned-back":"w"}"#)),
            (Happened::Ended(Outcome::Upgraded), "ended", None, s(r#"{"ended":"upgraded"}"#)),
            (Happened::Ended(Outcome::AlreadyThere), "ended", None, s(r#"{"ended":"already-there"}"#)),
            (
                Happened::Ended(Outcome::RolledBack(s("w"))),
                "ended",
                None,
                s(r#"{"ended":{"rolled-back":"w"}}"#),
            ),
            (Happened::Ended(Outcome::Held(s("w"))), "ended", None, s(r#"{"ended":{"held":"w"}}"#)),
            (Happened::Ended(Outcome::Abandoned(s("w"))), "ended", None, s(r#"{"ended":{"abandoned":"w"}}"#)),
        ];
        for (entry_of, kind, step, text) in rows {
            let (found, of, written) = entry(&entry_of);
            assert_eq!((found.word(), of, &written), (kind, step, &text));
            assert_eq!(happened(found, &text), Ok(Some(entry_of)));
        }
        assert_eq!(happened(Kind::Note, "anything"), Ok(None));
        let strange = happened(Kind::Done, r#"{"done":{"effect":"teleport","md5":null}}"#).unwrap_err();
        assert!(strange.starts_with("the entry 'done': ") && strange.contains("teleport"), "{strange}");
    }
}
