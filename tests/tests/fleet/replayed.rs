//! `towline facts` and its likes where devices answer with what real ones printed.

use crate::asked::{SECRET, events, text, towline};
use crate::line::{Answers, Line};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

const RECORDED: &str = include_str!("recorded.toml");
/// What IOS says to what it does not know.
const UNKNOWN: &str = "         ^\n% Invalid input detected at '^' marker.\n\n";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    device: Vec<Device>,
}

/// A device as texts.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Device {
    name: String,
    /// Which devices printed them.
    of: String,
    host: String,
    says: BTreeMap<String, String>,
    facts: BTreeMap<String, Value>,
}

impl Device {
    /// What it prints to a command.
    fn text(&self, command: &str) -> Option<String> {
        self.says.get(command).map(|file| text(file))
    }

    fn line(self) -> Line {
        let device = Arc::new(self);
        Line::of(move || At { device: device.clone(), stage: Stage::User })
    }
}

fn devices() -> Vec<Device> {
    toml::from_str::<Recorded>(RECORDED).expect("recorded.toml").device
}

/// Where somebody at its line is.
enum Stage {
    User,
    Password,
    Unprivileged,
    Enabling,
    Privileged,
}

struct At {
    device: Arc<Device>,
    stage: Stage,
}

impl Answers for At {
    fn greeting(&mut self) -> String {
        "\n\nUser Access Verification\n\nUsername: ".into()
    }

    fn answer(&mut self, typed: &str) -> String {
        let host = &self.device.host;
        let (stage, said) = match self.stage {
            Stage::User => (Stage::Password, format!("{typed}\nPassword: ")),
            Stage::Password if typed == SECRET => (Stage::Unprivileged, format!("\n\n{host}>")),
            Stage::Password => (Stage::User, "\n\n% Login invalid\n\nUsername: ".into()),
            Stage::Unprivileged if typed == "enable" => (Stage::Enabling, "enable\nPassword: ".into()),
            Stage::Unprivileged => (Stage::Unprivileged, format!("{typed}\n{host}>")),
            Stage::Enabling if typed == SECRET => (Stage::Privileged, format!("\n{host}#")),
            Stage::Enabling => (Stage::Unprivileged, format!("\n% Access denied\n\n{host}>")),
            Stage::Privileged => {
                let said = match self.device.text(typed) {
                    Some(text) => text,
                    None if typed.is_empty() || typed.starts_with("terminal ") => String::new(),
                    None => UNKNOWN.into(),
                };
                (Stage::Privileged, format!("{typed}\n{said}{host}#"))
            }
        };
        self.stage = stage;
        said
    }
}

#[test]
fn texts_of_real_devices_give_the_facts_that_stand_in_them() {
    let home = e2e::scratch();
    let lines: Vec<(Device, Line)> =
        devices().into_iter().map(|device| (device.clone(), device.line())).collect();
    let places: Vec<String> = lines.iter().map(|(_, line)| line.place("bob")).collect();
    let mut words = vec!["facts", "--json", "--parallel", "20"];
    words.extend(places.iter().map(String::as_str));
    let ended = towline(home.path(), SECRET, &words);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let found = events(&ended, "facts");
    let mut wrong = Vec::new();
    for ((device, _), place) in lines.iter().zip(&places) {
        let facts = found.iter().find(|facts| facts["device"] == **place);
        let facts = facts.unwrap_or_else(|| panic!("{}: {ended:?}", device.name));
        let host = Value::from(device.host.as_str());
        let rights = device.facts.iter().map(|(name, right)| (name.as_str(), right));
        for (name, right) in rights.chain([("hostname", &host)]) {
            if facts[name] != *right {
                wrong
                    .push(format!("{} ({}): {name} is {}, not {right}", device.name, device.of, facts[name]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Oxidized's recording of one whole session with a 9200L: there is no `show boot` in it and no `dir`, but a configuration.
#[test]
fn a_whole_session_that_was_recorded_is_backed_up_and_what_it_lacks_is_named() {
    let file = |command: &str, file: &str| (command.to_owned(), file.to_owned());
    let device = Device {
        name: "c9200l".into(),
        of: "a 9200L with 17.09.04a".into(),
        host: "LAB-SW123_9200L".into(),
        says: BTreeMap::from([
            file("show version", "show_version_c9200l.txt"),
            file("show running-config", "show_running-config_c9200l.txt"),
        ]),
        facts: BTreeMap::new(),
    };
    let recorded = device.text("show running-config").expect("there");
    let (home, line) = (e2e::scratch(), device.line());
    let place = line.place("oxidized");
    let ended = towline(home.path(), SECRET, &["facts", &place]);
    let refusal = "it refuses 'show boot': % Invalid input detected at '^' marker; is it a device with IOS or IOS-XE, and has the user privilege 15?";
    assert!(ended.code() == 4 && ended.err.contains(refusal), "{ended:?}");
    let ended = towline(home.path(), SECRET, &["backup", &place, "--to", "kept"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let kept = std::fs::read_to_string(home.path().join("kept/LAB-SW123_9200L.cfg")).expect("there");
    let (_, configuration) = recorded.split_once("Current configuration : 20546 bytes\n").expect("a head");
    let trimmed = |text: &str| text.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    assert_eq!(trimmed(&kept), trimmed(configuration));
    // Another version of it: what is secret is not told, as which word it ever stands.
    let changed = kept.replace("10.10.10.10 server-key A", "10.10.10.11 server-key C");
    let changed = changed.replace("10.42.0.33", "10.42.0.30").replace("public RW", "private RO");
    std::fs::write(home.path().join("kept/LAB-SW123_9200L.cfg"), changed).expect("written");
    let ended = towline(home.path(), SECRET, &["backup", &place, "--to", "kept"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let said = ended.out + &ended.err;
    for shown in ["10.10.10.10 server-key ****", "10.42.0.30 version 2c ****"] {
        assert!(said.contains(shown), "{shown}: {said}");
    }
    for secret in ["AAAAA", "BBBBB", "public", "private"] {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
}

#[test]
fn a_plan_for_a_device_that_was_recorded_says_all_that_stands_in_its_way() {
    let home = e2e::scratch();
    let device = devices().into_iter().find(|device| device.name == "c2811").expect("there");
    let line = device.line();
    let image = "c2800nm-adventerprisek9_ivs_li-mz.151-4.M12.bin";
    std::fs::write(home.path().join(image), vec![7; 100_000]).expect("written");
    let place = line.place("cisco");
    let ended = towline(home.path(), SECRET, &["upgrade", "plan", "--json", "--image", image, &place]);
    assert_ne!(ended.code(), 0, "{ended:?}");
    let planned = &events(&ended, "planned")[0];
    // Its flash is another device's, and what is saved is not what runs.
    assert_eq!(planned["state"], "blocked", "{planned}");
    let blocks = planned["blocks"].to_string();
    for block in ["running-image", "boot-variable", "unsaved"] {
        assert!(blocks.contains(block), "{block}: {blocks}");
    }
}
