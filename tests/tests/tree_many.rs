//! A large tree with a quota: the server listens at once, and counts beside serving.
//!
//! 2,000 files; with `E2E_SOAK` 1,000,000 in 1,000 directories.

use e2e::memory::resident;
use e2e::poll::until;
use e2e::process::run;
use e2e::towline::{Serve, command};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use store::quota::Saved;
use store::{Amount, VPath};

/// Octets that counting may cost, however many files there are: names of one directory's directories, no more.
const MORE: u64 = 8 << 20;
/// A million files are counted in seconds where their facts are in memory, in minutes where a disk seeks.
const COUNTED: Duration = Duration::from_secs(600);

fn start(home: &Path, root: &str) -> (Serve, Duration) {
    let config = home.join("towline.toml");
    let said = format!(
        "[server]\nroot = \"{root}\"\nwrite = true\nquota = \"1G\"\nstate = \"state-{root}\"\nbind = [\"127.0.0.1\"]\n\
         [tftp]\nport = 0\n[ftp]\nport = 0\n"
    );
    std::fs::write(&config, said).expect("own directory");
    let began = Instant::now();
    let serve = Serve::start_command(command().args(["serve", "--json", "--config"]).arg(&config));
    (serve, began.elapsed())
}

fn held(serve: &Serve) -> u64 {
    serve.processes().into_iter().map(resident).sum()
}

#[test]
fn a_large_tree_delays_no_start_and_costs_no_memory() {
    let (directories, each) = if e2e::is_soak() { (1_000, 1_000) } else { (20, 100) };
    let files = directories * each;
    let home = e2e::scratch();
    for dir in ["empty", "large", "state-empty", "state-large"] {
        std::fs::create_dir(home.path().join(dir)).expect("own directory");
    }
    for d in 0..directories {
        let dir = home.path().join(format!("large/{d:04}"));
        std::fs::create_dir(&dir).expect("room for a directory");
        for f in 0..each {
            std::fs::write(dir.join(format!("{f:04}")), [b'x'; 1]).expect("room for a file");
        }
    }
    // The first start reads the program from the disk.
    drop(start(home.path(), "empty"));
    std::fs::remove_dir_all(home.path().join("state-empty/quota")).expect("it was counted");
    let (empty, bare) = start(home.path(), "empty");
    let without = held(&empty);
    drop(empty);

    let record = home.path().join("state-large/quota/,");
    let began = Instant::now();
    let (serve, listens) = start(home.path(), "large");
    let known = || Saved::load(&record).expect("it is whole");
    let listened_first = known().is_none();
    let url = |name: &str| format!("tftp://{}/{name}", serve.tftp);
    let got = run(Command::new("curl").args(["-sS", "--max-time", "60", &url("0000/0000")]));
    let (read, reading_first) = (got.out.trim_end() == "x", known().is_none());
    assert!(read, "{got:?}");
    let mut most = 0;
    let counted = until(COUNTED, || {
        most = most.max(held(&serve));
        known()
    });
    let is = Amount { octets: files, files: files + directories };
    assert_eq!(counted, Some([(VPath::root(), is)].into_iter().collect()));
    println!(
        "soak: {files} files: listens after {listens:.0?} ({bare:.0?} with none), counted after {:.1?}; {} KiB more while it \
         counts; listened before: {listened_first}, read from before: {reading_first}",
        began.elapsed(),
        most.saturating_sub(without) >> 10
    );
    assert!(most < without + MORE, "{without} octets with nothing to count, {most} with {files} files");
    // Of so many the count takes longer than a start, however the machine is.
    assert!(!e2e::is_soak() || listened_first, "it listened only when all was counted");
}
