//! What a store costs on this machine: `cargo run --release -p store --example cost -- DIR`.

use std::path::Path;
use std::time::Instant;
use store::local::{Local, LocalOptions};
use store::{Mode, Store, VPath};

fn main() {
    let dir = std::env::args_os().nth(1).expect("cost DIR");
    let store = Local::open(Path::new(&dir), LocalOptions { write: true, ..LocalOptions::default() })
        .expect("DIR opens");
    let path = |n: u32| VPath::parse(format!("cost-{n}").as_bytes()).expect("a path");
    println!("one call each, µs: median, 90 %, least");
    for len in [0usize, 1 << 20, 32 << 20] {
        let octets = vec![7; len];
        let rounds = if len > 1 << 20 { 10 } else { 100 };
        for (what, keep) in [("new", false), ("over", false), ("over, old kept", true)] {
            let mode = if what == "new" { Mode::New } else { Mode::Overwrite };
            let (mut fill, mut commit) = (Vec::new(), Vec::new());
            for n in 0..rounds {
                let begin = Instant::now();
                let mut upload = store.create(&path(n), mode, "").expect("an upload");
                if keep {
                    upload.keep_old().expect("versions");
                }
                upload.write_at(0, &octets).expect("space");
                fill.push(begin.elapsed());
                let begin = Instant::now();
                upload.commit().expect("published");
                commit.push(begin.elapsed());
            }
            show(&format!("create and write, {what}, {len} octets"), fill);
            show(&format!("commit, {what}, {len} octets"), commit);
        }
        let open = (0..10_000).map(|n| {
            let begin = Instant::now();
            store.open(&path(n % rounds)).expect("there");
            begin.elapsed()
        });
        show(&format!("open, {len} octets"), open.collect());
        for n in 0..rounds {
            store.remove(&path(n)).expect("there");
        }
    }
}

fn show(what: &str, mut times: Vec<std::time::Duration>) {
    times.sort();
    let us = |n: usize| times[n].as_secs_f64() * 1e6;
    println!("{what:44} {:9.1} {:9.1} {:9.1}", us(times.len() / 2), us(times.len() * 9 / 10), us(0));
}
