//! Where a password comes from: a terminal, or standard input; never the command line, which everybody sees.

use crate::exit::Failure;
use clap::Args;
use gate::{LONGEST_PASSWORD, Secret};
use std::io::{BufRead as _, Read as _};

#[derive(Debug, Args)]
pub(super) struct Entry {
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

impl Entry {
    /// A password that is to hold from now on: typed twice.
    pub(super) fn new_password(&self, thing: &str) -> Result<Secret, Failure> {
        let first = self.password(thing, "New password: ")?;
        if first.expose().is_empty() {
            return Err(Failure::usage(thing, "the password is empty", "give one"));
        }
        if first.expose().len() > LONGEST_PASSWORD {
            let what = format!(
                "the password has {} octets, where {LONGEST_PASSWORD} are the most",
                first.expose().len()
            );
            return Err(Failure::usage(thing, what, "give a shorter one"));
        }
        if !self.password_stdin {
            let again = self.password(thing, "The same again: ")?;
            if again.expose() != first.expose() {
                return Err(Failure::usage(thing, "the two passwords differ", "try again"));
            }
        }
        Ok(first)
    }

    /// A password that may be right or wrong.
    pub(super) fn password(&self, thing: &str, prompt: &str) -> Result<Secret, Failure> {
        if !self.password_stdin {
            let typed = rpassword::prompt_password(prompt);
            let typed =
                typed.map_err(|e| Failure::usage(thing, e, "without a terminal use --password-stdin"))?;
            return Ok(Secret::new(typed.into_bytes()));
        }
        let mut line = Vec::new();
        // More than the longest, so that one that is too long is told and not cut.
        let mut input = std::io::stdin().lock().take(64 << 10);
        input.read_until(b'\n', &mut line).map_err(|e| Failure::local("standard input", &e))?;
        while line.ends_with(b"\n") || line.ends_with(b"\r") {
            line.pop();
        }
        Ok(Secret::new(line))
    }
}
