//! A fleet that pulls one image at once: everybody gets all of it, and the server needs no more for it than for a few.

use e2e::content::Content;
use e2e::memory;
use e2e::service::Ftp;
use e2e::towline::{Serve, command};
use std::io::Read;
use std::net::Ipv4Addr;
use std::sync::{Arc, Barrier};
use std::thread::Builder;
use std::time::Instant;

/// Sessions that one address may have; more devices come from more addresses.
const EACH: usize = 60;

/// User and system time of a process so far, in hundredths of a second.
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let behind_name = stat.rsplit_once(')').expect("its name").1;
    behind_name.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().expect("ticks")).sum()
}

#[test]
fn a_fleet_pulls_one_image_at_once() {
    let soak = std::env::var_os("E2E_SOAK").is_some();
    let (clients, len): (usize, u64) = if soak { (1_000, 64 << 20) } else { (60, 1 << 20) };
    let root = e2e::scratch();
    let image = Content::random(len);
    image.write(&root.path().join("image.bin")).expect("room for the image");
    let octets = Arc::new(image.octets());
    let mut c = command();
    c.arg("serve").arg(root.path()).args(["--tftp", "0", "--ftp", "0", "--bind", "127.0.0.1", "--json"]);
    for limit in ["SESSIONS", "HALF_OPEN", "TRANSFERS"] {
        c.env(format!("TOWLINE_LIMITS__{limit}"), (clients + 10).to_string());
    }
    let serve = Serve::start_command(&mut c);
    let (server, pid) = (serve.ftp, serve.process.id());
    // All are logged in before the first asks for it.
    let (ready, idle) = (Arc::new(Barrier::new(clients + 1)), memory::resident(pid));
    let threads: Vec<_> = (0..clients)
        .map(|n| {
            let (octets, ready) = (octets.clone(), ready.clone());
            let from = Ipv4Addr::from(0x7f01_0001 + u32::try_from(n / EACH).expect("few"));
            let work = move || {
                let mut ftp = Ftp::log_in_from(from.into(), server);
                ready.wait();
                ftp.retrieve("image.bin");
                let mut data = ftp.data.take().expect("it was begun");
                let (mut at, mut some) = (0, vec![0; 64 << 10]);
                loop {
                    match data.read(&mut some).expect("it comes") {
                        0 => break,
                        n => {
                            assert!(
                                octets.get(at..at + n) == Some(&some[..n]),
                                "device {n}: octets from {at}"
                            );
                            at += n;
                        }
                    }
                }
                assert_eq!(at, octets.len());
                ftp.expect("226");
            };
            Builder::new().stack_size(256 << 10).spawn(work).expect("a thread")
        })
        .collect();
    ready.wait();
    let (began, before) = (Instant::now(), ticks(pid));
    threads.into_iter().for_each(|thread| thread.join().expect("every device has the whole image"));
    let (took, cpu, peak) = (began.elapsed(), ticks(pid) - before, memory::peak(pid));
    let all = len * clients as u64;
    // What it needs for itself does not grow with what is moved.
    assert!(memory::resident(pid).saturating_sub(idle) < 64 << 20, "{} octets", memory::resident(pid));
    if soak {
        println!(
            "soak: {clients} clients pulled {} MiB each at once, all octets right: {:.1} s, {:.2} GiB/s; the server (debug \
             build) used {:.1} s of processor time, {:.0} ms for a GiB, and at most {} MiB of memory ({} MiB before)",
            len >> 20,
            took.as_secs_f64(),
            all as f64 / took.as_secs_f64() / f64::from(1 << 30),
            cpu as f64 / 100.0,
            cpu as f64 * 10.0 / (all as f64 / f64::from(1 << 30)),
            peak >> 20,
            idle >> 20,
        );
    }
}
