//! `towline kick`: ends sessions of a running server.

use crate::control::{Answer, Place, Request};
use crate::exit::Failure;
use clap::Args;
use gate::Net;
use std::io::Write;

const EXAMPLES: &str = "\
Examples:
  towline kick 17                              the session with this number, as towline who shows it
  towline kick 192.0.2.7                       all sessions from an address
  towline kick 192.0.2.0/24                    or a network
";

/// End sessions of a running server, and with them what they move.
///
/// The peer hears that the operator did it (FTP 421, TFTP ERROR 0), and so does the log. It may come again: towline
/// ban keeps it out. An upload that is ended leaves the old file.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Kick {
    /// The number of a session, an address or a network.
    #[arg(value_name = "SESSION|NET", value_parser = whom)]
    whom: Whom,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Debug)]
enum Whom {
    Session(u64),
    From(Net),
}

fn whom(text: &str) -> Result<Whom, String> {
    match (text.parse(), text.parse()) {
        (Ok(session), _) => Ok(Whom::Session(session)),
        (_, Ok(net)) => Ok(Whom::From(net)),
        (Err(_), Err(_)) => Err(String::from("give the number of a session, an address or a network")),
    }
}

impl Kick {
    /// Asks for it.
    pub fn run(self) -> Result<(), Failure> {
        let request = match self.whom {
            Whom::Session(session) => Request::Kick { session },
            Whom::From(net) => Request::KickFrom { net: net.to_string() },
        };
        let mut sessions = 0;
        self.place.ask(&request, |answer| {
            if let Answer::Sessions { count } = answer {
                sessions = count;
            }
        })?;
        let words = if sessions == 1 { "1 session ends".into() } else { format!("{sessions} sessions end") };
        // A reader that went away has seen enough.
        let _gone = writeln!(std::io::stdout(), "{words}");
        Ok(())
    }
}
