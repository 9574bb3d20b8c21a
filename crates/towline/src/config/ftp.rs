//! `[ftp]`.

use super::section::section;
use serve::listen::Want;
use std::ops::RangeInclusive;

section! {
    /// FTP: its port and its data connections.
    Ftp {
        /// The TCP port. Without it 21, and 2121 where 21 is not to be had.
        port: Want = Want::Default,
        /// Ports for passive data connections, for a firewall. Without it any free one.
        passive_ports: Option<RangeInclusive<u16>> = None,
    }
}
