//! `ping`, with its words on one line or with its questions.

use super::exec::Exec;
use super::table::Id;
use crate::session::Leave;
use crate::wire::Reach;
use ios_cli::Match;
use ios_cli::text::ping;
use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use transport::Echo;

/// Marks in a row.
const ROW: u32 = 70;
/// How long one look at the network or at the keys lasts.
const LOOK: Duration = Duration::from_millis(20);

/// What is asked, and how.
struct Plan {
    target: Ipv4Addr,
    count: u32,
    sizes: Sizes,
    timeout: u32,
    source: Option<Ipv4Addr>,
    /// The DF bit.
    whole: bool,
}

/// Octets of the requests.
#[derive(Clone, Copy)]
struct Sizes {
    least: u32,
    greatest: u32,
    step: u32,
}

impl Sizes {
    fn one(octets: u32) -> Sizes {
        Sizes { least: octets, greatest: octets, step: 1 }
    }

    /// How many there are.
    fn count(self) -> u32 {
        (self.greatest - self.least) / self.step + 1
    }

    /// That of the request with this number: from the least to the greatest, and again.
    fn of(self, number: u32) -> u32 {
        self.least + number % self.count() * self.step
    }
}

/// Who gives the answers.
enum Oracle {
    /// The host is of the lab, or the device itself: it answers at once.
    Yes,
    /// Nobody answers.
    No,
    /// The network knows.
    Network(Echo),
}

/// What became of one request.
enum Answer {
    After(Duration),
    Unreachable,
    None,
    /// The escape sequence was typed.
    Escaped,
}

impl Exec<'_> {
    pub(super) fn ping(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let number =
            |name, default| found.number(name).and_then(|n| u32::try_from(n).ok()).unwrap_or(default);
        let (count, size, timeout) = (number("count", 5), number("octets", 100), number("seconds", 2));
        let host = match found.text("host") {
            Some(host) => host.to_owned(),
            None => return self.ask_ping(),
        };
        let Ok(target) = host.parse() else { return self.tty.print(BAD_HOST) };
        let source = match found.text("source") {
            None => None,
            Some(typed) => match self.source(typed) {
                None => return self.tty.print(ping::BAD_SOURCE),
                known => known,
            },
        };
        let (sizes, whole) = (Sizes::one(size), found.has("df-bit"));
        self.run_ping(&Plan { target, count, sizes, timeout, source, whole })
    }

    /// `ping` alone asks; what is left empty has its default.
    fn ask_ping(&mut self) -> Result<(), Leave> {
        let Some(protocol) = self.tty.ask_plain_or("Protocol [ip]: ")? else { return Ok(()) };
        if !protocol.is_empty() && !"ip".starts_with(&protocol.to_ascii_lowercase()) {
            return self.tty.print("% Unknown protocol\n");
        }
        let Some(host) = self.tty.ask_plain_or("Target IP address: ")? else { return Ok(()) };
        let Ok(target) = host.parse::<Ipv4Addr>() else { return self.tty.print("% Bad IP address\n") };
        let mut numbers = [5, 100, 2];
        let asked = [
            ("Repeat count [5]: ", 1..=u32::MAX),
            ("Datagram size [100]: ", 36..=18_024),
            ("Timeout in seconds [2]: ", 0..=3_600),
        ];
        for (value, (prompt, range)) in numbers.iter_mut().zip(asked) {
            let Some(typed) = self.tty.ask_plain_or(prompt)? else { return Ok(()) };
            match typed.parse() {
                Ok(n) if range.contains(&n) => *value = n,
                _ if typed.is_empty() => {}
                _ => return self.tty.print("% A decimal number between the limits is required\n"),
            }
        }
        let [count, size, timeout] = numbers;
        let mut plan = Plan { target, count, sizes: Sizes::one(size), timeout, source: None, whole: false };
        let is_yes = |typed: &str| typed.to_ascii_lowercase().starts_with('y');
        let Some(extended) = self.tty.ask_plain_or("Extended commands [n]: ")? else { return Ok(()) };
        if is_yes(&extended) {
            let Some(typed) = self.tty.ask_plain_or("Source address or interface: ")? else { return Ok(()) };
            if !typed.is_empty() {
                plan.source = self.source(&typed);
                if plan.source.is_none() {
                    return self.tty.print(ping::BAD_SOURCE);
                }
            }
            for (n, prompt) in ping::EXTENDED.iter().enumerate() {
                let Some(typed) = self.tty.ask_plain_or(prompt)? else { return Ok(()) };
                plan.whole |= n == 1 && is_yes(&typed);
            }
        }
        let Some(sweep) = self.tty.ask_plain_or("Sweep range of sizes [n]: ")? else { return Ok(()) };
        if is_yes(&sweep) {
            let mut numbers = [36, 18_024, 1];
            let prompts = ["Sweep min size [36]: ", "Sweep max size [18024]: ", "Sweep interval [1]: "];
            for (n, prompt) in prompts.iter().enumerate() {
                let Some(typed) = self.tty.ask_plain_or(prompt)? else { return Ok(()) };
                let range = if n == 2 { 1..=18_024 } else { 36..=18_024 };
                match typed.parse() {
                    Ok(number) if range.contains(&number) => numbers[n] = number,
                    _ if typed.is_empty() => {}
                    _ => return self.tty.print("% A decimal number between the limits is required\n"),
                }
            }
            let [least, greatest, step] = numbers;
            if least > greatest {
                return self.tty.print("% Bad range of sizes\n");
            }
            plan.sizes = Sizes { least, greatest, step };
            // Each size so often.
            plan.count = plan.count.saturating_mul(plan.sizes.count());
        }
        self.run_ping(&plan)
    }

    /// An address of this device that is up, by itself or by its interface.
    fn source(&self, typed: &str) -> Option<Ipv4Addr> {
        let device = &self.tty.device;
        let named = device.profile().interface(typed).map(ToString::to_string);
        let config = device.running_config();
        let up = config.interfaces.iter().filter(|i| !i.shutdown);
        let mut addresses = up.filter_map(|i| i.address.map(|(address, _)| (i.name.to_string(), address)));
        let is = |(name, address): &(String, Ipv4Addr)| {
            typed.parse() == Ok(*address) || named.as_ref().is_some_and(|named| named == name)
        };
        addresses.find(is).map(|(_, address)| address)
    }

    fn run_ping(&mut self, plan: &Plan) -> Result<(), Leave> {
        let target = plan.target;
        let sizes = (plan.sizes.least, plan.sizes.greatest);
        self.tty.print(&ping::header(target, plan.count, sizes, plan.timeout))?;
        if let Some(source) = plan.source {
            self.tty.print(&ping::sent_from(source))?;
        }
        if plan.whole {
            self.tty.print(ping::WHOLE)?;
        }
        let oracle = match self.tty.device.wire.echo(target) {
            Reach::There => Oracle::Yes,
            Reach::Silent => Oracle::No,
            Reach::Real => match Echo::open(target) {
                Ok(echo) => Oracle::Network(echo),
                // The system lets nobody ask: of this host alone it is known that it is there.
                Err(e) if e.kind() == io::ErrorKind::PermissionDenied && target.is_loopback() => Oracle::Yes,
                Err(_) => Oracle::No,
            },
        };
        let own = self.tty.device.running_config();
        let own = own.interfaces.iter().any(|i| i.address.is_some_and(|(a, _)| a == target));
        let mut known = own || self.tty.device.running(|r| r.arp.contains(&target)).unwrap_or(false);
        let (mut sent, mut times) = (0, Vec::new());
        while sent < plan.count {
            // The first packet to a neighbour waits for its hardware address and is lost.
            let answer = match known || matches!(oracle, Oracle::No) {
                true => self.question(&oracle, plan, sent)?,
                false => self.question(&Oracle::No, plan, sent)?,
            };
            known = true;
            let mark = match answer {
                Answer::Escaped => break,
                Answer::After(time) => {
                    times.push(time);
                    self.tell_of_echo(target);
                    "!"
                }
                Answer::Unreachable => "U",
                Answer::None => ".",
            };
            sent += 1;
            self.tty.print(mark)?;
            if sent % ROW == 0 && sent < plan.count {
                self.tty.print("\n")?;
            }
            if self.tty.interrupted(Duration::ZERO)? {
                break;
            }
        }
        if !times.is_empty() {
            self.tty.device.running(|r| r.arp.insert(target));
        }
        let received = u32::try_from(times.len()).unwrap_or(u32::MAX);
        let times = match oracle {
            Oracle::Network(_) => span(&times),
            Oracle::Yes | Oracle::No => (received > 0).then_some((1, 1, 4)),
        };
        self.tty.print(&ping::Rate { received, sent, times }.render())
    }

    /// One request; waits no longer than its timeout, scaled by the device's patience.
    fn question(&mut self, oracle: &Oracle, plan: &Plan, number: u32) -> Result<Answer, Leave> {
        let began = Instant::now();
        let wait = Duration::from_secs(plan.timeout.into()).mul_f64(self.tty.device.config.patience.max(0.0));
        let sequence = u16::try_from(number & 0xffff).unwrap_or(0);
        let mut deaf = false;
        match oracle {
            Oracle::Yes => return Ok(Answer::After(Duration::from_millis(1))),
            Oracle::No => {}
            Oracle::Network(echo) => {
                deaf = echo.send(sequence, usize::try_from(plan.sizes.of(number)).unwrap_or(100)).is_err();
            }
        }
        loop {
            let left = wait.saturating_sub(began.elapsed());
            match oracle {
                Oracle::Network(echo) if !deaf => match echo.hear(sequence, left.min(LOOK)) {
                    Ok(true) => return Ok(Answer::After(began.elapsed())),
                    Ok(false) => {}
                    Err(_) => return Ok(Answer::Unreachable),
                },
                Oracle::Network(_) | Oracle::Yes | Oracle::No => {
                    if self.tty.interrupted(left.min(LOOK))? {
                        return Ok(Answer::Escaped);
                    }
                }
            }
            if self.tty.interrupted(Duration::ZERO)? {
                return Ok(Answer::Escaped);
            }
            if left.is_zero() {
                return Ok(Answer::None);
            }
        }
    }
}

const BAD_HOST: &str = "% Unrecognized host or address, or protocol not running.\n\n";

/// Least, mean and greatest in whole ms; less than one is shown as one.
fn span(times: &[Duration]) -> Option<(u32, u32, u32)> {
    let ms = |t: &Duration| u32::try_from(t.as_millis()).unwrap_or(u32::MAX).max(1);
    let sum: u64 = times.iter().map(|t| u64::from(ms(t))).sum();
    let mean = u32::try_from(sum / u64::try_from(times.len()).ok()?.max(1)).ok()?;
    Some((times.iter().map(ms).min()?, mean, times.iter().map(ms).max()?))
}
