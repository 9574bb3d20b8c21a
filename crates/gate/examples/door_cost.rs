//! What the door costs a small TFTP download: `cargo run --release -p gate --example door_cost [TRANSFERS]`.
//!
//! One thread admits a peer, opens a file of 4 KiB in a temporary directory as the server's loop does, and ends
//! the transfer; each from another address and port of a rack of 200. Prints nanoseconds of processor time: of
//! `admit` and `read_now` with their drops alone, and with the store's part taken away.

use gate::store::Store;
use gate::store::local::{Local, LocalOptions};
use gate::{Credentials, End, Gate, Knock, Outcome, Policy, Protocol, Security};
use std::net::SocketAddr;
use std::sync::Arc;
use store::VPath;

fn main() {
    let transfers: u32 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(200_000);
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("f"), vec![7; 4_096]).expect("a file");
    let store: Arc<dyn Store> = Arc::new(Local::open(dir.path(), LocalOptions::default()).expect("opens"));
    let path = VPath::parse(b"/f").expect("a path");
    let policy = Policy { event_queue: 1, tell_tftp_sessions: false, ..Policy::default() };
    let (gate, _events) = Gate::new(store.clone(), policy);
    let knocks: Vec<Knock> = (0..200).map(knock).collect();
    for round in 0..3 {
        let began = processor_time();
        for n in 0..transfers {
            let session = gate.admit(&knocks[n as usize % knocks.len()]).expect("admitted");
            let reading = session.read_now(&path).expect("at once");
            reading.finish(End::new(Outcome::Complete, 4_096));
        }
        let door = (processor_time() - began) / u64::from(transfers);
        let began = processor_time();
        for _ in 0..transfers {
            drop(store.open_now(&path).expect("at once"));
        }
        let disk = (processor_time() - began) / u64::from(transfers);
        println!(
            "round {round}: {door} ns a transfer, of these {disk} ns are the store's: {} ns",
            door - disk
        );
    }
}

fn knock(n: u8) -> Knock {
    Knock {
        protocol: Protocol::Tftp,
        local: SocketAddr::from(([127, 0, 0, 1], 69)),
        peer: SocketAddr::from(([10, 0, 0, n], 2_000 + u16::from(n))),
        security: Security::Clear,
        credentials: Credentials::None,
        agreed: None,
        certificate: None,
        host: None,
    }
}

/// Of this thread, nanoseconds.
fn processor_time() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
