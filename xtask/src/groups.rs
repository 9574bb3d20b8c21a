use anyhow::Result;
use std::time::{Duration, Instant};

/// Seconds per group, printed at the end: a slow group is seen the day it becomes slow.
#[derive(Default)]
pub(crate) struct Groups {
    done: Vec<(String, Duration)>,
}

impl Groups {
    /// Runs one group under its heading and notes its time, also when it fails.
    pub(crate) fn run<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("── {name}");
        let begin = Instant::now();
        let result = work();
        self.done.push((name.to_owned(), begin.elapsed()));
        result
    }

    /// The table.
    pub(crate) fn table(&self) -> String {
        let mut text = String::from("seconds per group\n");
        for (name, took) in &self.done {
            text.push_str(&format!("  {name:<12} {:>7.1}\n", took.as_secs_f64()));
        }
        let all: Duration = self.done.iter().map(|(_, t)| *t).sum();
        text.push_str(&format!("  {:<12} {:>7.1}\n", "together", all.as_secs_f64()));
        text
    }
}
