use clock::{Duration, Instant};
use link::{Link, Params};

/// One end: a machine and what its driver would do.
pub trait Node {
    /// Takes one datagram.
    fn handle(&mut self, now: Instant, datagram: &[u8]);

    /// Lets time pass.
    fn handle_timeout(&mut self, now: Instant);

    /// What to send next.
    fn poll_transmit(&mut self) -> Option<Vec<u8>>;

    /// When to call `handle_timeout`.
    fn poll_timeout(&self) -> Option<Instant>;

    /// Whether it has nothing left to do.
    fn is_over(&self) -> bool;
}

/// Two nodes and a link each way.
pub struct Pair<A, B> {
    /// The end that begins.
    pub a: A,
    /// The other end.
    pub b: B,
    /// What `a` sends.
    pub to_b: Link<Vec<u8>>,
    /// What `b` sends.
    pub to_a: Link<Vec<u8>>,
    now: Instant,
}

impl<A: Node, B: Node> Pair<A, B> {
    /// Both directions have the same parameters and fates of their own.
    pub fn new(a: A, b: B, params: Params, seed: u64) -> Pair<A, B> {
        let to_b = Link::new(params, seed.wrapping_mul(2));
        let to_a = Link::new(params, seed.wrapping_mul(2).wrapping_add(1));
        Pair { a, b, to_b, to_a, now: Instant::ZERO }
    }

    /// Runs until both are over, or until `limit` has passed; gives the time that took, `None` at the limit.
    pub fn run(&mut self, limit: Duration) -> Option<Duration> {
        self.send();
        while !(self.a.is_over() && self.b.is_over()) {
            self.step(limit)?;
        }
        Some(self.now.since(Instant::ZERO))
    }

    fn send(&mut self) {
        while let Some(d) = self.a.poll_transmit() {
            let len = d.len();
            self.to_b.send(self.now, d, len);
        }
        while let Some(d) = self.b.poll_transmit() {
            let len = d.len();
            self.to_a.send(self.now, d, len);
        }
    }

    /// Lets one thing happen; `None`: nothing ever will, or not before `limit`.
    pub fn step(&mut self, limit: Duration) -> Option<()> {
        self.send();
        let next = [
            self.to_a.poll_arrival(),
            self.to_b.poll_arrival(),
            self.a.poll_timeout(),
            self.b.poll_timeout(),
        ];
        let next = next.into_iter().flatten().min()?;
        if next.since(Instant::ZERO) > limit {
            return None;
        }
        self.now = self.now.max(next);
        // One input, then everything that it leads to: as a driver does it.
        if let Some(d) = self.to_a.receive(self.now) {
            self.a.handle(self.now, &d);
        } else if let Some(d) = self.to_b.receive(self.now) {
            self.b.handle(self.now, &d);
        } else {
            if self.a.poll_timeout().is_some_and(|at| at <= self.now) {
                self.a.handle_timeout(self.now);
            }
            if self.b.poll_timeout().is_some_and(|at| at <= self.now) {
                self.b.handle_timeout(self.now);
            }
        }
        self.send();
        Some(())
    }

    /// Datagrams that both ends sent.
    pub fn datagrams(&self) -> u64 {
        self.to_a.sent() + self.to_b.sent()
    }

    /// The virtual time.
    pub fn now(&self) -> Instant {
        self.now
    }
}
