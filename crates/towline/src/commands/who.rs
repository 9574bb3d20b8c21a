//! `towline who`: who is on a running server, and what they move.

use crate::control::{Answer, Place, Request};
use crate::exit::Failure;
use crate::figures::{octets, percent};
use clap::Args;
use std::io::Write;

const EXAMPLES: &str = "\
Examples:
  towline who                                  sessions and transfers of the service
  towline who --control /tmp/t.sock            of the server with this control socket
  towline who --json                           one object a line, for programs
";

/// Show who is on a running server, and what they move.
///
/// Asks the server through its control socket (towline serve --control, or the service's).
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Who {
    #[command(flatten)]
    place: Place,
    /// Print each session and transfer as a JSON object on a line of its own.
    #[arg(long)]
    json: bool,
}

impl Who {
    /// Asks and prints.
    pub fn run(self) -> Result<(), Failure> {
        let mut answers = Vec::new();
        self.place.ask(&Request::Who, |answer| answers.push(answer))?;
        let text = match self.json {
            true => answers
                .iter()
                .map(|a| serde_json::to_string(a).expect("answers are maps with string keys") + "\n")
                .collect(),
            false => table(&answers),
        };
        // A reader that went away has seen enough.
        let _gone = std::io::stdout().write_all(text.as_bytes());
        Ok(())
    }
}

/// What people read: a line for each session, below it its transfers; then the transfers without one.
fn table(answers: &[Answer]) -> String {
    let mut out = String::new();
    let mut told = Vec::new();
    for answer in answers {
        let Answer::Session { session, protocol, peer, user, seconds, .. } = answer else { continue };
        told.push(*session);
        let who = user.as_deref().unwrap_or("-");
        out.push_str(&format!("{session:>6}  {protocol:<4}  {who:<12}  {peer}  for {}\n", time(*seconds)));
        for moving in answers {
            if let Answer::Transfer { session: of, .. } = moving
                && of == session
            {
                out.push_str(&format!("        {}\n", transfer(moving).unwrap_or_default()));
            }
        }
    }
    for answer in answers {
        if let Answer::Transfer { session, protocol, peer, .. } = answer
            && !told.contains(session)
        {
            let line = transfer(answer).unwrap_or_default();
            out.push_str(&format!("{session:>6}  {protocol:<4}  {:<12}  {peer}  {line}\n", "-"));
        }
    }
    if out.is_empty() { String::from("nobody\n") } else { out }
}

fn transfer(answer: &Answer) -> Option<String> {
    let Answer::Transfer { path, direction, octets: so_far, total, seconds, rate, .. } = answer else {
        return None;
    };
    let verb = if direction == "read" { "fetches" } else { "stores" };
    let mut line = format!("{verb} {path}");
    line.push_str(&format!("  {}", octets(*so_far)));
    if let Some(all) = total {
        line.push_str(&format!(" of {}, {}%", octets(*all), percent(*so_far, *all)));
    }
    if let Some(rate) = rate {
        line.push_str(&format!("  {}/s", octets(*rate)));
    }
    line.push_str(&format!("  for {}", time(*seconds)));
    Some(line)
}

fn time(seconds: f64) -> String {
    crate::figures::clock(std::time::Duration::from_secs_f64(seconds.max(0.0)))
}
