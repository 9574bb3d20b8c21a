//! `towline grant`: one path for a while, to whoever has its secret.

use crate::config::parse_time;
use crate::control::{Answer, Place, Request};
use crate::exit::Failure;
use crate::service::announce;
use clap::{Args, Subcommand};
use gate::{Net, Rights};
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  towline grant --path /images/c2900.bin --from 10.0.0.2 --for 2h       read it once, and lines to paste
  towline grant --path /configs/r1-confg --verbs create --from 10.0.0.2 --for 15m
  towline grant --path /images --verbs read,list --from 10.1.0.0/16 --for 7d --uses any --user site1
  towline grant list
  towline grant revoke k3x9pq
";

/// Give out one path for a while: prints a name and password, URLs and IOS lines with the secret in them.
///
/// A use is one transfer; it is written down before its first octet. The secret is told once. The server needs a
/// state directory, and is asked through its control socket (docs/access.md).
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Grant {
    #[command(subcommand)]
    what: Option<What>,
    /// The file, or the directory with all below it, in the whole tree.
    #[arg(long, value_name = "PATH", required = true)]
    path: Option<String>,
    /// What may be done: read, list, create, write (which is also to create).
    #[arg(long, value_name = "VERB,…", default_value = "read")]
    verbs: Rights,
    /// From where: an address or a network. May be repeated.
    #[arg(long, value_name = "NET", required = true)]
    from: Vec<Net>,
    /// For how long: 90s, 15m, 2h, 7d.
    #[arg(long = "for", value_name = "TIME", required = true, value_parser = time)]
    lasts: Option<Duration>,
    /// How many transfers, or any.
    #[arg(long, value_name = "N|any", default_value = "1", value_parser = uses)]
    uses: Uses,
    /// The name to log in with; without it one is made.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Print the answer as a JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the grants, also those that were over lately.
    List {
        /// Print each as a JSON object on a line of its own.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Take a grant back, for good.
    Revoke {
        /// What the grant is called.
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

/// How many.
#[derive(Clone, Copy, Debug)]
struct Uses(Option<u32>);

fn uses(text: &str) -> Result<Uses, String> {
    match text {
        "any" => Ok(Uses(None)),
        n => match n.parse() {
            Ok(n) if n > 0 => Ok(Uses(Some(n))),
            Ok(_) | Err(_) => Err(String::from("give a number from 1, or any")),
        },
    }
}

fn time(text: &str) -> Result<Duration, String> {
    parse_time(text)
        .filter(|t| t.as_secs() > 0)
        .ok_or_else(|| String::from("give a time such as 90s, 15m, 2h or 7d"))
}

impl Grant {
    /// Does what is asked.
    pub fn run(self) -> Result<(), Failure> {
        match self.what {
            None => self.give(),
            Some(What::List { json, place }) => list(json, &place),
            Some(What::Revoke { id, place }) => {
                place.ask(&Request::RevokeGrant { id: id.clone() }, |_| ())?;
                say(&format!("{id} is taken back\n"));
                Ok(())
            }
        }
    }

    fn give(self) -> Result<(), Failure> {
        let request = Request::Grant {
            path: self.path.clone().unwrap_or_default(),
            verbs: self.verbs.each().map(|r| r.word()).collect::<Vec<_>>().join(","),
            from: self.from.iter().map(Net::to_string).collect(),
            seconds: self.lasts.unwrap_or_default().as_secs(),
            uses: self.uses.0,
            user: self.user.clone(),
        };
        let mut text = String::new();
        self.place.ask(&request, |answer| {
            text = if self.json { json(&answer) } else { self.told(&answer) };
        })?;
        say(&text);
        Ok(())
    }

    /// What people paste.
    fn told(&self, answer: &Answer) -> String {
        let Answer::Granted { id, user, secret, path, name, verbs, until, listening } = answer else {
            return String::new();
        };
        let uses = self.uses.0.map_or_else(
            || String::from("any number of times"),
            |n| match n {
                1 => String::from("once"),
                n => format!("{n} times"),
            },
        );
        let mut text =
            format!("grant {id}: {verbs} {path}, {uses}, until {until}\nuser {user}, password {secret}\n");
        let device = self.from.first().map(Net::address);
        let writes = !self.verbs.has(gate::Right::Read);
        for door in listening {
            let Some((protocol, at)) = door.split_once(' ') else { continue };
            let Ok(at) = at.parse::<SocketAddr>() else { continue };
            let Some(host) = host(at.ip(), device) else { continue };
            let (usual, url) = match protocol {
                "tftp" => (69, format!("/~{secret}/{name}")),
                "ftp" => (21, path.clone()),
                "http" => (80, format!("/~{secret}/{name}")),
                "https" => (443, format!("/~{secret}/{name}")),
                _ => continue,
            };
            if writes && protocol.starts_with("http") {
                continue;
            }
            let port = if at.port() == usual { String::new() } else { format!(":{}", at.port()) };
            let host = if host.is_ipv6() { format!("[{host}]") } else { host.to_string() };
            let login = if protocol == "ftp" { format!("{user}:{secret}@") } else { String::new() };
            let url = format!("{protocol}://{login}{host}{port}{url}");
            text.push_str(&match (writes, port.is_empty()) {
                // IOS knows no other port.
                (_, false) => format!("{url}\n"),
                (true, true) => format!("copy running-config {url}\n"),
                (false, true) => format!("copy {url} flash:{name}\n"),
            });
        }
        text
    }
}

/// The address of this host that a device comes to where a server listens on `bound`.
fn host(bound: IpAddr, device: Option<IpAddr>) -> Option<IpAddr> {
    if !bound.is_unspecified() {
        return Some(bound);
    }
    let device = device.filter(|d| d.is_ipv4() == bound.is_ipv4())?;
    let interfaces = transport::interfaces().unwrap_or_default();
    announce::towards(&interfaces, device)
}

fn list(as_json: bool, place: &Place) -> Result<(), Failure> {
    let mut text = String::new();
    place.ask(&Request::Grants, |answer| match (&answer, as_json) {
        (_, true) => text.push_str(&json(&answer)),
        (Answer::Grant { id, user, path, verbs, from, until, used, uses, standing }, false) => {
            let uses = uses.map_or_else(|| String::from("any"), |n| n.to_string());
            let from = from.join(",");
            text.push_str(&format!(
                "{id}  {standing:<8}  {used} of {uses}  until {until}  {verbs} {path} from {from} as {user}\n"
            ));
        }
        (_other_answers, false) => {}
    })?;
    say(if text.is_empty() && !as_json { "none\n" } else { &text });
    Ok(())
}

fn json(answer: &Answer) -> String {
    serde_json::to_string(answer).expect("answers are maps with string keys") + "\n"
}

fn say(text: &str) {
    // A reader that went away has seen enough.
    let _gone = std::io::stdout().write_all(text.as_bytes());
}
