//! What bad behaviour costs: a score for each subscriber, which grows with what it does and fades with time. A
//! high one delays the answers to its logins, a higher one bans it, each time for longer.
//!
//! Only what came over a connection counts: the sender of a datagram may be forged, and somebody else would be
//! banned for it. TFTP has its own budget for those (`serve::tftp`).

use crate::{Net, subscriber};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What the owner sets of penalties.
#[derive(Clone, PartialEq, Debug)]
pub struct Penalties {
    /// Networks that nothing is held against.
    pub exempt: Vec<Net>,
    /// A score is half of what it was after this time.
    pub half_life: Duration,
    /// From this score on logins are answered late: a second, and twice as late for each point more.
    pub delay_at: f64,
    /// The longest delay.
    pub longest_delay: Duration,
    /// At this score a ban begins.
    pub ban_at: f64,
    /// The first ban; each further one is four times as long.
    pub first_ban: Duration,
    /// The longest ban. After as long without a new one the next is a first one again.
    pub longest_ban: Duration,
}

impl Default for Penalties {
    /// Half in ten minutes; late from the third wrong password in a row, by 8 s at most; banned at the tenth, for
    /// ten minutes first and a day at most. This host is exempt.
    fn default() -> Self {
        let own = ["127.0.0.0/8", "::1"].iter().filter_map(|net| net.parse().ok());
        Penalties {
            exempt: own.collect(),
            half_life: Duration::from_secs(600),
            delay_at: 3.0,
            longest_delay: Duration::from_secs(8),
            ban_at: 10.0,
            first_ban: Duration::from_secs(600),
            longest_ban: Duration::from_secs(86_400),
        }
    }
}

/// What is held against somebody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Offence {
    /// A login with a wrong password or an unknown name.
    FailedLogin,
    /// A grant's token that there is none of: somebody guesses.
    UnknownToken,
    /// A line or a request that is none.
    Malformed,
    /// A verb that there is none of: somebody looks for what works.
    UnknownVerb,
}

impl Offence {
    /// Every offence, its points, and what many of it are called.
    const TABLE: [(Offence, f64, &'static str); OFFENCES] = [
        (Offence::FailedLogin, 1.0, "failed logins"),
        (Offence::UnknownToken, 2.0, "unknown tokens"),
        // A client that errs does so once or twice a session; a scanner a hundred times a second.
        (Offence::Malformed, 0.25, "malformed requests"),
        (Offence::UnknownVerb, 0.25, "unknown verbs"),
    ];

    fn points(self) -> f64 {
        Offence::TABLE[self as usize].1
    }
}

const OFFENCES: usize = 4;

/// Subscribers that are remembered; of more, those with the least against them are forgotten.
const MOST: usize = 32_768;
/// Less than this is nothing.
const NOTHING: f64 = 0.05;
/// What a few offences in a row fade by while they are made; less than the lightest weighs.
const SLACK: f64 = 0.2;

/// The scores.
pub(crate) struct Scores {
    rules: Penalties,
    // Guards the scores; held for a few instructions, and for a millisecond where the least are forgotten.
    book: Mutex<HashMap<IpAddr, Score>>,
}

#[derive(Clone, Copy, Debug)]
struct Score {
    points: f64,
    at: Instant,
    /// Bans in a row, and when the last one ends.
    bans: u32,
    banned_until: Option<Instant>,
    /// What it consists of, for the reason of a ban.
    counts: [u16; OFFENCES],
}

/// A ban that is due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Due {
    pub(crate) net: Net,
    pub(crate) span: Duration,
    pub(crate) reason: String,
}

impl Scores {
    pub(crate) fn new(rules: Penalties) -> Scores {
        Scores { rules, book: Mutex::default() }
    }

    /// Holds something against a peer. The ban that it has earned by that, if so.
    pub(crate) fn offend(&self, now: Instant, peer: IpAddr, offence: Offence) -> Option<Due> {
        if self.rules.exempt.iter().any(|net| net.holds(peer)) {
            return None;
        }
        let subscriber = subscriber(peer);
        let mut book = self.lock();
        if book.len() >= MOST && !book.contains_key(&subscriber) {
            self.forget_the_least(&mut book, now);
        }
        let new = Score { points: 0.0, at: now, bans: 0, banned_until: None, counts: [0; OFFENCES] };
        let score = book.entry(subscriber).or_insert(new);
        let faded = self.faded(score, now);
        if faded < NOTHING {
            score.counts = [0; OFFENCES];
        }
        score.points = faded + offence.points();
        score.at = now;
        score.counts[offence as usize] = score.counts[offence as usize].saturating_add(1);
        if score.points < self.rules.ban_at - SLACK {
            return None;
        }
        if score.banned_until.is_some_and(|end| now >= end + self.rules.longest_ban) {
            score.bans = 0;
        }
        let times = 4u32.saturating_pow(score.bans.min(15));
        let span = self.rules.first_ban.saturating_mul(times).min(self.rules.longest_ban);
        score.bans += 1;
        score.banned_until = Some(now + span);
        let reason = score.reason();
        // It begins anew behind the ban, with half of what it takes: a second chance, not a clean slate.
        (score.points, score.counts) = (self.rules.ban_at / 2.0, [0; OFFENCES]);
        drop(book);
        Some(Due { net: Net::of_subscriber(peer), span, reason })
    }

    /// How long the answer to a login of this peer is to wait.
    pub(crate) fn delay(&self, now: Instant, peer: IpAddr) -> Duration {
        let book = self.lock();
        let Some(score) = book.get(&subscriber(peer)) else { return Duration::ZERO };
        let over = self.faded(score, now) - self.rules.delay_at;
        if over < -SLACK {
            return Duration::ZERO;
        }
        let seconds = 2f64.powf(over.clamp(0.0, 30.0));
        Duration::from_secs_f64(seconds).min(self.rules.longest_delay)
    }

    fn faded(&self, score: &Score, now: Instant) -> f64 {
        let past = now.saturating_duration_since(score.at).as_secs_f64();
        score.points * 0.5f64.powf(past / self.rules.half_life.as_secs_f64().max(0.001))
    }

    /// A quarter of the places become free: then many may come before the next time.
    fn forget_the_least(&self, book: &mut HashMap<IpAddr, Score>, now: Instant) {
        // Who was banned lately must not be forgotten for a flood of others with one failure each.
        let weight = |score: &Score| self.faded(score, now) + f64::from(score.bans) * self.rules.ban_at;
        let mut weights: Vec<f64> = book.values().map(weight).collect();
        let (_, least, _) = weights.select_nth_unstable_by(MOST / 4, f64::total_cmp);
        let (least, mut room) = (*least, MOST / 4);
        book.retain(|_, score| {
            let goes = room > 0 && weight(score) <= least;
            room -= usize::from(goes);
            !goes
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Score>> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Score {
    fn reason(&self) -> String {
        let parts = Offence::TABLE.iter().filter_map(|(offence, _, words)| {
            let count = self.counts[*offence as usize];
            (count > 0).then(|| format!("{count} {words}"))
        });
        parts.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Offends until a ban is due: after how many times, and which.
    fn until_banned(scores: &Scores, now: Instant, peer: &str, offence: Offence) -> (usize, Due) {
        for n in 1..10_000 {
            if let Some(due) = scores.offend(now, ip(peer), offence) {
                return (n, due);
            }
        }
        panic!("never banned");
    }

    #[test]
    fn failed_logins_delay_first_and_then_ban_for_growing_spans() {
        let scores = Scores::new(Penalties::default());
        let mut now = Instant::now();
        let mut delays = Vec::new();
        for _ in 0..9 {
            delays.push(scores.delay(now, ip("192.0.2.1")).as_secs());
            assert_eq!(scores.offend(now, ip("192.0.2.1"), Offence::FailedLogin), None);
        }
        assert_eq!(delays, [0, 0, 0, 1, 2, 4, 8, 8, 8]);
        let due = scores.offend(now, ip("192.0.2.1"), Offence::FailedLogin).expect("the tenth");
        assert_eq!((due.net.to_string(), due.span.as_secs()), ("192.0.2.1".into(), 600));
        assert_eq!(due.reason, "10 failed logins");
        let mut spans = Vec::new();
        for _ in 0..5 {
            let (_, due) = until_banned(&scores, now, "192.0.2.1", Offence::FailedLogin);
            spans.push(due.span.as_secs());
            now += due.span;
        }
        assert_eq!(spans, [2_400, 9_600, 38_400, 86_400, 86_400]);
        now += Duration::from_secs(86_400);
        let (_, due) = until_banned(&scores, now, "192.0.2.1", Offence::FailedLogin);
        assert_eq!(due.span.as_secs(), 600, "a day without one: a first one again");
        assert_eq!(scores.delay(now, ip("192.0.2.2")), Duration::ZERO, "another address");
    }

    #[test]
    fn a_score_fades_by_half_in_its_half_life() {
        let scores = Scores::new(Penalties::default());
        let mut now = Instant::now();
        // One wrong password every ten minutes for a week.
        for _ in 0..1_008 {
            assert_eq!(scores.offend(now, ip("192.0.2.1"), Offence::FailedLogin), None);
            now += Duration::from_secs(600);
        }
        for _ in 0..4 {
            let _ = scores.offend(now, ip("192.0.2.9"), Offence::FailedLogin);
        }
        assert_eq!(scores.delay(now, ip("192.0.2.9")).as_secs(), 2);
        assert_eq!(scores.delay(now + Duration::from_secs(600), ip("192.0.2.9")), Duration::ZERO);
    }

    #[test]
    fn one_subscriber_is_one_and_the_exempt_are_none() {
        let exempt = vec!["10.0.0.0/8".parse().unwrap()];
        let scores = Scores::new(Penalties { exempt, ..Penalties::default() });
        let now = Instant::now();
        for n in 0..9 {
            let peer = format!("2001:db8::{n}");
            assert_eq!(scores.offend(now, ip(&peer), Offence::FailedLogin), None);
        }
        let (n, due) = until_banned(&scores, now, "2001:db8::ffff", Offence::FailedLogin);
        assert_eq!((n, due.net.to_string()), (1, String::from("2001:db8::/64")));
        for _ in 0..1_000 {
            assert_eq!(scores.offend(now, ip("10.1.2.3"), Offence::UnknownToken), None);
        }
        assert_eq!(scores.lock().len(), 1);
        let own = Scores::new(Penalties::default());
        assert!((0..99).all(|_| own.offend(now, ip("::1"), Offence::FailedLogin).is_none()));
    }

    #[test]
    fn each_offence_has_its_weight_and_the_reason_names_them() {
        let scores = Scores::new(Penalties::default());
        let now = Instant::now();
        let times = |peer, offence| until_banned(&scores, now, peer, offence).0;
        assert_eq!(times("192.0.2.1", Offence::FailedLogin), 10);
        assert_eq!(times("192.0.2.2", Offence::UnknownToken), 5);
        assert_eq!(times("192.0.2.3", Offence::Malformed), 40);
        assert_eq!(times("192.0.2.4", Offence::UnknownVerb), 40);
        for offence in [Offence::Malformed, Offence::UnknownVerb, Offence::FailedLogin] {
            let _ = scores.offend(now, ip("192.0.2.5"), offence);
        }
        let (_, due) = until_banned(&scores, now, "192.0.2.5", Offence::UnknownToken);
        assert_eq!(due.reason, "1 failed logins, 5 unknown tokens, 1 malformed requests, 1 unknown verbs");
        assert!(Offence::TABLE.iter().enumerate().all(|(n, row)| row.0 as usize == n), "the table's order");
    }

    #[test]
    fn a_flood_of_addresses_forgets_the_least_and_not_the_worst() {
        let scores = Scores::new(Penalties::default());
        let now = Instant::now();
        for _ in 0..9 {
            let _ = scores.offend(now, ip("192.0.2.1"), Offence::FailedLogin);
        }
        for n in 0..100_000u32 {
            let _ = scores.offend(now, IpAddr::from((0x0a00_0000 + n).to_be_bytes()), Offence::FailedLogin);
            assert!(n % 10_000 > 0 || scores.lock().len() <= MOST);
        }
        assert!(scores.lock().len() <= MOST);
        let due = scores.offend(now, ip("192.0.2.1"), Offence::FailedLogin);
        assert!(due.is_some(), "the tenth of the one that was there before the flood");
    }
}
