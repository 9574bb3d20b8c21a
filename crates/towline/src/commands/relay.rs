//! `towline relay`: a UDP relay that loses, doubles and delays on purpose.

use crate::events::{Event, Events};
use crate::exit::{Exit, Failure};
use crate::figures::{grouped, parse_octets};
use crate::interrupt::on_interrupt;
use crate::ladder::Packet;
use crate::relay::{self, Counts, Happened, Settings, Struck, Tally, Way};
use clap::Args;
use link::{Odds, Params};
use serve::listen::{self, FellBack, Reason, Want};
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use transport::interfaces;

/// TFTP's port (RFC 1350 §4).
const TFTP: u16 = 69;

/// Held back by nothing is not held back: what --reorder takes where no time is given. Above what a
/// loopback or a local network needs for a window, far below any retransmission timer.
const HOLD: Duration = Duration::from_millis(2);

const EXAMPLES: &str = "\
Examples:
  towline relay --to 10.0.0.1 --loss 1%              devices ask this host instead of 10.0.0.1
  towline relay --to 127.0.0.1:6969 --listen 127.0.0.1:7069 --loss 5% --seed 7
  towline relay --to 10.0.0.1:69 --delay 20 --jitter 5 --rate 10Mbit
  towline relay --to 10.0.0.1:69 --dup 1% --reorder 2% --json
";

/// Stand between TFTP clients and a server, and lose, double, delay and reorder datagrams.
///
/// For testing devices and servers of your own on a bad line. Follows TFTP's changing ports: the server
/// answers from a new one (its TID), and the client sees a new one of the relay. Each way has the same odds.
/// Two runs with the same --seed and the same traffic have the same fates. ICMP errors do not pass.
///
/// Ctrl-C ends it and prints what it did.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Relay {
    /// The server. Without a port 69.
    #[arg(long, value_name = "HOST[:PORT]", value_parser = target)]
    to: Target,
    /// Where clients send to. Without it all addresses, port 69, or 6969 where 69 is not to be had.
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    /// So many datagrams vanish.
    #[arg(long, value_name = "P", value_parser = odds, default_value = "0")]
    loss: Odds,
    /// So many arrive twice.
    #[arg(long, value_name = "P", value_parser = odds, default_value = "0")]
    dup: Odds,
    /// So many are held back by one more --delay and --jitter (2 ms without both), and overtaken.
    #[arg(long, value_name = "P", value_parser = odds, default_value = "0")]
    reorder: Odds,
    /// Every datagram takes this long, each way.
    #[arg(long, value_name = "MS", value_parser = milliseconds, default_value = "0")]
    delay: Duration,
    /// And up to this much longer, by chance.
    #[arg(long, value_name = "MS", value_parser = milliseconds, default_value = "0")]
    jitter: Duration,
    /// So much fits through each way in a second, IP and UDP headers counted: octets (500K, 2M) or bits
    /// (10Mbit).
    #[arg(long, value_name = "R", value_parser = rate)]
    rate: Option<u64>,
    /// What decides the fates. Without it a new one, which is printed.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print events as JSON, one a line, on stdout (docs/events.md); texts go to stderr.
    #[arg(long)]
    pub(super) json: bool,
}

/// A host and its port, not looked up yet.
#[derive(Clone, Debug)]
struct Target {
    host: String,
    port: u16,
}

impl Relay {
    /// Relays until it is interrupted.
    pub fn run(self, events: &Arc<Events>) -> Result<(), Failure> {
        // A client has a socket of its own, and one more for each port of the server.
        crate::service::descriptors::many();
        let to = self.to.address()?;
        let (front, fell_back) = self.front(to)?;
        let local = |e: std::io::Error| Failure::new(Exit::Local, "relay", e, "");
        let (tell, told) = mpsc::channel();
        on_interrupt(move |nth| {
            // Nobody listens any more: the end is under way.
            let _ = tell.send(nth);
        })
        .map_err(local)?;
        let seed = self.seed.unwrap_or_else(fresh_seed);
        let params = self.params();
        let address = front.local_addr().map_err(local)?;
        if is_itself(to, address) {
            let what = "is the relay itself: its datagrams would go round for ever";
            return Err(Failure::usage(format!("--to {to}"), what, "give the server's address and port"));
        }
        let wanted = fell_back.map(|f| {
            let why = if f.why == Reason::Denied { "denied" } else { "taken" };
            format!("{}: {why}", f.from)
        });
        let mut line = format!("Relaying {address} -> {to}");
        if let Some(wanted) = &wanted {
            let _ = write!(line, " (port {wanted})");
        }
        let _ = write!(line, ": {}; seed {seed}.", in_words(&params));
        events.tell(&Event::Relaying { address: address.to_string(), to: to.to_string(), seed, wanted });
        let observer = events.wanted().then(|| {
            let events = events.clone();
            Box::new(move |happened: &Happened<'_>| events.tell(&event(happened))) as relay::Observer
        });
        let settings = Settings { params, seed, ..Settings::towards(to) };
        let settings = Settings { observer: observer.unwrap_or_else(|| Box::new(|_| {})), ..settings };
        let relay = relay::Relay::on(front, settings).map_err(local)?;
        self.say(&line);
        // The thread that sends lives as long as the process.
        let _ = told.recv();
        let tally = relay.tally();
        drop(relay);
        for (way, counts) in [("up", tally.up), ("down", tally.down)] {
            events.tell(&relayed(way, &counts));
        }
        self.say(&table(&tally));
        Ok(())
    }

    fn params(&self) -> Params {
        let still = self.delay.is_zero() && self.jitter.is_zero();
        let hold = self.reorder != Odds::NEVER && still;
        Params {
            loss: self.loss,
            duplicate: self.dup,
            reorder: self.reorder,
            delay: if hold { HOLD } else { self.delay },
            jitter: self.jitter,
            rate: self.rate,
            queue: None,
        }
    }

    /// The socket that clients send to.
    fn front(&self, to: SocketAddr) -> Result<(UdpSocket, Option<FellBack>), Failure> {
        let way_out = "choose another address or port with --listen";
        let fault = |at: SocketAddr, e: &std::io::Error| {
            Failure::new(Exit::Local, format!("udp {at}"), format!("cannot listen: {e}"), way_out)
        };
        if let Some(at) = self.listen {
            if at.is_ipv4() != to.is_ipv4() {
                let what = format!("is of another family than the server's {to}");
                return Err(Failure::usage(format!("--listen {at}"), what, "give both as IPv4, or as IPv6"));
            }
            return Ok((UdpSocket::bind(at).map_err(|e| fault(at, &e))?, None));
        }
        let got = listen::tftp(&[Settings::anywhere(to)], Want::Default)
            .map_err(|e| fault(e.address, &e.source))?;
        let mut sockets = got.sockets;
        let front = sockets.pop().expect("one address was given, and it listens");
        Ok((front, got.fell_back))
    }

    /// To people. A reader that went away is no reason to stop.
    fn say(&self, text: &str) {
        let _ = if self.json {
            writeln!(std::io::stderr().lock(), "{text}")
        } else {
            writeln!(std::io::stdout().lock(), "{text}")
        };
    }
}

impl Target {
    fn address(&self) -> Result<SocketAddr, Failure> {
        let fault = |what: String| {
            Failure::new(Exit::Unreachable, &self.host, what, "check the host's name, or give its address")
        };
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let mut found = (host, self.port).to_socket_addrs().map_err(|e| fault(e.to_string()))?;
        found.next().ok_or_else(|| fault(String::from("has no address")))
    }
}

/// `10.0.0.1`, `host:69`, `[::1]:69`, `::1`.
fn target(text: &str) -> Result<Target, String> {
    let wrong = || String::from("give a host, and with a colon a port from 1 to 65535: 10.0.0.1:69");
    let (host, port) = match text.rsplit_once(':') {
        _ if text.parse::<std::net::Ipv6Addr>().is_ok() || text.ends_with(']') => (text, TFTP),
        None => (text, TFTP),
        Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
    };
    if host.is_empty() || port == 0 { Err(wrong()) } else { Ok(Target { host: host.to_owned(), port }) }
}

/// `1%`, `0.5%`, `0.01`, `0`.
fn odds(text: &str) -> Result<Odds, String> {
    let wrong = || String::from("give a share: 5% is five of a hundred, 0.05 too");
    let (number, whole) = match text.strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 100.0),
        // A bare 1 may mean one of a hundred or every one: it must say which.
        None if text == "0" || text.contains('.') => (text, 1.0),
        None => return Err(wrong()),
    };
    let share = number.parse::<f64>().map_err(|_| wrong())? / whole;
    if !(0.0..=1.0).contains(&share) {
        return Err(wrong());
    }
    Ok(Odds::millionths((share * 1e6).round() as u32))
}

/// Up to a minute.
fn milliseconds(text: &str) -> Result<Duration, String> {
    let ms = text.strip_suffix("ms").unwrap_or(text).parse::<f64>().ok();
    let ms = ms.filter(|ms| (0.0..=60_000.0).contains(ms));
    ms.map(|ms| Duration::from_secs_f64(ms / 1e3))
        .ok_or_else(|| String::from("give milliseconds, at most 60000"))
}

/// Octets a second.
fn rate(text: &str) -> Result<u64, String> {
    let octets = match text.strip_suffix("bit") {
        None => parse_octets(text).ok(),
        Some(bits) => {
            let digits = bits.trim_end_matches(|c: char| !c.is_ascii_digit());
            // Of bits the units are decimal, as network rates are.
            let unit = match bits[digits.len()..].to_ascii_lowercase().as_str() {
                "" => Some(1_u64),
                "k" => Some(1_000),
                "m" => Some(1_000_000),
                "g" => Some(1_000_000_000),
                _ => None,
            };
            let bits = digits.parse::<u64>().ok().zip(unit).and_then(|(n, unit)| n.checked_mul(unit));
            bits.map(|n| n / 8)
        }
    };
    octets
        .filter(|n| *n > 0)
        .ok_or_else(|| String::from("give octets a second (500K, 2M) or bits a second (10Mbit)"))
}

/// Whether what is sent to `to` arrives at our socket `front`.
fn is_itself(to: SocketAddr, front: SocketAddr) -> bool {
    let ours = |ip| interfaces().unwrap_or_default().iter().any(|i| i.address == ip);
    to.port() == front.port()
        && (to.ip() == front.ip() || front.ip().is_unspecified() && (to.ip().is_loopback() || ours(to.ip())))
}

fn fresh_seed() -> u64 {
    let mut octets = [0; 4];
    // Any number will do where there is no randomness; four octets are easily typed again.
    let _ = getrandom::fill(&mut octets);
    u64::from(u32::from_le_bytes(octets))
}

fn in_words(params: &Params) -> String {
    let mut words = Vec::new();
    for (odds, what) in [(params.loss, "lost"), (params.duplicate, "doubled"), (params.reorder, "held back")]
    {
        if odds != Odds::NEVER {
            words.push(format!("{} % {what}", f64::from(odds.in_millionths()) / 1e4));
        }
    }
    let ms = |d: Duration| format!("{} ms", d.as_secs_f64() * 1e3);
    if !params.delay.is_zero() {
        words.push(format!("delay {}", ms(params.delay)));
    }
    if !params.jitter.is_zero() {
        words.push(format!("jitter {}", ms(params.jitter)));
    }
    if let Some(rate) = params.rate {
        words.push(format!("{} octets a second", grouped(rate)));
    }
    if words.is_empty() { String::from("everything passes") } else { words.join(", ") }
}

fn event(happened: &Happened<'_>) -> Event {
    match happened {
        Happened::Client { client, up } => {
            Event::Client { peer: client.to_string(), towards_server: up.to_string() }
        }
        Happened::Port { client, server, seen } => {
            Event::Port { peer: client.to_string(), server: server.to_string(), shown_as: seen.to_string() }
        }
        Happened::Struck { client, way, number, octets, fate } => Event::Struck {
            peer: client.to_string(),
            way: match way {
                Way::Up => "up",
                Way::Down => "down",
            },
            number: *number,
            fate: match fate {
                Struck::Lost => "lost",
                Struck::Dropped => "dropped",
                Struck::Passes { twice: true, held: false } => "duplicated",
                Struck::Passes { twice: true, held: true } => "duplicated-and-reordered",
                Struck::Passes { twice: false, .. } => "reordered",
            },
            packet: Packet::read(octets, octets.len()).to_string(),
        },
    }
}

fn relayed(way: &'static str, counts: &Counts) -> Event {
    let Counts { datagrams, octets, lost, dropped, duplicated, reordered } = *counts;
    Event::Relayed { way, datagrams, octets, lost, dropped, duplicated, reordered }
}

fn table(tally: &Tally) -> String {
    let row = |title: &str, c: &Counts| {
        let figures = [c.datagrams, c.octets, c.lost, c.dropped, c.duplicated, c.reordered].map(grouped);
        let [datagrams, octets, lost, dropped, duplicated, reordered] = &figures;
        format!("{title:<10}{datagrams:>12}{octets:>16}{lost:>9}{dropped:>9}{duplicated:>12}{reordered:>11}")
    };
    format!(
        "{:<10}{:>12}{:>16}{:>9}{:>9}{:>12}{:>11}\n{}\n{}",
        "",
        "datagrams",
        "octets",
        "lost",
        "dropped",
        "duplicated",
        "reordered",
        row("to server", &tally.up),
        row("to client", &tally.down)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_says_what_it_is_a_share_of() {
        for (text, millionths) in
            [("1%", 10_000), ("0.5 %", 5_000), ("0.01", 10_000), ("100%", 1_000_000), ("0", 0)]
        {
            assert_eq!(odds(text), Ok(Odds::millionths(millionths)), "{text}");
        }
        for text in ["1", "101%", "-1%", "1.5", "%", "NaN", "nan%", ""] {
            assert!(odds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rates_are_octets_or_bits() {
        assert_eq!(rate("500K"), Ok(512_000));
        assert_eq!(rate("10Mbit"), Ok(1_250_000));
        assert_eq!(rate("64000bit"), Ok(8_000));
        assert!(
            rate("0").is_err() && rate("4bit").is_err() && rate("xbit").is_err() && rate("1Tbit").is_err()
        );
    }

    #[test]
    fn a_target_is_a_host_with_or_without_a_port() {
        let parsed = |text| target(text).map(|t| (t.host, t.port)).ok();
        let is = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(parsed("10.0.0.1"), is("10.0.0.1", 69));
        assert_eq!(parsed("host:6969"), is("host", 6969));
        assert_eq!(parsed("[::1]:70"), is("[::1]", 70));
        assert_eq!(parsed("::1"), is("::1", 69));
        assert_eq!(parsed("[::1]"), is("[::1]", 69));
        assert_eq!((parsed(":69"), parsed("h:0"), parsed("h:x")), (None, None, None));
        assert_eq!(target("[::1]:70").unwrap().address().unwrap(), "[::1]:70".parse().unwrap());
    }

    #[test]
    fn a_relay_to_itself_is_known() {
        let is = |to: &str, front: &str| is_itself(to.parse().unwrap(), front.parse().unwrap());
        assert!(is("127.0.0.1:69", "127.0.0.1:69") && is("127.0.0.9:69", "0.0.0.0:69"));
        assert!(is("[::1]:69", "[::]:69"));
        assert!(!is("127.0.0.1:69", "127.0.0.1:70") && !is("127.0.0.2:69", "127.0.0.1:69"));
        assert!(!is("192.0.2.1:69", "0.0.0.0:69"));
    }

    #[test]
    fn reordering_takes_a_delay_where_none_is_given() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            relay: Relay,
        }
        let params = |args: &[&str]| {
            let all = ["relay", "--to", "h"].iter().chain(args);
            <Line as clap::Parser>::try_parse_from(all).unwrap().relay.params()
        };
        assert_eq!(params(&["--reorder", "2%"]).delay, HOLD);
        assert_eq!(params(&["--reorder", "2%", "--delay", "20"]).delay, Duration::from_millis(20));
        assert_eq!(params(&["--loss", "2%"]).delay, Duration::ZERO);
        assert_eq!(in_words(&params(&["--loss", "2.5%", "--delay", "0.5"])), "2.5 % lost, delay 0.5 ms");
    }
}
