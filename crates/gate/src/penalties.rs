//! What bad behaviour costs: a score for each subscriber, which grows with what it does and fades with time. A
//! high one delays the answers to its logins, a higher one bans it, each time for longer.
//!
//! Only what came over a connection counts: the sender of a datagram may be forged, and somebody else would be
//! banned for it. TFTP has its own budget for those (`serve::tftp`).
//!
//! `kept`: what outlives a process, in a file that the workers of a service share.

mod kept;

pub use kept::KeptScores;

use crate::watch::Moment;
use crate::{Net, subscriber};
use kept::{Found, Kept};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::journal::JournalError;

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
    // Guards the scores; held for a few instructions, and for some milliseconds where the least are forgotten and
    // where all are read or written.
    book: Mutex<HashMap<IpAddr, Score>>,
    kept: Option<Arc<KeptScores>>,
    /// Whether something is held against somebody of which the file does not know.
    is_news: AtomicBool,
}

#[derive(Clone, Copy, Debug)]
struct Score {
    sum: Held,
    /// What of the sum this process has added since it was last written down: less than nothing after a ban.
    fresh: Held,
    /// When both were so.
    at: Instant,
    /// Bans in a row, and when the last one ends.
    bans: u32,
    banned_until: Option<Instant>,
}

/// What is held against one.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
struct Held {
    points: f64,
    /// What they consist of, for the reason of a ban.
    counts: [i32; OFFENCES],
}

/// A ban that is due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Due {
    pub(crate) net: Net,
    pub(crate) span: Duration,
    pub(crate) reason: String,
}

impl Scores {
    /// With those of the file, where there is one.
    pub(crate) fn new(rules: Penalties, kept: Option<Arc<KeptScores>>, now: Moment) -> Scores {
        let scores = Scores { rules, book: Mutex::default(), kept, is_news: AtomicBool::new(false) };
        // What cannot be read is told to who asks next.
        let _later = scores.keep(now);
        scores
    }

    /// Holds something against a peer. The ban that it has earned by that, if so.
    pub(crate) fn offend(&self, now: Instant, peer: IpAddr, offence: Offence) -> Option<Due> {
        if self.is_exempt(peer) {
            return None;
        }
        let mut book = self.lock();
        let score = self.entry(&mut book, subscriber(peer), now);
        score.fade(now, self.rules.half_life);
        let mut held = score.sum;
        if held.points < NOTHING {
            held.counts = [0; OFFENCES];
        }
        held.points += offence.points();
        held.counts[offence as usize] = held.counts[offence as usize].saturating_add(1);
        self.is_news.store(true, Ordering::Release);
        if held.points < self.rules.ban_at - SLACK {
            score.becomes(held);
            return None;
        }
        if !self.is_repeated(score.banned_until, now) {
            score.bans = 0;
        }
        let times = 4u32.saturating_pow(score.bans.min(15));
        let span = self.rules.first_ban.saturating_mul(times).min(self.rules.longest_ban);
        score.bans = score.bans.saturating_add(1);
        score.banned_until = Some(now + span);
        // It begins anew behind the ban, with half of what it takes: a second chance, not a clean slate.
        score.becomes(Held { points: self.rules.ban_at / 2.0, counts: [0; OFFENCES] });
        drop(book);
        Some(Due { net: Net::of_subscriber(peer), span, reason: held.reason() })
    }

    /// How long the answer to a login of this peer is to wait.
    pub(crate) fn delay(&self, now: Instant, peer: IpAddr) -> Duration {
        let book = self.lock();
        let Some(score) = book.get(&subscriber(peer)).filter(|_| !self.is_exempt(peer)) else {
            return Duration::ZERO;
        };
        let over = score.points(now, self.rules.half_life) - self.rules.delay_at;
        if over < -SLACK {
            return Duration::ZERO;
        }
        let seconds = 2f64.powf(over.clamp(0.0, 30.0));
        Duration::from_secs_f64(seconds).min(self.rules.longest_delay)
    }

    /// Takes up what other processes wrote down, and writes down what is new here, if that is due.
    pub(crate) fn news(&self, now: Moment) -> Result<(), JournalError> {
        let Some(kept) = &self.kept else { return Ok(()) };
        kept.exchange(now.steady, self.is_news.load(Ordering::Acquire), self, now)
    }

    /// The same now, due or not.
    pub(crate) fn keep(&self, now: Moment) -> Result<(), JournalError> {
        let Some(kept) = &self.kept else { return Ok(()) };
        kept.write_next();
        self.news(now)
    }

    /// The scores are what was found in the file, and what is new here.
    fn take(&self, found: Found, now: Moment) {
        // Where the clock was set back nothing has faded meanwhile.
        let past = now.wall.duration_since(found.at).unwrap_or_default();
        let mut book = self.lock();
        for score in book.values_mut() {
            score.fade(now.steady, self.rules.half_life);
            score.sum = score.fresh;
        }
        for kept in found.scores {
            if self.is_exempt(kept.of) {
                continue;
            }
            let score = self.entry(&mut book, kept.of, now.steady);
            let held = Held { points: kept.held.points.min(self.rules.ban_at), ..kept.held };
            score.sum = score.fresh.and(1, held.faded(past, self.rules.half_life));
            // No ban of today is longer, whatever the clock said when it was set.
            let until = kept.banned_until.and_then(|until| match until.duration_since(now.wall) {
                Ok(left) => now.steady.checked_add(left.min(self.rules.longest_ban)),
                Err(over) => now.steady.checked_sub(over.duration()),
            });
            if until.is_some() && score.banned_until.is_none_or(|ours| until > Some(ours)) {
                (score.bans, score.banned_until) = (kept.bans, until);
            }
        }
        for score in book.values_mut() {
            score.sum.points = score.sum.points.max(0.0);
            score.sum.counts = score.sum.counts.map(|count| count.max(0));
        }
        book.retain(|_, score| self.matters(score, now.steady));
    }

    /// All that are to be written down, which is new no more.
    fn give(&self, now: Moment) -> Found {
        self.is_news.store(false, Ordering::Release);
        let mut book = self.lock();
        let scores = book.iter_mut().filter_map(|(of, score)| {
            score.fade(now.steady, self.rules.half_life);
            score.fresh = Held::default();
            let wall = |until: Instant| match until.checked_duration_since(now.steady) {
                Some(left) => now.wall.checked_add(left),
                None => now.wall.checked_sub(now.steady.saturating_duration_since(until)),
            };
            let banned_until = score.banned_until.and_then(wall);
            let kept = Kept { of: *of, held: score.sum, bans: score.bans, banned_until };
            self.matters(score, now.steady).then_some(kept)
        });
        Found { at: now.wall, scores: scores.collect() }
    }

    /// What was given could not be written down.
    fn is_not_written(&self) {
        // What others write meanwhile comes without it: less is held against some, once.
        self.is_news.store(true, Ordering::Release);
    }

    /// Whether something would be other without it.
    fn matters(&self, score: &Score, now: Instant) -> bool {
        score.points(now, self.rules.half_life) >= NOTHING || self.is_repeated(score.banned_until, now)
    }

    /// Whether a ban now is the next one after that which ended then.
    fn is_repeated(&self, banned_until: Option<Instant>, now: Instant) -> bool {
        banned_until.is_some_and(|end| now < end + self.rules.longest_ban)
    }

    fn is_exempt(&self, peer: IpAddr) -> bool {
        self.rules.exempt.iter().any(|net| net.holds(peer))
    }

    /// The score of a subscriber; makes room for it.
    fn entry<'a>(
        &self,
        book: &'a mut HashMap<IpAddr, Score>,
        subscriber: IpAddr,
        now: Instant,
    ) -> &'a mut Score {
        if book.len() >= MOST && !book.contains_key(&subscriber) {
            self.forget_the_least(book, now);
        }
        let (sum, fresh) = (Held::default(), Held::default());
        book.entry(subscriber).or_insert(Score { sum, fresh, at: now, bans: 0, banned_until: None })
    }

    /// A quarter of the places become free: then many may come before the next time.
    fn forget_the_least(&self, book: &mut HashMap<IpAddr, Score>, now: Instant) {
        // Who was banned lately must not be forgotten for a flood of others with one failure each.
        let weight = |score: &Score| {
            score.points(now, self.rules.half_life) + f64::from(score.bans) * self.rules.ban_at
        };
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
    fn points(&self, now: Instant, half_life: Duration) -> f64 {
        self.sum.faded(now.saturating_duration_since(self.at), half_life).points
    }

    fn fade(&mut self, now: Instant, half_life: Duration) {
        let past = now.saturating_duration_since(self.at);
        (self.sum, self.fresh, self.at) =
            (self.sum.faded(past, half_life), self.fresh.faded(past, half_life), now);
    }

    fn becomes(&mut self, sum: Held) {
        self.fresh = self.fresh.and(1, sum).and(-1, self.sum);
        self.sum = sum;
    }
}

impl Held {
    /// What is left of it after a time.
    fn faded(self, past: Duration, half_life: Duration) -> Held {
        let times = past.as_secs_f64() / half_life.as_secs_f64().max(0.001);
        Held { points: self.points * 0.5f64.powf(times), ..self }
    }

    /// Both together; `-1` times another: without it.
    fn and(self, times: i32, other: Held) -> Held {
        let counts = std::array::from_fn(|n| self.counts[n].saturating_add(times * other.counts[n]));
        Held { points: self.points + f64::from(times) * other.points, counts }
    }

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

    fn by(rules: Penalties) -> Scores {
        Scores::new(rules, None, Moment::now())
    }

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
        let scores = by(Penalties::default());
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
        let scores = by(Penalties::default());
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
        let scores = by(Penalties { exempt, ..Penalties::default() });
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
        let own = by(Penalties::default());
        assert!((0..99).all(|_| own.offend(now, ip("::1"), Offence::FailedLogin).is_none()));
    }

    #[test]
    fn each_offence_has_its_weight_and_the_reason_names_them() {
        let scores = by(Penalties::default());
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
        let scores = by(Penalties::default());
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
