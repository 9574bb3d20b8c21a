//! Drives a subject beside the model, and makes a run that fails small.

use crate::{Answer, Caps, Config, Model, Quota, Step};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is compared with the model.
pub trait Subject {
    /// Does it.
    fn act(&mut self, step: &Step) -> Answer;

    /// Compares what it counts with what should be known; `is_over`: nothing comes any more.
    fn check(&mut self, model: &Model, is_over: bool) -> Result<(), String>;
}

/// Does the steps, and panics with a small run that fails as well where they fail. How often each answer was given.
pub fn run<S: Subject>(
    seed: u64,
    config: &Config,
    steps: &[Step],
    begin: &dyn Fn(&Config) -> S,
) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    let Err(first) = played(config, steps, begin, &mut seen) else { return seen };
    let (config, steps) = small(config.clone(), steps[..=first.at.min(steps.len() - 1)].to_vec(), begin);
    let last = played(&config, &steps, begin, &mut BTreeMap::new()).err().unwrap_or(first);
    let mut text = format!("TOWLINE_SEED={seed}\n{config:?}\n");
    for (n, step) in steps.iter().enumerate() {
        let _ = writeln!(text, "{n:4}  {step:?}");
    }
    panic!("{text}{}", last.why);
}

struct Failure {
    /// At which step.
    at: usize,
    why: String,
}

fn played<S: Subject>(
    config: &Config,
    steps: &[Step],
    begin: &dyn Fn(&Config) -> S,
    seen: &mut BTreeMap<String, usize>,
) -> Result<(), Failure> {
    let mut at = 0;
    let mut play = || {
        let (mut model, mut subject) = (Model::new(config), begin(config));
        for (n, step) in steps.iter().enumerate() {
            at = n;
            let (expected, found) = (model.act(step), subject.act(step));
            if expected != found {
                return Err(format!("{step:?}: {expected:?} is right, {found:?} was said"));
            }
            *seen.entry(kind(&found)).or_insert(0) += 1;
            subject.check(&model, false).map_err(|why| format!("after {step:?}: {why}"))?;
        }
        subject.check(&model, true)
    };
    let played = catch_unwind(AssertUnwindSafe(&mut play));
    let played = played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| String::from(*text)));
        Err(format!("panicked: {}", text.unwrap_or_default()))
    });
    played.map_err(|why| Failure { at, why })
}

/// The words of an answer, without its figures.
fn kind(answer: &Answer) -> String {
    let text = format!("{answer:?}");
    let is_word = |word: &&str| !word.is_empty() && word.chars().all(char::is_alphabetic);
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(is_word).collect();
    match answer {
        Answer::No(_) => words[1..].join(" "),
        Answer::Decided(..) | Answer::Is(_) | Answer::Published(..) => words.join(" "),
        Answer::Content(_) | Answer::File(_) | Answer::From(_) | Answer::Partial(_) => words[0].to_owned(),
        Answer::Names(_) | Answer::Many(_) => words[0].to_owned(),
        Answer::Skipped | Answer::Done | Answer::Directory | Answer::NoName => words[0].to_owned(),
    }
}

/// Leaves out what the failure does not need: steps first, then settings.
fn small<S: Subject>(
    mut config: Config,
    mut steps: Vec<Step>,
    begin: &dyn Fn(&Config) -> S,
) -> (Config, Vec<Step>) {
    let fails = |config: &Config, steps: &[Step]| played(config, steps, begin, &mut BTreeMap::new()).is_err();
    loop {
        let before = (steps.len(), format!("{config:?}"));
        let mut bite = steps.len().div_ceil(2);
        while bite > 0 {
            let mut from = 0;
            while from < steps.len() {
                let mut fewer = steps.clone();
                fewer.drain(from..(from + bite).min(steps.len()));
                if fails(&config, &fewer) {
                    steps = fewer;
                } else {
                    from += bite;
                }
            }
            bite = if bite == 1 { 0 } else { bite.div_ceil(2) };
        }
        let mut nth = 0;
        while let Some(simpler) = simpler(&config, nth) {
            if fails(&simpler, &steps) {
                config = simpler;
            } else {
                nth += 1;
            }
        }
        if before == (steps.len(), format!("{config:?}")) {
            return (config, steps);
        }
    }
}

/// The n-th way to set less; `None`: there are no more.
fn simpler(config: &Config, nth: usize) -> Option<Config> {
    let mut ways: Vec<Config> = Vec::new();
    let mut way = |change: &dyn Fn(&mut Config)| {
        let mut simpler = config.clone();
        change(&mut simpler);
        if format!("{simpler:?}") != format!("{config:?}") {
            ways.push(simpler);
        }
    };
    (0..config.rules.len()).for_each(|n| way(&|c| drop(c.rules.remove(n))));
    (0..config.uploads.len()).for_each(|n| way(&|c| drop(c.uploads.remove(n))));
    (0..config.roots.len()).for_each(|n| way(&|c| drop(c.roots.remove(n))));
    (0..config.overseers.len()).for_each(|n| way(&|c| drop(c.overseers.remove(n))));
    (1..config.mounts.len()).for_each(|n| way(&|c| drop(c.mounts.remove(n))));
    (0..config.files.len()).for_each(|n| way(&|c| drop(c.files.remove(n))));
    (0..config.directories.len()).for_each(|n| way(&|c| drop(c.directories.remove(n))));
    (0..config.users.len()).for_each(|n| way(&|c| c.users[n].home = None));
    (0..config.users.len()).for_each(|n| way(&|c| c.users[n].groups.clear()));
    (0..config.mounts.len()).for_each(|n| way(&|c| c.mounts[n].upload = None));
    (0..config.mounts.len()).for_each(|n| way(&|c| c.mounts[n].quota = Quota::default()));
    (0..config.roots.len()).for_each(|n| way(&|c| c.roots[n].quota = Quota::default()));
    (0..config.limits.networks.len()).for_each(|n| way(&|c| _ = c.limits.networks.remove(n)));
    way(&|c| c.limits.all = Caps::default());
    way(&|c| c.limits.per_address = Caps::default());
    way(&|c| c.limits.per_user = Caps::default());
    way(&|c| c.clients.clear());
    way(&|c| c.inbox = false);
    way(&|c| c.show_hidden = false);
    way(&|c| c.penalties = None);
    ways.into_iter().nth(nth)
}
