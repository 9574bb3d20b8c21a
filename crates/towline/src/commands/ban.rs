//! `towline ban`, `unban` and `bans`: who is not let in for a while.

use crate::config::parse_time;
use crate::control::{Answer, Place, Request};
use crate::exit::Failure;
use crate::figures::took;
use clap::Args;
use gate::Net;
use std::io::Write;
use std::time::Duration;

const BAN: &str = "\
Examples:
  towline ban 192.0.2.7                        until towline unban 192.0.2.7
  towline ban 192.0.2.0/24 --for 1h            an hour, and by itself over
  towline ban 2001:db8::/64 --for 7d --reason \"scans\" --kick
";

/// Let a network in no more, over any protocol.
///
/// Sessions that run go on, unless --kick ends them. With a state directory a ban outlives the server.
#[derive(Debug, Args)]
#[command(before_help = BAN)]
pub struct Ban {
    /// An address or a network.
    #[arg(value_name = "NET")]
    net: Net,
    /// For how long: 90s, 15m, 2h, 7d. Without it until it is lifted.
    #[arg(long = "for", value_name = "TIME", value_parser = time)]
    span: Option<Duration>,
    /// Why, for the log and the list; the banned are not told.
    #[arg(long, default_value = "by hand")]
    reason: String,
    /// End the sessions from there as well.
    #[arg(long)]
    kick: bool,
    #[command(flatten)]
    place: Place,
}

const UNBAN: &str = "\
Examples:
  towline unban 192.0.2.7                      as it stands in towline bans
";

/// Lift a ban before its end.
#[derive(Debug, Args)]
#[command(before_help = UNBAN)]
pub struct Unban {
    /// The address or network of the ban.
    #[arg(value_name = "NET")]
    net: Net,
    #[command(flatten)]
    place: Place,
}

const BANS: &str = "\
Examples:
  towline bans                                 who is banned, until when, by whom and why
  towline bans --json                          one object a line, for programs
";

/// List the bans.
#[derive(Debug, Args)]
#[command(before_help = BANS)]
pub struct Bans {
    /// Print each ban as a JSON object on a line of its own.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

fn time(text: &str) -> Result<Duration, String> {
    parse_time(text)
        .filter(|t| !t.is_zero())
        .ok_or_else(|| String::from("give a time such as 90s, 15m, 2h or 7d"))
}

impl Ban {
    /// Asks for it, and says what is left to do.
    pub fn run(self) -> Result<(), Failure> {
        let Ban { net, span, reason, kick, place } = self;
        let request =
            Request::Ban { net: net.to_string(), seconds: span.map(|s| s.as_secs().max(1)), reason, kick };
        let mut sessions = 0;
        place.ask(&request, |answer| {
            if let Answer::Sessions { count } = answer {
                sessions = count;
            }
        })?;
        let until = span.map_or_else(|| String::from("until it is lifted"), |s| format!("for {}", took(s)));
        let rest = match (kick, sessions) {
            (_, 0) => String::new(),
            (true, n) => format!("; {n} sessions end"),
            (false, n) => format!("; {n} sessions from there go on: towline kick {net} ends them"),
        };
        say(&format!("{net} is banned {until}{rest}\n"));
        Ok(())
    }
}

impl Unban {
    /// Asks for it.
    pub fn run(self) -> Result<(), Failure> {
        self.place.ask(&Request::Unban { net: self.net.to_string() }, |_| ())?;
        say(&format!("{} is let in again\n", self.net));
        Ok(())
    }
}

impl Bans {
    /// Asks and prints.
    pub fn run(self) -> Result<(), Failure> {
        let mut answers = Vec::new();
        self.place.ask(&Request::Bans, |answer| answers.push(answer))?;
        let text: String = match self.json {
            true => answers
                .iter()
                .map(|a| serde_json::to_string(a).expect("answers are maps with string keys") + "\n")
                .collect(),
            false if answers.is_empty() => String::from("nobody is banned\n"),
            false => answers.iter().filter_map(line).collect(),
        };
        say(&text);
        Ok(())
    }
}

fn line(answer: &Answer) -> Option<String> {
    let Answer::Ban { net, seconds, by, reason, .. } = answer else { return None };
    let left = seconds.map_or_else(
        || String::from("until it is lifted"),
        |s| format!("for another {}", took(Duration::from_secs(s))),
    );
    Some(format!("{net:<24}  {left:<22}  by {by}: {reason}\n"))
}

fn say(text: &str) {
    // A reader that went away has seen enough.
    let _gone = std::io::stdout().write_all(text.as_bytes());
}
