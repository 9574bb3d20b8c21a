//! What is to be done, as a run of the journal keeps it: all that going on with it needs, and no secret.

use super::{Over, tolerance};
use crate::exit::Failure;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use upgrade::{Target, Tolerance, Wish};

/// The version that is written.
const VERSION: u32 = 1;

/// What is to be done to every device of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) v: u32,
    /// The image's file, from the root on.
    pub(crate) image: PathBuf,
    #[serde(with = "TargetText")]
    pub(crate) target: Target,
    #[serde(with = "WishText")]
    pub(crate) wish: Wish,
    /// When the window closes, seconds since 1970.
    pub(crate) until: Option<u64>,
    /// Where devices fetch the image; from here without it.
    pub(crate) from: Option<String>,
    pub(crate) over: Vec<Over>,
    pub(crate) serve_at: Option<IpAddr>,
    pub(crate) http_port: u16,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Target")]
struct TargetText {
    name: String,
    size: u64,
    md5: String,
    platform: Option<String>,
    feature: Option<String>,
    version: Option<String>,
    damage: Option<(String, String)>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Wish")]
struct WishText {
    rate: u64,
    restart: Duration,
    window: Option<Duration>,
    may_delete: bool,
    // Not in runs of the first days.
    #[serde(default, with = "tolerance")]
    tolerance: Tolerance,
    #[serde(default)]
    needs_ram: Option<u64>,
    #[serde(default)]
    needs_flash: Option<u64>,
}

impl Order {
    /// For this image, from here.
    pub(crate) fn new(image: PathBuf, target: Target, wish: Wish, until: Option<u64>) -> Order {
        let (from, over, serve_at, http_port) = (None, Vec::new(), None, 0);
        Order { v: VERSION, image, target, wish, until, from, over, serve_at, http_port }
    }

    /// As a run keeps it.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("maps with string keys")
    }

    /// Of a run's text.
    pub(crate) fn read(run: i64, text: &str) -> Result<Order, Failure> {
        let order: Order = serde_json::from_str(text).map_err(|e| {
            Failure::usage(
                format!("run {run}"),
                format!("its order was not understood: {e}"),
                "begin a new run",
            )
        })?;
        if order.v > VERSION {
            let what = format!("its order has version {}, and this program knows {VERSION}", order.v);
            return Err(Failure::usage(format!("run {run}"), what, "use the newer towline"));
        }
        Ok(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_as_it_was_written_and_a_newer_one_is_refused() {
        let target = Target {
            name: "new.bin".into(),
            size: 9,
            md5: "0".repeat(32),
            platform: Some("c2900".into()),
            feature: None,
            version: Some("15.5(3)M4a".into()),
            damage: None,
        };
        let wish = Wish { window: Some(Duration::from_secs(60)), ..Wish::default() };
        let order =
            Order { over: vec![Over::Tftp], ..Order::new("/a/new.bin".into(), target, wish, Some(7)) };
        let text = order.text();
        let read = Order::read(1, &text).expect("as it was written");
        assert_eq!((read.target, read.wish, read.until), (order.target, order.wish, order.until));
        assert_eq!((read.over, read.image), (order.over, order.image));
        let newer = text.replace("\"v\":1", "\"v\":2");
        assert!(Order::read(1, &newer).expect_err("newer").what.contains("version 2"));
        assert!(Order::read(1, "{").is_err());
    }
}
