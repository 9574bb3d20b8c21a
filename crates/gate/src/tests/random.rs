//! Random sessions, beside the plain model of what should come of them (crate `reference`).
//!
//! `TOWLINE_SEED` does one again (`fresh`: others each time); `TOWLINE_MODEL_RUNS` does more of them.

mod door;
mod settings;
mod words;

use door::Door;
use reference::{Config, Dice};
use settings::Backend;
use std::collections::BTreeMap;

/// Steps of a run.
const STEPS: usize = 150;

fn runs(backend: Backend, few: usize) {
    let given = std::env::var("TOWLINE_MODEL_RUNS").ok().and_then(|n| n.parse().ok());
    let first = Dice::seed(1);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let runs: usize = given.unwrap_or(few);
    for n in 0..runs {
        let seed = first.wrapping_add(n as u64);
        let mut dice = Dice::new(seed);
        let config = reference::config(&mut dice);
        let steps = reference::steps(&mut dice, &config, STEPS);
        let begin = |config: &Config| Door::new(config, backend);
        for (answer, times) in reference::run(seed, &config, &steps, &begin) {
            *seen.entry(answer).or_insert(0) += times;
        }
    }
    // A refusal that never comes is not tested.
    let answered: usize = seen.iter().filter(|(answer, _)| answer[..] != *"Skipped").map(|(_, n)| n).sum();
    println!(
        "soak: {runs} runs of {STEPS} steps over {backend:?}: {answered} answers of {} kinds",
        seen.len()
    );
    println!("{seen:?}");
}

#[test]
fn random_sessions_over_memory_are_answered_and_counted_as_the_model_says() {
    runs(Backend::Memory, 30);
}

#[test]
fn random_sessions_over_directories_are_answered_and_counted_as_the_model_says() {
    runs(Backend::Local, 15);
}
