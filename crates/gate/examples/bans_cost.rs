//! What bans cost: `cargo run --release -p gate --example bans_cost [BANS]`.
//!
//! Prints the memory of so many bans (nine of ten of one IPv4 address, the others of an IPv6 /64, each with a reason
//! as a penalty gives it), the time to open their journal, and that of a look-up of an address that is banned, and of
//! one that is not.

use gate::audit::By;
use gate::{Ban, Bans, Net};
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant, SystemTime};
use store::journal::Journal;

fn main() {
    let count: u32 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("bans.journal");
    // As the gate writes them: one by one each would wait for the disk.
    let end = SystemTime::now() + Duration::from_secs(86_400);
    let seconds = end.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    let line = |n| format!("ban {} {seconds} itself 10 failed logins, 3 unknown verbs", net(n));
    let mut journal = Journal::open(&path, &mut |_| ()).expect("a journal");
    journal.hold(&mut |_| ()).and_then(|held| held.compact((0..count).map(line))).expect("written");
    drop(journal);

    let before = resident();
    let began = Instant::now();
    let bans = Bans::open(&path).expect("opens");
    let (opened, memory) = (began.elapsed(), resident() - before);
    println!(
        "{} bans: {:.1} MiB, opened in {} ms",
        bans.len(),
        memory as f64 / f64::from(1 << 20),
        opened.as_millis()
    );
    assert_eq!(bans.len(), count as usize);
    for (what, offset) in [("banned", 0), ("not banned", count)] {
        let addresses: Vec<IpAddr> = (0..count).map(|n| address(n + offset)).collect();
        let began = Instant::now();
        let found = addresses.iter().filter(|a| bans.of(**a).is_some()).count();
        let each = began.elapsed().as_nanos() / u128::from(count);
        println!("{what}: {each} ns a look-up, {found} found");
    }
    let none = Bans::default();
    let began = Instant::now();
    let found = (0..count).filter(|n| none.of(address(*n)).is_some()).count();
    println!("no bans: {} ns a look-up, {found} found", began.elapsed().as_nanos() / u128::from(count));
    let net = Net::of(address(0));
    let began = Instant::now();
    let ban = Ban { net, until: None, by: By::Operator(None), reason: "by hand".into() };
    bans.add(ban).expect("the disk takes it");
    println!("one more, on the disk: {} us", began.elapsed().as_micros());
}

fn address(n: u32) -> IpAddr {
    // Scattered, as addresses are.
    let n = n.wrapping_mul(2_654_435_761);
    if n.is_multiple_of(10) {
        Ipv6Addr::from_bits(0x2001_0db8_u128 << 96 | u128::from(n) << 64 | 7).into()
    } else {
        IpAddr::from(n.to_be_bytes())
    }
}

fn net(n: u32) -> Net {
    Net::of_subscriber(address(n))
}

/// Octets of memory that the process holds.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = text.split(' ').nth(1).and_then(|n| n.parse::<u64>().ok()).expect("resident pages");
    pages * rustix::param::page_size() as u64
}
