//! `traceroute`: which way packets go.
//!
//! What it does not do: hear who sends packets back whose hops are used up. A system lets nobody but root hear that, so hops
//! between a real network's ends stay silent; within a lab the gateway of a route is known.

use super::exec::Exec;
use super::table::Id;
use crate::profile::Layout;
use crate::session::Leave;
use crate::wire::Reach;
use ios_cli::text::traceroute;
use ios_cli::{Match, Modes, Row};
use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use transport::Echo;

const DOC: &str = "Trace route to destination";
const HOST: &str = "Trace route to destination address or hostname";

pub(super) const TRACES: &[Row<Id>] = &[Row::new(
    "traceroute [ip] <host:word> [numeric] [timeout <seconds:0-3600>] [probe <count:1-65535>] [ttl <least:0-255> <most:1-255>]",
    &[
        DOC,
        "IP Trace",
        HOST,
        "display numeric address",
        "specify time out",
        "time out value in seconds",
        "specify number of probes per hop",
        "probe count value",
        "specify minimum and maximum ttl",
        "minimum ttl value",
        "maximum ttl value",
    ],
    Modes::EXEC,
    1,
    Id::Trace,
)];

/// How long one look at the network or at the keys lasts.
const LOOK: Duration = Duration::from_millis(20);
/// `timeout`, `probe` and `ttl` as they are where nobody says otherwise.
const TIMEOUT: u64 = 3;
const PROBES: u64 = 3;
const MOST_HOPS: u64 = 30;

/// Who is on the way, as far as that is known.
enum Hop {
    /// It is there, and answers at once.
    There(Ipv4Addr),
    /// Nobody.
    Silent,
    /// The target, if it is so near: the network knows.
    Asked,
}

impl Exec<'_> {
    pub(super) fn traceroute(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let host = found.text("host").unwrap_or_default();
        let Some(target) = self.address_of(host) else {
            return self.tty.print("% Unrecognized host or address.\n\n");
        };
        let number = |name, default| found.number(name).unwrap_or(default);
        let (probes, most) = (number("count", PROBES), number("most", MOST_HOPS));
        let least = number("least", 1).max(1);
        let wait = Duration::from_secs(number("seconds", TIMEOUT));
        let wait = wait.mul_f64(self.tty.device.config.patience.max(0.0));
        let topologies = !matches!(self.tty.device.profile().version.layout, Layout::Ios12(_));
        self.tty.print(&traceroute::header(target, topologies))?;
        let reach = self.tty.device.wire.echo(target);
        let echo = match reach {
            Reach::Real => Echo::open(target),
            Reach::There | Reach::Silent => Err(io::ErrorKind::Unsupported.into()),
        };
        let own = self
            .tty
            .device
            .running(|r| r.config.interfaces.iter().any(|i| i.address.is_some_and(|(a, _)| a == target)));
        let gateway = self.tty.device.links().and_then(|links| links.next_hop(target));
        let way: Vec<Ipv4Addr> = match (own, gateway) {
            (Some(false), Some(gateway)) => vec![gateway, target],
            _ => vec![target],
        };
        for number in least..=most {
            let at = usize::try_from(number - 1).ok().and_then(|at| way.get(at));
            let hop = match (&reach, at) {
                (Reach::Real, _) if echo.is_ok() => Hop::Asked,
                // The system lets nobody ask: of this host alone it is known that it is there.
                (Reach::Real, Some(at)) if at.is_loopback() => Hop::There(*at),
                (Reach::There, Some(at)) => Hop::There(*at),
                (Reach::Real | Reach::Silent, _) | (Reach::There, None) => Hop::Silent,
            };
            let ttl = u8::try_from(number).unwrap_or(u8::MAX);
            self.tty.print(&traceroute::hop(ttl))?;
            let (mut arrived, mut named) = (false, false);
            for probe in 0..probes {
                let (from, took) = match (&hop, &echo) {
                    (Hop::There(at), _) => (Some(*at), Duration::from_millis(1)),
                    (Hop::Asked, Ok(echo)) => {
                        let sequence = u16::try_from((number * probes + probe) & 0xffff).unwrap_or(0);
                        let Some(answer) = self.asked(Some((echo, sequence, ttl)), wait)? else {
                            return self.tty.print("\n");
                        };
                        (answer.map(|_| target), answer.unwrap_or_default())
                    }
                    (Hop::Silent | Hop::Asked, _) => match self.asked(None, wait)? {
                        Some(_) => (None, Duration::ZERO),
                        None => return self.tty.print("\n"),
                    },
                };
                arrived |= from == Some(target);
                let text = match from {
                    Some(from) => traceroute::answer(
                        Some(from).filter(|_| !std::mem::replace(&mut named, true)),
                        took.as_millis(),
                    ),
                    None => traceroute::NONE.to_owned(),
                };
                self.tty.print(&text)?;
            }
            self.tty.print("\n")?;
            if arrived {
                return Ok(());
            }
        }
        Ok(())
    }

    /// One request, and how long its answer took; `None`: the escape sequence was typed.
    fn asked(
        &mut self,
        ask: Option<(&Echo, u16, u8)>,
        wait: Duration,
    ) -> Result<Option<Option<Duration>>, Leave> {
        let began = Instant::now();
        let sent = ask.is_some_and(|(echo, sequence, ttl)| {
            echo.hops(ttl).and_then(|()| echo.send(sequence, 60)).is_ok()
        });
        loop {
            let left = wait.saturating_sub(began.elapsed());
            match ask.filter(|_| sent) {
                Some((echo, sequence, _)) => {
                    // What the network says of a host is no answer of it.
                    if echo.hear(sequence, left.min(LOOK)).unwrap_or(false) {
                        return Ok(Some(Some(began.elapsed())));
                    }
                    if self.tty.interrupted(Duration::ZERO)? {
                        return Ok(None);
                    }
                }
                None if self.tty.interrupted(left.min(LOOK))? => return Ok(None),
                None => {}
            }
            if left.is_zero() {
                return Ok(Some(None));
            }
        }
    }
}
