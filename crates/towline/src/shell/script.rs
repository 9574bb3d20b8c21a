//! Lines that nobody types.

use super::{Shell, Went};
use crate::exit::{Exit, Failure};
use std::io::BufRead as _;

/// Does the lines of standard input. The first that fails ends it, unless it begins with `-`.
pub(crate) fn run(mut shell: Shell) -> Result<(), Failure> {
    for (n, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line.map_err(|e| Failure { exit: Exit::Local, ..Failure::local("stdin", &e) })?;
        let (line, may_fail) = match line.trim_start().strip_prefix('-') {
            Some(rest) => (rest.to_owned(), true),
            None => (line, false),
        };
        match shell.line(&line) {
            Ok(Went::On) => {}
            Ok(Went::Leave) => break,
            Err(failure) if may_fail && failure.exit != Exit::Interrupted => eprintln!("towline: {failure}"),
            Err(failure) => {
                return Err(Failure { thing: format!("line {}: {}", n + 1, failure.thing), ..failure });
            }
        }
    }
    Ok(())
}
