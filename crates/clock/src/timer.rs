use crate::Instant;

/// One deadline for each kind of timer; `K` is an enum whose variants number `0..N`.
///
/// ```
/// use clock::{Instant, TimerTable};
/// #[derive(Clone, Copy)]
/// enum T { Retry, Idle }
/// let mut timers = TimerTable::<2>::default();
/// timers.set(T::Retry as usize, Instant::from_nanos(7));
/// timers.set(T::Idle as usize, Instant::from_nanos(9));
/// assert_eq!(timers.next(), Some(Instant::from_nanos(7)));
/// assert_eq!(timers.expire(Instant::from_nanos(7)), Some(T::Retry as usize));
/// assert_eq!(timers.expire(Instant::from_nanos(7)), None);
/// ```
#[derive(Clone, Debug)]
pub struct TimerTable<const N: usize>([Option<Instant>; N]);

impl<const N: usize> Default for TimerTable<N> {
    fn default() -> Self {
        TimerTable([None; N])
    }
}

impl<const N: usize> TimerTable<N> {
    /// Arms timer `k`, replacing an earlier deadline.
    pub fn set(&mut self, k: usize, at: Instant) {
        self.0[k] = Some(at);
    }

    /// Disarms timer `k`.
    pub fn stop(&mut self, k: usize) {
        self.0[k] = None;
    }

    /// The deadline of timer `k`.
    pub fn get(&self, k: usize) -> Option<Instant> {
        self.0[k]
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Instant> {
        self.0.iter().flatten().min().copied()
    }

    /// Disarms and names one timer that is due at `now`, the earliest first.
    pub fn expire(&mut self, now: Instant) -> Option<usize> {
        let (k, at) = self.0.iter().enumerate().filter_map(|(k, t)| t.map(|t| (k, t))).min_by_key(|x| x.1)?;
        if at > now {
            return None;
        }
        self.0[k] = None;
        Some(k)
    }
}
