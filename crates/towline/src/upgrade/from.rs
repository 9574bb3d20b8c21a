//! Where one device gets the image from, copy by copy.

use super::Depot;
use crate::figures::grouped;
use fleet::ios::Source;
use std::net::IpAddr;

/// Where the image comes from.
pub(crate) enum From<'a> {
    /// From here; how many copies were offered, and who has the path of the last one.
    Here(&'a Depot, usize, Option<String>),
    /// From a server of somebody's.
    There(String),
}

impl Source for From<'_> {
    fn url(&mut self, ours: Option<IpAddr>) -> Result<(String, String), String> {
        match self {
            From::There(url) => Ok((url.clone(), String::from("from where it was said to be"))),
            From::Here(depot, n, holder) => {
                let offered = depot.offer(*n, ours)?;
                *n += 1;
                *holder = Some(offered.holder);
                Ok((offered.url, offered.reason))
            }
        }
    }

    fn sent(&self) -> Option<String> {
        let From::Here(depot, _, Some(holder)) = self else { return None };
        Some(match depot.sent(holder) {
            Some((octets, true)) => format!("this host sent all {} octets", grouped(octets)),
            Some((octets, false)) => format!("this host sent {} octets before it ended", grouped(octets)),
            None => String::from("nobody came to this host for it: is the way from the device to it open?"),
        })
    }
}
