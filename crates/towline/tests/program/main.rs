//! The program as it is started: command lines, `serve` and `copy` as processes.

mod command_line;
mod configured;
mod copying;
mod device;
mod kept_upgrades;
mod many;
mod relaying;
mod running;
mod serving;
mod streams;
mod tracing;

use std::path::Path;
use std::process::{Command, Output};

/// Runs it to its end.
fn towline(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_towline"));
    command.args(args).env("XDG_CACHE_HOME", "/dev/null").output().expect("starts")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// The names in a directory, in order.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
