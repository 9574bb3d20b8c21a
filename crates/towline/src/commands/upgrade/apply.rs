//! `towline upgrade apply`: it is done.

use super::telling::Telling;
use super::wishes::Wishes;
use crate::commands::at_devices::{AtDevices, Way};
use crate::events::{Event, Events, UpgradeEnded};
use crate::exit::{Exit, Failure};
use crate::figures::grouped;
use crate::upgrade::{Depot, Over};
use clap::Args;
use fleet::ios::{Halt, Source, carry_out};
use std::io::{IsTerminal as _, Write as _};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime};
use upgrade::{Outcome, Past, Run, Target, Wish, plan};

const APPLY: &str = "\
Examples:
  towline upgrade apply admin@10.0.0.2 --image c2900-universalk9-mz.SPA.155-3.M4a.bin
  towline upgrade apply admin@10.0.0.2 --image new.bin --expect md5:0f343b0931126a20f133d67c2b018a3b --yes --window 1h
  towline upgrade apply telnet://admin@10.0.0.2 --image new.bin --from tftp://10.0.0.1/new.bin
";

/// Upgrade devices: make room, copy the image, have the device verify it, set what it boots, save, restart it, and see that it
/// runs the image; or put everything back as it was.
///
/// Each thing is done only where the device says that it is still to be done, and the device is asked again behind each: what was
/// done already is not done again. The image that runs stays in flash and second in the boot lines. A device that comes back with
/// another image, or another version, is put back. What nobody understands is left alone, and told.
///
/// The image is served by this process, over HTTP on a free port, and FTP and TFTP where their ports are to be had; a device gets
/// a path that is good for one copy. Or from a server of yours, with `--from`.
///
/// Ctrl-C stops before the next thing is done, a second one at once.
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
    /// What devices fetch the image over, the first first; after a failure the next.
    #[arg(
        long,
        value_name = "WAY,…",
        value_delimiter = ',',
        default_value = "http,ftp,tftp",
        conflicts_with = "from"
    )]
    over: Vec<Over>,
    /// How devices call this host; without it the address that they see us at.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "from")]
    serve_at: Option<IpAddr>,
    /// The port for HTTP; 0 is any free one.
    #[arg(long, value_name = "PORT", default_value = "0", conflicts_with = "from")]
    http_port: u16,
    /// Do not ask before it is done.
    #[arg(long, short)]
    yes: bool,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Where the image comes from.
enum From<'a> {
    /// From here; how many copies were offered, and who has the path of the last one.
    Here(&'a Depot, usize, Option<String>),
    /// From a server of somebody's.
    There(String),
}

impl Source for From<'_> {
    fn url(&mut self, ours: Option<IpAddr>) -> Result<(String, String), String> {
        match self {
            From::There(url) => Ok((url.clone(), String::from("from where it was said to be"))),
            From::Here(depot, n, holder) => {
                let offered = depot.offer(*n, ours)?;
                *n += 1;
                *holder = Some(offered.holder);
                Ok((offered.url, offered.reason))
            }
        }
    }

    fn sent(&self) -> Option<String> {
        let From::Here(depot, _, Some(holder)) = self else { return None };
        Some(match depot.sent(holder) {
            Some((octets, true)) => format!("this host sent all {} octets", grouped(octets)),
            Some((octets, false)) => format!("this host sent {} octets before it ended", grouped(octets)),
            None => String::from("nobody came to this host for it: is the way from the device to it open?"),
        })
    }
}

impl Applying {
    /// Does it, several devices at once.
    pub(super) fn run(&self, events: &Arc<Events>) -> Result<(), Failure> {
        let (target, wish) = (self.wishes.target()?, self.wishes.wish());
        if self.dry_run || !self.yes {
            if !self.dry_run && !std::io::stdin().is_terminal() {
                let way_out = "--yes does it, --dry-run says what would be done";
                return Err(Failure::usage("upgrade apply", "nobody is there to be asked", way_out));
            }
            self.at.each(events, "not ready", |named, facts| {
                let plan = plan(&facts, &target, &wish);
                super::planning::tell(named, &facts, &target, &plan, &wish, events, self.json())
            })?;
            if self.dry_run || !confirmed() {
                return Ok(());
            }
        }
        let depot = match &self.from {
            Some(_) => None,
            None => Some(Depot::start(&self.wishes.image, &self.over, (self.serve_at, self.http_port))?),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let until = wish.window.map(|window| now() + window.as_secs());
        let order = Order { target, wish, until, depot, from: self.from.clone(), json: self.json() };
        self.at.each_way(
            events,
            &stop,
            "not upgraded",
            |way| order.carry_out(way, events, &stop),
            |named, (outcome, seconds)| order.told(&named.shown, outcome, seconds, events),
        )
    }

    fn json(&self) -> bool {
        self.at.json
    }
}

/// What all devices of a run share.
struct Order {
    target: Target,
    wish: Wish,
    until: Option<u64>,
    depot: Option<Depot>,
    from: Option<String>,
    json: bool,
}

impl Order {
    /// Goes on with one device until it is over.
    fn carry_out(
        &self,
        way: &mut Way<'_>,
        events: &Arc<Events>,
        stop: &AtomicBool,
    ) -> Result<(Outcome, f64), Failure> {
        let shown = way.named.shown.clone();
        let clock = Instant::now();
        let mut source = match (&self.depot, &self.from) {
            (Some(depot), _) => From::Here(depot, 0, None),
            (None, from) => From::There(from.clone().unwrap_or_default()),
        };
        // Who cannot be reached at all is told as by any other verb.
        let mut first = Some(way.open().map_err(|fault| way.failure(&fault))?);
        let mut run = Run::new(self.target.clone(), self.wish, self.until, Past::default());
        let mut telling = Telling::new(events, &shown, &self.target, self.json);
        let open = || first.take().map_or_else(|| way.open(), Ok);
        let ended = carry_out(&mut run, open, &mut telling, &mut source, &|| stop.load(Ordering::Relaxed));
        match ended {
            Ok(outcome) => Ok((outcome, clock.elapsed().as_secs_f64())),
            Err(Halt::Stopped) => {
                let way_out = "the same command goes on from there";
                Err(Failure::new(Exit::Interrupted, &shown, "stopped", way_out))
            }
            Err(Halt::Journal(why)) => Err(Failure::new(Exit::Local, "the journal", why, "")),
        }
    }

    /// Tells how it ended; what is not as it was wished is a failure.
    fn told(&self, shown: &str, outcome: Outcome, seconds: f64, events: &Arc<Events>) -> Result<(), Failure> {
        let name = &self.target.name;
        if self.json {
            events.tell(&Event::UpgradeEnded(UpgradeEnded {
                device: shown.to_owned(),
                image: name.clone(),
                outcome: outcome.name(),
                why: outcome.why().map(str::to_owned),
                seconds,
            }));
        }
        let what = match outcome {
            Outcome::AlreadyThere => "nothing to do: it runs",
            Outcome::Upgraded => "upgraded: it runs",
            Outcome::RolledBack(why) => {
                let what = format!("it was put back as it was: {why}");
                return Err(Failure::new(Exit::Failed, shown, what, "look at why before it is tried again"));
            }
            Outcome::Held(why) => {
                return Err(Failure::new(Exit::Failed, shown, format!("held: {why}"), "look at it"));
            }
            Outcome::Abandoned(why) => {
                return Err(Failure::new(Exit::Refused, shown, why, "nothing was done"));
            }
        };
        if self.json {
            return Ok(());
        }
        writeln!(std::io::stdout().lock(), "{shown}: {what} {name} ({seconds:.0} s)")
            .map_err(|e| Failure::local("stdout", &e))
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
