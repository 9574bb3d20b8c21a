//! Processes that kill themselves where a test says.

use rustix::process::{Signal, getpid, kill_process};
use std::sync::Arc;
use store::local::{Observer, Point};

/// As `kill -9` does: nothing is run, flushed or told any more.
///
/// # Panics
/// Never: a process may kill itself.
pub fn myself() {
    kill_process(getpid(), Signal::KILL).expect("a process may kill itself");
}

/// Kills this process at a point of an upload of `len` octets: a named one, an offset, or `none`.
///
/// # Panics
/// When it is none of these.
pub fn observer(point: &str, len: u64) -> Observer {
    let hits: Box<dyn Fn(Point) -> bool + Send + Sync> = match point {
        "none" => Box::new(|_| false),
        "temporary-made" => Box::new(|p| p == Point::TemporaryMade),
        "middle" => at_offset(len / 2),
        "last-octet" => at_offset(len),
        "before-sync" => Box::new(|p| p == Point::BeforeSync),
        "after-sync" => Box::new(|p| p == Point::AfterSync),
        "version-made" => Box::new(|p| p == Point::VersionMade),
        "named" => Box::new(|p| p == Point::Named),
        "renamed" => Box::new(|p| p == Point::Renamed),
        offset => at_offset(offset.parse().expect("POINT is a name or an offset")),
    };
    Arc::new(move |point| {
        if hits(point) {
            myself();
        }
    })
}

fn at_offset(offset: u64) -> Box<dyn Fn(Point) -> bool + Send + Sync> {
    Box::new(move |p| matches!(p, Point::Written(end) if end >= offset))
}
