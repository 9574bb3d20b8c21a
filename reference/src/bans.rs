use crate::net::subscriber;
use crate::{Net, Penalties};
use std::net::IpAddr;

/// What is held against somebody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Offence {
    /// A wrong password.
    FailedLogin,
    /// A token that there is none of.
    UnknownToken,
    /// No request at all.
    Malformed,
    /// No such verb.
    UnknownVerb,
}

impl Offence {
    /// Each.
    pub const ALL: [Offence; 4] =
        [Offence::FailedLogin, Offence::UnknownToken, Offence::Malformed, Offence::UnknownVerb];

    fn points(self) -> f64 {
        match self {
            Offence::FailedLogin => 1.0,
            Offence::UnknownToken => 2.0,
            Offence::Malformed | Offence::UnknownVerb => 0.25,
        }
    }
}

/// What an offence fades by while several are made in a row.
const SLACK: f64 = 0.2;

/// A ban: whose, until when (seconds).
#[derive(Clone, Debug)]
pub(crate) struct Ban {
    pub(crate) net: Net,
    pub(crate) until: Option<u64>,
}

impl Ban {
    fn holds_at(&self, now: u64) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

/// What one subscriber did: when, and how many points each.
#[derive(Clone, Debug, Default)]
struct Record {
    points: Vec<(u64, f64)>,
    bans: u32,
    banned_until: Option<u64>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Bans {
    all: Vec<Ban>,
    records: Vec<(Net, Record)>,
}

impl Bans {
    /// The ban that counts: of the narrowest network.
    pub(crate) fn of(&self, address: IpAddr, now: u64) -> Option<&Ban> {
        let mut holding: Vec<&Ban> =
            self.all.iter().filter(|b| b.holds_at(now) && b.net.holds(address)).collect();
        holding.sort_by_key(|ban| ban.net.bits);
        holding.pop()
    }

    /// Those that hold.
    pub(crate) fn holding(&self, now: u64) -> Vec<Ban> {
        self.all.iter().filter(|ban| ban.holds_at(now)).cloned().collect()
    }

    /// In place of the one that the network has.
    pub(crate) fn set(&mut self, net: Net, until: Option<u64>) {
        self.all.retain(|ban| !is_same(&ban.net, &net));
        self.all.push(Ban { net, until });
    }

    /// Whether there was one.
    pub(crate) fn lift(&mut self, net: &Net, now: u64) -> bool {
        let was = self.all.iter().any(|ban| is_same(&ban.net, net) && ban.holds_at(now));
        self.all.retain(|ban| !is_same(&ban.net, net));
        was
    }

    /// Holds something against an address.
    pub(crate) fn offend(&mut self, rules: &Penalties, address: IpAddr, offence: Offence, now: u64) {
        if rules.exempt.iter().any(|net| net.holds(address)) {
            return;
        }
        let net = subscriber(address);
        let record = match self.records.iter().position(|(other, _)| is_same(other, &net)) {
            Some(nth) => &mut self.records[nth].1,
            None => {
                self.records.push((net, Record::default()));
                &mut self.records.last_mut().expect("pushed").1
            }
        };
        record.points.push((now, offence.points()));
        if score(&record.points, rules, now) < rules.ban_at - SLACK {
            return;
        }
        if record.banned_until.is_some_and(|until| now >= until + rules.longest_ban) {
            record.bans = 0;
        }
        let span = rules.first_ban.saturating_mul(4u64.saturating_pow(record.bans.min(15)));
        let until = now + span.min(rules.longest_ban);
        record.bans += 1;
        record.banned_until = Some(until);
        record.points = vec![(now, rules.ban_at / 2.0)];
        // What somebody else has set for longer is not shortened by it.
        let is_longer = |ban: &Ban| is_same(&ban.net, &net) && ban.until.is_none_or(|other| other >= until);
        if !self.all.iter().any(is_longer) {
            self.set(net, Some(until));
        }
    }

    /// Seconds that the answer to a login waits, thousandths of them.
    pub(crate) fn delay(&self, rules: &Penalties, address: IpAddr, now: u64) -> u64 {
        let net = subscriber(address);
        let Some((_, record)) = self.records.iter().find(|(other, _)| is_same(other, &net)) else { return 0 };
        let over = score(&record.points, rules, now) - rules.delay_at;
        if over < -SLACK {
            return 0;
        }
        let seconds = 2f64.powf(over.clamp(0.0, 30.0)).min(rules.longest_delay as f64);
        (seconds * 1_000.0).round() as u64
    }
}

/// What is left of all points: half in each half-life.
fn score(points: &[(u64, f64)], rules: &Penalties, now: u64) -> f64 {
    points.iter().map(|(at, points)| points * 0.5f64.powf((now - at) as f64 / rules.half_life as f64)).sum()
}

fn is_same(a: &Net, b: &Net) -> bool {
    a.bits == b.bits && a.holds(b.address)
}
