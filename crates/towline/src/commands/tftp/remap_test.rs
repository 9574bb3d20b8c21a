//! `towline tftp remap-test`: what rules make of a name, step by step.

use crate::exit::{Exit, Failure};
use crate::service::tftp::rules;
use clap::Args;
use gate::Refusal;
use serve::tftp::names::client::{Client, Mac, Macs, parse_mac};
use serve::tftp::names::remap::{Came, Step};
use serve::tftp::names::{Op, dry_run};
use std::net::IpAddr;
use std::path::PathBuf;
use store::local::{Local, LocalOptions};
use store::{Store, VPath};

const EXAMPLES: &str = "\
Examples:
  towline tftp remap-test boot/x.bin --from 10.0.0.2 --remap tftp.rules
  towline tftp remap-test r1-confg --from 10.0.0.2 --write --map '^ => up/{ip}/'
  towline tftp remap-test x.cfg --from 2001:db8::7 --remap tftp.rules --root /srv/tftp
";

/// Show what --tftp-remap and --tftp-map make of a name, rule by rule.
///
/// Nothing is sent and nothing is served. Rules with `exists` look into --root; without it every name is
/// there. Ends with 0 and the path below the served directory, or with 4 where the request is refused.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct RemapTest {
    /// The name that the client asks for.
    name: String,
    /// The client's address.
    #[arg(long, value_name = "IP")]
    from: IpAddr,
    /// The client's hardware address, for {mac}; without it the kernel's table of neighbours is asked.
    #[arg(long, value_name = "MAC", value_parser = mac)]
    mac: Option<Mac>,
    /// The address of ours that it asks, for {server}.
    #[arg(long, value_name = "IP", default_value = "192.0.2.1")]
    server: IpAddr,
    /// An upload in place of a download.
    #[arg(long)]
    write: bool,
    /// The rules, as serve's --tftp-remap.
    #[arg(long, alias = "tftp-remap", value_name = "FILE")]
    remap: Option<PathBuf>,
    /// One rule, as serve's --tftp-map; may be repeated.
    #[arg(long, alias = "tftp-map", value_name = "RULE", required_unless_present = "remap")]
    map: Vec<String>,
    /// The served directory, for rules that ask whether a name is there.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

fn mac(text: &str) -> Result<Mac, String> {
    parse_mac(text).ok_or_else(|| String::from("give twelve hexadecimal digits: 00:1c:73:01:02:03"))
}

impl RemapTest {
    pub(super) fn run(self) -> Result<(), Failure> {
        let rules = rules("--tftp-map", &self.map, self.remap.as_deref())?;
        let root = self.root.as_ref().map(|dir| {
            Local::open(dir, LocalOptions::default()).map_err(|e| Failure::local(dir.display(), &e))
        });
        let root = root.transpose()?;
        let known = self.mac.map_or(Macs::Neighbours, Macs::Said);
        let client = Client::new(self.from, self.server, known);
        let op = if self.write { Op::Write } else { Op::Read };
        let exists = |path: &VPath| root.as_ref().is_none_or(|r| r.stat(path).is_ok());
        println!("{} asks to {} {}", self.from, if self.write { "write" } else { "read" }, self.name);
        let mut passed = 0u32;
        let path = dry_run(&rules, self.name.as_bytes(), op, &client, &exists, &mut |step| {
            if matches!(step.came, Came::Passed) {
                passed += 1;
            } else {
                println!("{}", line(step));
            }
        });
        if passed > 0 {
            println!("{passed} {} not match", if passed == 1 { "rule does" } else { "rules do" });
        }
        match path {
            Ok(path) => {
                println!("path: {path}");
                Ok(())
            }
            Err(why) => {
                println!("refused: {why}");
                let way_out = match why {
                    Refusal::ByRule(_) => "the client gets this text with ERROR 2",
                    _ => "the client gets ERROR 2",
                };
                Err(Failure::new(Exit::Refused, &self.name, why, way_out))
            }
        }
    }
}

fn line(step: &Step<'_>) -> String {
    let shown = |name: &[u8]| {
        if name.is_empty() { String::from("(nothing)") } else { name.escape_ascii().to_string() }
    };
    let came = match &step.came {
        Came::Passed => String::from("does not match"),
        Came::Unknown => String::from("matches, but this client has none of what the rule puts in"),
        Came::NotThere(name) => format!("matches, but {} is not there", shown(name)),
        Came::Took(name) => format!("-> {}", shown(name)),
        Came::Refused(text) => format!("refuses: {}", shown(text)),
    };
    format!("{}: {}\n    {came}", step.from, step.written)
}
