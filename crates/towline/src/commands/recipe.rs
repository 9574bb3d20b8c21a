//! `towline recipe`: lines to type elsewhere.

use super::image::profile;
use crate::digest::Algorithm;
use crate::events::{Event, Events};
use crate::exit::{Exit, Failure};
use crate::landing;
use crate::recipe::dhcp::{Dialect, is_plain};
use crate::recipe::upgrade::{Unfit, Upgrade as Runbook};
use crate::recipe::{self, Step};
use clap::{Args, Subcommand, ValueEnum};
use client::Scheme;
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  towline recipe upgrade c2900-universalk9-mz.SPA.155-3.M4a.bin --server 10.0.0.1
  towline recipe dhcp --server 10.0.0.1 --file network-confg
";

/// Print what to type on a device or a DHCP server.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Recipe {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Upgrade(Upgrade),
    Dhcp(Dhcp),
}

const UPGRADE: &str = "\
Examples:
  towline recipe upgrade c2900-universalk9-mz.SPA.155-3.M4a.bin --server 10.0.0.1
  towline recipe upgrade images/new.bin --server 10.0.0.1 --old c2900-universalk9-mz.SPA.151-4.M4.bin
  towline recipe upgrade images/new.bin --server 10.0.0.1 --protocol ftp
";

/// The runbook of an upgrade: room, copy, verify with the file's own MD5, boot lines, save, restart, checks.
///
/// IMAGE is read here, and served by its name at --server. Lines that begin with '!' are comments, which the
/// device ignores; an empty line is the Enter that answers a question.
#[derive(Debug, Args)]
#[command(before_help = UPGRADE)]
struct Upgrade {
    /// The new image, as a file here.
    image: PathBuf,
    /// The server as the device sees it.
    #[arg(long, value_name = "IP")]
    server: Ipv4Addr,
    /// The device.
    #[arg(long, default_value = "c2911")]
    profile: String,
    /// The image that runs now, spelled as in `dir flash:`; it boots if the new one does not.
    #[arg(long, value_name = "NAME")]
    old: Option<String>,
    /// What the image comes over.
    #[arg(long, value_enum, default_value_t = Protocol::Tftp)]
    protocol: Protocol,
    /// Print each typed line as a JSON event (docs/events.md).
    #[arg(long)]
    json: bool,
}

/// For the command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Protocol {
    Tftp,
    Ftp,
}

const DHCP: &str = "\
Examples:
  towline recipe dhcp --server 10.0.0.1
  towline recipe dhcp --server 10.0.0.1 --file network-confg --for dnsmasq >/etc/dnsmasq.d/tftp.conf
";

/// Where the TFTP server is, for DHCP servers: siaddr and file, options 66, 67 and 150.
#[derive(Debug, Args)]
#[command(before_help = DHCP)]
struct Dhcp {
    /// The TFTP server as the devices see it.
    #[arg(long, value_name = "IP")]
    server: Ipv4Addr,
    /// The file that they are to fetch.
    #[arg(long, value_name = "NAME")]
    file: Option<String>,
    /// One of them only, without a heading.
    #[arg(long = "for", value_enum, value_name = "SERVER")]
    dialect: Option<Dialect>,
}

impl Recipe {
    /// Whether it prints events.
    pub(super) fn json(&self) -> bool {
        match &self.verb {
            Verb::Upgrade(upgrade) => upgrade.json,
            Verb::Dhcp(_) => false,
        }
    }

    /// Prints it.
    pub fn run(self, events: &Events) -> Result<(), Failure> {
        match self.verb {
            Verb::Upgrade(upgrade) => upgrade.run(events),
            Verb::Dhcp(dhcp) => dhcp.run(),
        }
    }
}

impl Upgrade {
    fn run(self, events: &Events) -> Result<(), Failure> {
        let profile = profile(&self.profile)?;
        let shown = self.image.display();
        let fault = |e: &io::Error| Failure::local(&shown, e);
        let blob = landing::open(&self.image).map_err(|e| fault(&e))?;
        let name = self.image.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let md5 = Algorithm::Md5.of(&blob).map_err(|e| fault(&e))?;
        let sha512 = Algorithm::Sha512.of(&blob).map_err(|e| fault(&e))?;
        let runbook = Runbook {
            profile,
            name: &name,
            len: blob.len(),
            md5: &md5,
            sha512: &sha512,
            server: self.server,
            scheme: match self.protocol {
                Protocol::Tftp => Scheme::Tftp,
                Protocol::Ftp => Scheme::Ftp,
            },
            old: self.old.as_deref(),
        };
        let steps = runbook.steps().map_err(|unfit| {
            let way_out = match unfit {
                Unfit::Name(_) => "rename it: letters, digits, '-', '_' and '.'",
                Unfit::Large { .. } => "choose the image of this device",
                Unfit::Same => "name the image that runs now, or rename the new one",
            };
            Failure::usage(&shown, unfit, way_out)
        })?;
        if events.wanted() {
            tell(&steps, events);
            return Ok(());
        }
        print(&recipe::text(&runbook.head(), &steps))
    }
}

fn tell(steps: &[Step], events: &Events) {
    for (n, step) in steps.iter().enumerate() {
        for line in &step.lines {
            events.tell(&Event::Type {
                step: n as u64 + 1,
                title: step.title.clone(),
                line: line.text.clone(),
                question: line.answers,
            });
        }
    }
}

impl Dhcp {
    fn run(self) -> Result<(), Failure> {
        let file = self.file.as_deref();
        if let Some(name) = file.filter(|f| !is_plain(f)) {
            let why = "is no name that every DHCP server reads alike";
            let way_out = "rename it: letters, digits, '-', '_', '.' and '/', at most 127";
            return Err(Failure::usage(format!("'{name}'"), why, way_out));
        }
        let text = match self.dialect {
            Some(dialect) => dialect.lines(self.server, file),
            None => {
                Dialect::ALL.map(|d| format!("# {}\n{}", d.title(), d.lines(self.server, file))).join("\n")
            }
        };
        print(&text)
    }
}

fn print(text: &str) -> Result<(), Failure> {
    io::stdout().lock().write_all(text.as_bytes()).map_err(|e| Failure::new(Exit::Local, "stdout", e, ""))
}
