//! `towline upgrade apply`: it is done.

use super::at_journal::AtJournal;
use super::carrying::Carrying;
use super::wishes::Wishes;
use crate::commands::at_devices::AtDevices;
use crate::events::Events;
use crate::exit::{Exit, Failure};
use crate::upgrade::plan_file::PlanFile;
use crate::upgrade::{Order, Over};
use clap::Args;
use std::io::IsTerminal as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;
use upgrade::{Target, Wish, plan};

const APPLY: &str = "\
Examples:
  towline upgrade apply admin@10.0.0.2 --image c2900-universalk9-mz.SPA.155-3.M4a.bin
  towline upgrade apply admin@10.0.0.2 --image new.bin --expect md5:0f343b0931126a20f133d67c2b018a3b --yes --window 1h
  towline upgrade apply plan.json --yes              what 'upgrade plan -o plan.json' wrote, where it still holds
  towline upgrade apply telnet://admin@10.0.0.2 --image new.bin --from tftp://10.0.0.1/new.bin
";

/// Upgrade devices: make room, copy the image, have the device verify it, set what it boots, save, restart it, and see that it
/// runs the image; or put everything back as it was.
///
/// Each thing is done only where the device says that it is still to be done, and the device is asked again behind each: what was
/// done already is not done again. The image that runs stays in flash and second in the boot lines. A device that comes back with
/// another image, or another version, is put back. What nobody understands is left alone, and told.
///
/// The image is served by this process, over HTTP, FTP, SCP and TFTP; a device gets a path that is good for one copy. For a large image a
/// sample is copied to nowhere over each that it knows, and the fastest is taken. Or from a server of yours, with `--from`.
///
/// Every step is in a journal before the device hears of it. Ctrl-C stops before the next thing is done, a second one at once; 'resume' goes
/// on from there, also after this process was killed.
///
/// Exit code 4: something stands in the way; 1: it was put back, or a person has to look; of several devices, some: 8.
#[derive(Debug, Args)]
#[command(before_help = APPLY)]
pub(super) struct Applying {
    #[command(flatten)]
    pub(super) at: AtDevices,
    #[command(flatten)]
    wishes: Wishes,
    /// Where the devices fetch the image: a URL as they know it, for example tftp://10.0.0.1/new.bin. Without it from here.
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// What devices may fetch the image over. From 8 MiB on it is measured, and the fastest is taken; else the first. After a failure the next.
    #[arg(
        long,
        value_name = "WAY,…",
        value_delimiter = ',',
        default_value = "http,ftp,scp,tftp",
        conflicts_with = "from"
    )]
    over: Vec<Over>,
    /// How devices call this host; without it the address that they see us at.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "from")]
    serve_at: Option<IpAddr>,
    /// The port for HTTP; 0 is any free one.
    #[arg(long, value_name = "PORT", default_value = "0", conflicts_with = "from")]
    http_port: u16,
    #[command(flatten)]
    journal: AtJournal,
    /// Do not ask before it is done.
    #[arg(long, short)]
    yes: bool,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Applying {
    /// Does it, several devices at once.
    pub(super) fn run(&self, events: &Arc<Events>) -> Result<(), Failure> {
        if let Some(path) = self.at.plan().filter(|_| !self.wishes.has_image()) {
            return self.planned(&PlanFile::read(path)?, events);
        }
        let (target, wish) = (self.wishes.target()?, self.wishes.wish());
        if self.dry_run || !self.yes {
            self.is_anybody_there()?;
            self.at.each(events, "not ready", |named, facts| {
                let plan = plan(&facts, &target, &wish);
                super::planning::tell(named, &facts, &target, &plan, &wish, events, self.json())
            })?;
            if self.dry_run || !confirmed() {
                return Ok(());
            }
        }
        let image = std::path::absolute(self.wishes.image()?).map_err(|e| Failure::local("the image", &e))?;
        let devices = self.at.devices()?;
        let run =
            Carrying::begin(self.order(image, target, wish), &devices, &self.journal, events, self.json())?;
        run.each(&self.at, &devices)
    }

    fn is_anybody_there(&self) -> Result<(), Failure> {
        if self.yes || self.dry_run || std::io::stdin().is_terminal() {
            return Ok(());
        }
        let way_out = "--yes does it, --dry-run says what would be done";
        Err(Failure::usage("upgrade apply", "nobody is there to be asked", way_out))
    }

    /// Does what a plan says, where it still holds.
    fn planned(&self, file: &PlanFile, events: &Arc<Events>) -> Result<(), Failure> {
        file.has_its_image()?;
        let (ready, blocked): (Vec<_>, Vec<_>) =
            file.devices.iter().partition(|planned| planned.blocks.is_empty());
        if ready.is_empty() {
            let what = format!("has {} devices, and something stood in the way of each", blocked.len());
            return Err(Failure::new(Exit::Refused, "the plan", what, "plan again when that is gone"));
        }
        let keys: Vec<_> = ready.iter().map(|planned| planned.key.clone()).collect();
        let devices = self.at.of_keys(&keys)?;
        if !self.json() {
            let names: Vec<_> = devices.iter().map(|named| named.shown.as_str()).collect();
            eprintln!(
                "{} of {} devices to {}: {}",
                ready.len(),
                file.devices.len(),
                file.image.name,
                names.join(", ")
            );
        }
        self.is_anybody_there()?;
        if self.dry_run || (!self.yes && !confirmed()) {
            return Ok(());
        }
        let order = self.order(file.image.path.clone(), file.target(), self.wishes.tolerating(file.wish()));
        let mut run = Carrying::begin(order, &devices, &self.journal, events, self.json())?;
        run.holds_to(ready.into_iter().cloned());
        run.each(&self.at, &devices)
    }

    fn order(&self, image: PathBuf, target: Target, wish: Wish) -> Order {
        let until = wish.window.map(|window| now() + window.as_secs());
        let Applying { from, over, serve_at, http_port, .. } = self;
        Order {
            from: from.clone(),
            over: over.clone(),
            serve_at: *serve_at,
            http_port: *http_port,
            ..Order::new(image, target, wish, until)
        }
    }

    fn json(&self) -> bool {
        self.at.json
    }
}

fn confirmed() -> bool {
    eprint!("Do it? Type yes: ");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).is_ok() && line.trim() == "yes"
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
