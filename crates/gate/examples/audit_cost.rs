//! What the audit costs a transfer: `cargo run --release -p gate --example audit_cost [TRANSFERS]`.
//!
//! One thread makes small TFTP downloads out of memory, as the server's loop does; another takes the events,
//! once one by one and once in batches. Prints nanoseconds of
//! processor time a transfer, of the first thread and of the second.

use gate::audit::Events;
use gate::{
    Credentials, End, Figures, Gate, Knock, Negotiated, Outcome, Policy, Protocol, Security, Wire, store,
};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::VPath;
use store::memory::Memory;

fn main() {
    let transfers = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(200_000);
    for (how, take) in [("one by one", one_by_one as fn(Events) -> u64), ("in batches", in_batches)] {
        let (door, reader, events) = run(transfers, take);
        let size = size_of::<gate::audit::Event>();
        println!("{how}: door {door} ns, reader {reader} ns a transfer; {events} events of {size} octets");
    }
}

fn run(transfers: u32, take: fn(Events) -> u64) -> (u64, u64, u64) {
    let memory = Memory::new();
    memory.seed("/f", vec![7; 4_096]);
    let policy = Policy { event_queue: usize::MAX, ..Policy::default() };
    let (gate, events) = Gate::new(Arc::new(memory), policy);
    let reader = std::thread::spawn(move || {
        let count = take(events);
        (processor_time(), count)
    });
    let path = VPath::parse(b"/f").expect("a path");
    let address = SocketAddr::from(([127, 0, 0, 1], 69));
    let knock = Knock {
        protocol: Protocol::Tftp,
        local: address,
        peer: address,
        security: Security::Clear,
        credentials: Credentials::None,
        agreed: None,
        certificate: None,
        host: None,
    };
    let began = processor_time();
    for _ in 0..transfers {
        let session = gate.admit(&knock).expect("admitted");
        let reading = session.read(&path).expect("it is there");
        let options = vec![Negotiated { name: "blksize", asked: 1_428, agreed: Some(1_428) }];
        let figures = Figures { blocks: 3, sent: 3, ..Figures::default() };
        let wire = Wire { asked: b"f".to_vec(), options, answered: true, figures, ..Wire::default() };
        reading.finish(End { wire: Some(Box::new(wire)), ..End::new(Outcome::Complete, 4_096) });
    }
    let door = processor_time() - began;
    drop(gate);
    let (reader, count) = reader.join().expect("it only counts");
    (door / u64::from(transfers), reader / u64::from(transfers), count)
}

/// Of this thread, nanoseconds.
fn processor_time() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn one_by_one(events: Events) -> u64 {
    events.count() as u64
}

fn in_batches(events: Events) -> u64 {
    let (mut batch, mut count) = (VecDeque::new(), 0);
    while !events.is_over() {
        events.recv_many(&mut batch, Duration::from_millis(20), Duration::from_millis(100));
        count += batch.drain(..).count() as u64;
    }
    count
}
