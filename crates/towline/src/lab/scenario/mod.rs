//! Guided scenarios as data: what is wrong with R1, the way back, and how it is typed.
//!
//! A scenario is a TOML file in `scenarios/`, compiled in: `start` says what R1 begins with, each `step` what to do, when
//! that is done (a [`Condition`] each) and how `--script` types it. A new one is a new file and its line in `FILES`.

mod condition;

pub use condition::Condition;

use super::lesson::{At, Goal, Line, Step};
use super::names::Names;
use device::{Fault, Profile};
use serde::Deserialize;
use std::sync::LazyLock;

/// The files, by the names that `towline lab` knows them by.
const FILES: &[(&str, &str)] = &[
    ("password-recovery", include_str!("../../../scenarios/password-recovery.toml")),
    ("full-flash", include_str!("../../../scenarios/full-flash.toml")),
    ("misspelt-boot", include_str!("../../../scenarios/misspelt-boot.toml")),
    ("damaged-image", include_str!("../../../scenarios/damaged-image.toml")),
    ("class-b-flash", include_str!("../../../scenarios/class-b-flash.toml")),
    ("catalyst-upgrade", include_str!("../../../scenarios/catalyst-upgrade.toml")),
    ("install-mode", include_str!("../../../scenarios/install-mode.toml")),
];

/// A scenario.
#[derive(Debug)]
pub struct Scenario {
    /// What `towline lab` knows it by.
    pub name: &'static str,
    /// A few words.
    pub title: &'static str,
    /// One line, for people who choose.
    pub about: &'static str,
    /// What R1 begins with.
    pub start: &'static Start,
    /// The way.
    pub steps: Vec<Step>,
}

/// What R1 begins with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// R1's model and two versions of its images; without it the lesson's.
    pub model: Option<Model>,
    /// Files of flash: `old`, `new`, `new damaged` for images, `old packages` for one that is taken apart; `NAME fill` leaves
    /// half as much as an image has.
    pub flash: Vec<String>,
    /// What goes wrong from the beginning, as `towline device --fault` takes it.
    #[serde(default)]
    pub faults: Vec<String>,
    /// The saved configuration; without it the lesson's.
    pub startup: Option<String>,
}

/// A model, what it runs and what it is to run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// As `towline device --profile` knows it.
    pub profile: String,
    /// `{old}` and `{new}`.
    pub versions: [String; 2],
}

impl Start {
    /// What the texts' names stand for, with images of so many octets.
    pub fn names(&self, size: u64) -> Names {
        match &self.model {
            None => Names::of_the_lesson(size),
            Some(model) => {
                let profile = Profile::named(&model.profile);
                let profile =
                    profile.unwrap_or_else(|| panic!("a test reads every model, {}", model.profile));
                Names::of(profile, model.versions.clone(), size)
            }
        }
    }

    /// What goes wrong from the beginning.
    pub fn faults(&self) -> Vec<Fault> {
        let fault = |text: &String| text.parse().unwrap_or_else(|e| panic!("a test reads every fault: {e}"));
        self.faults.iter().map(fault).collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    title: String,
    about: String,
    start: Start,
    step: Vec<StepText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepText {
    title: String,
    task: String,
    hints: Vec<String>,
    goal: Vec<String>,
    /// When and what: `["prompt R1#", "write"]`.
    script: Vec<(String, String)>,
    /// When the step is over; the privileged prompt where nothing is said.
    ready: Option<String>,
    review: (String, String),
}

static TEXTS: LazyLock<Vec<Text>> = LazyLock::new(|| {
    let read = |(name, text): &(&str, &str)| {
        toml::from_str(text).unwrap_or_else(|e| panic!("a test reads every scenario, {name}: {e}"))
    };
    FILES.iter().map(read).collect()
});

static SCENARIOS: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
    let scenario = |((name, _), text): (&(&'static str, &str), &'static Text)| Scenario {
        name,
        title: &text.title,
        about: &text.about,
        start: &text.start,
        steps: text.step.iter().map(step).collect(),
    };
    FILES.iter().zip(TEXTS.iter()).map(scenario).collect()
});

/// All of them.
pub fn all() -> &'static [Scenario] {
    &SCENARIOS
}

/// The one of this name.
pub fn named(name: &str) -> Option<&'static Scenario> {
    all().iter().find(|scenario| scenario.name == name)
}

fn step(text: &'static StepText) -> Step {
    let known =
        |what: Option<At>, of: &str| what.unwrap_or_else(|| panic!("a test reads every step: '{of}'"));
    let line = |(when, what): &'static (String, String)| -> Line { (known(at(when), when), what) };
    let condition =
        |goal: &String| Condition::parse(goal).unwrap_or_else(|| panic!("a test reads every goal: '{goal}'"));
    Step {
        title: &text.title,
        task: &text.task,
        hints: text.hints.iter().map(String::as_str).collect(),
        goal: Goal::All(text.goal.iter().map(condition).collect()),
        script: text.script.iter().map(line).collect(),
        ready: text.ready.as_ref().map_or(At::Prompt("R1#"), |ready| known(at(ready), ready)),
        review: (&text.review.0, &text.review.1),
    }
}

/// `prompt TEXT`, `ask TEXT`, `shown TEXT`.
fn at(text: &'static str) -> Option<At> {
    let (kind, what) = text.split_once(' ')?;
    Some(match kind {
        "prompt" => At::Prompt(what),
        "ask" => At::Ask(what),
        "shown" => At::Shown(what),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_is_read_and_has_hints_that_say_what_its_script_types() {
        assert_eq!(all().len(), FILES.len());
        for scenario in all() {
            assert_eq!(named(scenario.name).map(|s| s.title), Some(scenario.title));
            let names = scenario.start.names(65_536);
            assert_ne!(names.old, names.new, "{}", scenario.name);
            assert_eq!(scenario.start.faults().len(), scenario.start.faults.len());
            for step in &scenario.steps {
                let last = step.hints.last().expect("a hint");
                assert!(last.starts_with("Type: "), "{}: {}", scenario.name, step.title);
                for (_, typed) in step.script.iter().filter(|(_, typed)| !typed.starts_with('{')) {
                    let typed = typed.replace("{server}", "10.0.0.1");
                    assert!(
                        last.contains(&typed),
                        "{}: {}: '{typed}' is not in the hint",
                        scenario.name,
                        step.title
                    );
                }
            }
        }
    }
}
